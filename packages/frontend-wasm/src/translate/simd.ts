// Operators on vectors.
//
// Problem. A v128 has no lanes; a CLIF vector has. Idea. The value of a v128 operand has the type of lanes that its operator gave it, and whoever
// reads it as other lanes casts it (a cast costs nothing in the back ends; one of a cast value goes back to the original). Where a v128
// leaves its function or its block (locals, block parameters, globals, calls, memory) it is VECTOR.
//
// Where relaxed operators leave a choice, all targets make the same: that of the non-relaxed operator of the same name, fused multiply-add,
// and signed by signed in dot products.
import { bug, NONE } from '@k23/entity'
import * as cc from '@k23/ir'
import {
  F32,
  F32X4,
  F64,
  F64X2,
  I16,
  I16X8,
  I32,
  I32X4,
  I64,
  I64X2,
  I8,
  I8X16,
  type InstBuilder,
  laneType,
  LITTLE,
  type MemFlags,
  memFlags,
  Op,
  type Type,
  type Value,
} from '@k23/ir'
import { operators } from '../operators.ts'

/** The type of a v128 that nothing is known about. */
export const VECTOR: Type = I8X16

const CAST: MemFlags = memFlags(LITTLE)

/** `x` as lanes of type `t`. */
export function asLanes(b: InstBuilder, t: Type, x: Value): Value {
  const f = b.func
  if (f.typeOf(x) === t) return x
  const inst = f.defInst(x)
  if (inst !== NONE && f.op[inst] === Op.bitcast) {
    const original = f.arg(inst, 0)
    if (f.typeOf(original) === t) return original
  }
  return b.bitcast(t, CAST, x)
}

export type VectorHandler = (b: InstBuilder, x: Value, y: Value, z: Value) => Value

const shapes = { i8x16: I8X16, i16x8: I16X8, i32x4: I32X4, i64x2: I64X2, f32x4: F32X4, f64x2: F64X2 } as const
type Shape = keyof typeof shapes
const INTS = ['i8x16', 'i16x8', 'i32x4', 'i64x2'] as const
const FLOATS = ['f32x4', 'f64x2'] as const
/** Shapes and the integer shape of half their lanes' width. */
const halves: readonly (readonly [Shape, Shape])[] = [
  ['i16x8', 'i8x16'],
  ['i32x4', 'i16x8'],
  ['i64x2', 'i32x4'],
]

const handlers = new Map<string, VectorHandler>()

type Unary = (b: InstBuilder, x: Value) => Value
type Binary = (b: InstBuilder, x: Value, y: Value) => Value

function unary(name: string, from: Type, f: Unary): void {
  handlers.set(name, (b, x) => f(b, asLanes(b, from, x)))
}
function binary(name: string, from: Type, f: Binary): void {
  handlers.set(name, (b, x, y) => f(b, asLanes(b, from, x), asLanes(b, from, y)))
}
/** The second operand is a scalar. */
function shift(name: string, from: Type, f: Binary): void {
  handlers.set(name, (b, x, y) => f(b, asLanes(b, from, x), y))
}
function ternary(name: string, t: Type, f: (b: InstBuilder, x: Value, y: Value, z: Value) => Value): void {
  handlers.set(name, (b, x, y, z) => f(b, asLanes(b, t, x), asLanes(b, t, y), asLanes(b, t, z)))
}

// ---- lane by lane, for all shapes of a kind

