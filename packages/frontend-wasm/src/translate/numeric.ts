// Operators on numbers: one row per operator, each a function from operands to the result.
import { bug } from '@k23/entity'
import * as cc from '@k23/ir'
import { F32, F64, I16, I32, I64, I8, type InstBuilder, MEM_DEFAULT, type Value } from '@k23/ir'
import { NUM_OPERATORS, operatorIndex, operators, PREFIX_FD } from '../operators.ts'
import { vectorHandler } from './simd.ts'

/** `y` and `z` count for operators that have so many operands. */
export type NumericHandler = (ins: InstBuilder, x: Value, y: Value, z: Value) => Value

const compare =
  (code: number): NumericHandler =>
  (ins, x, y) =>
    ins.uextend(I32, ins.icmp(code, x, y))
const compareFloat =
  (code: number): NumericHandler =>
  (ins, x, y) =>
    ins.uextend(I32, ins.fcmp(code, x, y))

// biome-ignore format: table
const rows: Record<string, NumericHandler | undefined> = {
  'i32.eqz':  (b, x) => b.uextend(I32, b.icmp(cc.EQ, x, b.iconst(I32, 0))),
  'i32.eq':   compare(cc.EQ),  'i32.ne':   compare(cc.NE),
  'i32.lt_s': compare(cc.SLT), 'i32.lt_u': compare(cc.ULT), 'i32.gt_s': compare(cc.SGT), 'i32.gt_u': compare(cc.UGT),
  'i32.le_s': compare(cc.SLE), 'i32.le_u': compare(cc.ULE), 'i32.ge_s': compare(cc.SGE), 'i32.ge_u': compare(cc.UGE),
  'i64.eqz':  (b, x) => b.uextend(I32, b.icmp(cc.EQ, x, b.iconst(I64, 0))),
  'i64.eq':   compare(cc.EQ),  'i64.ne':   compare(cc.NE),
  'i64.lt_s': compare(cc.SLT), 'i64.lt_u': compare(cc.ULT), 'i64.gt_s': compare(cc.SGT), 'i64.gt_u': compare(cc.UGT),
  'i64.le_s': compare(cc.SLE), 'i64.le_u': compare(cc.ULE), 'i64.ge_s': compare(cc.SGE), 'i64.ge_u': compare(cc.UGE),

  'f32.eq': compareFloat(cc.FCC_EQ), 'f32.ne': compareFloat(cc.FCC_NE), 'f32.lt': compareFloat(cc.FCC_LT),
  'f32.gt': compareFloat(cc.FCC_GT), 'f32.le': compareFloat(cc.FCC_LE), 'f32.ge': compareFloat(cc.FCC_GE),
  'f64.eq': compareFloat(cc.FCC_EQ), 'f64.ne': compareFloat(cc.FCC_NE), 'f64.lt': compareFloat(cc.FCC_LT),
  'f64.gt': compareFloat(cc.FCC_GT), 'f64.le': compareFloat(cc.FCC_LE), 'f64.ge': compareFloat(cc.FCC_GE),

  'i32.clz':   (b, x) => b.clz(x),        'i64.clz':   (b, x) => b.clz(x),
  'i32.ctz':   (b, x) => b.ctz(x),        'i64.ctz':   (b, x) => b.ctz(x),
  'i32.popcnt':(b, x) => b.popcnt(x),     'i64.popcnt':(b, x) => b.popcnt(x),
  'i32.add':   (b, x, y) => b.iadd(x, y), 'i64.add':   (b, x, y) => b.iadd(x, y),
  'i32.sub':   (b, x, y) => b.isub(x, y), 'i64.sub':   (b, x, y) => b.isub(x, y),
  'i32.mul':   (b, x, y) => b.imul(x, y), 'i64.mul':   (b, x, y) => b.imul(x, y),
  'i32.div_s': (b, x, y) => b.sdiv(x, y), 'i64.div_s': (b, x, y) => b.sdiv(x, y),
  'i32.div_u': (b, x, y) => b.udiv(x, y), 'i64.div_u': (b, x, y) => b.udiv(x, y),
  'i32.rem_s': (b, x, y) => b.srem(x, y), 'i64.rem_s': (b, x, y) => b.srem(x, y),
  'i32.rem_u': (b, x, y) => b.urem(x, y), 'i64.rem_u': (b, x, y) => b.urem(x, y),
  'i32.and':   (b, x, y) => b.band(x, y), 'i64.and':   (b, x, y) => b.band(x, y),
  'i32.or':    (b, x, y) => b.bor(x, y),  'i64.or':    (b, x, y) => b.bor(x, y),
  'i32.xor':   (b, x, y) => b.bxor(x, y), 'i64.xor':   (b, x, y) => b.bxor(x, y),
  'i32.shl':   (b, x, y) => b.ishl(x, y), 'i64.shl':   (b, x, y) => b.ishl(x, y),
  'i32.shr_s': (b, x, y) => b.sshr(x, y), 'i64.shr_s': (b, x, y) => b.sshr(x, y),
  'i32.shr_u': (b, x, y) => b.ushr(x, y), 'i64.shr_u': (b, x, y) => b.ushr(x, y),
  'i32.rotl':  (b, x, y) => b.rotl(x, y), 'i64.rotl':  (b, x, y) => b.rotl(x, y),
  'i32.rotr':  (b, x, y) => b.rotr(x, y), 'i64.rotr':  (b, x, y) => b.rotr(x, y),

  'f32.abs':      (b, x) => b.fabs(x),           'f64.abs':      (b, x) => b.fabs(x),
  'f32.neg':      (b, x) => b.fneg(x),           'f64.neg':      (b, x) => b.fneg(x),
  'f32.ceil':     (b, x) => b.ceil(x),           'f64.ceil':     (b, x) => b.ceil(x),
  'f32.floor':    (b, x) => b.floor(x),          'f64.floor':    (b, x) => b.floor(x),
  'f32.trunc':    (b, x) => b.trunc(x),          'f64.trunc':    (b, x) => b.trunc(x),
  'f32.nearest':  (b, x) => b.nearest(x),        'f64.nearest':  (b, x) => b.nearest(x),
  'f32.sqrt':     (b, x) => b.sqrt(x),           'f64.sqrt':     (b, x) => b.sqrt(x),
  'f32.add':      (b, x, y) => b.fadd(x, y),     'f64.add':      (b, x, y) => b.fadd(x, y),
  'f32.sub':      (b, x, y) => b.fsub(x, y),     'f64.sub':      (b, x, y) => b.fsub(x, y),
  'f32.mul':      (b, x, y) => b.fmul(x, y),     'f64.mul':      (b, x, y) => b.fmul(x, y),
  'f32.div':      (b, x, y) => b.fdiv(x, y),     'f64.div':      (b, x, y) => b.fdiv(x, y),
  'f32.min':      (b, x, y) => b.fmin(x, y),     'f64.min':      (b, x, y) => b.fmin(x, y),
  'f32.max':      (b, x, y) => b.fmax(x, y),     'f64.max':      (b, x, y) => b.fmax(x, y),
  'f32.copysign': (b, x, y) => b.fcopysign(x, y),'f64.copysign': (b, x, y) => b.fcopysign(x, y),

  'i32.wrap_i64':        (b, x) => b.ireduce(I32, x),
  'i64.extend_i32_s':    (b, x) => b.sextend(I64, x),
  'i64.extend_i32_u':    (b, x) => b.uextend(I64, x),
  'i32.extend8_s':       (b, x) => b.sextend(I32, b.ireduce(I8, x)),
  'i32.extend16_s':      (b, x) => b.sextend(I32, b.ireduce(I16, x)),
  'i64.extend8_s':       (b, x) => b.sextend(I64, b.ireduce(I8, x)),
  'i64.extend16_s':      (b, x) => b.sextend(I64, b.ireduce(I16, x)),
  'i64.extend32_s':      (b, x) => b.sextend(I64, b.ireduce(I32, x)),
  'i32.trunc_f32_s':     (b, x) => b.fcvt_to_sint(I32, x),
  'i32.trunc_f32_u':     (b, x) => b.fcvt_to_uint(I32, x),
  'i32.trunc_f64_s':     (b, x) => b.fcvt_to_sint(I32, x),
  'i32.trunc_f64_u':     (b, x) => b.fcvt_to_uint(I32, x),
  'i64.trunc_f32_s':     (b, x) => b.fcvt_to_sint(I64, x),
  'i64.trunc_f32_u':     (b, x) => b.fcvt_to_uint(I64, x),
  'i64.trunc_f64_s':     (b, x) => b.fcvt_to_sint(I64, x),
  'i64.trunc_f64_u':     (b, x) => b.fcvt_to_uint(I64, x),
  'i32.trunc_sat_f32_s': (b, x) => b.fcvt_to_sint_sat(I32, x),
  'i32.trunc_sat_f32_u': (b, x) => b.fcvt_to_uint_sat(I32, x),
  'i32.trunc_sat_f64_s': (b, x) => b.fcvt_to_sint_sat(I32, x),
  'i32.trunc_sat_f64_u': (b, x) => b.fcvt_to_uint_sat(I32, x),
  'i64.trunc_sat_f32_s': (b, x) => b.fcvt_to_sint_sat(I64, x),
  'i64.trunc_sat_f32_u': (b, x) => b.fcvt_to_uint_sat(I64, x),
  'i64.trunc_sat_f64_s': (b, x) => b.fcvt_to_sint_sat(I64, x),
  'i64.trunc_sat_f64_u': (b, x) => b.fcvt_to_uint_sat(I64, x),
  'f32.convert_i32_s':   (b, x) => b.fcvt_from_sint(F32, x),
  'f32.convert_i32_u':   (b, x) => b.fcvt_from_uint(F32, x),
  'f32.convert_i64_s':   (b, x) => b.fcvt_from_sint(F32, x),
  'f32.convert_i64_u':   (b, x) => b.fcvt_from_uint(F32, x),
  'f64.convert_i32_s':   (b, x) => b.fcvt_from_sint(F64, x),
  'f64.convert_i32_u':   (b, x) => b.fcvt_from_uint(F64, x),
  'f64.convert_i64_s':   (b, x) => b.fcvt_from_sint(F64, x),
  'f64.convert_i64_u':   (b, x) => b.fcvt_from_uint(F64, x),
  'f32.demote_f64':      (b, x) => b.fdemote(F32, x),
  'f64.promote_f32':     (b, x) => b.fpromote(F64, x),
  'i32.reinterpret_f32': (b, x) => b.bitcast(I32, MEM_DEFAULT, x),
  'i64.reinterpret_f64': (b, x) => b.bitcast(I64, MEM_DEFAULT, x),
  'f32.reinterpret_i32': (b, x) => b.bitcast(F32, MEM_DEFAULT, x),
  'f64.reinterpret_i64': (b, x) => b.bitcast(F64, MEM_DEFAULT, x),
}

