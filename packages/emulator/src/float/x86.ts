// SSE and AVX arithmetic on bits: rounding to nearest even, no flags (MXCSR keeps its default, exceptions masked, and nothing here reads them).
//
// Problem: a NaN's bits matter (which operand's, quieted; the default one is negative), and JavaScript does not promise to keep them; fma and
// conversions of 64-bit integers have no counterpart.
// Idea: ordinary results by the host's arithmetic, which is the same; NaNs by bits; fma by error-free transformations where sizes are moderate
// (Boldo and Melquiond 2008). Whatever is left goes to x86-soft.ts, which is exact and is the oracle of all this.
//
// Results of 64 bits are the low word; the high one is in `high`, which every function sets.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 4.8.3.5 (NaNs), table 4-7, table 11-5 (conversions), 14.5.2 (fma).

import { x86Soft } from './x86-soft.ts'

/** What an operand or result is: f a float of the operation's width, w and q integers of 32 and 64 bits, s, d and h floats of 32, 64 and 16 bits. */
export type X86Operand = 'f' | 'w' | 'q' | 's' | 'd' | 'h'

// biome-ignore format: table
export const X86_FLOAT_OPS = {
  add: 'ff>f', sub: 'ff>f', mul: 'ff>f', div: 'ff>f', min: 'ff>f', max: 'ff>f', sqrt: 'f>f',
  madd: 'fff>f', msub: 'fff>f', nmadd: 'fff>f', nmsub: 'fff>f', // +-(a * b) +- c
  rcp: 'f>f', rsqrt: 'f>f', // approximations to 12 bits, of singles
  compare: 'ff>w',              // 0 equal, 1 less, 2 greater, 3 unordered
  round: 'fw>f',                // to an integral value by a mode: 0 nearest even, 1 down, 2 up, 3 towards zero
  toI32: 'f>w', toI64: 'f>q', toI32t: 'f>w', toI64t: 'f>q', // t: towards zero
  toU32: 'f>w', toU64: 'f>q', toU32t: 'f>w', toU64t: 'f>q',
  fromI32: 'w>f', fromI64: 'q>f', fromU32: 'w>f', fromU64: 'q>f',
  toF32: 'f>s', toF64: 'f>d', toF16: 'fw>h', // toF16 has a rounding mode
} as const
export type X86FloatOp = keyof typeof X86_FLOAT_OPS

/** Operands and result of an operation. */
export function signatureOf(op: X86FloatOp): { readonly args: readonly X86Operand[]; readonly result: X86Operand } {
  const [args, result] = X86_FLOAT_OPS[op].split('>')
  return { args: [...args] as X86Operand[], result: result as X86Operand }
}

export let high = 0

const words = new Int32Array(4)
const doubles = new Float64Array(words.buffer)
const singles = new Float32Array(words.buffer)

const isNaN32 = (a: number): boolean => (a & 0x7fffffff) > 0x7f800000
const isNaN64 = (lo: number, hi: number): boolean =>
  (hi & 0x7fffffff) > 0x7ff00000 || ((hi & 0x7fffffff) === 0x7ff00000 && lo !== 0)
const QUIET_32 = 0x00400000
const QUIET_64 = 0x00080000
const DEFAULT_32 = 0xffc00000 | 0
const DEFAULT_64 = 0xfff80000 | 0

function result32(value: number): number {
  singles[0] = value
  high = 0
  return words[0]
}
function result64(value: number): number {
  doubles[0] = value
  high = words[1]
  return words[0]
}
function single(bits: number): number {
  words[0] = bits
  return singles[0]
}
function double(lo: number, hi: number): number {
  words[0] = lo
  words[1] = hi
  return doubles[0]
}

/** A result that is a NaN: the first operand that is one, quieted; the default NaN if none is. */
function nan32(a: number, b: number): number {
  high = 0
  return isNaN32(a) ? a | QUIET_32 : isNaN32(b) ? b | QUIET_32 : DEFAULT_32
}
function nan64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  if (isNaN64(aLo, aHi)) {
    high = aHi | QUIET_64
    return aLo
  }
  if (isNaN64(bLo, bHi)) {
    high = bHi | QUIET_64
    return bLo
  }
  high = DEFAULT_64
  return 0
}

// Singles in double arithmetic and then rounded: right for the five operations, since a double has more than twice the digits and two (Figueroa 1995).

