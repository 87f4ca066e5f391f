// Loads and stores. Offsets beyond 12 bits go through the context's addr(); accesses may be unaligned, which the machine allows.
import { BIG, bytes, F16, isFloat, type MemFlags, type Type, type Value } from '@k23/ir'
import {
  f128,
  fits64,
  f16,
  f32,
  f64,
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
import { emit } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { loadRow, storeRow } from '../context.ts'
import { ZFHMIN } from '../features.ts'
import { swapBytes } from './bits.ts'
import { bitsOf, fromBits } from './float-convert.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

type LoadOp = typeof emit.lw
type StoreOp = typeof emit.sw

const oneReg: TypeSet = typeUnion(fits64, f16, f32, f64)
const twoRegs: TypeSet = typeUnion(i128, f128)

/** Row of an unsigned load of `size` bytes. */
const loads: Readonly<Record<number, LoadOp>> = { 1: emit.lbu, 2: emit.lhu, 4: emit.lwu, 8: emit.ld }
const stores: Readonly<Record<number, StoreOp>> = { 1: emit.sb, 2: emit.sh, 4: emit.sw, 8: emit.sd }

/** The low `size` bytes of a register in reverse order; above them zeros, or the sign. */
function reversed(c: RiscvLower, x: XReg, size: number, signed = false): XReg {
  const all = swapBytes(c, x)
  return size === 8 ? all : c.rri(signed ? emit.srai : emit.srli, all, 64 - size * 8)
}

/** An integer of `size` bytes at p + o, zero-extended. */
function loadInt(c: RiscvLower, size: number, p: Value, o: number, f: MemFlags): XReg {
  const base = c.addr(p, o)
  const d = c.tx()
  c.access(f)
  loads[size](c, d, base, c.addrOffset)
  return d
}
function storeInt(c: RiscvLower, size: number, x: XReg, p: Value, o: number, f: MemFlags): void {
  const base = c.addr(p, o)
  const at = c.addrOffset
  const r = (f & BIG) === 0 || size === 1 ? x : reversed(c, x, size)
  c.access(f)
  stores[size](c, base, r, at)
}

function loadWith(op: LoadOp, size: number, signed: boolean) {
  return (c: RiscvLower, _t: Type, p: Value, o: number, f: MemFlags): number => {
    if ((f & BIG) !== 0 && size > 1) return reversed(c, loadInt(c, size, p, o, f), size, signed)
    const base = c.addr(p, o)
    const d = c.tx()
    c.access(f)
    op(c, d, base, c.addrOffset)
    return d
  }
}

function loadFull(c: RiscvLower, t: Type, p: Value, o: number, f: MemFlags): number {
  const size = bytes(t)
  const big = (f & BIG) !== 0 && size > 1
  if (big || (t === F16 && !c.has(ZFHMIN))) {
    const bits = loadInt(c, size, p, o, f)
    const r = big ? reversed(c, bits, size) : bits
    return isFloat(t) ? fromBits(c, t, r) : r
  }
  const base = c.addr(p, o)
  const d = c.temp(c.classesOf(t)[0])
  c.access(f)
  loadRow(t)(c, d as never, base, c.addrOffset)
  return d
}

function loadPair(c: RiscvLower, _t: Type, p: Value, o: number, f: MemFlags): number {
  const first = loadInt(c, 8, p, o, f)
  const second = loadInt(c, 8, p, o + 8, f)
  return (f & BIG) === 0 ? c.pair(first, second) : c.pair(swapBytes(c, second), swapBytes(c, first))
}

function storeWith(size: number) {
  return (c: RiscvLower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void => {
    storeInt(c, size, c.x(x), p, o, f)
  }
}

function storeFull(c: RiscvLower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  if (!isFloat(t)) {
    storeInt(c, bytes(t), c.x(x), p, o, f)
    return
  }
  if ((f & BIG) !== 0 || (t === F16 && !c.has(ZFHMIN))) {
    storeInt(c, bytes(t), bitsOf(c, x), p, o, f)
    return
  }
  const base = c.addr(p, o)
  const at = c.addrOffset
  const v = c.use(x)
  c.access(f)
  storeRow(t)(c, base, v as never, at)
}

function storePair(c: RiscvLower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  const big = (f & BIG) !== 0
  storeInt(c, 8, big ? c.hi(x) : c.lo(x), p, o, f)
  storeInt(c, 8, big ? c.lo(x) : c.hi(x), p, o + 8, f)
}

// biome-ignore format: table
export const memoryRules: Rule[] = [
  rule('load',        oneReg, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadFull),
  rule('load_pair',   twoRegs, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadPair),
  rule('uload8',      fits64, [val, offset, flags],      (p, o, f) => uload8(p, o, f),    loadWith(emit.lbu, 1, false)),
  rule('sload8',      fits64, [val, offset, flags],      (p, o, f) => sload8(p, o, f),    loadWith(emit.lb, 1, true)),
  rule('uload16',     fits64, [val, offset, flags],      (p, o, f) => uload16(p, o, f),   loadWith(emit.lhu, 2, false)),
  rule('sload16',     fits64, [val, offset, flags],      (p, o, f) => sload16(p, o, f),   loadWith(emit.lh, 2, true)),
  rule('uload32',     i64,    [val, offset, flags],      (p, o, f) => uload32(p, o, f),   loadWith(emit.lwu, 4, false)),
  rule('sload32',     i64,    [val, offset, flags],      (p, o, f) => sload32(p, o, f),   loadWith(emit.lw, 4, true)),
  rule('store',       oneReg, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storeFull),
  rule('store_pair',  twoRegs, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storePair),
  rule('istore8',     fits64, [val, val, offset, flags], (x, p, o, f) => istore8(x, p, o, f),  storeWith(1)),
  rule('istore16',    fits64, [val, val, offset, flags], (x, p, o, f) => istore16(x, p, o, f), storeWith(2)),
  rule('istore32',    i64,    [val, val, offset, flags], (x, p, o, f) => istore32(x, p, o, f), storeWith(4)),
]
