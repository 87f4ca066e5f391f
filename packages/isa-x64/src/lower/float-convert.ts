// Between floats and integers, and reinterpretation of bits.
//
// cvttss2si and cvttsd2si give the least integer for NaNs and for what is out of range ("integer indefinite", Intel SDM). Conversions are made with the width
// that shows what went wrong, and checked behind.
import {
  F16,
  F32,
  F64,
  I128,
  I64,
  laneBits,
  BIG,
  type MemFlags,
  TRAP_BAD_CONVERSION_TO_INTEGER,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  type Value,
} from '@k23/ir'
import {
  any,
  anyFloat,
  anyVec,
  band,
  bitcast,
  bitselect,
  bnot,
  bor,
  bxor,
  constant,
  f128const,
  fcvt_from_sint,
  fcvt_from_uint,
  fcvt_to_sint,
  fcvt_to_sint_sat,
  fcvt_to_uint,
  fcvt_to_uint_sat,
  fits64,
  flags,
  type Rule,
  typeUnion,
  val,
  valOf,
} from '@k23/rules'
import { inXmm } from '../abi.ts'
import * as feat from '../features.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Xmm } from '../insts/index.ts'
import { selectGpr, selectXmm } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { floats, promoted } from './float.ts'
import { convertHalf } from './libcalls.ts'
import { rule } from './types.ts'
import { reverseLanes } from './vector-lanes.ts'
import { low64 } from './vector-sets.ts'

// ---- from integers

/** A signed 32-bit or 64-bit integer as f32 or f64. The upper lanes come from zeros, so that nothing waits for an older value. */
export function fromSigned(c: X64Lower, to: Type, x: Gpr, q: boolean): Xmm {
  const avx = c.has(feat.AVX)
  const d = c.tx()
  const z = c.zero()
  if (to === F64)
    (q ? (avx ? emit.vcvtsi2sdq_rrr : emit.cvtsi2sdq_rr) : avx ? emit.vcvtsi2sdl_rrr : emit.cvtsi2sdl_rr)(c, d, z, x)
  else (q ? (avx ? emit.vcvtsi2ssq_rrr : emit.cvtsi2ssq_rr) : avx ? emit.vcvtsi2ssl_rrr : emit.cvtsi2ssl_rr)(c, d, z, x)
  return d
}

function add(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  return t === F64 ? c.bin(emit.addsd_rr, emit.vaddsd_rrr, a, b) : c.bin(emit.addss_rr, emit.vaddss_rrr, a, b)
}

/** An unsigned 64-bit integer: where the top bit is set, half of it, the lowest bit kept for rounding, twice. */
export function fromUnsigned64(c: X64Lower, to: Type, x: Gpr): Xmm {
  const half = c.two(emit.orq_rr, c.twoImm(emit.shrq_ri, x, 1), c.twoImm(emit.andl_ri, x, 1))
  emit.testq_rr(c, x, x)
  const source = selectGpr(c, CC.s, half, x)
  const f = fromSigned(c, to, source, true)
  const twice = add(c, to, f, f)
  emit.testq_rr(c, x, x)
  return selectXmm(c, CC.s, twice, f)
}

/** An f16 by way of f64, where the integers that f16 can tell apart are exact: one rounding. */
const fromInt =
  (signed: boolean) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const n = laneBits(c.func.typeOf(x))
    if (t === F16) {
      // f64 rounds integers beyond 2 ** 53, which are infinite as f16 however they are rounded.
      const r =
        n === 64 && !signed ? fromUnsigned64(c, F64, c.g(x)) : fromSigned(c, F64, signed ? c.sx(x) : c.zx(x), true)
      return convertHalf(c, F64, F16, r)
    }
    if (signed) return n === 64 ? fromSigned(c, t, c.g(x), true) : fromSigned(c, t, c.sx32(x), false)
    return n === 64 ? fromUnsigned64(c, t, c.g(x)) : fromSigned(c, t, c.zx(x), true)
  }

// ---- to integers

export function truncate(c: X64Lower, from: Type, x: Xmm, q: boolean): Gpr {
  const avx = c.has(feat.AVX)
  const d = c.tg()
  if (from === F64)
    (q ? (avx ? emit.vcvttsd2siq_rr : emit.cvttsd2siq_rr) : avx ? emit.vcvttsd2sil_rr : emit.cvttsd2sil_rr)(c, d, x)
  else (q ? (avx ? emit.vcvttss2siq_rr : emit.cvttss2siq_rr) : avx ? emit.vcvttss2sil_rr : emit.cvttss2sil_rr)(c, d, x)
  return d
}

