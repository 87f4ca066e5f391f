// Lanes: making vectors, taking them apart, rearranging them, tests over all lanes.
import {
  bytes,
  F32,
  F64,
  I64,
  isFloat,
  laneBits,
  laneCount,
  laneType,
  SGT,
  SLT,
  type Type,
  UGT,
  type Value,
} from '@k23/ir'
import {
  any,
  anyInt,
  brif,
  constant,
  extractlane,
  immediate,
  insertlane,
  lane,
  type Rule,
  scalar_to_vector,
  shuffle,
  snarrow,
  splat,
  swiden_high,
  swiden_low,
  swizzle,
  uunarrow,
  unarrow,
  uwiden_high,
  uwiden_low,
  val,
  valOf,
  vall_true,
  vany_true,
  vconst,
  vhigh_bits,
  x86_pmaddubsw,
  x86_pshufb,
} from '@k23/rules'
import { FRAME_SLOT } from '@k23/machinst'
import * as feat from '../features.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Xmm } from '../insts/index.ts'
import { branchIf, type Cond, selectGpr, setCond } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'
import { addLanes, compareLanes, equal, sll, sra, srl, subLanes } from './vector-integer.ts'
import {
  and,
  andn,
  blend,
  high64,
  interleaves,
  intVectors,
  laneIndex,
  low64,
  onPair,
  or,
  shuffle32,
  splat16,
  splat32,
  splat64,
  splat8,
  vectors,
  wideInts,
} from './vector-sets.ts'

// ---- constants and splats

/** A vector by its bytes, which may be fewer than 16. */
export function vectorConstant(c: X64Lower, of: Uint8Array): Xmm {
  if (of.every((b) => b === 0)) return c.zero()
  if (of.length === 16 && of.every((b) => b === 0xff)) return c.ones()
  const whole = new Uint8Array(16)
  whole.set(of)
  return c.loadConstant(c.constant(whole))
}

function fromGpr(c: X64Lower, x: Gpr, wide = false): Xmm {
  const d = c.tx()
  const avx = c.has(feat.AVX)
  if (wide) (avx ? emit.vmovq_xr : emit.movq_xr)(c, d, x)
  else (avx ? emit.vmovd_xr : emit.movd_xr)(c, d, x)
  return d
}

/** A lane value in the low lane of a register, what is above undefined. */
function lowLane(c: X64Lower, x: Value): Xmm {
  const t = c.func.typeOf(x)
  return isFloat(t) ? c.x(x) : fromGpr(c, c.g(x), t === I64)
}

export function splatXmm(c: X64Lower, lane: number, x: Xmm): Xmm {
  if (lane === 3) return low64(c, x, x)
  if (lane === 2) return shuffle32(c, x, 0)
  const avx2 = c.has(feat.AVX2)
  if (lane === 1) {
    if (avx2) return c.xone(emit.vpbroadcastw_rr, x)
    return shuffle32(c, c.xoneImm(c.has(feat.AVX) ? emit.vpshuflw_rri : emit.pshuflw_rri, x, 0), 0)
  }
  if (avx2) return c.xone(emit.vpbroadcastb_rr, x)
  if (c.has(feat.SSSE3)) return c.bin(emit.pshufb_rr, emit.vpshufb_rrr, x, c.zero())
  const words = c.bin(emit.punpcklbw_rr, emit.vpunpcklbw_rrr, x, x)
  return shuffle32(c, c.xoneImm(emit.pshuflw_rri, words, 0), 0)
}

/** The lane value in lane 0, zeros above. */
function fromScalar(c: X64Lower, t: Type, x: Value): Xmm {
  const from = c.func.typeOf(x)
  const avx = c.has(feat.AVX)
  if (from === F32) return avx ? c.xthree(emit.vmovss_rrr, c.zero(), c.x(x)) : c.xtwo(emit.movss_rr, c.zero(), c.x(x))
  if (from === F64) return c.xone(avx ? emit.vmovq_xx : emit.movq_xx, c.x(x))
  if (isFloat(from)) return fromGpr(c, c.one(emit.movzwl_rr, c.bitsOf(c.x(x), from)))
  return fromGpr(c, laneBits(t) === 64 ? c.g(x) : c.zx32(x), laneBits(t) === 64)
}

