// Sets of vector types that rules name, and what the vector rules share.
//
// A vector of fewer than 128 bits lies in the low lanes of a register; the lanes above are undefined. What works lane by lane takes no notice.
import { bytes, F16, F32, F64, isFloatLane, isIntLane, laneBits, laneType, type Type, type Value } from '@k23/ir'
import { type TypeSet, typesWhere } from '@k23/rules'
import type { XThree, XThreeMem, XTwo, XTwoImm, X64Ctx } from '../context.ts'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Writable, Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { sizeIndex } from './compare.ts'
import { sink, sinkableLoad } from './operands.ts'

const isVec = (t: Type): boolean => t > 15 && t < 256
const held = (t: Type): boolean => isVec(t) && bytes(t) <= 16 && laneBits(t) <= 64

/** Vectors of one register. */
export const vectors: TypeSet = typesWhere('vectors', held)
export const intVectors: TypeSet = typesWhere('intVectors', (t) => held(t) && isIntLane(t))
export const floatVectors: TypeSet = typesWhere(
  'floatVectors',
  (t) => held(t) && isFloatLane(t) && (laneType(t) === F32 || laneType(t) === F64),
)
export const halfVectors: TypeSet = typesWhere('halfVectors', (t) => held(t) && laneType(t) === F16)
export const allFloatVectors: TypeSet = typesWhere('allFloatVectors', (t) => held(t) && isFloatLane(t))
/** With lanes that can be halved. */
export const wideInts: TypeSet = typesWhere('wideInts', (t) => held(t) && isIntLane(t) && laneBits(t) > 8)

/** Lanes of 8, 16, 32, 64 bits: 0 to 3. */
export const laneIndex: typeof sizeIndex = sizeIndex

/** An instruction of two operands: with SSE, with AVX, with AVX and a memory operand. */
export interface VecOp {
  readonly sse: XTwo
  readonly avx: XThree
  readonly mem: XThreeMem
}
export const vec = (sse: XTwo, avx: XThree, mem: XThreeMem): VecOp => ({ sse, avx, mem })

export function apply(c: X64Lower, op: VecOp, a: Xmm, b: Xmm): Xmm {
  return c.bin(op.sse, op.avx, a, b)
}

/** The same of values: with AVX a load of y is merged, which need not be aligned there. */
export function applyValues(c: X64Lower, op: VecOp, x: Value, y: Value): Xmm {
  const load = c.has(feat.AVX) && bytes(c.func.typeOf(y)) === 16 ? sinkableLoad(c, y) : -1
  const a = c.x(x)
  if (load === -1) return apply(c, op, a, c.x(y))
  const d = c.tx()
  const m = sink(c, load)
  op.mem(c, d, a, m)
  return d
}

type ShiftImm = (s: X64Ctx, dst: Writable<Xmm>, src: Xmm, imm: number) => number
/** A shift of all lanes by a constant. */
export function shiftImm(c: X64Lower, sse: XTwoImm, avx: ShiftImm, x: Xmm, n: number): Xmm {
  return c.has(feat.AVX) ? c.xoneImm(avx, x, n) : c.xtwoImm(sse, x, n)
}

// biome-ignore format: table
const ops = {
  and:  vec(emit.pand_rr, emit.vpand_rrr, emit.vpand_rrm),
  or:   vec(emit.por_rr, emit.vpor_rrr, emit.vpor_rrm),
  xor:  vec(emit.pxor_rr, emit.vpxor_rrr, emit.vpxor_rrm),
  andn: vec(emit.pandn_rr, emit.vpandn_rrr, emit.vpandn_rrm),
}
export const and = (c: X64Lower, a: Xmm, b: Xmm): Xmm => apply(c, ops.and, a, b)
export const or = (c: X64Lower, a: Xmm, b: Xmm): Xmm => apply(c, ops.or, a, b)
export const xor = (c: X64Lower, a: Xmm, b: Xmm): Xmm => apply(c, ops.xor, a, b)
/** Bits of b where those of a are 0. */
export const andn = (c: X64Lower, a: Xmm, b: Xmm): Xmm => apply(c, ops.andn, a, b)
/** Lanes of a where the mask has ones, of b where it has zeros. */
export const blend = (c: X64Lower, mask: Xmm, a: Xmm, b: Xmm): Xmm => or(c, and(c, a, mask), andn(c, mask, b))
export const not = (c: X64Lower, a: Xmm): Xmm => xor(c, a, c.ones())

/** A register of constant lanes: `lo` and `hi` are the low 64 bits, repeated. */
export const splat64 = (c: X64Lower, lo: number, hi: number): Xmm => c.loadConstant(c.splat64(lo, hi))
export const splat32 = (c: X64Lower, k: number): Xmm => splat64(c, k, k)
export const splat16 = (c: X64Lower, k: number): Xmm => splat32(c, (k & 0xffff) | (k << 16))
export const splat8 = (c: X64Lower, k: number): Xmm => splat16(c, (k & 0xff) | ((k & 0xff) << 8))
/** A lane value of 8 to 64 bits that is a power of two minus something small is given by its words. */
export function splatLane(c: X64Lower, lane: number, lo: number, hi: number): Xmm {
  return lane === 0 ? splat8(c, lo) : lane === 1 ? splat16(c, lo) : lane === 2 ? splat32(c, lo) : splat64(c, lo, hi)
}

/** pshufd. */
export function shuffle32(c: X64Lower, x: Xmm, imm: number): Xmm {
  return c.xoneImm(c.has(feat.AVX) ? emit.vpshufd_rri : emit.pshufd_rri, x, imm)
}

export const low64 = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.punpcklqdq_rr, emit.vpunpcklqdq_rrr, a, b)
export const high64 = (c: X64Lower, a: Xmm, b: Xmm): Xmm => c.bin(emit.punpckhqdq_rr, emit.vpunpckhqdq_rrr, a, b)

/** Lanes of 1, 2, 4, 8 bytes of the low halves, interleaved. */
export const interleaves: readonly (readonly [XTwo, XThree])[] = [
  [emit.punpcklbw_rr, emit.vpunpcklbw_rrr],
  [emit.punpcklwd_rr, emit.vpunpcklwd_rrr],
  [emit.punpckldq_rr, emit.vpunpckldq_rrr],
  [emit.punpcklqdq_rr, emit.vpunpcklqdq_rrr],
]

/** Words of the low or high halves, interleaved. */
export function unpackWords(c: X64Lower, a: Xmm, b: Xmm, high: boolean): Xmm {
  return high
    ? c.bin(emit.punpckhwd_rr, emit.vpunpckhwd_rrr, a, b)
    : c.bin(emit.punpcklwd_rr, emit.vpunpcklwd_rrr, a, b)
}

/** Short vectors: x, then y behind it. */
function concatenate(c: X64Lower, t: Type, a: Xmm, b: Xmm): Xmm {
  const [sse, avx] = interleaves[31 - Math.clz32(bytes(t))]
  return c.bin(sse, avx, a, b)
}

/** What makes one vector of two, for vectors of any length: the first lanes of what it makes of both in one. */
export function onPair(c: X64Lower, t: Type, a: Xmm, b: Xmm, f: (a: Xmm, b: Xmm) => Xmm): Xmm {
  if (bytes(t) === 16) return f(a, b)
  const joined = concatenate(c, t, a, b)
  return f(joined, joined)
}
