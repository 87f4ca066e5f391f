// Atomics. All are sequentially consistent: locked instructions order everything, loads are ordered by the machine, and stores are exchanges, which no later load
// passes (Intel SDM 3A, 8.2.2).
import { I64, laneBits, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  atomic_cas,
  atomic_load,
  atomic_rmw,
  atomic_store,
  fits64,
  flags,
  i128,
  type Rule,
  rmwOp,
  val,
} from '@k23/rules'
import type { InPlace, MemImm, MemReg } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import { RMW_ADD, RMW_AND, RMW_OR, RMW_SUB, RMW_XCHG, RMW_XOR } from '../emit-atomics.ts'
import { CMPXCHG16B } from '../features.ts'
import * as T from '../table.ts'
import { sizeIndex } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { immediate } from './operands.ts'
import { rule } from './types.ts'

// By width.
const xadd = [emit.lock_xaddb_mr, emit.lock_xaddw_mr, emit.lock_xaddl_mr, emit.lock_xaddq_mr]
const xchg = [emit.xchgb_mr, emit.xchgw_mr, emit.xchgl_mr, emit.xchgq_mr]
const cmpxchg = [emit.lock_cmpxchgb_mr, emit.lock_cmpxchgw_mr, emit.lock_cmpxchgl_mr, emit.lock_cmpxchgq_mr]
const loads = [emit.movzbl_rm, emit.movzwl_rm, emit.movl_rm, emit.movq_rm]

/** For old values that no one asks for. */
// biome-ignore format: table
const inMemory: ReadonlyMap<number, { readonly mr: readonly MemReg[]; readonly mi: readonly MemImm[] }> = new Map([
  [RMW_ADD, { mr: [emit.lock_addb_mr, emit.lock_addw_mr, emit.lock_addl_mr, emit.lock_addq_mr], mi: [emit.lock_addb_mi, emit.lock_addw_mi, emit.lock_addl_mi, emit.lock_addq_mi] }],
  [RMW_SUB, { mr: [emit.lock_subb_mr, emit.lock_subw_mr, emit.lock_subl_mr, emit.lock_subq_mr], mi: [emit.lock_subb_mi, emit.lock_subw_mi, emit.lock_subl_mi, emit.lock_subq_mi] }],
  [RMW_AND, { mr: [emit.lock_andb_mr, emit.lock_andw_mr, emit.lock_andl_mr, emit.lock_andq_mr], mi: [emit.lock_andb_mi, emit.lock_andw_mi, emit.lock_andl_mi, emit.lock_andq_mi] }],
  [RMW_OR,  { mr: [emit.lock_orb_mr, emit.lock_orw_mr, emit.lock_orl_mr, emit.lock_orq_mr],     mi: [emit.lock_orb_mi, emit.lock_orw_mi, emit.lock_orl_mi, emit.lock_orq_mi] }],
  [RMW_XOR, { mr: [emit.lock_xorb_mr, emit.lock_xorw_mr, emit.lock_xorl_mr, emit.lock_xorq_mr], mi: [emit.lock_xorb_mi, emit.lock_xorw_mi, emit.lock_xorl_mi, emit.lock_xorq_mi] }],
])

function rmw(c: X64Lower, t: Type, op: number, p: Value, x: Value, f: MemFlags): Gpr {
  const w = sizeIndex(t)
  const plain = inMemory.get(op)
  if (plain !== undefined && !c.hasUser()) {
    const k = immediate(c, x, t, laneBits(t))
    const source = k === undefined ? c.g(x) : c.g(p)
    const m = c.address(p, 0)
    c.access(f)
    if (k === undefined) plain.mr[w](c, source, m)
    else plain.mi[w](c, m, k)
    return source
  }
  const value = c.g(x)
  const old = c.tg()
  if (op === RMW_ADD || op === RMW_SUB || op === RMW_XCHG) {
    const neg: InPlace = t === I64 ? emit.negq_r : emit.negl_r
    const operand = op === RMW_SUB ? c.inPlace(neg, value) : value
    const m = c.address(p, 0)
    c.access(f)
    ;(op === RMW_XCHG ? xchg : xadd)[w](c, old, operand, m)
    return old
  }
  const addr = c.g(p)
  c.access(f)
  push(c, T.RMW_LOOP, [op, laneBits(t) / 8, old, c.tg(), addr, value])
  return old
}

