// Comparisons into a register, into branches, into selections and into traps: one description of a comparison as a branch row and two registers, and one
// as a 0/1 register.
import { EQ, I32, I64, type IntCC, laneBits, NE, Op, SGE, SGT, SLE, SLT, UGE, UGT, ULE, ULT, type Value } from '@k23/ir'
import { emit, Opc } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'

/** Branch row of a condition, and whether its operands are exchanged. */
function branchRow(cc: IntCC): number {
  if (cc === EQ) return Opc.beq
  if (cc === NE) return Opc.bne
  if (cc === SLT || cc === SGT) return Opc.blt
  if (cc === SGE || cc === SLE) return Opc.bge
  if (cc === ULT || cc === UGT) return Opc.bltu
  return Opc.bgeu
}
function exchanged(cc: IntCC): boolean {
  return cc === SGT || cc === SLE || cc === UGT || cc === ULE
}
function isUnsigned(cc: IntCC): boolean {
  return cc === ULT || cc === UGE || cc === UGT || cc === ULE
}

/** A value extended for a comparison: i32 may be sign-extended for unsigned ones too, since that keeps the order. */
export function extendFor(c: RiscvLower, cc: IntCC, x: Value): XReg {
  const t = c.func.typeOf(x)
  return isUnsigned(cc) && laneBits(t) < 32 ? c.zx(x) : c.sx(x)
}

/** What a comparison of one-register integers is as a branch. */
export interface Comparison {
  readonly row: number
  readonly a: XReg
  readonly b: XReg
}

export function comparison(c: RiscvLower, cc: IntCC, x: Value, y: Value): Comparison {
  const a = extendFor(c, cc, x)
  const b = extendFor(c, cc, y)
  const row = branchRow(cc)
  return exchanged(cc) ? { row, a: b, b: a } : { row, a, b }
}

/** "The value is not zero" as a comparison. */
export function nonZero(c: RiscvLower, x: Value): Comparison {
  const t = c.func.typeOf(x)
  if (c.classesOf(t).length === 2) return { row: Opc.bne, a: c.rrr(emit.or, c.lo(x), c.hi(x)), b: X0 }
  return { row: Opc.bne, a: t === I32 ? c.sx(x) : c.zx(x), b: X0 }
}

/** x cc y as 0 or 1, on extended registers. */
export function setRegs(c: RiscvLower, cc: IntCC, a: XReg, b: XReg): XReg {
  switch (cc) {
    case EQ:
    case NE: {
      const d = b === X0 ? a : a === X0 ? b : c.rrr(emit.xor, a, b)
      return cc === EQ ? c.rri(emit.sltiu, d, 1) : c.rrr(emit.sltu, X0, d)
    }
    case SLT:
      return c.rrr(emit.slt, a, b)
    case SGT:
      return c.rrr(emit.slt, b, a)
    case ULT:
      return c.rrr(emit.sltu, a, b)
    case UGT:
      return c.rrr(emit.sltu, b, a)
    case SGE:
      return not(c, c.rrr(emit.slt, a, b))
    case SLE:
      return not(c, c.rrr(emit.slt, b, a))
    case UGE:
      return not(c, c.rrr(emit.sltu, a, b))
    default:
      return not(c, c.rrr(emit.sltu, b, a))
  }
}

function not(c: RiscvLower, x: XReg): XReg {
  return c.rri(emit.xori, x, 1)
}

export function set(c: RiscvLower, cc: IntCC, x: Value, y: Value): XReg {
  return setRegs(c, cc, extendFor(c, cc, x), extendFor(c, cc, y))
}

/** x cc k for a constant in -2047..2047. */
export function setImm(c: RiscvLower, cc: IntCC, x: Value, k: number): XReg {
  const a = extendFor(c, cc, x)
  const t = c.func.typeOf(x)
  // For unsigned comparisons sltiu sign-extends k: right where x is extended alike.
  const alike = !isUnsigned(cc) || t === I32 || t === I64 || k >= 0
  if (alike) {
    if (cc === SLT) return c.rri(emit.slti, a, k)
    if (cc === SGE) return not(c, c.rri(emit.slti, a, k))
    if (cc === ULT) return c.rri(emit.sltiu, a, k)
    if (cc === UGE) return not(c, c.rri(emit.sltiu, a, k))
    if (cc === SLE) return c.rri(emit.slti, a, k + 1)
    if (cc === SGT) return not(c, c.rri(emit.slti, a, k + 1))
    if ((cc === ULE || cc === UGT) && k !== -1) {
      const r = c.rri(emit.sltiu, a, k + 1)
      return cc === ULE ? r : not(c, r)
    }
    if (cc === EQ || cc === NE) {
      const d = k === 0 ? a : c.rri(emit.xori, a, k)
      return cc === EQ ? c.rri(emit.sltiu, d, 1) : c.rrr(emit.sltu, X0, d)
    }
  }
  const n = laneBits(t)
  return setRegs(c, cc, a, n < 32 && isUnsigned(cc) ? c.li(k & (2 ** n - 1), 0) : c.li(k, k >> 31))
}

/** i128 comparison as 0 or 1. */
export function setPair(c: RiscvLower, cc: IntCC, x: Value, y: Value): XReg {
  const xl = c.lo(x)
  const xh = c.hi(x)
  const yl = c.lo(y)
  const yh = c.hi(y)
  if (cc === EQ || cc === NE) {
    const d = c.rrr(emit.or, c.rrr(emit.xor, xl, yl), c.rrr(emit.xor, xh, yh))
    return cc === EQ ? c.rri(emit.sltiu, d, 1) : c.rrr(emit.sltu, X0, d)
  }
  // high words differ: their order; equal: the order of the low words, unsigned
  const low = cc === SLT || cc === ULT ? ULT : cc === SGT || cc === UGT ? UGT : cc === SLE || cc === ULE ? ULE : UGE
  const lowSet = setRegs(c, low, xl, yl)
  const highSet = setRegs(c, cc, xh, yh)
  return c.selectX(Opc.beq, xh, yh, lowSet, highSet)
}

/** Extends a type's zero-or-one register to all ones or zero. */
export function maskOf(c: RiscvLower, bit: XReg): XReg {
  return c.rrr(emit.sub, X0, bit)
}

/** A register that is 1 where the value is not zero, else 0. */
export function truth(c: RiscvLower, x: Value): XReg {
  const d = c.defOf[x]
  if (d !== -1 && (c.func.op[d] === Op.icmp || c.func.op[d] === Op.fcmp)) return c.x(x)
  return c.rrr(emit.sltu, X0, nonZero(c, x).a)
}
