// CLIF types as packed 16-bit integers.
//
//   bits 0-3  lane code: 0 INVALID, 1 i8, 2 i16, 3 i32, 4 i64, 5 i128, 6 f16, 7 f32, 8 f64, 9 f128
//   bits 4-7  log2 of the lane count (0 = scalar)
//   bit  8    dynamic vector: the lane count is multiplied by a scale that is known at run time
//
// So a scalar type is its lane code, and the type of a vector's lanes is `type & 15`.
import type { Packed } from '@k23/entity'

export type Type = Packed<'Type'>

export const INVALID: Type = 0 as Type
export const I8: Type = 1 as Type
export const I16: Type = 2 as Type
export const I32: Type = 3 as Type
export const I64: Type = 4 as Type
export const I128: Type = 5 as Type
export const F16: Type = 6 as Type
export const F32: Type = 7 as Type
export const F64: Type = 8 as Type
export const F128: Type = 9 as Type

const DYNAMIC = 1 << 8

export const I8X16: Type = vectorOf(I8, 16)
export const I16X8: Type = vectorOf(I16, 8)
export const I32X4: Type = vectorOf(I32, 4)
export const I64X2: Type = vectorOf(I64, 2)
export const F32X4: Type = vectorOf(F32, 4)
export const F64X2: Type = vectorOf(F64, 2)

const laneNames = ['invalid', 'i8', 'i16', 'i32', 'i64', 'i128', 'f16', 'f32', 'f64', 'f128']
const laneBitsByCode = Uint8Array.of(0, 8, 16, 32, 64, 128, 16, 32, 64, 128)

/** The type of one lane; a scalar is its own lane type. */
export function laneType(t: Type): Type {
  return (t & 15) as Type
}
/** log2 of the number of lanes (the minimum number, for a dynamic vector). */
export function log2LaneCount(t: Type): number {
  return (t >> 4) & 15
}
/** Number of lanes: 1 for a scalar; the minimum for a dynamic vector. */
export function laneCount(t: Type): number {
  return 1 << ((t >> 4) & 15)
}
/** Bits of one lane. */
export function laneBits(t: Type): number {
  return laneBitsByCode[t & 15]
}
/** Bits in all (the minimum, for a dynamic vector). */
export function bits(t: Type): number {
  return laneBitsByCode[t & 15] << ((t >> 4) & 15)
}
/** Bytes in all. */
export function bytes(t: Type): number {
  return bits(t) >> 3
}
/** A vector type of `lanes` (a power of two, 2 to 256) times scalar `lane`. */
export function vectorOf(lane: Type, lanes: number): Type {
  return (lane | ((31 - Math.clz32(lanes)) << 4)) as Type
}
/** The dynamic vector type whose minimum is `t`. */
export function dynamicOf(t: Type): Type {
  return (t | DYNAMIC) as Type
}
export function isDynamic(t: Type): boolean {
  return (t & DYNAMIC) !== 0
}
/** A vector of any kind. */
export function isVector(t: Type): boolean {
  return t > 15
}
export function isScalar(t: Type): boolean {
  return t > 0 && t <= 15
}
/** A scalar integer. */
export function isInt(t: Type): boolean {
  return t >= 1 && t <= 5
}
/** A scalar float. */
export function isFloat(t: Type): boolean {
  return t >= 6 && t <= 9
}
export function isIntLane(t: Type): boolean {
  const l = t & 15
  return l >= 1 && l <= 5
}
export function isFloatLane(t: Type): boolean {
  return (t & 15) >= 6
}
/** `t` with its lanes replaced by integers of the same width. */
export function asInt(t: Type): Type {
  return intOfBits(laneBits(t), t)
}
function intOfBits(n: number, shape: Type): Type {
  const code = n === 8 ? 1 : n === 16 ? 2 : n === 32 ? 3 : n === 64 ? 4 : 5
  return ((shape & ~15) | code) as Type
}
/** The scalar integer type of `n` bits (8, 16, 32, 64 or 128). */
export function intType(n: number): Type {
  return intOfBits(n, INVALID)
}

/** The text form: `i32`, `f32x4`, `i8x16xN`. */
export function typeName(t: Type): string {
  const lane = laneNames[t & 15]
  const n = laneCount(t)
  return n === 1 ? lane : isDynamic(t) ? `${lane}x${n}xN` : `${lane}x${n}`
}

/** Parses a text form; INVALID where it names no type. */
export function parseType(text: string): Type {
  const m = /^([if]\d+)(?:x(\d+)(xN)?)?$/.exec(text)
  if (m === null) return INVALID
  const code = laneNames.indexOf(m[1])
  if (code < 1) return INVALID
  if (m[2] === undefined) return code as Type
  const n = Number(m[2])
  if (n < 2 || n > 256 || (n & (n - 1)) !== 0 || m[2].startsWith('0')) return INVALID
  const t = vectorOf(code as Type, n)
  return m[3] === undefined ? t : dynamicOf(t)
}
