// The arithmetic flags: CF PF AF ZF SF OF.
//
// Problem: nearly every instruction writes flags, and few are read.
// Idea: an instruction leaves what it did (kind, width, operands), and whoever reads a flag computes it from that. What each flag is after an
// operation stands here once, against the builder; the eager evaluator computes all of them at every instruction, the generated one has a
// function that does so when asked, and shorter ones for conditions after comparisons.
//
// Words of the register file (registers.ts):
//   FLAG_KIND        LAZY_KINDS index * 4 + log2 of the width in bytes, KNOWN, and OVERRIDE where single flags were written since
//   FLAG_A, FLAG_B   operands, zero-extended (high words only of 64-bit operations); KNOWN: FLAG_A is the flags
//   FLAG_CARRY       carry that went in
//   FLAG_OVERRIDDEN, FLAG_OVERRIDES     which flags were written since, and their values
//   FLAG_UNDEFINED   what flags read as that the manual leaves undefined: 0, or a pattern that shows that somebody relies on them
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, 3.4.3.1, and "Flags Affected" of each instruction in volume 2.

import type { I32Ops, I64Ops, IntegerArithmetic, IntOps, Types } from '../semantics/builder.ts'

export type Width = 8 | 16 | 32 | 64
export const WIDTHS: readonly Width[] = [8, 16, 32, 64]

export const CF = 0x001
export const PF = 0x004
export const AF = 0x010
export const ZF = 0x040
export const SF = 0x080
export const OF = 0x800
export const ALL_FLAGS: number = CF | PF | AF | ZF | SF | OF

/** Operations whose flags are computed from their operands when somebody asks. */
export const LAZY_KINDS = [
  'add',
  'adc', // with a carry in
  'sub', // and cmp
  'sbb', // with a borrow in
  'logic', // and, or, xor, test: a is the result
  'shl', // by b, which is not 0
  'shr',
  'sar',
  'mul', // full product of unsigned a and b
  'imul',
] as const
export type LazyFlags = (typeof LAZY_KINDS)[number]

export const KNOWN: number = LAZY_KINDS.length * 4
export const OVERRIDE = 64

export function flagKind(kind: LazyFlags, width: Width): number {
  return LAZY_KINDS.indexOf(kind) * 4 + WIDTHS.indexOf(width)
}

/** Integer operations on the operands of a width. Values are zero-extended to i32 or i64, which V is. */
export interface Sized<T extends Types, V> extends IntOps<T, V> {
  readonly width: Width
  const(n: number): V
  /** Without the bits above the width. */
  truncate(v: V): V
  /** Sign-extended from the width to all of V. */
  signed(v: V): V
  toI64(v: V): T['i64']
  fromI64(v: T['i64']): V
  /** Low 32 bits. */
  low(v: V): T['i32']
  fromI32(v: T['i32']): V
}

/** Calls `f` with the operations of a width. */
export function sized<T extends Types, R>(b: IntegerArithmetic<T>, width: Width, f: <V>(w: Sized<T, V>) => R): R {
  return width === 64 ? f(wide(b)) : f(narrow(b, width))
}

function wide<T extends Types>(b: IntegerArithmetic<T>): Sized<T, T['i64']> {
  const ops: I64Ops<T> = b.i64
  return {
    ...ops,
    width: 64,
    truncate: (v) => v,
    signed: (v) => v,
    toI64: (v) => v,
    fromI64: (v) => v,
    low: (v) => b.i32.wrap_i64(v),
    fromI32: (v) => b.i64.extend_i32_u(v),
  }
}

function narrow<T extends Types>(b: IntegerArithmetic<T>, width: 8 | 16 | 32): Sized<T, T['i32']> {
  const ops: I32Ops<T> = b.i32
  const truncate = (v: T['i32']): T['i32'] => (width === 32 ? v : b.i32.and(v, b.i32.const(2 ** width - 1)))
  return {
    ...ops,
    width,
    truncate,
    signed: (v) => (width === 32 ? v : width === 16 ? b.i32.extend16_s(v) : b.i32.extend8_s(v)),
    toI64: (v) => b.i64.extend_i32_u(v),
    fromI64: (v) => truncate(b.i32.wrap_i64(v)),
    low: (v) => v,
    fromI32: truncate,
  }
}

