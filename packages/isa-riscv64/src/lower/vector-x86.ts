// Vector opcodes that are called after instructions of x64, which CLIF defines for every machine.
import { F16, laneBits, laneType, type Type, type Value } from '@k23/ir'
import { any, type Rule, val, valOf, x86_cvtt2dq, x86_pmaddubsw, x86_pmulhrsw, x86_pshufb } from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { VReg, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'
import { laneState, M0, mergeI, stateOf, tv, v, vi, vv } from './vector-context.ts'
import { allFloats, integersOf, toSigned } from './vector-float.ts'
import { intVectors } from './vector-sets.ts'
import { rounded } from './vector-integer.ts'

/** Lanes of `no`, or x where v0 has a one. */
function mergeX(c: RiscvLower, st: number, x: XReg, no: VReg): VReg {
  const d = tv(c)
  emit.vmerge_vxm(c, d, x, M0, no, st)
  return d
}

/** The least number of a lane. */
function least(c: RiscvLower, t: Type): XReg {
  const n = laneBits(t)
  return n === 64 ? c.li(0, -0x80000000) : c.li(-(2 ** (n - 1)), -1)
}

/** vsmul clamps the least number times itself, which here stays what it is. */
function multiplyHigh(c: RiscvLower, t: Type, x: Value, y: Value): VReg {
  const st = stateOf(t)
  const a = v(c, x)
  const b = v(c, y)
  const k = least(c, t)
  const product = vv(c, emit.vsmul_vv, rounded(st), a, b)
  const first = tv(c)
  emit.vmseq_vx(c, first, k, a, st)
  emit.vmseq_vx(c, M0, k, b, st)
  emit.vmand_mm(c, M0, first, M0, st)
  return mergeX(c, st, k, product)
}

/** Products of the even and of the odd bytes, in lanes of 16 bits, which hold them. */
function multiplyAdd(c: RiscvLower, x: Value, y: Value): VReg {
  const st = laneState(16, 8)
  const a = v(c, x)
  const b = v(c, y)
  const up = (r: VReg): VReg => vi(c, emit.vsll_vi, st, r, 8)
  const even = vv(c, emit.vmul_vv, st, vi(c, emit.vsra_vi, st, up(a), 8), vi(c, emit.vsrl_vi, st, up(b), 8))
  const odd = vv(c, emit.vmul_vv, st, vi(c, emit.vsra_vi, st, a, 8), vi(c, emit.vsrl_vi, st, b, 8))
  return vv(c, emit.vsadd_vv, st, even, odd)
}

/** What is too great, and a NaN, becomes the least number, as what is too small does by itself. */
export function truncateLanes(c: RiscvLower, t: Type, from: Type, a: VReg): VReg {
  const state = stateOf(from)
  const i = integersOf(c, toSigned, t, from, a)
  // Of f16 only infinity is too great for 32 bits.
  const half = laneType(from) === F16 && laneBits(t) > 16
  const limit = half ? c.lf(F16, 0x7c00, 0) : c.constF(laneType(from), 2 ** (laneBits(t) - 1))
  emit.vmflt_vf(c, M0, limit, a, state)
  const st = stateOf(t)
  const min = tv(c)
  emit.vmv_v_x(c, min, least(c, t), st)
  const d = tv(c)
  emit.vmerge_vvm(c, d, M0, i, min, st)
  return d
}

function shuffleBytes(c: RiscvLower, x: Value, y: Value): VReg {
  const st = laneState(8, 16)
  const places = v(c, y)
  const picked = vv(c, emit.vrgather_vv, st, v(c, x), vi(c, emit.vand_vi, st, places, 15))
  emit.vmslt_vx(c, M0, X0, places, st)
  return mergeI(c, st, 0, picked)
}

// biome-ignore format: table
export const vectorX86Rules: Rule[] = [
  rule('v_pmulhrsw',  intVectors, [val, val],           (x, y) => x86_pmulhrsw(x, y),  multiplyHigh),
  rule('v_pmaddubsw', any,        [val, val],           (x, y) => x86_pmaddubsw(x, y), (c, _t, x, y) => multiplyAdd(c, x, y)),
  rule('v_cvtt2dq',   intVectors, [valOf(allFloats)], (x) => x86_cvtt2dq(x),           (c, t, x) => truncateLanes(c, t, c.func.typeOf(x), v(c, x))),
  rule('v_pshufb',    any,        [val, val],           (x, y) => x86_pshufb(x, y),    (c, _t, x, y) => shuffleBytes(c, x, y)),
]
