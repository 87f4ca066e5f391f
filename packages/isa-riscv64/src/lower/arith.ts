// Integer arithmetic on one register. Bits above a value's width are undefined: operations whose low result bits depend on low operand
// bits only take their operands as they are; the others extend them.
import { I32, laneBits, type Type, type Value } from '@k23/ir'
import {
  avg_round,
  band,
  bnot,
  bor,
  bxor,
  comm,
  fits64,
  i32,
  i64,
  iabs,
  iadd,
  iconst,
  imm12,
  imul,
  ineg,
  intRange,
  ishl,
  isub,
  smax,
  smin,
  smulhi,
  type Rule,
  uintRange,
  umax,
  umin,
  umulhi,
  val,
  uextend,
  valOf,
} from '@k23/rules'

import { emit, Opc } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule, zba, zbb, zbs } from './types.ts'

const shadds = [emit.sh1add, emit.sh2add, emit.sh3add]
const shaddUws = [emit.sh1add_uw, emit.sh2add_uw, emit.sh3add_uw]

type Op2 = typeof emit.add

/** min and max by comparison: keep x where `row` holds of its extended form. */
function minMax(c: RiscvLower, row: number, signed: boolean, swap: boolean, x: Value, y: Value): XReg {
  const a = signed ? c.sx(x) : c.zx(x)
  const b = signed ? c.sx(y) : c.zx(y)
  return swap ? c.selectX(row, b, a, a, b) : c.selectX(row, a, b, a, b)
}

function mulHigh(c: RiscvLower, t: Type, signed: boolean, x: Value, y: Value): XReg {
  const n = laneBits(t)
  const a = signed ? c.sx(x) : c.zx(x)
  const b = signed ? c.sx(y) : c.zx(y)
  if (n === 64) return c.rrr(signed ? emit.mulh : emit.mulhu, a, b)
  return c.rri(emit.srli, c.rrr(emit.mul, a, b), n)
}

/** |x| by mask: (x ^ m) - m with m the sign. */
function absolute(c: RiscvLower, x: XReg): XReg {
  const m = c.rri(emit.srai, x, 63)
  return c.rrr(emit.sub, c.rrr(emit.xor, x, m), m)
}

const op2 = (f: Op2) => (c: RiscvLower, _t: Type, x: Value, y: Value) => c.rrr(f, c.x(x), c.x(y))

/** i32 results are left sign-extended (extension.ts counts on it). */
const wide =
  (f: Op2, word: Op2) =>
  (c: RiscvLower, t: Type, x: Value, y: Value): XReg =>
    c.rrr(t === I32 ? word : f, c.x(x), c.x(y))
const addImm = (c: RiscvLower, t: Type, x: Value, k: number): XReg =>
  c.rri(t === I32 ? emit.addiw : emit.addi, c.x(x), k)

/** (x | y) - ((x ^ y) >> 1): the mean, rounded up, without the sum's carry. */
function average(c: RiscvLower, _t: Type, x: Value, y: Value): XReg {
  const a = c.zx(x)
  const b = c.zx(y)
  return c.rrr(emit.sub, c.rrr(emit.or, a, b), c.rri(emit.srli, c.rrr(emit.xor, a, b), 1))
}

