// Division. The machine's instructions divide rdx:rax and raise #DE for a zero divisor and for a quotient that does not fit, without saying which: the divisor
// is tested first, so that what the instruction itself raises is overflow. Narrow operands are extended to 32 bits.
import { I64, laneBits, TRAP_INTEGER_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW, type Type, type Value } from '@k23/ir'
import { fits64, type Rule, sdiv, srem, udiv, urem, val } from '@k23/rules'
import { CC, emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import * as T from '../table.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

/** The divisor, extended to 32 or 64 bits, not 0. */
function divisor(c: X64Lower, y: Value, signed: boolean): Gpr {
  const r = signed ? c.sx32(y) : c.zx32(y)
  const k = c.constantOf(y)
  if (k === -1 || isZero(c, y)) {
    ;(c.func.typeOf(y) === I64 ? emit.testq_rr : emit.testl_rr)(c, r, r)
    c.trapIf(CC.e, TRAP_INTEGER_DIVISION_BY_ZERO)
  }
  return r
}

function isZero(c: X64Lower, y: Value): boolean {
  const k = c.constantOf(y)
  const n = laneBits(c.func.typeOf(y))
  const lo = c.func.imm0[k]
  return n === 64 ? lo === 0 && c.func.imm1[k] === 0 : lo << (32 - n) === 0
}

/** A constant that is not -1: dividing by it does not overflow. */
function isSafe(c: X64Lower, y: Value): boolean {
  const k = c.constantOf(y)
  if (k === -1) return false
  const n = laneBits(c.func.typeOf(y))
  const lo = c.func.imm0[k]
  return n === 64 ? lo !== -1 || c.func.imm1[k] !== -1 : (lo << (32 - n)) >> (32 - n) !== -1
}

/** Quotient in rax, remainder in rdx. */
function unsigned(c: X64Lower, t: Type, x: Value, y: Value): { quotient: Gpr; remainder: Gpr } {
  const a = c.zx32(x)
  const b = divisor(c, y, false)
  const quotient = c.tg()
  const remainder = c.tg()
  ;(t === I64 ? emit.divq_r : emit.divl_r)(c, quotient, a, remainder, c.li(0, 0), b)
  return { quotient, remainder }
}

function signExtension(c: X64Lower, t: Type, a: Gpr): Gpr {
  const d = c.tg()
  ;(t === I64 ? emit.cqto : emit.cltd)(c, d, a)
  return d
}

function signedQuotient(c: X64Lower, t: Type, x: Value, y: Value): Gpr {
  const a = c.sx32(x)
  const b = divisor(c, y, true)
  const quotient = c.tg()
  const remainder = c.tg()
  const high = signExtension(c, t, a)
  if (laneBits(t) >= 32 && !isSafe(c, y)) c.trapsWith(TRAP_INTEGER_OVERFLOW)
  ;(t === I64 ? emit.idivq_r : emit.idivl_r)(c, quotient, a, remainder, high, b)
  if (laneBits(t) < 32 && !isSafe(c, y)) {
    // Only the least number by -1 gives a quotient that the type does not hold.
    emit.cmpl_ri(c, quotient, 2 ** (laneBits(t) - 1) - 1)
    c.trapIf(CC.g, TRAP_INTEGER_OVERFLOW)
  }
  return quotient
}

function signedRemainder(c: X64Lower, t: Type, x: Value, y: Value): Gpr {
  const a = c.sx32(x)
  const b = divisor(c, y, true)
  const high = signExtension(c, t, a)
  const quotient = c.tg()
  const remainder = c.tg()
  if (laneBits(t) < 32 || isSafe(c, y)) {
    ;(t === I64 ? emit.idivq_r : emit.idivl_r)(c, quotient, a, remainder, high, b)
    return remainder
  }
  const w = c.words
  w.push(T.SREM_SEQ | (7 << 16))
  w.push(t === I64 ? 8 : 4)
  w.push(quotient)
  w.push(remainder)
  w.push(a)
  w.push(high)
  w.push(b)
  return remainder
}

// biome-ignore format: table
export const divideRules: Rule[] = [
  rule('udiv', fits64, [val, val], (x, y) => udiv(x, y), (c, t, x, y) => unsigned(c, t, x, y).quotient),
  rule('urem', fits64, [val, val], (x, y) => urem(x, y), (c, t, x, y) => unsigned(c, t, x, y).remainder),
  rule('sdiv', fits64, [val, val], (x, y) => sdiv(x, y), signedQuotient),
  rule('srem', fits64, [val, val], (x, y) => srem(x, y), signedRemainder),
]
