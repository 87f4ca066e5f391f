// Types of instruction tables with prefixes, ModRM and SIB (x64). A row is one line of the Intel manual's opcode tables:
//
//   addq_rM: row('addq src:rm64, +dst:r64', 'REX.W 01 r/ | REX.W 03 /r', { writes: 'oszapc' })
//
// `text` is GNU as syntax (AT&T), with the sigils of the 32-bit form (../types.ts). A row whose id has an M is two opcodes: M becomes r where
// the r/m operand is a register, and m where it is memory (that operand is then called `mem`). `bits` is the manual's notation (bits.ts);
// alternatives behind `|` encode the same instruction: encoders take the first whose condition holds, decoders take all.
//
// The stream has the operands in the order: defs, read-write pairs, uses, memory, immediates; within each, implicit ones first, then
// the text's from right to left (Intel's order), labels before other immediates.
import type { Bank, Effect, Role } from '../types.ts'

/** Where an encoding holds an operand; 'none': the encoding implies the register. */
export type X64Field = 'reg' | 'rm' | 'vvvv' | 'is4' | 'none'

export interface X64Register {
  readonly kind: 'register'
  /** Brand of the constructor's parameter type: 'Gpr', 'Xmm'. */
  readonly brand: string
  readonly bank: Bank
  /** Bits that are read or written. */
  readonly size: number
  readonly field: X64Field
  /** Hardware number, where field is 'none'. */
  readonly fixed?: number
  /** By hardware number. */
  readonly names: readonly string[]
}

export interface X64Memory {
  readonly kind: 'memory'
  /** Bytes that are accessed; 0: only the address counts. */
  readonly bytes: number
  /** The address must be a multiple of `bytes`. */
  readonly aligned?: true
}

/** A ModRM r/m operand: two opcodes. Names of a register entry with field 'rm' and of a memory entry. */
export interface X64RegisterOrMemory {
  readonly kind: 'rm'
  readonly register: string
  readonly memory: string
}

export interface X64Immediate {
  readonly kind: 'immediate'
  /** Bytes of the full-sized field: 1, 2, 4, or 8 (two words: low and high half); 0: a condition in the opcode. */
  readonly bytes: number
  /** Fields are sign-extended and the word holds the signed value. */
  readonly signed: boolean
  /** Inclusive range that the constructor takes; with `signed`, max may be that of the unsigned value, which is then made signed. */
  readonly min: number
  readonly max: number
  /** A pc-relative target: constructors take a label, decoders write the distance from the instruction's end. */
  readonly label?: true
  /** Printed names by value. */
  readonly names?: readonly string[]
  readonly edges?: readonly number[]
}

export type X64Entry = X64Register | X64Memory | X64RegisterOrMemory | X64Immediate
export type X64Vocabulary = Readonly<Record<string, X64Entry>>

/** Why an instruction can trap besides its memory access. The numbers in tables are positions here. */
export const X64_TRAPS = ['none', 'divide', 'undefined', 'breakpoint', 'privileged'] as const
export type X64Trap = (typeof X64_TRAPS)[number]

export interface X64Attributes {
  /** CPU features: a blank joins those that are all needed, a slash alternatives; absent = x86-64 with SSE2. */
  readonly feature?: string
  readonly effect?: Effect
  /** Registers read or written that the text does not show: '+rax =rdx rcx', vocabulary entries with field 'none'. */
  readonly implicit?: string
  /** Flags by letter: o s z a p c. Written includes those left undefined, and those written only for some operands. */
  readonly reads?: string
  readonly writes?: string
  readonly undef?: string
  readonly trap?: X64Trap
}

export interface X64Row {
  readonly text: string
  readonly bits: string
  readonly attrs: X64Attributes
}

export function x64Row(text: string, bits: string, attrs: X64Attributes = {}): X64Row {
  return { text, bits, attrs }
}

export type X64RowTable = Readonly<Record<string, X64Row>>

/** Flags in flag sets: their bits in the low byte of RFLAGS, and OF at bit 1 (which is constant there). */
export const X64_FLAGS: Readonly<Record<string, number>> = { c: 0x01, o: 0x02, p: 0x04, a: 0x10, z: 0x40, s: 0x80 }

// ---- Memory operands: four words [base, index, mode, disp]
//   base, index   register words or NO_REG
//   mode          bits 0-1 log2 of the scale, bits 4-7 kind (MEM_*), bits 8-11 kind of frame area
/** base + index * scale + disp. */
export const MEM_REGISTERS = 0
/** rip + label: disp is a label (from a decoder: the distance from the instruction's end). */
export const MEM_LABEL = 1
/** rip + symbol: disp is an index into VCode.extra. */
export const MEM_SYMBOL = 2
/** disp bytes into a frame area; rsp-relative once the frame's layout is known. */
export const MEM_FRAME = 3
export const MEM_WORDS = 4

// ---- Encodings
export const FORM_LEGACY = 0
export const FORM_VEX = 1
export const FORM_EVEX = 2

// Conditions of alternatives.
export const COND_ALWAYS = 0
/** The immediate fits a sign-extended byte. */
export const COND_IMM8 = 1
/** The immediate is 1. */
export const COND_ONE = 2
/** The operand is hardware register 0. */
export const COND_RAX = 3
/** Swapping would not shorten VEX: not (rm > 7 and reg < 8). */
export const COND_UNSWAPPED = 4
/** Only where a short distance is asked for. */
export const COND_SHORT = 5