// biome-ignore format: table
export const arithRules: Rule[] = [
  rule('iadd_shl_uw', i64, [val, valOf(i32), uintRange(1, 3)], (x, y, n) => comm(iadd)(x, ishl(uextend(y), iconst(n))), (c, _t, x, y, n) => c.rrr(shaddUws[n - 1], c.x(y), c.x(x)), { has: [zba] }),
  rule('iadd_shl',    i64,    [val, val, uintRange(1, 3)],    (x, y, n) => comm(iadd)(x, ishl(y, iconst(n))),           (c, _t, x, y, n) => c.rrr(shadds[n - 1], c.x(y), c.x(x)), { has: [zba] }),
  rule('iadd_uw',     i64,    [val, valOf(i32)],              (x, y) => comm(iadd)(x, uextend(y)),                      (c, _t, x, y) => c.rrr(emit.add_uw, c.x(y), c.x(x)), { has: [zba] }),
  rule('iadd_imm',    fits64, [val, imm12],                   (x, k) => comm(iadd)(x, iconst(k)),                       addImm),
  rule('iadd',        fits64, [val, val],                     (x, y) => iadd(x, y),                                     wide(emit.add, emit.addw)),
  rule('isub_imm',    fits64, [val, intRange(-2047, 2048)],   (x, k) => isub(x, iconst(k)),                             (c, t, x, k) => addImm(c, t, x, -k)),
  rule('isub',        fits64, [val, val],                     (x, y) => isub(x, y),                                     wide(emit.sub, emit.subw)),
  rule('ineg',        fits64, [val],                          (x) => ineg(x),                                           (c, t, x) => c.rrr(t === I32 ? emit.subw : emit.sub, X0, c.x(x))),
  rule('imul',        fits64, [val, val],                     (x, y) => imul(x, y),                                     wide(emit.mul, emit.mulw)),
  rule('umulhi',      fits64, [val, val],                     (x, y) => umulhi(x, y),                                   (c, t, x, y) => mulHigh(c, t, false, x, y)),
  rule('smulhi',      fits64, [val, val],                     (x, y) => smulhi(x, y),                                   (c, t, x, y) => mulHigh(c, t, true, x, y)),

  rule('avg_round',   fits64, [val, val],                     (x, y) => avg_round(x, y),                                average),

  rule('smin_zbb',    fits64, [val, val],                     (x, y) => smin(x, y),                                     (c, _t, x, y) => c.rrr(emit.min, c.sx(x), c.sx(y)), { has: [zbb] }),
  rule('smax_zbb',    fits64, [val, val],                     (x, y) => smax(x, y),                                     (c, _t, x, y) => c.rrr(emit.max, c.sx(x), c.sx(y)), { has: [zbb] }),
  rule('umin_zbb',    fits64, [val, val],                     (x, y) => umin(x, y),                                     (c, _t, x, y) => c.rrr(emit.minu, c.zx(x), c.zx(y)), { has: [zbb] }),
  rule('umax_zbb',    fits64, [val, val],                     (x, y) => umax(x, y),                                     (c, _t, x, y) => c.rrr(emit.maxu, c.zx(x), c.zx(y)), { has: [zbb] }),
  rule('smin',        fits64, [val, val],                     (x, y) => smin(x, y),                                     (c, _t, x, y) => minMax(c, Opc.blt, true, false, x, y)),
  rule('smax',        fits64, [val, val],                     (x, y) => smax(x, y),                                     (c, _t, x, y) => minMax(c, Opc.blt, true, true, x, y)),
  rule('umin',        fits64, [val, val],                     (x, y) => umin(x, y),                                     (c, _t, x, y) => minMax(c, Opc.bltu, false, false, x, y)),
  rule('umax',        fits64, [val, val],                     (x, y) => umax(x, y),                                     (c, _t, x, y) => minMax(c, Opc.bltu, false, true, x, y)),
  rule('iabs_zbb',    fits64, [val],                          (x) => iabs(x),                                           (c, _t, x) => { const a = c.sx(x); return c.rrr(emit.max, a, c.rrr(emit.sub, X0, a)) }, { has: [zbb] }),
  rule('iabs',        fits64, [val],                          (x) => iabs(x),                                           (c, _t, x) => absolute(c, c.sx(x))),

  rule('bset',        i64,    [val, val],                     (x, n) => comm(bor)(x, ishl(iconst(1), n)),               (c, _t, x, n) => c.rrr(emit.bset, c.x(x), c.amount(n)), { has: [zbs] }),
  rule('binv',        i64,    [val, val],                     (x, n) => comm(bxor)(x, ishl(iconst(1), n)),              (c, _t, x, n) => c.rrr(emit.binv, c.x(x), c.amount(n)), { has: [zbs] }),
  rule('bclr',        i64,    [val, val],                     (x, n) => comm(band)(x, bnot(ishl(iconst(1), n))),        (c, _t, x, n) => c.rrr(emit.bclr, c.x(x), c.amount(n)), { has: [zbs] }),
  rule('andn',        fits64, [val, val],                     (x, y) => comm(band)(x, bnot(y)),                         op2(emit.andn), { has: [zbb] }),
  rule('orn',         fits64, [val, val],                     (x, y) => comm(bor)(x, bnot(y)),                          op2(emit.orn), { has: [zbb] }),
  rule('xnor',        fits64, [val, val],                     (x, y) => comm(bxor)(x, bnot(y)),                         op2(emit.xnor), { has: [zbb] }),
  rule('bnot_xor',    fits64, [val, val],                     (x, y) => bnot(bxor(x, y)),                               op2(emit.xnor), { has: [zbb] }),
  rule('band_imm',    fits64, [val, imm12],                   (x, k) => comm(band)(x, iconst(k)),                       (c, _t, x, k) => c.rri(emit.andi, c.x(x), k)),
  rule('band',        fits64, [val, val],                     (x, y) => band(x, y),                                     op2(emit.and)),
  rule('bor_imm',     fits64, [val, imm12],                   (x, k) => comm(bor)(x, iconst(k)),                        (c, _t, x, k) => c.rri(emit.ori, c.x(x), k)),
  rule('bor',         fits64, [val, val],                     (x, y) => bor(x, y),                                      op2(emit.or)),
  rule('bxor_imm',    fits64, [val, imm12],                   (x, k) => comm(bxor)(x, iconst(k)),                       (c, _t, x, k) => c.rri(emit.xori, c.x(x), k)),
  rule('bxor',        fits64, [val, val],                     (x, y) => bxor(x, y),                                     op2(emit.xor)),
  rule('bnot',        fits64, [val],                          (x) => bnot(x),                                           (c, _t, x) => c.rri(emit.xori, c.x(x), -1)),
]
