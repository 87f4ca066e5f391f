// i128 as two registers, low half first. Carries go from one instruction to the next in the flags.
import { type IntCC, SLT, type Type, ULT, type Value } from '@k23/ir'
import {
  avg_round,
  band,
  bitrev,
  bitselect,
  bnot,
  bor,
  bswap,
  bxor,
  cls,
  clz,
  ctz,
  i128,
  iabs,
  iadd,
  iconst,
  imul,
  ineg,
  ishl,
  isub,
  popcnt,
  rotl,
  rotr,
  type Rule,
  sadd_overflow,
  sadd_overflow_cin,
  smax,
  smin,
  smul_overflow,
  smulhi,
  sshr,
  ssub_overflow,
  ssub_overflow_bin,
  uadd_overflow,
  uadd_overflow_cin,
  uintRange,
  umax,
  umin,
  umul_overflow,
  umulhi,
  ushr,
  usub_overflow,
  usub_overflow_bin,
  val,
} from '@k23/rules'
import type { InPlace, Two } from '../context.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import { mulHigh64, selectBits } from './arith.ts'
import { leadingZeros, popcount, reverseBits, trailingZeros } from './bits.ts'
import { compare, selectGpr, setCond } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { carryIn } from './overflow.ts'
import { rule } from './types.ts'

interface Pair {
  readonly lo: Gpr
  readonly hi: Gpr
}

const of = (c: X64Lower, x: Value): Pair => ({ lo: c.lo(x), hi: c.hi(x) })
const done = (c: X64Lower, p: Pair): number => c.pair(p.lo, p.hi)
const zero = (c: X64Lower): Gpr => c.li(0, 0)

/** The high half of a sign-extended 64-bit value. */
export function setPairHigh(c: X64Lower, lo: Gpr): Gpr {
  return c.twoImm(emit.sarq_ri, lo, 63)
}

/** Two instructions, the second with the carry of the first. */
function chain(c: X64Lower, first: Two, second: Two, x: Pair, y: Pair): Pair {
  const lo = c.two(first, x.lo, y.lo)
  return { lo, hi: c.two(second, x.hi, y.hi) }
}
const addPair = (c: X64Lower, x: Pair, y: Pair): Pair => chain(c, emit.addq_rr, emit.adcq_rr, x, y)
const subPair = (c: X64Lower, x: Pair, y: Pair): Pair => chain(c, emit.subq_rr, emit.sbbq_rr, x, y)

const binary =
  (op: (c: X64Lower, x: Pair, y: Pair) => Pair) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): number => {
    const a = of(c, x)
    return done(c, op(c, a, of(c, y)))
  }
const unary =
  (op: (c: X64Lower, x: Pair) => Pair) =>
  (c: X64Lower, _t: Type, x: Value): number =>
    done(c, op(c, of(c, x)))
const bitwise = (op: Two) => binary((c, x, y) => chain(c, op, op, x, y))

function mulPair(c: X64Lower, x: Pair, y: Pair): Pair {
  const cross = c.two(emit.addq_rr, c.two(emit.imulq_rr, x.lo, y.hi), c.two(emit.imulq_rr, x.hi, y.lo))
  const { lo, hi } = mulHigh64(c, false, x.lo, y.lo)
  return { lo, hi: c.two(emit.addq_rr, hi, cross) }
}

function notPair(c: X64Lower, x: Pair): Pair {
  const not: InPlace = emit.notq_r
  return { lo: c.inPlace(not, x.lo), hi: c.inPlace(not, x.hi) }
}
/** neg sets the carry where its operand is not 0. */
function negPair(c: X64Lower, x: Pair): Pair {
  const none = zero(c)
  const lo = c.inPlace(emit.negq_r, x.lo)
  return { lo, hi: c.two(emit.sbbq_rr, none, x.hi) }
}
function absPair(c: X64Lower, x: Pair): Pair {
  const m = setPairHigh(c, x.hi)
  const sign = { lo: m, hi: m }
  return subPair(c, chain(c, emit.xorq_rr, emit.xorq_rr, x, sign), sign)
}

// ---- shifts. shld and shrd shift in from a second register; amounts are taken modulo 64, bit 6 is tested.

/** `big` ? x : y. */
function whereBig(c: X64Lower, n: Gpr, x: Pair, y: Pair): Pair {
  emit.testl_ri(c, n, 64)
  const lo = selectGpr(c, CC.ne, x.lo, y.lo)
  return { lo, hi: selectGpr(c, CC.ne, x.hi, y.hi) }
}

