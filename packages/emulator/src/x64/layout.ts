// Slot layouts by opcode: where the code cache finds in the decoder's words what it puts into a slot. Word offsets are those in the decoder's words; 0: no such field.

/** Bits 0-11: registers, 4 bits each. */
export const LAYOUT_REGISTERS = 3
/** Bits 12-15: immediate. */
export const LAYOUT_IMMEDIATE = 12
/** The immediate has two words. */
export const LAYOUT_WIDE: number = 1 << 16
/** Bits 17-20: label. */
export const LAYOUT_LABEL = 17
/** Nothing follows in memory. */
export const LAYOUT_ENDS: number = 1 << 21
export const LAYOUT_HAS_SEMANTICS: number = 1 << 22
/** In place of a register's word offset: the memory operand, which the vector unit loads or stores. */
export const LAYOUT_MEMORY = 15
/** Bits 23-26: a fourth register, of operations of the vector unit. */
export const LAYOUT_FOURTH = 23
