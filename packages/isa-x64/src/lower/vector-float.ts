// Float vectors, lane by lane.
//
// minps and maxps give their second operand for NaNs and for zeros of either sign, so both orders are computed and joined. NaNs come out canonical.
import {
  F32,
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
  I64,
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
  sqrt,
  trunc,
  val,
  valOf,
  x86_cvtt2dq,
} from '@k23/rules'
import type { XOne, XOneImm } from '../context.ts'
import * as feat from '../features.ts'
import { callRoutineOf } from '@k23/machinst'
import { emit } from '../insts/index.ts'
import type { Gpr, Mem, Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { fromSigned, fromUnsigned64, saturateSigned, saturateUnsigned, truncate } from './float-convert.ts'
import { andMem, xorMem } from './libcalls.ts'
import { fma as fmaFeature, rule, sse41 } from './types.ts'
import { addLanes, sll, srl } from './vector-integer.ts'
import {
  and,
  andn,
  applyValues,
  floatVectors,
  high64,
  intVectors,
  low64,
  or,
  shuffle32,
  splat32,
  vec,
  type VecOp,
  xor,
} from './vector-sets.ts'

/** For f32 and f64 lanes. */
type Pair<R> = readonly [R, R]
const wide = (t: Type): 0 | 1 => (laneType(t) === F64 ? 1 : 0)

// biome-ignore format: table
const ops: Readonly<Record<'add' | 'sub' | 'mul' | 'div', Pair<VecOp>>> = {
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
const LE = 2
const UNORD = 3
const NEQ = 4
const NLT = 5
const NLE = 6
const ORD = 7

function predicate(c: X64Lower, t: Type, a: Xmm, b: Xmm, p: number): Xmm {
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

function compareFloats(c: X64Lower, cc: FloatCC, x: Value, y: Value): Xmm {
  const t = c.func.typeOf(x)
  const a = c.x(x)
  const b = c.x(y)
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

function minimum(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  const min = (p: Xmm, q: Xmm): Xmm =>
    wide(t) === 1 ? c.bin(emit.minpd_rr, emit.vminpd_rrr, p, q) : c.bin(emit.minps_rr, emit.vminps_rrr, p, q)
  // Zeros: negative where one is. NaNs: all ones are one.
  const unordered = predicate(c, t, a, b, UNORD)
  return canonicalNaN(c, t, or(c, or(c, min(a, b), min(b, a)), unordered), unordered)
}

function maximum(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
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
const NEAREST = 8
const DOWN = 9
const UP = 10
const TRUNCATE = 11

const rounding =
  (mode: number) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const avx = c.has(feat.AVX)
    const row: XOneImm =
      wide(t) === 1 ? (avx ? emit.vroundpd_rri : emit.roundpd_rri) : avx ? emit.vroundps_rri : emit.roundps_rri
    return c.xoneImm(row, c.x(x), mode)
  }

/** Lane `n` in the low lane of a register. */
function laneOf(c: X64Lower, t: Type, x: Xmm, n: number): Xmm {
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

// ---- conversions

/** 64-bit lanes through general registers. */
function quads(c: X64Lower, x: Xmm, f: (low: Xmm) => Gpr): Xmm {
  const low = c.fromBits(f(x), I64)
  return low64(c, low, c.fromBits(f(high64(c, x, x)), I64))
}
function quadsToFloat(c: X64Lower, x: Xmm, f: (lane: Gpr) => Xmm): Xmm {
  const low = f(c.bitsOf(x, I64))
  return low64(c, low, f(c.bitsOf(high64(c, x, x), I64)))
}

const hasQuadConversions = (c: X64Lower): boolean => c.has(feat.AVX512DQ) && c.has(feat.AVX512VL)

/** Operand of a conversion between lanes of one width. */
function operand(c: X64Lower, t: Type, x: Value): Xmm {
  const from = laneBits(c.func.typeOf(x))
  if (from !== laneBits(t))
    c.unsupported(`a conversion from lanes of ${from} bits to lanes of ${laneBits(t)}`, 'widen or narrow the integers')
  return c.x(x)
}

function fromSint(c: X64Lower, t: Type, x: Value): Xmm {
  const a = operand(c, t, x)
  if (wide(t) === 0) return c.un(emit.cvtdq2ps_rr, emit.vcvtdq2ps_rr, a)
  if (hasQuadConversions(c)) return c.xone(emit.vcvtqq2pd_rr, a)
  return quadsToFloat(c, a, (g) => fromSigned(c, F64, g, true))
}

/** The halves of a 32-bit lane are exact as floats, and so is the product: the sum is rounded once. */
function fromUint(c: X64Lower, t: Type, x: Value): Xmm {
  const a = operand(c, t, x)
  if (wide(t) === 1) {
    if (hasQuadConversions(c)) return c.xone(emit.vcvtuqq2pd_rr, a)
    return quadsToFloat(c, a, (g) => fromUnsigned64(c, F64, g))
  }
  if (c.has(feat.AVX512F) && c.has(feat.AVX512VL)) return c.xone(emit.vcvtudq2ps_rr, a)
  const convert = (v: Xmm): Xmm => c.un(emit.cvtdq2ps_rr, emit.vcvtdq2ps_rr, v)
  const low = convert(srl(c, 2, sll(c, 2, a, 16), 16))
  const high = convert(srl(c, 2, a, 16))
  const scaled = c.bin(emit.mulps_rr, emit.vmulps_rrr, high, splat32(c, 0x47800000))
  return c.bin(emit.addps_rr, emit.vaddps_rrr, scaled, low)
}

/** 2 ** 31 as f32. */
const TWO_31 = 0x4f000000
const single = F32

/** NaNs are made 0; what is too great comes out as the least integer, which all ones turn into the greatest. */
function toSint(c: X64Lower, t: Type, x: Value): Xmm {
  const a = operand(c, t, x)
  if (laneBits(t) === 64) return quads(c, a, (v) => saturateSigned(c, I64, F64, v))
  const v = and(c, a, predicate(c, single, a, a, ORD))
  const over = predicate(c, single, splat32(c, TWO_31), v, LE)
  return xor(c, c.un(emit.cvttps2dq_rr, emit.vcvttps2dq_rr, v), over)
}

/** The sum of what is converted up to 2 ** 31 and of what is above it. */
function toUint(c: X64Lower, t: Type, x: Value): Xmm {
  const a = operand(c, t, x)
  if (laneBits(t) === 64) return quads(c, a, (v) => saturateUnsigned(c, I64, F64, v))
  const zero = c.zero()
  const max = (p: Xmm): Xmm => c.bin(emit.maxps_rr, emit.vmaxps_rrr, p, zero)
  const convert = (p: Xmm): Xmm => c.un(emit.cvttps2dq_rr, emit.vcvttps2dq_rr, p)
  const v = max(a)
  const limit = splat32(c, TWO_31)
  const rest = max(c.bin(emit.subps_rr, emit.vsubps_rrr, v, limit))
  const high = xor(c, convert(rest), predicate(c, single, limit, rest, LE))
  return addLanes(c, 2, convert(v), high)
}

function cvtt(c: X64Lower, t: Type, x: Value): Xmm {
  const a = operand(c, t, x)
  if (laneBits(t) === 64) return quads(c, a, (v) => truncate(c, F64, v, true))
  return c.un(emit.cvttps2dq_rr, emit.vcvttps2dq_rr, a)
}

// biome-ignore format: table
export const vectorFloatRules: Rule[] = [
  rule('v_fadd',      floatVectors, [val, val],      (x, y) => fadd(x, y),      binary(ops.add)),
  rule('v_fsub',      floatVectors, [val, val],      (x, y) => fsub(x, y),      binary(ops.sub)),
  rule('v_fmul',      floatVectors, [val, val],      (x, y) => fmul(x, y),      binary(ops.mul)),
  rule('v_fdiv',      floatVectors, [val, val],      (x, y) => fdiv(x, y),      binary(ops.div)),
  rule('v_sqrt',      floatVectors, [val],           (x) => sqrt(x),            unary([emit.sqrtps_rr, emit.sqrtpd_rr], [emit.vsqrtps_rr, emit.vsqrtpd_rr])),
  rule('v_fma',       floatVectors, [val, val, val], (x, y, z) => fma(x, y, z), fused, { has: [fmaFeature] }),
  rule('v_fma_call',  floatVectors, [val, val, val], (x, y, z) => fma(x, y, z), (c, t, x, y, z) => routine(c, t, 'Fma', [x, y, z])),
  rule('v_fneg',      floatVectors, [val],           (x) => fneg(x),            (c, t, x) => xorMem(c, c.x(x), signMask(c, t, 'sign'))),
  rule('v_fabs',      floatVectors, [val],           (x) => fabs(x),            (c, t, x) => andMem(c, c.x(x), signMask(c, t, 'rest'))),
  rule('v_fcopysign', floatVectors, [val, val],      (x, y) => fcopysign(x, y), copySign),
  rule('v_fmin',      floatVectors, [val, val],      (x, y) => fmin(x, y),      minimum),
  rule('v_fmax',      floatVectors, [val, val],      (x, y) => fmax(x, y),      maximum),
  rule('v_ceil',      floatVectors, [val],           (x) => ceil(x),            rounding(UP), { has: [sse41] }),
  rule('v_floor',     floatVectors, [val],           (x) => floor(x),           rounding(DOWN), { has: [sse41] }),
  rule('v_trunc',     floatVectors, [val],           (x) => trunc(x),           rounding(TRUNCATE), { has: [sse41] }),
  rule('v_nearest',   floatVectors, [val],           (x) => nearest(x),         rounding(NEAREST), { has: [sse41] }),
  rule('v_ceil_call', floatVectors, [val],           (x) => ceil(x),            (c, t, x) => routine(c, t, 'Ceil', [x])),
  rule('v_floor_call', floatVectors, [val],          (x) => floor(x),           (c, t, x) => routine(c, t, 'Floor', [x])),
  rule('v_trunc_call', floatVectors, [val],          (x) => trunc(x),           (c, t, x) => routine(c, t, 'Trunc', [x])),
  rule('v_nearest_call', floatVectors, [val],        (x) => nearest(x),         (c, t, x) => routine(c, t, 'Nearest', [x])),
  rule('v_fcmp',      floatVectors, [fcc(), valOf(floatVectors), val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => compareFloats(c, p as FloatCC, x, y)),

  rule('v_from_sint', floatVectors, [val],           (x) => fcvt_from_sint(x),   fromSint),
  rule('v_from_uint', floatVectors, [val],           (x) => fcvt_from_uint(x),   fromUint),
  rule('v_to_sint_sat', intVectors, [valOf(floatVectors)],          (x) => fcvt_to_sint_sat(x), toSint),
  rule('v_to_uint_sat', intVectors, [valOf(floatVectors)],          (x) => fcvt_to_uint_sat(x), toUint),
  rule('v_cvtt2dq',   intVectors, [valOf(floatVectors)],            (x) => x86_cvtt2dq(x),      cvtt),
  rule('v_fvpromote_low', any, [val],                (x) => fvpromote_low(x),    (c, _t, x) => c.un(emit.cvtps2pd_rr, emit.vcvtps2pd_rr, c.x(x))),
  rule('v_fvdemote',  any, [val],                    (x) => fvdemote(x),         (c, _t, x) => c.un(emit.cvtpd2ps_rr, emit.vcvtpd2ps_rr, c.x(x))),
]
