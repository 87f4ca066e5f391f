// Integer vectors, lane by lane. What SSE2 lacks is made of what it has; each feature adds its own instruction.
import { I64, laneBits, type Type, type Value } from '@k23/ir'
import {
  avg_round,
  cc,
  blendv,
  iabs,
  iadd,
  iadd_pairwise,
  icmp,
  iconst,
  imul,
  ineg,
  ishl,
  isub,
  popcnt,
  rotl,
  rotr,
  type Rule,
  sadd_sat,
  smax,
  smin,
  smulhi,
  sqmul_round_sat,
  sshr,
  ssub_sat,
  uadd_sat,
  uintRange,
  umax,
  umin,
  umulhi,
  ushr,
  usub_sat,
  val,
  valOf,
  x86_pmulhrsw,
} from '@k23/rules'
import { EQ, type IntCC, NE, SGE, SGT, SLE, SLT, UGE, UGT, ULT } from '@k23/ir'
import * as feat from '../features.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Xmm } from '../insts/index.ts'
import { mulHigh64 } from './arith.ts'
import { selectGpr } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'
import {
  and,
  andn,
  apply,
  applyValues,
  blend,
  high64,
  intVectors,
  laneIndex,
  low64,
  not,
  onPair,
  or,
  shiftImm,
  shuffle32,
  splat16,
  splat32,
  splat64,
  splat8,
  splatLane,
  vec,
  type VecOp,
  vectors,
  xor,
} from './vector-sets.ts'

/** By lane; undefined where there is no instruction. */
type Lanes = readonly [VecOp | undefined, VecOp | undefined, VecOp | undefined, VecOp | undefined]

// biome-ignore format: table
const add: readonly VecOp[] = [
  vec(emit.paddb_rr, emit.vpaddb_rrr, emit.vpaddb_rrm), vec(emit.paddw_rr, emit.vpaddw_rrr, emit.vpaddw_rrm),
  vec(emit.paddd_rr, emit.vpaddd_rrr, emit.vpaddd_rrm), vec(emit.paddq_rr, emit.vpaddq_rrr, emit.vpaddq_rrm),
]
// biome-ignore format: table
const sub: readonly VecOp[] = [
  vec(emit.psubb_rr, emit.vpsubb_rrr, emit.vpsubb_rrm), vec(emit.psubw_rr, emit.vpsubw_rrr, emit.vpsubw_rrm),
  vec(emit.psubd_rr, emit.vpsubd_rrr, emit.vpsubd_rrm), vec(emit.psubq_rr, emit.vpsubq_rrr, emit.vpsubq_rrm),
]
const NONE = undefined
// biome-ignore format: table
const saturating: Readonly<Record<'uadd' | 'sadd' | 'usub' | 'ssub' | 'avg', Lanes>> = {
  uadd: [vec(emit.paddusb_rr, emit.vpaddusb_rrr, emit.vpaddusb_rrm), vec(emit.paddusw_rr, emit.vpaddusw_rrr, emit.vpaddusw_rrm), NONE, NONE],
  sadd: [vec(emit.paddsb_rr, emit.vpaddsb_rrr, emit.vpaddsb_rrm),    vec(emit.paddsw_rr, emit.vpaddsw_rrr, emit.vpaddsw_rrm),    NONE, NONE],
  usub: [vec(emit.psubusb_rr, emit.vpsubusb_rrr, emit.vpsubusb_rrm), vec(emit.psubusw_rr, emit.vpsubusw_rrr, emit.vpsubusw_rrm), NONE, NONE],
  ssub: [vec(emit.psubsb_rr, emit.vpsubsb_rrr, emit.vpsubsb_rrm),    vec(emit.psubsw_rr, emit.vpsubsw_rrr, emit.vpsubsw_rrm),    NONE, NONE],
  avg:  [vec(emit.pavgb_rr, emit.vpavgb_rrr, emit.vpavgb_rrm),       vec(emit.pavgw_rr, emit.vpavgw_rrr, emit.vpavgw_rrm),       NONE, NONE],
}
// biome-ignore format: table
const extremes: Readonly<Record<'smin' | 'smax' | 'umin' | 'umax', { readonly sse2: Lanes; readonly sse41: Lanes }>> = {
  smin: { sse2: [NONE, vec(emit.pminsw_rr, emit.vpminsw_rrr, emit.vpminsw_rrm), NONE, NONE], sse41: [vec(emit.pminsb_rr, emit.vpminsb_rrr, emit.vpminsb_rrm), NONE, vec(emit.pminsd_rr, emit.vpminsd_rrr, emit.vpminsd_rrm), NONE] },
  smax: { sse2: [NONE, vec(emit.pmaxsw_rr, emit.vpmaxsw_rrr, emit.vpmaxsw_rrm), NONE, NONE], sse41: [vec(emit.pmaxsb_rr, emit.vpmaxsb_rrr, emit.vpmaxsb_rrm), NONE, vec(emit.pmaxsd_rr, emit.vpmaxsd_rrr, emit.vpmaxsd_rrm), NONE] },
  umin: { sse2: [vec(emit.pminub_rr, emit.vpminub_rrr, emit.vpminub_rrm), NONE, NONE, NONE], sse41: [NONE, vec(emit.pminuw_rr, emit.vpminuw_rrr, emit.vpminuw_rrm), vec(emit.pminud_rr, emit.vpminud_rrr, emit.vpminud_rrm), NONE] },
  umax: { sse2: [vec(emit.pmaxub_rr, emit.vpmaxub_rrr, emit.vpmaxub_rrm), NONE, NONE, NONE], sse41: [NONE, vec(emit.pmaxuw_rr, emit.vpmaxuw_rrr, emit.vpmaxuw_rrm), vec(emit.pmaxud_rr, emit.vpmaxud_rrr, emit.vpmaxud_rrm), NONE] },
}