/** Traps where x is a NaN. */
function trapOnNaN(c: X64Lower, from: Type, x: Xmm): void {
  const avx = c.has(feat.AVX)
  ;(from === F64 ? (avx ? emit.vucomisd_rr : emit.ucomisd_rr) : avx ? emit.vucomiss_rr : emit.ucomiss_rr)(c, x, x)
  c.trapIf(CC.p, TRAP_BAD_CONVERSION_TO_INTEGER)
}

/** The float 2 ** n. */
function powerOfTwo(c: X64Lower, from: Type, n: number, negative = false): Xmm {
  const sign = negative ? 0x80000000 : 0
  return from === F64 ? c.lf(F64, 0, ((1023 + n) << 20) | sign) : c.lf(F32, ((127 + n) << 23) | sign, 0)
}

function subtract(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  return t === F64 ? c.bin(emit.subsd_rr, emit.vsubsd_rrr, a, b) : c.bin(emit.subss_rr, emit.vsubss_rrr, a, b)
}

/** x and x - 2 ** 63, truncated: one of them holds where x is below 2 ** 64. */
function truncateBoth(c: X64Lower, from: Type, x: Xmm): { low: Gpr; high: Gpr } {
  const low = truncate(c, from, x, true)
  return { low, high: truncate(c, from, subtract(c, from, x, powerOfTwo(c, from, 63)), true) }
}
/** low, or, where that is the least integer, the top bit and high. */
function joinHalves(c: X64Lower, low: Gpr, high: Gpr): Gpr {
  return c.two(emit.orq_rr, c.two(emit.andq_rr, c.twoImm(emit.sarq_ri, low, 63), high), low)
}

function checkedUnsigned(c: X64Lower, t: Type, x: Value): Gpr {
  const from = c.func.typeOf(x) === F64 ? F64 : F32
  const a = promoted(c, x)
  trapOnNaN(c, from, a)
  if (t === I64) {
    const { low, high } = truncateBoth(c, from, a)
    emit.testq_rr(c, low, high)
    c.trapIf(CC.s, TRAP_INTEGER_OVERFLOW)
    return joinHalves(c, low, high)
  }
  const r = truncate(c, from, a, true)
  c.twoImm(emit.shrq_ri, r, laneBits(t))
  c.trapIf(CC.ne, TRAP_INTEGER_OVERFLOW)
  return r
}

function checkedSigned(c: X64Lower, t: Type, x: Value): Gpr {
  const from = c.func.typeOf(x) === F64 ? F64 : F32
  const a = promoted(c, x)
  trapOnNaN(c, from, a)
  const n = laneBits(t)
  const r = truncate(c, from, a, true)
  if (n === 64) {
    // The least integer is right for -2 ** 63 alone.
    const avx = c.has(feat.AVX)
    const least = powerOfTwo(c, from, 63, true)
    const test = from === F64 ? (avx ? emit.vucomisd_rr : emit.ucomisd_rr) : avx ? emit.vucomiss_rr : emit.ucomiss_rr
    const indefinite = c.li(0, 0x80000000 | 0)
    // 1 where r is the least integer, and x is not -2 ** 63
    emit.cmpq_rr(c, r, indefinite)
    const bad = c.tg()
    emit.setcc_r(c, bad, CC.e)
    test(c, a, least)
    const other = c.tg()
    emit.setcc_r(c, other, CC.ne)
    // The byte alone is defined.
    c.two(emit.andb_rr, bad, other)
    c.trapIf(CC.ne, TRAP_INTEGER_OVERFLOW)
    return r
  }
  // 64 bits hold every result that 32 could be asked for.
  const extended = n === 32 ? c.one(emit.movslq_rr, r) : c.one(n === 16 ? emit.movswq_rr : emit.movsbq_rr, r)
  emit.cmpq_rr(c, extended, r)
  c.trapIf(CC.ne, TRAP_INTEGER_OVERFLOW)
  return r
}

