// What one lane of each vector instruction computes, against the builder of scalar bodies, for each element width that it exists at.
//
// Source: RISC-V Unprivileged ISA 20240411, 31.11 - 31.14 (V) and 33 (Zvbb); the operations are named as there, without width and form. `sew` is
// the width that vtype names. Elements come extended to 64 bits as table.ts says (signed, unsigned, or a boxed float), so
// that up to 32 bits sums and products are exact, and formulas for 64 bits are needed only where a result exceeds an element.

import type { FloatFormat, FloatOp } from '../../float/operations.ts'
import type { Arithmetic, LaneBody, LaneBuilder, Types } from '../../semantics/builder.ts'
import { brev8, div, divu, mulhsu, rem, remu, rev8 } from '../semantics.ts'

export const SEWS = [8, 16, 32, 64] as const
export type Sew = (typeof SEWS)[number]

/** Makes the body for a width; undefined where the instruction does not exist at it. */
export type LaneFamily = (sew: Sew) => LaneBody | undefined

type Values<T extends Types> = {
  readonly a: T['i64']
  readonly b: T['i64']
  readonly d: T['i64']
  readonly carry: T['i32']
}
type AnyLane = <T extends Types>(b: LaneBuilder<T>, v: Values<T>) => T['i64']

/** Without regard to the width. */
const any =
  (body: AnyLane): LaneFamily =>
  () =>
    body

const bool = <T extends Types>(b: Arithmetic<T>, flag: T['i32']): T['i64'] => b.i64.extend_i32_u(flag)
const not = <T extends Types>(b: Arithmetic<T>, v: T['i64']): T['i64'] => b.i64.xor(v, b.i64.const(-1))
/** The count of a shift: the low bits that the width has. */
const count = <T extends Types>(b: Arithmetic<T>, v: T['i64'], width: number): T['i64'] =>
  b.i64.and(v, b.i64.const(width - 1))
const greatest = <T extends Types>(b: Arithmetic<T>, bits: number): T['i64'] =>
  b.i64.shr_u(b.i64.const(-1), b.i64.const(64 - bits))

// ---- Fixed-point rounding (31.3.7, table 53)

/** What is added to a value that lost bits: by its last place, the highest bit lost, and whether bits below that were lost (flags). */
function increment<T extends Types>(b: LaneBuilder<T>, last: T['i32'], half: T['i32'], below: T['i32']): T['i64'] {
  const mode = b.vxrm()
  const toEven = b.i32.and(half, b.i32.or(below, last))
  const toOdd = b.i32.and(b.i32.eqz(last), b.i32.or(half, below))
  const zero = b.i32.const(0)
  const others = b.i32.select(b.i32.eq(mode, b.i32.const(3)), toOdd, zero)
  const even = b.i32.select(b.i32.eq(mode, b.i32.const(1)), toEven, others)
  return bool(b, b.i32.select(b.i32.eqz(mode), half, even))
}

/** v >> shift, rounded; shift below 64. */
function roundShift<T extends Types>(b: LaneBuilder<T>, v: T['i64'], shift: T['i64'], signed: boolean): T['i64'] {
  const one = b.i64.shl(b.i64.const(1), shift)
  const half = b.i64.shr_u(one, b.i64.const(1))
  const zero = b.i64.const(0)
  const has = (mask: T['i64']): T['i32'] => b.i64.ne(b.i64.and(v, mask), zero)
  // A shift by nothing has no half: then nothing below it counts either.
  const below = b.i64.select(b.i64.eqz(half), zero, b.i64.sub(half, b.i64.const(1)))
  const shifted = signed ? b.i64.shr_s(v, shift) : b.i64.shr_u(v, shift)
  return b.i64.add(shifted, increment(b, has(one), has(half), has(below)))
}