function shlPair(c: X64Lower, x: Pair, n: Gpr): Pair {
  const hi = c.tg()
  emit.shldq_rrc(c, hi, x.hi, x.lo, n)
  const lo = c.two(emit.shlq_rc, x.lo, n)
  return whereBig(c, n, { lo: zero(c), hi: lo }, { lo, hi })
}
function shrPair(c: X64Lower, x: Pair, n: Gpr, signed: boolean): Pair {
  const lo = c.tg()
  emit.shrdq_rrc(c, lo, x.lo, x.hi, n)
  const hi = c.two(signed ? emit.sarq_rc : emit.shrq_rc, x.hi, n)
  return whereBig(c, n, { lo: hi, hi: signed ? setPairHigh(c, x.hi) : zero(c) }, { lo, hi })
}
/** The halves change places where the amount is 64 or more, then each is shifted into the other. */
function rotPair(c: X64Lower, x: Pair, n: Gpr, left: boolean): Pair {
  const a = whereBig(c, n, { lo: x.hi, hi: x.lo }, x)
  const lo = c.tg()
  const hi = c.tg()
  const shift = left ? emit.shldq_rrc : emit.shrdq_rrc
  shift(c, lo, a.lo, a.hi, n)
  shift(c, hi, a.hi, a.lo, n)
  return { lo, hi }
}
const shifted =
  (op: (c: X64Lower, x: Pair, n: Gpr) => Pair) =>
  (c: X64Lower, _t: Type, x: Value, n: Value): number => {
    const a = of(c, x)
    return done(c, op(c, a, c.low(n)))
  }

/** The same by constants, modulo 128. */
function shlImm(c: X64Lower, _t: Type, x: Value, n: number): number {
  const k = n & 127
  const a = of(c, x)
  if (k === 0) return done(c, a)
  if (k >= 64) return c.pair(zero(c), k === 64 ? a.lo : c.twoImm(emit.shlq_ri, a.lo, k - 64))
  const hi = c.tg()
  emit.shldq_rri(c, hi, a.hi, a.lo, k)
  return c.pair(c.twoImm(emit.shlq_ri, a.lo, k), hi)
}
const shrImm =
  (signed: boolean) =>
  (c: X64Lower, _t: Type, x: Value, n: number): number => {
    const k = n & 127
    const a = of(c, x)
    const op = signed ? emit.sarq_ri : emit.shrq_ri
    if (k === 0) return done(c, a)
    if (k >= 64) return c.pair(k === 64 ? a.hi : c.twoImm(op, a.hi, k - 64), signed ? setPairHigh(c, a.hi) : zero(c))
    const lo = c.tg()
    emit.shrdq_rri(c, lo, a.lo, a.hi, k)
    return c.pair(lo, c.twoImm(op, a.hi, k))
  }

// ---- bits

/** A count over both halves: that of `first`, or, where `first` is zero, 64 more than that of `second`. */
function countPair(c: X64Lower, first: Gpr, second: Gpr, count: (x: Gpr) => Gpr): Gpr {
  const a = count(first)
  const b = c.twoImm(emit.addl_ri, count(second), 64)
  emit.testq_rr(c, first, first)
  return selectGpr(c, CC.ne, a, b)
}
const widened = (c: X64Lower, low: Gpr): number => c.pair(low, zero(c))

function clsPair(c: X64Lower, x: Pair): number {
  const m = setPairHigh(c, x.hi)
  const y = chain(c, emit.xorq_rr, emit.xorq_rr, x, { lo: m, hi: m })
  const count = countPair(c, y.hi, y.lo, (r) => leadingZeros(c, r, 64))
  return widened(c, c.twoImm(emit.subl_ri, count, 1))
}

function popcntPair(c: X64Lower, x: Pair): number {
  return widened(c, c.two(emit.addl_rr, popcount(c, x.lo), popcount(c, x.hi)))
}

const minMax =
  (less: IntCC, max: boolean) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): number => {
    const a = of(c, x)
    const b = of(c, y)
    const k = compare(c, less, x, y)
    const [first, second] = max ? [b, a] : [a, b]
    const lo = selectGpr(c, k, first.lo, second.lo)
    return c.pair(lo, selectGpr(c, k, first.hi, second.hi))
  }

/** Rounded up: (x | y) - ((x ^ y) >> 1). */
function average(c: X64Lower, x: Pair, y: Pair): Pair {
  const differ = chain(c, emit.xorq_rr, emit.xorq_rr, x, y)
  const lo = c.tg()
  emit.shrdq_rri(c, lo, differ.lo, differ.hi, 1)
  return subPair(c, chain(c, emit.orq_rr, emit.orq_rr, x, y), { lo, hi: c.twoImm(emit.shrq_ri, differ.hi, 1) })
}

