// Division. RISC-V's divide instructions never trap: a quotient by zero is all ones, min / -1 wraps, and the remainder by zero is the dividend. CLIF wants
// traps, so checks are made, except where the divisor is a constant that rules them out. div*w takes its operands from the low 32 bits.
import {
  I32,
  I64,
  laneBits,
  TRAP_INTEGER_DIVISION_BY_ZERO,
  TRAP_INTEGER_OVERFLOW,
  type Type,
  type Value,
} from '@k23/ir'
import { at, fits64, iconst, immBy, inst, NO, type Rule, sdiv, srem, udiv, urem, val } from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

type Op2 = typeof emit.div

function trapOnZero(c: RiscvLower, y: XReg): void {
  c.trapIf(Opc.beq, y, X0, TRAP_INTEGER_DIVISION_BY_ZERO)
}

/** Traps for min / -1: (x ^ min) | (y + 1) is zero then only. Both are sign-extended. */
function trapOnOverflow(c: RiscvLower, t: Type, x: XReg, y: XReg): void {
  const n = laneBits(t)
  const min = n === 64 ? c.li(0, 0x80000000 | 0) : c.li(-(2 ** (n - 1)) | 0, -1)
  const bad = c.rrr(emit.or, c.rrr(emit.xor, x, min), c.rri(emit.addi, y, 1))
  c.trapIf(Opc.beq, bad, X0, TRAP_INTEGER_OVERFLOW)
}

function divide(
  c: RiscvLower,
  t: Type,
  x: Value,
  y: Value,
  wide: Op2,
  word: Op2,
  signed: boolean,
  overflow: boolean,
): XReg {
  // Zero is seen in the extended divisor; a word division itself needs no extension.
  const b = signed || t === I32 ? c.sx(y) : c.zx(y)
  trapOnZero(c, b)
  if (overflow) {
    const a = c.sx(x)
    trapOnOverflow(c, t, a, b)
    return c.rrr(t === I64 ? wide : word, a, b)
  }
  return byConstant(c, t, x, b, wide, word, signed)
}

function byConstant(c: RiscvLower, t: Type, x: Value, b: XReg, wide: Op2, word: Op2, signed: boolean): XReg {
  if (t === I64) return c.rrr(wide, c.x(x), b)
  if (t === I32) return c.rrr(word, c.x(x), b)
  return c.rrr(word, signed ? c.sx(x) : c.zx(x), b)
}

/** A divisor that is neither 0 nor, read as signed, -1: arrives as its low word (divisors wider than that are made anew from the value). */
function safeDivisor(lo: number, hi: number, t: Type): number {
  const n = laneBits(t)
  if (lo === 0 && hi === 0) return NO
  const allOnes = n === 64 ? lo === -1 && hi === -1 : n === 32 ? lo === -1 : lo === 2 ** n - 1
  return allOnes ? NO : lo
}
function nonZeroDivisor(lo: number, hi: number): number {
  return lo === 0 && hi === 0 ? NO : lo === NO ? 1 : lo
}

/** The constant divisor of the instruction that is lowered, extended. */
function divisor(c: RiscvLower, i: number, signed: boolean): XReg {
  const y = c.func.arg(i as never, 1)
  return signed || c.func.typeOf(y) === I32 ? c.sx(y) : c.zx(y)
}

// biome-ignore format: table
export const divideRules: Rule[] = [
  rule('udiv_const', fits64, [inst, val, immBy(nonZeroDivisor)], (i, x, k) => at(i, udiv(x, iconst(k))), (c, t, i, x) => byConstant(c, t, x, divisor(c, i, false), emit.divu, emit.divuw, false)),
  rule('udiv',       fits64, [val, val],                         (x, y) => udiv(x, y),                   (c, t, x, y) => divide(c, t, x, y, emit.divu, emit.divuw, false, false)),
  rule('urem_const', fits64, [inst, val, immBy(nonZeroDivisor)], (i, x, k) => at(i, urem(x, iconst(k))), (c, t, i, x) => byConstant(c, t, x, divisor(c, i, false), emit.remu, emit.remuw, false)),
  rule('urem',       fits64, [val, val],                         (x, y) => urem(x, y),                   (c, t, x, y) => divide(c, t, x, y, emit.remu, emit.remuw, false, false)),
  rule('sdiv_const', fits64, [inst, val, immBy(safeDivisor)],    (i, x, k) => at(i, sdiv(x, iconst(k))), (c, t, i, x) => byConstant(c, t, x, divisor(c, i, true), emit.div, emit.divw, true)),
  rule('sdiv',       fits64, [val, val],                         (x, y) => sdiv(x, y),                   (c, t, x, y) => divide(c, t, x, y, emit.div, emit.divw, true, true)),
  rule('srem_const', fits64, [inst, val, immBy(nonZeroDivisor)], (i, x, k) => at(i, srem(x, iconst(k))), (c, t, i, x) => byConstant(c, t, x, divisor(c, i, true), emit.rem, emit.remw, true)),
  rule('srem',       fits64, [val, val],                         (x, y) => srem(x, y),                   (c, t, x, y) => divide(c, t, x, y, emit.rem, emit.remw, true, false)),
]
