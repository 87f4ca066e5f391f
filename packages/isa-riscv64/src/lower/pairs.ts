// i128 as two registers, low half first.
import { SLT, type Type, ULT, type Value } from '@k23/ir'
import {
  avg_round,
  band,
  bitrev,
  bitselect,
  bnot,
  bor,
  bswap,
  bxor,
  clz,
  ctz,
  f128,
  i128,
  iabs,
  iadd,
  imul,
  ineg,
  ishl,
  isub,
  popcnt,
  rotl,
  rotr,
  type Rule,
  type TypeSet,
  typeUnion,
  smax,
  smin,
  sshr,
  uadd_overflow,
  umax,
  umin,
  ushr,
  usub_overflow,
  val,
  sadd_overflow,
  ssub_overflow,
  cls,
  sadd_overflow_cin,
  smul_overflow,
  smulhi,
  ssub_overflow_bin,
  uadd_overflow_cin,
  umul_overflow,
  umulhi,
  usub_overflow_bin,
} from '@k23/rules'
import { emit, Opc } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { leadingZeros, popcount, reverseBits, selectBits, swapBytes, trailingZeros } from './bits.ts'
import { setPair, truth } from './compare.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

interface Pair {
  readonly lo: XReg
  readonly hi: XReg
}

const of = (c: RiscvLower, x: Value): Pair => ({ lo: c.lo(x), hi: c.hi(x) })

function addPair(c: RiscvLower, x: Pair, y: Pair): Pair & { readonly carry: XReg } {
  const lo = c.rrr(emit.add, x.lo, y.lo)
  const carry = c.rrr(emit.sltu, lo, y.lo)
  return { lo, hi: c.rrr(emit.add, c.rrr(emit.add, x.hi, y.hi), carry), carry }
}

function subPair(c: RiscvLower, x: Pair, y: Pair): Pair & { readonly borrow: XReg } {
  const borrow = c.rrr(emit.sltu, x.lo, y.lo)
  return { lo: c.rrr(emit.sub, x.lo, y.lo), hi: c.rrr(emit.sub, c.rrr(emit.sub, x.hi, y.hi), borrow), borrow }
}

const done = (c: RiscvLower, p: Pair): number => c.pair(p.lo, p.hi)

function mulPair(c: RiscvLower, x: Pair, y: Pair): Pair {
  const lo = c.rrr(emit.mul, x.lo, y.lo)
  const cross = c.rrr(emit.add, c.rrr(emit.mul, x.lo, y.hi), c.rrr(emit.mul, x.hi, y.lo))
  return { lo, hi: c.rrr(emit.add, c.rrr(emit.mulhu, x.lo, y.lo), cross) }
}

/** Unsigned x < y as 0 or 1. */
function below(c: RiscvLower, x: Pair, y: Pair): XReg {
  const low = c.rrr(emit.sltu, x.lo, y.lo)
  const high = c.rrr(emit.sltu, x.hi, y.hi)
  return c.selectX(Opc.beq, x.hi, y.hi, low, high)
}

/** Shift amounts modulo 128: `big` is not zero where the amount is 64 or more; RISC-V takes the rest modulo 64 itself. */
function amountOf(c: RiscvLower, n: Value): { n: XReg; neg: XReg; big: XReg } {
  const a = c.amount(n)
  return { n: a, neg: c.rri(emit.xori, a, -1), big: c.rri(emit.andi, a, 64) }
}

function shlPair(c: RiscvLower, x: Pair, by: Value): Pair {
  const { n, neg, big } = amountOf(c, by)
  const lo = c.rrr(emit.sll, x.lo, n)
  // x.lo >> (64 - n), as (x.lo >> 1) >> (63 - n), which is right for n = 0 too
  const carried = c.rrr(emit.srl, c.rri(emit.srli, x.lo, 1), neg)
  const hi = c.rrr(emit.or, c.rrr(emit.sll, x.hi, n), carried)
  return { lo: c.selectX(Opc.beq, big, X0, lo, X0), hi: c.selectX(Opc.beq, big, X0, hi, lo) }
}