// biome-ignore format: table
const unaryInts: readonly (readonly [string, Unary])[] = [
  ['abs', (b, x) => b.iabs(x)], ['neg', (b, x) => b.ineg(x)],
]
// biome-ignore format: table
const binaryInts: readonly (readonly [string, Binary])[] = [
  ['add',       (b, x, y) => b.iadd(x, y)],            ['sub',       (b, x, y) => b.isub(x, y)],
  ['mul',       (b, x, y) => b.imul(x, y)],            ['avgr_u',    (b, x, y) => b.avg_round(x, y)],
  ['min_s',     (b, x, y) => b.smin(x, y)],            ['min_u',     (b, x, y) => b.umin(x, y)],
  ['max_s',     (b, x, y) => b.smax(x, y)],            ['max_u',     (b, x, y) => b.umax(x, y)],
  ['add_sat_s', (b, x, y) => b.sadd_sat(x, y)],        ['add_sat_u', (b, x, y) => b.uadd_sat(x, y)],
  ['sub_sat_s', (b, x, y) => b.ssub_sat(x, y)],        ['sub_sat_u', (b, x, y) => b.usub_sat(x, y)],
  ['eq',        (b, x, y) => b.icmp(cc.EQ, x, y)],     ['ne',        (b, x, y) => b.icmp(cc.NE, x, y)],
  ['lt_s',      (b, x, y) => b.icmp(cc.SLT, x, y)],    ['lt_u',      (b, x, y) => b.icmp(cc.ULT, x, y)],
  ['gt_s',      (b, x, y) => b.icmp(cc.SGT, x, y)],    ['gt_u',      (b, x, y) => b.icmp(cc.UGT, x, y)],
  ['le_s',      (b, x, y) => b.icmp(cc.SLE, x, y)],    ['le_u',      (b, x, y) => b.icmp(cc.ULE, x, y)],
  ['ge_s',      (b, x, y) => b.icmp(cc.SGE, x, y)],    ['ge_u',      (b, x, y) => b.icmp(cc.UGE, x, y)],
]
// biome-ignore format: table
const shifts: readonly (readonly [string, Binary])[] = [
  ['shl', (b, x, y) => b.ishl(x, y)], ['shr_s', (b, x, y) => b.sshr(x, y)], ['shr_u', (b, x, y) => b.ushr(x, y)],
]
// biome-ignore format: table
const unaryFloats: readonly (readonly [string, Unary])[] = [
  ['abs',   (b, x) => b.fabs(x)],  ['neg',   (b, x) => b.fneg(x)],  ['sqrt',    (b, x) => b.sqrt(x)],
  ['ceil',  (b, x) => b.ceil(x)],  ['floor', (b, x) => b.floor(x)], ['trunc',   (b, x) => b.trunc(x)], ['nearest', (b, x) => b.nearest(x)],
]
// biome-ignore format: table
const binaryFloats: readonly (readonly [string, Binary])[] = [
  ['add', (b, x, y) => b.fadd(x, y)],             ['sub', (b, x, y) => b.fsub(x, y)],
  ['mul', (b, x, y) => b.fmul(x, y)],             ['div', (b, x, y) => b.fdiv(x, y)],
  ['min', (b, x, y) => b.fmin(x, y)],             ['max', (b, x, y) => b.fmax(x, y)],
  ['relaxed_min', (b, x, y) => b.fmin(x, y)],     ['relaxed_max', (b, x, y) => b.fmax(x, y)],
  ['eq',  (b, x, y) => b.fcmp(cc.FCC_EQ, x, y)],  ['ne',  (b, x, y) => b.fcmp(cc.FCC_NE, x, y)],
  ['lt',  (b, x, y) => b.fcmp(cc.FCC_LT, x, y)],  ['gt',  (b, x, y) => b.fcmp(cc.FCC_GT, x, y)],
  ['le',  (b, x, y) => b.fcmp(cc.FCC_LE, x, y)],  ['ge',  (b, x, y) => b.fcmp(cc.FCC_GE, x, y)],
  // pmin is y < x ? y : x, pmax x < y ? y : x.
  ['pmin', (b, x, y) => selectLanes(b, b.fcmp(cc.FCC_LT, y, x), y, x)],
  ['pmax', (b, x, y) => selectLanes(b, b.fcmp(cc.FCC_LT, x, y), y, x)],
]

/** Lanes of x where the mask has ones, else of y. */
function selectLanes(b: InstBuilder, mask: Value, x: Value, y: Value): Value {
  return b.bitselect(asLanes(b, b.func.typeOf(x), mask), x, y)
}

