// .debug_abbrev, .debug_info, .debug_str: one compilation unit, one subprogram for each function (DWARF 5, 7.5).
import { ByteWriter } from '../bytes.ts'
import type { Relocation, Section } from '../elf/model.ts'
import type { StringTable } from '../elf/sections.ts'
import * as d from './constants.ts'

export interface Subprogram {
  /** As people know it. */
  readonly name: string
  /** As the symbol table has it. */
  readonly symbol: string
  readonly start: number
  readonly size: number
  readonly external: boolean
  /** Made by the compiler: of no line. */
  readonly artificial: boolean
  readonly file: number
  readonly line: number
}

/** Sections that the unit refers to. */
export interface InfoSections {
  readonly text: Section
  readonly abbrev: Section
  readonly str: Section
  readonly lineStr: Section
  /** Undefined where no code has a source location. */
  readonly line: Section | undefined
}

export interface UnitNames {
  readonly producer: string
  readonly name: string
  readonly directory: string
}

const UNIT = 1
const DECLARED = 2
const ARTIFICIAL = 3
/** A unit without a line table. */
const UNIT_NO_LINES = 6

type Attribute = readonly [attribute: number, form: number]

interface Abbreviation {
  readonly code: number
  readonly tag: number
  readonly children: number
  /** In the order in which unit() writes them. */
  readonly attributes: readonly Attribute[]
}

// biome-ignore format: table
const UNIT_ATTRIBUTES: readonly Attribute[] = [
  [d.DW_AT_PRODUCER,  d.DW_FORM_STRP],
  [d.DW_AT_LANGUAGE,  d.DW_FORM_DATA2],
  [d.DW_AT_NAME,      d.DW_FORM_LINE_STRP],
  [d.DW_AT_COMP_DIR,  d.DW_FORM_LINE_STRP],
  [d.DW_AT_STMT_LIST, d.DW_FORM_SEC_OFFSET],
  [d.DW_AT_LOW_PC,    d.DW_FORM_ADDR],
  [d.DW_AT_HIGH_PC,   d.DW_FORM_DATA8],
]

// biome-ignore format: table
const FUNCTION_ATTRIBUTES: readonly Attribute[] = [
  [d.DW_AT_NAME,         d.DW_FORM_STRP],
  [d.DW_AT_LINKAGE_NAME, d.DW_FORM_STRP],
  [d.DW_AT_LOW_PC,       d.DW_FORM_ADDR],
  [d.DW_AT_HIGH_PC,      d.DW_FORM_DATA8],
  [d.DW_AT_FRAME_BASE,   d.DW_FORM_EXPRLOC],
]
const EXTERNAL: Attribute = [d.DW_AT_EXTERNAL, d.DW_FORM_FLAG_PRESENT]
const OF_NO_LINE: readonly Attribute[] = [[d.DW_AT_ARTIFICIAL, d.DW_FORM_FLAG_PRESENT]]
const OF_A_LINE: readonly Attribute[] = [
  [d.DW_AT_DECL_FILE, d.DW_FORM_UDATA],
  [d.DW_AT_DECL_LINE, d.DW_FORM_UDATA],
]

function abbreviation(artificial: boolean, external: boolean): number {
  return (artificial ? ARTIFICIAL : DECLARED) + (external ? 2 : 0)
}

function functionAbbreviation(artificial: boolean, external: boolean): Abbreviation {
  return {
    code: abbreviation(artificial, external),
    tag: d.DW_TAG_SUBPROGRAM,
    children: d.DW_CHILDREN_NO,
    attributes: [...FUNCTION_ATTRIBUTES, ...(external ? [EXTERNAL] : []), ...(artificial ? OF_NO_LINE : OF_A_LINE)],
  }
}

const abbreviations: readonly Abbreviation[] = [
  { code: UNIT, tag: d.DW_TAG_COMPILE_UNIT, children: d.DW_CHILDREN_YES, attributes: UNIT_ATTRIBUTES },
  {
    code: UNIT_NO_LINES,
    tag: d.DW_TAG_COMPILE_UNIT,
    children: d.DW_CHILDREN_YES,
    attributes: UNIT_ATTRIBUTES.filter(([attribute]) => attribute !== d.DW_AT_STMT_LIST),
  },
  functionAbbreviation(false, false),
  functionAbbreviation(false, true),
  functionAbbreviation(true, false),
  functionAbbreviation(true, true),
]

/** Contents of .debug_abbrev. */
export function abbreviationTable(): Uint8Array {
  const w = new ByteWriter()
  for (const { code, tag, children, attributes } of abbreviations) {
    w.uleb(code)
    w.uleb(tag)
    w.u8(children)
    for (const [attribute, form] of attributes) {
      w.uleb(attribute)
      w.uleb(form)
    }
    w.u8(0)
    w.u8(0)
  }
  w.u8(0)
  return w.bytes().slice()
}

/** Contents and relocations of .debug_info; strings go into the two tables. */
export function unit(
  names: UnitNames,
  functions: readonly Subprogram[],
  textBytes: number,
  at: InfoSections,
  strings: StringTable,
  lineStrings: StringTable,
): { bytes: Uint8Array; relocs: Relocation[] } {
  const w = new ByteWriter()
  const relocs: Relocation[] = []
  const word = (target: Section, addend: number): void => {
    relocs.push({ offset: w.length, kind: 'abs32', target, addend: BigInt(addend) })
    w.u32(0)
  }
  const address = (offset: number): void => {
    relocs.push({ offset: w.length, kind: 'abs64', target: at.text, addend: BigInt(offset) })
    w.u64(0)
  }
  w.u32(0) // length, below
  w.u16(5)
  w.u8(d.DW_UT_COMPILE)
  w.u8(8) // bytes of an address
  word(at.abbrev, 0)
  w.uleb(at.line === undefined ? UNIT_NO_LINES : UNIT)
  word(at.str, strings.add(names.producer))
  w.u16(d.DW_LANG_MIPS_ASSEMBLER)
  word(at.lineStr, lineStrings.add(names.name))
  word(at.lineStr, lineStrings.add(names.directory))
  if (at.line !== undefined) word(at.line, 0)
  address(0)
  w.u64(textBytes)
  for (const f of functions) {
    w.uleb(abbreviation(f.artificial, f.external))
    word(at.str, strings.add(f.name))
    word(at.str, strings.add(f.symbol))
    address(f.start)
    w.u64(f.size)
    w.u8(1)
    w.u8(d.DW_OP_CALL_FRAME_CFA)
    if (!f.artificial) {
      w.uleb(f.file)
      w.uleb(f.line)
    }
  }
  w.u8(0)
  w.set32(0, w.length - 4)
  return { bytes: w.bytes().slice(), relocs }
}
