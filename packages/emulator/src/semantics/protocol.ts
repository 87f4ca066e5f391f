// What generated loops, code caches and machines of every ISA agree on: slots that are no instruction, and why a loop was left.

// Slot kinds beside instructions, the first of all
export const LINK = 0
export const ILLEGAL_SLOT = 1
export const HOST_CALL_SLOT = 2
export const RETURN_SLOT = 3
export const PSEUDO_KINDS = 4

// Results of evaluate(); the hart's `slot` and `left` say where and with how many instructions to go
/** All instructions of the slice were executed. */
export const OUT_OF_FUEL = 0
/** A direct jump by hart.offset bytes from the instruction (riscv64) or to hart.targetLo, targetHi (x64), whose slot is not known yet. */
export const MISS_DIRECT = 1
/** A jump to hart.targetLo, targetHi. */
export const MISS_INDIRECT = 2
/** The unit goes on at the address of this slot. */
export const MISS_LINK = 3
/** mem.faultKind, mem.faultLo, mem.faultHi */
export const FAULT = 4
export const ILLEGAL = 5
export const ECALL = 6
export const EBREAK = 7
export const FENCE_I = 8
export const HOST_CALL = 9
export const RETURNED = 10
/** Division by zero or with a quotient that does not fit, where that traps. */
export const ARITHMETIC = 11
