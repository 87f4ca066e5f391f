// A static executable from an object's model: addresses, relocations resolved, segments.
//
// Sections that are loaded come first, by what may be done with them: read, executed, written; each kind is a segment, on pages of its own, so that nothing is both
// writable and executable. The others follow (debugging information, with its relocations resolved too), then symbols. The program begins at `entry` with the
// stack as the system leaves it. A weak symbol that nobody defines is 0.
import type { Target } from '@k23/machinst'
import { ByteWriter } from '../bytes.ts'
import {
  EHDR_BYTES,
  ET_EXEC,
  PF_R,
  PF_W,
  PF_X,
  PHDR_BYTES,
  PT_GNU_STACK,
  PT_LOAD,
  SHF_EXECINSTR,
  SHF_WRITE,
} from './format.ts'
import { type ElfSymbol, fileSize, isAllocated, isSection, type ObjectModel, type Section } from './model.ts'
import type { ElfOptions } from './object.ts'
import { fileHeader, SectionTable } from './sections.ts'
import { symbolTable } from './symbols.ts'

export interface ExecutableOptions extends ElfOptions {
  readonly target: Target
  readonly entry: ElfSymbol
  /** Address of the first segment; a multiple of the page. Default 0x400000. */
  readonly base?: number
}

interface Segment {
  readonly flags: number
  readonly sections: Section[]
}

interface Place {
  readonly offset: number
  readonly address: number
}

const DEFAULT_BASE = 0x40_0000

/** The bytes of an ELF64 executable. Throws RangeError for symbols that the model does not define, and for what does not reach. */
export function writeExecutable(model: ObjectModel, options: ExecutableOptions): Uint8Array {
  const { machine, features, target, entry, base = DEFAULT_BASE } = options
  refuseUndefined(model)
  const segments = segmentsOf(model)
  const places = placeSections(segments, base, machine.maxPage)
  const address = (s: Section): number => places.get(s)?.address ?? 0
  const addressOf = (t: ElfSymbol | Section): number =>
    isSection(t) ? address(t) : t.section === undefined ? 0 : address(t.section) + t.value

  const w = new ByteWriter()
  const count = segments.length + 1
  fileHeader(w, {
    type: ET_EXEC,
    machine: machine.number,
    flags: machine.flags(features),
    entry: addressOf(entry),
    segments: count,
  })
  segments.forEach((s, i) => {
    // The first segment also holds the headers.
    const first = places.get(s.sections[0]) as Place
    const start: Place = i === 0 ? { offset: 0, address: base } : first
    const end = s.sections[s.sections.length - 1]
    const last = places.get(end) as Place
    const filled = s.sections.findLast((x) => fileSize(x) !== 0)
    const fileEnd = filled === undefined ? start.offset : (places.get(filled) as Place).offset + fileSize(filled)
    programHeader(w, {
      type: PT_LOAD,
      flags: s.flags,
      ...start,
      fileSize: fileEnd - start.offset,
      size: last.address + end.size - start.address,
      align: machine.maxPage,
    })
  })
  const nothing = { offset: 0, address: 0, fileSize: 0, size: 0 }
  programHeader(w, { type: PT_GNU_STACK, flags: PF_R | PF_W, ...nothing, align: 16 })

  const table = new SectionTable()
  const index = new Map<Section, number>()
  const loaded = segments.flatMap((s) => s.sections)
  const others = model.sections.filter((s) => !isAllocated(s) && fileSize(s) !== 0)
  for (const s of [...loaded, ...others]) {
    const place = places.get(s)
    if (place === undefined) w.align(s.align)
    else if (fileSize(s) !== 0) w.fill(place.offset - w.length)
    index.set(s, table.add({ ...s, offset: w.length, address: address(s), link: 0, info: 0 }))
    if (fileSize(s) !== 0) w.put(resolved(s, target, addressOf))
  }
  const symbols = model.symbols.filter((s) => s.section === undefined || index.has(s.section))
  symbolTable(symbols, [], index, address).write(w, table)
  table.write(w)
  return w.bytes().slice()
}

