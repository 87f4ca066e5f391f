// Vectors of f32 and f64, lane by lane; those of f16 are computed with what is here (vector-half.ts).
//
// minps and maxps give their second operand for NaNs and for zeros of either sign, so both orders are computed and joined. NaNs come out canonical.
import {
  F64,
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
  signature,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
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
  fvdemote,
  fvpromote_low,
  nearest,
  type Rule,
  sqrt,
  trunc,
  val,
  valOf,
} from '@k23/rules'
import { callRoutineOf } from '@k23/machinst'
import type { XOne, XOneImm } from '../context.ts'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Mem, Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { andMem, xorMem } from './libcalls.ts'
import { fma as fmaFeature, rule } from './types.ts'
import { srl } from './vector-integer.ts'
import {
  and,
  andn,
  apply,
  applyValues,
  blend,
  floatVectors,
  high64,
  low64,
  or,
  shuffle32,
  splat32,
  splat64,
  vec,
  type VecOp,
  xor,
} from './vector-sets.ts'

/** For f32 and f64 lanes. */
type Pair<R> = readonly [R, R]
const wide = (t: Type): 0 | 1 => (laneType(t) === F64 ? 1 : 0)

// biome-ignore format: table
export const arithmetic: Readonly<Record<'add' | 'sub' | 'mul' | 'div', Pair<VecOp>>> = {
  add: [vec(emit.addps_rr, emit.vaddps_rrr, emit.vaddps_rrm), vec(emit.addpd_rr, emit.vaddpd_rrr, emit.vaddpd_rrm)],
  sub: [vec(emit.subps_rr, emit.vsubps_rrr, emit.vsubps_rrm), vec(emit.subpd_rr, emit.vsubpd_rrr, emit.vsubpd_rrm)],
  mul: [vec(emit.mulps_rr, emit.vmulps_rrr, emit.vmulps_rrm), vec(emit.mulpd_rr, emit.vmulpd_rrr, emit.vmulpd_rrm)],
  div: [vec(emit.divps_rr, emit.vdivps_rrr, emit.vdivps_rrm), vec(emit.divpd_rr, emit.vdivpd_rrr, emit.vdivpd_rrm)],
}

const binary =
  (of: Pair<VecOp>) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm =>
    applyValues(c, of[wide(t)], x, y)

const unary =
  (sse: Pair<XOne>, avx: Pair<XOne>) =>
  (c: X64Lower, t: Type, x: Value): Xmm =>
    c.un(sse[wide(t)], avx[wide(t)], c.x(x))

function signMask(c: X64Lower, t: Type, keep: 'sign' | 'rest'): Mem {
  const flip = keep === 'rest' ? -1 : 0
  return wide(t) === 1 ? c.splat64(flip, 0x80000000 ^ flip) : c.splat32(0x80000000 ^ flip)
}

function copySign(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  const magnitude = andMem(c, a, signMask(c, t, 'rest'))
  return or(c, magnitude, andMem(c, b, signMask(c, t, 'sign')))
}

// ---- comparison: predicates of cmpps (Intel SDM, table 3-1)
const EQ = 0
const LT = 1
export const LE = 2
export const UNORD = 3
const NEQ = 4
const NLT = 5
const NLE = 6
export const ORD = 7

export function predicate(c: X64Lower, t: Type, a: Xmm, b: Xmm, p: number): Xmm {
  const d = c.tx()
  if (c.has(feat.AVX)) (wide(t) === 1 ? emit.vcmppd_rrri : emit.vcmpps_rrri)(c, d, a, b, p)
  else (wide(t) === 1 ? emit.cmppd_rri : emit.cmpps_rri)(c, d, a, b, p)
  return d
}

/** Predicate, and whether its operands are exchanged. */
const direct = new Map<number, readonly [number, boolean]>([
  [FCC_EQ, [EQ, false]],
  [FCC_NE, [NEQ, false]],
  [FCC_LT, [LT, false]],
  [FCC_LE, [LE, false]],
  [FCC_GT, [LT, true]],
  [FCC_GE, [LE, true]],
  [FCC_UGE, [NLT, false]],
  [FCC_UGT, [NLE, false]],
  [FCC_ULE, [NLT, true]],
  [FCC_ULT, [NLE, true]],
  [FCC_ORD, [ORD, false]],
])

/** All ones in the lanes, of type t, where a cc b. */
export function compareFloats(c: X64Lower, t: Type, cc: FloatCC, a: Xmm, b: Xmm): Xmm {
  if (cc === FCC_ONE) return and(c, predicate(c, t, a, b, ORD), predicate(c, t, a, b, NEQ))
  if (cc === FCC_UEQ) return or(c, predicate(c, t, a, b, UNORD), predicate(c, t, a, b, EQ))
  const [p, swap] = direct.get(cc) ?? [UNORD, false]
  return swap ? predicate(c, t, b, a, p) : predicate(c, t, a, b, p)
}

