// A host call: arguments in a block on the guest stack, the number, the stub.
import { type FunctionBuilder, I64, type StackSlot, type Type, type Value } from '@k23/ir'
import { CELLS_HOST_CALL_STUB, HOST_BLOCK_CALLER, HOST_BLOCK_FIRST, SLOT_SIZE } from '../abi/layout.ts'
import { CONSTANT_DATA, PRIVATE } from './flags.ts'
import { hostCallSignature } from './signatures.ts'

/** log2 of SLOT_SIZE. */
const SLOT_SHIFT = 4

/** Bytes of a host-call block. */
export function hostBlockBytes(args: number, results: number): number {
  return (HOST_BLOCK_FIRST + Math.max(args, results)) * SLOT_SIZE
}

/** A stack slot for host-call blocks. */
export function hostBlockSlot(b: FunctionBuilder, bytes: number): StackSlot {
  return b.createStackSlot(bytes, SLOT_SHIFT)
}

/** Calls the host with `number` (i64) through the stub of `cells`; gives back the results. */
export function emitHostCall(
  b: FunctionBuilder,
  slot: StackSlot,
  cells: Value,
  caller: Value,
  number: Value,
  args: readonly Value[],
  results: readonly Type[],
): Value[] {
  const { ins } = b
  const block = ins.stack_addr(I64, slot)
  ins.store(PRIVATE, caller, block, HOST_BLOCK_CALLER * SLOT_SIZE)
  for (let i = 0; i < args.length; i++) ins.store(PRIVATE, args[i], block, (HOST_BLOCK_FIRST + i) * SLOT_SIZE)
  const stub = ins.load(I64, CONSTANT_DATA, cells, CELLS_HOST_CALL_STUB)
  ins.call_indirect(b.importSignature(hostCallSignature()), stub, [number, block])
  return results.map((t, i) => ins.load(t, PRIVATE, block, (HOST_BLOCK_FIRST + i) * SLOT_SIZE))
}
