// Floats taken apart and put together in integers: what all routines on f128, f16 and wide integers are made of.
//
// A number is (sign, exponent, significand): the significand is an i128 whose top bit is set, the exponent is biased as in the format, but may lie outside its
// range. Bits that a step shifts out at the low end are kept as one sticky bit, so that rounding once, to nearest with ties to even, at the end is right.
// (Muller et al., Handbook of Floating-Point Arithmetic, chapter 8.) NaNs come out canonical: positive, quiet, without a payload.
import { bits as typeBits, EQ, F128, I128, I16, I32, I64, I8, NE, SGE, SLE, type Type, UGT, type Value } from '@k23/ir'
import type { Routine } from './routine.ts'

export interface Format {
  readonly type: Type
  readonly bits: number
  /** Bits of the significand, the implicit one included. */
  readonly precision: number
  readonly bias: number
  /** The exponent field of infinities and NaNs. */
  readonly top: number
}

const PRECISIONS: Readonly<Record<number, number>> = { 16: 11, 32: 24, 64: 53, 128: 113 }

export function formatOf(type: Type): Format {
  const bits = typeBits(type)
  const precision = PRECISIONS[bits]
  const top = 2 ** (bits - precision) - 1
  return { type, bits, precision, bias: top >> 1, top }
}

export interface Unpacked {
  /** 0 or 1. */
  readonly sign: Value
  readonly exponent: Value
  readonly significand: Value
  readonly isNan: Value
  readonly isInf: Value
  readonly isZero: Value
}

const ONE = 1n

/** The bits of a float, zero-extended to i128. */
export function bitsOf(r: Routine, f: Format, x: Value): Value {
  if (f.type === F128) return r.ins.bitcast(I128, 0 as never, x)
  const t = f.bits === 64 ? I64 : f.bits === 32 ? I32 : I16
  return r.ins.uextend(I128, r.ins.bitcast(t, 0 as never, x))
}

/** The float with the low bits of an i128. */
export function fromBits(r: Routine, f: Format, x: Value): Value {
  if (f.type === F128) return r.ins.bitcast(F128, 0 as never, x)
  const t = f.bits === 64 ? I64 : f.bits === 32 ? I32 : I16
  return r.ins.bitcast(f.type, 0 as never, r.ins.ireduce(t, x))
}

const low = (r: Routine, x: Value): Value => r.halves(x)[0]

/** Leading zeros of an i128, as i64. */
export function leadingZeros(r: Routine, x: Value): Value {
  return low(r, r.ins.clz(x))
}

export function unpack(r: Routine, f: Format, x: Value): Unpacked {
  const { ins } = r
  const raw = bitsOf(r, f, x)
  const sign = low(r, r.shr(raw, f.bits - 1))
  const exponent = ins.band_imm(low(r, r.shr(raw, f.precision - 1)), f.top)
  // the fraction, at the top
  const fraction = r.shl(raw, 129 - f.precision)
  const noFraction = r.icmp(EQ, fraction, 0n)
  const isTop = r.icmp(EQ, exponent, BigInt(f.top))
  const isLow = r.icmp(EQ, exponent, 0n)
  const zeros = leadingZeros(r, fraction)
  const normal = ins.bor(r.shr(fraction, 1), r.i128(ONE << 127n))
  return {
    sign,
    exponent: ins.select(isLow, ins.ineg(zeros), exponent),
    significand: ins.select(isLow, ins.ishl(fraction, ins.band_imm(zeros, 127)), normal),
    isNan: ins.band(isTop, ins.bxor_imm(noFraction, 1)),
    isInf: ins.band(isTop, noFraction),
    isZero: ins.band(isLow, noFraction),
  }
}

/** x >> n for 0 <= n <= 127, what is lost kept as the lowest bit. */
export function shiftSticky(r: Routine, x: Value, n: Value): Value {
  const { ins } = r
  const shifted = ins.ushr(x, n)
  const lost = r.bool(ins.icmp(NE, ins.ishl(shifted, n), x), I128)
  return ins.bor(shifted, lost)
}

/** Rounds a number with its significand's top bit set to the format, and gives its bits. */
export function roundToBits(r: Routine, f: Format, sign: Value, exponent: Value, significand: Value): Value {
  const { ins } = r
  const subnormal = r.icmp(SLE, exponent, 0n)
  const shift = ins.smin(ins.irsub_imm(exponent, 1), r.i64(127))
  const s = shiftSticky(r, significand, ins.select(subnormal, shift, r.i64(0)))
  const extra = 128 - f.precision
  const q = r.shr(s, extra)
  const rest = ins.band(s, r.i128((ONE << BigInt(extra)) - ONE))
  const half = r.i128(ONE << BigInt(extra - 1))
  const odd = ins.ireduce(I8, ins.band_imm(low(r, q), 1))
  const up = ins.bor(ins.icmp(UGT, rest, half), ins.band(ins.icmp(EQ, rest, half), odd))
  const rounded = ins.iadd(q, r.bool(up, I128))
  // The implicit bit adds one to the exponent field, and so does a carry out of the fraction.
  const field = ins.uextend(I128, ins.isub(ins.smax(exponent, r.i64(1)), r.i64(1)))
  const finite = ins.iadd(rounded, r.shl(field, f.precision - 1))
  const tooLarge = r.icmp(SGE, exponent, BigInt(f.top))
  return withSign(r, f, sign, ins.select(tooLarge, r.i128(infinity(f)), finite))
}

export function round(r: Routine, f: Format, sign: Value, exponent: Value, significand: Value): Value {
  return fromBits(r, f, roundToBits(r, f, sign, exponent, significand))
}

export function withSign(r: Routine, f: Format, sign: Value, magnitude: Value): Value {
  return r.ins.bor(magnitude, r.shl(r.ins.uextend(I128, sign), f.bits - 1))
}

export const infinity = (f: Format): bigint => BigInt(f.top) << BigInt(f.precision - 1)
export const canonicalNan = (f: Format): bigint => infinity(f) | (ONE << BigInt(f.precision - 2))

export function nan(r: Routine, f: Format): Value {
  return fromBits(r, f, r.i128(canonicalNan(f)))
}
export function signedInfinity(r: Routine, f: Format, sign: Value): Value {
  return fromBits(r, f, withSign(r, f, sign, r.i128(infinity(f))))
}
export function signedZero(r: Routine, f: Format, sign: Value): Value {
  return fromBits(r, f, withSign(r, f, sign, r.i128(0n)))
}
