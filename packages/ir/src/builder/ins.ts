// The instruction builder: the generated methods, constants, and the forms with an immediate operand (an iconst and an operation).
import { i64 } from '@k23/entity'
import type { IntCC } from '../condcodes.ts'
import type { Value } from '../entities.ts'
import type { Func } from '../function.ts'
import * as Op from '../gen/op.ts'
import { OpcodeMethods } from '../gen/ins-builder.ts'
import { F16, F32, F64, I128, I16, I32, I64, I8, INVALID, type Type, isInt } from '../types.ts'

const scratch = new DataView(new ArrayBuffer(8))

/** Inserts instructions into a function; one method per opcode, and helpers. */
export class InstBuilder extends OpcodeMethods {
  /** `v = iconst.t value`: the value modulo the width of `t` (i8 to i64); a number beyond 2^53 must come as a bigint. */
  iconst(t: Type, value: number | bigint): Value {
    if (typeof value === 'bigint') {
      const lo = i64.fromBigInt(value)
      return this.iconstPair(t, lo, i64.hi)
    }
    return this.iconstPair(t, value | 0, Math.floor(value / 4294967296) | 0)
  }

  /** `v = iconst.t`: the value as low and high int32 word; bits above the width of `t` are dropped. */
  iconstPair(t: Type, lo: number, hi: number): Value {
    if (t !== I64) {
      hi = 0
      if (t === I8) lo &= 0xff
      else if (t === I16) lo &= 0xffff
    }
    return this.insert1(Op.iconst, t, 0, lo | 0, hi | 0, t)
  }

  /** `v = f16const`: the 16 bits of the value. */
  f16constBits(bits: number): Value {
    return this.insert1(Op.f16const, INVALID, 0, bits & 0xffff, 0, F16)
  }

  /** `v = f32const value`, rounded to single precision. */
  f32const(value: number): Value {
    scratch.setFloat32(0, value)
    return this.f32constBits(scratch.getInt32(0))
  }
  f32constBits(bits: number): Value {
    return this.insert1(Op.f32const, INVALID, 0, bits | 0, 0, F32)
  }

  /** `v = f64const value`. */
  f64const(value: number): Value {
    scratch.setFloat64(0, value)
    return this.f64constPair(scratch.getInt32(4), scratch.getInt32(0))
  }
  /** `v = f64const`: the bits as low and high int32 word. */
  f64constPair(lo: number, hi: number): Value {
    return this.insert1(Op.f64const, INVALID, 0, lo | 0, hi | 0, F64)
  }

  /** The integer `value` of type `t` (i8 to i128), sign-extended beyond 64 bits, or zero-extended where `unsigned`. */
  intConst(t: Type, value: number | bigint, unsigned = false): Value {
    if (t !== I128) return this.iconst(t, value)
    const low = this.iconst(I64, value)
    return unsigned ? this.uextend(I128, low) : this.sextend(I128, low)
  }

  private imm(x: Value, value: number | bigint, unsigned = false): Value {
    const t = this.func.typeOf(x)
    const scalar = (t & 15) as Type
    const c = this.intConst(scalar, value, unsigned)
    return isInt(t) ? c : this.splat(t, c)
  }

  iadd_imm(x: Value, y: number | bigint): Value {
    return this.iadd(x, this.imm(x, y))
  }
  isub_imm(x: Value, y: number | bigint): Value {
    return this.isub(x, this.imm(x, y))
  }
  /** y - x for a constant y. */
  irsub_imm(x: Value, y: number | bigint): Value {
    return this.isub(this.imm(x, y), x)
  }
  imul_imm(x: Value, y: number | bigint): Value {
    return this.imul(x, this.imm(x, y))
  }
  udiv_imm(x: Value, y: number | bigint): Value {
    return this.udiv(x, this.imm(x, y, true))
  }
  sdiv_imm(x: Value, y: number | bigint): Value {
    return this.sdiv(x, this.imm(x, y))
  }
  urem_imm(x: Value, y: number | bigint): Value {
    return this.urem(x, this.imm(x, y, true))
  }
  srem_imm(x: Value, y: number | bigint): Value {
    return this.srem(x, this.imm(x, y))
  }
  /** For i128, the upper half of the mask is zero. */
  band_imm(x: Value, y: number | bigint): Value {
    return this.band(x, this.imm(x, y, true))
  }
  /** For i128, the upper half of the mask is zero. */
  bor_imm(x: Value, y: number | bigint): Value {
    return this.bor(x, this.imm(x, y, true))
  }
  /** For i128, the upper half of the mask is zero. */
  bxor_imm(x: Value, y: number | bigint): Value {
    return this.bxor(x, this.imm(x, y, true))
  }
  ishl_imm(x: Value, y: number): Value {
    return this.ishl(x, this.iconst(I32, y))
  }
  ushr_imm(x: Value, y: number): Value {
    return this.ushr(x, this.iconst(I32, y))
  }
  sshr_imm(x: Value, y: number): Value {
    return this.sshr(x, this.iconst(I32, y))
  }
  rotl_imm(x: Value, y: number): Value {
    return this.rotl(x, this.iconst(I32, y))
  }
  rotr_imm(x: Value, y: number): Value {
    return this.rotr(x, this.iconst(I32, y))
  }
  icmp_imm(cc: IntCC, x: Value, y: number | bigint): Value {
    return this.icmp(cc, x, this.imm(x, y, cc >= 6))
  }
  /** x & ~y. */
  band_not(x: Value, y: Value): Value {
    return this.band(x, this.bnot(y))
  }
  /** x | ~y. */
  bor_not(x: Value, y: Value): Value {
    return this.bor(x, this.bnot(y))
  }
  /** x ^ ~y. */
  bxor_not(x: Value, y: Value): Value {
    return this.bxor(x, this.bnot(y))
  }
}

/** A builder of instructions for `func`; position it with `atEnd` or `atInst`. */
export function instBuilder(func: Func): InstBuilder {
  return new InstBuilder(func)
}
