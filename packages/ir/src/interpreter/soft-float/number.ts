// Binary floating point of any format (IEEE 754-2019) through exact integers.
//
// Problem: the interpreter is the oracle of every back end, so its floats have to be right for f16, f32, f64 and f128 alike, and must
// not lean on a host that knows only one of them. Idea: a finite float is an integer times a power of two. Every operation computes
// its exact result in that form (where the exact result has no end, as a quotient or a root has, enough bits and one more that says
// "and something below"), and rounding happens in one place, once: `round`, to nearest, ties to even.
//
// Invariants:
//   1. `unpack` is exact, and `round(unpack(x))` gives x back for every x that is not a NaN.
//   2. Only `round` loses bits, and no operation calls it twice.
//   3. An operation that gives a NaN gives the canonical one: positive, quiet, payload 0. CLIF leaves sign and payload open; this
//      choice is always among those allowed. Sign operations (fneg, fabs, fcopysign), moves and bitcasts do not come here: they keep
//      every bit.
import type { FloatFormat } from '../../text/floats.ts'

export interface Finite {
  readonly kind: 'finite'
  readonly negative: boolean
  /** The value is significand * 2^exponent; 0 for a zero. */
  readonly significand: bigint
  readonly exponent: number
}

export type Unpacked =
  | Finite
  | { readonly kind: 'infinity'; readonly negative: boolean }
  | { readonly kind: 'nan'; readonly negative: boolean }

/** The weight of the exponent field's zero point: 127 for f32. */
export function bias(f: FloatFormat): number {
  return 2 ** (f.exponentBits - 1) - 1
}

/** Bit pattern of an infinity. */
export function infinity(negative: boolean, f: FloatFormat): bigint {
  return signBit(negative, f) | (((1n << BigInt(f.exponentBits)) - 1n) << BigInt(f.significandBits))
}

export function zero(negative: boolean, f: FloatFormat): bigint {
  return signBit(negative, f)
}

/** Bit pattern of the NaN that arithmetic gives. */
export function canonicalNan(f: FloatFormat): bigint {
  return infinity(false, f) | (1n << BigInt(f.significandBits - 1))
}

export function signBit(negative: boolean, f: FloatFormat): bigint {
  return negative ? 1n << BigInt(f.exponentBits + f.significandBits) : 0n
}

export function isNan(bits: bigint, f: FloatFormat): boolean {
  return (bits & ~signBit(true, f)) > infinity(false, f)
}

export function unpack(bits: bigint, f: FloatFormat): Unpacked {
  const t = BigInt(f.significandBits)
  const negative = (bits & signBit(true, f)) !== 0n
  const field = Number((bits >> t) & ((1n << BigInt(f.exponentBits)) - 1n))
  const fraction = bits & ((1n << t) - 1n)
  if (field === 2 ** f.exponentBits - 1) return { kind: fraction === 0n ? 'infinity' : 'nan', negative }
  // A subnormal has the exponent of the least normal number, without its hidden bit.
  const hidden = field === 0 ? 0n : 1n << t
  return {
    kind: 'finite',
    negative,
    significand: fraction | hidden,
    exponent: Math.max(field, 1) - bias(f) - f.significandBits,
  }
}

/** Number of bits of a positive integer. */
export function bitLength(x: bigint): number {
  const hex = x.toString(16)
  return hex.length * 4 - (Math.clz32(Number.parseInt(hex[0], 16)) - 28)
}

/** The float nearest to (-1)^negative * significand * 2^exponent, ties to even. `significand` is not negative. */
export function round(negative: boolean, significand: bigint, exponent: number, f: FloatFormat): bigint {
  if (significand === 0n) return zero(negative, f)
  const least = 1 - bias(f)
  // The result's leading bit has weight 2^e (subnormals count as having the least exponent), its last bit 2^(e - significandBits).
  const e = Math.max(bitLength(significand) - 1 + exponent, least)
  if (e > bias(f)) return infinity(negative, f)
  const kept = divideByPowerOfTwo(significand, e - f.significandBits - exponent)
  // The hidden bit of a normal number adds 1 to the exponent field, and so does a carry out of rounding; from the largest finite
  // number that carry leads to infinity.
  return signBit(negative, f) | ((BigInt(e - least) << BigInt(f.significandBits)) + kept)
}

/** x / 2^n rounded to nearest, ties to even; exact for n <= 0. */
export function divideByPowerOfTwo(x: bigint, n: number): bigint {
  if (n <= 0) return x << BigInt(-n)
  const q = x >> BigInt(n)
  const rest = x - (q << BigInt(n))
  const half = 1n << BigInt(n - 1)
  return rest > half || (rest === half && (q & 1n) === 1n) ? q + 1n : q
}
