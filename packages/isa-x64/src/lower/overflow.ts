// Arithmetic that reports overflow: the flags of the operation on exactly the value's width. Results are the value and 0 or 1.
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
  uadd_overflow_trap,
  umul_overflow,
  usub_overflow,
  usub_overflow_bin,
  val,
  trapCode,
} from '@k23/rules'
import type { Two } from '../context.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import { setCond, sizeIndex } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

// By width.
const add: readonly Two[] = [emit.addb_rr, emit.addw_rr, emit.addl_rr, emit.addq_rr]
const sub: readonly Two[] = [emit.subb_rr, emit.subw_rr, emit.subl_rr, emit.subq_rr]
const adc: readonly Two[] = [emit.adcb_rr, emit.adcw_rr, emit.adcl_rr, emit.adcq_rr]
const sbb: readonly Two[] = [emit.sbbb_rr, emit.sbbw_rr, emit.sbbl_rr, emit.sbbq_rr]

const operation =
  (rows: readonly Two[], cc: number) =>
  (c: X64Lower, t: Type, x: Value, y: Value): number => {
    const a = c.g(x)
    const r = c.two(rows[sizeIndex(t)], a, c.g(y))
    return c.pair(r, setCond(c, cc))
  }

/** Sets the carry flag where a byte is not 0: 0 or 1 is given, and added to 255. */
export function carryIn(c: X64Lower, k: Value): void {
  c.twoImm(emit.addb_ri, c.g(k), -1)
}

const withCarry =
  (rows: readonly Two[], cc: number) =>
  (c: X64Lower, t: Type, x: Value, y: Value, k: Value): number => {
    const a = c.g(x)
    const b = c.g(y)
    carryIn(c, k)
    const r = c.two(rows[sizeIndex(t)], a, b)
    return c.pair(r, setCond(c, cc))
  }

function signedMul(c: X64Lower, t: Type, x: Value, y: Value): number {
  const n = laneBits(t)
  if (n === 8) {
    const a = c.g(x)
    const b = c.g(y)
    const d = c.tg()
    emit.imul1b_r(c, d, a, b)
    return c.pair(d, setCond(c, CC.o))
  }
  const rows: readonly Two[] = [emit.imulw_rr, emit.imulw_rr, emit.imull_rr, emit.imulq_rr]
  const a = c.g(x)
  const r = c.two(rows[sizeIndex(t)], a, c.g(y))
  return c.pair(r, setCond(c, CC.o))
}

function unsignedMul(c: X64Lower, t: Type, x: Value, y: Value): number {
  const n = laneBits(t)
  const a = c.g(x)
  const b = c.g(y)
  const lo = c.tg()
  if (n === 8) emit.mulb_r(c, lo, a, b)
  else {
    const hi = c.tg()
    ;(n === 64 ? emit.mulq_r : n === 32 ? emit.mull_r : emit.mulw_r)(c, hi, lo, a, b)
  }
  return c.pair(lo, setCond(c, CC.o))
}

function addOrTrap(c: X64Lower, t: Type, x: Value, y: Value, code: number): Gpr {
  const a = c.g(x)
  const r = c.two(t === I64 ? emit.addq_rr : emit.addl_rr, a, c.g(y))
  c.trapIf(CC.b, code)
  return r
}

// biome-ignore format: table
export const overflowRules: Rule[] = [
  rule('uadd_overflow',     fits64, [val, val],      (x, y) => uadd_overflow(x, y),           operation(add, CC.b)),
  rule('sadd_overflow',     fits64, [val, val],      (x, y) => sadd_overflow(x, y),           operation(add, CC.o)),
  rule('usub_overflow',     fits64, [val, val],      (x, y) => usub_overflow(x, y),           operation(sub, CC.b)),
  rule('ssub_overflow',     fits64, [val, val],      (x, y) => ssub_overflow(x, y),           operation(sub, CC.o)),
  rule('umul_overflow',     fits64, [val, val],      (x, y) => umul_overflow(x, y),           unsignedMul),
  rule('smul_overflow',     fits64, [val, val],      (x, y) => smul_overflow(x, y),           signedMul),
  rule('uadd_overflow_cin', fits64, [val, val, val], (x, y, k) => uadd_overflow_cin(x, y, k), withCarry(adc, CC.b)),
  rule('sadd_overflow_cin', fits64, [val, val, val], (x, y, k) => sadd_overflow_cin(x, y, k), withCarry(adc, CC.o)),
  rule('usub_overflow_bin', fits64, [val, val, val], (x, y, k) => usub_overflow_bin(x, y, k), withCarry(sbb, CC.b)),
  rule('ssub_overflow_bin', fits64, [val, val, val], (x, y, k) => ssub_overflow_bin(x, y, k), withCarry(sbb, CC.o)),
  rule('uadd_overflow_trap', fits64, [val, val, trapCode], (x, y, k) => uadd_overflow_trap(x, y, k), addOrTrap),
]