const average =
  (signed: boolean, subtract: boolean): AnyLane =>
  (b, { a, b: y }) => {
    const one = b.i64.const(1)
    const shr = (v: typeof a): typeof a => (signed ? b.i64.shr_s(v, one) : b.i64.shr_u(v, one))
    // Without the bit that the sum has more: (a & y) + (a ^ y) / 2, and a / 2 - y / 2 less a borrow.
    const floor = subtract
      ? b.i64.sub(b.i64.sub(shr(a), shr(y)), b.i64.and(b.i64.and(not(b, a), y), one))
      : b.i64.add(b.i64.and(a, y), shr(b.i64.xor(a, y)))
    const flag = (v: typeof a): ReturnType<typeof b.i32.const> => b.i64.ne(b.i64.and(v, one), b.i64.const(0))
    return b.i64.add(floor, increment(b, flag(floor), flag(b.i64.xor(a, y)), b.i32.const(0)))
  }

// ---- Saturation (31.12.1)

/** A value within the bounds of `bits` bits; outside, the nearest bound, and vxsat. The value itself is a signed number. */
function clamp<T extends Types>(b: LaneBuilder<T>, v: T['i64'], bits: number, signed: boolean): T['i64'] {
  const high = greatest(b, signed ? bits - 1 : bits)
  const low = signed ? not(b, high) : b.i64.const(0)
  const tooHigh = b.i64.lt_s(high, v)
  const tooLow = b.i64.lt_s(v, low)
  b.saturated(b.i32.or(tooHigh, tooLow))
  return b.i64.select(tooHigh, high, b.i64.select(tooLow, low, v))
}

/** The signed result, or the bound on the side of a where it overflowed. */
function saturateSigned<T extends Types>(
  b: LaneBuilder<T>,
  overflow: T['i32'],
  a: T['i64'],
  result: T['i64'],
): T['i64'] {
  b.saturated(overflow)
  const bound = b.i64.xor(b.i64.shr_s(a, b.i64.const(63)), greatest(b, 63))
  return b.i64.select(overflow, bound, result)
}

const saturatingAdd =
  (signed: boolean): LaneFamily =>
  (sew) =>
  (b, { a, b: y }) => {
    const sum = b.i64.add(a, y)
    if (sew < 64) return clamp(b, sum, sew, signed)
    if (signed) {
      const differs = b.i64.and(b.i64.xor(a, sum), b.i64.xor(y, sum))
      return saturateSigned(b, b.i64.lt_s(differs, b.i64.const(0)), a, sum)
    }
    const overflow = b.i64.lt_u(sum, a)
    b.saturated(overflow)
    return b.i64.select(overflow, b.i64.const(-1), sum)
  }

const saturatingSub =
  (signed: boolean): LaneFamily =>
  (sew) =>
  (b, { a, b: y }) => {
    const difference = b.i64.sub(a, y)
    if (sew < 64) return clamp(b, difference, sew, signed)
    if (signed) {
      const differs = b.i64.and(b.i64.xor(a, y), b.i64.xor(a, difference))
      return saturateSigned(b, b.i64.lt_s(differs, b.i64.const(0)), a, difference)
    }
    const overflow = b.i64.lt_u(a, y)
    b.saturated(overflow)
    return b.i64.select(overflow, b.i64.const(0), difference)
  }

/** The product's upper part, rounded; only the square of the least value saturates. */
const smul: LaneFamily =
  (sew) =>
  (b, { a, b: y }) => {
    const least = not(b, greatest(b, sew - 1))
    const overflow = b.i32.and(b.i64.eq(a, least), b.i64.eq(y, least))
    b.saturated(overflow)
    let result: typeof a
    if (sew < 64) result = roundShift(b, b.i64.mul(a, y), b.i64.const(sew - 1), true)
    else {
      const low = b.i64.mul(a, y)
      const high = b.i64.mul_high_s(a, y)
      const shifted = b.i64.or(b.i64.shl(high, b.i64.const(1)), b.i64.shr_u(low, b.i64.const(63)))
      const bit = (v: typeof a): ReturnType<typeof b.i32.const> => b.i64.ne(v, b.i64.const(0))
      const half = b.i64.and(b.i64.shr_u(low, b.i64.const(62)), b.i64.const(1))
      const last = b.i64.and(shifted, b.i64.const(1))
      const below = b.i64.and(low, greatest(b, 62))
      result = b.i64.add(shifted, increment(b, bit(last), bit(half), bit(below)))
    }
    return b.i64.select(overflow, not(b, least), result)
  }