const lanewise =
  (rows: readonly VecOp[]) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm =>
    applyValues(c, rows[laneIndex(t)], x, y)

export const addLanes = (c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm => apply(c, add[lane], a, b)
export const subLanes = (c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm => apply(c, sub[lane], a, b)

// ---- shifts by constants

export function srl(c: X64Lower, lane: number, x: Xmm, n: number): Xmm {
  if (lane === 1) return shiftImm(c, emit.psrlw_ri, emit.vpsrlw_rri, x, n)
  if (lane === 2) return shiftImm(c, emit.psrld_ri, emit.vpsrld_rri, x, n)
  return shiftImm(c, emit.psrlq_ri, emit.vpsrlq_rri, x, n)
}
export function sll(c: X64Lower, lane: number, x: Xmm, n: number): Xmm {
  if (lane === 1) return shiftImm(c, emit.psllw_ri, emit.vpsllw_rri, x, n)
  if (lane === 2) return shiftImm(c, emit.pslld_ri, emit.vpslld_rri, x, n)
  return shiftImm(c, emit.psllq_ri, emit.vpsllq_rri, x, n)
}
/** Lanes of 16 or 32 bits. */
export function sra(c: X64Lower, lane: number, x: Xmm, n: number): Xmm {
  if (lane === 1) return shiftImm(c, emit.psraw_ri, emit.vpsraw_rri, x, n)
  return shiftImm(c, emit.psrad_ri, emit.vpsrad_rri, x, n)
}

// ---- comparisons

const equals: readonly VecOp[] = [
  vec(emit.pcmpeqb_rr, emit.vpcmpeqb_rrr, emit.vpcmpeqb_rrm),
  vec(emit.pcmpeqw_rr, emit.vpcmpeqw_rrr, emit.vpcmpeqw_rrm),
  vec(emit.pcmpeqd_rr, emit.vpcmpeqd_rrr, emit.vpcmpeqd_rrm),
  vec(emit.pcmpeqq_rr, emit.vpcmpeqq_rrr, emit.vpcmpeqq_rrm),
]
const greater: readonly VecOp[] = [
  vec(emit.pcmpgtb_rr, emit.vpcmpgtb_rrr, emit.vpcmpgtb_rrm),
  vec(emit.pcmpgtw_rr, emit.vpcmpgtw_rrr, emit.vpcmpgtw_rrm),
  vec(emit.pcmpgtd_rr, emit.vpcmpgtd_rrr, emit.vpcmpgtd_rrm),
  vec(emit.pcmpgtq_rr, emit.vpcmpgtq_rrr, emit.vpcmpgtq_rrm),
]

/** All ones in lanes that are equal. */
export function equal(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  if (lane < 3 || c.has(feat.SSE41)) return apply(c, equals[lane], a, b)
  const halves = apply(c, equals[2], a, b)
  return and(c, halves, shuffle32(c, halves, 0xb1))
}

/** All ones in lanes of a that are greater, as signed. */
export function greaterThan(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  if (lane < 3 || c.has(feat.SSE42)) return apply(c, greater[lane], a, b)
  // High words greater, or equal and the low words greater as unsigned.
  const flip = splat64(c, 0x80000000 | 0, 0)
  const words = apply(c, greater[2], xor(c, a, flip), xor(c, b, flip))
  const high = shuffle32(c, words, 0xf5)
  const low = shuffle32(c, words, 0xa0)
  const same = shuffle32(c, apply(c, equals[2], a, b), 0xf5)
  return or(c, high, and(c, same, low))
}

/** The lane with its sign bit alone. */
export function signBits(c: X64Lower, lane: number): Xmm {
  return lane === 3
    ? splat64(c, 0, 0x80000000 | 0)
    : splatLane(c, lane, lane === 2 ? 0x80000000 | 0 : (1 << (8 << lane)) >> 1, 0)
}

function greaterUnsigned(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  const flip = signBits(c, lane)
  return greaterThan(c, lane, xor(c, a, flip), xor(c, b, flip))
}

export function compareLanes(c: X64Lower, k: IntCC, lane: number, a: Xmm, b: Xmm): Xmm {
  switch (k) {
    case EQ:
      return equal(c, lane, a, b)
    case NE:
      return not(c, equal(c, lane, a, b))
    case SGT:
      return greaterThan(c, lane, a, b)
    case SLT:
      return greaterThan(c, lane, b, a)
    case SGE:
      return not(c, greaterThan(c, lane, b, a))
    case SLE:
      return not(c, greaterThan(c, lane, a, b))
    case UGT:
      return greaterUnsigned(c, lane, a, b)
    case ULT:
      return greaterUnsigned(c, lane, b, a)
    case UGE:
      return atLeast(c, lane, a, b)
    default:
      return atLeast(c, lane, b, a)
  }
}

/** Unsigned a >= b: the greater of both is a, where there is such an instruction. */
function atLeast(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  const max = extremeOp(c, extremes.umax, lane)
  return max === undefined ? not(c, greaterUnsigned(c, lane, b, a)) : equal(c, lane, apply(c, max, a, b), a)
}

/** All ones in lanes that are negative. */
export function signMask(c: X64Lower, lane: number, x: Xmm): Xmm {
  if (lane === 1) return sra(c, 1, x, 15)
  if (lane === 2) return sra(c, 2, x, 31)
  if (lane === 0 || c.has(feat.SSE42)) return greaterThan(c, lane, c.zero(), x)
  return shuffle32(c, sra(c, 2, x, 31), 0xf5)
}

// ---- minimum and maximum

function extremeOp(c: X64Lower, of: { readonly sse2: Lanes; readonly sse41: Lanes }, lane: number): VecOp | undefined {
  return of.sse2[lane] ?? (c.has(feat.SSE41) ? of.sse41[lane] : undefined)
}

const extreme =
  (name: keyof typeof extremes, more: IntCC) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const lane = laneIndex(t)
    const op = extremeOp(c, extremes[name], lane)
    if (op !== undefined) return applyValues(c, op, x, y)
    const a = c.x(x)
    const b = c.x(y)
    return blend(c, compareLanes(c, more, lane, a, b), a, b)
  }

// ---- saturation

const saturate =
  (of: Lanes, rest: (c: X64Lower, lane: number, a: Xmm, b: Xmm) => Xmm) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const lane = laneIndex(t)
    const op = of[lane]
    if (op !== undefined) return applyValues(c, op, x, y)
    const a = c.x(x)
    return rest(c, lane, a, c.x(y))
  }

