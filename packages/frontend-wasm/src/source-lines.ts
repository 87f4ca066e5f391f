// The line table that a wasm module brings: its custom section .debug_line, DWARF 2 to 5, read for the positions of code offsets.
//
// Addresses in it count from the start of the code section's contents (WebAssembly tool conventions, "DWARF for WebAssembly"); source locations of compiled code are
// offsets in the module. A table that cannot be read is left aside from there on: debugging information is no part of what a module means.
import * as d from './line-constants.ts'

/** A place in source text. */
export interface SourcePosition {
  /** Index into WasmLines.files. */
  readonly file: number
  /** 0 for code that is of no line. */
  readonly line: number
  /** From 1; 0 where unknown. */
  readonly column: number
}

export interface SourceFile {
  /** '' for the directory of the compilation. */
  readonly directory: string
  readonly name: string
}

export interface WasmLines {
  readonly files: readonly SourceFile[]
  /** The position of a byte offset in the module, or undefined. `file` counts in `files`. */
  at(offset: number): SourcePosition | undefined
}

/** Rows of all sequences: address, file, line, column; file -1 ends a sequence. */
interface Row {
  readonly address: number
  readonly file: number
  readonly line: number
  readonly column: number
}

const CUSTOM = 0
const CODE = 10

class Unreadable extends Error {}

class Cursor {
  readonly bytes: Uint8Array
  pos: number
  end: number
  constructor(bytes: Uint8Array, pos = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.pos = pos
    this.end = end
  }
  u8(): number {
    if (this.pos >= this.end) throw new Unreadable()
    return this.bytes[this.pos++]
  }
  u16(): number {
    return this.u8() | (this.u8() << 8)
  }
  u32(): number {
    return (this.u16() | (this.u16() << 16)) >>> 0
  }
  u64(): number {
    return this.u32() + this.u32() * 2 ** 32
  }
  /** Exact below 2^53. */
  uleb(): number {
    let x = 0
    for (let scale = 1; ; scale *= 128) {
      const b = this.u8()
      x += (b & 127) * scale
      if (b < 128) return x
    }
  }
  sleb(): number {
    let x = 0
    for (let scale = 1; ; scale *= 128) {
      const b = this.u8()
      x += (b & 127) * scale
      if (b < 128) return b & 64 ? x - scale * 128 : x
    }
  }
  text(): string {
    const start = this.pos
    while (this.u8() !== 0);
    return new TextDecoder().decode(this.bytes.subarray(start, this.pos - 1))
  }
  skip(n: number): void {
    this.pos += n
    if (this.pos > this.end) throw new Unreadable()
  }
}

/** Undefined where the module has no line table. */
export function readWasmLines(module: Uint8Array): WasmLines | undefined {
  const custom = new Map<string, Uint8Array>()
  let code = -1
  const r = new Cursor(module, 8)
  while (r.pos < module.length) {
    const id = r.u8()
    const size = r.uleb()
    const end = r.pos + size
    if (id === CODE) code = r.pos
    if (id === CUSTOM) {
      const length = r.uleb()
      const name = new TextDecoder().decode(module.subarray(r.pos, r.pos + length))
      custom.set(name, module.subarray(r.pos + length, end))
    }
    r.pos = end
  }
  const table = custom.get('.debug_line')
  if (table === undefined || code < 0) return undefined
  const files: SourceFile[] = []
  const rows: Row[][] = []
  const c = new Cursor(table)
  try {
    while (c.pos < table.length) readUnit(c, custom, files, rows)
  } catch (e) {
    if (!(e instanceof Unreadable)) throw e
  }
  return { files, at: lookup(rows, code) }
}

/** Sequences by their start. Those of functions that a linker dropped begin at 0, where no body does, or at the top of the addresses. */
function lookup(sequences: readonly Row[][], code: number): WasmLines['at'] {
  const sorted = sequences.filter((s) => s.length > 1 && s[0].address > 0).sort((a, b) => a[0].address - b[0].address)
  return (offset) => {
    const address = offset - code
    const sequence = last(sorted, (s) => s[0].address <= address)
    const row = sequence === undefined ? undefined : last(sequence, (x) => x.address <= address)
    return row === undefined || row.file < 0 ? undefined : row
  }
}

/** The last element that holds, of a list where those that hold come first. */
function last<T>(list: readonly T[], holds: (x: T) => boolean): T | undefined {
  let lo = 0
  let hi = list.length
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (holds(list[mid])) lo = mid + 1
    else hi = mid
  }
  return list[lo - 1]
}

function readUnit(c: Cursor, custom: ReadonlyMap<string, Uint8Array>, files: SourceFile[], rows: Row[][]): void {
  const length = c.u32()
  // 64-bit DWARF begins with all ones; there is none in wasm.
  if (length >= 0xffff_fff0) throw new Unreadable()
  const unitEnd = c.pos + length
  const version = c.u16()
  if (version < 2 || version > 5 || unitEnd > c.end) throw new Unreadable()
  if (version === 5) c.skip(2)
  const headerLength = c.u32()
  const program = c.pos + headerLength
  const unit = new Cursor(c.bytes, c.pos, unitEnd)
  const minLength = unit.u8()
  if (version >= 4) unit.u8()
  unit.u8() // whether rows begin as statements
  const lineBase = (unit.u8() << 24) >> 24
  const lineRange = unit.u8()
  const opcodeBase = unit.u8()
  const lengths = Array.from({ length: opcodeBase - 1 }, () => unit.u8())
  if (lineRange === 0) throw new Unreadable()
  const fileOf = version === 5 ? filesOf5(unit, custom) : filesOf4(unit)
  const numbers = new Map<number, number>()
  const fileNumber = (n: number): number => {
    let number = numbers.get(n)
    if (number === undefined) {
      number = files.push(fileOf(n)) - 1
      numbers.set(n, number)
    }
    return number
  }
  unit.pos = program
  readProgram(unit, { minLength, lineBase, lineRange, opcodeBase, lengths }, fileNumber, rows)
  c.pos = unitEnd
}

