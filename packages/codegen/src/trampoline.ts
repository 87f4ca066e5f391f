// A call of any CLIF signature from outside: what a test runner enters.
import { Func, FunctionBuilder, I64, memFlags, NOTRAP, type Signature, signature } from '@k23/ir'

/** Bytes of a slot of the argument block. */
export const SLOT_BYTES = 16

/**
 * system_v (code, block): loads the arguments of `callee` from 16-byte slots of the block, calls the address, stores the results to slots from
 * the first on.
 */
export function callTrampoline(callee: Signature, name: string): Func {
  const func = new Func({ kind: 'testcase', name }, signature([I64, I64], [], 'system_v'))
  const b = new FunctionBuilder(func)
  const entry = b.createBlock()
  b.appendBlockParamsForFunctionParams(entry)
  b.switchToBlock(entry)
  b.sealBlock(entry)
  const [code, block] = b.blockParams(entry)
  const flags = memFlags(NOTRAP)
  const args = callee.params.map((p, i) => b.ins.load(p.type, flags, block, i * SLOT_BYTES))
  const call = b.ins.call_indirect(b.importSignature(callee), code, args)
  callee.returns.forEach((_, i) => b.ins.store(flags, func.result(call, i), block, i * SLOT_BYTES))
  b.ins.return([])
  b.finalize()
  return func
}
