// Permutations of bytes. A gather index past the vector is looked at, not trusted to give zero: VLEN may be more than 128.
import { I8X16, type Value } from '@k23/ir'
import { emit } from '../insts/index.ts'
import type { VReg } from '../insts/index.ts'
import type { RiscvLower } from './driver.ts'
import { vectorOf } from './vector-constants.ts'
import { halfState, join, laneState, M0, merge, mergeI, slideDown, tv, v, vi, vv, vx, WORDS } from './vector-context.ts'

const BYTES = laneState(8, 16)

/** Bytes of x at constant places below 16. */
function gather(c: RiscvLower, x: VReg, mask: readonly number[]): VReg {
  if (mask.every((k, i) => k === i)) return x
  for (const bits of [8, 16, 32, 64]) {
    // One lane everywhere.
    const size = bits / 8
    const first = mask[0]
    if (first % size === 0 && mask.every((k, i) => k === first + (i % size)))
      return vi(c, emit.vrgather_vi, laneState(bits, 16 / size), x, first / size)
  }
  return vv(c, emit.vrgather_vv, BYTES, x, vectorOf(c, I8X16, Uint8Array.from(mask)))
}

/** Where the bytes of x followed by those of y are shifted down: by how much, else -1. */
function slideOf(mask: readonly number[]): number {
  const by = mask[0]
  return by > 0 && by < 16 && mask.every((k, i) => k === by + i) ? by : -1
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.every((k, i) => k === b[i])
/** The byte mask of a mask of lanes of `size` bytes. */
const bytesOf = (lanes: readonly number[], size: number): number[] =>
  lanes.flatMap((lane) => Array.from({ length: size }, (_, k) => lane * size + k))

/** v0 = these 16 bits. */
function maskBits(c: RiscvLower, ones: number): void {
  emit.vmv_v_x(c, M0, c.li((ones << 16) >> 16, (ones << 16) >> 31), laneState(16, 1))
}

/**
 * Lanes of a and b in turn, from a's lane `from` on: a + b * 2^bits in lanes of twice the width, as a + b and b times the greatest number of a lane (without
 * overflow, since the sum of all is below 2^(2 bits)).
 */
function interleave(c: RiscvLower, bits: number, a: VReg, b: VReg, from: number): VReg {
  const st = laneState(bits, 128 / bits)
  const half = halfState(bits, 64 / bits)
  const low = slideDown(c, st, a, from)
  const high = slideDown(c, st, b, from)
  const d = tv(c)
  emit.vwmaccu_vx(c, d, vv(c, emit.vwaddu_vv, half, low, high), c.li(-1, -1), high, half)
  return d
}

/** Shuffles of two operands that have short forms, a being bytes 0 to 15 of the mask; undefined where this is none. */
function shuffleOfTwo(c: RiscvLower, mask: readonly number[], a: VReg, b: VReg): VReg | undefined {
  const by = slideOf(mask)
  if (by !== -1) return join(c, BYTES, slideDown(c, BYTES, a, by), b, 16 - by)
  for (const bits of [8, 16, 32]) {
    const size = bits / 8
    const n = 16 / size
    for (const from of [0, n / 2]) {
      const lanes = Array.from({ length: n }, (_, i) => from + (i >> 1) + (i & 1) * n)
      if (same(mask, bytesOf(lanes, size))) return interleave(c, bits, a, b, from)
    }
    for (const odd of [0, 1]) {
      const lanes = Array.from({ length: n }, (_, i) => 2 * i + odd)
      if (!same(mask, bytesOf(lanes, size))) continue
      // Halves of lanes of twice the width.
      const st = halfState(bits, n / 2)
      const shift = odd * bits
      const pick = (x: VReg): VReg =>
        shift < 32 ? vi(c, emit.vnsrl_wi, st, x, shift) : vx(c, emit.vnsrl_wx, st, x, c.li(shift, 0))
      return join(c, laneState(bits, n), pick(a), pick(b), n / 2)
    }
  }
  // Two halves, the first of a, the second of b.
  for (const first of [0, 1])
    for (const second of [0, 1])
      if (same(mask, bytesOf([first, 2 + second], 8)))
        return join(c, WORDS, slideDown(c, WORDS, a, first), slideDown(c, WORDS, b, second), 1)
  return undefined
}

export function shuffleBytes(c: RiscvLower, x: Value, y: Value, immediateIndex: number): VReg {
  let mask = [...c.func.immediates[immediateIndex]]
  if (x === y) mask = mask.map((k) => k & 15)
  if (mask.every((k) => k < 16)) return gather(c, v(c, x), mask)
  const swapped = mask.map((k) => k ^ 16)
  if (swapped.every((k) => k < 16)) return gather(c, v(c, y), swapped)
  const a = v(c, x)
  const b = v(c, y)
  const short = shuffleOfTwo(c, mask, a, b) ?? shuffleOfTwo(c, swapped, b, a)
  if (short !== undefined) return short
  // From x everywhere, from y everywhere, and from either as v0 says.
  const places = mask.map((k) => k & 15)
  const inPlace = places.every((k, i) => k === i)
  const index = inPlace ? undefined : vectorOf(c, I8X16, Uint8Array.from(places))
  const fromX = index === undefined ? a : vv(c, emit.vrgather_vv, BYTES, a, index)
  const fromY = index === undefined ? b : vv(c, emit.vrgather_vv, BYTES, b, index)
  maskBits(
    c,
    mask.reduce((ones, k, i) => ones | ((k >> 4) << i), 0),
  )
  return merge(c, BYTES, fromY, fromX)
}

/** Indices above 15 give 0. */
export function swizzleBytes(c: RiscvLower, x: Value, y: Value): VReg {
  const places = v(c, y)
  const picked = vv(c, emit.vrgather_vv, BYTES, v(c, x), places)
  emit.vmsgtu_vi(c, M0, places, 15, BYTES)
  return mergeI(c, BYTES, 0, picked)
}
