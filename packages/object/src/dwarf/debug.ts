// The debugging sections of an object.
import type { PlacedFunction } from '@k23/codegen'
import { SHF_MERGE, SHF_STRINGS } from '../elf/format.ts'
import type { ElfSymbol, ObjectModel, Section } from '../elf/model.ts'
import { StringTable } from '../elf/sections.ts'
import { abbreviationTable, type Subprogram, unit } from './info.ts'
import { functionPosition, lineTable, type SourceMap } from './lines.ts'

const PRODUCER = 'k23'

export interface DebugInput {
  readonly functions: readonly PlacedFunction[]
  /** Those whose source locations the map knows. */
  readonly own: ReadonlySet<PlacedFunction>
  readonly text: Section
  readonly symbols: ReadonlyMap<string, ElfSymbol>
  readonly map: SourceMap
  readonly unit: { readonly name: string; readonly directory: string }
}

export function addDebugSections(model: ObjectModel, input: DebugInput): void {
  const { functions, own, text, map } = input
  const strings = { flags: SHF_MERGE | SHF_STRINGS, entsize: 1 }
  const withLines = functions.filter((f) => own.has(f) && f.srclocs.length !== 0)
  const info = model.section('.debug_info')
  const abbrev = model.section('.debug_abbrev', { bytes: abbreviationTable() })
  const line = withLines.length === 0 ? undefined : model.section('.debug_line')
  const str = model.section('.debug_str', strings)
  const lineStr = model.section('.debug_line_str', strings)
  const table = new StringTable()
  const lineNames = new StringTable()

  if (line !== undefined) {
    const lines = lineTable(withLines, map, input.unit.directory, lineNames, text, lineStr)
    fill(line, lines.bytes)
    line.relocs.push(...lines.relocs)
  }

  const subprograms = functions.map((f): Subprogram => {
    const symbol = input.symbols.get(f.name) as ElfSymbol
    const position = own.has(f) ? functionPosition(f, map) : undefined
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
    { producer: PRODUCER, ...input.unit },
    subprograms,
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
