// Reads the notation of types that rows use (src/opcodes/row.ts) into the integers of src/opcodes/constraints.ts.
import * as C from '../src/opcodes/constraints.ts'
import { NEEDS_CTRL_IN_TEXT, type OpcodeRow, POLYMORPHIC, VARIABLE_RESULTS } from '../src/opcodes/row.ts'
import { TYPE_SETS } from '../src/opcodes/sets.ts'
import { FORMATS, type FormatName } from '../src/format.ts'
import { parseType } from '../src/types.ts'

export interface OpInfo {
  readonly name: string
  /** Name as an identifier: reserved words get a trailing underscore. */
  readonly id: string
  readonly number: number
  readonly format: FormatName
  readonly formatIndex: number
  readonly flags: number
  readonly ctrl: number
  readonly operands: readonly number[]
  readonly results: readonly number[]
  readonly text: string
  readonly types: string
  readonly meaning: string
  readonly resultNames: readonly string[]
}

const RESERVED = new Set(['return'])
const derivations: Record<string, number> = {
  lane: C.LANE,
  truthy: C.TRUTHY,
  half: C.HALF,
  double: C.DOUBLE,
  split: C.SPLIT,
  merge: C.MERGE,
  fixed: C.FIXED,
}
const relations: Record<string, number> = { narrower: C.NARROWER, wider: C.WIDER, lanes: C.LANES }

function setIndex(name: string): number {
  return TYPE_SETS.findIndex((s) => s[0] === name)
}

function constraint(text: string, where: string): number {
  if (text === 't') return C.SAME << C.KIND_SHIFT
  const call = /^(\w+)\((\w+)\)$/.exec(text)
  if (call !== null) {
    if (call[2] === 't' && derivations[call[1]] !== undefined) return derivations[call[1]] << C.KIND_SHIFT
    const set = setIndex(call[2])
    if (relations[call[1]] !== undefined && set >= 0) return (relations[call[1]] << C.KIND_SHIFT) | set
    throw new Error(`${where}: unknown type ${text}`)
  }
  const type = parseType(text)
  if (type !== 0) return (C.CONCRETE << C.KIND_SHIFT) | type
  const set = setIndex(text)
  if (set < 0) throw new Error(`${where}: unknown type ${text}`)
  return (C.FREE << C.KIND_SHIFT) | set
}

/** Everything that a row says, numbered `number`. */
export function readRow(row: OpcodeRow, number: number): OpInfo {
  const [name, format, types, rowFlags, text, meaning] = row
  const parts = /^(?:(\w+): )?(.*?) ?-> ?(.*)$/.exec(types) ?? /^(?:(\w+): )?(.*)->(.*)$/.exec(types)
  if (parts === null) throw new Error(`${name}: cannot read types ${types}`)
  const list = (s: string): string[] => s.split(',').flatMap((x) => (x.trim() === '' ? [] : [x.trim()]))
  const operandTexts = list(parts[2])
  const resultTexts = list(parts[3])
  const operands = operandTexts.filter((x) => x !== '...').map((x) => constraint(x, name))
  const results = resultTexts.filter((x) => x !== '...').map((x) => constraint(x, name))
  const ctrl = parts[1] === undefined ? 0 : constraint(parts[1], name)
  let flags = rowFlags
  if (ctrl !== 0) {
    const designated = format === 'Ternary' ? 1 : format === 'AtomicCas' ? 2 : 0
    flags |= POLYMORPHIC
    if (operands[designated] !== C.SAME << C.KIND_SHIFT) flags |= NEEDS_CTRL_IN_TEXT
  }
  if (resultTexts.includes('...')) flags |= VARIABLE_RESULTS
  const resultNames = text.includes(' = ') ? text.slice(0, text.indexOf(' = ')).split(', ') : []
  if (!text.split(' = ').at(-1)!.startsWith(name)) throw new Error(`${name}: text form is of another opcode: ${text}`)
  if (resultNames.length !== results.length && (flags & VARIABLE_RESULTS) === 0)
    throw new Error(`${name}: text form and types disagree on results`)
  return {
    name,
    id: RESERVED.has(name) ? `${name}_` : name,
    number,
    format,
    formatIndex: FORMATS.indexOf(format),
    flags,
    ctrl,
    operands,
    results,
    text,
    types,
    meaning,
    resultNames,
  }
}
