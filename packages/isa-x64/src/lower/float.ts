// Floats in vector registers: arithmetic, rounding, minima and maxima, changes of format.
//
// f16 is computed in f32 and rounded back: f32 has more than twice f16's precision and two bits, so that the second rounding is innocuous for
// + - * / and sqrt (Figueroa 1995); fma takes f64, where the sum is exact wherever it could matter.
// minss and maxss give their second operand for NaNs and for zeros of either sign (Intel SDM, MINSS); CLIF wants the NaN, and orders the zeros.
import { F16, F32, F64, type FloatCC, signature, type Type, type Value } from '@k23/ir'
import {
  ceil,
  f16,
  f32,
  f64,
  fabs,
  fadd,
  fcc,
  fcmp,
  fcopysign,
  fdemote,
  fdiv,
  floor,
  fma,
  fmax,
  fmin,
  fmul,
  fneg,
  fpromote,
  fsub,
  nearest,
  type Rule,
  sqrt,
  trunc,
  type TypeSet,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { callRoutineOf } from '@k23/machinst'
import type { X64Ctx, XThree, XThreeMem, XTwo, XTwoMem } from '../context.ts'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Mem, Writable, Xmm } from '../insts/index.ts'
import * as T from '../table.ts'
import { compareFloatRegs, setCond } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { andMem, convertHalf, xorMem } from './libcalls.ts'
import { sink, sinkableLoad } from './operands.ts'
import { fma as fmaFeature, rule, sse41 } from './types.ts'

export const singleOrDouble: TypeSet = typeUnion(f32, f64)
/** Floats of at most 64 bits. */
export const floats: TypeSet = typeUnion(f16, f32, f64)

type XRound = (s: X64Ctx, dst: Writable<Xmm>, dstIn: Xmm, src: Xmm, imm: number) => number

/** Rows for f32 and f64. */
type Pair<R> = readonly [R, R]
interface Operation {
  readonly sse: Pair<XTwo>
  readonly sseMem: Pair<XTwoMem>
  readonly avx: Pair<XThree>
  readonly avxMem: Pair<XThreeMem>
}

// biome-ignore format: table
const operations: Readonly<Record<'add' | 'sub' | 'mul' | 'div', Operation>> = {
  add: { sse: [emit.addss_rr, emit.addsd_rr], sseMem: [emit.addss_rm, emit.addsd_rm], avx: [emit.vaddss_rrr, emit.vaddsd_rrr], avxMem: [emit.vaddss_rrm, emit.vaddsd_rrm] },
  sub: { sse: [emit.subss_rr, emit.subsd_rr], sseMem: [emit.subss_rm, emit.subsd_rm], avx: [emit.vsubss_rrr, emit.vsubsd_rrr], avxMem: [emit.vsubss_rrm, emit.vsubsd_rrm] },
  mul: { sse: [emit.mulss_rr, emit.mulsd_rr], sseMem: [emit.mulss_rm, emit.mulsd_rm], avx: [emit.vmulss_rrr, emit.vmulsd_rrr], avxMem: [emit.vmulss_rrm, emit.vmulsd_rrm] },
  div: { sse: [emit.divss_rr, emit.divsd_rr], sseMem: [emit.divss_rm, emit.divsd_rm], avx: [emit.vdivss_rrr, emit.vdivsd_rrr], avxMem: [emit.vdivss_rrm, emit.vdivsd_rrm] },
}

const wide = (t: Type): 0 | 1 => (t === F64 ? 1 : 0)

/** f16 in f32. */
export function promoted(c: X64Lower, x: Value): Xmm {
  return c.func.typeOf(x) === F16 ? convertHalf(c, F16, F32, c.x(x)) : c.x(x)
}
/** A result computed for type t, in the format of t. */
function rounded(c: X64Lower, t: Type, x: Xmm): Xmm {
  return t === F16 ? convertHalf(c, F32, F16, x) : x
}

