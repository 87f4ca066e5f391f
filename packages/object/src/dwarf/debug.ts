// The debugging sections of an object.
import type { CompiledModule } from '@k23/codegen'
import { SHF_MERGE, SHF_STRINGS } from '../elf/format.ts'
import type { ElfSymbol, ObjectModel, Section } from '../elf/model.ts'
import { StringTable } from '../elf/sections.ts'
import { isOwn } from '../names.ts'
import { abbreviationTable, type Subprogram, unit } from './info.ts'
import { functionPosition, lineTable, type SourceMap } from './lines.ts'

const PRODUCER = 'k23'

export function addDebugSections(
  model: ObjectModel,
  module: CompiledModule,
  text: Section,
  symbols: ReadonlyMap<string, ElfSymbol>,
  source: SourceMap,
  names: { readonly name: string; readonly directory: string },
): void {
  const strings = { flags: SHF_MERGE | SHF_STRINGS, entsize: 1 }
  const info = model.section('.debug_info')
  const abbrev = model.section('.debug_abbrev', { bytes: abbreviationTable() })
  const line = module.functions.some((f) => f.srclocs.length !== 0) ? model.section('.debug_line') : undefined
  const str = model.section('.debug_str', strings)
  const lineStr = model.section('.debug_line_str', strings)
  const table = new StringTable()
  const lineNames = new StringTable()

  if (line !== undefined) {
    const lines = lineTable(module.functions, source, names.directory, lineNames, text, lineStr)
    fill(line, lines.bytes)
    line.relocs.push(...lines.relocs)
  }

  const functions = module.functions.map((f): Subprogram => {
    const symbol = symbols.get(f.name) as ElfSymbol
    const position = isOwn(module, f) ? functionPosition(f, source) : undefined
    return {
      name: symbol.name,
      symbol: symbol.name,
      start: f.start,
      size: f.code.length,
      external: symbol.binding !== 'local',
      artificial: position === undefined,
      file: position?.file ?? 0,
      line: position?.line ?? 0,
    }
  })
  const made = unit(
    { producer: PRODUCER, ...names },
    functions,
    text.size,
    { text, abbrev, str, lineStr, line },
    table,
    lineNames,
  )
  fill(info, made.bytes)
  info.relocs.push(...made.relocs)
  fill(str, table.bytes().slice())
  fill(lineStr, lineNames.bytes().slice())
}

function fill(section: Section, bytes: Uint8Array): void {
  section.bytes = bytes
  section.size = bytes.length
}
