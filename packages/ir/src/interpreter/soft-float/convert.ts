// Between formats, to and from integers, and to integral values.
import type { FloatFormat } from '../../text/floats.ts'
import { canonicalNan, divideByPowerOfTwo, infinity, round, unpack } from './number.ts'

/** The value as another format. */
export function convert(x: bigint, from: FloatFormat, to: FloatFormat): bigint {
  const a = unpack(x, from)
  if (a.kind === 'nan') return canonicalNan(to)
  if (a.kind === 'infinity') return infinity(a.negative, to)
  return round(a.negative, a.significand, a.exponent, to)
}

/** The float nearest to an integer; 0 becomes +0. */
export function fromInteger(n: bigint, f: FloatFormat): bigint {
  return round(n < 0n, n < 0n ? -n : n, 0, f)
}

export type Rounding = 'ceil' | 'floor' | 'trunc' | 'nearest'

/** The integer next to significand * 2^exponent (negated where `negative`), in the direction asked for. */
function integral(negative: boolean, significand: bigint, exponent: number, rounding: Rounding): bigint {
  const sign = negative ? -1n : 1n
  if (exponent >= 0) return sign * (significand << BigInt(exponent))
  if (rounding === 'nearest') return sign * divideByPowerOfTwo(significand, -exponent)
  const whole = significand >> BigInt(-exponent)
  const exact = whole << BigInt(-exponent) === significand
  const away = !exact && ((rounding === 'ceil' && !negative) || (rounding === 'floor' && negative))
  return sign * (away ? whole + 1n : whole)
}

/** Rounded to an integral value; a zero result keeps the sign of x. */
export function toIntegral(x: bigint, rounding: Rounding, f: FloatFormat): bigint {
  const a = unpack(x, f)
  if (a.kind === 'nan') return canonicalNan(f)
  if (a.kind === 'infinity' || a.exponent >= 0) return x
  const n = integral(a.negative, a.significand, a.exponent, rounding)
  return round(a.negative, n < 0n ? -n : n, 0, f)
}

/** The value rounded towards zero, or what it is instead of a number. */
export function toInteger(x: bigint, f: FloatFormat): bigint | 'nan' | 'infinity' | '-infinity' {
  const a = unpack(x, f)
  if (a.kind === 'nan') return 'nan'
  if (a.kind === 'infinity') return a.negative ? '-infinity' : 'infinity'
  return integral(a.negative, a.significand, a.exponent, 'trunc')
}