export function add32(a: number, b: number): number {
  const r = single(a) + single(b)
  return !Number.isNaN(r) ? result32(r) : nan32(a, b)
}
export function sub32(a: number, b: number): number {
  const r = single(a) - single(b)
  return !Number.isNaN(r) ? result32(r) : nan32(a, b)
}
export function mul32(a: number, b: number): number {
  const r = single(a) * single(b)
  return !Number.isNaN(r) ? result32(r) : nan32(a, b)
}
export function div32(a: number, b: number): number {
  const r = single(a) / single(b)
  return !Number.isNaN(r) ? result32(r) : nan32(a, b)
}
export function sqrt32(a: number): number {
  const r = Math.sqrt(single(a))
  return !Number.isNaN(r) ? result32(r) : nan32(a, a)
}
export function add64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const r = double(aLo, aHi) + double(bLo, bHi)
  return !Number.isNaN(r) ? result64(r) : nan64(aLo, aHi, bLo, bHi)
}
export function sub64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const r = double(aLo, aHi) - double(bLo, bHi)
  return !Number.isNaN(r) ? result64(r) : nan64(aLo, aHi, bLo, bHi)
}
export function mul64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const r = double(aLo, aHi) * double(bLo, bHi)
  return !Number.isNaN(r) ? result64(r) : nan64(aLo, aHi, bLo, bHi)
}
export function div64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const r = double(aLo, aHi) / double(bLo, bHi)
  return !Number.isNaN(r) ? result64(r) : nan64(aLo, aHi, bLo, bHi)
}
export function sqrt64(aLo: number, aHi: number): number {
  const r = Math.sqrt(double(aLo, aHi))
  return !Number.isNaN(r) ? result64(r) : nan64(aLo, aHi, aLo, aHi)
}

/** The second operand unless the first is less: so too for NaNs, and for two zeros. */
export function min32(a: number, b: number): number {
  high = 0
  return single(a) < single(b) ? a : b
}
export function max32(a: number, b: number): number {
  high = 0
  return single(a) > single(b) ? a : b
}
export function min64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const less = double(aLo, aHi) < double(bLo, bHi)
  high = less ? aHi : bHi
  return less ? aLo : bLo
}
export function max64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  const greater = double(aLo, aHi) > double(bLo, bHi)
  high = greater ? aHi : bHi
  return greater ? aLo : bLo
}

/** 0 equal, 1 less, 2 greater, 3 unordered. */
export function relation(a: number, b: number): number {
  high = 0
  return a < b ? 1 : a > b ? 2 : a === b ? 0 : 3
}
export function compare32(a: number, b: number): number {
  return relation(single(a), single(b))
}
export function compare64(aLo: number, aHi: number, bLo: number, bHi: number): number {
  return relation(double(aLo, aHi), double(bLo, bHi))
}

// ---- Approximations: the manual promises a relative error of at most 1.5 * 2^-12 and leaves the rest to the CPU. Here they are the nearest values with
// 12 bits. Subnormal operands count as zeros, and results become zeros where they would be subnormal.

const LEAST_NORMAL = 2 ** -126

function approximation(x: number): number {
  if (Math.abs(x) < LEAST_NORMAL) return result32(x < 0 || Object.is(x, -0) ? -0 : 0)
  return (result32(x) + 0x400) & ~0x7ff
}
export function rcp32(a: number): number {
  if (isNaN32(a)) return nan32(a, a)
  high = 0
  if ((a & 0x7f800000) === 0) return (a & 0x80000000) | 0x7f800000
  return approximation(1 / single(a))
}
export function rsqrt32(a: number): number {
  if (isNaN32(a)) return nan32(a, a)
  high = 0
  if ((a & 0x7f800000) === 0) return (a & 0x80000000) | 0x7f800000
  return a < 0 ? DEFAULT_32 : approximation(1 / Math.sqrt(single(a)))
}

// ---- Rounding to integers

/** The integral value of a float by a mode; a zero keeps the sign of x. */
function integral(x: number, mode: number): number {
  switch (mode) {
    case 0: {
      const down = Math.floor(x)
      const rest = x - down
      if (rest < 0.5) return down === 0 && x < 0 ? -0 : down
      if (rest > 0.5) return down + 1 === 0 ? -0 : down + 1
      const even = down % 2 === 0 ? down : down + 1
      return even === 0 && x < 0 ? -0 : even
    }
    case 1:
      return Math.floor(x)
    case 2:
      return Math.ceil(x)
    default:
      return Math.trunc(x)
  }
}

export function round32(a: number, mode: number): number {
  const x = single(a)
  return !Number.isNaN(x) ? result32(integral(x, mode)) : nan32(a, a)
}
export function round64(aLo: number, aHi: number, mode: number): number {
  const x = double(aLo, aHi)
  return !Number.isNaN(x) ? result64(integral(x, mode)) : nan64(aLo, aHi, aLo, aHi)
}

const TWO_31 = 2 ** 31
const TWO_32 = 2 ** 32
const TWO_52 = 2 ** 52
const TWO_63 = 2 ** 63
const TWO_64 = 2 ** 64

