// A small back end's rules in the style of a RISC-V: the surface in use, and the rule list of several tests.
// The context records what it is asked to emit as text, so that matcher and reference engine can be compared.
import type { Inst, Type, Value } from '@k23/ir'
import type { TestContext } from './context.ts'
import {
  any,
  anyInt,
  at,
  band,
  br_table,
  brif,
  call,
  cc,
  comm,
  constHi,
  constLo,
  feature,
  fits32,
  fits64,
  func,
  flags,
  i128,
  i16,
  i32,
  i64,
  iadd,
  icmp,
  iconst,
  imm12,
  immBy,
  inst,
  ishl,
  isub,
  jump,
  jumpTable,
  k,
  load,
  lowering,
  NO,
  not,
  none,
  offset,
  return_,
  type Rule,
  sextend,
  simm32,
  sinkable,
  store,
  target,
  term,
  type TermFn,
  typed,
  typeIn,
  uadd_overflow,
  uextend,
  uintRange,
  val,
  valOf,
  w32or64,
} from '@k23/rules'

export type Cx = TestContext
const rule = lowering<Cx>()
const zba = feature('zba', 0)
const zbb = feature('zbb', 33)
const sh123 = uintRange(1, 3)

function powerOf2(lo: number, hi: number): number {
  if (hi !== 0 || lo <= 0 || (lo & (lo - 1)) !== 0) return NO
  return 31 - Math.clz32(lo)
}
function split(_c: Cx, _t: Type, _x: Value, n: number): number {
  return n % 2 === 0 ? n / 2 : NO
}
function small(_c: Cx, _t: Type, _x: Value, n: number): boolean {
  return n < 4096
}

/** An address as base register and 12-bit offset. */
export const amode = term<Cx, ['value', 'number']>('amode', ['value', 'number'])
export type Amode = TermFn<Cx, ['value', 'number']>