// ---- one lane

function extractWord(c: X64Lower, x: Xmm, n: number): Gpr {
  const d = c.tg()
  ;(c.has(feat.AVX) ? emit.vpextrw_rri : emit.pextrw_rri)(c, d, x, n)
  return d
}

/** An integer lane, the bits above it undefined. */
export function extractInt(c: X64Lower, index: number, x: Xmm, n: number): Gpr {
  const avx = c.has(feat.AVX)
  const sse41 = c.has(feat.SSE41)
  const d = c.tg()
  if (index === 3) {
    if (n === 0) return c.bitsOf(x, I64)
    if (!sse41) return c.bitsOf(high64(c, x, x), I64)
    ;(avx ? emit.vpextrq_rri : emit.pextrq_rri)(c, d, x, n)
    return d
  }
  if (index === 2) {
    if (n !== 0 && sse41) {
      ;(avx ? emit.vpextrd_rri : emit.pextrd_rri)(c, d, x, n)
      return d
    }
    ;(avx ? emit.vmovd_rx : emit.movd_rx)(c, d, n === 0 ? x : shuffle32(c, x, n))
    return d
  }
  if (index === 1) return extractWord(c, x, n)
  if (sse41) {
    ;(avx ? emit.vpextrb_rri : emit.pextrb_rri)(c, d, x, n)
    return d
  }
  const word = extractWord(c, x, n >> 1)
  return (n & 1) === 0 ? word : c.twoImm(emit.shrl_ri, word, 8)
}

function extract(c: X64Lower, t: Type, x: Value, n: number): number {
  const a = c.x(x)
  const index = laneIndex(t)
  const lane = laneType(t)
  if (!isFloat(lane)) return extractInt(c, index, a, n)
  if (n === 0) return a
  if (index === 3) return high64(c, a, a)
  if (index === 2) return shuffle32(c, a, n)
  return c.fromBits(extractWord(c, a, n), lane)
}

function insertWord(c: X64Lower, x: Xmm, g: Gpr, n: number): Xmm {
  const d = c.tx()
  if (c.has(feat.AVX)) emit.vpinsrw_rrri(c, d, x, g, n)
  else emit.pinsrw_rri(c, d, x, g, n)
  return d
}

export function insertInt(c: X64Lower, index: number, x: Xmm, g: Gpr, n: number): Xmm {
  const avx = c.has(feat.AVX)
  const sse41 = c.has(feat.SSE41)
  const d = c.tx()
  if (index === 1) return insertWord(c, x, g, n)
  if (index === 3) {
    if (!sse41) {
      const y = fromGpr(c, g, true)
      return n === 0 ? c.xtwo(emit.movsd_rr, x, y) : low64(c, x, y)
    }
    if (avx) emit.vpinsrq_rrri(c, d, x, g, n)
    else emit.pinsrq_rri(c, d, x, g, n)
    return d
  }
  if (index === 2) {
    if (!sse41) return insertWord(c, insertWord(c, x, g, 2 * n), c.twoImm(emit.shrl_ri, g, 16), 2 * n + 1)
    if (avx) emit.vpinsrd_rrri(c, d, x, g, n)
    else emit.pinsrd_rri(c, d, x, g, n)
    return d
  }
  if (sse41) {
    if (avx) emit.vpinsrb_rrri(c, d, x, g, n)
    else emit.pinsrb_rri(c, d, x, g, n)
    return d
  }
  const word = extractWord(c, x, n >> 1)
  const byte = c.one(emit.movzbl_rr, g)
  const merged =
    (n & 1) === 0
      ? c.two(emit.orl_rr, c.twoImm(emit.andl_ri, word, 0xff00), byte)
      : c.two(emit.orl_rr, c.one(emit.movzbl_rr, word), c.twoImm(emit.shll_ri, byte, 8))
  return insertWord(c, x, merged, n >> 1)
}

