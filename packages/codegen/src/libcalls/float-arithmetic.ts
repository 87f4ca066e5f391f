// Arithmetic on f128 in integers: special values first, then one exact or sticky result, rounded once (float-format.ts). Division and square root go bit by
// bit: 116 bits and a remainder are enough for 113.
import {
  abiParam,
  EQ,
  F128,
  type Func,
  I128,
  I32,
  NE,
  SLT,
  signature,
  type Signature,
  type Type,
  UGE,
  ULT,
  UGT,
  type Value,
} from '@k23/ir'
import {
  bitsOf,
  canonicalNan,
  formatOf,
  fromBits,
  infinity,
  leadingZeros,
  nan,
  round,
  shiftSticky,
  signedInfinity,
  signedZero,
  unpack,
} from './float-format.ts'
import { Routine } from './routine.ts'

const quad = formatOf(F128)
const binarySig = signature([F128, F128], [F128], 'system_v')
const unarySig = signature([F128], [F128], 'system_v')
const SIGN = 1n << 127n

const either = (r: Routine, a: Value, b: Value): Value => r.ins.bor(a, b)
const both = (r: Routine, a: Value, b: Value): Value => r.ins.band(a, b)

export const addition =
  (subtract: boolean) =>
  (name: string): Func => {
    const r = new Routine(name, binarySig)
    const { ins } = r
    const [first, second] = r.args
    const y = subtract ? fromBits(r, quad, ins.bxor(bitsOf(r, quad, second), r.i128(SIGN))) : second
    const a = unpack(r, quad, first)
    const b = unpack(r, quad, y)
    const differ = ins.icmp(EQ, ins.bxor(a.sign, b.sign), r.i64(1))
    r.when(either(r, a.isNan, b.isNan), () => r.return(nan(r, quad)))
    r.when(both(r, both(r, a.isInf, b.isInf), differ), () => r.return(nan(r, quad)))
    r.when(a.isInf, () => r.return(first))
    r.when(b.isInf, () => r.return(y))
    r.when(a.isZero, () => {
      r.when(b.isZero, () => r.return(signedZero(r, quad, ins.band(a.sign, b.sign))))
      r.return(y)
    })
    r.when(b.isZero, () => r.return(first))
    const swap = either(
      r,
      ins.icmp(SLT, a.exponent, b.exponent),
      both(r, ins.icmp(EQ, a.exponent, b.exponent), ins.icmp(ULT, a.significand, b.significand)),
    )
    const exponent = ins.select(swap, b.exponent, a.exponent)
    const other = ins.select(swap, a.exponent, b.exponent)
    // Three bits of room at the top and as many zeros at the bottom.
    const large = r.shr(ins.select(swap, b.significand, a.significand), 3)
    const small = r.shr(ins.select(swap, a.significand, b.significand), 3)
    const shifted = shiftSticky(r, small, ins.smin(ins.isub(exponent, other), r.i64(127)))
    const sum = ins.select(differ, ins.isub(large, shifted), ins.iadd(large, shifted))
    r.when(r.icmp(EQ, sum, 0n), () => r.return(signedZero(r, quad, r.i64(0))))
    const zeros = leadingZeros(r, sum)
    const e = ins.isub(ins.iadd_imm(exponent, 3), zeros)
    r.return(round(r, quad, ins.select(swap, b.sign, a.sign), e, ins.ishl(sum, zeros)))
    return r.done()
  }

export function multiplication(name: string): Func {
  const r = new Routine(name, binarySig)
  const { ins } = r
  const a = unpack(r, quad, r.args[0])
  const b = unpack(r, quad, r.args[1])
  const sign = ins.bxor(a.sign, b.sign)
  const zero = either(r, a.isZero, b.isZero)
  const inf = either(r, a.isInf, b.isInf)
  r.when(either(r, either(r, a.isNan, b.isNan), both(r, zero, inf)), () => r.return(nan(r, quad)))
  r.when(inf, () => r.return(signedInfinity(r, quad, sign)))
  r.when(zero, () => r.return(signedZero(r, quad, sign)))
  const high = ins.umulhi(a.significand, b.significand)
  const rest = r.bool(ins.icmp(UGT, ins.imul(a.significand, b.significand), r.i128(0n)), I128)
  const zeros = leadingZeros(r, high)
  const e = ins.isub(ins.iadd_imm(ins.iadd(a.exponent, b.exponent), 1 - quad.bias), zeros)
  r.return(round(r, quad, sign, e, ins.bor(ins.ishl(high, zeros), rest)))
  return r.done()
}