const clip =
  (signed: boolean): LaneFamily =>
  (sew) =>
    sew === 64
      ? undefined
      : (b, { a, b: y }) => {
          const v = roundShift(b, a, count(b, y, 2 * sew), signed)
          if (signed || sew < 32) return clamp(b, v, sew, signed)
          // An unsigned value of 64 bits may look negative.
          const high = greatest(b, sew)
          const tooHigh = b.i64.lt_u(high, v)
          b.saturated(tooHigh)
          return b.i64.select(tooHigh, high, v)
        }

// ---- Carry (31.11.4)

const carryOut: LaneFamily =
  (sew) =>
  (b, { a, b: y, carry }) => {
    const sum = b.i64.add(a, y)
    const all = b.i64.add(sum, b.i64.extend_i32_u(carry))
    if (sew < 64) return b.i64.shr_u(all, b.i64.const(sew))
    return bool(b, b.i32.or(b.i64.lt_u(sum, a), b.i64.lt_u(all, sum)))
  }
const borrowOut: AnyLane = (b, { a, b: y, carry }) =>
  bool(b, b.i32.or(b.i64.lt_u(a, y), b.i32.and(b.i64.eq(a, y), b.i32.ne(carry, b.i32.const(0)))))

// ---- Products

const highProduct =
  (at64: 'mul_high_s' | 'mul_high_u' | 'mulhsu'): LaneFamily =>
  (sew) =>
  (b, { a, b: y }) => {
    if (sew < 64) return b.i64.shr_s(b.i64.mul(a, y), b.i64.const(sew))
    return at64 === 'mulhsu' ? mulhsu(b, a, y) : b.i64[at64](a, y)
  }

// ---- Bits (Zvbb): the element is the low part of a 64-bit value whose upper part is zero

const clz: LaneFamily =
  (sew) =>
  (b, { a }) =>
    b.i64.sub(b.i64.clz(a), b.i64.const(64 - sew))
const ctz: LaneFamily =
  (sew) =>
  (b, { a }) =>
    b.i64.ctz(sew === 64 ? a : b.i64.or(a, b.i64.shl(b.i64.const(1), b.i64.const(sew))))
const byteReverse: LaneFamily =
  (sew) =>
  (b, { a }) =>
    sew === 8 ? a : b.i64.shr_u(rev8(b, a), b.i64.const(64 - sew))
const bitReverse: LaneFamily =
  (sew) =>
  (b, { a }) =>
    b.i64.shr_u(brev8(b, rev8(b, a)), b.i64.const(64 - sew))
const rotate =
  (left: boolean): LaneFamily =>
  (sew) =>
  (b, { a, b: y }) => {
    if (sew === 64) return left ? b.i64.rotl(a, y) : b.i64.rotr(a, y)
    const by = count(b, y, sew)
    const back = b.i64.sub(b.i64.const(sew), by)
    return left ? b.i64.or(b.i64.shl(a, by), b.i64.shr_u(a, back)) : b.i64.or(b.i64.shr_u(a, by), b.i64.shl(a, back))
  }

const shift =
  (op: 'shl' | 'shr_s' | 'shr_u', widths: 1 | 2 = 1): LaneFamily =>
  (sew) =>
    sew * widths > 64 ? undefined : (b, { a, b: y }) => b.i64[op](a, count(b, y, sew * widths))

const compare =
  (op: 'eq' | 'ne' | 'lt_s' | 'lt_u', swap = false, negate = false): LaneFamily =>
  () =>
  (b, { a, b: y }) => {
    const flag = swap ? b.i64[op](y, a) : b.i64[op](a, y)
    return bool(b, negate ? b.i32.eqz(flag) : flag)
  }

// ---- Floats

const FORMATS: Readonly<Record<Sew, FloatFormat | undefined>> = { 8: undefined, 16: 'h', 32: 's', 64: 'd' }
const formatOf = (sew: number): FloatFormat | undefined => FORMATS[sew as Sew]

