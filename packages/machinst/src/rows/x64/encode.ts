// Encoder: words to bytes, one function over the packed alternatives (Intel SDM volume 2, chapter 2: prefixes, REX, VEX, EVEX, ModRM, SIB).
//
// Of a row's alternatives the first whose condition holds is written; rows list them shortest first. Registers are physical.
import { bug, type U8Vec } from '@k23/entity'
import {
  ALT_66,
  ALT_DIGIT,
  ALT_F2,
  ALT_F3,
  ALT_INTS,
  ALT_LABEL,
  ALT_LOCK,
  ALT_MEMORY,
  ALT_MODRM,
  ALT_PLUS_CC,
  ALT_PLUS_R,
  ALT_REG8,
  ALT_RM8,
  COND_ALWAYS,
  COND_IMM8,
  COND_ONE,
  COND_RAX,
  COND_UNSWAPPED,
  FORM_EVEX,
  FORM_LEGACY,
  MEM_FRAME,
  MEM_REGISTERS,
  type X64Tables,
} from './types.ts'

/** An instruction is at most 15 bytes. */
const MAX_LENGTH = 16

/**
 * Writes the instruction at words[at] to buf from `start` on, which becomes its end. Returns the offset inside the instruction of a 4-byte
 * pc-relative field, which is left 0 for labels and symbols, or 0 if there is none.
 */
export function encodeX64(t: X64Tables, words: Int32Array, at: number, buf: U8Vec, start: number): number {
  let alt = t.altStart[words[at] & 0xffff]
  while (!holds(t, alt, words, at)) alt++
  return write(t, alt, words, at, buf, start)
}

/** The same with an 8-bit distance (jmp, jcc): returns the offset of that byte, 0 if the row has no such form, and then writes nothing. */
export function encodeShortX64(t: X64Tables, words: Int32Array, at: number, buf: U8Vec, start: number): number {
  const alt = t.shortAlt[words[at] & 0xffff]
  return alt === 0 ? 0 : write(t, alt - 1, words, at, buf, start)
}

function holds(t: X64Tables, alt: number, words: Int32Array, at: number): boolean {
  const c = t.alts[alt * ALT_INTS + 2]
  const word = words[at + ((c >> 4) & 15)]
  switch (c & 15) {
    case COND_ALWAYS:
      return true
    case COND_IMM8:
      return word === (word << 24) >> 24
    case COND_ONE:
      return word === 1
    case COND_RAX:
      return word === 0
    case COND_UNSWAPPED: {
      const b = t.alts[alt * ALT_INTS + 1]
      return ((words[at + ((b >> 4) & 15)] >> 1) & 8) === 0 || ((words[at + (b & 15)] >> 1) & 8) !== 0
    }
    default:
      return false
  }
}

function write(t: X64Tables, alt: number, words: Int32Array, at: number, buf: U8Vec, start: number): number {
  const a = t.alts[alt * ALT_INTS]
  const b = t.alts[alt * ALT_INTS + 1]
  const c = t.alts[alt * ALT_INTS + 2]
  buf.reserve(start + MAX_LENGTH)
  const d = buf.data
  const isMemory = (a & ALT_MEMORY) !== 0
  const reg = (a & ALT_DIGIT) !== 0 ? (a >> 19) & 7 : (b & 15) !== 0 ? (words[at + (b & 15)] >> 1) & 15 : 0
  const rmAt = at + ((b >> 4) & 15)
  const rm = (b & 0xf0) !== 0 && !isMemory ? (words[rmAt] >> 1) & 15 : 0
  // The fourth bits of ModRM.reg, SIB.index, and ModRM.rm or SIB.base.
  const r = reg >> 3
  const x = isMemory && words[rmAt + 1] >= 0 ? (words[rmAt + 1] >> 4) & 1 : 0
  const base = isMemory ? (words[rmAt] >= 0 ? (words[rmAt] >> 4) & 1 : 0) : rm >> 3
  const opcode =
    (a & 0xff) | ((a & ALT_PLUS_R) !== 0 ? rm & 7 : 0) | ((a & ALT_PLUS_CC) !== 0 ? words[at + ((b >> 24) & 15)] : 0)
  let p = start
  if (((a >> 10) & 3) === FORM_LEGACY) p = legacyPrefixes(a, reg, rm, r, x, base, d, p)
  else p = vectorPrefix(a, (b & 0xf00) !== 0 ? (words[at + ((b >> 8) & 15)] >> 1) & 15 : 0, r, x, base, d, p)
  d[p++] = opcode
  for (let n = (c >> 11) & 7, i = c >> 14; n > 0; n--) d[p++] = t.altBytes[i++]

  let field = 0
  if ((a & ALT_MODRM) !== 0) {
    if (isMemory) {
      const kind = (words[rmAt + 2] >> 4) & 15
      if (kind === MEM_REGISTERS) p = registersOperand(a, c, reg, words, rmAt, d, p)
      else {
        if (kind === MEM_FRAME) bug('encoder', '-', t.ids[words[at] & 0xffff], 'a frame address was not resolved')
        d[p++] = ((reg & 7) << 3) | 5
        field = p - start
        p = put32(d, p, 0)
      }
    } else d[p++] = 0xc0 | ((reg & 7) << 3) | (rm & 7)
  }
  if ((b & 0xf000) !== 0) d[p++] = ((words[at + ((b >> 12) & 15)] >> 1) & 15) << 4
  const bytes = (b >> 20) & 15
  if (bytes !== 0) {
    const value = (a & ALT_LABEL) !== 0 ? 0 : words[at + ((b >> 16) & 15)]
    if ((a & ALT_LABEL) !== 0) field = p - start
    if (bytes === 1) d[p++] = value
    else if (bytes === 2) {
      d[p++] = value
      d[p++] = value >> 8
    } else {
      p = put32(d, p, value)
      if (bytes === 8) p = put32(d, p, words[at + ((b >> 16) & 15) + 1])
    }
  }
  buf.length = p
  return field
}

