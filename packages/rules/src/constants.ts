// Constant functions: what rules of the mid-end compute with constants, one row each. A row's JavaScript meaning works on 64-bit words given
// zero-extended from their type's width and may leave garbage above it (the reader cuts it off); conditions give 0 or 1.
// The same rows are printed in rules and are to be given an SMT meaning when rules are proven.
import { i64 } from '@k23/entity'
import { type Type, laneBits } from '@k23/ir'
import type { ConstPat, TypePat } from './pattern.ts'
import type { K } from './terms.ts'

/** Low word of the result; the high word goes to `high.word`. `bits` is the width of the first argument. */
export type ConstMeaning = (alo: number, ahi: number, blo: number, bhi: number, bits: number) => number
export interface ConstFn {
  readonly name: string
  readonly arity: number
  readonly meaning: ConstMeaning
}
export const high: { word: number } = { word: 0 }

function pair(lo: number): number {
  high.word = i64.hi
  return lo
}
function words(lo: number, hi: number): number {
  high.word = hi
  return lo
}
function small(lo: number): number {
  high.word = 0
  return lo
}
/** The words sign-extended from `bits`: low word returned, high word in i64.hi. */
function signed(lo: number, hi: number, bits: number): number {
  const s = i64.shl(lo, hi, 64 - bits)
  return i64.sshr(s, i64.hi, 64 - bits)
}
function mask(bits: number): number {
  return bits >= 64 ? i64.fromBigInt(-1n) : i64.sub(i64.shl(1, 0, bits), i64.hi, 1, 0)
}

// biome-ignore format: table
const rows: readonly [name: string, arity: number, meaning: ConstMeaning][] = [
  ['kadd',    2, (al, ah, bl, bh) => pair(i64.add(al, ah, bl, bh))],
  ['ksub',    2, (al, ah, bl, bh) => pair(i64.sub(al, ah, bl, bh))],
  ['kmul',    2, (al, ah, bl, bh) => pair(i64.mul(al, ah, bl, bh))],
  ['kneg',    1, (al, ah) => pair(i64.neg(al, ah))],
  ['kand',    2, (al, ah, bl, bh) => words(al & bl, ah & bh)],
  ['kor',     2, (al, ah, bl, bh) => words(al | bl, ah | bh)],
  ['kxor',    2, (al, ah, bl, bh) => words(al ^ bl, ah ^ bh)],
  ['knot',    1, (al, ah) => words(~al, ~ah)],
  ['kshl',    2, (al, ah, bl, _bh, bits) => pair(i64.shl(al, ah, bl & (bits - 1)))],
  ['kushr',   2, (al, ah, bl, _bh, bits) => pair(i64.ushr(al, ah, bl & (bits - 1)))],
  ['ksshr',   2, (al, ah, bl, _bh, bits) => pair(i64.sshr(signed(al, ah, bits), i64.hi, bl & (bits - 1)))],
  // all ones of the type, shifted right or left by the argument
  ['kmaskhi', 1, (al, _ah, _bl, _bh, bits) => pair(i64.shl(mask(bits), i64.hi, al & (bits - 1)))],
  ['kmasklo', 1, (al, _ah, _bl, _bh, bits) => pair(i64.ushr(mask(bits), i64.hi, al & (bits - 1)))],
  ['klog2',   1, (al, ah) => small(i64.ctz(al, ah))],
  // conditions
  ['keq',     2, (al, ah, bl, bh) => small(al === bl && ah === bh ? 1 : 0)],
  ['kne',     2, (al, ah, bl, bh) => small(al !== bl || ah !== bh ? 1 : 0)],
  ['kult',    2, (al, ah, bl, bh) => small(i64.ult(al, ah, bl, bh) ? 1 : 0)],
  ['kpow2',   1, (al, ah) => small((al !== 0 || ah !== 0) && (al & (al - 1)) === 0 && (al === 0 || ah === 0) && (ah & (ah - 1)) === 0 ? 1 : 0)],
  ['kboth',   2, (al, _ah, bl) => small(al & bl)],
]

const byName = new Map(rows.map(([name, arity, meaning]) => [name, { name, arity, meaning }] as const))
/** All rows. */
export const constFns: readonly ConstFn[] = [...byName.values()]

type Unary = (a: K) => ConstPat
type Binary = (a: K, b: K) => ConstPat
function make(name: string): (...args: K[]) => ConstPat {
  const fn = byName.get(name)!
  return (...args) =>
    ({
      kind: 'fn',
      fn,
      args: args.map((a) => (typeof a === 'object' ? a : { kind: 'literal', value: a })),
    }) as unknown as ConstPat
}
export const kadd: Binary = make('kadd')
export const ksub: Binary = make('ksub')
export const kmul: Binary = make('kmul')
export const kneg: Unary = make('kneg')
export const kand: Binary = make('kand')
export const kor: Binary = make('kor')
export const kxor: Binary = make('kxor')
export const knot: Unary = make('knot')
export const kshl: Binary = make('kshl')
export const kushr: Binary = make('kushr')
export const ksshr: Binary = make('ksshr')
/** -1 of the root's type shifted left, zeros coming in. */
export const kmaskhi: Unary = make('kmaskhi')
/** -1 of the root's type shifted right, zeros coming in. */
export const kmasklo: Unary = make('kmasklo')
export const klog2: Unary = make('klog2')

/** A condition: a constant function that gives 0 or 1. */
export const keq: Binary = make('keq')
export const kne: Binary = make('kne')
export const kult: Binary = make('kult')
/** A power of two; 0 is none. */
export const kpow2: Unary = make('kpow2')
export const kboth: Binary = make('kboth')

const bitsFn: ConstFn = { name: 'bits', arity: 1, meaning: (al) => small(laneBits(al as Type)) }
/** Width of a lane of the type. */
export function bits(t: TypePat): ConstPat {
  return { kind: 'fn', fn: bitsFn, args: [t] } as unknown as ConstPat
}
