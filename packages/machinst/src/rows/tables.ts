// What a generated table module gives to encoder, decoder and printer: flat arrays indexed by opcode. CSR: row r's items are
// items[start[r]] .. items[start[r + 1] - 1].
//
//   slice    bits 0-4 lowest bit in the encoding, 5-9 lowest bit of the operand's word, 10-14 width - 1, 15-22 word offset, 23 pc-relative
//            (a register word is hardware number * 2 below the bank, so a register's slice starts at bit 1 of its word)
//   finish   bits 0-7 word offset, 8-10 kind (FINISH_*), 11-20 argument, 21 the operand is a register; in the order in which they apply
//   expand   bit 0: 1 constant word, 0 copy of a word of the short form; bits 1..: the constant, or the word's offset

/** Adds the register bank and bias (argument: 2 * (bank * 64 + bias)). */
export const FINISH_REGISTER = 0
/** Sign-extends (argument: 32 - width). */
export const FINISH_SIGN = 1
/** Refuses values outside a set (argument: index in legalSets). */
export const FINISH_LEGAL = 2
/** Refuses zero. */
export const FINISH_NONZERO = 3
/** Keeps the low bits (argument: how many). */
export const FINISH_WRAP = 4
/** Copies the word to the next one (read-write operands). */
export const FINISH_COPY = 5

/** A fixup kind: a pc-relative field that the code buffer fills in later. */
export interface FixupInfo {
  readonly name: string
  /** Inclusive range of the byte distance from the instruction to the target. */
  readonly min: number
  readonly max: number
  /** Distances are multiples of this. */
  readonly align: number
  /** Bytes of the instruction. */
  readonly length: number
  /** Slices as in InstTables.slices; the same for all instructions of the kind. */
  readonly slices: readonly number[]
}

export interface InstTables {
  /** Row ids: `c_addi`. */
  readonly ids: readonly string[]
  readonly mnemonic: readonly string[]
  /** Row text with `$n:entry` for the operand in word n. */
  readonly template: readonly string[]
  /** CPU extensions, as in RowAttributes.feature; '' for the base. */
  readonly feature: readonly string[]
  /** Words in the stream, header included. */
  readonly words: Uint8Array
  /** Bytes of the encoding. */
  readonly length: Uint8Array
  /** Position in EFFECTS (types.ts). */
  readonly effect: Uint8Array
  /** Bytes read from or written to memory. */
  readonly load: Uint8Array
  readonly store: Uint8Array
  readonly match: Int32Array
  readonly mask: Int32Array
  readonly sliceStart: Uint16Array
  readonly slices: Int32Array
  readonly finishStart: Uint16Array
  readonly finishes: Int32Array
  readonly legalSets: Int32Array
  /** Register-word descriptors (types.ts). */
  readonly descStart: Int32Array
  readonly descs: Int32Array
  /** Word offset of the label operand, 0 if none. */
  readonly labelWord: Uint8Array
  /** Fixup kind, 0 if none. */
  readonly fixup: Uint8Array
  /** By kind; entry 0 stands for none: it has no range and no bits. */
  readonly fixups: readonly FixupInfo[]
  readonly treeRoot: number
  readonly treeNodes: Int32Array
  readonly treeLeaves: Uint16Array
  /** By opcode: number of its expansion + 1, 0 if none. */
  readonly expansion: Uint16Array
  /** By expansion: the short and the long opcode; CSR of the long form's operands. */
  readonly expandShort: Uint16Array
  readonly expandLong: Uint16Array
  readonly expandStart: Uint16Array
  readonly expands: Int32Array
  /** CSR by long opcode: the expansions that lead to it, in the order in which to try them backwards. */
  readonly shortStart: Uint16Array
  readonly shorts: Uint16Array
}
