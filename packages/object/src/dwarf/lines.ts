// .debug_line: which line of which file each piece of code comes from (DWARF 5, 6.2).
//
// Every function is a sequence of its own. Its first row stands at its first byte, with the line of the first source location that it has; the row of that location
// itself, behind the prologue, is marked as the prologue's end, where debuggers stop that were told to stop in the function.
import type { PlacedFunction } from '@k23/codegen'
import type { SourceFile, SourcePosition } from '@k23/frontend-wasm/source-lines'
import { ByteWriter } from '../bytes.ts'
import type { Relocation, Section } from '../elf/model.ts'
import type { StringTable } from '../elf/sections.ts'
import * as d from './constants.ts'

export type Position = SourcePosition
export type { SourceFile }

/** What source locations of the code stand for. */
export interface SourceMap {
  /** The first is the input's own. */
  readonly files: readonly SourceFile[]
  /** With its file as an index into `files`. */
  position(srcloc: number): Position
}

const LINE_BASE = -5
const LINE_RANGE = 14
const OPCODE_BASE = 13

/** Contents and relocations of .debug_line; its names go into `strings`, which become `lineStr`. */
export function lineTable(
  functions: readonly PlacedFunction[],
  source: SourceMap,
  directory: string,
  strings: StringTable,
  text: Section,
  lineStr: Section,
): { bytes: Uint8Array; relocs: Relocation[] } {
  const w = new ByteWriter()
  const relocs: Relocation[] = []
  const path = (s: string): void => {
    relocs.push({ offset: w.length, kind: 'abs32', target: lineStr, addend: BigInt(strings.add(s)) })
    w.u32(0)
  }
  w.u32(0) // length, below
  w.u16(5)
  w.u8(8) // bytes of an address
  w.u8(0)
  const headerLength = w.length
  w.u32(0)
  w.u8(1) // unit of code offsets
  w.u8(1)
  w.u8(1) // rows are statements
  w.u8(LINE_BASE)
  w.u8(LINE_RANGE)
  w.u8(OPCODE_BASE)
  for (const n of d.STANDARD_OPCODE_LENGTHS) w.u8(n)
  const directories = [directory, ...new Set(source.files.map((f) => f.directory).filter((s) => s !== ''))]
  w.u8(1)
  w.uleb(d.DW_LNCT_PATH)
  w.uleb(d.DW_FORM_LINE_STRP)
  w.uleb(directories.length)
  directories.forEach(path)
  w.u8(2)
  w.uleb(d.DW_LNCT_PATH)
  w.uleb(d.DW_FORM_LINE_STRP)
  w.uleb(d.DW_LNCT_DIRECTORY_INDEX)
  w.uleb(d.DW_FORM_UDATA)
  w.uleb(source.files.length)
  for (const f of source.files) {
    path(f.name)
    w.uleb(f.directory === '' ? 0 : directories.indexOf(f.directory))
  }
  w.set32(headerLength, w.length - headerLength - 4)
  for (const f of functions) if (f.srclocs.length !== 0) sequence(w, f, source, text, relocs)
  w.set32(0, w.length - 4)
  return { bytes: w.bytes().slice(), relocs }
}

/** Where a function begins, as far as its code tells; undefined for one without source locations. */
export function functionPosition(f: PlacedFunction, source: SourceMap): Position | undefined {
  for (let i = 0; i < f.srclocs.length; i += 2) if (f.srclocs[i + 1] !== -1) return source.position(f.srclocs[i + 1])
  return undefined
}

const NO_LINE: Position = { file: 0, line: 0, column: 0 }

function sequence(w: ByteWriter, f: PlacedFunction, source: SourceMap, text: Section, relocs: Relocation[]): void {
  extended(w, d.DW_LNE_SET_ADDRESS, 8)
  relocs.push({ offset: w.length, kind: 'abs64', target: text, addend: BigInt(f.start) })
  w.u64(0)
  // The registers of the state machine.
  let address = 0
  let now: Position = { file: 1, line: 1, column: 0 }
  const row = (at: number, p: Position): void => {
    if (p.file !== now.file) {
      w.u8(d.DW_LNS_SET_FILE)
      w.uleb(p.file)
    }
    if (p.column !== now.column) {
      w.u8(d.DW_LNS_SET_COLUMN)
      w.uleb(p.column)
    }
    advance(w, at - address, p.line - now.line)
    address = at
    now = p
  }
  const { srclocs, code } = f
  const first = functionPosition(f, source) ?? NO_LINE
  if (srclocs[0] !== 0) row(0, first)
  w.u8(d.DW_LNS_SET_PROLOGUE_END)
  for (let i = 0; i < srclocs.length && srclocs[i] < code.length; i += 2) {
    const loc = srclocs[i + 1]
    const p = loc === -1 ? NO_LINE : source.position(loc)
    if (i === 0 || p.line !== now.line || p.file !== now.file || p.column !== now.column) row(srclocs[i], p)
  }
  w.u8(d.DW_LNS_ADVANCE_PC)
  w.uleb(code.length - address)
  extended(w, d.DW_LNE_END_SEQUENCE, 0)
}

function extended(w: ByteWriter, opcode: number, bytes: number): void {
  w.u8(0)
  w.uleb(bytes + 1)
  w.u8(opcode)
}

/** Moves on by so many bytes and lines, and makes a row. */
function advance(w: ByteWriter, bytes: number, lines: number): void {
  let rest = lines
  if (rest < LINE_BASE || rest >= LINE_BASE + LINE_RANGE) {
    w.u8(d.DW_LNS_ADVANCE_LINE)
    w.sleb(rest)
    rest = 0
  }
  let opcode = rest - LINE_BASE + LINE_RANGE * bytes + OPCODE_BASE
  if (opcode > 255) {
    w.u8(d.DW_LNS_ADVANCE_PC)
    w.uleb(bytes)
    opcode = rest - LINE_BASE + OPCODE_BASE
  }
  w.u8(opcode)
}