// alts: four ints per alternative.
//   0  bits 0-7 opcode byte, 8-9 map (0 one byte, 1 0F, 2 0F38, 3 0F3A), 10-11 form, 12 W, 13-16 prefixes 66 F2 F3 F0, and the ALT_* below
//   1  word offsets, 0 none: bits 0-3 reg, 4-7 rm, 8-11 vvvv, 12-15 is4, 16-19 immediate, 24-27 condition code; 20-23 bytes of the immediate
//   2  bits 0-3 condition, 4-7 word offset it looks at, 8-10 log2 of EVEX's disp8 unit, 11-13 number of constant bytes behind the opcode,
//      14-30 where they start in altBytes
//   3  row (opcode number)
export const ALT_INTS = 4
export const ALT_66: number = 1 << 13
export const ALT_F2: number = 1 << 14
export const ALT_F3: number = 1 << 15
export const ALT_LOCK: number = 1 << 16
export const ALT_MODRM: number = 1 << 17
/** ModRM.reg is bits 19-21. */
export const ALT_DIGIT: number = 1 << 18
/** The opcode's low three bits are a register (word offset: rm). */
export const ALT_PLUS_R: number = 1 << 22
/** The opcode's low four bits are a condition. */
export const ALT_PLUS_CC: number = 1 << 23
export const ALT_MEMORY: number = 1 << 24
export const ALT_REG8: number = 1 << 25
export const ALT_RM8: number = 1 << 26
/** Decoders accept both values of W. */
export const ALT_WIG: number = 1 << 27
/** The immediate is a pc-relative distance. */
export const ALT_LABEL: number = 1 << 28
/** Immediates of this alternative are sign-extended. */
export const ALT_SIGNED: number = 1 << 29

export interface X64Tables {
  /** Row ids: `addq_rr`. */
  readonly ids: readonly string[]
  readonly mnemonic: readonly string[]
  /** Row text with `$n:entry` for the operand at word n. */
  readonly template: readonly string[]
  readonly feature: readonly string[]
  /** Words in the stream, header included. */
  readonly words: Uint8Array
  /** Position in EFFECTS. */
  readonly effect: Uint8Array
  /** Position in X64_TRAPS. */
  readonly trap: Uint8Array
  /** Bytes read from or written to memory. */
  readonly load: Uint8Array
  readonly store: Uint8Array
  /** 1: the address must be a multiple of the access's size. */
  readonly aligned: Uint8Array
  /** Sets of X64_FLAGS. */
  readonly flagsRead: Uint8Array
  readonly flagsWritten: Uint8Array
  /** Those of the written ones that have no defined value. */
  readonly flagsUndefined: Uint8Array
  /** Register-word descriptors (../types.ts), CSR. */
  readonly descStart: Int32Array
  readonly descs: Int32Array
  /** Word offset of the memory operand, 0 if none. */
  readonly memWord: Uint8Array
  /** Word offset of the label operand, 0 if none. */
  readonly labelWord: Uint8Array
  /** Alternatives of row r: altStart[r] .. altStart[r + 1] - 1. */
  readonly altStart: Uint16Array
  readonly alts: Int32Array
  readonly altBytes: Uint8Array
  /** Alternative with an 8-bit distance + 1, 0 if none. */
  readonly shortAlt: Uint16Array
  /** Read-write operands: CSR of the word offsets of their defs. */
  readonly pairStart: Uint16Array
  readonly pairs: Uint8Array
  /** Fixed operands: CSR of offset | register word << 8. */
  readonly fixedStart: Uint16Array
  readonly fixed: Uint32Array
  /** Bank of the registers in reg, rm, vvvv, is4 by alternative, one bit each (registers of memory operands are of bank 0). */
  readonly altBanks: Uint8Array
  /** Candidates by (form * 4 + map) * 256 + opcode byte, CSR of alternatives. */
  readonly decodeStart: Uint16Array
  readonly decodeAlts: Uint16Array
}

/** One operand of a compiled row. */
export interface X64Operand {
  readonly name: string
  readonly role: Role
  /** Word offset of the first word from the header. */
  readonly word: number
  readonly words: number
  readonly entryName: string
  readonly entry: X64Register | X64Memory | X64Immediate
}

export interface X64Alternative {
  /** As written, for messages. */
  readonly text: string
  readonly form: number
  /** ALT_66 | ALT_F2 | ALT_F3 | ALT_LOCK. */
  readonly prefixes: number
  readonly map: number
  readonly opcode: number
  readonly w: 0 | 1
  readonly wig: boolean
  readonly plus: 'none' | 'r' | 'cc'
  readonly modrm: boolean
  /** /digit, -1 without. */
  readonly digit: number
  /** Operand indices, -1 none. */
  readonly reg: number
  readonly rm: number
  readonly vvvv: number
  readonly is4: number
  readonly imm: number
  readonly cc: number
  /** Bytes of the immediate in this alternative. */
  readonly immBytes: number
  readonly condition: number
  /** Operand that the condition is about, -1 none. */
  readonly subject: number
  readonly constants: readonly number[]
}

/** An opcode: a row, or its register or memory form. */
export interface CompiledX64Row {
  readonly id: string
  /** The row it comes from. */
  readonly rowId: string
  readonly opcode: number
  readonly mnemonic: string
  readonly words: number
  readonly operands: readonly X64Operand[]
  /** The text with `$n` for operand n. */
  readonly template: string
  readonly attrs: X64Attributes
  readonly load: number
  readonly store: number
  readonly aligned: boolean
  readonly alternatives: readonly X64Alternative[]
}