function put32(d: Uint8Array, p: number, value: number): number {
  d[p] = value
  d[p + 1] = value >> 8
  d[p + 2] = value >> 16
  d[p + 3] = value >> 24
  return p + 4
}

function legacyPrefixes(
  a: number,
  reg: number,
  rm: number,
  r: number,
  x: number,
  base: number,
  d: Uint8Array,
  start: number,
): number {
  let p = start
  if ((a & ALT_66) !== 0) d[p++] = 0x66
  if ((a & ALT_F2) !== 0) d[p++] = 0xf2
  if ((a & ALT_F3) !== 0) d[p++] = 0xf3
  if ((a & ALT_LOCK) !== 0) d[p++] = 0xf0
  const rex = (((a >> 12) & 1) << 3) | (r << 2) | (x << 1) | base
  // spl, bpl, sil and dil exist under a REX prefix only.
  const byteRegister = ((a & ALT_REG8) !== 0 && reg > 3) || ((a & ALT_RM8) !== 0 && rm > 3)
  if (rex !== 0 || byteRegister) d[p++] = 0x40 | rex
  const map = (a >> 8) & 3
  if (map > 0) d[p++] = 0x0f
  if (map > 1) d[p++] = map === 2 ? 0x38 : 0x3a
  return p
}

/** VEX in two bytes where it can be, or EVEX without masking, broadcast or registers above 15. */
function vectorPrefix(
  a: number,
  vvvv: number,
  r: number,
  x: number,
  base: number,
  d: Uint8Array,
  start: number,
): number {
  let p = start
  const w = (a >> 12) & 1
  const map = (a >> 8) & 3
  const pp = (a & ALT_66) !== 0 ? 1 : (a & ALT_F3) !== 0 ? 2 : (a & ALT_F2) !== 0 ? 3 : 0
  const inverted = (~vvvv & 15) << 3
  if (((a >> 10) & 3) === FORM_EVEX) {
    d[p++] = 0x62
    d[p++] = ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((base ^ 1) << 5) | 0x10 | map
    d[p++] = (w << 7) | inverted | 4 | pp
    d[p++] = 8
  } else if (w === 0 && map === 1 && (x | base) === 0) {
    d[p++] = 0xc5
    d[p++] = ((r ^ 1) << 7) | inverted | pp
  } else {
    d[p++] = 0xc4
    d[p++] = ((r ^ 1) << 7) | ((x ^ 1) << 6) | ((base ^ 1) << 5) | map
    d[p++] = (w << 7) | inverted | pp
  }
  return p
}

/** ModRM, SIB and displacement of base + index * scale + disp. */
function registersOperand(
  a: number,
  c: number,
  reg: number,
  words: Int32Array,
  rmAt: number,
  d: Uint8Array,
  start: number,
): number {
  let p = start
  const base = words[rmAt]
  const index = words[rmAt + 1]
  const disp = words[rmAt + 3]
  const r = (reg & 7) << 3
  const low = (base >> 1) & 7
  if (base < 0) {
    // Without a base: SIB's base 101 under mod 00. (ModRM alone would mean rip.)
    d[p] = r | 4
    d[p + 1] = ((words[rmAt + 2] & 3) << 6) | (index < 0 ? 4 << 3 : ((index >> 1) & 7) << 3) | 5
    return put32(d, p + 2, disp)
  }
  const unit = ((a >> 10) & 3) === FORM_EVEX ? (c >> 8) & 7 : 0
  const small = disp >> unit
  // rbp and r13 as a base have no form without displacement.
  const mod = disp === 0 && low !== 5 ? 0 : small << unit === disp && small === (small << 24) >> 24 ? 1 : 2
  if (index >= 0 || low === 4) {
    d[p++] = (mod << 6) | r | 4
    d[p++] = ((index < 0 ? 0 : words[rmAt + 2] & 3) << 6) | (index < 0 ? 4 << 3 : ((index >> 1) & 7) << 3) | low
  } else d[p++] = (mod << 6) | r | low
  if (mod === 1) d[p++] = small
  else if (mod === 2) p = put32(d, p, disp)
  return p
}