function insert(c: X64Lower, t: Type, x: Value, y: Value, n: number): Xmm {
  const a = c.x(x)
  const index = laneIndex(t)
  const lane = c.func.typeOf(y)
  if (!isFloat(lane)) return insertInt(c, index, a, c.g(y), n)
  const b = c.x(y)
  const avx = c.has(feat.AVX)
  if (index === 3) {
    if (n === 1) return low64(c, a, b)
    return avx ? c.xthree(emit.vmovsd_rrr, a, b) : c.xtwo(emit.movsd_rr, a, b)
  }
  if (index === 2) {
    if (n === 0) return avx ? c.xthree(emit.vmovss_rrr, a, b) : c.xtwo(emit.movss_rr, a, b)
    if (!c.has(feat.SSE41)) return insertInt(c, 2, a, c.bitsOf(b, F32), n)
    const d = c.tx()
    if (avx) emit.vinsertps_rrri(c, d, a, b, n << 4)
    else emit.insertps_rri(c, d, a, b, n << 4)
    return d
  }
  return insertWord(c, a, c.bitsOf(b, lane), n)
}

// ---- shuffles

/** A shuffle by 32-bit lanes as an immediate, or -1. */
function asDwords(mask: Uint8Array): number {
  let imm = 0
  for (let k = 0; k < 4; k++) {
    const first = mask[4 * k]
    if ((first & 3) !== 0 || first > 12) return -1
    for (let j = 1; j < 4; j++) if (mask[4 * k + j] !== first + j) return -1
    imm |= (first >> 2) << (2 * k)
  }
  return imm
}

/** Bytes of the concatenation from `n` on, or -1. */
function asAlignment(mask: Uint8Array): number {
  const first = mask[0]
  return mask.every((b, i) => b === first + i) && first <= 16 ? first : -1
}

/** Interleaving of lanes of 1 << w bytes from `start`: of x and y, or of `same` alone. */
function isUnpack(mask: Uint8Array, w: number, high: boolean, first: number, second: number): boolean {
  const size = 1 << w
  const start = high ? 8 : 0
  for (let k = 0; k < 16 / size; k++) {
    const from = ((k & 1) === 0 ? first : second) + start + (k >> 1) * size
    for (let j = 0; j < size; j++) if (mask[k * size + j] !== from + j) return false
  }
  return true
}

const unpackHigh = [
  [emit.punpckhbw_rr, emit.vpunpckhbw_rrr],
  [emit.punpckhwd_rr, emit.vpunpckhwd_rrr],
  [emit.punpckhdq_rr, emit.vpunpckhdq_rrr],
  [emit.punpckhqdq_rr, emit.vpunpckhqdq_rrr],
] as const

function tryUnpack(c: X64Lower, mask: Uint8Array, a: Xmm, b: Xmm): Xmm | undefined {
  for (let w = 0; w < 4; w++)
    for (const high of [false, true])
      for (const first of [0, 16])
        for (const second of [0, 16]) {
          if (!isUnpack(mask, w, high, first, second)) continue
          const [sse, avx] = (high ? unpackHigh : interleaves)[w]
          return c.bin(sse, avx, first === 0 ? a : b, second === 0 ? a : b)
        }
  return undefined
}

function pshufb(c: X64Lower, a: Xmm, mask: Xmm): Xmm {
  return c.bin(emit.pshufb_rr, emit.vpshufb_rrr, a, mask)
}

