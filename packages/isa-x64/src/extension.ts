// What x64's rules promise of the bits above narrow results (machinst, extension.ts): whatever writes 32 bits of a register clears the others.
import { BIG, F128, F32, type Func, I16, I32, type Inst, isInt, laneBits, Op, type Type } from '@k23/ir'
import { BOTH, SIGN, ZERO } from '@k23/machinst'

/** i32 results of instructions on 32 bits. */
// biome-ignore format: table
const WORD_OPS: ReadonlySet<number> = new Set([
  Op.iadd, Op.isub, Op.ineg, Op.imul, Op.ishl, Op.ushr, Op.sshr, Op.rotl, Op.rotr, Op.udiv, Op.sdiv, Op.urem, Op.srem, Op.umulhi, Op.smulhi,
  Op.band, Op.bor, Op.bxor, Op.bnot, Op.clz, Op.ctz, Op.cls, Op.popcnt, Op.bswap, Op.bitrev,
])

/** Facts of one result. */
export function factOf(f: Func, known: Uint8Array, inst: Inst, t: Type): number {
  if (!isInt(t) || laneBits(t) >= 64) return 0
  const op = f.op[inst]
  if (t === I32 && WORD_OPS.has(op)) return ZERO
  switch (op) {
    case Op.iconst: {
      // genConstant: sign-extended, which is both where the sign is 0
      const gone = 32 - laneBits(t)
      return f.imm0[inst] << gone >= 0 ? BOTH : SIGN
    }
    case Op.load:
      return t === I32 || (f.imm1[inst] & BIG) === 0 ? ZERO : 0
    case Op.uload8:
    case Op.uload16:
    case Op.uextend:
      return BOTH
    case Op.sload8:
    case Op.sload16:
    case Op.sextend:
      return SIGN
    // Of an f128 by a call, whose result has garbage above.
    case Op.fcvt_to_sint:
    case Op.fcvt_to_sint_sat:
      return f.typeOf(f.arg(inst, 0)) === F128 ? 0 : SIGN
    case Op.fcvt_to_uint:
    case Op.fcvt_to_uint_sat:
      return f.typeOf(f.arg(inst, 0)) === F128 ? 0 : ZERO
    case Op.extractlane:
      return t === I32 || t === I16 ? ZERO : 0
    case Op.bitcast:
      return t === I32 && f.typeOf(f.arg(inst, 0)) === F32 ? ZERO : 0
    case Op.select:
      return known[f.arg(inst, 1)] & known[f.arg(inst, 2)]
  }
  return 0
}
