// Properties of an instruction that depend on more than its opcode.
import type { Inst, SigRef } from './entities.ts'
import type { Func } from './function.ts'
import {
  AtomicCas,
  AtomicRmw,
  Call,
  CallIndirect,
  Load,
  LoadNoOffset,
  Store,
  StoreNoOffset,
  TryCall,
  TryCallIndirect,
} from './gen/format-ids.ts'
import { FORMATS } from './format.ts'
import { type MemFlags, NOTRAP } from './memflags.ts'
import {
  BRANCH,
  CALL,
  CAN_LOAD,
  CAN_STORE,
  CAN_TRAP,
  opFlags,
  opFormat,
  RETURN,
  SIDE_EFFECTS,
  TERMINATOR,
} from './opcodes/tables.ts'

const hasMemFlags = new Uint8Array(FORMATS.length)
for (const f of [Load, Store, LoadNoOffset, StoreNoOffset, AtomicRmw, AtomicCas]) hasMemFlags[f] = 1

/** True if instructions of `format` carry memory flags in imm1. */
export function formatHasMemFlags(format: number): boolean {
  return hasMemFlags[format] !== 0
}

/** Memory flags of a memory access (and of a bitcast), undefined for other instructions. */
export function memFlagsOf(func: Func, inst: Inst): MemFlags | undefined {
  return hasMemFlags[opFormat[func.op[inst]]] !== 0 ? (func.imm1[inst] as MemFlags) : undefined
}

/** True if executing `inst` may trap: the opcode can, and it is no memory access with `notrap`. */
export function canTrap(func: Func, inst: Inst): boolean {
  const op = func.op[inst]
  if ((opFlags[op] & CAN_TRAP) === 0) return false
  return hasMemFlags[opFormat[op]] === 0 || (func.imm1[inst] & NOTRAP) === 0
}

/** True if `inst` must stay where it is even if its results are unused. */
export function hasSideEffect(func: Func, inst: Inst): boolean {
  const fixed = TERMINATOR | BRANCH | CALL | RETURN | SIDE_EFFECTS | CAN_STORE
  return (opFlags[func.op[inst]] & fixed) !== 0 || canTrap(func, inst)
}

/** True if `inst` computes its results from its operands and nothing else: no memory, no trap, no side effect. */
export function isPure(func: Func, inst: Inst): boolean {
  const impure = TERMINATOR | BRANCH | CALL | RETURN | SIDE_EFFECTS | CAN_STORE | CAN_LOAD | CAN_TRAP
  return (opFlags[func.op[inst]] & impure) === 0
}

/** The signature that a call follows, -1 for other instructions. */
export function callSignature(func: Func, inst: Inst): SigRef | -1 {
  const format = opFormat[func.op[inst]]
  if (format === Call || format === TryCall) {
    return (opFlags[func.op[inst]] & CALL) !== 0 ? func.extFuncs[func.imm0[inst]].signature : -1
  }
  if (format === CallIndirect) return func.imm0[inst] as SigRef
  if (format === TryCallIndirect) return func.exceptionTables[func.imm1[inst]].signature
  return -1
}
