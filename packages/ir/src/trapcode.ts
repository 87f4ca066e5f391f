// Trap codes: 1..250 are the user's, the rest are named (reference: CLIF text format).
export const TRAP_STACK_OVERFLOW = 251
export const TRAP_INTEGER_OVERFLOW = 252
export const TRAP_HEAP_OUT_OF_BOUNDS = 253
export const TRAP_INTEGER_DIVISION_BY_ZERO = 254
export const TRAP_BAD_CONVERSION_TO_INTEGER = 255

const named = ['stk_ovf', 'int_ovf', 'heap_oob', 'int_divz', 'bad_toint']

/** Text form: `user1`, `heap_oob`, ... */
export function trapCodeName(code: number): string {
  return code > 250 ? named[code - 251] : `user${code}`
}

/** Code of a text form, or 0 where it names none. */
export function parseTrapCode(text: string): number {
  const i = named.indexOf(text)
  if (i >= 0) return 251 + i
  const m = /^user([1-9]\d*)$/.exec(text)
  const n = m === null ? 0 : Number(m[1])
  return n <= 250 ? n : 0
}