/** The sum, or all ones where it is below an operand. */
function addUnsigned(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  const s = addLanes(c, lane, a, b)
  return or(c, s, greaterUnsigned(c, lane, a, s))
}
/** The difference, or 0 where b is greater. */
function subUnsigned(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  return andn(c, greaterUnsigned(c, lane, b, a), subLanes(c, lane, a, b))
}
/** The greatest or the least lane value, by the sign of a, where `overflow` has its sign bit set; else r. */
function clampBy(c: X64Lower, lane: number, a: Xmm, r: Xmm, overflow: Xmm): Xmm {
  const limit = xor(c, signMask(c, lane, a), not(c, signBits(c, lane)))
  return blend(c, signMask(c, lane, overflow), limit, r)
}
function addSigned(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  const s = addLanes(c, lane, a, b)
  return clampBy(c, lane, a, s, and(c, xor(c, s, a), xor(c, s, b)))
}
function subSigned(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  const d = subLanes(c, lane, a, b)
  return clampBy(c, lane, a, d, and(c, xor(c, a, b), xor(c, a, d)))
}
/** (x | y) - ((x ^ y) >> 1), rounded up. */
function average(c: X64Lower, lane: number, a: Xmm, b: Xmm): Xmm {
  return subLanes(c, lane, or(c, a, b), srl(c, lane, xor(c, a, b), 1))
}