type FloatLane = <T extends Types>(b: LaneBuilder<T>, v: Values<T>, format: FloatFormat) => T['i64']
const floatLane =
  (body: FloatLane): LaneFamily =>
  (sew) => {
    const format = formatOf(sew)
    return format === undefined ? undefined : (b, v) => body(b, v, format)
  }
const exactly = <T extends Types>(b: LaneBuilder<T>): T['i32'] => b.i32.const(0)

const arithmetic = (op: FloatOp): LaneFamily => floatLane((b, v, f) => b.float(op, f, b.frm(), v.a, v.b))
const exact = (op: FloatOp): LaneFamily => floatLane((b, v, f) => b.float(op, f, exactly(b), v.a, v.b))
const swapped = (op: FloatOp): LaneFamily => floatLane((b, v, f) => b.float(op, f, b.frm(), v.b, v.a))

const negated = <T extends Types>(b: LaneBuilder<T>, f: FloatFormat, v: T['i64'], negate: boolean): T['i64'] =>
  negate ? b.float('sgnjn', f, exactly(b), v, v) : v

/** (±b * a) ± d, or with the roles of a and d exchanged (31.13.6). */
const fused = (addend: 'd' | 'a', negateProduct: boolean, negateAddend: boolean): LaneFamily =>
  floatLane((b, v, f) => {
    const factor = addend === 'd' ? v.a : v.d
    return b.float('fma', f, b.frm(), negated(b, f, v.b, negateProduct), factor, negated(b, f, v[addend], negateAddend))
  })

/** In the format of twice the width: to it, and arithmetic in it. */
function widening(
  body: <T extends Types>(
    b: LaneBuilder<T>,
    v: Values<T>,
    wide: FloatFormat,
    widen: (x: T['i64']) => T['i64'],
  ) => T['i64'],
): LaneFamily {
  return (sew) => {
    const narrow = formatOf(sew)
    const wide = formatOf(2 * sew)
    if (narrow === undefined || wide === undefined) return undefined
    return (b, v) => body(b, v, wide, (x) => b.float(wide === 's' ? 'to_s' : 'to_d', narrow, exactly(b), x))
  }
}
const wideFused = (negateProduct: boolean, negateAddend: boolean): LaneFamily =>
  widening((b, v, f, widen) =>
    b.float('fma', f, b.frm(), negated(b, f, widen(v.b), negateProduct), widen(v.a), negated(b, f, v.d, negateAddend)),
  )

/** Float of `from` widths to an integer of `to` widths, in units of sew. */
const toInteger =
  (from: 1 | 2, to: 1 | 2, signed: boolean, truncates: boolean): LaneFamily =>
  (sew) => {
    const format = formatOf(sew * from)
    const bits = sew * to
    if (format === undefined || bits > 64) return undefined
    const ops: Readonly<Record<number, readonly [FloatOp, FloatOp]>> = {
      8: ['to_b', 'to_bu'],
      16: ['to_i16', 'to_u16'],
      32: ['to_w', 'to_wu'],
      64: ['to_l', 'to_lu'],
    }
    const op = ops[bits][signed ? 0 : 1]
    return (b, { a }) => b.float(op, format, truncates ? b.i32.const(1) : b.frm(), a)
  }
const fromInteger =
  (from: 1 | 2, to: 1 | 2, signed: boolean): LaneFamily =>
  (sew) => {
    const format = formatOf(sew * to)
    const bits = sew * from
    if (format === undefined || bits > 64) return undefined
    // Elements are extended: narrow ones convert as 32 bits.
    const op: FloatOp = bits === 64 ? (signed ? 'from_l' : 'from_lu') : signed ? 'from_w' : 'from_wu'
    return (b, { a }) => b.float(op, format, b.frm(), a)
  }
const narrowFloat =
  (toOdd: boolean): LaneFamily =>
  (sew) => {
    const wide = formatOf(2 * sew)
    if (sew < 16 || wide === undefined) return undefined
    const [plain, odd]: readonly [FloatOp, FloatOp] = sew === 16 ? ['to_h', 'odd_h'] : ['to_s', 'odd_s']
    return (b, { a }) => (toOdd ? b.float(odd, wide, exactly(b), a) : b.float(plain, wide, b.frm(), a))
  }

