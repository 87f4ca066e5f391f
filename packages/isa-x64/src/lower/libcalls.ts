// What the rules for opcodes that call a routine (machinst/src/libcall-rules.ts) do in line on x64.
import { F16, F32, F64, TRAP_INTEGER_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW, type Type } from '@k23/ir'
import { type Answer, callConversion, type Inline, libcallRules as sharedRules } from '@k23/machinst'
import type { Rule } from '@k23/rules'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Mem, Xmm } from '../insts/index.ts'
import { AVX, F16C } from '../features.ts'
import { setCond } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

/**
 * f64 rounded to odd to the precision of f32: what is cut off leaves a one in the last bit. The conversion to f32 is exact then, within its range, and a
 * rounding to f16 behind it is as if it were the only one.
 */
export function roundToOdd(c: X64Lower, x: Xmm): Xmm {
  const below = c.loadConstant(c.splat64(0x1fffffff, 0))
  const cut = c.bin(emit.andps_rr, emit.vandps_rrr, x, below)
  const carry = c.bin(emit.paddq_rr, emit.vpaddq_rrr, cut, below)
  const last = andMem(c, carry, c.splat64(0x20000000, 0))
  return andMem(c, c.bin(emit.orps_rr, emit.vorps_rrr, x, last), c.splat64(0xe0000000 | 0, -1))
}

/** Between f16 and f32 or f64: by the instructions of F16C, which go by way of f32, or a routine. */
export function convertHalf(c: X64Lower, from: Type, to: Type, x: Xmm): Xmm {
  if (!c.has(F16C)) return callConversion(c, from, to, [x]) as Xmm
  if (from === F64) {
    // Beyond the range of f32 all is infinite or zero as f16.
    const odd = roundToOdd(c, x)
    return c.xoneImm(emit.vcvtps2ph_rri, c.xthree(emit.vcvtsd2ss_rrr, odd, odd), 0)
  }
  if (to === F16) return c.xoneImm(emit.vcvtps2ph_rri, x, 0)
  const single = c.xone(emit.vcvtph2ps_rr, x)
  return to === F32 ? single : c.xthree(emit.vcvtss2sd_rrr, single, single)
}

/** Bitwise operations with a constant of 16 bytes. */
export function andMem(c: X64Lower, x: Xmm, m: Mem): Xmm {
  const d = c.tx()
  ;(c.has(AVX) ? emit.vandps_rrm : emit.andps_rm)(c, d, x, m)
  return d
}
export function xorMem(c: X64Lower, x: Xmm, m: Mem): Xmm {
  const d = c.tx()
  ;(c.has(AVX) ? emit.vxorps_rrm : emit.xorps_rm)(c, d, x, m)
  return d
}

// The sign of an f128 is the top bit of its 16 bytes.
const magnitude = (c: X64Lower): Mem => c.constant16(-1, -1, -1, 0x7fffffff)
const sign = (c: X64Lower): Mem => c.constant16(0, 0, 0, 0x80000000 | 0)

const CC_OF: Record<Answer, number> = { lt: CC.l, le: CC.le, eq: CC.e, ne: CC.ne, ge: CC.ge, gt: CC.g }

const inline: Inline<X64Lower> = {
  checkDivisor(c, y) {
    const lo = c.lo(y)
    const hi = c.hi(y)
    c.two(emit.orq_rr, lo, hi)
    c.trapIf(CC.e, TRAP_INTEGER_DIVISION_BY_ZERO)
  },
  checkQuotient(c, x, y) {
    // min / -1: x.lo | (x.hi ^ min) | ~(y.lo & y.hi) is zero then only
    const min = c.two(emit.orq_rr, c.lo(x), c.two(emit.xorq_rr, c.hi(x), c.li(0, 0x80000000 | 0)))
    const minusOne = c.inPlace(emit.notq_r, c.two(emit.andq_rr, c.lo(y), c.hi(y)))
    c.two(emit.orq_rr, min, minusOne)
    c.trapIf(CC.e, TRAP_INTEGER_OVERFLOW)
  },
  answerIs(c, cond, answer) {
    emit.testl_rr(c, answer as Gpr, answer as Gpr)
    return setCond(c, CC_OF[cond])
  },
  both: (c, a, b) => c.two(emit.andl_rr, a as Gpr, b as Gpr),
  not: (c, a) => c.twoImm(emit.xorl_ri, a as Gpr, 1),
  fneg: (c, x) => xorMem(c, c.x(x), sign(c)),
  fabs: (c, x) => andMem(c, c.x(x), magnitude(c)),
  fcopysign: (c, x, y) =>
    c.bin(emit.orps_rr, emit.vorps_rrr, andMem(c, c.x(x), magnitude(c)), andMem(c, c.x(y), sign(c))),
}

export const libcallRules: Rule[] = sharedRules(rule, inline)