// ---- overflow

const overflowing =
  (op: (c: X64Lower, x: Pair, y: Pair) => Pair, cc: number) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): number => {
    const a = of(c, x)
    const r = op(c, a, of(c, y))
    return c.handles.triple(r.lo, r.hi, setCond(c, cc))
  }

const withCarry =
  (op: Two, cc: number) =>
  (c: X64Lower, _t: Type, x: Value, y: Value, k: Value): number => {
    const a = of(c, x)
    const b = of(c, y)
    carryIn(c, k)
    const r = chain(c, op, op, a, b)
    return c.handles.triple(r.lo, r.hi, setCond(c, cc))
  }

/** The high 128 bits of the unsigned product, by words (Hacker's Delight, 8-2). */
function mulHighPair(c: X64Lower, x: Pair, y: Pair): Pair {
  const none = zero(c)
  const carried = mulHigh64(c, false, x.lo, y.lo).hi
  const first = addPair(c, mulHigh64(c, false, x.hi, y.lo), { lo: carried, hi: none })
  const second = addPair(c, mulHigh64(c, false, x.lo, y.hi), { lo: first.lo, hi: none })
  const high = addPair(c, mulHigh64(c, false, x.hi, y.hi), { lo: first.hi, hi: none })
  return addPair(c, high, { lo: second.hi, hi: none })
}
/** The same of a signed product: less each factor where the other is negative. */
function mulHighSigned(c: X64Lower, x: Pair, y: Pair): Pair {
  const where = (p: Pair, sign: Gpr): Pair => {
    const m = setPairHigh(c, sign)
    return chain(c, emit.andq_rr, emit.andq_rr, p, { lo: m, hi: m })
  }
  return subPair(c, subPair(c, mulHighPair(c, x, y), where(y, x.hi)), where(x, y.hi))
}
function umulOverflow(c: X64Lower, x: Pair, y: Pair): number {
  const h = mulHighPair(c, x, y)
  const p = mulPair(c, x, y)
  c.two(emit.orq_rr, h.lo, h.hi)
  return c.handles.triple(p.lo, p.hi, setCond(c, CC.ne))
}
function smulOverflow(c: X64Lower, x: Pair, y: Pair): number {
  const h = mulHighSigned(c, x, y)
  const p = mulPair(c, x, y)
  const sign = setPairHigh(c, p.hi)
  const off = chain(c, emit.xorq_rr, emit.xorq_rr, h, { lo: sign, hi: sign })
  c.two(emit.orq_rr, off.lo, off.hi)
  return c.handles.triple(p.lo, p.hi, setCond(c, CC.ne))
}

const anyAmount = uintRange(0, 0x7fffffff)

