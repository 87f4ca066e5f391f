// Changes of width, and values of two registers.
import { I128, I64, laneBits, type Type, type Value } from '@k23/ir'
import { anyInt, fits64, i64, iconcat, ireduce, isplit, type Rule, sextend, uextend, val, valOf } from '@k23/rules'
import type { Load } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import { sizeIndex } from './compare.ts'
import { setPairHigh } from './pairs.ts'
import type { X64Lower } from './driver.ts'
import { sink, sinkableLoad } from './operands.ts'
import { rule } from './types.ts'

// By width of the source in bytes: 1, 2, 4.
const zeroLoads: readonly Load[] = [emit.movzbl_rm, emit.movzwl_rm, emit.movl_rm]
const signLoads: readonly Load[] = [emit.movsbq_rm, emit.movswq_rm, emit.movslq_rm]

/** The value extended to 64 bits; a load of it is merged. */
function extended(c: X64Lower, x: Value, signed: boolean): Gpr {
  const load = sinkableLoad(c, x)
  const w = sizeIndex(c.func.typeOf(x))
  if (load !== -1 && w < 3) return c.load((signed ? signLoads : zeroLoads)[w], sink(c, load))
  return signed ? c.sx(x) : c.zx(x)
}

function zeroExtend(c: X64Lower, t: Type, x: Value): number {
  const r = extended(c, x, false)
  return t === I128 ? c.pair(r, c.li(0, 0)) : r
}

function signExtend(c: X64Lower, t: Type, x: Value): number {
  const r = extended(c, x, true)
  return t === I128 ? c.pair(r, setPairHigh(c, r)) : r
}

/** Two halves of a narrower type in one register: low half zero-extended, high half above it. */
function concat(c: X64Lower, t: Type, lo: Value, hi: Value): number {
  const high = c.twoImm(emit.shlq_ri, c.g(hi), laneBits(t))
  return c.two(emit.orq_rr, c.zx(lo), high)
}

function split(c: X64Lower, t: Type, x: Value): number {
  if (t === I128) return c.pair(c.lo(x), c.hi(x))
  const r = c.g(x)
  return c.pair(r, c.twoImm(t === I64 ? emit.shrq_ri : emit.shrl_ri, r, laneBits(t) / 2))
}

// biome-ignore format: table
export const convertRules: Rule[] = [
  rule('uextend',      anyInt, [valOf(fits64)], (x) => uextend(x),            zeroExtend),
  rule('sextend',      anyInt, [valOf(fits64)], (x) => sextend(x),            signExtend),
  rule('ireduce',      fits64, [val],           (x) => ireduce(x),            (c, _t, x) => c.low(x)),
  rule('iconcat_pair', i64,    [val, val],      (x, y) => iconcat(x, y),      (c, _t, x, y) => c.pair(c.g(x), c.g(y))),
  rule('iconcat',      fits64, [val, val],      (x, y) => iconcat(x, y),      concat),
  rule('isplit',       anyInt, [val],           (x) => isplit(x),             split),
]