/** An integral value as 32 bits; what does not fit, NaN included, is the integer indefinite value. */
export function word(x: number): number {
  high = 0
  return x >= -TWO_31 && x < TWO_31 ? x | 0 : 0x80000000 | 0
}
function unsignedWord(x: number): number {
  high = 0
  return x >= 0 && x < TWO_32 ? x | 0 : -1
}
export function longWord(x: number): number {
  if (!(x >= -TWO_63 && x < TWO_63)) {
    high = 0x80000000 | 0
    return 0
  }
  const upper = Math.floor(x / TWO_32)
  high = upper | 0
  return (x - upper * TWO_32) | 0
}
function unsignedLongWord(x: number): number {
  if (!(x >= 0 && x < TWO_64)) {
    high = -1
    return -1
  }
  const upper = Math.floor(x / TWO_32)
  high = upper | 0
  return (x - upper * TWO_32) | 0
}

export const toI32t32 = (a: number): number => word(Math.trunc(single(a)))
export const toI32t64 = (lo: number, hi: number): number => word(Math.trunc(double(lo, hi)))
export const toI6432 = (a: number): number => longWord(integral(single(a), 0))
export const toI6464 = (lo: number, hi: number): number => longWord(integral(double(lo, hi), 0))
export const toI3232 = (a: number): number => word(integral(single(a), 0))
export const toI3264 = (lo: number, hi: number): number => word(integral(double(lo, hi), 0))
export const toI64t32 = (a: number): number => longWord(Math.trunc(single(a)))
export const toI64t64 = (lo: number, hi: number): number => longWord(Math.trunc(double(lo, hi)))
export const toU32t32 = (a: number): number => unsignedWord(Math.trunc(single(a)))
export const toU32t64 = (lo: number, hi: number): number => unsignedWord(Math.trunc(double(lo, hi)))
export const toU3232 = (a: number): number => unsignedWord(integral(single(a), 0))
export const toU3264 = (lo: number, hi: number): number => unsignedWord(integral(double(lo, hi), 0))
export const toU64t32 = (a: number): number => unsignedLongWord(Math.trunc(single(a)))
export const toU64t64 = (lo: number, hi: number): number => unsignedLongWord(Math.trunc(double(lo, hi)))
export const toU6432 = (a: number): number => unsignedLongWord(integral(single(a), 0))
export const toU6464 = (lo: number, hi: number): number => unsignedLongWord(integral(double(lo, hi), 0))

export const fromI3232 = (a: number): number => result32(a)
export const fromI3264 = (a: number): number => result64(a)
export const fromU3232 = (a: number): number => result32(a >>> 0)
export const fromU3264 = (a: number): number => result64(a >>> 0)
/** One addition of two doubles that are exact: rounded once. */
export const fromI6464 = (lo: number, hi: number): number => result64(hi * TWO_32 + (lo >>> 0))
export const fromU6464 = (lo: number, hi: number): number => result64((hi >>> 0) * TWO_32 + (lo >>> 0))
export function fromI6432(lo: number, hi: number): number {
  const x = hi * TWO_32 + (lo >>> 0)
  // Up to 53 bits the double is exact; beyond, rounding it again might go wrong.
  return x < TWO_52 && x > -TWO_52 ? result32(x) : viaSoft('fromI64', 32, lo, hi, 0, 0, 0, 0)
}
export function fromU6432(lo: number, hi: number): number {
  const x = (hi >>> 0) * TWO_32 + (lo >>> 0)
  return x < TWO_52 ? result32(x) : viaSoft('fromU64', 32, lo, hi, 0, 0, 0, 0)
}

// ---- Conversions between formats: a NaN keeps the upper bits of its payload and becomes quiet

export function toF3264(lo: number, hi: number): number {
  const x = double(lo, hi)
  if (!Number.isNaN(x)) return result32(x)
  high = 0
  return (hi & 0x80000000) | 0x7fc00000 | ((hi & 0x7ffff) << 3) | (lo >>> 29)
}
export function toF6432(a: number): number {
  const x = single(a)
  if (!Number.isNaN(x)) return result64(x)
  high = (a & 0x80000000) | 0x7ff80000 | ((a & 0x3fffff) >> 3)
  return a << 29
}
export function toF3216(a: number): number {
  const exponent = (a >> 10) & 31
  const fraction = a & 0x3ff
  const sign = (a & 0x8000) << 16
  high = 0
  if (exponent === 31) return sign | 0x7f800000 | (fraction === 0 ? 0 : 0x400000 | (fraction << 13))
  if (exponent !== 0) return sign | ((exponent + 112) << 23) | (fraction << 13)
  return sign | result32(fraction * 2 ** -24)
}
export function toF1632(a: number, mode: number): number {
  return viaSoft('toF16', 32, a, 0, mode, 0, 0, 0)
}

