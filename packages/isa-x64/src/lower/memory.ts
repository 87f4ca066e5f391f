// Loads and stores of integers, pairs and floats; addresses are the driver's. Accesses may be unaligned, which the machine allows.
import { BIG, bytes, F128, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  f128,
  f16,
  f32,
  f64,
  fits64,
  flags,
  i128,
  i64,
  istore16,
  istore32,
  istore8,
  load,
  offset,
  type Rule,
  sload16,
  sload32,
  sload8,
  store,
  type TypeSet,
  typeUnion,
  uload16,
  uload32,
  uload8,
  val,
} from '@k23/rules'
import type { Load } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import { swapBytes } from './bits.ts'
import { sizeIndex } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { modify } from './modify.ts'
import { rule } from './types.ts'
import { reverseLanes } from './vector-lanes.ts'

const floats: TypeSet = typeUnion(f16, f32, f64, f128)

const loadRows: readonly Load[] = [emit.movzbl_rm, emit.movzwl_rm, emit.movl_rm, emit.movq_rm]
const signedRows: readonly Load[] = [emit.movsbq_rm, emit.movswq_rm, emit.movslq_rm, emit.movq_rm]

/** An integer of 2 ** w bytes at p + o, zero-extended, or sign-extended to 64 bits. */
function loadInt(c: X64Lower, w: number, p: Value, o: number, f: MemFlags, signed = false): Gpr {
  const m = c.address(p, o)
  c.access(f)
  const r = c.load((signed ? signedRows : loadRows)[w], m)
  if ((f & BIG) === 0 || w === 0) return r
  const swapped = swapBytes(c, r, 1 << w)
  if (w === 3) return swapped
  if (w === 2) return signed ? c.one(emit.movslq_rr, swapped) : swapped
  return c.one(signed ? emit.movswq_rr : emit.movzwl_rr, swapped)
}

function storeInt(c: X64Lower, w: number, x: Gpr, p: Value, o: number, f: MemFlags): void {
  const r = (f & BIG) === 0 ? x : swapBytes(c, x, 1 << w)
  const m = c.address(p, o)
  c.access(f)
  const rows = [emit.movb_mr, emit.movw_mr, emit.movl_mr, emit.movq_mr]
  rows[w](c, r, m)
}

const narrowLoad =
  (w: number, signed: boolean) =>
  (c: X64Lower, _t: Type, p: Value, o: number, f: MemFlags): number =>
    loadInt(c, w, p, o, f, signed)

function loadScalar(c: X64Lower, t: Type, p: Value, o: number, f: MemFlags): number {
  return loadInt(c, sizeIndex(t), p, o, f)
}

function loadFloat(c: X64Lower, t: Type, p: Value, o: number, f: MemFlags): number {
  if ((f & BIG) !== 0 && t !== F128) {
    return c.fromBits(loadInt(c, sizeIndex(t), p, o, f), t)
  }
  const m = c.address(p, o)
  const d = c.tx()
  c.access(f)
  c.loadFrom(d, m, t)
  return (f & BIG) === 0 ? d : reverseLanes(c, 16, d)
}

function loadPair(c: X64Lower, _t: Type, p: Value, o: number, f: MemFlags): number {
  const first = loadInt(c, 3, p, o, f)
  const second = loadInt(c, 3, p, o + 8, f)
  return (f & BIG) === 0 ? c.pair(first, second) : c.pair(second, first)
}

/** A constant that the instruction itself can hold. */
function constantStore(c: X64Lower, w: number, x: Value, p: Value, o: number, f: MemFlags): boolean {
  const k = (f & BIG) === 0 ? c.imm32(x) : undefined
  if (k === undefined) return false
  const m = c.address(p, o)
  c.access(f)
  if (w === 0) emit.movb_mi(c, m, (k << 24) >> 24)
  else if (w === 1) emit.movw_mi(c, m, (k << 16) >> 16)
  else (w === 2 ? emit.movl_mi : emit.movq_mi)(c, m, k)
  return true
}

function storeLow(c: X64Lower, w: number, x: Value, p: Value, o: number, f: MemFlags): void {
  if (!constantStore(c, w, x, p, o, f) && !modify(c, w, x, p, o, f)) storeInt(c, w, c.g(x), p, o, f)
}

const narrowStore =
  (w: number) =>
  (c: X64Lower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void =>
    storeLow(c, w, x, p, o, f)

function storeScalar(c: X64Lower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  storeLow(c, sizeIndex(t), x, p, o, f)
}

function storeFloat(c: X64Lower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  if ((f & BIG) !== 0 && t !== F128) {
    storeInt(c, sizeIndex(t), c.bitsOf(c.x(x), t), p, o, f)
    return
  }
  const v = (f & BIG) === 0 ? c.x(x) : reverseLanes(c, 16, c.x(x))
  if (bytes(t) === 2) {
    storeInt(c, 1, c.bitsOf(v, t), p, o, f)
    return
  }
  const m = c.address(p, o)
  c.access(f)
  c.storeTo(v, m, t)
}

function storePair(c: X64Lower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  const big = (f & BIG) !== 0
  storeInt(c, 3, big ? c.hi(x) : c.lo(x), p, o, f)
  storeInt(c, 3, big ? c.lo(x) : c.hi(x), p, o + 8, f)
}

// biome-ignore format: table
export const memoryRules: Rule[] = [
  rule('load',        fits64, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadScalar),
  rule('load_pair',   i128,   [val, offset, flags],      (p, o, f) => load(p, o, f),      loadPair),
  rule('load_float',  floats, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadFloat),
  rule('uload8',      fits64, [val, offset, flags],      (p, o, f) => uload8(p, o, f),    narrowLoad(0, false)),
  rule('sload8',      fits64, [val, offset, flags],      (p, o, f) => sload8(p, o, f),    narrowLoad(0, true)),
  rule('uload16',     fits64, [val, offset, flags],      (p, o, f) => uload16(p, o, f),   narrowLoad(1, false)),
  rule('sload16',     fits64, [val, offset, flags],      (p, o, f) => sload16(p, o, f),   narrowLoad(1, true)),
  rule('uload32',     i64,    [val, offset, flags],      (p, o, f) => uload32(p, o, f),   narrowLoad(2, false)),
  rule('sload32',     i64,    [val, offset, flags],      (p, o, f) => sload32(p, o, f),   narrowLoad(2, true)),
  rule('store',       fits64, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storeScalar),
  rule('store_pair',  i128,   [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storePair),
  rule('store_float', floats, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storeFloat),
  rule('istore8',     fits64, [val, val, offset, flags], (x, p, o, f) => istore8(x, p, o, f),  narrowStore(0)),
  rule('istore16',    fits64, [val, val, offset, flags], (x, p, o, f) => istore16(x, p, o, f), narrowStore(1)),
  rule('istore32',    i64,    [val, val, offset, flags], (x, p, o, f) => istore32(x, p, o, f), narrowStore(2)),
]
