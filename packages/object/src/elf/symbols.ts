// The symbol table: local symbols first (System V ABI, "Symbol Table": sh_info is the index of the first that is not local).
import type { ByteWriter } from '../bytes.ts'
import {
  SHN_ABS,
  SHN_UNDEF,
  SHT_STRTAB,
  SHT_SYMTAB,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FILE,
  STT_FUNC,
  STT_NOTYPE,
  STT_OBJECT,
  STT_SECTION,
  SYM_BYTES,
} from './format.ts'
import { type SectionTable, StringTable } from './sections.ts'
import type { Binding, ElfSymbol, Section, SymbolKind } from './model.ts'

const bindings: Readonly<Record<Binding, number>> = { local: STB_LOCAL, global: STB_GLOBAL, weak: STB_WEAK }
const kinds: Readonly<Record<SymbolKind, number>> = {
  none: STT_NOTYPE,
  object: STT_OBJECT,
  func: STT_FUNC,
  file: STT_FILE,
}

export interface SymbolTable {
  index(target: ElfSymbol | Section): number
  /** Writes .symtab and .strtab, which must be the next sections of the table. */
  write(w: ByteWriter, table: SectionTable): void
}

/** `sections` get a symbol each, for relocations against them; `address` is where a section is (0 in an object). */
export function symbolTable(
  symbols: readonly ElfSymbol[],
  sections: readonly Section[],
  sectionIndex: ReadonlyMap<Section, number>,
  address: (s: Section) => number,
): SymbolTable {
  const named = [...new Set(sections)]
  const rank = (s: ElfSymbol): number => (s.kind === 'file' ? 0 : s.binding === 'local' ? 1 : 2)
  const sorted = [0, 1, 2].map((r) => symbols.filter((s) => rank(s) === r))
  const order: (ElfSymbol | Section)[] = [...sorted[0], ...named, ...sorted[1], ...sorted[2]]
  const at = new Map(order.map((s, i) => [s, i + 1]))
  const firstGlobal = order.length - sorted[2].length + 1
  return {
    index: (target) => at.get(target) as number,
    write(w, table) {
      const names = new StringTable()
      w.align(8)
      const offset = w.length
      w.fill(SYM_BYTES)
      for (const s of order) {
        if ('relocs' in s) {
          writeSymbol(w, 0, STT_SECTION, sectionIndex.get(s) as number, address(s), 0)
          continue
        }
        const info = (bindings[s.binding] << 4) | kinds[s.kind]
        const { section } = s
        const index =
          s.kind === 'file' ? SHN_ABS : section === undefined ? SHN_UNDEF : (sectionIndex.get(section) as number)
        const value = s.value + (section === undefined ? 0 : address(section))
        writeSymbol(w, names.add(s.name), info, index, value, s.size)
      }
      const size = w.length - offset
      const symtab = { name: '.symtab', type: SHT_SYMTAB, flags: 0, align: 8, entsize: SYM_BYTES, address: 0 }
      table.add({ ...symtab, offset, size, link: table.next + 1, info: firstGlobal })
      const strings = w.length
      w.put(names.bytes())
      const strtab = { name: '.strtab', type: SHT_STRTAB, flags: 0, align: 1, entsize: 0, address: 0 }
      table.add({ ...strtab, offset: strings, size: w.length - strings, link: 0, info: 0 })
    },
  }
}

function writeSymbol(w: ByteWriter, name: number, info: number, section: number, value: number, size: number): void {
  w.u32(name)
  w.u8(info)
  w.u8(0)
  w.u16(section)
  w.u64(value)
  w.u64(size)
}