function shuffleBytes(c: X64Lower, x: Value, y: Value, k: number): Xmm {
  const given = Uint8Array.from(c.func.immediates[k])
  // Of one value twice only the first matters.
  const mask = x === y ? given.map((b) => b & 15) : given
  const a = c.x(x)
  const b = c.x(y)
  const onlyX = mask.every((i) => i < 16)
  const onlyY = mask.every((i) => i >= 16)
  if (onlyX || onlyY)
    return shuffleOne(
      c,
      onlyX ? a : b,
      mask.map((i) => i & 15),
    )
  const unpacked = tryUnpack(c, mask, a, b)
  if (unpacked !== undefined) return unpacked
  if (c.has(feat.AVX512VBMI) && c.has(feat.AVX512VL)) {
    const d = c.tx()
    emit.vpermi2b_rrr(c, d, c.loadConstant(c.constant(mask)), a, b)
    return d
  }
  if (!c.has(feat.SSSE3)) return shuffleSlowly(c, mask, a, b)
  const shift = asAlignment(mask)
  if (shift !== -1) {
    const d = c.tx()
    if (c.has(feat.AVX)) emit.vpalignr_rrri(c, d, b, a, shift)
    else emit.palignr_rri(c, d, b, a, shift)
    return d
  }
  // An index with its top bit set gives 0.
  const ofX = mask.map((i) => (i < 16 ? i : 0x80))
  const ofY = mask.map((i) => (i >= 16 ? i - 16 : 0x80))
  const first = pshufb(c, a, c.loadConstant(c.constant(ofX)))
  return or(c, first, pshufb(c, b, c.loadConstant(c.constant(ofY))))
}

function shuffleOne(c: X64Lower, a: Xmm, mask: Uint8Array): Xmm {
  const dwords = asDwords(mask)
  if (dwords === 0xe4) return a
  if (dwords !== -1) return shuffle32(c, a, dwords)
  const unpacked = tryUnpack(c, mask, a, a)
  if (unpacked !== undefined) return unpacked
  if (mask.every((b) => b === 0)) return splatXmm(c, 0, a)
  if (!c.has(feat.SSSE3)) return shuffleSlowly(c, mask, a, a)
  return pshufb(c, a, c.loadConstant(c.constant(mask)))
}

/** Byte by byte through general registers, two to a word. */
function shuffleSlowly(c: X64Lower, mask: Uint8Array, a: Xmm, b: Xmm): Xmm {
  const byte = (i: number): Gpr => {
    const n = i & 15
    const word = extractWord(c, i < 16 ? a : b, n >> 1)
    return (n & 1) === 0 ? c.one(emit.movzbl_rr, word) : c.twoImm(emit.shrl_ri, word, 8)
  }
  let r = c.zero()
  for (let k = 0; k < 8; k++) {
    const low = byte(mask[2 * k])
    const high = c.twoImm(emit.shll_ri, byte(mask[2 * k + 1]), 8)
    r = insertWord(c, r, c.two(emit.orl_rr, low, high), k)
  }
  return r
}

/** Indices above 15 give 0: saturated so that their top bit is set. */
function swizzleBytes(c: X64Lower, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const k = c.x(y)
  if (!c.has(feat.SSSE3)) return lookUp(c, a, k, false)
  return pshufb(c, a, c.bin(emit.paddusb_rr, emit.vpaddusb_rrr, k, splat8(c, 0x70)))
}

function pshufbOp(c: X64Lower, x: Value, y: Value): Xmm {
  const a = c.x(x)
  return c.has(feat.SSSE3) ? pshufb(c, a, c.x(y)) : lookUp(c, a, c.x(y), true)
}

/** Without pshufb: the bytes of `a` are laid out in the frame and looked up one by one. `low4`: as pshufb does, by four bits and the top one. */
function lookUp(c: X64Lower, a: Xmm, indices: Xmm, low4: boolean): Xmm {
  const offset = (c.frame.slotBytes + 15) & -16
  c.frame.slotBytes = offset + 16
  emit.movups_mr(c, a, c.frameSlot(FRAME_SLOT, offset))
  const base = c.load(emit.leaq_rm, c.frameSlot(FRAME_SLOT, offset))
  const none = c.li(0, 0)
  const byte = (n: number): Gpr => {
    const raw = extractInt(c, 0, indices, n)
    const i = c.one(emit.movzbl_rr, raw)
    const value = c.load(emit.movzbl_rm, c.indexed(base, c.twoImm(emit.andl_ri, i, 15), 0, 0))
    emit.testl_ri(c, i, low4 ? 0x80 : 0xf0)
    return selectGpr(c, CC.ne, none, value)
  }
  let r = c.zero()
  for (let k = 0; k < 8; k++) {
    const low = byte(2 * k)
    const high = c.twoImm(emit.shll_ri, byte(2 * k + 1), 8)
    r = insertWord(c, r, c.two(emit.orl_rr, low, high), k)
  }
  return r
}