const binary =
  (of: Operation) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const w = wide(t)
    const load = t === F16 ? -1 : sinkableLoad(c, y)
    if (load !== -1) {
      const a = c.x(x)
      const d = c.tx()
      const m = sink(c, load)
      ;(c.has(feat.AVX) ? of.avxMem : of.sseMem)[w](c, d, a, m)
      return d
    }
    const a = promoted(c, x)
    return rounded(c, t, c.bin(of.sse[w], of.avx[w], a, promoted(c, y)))
  }

function squareRoot(c: X64Lower, t: Type, x: Value): Xmm {
  const a = promoted(c, x)
  const q = t === F64
  return rounded(c, t, c.bin(q ? emit.sqrtsd_rr : emit.sqrtss_rr, q ? emit.vsqrtsd_rrr : emit.vsqrtss_rrr, a, a))
}

/** Rounding modes of roundss, without the inexact exception (Intel SDM, table 4-18). */
const NEAREST = 8
const DOWN = 9
const UP = 10
const TRUNCATE = 11

const rounding =
  (mode: number) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const a = promoted(c, x)
    const d = c.tx()
    const q = t === F64
    if (c.has(feat.AVX)) (q ? emit.vroundsd_rrri : emit.vroundss_rrri)(c, d, a, a, mode)
    else ((q ? emit.roundsd_rri : emit.roundss_rri) as XRound)(c, d, a, a, mode)
    return rounded(c, t, d)
  }

/** Without SSE4.1: a routine. */
const routine =
  (name: string) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const w = t === F64 ? F64 : F32
    const a = promoted(c, x)
    return rounded(
      c,
      t,
      callRoutineOf(c, `${name}F${w === F64 ? 64 : 32}`, signature([w], [w], 'system_v'), [[a]]) as Xmm,
    )
  }

// ---- signs

/** Constant with the sign bit of type t alone, or all others. */
function signMask(c: X64Lower, t: Type, keep: 'sign' | 'rest'): Mem {
  const flip = keep === 'rest' ? -1 : 0
  if (t === F64) return c.splat64(flip, 0x80000000 ^ flip)
  const word = t === F32 ? 0x80000000 | 0 : 0x80008000 | 0
  return c.splat32(word ^ flip)
}

function copySign(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  const magnitude = andMem(c, a, signMask(c, t, 'rest'))
  return c.bin(emit.orps_rr, emit.vorps_rrr, magnitude, andMem(c, b, signMask(c, t, 'sign')))
}

// ---- minimum and maximum

const extreme =
  (max: boolean) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const a = promoted(c, x)
    const b = promoted(c, y)
    const d = c.tx()
    const w = c.words
    w.push(T.MIN_MAX_X | (6 << 16))
    w.push(max ? 1 : 0)
    w.push(wide(t))
    w.push(d)
    w.push(a)
    w.push(b)
    return rounded(c, t, d)
  }

// ---- fused multiply-add

function fused(c: X64Lower, t: Type, x: Value, y: Value, z: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  const d = c.tx()
  ;(t === F64 ? emit.vfmadd213sd_rrr : emit.vfmadd213ss_rrr)(c, d, a, b, c.x(z))
  return d
}
function fusedByRoutine(c: X64Lower, t: Type, x: Value, y: Value, z: Value): Xmm {
  const args = [[c.x(x)], [c.x(y)], [c.x(z)]]
  return callRoutineOf(c, t === F64 ? 'FmaF64' : 'FmaF32', signature([t, t, t], [t], 'system_v'), args) as Xmm
}
/** In f64: f16 products are exact there. */
function fusedHalf(c: X64Lower, _t: Type, x: Value, y: Value, z: Value): Xmm {
  const [a, b, k] = [x, y, z].map((v) => convertHalf(c, F16, F64, c.x(v)))
  const product = c.bin(emit.mulsd_rr, emit.vmulsd_rrr, a, b)
  return convertHalf(c, F64, F16, c.bin(emit.addsd_rr, emit.vaddsd_rrr, product, k))
}