/** Bits that division and square root make: those of the format, one to round by, and room to spare. */
const STEPS = 116

export function division(name: string): Func {
  const r = new Routine(name, binarySig)
  const { ins } = r
  const a = unpack(r, quad, r.args[0])
  const b = unpack(r, quad, r.args[1])
  const sign = ins.bxor(a.sign, b.sign)
  const invalid = either(r, both(r, a.isInf, b.isInf), both(r, a.isZero, b.isZero))
  r.when(either(r, either(r, a.isNan, b.isNan), invalid), () => r.return(nan(r, quad)))
  r.when(either(r, a.isInf, b.isZero), () => r.return(signedInfinity(r, quad, sign)))
  r.when(either(r, a.isZero, b.isInf), () => r.return(signedZero(r, quad, sign)))
  const divisor = r.shr(b.significand, 128 - quad.precision)
  const dividend = r.shr(a.significand, 128 - quad.precision)
  const less = ins.icmp(ULT, dividend, divisor)
  const rem = r.variable(ins.select(less, r.shl(dividend, 1), dividend))
  const q = r.variable(r.i128(0n))
  r.times(STEPS, () => {
    const fits = ins.icmp(UGE, rem.get(), divisor)
    const next = ins.select(fits, ins.isub(rem.get(), divisor), rem.get())
    q.set(ins.bor(r.shl(q.get(), 1), r.bool(fits, I128)))
    rem.set(r.shl(next, 1))
  })
  const rest = r.bool(ins.icmp(UGT, rem.get(), r.i128(0n)), I128)
  const e = ins.isub(ins.iadd_imm(ins.isub(a.exponent, b.exponent), quad.bias), r.bool(less))
  r.return(round(r, quad, sign, e, ins.bor(r.shl(q.get(), 128 - STEPS), rest)))
  return r.done()
}

export function squareRoot(name: string): Func {
  const r = new Routine(name, unarySig)
  const { ins } = r
  const [x] = r.args
  const a = unpack(r, quad, x)
  r.when(a.isNan, () => r.return(nan(r, quad)))
  r.when(a.isZero, () => r.return(x))
  r.when(ins.icmp(EQ, a.sign, r.i64(1)), () => r.return(nan(r, quad)))
  r.when(a.isInf, () => r.return(x))
  // The number is m * 2^e for an even e and 1 <= m < 4; two bits of m make one of the root.
  const e = ins.iadd_imm(a.exponent, -quad.bias)
  const odd = ins.band_imm(e, 1)
  const m = r.variable(ins.ushr(a.significand, ins.irsub_imm(odd, 1)))
  const root = r.variable(r.i128(0n))
  const rem = r.variable(r.i128(0n))
  r.times(STEPS, () => {
    const next = ins.bor(r.shl(rem.get(), 2), r.shr(m.get(), 126))
    m.set(r.shl(m.get(), 2))
    const trial = ins.bor_imm(r.shl(root.get(), 2), 1)
    const fits = ins.icmp(UGE, next, trial)
    rem.set(ins.select(fits, ins.isub(next, trial), next))
    root.set(ins.bor(r.shl(root.get(), 1), r.bool(fits, I128)))
  })
  const rest = r.bool(ins.icmp(UGT, rem.get(), r.i128(0n)), I128)
  const half = ins.iadd_imm(ins.sshr_imm(ins.isub(e, odd), 1), quad.bias)
  r.return(round(r, quad, r.i64(0), half, ins.bor(r.shl(root.get(), 128 - STEPS), rest)))
  return r.done()
}

// ---- comparisons

const toInt: Signature = {
  params: [abiParam(F128), abiParam(F128)],
  returns: [abiParam(I32, { extension: 'sext' })],
  callConv: 'system_v',
}

const isNanBits = (r: Routine, raw: Value): Value =>
  r.ins.icmp(UGT, r.ins.band(raw, r.i128(SIGN - 1n)), r.i128(infinity(quad)))

/** Numbers in their order as signed integers; the zeros are equal, or, where `strict`, the negative one is below. */
function key(r: Routine, raw: Value, strict: boolean): Value {
  const { ins } = r
  const magnitude = ins.band(raw, r.i128(SIGN - 1n))
  const negative = ins.icmp(SLT, raw, r.i128(0n))
  return ins.select(negative, strict ? ins.bnot(magnitude) : ins.ineg(magnitude), magnitude)
}