function shrPair(c: RiscvLower, x: Pair, by: Value, signed: boolean): Pair {
  const { n, neg, big } = amountOf(c, by)
  const hi = c.rrr(signed ? emit.sra : emit.srl, x.hi, n)
  const carried = c.rrr(emit.sll, c.rri(emit.slli, x.hi, 1), neg)
  const lo = c.rrr(emit.or, c.rrr(emit.srl, x.lo, n), carried)
  const fill = signed ? c.rri(emit.srai, x.hi, 63) : X0
  return { lo: c.selectX(Opc.beq, big, X0, lo, hi), hi: c.selectX(Opc.beq, big, X0, hi, fill) }
}

/** Rotation: exchange the halves where the amount is 64 or more, then shift each into the other. */
function rotPair(c: RiscvLower, x: Pair, by: Value, left: boolean): Pair {
  const { n, neg, big } = amountOf(c, by)
  const a = c.selectX(Opc.beq, big, X0, x.lo, x.hi)
  const b = c.selectX(Opc.beq, big, X0, x.hi, x.lo)
  if (left) {
    const fromA = c.rrr(emit.srl, c.rri(emit.srli, a, 1), neg)
    const fromB = c.rrr(emit.srl, c.rri(emit.srli, b, 1), neg)
    return { lo: c.rrr(emit.or, c.rrr(emit.sll, a, n), fromB), hi: c.rrr(emit.or, c.rrr(emit.sll, b, n), fromA) }
  }
  const fromA = c.rrr(emit.sll, c.rri(emit.slli, a, 1), neg)
  const fromB = c.rrr(emit.sll, c.rri(emit.slli, b, 1), neg)
  return { lo: c.rrr(emit.or, c.rrr(emit.srl, a, n), fromB), hi: c.rrr(emit.or, c.rrr(emit.srl, b, n), fromA) }
}

/** A count over both halves: that of `first`, or, where `first` is zero, 64 more than that of `second`. */
function countPair(c: RiscvLower, first: XReg, second: XReg, count: (x: XReg) => XReg): number {
  const a = count(first)
  const b = c.rri(emit.addi, count(second), 64)
  return c.pair(c.selectX(Opc.bne, first, X0, a, b), X0)
}

function negPair(c: RiscvLower, x: Pair): Pair {
  return subPair(c, { lo: X0, hi: X0 }, x)
}

function absPair(c: RiscvLower, x: Pair): Pair {
  const m = c.rri(emit.srai, x.hi, 63)
  return subPair(c, { lo: c.rrr(emit.xor, x.lo, m), hi: c.rrr(emit.xor, x.hi, m) }, { lo: m, hi: m })
}

function clsPair(c: RiscvLower, x: Pair): number {
  const m = c.rri(emit.srai, x.hi, 63)
  const lo = c.rrr(emit.xor, x.lo, m)
  const hi = c.rrr(emit.xor, x.hi, m)
  const a = leadingZeros(c, hi, 64)
  const b = c.rri(emit.addi, leadingZeros(c, lo, 64), 64)
  return c.pair(c.rri(emit.addi, c.selectX(Opc.bne, hi, X0, a, b), -1), X0)
}

function minMaxPair(c: RiscvLower, cc: number, swap: boolean, x: Value, y: Value): number {
  const less = swap ? setPair(c, cc, y, x) : setPair(c, cc, x, y)
  const lo = c.selectX(Opc.bne, less, X0, c.lo(x), c.lo(y))
  return c.pair(lo, c.selectX(Opc.bne, less, X0, c.hi(x), c.hi(y)))
}

/** Rounded up: (x | y) - ((x ^ y) >> 1). */
function averagePair(c: RiscvLower, x: Pair, y: Pair): number {
  const either = { lo: c.rrr(emit.or, x.lo, y.lo), hi: c.rrr(emit.or, x.hi, y.hi) }
  const low = c.rrr(emit.xor, x.lo, y.lo)
  const high = c.rrr(emit.xor, x.hi, y.hi)
  const carried = c.rrr(emit.or, c.rri(emit.srli, low, 1), c.rri(emit.slli, high, 63))
  return done(c, subPair(c, either, { lo: carried, hi: c.rri(emit.srli, high, 1) }))
}

