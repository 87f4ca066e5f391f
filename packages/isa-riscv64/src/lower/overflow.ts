// Arithmetic that reports overflow. Narrow widths compute in 64 bits and look at what does not fit.
import { I64, laneBits, type Type, type Value } from '@k23/ir'
import {
  fits64,
  type Rule,
  sadd_overflow,
  sadd_overflow_cin,
  smul_overflow,
  ssub_overflow,
  ssub_overflow_bin,
  uadd_overflow,
  uadd_overflow_cin,
  umul_overflow,
  usub_overflow,
  usub_overflow_bin,
  val,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { truth } from './compare.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

const snez = (c: RiscvLower, x: XReg): XReg => c.rrr(emit.sltu, X0, x)

/** 1 where a 64-bit result differs from itself sign-extended from type t. */
function signedMisfit(c: RiscvLower, t: Type, r: XReg): XReg {
  return snez(c, c.rrr(emit.xor, r, c.sextReg(r, t)))
}

/** Signed overflow of s = a + b in 64 bits: both operands differ from the sum in sign. */
function addSign(c: RiscvLower, a: XReg, b: XReg, s: XReg): XReg {
  return c.rri(emit.srli, c.rrr(emit.and, c.rrr(emit.xor, s, a), c.rrr(emit.xor, s, b)), 63)
}
/** Signed overflow of d = a - b in 64 bits. */
function subSign(c: RiscvLower, a: XReg, b: XReg, d: XReg): XReg {
  return c.rri(emit.srli, c.rrr(emit.and, c.rrr(emit.xor, a, b), c.rrr(emit.xor, a, d)), 63)
}

function uadd(c: RiscvLower, t: Type, x: Value, y: Value): number {
  if (t !== I64) {
    const s = c.rrr(emit.add, c.zx(x), c.zx(y))
    return c.pair(s, c.rri(emit.srli, s, laneBits(t)))
  }
  const a = c.x(x)
  const s = c.rrr(emit.add, a, c.x(y))
  return c.pair(s, c.rrr(emit.sltu, s, a))
}
function sadd(c: RiscvLower, t: Type, x: Value, y: Value): number {
  const a = c.sx(x)
  const b = c.sx(y)
  const s = c.rrr(emit.add, a, b)
  return c.pair(s, t === I64 ? addSign(c, a, b, s) : signedMisfit(c, t, s))
}
function usub(c: RiscvLower, _t: Type, x: Value, y: Value): number {
  const a = c.zx(x)
  const b = c.zx(y)
  return c.pair(c.rrr(emit.sub, a, b), c.rrr(emit.sltu, a, b))
}
function ssub(c: RiscvLower, t: Type, x: Value, y: Value): number {
  const a = c.sx(x)
  const b = c.sx(y)
  const d = c.rrr(emit.sub, a, b)
  return c.pair(d, t === I64 ? subSign(c, a, b, d) : signedMisfit(c, t, d))
}
function umul(c: RiscvLower, t: Type, x: Value, y: Value): number {
  const a = c.zx(x)
  const b = c.zx(y)
  const p = c.rrr(emit.mul, a, b)
  return c.pair(p, snez(c, t === I64 ? c.rrr(emit.mulhu, a, b) : c.rri(emit.srli, p, laneBits(t))))
}
function smul(c: RiscvLower, t: Type, x: Value, y: Value): number {
  const a = c.sx(x)
  const b = c.sx(y)
  const p = c.rrr(emit.mul, a, b)
  if (t !== I64) return c.pair(p, signedMisfit(c, t, p))
  return c.pair(p, snez(c, c.rrr(emit.xor, c.rrr(emit.mulh, a, b), c.rri(emit.srai, p, 63))))
}

function uaddCin(c: RiscvLower, t: Type, x: Value, y: Value, k: Value): number {
  const carry = truth(c, k)
  if (t !== I64) {
    const s = c.rrr(emit.add, c.rrr(emit.add, c.zx(x), c.zx(y)), carry)
    return c.pair(s, c.rri(emit.srli, s, laneBits(t)))
  }
  const a = c.x(x)
  const s1 = c.rrr(emit.add, a, c.x(y))
  const s2 = c.rrr(emit.add, s1, carry)
  return c.pair(s2, c.rrr(emit.or, c.rrr(emit.sltu, s1, a), c.rrr(emit.sltu, s2, s1)))
}
function saddCin(c: RiscvLower, t: Type, x: Value, y: Value, k: Value): number {
  const carry = truth(c, k)
  const a = c.sx(x)
  const b = c.sx(y)
  const s = c.rrr(emit.add, c.rrr(emit.add, a, b), carry)
  return c.pair(s, t === I64 ? addSign(c, a, b, s) : signedMisfit(c, t, s))
}
function usubBin(c: RiscvLower, _t: Type, x: Value, y: Value, k: Value): number {
  const borrow = truth(c, k)
  const a = c.zx(x)
  const b = c.zx(y)
  const d1 = c.rrr(emit.sub, a, b)
  const d2 = c.rrr(emit.sub, d1, borrow)
  return c.pair(d2, c.rrr(emit.or, c.rrr(emit.sltu, a, b), c.rrr(emit.sltu, d1, borrow)))
}
function ssubBin(c: RiscvLower, t: Type, x: Value, y: Value, k: Value): number {
  const borrow = truth(c, k)
  const a = c.sx(x)
  const b = c.sx(y)
  const d = c.rrr(emit.sub, c.rrr(emit.sub, a, b), borrow)
  return c.pair(d, t === I64 ? subSign(c, a, b, d) : signedMisfit(c, t, d))
}

// biome-ignore format: table
export const overflowRules: Rule[] = [
  rule('uadd_overflow',     fits64, [val, val],      (x, y) => uadd_overflow(x, y),           uadd),
  rule('sadd_overflow',     fits64, [val, val],      (x, y) => sadd_overflow(x, y),           sadd),
  rule('usub_overflow',     fits64, [val, val],      (x, y) => usub_overflow(x, y),           usub),
  rule('ssub_overflow',     fits64, [val, val],      (x, y) => ssub_overflow(x, y),           ssub),
  rule('umul_overflow',     fits64, [val, val],      (x, y) => umul_overflow(x, y),           umul),
  rule('smul_overflow',     fits64, [val, val],      (x, y) => smul_overflow(x, y),           smul),
  rule('uadd_overflow_cin', fits64, [val, val, val], (x, y, k) => uadd_overflow_cin(x, y, k), uaddCin),
  rule('sadd_overflow_cin', fits64, [val, val, val], (x, y, k) => sadd_overflow_cin(x, y, k), saddCin),
  rule('usub_overflow_bin', fits64, [val, val, val], (x, y, k) => usub_overflow_bin(x, y, k), usubBin),
  rule('ssub_overflow_bin', fits64, [val, val, val], (x, y, k) => ssub_overflow_bin(x, y, k), ssubBin),
]