/** x, or 0 for a NaN. */
function zeroNaN(c: X64Lower, from: Type, x: Xmm): Xmm {
  const avx = c.has(feat.AVX)
  const ordered = c.tx()
  if (avx) (from === F64 ? emit.vcmpsd_rrri : emit.vcmpss_rrri)(c, ordered, x, x, ORDERED)
  else (from === F64 ? emit.cmpsd_rri : emit.cmpss_rri)(c, ordered, x, x, ORDERED)
  return c.bin(emit.andps_rr, emit.vandps_rrr, ordered, x)
}
/** Predicates of cmpss (Intel SDM, table 3-1). */
const LESS_EQUAL = 2
const ORDERED = 7

const saturating =
  (convert: typeof saturateSigned) =>
  (c: X64Lower, t: Type, x: Value): Gpr =>
    convert(c, t, c.func.typeOf(x) === F64 ? F64 : F32, promoted(c, x))

/** To the integer type t from f32 or f64 in a register. */
export function saturateSigned(c: X64Lower, t: Type, from: Type, x: Xmm): Gpr {
  const n = laneBits(t)
  const a = zeroNaN(c, from, x)
  const r = truncate(c, from, a, true)
  if (n === 64) {
    // Too great: the least integer, which all ones turn into the greatest.
    const limit = powerOfTwo(c, from, 63)
    const over = c.tx()
    if (c.has(feat.AVX)) (from === F64 ? emit.vcmpsd_rrri : emit.vcmpss_rrri)(c, over, limit, a, LESS_EQUAL)
    else (from === F64 ? emit.cmpsd_rri : emit.cmpss_rri)(c, over, limit, a, LESS_EQUAL)
    const mask = from === F64 ? c.bitsOf(over, F64) : c.one(emit.movslq_rr, c.bitsOf(over, F32))
    return c.two(emit.xorq_rr, r, mask)
  }
  // Beyond 64 bits everything is the least integer, whose sign is wrong for great numbers.
  const max = c.li(2 ** (n - 1) - 1, 0)
  const min = c.li(-(2 ** (n - 1)) | 0, -1)
  const clamped = clamp(c, r, min, max)
  const zero = c.zero()
  const avx = c.has(feat.AVX)
  const indefinite = c.li(0, 0x80000000 | 0)
  emit.cmpq_rr(c, r, indefinite)
  const far = selectGpr(c, CC.e, max, clamped)
  ;(from === F64 ? (avx ? emit.vucomisd_rr : emit.ucomisd_rr) : avx ? emit.vucomiss_rr : emit.ucomiss_rr)(c, a, zero)
  return selectGpr(c, CC.a, far, clamped)
}

function clamp(c: X64Lower, r: Gpr, min: Gpr, max: Gpr): Gpr {
  emit.cmpq_rr(c, r, max)
  const low = selectGpr(c, CC.g, max, r)
  emit.cmpq_rr(c, low, min)
  return selectGpr(c, CC.l, min, low)
}

/** maxss gives its second operand for a NaN: x is at least 0, and 0 for NaNs. */
function atLeastZero(c: X64Lower, from: Type, x: Xmm): Xmm {
  const z = c.zero()
  return from === F64 ? c.bin(emit.maxsd_rr, emit.vmaxsd_rrr, x, z) : c.bin(emit.maxss_rr, emit.vmaxss_rrr, x, z)
}

export function saturateUnsigned(c: X64Lower, t: Type, from: Type, x: Xmm): Gpr {
  const n = laneBits(t)
  const a = atLeastZero(c, from, x)
  if (n === 64) {
    const { low, high } = truncateBoth(c, from, a)
    const over = c.twoImm(emit.sarq_ri, c.two(emit.andq_rr, low, high), 63)
    return c.two(emit.orq_rr, joinHalves(c, low, high), over)
  }
  // What is out of range of 64 bits comes out above all others, read as unsigned.
  const r = truncate(c, from, a, true)
  const max = n === 32 ? c.li(-1, 0) : c.li(2 ** n - 1, 0)
  emit.cmpq_rr(c, r, max)
  return selectGpr(c, CC.a, max, r)
}

// ---- bits