/** Bodies by name; table.ts says which instruction uses which. */
// biome-ignore format: table
export const laneFamilies: Readonly<Record<string, LaneFamily>> = {
  a:       any((_b, v) => v.a),
  b:       any((_b, v) => v.b),
  choose:  any((b, v) => b.i64.select(v.carry, v.b, v.a)),
  add:     any((b, v) => b.i64.add(v.a, v.b)),
  sub:     any((b, v) => b.i64.sub(v.a, v.b)),
  rsub:    any((b, v) => b.i64.sub(v.b, v.a)),
  adc:     any((b, v) => b.i64.add(b.i64.add(v.a, v.b), b.i64.extend_i32_u(v.carry))),
  sbc:     any((b, v) => b.i64.sub(b.i64.sub(v.a, v.b), b.i64.extend_i32_u(v.carry))),
  madc:    carryOut,
  msbc:    any(borrowOut),
  and:     any((b, v) => b.i64.and(v.a, v.b)),
  or:      any((b, v) => b.i64.or(v.a, v.b)),
  xor:     any((b, v) => b.i64.xor(v.a, v.b)),
  andn:    any((b, v) => b.i64.and(v.a, not(b, v.b))),
  sll:     shift('shl'),
  srl:     shift('shr_u'),
  sra:     shift('shr_s'),
  nsrl:    shift('shr_u', 2),
  nsra:    shift('shr_s', 2),
  wsll:    shift('shl', 2),
  eq:      compare('eq'),
  ne:      compare('ne'),
  ltu:     compare('lt_u'),
  lt:      compare('lt_s'),
  leu:     compare('lt_u', true, true),
  le:      compare('lt_s', true, true),
  gtu:     compare('lt_u', true),
  gt:      compare('lt_s', true),
  minu:    any((b, v) => b.i64.select(b.i64.lt_u(v.a, v.b), v.a, v.b)),
  min:     any((b, v) => b.i64.select(b.i64.lt_s(v.a, v.b), v.a, v.b)),
  maxu:    any((b, v) => b.i64.select(b.i64.lt_u(v.a, v.b), v.b, v.a)),
  max:     any((b, v) => b.i64.select(b.i64.lt_s(v.a, v.b), v.b, v.a)),
  mul:     any((b, v) => b.i64.mul(v.a, v.b)),
  mulh:    highProduct('mul_high_s'),
  mulhu:   highProduct('mul_high_u'),
  mulhsu:  highProduct('mulhsu'),
  divu:    any((b, v) => divu(b, v.a, v.b)),
  div:     any((b, v) => div(b, v.a, v.b)),
  remu:    any((b, v) => remu(b, v.a, v.b)),
  rem:     any((b, v) => rem(b, v.a, v.b)),
  macc:    any((b, v) => b.i64.add(v.d, b.i64.mul(v.b, v.a))),
  nmsac:   any((b, v) => b.i64.sub(v.d, b.i64.mul(v.b, v.a))),
  madd:    any((b, v) => b.i64.add(v.a, b.i64.mul(v.b, v.d))),
  nmsub:   any((b, v) => b.i64.sub(v.a, b.i64.mul(v.b, v.d))),
  saddu:   saturatingAdd(false),
  sadd:    saturatingAdd(true),
  ssubu:   saturatingSub(false),
  ssub:    saturatingSub(true),
  aaddu:   any(average(false, false)),
  aadd:    any(average(true, false)),
  asubu:   any(average(false, true)),
  asub:    any(average(true, true)),
  smul,
  ssrl:    (sew) => (b, v) => roundShift(b, v.a, count(b, v.b, sew), false),
  ssra:    (sew) => (b, v) => roundShift(b, v.a, count(b, v.b, sew), true),
  nclipu:  clip(false),
  nclip:   clip(true),
  brev8:   any((b, v) => brev8(b, v.a)),
  rev8:    byteReverse,
  brev:    bitReverse,
  clz,
  ctz,
  cpop:    any((b, v) => b.i64.popcnt(v.a)),
  rol:     rotate(true),
  ror:     rotate(false),

  fadd:    arithmetic('add'),
  fsub:    arithmetic('sub'),
  frsub:   swapped('sub'),
  fmul:    arithmetic('mul'),
  fdiv:    arithmetic('div'),
  frdiv:   swapped('div'),
  fsqrt:   floatLane((b, v, f) => b.float('sqrt', f, b.frm(), v.a)),
  fclass:  floatLane((b, v, f) => b.float('class', f, exactly(b), v.a)),
  fmin:    exact('min'),
  fmax:    exact('max'),
  fsgnj:   exact('sgnj'),
  fsgnjn:  exact('sgnjn'),
  fsgnjx:  exact('sgnjx'),
  feq:     exact('eq'),
  fne:     floatLane((b, v, f) => bool(b, b.i64.eqz(b.float('eq', f, exactly(b), v.a, v.b)))),
  flt:     exact('lt'),
  fle:     exact('le'),
  fgt:     floatLane((b, v, f) => b.float('lt', f, exactly(b), v.b, v.a)),
  fge:     floatLane((b, v, f) => b.float('le', f, exactly(b), v.b, v.a)),
  fmacc:   fused('d', false, false),
  fnmacc:  fused('d', true, true),
  fmsac:   fused('d', false, true),
  fnmsac:  fused('d', true, false),
  fmadd:   fused('a', false, false),
  fnmadd:  fused('a', true, true),
  fmsub:   fused('a', false, true),
  fnmsub:  fused('a', true, false),
  fwadd:   widening((b, v, f, widen) => b.float('add', f, b.frm(), widen(v.a), widen(v.b))),
  fwsub:   widening((b, v, f, widen) => b.float('sub', f, b.frm(), widen(v.a), widen(v.b))),
  fwmul:   widening((b, v, f, widen) => b.float('mul', f, b.frm(), widen(v.a), widen(v.b))),
  fwaddw:  widening((b, v, f, widen) => b.float('add', f, b.frm(), v.a, widen(v.b))),
  fwsubw:  widening((b, v, f, widen) => b.float('sub', f, b.frm(), v.a, widen(v.b))),
  fwsum:   widening((b, v, f, widen) => b.float('add', f, b.frm(), widen(v.a), v.b)),
  fwmacc:  wideFused(false, false),
  fwnmacc: wideFused(true, true),
  fwmsac:  wideFused(false, true),
  fwnmsac: wideFused(true, false),
  fcvt_xu_f:      toInteger(1, 1, false, false),
  fcvt_x_f:       toInteger(1, 1, true, false),
  fcvt_rtz_xu_f:  toInteger(1, 1, false, true),
  fcvt_rtz_x_f:   toInteger(1, 1, true, true),
  fcvt_f_xu:      fromInteger(1, 1, false),
  fcvt_f_x:       fromInteger(1, 1, true),
  fwcvt_xu_f:     toInteger(1, 2, false, false),
  fwcvt_x_f:      toInteger(1, 2, true, false),
  fwcvt_rtz_xu_f: toInteger(1, 2, false, true),
  fwcvt_rtz_x_f:  toInteger(1, 2, true, true),
  fwcvt_f_xu:     fromInteger(1, 2, false),
  fwcvt_f_x:      fromInteger(1, 2, true),
  fwcvt_f_f:      widening((_b, v, _f, widen) => widen(v.a)),
  fncvt_xu_f:     toInteger(2, 1, false, false),
  fncvt_x_f:      toInteger(2, 1, true, false),
  fncvt_rtz_xu_f: toInteger(2, 1, false, true),
  fncvt_rtz_x_f:  toInteger(2, 1, true, true),
  fncvt_f_xu:     fromInteger(2, 1, false),
  fncvt_f_x:      fromInteger(2, 1, true),
  fncvt_f_f:      narrowFloat(false),
  fncvt_rod_f_f:  narrowFloat(true),
}
