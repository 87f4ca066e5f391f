// Types of machine-instruction tables. A row is one instruction form of one ISA; everything derivable from it is derived at build time
// (compiler.ts): constructors, encoder, decoder, printer, operand descriptors, tests against an assembler.
//
//   id: row(text, bits, attributes)
//
// `text` is GNU as syntax. An operand is `name` or `name:entry`; `entry` (default: the name) says what it is, by the ISA's vocabulary.
// Sigils: `name` use or immediate, `=name` def, `+name` read and written, `=&name` early def, `name!` late use. `{name}` glued to the mnemonic is an
// immediate printed as a suffix. `bits` is the manual's own notation, most significant bit first, fields separated by blanks: binary literals,
// `name` (a register's field, or all of an immediate), `imm[12|10:5]` (slices of an immediate).

/** Register banks; the same numbers as the allocator's classes. */
export type Bank = 0 | 1 | 2

/** What an operand name stands for. One vocabulary per ISA (40-60 entries). */
export type VocabEntry = RegisterEntry | ImmediateEntry

export interface RegisterEntry {
  readonly kind: 'register'
  /** Brand of the constructor's parameter type: 'XReg', 'FReg', 'VReg'. */
  readonly brand: string
  readonly bank: Bank
  /** Width in bits of the field that holds the hardware number; 0 for a register that the encoding implies (number: bias). */
  readonly width: number
  /** Added to the field to get the hardware number: a multiple of 2 ** width (8 for the three-bit fields of compressed forms). */
  readonly bias?: number
  /** Legal hardware numbers as a bit set, where not all that the field can hold are. Encodings with others do not decode. */
  readonly legal?: number
  /** Printer's name table: index by hardware number. */
  readonly names: readonly string[]
}

export interface ImmediateEntry {
  readonly kind: 'immediate'
  /** Inclusive range of the value as the constructor takes it (signed where min < 0). */
  readonly min: number
  readonly max: number
  /** The value is a multiple of this; the bits slice the unscaled value (`imm[12|10:5]`). */
  readonly scale?: number
  /** Zero is a reserved encoding. */
  readonly nonzero?: boolean
  /** A pc-relative target: constructors take a label, text has `. + offset`. The entry's name is the fixup kind's. */
  readonly pcRelative?: boolean
  /** Names by value, for modes and orderings (`rne`, `.aq`); a value without a name is a reserved encoding (then at most 32). */
  readonly names?: readonly (string | undefined)[]
  /** The field is sign-extended (min..max), and stream and text hold the result modulo 2 ** wrap (`c.lui a0, 0xfffe0`). */
  readonly wrap?: number
  /** A word without bits and without text: what machine state the instruction expects (`state` of RowAttributes). Decoders write 0. */
  readonly state?: boolean
  /** Values at the edges that tests must cover, besides min, max, 0, 1, -1. */
  readonly edges?: readonly number[]
}

export type Vocabulary = Readonly<Record<string, VocabEntry>>

/** What an instruction does to control flow. The numbers in generated tables are positions in EFFECTS. */
export const EFFECTS = ['none', 'branch', 'jump', 'call', 'ret', 'trap', 'fence', 'system'] as const
export type Effect = (typeof EFFECTS)[number]

export interface RowAttributes {
  /** CPU extensions: a blank joins those that are all needed, a slash alternatives ('Zcb Zba', 'Zbb/Zbkb'); absent = base. */
  readonly feature?: string
  readonly effect?: Effect
  /** Memory access in bytes. */
  readonly load?: number
  readonly store?: number
  /** Machine state that the instruction depends on: a vocabulary entry with `state`, whose word is the last of the row. */
  readonly state?: string
  /** Registers read or written that the text does not show: '=x1', '+x2'. */
  readonly implicit?: string
  /** Compressed forms: the long form it stands for, as `id operand, operand`: operands of this row or decimal constants, in the long row's stream
   *  order. After `|`: other long forms that do the same and may be shortened to it. */
  readonly expands?: string
  /** A special case of another row (settles a decoding overlap): the more special row is tried first. */
  readonly specialOf?: string
}

export interface Row {
  readonly text: string
  readonly bits: string
  readonly attrs: RowAttributes
}

