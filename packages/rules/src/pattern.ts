// Patterns as data. A rule's pattern lambda runs once, at build time or in the reference engine, and returns one of these trees.
// The types that a lambda sees (ValuePat, ConstPat, ...) are opaque: they keep the five sorts apart and nothing else.
import type { FormatName } from '@k23/ir'
import type { ConstFn } from './constants.ts'
import type { ImmKind, SpecData } from './spec.ts'
import type { TypeSet } from './typeset.ts'

declare const sort: unique symbol
interface Opaque<S extends string> {
  readonly [sort]: S
}
/** A value: a capture or the result of an operator. */
export type ValuePat = Opaque<'value'>
/** A constant: a capture. Literals are numbers or BigInts. */
export type ConstPat = Opaque<'const'>
/** A condition code: a capture. Literals are names. */
export type CCPat = Opaque<'cc'>
/** A type: a capture. */
export type TypePat = Opaque<'type'>
/** An instruction: a capture. */
export type InstPat = Opaque<'inst'>
/** An immediate word of kind K: a capture. Literals are numbers. */
export type ImmPat<K extends ImmKind> = Opaque<`imm ${K}`>

/** Capture `index` of its rule. Used twice, it demands equality. */
export interface Capture {
  readonly kind: 'capture'
  readonly index: number
  readonly spec: SpecData
}
/** Operator `op` (a name of the opcode table). `imms` are its immediate words as the format orders them; undefined is "anything". */
export interface OpPat {
  readonly kind: 'op'
  readonly op: string
  readonly format: FormatName
  readonly args: readonly Pat[]
  readonly imms: readonly (Pat | undefined)[]
}
/** One of several, in this order. */
export interface AltPat {
  readonly kind: 'alt'
  readonly alts: readonly Pat[]
}
/** A literal constant, condition code (by name) or immediate. */
export interface LitPat {
  readonly kind: 'literal'
  readonly value: number | bigint | string
}
/** `pat`, whose instruction (or type) is captured as well. */
export interface AtPat {
  readonly kind: 'at'
  readonly inst: Capture
  readonly pat: Pat
}
export interface TypedPat {
  readonly kind: 'typed'
  readonly type: Capture | TypeSet
  readonly pat: Pat
}
/** A constant function of constants, on right sides and in conditions (constants.ts). */
export interface FnPat {
  readonly kind: 'fn'
  readonly fn: ConstFn
  readonly args: readonly Pat[]
}
/** The root's controlling type, in rules of the mid-end. */
export interface RootTypePat {
  readonly kind: 'rootType'
}
export type Pat = Capture | OpPat | AltPat | LitPat | AtPat | TypedPat | FnPat | RootTypePat

/** The tree behind an opaque pattern. */
export function dataOf(p: unknown): Pat {
  return typeof p === 'object' ? (p as Pat) : { kind: 'literal', value: p as number | bigint | string }
}
const opaque = (p: Pat): ValuePat => p as unknown as ValuePat

/** Any of the patterns, tried in this order; each must bind the captures that the rule uses. */
export function anyOf(...pats: ValuePat[]): ValuePat {
  return opaque({ kind: 'alt', alts: pats.map(dataOf) })
}
/** The binary operator with its operands in either order. */
export function comm(op: (x: ValuePat, y: ValuePat) => ValuePat): (x: ValuePat, y: ValuePat) => ValuePat {
  return (x, y) => anyOf(op(x, y), op(y, x))
}
/** `pat`, with its instruction captured. */
export function at(inst: InstPat, pat: ValuePat): ValuePat {
  return opaque({ kind: 'at', inst: inst as unknown as Capture, pat: dataOf(pat) })
}
/** `pat`, with its type tested against a set or captured. */
export function typed(type: TypePat | TypeSet, pat: ValuePat): ValuePat {
  return opaque({ kind: 'typed', type: type as unknown as Capture | TypeSet, pat: dataOf(pat) })
}
export function opPattern(
  op: string,
  format: FormatName,
  args: readonly unknown[],
  imms: readonly unknown[],
): ValuePat {
  return opaque({
    kind: 'op',
    op,
    format,
    args: args.map(dataOf),
    imms: imms.map((p) => (p === undefined ? p : dataOf(p))),
  })
}
