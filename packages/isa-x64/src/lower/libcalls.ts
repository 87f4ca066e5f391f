// Opcodes that call a routine (codegen/src/libcalls): there is no instruction, and in line it would be too long.
import {
  F128,
  F16,
  F32,
  F64,
  I128,
  I32,
  I64,
  laneBits,
  type Signature,
  signature,
  TRAP_INTEGER_DIVISION_BY_ZERO,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  type Value,
} from '@k23/ir'
import {
  ceil,
  f128,
  f16,
  f32,
  f64,
  fabs,
  fadd,
  fcc,
  fcmp,
  fcopysign,
  fcvt_from_sint,
  fcvt_from_uint,
  fcvt_to_sint,
  fcvt_to_sint_sat,
  fcvt_to_uint,
  fcvt_to_uint_sat,
  fdemote,
  fdiv,
  fits64,
  floor,
  fma,
  fmax,
  fmin,
  fmul,
  fneg,
  fpromote,
  fsub,
  i128,
  nearest,
  type Rule,
  sdiv,
  sqrt,
  srem,
  trunc,
  type TypeSet,
  typeUnion,
  udiv,
  urem,
  val,
  valOf,
} from '@k23/rules'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Mem, Xmm } from '../insts/index.ts'
import { AVX, F16C } from '../features.ts'
import { setCond } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

/** Calls a routine with values; gives the register or handle of its result. */
export function callRoutine(c: X64Lower, name: string, sig: Signature, args: readonly Value[]): number {
  return c.genCall(sig, { name: { kind: 'libcall', name }, colocated: true }, args) as number
}

/** Calls a routine with registers, one list per argument. */
export function callRoutineOf(c: X64Lower, name: string, sig: Signature, args: readonly (readonly number[])[]): number {
  return c.genCallOf(sig, { name: { kind: 'libcall', name }, colocated: true }, (i) => args[i]) as number
}

const binary128: Signature = signature([I128, I128], [I128], 'system_v')

/** Traps are made here, where the instruction is. */
function divide(name: string, signed: boolean, overflow: boolean) {
  return (c: X64Lower, _t: Type, x: Value, y: Value): number => {
    const lo = c.lo(y)
    const hi = c.hi(y)
    c.two(emit.orq_rr, lo, hi)
    c.trapIf(CC.e, TRAP_INTEGER_DIVISION_BY_ZERO)
    if (signed && overflow) {
      // min / -1: x.lo | (x.hi ^ min) | ~(y.lo & y.hi) is zero then only
      const min = c.two(emit.orq_rr, c.lo(x), c.two(emit.xorq_rr, c.hi(x), c.li(0, 0x80000000 | 0)))
      const minusOne = c.inPlace(emit.notq_r, c.two(emit.andq_rr, c.lo(y), c.hi(y)))
      c.two(emit.orq_rr, min, minusOne)
      c.trapIf(CC.e, TRAP_INTEGER_OVERFLOW)
    }
    return callRoutine(c, name, binary128, [x, y])
  }
}

/** Between f16 and f32 or f64: by the instructions of F16C, which go by way of f32, or a routine. To f16 from f64 that would round twice. */
export function convertHalf(c: X64Lower, from: Type, to: Type, x: Xmm): Xmm {
  if (!c.has(F16C) || from === F64) {
    const name = `__${laneBits(to) > laneBits(from) ? 'extend' : 'trunc'}${modeOf(from)}${modeOf(to)}2`
    return callRoutineOf(c, name, signature([from], [to], 'system_v'), [[x]]) as Xmm
  }
  if (to === F16) return c.xoneImm(emit.vcvtps2ph_rri, x, 0)
  const single = c.xone(emit.vcvtph2ps_rr, x)
  return to === F32 ? single : c.xtwo(emit.cvtss2sd_rr, single, single)
}

// ---- f128

const quad1: Signature = signature([F128], [F128], 'system_v')
const quad2: Signature = signature([F128, F128], [F128], 'system_v')
const quad3: Signature = signature([F128, F128, F128], [F128], 'system_v')
const quadTest: Signature = signature([F128, F128], [I32], 'system_v')

const unary =
  (name: string) =>
  (c: X64Lower, _t: Type, x: Value): number =>
    callRoutine(c, name, quad1, [x])