export function row(text: string, bits: string, attrs: RowAttributes = {}): Row {
  return { text, bits, attrs }
}

export type RowTable = Readonly<Record<string, Row>>

/** One table of several; an id that two of them have is an error. */
export function joinTables<R = Row>(...tables: readonly Readonly<Record<string, R>>[]): Readonly<Record<string, R>> {
  const joined: Record<string, R> = {}
  for (const table of tables) {
    for (const [id, r] of Object.entries(table)) {
      if (Object.hasOwn(joined, id)) throw new Error(`row ${id} is in two tables`)
      joined[id] = r
    }
  }
  return joined
}

// ---- The word stream (VCode, and what a decoder writes)
//
// header   opcode (bits 0-15) | total words including the header (bits 16-31)
// then     each operand in the order: defs, read-write, uses, immediates (the constructor's parameter order);
//          within defs, read-write and uses by name (rs1, rs2, rs3), immediates as in the text:
//            use or def   1 word: virtual register, or physical register (registers.ts)
//            read-write   2 words (def, then use)
//            immediate    1 word
export const HEADER_OPCODE_MASK: number = 0xffff
export const HEADER_WORDS_SHIFT = 16

/** Descriptor of one register word: one int. A constraint and its argument are the allocator's.
 *
 *   bits 0-7    word offset from the header
 *   bits 8-9    bank
 *   bit  10     def
 *   bit  11     late
 *   bits 12-15  constraint: CONSTRAINT_*
 *   bits 16-23  constraint's argument (REUSE: index, in this list of descriptors, of the use whose register the def takes)
 *   bit  24     optional: the word may be NO_REG (-1)
 */
export type OperandDescriptor = number

export const CONSTRAINT_REG = 1
export const CONSTRAINT_FIXED = 3
export const CONSTRAINT_REUSE = 4

export function descWord(d: OperandDescriptor): number {
  return d & 0xff
}
export function descBank(d: OperandDescriptor): number {
  return (d >> 8) & 3
}
export function descIsDef(d: OperandDescriptor): boolean {
  return (d & 0x400) !== 0
}
export function descIsLate(d: OperandDescriptor): boolean {
  return (d & 0x800) !== 0
}
export function descConstraint(d: OperandDescriptor): number {
  return (d >> 12) & 15
}
export function descArgument(d: OperandDescriptor): number {
  return (d >> 16) & 0xff
}

export type Role = 'use' | 'def' | 'readwrite' | 'earlydef' | 'lateuse' | 'imm'

/** One operand of a compiled row, for code that wants it spelled out (generators, tests, the emulator's semantics generator). */
export interface OperandInfo {
  readonly name: string
  readonly role: Role
  /** Word offset of the first word from the header (read-write: the def; the use is the next). */
  readonly word: number
  /** Name of the entry in the vocabulary. */
  readonly entryName: string
  readonly entry: VocabEntry
}

/** `width` bits of an operand, from bit `source` of its value, at bit `dest` of the encoding. */
export interface BitSlice {
  /** Index in `operands`. */
  readonly operand: number
  readonly source: number
  readonly dest: number
  readonly width: number
}

/** An operand of the long form: an operand of the compressed row by index (its use word, where read-write), or a constant. */
export type ExpansionArgument = { readonly operand: number } | { readonly constant: number }

export interface Expansion {
  /** Opcode of the long form. */
  readonly opcode: number
  /** One per operand of the long form, in stream order. */
  readonly arguments: readonly ExpansionArgument[]
}

/** A compiled row. */
export interface CompiledRow {
  readonly id: string
  /** Opcode number: position of the id in the table. */
  readonly opcode: number
  readonly mnemonic: string
  /** Length in bytes of the encoding (2 or 4 on riscv64). */
  readonly length: number
  /** Words of the instruction in the stream, header included. */
  readonly words: number
  /** In stream order. */
  readonly operands: readonly OperandInfo[]
  /** The text with `$n` for operand n: `addi $0, $1, $2`. */
  readonly template: string
  readonly attrs: RowAttributes
  /** Value and mask of the constant bits (int32). */
  readonly match: number
  readonly mask: number
  readonly slices: readonly BitSlice[]
  /** The long form first, then those that do the same; empty for a row without one. */
  readonly expansions: readonly Expansion[]
}
