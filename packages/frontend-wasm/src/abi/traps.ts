// Trap codes as they stand in CLIF and in a compiled function's trap table (one byte; 1..250 are ours, the rest CLIF's own).

export const TRAP_UNREACHABLE = 1
export const TRAP_TABLE_OUT_OF_BOUNDS = 2
export const TRAP_UNDEFINED_ELEMENT = 3
export const TRAP_UNINITIALIZED_ELEMENT = 4
export const TRAP_BAD_SIGNATURE = 5
export const TRAP_NULL_REFERENCE = 6
export const TRAP_STACK_OVERFLOW = 251
export const TRAP_INTEGER_OVERFLOW = 252
export const TRAP_MEMORY_OUT_OF_BOUNDS = 253
export const TRAP_INTEGER_DIVISION_BY_ZERO = 254
export const TRAP_BAD_CONVERSION = 255

export interface TrapInfo {
  code: number
  /** Stable identifier. */
  name: string
  /** The message that the specification's tests expect. */
  message: string
}

// biome-ignore format: table
const rows: readonly TrapInfo[] = [
  { code: TRAP_UNREACHABLE,              name: 'unreachable',              message: 'unreachable' },
  { code: TRAP_TABLE_OUT_OF_BOUNDS,      name: 'table_out_of_bounds',      message: 'out of bounds table access' },
  { code: TRAP_UNDEFINED_ELEMENT,        name: 'undefined_element',        message: 'undefined element' },
  { code: TRAP_UNINITIALIZED_ELEMENT,    name: 'uninitialized_element',    message: 'uninitialized element' },
  { code: TRAP_BAD_SIGNATURE,            name: 'bad_signature',            message: 'indirect call type mismatch' },
  { code: TRAP_NULL_REFERENCE,           name: 'null_reference',           message: 'null reference' },
  { code: TRAP_STACK_OVERFLOW,           name: 'stack_overflow',           message: 'call stack exhausted' },
  { code: TRAP_INTEGER_OVERFLOW,         name: 'integer_overflow',         message: 'integer overflow' },
  { code: TRAP_MEMORY_OUT_OF_BOUNDS,     name: 'memory_out_of_bounds',     message: 'out of bounds memory access' },
  { code: TRAP_INTEGER_DIVISION_BY_ZERO, name: 'integer_division_by_zero', message: 'integer divide by zero' },
  { code: TRAP_BAD_CONVERSION,           name: 'bad_conversion',           message: 'invalid conversion to integer' },
]

/** All trap codes. */
export const traps: readonly TrapInfo[] = rows

/** The row of a trap code, or undefined where it is none of ours. */
export function trapInfo(code: number): TrapInfo | undefined {
  return rows.find((r) => r.code === code)
}
