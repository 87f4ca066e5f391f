// The x64 instruction table and what is generated from it: no dependency on IR, register allocator, or lowering.
import type { U8Vec } from '@k23/entity'
import { decodedLengthX64, decodeX64, encodeShortX64, encodeX64 } from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'

export {
  type InstSink,
  type Label,
  type Mem,
  memBase,
  memFrame,
  memIndex,
  memRip,
  type MemSink,
  memSymbol,
  type RegWord,
  type Writable,
} from '@k23/machinst/rows'
export type { Gpr, Xmm } from '../gen/constructors.ts'
export * as emit from '../gen/constructors.ts'
export * as Opc from '../gen/opcodes.ts'
export { type Disassembled, disassemble } from './disassemble.ts'
export { print } from './print.ts'
export { rows } from './rows.ts'
export { CC, CC_NAMES, R16_NAMES, R32_NAMES, R64_NAMES, R8_NAMES, vocabulary, XMM_NAMES } from './vocabulary.ts'
export { tables }

/**
 * Writes the instruction at words[at] (physical registers) to buf from `start` on, which becomes its end. Returns the offset inside the
 * instruction of its 4-byte pc-relative field, 0 if it has none. A label or symbol leaves that field 0; what is to stand there counts
 * from the instruction's end.
 */
export function encode(words: Int32Array, at: number, buf: U8Vec, start: number = buf.length): number {
  return encodeX64(tables, words, at, buf, start)
}

/** As encode, for jmp and jcc with an 8-bit distance; returns the offset of that byte, 0 (and writes nothing) for other rows. */
export function encodeShort(words: Int32Array, at: number, buf: U8Vec, start: number = buf.length): number {
  return encodeShortX64(tables, words, at, buf, start)
}

/**
 * Decodes the instruction at bytes[at] to words at out[to]; returns how many, 0 for an undefined or incomplete one. Labels and
 * rip-relative operands hold the signed distance from the instruction's end.
 */
export function decode(bytes: Uint8Array, at: number, out: Int32Array, to = 0): number {
  return decodeX64(tables, bytes, at, out, to)
}

/** Bytes of the instruction decoded last. */
export function decodedLength(): number {
  return decodedLengthX64()
}
