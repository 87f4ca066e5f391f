// What ELF and DWARF say about one machine: one table each.
import type { Section } from '../elf/model.ts'

/** One of the ELF relocations that a relocation of ours becomes. */
export interface ElfRelocation {
  /** R_* number. */
  readonly type: number
  /** Bytes behind the offset of ours. */
  readonly at: number
  /** It refers not to the symbol, but to a local one at the place of the first (psABI of RISC-V: the low part of a pc-relative address). */
  readonly toFirst?: true
}

export interface DwarfRegisters {
  /** DWARF number of a register, by PReg (class * 64 + number). */
  number(preg: number): number
  /** Column of the return address. */
  readonly returnAddress: number
  /** Unit of code offsets, and of offsets from the canonical frame address. */
  readonly codeAlign: number
  readonly dataAlign: number
  /** PReg and offset that give the canonical frame address at a function's entry. */
  readonly cfaRegister: number
  readonly cfaOffset: number
  /** Where the return address is at entry, from the canonical frame address; undefined: in its register. */
  readonly returnSaved: number | undefined
}

export interface ElfMachine {
  readonly name: 'riscv64' | 'aarch64' | 'x64'
  /** EM_* */
  readonly number: number
  /** e_flags for code with these CPU features. */
  flags(features: Readonly<Record<string, boolean>>): number
  readonly relocations: Readonly<Record<string, readonly ElfRelocation[]>>
  readonly registers: DwarfRegisters
  /** What stands between functions. */
  readonly padding: number
  /** SHT_* of .eh_frame. */
  readonly ehFrameType: number
  /** Greatest page of the machine's systems: segments of an executable begin at different ones. */
  readonly maxPage: number
  /** A section that tells linkers and disassemblers about the code's instruction set. */
  attributes?(features: Readonly<Record<string, boolean>>): Omit<Section, 'relocs' | 'entsize' | 'size'>
}
