// Text of floats: exact, in hexadecimal (0x1.8p3), with the sign and payload of NaNs (+NaN, -NaN:0x1, +sNaN:0x5) and +Inf.
//
// A format is given by the bits of its exponent (w) and trailing significand (t). A literal denotes one bit pattern; a number
// that the format cannot hold exactly is an error, never rounded.
import { F16, F32, F64, laneType, type Type } from '../types.ts'

export interface FloatFormat {
  readonly exponentBits: number
  readonly significandBits: number
}

const f16: FloatFormat = { exponentBits: 5, significandBits: 10 }
const f32: FloatFormat = { exponentBits: 8, significandBits: 23 }
const f64: FloatFormat = { exponentBits: 11, significandBits: 52 }
const f128: FloatFormat = { exponentBits: 15, significandBits: 112 }

/** The format of a float type's lanes. */
export function floatFormat(type: Type): FloatFormat {
  const t = laneType(type)
  return t === F16 ? f16 : t === F32 ? f32 : t === F64 ? f64 : f128
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48
  const l = c | 32
  return l >= 97 && l <= 102 ? l - 87 : -1
}

/** The bits that `text` denotes, or a string that says what is wrong with it. A sign is optional, also for NaN and Inf. */
export function parseFloatBits(text: string, format: FloatFormat): bigint | string {
  const { exponentBits: w, significandBits: t } = format
  let p = 0
  let sign = 0n
  const first = text.charCodeAt(0)
  if (first === 43 || first === 45) {
    p = 1
    if (first === 45) sign = 1n << BigInt(w + t)
  }
  const body = text.slice(p)
  const infinity = ((1n << BigInt(w)) - 1n) << BigInt(t)
  const c = body.charCodeAt(0)
  if (!(c >= 48 && c <= 57)) {
    if (body === 'Inf') return sign | infinity
    const special = parseNaN(body, t)
    return typeof special === 'bigint' ? sign | infinity | special : special
  }
  if (body === '0.0') return sign
  if (body.length < 3 || c !== 48 || (body.charCodeAt(1) | 32) !== 120)
    return 'a float is written in hexadecimal, such as 0x1.8p3'
  const magnitude = parseMagnitude(body, format)
  return typeof magnitude === 'bigint' ? sign | magnitude : magnitude
}

function parseNaN(body: string, t: number): bigint | string {
  const quietBit = 1n << BigInt(t - 1)
  const colon = body.indexOf(':')
  const word = colon < 0 ? body : body.slice(0, colon)
  if (word !== 'NaN' && word !== 'sNaN') return 'expected a float'
  if (colon < 0) return word === 'NaN' ? quietBit : 'a signaling NaN needs a payload, such as sNaN:0x1'
  const digits = body.slice(colon + 1)
  if (!digits.startsWith('0x') || digits.length < 3 || digits.length > 40)
    return 'expected a hexadecimal payload of the NaN'
  for (let i = 2; i < digits.length; i++)
    if (hexDigit(digits.charCodeAt(i)) < 0) return 'expected a hexadecimal payload of the NaN'
  const payload = BigInt(digits)
  if (payload >= quietBit) return 'the payload of the NaN is too large for the type'
  if (word === 'NaN') return quietBit | payload
  return payload === 0n ? 'the payload of a signaling NaN is not 0' : payload
}