// ---- formats

export function toDouble(c: X64Lower, x: Xmm): Xmm {
  return c.bin(emit.cvtss2sd_rr, emit.vcvtss2sd_rrr, x, x)
}
function widen(c: X64Lower, t: Type, x: Value): Xmm {
  const from = c.func.typeOf(x)
  if (from === t) return c.x(x)
  return from === F16 ? convertHalf(c, F16, t, c.x(x)) : toDouble(c, c.x(x))
}
function narrow(c: X64Lower, t: Type, x: Value): Xmm {
  const from = c.func.typeOf(x)
  const a = c.x(x)
  if (from === t) return a
  return t === F16 ? convertHalf(c, from, F16, a) : c.bin(emit.cvtsd2ss_rr, emit.vcvtsd2ss_rrr, a, a)
}

function compareHalf(c: X64Lower, p: FloatCC, x: Value, y: Value): number {
  const a = promoted(c, x)
  return setCond(c, compareFloatRegs(c, p, F32, a, promoted(c, y)))
}

// biome-ignore format: table
export const floatRules: Rule[] = [
  rule('fadd',      floats, [val, val],      (x, y) => fadd(x, y),         binary(operations.add)),
  rule('fsub',      floats, [val, val],      (x, y) => fsub(x, y),         binary(operations.sub)),
  rule('fmul',      floats, [val, val],      (x, y) => fmul(x, y),         binary(operations.mul)),
  rule('fdiv',      floats, [val, val],      (x, y) => fdiv(x, y),         binary(operations.div)),
  rule('sqrt',      floats, [val],           (x) => sqrt(x),               squareRoot),
  rule('fma_half',  f16,    [val, val, val], (x, y, z) => fma(x, y, z),    fusedHalf),
  rule('fma',       singleOrDouble, [val, val, val], (x, y, z) => fma(x, y, z), fused, { has: [fmaFeature] }),
  rule('fma_call',  singleOrDouble, [val, val, val], (x, y, z) => fma(x, y, z), fusedByRoutine),
  rule('fneg',      floats, [val],           (x) => fneg(x),               (c, t, x) => xorMem(c, c.x(x), signMask(c, t, 'sign'))),
  rule('fabs',      floats, [val],           (x) => fabs(x),               (c, t, x) => andMem(c, c.x(x), signMask(c, t, 'rest'))),
  rule('fcopysign', floats, [val, val],      (x, y) => fcopysign(x, y),    copySign),
  rule('fmin',      floats, [val, val],      (x, y) => fmin(x, y),         extreme(false)),
  rule('fmax',      floats, [val, val],      (x, y) => fmax(x, y),         extreme(true)),
  rule('ceil',      floats, [val],           (x) => ceil(x),               rounding(UP), { has: [sse41] }),
  rule('floor',     floats, [val],           (x) => floor(x),              rounding(DOWN), { has: [sse41] }),
  rule('trunc',     floats, [val],           (x) => trunc(x),              rounding(TRUNCATE), { has: [sse41] }),
  rule('nearest',   floats, [val],           (x) => nearest(x),            rounding(NEAREST), { has: [sse41] }),
  rule('ceil_call', floats, [val],           (x) => ceil(x),               routine('Ceil')),
  rule('floor_call', floats, [val],          (x) => floor(x),              routine('Floor')),
  rule('trunc_call', floats, [val],          (x) => trunc(x),              routine('Trunc')),
  rule('nearest_call', floats, [val],        (x) => nearest(x),            routine('Nearest')),
  rule('fpromote',  floats, [valOf(floats)], (x) => fpromote(x),           widen),
  rule('fdemote',   floats, [valOf(floats)], (x) => fdemote(x),            narrow),
  rule('fcmp_half', f16,    [fcc(), val, val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => compareHalf(c, p as FloatCC, x, y)),
]
