// The riscv64 instruction table and what is generated from it: no dependency on IR, register allocator, or lowering.
import {
  compressInst,
  decodeInst,
  encodeInst,
  expandInst,
  fitsFixup as fits,
  patchFixup as patch,
} from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'

export type { InstSink, Label, RegWord, Writable } from '@k23/machinst/rows'
export type { FReg, VReg, XReg } from '../gen/constructors.ts'
export * as emit from '../gen/constructors.ts'
export * as Fixup from '../gen/fixups.ts'
export * as Opc from '../gen/opcodes.ts'
export { type Disassembled, disassemble } from './disassemble.ts'
export { patchHi20, patchLo12I, patchLo12S, pcrelHi20, pcrelLo12 } from './pcrel.ts'
export { print } from './print.ts'
export { rows } from './rows.ts'
export * from './vector-state.ts'
export { F_NAMES, V_NAMES, vocabulary, X_NAMES } from './vocabulary.ts'
export { tables }

/** The bits of the instruction at words[at] (16-bit forms in the low half); `value` is the byte distance that a label operand gets. */
export function encode(words: Int32Array, at: number, value: number): number {
  return encodeInst(tables, words, at, value)
}

/** Decodes to words at out[at]; returns how many, 0 for an undefined or reserved encoding. 16-bit forms look at the low half only. */
export function decode(bits: number, out: Int32Array, at = 0): number {
  return decodeInst(tables, bits, out, at)
}

/** Writes the long form of the compressed instruction at words[at] to out[to]; returns its words, 0 if it is long already. */
export function expand(words: Int32Array, at: number, out: Int32Array, to = 0): number {
  return expandInst(tables, words, at, out, to)
}

/** Writes a compressed form of the instruction at words[at], if one of those in `allowed` (1 by opcode) fits; returns its words or 0. */
export function compress(words: Int32Array, at: number, out: Int32Array, to: number, allowed: Uint8Array): number {
  return compressInst(tables, words, at, out, to, allowed)
}

/** Replaces the pc-relative field of encoded bits. */
export function patchFixup(inst: number, kind: number, value: number): number {
  return patch(tables, inst, kind, value)
}

/** True if the distance is in range and aligned. */
export function fitsFixup(kind: number, value: number): boolean {
  return fits(tables, kind, value)
}