/** `0x1.8p3`: digits with at most one point, then an optional binary exponent. */
function parseMagnitude(body: string, format: FloatFormat): bigint | string {
  const { exponentBits: w, significandBits: t } = format
  let p = 2
  let seen = false
  let point = false
  let scale = 0 // the value is digits * 2^scale
  let digits = ''
  for (; p < body.length; p++) {
    const c = body.charCodeAt(p)
    if (c === 95) continue
    if (c === 46) {
      if (point) return 'a float has one point'
      point = true
      continue
    }
    if (hexDigit(c) < 0) break
    seen = true
    digits += body[p]
    if (point) scale -= 4
  }
  if (!seen) return 'expected hexadecimal digits'
  if (p < body.length) {
    const exponent = body.slice(p + 1)
    if ((body.charCodeAt(p) | 32) !== 112 || !/^[+-]?\d{1,7}$/.test(exponent)) return 'expected an exponent, such as p3'
    scale += Number(exponent)
  }
  let first = 0
  while (digits.charCodeAt(first) === 48) first++
  let last = digits.length
  while (last > first && digits.charCodeAt(last - 1) === 48) {
    last--
    scale += 4
  }
  if (first === last) return 0n
  if (last - first > 32) return 'the float has too many digits for the type'
  const m = BigInt(`0x${digits.slice(first, last)}`)
  const length = (last - first) * 4 - (Math.clz32(hexDigit(digits.charCodeAt(first))) - 28)

  // The leading bit has weight 2^e; the lowest bit that the format has there has weight 2^lowest.
  const e = length - 1 + scale
  const bias = 2 ** (w - 1) - 1
  if (e > bias) return 'the float is too large for the type'
  const subnormal = e < 1 - bias
  const lowest = (subnormal ? 1 - bias : e) - t
  const shift = scale - lowest
  let significand: bigint
  if (shift >= 0) {
    significand = m << BigInt(shift)
  } else {
    if (-shift >= length) return 'the float is too small for the type'
    significand = m >> BigInt(-shift)
    if (significand << BigInt(-shift) !== m) return 'the float has more significant bits than the type'
  }
  if (subnormal) return significand
  return (BigInt(e + bias) << BigInt(t)) | (significand & ((1n << BigInt(t)) - 1n))
}

/**
 * The text of a float: `negative`, the biased exponent, and the trailing significand as its hexadecimal digits, aligned to the
 * left (so that a fraction of 23 bits has 6 digits, the last one even).
 */
function format(negative: boolean, biased: number, digits: string, format: FloatFormat): string {
  const { exponentBits: w, significandBits: t } = format
  const bias = 2 ** (w - 1) - 1
  const zero = /^0*$/.test(digits)
  const minus = negative ? '-' : ''
  if (biased === 0) return zero ? `${minus}0.0` : `${minus}0x0.${digits}p${1 - bias}`
  if (biased < 2 * bias + 1) return `${minus}0x1.${digits}p${biased - bias}`
  const sign = negative ? '-' : '+'
  if (zero) return `${sign}Inf`
  const bits = BigInt(`0x${digits}`) >> BigInt(digits.length * 4 - t)
  const quietBit = 1n << BigInt(t - 1)
  if ((bits & quietBit) === 0n) return `${sign}sNaN:0x${bits.toString(16)}`
  const payload = bits ^ quietBit
  return payload === 0n ? `${sign}NaN` : `${sign}NaN:0x${payload.toString(16)}`
}

function hex(n: number, digits: number): string {
  return n.toString(16).padStart(digits, '0')
}

export function formatF16(bits: number): string {
  return format((bits & 0x8000) !== 0, (bits >> 10) & 0x1f, hex((bits & 0x3ff) << 2, 3), f16)
}
export function formatF32(bits: number): string {
  return format(bits < 0 || bits > 0x7fff_ffff, (bits >> 23) & 0xff, hex((bits & 0x7f_ffff) * 2, 6), f32)
}
/** From the two words of the bit pattern. */
export function formatF64(lo: number, hi: number): string {
  return format(hi < 0, (hi >>> 20) & 0x7ff, hex(hi & 0xf_ffff, 5) + hex(lo >>> 0, 8), f64)
}
/** From 16 bytes, little endian. */
export function formatF128(bytes: Uint8Array): string {
  let digits = ''
  for (let i = 13; i >= 0; i--) digits += hex(bytes[i], 2)
  const top = bytes[14] | (bytes[15] << 8)
  return format(top >= 0x8000, top & 0x7fff, digits, f128)
}
