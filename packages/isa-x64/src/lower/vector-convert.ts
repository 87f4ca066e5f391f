// Between lanes of integers and lanes of floats, of any widths.
//
// Everything of at most 32 bits goes by lanes of 32 bits: integers are widened to i32 first, f16 to f32, and results are narrowed behind, with saturation. An
// i32 or i64 of more than 24 bits, which f32 rounds, is infinite as f16 however it is rounded. 64-bit integers go one by one through general registers
// where AVX-512 is not there.
import { F16, F32, F64, I64, laneBits, laneCount, laneType, type Type, type Value } from '@k23/ir'
import {
  fcvt_from_sint,
  fcvt_from_uint,
  fcvt_to_sint_sat,
  fcvt_to_uint_sat,
  type Rule,
  valOf,
  x86_cvtt2dq,
} from '@k23/rules'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Gpr, Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { fromSigned, fromUnsigned64, saturateSigned, saturateUnsigned, truncate } from './float-convert.ts'
import { rule } from './types.ts'
import { arithmetic, LE, laneOf, ORD, predicate } from './vector-float.ts'
import { byFours, singles } from './vector-half.ts'
import { addLanes, equal, sll, sra, srl } from './vector-integer.ts'
import { packUnsignedWords } from './vector-lanes.ts'
import {
  allFloatVectors,
  and,
  apply,
  blend,
  high64,
  interleaves,
  intVectors,
  laneIndex,
  low64,
  shuffle32,
  splat32,
  splat64,
  unpackWords,
  vec,
  xor,
} from './vector-sets.ts'

const has512 = (c: X64Lower): boolean => c.has(feat.AVX512F) && c.has(feat.AVX512VL)
const hasQuadConversions = (c: X64Lower): boolean => c.has(feat.AVX512DQ) && c.has(feat.AVX512VL)

// ---- from integers

/** Lanes 4 * group to 4 * group + 3, of at most 32 bits, extended to 32. */
function toDwords(c: X64Lower, from: Type, x: Xmm, signed: boolean, group: number): Xmm {
  const lane = laneIndex(from)
  if (lane === 2) return x
  const [sse, avx] = interleaves[0]
  // Each lane twice, or with zeros.
  const words = lane === 1 ? x : c.bin(sse, avx, x, signed ? x : c.zero())
  const dwords = unpackWords(c, words, signed ? words : c.zero(), group === 1)
  return signed ? sra(c, 2, dwords, lane === 0 ? 24 : 16) : dwords
}

const dwordsToSingles = (c: X64Lower, x: Xmm): Xmm => c.un(emit.cvtdq2ps_rr, emit.vcvtdq2ps_rr, x)

/** The halves of a 32-bit lane are exact as floats, and so is the product: the sum is rounded once. */
function unsignedToSingles(c: X64Lower, x: Xmm): Xmm {
  if (has512(c)) return c.xone(emit.vcvtudq2ps_rr, x)
  const low = dwordsToSingles(c, srl(c, 2, sll(c, 2, x, 16), 16))
  const high = dwordsToSingles(c, srl(c, 2, x, 16))
  return apply(c, arithmetic.add[0], apply(c, arithmetic.mul[0], high, splat32(c, 0x47800000)), low)
}

/** Both 64-bit lanes, one by one. */
function eachQuad(c: X64Lower, x: Xmm, f: (lane: Gpr) => Xmm): readonly [Xmm, Xmm] {
  const low = f(c.bitsOf(x, I64))
  return [low, f(c.bitsOf(high64(c, x, x), I64))]
}
const quadTo =
  (c: X64Lower, to: Type, signed: boolean) =>
  (g: Gpr): Xmm =>
    signed ? fromSigned(c, to, g, true) : fromUnsigned64(c, to, g)