// ---- the order of bytes

/** The bytes of each lane of `size` bytes in reverse order. */
export function reverseLanes(c: X64Lower, size: number, x: Xmm): Xmm {
  if (size === 1) return x
  if (c.has(feat.SSSE3)) {
    const mask = Uint8Array.from({ length: 16 }, (_, i) => i - 2 * (i % size) + size - 1)
    return pshufb(c, x, c.loadConstant(c.constant(mask)))
  }
  const words = or(c, sll(c, 1, x, 8), srl(c, 1, x, 8))
  if (size === 2) return words
  const imm = size === 4 ? 0xb1 : 0x1b
  const r = c.xoneImm(emit.pshufhw_rri, c.xoneImm(emit.pshuflw_rri, words, imm), imm)
  return size === 16 ? shuffle32(c, r, 0x4e) : r
}

// ---- half and double width

/** 64-bit lanes that are within the range of 32 bits: their low halves, of a then of b. */
function joinLow(c: X64Lower, a: Xmm, b: Xmm): Xmm {
  const d = c.tx()
  if (c.has(feat.AVX)) emit.vshufps_rrri(c, d, a, b, 0x88)
  else emit.shufps_rri(c, d, a, b, 0x88)
  return d
}
function clampQuads(c: X64Lower, a: Xmm, min: Xmm | undefined, max: Xmm, signed: boolean): Xmm {
  const low = blend(c, compareLanes(c, signed ? SGT : UGT, 3, a, max), max, a)
  return min === undefined ? low : blend(c, compareLanes(c, SLT, 3, low, min), min, low)
}

function signedNarrow(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const lane = laneIndex(t)
  if (lane === 1) return c.bin(emit.packsswb_rr, emit.vpacksswb_rrr, a, b)
  if (lane === 2) return c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, a, b)
  const max = splat64(c, 0x7fffffff, 0)
  const min = splat64(c, 0x80000000 | 0, -1)
  return joinLow(c, clampQuads(c, a, min, max, true), clampQuads(c, b, min, max, true))
}

function unsignedNarrow(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const lane = laneIndex(t)
  if (lane === 1) return c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, a, b)
  if (lane === 3) {
    const max = splat64(c, -1, 0)
    const zero = c.zero()
    return joinLow(c, clampQuads(c, a, zero, max, true), clampQuads(c, b, zero, max, true))
  }
  return packUnsignedWords(c, a, b)
}

/** Signed 32-bit lanes as words, saturated as unsigned. */
export function packUnsignedWords(c: X64Lower, a: Xmm, b: Xmm): Xmm {
  return c.has(feat.SSE41) ? c.bin(emit.packusdw_rr, emit.vpackusdw_rrr, a, b) : packWords(c, a, b)
}

/** packusdw: what is negative is 0; the rest is moved into the range of the signed one and back. */
function packWords(c: X64Lower, a: Xmm, b: Xmm): Xmm {
  const bias = splat32(c, 0x8000)
  const move = (v: Xmm): Xmm => subLanes(c, 2, andn(c, sra(c, 2, v, 31), v), bias)
  const packed = c.bin(emit.packssdw_rr, emit.vpackssdw_rrr, move(a), move(b))
  return addLanes(c, 1, packed, splat16(c, 0x8000))
}

function unsignedFromUnsigned(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const lane = laneIndex(t)
  if (lane === 3) {
    const max = splat64(c, -1, 0)
    return joinLow(c, clampQuads(c, a, undefined, max, false), clampQuads(c, b, undefined, max, false))
  }
  if (lane === 1) {
    // x less what is above 255.
    const max = splat16(c, 0xff)
    const least = (v: Xmm): Xmm => subLanes(c, 1, v, c.bin(emit.psubusw_rr, emit.vpsubusw_rrr, v, max))
    return c.bin(emit.packuswb_rr, emit.vpackuswb_rrr, least(a), least(b))
  }
  const max = splat32(c, 0xffff)
  const least = (v: Xmm): Xmm => blend(c, compareLanes(c, UGT, 2, v, max), max, v)
  const p = least(a)
  return packUnsignedWords(c, p, least(b))
}

