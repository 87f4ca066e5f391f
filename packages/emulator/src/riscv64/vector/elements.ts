// Elements and register groups (RISC-V Unprivileged ISA 20240411, 31.4, 31.5.2). Widths are log2 of bits: 3..6, 0 for a mask. An element e
// of a group lies e widths behind the start of its first register, since registers are consecutive in memory.

import type { VectorState } from './state.ts'

/** How an element becomes 64 bits. FLOAT: as in a register, narrow ones with all higher bits set. */
export const UNSIGNED = 0
export const SIGNED = 1
export const FLOAT = 2
export type Extension = typeof UNSIGNED | typeof SIGNED | typeof FLOAT

/** The low word of an element; the high one is left in u.high. */
export function readElement(u: VectorState, register: number, e: number, log: number, extension: Extension): number {
  let v: number
  switch (log) {
    case 3:
      v = u.bytes[register * 16 + e]
      if (extension === SIGNED) v = (v << 24) >> 24
      break
    case 4:
      v = u.halves[register * 8 + e]
      if (extension === SIGNED) v = (v << 16) >> 16
      else if (extension === FLOAT) v |= -0x10000
      break
    case 5:
      v = u.words[register * 4 + e]
      break
    default:
      u.high = u.words[register * 4 + 2 * e + 1]
      return u.words[register * 4 + 2 * e]
  }
  u.high = extension === SIGNED ? v >> 31 : extension === FLOAT ? -1 : 0
  return v
}

export function writeElement(u: VectorState, register: number, e: number, log: number, lo: number, hi: number): void {
  switch (log) {
    case 3:
      u.bytes[register * 16 + e] = lo
      break
    case 4:
      u.halves[register * 8 + e] = lo
      break
    case 5:
      u.words[register * 4 + e] = lo
      break
    default:
      u.words[register * 4 + 2 * e] = lo
      u.words[register * 4 + 2 * e + 1] = hi
  }
}

export function readBit(u: VectorState, register: number, e: number): number {
  return (u.bytes[register * 16 + (e >> 3)] >> (e & 7)) & 1
}

export function writeBit(u: VectorState, register: number, e: number, bit: number): void {
  const at = register * 16 + (e >> 3)
  u.bytes[at] = (u.bytes[at] & ~(1 << (e & 7))) | ((bit & 1) << (e & 7))
}

/** Canonical NaN by log2 of the width, for what is not boxed properly (16 and 32 bits). */
const CANONICAL_NAN: Readonly<Record<number, number>> = { 4: 0xffff7e00 | 0, 5: 0x7fc00000 }

/** The scalar of an instruction as an element: the low word; the high one in u.high. A badly boxed float is the canonical NaN (31.5.1). */
export function extendScalar(u: VectorState, lo: number, hi: number, log: number, extension: Extension): number {
  if (log === 6) {
    u.high = hi
    return lo
  }
  if (extension === FLOAT) {
    u.high = -1
    return hi === -1 && (log === 5 || lo >> 16 === -1) ? lo : CANONICAL_NAN[log]
  }
  const away = 32 - (1 << log)
  const v = extension === SIGNED ? (lo << away) >> away : (lo << away) >>> away
  u.high = extension === SIGNED ? v >> 31 : 0
  return v | 0
}

/** log2 of the registers in a group. */
const sizeLog = (emulLog: number): number => Math.max(emulLog, 0)

/** True if a group may start at this register: LMUL is in range, and the number a multiple of it. */
export function isGroup(register: number, emulLog: number): boolean {
  return emulLog >= -3 && emulLog <= 3 && (register & ((1 << sizeLog(emulLog)) - 1)) === 0
}

/** True if a destination may lie where it does relative to a source (31.5.2): apart, or of one width, or at the end that the manual names. */
export function mayOverlap(
  destination: number,
  destinationLog: number,
  destinationEmul: number,
  source: number,
  sourceLog: number,
  sourceEmul: number,
): boolean {
  const end = destination + (1 << sizeLog(destinationEmul))
  const sourceEnd = source + (1 << sizeLog(sourceEmul))
  if (end <= source || sourceEnd <= destination || destinationLog === sourceLog) return true
  return destinationLog < sourceLog ? destination === source : sourceEmul >= 0 && end === sourceEnd
}

/** True if two groups of registers share one. */
export function shareRegister(a: number, aEmul: number, b: number, bEmul: number): boolean {
  return a < b + (1 << sizeLog(bEmul)) && b < a + (1 << sizeLog(aEmul))
}