function push(c: X64Lower, opcode: number, list: readonly number[]): void {
  c.words.push(opcode | ((list.length + 1) << 16))
  for (const w of list) c.words.push(w)
}

function cas(c: X64Lower, t: Type, p: Value, e: Value, x: Value, f: MemFlags): Gpr {
  const expected = c.g(e)
  const value = c.g(x)
  const m = c.address(p, 0)
  const old = c.tg()
  c.access(f)
  cmpxchg[sizeIndex(t)](c, old, expected, value, m)
  return old
}

function load(c: X64Lower, t: Type, p: Value, f: MemFlags): Gpr {
  const m = c.address(p, 0)
  c.access(f)
  return c.load(loads[sizeIndex(t)], m)
}

function store(c: X64Lower, t: Type, x: Value, p: Value, f: MemFlags): void {
  const value = c.g(x)
  const m = c.address(p, 0)
  c.access(f)
  xchg[sizeIndex(t)](c, c.tg(), value, m)
}

// ---- 16 bytes: by cmpxchg16b alone, which wants its operand aligned

function need16(c: X64Lower): void {
  if (!c.has(CMPXCHG16B)) c.unsupported('an atomic access of i128', 'it needs has_cmpxchg16b')
}

function cas16(c: X64Lower, _t: Type, p: Value, e: Value, x: Value, f: MemFlags): number {
  need16(c)
  const low = c.lo(e)
  const high = c.hi(e)
  const newLow = c.lo(x)
  const newHigh = c.hi(x)
  const m = c.address(p, 0)
  const lo = c.tg()
  const hi = c.tg()
  c.access(f)
  emit.lock_cmpxchg16b_m(c, lo, low, hi, high, newLow, newHigh, m)
  return c.pair(lo, hi)
}

function rmw16(c: X64Lower, op: number, p: Value, lowOf: Gpr, highOf: Gpr, f: MemFlags): number {
  need16(c)
  const addr = c.g(p)
  const lo = c.tg()
  const hi = c.tg()
  c.access(f)
  push(c, T.RMW_LOOP_16, [op, lo, hi, c.tg(), c.tg(), addr, lowOf, highOf])
  return c.pair(lo, hi)
}

/** A comparison with 0 that exchanges 0 for 0. */
function load16(c: X64Lower, _t: Type, p: Value, f: MemFlags): number {
  need16(c)
  const zero = c.li(0, 0)
  const m = c.address(p, 0)
  const lo = c.tg()
  const hi = c.tg()
  c.access(f)
  emit.lock_cmpxchg16b_m(c, lo, zero, hi, zero, zero, zero, m)
  return c.pair(lo, hi)
}

// biome-ignore format: table
export const atomicRules: Rule[] = [
  rule('atomic_rmw',       fits64, [rmwOp, val, val, flags], (o, p, x, f) => atomic_rmw(o, p, x, f), rmw),
  rule('atomic_rmw_pair',  i128,   [rmwOp, val, val, flags], (o, p, x, f) => atomic_rmw(o, p, x, f), (c, _t, o, p, x, f) => rmw16(c, o, p, c.lo(x), c.hi(x), f)),
  rule('atomic_cas',       fits64, [val, val, val, flags],   (p, e, x, f) => atomic_cas(p, e, x, f), cas),
  rule('atomic_cas_pair',  i128,   [val, val, val, flags],   (p, e, x, f) => atomic_cas(p, e, x, f), cas16),
  rule('atomic_load',      fits64, [val, flags],             (p, f) => atomic_load(p, f),            load),
  rule('atomic_load_pair', i128,   [val, flags],             (p, f) => atomic_load(p, f),            load16),
  rule('atomic_store',     fits64, [val, val, flags],        (x, p, f) => atomic_store(x, p, f),     store),
  rule('atomic_store_pair', i128,  [val, val, flags],        (x, p, f) => atomic_store(x, p, f),     (c, _t, x, p, f) => { rmw16(c, RMW_XCHG, p, c.lo(x), c.hi(x), f) }),
]