// biome-ignore format: table
export const rules: Rule[] = [
  amode('base+imm', [val, imm12, imm12], (b, n, off) => [iadd(b, iconst(n)), off], (c, b, n, off) => c.emit('base+imm', c.use(b), n + off), { where: sumFits }),
  amode('base', [val, imm12], (b, off) => [b, off], (c, b, off) => c.emit('base', c.use(b), off)),
  amode('far', [val, simm32], (b, off) => [b, off], (c, b, off) => c.emit('far', c.use(b), off)),

  rule('shNadd', i64, [val, val, sh123], (x, y, n) => comm(iadd)(x, ishl(y, iconst(n))), (c, _t, x, y, n) => c.emit('shadd', n, c.use(y), c.use(x)), { has: [zba] }),
  rule('add.uw', i64, [val, valOf(i32)], (x, y) => comm(iadd)(x, uextend(y)), (c, _t, x, y) => c.emit('add.uw', c.use(y), c.use(x)), { has: [zba, not(zbb)] }),
  rule('double', fits64, [val], (x) => iadd(x, x), (c, t, x) => c.emit('slli', t, c.use(x), 1)),
  rule('addi', fits64, [val, imm12], (x, n) => comm(iadd)(x, iconst(n)), (c, t, x, n) => c.emit('addi', t, c.use(x), n)),
  rule('addi2', fits64, [val, simm32], (x, n) => comm(iadd)(x, iconst(n)), (c, t, x, n, half) => c.emit('addi2', t, c.use(x), n, half), { derive: [split], where: small }),
  rule('add-mem', w32or64, [val, sinkable], (x, l) => comm(iadd)(x, l), (c, t, x, l) => c.emit('addm', t, c.use(x), c.sink(l))),
  rule('add', fits64, [val, val], (x, y) => iadd(x, y), (c, t, x, y) => c.emit('add', t, c.use(x), c.use(y))),
  rule('add128', i128, [val, val], (x, y) => iadd(x, y), (c, _t, x, y) => c.handles.pair(c.emit('lo', c.use(x)), c.emit('hi', c.use(y)))),

  rule('neg', fits64, [val], (x) => isub(iconst(0), x), (c, t, x) => c.emit('neg', t, c.use(x))),
  rule('subi', fits64, [val, imm12], (x, n) => isub(x, iconst(n)), (c, t, x, n) => c.emit('addi', t, c.use(x), -n)),
  rule('sub', fits64, [val, val], (x, y) => isub(x, y), (c, t, x, y) => c.emit('sub', t, c.use(x), c.use(y))),

  rule('bclr-pow2', i64, [val, immBy(powerOf2)], (x, n) => band(x, iconst(n)), (c, _t, x, n) => c.emit('bext', c.use(x), n)),
  rule('andi', anyInt, [val, imm12], (x, n) => comm(band)(x, iconst(n)), (c, t, x, n) => c.emit('andi', t, c.use(x), n)),
  rule('and', anyInt, [val, val], (x, y) => band(x, y), (c, t, x, y) => c.emit('and', t, c.use(x), c.use(y))),

  rule('lui', fits32, [simm32], (n) => iconst(n), (c, _t, n) => c.emit('lui', n)),
  rule('li', i64, [k], (n) => iconst(n), (c, _t, n) => c.emit('li', constLo(c.func, n), constHi(c.func, n))),
  rule('zext', i64, [typeIn(fits32), val], (s, x) => uextend(typed(s, x)), (c, _t, s, x) => c.emit('zext', s, c.use(x))),
  rule('sext16', i64, [val], (x) => sextend(typed(i16, x)), (c, _t, x) => c.emit('sext.h', c.use(x))),
  rule('sext', any, [val], (x) => sextend(x), (c, t, x) => c.emit('sext', t, c.use(x))),

  rule('load', fits64, [val, offset, flags], (p, off, f) => load(p, off, f), (c, t, p, off, f) => c.emit('load', t, c.terms.amode(c, p, off), f)),
  rule('store-zero', fits64, [val, offset], (p, off) => store(iconst(0), p, off), (c, t, p, off) => c.effect('sw-zero', t, c.use(p), off)),
  rule('store', fits64, [val, val, offset], (x, p, off) => store(x, p, off), (c, t, x, p, off) => c.effect('store', t, c.use(x), c.use(p), off)),

  rule('icmp-eqz', w32or64, [cc('eq', 'ne'), val], (p, x) => icmp(p, x, iconst(0)), (c, t, p, x) => c.emit('seqz', t, p, c.use(x))),
  rule('icmp', w32or64, [cc(), val, val], (p, x, y) => icmp(p, x, y), (c, t, p, x, y) => c.emit('icmp', t, p, c.use(x), c.use(y))),
  rule('b-zero', any, [cc('eq', 'ne'), valOf(w32or64), target, target], (p, x, a, b) => brif(icmp(p, x, iconst(0)), a, b), (c, _t, p, x, a, b) => c.effect('bz', p, c.use(x), a, b)),
  rule('b-cmp', any, [cc(), valOf(w32or64), val, target, target], (p, x, y, a, b) => brif(icmp(p, x, y), a, b), (c, _t, p, x, y, a, b) => c.effect('bcc', p, c.use(x), c.use(y), a, b)),
  rule('brif', fits64, [val, target, target], (x, a, b) => brif(x, a, b), (c, t, x, a, b) => c.effect('brif', t, c.use(x), a, b)),
  rule('br_table', any, [val, jumpTable], (x, table) => br_table(x, table), (c, _t, x, table) => c.effect('br_table', c.use(x), table)),
  rule('jump', none, [target], (b) => jump(b), (c, _t, b) => c.effect('j', b)),
  rule('return', any, [inst], (i) => at(i, return_()), (c, _t, i) => c.effect('ret', i)),
  rule('call', any, [inst, func], (i, f) => at(i, call(f)), (c, _t, i: Inst, f) => c.emit('call', i, f)),
  rule('uadd_overflow', w32or64, [val, val], (x, y) => uadd_overflow(x, y), (c, t, x, y) => c.handles.pair(c.emit('add', t, c.use(x)), c.emit('sltu', c.use(y)))),
]

function sumFits(_c: Cx, _b: Value, n: number, off: number): boolean {
  return n + off >= -2048 && n + off <= 2047
}
