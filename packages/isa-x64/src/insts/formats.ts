// Operand widths of integer instructions, and how opcodes and operand names follow from them.
import type { X64Row } from '@k23/machinst/rows'

export interface Width {
  /** AT&T suffix. */
  readonly suffix: 'b' | 'w' | 'l' | 'q'
  /** Vocabulary entries: ModRM.reg, ModRM.rm as a register, register or memory, memory, immediate, shift count. */
  readonly r: string
  readonly rb: string
  readonly rm: string
  readonly m: string
  readonly imm: string
  readonly count: string
  /** Prefix, and the immediate's notation. */
  readonly prefix: string
  readonly i: string
}

// biome-ignore format: table
export const B: Width = { suffix: 'b', r: 'r8',  rb: 'r8b',  rm: 'rm8',  m: 'm8',  imm: 's8',  count: 'u5', prefix: '',       i: 'ib' }
// biome-ignore format: table
export const W: Width = { suffix: 'w', r: 'r16', rb: 'r16b', rm: 'rm16', m: 'm16', imm: 's16', count: 'u5', prefix: '66 ',    i: 'iw' }
// biome-ignore format: table
export const L: Width = { suffix: 'l', r: 'r32', rb: 'r32b', rm: 'rm32', m: 'm32', imm: 's32', count: 'u5', prefix: '',       i: 'id' }
// biome-ignore format: table
export const Q: Width = { suffix: 'q', r: 'r64', rb: 'r64b', rm: 'rm64', m: 'm64', imm: 's32', count: 'u6', prefix: 'REX.W ', i: 'id' }

export const ALL: readonly Width[] = [B, W, L, Q]
export const WLQ: readonly Width[] = [W, L, Q]
export const LQ: readonly Width[] = [L, Q]

/** An opcode byte as text; `byte` is that of 8-bit operands, the next one's of wider. */
export function op(byte: number, width: Width): string {
  return hex(width === B ? byte : byte + 1)
}

export function hex(byte: number): string {
  return byte.toString(16).toUpperCase().padStart(2, '0')
}

export type Rows = Record<string, X64Row>

/** One table of what `make` gives for each item. */
export function forEach<T>(items: readonly T[], make: (item: T) => Readonly<Rows>): Rows {
  return Object.assign({}, ...items.map(make))
}

// Flags (Intel SDM volume 1, appendix A): all six; all with AF undefined.
export const ARITHMETIC = { writes: 'oszapc' } as const
export const LOGIC = { writes: 'oszapc', undef: 'a' } as const
