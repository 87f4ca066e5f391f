// Lanes: copies between lanes and scalars, changes of lane width, tests over all lanes, other views of the same bits, selection of whole vectors; and the
// rules for constants and permutations.
import {
  BIG,
  F16,
  F32,
  F64,
  I16,
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
import { vectorOf } from './vector-constants.ts'
import {
  halfState,
  join,
  lane0,
  laneState,
  M0,
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
  WORDS,
} from './vector-context.ts'
import { intVectors, vectors, wideVectors } from './vector-sets.ts'
import { shuffleBytes, swizzleBytes } from './vector-shuffle.ts'
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
  if (lanes === 1) {
    // One lane is a scalar.
    const lane = lane0(c, stateOf(t), a)
    return op === emit.vzext_vf2 ? c.zextReg(lane, laneType(t)) : lane
  }
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