/** Between one register and another, or the two of an i128. */
function cast(c: X64Lower, t: Type, x: Value, f: MemFlags): number {
  const from = c.func.typeOf(x)
  if ((f & BIG) !== 0 && laneBits(from) !== laneBits(t)) return castBig(c, t, x)
  if (from === I128) {
    if (!inXmm(t)) return c.pair(c.lo(x), c.hi(x))
    const low = c.fromBits(c.lo(x), I64)
    const high = c.fromBits(c.hi(x), I64)
    return low64(c, low, high)
  }
  if (t === I128) {
    const v = c.x(x)
    const high = c.bin(emit.punpckhqdq_rr, emit.vpunpckhqdq_rrr, v, v)
    return c.pair(c.bitsOf(v, I64), c.bitsOf(high, I64))
  }
  if (inXmm(from)) return inXmm(t) ? c.x(x) : c.bitsOf(c.x(x), t)
  return inXmm(t) ? c.fromBits(c.g(x), t) : c.g(x)
}

/** As if stored and loaded highest byte first: the bytes of each lane change places, before and behind. */
function castBig(c: X64Lower, t: Type, x: Value): number {
  const from = c.func.typeOf(x)
  const into = (): Xmm => {
    if (from === I128) return low64(c, c.fromBits(c.lo(x), I64), c.fromBits(c.hi(x), I64))
    return inXmm(from) ? c.x(x) : c.fromBits(c.g(x), from)
  }
  const v = reverseLanes(c, laneBits(t) / 8, reverseLanes(c, laneBits(from) / 8, into()))
  if (t === I128) return c.pair(c.bitsOf(v, I64), c.bitsOf(c.bin(emit.punpckhqdq_rr, emit.vpunpckhqdq_rrr, v, v), I64))
  return inXmm(t) ? v : c.bitsOf(v, t)
}

const inXmms = typeUnion(anyFloat, anyVec)

const bitwise =
  (sse: typeof emit.andps_rr, avx: typeof emit.vandps_rrr) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): Xmm => {
    const a = c.x(x)
    return c.bin(sse, avx, a, c.x(y))
  }

function invert(c: X64Lower, x: Xmm): Xmm {
  return c.bin(emit.xorps_rr, emit.vxorps_rrr, x, c.ones())
}

function select(c: X64Lower, _t: Type, k: Value, x: Value, y: Value): Xmm {
  const mask = c.x(k)
  const a = c.bin(emit.andps_rr, emit.vandps_rrr, c.x(x), mask)
  // andn: not the first, and the second
  const b = c.bin(emit.andnps_rr, emit.vandnps_rrr, mask, c.x(y))
  return c.bin(emit.orps_rr, emit.vorps_rrr, a, b)
}

// biome-ignore format: table
export const floatConvertRules: Rule[] = [
  rule('fcvt_to_sint',     fits64, [valOf(floats)], (x) => fcvt_to_sint(x),     checkedSigned),
  rule('fcvt_to_uint',     fits64, [valOf(floats)], (x) => fcvt_to_uint(x),     checkedUnsigned),
  rule('fcvt_to_sint_sat', fits64, [valOf(floats)], (x) => fcvt_to_sint_sat(x), saturating(saturateSigned)),
  rule('fcvt_to_uint_sat', fits64, [valOf(floats)], (x) => fcvt_to_uint_sat(x), saturating(saturateUnsigned)),
  rule('fcvt_from_sint',   floats, [valOf(fits64)], (x) => fcvt_from_sint(x),   fromInt(true)),
  rule('fcvt_from_uint',   floats, [valOf(fits64)], (x) => fcvt_from_uint(x),   fromInt(false)),

  rule('bitcast',          any,    [val, flags],    (x, f) => bitcast(x, f),    cast),
  rule('f128const',        any,    [constant],      (k) => f128const(k),        (c, _t, k) => c.loadConstant(c.constant(c.func.constants[k]))),
  rule('band_x',           inXmms, [val, val],      (x, y) => band(x, y),       bitwise(emit.andps_rr, emit.vandps_rrr)),
  rule('bor_x',            inXmms, [val, val],      (x, y) => bor(x, y),        bitwise(emit.orps_rr, emit.vorps_rrr)),
  rule('bxor_x',           inXmms, [val, val],      (x, y) => bxor(x, y),       bitwise(emit.xorps_rr, emit.vxorps_rrr)),
  rule('bnot_x',           inXmms, [val],           (x) => bnot(x),             (c, _t, x) => invert(c, c.x(x))),
  rule('bitselect_x',      inXmms, [val, val, val], (k, x, y) => bitselect(k, x, y), select),
]
