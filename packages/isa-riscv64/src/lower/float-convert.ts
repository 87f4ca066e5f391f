// Between floats and integers, and the bits of floats.
//
// fcvt saturates by itself, and gives the maximum for a NaN. CLIF's trapping conversions look at the range first; the saturating ones clear the result for a NaN.
import {
  F16,
  F32,
  F64,
  laneBits,
  TRAP_BAD_CONVERSION_TO_INTEGER,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
  band,
  bitcast,
  bitselect,
  bnot,
  bor,
  bxor,
  constant,
  f128,
  f128const,
  fcvt_from_sint,
  fcvt_from_uint,
  fcvt_to_sint,
  fcvt_to_sint_sat,
  fcvt_to_uint,
  fcvt_to_uint_sat,
  fits64,
  i128,
  type Rule,
  type TypeSet,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import type { FReg, Writable, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { ZBB, ZFH } from '../features.ts'
import { selectBits } from './bits.ts'
import type { RiscvLower } from './driver.ts'
import { convertHalf } from './libcalls.ts'
import { floats, promote, RNE, RTZ } from './float.ts'
import { rule } from './types.ts'

type ToInt = (s: RiscvLower, rd: Writable<XReg>, rs1: FReg, rm: number) => number
type FromInt = (s: RiscvLower, rd: Writable<FReg>, rs1: XReg, rm: number) => number
/** Rows by width and sign: w, wu, l, lu. */
type Rows<R> = readonly [R, R, R, R]

const fromSingle: Rows<ToInt> = [emit.fcvt_w_s, emit.fcvt_wu_s, emit.fcvt_l_s, emit.fcvt_lu_s]
const fromDouble: Rows<ToInt> = [emit.fcvt_w_d, emit.fcvt_wu_d, emit.fcvt_l_d, emit.fcvt_lu_d]
const toHalf: Rows<FromInt> = [emit.fcvt_h_w, emit.fcvt_h_wu, emit.fcvt_h_l, emit.fcvt_h_lu]
const toSingle: Rows<FromInt> = [emit.fcvt_s_w, emit.fcvt_s_wu, emit.fcvt_s_l, emit.fcvt_s_lu]
const toDouble: Rows<FromInt> = [emit.fcvt_d_w, emit.fcvt_d_wu, emit.fcvt_d_l, emit.fcvt_d_lu]

function pick<R>(rows: Rows<R>, bits: number, signed: boolean): R {
  return rows[(bits === 64 ? 2 : 0) + (signed ? 0 : 1)]
}

/** A float operand as f32 or f64. */
function source(c: RiscvLower, x: Value): { r: FReg; t: Type } {
  const t = c.func.typeOf(x)
  return t === F16 ? { r: promote(c, c.f(x)), t: F32 } : { r: c.f(x), t }
}

function compare(c: RiscvLower, op: typeof emit.feq_d, a: FReg, b: FReg): XReg {
  const d = c.tx()
  op(c, d, a, b)
  return d
}

function toInt(c: RiscvLower, t: Type, r: FReg, from: Type, signed: boolean): XReg {
  const d = c.tx()
  pick(from === F64 ? fromDouble : fromSingle, laneBits(t), signed)(c, d, r, RTZ)
  return d
}

function checked(c: RiscvLower, t: Type, x: Value, signed: boolean): XReg {
  const { r, t: from } = source(c, x)
  const n = laneBits(t)
  const lt = from === F64 ? emit.flt_d : emit.flt_s
  const le = from === F64 ? emit.fle_d : emit.fle_s
  c.trapIf(Opc.beq, compare(c, from === F64 ? emit.feq_d : emit.feq_s, r, r), X0, TRAP_BAD_CONVERSION_TO_INTEGER)
  // Everything above min - 1 rounds to min or more. Where the format cannot hold min - 1, nothing lies between it and min.
  const min = signed ? -(2 ** (n - 1)) : 0
  const exact = n < (from === F64 ? 53 : 24) || !signed
  const low = exact ? compare(c, lt, c.constF(from, min - 1), r) : compare(c, le, c.constF(from, min), r)
  const high = compare(c, lt, r, c.constF(from, 2 ** (signed ? n - 1 : n)))
  c.trapIf(Opc.beq, c.rrr(emit.and, low, high), X0, TRAP_INTEGER_OVERFLOW)
  return toInt(c, t, r, from, signed)
}

function clamp(c: RiscvLower, r: XReg, limit: number, max: boolean, signed: boolean): XReg {
  const k = c.li(limit, limit >> 31)
  if (c.has(ZBB)) return c.rrr(signed ? (max ? emit.max : emit.min) : max ? emit.maxu : emit.minu, r, k)
  return c.selectX(signed ? Opc.blt : Opc.bltu, max ? k : r, max ? r : k, r, k)
}

function saturating(c: RiscvLower, t: Type, x: Value, signed: boolean): XReg {
  const { r, t: from } = source(c, x)
  const n = laneBits(t)
  let i = toInt(c, t, r, from, signed)
  if (n < 32) {
    i = clamp(c, i, signed ? 2 ** (n - 1) - 1 : 2 ** n - 1, false, signed)
    if (signed) i = clamp(c, i, -(2 ** (n - 1)), true, true)
  }
  const number = compare(c, from === F64 ? emit.feq_d : emit.feq_s, r, r)
  return c.rrr(emit.and, i, c.rrr(emit.sub, X0, number))
}

function fromInt(c: RiscvLower, t: Type, x: Value, signed: boolean): FReg {
  const n = laneBits(c.func.typeOf(x))
  const i = n < 32 ? (signed ? c.sx(x) : c.zx(x)) : c.x(x)
  const d = c.tf()
  if (t === F16 && !c.has(ZFH)) {
    // f64 holds every integer below 2^53, and what is above is infinite in f16
    pick(toDouble, n, signed)(c, d, i, RNE)
    return convertHalf(c, F64, F16, d)
  }
  pick(t === F64 ? toDouble : t === F32 ? toSingle : toHalf, n, signed)(c, d, i, RNE)
  return d
}

// ---- bits

/** The bits of a float, in the low bits of an integer register. */
export function bitsOf(c: RiscvLower, x: Value): XReg {
  const t = c.func.typeOf(x)
  const f = c.f(x)
  if (t === F16) return c.halfBits(f)
  const d = c.tx()
  if (t === F64) emit.fmv_x_d(c, d, f)
  else emit.fmv_x_w(c, d, f)
  return d
}

export function fromBits(c: RiscvLower, t: Type, x: XReg): FReg {
  if (t === F16) return c.halfFromBits(x)
  const d = c.tf()
  if (t === F64) emit.fmv_d_x(c, d, x)
  else emit.fmv_w_x(c, d, x)
  return d
}

const isFloatType = (t: Type): boolean => t === F16 || t === F32 || t === F64

function cast(c: RiscvLower, t: Type, x: Value): number {
  const from = c.func.typeOf(x)
  if (isFloatType(t) === isFloatType(from)) return c.use(x)
  return isFloatType(t) ? fromBits(c, t, c.x(x)) : bitsOf(c, x)
}

const bitwise =
  (op: typeof emit.and) =>
  (c: RiscvLower, t: Type, x: Value, y: Value): FReg =>
    fromBits(c, t, c.rrr(op, bitsOf(c, x), bitsOf(c, y)))

function quadConstant(c: RiscvLower, k: number): number {
  const bytes = c.func.constants[k]
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (at: number): number => view.getInt32(at, true)
  return c.pair(c.li(word(0), word(4)), c.li(word(8), word(12)))
}

const scalars: TypeSet = typeUnion(fits64, floats)
const pairs: TypeSet = typeUnion(i128, f128)

// biome-ignore format: table
export const floatConvertRules: Rule[] = [
  rule('fcvt_to_sint',     fits64, [valOf(floats)], (x) => fcvt_to_sint(x),     (c, t, x) => checked(c, t, x, true)),
  rule('fcvt_to_uint',     fits64, [valOf(floats)], (x) => fcvt_to_uint(x),     (c, t, x) => checked(c, t, x, false)),
  rule('fcvt_to_sint_sat', fits64, [valOf(floats)], (x) => fcvt_to_sint_sat(x), (c, t, x) => saturating(c, t, x, true)),
  rule('fcvt_to_uint_sat', fits64, [valOf(floats)], (x) => fcvt_to_uint_sat(x), (c, t, x) => saturating(c, t, x, false)),
  rule('fcvt_from_sint',   floats, [valOf(fits64)], (x) => fcvt_from_sint(x),   (c, t, x) => fromInt(c, t, x, true)),
  rule('fcvt_from_uint',   floats, [valOf(fits64)], (x) => fcvt_from_uint(x),   (c, t, x) => fromInt(c, t, x, false)),

  rule('bitcast',      scalars, [valOf(scalars)], (x) => bitcast(x),              cast),
  rule('bitcast_pair', pairs,   [valOf(pairs)],   (x) => bitcast(x),              (c, _t, x) => c.pair(c.lo(x), c.hi(x))),
  rule('f128const',    any,     [constant],       (k) => f128const(k),            (c, _t, k) => quadConstant(c, k)),
  rule('band_float',   floats,  [val, val],       (x, y) => band(x, y),           bitwise(emit.and)),
  rule('bor_float',    floats,  [val, val],       (x, y) => bor(x, y),            bitwise(emit.or)),
  rule('bxor_float',   floats,  [val, val],       (x, y) => bxor(x, y),           bitwise(emit.xor)),
  rule('bnot_float',   floats,  [val],            (x) => bnot(x),                 (c, t, x) => fromBits(c, t, c.rri(emit.xori, bitsOf(c, x), -1))),
  rule('bitselect_float', floats, [val, val, val], (k, x, y) => bitselect(k, x, y), (c, t, k, x, y) => fromBits(c, t, selectBits(c, bitsOf(c, k), bitsOf(c, x), bitsOf(c, y)))),
]
