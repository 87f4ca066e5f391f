// What riscv64's rules promise of the bits above narrow results (machinst, extension.ts).
import { BIG, type Func, I32, type Inst, isInt, laneBits, Op, type Type } from '@k23/ir'
import { BOTH, SIGN } from '@k23/machinst'

/** i32 results that are sign-extended: *w instructions. */
// biome-ignore format: table
const WORD_OPS: ReadonlySet<number> = new Set([
  Op.iadd, Op.isub, Op.ineg, Op.imul, Op.ishl, Op.ushr, Op.sshr, Op.udiv, Op.sdiv, Op.urem, Op.srem,
])

/** Facts of one result (machinst, extension.ts). */
export function factOf(f: Func, known: Uint8Array, inst: Inst, t: Type): number {
  if (!isInt(t) || laneBits(t) >= 64) return 0
  const op = f.op[inst]
  if (op === Op.iconst) return SIGN // genConstant
  if (op === Op.icmp || op === Op.fcmp) return BOTH // 0 or 1
  if (t === I32 && WORD_OPS.has(op)) return SIGN
  switch (op) {
    case Op.load:
      return t === I32 && (f.imm1[inst] & BIG) === 0 ? SIGN : 0
    case Op.uload8:
    case Op.uload16:
      return (f.imm1[inst] & BIG) === 0 ? BOTH : 0
    case Op.sload8:
    case Op.sload16:
      return (f.imm1[inst] & BIG) === 0 ? SIGN : 0
    case Op.uextend:
      return BOTH // zero-extended from a narrower type: positive in this one
    case Op.sextend:
      return SIGN
    case Op.band:
    case Op.bor:
    case Op.bxor:
      return known[f.arg(inst, 0)] & known[f.arg(inst, 1)]
    case Op.bnot:
      return known[f.arg(inst, 0)] & SIGN
  }
  return 0
}
