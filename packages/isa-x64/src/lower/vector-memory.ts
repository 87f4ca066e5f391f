// Loads and stores of vectors. Accesses may be unaligned: nothing is merged into SSE instructions, which want their memory operands aligned.
import { BIG, bytes, F32, laneBits, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  any,
  flags,
  load,
  offset,
  type Rule,
  sload16x4,
  sload32x2,
  sload8x8,
  store,
  uload16x4,
  uload32x2,
  uload8x8,
  val,
} from '@k23/rules'
import type { XLoad } from '../context.ts'
import * as feat from '../features.ts'
import { emit } from '../insts/index.ts'
import type { Xmm } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'
import { sra } from './vector-integer.ts'
import { reverseLanes } from './vector-lanes.ts'
import { vectors } from './vector-sets.ts'

/** Big-endian: each lane highest byte first. */
function ordered(c: X64Lower, size: number, x: Xmm, f: MemFlags): Xmm {
  return (f & BIG) === 0 ? x : reverseLanes(c, size, x)
}

function loadVector(c: X64Lower, t: Type, p: Value, o: number, f: MemFlags): Xmm {
  const m = c.address(p, o)
  const d = c.tx()
  c.access(f)
  c.loadFrom(d, m, t)
  return ordered(c, laneBits(t) / 8, d, f)
}

function storeVector(c: X64Lower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  const v = ordered(c, laneBits(t) / 8, c.x(x), f)
  if (bytes(t) < 4) {
    // Through a general register, ahead of the instruction that traps.
    const g = c.bitsOf(v, F32)
    const m = c.address(p, o)
    c.access(f)
    ;(bytes(t) === 2 ? emit.movw_mr : emit.movb_mr)(c, g, m)
    return
  }
  const m = c.address(p, o)
  c.access(f)
  c.storeTo(v, m, t)
}

interface Extending {
  /** SSE4.1, AVX: load 8 bytes and extend. */
  readonly load: readonly [XLoad, XLoad]
  /** SSE2, AVX: interleave lanes of two registers. */
  readonly unpack: readonly [typeof emit.punpcklbw_rr, typeof emit.vpunpcklbw_rrr]
  /** Index of the narrow lanes. */
  readonly lane: number
  readonly signed: boolean
}

const extending =
  (of: Extending) =>
  (c: X64Lower, _t: Type, p: Value, o: number, f: MemFlags): Xmm => {
    const m = c.address(p, o)
    const avx = c.has(feat.AVX)
    const d = c.tx()
    c.access(f)
    if (c.has(feat.SSE41) && (f & BIG) === 0) {
      of.load[avx ? 1 : 0](c, d, m)
      return d
    }
    ;(avx ? emit.vmovq_xm : emit.movq_xm)(c, d, m)
    const v = ordered(c, 1 << of.lane, d, f)
    if (!of.signed) return c.bin(of.unpack[0], of.unpack[1], v, c.zero())
    if (of.lane === 2) return c.bin(of.unpack[0], of.unpack[1], v, sra(c, 2, v, 31))
    return sra(c, of.lane + 1, c.bin(of.unpack[0], of.unpack[1], v, v), 8 << of.lane)
  }

// biome-ignore format: table
export const vectorMemoryRules: Rule[] = [
  rule('v_load',      vectors, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadVector),
  rule('v_store',     vectors, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f), storeVector),
  rule('v_uload8x8',  any, [val, offset, flags], (p, o, f) => uload8x8(p, o, f),  extending({ load: [emit.pmovzxbw_rm, emit.vpmovzxbw_rm], unpack: [emit.punpcklbw_rr, emit.vpunpcklbw_rrr], lane: 0, signed: false })),
  rule('v_sload8x8',  any, [val, offset, flags], (p, o, f) => sload8x8(p, o, f),  extending({ load: [emit.pmovsxbw_rm, emit.vpmovsxbw_rm], unpack: [emit.punpcklbw_rr, emit.vpunpcklbw_rrr], lane: 0, signed: true })),
  rule('v_uload16x4', any, [val, offset, flags], (p, o, f) => uload16x4(p, o, f), extending({ load: [emit.pmovzxwd_rm, emit.vpmovzxwd_rm], unpack: [emit.punpcklwd_rr, emit.vpunpcklwd_rrr], lane: 1, signed: false })),
  rule('v_sload16x4', any, [val, offset, flags], (p, o, f) => sload16x4(p, o, f), extending({ load: [emit.pmovsxwd_rm, emit.vpmovsxwd_rm], unpack: [emit.punpcklwd_rr, emit.vpunpcklwd_rrr], lane: 1, signed: true })),
  rule('v_uload32x2', any, [val, offset, flags], (p, o, f) => uload32x2(p, o, f), extending({ load: [emit.pmovzxdq_rm, emit.vpmovzxdq_rm], unpack: [emit.punpckldq_rr, emit.vpunpckldq_rrr], lane: 2, signed: false })),
  rule('v_sload32x2', any, [val, offset, flags], (p, o, f) => sload32x2(p, o, f), extending({ load: [emit.pmovsxdq_rm, emit.vpmovsxdq_rm], unpack: [emit.punpckldq_rr, emit.vpunpckldq_rrr], lane: 2, signed: true })),
]