/** A flag after an operation: 0 or 1; undefined where the manual says so, or where `undefinedIf` is not 0. */
export type Flag<T extends Types> =
  | undefined
  | { readonly value: T['i32']; readonly undefinedIf?: T['i32'] | undefined }

/** All six, by letter. */
export type Flags<T extends Types> = Readonly<Record<FlagLetter, Flag<T>>>
export type FlagLetter = 'c' | 'p' | 'a' | 'z' | 's' | 'o'
export const FLAG_BITS: Readonly<Record<FlagLetter, number>> = { c: CF, p: PF, a: AF, z: ZF, s: SF, o: OF }
export const FLAG_LETTERS = Object.keys(FLAG_BITS) as FlagLetter[]

/** Bit n of v. */
export function bitOf<T extends Types, V>(b: IntegerArithmetic<T>, w: Sized<T, V>, v: V, n: number): T['i32'] {
  return b.i32.and(w.low(w.shr_u(v, w.const(n))), b.i32.const(1))
}

export function signOf<T extends Types, V>(b: IntegerArithmetic<T>, w: Sized<T, V>, v: V): T['i32'] {
  return bitOf(b, w, v, w.width - 1)
}

/** 1 if the low byte has an even number of ones. */
export function parityOf<T extends Types>(b: IntegerArithmetic<T>, low: T['i32']): T['i32'] {
  const { i32 } = b
  return i32.eqz(i32.and(i32.popcnt(i32.and(low, i32.const(0xff))), i32.const(1)))
}

/** ZF, SF and PF of a result. */
function ofResult<T extends Types, V>(
  b: IntegerArithmetic<T>,
  w: Sized<T, V>,
  r: V,
): { readonly z: Flag<T>; readonly s: Flag<T>; readonly p: Flag<T> } {
  return { z: { value: w.eqz(r) }, s: { value: signOf(b, w, r) }, p: { value: parityOf(b, w.low(r)) } }
}

/** The flags that an operation leaves; `carry` is 0 or 1. */
export function flagsAfter<T extends Types, V>(
  b: IntegerArithmetic<T>,
  w: Sized<T, V>,
  kind: LazyFlags,
  a: V,
  y: V,
  carry: T['i32'],
): Flags<T> {
  const { i32 } = b
  const zero = { value: i32.const(0) }
  /** Carry out of bit 3. */
  const auxiliary = (r: V): Flag<T> => ({ value: bitOf(b, w, w.xor(w.xor(a, y), r), 4) })
  const not = (v: V): V => w.xor(v, w.const(-1))
  switch (kind) {
    case 'add':
    case 'adc': {
      const r = w.truncate(w.add(w.add(a, y), kind === 'adc' ? w.fromI32(carry) : w.const(0)))
      return {
        ...ofResult(b, w, r),
        c: { value: signOf(b, w, w.or(w.and(a, y), w.and(w.or(a, y), not(r)))) },
        a: auxiliary(r),
        o: { value: signOf(b, w, w.and(w.xor(a, r), w.xor(y, r))) },
      }
    }
    case 'sub':
    case 'sbb': {
      const r = w.truncate(w.sub(w.sub(a, y), kind === 'sbb' ? w.fromI32(carry) : w.const(0)))
      return {
        ...ofResult(b, w, r),
        c: { value: signOf(b, w, w.or(w.and(not(a), y), w.and(w.or(not(a), y), r))) },
        a: auxiliary(r),
        o: { value: signOf(b, w, w.and(w.xor(a, y), w.xor(a, r))) },
      }
    }
    case 'logic':
      return { ...ofResult(b, w, a), c: zero, a: undefined, o: zero }
    case 'shl':
    case 'shr':
    case 'sar': {
      // Counts up to 31, of narrow operands too: what is shifted out last is then a bit that they do not have.
      const { width } = w
      const less = w.sub(y, w.const(1))
      const beforeLast =
        kind === 'shl' ? w.shl(a, less) : kind === 'shr' ? w.shr_u(a, less) : w.shr_s(w.signed(a), less)
      const one = w.const(1)
      const r = w.truncate(
        kind === 'shl' ? w.shl(beforeLast, one) : kind === 'shr' ? w.shr_u(beforeLast, one) : w.shr_s(beforeLast, one),
      )
      const c = kind === 'shl' ? signOf(b, w, beforeLast) : bitOf(b, w, beforeLast, 0)
      const o = kind === 'shl' ? i32.xor(signOf(b, w, r), c) : kind === 'shr' ? signOf(b, w, a) : i32.const(0)
      const tooFar = width < 32 && kind !== 'sar' ? w.ge_u(y, w.const(width)) : undefined
      return {
        ...ofResult(b, w, r),
        c: { value: c, undefinedIf: tooFar },
        a: undefined,
        o: { value: o, undefinedIf: w.ne(y, one) },
      }
    }
    case 'mul':
    case 'imul': {
      const overflow = { value: productOverflows(b, w, a, y, kind === 'imul') }
      return { c: overflow, o: overflow, z: undefined, s: undefined, p: undefined, a: undefined }
    }
  }
}

