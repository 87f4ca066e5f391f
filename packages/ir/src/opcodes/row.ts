// The shape of a row of the opcode table, and the notation of its types.
//
// A row is: name, format (format.ts), types, flags, text form, meaning. The text form starts with the results, and its operand names
// are the builder's parameter names. Types are written as
//
//   [Set:] operand, operand -> result, result
//
//   Set        the types that the controlling type `t` ranges over; without it the opcode has no controlling type
//   t          the controlling type itself
//   i8, f64x2  exactly that type
//   Set        any type of the set, independent of t
//   lane(t)    the type of one lane of t             truthy(t)  i8 for a scalar t, integer lanes of the same width for a vector
//   half(t)    integer of half the width of t        double(t)  integer of twice the width of t
//   split(t)   lanes half as wide, twice as many     merge(t)   lanes twice as wide, half as many
//   fixed(t)   the fixed vector that is the minimum of the dynamic vector t
//   narrower(Set), wider(Set)  a type of the set whose lanes are narrower, wider than those of t
//   lanes(Set) a type of the set with as many lanes as t
//   ...        the signature of the call, or of the function, gives the types
//
// The type is read off an operand where the operand that the format designates (operand 1 of Ternary, 2 of AtomicCas, else 0) is
// written plainly as `t`; otherwise the text form needs it as a suffix (`iconst.i32`), and the builder as its first parameter.
import type { FormatName } from '../format.ts'

/** Last instruction of its block. */
export const TERMINATOR = 1
/** Transfers control to blocks that it names. */
export const BRANCH = 2
export const CALL = 4
export const RETURN = 8
/** May trap; a memory access with the `notrap` flag does not. */
export const CAN_TRAP = 16
/** Does more than computing its results and accessing memory: never removed, never reordered with others of its kind. */
export const SIDE_EFFECTS = 32
export const CAN_LOAD = 64
export const CAN_STORE = 128
/** Doing it a second time with the same operands changes nothing, so a dominated duplicate may go. */
export const IDEMPOTENT = 256
/** The controlling type must be written (`.i32`), since no operand gives it. Set by the generator. */
export const NEEDS_CTRL_IN_TEXT = 512
/** The opcode has a controlling type. Set by the generator. */
export const POLYMORPHIC = 1024
/** Results come from a signature. Set by the generator. */
export const VARIABLE_RESULTS = 2048

export const T: number = TERMINATOR
export const B: number = TERMINATOR | BRANCH
export const TRAPS: number = CAN_TRAP | IDEMPOTENT
export const LOAD: number = CAN_LOAD | CAN_TRAP
export const STORE: number = CAN_STORE | CAN_TRAP
export const ATOMIC: number = CAN_LOAD | CAN_STORE | CAN_TRAP | SIDE_EFFECTS

export type OpcodeRow = readonly [
  name: string,
  format: FormatName,
  types: string,
  flags: number,
  text: string,
  meaning: string,
]