function fourSingles(c: X64Lower, from: Type, x: Xmm, signed: boolean, group: number): Xmm {
  const n = laneBits(from)
  if (n === 64) {
    if (hasQuadConversions(c)) return c.xone(signed ? emit.vcvtqq2ps_rr : emit.vcvtuqq2ps_rr, x)
    const [low, high] = eachQuad(c, x, quadTo(c, F32, signed))
    return c.bin(emit.unpcklps_rr, emit.vunpcklps_rrr, low, high)
  }
  if (n === 32 && !signed) return unsignedToSingles(c, x)
  return dwordsToSingles(c, toDwords(c, from, x, signed, group))
}

function twoDoubles(c: X64Lower, from: Type, x: Xmm, signed: boolean): Xmm {
  const n = laneBits(from)
  if (n === 64) {
    if (hasQuadConversions(c)) return c.xone(signed ? emit.vcvtqq2pd_rr : emit.vcvtuqq2pd_rr, x)
    const [low, high] = eachQuad(c, x, quadTo(c, F64, signed))
    return low64(c, low, high)
  }
  if (n < 32 || signed) return c.un(emit.cvtdq2pd_rr, emit.vcvtdq2pd_rr, toDwords(c, from, x, signed, 0))
  if (has512(c)) return c.xone(emit.vcvtudq2pd_rr, x)
  // Below the exponent of 2 ** 52 the integer adds to it.
  const [sse, avx] = interleaves[2]
  const above = c.bin(sse, avx, x, splat32(c, 0x43300000))
  return apply(c, arithmetic.sub[1], above, splat64(c, 0, 0x43300000))
}

const fromInts =
  (signed: boolean) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const from = c.func.typeOf(x)
    const a = c.x(x)
    const lane = laneType(t)
    if (lane === F64) return twoDoubles(c, from, a, signed)
    if (lane === F32) return fourSingles(c, from, a, signed, 0)
    return byFours(c, t, (g) => fourSingles(c, from, a, signed, g))
  }

// ---- to integers

/** 2 ** 31 as f32. */
const TWO_31 = 0x4f000000
const minpd = vec(emit.minpd_rr, emit.vminpd_rrr, emit.vminpd_rrm)
const maxpd = vec(emit.maxpd_rr, emit.vmaxpd_rrr, emit.vmaxpd_rrm)

const singlesToDwords = (c: X64Lower, x: Xmm): Xmm => c.un(emit.cvttps2dq_rr, emit.vcvttps2dq_rr, x)
const doublesToDwords = (c: X64Lower, x: Xmm): Xmm => c.un(emit.cvttpd2dq_rr, emit.vcvttpd2dq_rr, x)

/** NaNs are made 0; what is too great comes out as the least integer, which all ones turn into the greatest. */
function signedOfSingles(c: X64Lower, x: Xmm): Xmm {
  const v = and(c, x, predicate(c, F32, x, x, ORD))
  const over = predicate(c, F32, splat32(c, TWO_31), v, LE)
  return xor(c, singlesToDwords(c, v), over)
}

/** The sum of what is converted up to 2 ** 31 and of what is above it. */
function unsignedOfSingles(c: X64Lower, x: Xmm): Xmm {
  const zero = c.zero()
  const max = (p: Xmm): Xmm => c.bin(emit.maxps_rr, emit.vmaxps_rrr, p, zero)
  const v = max(x)
  const limit = splat32(c, TWO_31)
  const rest = max(apply(c, arithmetic.sub[0], v, limit))
  const high = xor(c, singlesToDwords(c, rest), predicate(c, F32, limit, rest, LE))
  return addLanes(c, 2, singlesToDwords(c, v), high)
}

/** The limits are exact as f64. */
function signedOfDoubles(c: X64Lower, x: Xmm): Xmm {
  const v = and(c, x, predicate(c, F64, x, x, ORD))
  const below = apply(c, minpd, v, splat64(c, 0xffc00000 | 0, 0x41dfffff))
  return doublesToDwords(c, apply(c, maxpd, below, splat64(c, 0, 0xc1e00000 | 0)))
}

