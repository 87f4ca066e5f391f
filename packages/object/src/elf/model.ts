// What an object holds, before it is bytes: sections, symbols, and relocations by our names. The same model becomes a relocatable object or a static executable.
import { SHF_ALLOC, SHT_NOBITS, SHT_PROGBITS } from './format.ts'

export interface Section {
  readonly name: string
  /** SHT_* */
  readonly type: number
  /** SHF_* */
  readonly flags: number
  /** A power of two. */
  readonly align: number
  /** Bytes of an element where all have the same size, else 0. */
  readonly entsize: number
  /** Contents; of SHT_NOBITS, which has none, empty. */
  bytes: Uint8Array
  /** Size in memory: that of the contents but for SHT_NOBITS. */
  size: number
  readonly relocs: Relocation[]
}

export type Binding = 'local' | 'global' | 'weak'
export type SymbolKind = 'none' | 'object' | 'func' | 'file'

export interface ElfSymbol {
  readonly name: string
  binding: Binding
  kind: SymbolKind
  /** Undefined: the symbol is another object's (or of kind `file`, a name only). */
  section: Section | undefined
  /** Offset in the section. */
  value: number
  size: number
}

/** `kind` is a name of the back end's relocations, or one of those of data, which every machine has: `abs64`, `abs32`, `pcrel32`. */
export interface Relocation {
  readonly offset: number
  readonly kind: string
  readonly target: ElfSymbol | Section
  readonly addend: bigint
}

/** An object in the making. */
export class ObjectModel {
  readonly sections: Section[] = []
  readonly symbols: ElfSymbol[] = []
  private readonly byName = new Map<string, ElfSymbol>()

  section(name: string, options: Partial<Omit<Section, 'name' | 'relocs'>> = {}): Section {
    const bytes = options.bytes ?? new Uint8Array(0)
    const section: Section = {
      name,
      type: options.type ?? SHT_PROGBITS,
      flags: options.flags ?? 0,
      align: options.align ?? 1,
      entsize: options.entsize ?? 0,
      bytes,
      size: options.size ?? bytes.length,
      relocs: [],
    }
    this.sections.push(section)
    return section
  }

  /**
   * Adds a symbol, or completes an undefined one of its name. One that is not local has a name of its own: undefined where that is taken, and nothing is
   * added.
   */
  define(symbol: ElfSymbol): ElfSymbol | undefined {
    if (symbol.binding !== 'local') {
      const known = this.byName.get(symbol.name)
      if (known !== undefined) return known.section === undefined ? Object.assign(known, symbol) : undefined
      this.byName.set(symbol.name, symbol)
    }
    this.symbols.push(symbol)
    return symbol
  }

  /** The symbol of this name that is not local: an undefined one is made where there is none. */
  reference(name: string): ElfSymbol {
    let symbol = this.byName.get(name)
    if (symbol === undefined) {
      symbol = { name, binding: 'global', kind: 'none', section: undefined, value: 0, size: 0 }
      this.byName.set(name, symbol)
      this.symbols.push(symbol)
    }
    return symbol
  }
}

export function isSection(t: ElfSymbol | Section): t is Section {
  return 'relocs' in t
}

export function isAllocated(s: Section): boolean {
  return (s.flags & SHF_ALLOC) !== 0
}

/** Bytes that a section takes in the file. */
export function fileSize(s: Section): number {
  return s.type === SHT_NOBITS ? 0 : s.bytes.length
}