const bitwise = (op: typeof emit.and) => (c: RiscvLower, _t: Type, x: Value, y: Value) =>
  c.pair(c.rrr(op, c.lo(x), c.lo(y)), c.rrr(op, c.hi(x), c.hi(y)))

function uaddOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const s = addPair(c, x, y)
  return c.handles.triple(s.lo, s.hi, below(c, s, y))
}
function usubOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const d = subPair(c, x, y)
  return c.handles.triple(d.lo, d.hi, below(c, x, y))
}
function saddOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const s = addPair(c, x, y)
  const o = c.rrr(emit.and, c.rrr(emit.xor, s.hi, x.hi), c.rrr(emit.xor, s.hi, y.hi))
  return c.handles.triple(s.lo, s.hi, c.rri(emit.srli, o, 63))
}
function ssubOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const d = subPair(c, x, y)
  const o = c.rrr(emit.and, c.rrr(emit.xor, x.hi, y.hi), c.rrr(emit.xor, x.hi, d.hi))
  return c.handles.triple(d.lo, d.hi, c.rri(emit.srli, o, 63))
}

/** x + y + k with the carry out, k being 0 or 1. */
function addCarry(c: RiscvLower, x: Pair, y: Pair, k: XReg): Pair & { readonly carry: XReg } {
  const s = addPair(c, x, y)
  const t = addPair(c, s, { lo: k, hi: X0 })
  // Only one of the two sums can overflow.
  return { lo: t.lo, hi: t.hi, carry: c.rrr(emit.or, below(c, s, y), below(c, t, s)) }
}
function subBorrow(c: RiscvLower, x: Pair, y: Pair, k: XReg): Pair & { readonly borrow: XReg } {
  const d = subPair(c, x, y)
  const e = subPair(c, d, { lo: k, hi: X0 })
  return { lo: e.lo, hi: e.hi, borrow: c.rrr(emit.or, below(c, x, y), below(c, d, { lo: k, hi: X0 })) }
}
function uaddCin(c: RiscvLower, x: Pair, y: Pair, k: XReg): number {
  const s = addCarry(c, x, y, k)
  return c.handles.triple(s.lo, s.hi, s.carry)
}
function usubBin(c: RiscvLower, x: Pair, y: Pair, k: XReg): number {
  const d = subBorrow(c, x, y, k)
  return c.handles.triple(d.lo, d.hi, d.borrow)
}
function saddCin(c: RiscvLower, x: Pair, y: Pair, k: XReg): number {
  const s = addPair(c, addPair(c, x, y), { lo: k, hi: X0 })
  const o = c.rrr(emit.and, c.rrr(emit.xor, s.hi, x.hi), c.rrr(emit.xor, s.hi, y.hi))
  return c.handles.triple(s.lo, s.hi, c.rri(emit.srli, o, 63))
}
function ssubBin(c: RiscvLower, x: Pair, y: Pair, k: XReg): number {
  const d = subPair(c, subPair(c, x, y), { lo: k, hi: X0 })
  const o = c.rrr(emit.and, c.rrr(emit.xor, x.hi, y.hi), c.rrr(emit.xor, x.hi, d.hi))
  return c.handles.triple(d.lo, d.hi, c.rri(emit.srli, o, 63))
}

