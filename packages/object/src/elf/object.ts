// A relocatable object from its model: header, sections, their relocations, symbols, names, section headers, in this order.
import { bug } from '@k23/entity'
import { ByteWriter } from '../bytes.ts'
import type { ElfMachine } from '../machines/index.ts'
import { ET_REL, RELA_BYTES, SHF_INFO_LINK, SHT_RELA } from './format.ts'
import { fileHeader, SectionTable } from './sections.ts'
import { type ElfSymbol, fileSize, isSection, type ObjectModel, type Section } from './model.ts'
import { symbolTable } from './symbols.ts'

export interface ElfOptions {
  readonly machine: ElfMachine
  /** CPU features of the code. */
  readonly features: Readonly<Record<string, boolean>>
}

/** The bytes of an ELF64 relocatable object. */
export function writeObject(model: ObjectModel, { machine, features }: ElfOptions): Uint8Array {
  const w = new ByteWriter()
  fileHeader(w, { type: ET_REL, machine: machine.number, flags: machine.flags(features) })
  const table = new SectionTable()
  const index = new Map<Section, number>()
  for (const s of model.sections) {
    w.align(s.align)
    index.set(s, table.add({ ...s, offset: w.length, address: 0, size: s.size, link: 0, info: 0 }))
    if (fileSize(s) !== 0) w.put(s.bytes)
  }

  // Relocations may need symbols of their own: local ones at places in the code.
  const anchors: ElfSymbol[] = []
  const relas = model.sections
    .filter((s) => s.relocs.length !== 0)
    .map((section) => ({ section, rows: expand(section, machine, anchors) }))
  const symbols = symbolTable(
    [...anchors, ...model.symbols],
    relas.flatMap((r) => r.rows.map((row) => row.target)).filter(isSection),
    index,
    () => 0,
  )
  const symtab = table.next + relas.length
  for (const { section, rows } of relas) {
    w.align(8)
    const offset = w.length
    for (const row of rows) {
      w.u64(row.offset)
      w.u32(row.type)
      w.u32(symbols.index(row.target))
      w.i64(row.addend)
    }
    const info = index.get(section) as number
    const size = w.length - offset
    table.add({
      name: `.rela${section.name}`,
      type: SHT_RELA,
      flags: SHF_INFO_LINK,
      align: 8,
      entsize: RELA_BYTES,
      offset,
      address: 0,
      size,
      link: symtab,
      info,
    })
  }
  symbols.write(w, table)
  table.write(w)
  return w.bytes().slice()
}

interface ElfRela {
  readonly offset: number
  readonly type: number
  readonly target: ElfSymbol | Section
  readonly addend: bigint
}

/** The ELF relocations that ours become. */
function expand(section: Section, machine: ElfMachine, anchors: ElfSymbol[]): ElfRela[] {
  const rows: ElfRela[] = []
  for (const r of section.relocs) {
    const parts = machine.relocations[r.kind]
    if (parts === undefined)
      bug('object', section.name, `offset ${r.offset}`, `${machine.name} has no relocation ${r.kind}`)
    let first: ElfSymbol | undefined
    for (const part of parts) {
      const offset = r.offset + part.at
      if (part.toFirst !== true) rows.push({ offset, type: part.type, target: r.target, addend: r.addend })
      else {
        if (first === undefined) {
          const name = `.Lpcrel_hi${anchors.length}`
          first = { name, binding: 'local', kind: 'none', section, value: r.offset, size: 0 }
          anchors.push(first)
        }
        rows.push({ offset, type: part.type, target: first, addend: 0n })
      }
    }
  }
  return rows
}