// ---- absolute value

function absolute(c: X64Lower, t: Type, x: Value): Xmm {
  const lane = laneIndex(t)
  const a = c.x(x)
  if (lane < 3 && c.has(feat.SSSE3)) {
    const rows = [
      [emit.pabsb_rr, emit.vpabsb_rr],
      [emit.pabsw_rr, emit.vpabsw_rr],
      [emit.pabsd_rr, emit.vpabsd_rr],
    ] as const
    return c.un(rows[lane][0], rows[lane][1], a)
  }
  if (lane === 3 && c.has(feat.AVX512F) && c.has(feat.AVX512VL)) return c.xone(emit.vpabsq_rr, a)
  const m = signMask(c, lane, a)
  return subLanes(c, lane, xor(c, a, m), m)
}

// ---- products

const mullw = vec(emit.pmullw_rr, emit.vpmullw_rrr, emit.vpmullw_rrm)
const mulld = vec(emit.pmulld_rr, emit.vpmulld_rrr, emit.vpmulld_rrm)
const muludq = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.pmuludq_rr, emit.vpmuludq_rrr, a, b)

function multiply(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const lane = laneIndex(t)
  if (lane === 1) return applyValues(c, mullw, x, y)
  if (lane === 2 && c.has(feat.SSE41)) return applyValues(c, mulld, x, y)
  const a = c.x(x)
  const b = c.x(y)
  if (lane === 0) {
    // Bytes at even and at odd places, in words.
    const even = and(c, apply(c, mullw, a, b), splat16(c, 0xff))
    const odd = apply(c, mullw, srl(c, 1, a, 8), srl(c, 1, b, 8))
    return or(c, even, sll(c, 1, odd, 8))
  }
  if (lane === 2) {
    const even = muludq(c, a, b)
    const odd = muludq(c, srl(c, 3, a, 32), srl(c, 3, b, 32))
    return c.bin(emit.punpckldq_rr, emit.vpunpckldq_rrr, shuffle32(c, even, 0x08), shuffle32(c, odd, 0x08))
  }
  if (c.has(feat.AVX512DQ) && c.has(feat.AVX512VL)) return c.xthree(emit.vpmullq_rrr, a, b)
  const cross = addLanes(c, 3, muludq(c, srl(c, 3, a, 32), b), muludq(c, a, srl(c, 3, b, 32)))
  return addLanes(c, 3, muludq(c, a, b), sll(c, 3, cross, 32))
}

/** Lanes of 64 bits by the scalar instruction. */
function eachQuad(c: X64Lower, a: Xmm, b: Xmm, f: (x: Gpr, y: Gpr) => Gpr): Xmm {
  const low = c.fromBits(f(c.bitsOf(a, I64), c.bitsOf(b, I64)), I64)
  const high = c.fromBits(f(c.bitsOf(high64(c, a, a), I64), c.bitsOf(high64(c, b, b), I64)), I64)
  return low64(c, low, high)
}

const multiplyHigh =
  (signed: boolean) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const lane = laneIndex(t)
    const a = c.x(x)
    const b = c.x(y)
    if (lane === 1)
      return signed ? c.bin(emit.pmulhw_rr, emit.vpmulhw_rrr, a, b) : c.bin(emit.pmulhuw_rr, emit.vpmulhuw_rrr, a, b)
    if (lane === 3) return eachQuad(c, a, b, (p, q) => mulHigh64(c, signed, p, q).hi)
    if (lane === 2) {
      const unsigned = highWords(c, a, b)
      if (!signed) return unsigned
      const off = addLanes(c, 2, and(c, signMask(c, 2, a), b), and(c, signMask(c, 2, b), a))
      return subLanes(c, 2, unsigned, off)
    }
    // Bytes as words in their upper halves: the high word of the product has the wanted byte on top.
    const part = (unpack: (v: Xmm) => Xmm): Xmm => {
      const p = unpack(a)
      const q = unpack(b)
      const product = signed
        ? c.bin(emit.pmulhw_rr, emit.vpmulhw_rrr, p, q)
        : c.bin(emit.pmulhuw_rr, emit.vpmulhuw_rrr, p, q)
      return srl(c, 1, product, 8)
    }
    const zero = c.zero()
    const low = part((v) => c.bin(emit.punpcklbw_rr, emit.vpunpcklbw_rrr, zero, v))
    const high = part((v) => c.bin(emit.punpckhbw_rr, emit.vpunpckhbw_rrr, zero, v))
    return c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, low, high)
  }

