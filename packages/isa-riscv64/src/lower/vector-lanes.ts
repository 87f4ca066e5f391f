// Lanes: constants, copies between lanes and scalars, permutations, changes of lane width, tests over all lanes, selection of whole vectors.
//
// Nothing here relies on lanes beyond 128 bits being zero or on VLEN being 128: a gather index past the vector is looked at, not trusted to give zero.
import {
  BIG,
  F16,
  F32,
  F64,
  I16,
  I8X16,
  isFloatLane,
  laneBits,
  laneCount,
  laneType,
  type MemFlags,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
  anyInt,
  bitcast,
  constant,
  extractlane,
  f128,
  fits64,
  flags,
  i128,
  iconst,
  immediate,
  insertlane,
  intRange,
  lane,
  type Rule,
  scalar_to_vector,
  select,
  select_spectre_guard,
  shuffle,
  snarrow,
  splat,
  swiden_high,
  swiden_low,
  swizzle,
  type TypeSet,
  typeUnion,
  unarrow,
  uunarrow,
  uwiden_high,
  uwiden_low,
  val,
  valOf,
  vall_true,
  vany_true,
  vconst,
  vhigh_bits,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { FReg, VReg, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { type Comparison, maskOf, nonZero, truth } from './compare.ts'
import type { RiscvLower } from './driver.ts'
import { floats } from './float.ts'
import { rule } from './types.ts'
import {
  constantVector,
  halfState,
  join,
  lane0,
  laneState,
  M0,
  merge,
  mergeI,
  partState,
  slideDown,
  splatI,
  splatX,
  stateOf,
  tv,
  v,
  v1,
  type V1,
  vi,
  type VI,
  vv,
  vx,
} from './vector-context.ts'
import { intVectors, vectors, wideVectors } from './vector-sets.ts'
import * as T from '../table.ts'

// ---- scalars and lanes

/** The bits of a scalar that becomes a lane, in an integer register; undefined where it is a float that goes there as one. */
function laneInt(c: RiscvLower, x: Value): XReg | undefined {
  const t = c.func.typeOf(x)
  if (t === F16) return c.halfBits(c.f(x))
  return t === F32 || t === F64 ? undefined : c.x(x)
}

function splatValue(c: RiscvLower, t: Type, x: Value): VReg {
  const i = laneInt(c, x)
  if (i !== undefined) return splatX(c, stateOf(t), i)
  const d = tv(c)
  emit.vfmv_v_f(c, d, c.f(x), stateOf(t))
  return d
}

/** Lane 0 of x as a value of t's lane type. */
function firstLane(c: RiscvLower, t: Type, x: VReg): XReg | FReg {
  const type = laneType(t)
  if (!isFloatLane(t)) return lane0(c, stateOf(t), x)
  if (type === F16) return c.halfFromBits(lane0(c, stateOf(t), x))
  const d = c.tf()
  emit.vfmv_f_s(c, d, x, stateOf(t))
  return d
}

function extract(c: RiscvLower, t: Type, x: Value, n: number): XReg | FReg {
  return firstLane(c, t, slideDown(c, stateOf(t), v(c, x), n))
}

/** v0: a one for lane n only. */
function oneLane(c: RiscvLower, t: Type, n: number): void {
  const st = stateOf(t)
  if (n < 4 && laneCount(t) <= 8) {
    // The bits of the lanes lie in the first byte.
    emit.vmv_v_i(c, M0, 1 << n, st)
    return
  }
  const numbers = tv(c)
  emit.vid_v(c, numbers, st)
  emit.vmseq_vi(c, M0, numbers, n, st)
}

function insert(c: RiscvLower, t: Type, x: Value, y: Value, n: number): VReg {
  const st = stateOf(t)
  const into = v(c, x)
  const i = laneInt(c, y)
  const f = i === undefined ? c.f(y) : undefined
  oneLane(c, t, n)
  const d = tv(c)
  if (i !== undefined) emit.vmerge_vxm(c, d, i, M0, into, st)
  else emit.vfmerge_vfm(c, d, f as FReg, M0, into, st)
  return d
}

/** Lane 0, zeros behind it. */
function fromScalar(c: RiscvLower, t: Type, x: Value): VReg {
  const zero = splatI(c, stateOf(t), 0)
  const st = partState(t, laneCount(t), true)
  const i = laneInt(c, x)
  const d = tv(c)
  if (i !== undefined) emit.vmv_s_x(c, d, zero, i, st)
  else emit.vfmv_s_f(c, d, zero, c.f(x), st)
  return d
}

// ---- constants

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

// ---- permutations

const BYTES = laneState(8, 16)
const WORDS = laneState(64, 2)

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

function shuffleBytes(c: RiscvLower, x: Value, y: Value, immediateIndex: number): VReg {
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
function swizzleBytes(c: RiscvLower, x: Value, y: Value): VReg {
  const places = v(c, y)
  const picked = vv(c, emit.vrgather_vv, BYTES, v(c, x), places)
  emit.vmsgtu_vi(c, M0, places, 15, BYTES)
  return mergeI(c, BYTES, 0, picked)
}

// ---- lane widths

/** Lanes of x, then of y, clamped to half the width. */
const narrow = (op: VI, fromSigned: boolean) => (c: RiscvLower, t: Type, x: Value, y: Value) => {
  const bits = laneBits(t) / 2
  const lanes = laneCount(t)
  const half = (a: VReg): VReg => {
    // What is negative is 0 as unsigned.
    const b = fromSigned ? vx(c, emit.vmax_vx, stateOf(t), a, X0) : a
    return vi(c, op, halfState(bits, lanes), b, 0)
  }
  const low = half(v(c, x))
  return join(c, laneState(bits, 2 * lanes), low, x === y ? low : half(v(c, y)), lanes)
}

const widen = (op: V1, high: boolean) => (c: RiscvLower, t: Type, x: Value) => {
  const lanes = laneCount(t) / 2
  const a = high ? slideDown(c, stateOf(t), v(c, x), lanes) : v(c, x)
  return v1(c, op, laneState(laneBits(t) * 2, lanes), a)
}

// ---- tests over all lanes

/** How many lanes of x compare with zero by `op`. */
function countLanes(c: RiscvLower, op: VI, x: Value): XReg {
  const st = stateOf(c.func.typeOf(x))
  op(c, M0, v(c, x), 0, st)
  const d = c.tx()
  emit.vcpop_m(c, d, M0, st)
  return d
}

function highBits(c: RiscvLower, x: Value): XReg {
  const t = c.func.typeOf(x)
  const lanes = laneCount(t)
  emit.vmslt_vx(c, M0, X0, v(c, x), stateOf(t))
  const all = lane0(c, laneState(16, 1), M0)
  return lanes === 16 ? c.zextReg(all, I16) : c.rri(emit.andi, all, (1 << lanes) - 1)
}

// ---- bits

/** Bytes of each of `lanes` lanes of `bits` bits in reverse order. */
export function reverseBytes(c: RiscvLower, bits: number, lanes: number, x: VReg): VReg {
  let r = x
  // Exchange halves, of ever shorter lanes.
  if (bits === 128) r = join(c, WORDS, slideDown(c, WORDS, x, 1), x, 1)
  for (let n = Math.min(bits, 64); n > 8; n /= 2) {
    const st = laneState(n, (lanes * bits) / n)
    const h = n / 2
    const up = h < 32 ? vi(c, emit.vsll_vi, st, r, h) : vx(c, emit.vsll_vx, st, r, c.li(h, 0))
    const down = h < 32 ? vi(c, emit.vsrl_vi, st, r, h) : vx(c, emit.vsrl_vx, st, r, c.li(h, 0))
    r = vv(c, emit.vor_vv, st, up, down)
  }
  return r
}

/** Bits of type `from` as those of type t: where `f` says big-endian, as if stored and loaded in that order, each lane highest byte first. */
function reorder(c: RiscvLower, t: Type, from: Type, x: VReg, f: MemFlags): VReg {
  if ((f & BIG) === 0 || laneBits(from) === laneBits(t)) return x
  return reverseBytes(c, laneBits(t), laneCount(t), reverseBytes(c, laneBits(from), laneCount(from), x))
}

function reinterpret(c: RiscvLower, t: Type, x: Value, f: MemFlags): VReg {
  return reorder(c, t, c.func.typeOf(x), v(c, x), f)
}

const scalars: TypeSet = typeUnion(fits64, floats)
const pairs: TypeSet = typeUnion(i128, f128)

function fromScalarBits(c: RiscvLower, t: Type, x: Value, f: MemFlags): VReg {
  const from = c.func.typeOf(x)
  const st = laneState(laneBits(from), 1)
  const i = laneInt(c, x)
  if (i !== undefined) return reorder(c, t, from, splatX(c, st, i), f)
  const d = tv(c)
  emit.vfmv_v_f(c, d, c.f(x), st)
  return reorder(c, t, from, d, f)
}

function toScalarBits(c: RiscvLower, t: Type, x: Value, f: MemFlags): XReg | FReg {
  return firstLane(c, t, reorder(c, t, c.func.typeOf(x), v(c, x), f))
}

function fromPair(c: RiscvLower, t: Type, x: Value, f: MemFlags): VReg {
  const both = vx(c, emit.vslide1up_vx, WORDS, splatX(c, WORDS, c.hi(x)), c.lo(x))
  return reorder(c, t, c.func.typeOf(x), both, f)
}
function toPair(c: RiscvLower, t: Type, x: Value, f: MemFlags): number {
  const a = reorder(c, t, c.func.typeOf(x), v(c, x), f)
  const lo = lane0(c, WORDS, a)
  return c.pair(lo, lane0(c, WORDS, slideDown(c, WORDS, a, 1)))
}

// ---- selection

function selectBy(c: RiscvLower, { row, a, b }: Comparison, x: Value, y: Value): VReg {
  const d = tv(c)
  const w = c.words
  const yes = v(c, x)
  const no = v(c, y)
  w.push(T.SELECT_V | (7 << 16))
  w.push(row)
  w.push(d)
  w.push(yes)
  w.push(a)
  w.push(b)
  w.push(no)
  return d
}

/** Without a branch: by a mask. */
function guard(c: RiscvLower, t: Type, k: Value, x: Value, y: Value): VReg {
  const st = stateOf(t)
  const no = v(c, y)
  const differ = vv(c, emit.vxor_vv, st, v(c, x), no)
  return vv(c, emit.vxor_vv, st, no, vx(c, emit.vand_vx, st, differ, maskOf(c, truth(c, k))))
}

const small = intRange(-16, 15)

// biome-ignore format: table
export const vectorLaneRules: Rule[] = [
  rule('v_splat_imm',   intVectors, [small],         (k) => splat(iconst(k)),                 (c, t, k) => splatI(c, stateOf(t), k)),
  rule('v_splat',       vectors, [val],              (x) => splat(x),                         splatValue),
  rule('v_vconst',      vectors, [constant],         (k) => vconst(k),                        (c, t, k) => vectorOf(c, t, c.func.constants[k])),
  rule('v_extractlane', vectors, [val, lane],        (x, n) => extractlane(x, n),             extract),
  rule('v_insertlane',  vectors, [val, val, lane],   (x, y, n) => insertlane(x, y, n),        insert),
  rule('v_from_scalar', vectors, [val],              (x) => scalar_to_vector(x),              fromScalar),

  rule('v_shuffle',     any, [val, val, immediate],  (x, y, k) => shuffle(x, y, k),           (c, _t, x, y, k) => shuffleBytes(c, x, y, k)),
  rule('v_swizzle',     any, [val, val],             (x, y) => swizzle(x, y),                 (c, _t, x, y) => swizzleBytes(c, x, y)),

  rule('v_snarrow',     wideVectors, [val, val],     (x, y) => snarrow(x, y),                 narrow(emit.vnclip_wi, false)),
  rule('v_unarrow',     wideVectors, [val, val],     (x, y) => unarrow(x, y),                 narrow(emit.vnclipu_wi, true)),
  rule('v_uunarrow',    wideVectors, [val, val],     (x, y) => uunarrow(x, y),                narrow(emit.vnclipu_wi, false)),
  rule('v_swiden_low',  intVectors, [val],           (x) => swiden_low(x),                    widen(emit.vsext_vf2, false)),
  rule('v_swiden_high', intVectors, [val],           (x) => swiden_high(x),                   widen(emit.vsext_vf2, true)),
  rule('v_uwiden_low',  intVectors, [val],           (x) => uwiden_low(x),                    widen(emit.vzext_vf2, false)),
  rule('v_uwiden_high', intVectors, [val],           (x) => uwiden_high(x),                   widen(emit.vzext_vf2, true)),

  rule('v_any_true',    vectors, [val],              (x) => vany_true(x),                     (c, _t, x) => c.rrr(emit.sltu, X0, countLanes(c, emit.vmsne_vi, x))),
  rule('v_all_true',    vectors, [val],              (x) => vall_true(x),                     (c, _t, x) => c.rri(emit.sltiu, countLanes(c, emit.vmseq_vi, x), 1)),
  rule('v_high_bits',   anyInt,  [valOf(vectors)],   (x) => vhigh_bits(x),                    (c, _t, x) => highBits(c, x)),

  rule('v_bitcast',        vectors, [valOf(vectors), flags], (x, f) => bitcast(x, f),         reinterpret),
  rule('v_bitcast_scalar', vectors, [valOf(scalars), flags], (x, f) => bitcast(x, f),         fromScalarBits),
  rule('v_bitcast_pair',   vectors, [valOf(pairs), flags],   (x, f) => bitcast(x, f),         fromPair),
  rule('v_bitcast_to_scalar', scalars, [valOf(vectors), flags], (x, f) => bitcast(x, f),      toScalarBits),
  rule('v_bitcast_to_pair', pairs,  [valOf(vectors), flags], (x, f) => bitcast(x, f),         toPair),

  rule('v_select',      vectors, [val, val, val],    (k, x, y) => select(k, x, y),            (c, _t, k, x, y) => selectBy(c, nonZero(c, k), x, y)),
  rule('v_guard',       vectors, [val, val, val],    (k, x, y) => select_spectre_guard(k, x, y), guard),
]