for (const s of INTS) {
  const t = shapes[s]
  for (const [name, f] of unaryInts) unary(`${s}.${name}`, t, f)
  for (const [name, f] of binaryInts) binary(`${s}.${name}`, t, f)
  for (const [name, f] of shifts) shift(`${s}.${name}`, t, f)
  unary(`${s}.all_true`, t, (b, x) => b.uextend(I32, b.vall_true(x)))
  unary(`${s}.bitmask`, t, (b, x) => b.vhigh_bits(I32, x))
  ternary(`${s}.relaxed_laneselect`, t, (b, x, y, mask) => b.bitselect(mask, x, y))
}
for (const s of FLOATS) {
  const t = shapes[s]
  for (const [name, f] of unaryFloats) unary(`${s}.${name}`, t, f)
  for (const [name, f] of binaryFloats) binary(`${s}.${name}`, t, f)
  ternary(`${s}.relaxed_madd`, t, (b, x, y, z) => b.fma(x, y, z))
  ternary(`${s}.relaxed_nmadd`, t, (b, x, y, z) => b.fma(b.fneg(x), y, z))
}

// ---- all 128 bits

unary('v128.not', VECTOR, (b, x) => b.bnot(x))
binary('v128.and', VECTOR, (b, x, y) => b.band(x, y))
binary('v128.andnot', VECTOR, (b, x, y) => b.band(x, b.bnot(y)))
binary('v128.or', VECTOR, (b, x, y) => b.bor(x, y))
binary('v128.xor', VECTOR, (b, x, y) => b.bxor(x, y))
ternary('v128.bitselect', VECTOR, (b, x, y, mask) => b.bitselect(mask, x, y))
unary('v128.any_true', VECTOR, (b, x) => b.uextend(I32, b.vany_true(x)))
unary('i8x16.popcnt', I8X16, (b, x) => b.popcnt(x))
binary('i8x16.swizzle', I8X16, (b, x, y) => b.swizzle(x, y))
binary('i8x16.relaxed_swizzle', I8X16, (b, x, y) => b.swizzle(x, y))

// ---- between widths

for (const [wide, narrow] of halves) {
  const from = shapes[narrow]
  const widen: Readonly<Record<string, Unary>> = {
    low_s: (b, x) => b.swiden_low(x),
    high_s: (b, x) => b.swiden_high(x),
    low_u: (b, x) => b.uwiden_low(x),
    high_u: (b, x) => b.uwiden_high(x),
  }
  for (const [which, f] of Object.entries(widen)) {
    const [half, sign] = which.split('_')
    unary(`${wide}.extend_${half}_${narrow}_${sign}`, from, f)
    binary(`${wide}.extmul_${half}_${narrow}_${sign}`, from, (b, x, y) => b.imul(f(b, x), f(b, y)))
  }
  for (const sign of ['s', 'u']) {
    unary(`${wide}.extadd_pairwise_${narrow}_${sign}`, from, (b, x) =>
      b.iadd_pairwise(widen[`low_${sign}`](b, x), widen[`high_${sign}`](b, x)),
    )
  }
  binary(`${narrow}.narrow_${wide}_s`, shapes[wide], (b, x, y) => b.snarrow(x, y))
  binary(`${narrow}.narrow_${wide}_u`, shapes[wide], (b, x, y) => b.unarrow(x, y))
}
binary('i16x8.q15mulr_sat_s', I16X8, (b, x, y) => b.sqmul_round_sat(x, y))
binary('i16x8.relaxed_q15mulr_s', I16X8, (b, x, y) => b.sqmul_round_sat(x, y))

/** Products of lanes, adjacent ones added. */
const dot: Binary = (b, x, y) =>
  b.iadd_pairwise(b.imul(b.swiden_low(x), b.swiden_low(y)), b.imul(b.swiden_high(x), b.swiden_high(y)))