/** High halves of the unsigned products of 32-bit lanes. */
function highWords(c: X64Lower, a: Xmm, b: Xmm): Xmm {
  const even = srl(c, 3, muludq(c, a, b), 32)
  const odd = muludq(c, srl(c, 3, a, 32), srl(c, 3, b, 32))
  return or(c, even, and(c, odd, splat64(c, 0, -1)))
}

/** (x * y + 2 ** 14) >> 15 of words, by doublewords, which packing saturates. */
function roundedProduct(c: X64Lower, a: Xmm, b: Xmm, saturates: boolean): Xmm {
  const low = apply(c, mullw, a, b)
  const high = c.bin(emit.pmulhw_rr, emit.vpmulhw_rrr, a, b)
  const half = splat32(c, 0x4000)
  const part = (v: Xmm): Xmm => {
    const r = sra(c, 2, addLanes(c, 2, v, half), 15)
    return saturates ? r : sra(c, 2, sll(c, 2, r, 16), 16)
  }
  const first = part(c.bin(emit.punpcklwd_rr, emit.vpunpcklwd_rrr, low, high))
  const second = part(c.bin(emit.punpckhwd_rr, emit.vpunpckhwd_rrr, low, high))
  return c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, first, second)
}

function fixedPoint(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  if (laneIndex(t) === 2) return roundedQuads(c, a, b, true)
  if (!c.has(feat.SSSE3)) return roundedProduct(c, a, b, true)
  const product = c.bin(emit.pmulhrsw_rr, emit.vpmulhrsw_rrr, a, b)
  // Only the least times itself overflows, to the least.
  return xor(c, product, equal(c, 1, product, splat16(c, 0x8000)))
}
function pmulhrsw(c: X64Lower, t: Type, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  if (laneIndex(t) === 2) return roundedQuads(c, a, b, false)
  return c.has(feat.SSSE3) ? c.bin(emit.pmulhrsw_rr, emit.vpmulhrsw_rrr, a, b) : roundedProduct(c, a, b, false)
}

/** (x * y + 2 ** 30) >> 31 of 32-bit lanes, one by one. */
function roundedQuads(c: X64Lower, a: Xmm, b: Xmm, saturates: boolean): Xmm {
  const one = (n: number): Xmm => {
    const of = (v: Xmm): Gpr => {
      const d = c.tg()
      emit.movd_rx(c, d, n === 0 ? v : shuffle32(c, v, n))
      return c.one(emit.movslq_rr, d)
    }
    const sum = c.twoImm(emit.addq_ri, c.two(emit.imulq_rr, of(a), of(b)), 1 << 30)
    let r = c.twoImm(emit.sarq_ri, sum, 31)
    if (saturates) {
      const max = c.li(0x7fffffff, 0)
      emit.cmpq_rr(c, r, max)
      r = selectGpr(c, CC.g, max, r)
    }
    const d = c.tx()
    emit.movd_xr(c, d, r)
    return d
  }
  const pair = (n: number): Xmm => c.bin(emit.punpckldq_rr, emit.vpunpckldq_rrr, one(n), one(n + 1))
  const low = pair(0)
  return low64(c, low, pair(2))
}

// ---- sums of neighbours