const UNKNOWN: SourceFile = { directory: '', name: '<unknown>' }

/** Versions 2 to 4: directories from 1, 0 is that of the compilation; files from 1. */
function filesOf4(c: Cursor): (n: number) => SourceFile {
  const directories = ['']
  for (;;) {
    const name = c.text()
    if (name === '') break
    directories.push(name)
  }
  const files: SourceFile[] = []
  for (;;) {
    const name = c.text()
    if (name === '') break
    const directory = directories[c.uleb()] ?? ''
    c.uleb() // time
    c.uleb() // length
    files.push({ directory, name })
  }
  return (n) => files[n - 1] ?? UNKNOWN
}

/** Version 5: both from 0, in forms that the table describes. */
function filesOf5(c: Cursor, custom: ReadonlyMap<string, Uint8Array>): (n: number) => SourceFile {
  const entries = (): Map<number, string | number>[] => {
    const format = Array.from({ length: c.u8() }, () => [c.uleb(), c.uleb()])
    return Array.from(
      { length: c.uleb() },
      () => new Map(format.map(([content, form]) => [content, readForm(c, form, custom)])),
    )
  }
  const directories = entries().map((e) => String(e.get(d.DW_LNCT_PATH) ?? ''))
  const files = entries().map((e) => ({
    directory: directories[Number(e.get(d.DW_LNCT_DIRECTORY_INDEX) ?? 0)] ?? '',
    name: String(e.get(d.DW_LNCT_PATH) ?? UNKNOWN.name),
  }))
  return (n) => files[n] ?? UNKNOWN
}

function readForm(c: Cursor, form: number, custom: ReadonlyMap<string, Uint8Array>): string | number {
  const from = (section: string): string => {
    const at = c.u32()
    const bytes = custom.get(section)
    return bytes === undefined ? UNKNOWN.name : new Cursor(bytes, at).text()
  }
  switch (form) {
    case d.DW_FORM_STRING:
      return c.text()
    case d.DW_FORM_LINE_STRP:
      return from('.debug_line_str')
    case d.DW_FORM_STRP:
      return from('.debug_str')
    case d.DW_FORM_UDATA:
      return c.uleb()
    case d.DW_FORM_DATA1:
      return c.u8()
    case d.DW_FORM_DATA2:
      return c.u16()
    case d.DW_FORM_DATA4:
      return c.u32()
    case d.DW_FORM_DATA8:
      return c.u64()
    case d.DW_FORM_DATA16:
      c.skip(16)
      return 0
    case d.DW_FORM_BLOCK:
      c.skip(c.uleb())
      return 0
    default:
      throw new Unreadable()
  }
}

interface ProgramHeader {
  readonly minLength: number
  readonly lineBase: number
  readonly lineRange: number
  readonly opcodeBase: number
  readonly lengths: readonly number[]
}

/** The line number program (6.2.5): its rows, sequence by sequence. */
function readProgram(c: Cursor, h: ProgramHeader, fileNumber: (n: number) => number, out: Row[][]): void {
  let address = 0
  let file = 1
  let line = 1
  let column = 0
  let rows: Row[] = []
  const row = (): number => rows.push({ address, file: fileNumber(file), line, column })
  const constantAdvance = Math.floor((255 - h.opcodeBase) / h.lineRange) * h.minLength
  const extended = (): void => {
    const size = c.uleb()
    const next = c.pos + size
    const opcode = c.u8()
    if (opcode === d.DW_LNE_END_SEQUENCE) {
      rows.push({ address, file: -1, line: 0, column: 0 })
      out.push(rows)
      rows = []
      address = column = 0
      file = line = 1
    } else if (opcode === d.DW_LNE_SET_ADDRESS) address = size === 9 ? c.u64() : c.u32()
    c.pos = next
  }
  const standard: Readonly<Record<number, () => void>> = {
    [d.DW_LNS_COPY]: row,
    [d.DW_LNS_ADVANCE_PC]: () => void (address += c.uleb() * h.minLength),
    [d.DW_LNS_ADVANCE_LINE]: () => void (line += c.sleb()),
    [d.DW_LNS_SET_FILE]: () => void (file = c.uleb()),
    [d.DW_LNS_SET_COLUMN]: () => void (column = c.uleb()),
    [d.DW_LNS_CONST_ADD_PC]: () => void (address += constantAdvance),
    [d.DW_LNS_FIXED_ADVANCE_PC]: () => void (address += c.u16()),
  }
  while (c.pos < c.end) {
    const opcode = c.u8()
    if (opcode >= h.opcodeBase) {
      const special = opcode - h.opcodeBase
      address += Math.floor(special / h.lineRange) * h.minLength
      line += h.lineBase + (special % h.lineRange)
      row()
    } else if (opcode === 0) extended()
    else if (standard[opcode] !== undefined) standard[opcode]()
    else for (let i = 0; i < h.lengths[opcode - 1]; i++) c.uleb()
  }
}