const narrowing =
  (f: typeof signedNarrow) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Xmm => {
    const a = c.x(x)
    return onPair(c, t, a, c.x(y), (p, q) => f(c, t, p, q))
  }

/** Lanes of x and of its extension, interleaved, are the wide lanes. Of two lanes the result is a scalar. */
const widen =
  (signed: boolean, high: boolean) =>
  (c: X64Lower, _t: Type, x: Value): Xmm | Gpr => {
    const from = c.func.typeOf(x)
    const lane = laneIndex(from)
    const size = bytes(from)
    if (laneCount(from) === 2) {
      const g = extractInt(c, lane, c.x(x), high ? 1 : 0)
      return signed ? c.sextReg(g, laneType(from)) : c.zextReg(g, laneType(from))
    }
    // The high half of a short vector is moved down, to where the low one was.
    const a = high && size < 16 ? srl(c, 3, c.x(x), 4 * size) : c.x(x)
    const [sse, avx] = (high && size === 16 ? unpackHigh : interleaves)[lane]
    if (!signed) return c.bin(sse, avx, a, c.zero())
    if (lane === 2) return c.bin(sse, avx, a, sra(c, 2, a, 31))
    // Each lane twice: the upper one, shifted down, is the extension.
    const twice = c.bin(sse, avx, a, a)
    return sra(c, lane + 1, twice, 8 << lane)
  }

// ---- tests over all lanes

/** Ones in the low bits. */
function mask(bits: number): number {
  return bits === 16 ? 0xffff : (1 << bits) - 1
}

function byteMask(c: X64Lower, x: Xmm): Gpr {
  const d = c.tg()
  ;(c.has(feat.AVX) ? emit.vpmovmskb_rr : emit.pmovmskb_rr)(c, d, x)
  return d
}

/** The flags of "some bit of x is one", and their condition. */
function anyTrue(c: X64Lower, x: Value): Cond {
  const t = c.func.typeOf(x)
  const a = c.x(x)
  if (bytes(t) === 16 && c.has(feat.SSE41)) {
    ;(c.has(feat.AVX) ? emit.vptest_rr : emit.ptest_rr)(c, a, a)
    return CC.ne
  }
  const zeros = byteMask(c, equal(c, 0, a, c.zero()))
  const all = mask(bytes(t))
  const relevant = c.twoImm(emit.andl_ri, zeros, all)
  emit.cmpl_ri(c, relevant, all)
  return CC.ne
}

/** The same of "no lane of x is zero". */
function allTrue(c: X64Lower, x: Value): Cond {
  const t = c.func.typeOf(x)
  const zeros = byteMask(c, equal(c, laneIndex(t), c.x(x), c.zero()))
  emit.testl_ri(c, zeros, mask(bytes(t)))
  return CC.e
}

function highBits(c: X64Lower, x: Value): Gpr {
  const t = c.func.typeOf(x)
  const a = c.x(x)
  const lane = laneIndex(t)
  const avx = c.has(feat.AVX)
  const d = c.tg()
  if (lane === 2) (avx ? emit.vmovmskps_rr : emit.movmskps_rr)(c, d, a)
  else if (lane === 3) (avx ? emit.vmovmskpd_rr : emit.movmskpd_rr)(c, d, a)
  else {
    const narrow = lane === 1 ? c.bin(emit.packsswb_rr, emit.vpacksswb_rrr, a, a) : a
    ;(avx ? emit.vpmovmskb_rr : emit.pmovmskb_rr)(c, d, narrow)
  }
  const lanes = laneCount(t)
  return lanes === 16 || (bytes(t) === 16 && lane >= 2) ? d : c.twoImm(emit.andl_ri, d, mask(lanes))
}

