// What generated matchers and emitters call: reading the constants of a function without allocation.
// Bits of an iconst beyond its type's width are ignored, so zero-extended and sign-extended storage read alike.
import { type Func, type Inst, laneBits, type Type } from '@k23/ir'
import { NO } from './context.ts'
import type { Const64, ImmBy } from './spec.ts'

/** The constant of `inst`, `bits` wide, sign-extended, where it is an int32; NO elsewhere. */
export function signedImm(f: Func, inst: number, bits: number): number {
  const lo = f.imm0[inst]
  if (bits === 32) return lo
  if (bits === 64) return f.imm1[inst] === lo >> 31 ? lo : NO
  const gone = 32 - bits
  return (lo << gone) >> gone
}
/** The constant of `inst`, `bits` wide, zero-extended, where it is below 2^31; NO elsewhere. */
export function unsignedImm(f: Func, inst: number, bits: number): number {
  const lo = f.imm0[inst]
  if (bits >= 32) return lo >= 0 && (bits === 32 || f.imm1[inst] === 0) ? lo : NO
  return lo & ((1 << bits) - 1)
}
/** What `by` makes of the constant of `inst`. */
export function byImm(f: Func, inst: number, bits: number, by: ImmBy): number {
  const lo = f.imm0[inst]
  if (bits === 64) return by(lo, f.imm1[inst], f.ctrl[inst] as Type)
  return by(bits >= 32 ? lo : lo & ((1 << bits) - 1), 0, f.ctrl[inst] as Type)
}
/** True if the constant of `inst` is (lo, hi) as a signed or as an unsigned number of its width. */
export function isImm(f: Func, inst: number, bits: number, lo: number, hi: number): boolean {
  const x = f.imm0[inst]
  if (bits === 64) return x === lo && f.imm1[inst] === hi
  if (bits === 32) return x === lo && (hi === 0 || hi === lo >> 31)
  const gone = 32 - bits
  const s = (x << gone) >> gone
  const u = x & ((1 << bits) - 1)
  return (s === lo && hi === lo >> 31) || (u === lo && hi === 0)
}
/** True if two constants of the same width are equal. */
export function sameImm(f: Func, a: number, b: number, bitsA: number, bitsB: number): boolean {
  if (bitsA !== bitsB) return false
  if (bitsA === 64) return f.imm0[a] === f.imm0[b] && f.imm1[a] === f.imm1[b]
  return bitsA === 32 ? f.imm0[a] === f.imm0[b] : ((f.imm0[a] ^ f.imm0[b]) & ((1 << bitsA) - 1)) === 0
}
/** Width of the constant that `inst` makes: of its type, or of a float constant's bits. */
export function widthOf(f: Func, inst: number): number {
  const t = f.ctrl[inst]
  return t === 0 ? laneBits(f.valType[f.pool.data[f.results[inst]]] as Type) : laneBits(t as Type)
}

/** Low word of a captured constant, sign-extended from its type. */
export function constLo(f: Func, c: Const64): number {
  const bits = widthOf(f, c as number)
  return bits >= 32 ? f.imm0[c] : (f.imm0[c] << (32 - bits)) >> (32 - bits)
}
/** High word of a captured constant, sign-extended from its type. */
export function constHi(f: Func, c: Const64): number {
  return widthOf(f, c as number) === 64 ? f.imm1[c] : constLo(f, c) >> 31
}
/** The constant instruction behind the handle. */
export function constInst(c: Const64): Inst {
  return c as number as Inst
}
