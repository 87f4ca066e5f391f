// SSE and AVX arithmetic in exact software: soft.ts's values, x86's NaNs, conversions and choices. Clarity before speed.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1: 4.8.3.5 and table 4-7 (a NaN result is the first operand that is a
// NaN, quieted, or the default NaN, which is negative), 11.5.2 (conversions that do not fit give the integer indefinite value), 14.5.2.

import * as soft from './soft.ts'
import type { X86FloatOp } from './x86.ts'

const formats: Readonly<Record<16 | 32 | 64, soft.Format>> = { 16: soft.HALF, 32: soft.SINGLE, 64: soft.DOUBLE }

/** Rounding modes as instructions encode them, in soft.ts's numbers. */
const MODES = [soft.NEAREST_EVEN, soft.DOWN, soft.UP, soft.TOWARDS_ZERO]

const width = (f: soft.Format): number => 1 + f.exponentBits + f.fractionBits
const fraction = (f: soft.Format, v: bigint): bigint => v & ((1n << BigInt(f.fractionBits)) - 1n)
const sign = (f: soft.Format, v: bigint): bigint => (v >> BigInt(width(f) - 1)) & 1n
const isNan = (f: soft.Format, v: bigint): boolean => (soft.classify(f, v) & 0x300) !== 0
const quiet = (f: soft.Format, v: bigint): bigint => v | (1n << BigInt(f.fractionBits - 1))
const defaultNaN = (f: soft.Format): bigint => soft.canonicalNaN(f) | (1n << BigInt(width(f) - 1))

/** Operands and result as unsigned bits of their widths (x86.ts: X86_FLOAT_OPS). */
export function x86Soft(op: X86FloatOp, bits: 16 | 32 | 64, a: bigint, b: bigint = 0n, c: bigint = 0n): bigint {
  const f = formats[bits]
  const nearest = soft.NEAREST_EVEN
  /** The result, unless an operand is a NaN. */
  const propagate = (operands: readonly bigint[], otherwise: () => bigint): bigint => {
    const nan = operands.find((v) => isNan(f, v))
    if (nan !== undefined) return quiet(f, nan)
    const result = otherwise()
    return isNan(f, result) ? defaultNaN(f) : result
  }
  const negated = (v: bigint): bigint => soft.negate(f, v)
  const integer = (size: number, signed: boolean, mode: number): bigint => toInteger(f, a, size, signed, mode)
  switch (op) {
    case 'add':
      return propagate([a, b], () => soft.add(f, a, b, nearest))
    case 'sub':
      return propagate([a, b], () => soft.add(f, a, negated(b), nearest))
    case 'mul':
      return propagate([a, b], () => soft.mul(f, a, b, nearest))
    case 'div':
      return propagate([a, b], () => soft.div(f, a, b, nearest))
    case 'sqrt':
      return propagate([a], () => soft.sqrt(f, a, nearest))
    case 'madd':
      return propagate([a, b, c], () => soft.fma(f, a, b, c, nearest))
    case 'msub':
      return propagate([a, b, c], () => soft.fma(f, a, b, negated(c), nearest))
    case 'nmadd':
      return propagate([a, b, c], () => soft.fma(f, negated(a), b, c, nearest))
    case 'nmsub':
      return propagate([a, b, c], () => soft.fma(f, negated(a), b, negated(c), nearest))
    case 'min':
      return soft.less(f, a, b, false) ? a : b
    case 'max':
      return soft.less(f, b, a, false) ? a : b
    case 'rcp':
    case 'rsqrt':
      return propagate([a], () => approximation(a, op === 'rsqrt'))
    case 'compare':
      if (isNan(f, a) || isNan(f, b)) return 3n
      return soft.equal(f, a, b) ? 0n : soft.less(f, a, b, false) ? 1n : 2n
    case 'round':
      return propagate([a], () => soft.roundToIntegral(f, a, MODES[Number(b & 3n)], false))
    case 'toI32':
      return integer(32, true, nearest)
    case 'toI32t':
      return integer(32, true, soft.TOWARDS_ZERO)
    case 'toI64':
      return integer(64, true, nearest)
    case 'toI64t':
      return integer(64, true, soft.TOWARDS_ZERO)
    case 'toU32':
      return integer(32, false, nearest)
    case 'toU32t':
      return integer(32, false, soft.TOWARDS_ZERO)
    case 'toU64':
      return integer(64, false, nearest)
    case 'toU64t':
      return integer(64, false, soft.TOWARDS_ZERO)
    case 'fromI32':
      return soft.fromInteger(f, BigInt.asIntN(32, a), nearest)
    case 'fromI64':
      return soft.fromInteger(f, BigInt.asIntN(64, a), nearest)
    case 'fromU32':
    case 'fromU64':
      return soft.fromInteger(f, a, nearest)
    case 'toF32':
      return convert(f, soft.SINGLE, a, nearest)
    case 'toF64':
      return convert(f, soft.DOUBLE, a, nearest)
    case 'toF16':
      return convert(f, soft.HALF, a, MODES[Number(b & 3n)])
  }
}

/** The integer indefinite value for what does not fit: the most negative one, and all ones of unsigned results. */
function toInteger(f: soft.Format, a: bigint, size: number, signed: boolean, mode: number): bigint {
  soft.clearFlags()
  const result = soft.toInteger(f, a, size, signed, mode)
  if ((soft.flags & soft.INVALID) === 0) return result
  return signed ? 1n << BigInt(size - 1) : (1n << BigInt(size)) - 1n
}

/** A NaN keeps its sign and the upper bits of its payload, as far as the target has them. */
function convert(from: soft.Format, to: soft.Format, a: bigint, mode: number): bigint {
  if (!isNan(from, a)) return soft.convert(from, to, a, mode)
  const more = to.fractionBits - from.fractionBits
  const payload = fraction(from, a)
  const kept = more >= 0 ? payload << BigInt(more) : payload >> BigInt(-more)
  return (sign(from, a) << BigInt(width(to) - 1)) | soft.canonicalNaN(to) | kept
}

/** 1 / a or 1 / sqrt(a), as x86.ts defines it: of a single, in doubles, rounded to single and then to 12 bits, half up. */
function approximation(a: bigint, root: boolean): bigint {
  const f = soft.SINGLE
  const zero = a & (1n << 31n)
  const exponent = (a >> 23n) & 0xffn
  if (exponent === 0n) return zero | (0xffn << 23n)
  const nearest = soft.NEAREST_EVEN
  const wide = soft.convert(f, soft.DOUBLE, a, nearest)
  const divisor = root ? soft.sqrt(soft.DOUBLE, wide, nearest) : wide
  const one = soft.fromInteger(soft.DOUBLE, 1n, nearest)
  const result = soft.convert(soft.DOUBLE, f, soft.div(soft.DOUBLE, one, divisor, nearest), nearest)
  if (isNan(f, result)) return result
  if (((result >> 23n) & 0xffn) === 0n) return zero
  return (result + 0x400n) & ~0x7ffn
}
