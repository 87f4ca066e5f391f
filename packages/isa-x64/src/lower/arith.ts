// Integer arithmetic and logic on one register. Bits above a value's width are undefined, so narrow operations whose low result bits depend on low operand
// bits only are done on 32 bits.
import { I64, laneBits, SLT, type Type, ULT, type Value } from '@k23/ir'
import {
  avg_round,
  band,
  bitselect,
  bnot,
  bor,
  bxor,
  comm,
  fits64,
  i64,
  iabs,
  iadd,
  iconst,
  imul,
  ineg,
  ishl,
  isub,
  type Rule,
  simm32,
  smax,
  smin,
  smulhi,
  uintRange,
  umax,
  umin,
  umulhi,
  val,
} from '@k23/rules'
import { CC, emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import type { Two, TwoImm, TwoMem } from '../context.ts'
import { compare, selectGpr, sizeIndex } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { sink, sinkableLoad } from './operands.ts'
import { bmi1, rule } from './types.ts'

interface Family {
  readonly rr: readonly [Two, Two]
  readonly rm: readonly [TwoMem, TwoMem]
  readonly ri: readonly [TwoImm, TwoImm]
}

const wide = (t: Type): number => (t === I64 ? 1 : 0)

// biome-ignore format: table
export const families: Readonly<Record<'add' | 'sub' | 'and' | 'or' | 'xor', Family>> = {
  add: { rr: [emit.addl_rr, emit.addq_rr], rm: [emit.addl_rm, emit.addq_rm], ri: [emit.addl_ri, emit.addq_ri] },
  sub: { rr: [emit.subl_rr, emit.subq_rr], rm: [emit.subl_rm, emit.subq_rm], ri: [emit.subl_ri, emit.subq_ri] },
  and: { rr: [emit.andl_rr, emit.andq_rr], rm: [emit.andl_rm, emit.andq_rm], ri: [emit.andl_ri, emit.andq_ri] },
  or:  { rr: [emit.orl_rr, emit.orq_rr],   rm: [emit.orl_rm, emit.orq_rm],   ri: [emit.orl_ri, emit.orq_ri] },
  xor: { rr: [emit.xorl_rr, emit.xorq_rr], rm: [emit.xorl_rm, emit.xorq_rm], ri: [emit.xorl_ri, emit.xorq_ri] },
}

/** A load of exactly the width that an instruction on `t` reads: narrow types are computed on 32 bits, which would read too much. */
function exactLoad(c: X64Lower, t: Type, x: Value) {
  return laneBits(t) >= 32 ? sinkableLoad(c, x) : -1
}

const binary =
  (of: Family, commutes: boolean) =>
  (c: X64Lower, t: Type, x: Value, y: Value): Gpr => {
    const w = wide(t)
    const right = exactLoad(c, t, y)
    if (right !== -1) {
      const a = c.g(x)
      return c.twoMem(of.rm[w], a, sink(c, right))
    }
    const left = commutes ? exactLoad(c, t, x) : -1
    if (left !== -1) {
      const b = c.g(y)
      return c.twoMem(of.rm[w], b, sink(c, left))
    }
    const a = c.g(x)
    return c.two(of.rr[w], a, c.g(y))
  }

const withImm =
  (of: Family) =>
  (c: X64Lower, t: Type, x: Value, k: number): Gpr =>
    c.twoImm(of.ri[wide(t)], c.g(x), k)

/** x + k in another register: an address that is no address. */
function addImm(c: X64Lower, t: Type, x: Value, k: number): Gpr {
  return k === 0 ? c.same(x) : c.load(t === I64 ? emit.leaq_rm : emit.leal_rm, c.at(c.g(x), k))
}

function addShifted(c: X64Lower, t: Type, x: Value, y: Value, n: number): Gpr {
  const a = c.g(x)
  return c.load(t === I64 ? emit.leaq_rm : emit.leal_rm, c.indexed(a, c.g(y), n, 0))
}

function andImm(c: X64Lower, t: Type, x: Value, k: number): Gpr {
  const a = c.g(x)
  const low = laneBits(t) < 32 ? k & (2 ** laneBits(t) - 1) : k
  if (low === 0xff) return c.one(emit.movzbl_rr, a)
  if (low === 0xffff) return c.one(emit.movzwl_rr, a)
  // A mask without sign clears the high half, as any operation on 32 bits does.
  return c.twoImm(k >= 0 ? emit.andl_ri : families.and.ri[wide(t)], a, k)
}

/** Factors of a lea: index * 2 ** shift + base. */
const LEA_SHIFT = new Map([
  [3, 1],
  [5, 2],
  [9, 3],
])

/** x times 3, 5 or 9. */
function byLea(c: X64Lower, t: Type, a: Gpr, k: number): Gpr {
  return c.load(t === I64 ? emit.leaq_rm : emit.leal_rm, c.indexed(a, a, LEA_SHIFT.get(k) as number, 0))
}

/** Two instructions of one cycle each come before a multiplication, which takes three. */
function mulImm(c: X64Lower, t: Type, x: Value, k: number): Gpr {
  const a = c.g(x)
  const q = t === I64
  const shl = (v: Gpr, n: number): Gpr => (n === 0 ? v : c.twoImm(q ? emit.shlq_ri : emit.shll_ri, v, n))
  if (k > 1) {
    const shift = 31 - Math.clz32(k & -k)
    const odd = k >>> shift
    if (odd === 1) return shl(a, shift)
    if (LEA_SHIFT.has(odd)) return shl(byLea(c, t, a, odd), shift)
    for (const f of LEA_SHIFT.keys())
      if (shift === 0 && odd % f === 0 && LEA_SHIFT.has(odd / f)) return byLea(c, t, byLea(c, t, a, f), odd / f)
  }
  const d = c.tg()
  ;(q ? emit.imulq_rri : emit.imull_rri)(c, d, a, k)
  return d
}

function mul(c: X64Lower, t: Type, x: Value, y: Value): Gpr {
  const q = t === I64
  for (const [p, m] of [
    [x, y],
    [y, x],
  ]) {
    const load = exactLoad(c, t, m)
    if (load === -1) continue
    const a = c.g(p)
    return c.twoMem(q ? emit.imulq_rm : emit.imull_rm, a, sink(c, load))
  }
  const a = c.g(x)
  return c.two(q ? emit.imulq_rr : emit.imull_rr, a, c.g(y))
}

/** The high half of a 64-bit product. */
export function mulHigh64(c: X64Lower, signed: boolean, a: Gpr, b: Gpr): { lo: Gpr; hi: Gpr } {
  const hi = c.tg()
  const lo = c.tg()
  ;(signed ? emit.imul1q_r : emit.mulq_r)(c, hi, lo, a, b)
  return { lo, hi }
}

function mulHigh(c: X64Lower, t: Type, signed: boolean, x: Value, y: Value): Gpr {
  const n = laneBits(t)
  if (n === 64) {
    const a = c.g(x)
    return mulHigh64(c, signed, a, c.g(y)).hi
  }
  const a = signed ? c.sx(x) : c.zx(x)
  const product = c.two(emit.imulq_rr, a, signed ? c.sx(y) : c.zx(y))
  return c.twoImm(emit.shrq_ri, product, n)
}

const minMax =
  (less: typeof SLT, max: boolean) =>
  (c: X64Lower, _t: Type, x: Value, y: Value): Gpr => {
    const a = c.g(x)
    const b = c.g(y)
    // Read again by the comparison, which must not merge what is in a register already.
    const k = compare(c, less, x, y)
    return max ? selectGpr(c, k, b, a) : selectGpr(c, k, a, b)
  }

// By width: the sign flag must be that of the value.
const negate = [emit.negb_r, emit.negw_r, emit.negl_r, emit.negq_r]

function absolute(c: X64Lower, t: Type, x: Value): Gpr {
  const a = c.g(x)
  const neg = c.inPlace(negate[sizeIndex(t)], a)
  return selectGpr(c, CC.s, a, neg)
}

/** (x | y) - ((x ^ y) >> 1): the mean, rounded up, without the sum's carry. */
function average(c: X64Lower, _t: Type, x: Value, y: Value): Gpr {
  const a = c.zx(x)
  const b = c.zx(y)
  const half = c.twoImm(emit.shrq_ri, c.two(emit.xorq_rr, a, b), 1)
  return c.two(emit.subq_rr, c.two(emit.orq_rr, a, b), half)
}

/** Bits of x where k has ones, of y where it has zeros. */
export function selectBits(c: X64Lower, k: Gpr, x: Gpr, y: Gpr): Gpr {
  return c.two(emit.xorq_rr, y, c.two(emit.andq_rr, c.two(emit.xorq_rr, x, y), k))
}

function andNot(c: X64Lower, t: Type, x: Value, y: Value): Gpr {
  const d = c.tg()
  const a = c.g(y)
  ;(t === I64 ? emit.andnq_rr : emit.andnl_rr)(c, d, a, c.g(x))
  return d
}

// biome-ignore format: table
export const arithRules: Rule[] = [
  rule('iadd_shl',    fits64, [val, val, uintRange(1, 3)],    (x, y, n) => comm(iadd)(x, ishl(y, iconst(n))),           addShifted),
  rule('iadd_imm',    fits64, [val, simm32],                  (x, k) => comm(iadd)(x, iconst(k)),                       addImm),
  rule('iadd',        fits64, [val, val],                     (x, y) => iadd(x, y),                                     binary(families.add, true)),
  rule('isub_imm',    fits64, [val, simm32],                  (x, k) => isub(x, iconst(k)),                             withImm(families.sub)),
  rule('isub',        fits64, [val, val],                     (x, y) => isub(x, y),                                     binary(families.sub, false)),
  rule('ineg',        fits64, [val],                          (x) => ineg(x),                                           (c, t, x) => c.inPlace(t === I64 ? emit.negq_r : emit.negl_r, c.g(x))),
  rule('imul_imm',    fits64, [val, simm32],                  (x, k) => comm(imul)(x, iconst(k)),                       mulImm),
  rule('imul',        fits64, [val, val],                     (x, y) => imul(x, y),                                     mul),
  rule('umulhi',      fits64, [val, val],                     (x, y) => umulhi(x, y),                                   (c, t, x, y) => mulHigh(c, t, false, x, y)),
  rule('smulhi',      fits64, [val, val],                     (x, y) => smulhi(x, y),                                   (c, t, x, y) => mulHigh(c, t, true, x, y)),
  rule('avg_round',   fits64, [val, val],                     (x, y) => avg_round(x, y),                                average),
  rule('smin',        fits64, [val, val],                     (x, y) => smin(x, y),                                     minMax(SLT, false)),
  rule('smax',        fits64, [val, val],                     (x, y) => smax(x, y),                                     minMax(SLT, true)),
  rule('umin',        fits64, [val, val],                     (x, y) => umin(x, y),                                     minMax(ULT, false)),
  rule('umax',        fits64, [val, val],                     (x, y) => umax(x, y),                                     minMax(ULT, true)),
  rule('iabs',        fits64, [val],                          (x) => iabs(x),                                           absolute),

  rule('andn',        fits64, [val, val],                     (x, y) => comm(band)(x, bnot(y)),                         andNot, { has: [bmi1] }),
  rule('band_low',    i64,    [val],                          (x) => comm(band)(x, iconst(0xffffffff)),                 (c, _t, x) => c.one(emit.movl_rr, c.g(x))),
  rule('band_imm',    fits64, [val, simm32],                  (x, k) => comm(band)(x, iconst(k)),                       andImm),
  rule('band',        fits64, [val, val],                     (x, y) => band(x, y),                                     binary(families.and, true)),
  rule('bor_imm',     fits64, [val, simm32],                  (x, k) => comm(bor)(x, iconst(k)),                        withImm(families.or)),
  rule('bor',         fits64, [val, val],                     (x, y) => bor(x, y),                                      binary(families.or, true)),
  rule('bxor_imm',    fits64, [val, simm32],                  (x, k) => comm(bxor)(x, iconst(k)),                       withImm(families.xor)),
  rule('bxor',        fits64, [val, val],                     (x, y) => bxor(x, y),                                     binary(families.xor, true)),
  rule('bnot',        fits64, [val],                          (x) => bnot(x),                                           (c, t, x) => c.inPlace(t === I64 ? emit.notq_r : emit.notl_r, c.g(x))),
  rule('bitselect',   fits64, [val, val, val],                (k, x, y) => bitselect(k, x, y),                          (c, _t, k, x, y) => selectBits(c, c.g(k), c.g(x), c.g(y))),
]
