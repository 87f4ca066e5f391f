// Operations of x64 bodies that are too long for generated text, on int32 pairs. Second results are in live bindings.

import { i64 } from '@k23/entity'
import { compareStrings, EXPANDED } from './strings.ts'

export let highWord = 0
export let quotientLo = 0
export let quotientHi = 0
export let remainderLo = 0
export let remainderHi = 0

function found(qLo: number, qHi: number, rLo: number, rHi: number): false {
  quotientLo = qLo
  quotientHi = qHi
  remainderLo = rLo
  remainderHi = rHi
  return false
}

const big = (lo: number, hi: number): bigint => (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))

/** Divides the 128 bits hi:lo; true if the divisor is 0 or the quotient needs more than 64 bits. */
export function divide(
  signed: boolean,
  hiLo: number,
  hiHi: number,
  lo: number,
  loHi: number,
  by: number,
  byHi: number,
): boolean {
  if ((by | byHi) === 0) return true
  if (!signed && (hiLo | hiHi) === 0) {
    const q = i64.udiv(lo, loHi, by, byHi)
    return found(q, i64.hi, i64.remLo, i64.remHi)
  }
  // By -1 the quotient of the most negative number does not fit; the other way takes it.
  if (signed && hiLo === loHi >> 31 && hiHi === loHi >> 31 && (by & byHi) !== -1) {
    const q = i64.sdiv(lo, loHi, by, byHi)
    return found(q, i64.hi, i64.remLo, i64.remHi)
  }
  let dividend = (big(hiLo, hiHi) << 64n) | big(lo, loHi)
  let divisor = big(by, byHi)
  if (signed) {
    dividend = BigInt.asIntN(128, dividend)
    divisor = BigInt.asIntN(64, divisor)
  }
  const q = dividend / divisor
  if (q !== (signed ? BigInt.asIntN(64, q) : BigInt.asUintN(64, q))) return true
  const r = dividend % divisor
  return found(low(q), high(q), low(r), high(r))
}

/** Address of the memory operand of the slot i (code-cache.ts). */
export function effectiveAddress(x: Int32Array, code: Int32Array, i: number): number {
  const base = code[i + 4]
  const index = code[i + 5]
  const disp = code[i + 6]
  let lo = (x[base] + disp) | 0
  let hi = (x[base | 1] + (disp >> 31) + (lo >>> 0 < disp >>> 0 ? 1 : 0)) | 0
  if (index !== 0) {
    const r = index & 255
    const s = (index >> 8) & 3
    const il = x[r] << s
    lo = (lo + il) | 0
    hi = (hi + ((x[r | 1] << s) | ((x[r] >>> 1) >>> ~s)) + (lo >>> 0 < il >>> 0 ? 1 : 0)) | 0
  }
  highWord = hi
  return lo
}

/** pdep: the low bits of a, in order, to the places of the ones in the mask. */
export function deposit(lo: number, hi: number, maskLo: number, maskHi: number): number {
  let taken = 0
  let resultLo = 0
  let resultHi = 0
  for (let n = 0; n < 64; n++) {
    if ((((n < 32 ? maskLo : maskHi) >>> (n & 31)) & 1) === 0) continue
    const bit = ((taken < 32 ? lo : hi) >>> (taken & 31)) & 1
    taken++
    if (n < 32) resultLo |= bit << n
    else resultHi |= bit << (n & 31)
  }
  highWord = resultHi
  return resultLo
}

/** crc32: the remainder with the polynomial 0x11EDC6F41 (Castagnoli), bits reversed, after `bytes` more bytes. */
export function crc32c(crc: number, lo: number, hi: number, bytes: number): number {
  for (let k = 0; k < bytes; k++) {
    crc ^= ((k < 4 ? lo : hi) >>> ((k & 3) * 8)) & 0xff
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (-(crc & 1) & 0x82f63b78)
  }
  return crc | 0
}

/** pext: the bits of a at the places of the ones in the mask, in order, at the bottom. */
export function extract(lo: number, hi: number, maskLo: number, maskHi: number): number {
  let taken = 0
  let resultLo = 0
  let resultHi = 0
  for (let n = 0; n < 64; n++) {
    if ((((n < 32 ? maskLo : maskHi) >>> (n & 31)) & 1) === 0) continue
    const bit = ((n < 32 ? lo : hi) >>> (n & 31)) & 1
    if (taken < 32) resultLo |= bit << taken
    else resultHi |= bit << (taken & 31)
    taken++
  }
  highWord = resultHi
  return resultLo
}

/** The mask and the flags of the last strings(). */
export const mask: Int32Array = new Int32Array(4)
export let stringFlags = 0

/** Compares two vector registers (their indices in the register file) as strings; returns the index. */
export function strings(
  x8: Uint8Array,
  a: number,
  b: number,
  imm: number,
  explicit: boolean,
  lengthA: number,
  lengthB: number,
): number {
  const bytes = (at: number): number[] => [...x8.subarray(at * 4, at * 4 + 16)]
  const lengths: [number | undefined, number | undefined] = explicit ? [lengthA, lengthB] : [undefined, undefined]
  const { result, index, flags, words } = compareStrings(bytes(a), bytes(b), imm, ...lengths)
  stringFlags = flags
  mask.fill(0)
  if ((imm & EXPANDED) === 0) mask[0] = result
  else {
    const bits = words ? 16 : 8
    for (let k = 0; k < 128 / bits; k++)
      if (((result >> k) & 1) !== 0) mask[(k * bits) >> 5] |= (2 ** bits - 1) << ((k * bits) & 31)
  }
  return index
}
