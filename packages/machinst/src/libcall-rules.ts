// Opcodes that call a routine (codegen/src/libcalls) on every target: there is no instruction, and in line it would be too long.
// What targets do in their own way, they bring (Inline): checks, comparing a routine's answer with 0, the sign of an f128.
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
  type RuleMaker,
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
import type { LowerCtx } from './lower.ts'

/** What the shared rules ask of a lowering context. */
export interface LibcallCtx extends LowerCtx {
  /** A value extended to 64 bits. */
  sx(x: Value): number
  zx(x: Value): number
}

/** What of these opcodes is done in line, by a target's own instructions. Each returns a register, or nothing. */
export interface Inline<C> {
  /** Traps where the divisor is 0. */
  checkDivisor(c: C, y: Value): void
  /** Traps where x / y is the least number divided by -1. */
  checkQuotient(c: C, x: Value, y: Value): void
  /** 1 where a routine's answer, an i32, compares so with 0; else 0. */
  answerIs(c: C, cond: Answer, answer: number): number
  /** a & b, !a for such ones. */
  both(c: C, a: number, b: number): number
  not(c: C, a: number): number
  fneg(c: C, x: Value): number
  fabs(c: C, x: Value): number
  fcopysign(c: C, x: Value, y: Value): number
}
export type Answer = 'lt' | 'le' | 'eq' | 'ne' | 'ge' | 'gt'

/** Calls a routine with values; gives the register or handle of its result. */
export function callRoutine(c: LowerCtx, name: string, sig: Signature, args: readonly Value[]): number {
  return c.genCall(sig, { name: { kind: 'libcall', name }, colocated: true }, args) as number
}

/** Calls a routine with registers, one list per argument. */
export function callRoutineOf(c: LowerCtx, name: string, sig: Signature, args: readonly (readonly number[])[]): number {
  return c.genCallOf(sig, { name: { kind: 'libcall', name }, colocated: true }, (i) => args[i]) as number
}

/** Calls the routine that changes the format of a float in these registers. */
export function callConversion(c: LowerCtx, from: Type, to: Type, x: readonly number[]): number {
  const name = `__${laneBits(to) > laneBits(from) ? 'extend' : 'trunc'}${modeOf(from)}${modeOf(to)}2`
  return callRoutineOf(c, name, signature([from], [to], 'system_v'), [x])
}

const binary128: Signature = signature([I128, I128], [I128], 'system_v')
const quad1: Signature = signature([F128], [F128], 'system_v')
const quad2: Signature = signature([F128, F128], [F128], 'system_v')
const quad3: Signature = signature([F128, F128, F128], [F128], 'system_v')
const quadTest: Signature = signature([F128, F128], [I32], 'system_v')

const unary =
  (name: string) =>
  (c: LowerCtx, _t: Type, x: Value): number =>
    callRoutine(c, name, quad1, [x])
const binary =
  (name: string) =>
  (c: LowerCtx, _t: Type, x: Value, y: Value): number =>
    callRoutine(c, name, quad2, [x, y])

/** A condition of floats is a set of outcomes: less 1, equal 2, greater 4, unordered 8. */
const UNORDERED = 8

/**
 * By condition, without NaNs: routine and how its answer compares with 0. The comparison that calls a NaN greater does for conditions that fail for
 * NaNs and not for greater, and the reverse: in the answer of `__letf2` "less or equal" is at most 0, in that of `__getf2` "greater or equal" is
 * at least 0.
 */
const COMPARISONS: readonly (readonly [name: string, cond: Answer])[] = [
  ['__unordtf2', 'lt'], // never asked for
  ['__letf2', 'lt'],
  ['__letf2', 'eq'],
  ['__letf2', 'le'],
  ['__getf2', 'gt'],
  ['__letf2', 'ne'], // or unordered
  ['__getf2', 'ge'],
  ['__unordtf2', 'eq'],
]
const ONE_SIDED = 5

function compareQuads<C extends LowerCtx>(c: C, inline: Inline<C>, cond: number, x: Value, y: Value): number {
  const ask = (outcomes: number): number => {
    const [name, answer] = COMPARISONS[outcomes]
    return inline.answerIs(c, answer, callRoutine(c, name, quadTest, [x, y]))
  }
  // A condition that holds for NaNs is the complement of one that does not.
  if ((cond & UNORDERED) !== 0) return inline.not(c, compareQuads(c, inline, ~cond & 15, x, y))
  return cond === ONE_SIDED ? inline.both(c, ask(ONE_SIDED), ask(7)) : ask(cond)
}

// ---- conversions

const modeOf = (t: Type): string => (t === F16 ? 'hf' : t === F32 ? 'sf' : t === F64 ? 'df' : 'tf')

const changeFormat = (c: LowerCtx, t: Type, x: Value): number => callConversion(c, c.func.typeOf(x), t, c.useAll(x))

function fromInt(signed: boolean) {
  return (c: LibcallCtx, t: Type, x: Value): number => {
    const from = c.func.typeOf(x)
    const name = `__float${signed ? '' : 'un'}${from === I128 ? 'ti' : 'di'}${modeOf(t)}`
    const regs = from === I128 ? c.useAll(x) : [signed ? c.sx(x) : c.zx(x)]
    return callRoutineOf(c, name, signature([from === I128 ? I128 : I64], [t], 'system_v'), [regs])
  }
}

function toInt(signed: boolean, saturates: boolean) {
  return (c: LowerCtx, t: Type, x: Value): number => {
    const from = c.func.typeOf(x)
    const name = `__k23_fix${saturates ? 'sat' : ''}_f${laneBits(from)}_${signed ? 's' : 'u'}${laneBits(t)}`
    return callRoutine(c, name, signature([from], [t], 'system_v'), [x])
  }
}

const small: TypeSet = typeUnion(f16, f32, f64)
const all: TypeSet = typeUnion(small, f128)

/** The rules, for the context of a target. */
export function libcallRules<C extends LibcallCtx>(rule: RuleMaker<C>, inline: Inline<C>): Rule[] {
  /** Traps are made here, where the instruction is. */
  const divide =
    (name: string, overflow: boolean) =>
    (c: C, _t: Type, x: Value, y: Value): number => {
      inline.checkDivisor(c, y)
      if (overflow) inline.checkQuotient(c, x, y)
      return callRoutine(c, name, binary128, [x, y])
    }
  // biome-ignore format: table
  return [
    rule('udiv_pair', i128, [val, val], (x, y) => udiv(x, y), divide('__udivti3', false)),
    rule('urem_pair', i128, [val, val], (x, y) => urem(x, y), divide('__umodti3', false)),
    rule('sdiv_pair', i128, [val, val], (x, y) => sdiv(x, y), divide('__divti3', true)),
    rule('srem_pair', i128, [val, val], (x, y) => srem(x, y), divide('__modti3', false)),

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
    rule('fneg_quad', f128, [val],      (x) => fneg(x),       (c, _t, x) => inline.fneg(c, x)),
    rule('fabs_quad', f128, [val],      (x) => fabs(x),       (c, _t, x) => inline.fabs(c, x)),
    rule('fcopysign_quad', f128, [val, val], (x, y) => fcopysign(x, y), (c, _t, x, y) => inline.fcopysign(c, x, y)),
    rule('fcmp_quad', f128, [fcc(), val, val], (p, x, y) => fcmp(p, x, y), (c, _t, p, x, y) => compareQuads(c, inline, p, x, y)),
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
}
