// One table over an ISA's rows and its pseudo-instructions, in the form that loops need: descriptors by opcode.
// Opcodes 0 .. numRows - 1 are rows; the generic pseudos below follow, then the ISA's own.
import type { OperandDescriptor } from './rows/types.ts'

/** Pseudo-instructions that every ISA has. */
export const GENERIC_PSEUDOS = [
  'args', // variable: defs of the argument registers at entry
  'rets', // variable, terminator: uses of the result registers; epilogue and return
  'call', // variable: info = index into VCode.calls
  'call_ind', // variable: as call, operand 0 is the target
  'jump', // terminator: to successor 0
  'trap', // terminator: [h, code]
  'tail_call', // variable, terminator: as call; the frame goes first
  'tail_call_ind', // the same, operand 0 is the target
  'try_call', // variable, terminator: as call; to successor 0, or, where an exception ends it, to one of the others
  'try_call_ind', // the same, operand 0 is the target
  'stack_switch', // variable: as call, of nothing: operands are the two contexts and the payload, in the registers of TargetIsa.stackSwitch
] as const

// Flags by opcode.
export const INST_VARIABLE = 1
export const INST_TERMINATOR = 2
export const INST_CALL = 4
export const INST_RETURN = 8
/** Has a memory operand: gets the instruction's trap code. */
export const INST_MAY_TRAP = 16
/** A terminator with a table of targets. */
export const INST_TABLE = 32

export interface PseudoSpec {
  readonly name: string
  /** Words in all, header included (fixed form). */
  readonly words: number
  readonly operands: readonly OperandDescriptor[]
  readonly flags: number
}

export interface InstTable {
  readonly numRows: number
  readonly names: readonly string[]
  /** CSR by opcode over descriptors of the register words. */
  readonly descStart: Int32Array
  readonly descs: Int32Array
  readonly flags: Uint8Array
  /** Opcode of the first generic pseudo. */
  readonly generic: number
}

/** What the row compiler gives for real instructions. */
export interface RowArrays {
  readonly names: readonly string[]
  readonly descStart: Int32Array
  readonly descs: Int32Array
  readonly flags: Uint8Array
}

const genericSpecs: readonly PseudoSpec[] = [
  { name: 'args', words: 0, operands: [], flags: INST_VARIABLE },
  { name: 'rets', words: 0, operands: [], flags: INST_VARIABLE | INST_TERMINATOR | INST_RETURN },
  { name: 'call', words: 0, operands: [], flags: INST_VARIABLE | INST_CALL },
  { name: 'call_ind', words: 0, operands: [], flags: INST_VARIABLE | INST_CALL },
  { name: 'jump', words: 1, operands: [], flags: INST_TERMINATOR },
  { name: 'trap', words: 2, operands: [], flags: INST_TERMINATOR | INST_MAY_TRAP },
  { name: 'tail_call', words: 0, operands: [], flags: INST_VARIABLE | INST_TERMINATOR | INST_RETURN },
  { name: 'tail_call_ind', words: 0, operands: [], flags: INST_VARIABLE | INST_TERMINATOR | INST_RETURN },
  { name: 'try_call', words: 0, operands: [], flags: INST_VARIABLE | INST_TERMINATOR | INST_CALL },
  { name: 'try_call_ind', words: 0, operands: [], flags: INST_VARIABLE | INST_TERMINATOR | INST_CALL },
  { name: 'stack_switch', words: 0, operands: [], flags: INST_VARIABLE | INST_CALL },
]

/** Joins rows, generic pseudos and an ISA's pseudos to one table. */
export function buildInstTable(rows: RowArrays, pseudos: readonly PseudoSpec[]): InstTable {
  const specs = [...genericSpecs, ...pseudos]
  const numRows = rows.names.length
  const n = numRows + specs.length
  const descStart = new Int32Array(n + 1)
  const descs: number[] = [...rows.descs.subarray(0, rows.descStart[numRows])]
  descStart.set(rows.descStart.subarray(0, numRows + 1))
  const flags = new Uint8Array(n)
  flags.set(rows.flags.subarray(0, numRows))
  const names = [...rows.names]
  for (let i = 0; i < specs.length; i++) {
    descStart[numRows + i] = descs.length
    descs.push(...specs[i].operands)
    flags[numRows + i] = specs[i].flags
    names.push(specs[i].name)
  }
  descStart[n] = descs.length
  return { numRows, names, descStart, descs: Int32Array.from(descs), flags, generic: numRows }
}

// Offsets of the generic pseudos from InstTable.generic.
export const P_ARGS = 0
export const P_RETS = 1
export const P_CALL = 2
export const P_CALL_IND = 3
export const P_JUMP = 4
export const P_TRAP = 5
export const P_TAIL_CALL = 6
export const P_TAIL_CALL_IND = 7
export const P_TRY_CALL = 8
export const P_TRY_CALL_IND = 9
export const P_STACK_SWITCH = 10
export const NUM_GENERIC = 11

// Descriptor fields (rows/types.ts has the layout).
export function descWord(d: number): number {
  return d & 255
}
/** The allocator's operand word of a descriptor. */
export function descToOperand(d: number): number {
  return ((d >> 10) & 3) | (((d >> 8) & 3) << 2) | (((d >> 12) & 15) << 4) | (((d >> 16) & 255) << 8)
}
/** Makes a descriptor. */
export function descriptor(
  word: number,
  bank: number,
  def: 0 | 1,
  late: 0 | 1,
  constraint: number,
  payload = 0,
): OperandDescriptor {
  return word | (bank << 8) | (def << 10) | (late << 11) | (constraint << 12) | (payload << 16)
}