// ---- minimum and maximum

/** Mantissa bits of a canonical NaN below its top one, by which all ones are shifted to clear them. */
const payload = (t: Type): number => (wide(t) === 1 ? 13 : 10)

/** r without the payload of its NaNs. */
function canonicalNaN(c: X64Lower, t: Type, r: Xmm, unordered: Xmm): Xmm {
  return andn(c, srl(c, wide(t) + 2, unordered, payload(t)), r)
}

export function minimum(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const min = (p: Xmm, q: Xmm): Xmm =>
    wide(t) === 1 ? c.bin(emit.minpd_rr, emit.vminpd_rrr, p, q) : c.bin(emit.minps_rr, emit.vminps_rrr, p, q)
  // Zeros: negative where one is. NaNs: all ones are one.
  const unordered = predicate(c, t, a, b, UNORD)
  return canonicalNaN(c, t, or(c, or(c, min(a, b), min(b, a)), unordered), unordered)
}

export function maximum(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const max = (p: Xmm, q: Xmm): Xmm =>
    wide(t) === 1 ? c.bin(emit.maxpd_rr, emit.vmaxpd_rrr, p, q) : c.bin(emit.maxps_rr, emit.vmaxps_rrr, p, q)
  const m = max(a, b)
  // Where the two orders differ, the operands are zeros of both signs, or a NaN is among them. Zeros: -0 less -0 is the positive one. NaNs: made quiet
  // by the subtraction, with their sign.
  const differ = xor(c, m, max(b, a))
  const r = or(c, m, differ)
  const less =
    wide(t) === 1 ? c.bin(emit.subpd_rr, emit.vsubpd_rrr, r, differ) : c.bin(emit.subps_rr, emit.vsubps_rrr, r, differ)
  return canonicalNaN(c, t, less, predicate(c, t, a, b, UNORD))
}

// ---- rounding

/** Modes of roundps, without the inexact exception (Intel SDM, table 4-18). */
export const NEAREST = 8
export const DOWN = 9
export const UP = 10
export const TRUNCATE = 11

export function round(c: X64Lower, t: Type, mode: number, x: Xmm): Xmm {
  if (!c.has(feat.SSE41)) return roundByAdding(c, t, mode, x)
  const avx = c.has(feat.AVX)
  const row: XOneImm =
    wide(t) === 1 ? (avx ? emit.vroundpd_rri : emit.roundpd_rri) : avx ? emit.vroundps_rri : emit.roundps_rri
  return c.xoneImm(row, x, mode)
}

/**
 * Without SSE4.1: a magnitude below 2 ** 23 (2 ** 52) is rounded to the nearest integer by adding that number and taking it away, and corrected by one where
 * that went the wrong way. Greater ones are integers, and NaNs come out quiet. The sign is that of x, of zeros too.
 */
function roundByAdding(c: X64Lower, t: Type, mode: number, x: Xmm): Xmm {
  const w = wide(t)
  const op = (of: Pair<VecOp>, a: Xmm, b: Xmm): Xmm => apply(c, of[w], a, b)
  const number = (single: number, high: number): Xmm => (w === 1 ? splat64(c, 0, high) : splat32(c, single))
  const limit = number(0x4b000000, 0x43300000)
  const one = number(0x3f800000, 0x3ff00000)
  const sign = andMem(c, x, signMask(c, t, 'sign'))
  const magnitude = xor(c, x, sign)
  const nearest = or(c, op(arithmetic.sub, op(arithmetic.add, magnitude, limit), limit), sign)
  const where = (a: Xmm, b: Xmm): Xmm => and(c, predicate(c, t, a, b, LT), one)
  let r = nearest
  if (mode === DOWN) r = op(arithmetic.sub, nearest, where(x, nearest))
  else if (mode === UP) r = op(arithmetic.add, nearest, where(nearest, x))
  else if (mode === TRUNCATE) {
    const magnitudes = xor(c, nearest, sign)
    r = op(arithmetic.sub, magnitudes, where(magnitude, magnitudes))
  }
  const whole = op(arithmetic.add, x, c.zero())
  return blend(c, predicate(c, t, magnitude, limit, LT), or(c, r, sign), whole)
}

const rounding =
  (mode: number) =>
  (c: X64Lower, t: Type, x: Value): Xmm =>
    round(c, t, mode, c.x(x))

/** Lane `n` in the low lane of a register. */
export function laneOf(c: X64Lower, t: Type, x: Xmm, n: number): Xmm {
  if (n === 0) return x
  return wide(t) === 1 ? high64(c, x, x) : shuffle32(c, x, n)
}

