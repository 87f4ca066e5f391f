// A call of any CLIF signature from outside: what a test runner enters.
import { Func, FunctionBuilder, I16, I32, I64, I8, memFlags, NOTRAP, type Signature, signature } from '@k23/ir'

/** Bytes of a slot of the argument block. */
export const SLOT_BYTES = 16

/**
 * system_v (code, block): loads the arguments of `callee` from 16-byte slots of the block, calls the address, stores the results to slots from
 * the first on. A narrow integer is loaded with what stands above it in its slot: a test puts garbage there, since no callee may look at it.
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
  const args = callee.params.map((p, i) => {
    if (p.type !== I8 && p.type !== I16 && p.type !== I32) return b.ins.load(p.type, flags, block, i * SLOT_BYTES)
    return b.ins.ireduce(p.type, b.ins.load(I64, flags, block, i * SLOT_BYTES))
  })
  const call = b.ins.call_indirect(b.importSignature(callee), code, args)
  callee.returns.forEach((_, i) => b.ins.store(flags, func.result(call, i), block, i * SLOT_BYTES))
  b.ins.return([])
  b.finalize()
  return func
}