/** -1, 0 or 1 as x is below, equal to or above y; `unordered` where one of them is a NaN. */
export const comparison =
  (unordered: number) =>
  (name: string): Func => {
    const r = new Routine(name, toInt)
    const { ins } = r
    const [x, y] = r.args.map((a) => bitsOf(r, quad, a))
    r.when(either(r, isNanBits(r, x), isNanBits(r, y)), () => r.return(ins.iconst(I32, unordered)))
    const a = key(r, x, false)
    const b = key(r, y, false)
    const below = ins.uextend(I32, ins.icmp(SLT, a, b))
    const above = ins.uextend(I32, ins.icmp(SLT, b, a))
    r.return(ins.isub(above, below))
    return r.done()
  }

/** 1 where one of them is a NaN. */
export function unordered(name: string): Func {
  const r = new Routine(name, toInt)
  const [x, y] = r.args.map((a) => bitsOf(r, quad, a))
  r.return(r.ins.uextend(I32, either(r, isNanBits(r, x), isNanBits(r, y))))
  return r.done()
}

/** CLIF's fmin and fmax: a NaN where one is given, and -0 below +0. */
export const extreme =
  (max: boolean) =>
  (name: string): Func => {
    const r = new Routine(name, binarySig)
    const { ins } = r
    const [x, y] = r.args.map((a) => bitsOf(r, quad, a))
    const below = ins.icmp(SLT, key(r, x, true), key(r, y, true))
    const out = max ? ins.select(below, y, x) : ins.select(below, x, y)
    const bad = either(r, isNanBits(r, x), isNanBits(r, y))
    r.return(fromBits(r, quad, ins.select(bad, r.i128(canonicalNan(quad)), out)))
    return r.done()
  }

// ---- rounding to integers

/** The routine for f32, f64 or f128. */
export const toIntegral =
  (mode: 'ceil' | 'floor' | 'trunc' | 'nearest', type: Type = F128) =>
  (name: string): Func => {
    const f = formatOf(type)
    const fraction = f.precision - 1
    const signBit = 1n << BigInt(f.bits - 1)
    const r = new Routine(name, signature([type], [type], 'system_v'))
    const { ins } = r
    const raw = bitsOf(r, f, r.args[0])
    const sign = ins.band(raw, r.i128(signBit))
    const negative = ins.icmp(NE, sign, r.i128(0n))
    const e = ins.iadd_imm(ins.band_imm(r.halves(r.shr(raw, fraction))[0], f.top), -f.bias)
    r.when(ins.icmp(UGT, ins.band(raw, r.i128(signBit - 1n)), r.i128(infinity(f))), () => r.return(nan(r, f)))
    r.when(ins.icmp(SLT, r.i64(fraction - 1), e), () => r.return(r.args[0]))
    const one = r.i128(BigInt(f.bias) << BigInt(fraction))
    const zero = r.i128(0n)
    r.when(ins.icmp(SLT, e, r.i64(0)), () => {
      const magnitude = ins.band(raw, r.i128(signBit - 1n))
      const some = ins.icmp(UGT, magnitude, zero)
      const half = r.i128(BigInt(f.bias - 1) << BigInt(fraction))
      const notNegative = ins.bxor_imm(negative, 1)
      const up =
        mode === 'ceil'
          ? both(r, some, notNegative)
          : mode === 'floor'
            ? both(r, some, negative)
            : mode === 'nearest'
              ? ins.icmp(UGT, magnitude, half)
              : undefined
      r.return(fromBits(r, f, ins.bor(sign, up === undefined ? zero : ins.select(up, one, zero))))
    })
    // Bits of the fraction, as those of the encoding: a carry goes into the exponent, where it belongs.
    const width = ins.irsub_imm(e, fraction)
    const unit = ins.ishl(r.i128(1n), width)
    const mask = ins.isub(unit, r.i128(1n))
    const odd = ins.band(ins.ushr(raw, width), r.i128(1n))
    const add =
      mode === 'trunc'
        ? zero
        : mode === 'nearest'
          ? ins.iadd(ins.isub(r.shr(unit, 1), r.i128(1n)), odd)
          : ins.select(negative, mode === 'ceil' ? zero : mask, mode === 'ceil' ? mask : zero)
    r.return(fromBits(r, f, ins.band_not(ins.iadd(raw, add), mask)))
    return r.done()
  }
