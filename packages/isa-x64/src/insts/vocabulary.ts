// What operand names of x64 rows stand for (Intel SDM volume 2, 3.1.1.3).
import type { X64Immediate, X64Memory, X64Register, X64RegisterOrMemory, X64Vocabulary } from '@k23/machinst/rows'

const LEGACY = 'ax cx dx bx sp bp si di'.split(' ')
const numbered = (suffix: string) => Array.from({ length: 8 }, (_, i) => `r${i + 8}${suffix}`)

/** Names of the general registers by hardware number, by width. */
export const R64_NAMES: readonly string[] = [...LEGACY.map((n) => `r${n}`), ...numbered('')]
export const R32_NAMES: readonly string[] = [...LEGACY.map((n) => `e${n}`), ...numbered('d')]
export const R16_NAMES: readonly string[] = [...LEGACY, ...numbered('w')]
export const R8_NAMES: readonly string[] = ['al', 'cl', 'dl', 'bl', 'spl', 'bpl', 'sil', 'dil', ...numbered('b')]
export const XMM_NAMES: readonly string[] = Array.from({ length: 16 }, (_, i) => `xmm${i}`)

/** Condition codes by hardware number, under the names that GNU as prints, and the usual synonyms. */
export const CC = {
  o: 0,
  no: 1,
  b: 2,
  ae: 3,
  e: 4,
  ne: 5,
  be: 6,
  a: 7,
  s: 8,
  ns: 9,
  p: 10,
  np: 11,
  l: 12,
  ge: 13,
  le: 14,
  g: 15,
  c: 2,
  nc: 3,
  z: 4,
  nz: 5,
} as const
/** Names by number. */
export const CC_NAMES: readonly string[] = 'o no b ae e ne be a s ns p np l ge le g'.split(' ')

function gpr(size: 8 | 16 | 32 | 64, field: X64Register['field'], fixed?: number): X64Register {
  const names = { 8: R8_NAMES, 16: R16_NAMES, 32: R32_NAMES, 64: R64_NAMES }[size]
  return { kind: 'register', brand: 'Gpr', bank: 0, size, field, names, ...(fixed === undefined ? {} : { fixed }) }
}
function xmm(field: X64Register['field'], fixed?: number): X64Register {
  return {
    kind: 'register',
    brand: 'Xmm',
    bank: 1,
    size: 128,
    field,
    names: XMM_NAMES,
    ...(fixed === undefined ? {} : { fixed }),
  }
}
function memory(bytes: number, aligned = false): X64Memory {
  return { kind: 'memory', bytes, ...(aligned ? { aligned: true } : {}) }
}
function either(register: string, memory: string): X64RegisterOrMemory {
  return { kind: 'rm', register, memory }
}
/** Takes the unsigned values of its width too where that is below 32 bits; the word is signed. */
function signed(bytes: 1 | 2 | 4): X64Immediate {
  const half = 2 ** (8 * bytes - 1)
  return {
    kind: 'immediate',
    bytes,
    signed: true,
    min: -half,
    max: bytes === 4 ? half - 1 : 2 * half - 1,
    edges: [-129, -128, 127, 128],
  }
}
function unsigned(max: number, bytes: 1 | 2 = 1): X64Immediate {
  return { kind: 'immediate', bytes, signed: false, min: 0, max }
}

// biome-ignore format: table
export const vocabulary: X64Vocabulary = {
  // ModRM.reg
  r8:     gpr(8, 'reg'),
  r16:    gpr(16, 'reg'),
  r32:    gpr(32, 'reg'),
  r64:    gpr(64, 'reg'),
  x:      xmm('reg'),
  // ModRM.rm (or the opcode's low bits), a register only
  r8b:    gpr(8, 'rm'),
  r16b:   gpr(16, 'rm'),
  r32b:   gpr(32, 'rm'),
  r64b:   gpr(64, 'rm'),
  xb:     xmm('rm'),
  // VEX.vvvv
  r32v:   gpr(32, 'vvvv'),
  r64v:   gpr(64, 'vvvv'),
  xv:     xmm('vvvv'),
  // the upper half of an immediate byte
  xi:     xmm('is4'),
  // registers that the encoding implies
  al:     gpr(8, 'none', 0),
  cl:     gpr(8, 'none', 1),
  rax:    gpr(64, 'none', 0),
  rcx:    gpr(64, 'none', 1),
  rdx:    gpr(64, 'none', 2),
  rbx:    gpr(64, 'none', 3),
  xmm0:   xmm('none', 0),

  // memory, by bytes; `a`: the address must be aligned
  m:      memory(0),
  m8:     memory(1),
  m16:    memory(2),
  m32:    memory(4),
  m64:    memory(8),
  m128:   memory(16),
  m128a:  memory(16, true),

  // ModRM.rm, register or memory
  rm8:    either('r8b', 'm8'),
  rm16:   either('r16b', 'm16'),
  rm32:   either('r32b', 'm32'),
  rm64:   either('r64b', 'm64'),
  r32m8:  either('r32b', 'm8'),
  r32m16: either('r32b', 'm16'),
  xm8:    either('xb', 'm8'),
  xm16:   either('xb', 'm16'),
  xm32:   either('xb', 'm32'),
  xm64:   either('xb', 'm64'),
  xm128:  either('xb', 'm128'),
  xm128a: either('xb', 'm128a'),

  // immediates: `s` signed, `u` unsigned, bits
  s8:     signed(1),
  s16:    signed(2),
  s32:    signed(4),
  u1:     unsigned(1),
  u2:     unsigned(3),
  u3:     unsigned(7),
  u4:     unsigned(15),
  u5:     unsigned(31),
  u6:     unsigned(63),
  u8:     unsigned(255),
  u16:    unsigned(65535, 2),
  i64:    { kind: 'immediate', bytes: 8, signed: false, min: -(2 ** 31), max: 2 ** 31 - 1 },
  cc:     { kind: 'immediate', bytes: 0, signed: false, min: 0, max: 15, names: CC_NAMES },
  rel:    { kind: 'immediate', bytes: 4, signed: true, min: -(2 ** 31), max: 2 ** 31 - 1, label: true },
}
