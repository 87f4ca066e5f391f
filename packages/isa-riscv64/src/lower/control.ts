// Comparisons, selections, branches, traps, calls by address, and the registers that CLIF names.
import { type ExternalName, F16, type GlobalValue, I16, I64, isFloat, signature, type Type, type Value } from '@k23/ir'
import {
  any,
  blendv,
  bmask,
  br_table,
  brif,
  cc,
  debugtrap,
  f128,
  f16,
  f32,
  f64,
  fence,
  fits64,
  func_addr,
  get_frame_pointer,
  get_pinned_reg,
  get_return_address,
  get_stack_pointer,
  i128,
  i64,
  icmp,
  iconst,
  intRange,
  jumpTable,
  type Rule,
  type TypeSet,
  typeUnion,
  select,
  select_spectre_guard,
  sequence_point,
  set_pinned_reg,
  stack_addr,
  stackSlot,
  offset,
  symbol_value,
  tls_value,
  trap,
  trapCode,
  trapnz,
  trapz,
  uadd_overflow_trap,
  val,
  valOf,
  func,
  globalValue,
} from '@k23/rules'
import { callRoutineOf, FRAME_SLOT } from '@k23/machinst'
import { emit, Opc } from '../insts/index.ts'
import type { FReg, XReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import { invertRow } from '../emit-branch.ts'
import * as T from '../table.ts'
import { type Comparison, comparison, maskOf, nonZero, set, setImm, setPair, truth } from './compare.ts'
import type { RiscvLower } from './driver.ts'
import { isPair } from '../abi.ts'
import { rule, zicond } from './types.ts'
import { selectBits } from './bits.ts'
import { bitsOf, fromBits } from './float-convert.ts'

function branch(c: RiscvLower, { row, a, b }: Comparison): void {
  c.br(row, a, b)
}

function trapWhere(c: RiscvLower, { row, a, b }: Comparison, code: number, holds: boolean): void {
  c.trapIf(holds ? row : invertRow(row), a, b, code)
}

export function selectBy(c: RiscvLower, t: Type, { row, a, b }: Comparison, x: Value, y: Value): number {
  if (isFloat(t) && c.classesOf(t).length === 1) return c.selectF(row, a, b, c.f(x) as FReg, c.f(y) as FReg)
  if (c.classesOf(t).length === 1) return c.selectX(row, a, b, c.x(x), c.x(y))
  const lo = c.selectX(row, a, b, c.lo(x), c.lo(y))
  return c.pair(lo, c.selectX(row, a, b, c.hi(x), c.hi(y)))
}

/** x where the top bit of k is set, for scalars. */
function blend(c: RiscvLower, t: Type, k: Value, x: Value, y: Value): number {
  const top = isPair(t) ? c.hi(k) : t === F16 ? c.sextReg(bitsOf(c, k), I16) : isFloat(t) ? bitsOf(c, k) : c.sx(k)
  return selectBy(c, t, { row: Opc.blt, a: top, b: X0 }, x, y)
}

/** Selection without a branch, so that nothing is guessed: by a mask of the condition. */
function guard(c: RiscvLower, t: Type, k: XReg, x: Value, y: Value): number {
  const mask = maskOf(c, k)
  if (isFloat(t) && c.classesOf(t).length === 1) return fromBits(c, t, selectBits(c, mask, bitsOf(c, x), bitsOf(c, y)))
  if (c.classesOf(t).length === 1) return selectBits(c, mask, c.x(x), c.x(y))
  return c.pair(selectBits(c, mask, c.lo(x), c.lo(y)), selectBits(c, mask, c.hi(x), c.hi(y)))
}

/** czero.eqz keeps its operand where the condition is not zero, czero.nez where it is. */
function zeroing(c: RiscvLower, k: XReg, x: Value, y: Value): XReg {
  return c.rrr(emit.or, c.rrr(emit.czero_eqz, c.x(x), k), c.rrr(emit.czero_nez, c.x(y), k))
}

function table(c: RiscvLower, x: Value): void {
  const index = c.virtual(c.zx(x))
  const w = c.words
  const t1 = c.tx()
  const t2 = c.tx()
  w.push(T.BR_TABLE | (4 << 16))
  w.push(index)
  w.push(t1)
  w.push(t2)
}

function frameAddr(c: RiscvLower, slot: number, off: number): XReg {
  const d = c.tx()
  c.genFrameAddr(d, FRAME_SLOT, c.frame.slotOffsets[slot] + off)
  return d
}

/**
 * The address of a symbol: relative to the code where it is near; else it may be anywhere: out of the global offset table in position-independent code, out
 * of a word behind the function otherwise.
 */
function symbolAddress(c: RiscvLower, name: ExternalName, colocated: boolean, addend: bigint): XReg {
  if (colocated) return c.symbol({ name, addend })
  if (c.isa.shared.is_pic !== true) return c.symbol({ name, addend, kind: 'abs64' })
  const base = c.symbol({ name, addend: 0n, kind: 'riscv_got_pcrel' })
  return c.plus(base, addend) as XReg
}

function functionAddress(c: RiscvLower, f: number): XReg {
  const { name, colocated } = c.func.extFuncs[f]
  return symbolAddress(c, name, colocated, 0n)
}

function symbol(c: RiscvLower, gv: GlobalValue): XReg {
  const { name, colocated, offset } = c.symbolOf(gv)
  return symbolAddress(c, name, colocated, offset)
}

const tlsGetAddress = signature([I64], [I64], 'system_v')

/** General dynamic model (psABI, "TLS"): the address of the symbol's entry for `__tls_get_addr`, which gives that of this thread's copy. */
function threadLocal(c: RiscvLower, gv: GlobalValue): number {
  const { name, offset } = c.threadLocalOf(gv)
  const entry = c.symbol({ name, addend: 0n, kind: 'riscv_tls_gd' })
  return c.plus(callRoutineOf(c, '__tls_get_addr', tlsGetAddress, [[entry]]), offset)
}

/** A register outside allocation: 2 sp, 8 fp, 27 the pinned one. */
function getReg(c: RiscvLower, hw: number): XReg {
  if (hw !== 27) c.frame.needsFrame = true
  const d = c.tx()
  const w = c.words
  w.push(T.GET_REG | (3 << 16))
  w.push(d)
  w.push(hw)
  return d
}

function setReg(c: RiscvLower, x: XReg, hw: number): void {
  const w = c.words
  w.push(T.SET_REG | (3 << 16))
  w.push(x)
  w.push(hw)
}

/** Beside the caller's frame pointer (emit.ts, emitPrologue). */
function returnAddress(c: RiscvLower): XReg {
  return c.rri(emit.ld, getReg(c, 8), 8)
}

function overflowTrap(c: RiscvLower, t: Type, x: Value, y: Value, code: number): XReg {
  if (t === I64) {
    const a = c.x(x)
    const sum = c.rrr(emit.add, a, c.x(y))
    c.trapIf(Opc.bltu, sum, a, code)
    return sum
  }
  // i32: the carry is bit 32 of the sum of the zero-extended operands
  const sum = c.rrr(emit.add, c.zx(x), c.zx(y))
  c.trapIf(Opc.bne, c.rri(emit.srli, sum, 32), X0, code)
  return sum
}

const scalars: TypeSet = typeUnion(fits64, i128, f16, f32, f64, f128)
const smallImm = intRange(-2047, 2046)

// biome-ignore format: table
export const controlRules: Rule[] = [
  rule('icmp_imm',  fits64, [cc(), val, smallImm],                   (p, x, k) => icmp(p, x, iconst(k)),             (c, _t, p, x, k) => setImm(c, p, x, k)),
  rule('icmp',      fits64, [cc(), val, val],                        (p, x, y) => icmp(p, x, y),                     (c, _t, p, x, y) => set(c, p, x, y)),
  rule('icmp_pair', i128,   [cc(), val, val],                        (p, x, y) => icmp(p, x, y),                     (c, _t, p, x, y) => setPair(c, p, x, y)),
  rule('bmask',     any,    [val],                                   (x) => bmask(x),                                (c, t, x) => { const m = maskOf(c, truth(c, x)); return c.classesOf(t).length === 1 ? m : c.pair(m, m) }),

  rule('select_icmp_zicond', i64, [cc(), valOf(fits64), val, val, val], (p, a, b, x, y) => select(icmp(p, a, b), x, y), (c, _t, p, a, b, x, y) => zeroing(c, set(c, p, a, b), x, y), { has: [zicond] }),
  rule('select_icmp',   any, [cc(), valOf(fits64), val, val, val],   (p, a, b, x, y) => select(icmp(p, a, b), x, y), (c, t, p, a, b, x, y) => selectBy(c, t, comparison(c, p, a, b), x, y)),
  rule('select_zicond', fits64, [val, val, val],                     (k, x, y) => select(k, x, y),                   (c, _t, k, x, y) => zeroing(c, nonZero(c, k).a, x, y), { has: [zicond] }),
  rule('select',        any, [val, val, val],                        (k, x, y) => select(k, x, y),                   (c, t, k, x, y) => selectBy(c, t, nonZero(c, k), x, y)),
  rule('guard_zero_zicond', fits64, [val, val],                      (k, y) => select_spectre_guard(k, iconst(0), y), (c, _t, k, y) => c.rrr(emit.czero_nez, c.x(y), nonZero(c, k).a), { has: [zicond] }),
  rule('guard_zero', fits64, [val, val],                             (k, y) => select_spectre_guard(k, iconst(0), y), (c, _t, k, y) => c.rrr(emit.and, c.rri(emit.addi, truth(c, k), -1), c.x(y))),
  rule('guard_zicond', fits64, [val, val, val],                      (k, x, y) => select_spectre_guard(k, x, y),     (c, _t, k, x, y) => zeroing(c, nonZero(c, k).a, x, y), { has: [zicond] }),
  rule('guard',        any, [val, val, val],                         (k, x, y) => select_spectre_guard(k, x, y),     (c, t, k, x, y) => guard(c, t, truth(c, k), x, y)),

  rule('blendv',       scalars, [val, val, val],                         (k, x, y) => blendv(k, x, y),                   blend),

  rule('brif_icmp', any, [cc(), valOf(fits64), val],                 (p, x, y) => brif(icmp(p, x, y)),               (c, _t, p, x, y) => branch(c, comparison(c, p, x, y))),
  rule('brif',      any, [val],                                      (x) => brif(x),                                 (c, _t, x) => branch(c, nonZero(c, x))),
  rule('br_table',  any, [val, jumpTable],                           (x, t) => br_table(x, t),                       (c, _t, x) => table(c, x)),
  rule('trap',      any, [trapCode],                                 (k) => trap(k),                                 (c, _t, k) => c.genTrap(k)),
  rule('trapnz_icmp', any, [cc(), valOf(fits64), val, trapCode],     (p, x, y, k) => trapnz(icmp(p, x, y), k),       (c, _t, p, x, y, k) => trapWhere(c, comparison(c, p, x, y), k, true)),
  rule('trapnz',    any, [val, trapCode],                            (x, k) => trapnz(x, k),                         (c, _t, x, k) => trapWhere(c, nonZero(c, x), k, true)),
  rule('trapz_icmp', any, [cc(), valOf(fits64), val, trapCode],      (p, x, y, k) => trapz(icmp(p, x, y), k),        (c, _t, p, x, y, k) => trapWhere(c, comparison(c, p, x, y), k, false)),
  rule('trapz',     any, [val, trapCode],                            (x, k) => trapz(x, k),                          (c, _t, x, k) => trapWhere(c, nonZero(c, x), k, false)),
  rule('uadd_overflow_trap', fits64, [val, val, trapCode],           (x, y, k) => uadd_overflow_trap(x, y, k),       overflowTrap),
  rule('debugtrap', any, [],                                         () => debugtrap(),                              (c) => { emit.ebreak(c) }),

  rule('stack_addr',   i64, [stackSlot, offset],                     (s, o) => stack_addr(s, o),                     (c, _t, s, o) => frameAddr(c, s, o)),
  rule('func_addr',    i64, [func],                                  (f) => func_addr(f),                            (c, _t, f) => functionAddress(c, f)),
  rule('symbol_value', i64, [globalValue],                           (g) => symbol_value(g),                         (c, _t, g) => symbol(c, g)),
  rule('tls_value',    i64, [globalValue],                           (g) => tls_value(g),                            (c, _t, g) => threadLocal(c, g)),
  rule('get_frame_pointer',  i64, [],                                () => get_frame_pointer(),                      (c) => getReg(c, 8)),
  rule('get_stack_pointer',  i64, [],                                () => get_stack_pointer(),                      (c) => getReg(c, 2)),
  rule('get_return_address', i64, [],                                () => get_return_address(),                     (c) => returnAddress(c)),
  rule('get_pinned_reg', i64, [],                                    () => get_pinned_reg(),                         (c) => getReg(c, 27)),
  rule('set_pinned_reg', i64, [val],                                 (x) => set_pinned_reg(x),                       (c, _t, x) => setReg(c, c.x(x), 27)),
  rule('fence',          any, [],                                    () => fence(),                                  (c) => { emit.fence(c, 15, 15) }),
  rule('sequence_point', any, [],                                    () => sequence_point(),                         () => {}),
]