/** The high 128 bits of the unsigned product, by words: Hacker's Delight, 8-2. */
function mulHighPair(c: RiscvLower, x: Pair, y: Pair): Pair {
  const wide = (a: XReg, b: XReg): Pair => ({ lo: c.rrr(emit.mul, a, b), hi: c.rrr(emit.mulhu, a, b) })
  const carried = c.rrr(emit.mulhu, x.lo, y.lo)
  const first = addPair(c, wide(x.hi, y.lo), { lo: carried, hi: X0 })
  const second = addPair(c, wide(x.lo, y.hi), { lo: first.lo, hi: X0 })
  const high = addPair(c, wide(x.hi, y.hi), { lo: first.hi, hi: X0 })
  const { lo, hi } = addPair(c, high, { lo: second.hi, hi: X0 })
  return { lo, hi }
}
/** The same of a signed product: less each factor where the other is negative. */
function mulHighSigned(c: RiscvLower, x: Pair, y: Pair): Pair {
  const part = (of: Pair, sign: XReg): Pair => {
    const m = c.rri(emit.srai, sign, 63)
    return { lo: c.rrr(emit.and, of.lo, m), hi: c.rrr(emit.and, of.hi, m) }
  }
  const { lo, hi } = subPair(c, subPair(c, mulHighPair(c, x, y), part(y, x.hi)), part(x, y.hi))
  return { lo, hi }
}
function umulOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const p = mulPair(c, x, y)
  const h = mulHighPair(c, x, y)
  return c.handles.triple(p.lo, p.hi, c.rrr(emit.sltu, X0, c.rrr(emit.or, h.lo, h.hi)))
}
function smulOverflow(c: RiscvLower, x: Pair, y: Pair): number {
  const p = mulPair(c, x, y)
  const h = mulHighSigned(c, x, y)
  const sign = c.rri(emit.srai, p.hi, 63)
  return c.handles.triple(
    p.lo,
    p.hi,
    c.rrr(emit.sltu, X0, c.rrr(emit.or, c.rrr(emit.xor, h.lo, sign), c.rrr(emit.xor, h.hi, sign))),
  )
}

/** Bits are bits: an f128 too. */
const pairs: TypeSet = typeUnion(i128, f128)

