// What rules need to know of the opcode table: the only file that reads it.
import { bug } from '@k23/entity'
import {
  CAN_LOAD,
  CAN_STORE,
  ctrlAllows,
  FORMATS,
  type FormatName,
  NUM_OPCODES,
  opByName,
  opFlags,
  opFormat,
  opNumResults,
  opName as names,
  SIDE_EFFECTS,
  VARIABLE_RESULTS,
} from '@k23/ir'
import { allTypes } from './typeset.ts'

/** Opcodes are below this; 0 is none. */
export const OPCODE_LIMIT: number = NUM_OPCODES
/** Number of the opcode called `name`. */
export function opNumber(name: string): number {
  return opByName.get(name) ?? bug('rules', '-', name, 'no opcode has this name')
}
export function opName(op: number): string {
  return names[op]
}
export function formatOf(op: number): FormatName {
  return FORMATS[opFormat[op]]
}
/** Number of results, -1 where a signature gives them. */
export function numResults(op: number): number {
  return (opFlags[op] & VARIABLE_RESULTS) !== 0 ? -1 : opNumResults[op]
}
/** A pattern may look through to it only if it can be sunk. */
export function canLoad(name: string): boolean {
  return (opFlags[opNumber(name)] & CAN_LOAD) !== 0
}
/** A pattern may never look through to it. */
export function hasEffects(name: string): boolean {
  return (opFlags[opNumber(name)] & (SIDE_EFFECTS | CAN_STORE)) !== 0
}

const ctrlMasks: (bigint | undefined)[] = []
/** The controlling types that the opcode may have, as a mask over type codes (bit 0: it has none). */
export function ctrlMask(op: number): bigint {
  return (ctrlMasks[op] ??= [0, ...allTypes].reduce(
    (m, t) => (ctrlAllows(op, t as never) ? m | (1n << BigInt(t)) : m),
    0n,
  ))
}
