// Changes of width, and values of two registers.
import { I128, laneBits, type Type, type Value } from '@k23/ir'
import { anyInt, fits64, i64, iconcat, ireduce, isplit, type Rule, sextend, uextend, val, valOf } from '@k23/rules'
import { emit } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule } from './types.ts'

function zeroExtend(c: RiscvLower, t: Type, x: Value): number {
  const r = c.zx(x)
  return t === I128 ? c.pair(r, X0) : r
}

function signExtend(c: RiscvLower, t: Type, x: Value): number {
  const r = c.sx(x)
  return t === I128 ? c.pair(r, c.rri(emit.srai, r, 63)) : r
}

function reduce(c: RiscvLower, _t: Type, x: Value): number {
  return c.amount(x)
}

/** Two halves of a narrower type in one register: low half zero-extended, high half above it. */
function concat(c: RiscvLower, t: Type, lo: Value, hi: Value): number {
  return c.rrr(emit.or, c.zx(lo), c.rri(emit.slli, c.x(hi), laneBits(t)))
}

function split(c: RiscvLower, t: Type, x: Value): number {
  if (t === I128) return c.pair(c.lo(x), c.hi(x))
  const r = c.x(x)
  return c.pair(r, c.rri(emit.srli, r, laneBits(t) / 2))
}

// biome-ignore format: table
export const convertRules: Rule[] = [
  rule('uextend',      anyInt, [valOf(fits64)], (x) => uextend(x),            zeroExtend),
  rule('sextend',      anyInt, [valOf(fits64)], (x) => sextend(x),            signExtend),
  rule('ireduce',      fits64, [val],           (x) => ireduce(x),            reduce),
  rule('iconcat_pair', i64,    [val, val],      (x, y) => iconcat(x, y),      (c, _t, x, y) => c.pair(c.x(x), c.x(y))),
  rule('iconcat',      fits64, [val, val],      (x, y) => iconcat(x, y),      concat),
  rule('isplit',       anyInt, [val],           (x) => isplit(x),             split),
]