function buildHandlers(): NumericHandler[] {
  const handlers: NumericHandler[] = new Array(NUM_OPERATORS)
  for (const op of operators) {
    if (op.kind !== 'simple') continue
    handlers[op.index] =
      op.index >= PREFIX_FD
        ? vectorHandler(op.name)
        : (rows[op.name] ?? bug('frontend-wasm', '-', op.name, 'the operator has no translation'))
  }
  return handlers
}

/** By operator index: the translation of each operator of kind `simple`. */
export const numericHandlers: readonly NumericHandler[] = buildHandlers()

type Wide = (ins: InstBuilder, x: (i: number) => Value) => readonly [Value, Value]

/** On the operands, words 0 and 1 of the first and 2 and 3 of the second, as 128 bits. */
function wideBinary(f: (ins: InstBuilder, x: Value, y: Value) => Value): Wide {
  return (ins, x) => {
    const split = ins.isplit(f(ins, ins.iconcat(x(0), x(1)), ins.iconcat(x(2), x(3))))
    return [ins.func.result(split, 0), ins.func.result(split, 1)]
  }
}

export const FIRST_WIDE: number = operatorIndex(0xfc013)

/** Of the operators of kind `wide`, in the order of the opcodes: low word and high word. */
export const wideHandlers: readonly Wide[] = [
  wideBinary((ins, x, y) => ins.iadd(x, y)),
  wideBinary((ins, x, y) => ins.isub(x, y)),
  (ins, x) => [ins.imul(x(0), x(1)), ins.smulhi(x(0), x(1))],
  (ins, x) => [ins.imul(x(0), x(1)), ins.umulhi(x(0), x(1))],
]
