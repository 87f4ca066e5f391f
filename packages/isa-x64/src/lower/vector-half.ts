// Vectors of f16, computed four lanes at a time as f32, and rounded back. Why the second rounding is innocuous: float.ts. A fused multiply-add is computed as
// f64, where the sum is exact wherever it could matter, and rounded to odd on its way.
//
// F16C converts; without it the bits are moved in place, exactly, by integer operations and one multiplication or addition.
import { F32, type FloatCC, laneCount, type Type, type Value } from '@k23/ir'
import {
  ceil,
  fabs,
  fadd,
  fcc,
  fcmp,
  fcopysign,
  fdiv,
  floor,
  fma,
  fmax,
  fmin,
  fmul,
  fneg,
  fsub,
  nearest,
  type Rule,
  sqrt,
  trunc,
  val,
  valOf,
} from '@k23/rules'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { andMem, roundToOdd, xorMem } from './libcalls.ts'
import { rule } from './types.ts'
import {
  arithmetic,
  compareFloats,
  DOWN,
  maximum,
  minimum,
  NEAREST,
  predicate,
  round,
  TRUNCATE,
  UNORD,
  UP,
} from './vector-float.ts'
import { addLanes, greaterThan, sll, sra, srl, subLanes } from './vector-integer.ts'
import {
  and,
  apply,
  blend,
  halfVectors,
  high64,
  low64,
  or,
  splat32,
  unpackWords,
  vec,
  type VecOp,
} from './vector-sets.ts'

const minps = vec(emit.minps_rr, emit.vminps_rrr, emit.vminps_rrm)
const [mulps, addps] = [arithmetic.mul[0], arithmetic.add[0]]

/** Lanes 4 * group to 4 * group + 3 as f32. */
export function singles(c: X64Lower, x: Xmm, group: number): Xmm {
  if (c.has(feat.F16C)) return c.xone(emit.vcvtph2ps_rr, group === 0 ? x : high64(c, x, x))
  // The exponent moved to its place is 112 too small; subnormal numbers become normal by the product. Infinities and NaNs lack ones.
  const top = unpackWords(c, c.zero(), x, group === 1)
  const magnitude = srl(c, 2, and(c, top, splat32(c, 0x7fff0000)), 3)
  const scaled = apply(c, mulps, magnitude, splat32(c, 0x77800000))
  const special = greaterThan(c, 2, magnitude, splat32(c, 0x0f7fffff))
  const r = or(c, scaled, and(c, special, splat32(c, 0x7f800000)))
  return or(c, r, and(c, top, splat32(c, 0x80000000 | 0)))
}

/** Four lanes of f32, rounded to f16, in the low half. */
export function halvesOf(c: X64Lower, x: Xmm): Xmm {
  if (c.has(feat.F16C)) return c.xoneImm(emit.vcvtps2ph_rri, x, 0)
  const sign = and(c, x, splat32(c, 0x80000000 | 0))
  // From 65536 on, and for a NaN, the number that comes out as infinity.
  const magnitude = apply(c, minps, and(c, x, splat32(c, 0x7fffffff)), splat32(c, 0x47800000))
  // A normal result: the exponent 112 less, and rounded up where what is cut off is more than half, or half behind an odd number.
  const odd = and(c, srl(c, 2, magnitude, 13), splat32(c, 1))
  const moved = addLanes(c, 2, addLanes(c, 2, magnitude, odd), splat32(c, 0xfff - 0x38000000))
  // A subnormal one: the last bit of sums from 0.5 to 1 is that of subnormal numbers.
  const half = splat32(c, 0x3f000000)
  const sum = subLanes(c, 2, apply(c, addps, magnitude, half), half)
  const small = greaterThan(c, 2, splat32(c, 0x38800000), magnitude)
  const finite = blend(c, small, sum, srl(c, 2, moved, 13))
  const quiet = and(c, predicate(c, F32, x, x, UNORD), splat32(c, 0x200))
  const words = or(c, sll(c, 2, or(c, finite, quiet), 16), sign)
  const low = sra(c, 2, words, 16)
  return c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, low, low)
}

/** A vector of f16 by what is computed of each four lanes. */
export function byFours(c: X64Lower, t: Type, f: (group: number) => Xmm): Xmm {
  const low = halvesOf(c, f(0))
  return laneCount(t) <= 4 ? low : low64(c, low, halvesOf(c, f(1)))
}

const single1 =
  (f: (c: X64Lower, a: Xmm) => Xmm) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const a = c.x(x)
    return byFours(c, t, (g) => f(c, singles(c, a, g)))
  }