// ---- Fused multiply-add

/** Bits of the nearest double to s + error that has an odd last bit, unless error is 0: rounding that to fewer bits is rounding s + error once. */
function toOdd(s: number, error: number): number {
  if (error === 0) return s
  doubles[0] = s
  if ((words[0] & 1) !== 0) return s
  // The odd neighbour on the side of the error: up in size if the error has the sign of s. s is not 0, or there would be no error.
  const up = s > 0 === error > 0
  if (up) {
    words[0]++ // it was even: no carry
  } else {
    if (words[0] === 0) words[1]--
    words[0]--
  }
  return doubles[0]
}

function sumError(sum: number, a: number, b: number): number {
  const part = sum - a
  return a - (sum - part) + (b - part)
}

/** The product of singles is exact in a double, so the sum's error is all there is. */
function fused32(a: number, b: number, c: number, negateProduct: boolean, negateC: boolean): number {
  if (isNaN32(a) || isNaN32(b) || isNaN32(c)) {
    high = 0
    return isNaN32(a) ? a | QUIET_32 : isNaN32(b) ? b | QUIET_32 : c | QUIET_32
  }
  const product = single(a) * single(b)
  const x = negateProduct ? -product : product
  const y = negateC ? -single(c) : single(c)
  const sum = x + y
  if (Number.isNaN(sum)) return nan32(0, 0)
  if (sum === Number.POSITIVE_INFINITY || sum === Number.NEGATIVE_INFINITY || sum === 0) return result32(sum)
  return result32(toOdd(sum, sumError(sum, x, y)))
}

const SPLITTER = 2 ** 27 + 1
const MODERATE = 2 ** 300

function isModerate(v: number): boolean {
  const size = Math.abs(v)
  return size < MODERATE && size > 1 / MODERATE
}

function fused64(op: X86FloatOp, aLo: number, aHi: number, bLo: number, bHi: number, cLo: number, cHi: number): number {
  const a = double(aLo, aHi)
  const b = double(bLo, bHi)
  const c = double(cLo, cHi)
  if (!(isModerate(a) && isModerate(b) && (c === 0 || isModerate(c))))
    return viaSoft(op, 64, aLo, aHi, bLo, bHi, cLo, cHi)
  const x = op === 'nmadd' || op === 'nmsub' ? -a : a
  const y = op === 'msub' || op === 'nmsub' ? -c : c
  const product = x * b
  const xm = SPLITTER * x
  const xh = xm - (xm - x)
  const xl = x - xh
  const bm = SPLITTER * b
  const bh = bm - (bm - b)
  const bl = b - bh
  const rest = xl * bl - (product - xh * bh - xl * bh - xh * bl)
  // x * b + y = product + rest + y, each sum split into what is rounded and the error of that.
  const small = y + rest
  const smallError = sumError(small, y, rest)
  const sum = product + small
  const error = sumError(sum, product, small)
  const tail = error + smallError
  return result64(sum + toOdd(tail, sumError(tail, error, smallError)))
}

export const madd32 = (a: number, b: number, c: number): number => fused32(a, b, c, false, false)
export const msub32 = (a: number, b: number, c: number): number => fused32(a, b, c, false, true)
export const nmadd32 = (a: number, b: number, c: number): number => fused32(a, b, c, true, false)
export const nmsub32 = (a: number, b: number, c: number): number => fused32(a, b, c, true, true)
export const madd64 = (aLo: number, aHi: number, bLo: number, bHi: number, cLo: number, cHi: number): number =>
  fused64('madd', aLo, aHi, bLo, bHi, cLo, cHi)
export const msub64 = (aLo: number, aHi: number, bLo: number, bHi: number, cLo: number, cHi: number): number =>
  fused64('msub', aLo, aHi, bLo, bHi, cLo, cHi)
export const nmadd64 = (aLo: number, aHi: number, bLo: number, bHi: number, cLo: number, cHi: number): number =>
  fused64('nmadd', aLo, aHi, bLo, bHi, cLo, cHi)
export const nmsub64 = (aLo: number, aHi: number, bLo: number, bHi: number, cLo: number, cHi: number): number =>
  fused64('nmsub', aLo, aHi, bLo, bHi, cLo, cHi)

function pair(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}
function viaSoft(
  op: X86FloatOp,
  bits: 16 | 32 | 64,
  aLo: number,
  aHi: number,
  bLo: number,
  bHi: number,
  cLo: number,
  cHi: number,
): number {
  const result = x86Soft(op, bits, pair(aLo, aHi), pair(bLo, bHi), pair(cLo, cHi))
  high = Number(BigInt.asIntN(32, result >> 32n))
  return Number(BigInt.asIntN(32, result))
}
