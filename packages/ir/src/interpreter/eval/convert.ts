// Constants, and conversions between types.
import { BIG } from '../../memflags.ts'
import { floatFormat } from '../../text/floats.ts'
import { TRAP_BAD_CONVERSION_TO_INTEGER, TRAP_INTEGER_OVERFLOW } from '../../trapcode.ts'
import { bits, laneBits, laneCount, type Type } from '../../types.ts'
import { fromBytes, join, ones, signedLanes, split } from '../lanes.ts'
import { Trap } from '../outcome.ts'
import { convert, fromInteger, toInteger } from '../soft-float/convert.ts'
import { byteReverse, clampSigned, clampUnsigned } from './int.ts'
import { convert1, type PureEvaluator, type PureTable } from './pure.ts'

/** The two immediate words, as far as the type has bits. */
const words: PureEvaluator = (_args, { imm0, imm1, results: [r] }) =>
  BigInt.asUintN(bits(r), (BigInt(imm1) << 32n) | BigInt(imm0 >>> 0))

const fromPool: PureEvaluator = (_args, { bytes, results: [r] }) =>
  BigInt.asUintN(bits(r), fromBytes(bytes as Uint8Array))

/**
 * Storing as one type and loading as the other. With `big` every lane is stored highest byte first, which matters only where the
 * widths of the lanes differ.
 */
const bitcast: PureEvaluator = ([x], { args: [t], results: [r], imm1 }) =>
  (imm1 & BIG) === 0 ? x : reverseLaneBytes(reverseLaneBytes(x, t), r)

/** Every lane with its bytes in reverse order. */
export function reverseLaneBytes(x: bigint, type: Type): bigint {
  return join(
    split(x, type).map((lane) => byteReverse(lane, laneBits(type))),
    type,
  )
}

const isplit: PureEvaluator = ([x], { results: [r] }) => [BigInt.asUintN(bits(r), x), x >> BigInt(bits(r))]
const iconcat: PureEvaluator = ([lo, hi], { args: [t] }) => lo | (hi << BigInt(bits(t)))

// ---- vectors of integers

type ReadLanes = (x: bigint, type: Type) => bigint[]

function narrow(read: ReadLanes, clamp: (x: bigint, w: number) => bigint): PureEvaluator {
  return ([x, y], { args: [t], results: [r] }) =>
    join(
      [...read(x, t), ...read(y, t)].map((lane) => clamp(lane, laneBits(r))),
      r,
    )
}

function widen(read: ReadLanes, half: 'low' | 'high'): PureEvaluator {
  return ([x], { args: [t], results: [r] }) => {
    const n = laneCount(t) / 2
    return join(half === 'low' ? read(x, t).slice(0, n) : read(x, t).slice(n), r)
  }
}

// ---- floats

const changeFormat = convert1((x, from, to) => convert(x, floatFormat(from), floatFormat(to)))

const promoteLow: PureEvaluator = ([x], { args: [t], results: [r] }) =>
  join(
    split(x, t)
      .slice(0, laneCount(r))
      .map((lane) => convert(lane, floatFormat(t), floatFormat(r))),
    r,
  )

type Clamp = (x: bigint, w: number) => bigint

function toIntegerOrTrap(clamp: Clamp): PureEvaluator {
  return convert1((x, from, to) => {
    const n = toInteger(x, floatFormat(from))
    if (n === 'nan') throw new Trap(TRAP_BAD_CONVERSION_TO_INTEGER)
    if (typeof n === 'string' || clamp(n, laneBits(to)) !== n) throw new Trap(TRAP_INTEGER_OVERFLOW)
    return n
  })
}

function toIntegerClamped(clamp: Clamp): PureEvaluator {
  return convert1((x, from, to) => {
    const n = toInteger(x, floatFormat(from))
    if (n === 'nan') return 0n
    // Any number beyond every integer type's range stands for an infinity.
    const finite = typeof n === 'bigint' ? n : n === 'infinity' ? 1n << 256n : -(1n << 256n)
    return clamp(finite, laneBits(to))
  })
}

const fromUnsigned = convert1((x, _from, to) => fromInteger(x, floatFormat(to)))
const fromSigned = convert1((x, from, to) => fromInteger(BigInt.asIntN(laneBits(from), x), floatFormat(to)))

// biome-ignore format: table
export const convertEvaluators: PureTable = {
  iconst:           words,
  f16const:         words,
  f32const:         words,
  f64const:         words,
  f128const:        fromPool,
  vconst:           fromPool,

  bitcast,
  bmask:            ([x], { results: [r] }) => (x !== 0n ? ones(bits(r)) : 0n),
  ireduce:          convert1((x) => x),
  uextend:          convert1((x) => x),
  sextend:          convert1((x, from) => BigInt.asIntN(laneBits(from), x)),
  isplit,
  iconcat,
  snarrow:          narrow(signedLanes, clampSigned),
  unarrow:          narrow(signedLanes, clampUnsigned),
  uunarrow:         narrow(split, clampUnsigned),
  swiden_low:       widen(signedLanes, 'low'),
  swiden_high:      widen(signedLanes, 'high'),
  uwiden_low:       widen(split, 'low'),
  uwiden_high:      widen(split, 'high'),
  fpromote:         changeFormat,
  fdemote:          changeFormat,
  fvdemote:         changeFormat,
  fvpromote_low:    promoteLow,
  fcvt_to_uint:     toIntegerOrTrap(clampUnsigned),
  fcvt_to_sint:     toIntegerOrTrap(clampSigned),
  fcvt_to_uint_sat: toIntegerClamped(clampUnsigned),
  fcvt_to_sint_sat: toIntegerClamped(clampSigned),
  fcvt_from_uint:   fromUnsigned,
  fcvt_from_sint:   fromSigned,
}