const single2 =
  (f: (c: X64Lower, a: Xmm, b: Xmm) => Xmm) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const a = c.x(x)
    const b = c.x(y)
    return byFours(c, t, (g) => f(c, singles(c, a, g), singles(c, b, g)))
  }
const operation = (of: readonly [VecOp, VecOp]) => single2((c, a, b) => apply(c, of[0], a, b))

function fused(c: X64Lower, t: Type, x: Value, y: Value, z: Value): Xmm {
  const operands = [c.x(x), c.x(y), c.x(z)]
  const widen = (v: Xmm): Xmm => c.un(emit.cvtps2pd_rr, emit.vcvtps2pd_rr, v)
  const two = (p: Xmm, q: Xmm, r: Xmm): Xmm => {
    const product = apply(c, arithmetic.mul[1], widen(p), widen(q))
    const sum = roundToOdd(c, apply(c, arithmetic.add[1], product, widen(r)))
    return c.un(emit.cvtpd2ps_rr, emit.vcvtpd2ps_rr, sum)
  }
  return byFours(c, t, (g) => {
    const [p, q, r] = operands.map((v) => singles(c, v, g))
    const low = two(p, q, r)
    return laneCount(t) === 2 ? low : low64(c, low, two(high64(c, p, p), high64(c, q, q), high64(c, r, r)))
  })
}

/** The masks of f32 lanes are signed words, or all ones in them. */
function compareHalves(c: X64Lower, p: FloatCC, x: Value, y: Value): Xmm {
  const t = c.func.typeOf(x)
  const a = c.x(x)
  const b = c.x(y)
  const masks = (g: number): Xmm => compareFloats(c, F32, p, singles(c, a, g), singles(c, b, g))
  const low = masks(0)
  return c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, low, laneCount(t) <= 4 ? low : masks(1))
}

const SIGNS = 0x80008000 | 0

function copySign(c: X64Lower, _t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  return or(c, andMem(c, a, c.splat32(~SIGNS)), andMem(c, b, c.splat32(SIGNS)))
}

// biome-ignore format: table
export const vectorHalfRules: Rule[] = [
  rule('v_fadd_half',      halfVectors, [val, val],      (x, y) => fadd(x, y),      operation(arithmetic.add)),
  rule('v_fsub_half',      halfVectors, [val, val],      (x, y) => fsub(x, y),      operation(arithmetic.sub)),
  rule('v_fmul_half',      halfVectors, [val, val],      (x, y) => fmul(x, y),      operation(arithmetic.mul)),
  rule('v_fdiv_half',      halfVectors, [val, val],      (x, y) => fdiv(x, y),      operation(arithmetic.div)),
  rule('v_sqrt_half',      halfVectors, [val],           (x) => sqrt(x),            single1((c, a) => c.un(emit.sqrtps_rr, emit.vsqrtps_rr, a))),
  rule('v_fma_half',       halfVectors, [val, val, val], (x, y, z) => fma(x, y, z), fused),
  rule('v_fneg_half',      halfVectors, [val],           (x) => fneg(x),            (c, _t, x) => xorMem(c, c.x(x), c.splat32(SIGNS))),
  rule('v_fabs_half',      halfVectors, [val],           (x) => fabs(x),            (c, _t, x) => andMem(c, c.x(x), c.splat32(~SIGNS))),
  rule('v_fcopysign_half', halfVectors, [val, val],      (x, y) => fcopysign(x, y), copySign),
  rule('v_fmin_half',      halfVectors, [val, val],      (x, y) => fmin(x, y),      single2((c, a, b) => minimum(c, F32, a, b))),
  rule('v_fmax_half',      halfVectors, [val, val],      (x, y) => fmax(x, y),      single2((c, a, b) => maximum(c, F32, a, b))),
  rule('v_ceil_half',      halfVectors, [val],           (x) => ceil(x),            single1((c, a) => round(c, F32, UP, a))),
  rule('v_floor_half',     halfVectors, [val],           (x) => floor(x),           single1((c, a) => round(c, F32, DOWN, a))),
  rule('v_trunc_half',     halfVectors, [val],           (x) => trunc(x),           single1((c, a) => round(c, F32, TRUNCATE, a))),
  rule('v_nearest_half',   halfVectors, [val],           (x) => nearest(x),         single1((c, a) => round(c, F32, NEAREST, a))),
  rule('v_fcmp_half',      halfVectors, [fcc(), valOf(halfVectors), val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => compareHalves(c, p as FloatCC, x, y)),
]