// biome-ignore format: table
export const pairRules: Rule[] = [
  rule('iadd_pair',   i128, [val, val], (x, y) => iadd(x, y),   binary(addPair)),
  rule('isub_pair',   i128, [val, val], (x, y) => isub(x, y),   binary(subPair)),
  rule('imul_pair',   i128, [val, val], (x, y) => imul(x, y),   binary(mulPair)),
  rule('ineg_pair',   i128, [val],      (x) => ineg(x),         unary(negPair)),
  rule('iabs_pair',   i128, [val],      (x) => iabs(x),         unary(absPair)),
  rule('band_pair',   i128, [val, val], (x, y) => band(x, y),   bitwise(emit.andq_rr)),
  rule('bor_pair',    i128, [val, val], (x, y) => bor(x, y),    bitwise(emit.orq_rr)),
  rule('bxor_pair',   i128, [val, val], (x, y) => bxor(x, y),   bitwise(emit.xorq_rr)),
  rule('bnot_pair',   i128, [val],      (x) => bnot(x),         unary(notPair)),
  rule('bitselect_pair', i128, [val, val, val], (k, x, y) => bitselect(k, x, y), (c, _t, k, x, y) => c.pair(selectBits(c, c.lo(k), c.lo(x), c.lo(y)), selectBits(c, c.hi(k), c.hi(x), c.hi(y)))),
  rule('ishl_pair_imm', i128, [val, anyAmount], (x, n) => ishl(x, iconst(n)), shlImm),
  rule('ishl_pair',   i128, [val, val], (x, n) => ishl(x, n),   shifted(shlPair)),
  rule('ushr_pair_imm', i128, [val, anyAmount], (x, n) => ushr(x, iconst(n)), shrImm(false)),
  rule('ushr_pair',   i128, [val, val], (x, n) => ushr(x, n),   shifted((c, x, n) => shrPair(c, x, n, false))),
  rule('sshr_pair_imm', i128, [val, anyAmount], (x, n) => sshr(x, iconst(n)), shrImm(true)),
  rule('sshr_pair',   i128, [val, val], (x, n) => sshr(x, n),   shifted((c, x, n) => shrPair(c, x, n, true))),
  rule('rotl_pair',   i128, [val, val], (x, n) => rotl(x, n),   shifted((c, x, n) => rotPair(c, x, n, true))),
  rule('rotr_pair',   i128, [val, val], (x, n) => rotr(x, n),   shifted((c, x, n) => rotPair(c, x, n, false))),
  rule('smin_pair',   i128, [val, val], (x, y) => smin(x, y),   minMax(SLT, false)),
  rule('smax_pair',   i128, [val, val], (x, y) => smax(x, y),   minMax(SLT, true)),
  rule('umin_pair',   i128, [val, val], (x, y) => umin(x, y),   minMax(ULT, false)),
  rule('umax_pair',   i128, [val, val], (x, y) => umax(x, y),   minMax(ULT, true)),
  rule('avg_round_pair', i128, [val, val], (x, y) => avg_round(x, y), binary(average)),
  rule('clz_pair',    i128, [val],      (x) => clz(x),          (c, _t, x) => widened(c, countPair(c, c.hi(x), c.lo(x), (r) => leadingZeros(c, r, 64)))),
  rule('ctz_pair',    i128, [val],      (x) => ctz(x),          (c, _t, x) => widened(c, countPair(c, c.lo(x), c.hi(x), (r) => trailingZeros(c, r, 64)))),
  rule('cls_pair',    i128, [val],      (x) => cls(x),          (c, _t, x) => clsPair(c, of(c, x))),
  rule('popcnt_pair', i128, [val],      (x) => popcnt(x),       (c, _t, x) => popcntPair(c, of(c, x))),
  rule('bswap_pair',  i128, [val],      (x) => bswap(x),        (c, _t, x) => c.pair(c.inPlace(emit.bswapq_r, c.hi(x)), c.inPlace(emit.bswapq_r, c.lo(x)))),
  rule('bitrev_pair', i128, [val],      (x) => bitrev(x),       (c, _t, x) => c.pair(reverseBits(c, c.hi(x)), reverseBits(c, c.lo(x)))),
  rule('uadd_overflow_pair', i128, [val, val], (x, y) => uadd_overflow(x, y), overflowing(addPair, CC.b)),
  rule('usub_overflow_pair', i128, [val, val], (x, y) => usub_overflow(x, y), overflowing(subPair, CC.b)),
  rule('sadd_overflow_pair', i128, [val, val], (x, y) => sadd_overflow(x, y), overflowing(addPair, CC.o)),
  rule('ssub_overflow_pair', i128, [val, val], (x, y) => ssub_overflow(x, y), overflowing(subPair, CC.o)),
  rule('uadd_overflow_cin_pair', i128, [val, val, val], (x, y, k) => uadd_overflow_cin(x, y, k), withCarry(emit.adcq_rr, CC.b)),
  rule('sadd_overflow_cin_pair', i128, [val, val, val], (x, y, k) => sadd_overflow_cin(x, y, k), withCarry(emit.adcq_rr, CC.o)),
  rule('usub_overflow_bin_pair', i128, [val, val, val], (x, y, k) => usub_overflow_bin(x, y, k), withCarry(emit.sbbq_rr, CC.b)),
  rule('ssub_overflow_bin_pair', i128, [val, val, val], (x, y, k) => ssub_overflow_bin(x, y, k), withCarry(emit.sbbq_rr, CC.o)),
  rule('umulhi_pair', i128, [val, val], (x, y) => umulhi(x, y), binary(mulHighPair)),
  rule('smulhi_pair', i128, [val, val], (x, y) => smulhi(x, y), binary(mulHighSigned)),
  rule('umul_overflow_pair', i128, [val, val], (x, y) => umul_overflow(x, y), (c, _t, x, y) => umulOverflow(c, of(c, x), of(c, y))),
  rule('smul_overflow_pair', i128, [val, val], (x, y) => smul_overflow(x, y), (c, _t, x, y) => smulOverflow(c, of(c, x), of(c, y))),
]
