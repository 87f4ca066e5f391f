// Vectors of f16 without Zvfh: computed four lanes at a time as f32, and rounded back. f32 has more than twice f16's precision and two bits, so that the second
// rounding of + - * / and sqrt is innocuous (Figueroa 1995); a fused multiply-add is computed as f64, where the sum is exact wherever it could matter, and
// rounded to odd on its way. Integers that f32 rounds are infinite as f16.
//
// The bits of f16 are moved in place, exactly, by integer operations and one multiplication or addition.
import { F32, type FloatCC, laneBits, laneCount, laneType, type Type, type Value, vectorOf } from '@k23/ir'
import {
  bitselect,
  ceil,
  fabs,
  fadd,
  fcc,
  fcmp,
  fcopysign,
  fcvt_from_sint,
  fcvt_from_uint,
  fcvt_to_sint_sat,
  fcvt_to_uint_sat,
  fdiv,
  type Flag,
  floor,
  fma,
  fmax,
  fmin,
  fmul,
  fneg,
  fsub,
  nearest,
  not,
  type Rule,
  sqrt,
  trunc,
  val,
  valOf,
  x86_cvtt2dq,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { VReg, XReg } from '../insts/index.ts'
import type { RiscvLower } from './driver.ts'
import { rule, zvfh } from './types.ts'
import {
  halfState,
  join,
  laneState,
  lanesOfMask,
  M0,
  merge,
  slideDown,
  v,
  v1,
  type VV,
  vf,
  vi,
  vv,
  vx,
} from './vector-context.ts'
import {
  compareLanes,
  type Conversion,
  extremeOf,
  floatsOf,
  fromSigned,
  fromUnsigned,
  RDN,
  RNE,
  round,
  RTZ,
  RUP,
  saturated,
  toSigned,
  toUnsigned,
} from './vector-float.ts'
import { halfVectors, intVectors } from './vector-sets.ts'
import { truncateLanes } from './vector-x86.ts'

/** Four lanes of f32, eight and four of f16, two of f64. */
const SINGLES = laneState(32, 4)
const EIGHT = laneState(16, 8)
const HALVES = halfState(16, 4)
const DOUBLES = laneState(64, 2)
const FOUR = vectorOf(F32, 4)

const word = (c: RiscvLower, k: number): XReg => c.li(k | 0, (k | 0) >> 31)
const single = (c: RiscvLower, bits: number) => c.lf(F32, bits, 0)

/** Lanes 4 * group to 4 * group + 3 as f32. */
function singles(c: RiscvLower, x: VReg, group: number): VReg {
  const st = SINGLES
  // The exponent moved to its place is 112 too small; subnormal numbers become normal by the product. Infinities and NaNs lack ones.
  const wide = v1(c, emit.vzext_vf2, st, slideDown(c, EIGHT, x, 4 * group))
  const top = vi(c, emit.vsll_vi, st, wide, 16)
  const magnitude = vi(c, emit.vsrl_vi, st, vx(c, emit.vand_vx, st, top, word(c, 0x7fff0000)), 3)
  const scaled = vf(c, emit.vfmul_vf, st, magnitude, single(c, 0x77800000))
  const special = vx(c, emit.vor_vx, st, scaled, word(c, 0x7f800000))
  emit.vmsgtu_vx(c, M0, word(c, 0x0f7fffff), magnitude, st)
  const r = merge(c, st, special, scaled)
  return vv(c, emit.vor_vv, st, r, vx(c, emit.vand_vx, st, top, word(c, 0x80000000)))
}

/** Four lanes of f32, rounded to f16. */
function halvesOf(c: RiscvLower, x: VReg): VReg {
  const st = SINGLES
  const sign = vx(c, emit.vand_vx, st, x, word(c, 0x80000000))
  // From 65536 on, and for a NaN, the number that comes out as infinity.
  const magnitude = vf(c, emit.vfmin_vf, st, vv(c, emit.vxor_vv, st, x, sign), single(c, 0x47800000))
  // A normal result: the exponent 112 less, and rounded up where what is cut off is more than half, or half behind an odd number.
  const odd = vi(c, emit.vand_vi, st, vi(c, emit.vsrl_vi, st, magnitude, 13), 1)
  const moved = vx(c, emit.vadd_vx, st, vv(c, emit.vadd_vv, st, magnitude, odd), word(c, 0xfff - 0x38000000))
  // A subnormal one: the last bit of sums from 0.5 to 1 is that of subnormal numbers.
  const added = vf(c, emit.vfadd_vf, st, magnitude, single(c, 0x3f000000))
  const sum = vx(c, emit.vadd_vx, st, added, word(c, -0x3f000000))
  const normal = vi(c, emit.vsrl_vi, st, moved, 13)
  emit.vmsltu_vx(c, M0, word(c, 0x38800000), magnitude, st)
  const finite = merge(c, st, sum, normal)
  const quiet = vx(c, emit.vor_vx, st, finite, word(c, 0x200))
  emit.vmfne_vv(c, M0, x, x, st)
  const r = vv(c, emit.vor_vv, st, merge(c, st, quiet, finite), vi(c, emit.vsrl_vi, st, sign, 16))
  return vi(c, emit.vnsrl_wi, HALVES, r, 0)
}

/** A vector by what is computed of each four lanes, which come out in `bits` bits each. */
function byFours(c: RiscvLower, t: Type, bits: number, f: (group: number) => VReg): VReg {
  const low = f(0)
  return laneCount(t) <= 4 ? low : join(c, laneState(bits, 8), low, f(1), 4)
}
const halves = (c: RiscvLower, t: Type, f: (group: number) => VReg): VReg => byFours(c, t, 16, (g) => halvesOf(c, f(g)))

const unary = (f: (c: RiscvLower, a: VReg) => VReg) => (c: RiscvLower, t: Type, x: Value) => {
  const a = v(c, x)
  return halves(c, t, (g) => f(c, singles(c, a, g)))
}
const binary = (f: (c: RiscvLower, a: VReg, b: VReg) => VReg) => (c: RiscvLower, t: Type, x: Value, y: Value) => {
  const a = v(c, x)
  const b = v(c, y)
  return halves(c, t, (g) => f(c, singles(c, a, g), singles(c, b, g)))
}
const operation = (op: VV) => binary((c, a, b) => vv(c, op, SINGLES, a, b))
const extreme = (op: VV) => binary((c, a, b) => extremeOf(c, op, SINGLES, a, b))
const rounding = (mode: number) => unary((c, a) => round(c, FOUR, mode, a))

function fused(c: RiscvLower, t: Type, x: Value, y: Value, z: Value): VReg {
  const operands = [v(c, x), v(c, y), v(c, z)]
  const half = halfState(32, 2)
  const two = (of: readonly VReg[]): VReg => {
    const [p, q, r] = of.map((s) => v1(c, emit.vfwcvt_f_f_v, half, s))
    const sum = vv(c, emit.vfadd_vv, DOUBLES, vv(c, emit.vfmul_vv, DOUBLES, p, q), r)
    return v1(c, emit.vfncvt_rod_f_f_w, half, sum)
  }
  return halves(c, t, (g) => {
    const of = operands.map((s) => singles(c, s, g))
    const low = two(of)
    if (laneCount(t) === 2) return low
    return join(c, SINGLES, low, two(of.map((s) => slideDown(c, SINGLES, s, 2))), 2)
  })
}

// ---- signs

const flip = (c: RiscvLower, _t: Type, x: Value): VReg => vx(c, emit.vxor_vx, EIGHT, v(c, x), word(c, 0x8000))
const magnitudeOf = (c: RiscvLower, _t: Type, x: Value): VReg => vx(c, emit.vand_vx, EIGHT, v(c, x), word(c, 0x7fff))
function copySign(c: RiscvLower, t: Type, x: Value, y: Value): VReg {
  const magnitude = magnitudeOf(c, t, x)
  return vv(c, emit.vor_vv, EIGHT, magnitude, vx(c, emit.vand_vx, EIGHT, v(c, y), word(c, 0x8000)))
}

// ---- comparisons

function set(c: RiscvLower, p: FloatCC, x: Value, y: Value): VReg {
  const a = v(c, x)
  const b = v(c, y)
  return byFours(c, c.func.typeOf(x), 16, (g) => {
    const inverted = compareLanes(c, p, SINGLES, singles(c, a, g), singles(c, b, g))
    return vi(c, emit.vnsrl_wi, HALVES, lanesOfMask(c, SINGLES, inverted), 0)
  })
}

/** y, and where the mask has ones what makes x of it. */
function choose(c: RiscvLower, p: FloatCC, a: Value, b: Value, x: Value, y: Value): VReg {
  const mask = set(c, p, a, b)
  const no = v(c, y)
  const differ = vv(c, emit.vxor_vv, EIGHT, v(c, x), no)
  return vv(c, emit.vxor_vv, EIGHT, vv(c, emit.vand_vv, EIGHT, differ, mask), no)
}

// ---- conversions

/** t with four lanes at most. */
const part = (t: Type): Type => vectorOf(laneType(t), Math.min(4, laneCount(t)))
const singlesLike = (t: Type): Type => vectorOf(F32, Math.min(4, laneCount(t)))

const fromInts = (how: Conversion) => (c: RiscvLower, t: Type, x: Value) => {
  const from = c.func.typeOf(x)
  const a = v(c, x)
  return halves(c, t, (g) => {
    const four = slideDown(c, laneState(laneBits(from), laneCount(from)), a, 4 * g)
    return floatsOf(c, how, singlesLike(t), part(from), four)
  })
}

const toInts = (f: (c: RiscvLower, t: Type, from: Type, a: VReg) => VReg) => (c: RiscvLower, t: Type, x: Value) => {
  const a = v(c, x)
  return byFours(c, t, laneBits(t), (g) => f(c, part(t), singlesLike(t), singles(c, a, g)))
}

const has: readonly Flag[] = [not(zvfh)]

// biome-ignore format: table
export const vectorHalfRules: Rule[] = [
  rule('v_fadd_half',      halfVectors, [val, val],      (x, y) => fadd(x, y),      operation(emit.vfadd_vv), { has }),
  rule('v_fsub_half',      halfVectors, [val, val],      (x, y) => fsub(x, y),      operation(emit.vfsub_vv), { has }),
  rule('v_fmul_half',      halfVectors, [val, val],      (x, y) => fmul(x, y),      operation(emit.vfmul_vv), { has }),
  rule('v_fdiv_half',      halfVectors, [val, val],      (x, y) => fdiv(x, y),      operation(emit.vfdiv_vv), { has }),
  rule('v_sqrt_half',      halfVectors, [val],           (x) => sqrt(x),            unary((c, a) => v1(c, emit.vfsqrt_v, SINGLES, a)), { has }),
  rule('v_fma_half',       halfVectors, [val, val, val], (x, y, z) => fma(x, y, z), fused, { has }),
  rule('v_fneg_half',      halfVectors, [val],           (x) => fneg(x),            flip, { has }),
  rule('v_fabs_half',      halfVectors, [val],           (x) => fabs(x),            magnitudeOf, { has }),
  rule('v_fcopysign_half', halfVectors, [val, val],      (x, y) => fcopysign(x, y), copySign, { has }),
  rule('v_fmin_half',      halfVectors, [val, val],      (x, y) => fmin(x, y),      extreme(emit.vfmin_vv), { has }),
  rule('v_fmax_half',      halfVectors, [val, val],      (x, y) => fmax(x, y),      extreme(emit.vfmax_vv), { has }),
  rule('v_ceil_half',      halfVectors, [val],           (x) => ceil(x),            rounding(RUP), { has }),
  rule('v_floor_half',     halfVectors, [val],           (x) => floor(x),           rounding(RDN), { has }),
  rule('v_trunc_half',     halfVectors, [val],           (x) => trunc(x),           rounding(RTZ), { has }),
  rule('v_nearest_half',   halfVectors, [val],           (x) => nearest(x),         rounding(RNE), { has }),
  rule('v_fcmp_half',      halfVectors, [fcc(), val, val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => set(c, p as FloatCC, x, y), { has }),
  rule('v_bitselect_fcmp_half', intVectors, [fcc(), valOf(halfVectors), val, val, val], (p, a, b, x, y) => bitselect(fcmp(p, a, b), x, y), (c, _t, p, a, b, x, y) => choose(c, p as FloatCC, a, b, x, y), { has }),

  rule('v_from_sint_half',   halfVectors, [valOf(intVectors)],  (x) => fcvt_from_sint(x),   fromInts(fromSigned), { has }),
  rule('v_from_uint_half',   halfVectors, [valOf(intVectors)],  (x) => fcvt_from_uint(x),   fromInts(fromUnsigned), { has }),
  rule('v_to_sint_sat_half', intVectors,  [valOf(halfVectors)], (x) => fcvt_to_sint_sat(x), toInts((c, t, from, a) => saturated(c, toSigned, t, from, a)), { has }),
  rule('v_to_uint_sat_half', intVectors,  [valOf(halfVectors)], (x) => fcvt_to_uint_sat(x), toInts((c, t, from, a) => saturated(c, toUnsigned, t, from, a)), { has }),
  rule('v_cvtt2dq_half',     intVectors,  [valOf(halfVectors)], (x) => x86_cvtt2dq(x),      toInts(truncateLanes), { has }),
]