binary('i32x4.dot_i16x8_s', I16X8, dot)
binary('i16x8.relaxed_dot_i8x16_i7x16_s', I8X16, dot)
handlers.set('i32x4.relaxed_dot_i8x16_i7x16_add_s', (b, x, y, z) => {
  const products = dot(b, asLanes(b, I8X16, x), asLanes(b, I8X16, y))
  const sums = b.iadd_pairwise(b.swiden_low(products), b.swiden_high(products))
  return b.iadd(sums, asLanes(b, I32X4, z))
})

// ---- between numbers

function zeros(b: InstBuilder, t: Type): Value {
  return b.vconst(t, b.func.addConstant(new Uint8Array(16)))
}

for (const kind of ['trunc_sat', 'relaxed_trunc']) {
  unary(`i32x4.${kind}_f32x4_s`, F32X4, (b, x) => b.fcvt_to_sint_sat(I32X4, x))
  unary(`i32x4.${kind}_f32x4_u`, F32X4, (b, x) => b.fcvt_to_uint_sat(I32X4, x))
  // To 64 bits, then clamped once more to 32; the other lanes are zeros.
  unary(`i32x4.${kind}_f64x2_s_zero`, F64X2, (b, x) => b.snarrow(b.fcvt_to_sint_sat(I64X2, x), zeros(b, I64X2)))
  unary(`i32x4.${kind}_f64x2_u_zero`, F64X2, (b, x) => b.uunarrow(b.fcvt_to_uint_sat(I64X2, x), zeros(b, I64X2)))
}
unary('f32x4.convert_i32x4_s', I32X4, (b, x) => b.fcvt_from_sint(F32X4, x))
unary('f32x4.convert_i32x4_u', I32X4, (b, x) => b.fcvt_from_uint(F32X4, x))
unary('f64x2.convert_low_i32x4_s', I32X4, (b, x) => b.fcvt_from_sint(F64X2, b.swiden_low(x)))
unary('f64x2.convert_low_i32x4_u', I32X4, (b, x) => b.fcvt_from_uint(F64X2, b.uwiden_low(x)))
unary('f32x4.demote_f64x2_zero', F64X2, (b, x) => b.fvdemote(x))
unary('f64x2.promote_low_f32x4', F32X4, (b, x) => b.fvpromote_low(x))

// ---- lanes

const splatLanes: Readonly<Record<Shape, Type>> = {
  i8x16: I8,
  i16x8: I16,
  i32x4: I32,
  i64x2: I64,
  f32x4: F32,
  f64x2: F64,
}
for (const s of [...INTS, ...FLOATS]) {
  const lane = splatLanes[s]
  handlers.set(`${s}.splat`, (b, x) => b.splat(shapes[s], narrowed(b, lane, x)))
}

/** An i32 operand as the value of a lane. */
function narrowed(b: InstBuilder, lane: Type, x: Value): Value {
  return lane === I8 || lane === I16 ? b.ireduce(lane, x) : x
}

interface LaneOperator {
  readonly type: Type
  readonly signed: boolean
}
const laneOperators = new Map<number, LaneOperator>()
for (const op of operators) {
  if (op.kind !== 'extract_lane' && op.kind !== 'replace_lane') continue
  const type = shapes[op.name.slice(0, 5) as Shape]
  laneOperators.set(op.index, { type, signed: op.name.endsWith('_s') })
}

export function extractLane(b: InstBuilder, op: number, x: Value, lane: number): Value {
  const { type, signed } = laneOperators.get(op) as LaneOperator
  const v = b.extractlane(asLanes(b, type, x), lane)
  if (type !== I8X16 && type !== I16X8) return v
  return signed ? b.sextend(I32, v) : b.uextend(I32, v)
}

export function replaceLane(b: InstBuilder, op: number, x: Value, y: Value, lane: number): Value {
  const { type } = laneOperators.get(op) as LaneOperator
  return b.insertlane(asLanes(b, type, x), narrowed(b, laneType(type), y), lane)
}

/** The translation of a vector operator of kind `simple`. */
export function vectorHandler(name: string): VectorHandler {
  return handlers.get(name) ?? bug('frontend-wasm', '-', name, 'the operator has no translation')
}