const binary =
  (name: string) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): number =>
    callRoutine(c, name, quad2, [x, y])

// The sign of an f128 is the top bit of its 16 bytes.
const quadMagnitude = (c: X64Lower): Mem => c.constant16(-1, -1, -1, 0x7fffffff)
const quadSign = (c: X64Lower): Mem => c.constant16(0, 0, 0, 0x80000000 | 0)

/** A condition of floats is a set of outcomes: less 1, equal 2, greater 4, unordered 8. */
const UNORDERED = 8

/**
 * The comparison that calls a NaN greater does for conditions that fail for NaNs and not for greater, and the reverse: in the answer of `__letf2`
 * "less or equal" is at most 0, in that of `__getf2` "greater or equal" is at least 0.
 */
function compareQuads(c: X64Lower, cond: number, x: Value, y: Value): Gpr {
  /** 1 where the routine's answer is on the wanted side of 0. */
  const ask = (name: string, cc: number): Gpr => {
    const r = callRoutine(c, name, quadTest, [x, y]) as Gpr
    emit.testl_rr(c, r, r)
    return setCond(c, cc)
  }
  // A condition that holds for NaNs is the complement of one that does not.
  if ((cond & UNORDERED) !== 0) return c.twoImm(emit.xorl_ri, compareQuads(c, ~cond & 15, x, y), 1)
  switch (cond) {
    case 1:
      return ask('__letf2', CC.l)
    case 2:
      return ask('__letf2', CC.e)
    case 3:
      return ask('__letf2', CC.le)
    case 4:
      return ask('__getf2', CC.g)
    case 6:
      return ask('__getf2', CC.ge)
    case 5:
      return c.two(emit.andl_rr, ask('__letf2', CC.ne), ask('__unordtf2', CC.e))
    default:
      return ask('__unordtf2', CC.e)
  }
}

/** Bitwise operations with a constant of 16 bytes. */
export function andMem(c: X64Lower, x: Xmm, m: Mem): Xmm {
  const d = c.tx()
  ;(c.has(AVX) ? emit.vandps_rrm : emit.andps_rm)(c, d, x, m)
  return d
}
export function xorMem(c: X64Lower, x: Xmm, m: Mem): Xmm {
  const d = c.tx()
  ;(c.has(AVX) ? emit.vxorps_rrm : emit.xorps_rm)(c, d, x, m)
  return d
}

// ---- conversions

const modeOf = (t: Type): string => (t === F16 ? 'hf' : t === F32 ? 'sf' : t === F64 ? 'df' : 'tf')

function changeFormat(c: X64Lower, t: Type, x: Value): number {
  const from = c.func.typeOf(x)
  const name = `__${laneBits(t) > laneBits(from) ? 'extend' : 'trunc'}${modeOf(from)}${modeOf(t)}2`
  return callRoutine(c, name, signature([from], [t], 'system_v'), [x])
}

function fromInt(signed: boolean) {
  return (c: X64Lower, t: Type, x: Value): number => {
    const from = c.func.typeOf(x)
    const name = `__float${signed ? '' : 'un'}${from === I128 ? 'ti' : 'di'}${modeOf(t)}`
    const regs = from === I128 ? [c.lo(x), c.hi(x)] : [signed ? c.sx(x) : c.zx(x)]
    return callRoutineOf(c, name, signature([from === I128 ? I128 : I64], [t], 'system_v'), [regs])
  }
}

function toInt(signed: boolean, saturates: boolean) {
  return (c: X64Lower, t: Type, x: Value): number => {
    const from = c.func.typeOf(x)
    const name = `__k23_fix${saturates ? 'sat' : ''}_f${laneBits(from)}_${signed ? 's' : 'u'}${laneBits(t)}`
    return callRoutine(c, name, signature([from], [t], 'system_v'), [x])
  }
}

const small: TypeSet = typeUnion(f16, f32, f64)
const all: TypeSet = typeUnion(small, f128)