/** From 2 ** 31 on 2 ** 31 less, whose bit is added behind. maxpd gives its second operand for NaNs. */
function unsignedOfDoubles(c: X64Lower, x: Xmm): Xmm {
  const v = apply(c, minpd, apply(c, maxpd, x, c.zero()), splat64(c, 0xffe00000 | 0, 0x41efffff))
  const limit = splat64(c, 0, 0x41e00000)
  const over = predicate(c, F64, limit, v, LE)
  const r = doublesToDwords(c, apply(c, arithmetic.sub[1], v, and(c, over, limit)))
  return xor(c, r, sll(c, 2, shuffle32(c, over, 0x08), 31))
}

/** x86_cvtt2dq on narrower lanes: what they do not hold becomes their least number. */
function orLeast(c: X64Lower, bits: number, x: Xmm): Xmm {
  const extended = sra(c, 2, sll(c, 2, x, 32 - bits), 32 - bits)
  return blend(c, equal(c, 2, extended, x), x, splat32(c, -(2 ** (bits - 1)) | 0))
}

const packDwords = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, a, b)

type Kind = 'signed' | 'unsigned' | 'truncated'

/** Four lanes, or two of f64, as 32-bit lanes, from which narrower ones are packed. */
function fourDwords(c: X64Lower, kind: Kind, t: Type, from: Type, x: Xmm, group: number): Xmm {
  const n = laneBits(t)
  const double = laneType(from) === F64
  const v = laneType(from) === F16 ? singles(c, x, group) : x
  if (kind === 'truncated') {
    const r = double ? doublesToDwords(c, v) : singlesToDwords(c, v)
    return n === 32 ? r : orLeast(c, n, r)
  }
  if (kind === 'unsigned' && n === 32) return double ? unsignedOfDoubles(c, v) : unsignedOfSingles(c, v)
  return double ? signedOfDoubles(c, v) : signedOfSingles(c, v)
}

function toQuads(c: X64Lower, kind: Kind, from: Type, x: Xmm): Xmm {
  const single = laneType(from) !== F64
  const v = laneType(from) === F16 ? singles(c, x, 0) : x
  const lane = single ? F32 : F64
  const one = (n: number): Xmm => {
    const f = laneOf(c, lane, v, n)
    const g =
      kind === 'truncated'
        ? truncate(c, lane, f, true)
        : (kind === 'signed' ? saturateSigned : saturateUnsigned)(c, I64, lane, f)
    return c.fromBits(g, I64)
  }
  const low = one(0)
  return low64(c, low, one(1))
}

const toInts =
  (kind: Kind) =>
  (c: X64Lower, t: Type, x: Value): Xmm => {
    const from = c.func.typeOf(x)
    const a = c.x(x)
    const n = laneBits(t)
    if (n === 64) return toQuads(c, kind, from, a)
    const low = fourDwords(c, kind, t, from, a, 0)
    if (n === 32) return low
    const high = laneCount(t) <= 4 ? low : fourDwords(c, kind, t, from, a, 1)
    if (n === 16 && kind === 'unsigned') return packUnsignedWords(c, low, high)
    const words = packDwords(c, low, high)
    if (n === 16) return words
    return kind === 'unsigned'
      ? c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, words, words)
      : c.bin(emit.packsswb_rr, emit.vpacksswb_rrr, words, words)
  }

// biome-ignore format: table
export const vectorConvertRules: Rule[] = [
  rule('v_from_sint',   allFloatVectors, [valOf(intVectors)],      (x) => fcvt_from_sint(x),   fromInts(true)),
  rule('v_from_uint',   allFloatVectors, [valOf(intVectors)],      (x) => fcvt_from_uint(x),   fromInts(false)),
  rule('v_to_sint_sat', intVectors,      [valOf(allFloatVectors)], (x) => fcvt_to_sint_sat(x), toInts('signed')),
  rule('v_to_uint_sat', intVectors,      [valOf(allFloatVectors)], (x) => fcvt_to_uint_sat(x), toInts('unsigned')),
  rule('v_cvtt2dq',     intVectors,      [valOf(allFloatVectors)], (x) => x86_cvtt2dq(x),      toInts('truncated')),
]
