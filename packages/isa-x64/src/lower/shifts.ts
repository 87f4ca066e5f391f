// Shifts and rotations. The machine takes shift amounts modulo 32, or 64 for 64 bits; CLIF modulo the width, so amounts of narrow shifts are masked. Narrow
// rotations are right without: 32 is a multiple of the width. The amount's type is any integer: its low register counts.
import { I64, laneBits, type Type, type Value } from '@k23/ir'
import { fits64, iconst, ishl, type Rule, rotl, rotr, sshr, uintRange, ushr, val, w32or64 } from '@k23/rules'
import type { TwoImm, X64Ctx } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Gpr, Writable } from '../insts/index.ts'
import type { X64Lower } from './driver.ts'
import { sizeIndex } from './compare.ts'
import { bmi2, rule } from './types.ts'

const anyAmount = uintRange(0, 0x7fffffff)

type ShiftX = (s: X64Ctx, dst: Writable<Gpr>, src: Gpr, count: Gpr) => number

interface Shift {
  readonly imm: readonly [TwoImm, TwoImm]
  /** Amount in rcx. */
  readonly cl: readonly [Two3, Two3]
  readonly x: readonly [ShiftX, ShiftX]
}
type Two3 = (s: X64Ctx, dst: Writable<Gpr>, dstIn: Gpr, rcx: Gpr) => number

// biome-ignore format: table
const shifts: Readonly<Record<'shl' | 'shr' | 'sar', Shift>> = {
  shl: { imm: [emit.shll_ri, emit.shlq_ri], cl: [emit.shll_rc, emit.shlq_rc], x: [emit.shlxl_rr, emit.shlxq_rr] },
  shr: { imm: [emit.shrl_ri, emit.shrq_ri], cl: [emit.shrl_rc, emit.shrq_rc], x: [emit.shrxl_rr, emit.shrxq_rr] },
  sar: { imm: [emit.sarl_ri, emit.sarq_ri], cl: [emit.sarl_rc, emit.sarq_rc], x: [emit.sarxl_rr, emit.sarxq_rr] },
}
const rolImm: readonly TwoImm[] = [emit.rolb_ri, emit.rolw_ri, emit.roll_ri, emit.rolq_ri]
const rorImm: readonly TwoImm[] = [emit.rorb_ri, emit.rorw_ri, emit.rorl_ri, emit.rorq_ri]
const rolCl: readonly Two3[] = [emit.rolb_rc, emit.rolw_rc, emit.roll_rc, emit.rolq_rc]
const rorCl: readonly Two3[] = [emit.rorb_rc, emit.rorw_rc, emit.rorl_rc, emit.rorq_rc]

const wide = (t: Type): number => (t === I64 ? 1 : 0)

/** The value as the shift reads it: bits come in from above. */
function source(c: X64Lower, t: Type, x: Value, of: Shift): Gpr {
  if (laneBits(t) >= 32 || of === shifts.shl) return c.g(x)
  return of === shifts.sar ? c.sx32(x) : c.zx32(x)
}

const byImm =
  (of: Shift) =>
  (c: X64Lower, t: Type, x: Value, n: number): Gpr => {
    const k = n & (laneBits(t) - 1)
    return k === 0 ? c.same(x) : c.twoImm(of.imm[wide(t)], source(c, t, x, of), k)
  }

function amount(c: X64Lower, t: Type, n: Value): Gpr {
  const r = c.low(n)
  return laneBits(t) >= 32 ? r : c.twoImm(emit.andl_ri, r, laneBits(t) - 1)
}

const byCl =
  (of: Shift) =>
  (c: X64Lower, t: Type, x: Value, n: Value): Gpr => {
    const a = source(c, t, x, of)
    return c.two(of.cl[wide(t)], a, amount(c, t, n))
  }

const byX =
  (of: Shift) =>
  (c: X64Lower, t: Type, x: Value, n: Value): Gpr => {
    const a = source(c, t, x, of)
    return c.two(of.x[wide(t)], a, amount(c, t, n))
  }

const rotateImm =
  (rows: readonly TwoImm[]) =>
  (c: X64Lower, t: Type, x: Value, n: number): Gpr => {
    const k = n & (laneBits(t) - 1)
    return k === 0 ? c.same(x) : c.twoImm(rows[sizeIndex(t)], c.g(x), k)
  }

/** rorx leaves its operand and the flags alone. */
const rotateX =
  (left: boolean) =>
  (c: X64Lower, t: Type, x: Value, n: number): Gpr => {
    const bits = laneBits(t)
    const k = (left ? -n : n) & (bits - 1)
    if (k === 0) return c.same(x)
    const a = c.g(x)
    const d = c.tg()
    ;(bits === 64 ? emit.rorxq_rri : emit.rorxl_rri)(c, d, a, k)
    return d
  }

const rotate =
  (rows: readonly Two3[]) =>
  (c: X64Lower, t: Type, x: Value, n: Value): Gpr => {
    const a = c.g(x)
    return c.two(rows[sizeIndex(t)], a, c.low(n))
  }

// biome-ignore format: table
export const shiftRules: Rule[] = [
  rule('ishl_imm',  fits64,  [val, anyAmount], (x, n) => ishl(x, iconst(n)), byImm(shifts.shl)),
  rule('ishl_bmi2', fits64,  [val, val],       (x, n) => ishl(x, n),         byX(shifts.shl), { has: [bmi2] }),
  rule('ishl',      fits64,  [val, val],       (x, n) => ishl(x, n),         byCl(shifts.shl)),
  rule('ushr_imm',  fits64,  [val, anyAmount], (x, n) => ushr(x, iconst(n)), byImm(shifts.shr)),
  rule('ushr_bmi2', fits64,  [val, val],       (x, n) => ushr(x, n),         byX(shifts.shr), { has: [bmi2] }),
  rule('ushr',      fits64,  [val, val],       (x, n) => ushr(x, n),         byCl(shifts.shr)),
  rule('sshr_imm',  fits64,  [val, anyAmount], (x, n) => sshr(x, iconst(n)), byImm(shifts.sar)),
  rule('sshr_bmi2', fits64,  [val, val],       (x, n) => sshr(x, n),         byX(shifts.sar), { has: [bmi2] }),
  rule('sshr',      fits64,  [val, val],       (x, n) => sshr(x, n),         byCl(shifts.sar)),
  rule('rotl_bmi2', w32or64, [val, anyAmount], (x, n) => rotl(x, iconst(n)), rotateX(true), { has: [bmi2] }),
  rule('rotl_imm',  fits64,  [val, anyAmount], (x, n) => rotl(x, iconst(n)), rotateImm(rolImm)),
  rule('rotl',      fits64,  [val, val],       (x, n) => rotl(x, n),         rotate(rolCl)),
  rule('rotr_bmi2', w32or64, [val, anyAmount], (x, n) => rotr(x, iconst(n)), rotateX(false), { has: [bmi2] }),
  rule('rotr_imm',  fits64,  [val, anyAmount], (x, n) => rotr(x, iconst(n)), rotateImm(rorImm)),
  rule('rotr',      fits64,  [val, val],       (x, n) => rotr(x, n),         rotate(rorCl)),
]