/** Lanes one by one. */
function byLane(c: X64Lower, t: Type, values: readonly Value[], f: (lanes: readonly Xmm[]) => Xmm): Xmm {
  const operands = values.map((v) => c.x(v))
  const r = Array.from({ length: laneCount(t) }, (_, n) => f(operands.map((x) => laneOf(c, t, x, n))))
  if (wide(t) === 1) return low64(c, r[0], r[1])
  const pair = (p: Xmm, q: Xmm): Xmm => c.bin(emit.unpcklps_rr, emit.vunpcklps_rrr, p, q)
  return r.length === 2 ? pair(r[0], r[1]) : low64(c, pair(r[0], r[1]), pair(r[2], r[3]))
}

function routine(c: X64Lower, t: Type, name: string, values: readonly Value[]): Xmm {
  const lane = laneType(t)
  const sig = signature(
    values.map(() => lane),
    [lane],
    'system_v',
  )
  const routineName = `${name}F${laneBits(t)}`
  return byLane(
    c,
    t,
    values,
    (lanes) =>
      callRoutineOf(
        c,
        routineName,
        sig,
        lanes.map((x) => [x]),
      ) as Xmm,
  )
}

function fused(c: X64Lower, t: Type, x: Value, y: Value, z: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  const d = c.tx()
  ;(wide(t) === 1 ? emit.vfmadd213pd_rrr : emit.vfmadd213ps_rrr)(c, d, a, b, c.x(z))
  return d
}

const both =
  (f: (c: X64Lower, t: Type, a: Xmm, b: Xmm) => Xmm) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const a = c.x(x)
    return f(c, t, a, c.x(y))
  }

// biome-ignore format: table
export const vectorFloatRules: Rule[] = [
  rule('v_fadd',      floatVectors, [val, val],      (x, y) => fadd(x, y),      binary(arithmetic.add)),
  rule('v_fsub',      floatVectors, [val, val],      (x, y) => fsub(x, y),      binary(arithmetic.sub)),
  rule('v_fmul',      floatVectors, [val, val],      (x, y) => fmul(x, y),      binary(arithmetic.mul)),
  rule('v_fdiv',      floatVectors, [val, val],      (x, y) => fdiv(x, y),      binary(arithmetic.div)),
  rule('v_sqrt',      floatVectors, [val],           (x) => sqrt(x),            unary([emit.sqrtps_rr, emit.sqrtpd_rr], [emit.vsqrtps_rr, emit.vsqrtpd_rr])),
  rule('v_fma',       floatVectors, [val, val, val], (x, y, z) => fma(x, y, z), fused, { has: [fmaFeature] }),
  rule('v_fma_call',  floatVectors, [val, val, val], (x, y, z) => fma(x, y, z), (c, t, x, y, z) => routine(c, t, 'Fma', [x, y, z])),
  rule('v_fneg',      floatVectors, [val],           (x) => fneg(x),            (c, t, x) => xorMem(c, c.x(x), signMask(c, t, 'sign'))),
  rule('v_fabs',      floatVectors, [val],           (x) => fabs(x),            (c, t, x) => andMem(c, c.x(x), signMask(c, t, 'rest'))),
  rule('v_fcopysign', floatVectors, [val, val],      (x, y) => fcopysign(x, y), copySign),
  rule('v_fmin',      floatVectors, [val, val],      (x, y) => fmin(x, y),      both(minimum)),
  rule('v_fmax',      floatVectors, [val, val],      (x, y) => fmax(x, y),      both(maximum)),
  rule('v_ceil',      floatVectors, [val],           (x) => ceil(x),            rounding(UP)),
  rule('v_floor',     floatVectors, [val],           (x) => floor(x),           rounding(DOWN)),
  rule('v_trunc',     floatVectors, [val],           (x) => trunc(x),           rounding(TRUNCATE)),
  rule('v_nearest',   floatVectors, [val],           (x) => nearest(x),         rounding(NEAREST)),
  rule('v_fcmp',      floatVectors, [fcc(), valOf(floatVectors), val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => { const a = c.x(x); return compareFloats(c, c.func.typeOf(x), p as FloatCC, a, c.x(y)) }),
  rule('v_fvpromote_low', any, [val],                (x) => fvpromote_low(x),    (c, _t, x) => c.un(emit.cvtps2pd_rr, emit.vcvtps2pd_rr, c.x(x))),
  rule('v_fvdemote',  any, [val],                    (x) => fvdemote(x),         (c, _t, x) => c.un(emit.cvtpd2ps_rr, emit.vcvtpd2ps_rr, c.x(x))),
]