function pairwise(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const lane = laneIndex(t)
  if (c.has(feat.SSSE3) && lane === 1) return c.bin(emit.phaddw_rr, emit.vphaddw_rrr, a, b)
  if (c.has(feat.SSSE3) && lane === 2) return c.bin(emit.phaddd_rr, emit.vphaddd_rrr, a, b)
  if (lane === 3) return addLanes(c, 3, low64(c, a, b), high64(c, a, b))
  if (lane === 2) {
    const avx = c.has(feat.AVX)
    const pick = (imm: number): Xmm => {
      const d = c.tx()
      ;(avx ? emit.vshufps_rrri : emit.shufps_rri)(c, d, a, b, imm)
      return d
    }
    const even = pick(0x88)
    return addLanes(c, 2, even, pick(0xdd))
  }
  if (lane === 1) {
    const sums = (v: Xmm): Xmm => sra(c, 2, sll(c, 2, addLanes(c, 2, v, srl(c, 2, v, 16)), 16), 16)
    return c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, sums(a), sums(b))
  }
  const mask = splat16(c, 0xff)
  const sums = (v: Xmm): Xmm => and(c, addLanes(c, 1, v, srl(c, 1, v, 8)), mask)
  return c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, sums(a), sums(b))
}

// ---- shifts by a scalar, modulo the width of a lane

/** Rows by lane 1 to 3; a shift by the width or more leaves zeros (or signs). */
const shl: readonly (VecOp | undefined)[] = [
  NONE,
  vec(emit.psllw_rr, emit.vpsllw_rrr, emit.vpsllw_rrm),
  vec(emit.pslld_rr, emit.vpslld_rrr, emit.vpslld_rrm),
  vec(emit.psllq_rr, emit.vpsllq_rrr, emit.vpsllq_rrm),
]
const shr: readonly (VecOp | undefined)[] = [
  NONE,
  vec(emit.psrlw_rr, emit.vpsrlw_rrr, emit.vpsrlw_rrm),
  vec(emit.psrld_rr, emit.vpsrld_rrr, emit.vpsrld_rrm),
  vec(emit.psrlq_rr, emit.vpsrlq_rrr, emit.vpsrlq_rrm),
]
const sar: readonly (VecOp | undefined)[] = [
  NONE,
  vec(emit.psraw_rr, emit.vpsraw_rrr, emit.vpsraw_rrm),
  vec(emit.psrad_rr, emit.vpsrad_rrr, emit.vpsrad_rrm),
  NONE,
]

function toXmm(c: X64Lower, n: Gpr): Xmm {
  const d = c.tx()
  ;(c.has(feat.AVX) ? emit.vmovd_xr : emit.movd_xr)(c, d, n)
  return d
}
function amount(c: X64Lower, t: Type, n: Value): Gpr {
  return c.twoImm(emit.andl_ri, c.low(n), laneBits(t) - 1)
}

/** Bytes as words: those of the low half and of the high half, through `f`, and packed again. */
function byWords(c: X64Lower, pack: 's' | 'u', low: Xmm, high: Xmm, f: (v: Xmm) => Xmm): Xmm {
  const a = f(low)
  const b = f(high)
  return pack === 'u'
    ? c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, a, b)
    : c.bin(emit.packsswb_rr, emit.vpacksswb_rrr, a, b)
}
const unpackLow = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.punpcklbw_rr, emit.vpunpcklbw_rrr, a, b)
const unpackHigh = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.punpckhbw_rr, emit.vpunpckhbw_rrr, a, b)

function shiftLeft(c: X64Lower, lane: number, a: Xmm, n: Xmm): Xmm {
  const op = shl[lane]
  if (op !== undefined) return apply(c, op, a, n)
  const zero = c.zero()
  const mask = splat16(c, 0xff)
  return byWords(c, 'u', unpackLow(c, a, zero), unpackHigh(c, a, zero), (v) =>
    and(c, apply(c, shl[1] as VecOp, v, n), mask),
  )
}
function shiftRight(c: X64Lower, lane: number, a: Xmm, n: Xmm): Xmm {
  const op = shr[lane]
  if (op !== undefined) return apply(c, op, a, n)
  const zero = c.zero()
  return byWords(c, 'u', unpackLow(c, a, zero), unpackHigh(c, a, zero), (v) => apply(c, shr[1] as VecOp, v, n))
}
function shiftSigned(c: X64Lower, lane: number, a: Xmm, n: Gpr): Xmm {
  const op = sar[lane]
  if (op !== undefined) return apply(c, op, a, toXmm(c, n))
  if (lane === 0) {
    // Each byte twice: the upper one is shifted, by 8 more.
    const by = toXmm(c, c.twoImm(emit.addl_ri, n, 8))
    return byWords(c, 's', unpackLow(c, a, a), unpackHigh(c, a, a), (v) => apply(c, sar[1] as VecOp, v, by))
  }
  const by = toXmm(c, n)
  if (c.has(feat.AVX512F) && c.has(feat.AVX512VL)) return c.xthree(emit.vpsraq_rrr, a, by)
  const m = signMask(c, 3, a)
  return xor(c, apply(c, shr[3] as VecOp, xor(c, a, m), by), m)
}

