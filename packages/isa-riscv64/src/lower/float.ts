// Floats: arithmetic, rounding, comparison, conversion.
//
// f16 without Zfh is computed in f32 and rounded back (Zfhmin): f32 has more than twice f16's precision and two bits, so that the second rounding is
// innocuous for + - * / and sqrt (Figueroa 1995); fma takes f64, where the sum is exact wherever it could matter.
// RISC-V gives the canonical NaN where CLIF allows any; fmin and fmax return the other operand for a NaN (IEEE 754-2019 minimumNumber), CLIF wants the NaN.
import {
  F16,
  F32,
  F64,
  FCC_EQ,
  FCC_GE,
  FCC_GT,
  FCC_LE,
  FCC_LT,
  FCC_ONE,
  FCC_ORD,
  FCC_UEQ,
  FCC_UGE,
  FCC_UGT,
  FCC_ULE,
  FCC_ULT,
  FCC_UNO,
  type FloatCC,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
  brif,
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
  select,
  sqrt,
  trapCode,
  trapnz,
  trapz,
  trunc,
  type TypeSet,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import type { FReg, Writable, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { ZFA, ZFH } from '../features.ts'
import { selectBy } from './control.ts'
import type { RiscvLower } from './driver.ts'
import { convertHalf } from './libcalls.ts'
import { rule } from './types.ts'

/** Rounding modes (21.2). */
export const RNE = 0
export const RTZ = 1
const RDN = 2
const RUP = 3

/** Floats in one register. */
export const floats: TypeSet = typeUnion(f16, f32, f64)

type F2 = (s: RiscvLower, rd: Writable<FReg>, rs1: FReg, rs2: FReg) => number
type F2R = (s: RiscvLower, rd: Writable<FReg>, rs1: FReg, rs2: FReg, rm: number) => number
type F1R = (s: RiscvLower, rd: Writable<FReg>, rs1: FReg, rm: number) => number
type F3R = (s: RiscvLower, rd: Writable<FReg>, rs1: FReg, rs2: FReg, rs3: FReg, rm: number) => number
type Test = (s: RiscvLower, rd: Writable<XReg>, rs1: FReg, rs2: FReg) => number
/** Rows of an operation for f16, f32, f64. */
type Rows<R> = readonly [R, R, R]

/** The row for values of the format that t is computed in. */
function rowOf<R>(c: RiscvLower, rows: Rows<R>, t: Type): R {
  return t === F64 ? rows[2] : t === F32 || !c.has(ZFH) ? rows[1] : rows[0]
}
/** The format that t is computed in. */
function workType(c: RiscvLower, t: Type): Type {
  return t === F16 && !c.has(ZFH) ? F32 : t
}

export function f1r(c: RiscvLower, op: F1R, x: FReg, rm: number): FReg {
  const d = c.tf()
  op(c, d, x, rm)
  return d
}
function f2(c: RiscvLower, op: F2, x: FReg, y: FReg): FReg {
  const d = c.tf()
  op(c, d, x, y)
  return d
}
function test(c: RiscvLower, op: Test, x: FReg, y: FReg): XReg {
  const d = c.tx()
  op(c, d, x, y)
  return d
}

/** An operand in the format that its type is computed in. */
function operand(c: RiscvLower, x: Value): FReg {
  const t = c.func.typeOf(x)
  return workType(c, t) === t ? c.f(x) : promote(c, c.f(x))
}
/** f16 in f32: exact. */
export function promote(c: RiscvLower, x: FReg): FReg {
  return convertHalf(c, F16, F32, x)
}
/** A result of the format that t is computed in, as t. */
function finish(c: RiscvLower, t: Type, r: FReg): FReg {
  return workType(c, t) === t ? r : convertHalf(c, F32, F16, r)
}

const adds: Rows<F2R> = [emit.fadd_h, emit.fadd_s, emit.fadd_d]
const subs: Rows<F2R> = [emit.fsub_h, emit.fsub_s, emit.fsub_d]
const muls: Rows<F2R> = [emit.fmul_h, emit.fmul_s, emit.fmul_d]
const divs: Rows<F2R> = [emit.fdiv_h, emit.fdiv_s, emit.fdiv_d]
const sqrts: Rows<F1R> = [emit.fsqrt_h, emit.fsqrt_s, emit.fsqrt_d]
const mins: Rows<F2> = [emit.fmin_h, emit.fmin_s, emit.fmin_d]
const maxs: Rows<F2> = [emit.fmax_h, emit.fmax_s, emit.fmax_d]
const minms: Rows<F2> = [emit.fminm_h, emit.fminm_s, emit.fminm_d]
const maxms: Rows<F2> = [emit.fmaxm_h, emit.fmaxm_s, emit.fmaxm_d]
const signs: Rows<F2> = [emit.fsgnj_h, emit.fsgnj_s, emit.fsgnj_d]
const negations: Rows<F2> = [emit.fsgnjn_h, emit.fsgnjn_s, emit.fsgnjn_d]
const products: Rows<F2> = [emit.fsgnjx_h, emit.fsgnjx_s, emit.fsgnjx_d]
const rounds: Rows<F1R> = [emit.fround_h, emit.fround_s, emit.fround_d]
const equals: Rows<Test> = [emit.feq_h, emit.feq_s, emit.feq_d]
const lesses: Rows<Test> = [emit.flt_h, emit.flt_s, emit.flt_d]
const lessEquals: Rows<Test> = [emit.fle_h, emit.fle_s, emit.fle_d]
const madds: Rows<F3R> = [emit.fmadd_h, emit.fmadd_s, emit.fmadd_d]
const msubs: Rows<F3R> = [emit.fmsub_h, emit.fmsub_s, emit.fmsub_d]
const nmsubs: Rows<F3R> = [emit.fnmsub_h, emit.fnmsub_s, emit.fnmsub_d]
const nmadds: Rows<F3R> = [emit.fnmadd_h, emit.fnmadd_s, emit.fnmadd_d]

const binary =
  (rows: Rows<F2R>) =>
  (c: RiscvLower, t: Type, x: Value, y: Value): FReg => {
    const d = c.tf()
    rowOf(c, rows, t)(c, d, operand(c, x), operand(c, y), RNE)
    return finish(c, t, d)
  }

const fused =
  (rows: Rows<F3R>) =>
  (c: RiscvLower, t: Type, x: Value, y: Value, z: Value): FReg => {
    const d = c.tf()
    if (workType(c, t) === t) {
      rowOf(c, rows, t)(c, d, c.f(x), c.f(y), c.f(z), RNE)
      return d
    }
    const wide = (v: Value): FReg => convertHalf(c, F16, F64, c.f(v))
    rows[2](c, d, wide(x), wide(y), wide(z), RNE)
    return convertHalf(c, F64, F16, d)
  }

/** Where neither is a NaN the machine's minimum or maximum, else their sum, which is a NaN. */
const extreme =
  (quiet: Rows<F2>, plain: Rows<F2>) =>
  (c: RiscvLower, t: Type, x: Value, y: Value): FReg => {
    const a = operand(c, x)
    const b = operand(c, y)
    if (c.has(ZFA)) return finish(c, t, f2(c, rowOf(c, quiet, t), a, b))
    const eq = rowOf(c, equals, t)
    const ordered = c.rrr(emit.and, test(c, eq, a, a), test(c, eq, b, b))
    const sum = c.tf()
    rowOf(c, adds, t)(c, sum, a, b, RNE)
    return finish(c, t, c.selectF(Opc.bne, ordered, X0, f2(c, rowOf(c, plain, t), a, b), sum))
  }

/** Operations on the sign bit, which are no arithmetic: a NaN keeps its payload. */
function signOf(c: RiscvLower, rows: Rows<F2>, t: Type, x: Value, y: Value): FReg {
  if (t !== F16 || c.has(ZFH)) return f2(c, rowOf(c, rows, t), c.f(x), c.f(y))
  const a = c.halfBits(c.f(x))
  const sign = c.rrr(emit.and, rows === signs || x !== y ? c.halfBits(c.f(y)) : a, c.li(0x8000, 0))
  if (rows === products) return c.halfFromBits(c.rrr(emit.xor, a, sign))
  const flipped = rows === negations ? c.rrr(emit.xor, sign, c.li(0x8000, 0)) : sign
  return c.halfFromBits(c.rrr(emit.or, c.rrr(emit.and, a, c.li(0x7fff, 0)), flipped))
}

/**
 * Rounding to an integral value without Zfa: through an integer where the magnitude is below 2^(mantissa bits), with the sign of x for zeros; above, every
 * value is integral. min(x, x) is x, and quiet for a NaN.
 */
const rounding =
  (mode: number) =>
  (c: RiscvLower, t: Type, x: Value): FReg => {
    const a = operand(c, x)
    if (c.has(ZFA)) return finish(c, t, f1r(c, rowOf(c, rounds, t), a, mode))
    const w = workType(c, t)
    const small = test(
      c,
      rowOf(c, lesses, t),
      f2(c, rowOf(c, products, t), a, a),
      c.constF(w, w === F64 ? 2 ** 52 : w === F32 ? 2 ** 23 : 2 ** 10),
    )
    const n = c.tx()
    ;(w === F64 ? emit.fcvt_l_d : w === F32 ? emit.fcvt_w_s : emit.fcvt_w_h)(c, n, a, mode)
    const back = c.tf()
    ;(w === F64 ? emit.fcvt_d_l : w === F32 ? emit.fcvt_s_w : emit.fcvt_h_w)(c, back, n, RNE)
    const rounded = f2(c, rowOf(c, signs, t), back, a)
    return finish(c, t, c.selectF(Opc.bne, small, X0, rounded, f2(c, rowOf(c, mins, t), a, a)))
  }

// ---- comparisons

/** A comparison as a register that is not zero where it holds, or, inverted, zero. */
interface FloatTest {
  readonly bit: XReg
  readonly inverted: boolean
}

function compare(c: RiscvLower, cc: FloatCC, x: Value, y: Value): FloatTest {
  const t = c.func.typeOf(x)
  const a = operand(c, x)
  const b = x === y ? a : operand(c, y)
  const eq = rowOf(c, equals, t)
  const lt = rowOf(c, lesses, t)
  const le = rowOf(c, lessEquals, t)
  const is = (bit: XReg): FloatTest => ({ bit, inverted: false })
  const not = (bit: XReg): FloatTest => ({ bit, inverted: true })
  const either = (): XReg => c.rrr(emit.or, test(c, lt, a, b), test(c, lt, b, a))
  const ordered = (): XReg => (x === y ? test(c, eq, a, a) : c.rrr(emit.and, test(c, eq, a, a), test(c, eq, b, b)))
  switch (cc) {
    case FCC_EQ:
      return is(test(c, eq, a, b))
    case FCC_LT:
      return is(test(c, lt, a, b))
    case FCC_LE:
      return is(test(c, le, a, b))
    case FCC_GT:
      return is(test(c, lt, b, a))
    case FCC_GE:
      return is(test(c, le, b, a))
    case FCC_ONE:
      return is(either())
    case FCC_UEQ:
      return not(either())
    case FCC_ORD:
      return is(ordered())
    case FCC_UNO:
      return not(ordered())
    case FCC_ULT:
      return not(test(c, le, b, a))
    case FCC_ULE:
      return not(test(c, lt, b, a))
    case FCC_UGT:
      return not(test(c, le, a, b))
    case FCC_UGE:
      return not(test(c, lt, a, b))
    default:
      return not(test(c, eq, a, b)) // ne
  }
}

function setFloat(c: RiscvLower, cc: FloatCC, x: Value, y: Value): XReg {
  const { bit, inverted } = compare(c, cc, x, y)
  return inverted ? c.rri(emit.xori, bit, 1) : bit
}

/** The branch row that is taken where the comparison holds. */
const rowFor = (t: FloatTest): number => (t.inverted ? Opc.beq : Opc.bne)

function branch(c: RiscvLower, cc: FloatCC, x: Value, y: Value): void {
  const t = compare(c, cc, x, y)
  c.br(rowFor(t), t.bit, X0)
}

function trapWhere(c: RiscvLower, cc: FloatCC, x: Value, y: Value, code: number, holds: boolean): void {
  const t = compare(c, cc, x, y)
  c.trapIf(t.inverted === holds ? Opc.beq : Opc.bne, t.bit, X0, code)
}

function choose(c: RiscvLower, t: Type, cc: FloatCC, a: Value, b: Value, x: Value, y: Value): number {
  const by = compare(c, cc, a, b)
  return selectBy(c, t, { row: rowFor(by), a: by.bit, b: X0 }, x, y)
}

// ---- between formats

function widen(c: RiscvLower, t: Type, x: Value): FReg {
  if (c.func.typeOf(x) === F32) return f1r(c, emit.fcvt_d_s, c.f(x), RNE)
  return convertHalf(c, F16, t, c.f(x))
}

function narrow(c: RiscvLower, t: Type, x: Value): FReg {
  if (t === F32) return f1r(c, emit.fcvt_s_d, c.f(x), RNE)
  return convertHalf(c, c.func.typeOf(x), F16, c.f(x))
}

const square = (c: RiscvLower, t: Type, x: Value): FReg => finish(c, t, f1r(c, rowOf(c, sqrts, t), operand(c, x), RNE))

// biome-ignore format: table
export const floatRules: Rule[] = [
  rule('fadd',      floats, [val, val],      (x, y) => fadd(x, y),                      binary(adds)),
  rule('fsub',      floats, [val, val],      (x, y) => fsub(x, y),                      binary(subs)),
  rule('fmul',      floats, [val, val],      (x, y) => fmul(x, y),                      binary(muls)),
  rule('fdiv',      floats, [val, val],      (x, y) => fdiv(x, y),                      binary(divs)),
  rule('sqrt',      floats, [val],           (x) => sqrt(x),                            square),
  rule('fma_neg_neg', floats, [val, val, val], (x, y, z) => fma(fneg(x), y, fneg(z)),   fused(nmadds)),
  rule('fma_neg_neg2', floats, [val, val, val], (x, y, z) => fma(x, fneg(y), fneg(z)),  fused(nmadds)),
  rule('fma_neg_addend', floats, [val, val, val], (x, y, z) => fma(x, y, fneg(z)),      fused(msubs)),
  rule('fma_neg',   floats, [val, val, val], (x, y, z) => fma(fneg(x), y, z),           fused(nmsubs)),
  rule('fma_neg2',  floats, [val, val, val], (x, y, z) => fma(x, fneg(y), z),           fused(nmsubs)),
  rule('fma',       floats, [val, val, val], (x, y, z) => fma(x, y, z),                 fused(madds)),
  rule('fneg',      floats, [val],           (x) => fneg(x),                            (c, t, x) => signOf(c, negations, t, x, x)),
  rule('fabs',      floats, [val],           (x) => fabs(x),                            (c, t, x) => signOf(c, products, t, x, x)),
  rule('fcopysign_neg', floats, [val, val],  (x, y) => fcopysign(x, fneg(y)),           (c, t, x, y) => signOf(c, negations, t, x, y)),
  rule('fcopysign', floats, [val, val],      (x, y) => fcopysign(x, y),                 (c, t, x, y) => signOf(c, signs, t, x, y)),
  rule('fmin',      floats, [val, val],      (x, y) => fmin(x, y),                      extreme(minms, mins)),
  rule('fmax',      floats, [val, val],      (x, y) => fmax(x, y),                      extreme(maxms, maxs)),
  rule('ceil',      floats, [val],           (x) => ceil(x),                            rounding(RUP)),
  rule('floor',     floats, [val],           (x) => floor(x),                           rounding(RDN)),
  rule('trunc',     floats, [val],           (x) => trunc(x),                           rounding(RTZ)),
  rule('nearest',   floats, [val],           (x) => nearest(x),                         rounding(RNE)),
  rule('fpromote',  floats, [valOf(floats)], (x) => fpromote(x),                        widen),
  rule('fdemote',   floats, [valOf(floats)], (x) => fdemote(x),                         narrow),

  rule('fcmp',        floats, [fcc(), val, val],                              (p, x, y) => fcmp(p, x, y),                  (c, _t, p, x, y) => setFloat(c, p, x, y)),
  rule('brif_fcmp',   any,    [fcc(), valOf(floats), val],                    (p, x, y) => brif(fcmp(p, x, y)),            (c, _t, p, x, y) => branch(c, p, x, y)),
  rule('select_fcmp', any,    [fcc(), valOf(floats), val, val, val],          (p, a, b, x, y) => select(fcmp(p, a, b), x, y), (c, t, p, a, b, x, y) => choose(c, t, p, a, b, x, y)),
  rule('trapnz_fcmp', any,    [fcc(), valOf(floats), val, trapCode],          (p, x, y, k) => trapnz(fcmp(p, x, y), k),    (c, _t, p, x, y, k) => trapWhere(c, p, x, y, k, true)),
  rule('trapz_fcmp',  any,    [fcc(), valOf(floats), val, trapCode],          (p, x, y, k) => trapz(fcmp(p, x, y), k),     (c, _t, p, x, y, k) => trapWhere(c, p, x, y, k, false)),
]
