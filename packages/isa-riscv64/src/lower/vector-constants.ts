// Vector constants: small equal lanes are an immediate, others go through an integer register, lane numbers are vid, the rest is loaded from behind the function.
import { laneBits, laneCount, type Type } from '@k23/ir'
import { emit } from '../insts/index.ts'
import type { VReg } from '../insts/index.ts'
import type { RiscvLower } from './driver.ts'
import { constantVector, laneState, splatI, splatX, stateOf, tv } from './vector-context.ts'

/** Lane k of constant bytes, as two words, sign-extended. */
function laneWords(bytes: Uint8Array, bits: number, k: number): [number, number] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bits === 64) return [view.getInt32(8 * k, true), view.getInt32(8 * k + 4, true)]
  const n = bits === 32 ? view.getInt32(4 * k, true) : bits === 16 ? view.getInt16(2 * k, true) : view.getInt8(k)
  return [n, n >> 31]
}

/** The narrowest lanes, from `bits` on, that are all equal; 0 where there are none. */
function periodOf(bytes: Uint8Array, bits: number): number {
  for (let n = bits; n <= 64 && n < bytes.length * 8; n *= 2) {
    const size = n / 8
    if (bytes.every((b, i) => b === bytes[i % size])) return n
  }
  return 0
}

export function vectorOf(c: RiscvLower, t: Type, bytes: Uint8Array): VReg {
  const bits = laneBits(t)
  // Equal lanes: small ones are an immediate in any lane width, others go through an integer register.
  for (const n of [bits, 8, 16, 32, 64]) {
    if (n > bytes.length * 8 || periodOf(bytes, n) !== n) continue
    const [lo, hi] = laneWords(bytes, n, 0)
    if (hi === lo >> 31 && lo >= -16 && lo <= 15) return splatI(c, laneState(n, (bytes.length * 8) / n), lo)
  }
  const n = periodOf(bytes, bits)
  if (n !== 0) {
    const [lo, hi] = laneWords(bytes, n, 0)
    return splatX(c, laneState(n, (bytes.length * 8) / n), c.li(lo, hi))
  }
  const lanes = laneCount(t)
  if (Array.from({ length: lanes }, (_, k) => laneWords(bytes, bits, k)).every(([lo, hi], k) => lo === k && hi === 0)) {
    const d = tv(c)
    emit.vid_v(c, d, stateOf(t))
    return d
  }
  return constantVector(c, stateOf(t), bytes)
}
