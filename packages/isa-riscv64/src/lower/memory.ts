// Loads and stores. Offsets beyond 12 bits go through the context's addr(); accesses may be unaligned, which the machine allows.
import { type MemFlags, BIG, type Type, type Value } from '@k23/ir'
import {
  fits64, f16, f32, f64, flags, i128, i64, istore16, istore32, istore8, load, offset, type Rule, sload16, sload32, sload8, store, type TypeSet,
  typeUnion, uload16, uload32, uload8, val,
} from '@k23/rules'
import { emit } from '../insts/index.ts'
import { loadRow, storeRow } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

type LoadOp = typeof emit.lw
type StoreOp = typeof emit.sw

const oneReg: TypeSet = typeUnion(fits64, f16, f32, f64)

function refuseBig(c: RiscvLower, f: MemFlags): void {
  if ((f & BIG) !== 0) c.unsupported('a big-endian access', 'swap the bytes with bswap')
}

function loadWith(op: LoadOp) {
  return (c: RiscvLower, _t: Type, p: Value, o: number, f: MemFlags): number => {
    refuseBig(c, f)
    const base = c.addr(p, o)
    const d = c.tx()
    c.access(f)
    op(c, d, base, c.addrOffset)
    return d
  }
}

function loadFull(c: RiscvLower, t: Type, p: Value, o: number, f: MemFlags): number {
  refuseBig(c, f)
  const base = c.addr(p, o)
  const d = c.temp(c.classesOf(t)[0])
  c.access(f)
  loadRow(t)(c, d as never, base, c.addrOffset)
  return d
}

function loadPair(c: RiscvLower, _t: Type, p: Value, o: number, f: MemFlags): number {
  refuseBig(c, f)
  const lo = c.tx()
  const hi = c.tx()
  const a = c.addr(p, o)
  c.access(f)
  emit.ld(c, lo, a, c.addrOffset)
  const b = c.addr(p, o + 8)
  c.access(f)
  emit.ld(c, hi, b, c.addrOffset)
  return c.pair(lo, hi)
}

function storeWith(op: StoreOp) {
  return (c: RiscvLower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void => {
    refuseBig(c, f)
    const base = c.addr(p, o)
    const v = c.x(x)
    c.access(f)
    op(c, base, v, c.addrOffset)
  }
}

function storeFull(c: RiscvLower, t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  refuseBig(c, f)
  const base = c.addr(p, o)
  const at = c.addrOffset
  const v = c.use(x)
  c.access(f)
  storeRow(t)(c, base, v as never, at)
}

function storePair(c: RiscvLower, _t: Type, x: Value, p: Value, o: number, f: MemFlags): void {
  refuseBig(c, f)
  const lo = c.lo(x)
  const hi = c.hi(x)
  const a = c.addr(p, o)
  c.access(f)
  emit.sd(c, a, lo, c.addrOffset)
  const b = c.addr(p, o + 8)
  c.access(f)
  emit.sd(c, b, hi, c.addrOffset)
}

// biome-ignore-start format: table
export const memoryRules: Rule[] = [
  rule('load',        oneReg, [val, offset, flags],      (p, o, f) => load(p, o, f),      loadFull),
  rule('load_pair',   i128,   [val, offset, flags],      (p, o, f) => load(p, o, f),      loadPair),
  rule('uload8',      fits64, [val, offset, flags],      (p, o, f) => uload8(p, o, f),    loadWith(emit.lbu)),
  rule('sload8',      fits64, [val, offset, flags],      (p, o, f) => sload8(p, o, f),    loadWith(emit.lb)),
  rule('uload16',     fits64, [val, offset, flags],      (p, o, f) => uload16(p, o, f),   loadWith(emit.lhu)),
  rule('sload16',     fits64, [val, offset, flags],      (p, o, f) => sload16(p, o, f),   loadWith(emit.lh)),
  rule('uload32',     i64,    [val, offset, flags],      (p, o, f) => uload32(p, o, f),   loadWith(emit.lwu)),
  rule('sload32',     i64,    [val, offset, flags],      (p, o, f) => sload32(p, o, f),   loadWith(emit.lw)),
  rule('store',       oneReg, [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storeFull),
  rule('store_pair',  i128,   [val, val, offset, flags], (x, p, o, f) => store(x, p, o, f),    storePair),
  rule('istore8',     fits64, [val, val, offset, flags], (x, p, o, f) => istore8(x, p, o, f),  storeWith(emit.sb)),
  rule('istore16',    fits64, [val, val, offset, flags], (x, p, o, f) => istore16(x, p, o, f), storeWith(emit.sh)),
  rule('istore32',    i64,    [val, val, offset, flags], (x, p, o, f) => istore32(x, p, o, f), storeWith(emit.sw)),
]
// biome-ignore-end format: table
