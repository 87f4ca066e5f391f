// WebAssembly's integer operations on BigInt, at any width: the eager evaluator computes with them and the generator folds constants with
// them. Values are unsigned (0 <= v < 2^width) on the way in and out. Clarity before speed.
// Source: WebAssembly Core Specification, section 4.3.2.

export type BinaryName =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div_s'
  | 'div_u'
  | 'rem_s'
  | 'rem_u'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr_s'
  | 'shr_u'
  | 'rotl'
  | 'rotr'
export type UnaryName = 'clz' | 'ctz' | 'popcnt' | 'extend8_s' | 'extend16_s'
export type CompareName = 'eq' | 'ne' | 'lt_s' | 'lt_u' | 'ge_s' | 'ge_u'
export type HighName = 'mul_high_s' | 'mul_high_u'

type Two = (width: number, a: bigint, b: bigint) => bigint

const wrap = (width: number, a: bigint): bigint => BigInt.asUintN(width, a)
const signed = (width: number, a: bigint): bigint => BigInt.asIntN(width, a)
const count = (width: number, b: bigint): bigint => b % BigInt(width)

export const binary: Readonly<Record<BinaryName | HighName, Two>> = {
  add: (w, a, b) => wrap(w, a + b),
  sub: (w, a, b) => wrap(w, a - b),
  mul: (w, a, b) => wrap(w, a * b),
  div_s: (w, a, b) => wrap(w, signed(w, a) / signed(w, b)),
  div_u: (_w, a, b) => a / b,
  rem_s: (w, a, b) => wrap(w, signed(w, a) % signed(w, b)),
  rem_u: (_w, a, b) => a % b,
  and: (_w, a, b) => a & b,
  or: (_w, a, b) => a | b,
  xor: (_w, a, b) => a ^ b,
  shl: (w, a, b) => wrap(w, a << count(w, b)),
  shr_s: (w, a, b) => wrap(w, signed(w, a) >> count(w, b)),
  shr_u: (w, a, b) => a >> count(w, b),
  rotl: (w, a, b) => wrap(w, (a << count(w, b)) | (a >> (BigInt(w) - count(w, b)))),
  rotr: (w, a, b) => wrap(w, (a >> count(w, b)) | (a << (BigInt(w) - count(w, b)))),
  mul_high_s: (w, a, b) => wrap(w, (signed(w, a) * signed(w, b)) >> BigInt(w)),
  mul_high_u: (w, a, b) => (a * b) >> BigInt(w),
}

export const unary: Readonly<Record<UnaryName, (width: number, a: bigint) => bigint>> = {
  clz: (w, a) => BigInt(w - (a === 0n ? 0 : a.toString(2).length)),
  ctz: (w, a) => {
    if (a === 0n) return BigInt(w)
    let n = 0n
    while (((a >> n) & 1n) === 0n) n++
    return n
  },
  popcnt: (_w, a) => BigInt(a.toString(2).replaceAll('0', '').length),
  extend8_s: (w, a) => wrap(w, BigInt.asIntN(8, a)),
  extend16_s: (w, a) => wrap(w, BigInt.asIntN(16, a)),
}

export const compare: Readonly<Record<CompareName, (width: number, a: bigint, b: bigint) => boolean>> = {
  eq: (_w, a, b) => a === b,
  ne: (_w, a, b) => a !== b,
  lt_s: (w, a, b) => signed(w, a) < signed(w, b),
  lt_u: (_w, a, b) => a < b,
  ge_s: (w, a, b) => signed(w, a) >= signed(w, b),
  ge_u: (_w, a, b) => a >= b,
}