/** 1 if the product does not fit the width. */
function productOverflows<T extends Types, V>(
  b: IntegerArithmetic<T>,
  w: Sized<T, V>,
  a: V,
  y: V,
  signed: boolean,
): T['i32'] {
  const { i64 } = b
  if (w.width === 64) {
    const [p, q] = [w.toI64(a), w.toI64(y)]
    return signed
      ? i64.ne(i64.mul_high_s(p, q), i64.shr_s(i64.mul(p, q), i64.const(63)))
      : i64.ne(i64.mul_high_u(p, q), i64.const(0))
  }
  // Up to 32 bits the product of the extended operands is exact in 64.
  const full = (v: V): T['i64'] => (signed ? i64.extend_i32_s(w.low(w.signed(v))) : w.toI64(v))
  const product = i64.mul(full(a), full(y))
  const up = i64.const(64 - w.width)
  return i64.ne(product, signed ? i64.shr_s(i64.shl(product, up), up) : i64.shr_u(i64.shl(product, up), up))
}

/** Conditions by number; the odd ones are the complements of the even ones before them. */
export const CONDITIONS = ['o', 'b', 'e', 'be', 's', 'p', 'l', 'le'] as const
export type ConditionName = (typeof CONDITIONS)[number]

/** Whether a condition holds under flags given one by one. */
export function conditionOf<T extends Types>(
  b: IntegerArithmetic<T>,
  name: ConditionName,
  flag: (letter: FlagLetter) => T['i32'],
): T['i32'] {
  const { i32 } = b
  switch (name) {
    case 'o':
      return flag('o')
    case 'b':
      return flag('c')
    case 'e':
      return flag('z')
    case 'be':
      return i32.or(flag('c'), flag('z'))
    case 's':
      return flag('s')
    case 'p':
      return flag('p')
    case 'l':
      return i32.xor(flag('s'), flag('o'))
    case 'le':
      return i32.or(flag('z'), i32.xor(flag('s'), flag('o')))
  }
}

/** The same after a comparison, by comparing; undefined where that is no shorter than by flags. */
export function conditionAfter<T extends Types, V>(
  w: Sized<T, V>,
  kind: LazyFlags,
  name: ConditionName,
  a: V,
  y: V,
): T['i32'] | undefined {
  if (kind !== 'sub') return undefined
  switch (name) {
    case 'b':
      return w.lt_u(a, y)
    case 'be':
      return w.ge_u(y, a)
    case 'e':
      return w.eq(a, y)
    case 'l':
      return w.lt_s(w.signed(a), w.signed(y))
    case 'le':
      return w.ge_s(w.signed(y), w.signed(a))
    default:
      return undefined
  }
}