function refuseUndefined(model: ObjectModel): void {
  const missing = model.symbols.filter((s) => s.section === undefined && s.kind !== 'file' && s.binding !== 'weak')
  if (missing.length === 0) return
  const names = missing.map((s) => s.name).sort()
  const shown = names.slice(0, 5).join(', ')
  throw new RangeError(
    `undefined symbols: ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ''}; an executable is linked with nothing else`,
  )
}

function segmentsOf(model: ObjectModel): Segment[] {
  const loaded = model.sections.filter((s) => isAllocated(s) && s.size !== 0)
  const of = (flags: number): Section[] => {
    const those = loaded.filter((s) => (s.flags & (SHF_WRITE | SHF_EXECINSTR)) === flags)
    // What has no contents in the file stands last.
    return [...those.filter((s) => fileSize(s) !== 0), ...those.filter((s) => fileSize(s) === 0)]
  }
  const kinds: [flags: number, sections: Section[]][] = [
    [PF_R, of(0)],
    [PF_R | PF_X, of(SHF_EXECINSTR)],
    [PF_R | PF_W, of(SHF_WRITE)],
  ]
  return kinds.filter(([, sections]) => sections.length !== 0).map(([flags, sections]) => ({ flags, sections }))
}

/** Offset and address of every loaded section; they are congruent modulo the page. */
function placeSections(segments: readonly Segment[], base: number, page: number): Map<Section, Place> {
  const places = new Map<Section, Place>()
  let offset = EHDR_BYTES + PHDR_BYTES * (segments.length + 1)
  let address = base + offset
  const up = (x: number, to: number): number => Math.ceil(x / to) * to
  segments.forEach(({ sections }, i) => {
    if (i > 0) address = up(address, page) + (offset % page)
    for (const s of sections) {
      const pad = up(address, s.align) - address
      address += pad
      if (fileSize(s) !== 0) offset += pad
      places.set(s, { offset, address })
      address += s.size
      offset += fileSize(s)
    }
  })
  return places
}

interface ProgramHeader {
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly address: number
  readonly fileSize: number
  readonly size: number
  readonly align: number
}

function programHeader(w: ByteWriter, h: ProgramHeader): void {
  w.u32(h.type)
  w.u32(h.flags)
  w.u64(h.offset)
  w.u64(h.address)
  w.u64(h.address)
  w.u64(h.fileSize)
  w.u64(h.size)
  w.u64(h.align)
}

/** The contents with relocations resolved. */
function resolved(s: Section, target: Target, addressOf: (t: ElfSymbol | Section) => number): Uint8Array {
  if (s.relocs.length === 0) return s.bytes
  const bytes = s.bytes.slice()
  const at = addressOf(s)
  const data: Readonly<Record<string, (w: DataView, offset: number, value: number) => boolean>> = {
    abs64(v, offset, value) {
      v.setUint32(offset, value, true)
      v.setUint32(offset + 4, Math.floor(value / 2 ** 32), true)
      return true
    },
    abs32(v, offset, value) {
      v.setUint32(offset, value, true)
      return value >= 0 && value < 2 ** 32
    },
    pcrel32(v, offset, value) {
      const distance = value - at - offset
      v.setInt32(offset, distance, true)
      return distance === (distance | 0)
    },
  }
  const view = new DataView(bytes.buffer)
  for (const r of s.relocs) {
    const value = addressOf(r.target) + Number(r.addend)
    const write = data[r.kind]
    const done =
      write === undefined
        ? target.relocate(bytes, r.offset, r.kind, value - at - r.offset)
        : write(view, r.offset, value)
    if (!done)
      throw new RangeError(`${s.name}+${r.offset}: ${r.kind} cannot refer to ${r.target.name} in a static executable`)
  }
  return bytes
}
