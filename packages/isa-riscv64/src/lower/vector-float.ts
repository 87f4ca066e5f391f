// Float vectors. The machine gives the canonical NaN where CLIF allows any; vfmin and vfmax return the other operand for a NaN (IEEE 754-2019
// minimumNumber), CLIF wants the NaN. Conversions saturate by themselves, and give the maximum for a NaN.
import {
  FCC_EQ,
  FCC_GE,
  FCC_GT,
  FCC_LE,
  FCC_LT,
  FCC_NE,
  FCC_ONE,
  FCC_ORD,
  FCC_UEQ,
  FCC_UGE,
  FCC_UGT,
  FCC_ULE,
  FCC_ULT,
  type FloatCC,
  laneBits,
  laneCount,
  laneType,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
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
  floor,
  fma,
  fmax,
  fmin,
  fmul,
  fneg,
  fsub,
  fvdemote,
  fvpromote_low,
  nearest,
  type Rule,
  splat,
  sqrt,
  trunc,
  type TypeSet,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { VReg, Writable, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'
import {
  halfState,
  join,
  laneState,
  lanesOfMask,
  M0,
  merge,
  mergeI,
  splatI,
  stateOf,
  update,
  v,
  v1,
  type V1,
  type VF,
  vf,
  type VI,
  vi,
  type VV,
  vv,
  type VVV,
} from './vector-context.ts'
import { floatVectors, halfVectors, intVectors } from './vector-sets.ts'

/** Float vectors of any width: lanes of 16 bits take Zvfh here (without it: vector-half.ts). */
export const allFloats: TypeSet = typeUnion(floatVectors, halfVectors)

const two = (op: VV) => (c: RiscvLower, t: Type, x: Value, y: Value) => vv(c, op, stateOf(t), v(c, x), v(c, y))
const withScalar = (op: VF) => (c: RiscvLower, t: Type, x: Value, y: Value) => vf(c, op, stateOf(t), v(c, x), c.f(y))
const one = (op: V1) => (c: RiscvLower, t: Type, x: Value) => v1(c, op, stateOf(t), v(c, x))
const fused = (op: VVV) => (c: RiscvLower, t: Type, x: Value, y: Value, z: Value) =>
  update(c, op, stateOf(t), v(c, z), v(c, x), v(c, y))

/** Where neither is a NaN the machine's minimum or maximum, else their sum, which is a NaN. */
export function extremeOf(c: RiscvLower, op: VV, st: number, a: VReg, b: VReg): VReg {
  ordered(c, st, a, b)
  const m = vv(c, op, st, a, b)
  return merge(c, st, m, vv(c, emit.vfadd_vv, st, a, b))
}
const extreme = (op: VV) => (c: RiscvLower, t: Type, x: Value, y: Value) =>
  extremeOf(c, op, stateOf(t), v(c, x), v(c, y))

/** v0: neither is a NaN. */
function ordered(c: RiscvLower, st: number, a: VReg, b: VReg): void {
  if (a === b) emit.vmfeq_vv(c, M0, a, a, st)
  else {
    const other = vv(c, emit.vmfeq_vv, st, b, b)
    emit.vmfeq_vv(c, M0, a, a, st)
    emit.vmand_mm(c, M0, other, M0, st)
  }
}

// ---- rounding

const FRM = 0x002
/** Rounding modes of frm (20.2). */
export const RNE = 0
export const RTZ = 1
export const RDN = 2
export const RUP = 3

/**
 * Through an integer where the magnitude is below 2^(mantissa bits), with the sign of x for zeros; above, every value is integral. min(x, x) is x, and quiet for
 * a NaN. The rounding mode is in frm, which is RNE everywhere else.
 */
export function round(c: RiscvLower, t: Type, mode: number, a: VReg): VReg {
  const st = stateOf(t)
  const magnitude = vv(c, emit.vfsgnjx_vv, st, a, a)
  const n = laneBits(t)
  const limit = c.constF(laneType(t), n === 64 ? 2 ** 52 : n === 32 ? 2 ** 23 : 2 ** 10)
  emit.vmflt_vf(c, M0, limit, magnitude, st)
  let i: VReg
  if (mode === RTZ) i = v1(c, emit.vfcvt_rtz_x_f_v, st, a)
  else {
    const zero = X0 as Writable<XReg>
    if (mode !== RNE) emit.csrrwi(c, zero, FRM, mode)
    i = v1(c, emit.vfcvt_x_f_v, st, a)
    if (mode !== RNE) emit.csrrwi(c, zero, FRM, RNE)
  }
  const back = vv(c, emit.vfsgnj_vv, st, v1(c, emit.vfcvt_f_x_v, st, i), a)
  return merge(c, st, back, vv(c, emit.vfmin_vv, st, a, a))
}
const rounding = (mode: number) => (c: RiscvLower, t: Type, x: Value) => round(c, t, mode, v(c, x))

// ---- comparisons

/** x cc y into v0; returns whether v0 holds the opposite. */
export function compareLanes(c: RiscvLower, cc: FloatCC, st: number, a: VReg, b: VReg): boolean {
  const into = (op: VV, p: VReg, q: VReg, inverted = false): boolean => {
    op(c, M0, q, p, st)
    return inverted
  }
  const either = (inverted: boolean): boolean => {
    const less = vv(c, emit.vmflt_vv, st, a, b)
    into(emit.vmflt_vv, b, a)
    emit.vmor_mm(c, M0, less, M0, st)
    return inverted
  }
  switch (cc) {
    case FCC_EQ:
      return into(emit.vmfeq_vv, a, b)
    case FCC_NE:
      return into(emit.vmfne_vv, a, b)
    case FCC_LT:
      return into(emit.vmflt_vv, a, b)
    case FCC_LE:
      return into(emit.vmfle_vv, a, b)
    case FCC_GT:
      return into(emit.vmflt_vv, b, a)
    case FCC_GE:
      return into(emit.vmfle_vv, b, a)
    case FCC_ULT:
      return into(emit.vmfle_vv, b, a, true)
    case FCC_ULE:
      return into(emit.vmflt_vv, b, a, true)
    case FCC_UGT:
      return into(emit.vmfle_vv, a, b, true)
    case FCC_UGE:
      return into(emit.vmflt_vv, a, b, true)
    case FCC_ONE:
      return either(false)
    case FCC_UEQ:
      return either(true)
    default:
      ordered(c, st, a, b)
      return cc !== FCC_ORD
  }
}

function compare(c: RiscvLower, cc: FloatCC, st: number, x: Value, y: Value): boolean {
  const a = v(c, x)
  return compareLanes(c, cc, st, a, x === y ? a : v(c, y))
}

function set(c: RiscvLower, t: Type, cc: FloatCC, x: Value, y: Value): VReg {
  const st = stateOf(t)
  return lanesOfMask(c, st, compare(c, cc, st, x, y))
}

function choose(c: RiscvLower, _t: Type, cc: FloatCC, a: Value, b: Value, x: Value, y: Value): VReg {
  const st = stateOf(c.func.typeOf(a))
  const inverted = compare(c, cc, st, a, b)
  const yes = v(c, x)
  const no = v(c, y)
  return inverted ? merge(c, st, no, yes) : merge(c, st, yes, no)
}

// ---- conversions

/** How lanes are converted between integers and floats. */
export interface Conversion {
  /** Rows for a source of the same width, of half, of twice the width. */
  readonly rows: readonly [V1, V1, V1]
  /** Of integers: extends them to four and to eight times their width; halves their width, clamping them. */
  readonly extend: readonly [V1, V1]
  readonly clip: VI
}
// biome-ignore format: table
export const fromSigned: Conversion = { rows: [emit.vfcvt_f_x_v, emit.vfwcvt_f_x_v, emit.vfncvt_f_x_w], extend: [emit.vsext_vf4, emit.vsext_vf8], clip: emit.vnclip_wi }
// biome-ignore format: table
export const fromUnsigned: Conversion = { rows: [emit.vfcvt_f_xu_v, emit.vfwcvt_f_xu_v, emit.vfncvt_f_xu_w], extend: [emit.vzext_vf4, emit.vzext_vf8], clip: emit.vnclipu_wi }
// biome-ignore format: table
export const toSigned: Conversion = { rows: [emit.vfcvt_rtz_x_f_v, emit.vfwcvt_rtz_x_f_v, emit.vfncvt_rtz_x_f_w], extend: [emit.vsext_vf4, emit.vsext_vf8], clip: emit.vnclip_wi }
// biome-ignore format: table
export const toUnsigned: Conversion = { rows: [emit.vfcvt_rtz_xu_f_v, emit.vfwcvt_rtz_xu_f_v, emit.vfncvt_rtz_xu_f_w], extend: [emit.vzext_vf4, emit.vzext_vf8], clip: emit.vnclipu_wi }

/** x, lanes of n bits, in as many lanes of `to` bits, which are at most twice as wide or half as wide. */
function step(c: RiscvLower, { rows }: Conversion, lanes: number, n: number, to: number, x: VReg): VReg {
  if (to === n) return v1(c, rows[0], laneState(to, lanes), x)
  return to > n ? v1(c, rows[1], halfState(n, lanes), x) : v1(c, rows[2], halfState(to, lanes), x)
}

/**
 * Lanes of integers as floats. i64 to f16 goes by f64, which is exact where the result is finite, and by f32, rounded to odd, so that it is the last step that
 * rounds.
 */
export function floatsOf(c: RiscvLower, how: Conversion, t: Type, from: Type, x: VReg): VReg {
  const lanes = laneCount(t)
  const [n, to] = [laneBits(from), laneBits(t)]
  if (to >= 4 * n) {
    const wide = v1(c, how.extend[to === 4 * n ? 0 : 1], laneState(to, lanes), x)
    return step(c, how, lanes, to, to, wide)
  }
  if (n !== 4 * to) return step(c, how, lanes, n, to, x)
  const single = v1(c, emit.vfncvt_rod_f_f_w, halfState(32, lanes), step(c, how, lanes, 64, 64, x))
  return v1(c, emit.vfncvt_f_f_w, halfState(16, lanes), single)
}

/** Lanes of floats as integers, clamped; a NaN is the greatest. */
export function integersOf(c: RiscvLower, how: Conversion, t: Type, from: Type, x: VReg): VReg {
  const lanes = laneCount(t)
  const [n, to] = [laneBits(from), laneBits(t)]
  // f16 to i64
  if (to === 4 * n) return step(c, how, lanes, 32, 64, v1(c, emit.vfwcvt_f_f_v, halfState(16, lanes), x))
  if (n <= 2 * to) return step(c, how, lanes, n, to, x)
  let out = step(c, how, lanes, n, n / 2, x)
  for (let bits = n / 4; bits >= to; bits /= 2) out = vi(c, how.clip, halfState(bits, lanes), out, 0)
  return out
}

const fromInt = (how: Conversion) => (c: RiscvLower, t: Type, x: Value) =>
  floatsOf(c, how, t, c.func.typeOf(x), v(c, x))

/** NaN becomes 0. */
export function saturated(c: RiscvLower, how: Conversion, t: Type, from: Type, a: VReg): VReg {
  const i = integersOf(c, how, t, from, a)
  emit.vmfne_vv(c, M0, a, a, stateOf(from))
  return mergeI(c, stateOf(t), 0, i)
}
const saturating = (how: Conversion) => (c: RiscvLower, t: Type, x: Value) =>
  saturated(c, how, t, c.func.typeOf(x), v(c, x))

/** Two lanes in the low half, zeros above. */
function demote(c: RiscvLower, _t: Type, x: Value): VReg {
  const low = v1(c, emit.vfncvt_f_f_w, halfState(32, 2), v(c, x))
  const st = laneState(32, 4)
  return join(c, st, low, splatI(c, st, 0), 2)
}

// biome-ignore format: table
export const vectorFloatRules: Rule[] = [
  rule('v_fadd_f',      allFloats, [val, val],      (x, y) => fadd(x, splat(y)),               withScalar(emit.vfadd_vf)),
  rule('v_fadd',        allFloats, [val, val],      (x, y) => fadd(x, y),                      two(emit.vfadd_vv)),
  rule('v_fsub_f',      allFloats, [val, val],      (x, y) => fsub(x, splat(y)),               withScalar(emit.vfsub_vf)),
  rule('v_fsub_from',   allFloats, [val, val],      (x, y) => fsub(splat(y), x),               withScalar(emit.vfrsub_vf)),
  rule('v_fsub',        allFloats, [val, val],      (x, y) => fsub(x, y),                      two(emit.vfsub_vv)),
  rule('v_fmul_f',      allFloats, [val, val],      (x, y) => fmul(x, splat(y)),               withScalar(emit.vfmul_vf)),
  rule('v_fmul',        allFloats, [val, val],      (x, y) => fmul(x, y),                      two(emit.vfmul_vv)),
  rule('v_fdiv_f',      allFloats, [val, val],      (x, y) => fdiv(x, splat(y)),               withScalar(emit.vfdiv_vf)),
  rule('v_fdiv_from',   allFloats, [val, val],      (x, y) => fdiv(splat(y), x),               withScalar(emit.vfrdiv_vf)),
  rule('v_fdiv',        allFloats, [val, val],      (x, y) => fdiv(x, y),                      two(emit.vfdiv_vv)),
  rule('v_sqrt',        allFloats, [val],           (x) => sqrt(x),                            one(emit.vfsqrt_v)),
  rule('v_fma_neg_neg', allFloats, [val, val, val], (x, y, z) => fma(fneg(x), y, fneg(z)),     fused(emit.vfnmacc_vv)),
  rule('v_fma_sub',     allFloats, [val, val, val], (x, y, z) => fma(x, y, fneg(z)),           fused(emit.vfmsac_vv)),
  rule('v_fma_neg',     allFloats, [val, val, val], (x, y, z) => fma(fneg(x), y, z),           fused(emit.vfnmsac_vv)),
  rule('v_fma',         allFloats, [val, val, val], (x, y, z) => fma(x, y, z),                 fused(emit.vfmacc_vv)),
  rule('v_fneg',        allFloats, [val],           (x) => fneg(x),                            (c, t, x) => two(emit.vfsgnjn_vv)(c, t, x, x)),
  rule('v_fabs',        allFloats, [val],           (x) => fabs(x),                            (c, t, x) => two(emit.vfsgnjx_vv)(c, t, x, x)),
  rule('v_fcopysign',   allFloats, [val, val],      (x, y) => fcopysign(x, y),                 two(emit.vfsgnj_vv)),
  rule('v_fmin',        allFloats, [val, val],      (x, y) => fmin(x, y),                      extreme(emit.vfmin_vv)),
  rule('v_fmax',        allFloats, [val, val],      (x, y) => fmax(x, y),                      extreme(emit.vfmax_vv)),
  rule('v_ceil',        allFloats, [val],           (x) => ceil(x),                            rounding(RUP)),
  rule('v_floor',       allFloats, [val],           (x) => floor(x),                           rounding(RDN)),
  rule('v_trunc',       allFloats, [val],           (x) => trunc(x),                           rounding(RTZ)),
  rule('v_nearest',     allFloats, [val],           (x) => nearest(x),                         rounding(RNE)),
  rule('v_fcmp',        allFloats, [fcc(), val, val], (p, x, y) => fcmp(p, x, y),              set),
  rule('v_bitselect_fcmp', intVectors, [fcc(), valOf(allFloats), val, val, val], (p, a, b, x, y) => bitselect(fcmp(p, a, b), x, y), choose),

  rule('v_from_sint',   allFloats, [valOf(intVectors)], (x) => fcvt_from_sint(x),              fromInt(fromSigned)),
  rule('v_from_uint',   allFloats, [valOf(intVectors)], (x) => fcvt_from_uint(x),              fromInt(fromUnsigned)),
  rule('v_to_sint_sat', intVectors, [valOf(allFloats)], (x) => fcvt_to_sint_sat(x),            saturating(toSigned)),
  rule('v_to_uint_sat', intVectors, [valOf(allFloats)], (x) => fcvt_to_uint_sat(x),            saturating(toUnsigned)),
  rule('v_fvpromote_low', any,     [val],           (x) => fvpromote_low(x),                   (c, _t, x) => v1(c, emit.vfwcvt_f_f_v, halfState(32, 2), v(c, x))),
  rule('v_fvdemote',    any,       [val],           (x) => fvdemote(x),                        demote),
]