// ---- pmaddubsw: signed bytes of x by unsigned bytes of y, neighbours summed with saturation

function pmaddubsw(c: X64Lower, x: Value, y: Value): Xmm {
  const a = c.x(x)
  const b = c.x(y)
  // The instruction's first operand is the unsigned one.
  if (c.has(feat.SSSE3)) return c.bin(emit.pmaddubsw_rr, emit.vpmaddubsw_rrr, b, a)
  const mullw = (p: Xmm, q: Xmm): Xmm => c.bin(emit.pmullw_rr, emit.vpmullw_rrr, p, q)
  const low = mullw(sra(c, 1, sll(c, 1, a, 8), 8), and(c, b, splat16(c, 0xff)))
  const high = mullw(sra(c, 1, a, 8), srl(c, 1, b, 8))
  return c.bin(emit.paddsw_rr, emit.vpaddsw_rrr, low, high)
}

// biome-ignore format: table
export const vectorLaneRules: Rule[] = [
  rule('v_splat',       vectors, [val],              (x) => splat(x),                         (c, t, x) => splatXmm(c, laneIndex(t), lowLane(c, x))),
  rule('v_vconst',      vectors, [constant],         (k) => vconst(k),                        (c, _t, k) => vectorConstant(c, c.func.constants[k])),
  rule('v_extractlane', vectors, [val, lane],        (x, n) => extractlane(x, n),             extract),
  rule('v_insertlane',  vectors, [val, val, lane],   (x, y, n) => insertlane(x, y, n),        insert),
  rule('v_from_scalar', vectors, [val],              (x) => scalar_to_vector(x),              fromScalar),

  rule('v_shuffle',     any, [val, val, immediate],  (x, y, k) => shuffle(x, y, k),           (c, _t, x, y, k) => shuffleBytes(c, x, y, k)),
  rule('v_swizzle',     any, [val, val],             (x, y) => swizzle(x, y),                 (c, _t, x, y) => swizzleBytes(c, x, y)),
  rule('v_pshufb',      any, [val, val],             (x, y) => x86_pshufb(x, y),              (c, _t, x, y) => pshufbOp(c, x, y)),
  rule('v_pmaddubsw',   any, [val, val],             (x, y) => x86_pmaddubsw(x, y),           (c, _t, x, y) => pmaddubsw(c, x, y)),

  rule('v_snarrow',     wideInts, [val, val],        (x, y) => snarrow(x, y),                 narrowing(signedNarrow)),
  rule('v_unarrow',     wideInts, [val, val],        (x, y) => unarrow(x, y),                 narrowing(unsignedNarrow)),
  rule('v_uunarrow',    wideInts, [val, val],        (x, y) => uunarrow(x, y),                narrowing(unsignedFromUnsigned)),
  rule('v_swiden_low',  intVectors, [val],            (x) => swiden_low(x),                    widen(true, false)),
  rule('v_swiden_high', intVectors, [val],            (x) => swiden_high(x),                   widen(true, true)),
  rule('v_uwiden_low',  intVectors, [val],            (x) => uwiden_low(x),                    widen(false, false)),
  rule('v_uwiden_high', intVectors, [val],            (x) => uwiden_high(x),                   widen(false, true)),

  rule('v_any_true',    vectors, [val],              (x) => vany_true(x),                     (c, _t, x) => setCond(c, anyTrue(c, x))),
  rule('v_all_true',    vectors, [val],              (x) => vall_true(x),                     (c, _t, x) => setCond(c, allTrue(c, x))),
  rule('v_brif_any',    any,     [valOf(vectors)],   (x) => brif(vany_true(x)),               (c, _t, x) => branchIf(c, anyTrue(c, x))),
  rule('v_brif_all',    any,     [valOf(vectors)],   (x) => brif(vall_true(x)),               (c, _t, x) => branchIf(c, allTrue(c, x))),
  rule('v_high_bits',   anyInt,  [valOf(vectors)],   (x) => vhigh_bits(x),                    (c, _t, x) => highBits(c, x)),
]