const shift =
  (f: (c: X64Lower, lane: number, a: Xmm, n: Xmm) => Xmm) =>
  (c: X64Lower, t: Type, x: Value, n: Value): Xmm => {
    const a = c.x(x)
    return f(c, laneIndex(t), a, toXmm(c, amount(c, t, n)))
  }

const shiftByImm =
  (left: boolean) =>
  (c: X64Lower, t: Type, x: Value, n: number): Xmm => {
    const lane = laneIndex(t)
    const k = n & (laneBits(t) - 1)
    const a = c.x(x)
    if (k === 0) return a
    if (lane !== 0) return left ? sll(c, lane, a, k) : srl(c, lane, a, k)
    const mask = splat8(c, left ? 0xff << k : 0xff >> k)
    return and(c, left ? sll(c, 1, a, k) : srl(c, 1, a, k), mask)
  }

function sshrImm(c: X64Lower, t: Type, x: Value, n: number): Xmm {
  const lane = laneIndex(t)
  const k = n & (laneBits(t) - 1)
  const a = c.x(x)
  if (k === 0) return a
  if (lane === 1 || lane === 2) return sra(c, lane, a, k)
  if (lane === 0) return byWords(c, 's', unpackLow(c, a, a), unpackHigh(c, a, a), (v) => sra(c, 1, v, k + 8))
  if (c.has(feat.AVX512F) && c.has(feat.AVX512VL)) return c.xoneImm(emit.vpsraq_rri, a, k)
  const m = signMask(c, 3, a)
  return xor(c, srl(c, 3, xor(c, a, m), k), m)
}

/** A shift by the width leaves nothing: right for rotations by 0. */
const rotate =
  (left: boolean) =>
  (c: X64Lower, t: Type, x: Value, n: Value): Xmm => {
    const lane = laneIndex(t)
    const a = c.x(x)
    const by = amount(c, t, n)
    const back = c.two(emit.subl_rr, c.li(laneBits(t), 0), by)
    const up = shiftLeft(c, lane, a, toXmm(c, left ? by : back))
    return or(c, up, shiftRight(c, lane, a, toXmm(c, left ? back : by)))
  }

// ---- counting

/** Ones in each byte: by a table of nibbles, or by adding neighbours. */
function popcountBytes(c: X64Lower, a: Xmm): Xmm {
  if (c.has(feat.AVX512BITALG) && c.has(feat.AVX512VL)) return c.xone(emit.vpopcntb_rr, a)
  const nibbles = splat8(c, 0x0f)
  if (c.has(feat.SSSE3)) {
    const table = c.loadConstant(c.constant16(0x02010100, 0x03020201, 0x03020201, 0x04030302))
    const look = (v: Xmm): Xmm => c.bin(emit.pshufb_rr, emit.vpshufb_rrr, table, and(c, v, nibbles))
    const low = look(a)
    return addLanes(c, 0, low, look(srl(c, 1, a, 4)))
  }
  const even = splat8(c, 0x55)
  const pairs = splat8(c, 0x33)
  const twos = subLanes(c, 0, a, and(c, srl(c, 1, a, 1), even))
  const fours = addLanes(c, 0, and(c, twos, pairs), and(c, srl(c, 1, twos, 2), pairs))
  return and(c, addLanes(c, 0, fours, srl(c, 1, fours, 4)), nibbles)
}

function popcount(c: X64Lower, t: Type, x: Value): Xmm {
  const lane = laneIndex(t)
  const counts = popcountBytes(c, c.x(x))
  if (lane === 0) return counts
  if (lane === 3) return c.bin(emit.psadbw_rr, emit.vpsadbw_rrr, counts, c.zero())
  const words = addLanes(c, 1, counts, srl(c, 1, counts, 8))
  if (lane === 1) return and(c, words, splat16(c, 0xff))
  return and(c, addLanes(c, 2, words, srl(c, 2, words, 16)), splat32(c, 0xff))
}

// ---- selection by the top bits of lanes

function blendTop(c: X64Lower, t: Type, k: Value, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  return blend(c, signMask(c, laneIndex(t), c.x(k)), a, b)
}

