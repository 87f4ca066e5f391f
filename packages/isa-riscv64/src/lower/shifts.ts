// Shifts and rotations. RISC-V takes shift amounts modulo 64 (modulo 32 for *w); CLIF modulo the width, so amounts of narrow shifts are masked. The amount's
// type is any integer: its low register counts.
import { I32, I64, laneBits, type Type, type Value } from '@k23/ir'
import { fits64, iconst, ishl, type Rule, rotl, rotr, sshr, uintRange, ushr, val, w32or64 } from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { ZBB } from '../features.ts'
import { rule, zbb } from './types.ts'

const anyAmount = uintRange(0, 0x7fffffff)

/** The amount modulo the width of t, in a register. */
function masked(c: RiscvLower, t: Type, n: Value): XReg {
  return c.rri(emit.andi, c.amount(n), laneBits(t) - 1)
}

function shlImm(c: RiscvLower, t: Type, x: Value, n: number): XReg {
  return c.rri(t === I32 ? emit.slliw : emit.slli, c.x(x), n & (laneBits(t) - 1))
}
function ushrImm(c: RiscvLower, t: Type, x: Value, n: number): XReg {
  const bits = laneBits(t)
  const k = n & (bits - 1)
  if (t === I64) return c.rri(emit.srli, c.x(x), k)
  if (t === I32) return c.rri(emit.srliw, c.x(x), k)
  // to the top and back, which drops what is above the value
  return c.rri(emit.srli, c.rri(emit.slli, c.x(x), 64 - bits), 64 - bits + k)
}
function sshrImm(c: RiscvLower, t: Type, x: Value, n: number): XReg {
  const bits = laneBits(t)
  const k = n & (bits - 1)
  if (t === I64) return c.rri(emit.srai, c.x(x), k)
  if (t === I32) return c.rri(emit.sraiw, c.x(x), k)
  return c.rri(emit.srai, c.rri(emit.slli, c.x(x), 64 - bits), 64 - bits + k)
}
function shl(c: RiscvLower, t: Type, x: Value, n: Value): XReg {
  if (t === I64) return c.rrr(emit.sll, c.x(x), c.amount(n))
  if (t === I32) return c.rrr(emit.sllw, c.x(x), c.amount(n))
  return c.rrr(emit.sll, c.x(x), masked(c, t, n))
}
function ushrReg(c: RiscvLower, t: Type, x: Value, n: Value): XReg {
  if (t === I64) return c.rrr(emit.srl, c.x(x), c.amount(n))
  if (t === I32) return c.rrr(emit.srlw, c.x(x), c.amount(n))
  return c.rrr(emit.srl, c.zx(x), masked(c, t, n))
}
function sshrReg(c: RiscvLower, t: Type, x: Value, n: Value): XReg {
  if (t === I64) return c.rrr(emit.sra, c.x(x), c.amount(n))
  if (t === I32) return c.rrr(emit.sraw, c.x(x), c.amount(n))
  return c.rrr(emit.sra, c.sx(x), masked(c, t, n))
}

/** Rotation by two shifts: by n in one direction, by -n in the other. */
function rotate(c: RiscvLower, t: Type, x: Value, n: Value, left: boolean): XReg {
  const bits = laneBits(t)
  const amount = c.amount(n)
  const neg = c.rrr(emit.sub, X0, amount)
  if (bits >= 32) {
    const w = bits === 32
    const a = c.x(x)
    const up = c.rrr(w ? emit.sllw : emit.sll, a, left ? amount : neg)
    const down = c.rrr(w ? emit.srlw : emit.srl, a, left ? neg : amount)
    return c.rrr(emit.or, up, down)
  }
  const a = c.zx(x)
  const by = c.rri(emit.andi, amount, bits - 1)
  const back = c.rri(emit.andi, neg, bits - 1)
  return c.rrr(emit.or, c.rrr(emit.sll, a, left ? by : back), c.rrr(emit.srl, a, left ? back : by))
}

function rotateImm(c: RiscvLower, t: Type, x: Value, amount: number, left: boolean): XReg {
  const bits = laneBits(t)
  const right = (left ? -amount : amount) & (bits - 1)
  if (right === 0) return c.x(x)
  if (bits >= 32 && c.has(ZBB)) return c.rri(bits === 64 ? emit.rori : emit.roriw, c.x(x), right)
  const a = bits >= 32 ? c.x(x) : c.zx(x)
  const down = c.rri(bits === 32 ? emit.srliw : emit.srli, a, right)
  return c.rrr(emit.or, c.rri(emit.slli, a, bits - right), down)
}

const wordOr = (wide: typeof emit.rol, word: typeof emit.rolw) => (c: RiscvLower, t: Type, x: Value, n: Value) =>
  c.rrr(t === I64 ? wide : word, c.x(x), c.amount(n))

// biome-ignore format: table
export const shiftRules: Rule[] = [
  rule('ishl_imm', fits64,  [val, anyAmount], (x, n) => ishl(x, iconst(n)), shlImm),
  rule('ishl',     fits64,  [val, val],       (x, n) => ishl(x, n),         shl),
  rule('ushr_imm', fits64,  [val, anyAmount], (x, n) => ushr(x, iconst(n)), ushrImm),
  rule('ushr',     fits64,  [val, val],       (x, n) => ushr(x, n),         ushrReg),
  rule('sshr_imm', fits64,  [val, anyAmount], (x, n) => sshr(x, iconst(n)), sshrImm),
  rule('sshr',     fits64,  [val, val],       (x, n) => sshr(x, n),         sshrReg),
  rule('rotl_imm', fits64,  [val, anyAmount], (x, n) => rotl(x, iconst(n)), (c, t, x, n) => rotateImm(c, t, x, n, true)),
  rule('rotl_zbb', w32or64, [val, val],       (x, n) => rotl(x, n),         wordOr(emit.rol, emit.rolw), { has: [zbb] }),
  rule('rotl',     fits64,  [val, val],       (x, n) => rotl(x, n),         (c, t, x, n) => rotate(c, t, x, n, true)),
  rule('rotr_imm', fits64,  [val, anyAmount], (x, n) => rotr(x, iconst(n)), (c, t, x, n) => rotateImm(c, t, x, n, false)),
  rule('rotr_zbb', w32or64, [val, val],       (x, n) => rotr(x, n),         wordOr(emit.ror, emit.rorw), { has: [zbb] }),
  rule('rotr',     fits64,  [val, val],       (x, n) => rotr(x, n),         (c, t, x, n) => rotate(c, t, x, n, false)),
]