// biome-ignore format: table
export const pairRules: Rule[] = [
  rule('iadd_pair',   i128, [val, val], (x, y) => iadd(x, y),   (c, _t, x, y) => done(c, addPair(c, of(c, x), of(c, y)))),
  rule('isub_pair',   i128, [val, val], (x, y) => isub(x, y),   (c, _t, x, y) => done(c, subPair(c, of(c, x), of(c, y)))),
  rule('imul_pair',   i128, [val, val], (x, y) => imul(x, y),   (c, _t, x, y) => done(c, mulPair(c, of(c, x), of(c, y)))),
  rule('ineg_pair',   i128, [val],      (x) => ineg(x),         (c, _t, x) => done(c, negPair(c, of(c, x)))),
  rule('iabs_pair',   i128, [val],      (x) => iabs(x),         (c, _t, x) => done(c, absPair(c, of(c, x)))),
  rule('band_pair',   pairs, [val, val], (x, y) => band(x, y),   bitwise(emit.and)),
  rule('bor_pair',    pairs, [val, val], (x, y) => bor(x, y),    bitwise(emit.or)),
  rule('bxor_pair',   pairs, [val, val], (x, y) => bxor(x, y),   bitwise(emit.xor)),
  rule('bnot_pair',   pairs, [val],      (x) => bnot(x),         (c, _t, x) => c.pair(c.rri(emit.xori, c.lo(x), -1), c.rri(emit.xori, c.hi(x), -1))),
  rule('bitselect_pair', pairs, [val, val, val], (k, x, y) => bitselect(k, x, y), (c, _t, k, x, y) => c.pair(selectBits(c, c.lo(k), c.lo(x), c.lo(y)), selectBits(c, c.hi(k), c.hi(x), c.hi(y)))),
  rule('ishl_pair',   i128, [val, val], (x, n) => ishl(x, n),   (c, _t, x, n) => done(c, shlPair(c, of(c, x), n))),
  rule('ushr_pair',   i128, [val, val], (x, n) => ushr(x, n),   (c, _t, x, n) => done(c, shrPair(c, of(c, x), n, false))),
  rule('sshr_pair',   i128, [val, val], (x, n) => sshr(x, n),   (c, _t, x, n) => done(c, shrPair(c, of(c, x), n, true))),
  rule('rotl_pair',   i128, [val, val], (x, n) => rotl(x, n),   (c, _t, x, n) => done(c, rotPair(c, of(c, x), n, true))),
  rule('rotr_pair',   i128, [val, val], (x, n) => rotr(x, n),   (c, _t, x, n) => done(c, rotPair(c, of(c, x), n, false))),
  rule('smin_pair',   i128, [val, val], (x, y) => smin(x, y),   (c, _t, x, y) => minMaxPair(c, SLT, false, x, y)),
  rule('smax_pair',   i128, [val, val], (x, y) => smax(x, y),   (c, _t, x, y) => minMaxPair(c, SLT, true, x, y)),
  rule('umin_pair',   i128, [val, val], (x, y) => umin(x, y),   (c, _t, x, y) => minMaxPair(c, ULT, false, x, y)),
  rule('umax_pair',   i128, [val, val], (x, y) => umax(x, y),   (c, _t, x, y) => minMaxPair(c, ULT, true, x, y)),
  rule('avg_round_pair', i128, [val, val], (x, y) => avg_round(x, y), (c, _t, x, y) => averagePair(c, of(c, x), of(c, y))),
  rule('clz_pair',    i128, [val],      (x) => clz(x),          (c, _t, x) => countPair(c, c.hi(x), c.lo(x), (r) => leadingZeros(c, r, 64))),
  rule('ctz_pair',    i128, [val],      (x) => ctz(x),          (c, _t, x) => countPair(c, c.lo(x), c.hi(x), (r) => trailingZeros(c, r, 64))),
  rule('cls_pair',    i128, [val],      (x) => cls(x),          (c, _t, x) => clsPair(c, of(c, x))),
  rule('popcnt_pair', i128, [val],      (x) => popcnt(x),       (c, _t, x) => c.pair(c.rrr(emit.add, popcount(c, c.lo(x), 64), popcount(c, c.hi(x), 64)), X0)),
  rule('bswap_pair',  i128, [val],      (x) => bswap(x),        (c, _t, x) => c.pair(swapBytes(c, c.hi(x)), swapBytes(c, c.lo(x)))),
  rule('bitrev_pair', i128, [val],      (x) => bitrev(x),       (c, _t, x) => c.pair(reverseBits(c, c.hi(x)), reverseBits(c, c.lo(x)))),
  rule('uadd_overflow_pair', i128, [val, val], (x, y) => uadd_overflow(x, y), (c, _t, x, y) => uaddOverflow(c, of(c, x), of(c, y))),
  rule('usub_overflow_pair', i128, [val, val], (x, y) => usub_overflow(x, y), (c, _t, x, y) => usubOverflow(c, of(c, x), of(c, y))),
  rule('sadd_overflow_pair', i128, [val, val], (x, y) => sadd_overflow(x, y), (c, _t, x, y) => saddOverflow(c, of(c, x), of(c, y))),
  rule('umulhi_pair', i128, [val, val], (x, y) => umulhi(x, y), (c, _t, x, y) => done(c, mulHighPair(c, of(c, x), of(c, y)))),
  rule('smulhi_pair', i128, [val, val], (x, y) => smulhi(x, y), (c, _t, x, y) => done(c, mulHighSigned(c, of(c, x), of(c, y)))),
  rule('umul_overflow_pair', i128, [val, val], (x, y) => umul_overflow(x, y), (c, _t, x, y) => umulOverflow(c, of(c, x), of(c, y))),
  rule('smul_overflow_pair', i128, [val, val], (x, y) => smul_overflow(x, y), (c, _t, x, y) => smulOverflow(c, of(c, x), of(c, y))),
  rule('uadd_overflow_cin_pair', i128, [val, val, val], (x, y, k) => uadd_overflow_cin(x, y, k), (c, _t, x, y, k) => uaddCin(c, of(c, x), of(c, y), truth(c, k))),
  rule('sadd_overflow_cin_pair', i128, [val, val, val], (x, y, k) => sadd_overflow_cin(x, y, k), (c, _t, x, y, k) => saddCin(c, of(c, x), of(c, y), truth(c, k))),
  rule('usub_overflow_bin_pair', i128, [val, val, val], (x, y, k) => usub_overflow_bin(x, y, k), (c, _t, x, y, k) => usubBin(c, of(c, x), of(c, y), truth(c, k))),
  rule('ssub_overflow_bin_pair', i128, [val, val, val], (x, y, k) => ssub_overflow_bin(x, y, k), (c, _t, x, y, k) => ssubBin(c, of(c, x), of(c, y), truth(c, k))),
  rule('ssub_overflow_pair', i128, [val, val], (x, y) => ssub_overflow(x, y), (c, _t, x, y) => ssubOverflow(c, of(c, x), of(c, y))),
]