// biome-ignore format: table
export const libcallRules: Rule[] = [
  rule('udiv_pair', i128, [val, val], (x, y) => udiv(x, y), divide('__udivti3', false, false)),
  rule('urem_pair', i128, [val, val], (x, y) => urem(x, y), divide('__umodti3', false, false)),
  rule('sdiv_pair', i128, [val, val], (x, y) => sdiv(x, y), divide('__divti3', true, true)),
  rule('srem_pair', i128, [val, val], (x, y) => srem(x, y), divide('__modti3', true, false)),

  rule('fadd_quad', f128, [val, val], (x, y) => fadd(x, y), binary('__addtf3')),
  rule('fsub_quad', f128, [val, val], (x, y) => fsub(x, y), binary('__subtf3')),
  rule('fmul_quad', f128, [val, val], (x, y) => fmul(x, y), binary('__multf3')),
  rule('fdiv_quad', f128, [val, val], (x, y) => fdiv(x, y), binary('__divtf3')),
  rule('fmin_quad', f128, [val, val], (x, y) => fmin(x, y), binary('__k23_fmin_f128')),
  rule('fmax_quad', f128, [val, val], (x, y) => fmax(x, y), binary('__k23_fmax_f128')),
  rule('fma_quad', f128, [val, val, val], (x, y, z) => fma(x, y, z), (c, _t, x, y, z) => callRoutine(c, 'fmal', quad3, [x, y, z])),
  rule('sqrt_quad', f128, [val],      (x) => sqrt(x),       unary('sqrtl')),
  rule('ceil_quad', f128, [val],      (x) => ceil(x),       unary('ceill')),
  rule('floor_quad', f128, [val],     (x) => floor(x),      unary('floorl')),
  rule('trunc_quad', f128, [val],     (x) => trunc(x),      unary('truncl')),
  rule('nearest_quad', f128, [val],   (x) => nearest(x),    unary('roundevenl')),
  rule('fneg_quad', f128, [val],      (x) => fneg(x),       (c, _t, x) => xorMem(c, c.x(x), quadSign(c))),
  rule('fabs_quad', f128, [val],      (x) => fabs(x),       (c, _t, x) => andMem(c, c.x(x), quadMagnitude(c))),
  rule('fcopysign_quad', f128, [val, val], (x, y) => fcopysign(x, y), (c, _t, x, y) => c.bin(emit.orps_rr, emit.vorps_rrr, andMem(c, c.x(x), quadMagnitude(c)), andMem(c, c.x(y), quadSign(c)))),
  rule('fcmp_quad', f128, [fcc(), val, val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => compareQuads(c, p, x, y)),
  rule('fpromote_quad', f128, [valOf(small)], (x) => fpromote(x), changeFormat),
  rule('fdemote_quad', small, [valOf(f128)],  (x) => fdemote(x),  changeFormat),
  rule('fcvt_from_sint_quad', f128, [valOf(fits64)], (x) => fcvt_from_sint(x), fromInt(true)),
  rule('fcvt_from_uint_quad', f128, [valOf(fits64)], (x) => fcvt_from_uint(x), fromInt(false)),
  rule('fcvt_from_sint_pair', all,  [valOf(i128)],   (x) => fcvt_from_sint(x), fromInt(true)),
  rule('fcvt_from_uint_pair', all,  [valOf(i128)],   (x) => fcvt_from_uint(x), fromInt(false)),
  rule('fcvt_to_sint_quad', fits64, [valOf(f128)],   (x) => fcvt_to_sint(x),   toInt(true, false)),
  rule('fcvt_to_uint_quad', fits64, [valOf(f128)],   (x) => fcvt_to_uint(x),   toInt(false, false)),
  rule('fcvt_to_sint_sat_quad', fits64, [valOf(f128)], (x) => fcvt_to_sint_sat(x), toInt(true, true)),
  rule('fcvt_to_uint_sat_quad', fits64, [valOf(f128)], (x) => fcvt_to_uint_sat(x), toInt(false, true)),
  rule('fcvt_to_sint_pair', i128, [valOf(all)],      (x) => fcvt_to_sint(x),   toInt(true, false)),
  rule('fcvt_to_uint_pair', i128, [valOf(all)],      (x) => fcvt_to_uint(x),   toInt(false, false)),
  rule('fcvt_to_sint_sat_pair', i128, [valOf(all)],  (x) => fcvt_to_sint_sat(x), toInt(true, true)),
  rule('fcvt_to_uint_sat_pair', i128, [valOf(all)],  (x) => fcvt_to_uint_sat(x), toInt(false, true)),
]
