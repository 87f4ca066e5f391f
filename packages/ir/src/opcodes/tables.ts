// The opcode table at run time: arrays indexed by opcode, generated from the rows.
import {
  ctrlSets,
  formats,
  flags,
  names,
  numOperands,
  numResults,
  operands,
  results,
  setDynamicCounts,
  setFixedCounts,
  setLanes,
  setNames,
} from '../gen/op-tables.ts'
import { FORMATS } from '../format.ts'
import type { Type } from '../types.ts'
import { CONCRETE, derivedType, FREE, isNarrower, KIND_SHIFT, LANES, NARROWER, PAYLOAD, WIDER } from './constraints.ts'

export {
  BRANCH,
  CALL,
  CAN_LOAD,
  CAN_STORE,
  CAN_TRAP,
  IDEMPOTENT,
  NEEDS_CTRL_IN_TEXT,
  POLYMORPHIC,
  RETURN,
  SIDE_EFFECTS,
  TERMINATOR,
  VARIABLE_RESULTS,
} from './row.ts'

/** Number of opcodes plus one: opcode 0 is none. */
export const NUM_OPCODES: number = names.length
/** Name by opcode: `return`, not `return_`. */
export const opName: readonly string[] = names
export const opByName: ReadonlyMap<string, number> = new Map(names.map((n, i) => [n, i] as const).slice(1))
/** Format by opcode: an index into FORMATS (Format.*). */
export const opFormat: Uint8Array = formats
/** Flags by opcode: TERMINATOR and the others. */
export const opFlags: Uint32Array = flags
/** Number of value operands with a type constraint; call arguments, return values and block arguments are not counted. */
export const opNumOperands: Uint8Array = numOperands
/** Number of results, 0 where a signature gives them (VARIABLE_RESULTS). */
export const opNumResults: Uint8Array = numResults

/** Which value operand gives the controlling type, by format. */
export const formatTypeOperand: Uint8Array = new Uint8Array(FORMATS.length)
formatTypeOperand[FORMATS.indexOf('Ternary')] = 1
formatTypeOperand[FORMATS.indexOf('AtomicCas')] = 2

/** The constraint (constraints.ts) of value operand `i` (0 to 3). */
export function operandConstraint(op: number, i: number): number {
  return operands[(op << 2) | i]
}
/** The constraint of result `i` (0 or 1). */
export function resultConstraint(op: number, i: number): number {
  return results[(op << 1) | i]
}
/** The type of result `i` (0 or 1) of a fixed-result opcode under controlling type `ctrl`. */
export function resultType(op: number, i: number, ctrl: Type): Type {
  return derivedType(results[(op << 1) | i], ctrl)
}
/** What the controlling type of `op` ranges over: FREE with a set, CONCRETE with a type, or 0. */
export function ctrlConstraint(op: number): number {
  return ctrlSets[op]
}

/** True if `t` is in set number `set`. */
export function inTypeSet(set: number, t: Type): boolean {
  const counts = (t & 256) !== 0 ? setDynamicCounts[set] : setFixedCounts[set]
  return ((setLanes[set] >> (t & 15)) & (counts >> ((t >> 4) & 15)) & 1) !== 0
}
/** Name of set number `set`. */
export function typeSetName(set: number): string {
  return setNames[set]
}

/** True if the opcode may have controlling type `t`. */
export function ctrlAllows(op: number, t: Type): boolean {
  const c = ctrlSets[op]
  if (c === 0) return t === 0
  return c >> KIND_SHIFT === CONCRETE ? (c & PAYLOAD) === t : inTypeSet(c & PAYLOAD, t)
}

/** True if a value of type `t` satisfies `constraint` under controlling type `ctrl`. */
export function satisfies(constraint: number, t: Type, ctrl: Type): boolean {
  const kind = constraint >> KIND_SHIFT
  if (kind < FREE) return derivedType(constraint, ctrl) === t
  if (!inTypeSet(constraint & PAYLOAD, t)) return false
  if (kind === NARROWER) return isNarrower(t, ctrl)
  if (kind === WIDER) return isNarrower(ctrl, t)
  return kind === LANES ? t >> 4 === ctrl >> 4 : true
}