const anyAmount = uintRange(0, 0x7fffffff)

// biome-ignore format: table
export const vectorIntegerRules: Rule[] = [
  rule('v_iadd',      intVectors, [val, val], (x, y) => iadd(x, y),      lanewise(add)),
  rule('v_isub',      intVectors, [val, val], (x, y) => isub(x, y),      lanewise(sub)),
  rule('v_ineg',      intVectors, [val],      (x) => ineg(x),            (c, t, x) => subLanes(c, laneIndex(t), c.zero(), c.x(x))),
  rule('v_iabs',      intVectors, [val],      (x) => iabs(x),            absolute),
  rule('v_imul',      intVectors, [val, val], (x, y) => imul(x, y),      multiply),
  rule('v_umulhi',    intVectors, [val, val], (x, y) => umulhi(x, y),    multiplyHigh(false)),
  rule('v_smulhi',    intVectors, [val, val], (x, y) => smulhi(x, y),    multiplyHigh(true)),
  rule('v_smin',      intVectors, [val, val], (x, y) => smin(x, y),      extreme('smin', SLT)),
  rule('v_smax',      intVectors, [val, val], (x, y) => smax(x, y),      extreme('smax', SGT)),
  rule('v_umin',      intVectors, [val, val], (x, y) => umin(x, y),      extreme('umin', ULT)),
  rule('v_umax',      intVectors, [val, val], (x, y) => umax(x, y),      extreme('umax', UGT)),
  rule('v_uadd_sat',  intVectors, [val, val], (x, y) => uadd_sat(x, y),  saturate(saturating.uadd, addUnsigned)),
  rule('v_sadd_sat',  intVectors, [val, val], (x, y) => sadd_sat(x, y),  saturate(saturating.sadd, addSigned)),
  rule('v_usub_sat',  intVectors, [val, val], (x, y) => usub_sat(x, y),  saturate(saturating.usub, subUnsigned)),
  rule('v_ssub_sat',  intVectors, [val, val], (x, y) => ssub_sat(x, y),  saturate(saturating.ssub, subSigned)),
  rule('v_avg_round', intVectors, [val, val], (x, y) => avg_round(x, y), saturate(saturating.avg, average)),
  rule('v_sqmul',     intVectors, [val, val], (x, y) => sqmul_round_sat(x, y), fixedPoint),
  rule('v_pmulhrsw',  intVectors, [val, val], (x, y) => x86_pmulhrsw(x, y), pmulhrsw),
  rule('v_pairwise',  intVectors, [val, val], (x, y) => iadd_pairwise(x, y), (c, t, x, y) => { const a = c.x(x); return onPair(c, t, a, c.x(y), (p, q) => pairwise(c, t, p, q)) }),
  rule('v_ishl_imm',  intVectors, [val, anyAmount], (x, n) => ishl(x, iconst(n)), shiftByImm(true)),
  rule('v_ishl',      intVectors, [val, val], (x, n) => ishl(x, n),      shift(shiftLeft)),
  rule('v_ushr_imm',  intVectors, [val, anyAmount], (x, n) => ushr(x, iconst(n)), shiftByImm(false)),
  rule('v_ushr',      intVectors, [val, val], (x, n) => ushr(x, n),      shift(shiftRight)),
  rule('v_sshr_imm',  intVectors, [val, anyAmount], (x, n) => sshr(x, iconst(n)), sshrImm),
  rule('v_sshr',      intVectors, [val, val], (x, n) => sshr(x, n),      (c, t, x, n) => { const a = c.x(x); return shiftSigned(c, laneIndex(t), a, amount(c, t, n)) }),
  rule('v_rotl',      intVectors, [val, val], (x, n) => rotl(x, n),      rotate(true)),
  rule('v_rotr',      intVectors, [val, val], (x, n) => rotr(x, n),      rotate(false)),
  rule('v_popcnt',    intVectors, [val],      (x) => popcnt(x),          popcount),
  rule('v_blendv',    vectors,    [val, val, val], (k, x, y) => blendv(k, x, y), blendTop),
  rule('v_icmp',      intVectors, [cc(), valOf(intVectors), val], (p, x, y) => icmp(p, x, y), (c, _t, p, x, y) => { const a = c.x(x); return compareLanes(c, p, laneIndex(c.func.typeOf(x)), a, c.x(y)) }),
]
