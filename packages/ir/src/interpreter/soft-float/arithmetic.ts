// Arithmetic on bit patterns of one format. The special cases of each operation stand before the exact computation.
import type { FloatFormat } from '../../text/floats.ts'
import { bitLength, canonicalNan, type Finite, infinity, isNan, round, signBit, unpack, zero } from './number.ts'

export function add(x: bigint, y: bigint, f: FloatFormat): bigint {
  const a = unpack(x, f)
  const b = unpack(y, f)
  if (a.kind === 'nan' || b.kind === 'nan') return canonicalNan(f)
  if (a.kind === 'infinity') return b.kind === 'infinity' && a.negative !== b.negative ? canonicalNan(f) : x
  if (b.kind === 'infinity') return y
  return addFinite(a, b, f)
}

export function sub(x: bigint, y: bigint, f: FloatFormat): bigint {
  return add(x, y ^ signBit(true, f), f)
}

export function mul(x: bigint, y: bigint, f: FloatFormat): bigint {
  const a = unpack(x, f)
  const b = unpack(y, f)
  if (a.kind === 'nan' || b.kind === 'nan') return canonicalNan(f)
  const negative = a.negative !== b.negative
  if (a.kind === 'infinity') return isZero(b) ? canonicalNan(f) : infinity(negative, f)
  if (b.kind === 'infinity') return isZero(a) ? canonicalNan(f) : infinity(negative, f)
  return round(negative, a.significand * b.significand, a.exponent + b.exponent, f)
}

export function div(x: bigint, y: bigint, f: FloatFormat): bigint {
  const a = unpack(x, f)
  const b = unpack(y, f)
  if (a.kind === 'nan' || b.kind === 'nan') return canonicalNan(f)
  const negative = a.negative !== b.negative
  if (a.kind === 'infinity') return b.kind === 'infinity' ? canonicalNan(f) : infinity(negative, f)
  if (b.kind === 'infinity') return zero(negative, f)
  if (b.significand === 0n) return a.significand === 0n ? canonicalNan(f) : infinity(negative, f)
  if (a.significand === 0n) return zero(negative, f)
  // A quotient of at least significandBits + 3 bits, then one that is set where a remainder is left: it decides ties and nothing else.
  const shift = Math.max(0, f.significandBits + 3 + bitLength(b.significand) - bitLength(a.significand))
  const dividend = a.significand << BigInt(shift)
  const quotient = dividend / b.significand
  const sticky = quotient * b.significand === dividend ? 0n : 1n
  return round(negative, (quotient << 1n) | sticky, a.exponent - b.exponent - shift - 1, f)
}

export function sqrt(x: bigint, f: FloatFormat): bigint {
  const a = unpack(x, f)
  if (a.kind === 'nan') return canonicalNan(f)
  if (isZero(a)) return x
  if (a.negative) return canonicalNan(f)
  if (a.kind === 'infinity') return x
  // An even exponent, and a radicand whose root has at least significandBits + 3 bits; the last bit as in div.
  let shift = Math.max(0, 2 * (f.significandBits + 3) - bitLength(a.significand))
  if (((a.exponent - shift) & 1) !== 0) shift++
  const radicand = a.significand << BigInt(shift)
  const root = integerSqrt(radicand)
  const sticky = root * root === radicand ? 0n : 1n
  return round(false, (root << 1n) | sticky, (a.exponent - shift) / 2 - 1, f)
}

/** x * y + z, rounded once. */
export function fma(x: bigint, y: bigint, z: bigint, f: FloatFormat): bigint {
  const a = unpack(x, f)
  const b = unpack(y, f)
  const c = unpack(z, f)
  if (a.kind === 'nan' || b.kind === 'nan' || c.kind === 'nan') return canonicalNan(f)
  const negative = a.negative !== b.negative
  if (a.kind === 'infinity' || b.kind === 'infinity') {
    if (isZero(a) || isZero(b)) return canonicalNan(f)
    return c.kind === 'infinity' && c.negative !== negative ? canonicalNan(f) : infinity(negative, f)
  }
  if (c.kind === 'infinity') return z
  const product: Finite = {
    kind: 'finite',
    negative,
    significand: a.significand * b.significand,
    exponent: a.exponent + b.exponent,
  }
  return addFinite(product, c, f)
}

/** The lesser; NaN where either is one; -0 is less than +0 (IEEE 754-2019 minimum). */
export function min(x: bigint, y: bigint, f: FloatFormat): bigint {
  if (isNan(x, f) || isNan(y, f)) return canonicalNan(f)
  return order(x, f) <= order(y, f) ? x : y
}

/** The greater; NaN where either is one; +0 is greater than -0 (IEEE 754-2019 maximum). */
export function max(x: bigint, y: bigint, f: FloatFormat): bigint {
  if (isNan(x, f) || isNan(y, f)) return canonicalNan(f)
  return order(x, f) >= order(y, f) ? x : y
}

/** Outcome of a comparison, with the bits of FloatCC: 1 less, 2 equal, 4 greater, 8 unordered. */
export function compare(x: bigint, y: bigint, f: FloatFormat): 1 | 2 | 4 | 8 {
  if (isNan(x, f) || isNan(y, f)) return 8
  const bothZero = ((x | y) & ~signBit(true, f)) === 0n
  const a = order(x, f)
  const b = order(y, f)
  return bothZero || a === b ? 2 : a < b ? 1 : 4
}

/** Integers in the order of the floats that are not NaN, -0 just below +0. */
function order(bits: bigint, f: FloatFormat): bigint {
  const sign = signBit(true, f)
  return (bits & sign) === 0n ? bits : -(bits ^ sign) - 1n
}

function isZero(a: { readonly kind: string; readonly significand?: bigint }): boolean {
  return a.kind === 'finite' && a.significand === 0n
}

function addFinite(a: Finite, b: Finite, f: FloatFormat): bigint {
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = signed(a, exponent) + signed(b, exponent)
  // An exact zero is positive, except where both terms are negative (zeros).
  const negative = sum === 0n ? a.negative && b.negative : sum < 0n
  return round(negative, sum < 0n ? -sum : sum, exponent, f)
}

function signed(a: Finite, exponent: number): bigint {
  const magnitude = a.significand << BigInt(a.significand === 0n ? 0 : a.exponent - exponent)
  return a.negative ? -magnitude : magnitude
}

/** The largest integer whose square is at most n (Newton's iteration from above). */
function integerSqrt(n: bigint): bigint {
  let x = 1n << BigInt((bitLength(n) + 1) >> 1)
  for (;;) {
    const y = (x + n / x) >> 1n
    if (y >= x) return x
    x = y
  }
}
