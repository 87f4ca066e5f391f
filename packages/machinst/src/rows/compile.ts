// The row compiler: rows and a vocabulary in, checked rows with words, slices and expansions out.
//
// What it refuses (each error names the row): bits that do not sum up to 16 or 32; an operand that is not encoded, or whose bits are
// covered twice or not at all; a range that its field does not hold exactly; a role that the operand cannot have; a 16-bit row that ends in 11
// or a 32-bit row beside it that does not; an expansion that does not fit the long form; two rows that decode
// the same bits unless one says `specialOf` the other (overlap.ts).
import { type ParsedBits, parseBits } from './bits.ts'
import { checkOverlaps } from './overlap.ts'
import { parseText, type TextOperand } from './text.ts'
import type {
  BitSlice,
  CompiledRow,
  Expansion,
  ExpansionArgument,
  ImmediateEntry,
  OperandInfo,
  RegisterEntry,
  Role,
  RowTable,
  VocabEntry,
  Vocabulary,
} from './types.ts'

/** A table that does not compile. */
export class RowError extends Error {
  override readonly name = 'RowError'
}

/** Compiles a table. Opcode numbers are positions in `rows`. */
export function compileTable(rows: RowTable, vocabulary: Vocabulary): CompiledRow[] {
  for (const [name, entry] of Object.entries(vocabulary)) checkEntry(name, entry)
  const ids = Object.keys(rows)
  const compiled = ids.map((id, opcode) => compileRow(id, opcode, rows, vocabulary))
  if (compiled.some((r) => r.length === 2)) for (const r of compiled) checkLengthMark(r)
  const byId = new Map(compiled.map((r) => [r.id, r]))
  const expanded = compiled.map((r) => ({ ...r, expansions: expansionsOf(r, byId) }))
  checkOverlaps(expanded, (message) => {
    throw new RowError(message)
  })
  return expanded
}

/** Bits that hold min..max, two's complement where min is negative. */
export function immediateWidth(e: ImmediateEntry): number {
  const magnitude = (x: number) => 32 - Math.clz32(x)
  return e.min < 0 ? Math.max(magnitude(e.max), magnitude(-e.min - 1)) + 1 : magnitude(e.max)
}

function checkEntry(name: string, e: VocabEntry): void {
  const fail = (message: string): never => {
    throw new RowError(`vocabulary entry ${name}: ${message}`)
  }
  if (e.kind === 'register') {
    const bias = e.bias ?? 0
    if (bias % 2 ** e.width !== 0) fail(`bias ${bias} is no multiple of ${2 ** e.width}`)
    if (e.names.length < bias + 2 ** e.width) fail(`has ${e.names.length} names for ${2 ** e.width} registers`)
    return
  }
  if (e.state) return
  const scale = e.scale ?? 1
  const top = 2 ** (immediateWidth(e) - (e.min < 0 ? 1 : 0))
  if (e.max !== top - scale || e.min !== (e.min < 0 ? -top : 0))
    fail(`range ${e.min}..${e.max} does not fill its field`)
  const reserves = e.names?.includes(undefined) === true
  if (e.names !== undefined && (e.names.length !== e.max + 1 || (reserves && e.max > 31) || e.min !== 0))
    fail('names do not match the range')
  if (e.wrap !== undefined && e.min >= 0) fail('only signed fields wrap')
}

function compileRow(id: string, opcode: number, rows: RowTable, vocabulary: Vocabulary): CompiledRow {
  const { text, bits, attrs } = rows[id]
  const fail = (message: string): never => {
    throw new RowError(`row ${id}: ${message}`)
  }
  if (!/^[a-z]\w*$/i.test(id)) fail('the id is no identifier')
  const parsed = parseText(text, fail)
  const entryOf = (o: TextOperand): VocabEntry => {
    const entry = Object.hasOwn(vocabulary, o.entryName) ? vocabulary[o.entryName] : undefined
    return entry ?? fail(`operand ${o.name}: the vocabulary has no entry ${o.entryName}`)
  }
  const inText = parsed.operands
  const state: TextOperand[] =
    attrs.state === undefined ? [] : [{ name: attrs.state, entryName: attrs.state, role: 'use' }]
  const operands = layOut([...inText, ...state], entryOf, fail)
  for (const { name, entry } of operands) {
    const isState = entry.kind === 'immediate' && entry.state === true
    if (isState !== (name === attrs.state)) fail(`operand ${name}: a state operand is declared by the attribute, only`)
  }
  const encoding = parseBits(
    bits,
    (name) => {
      const o = operands.find((p) => p.name === name)
      return o === undefined ? undefined : o.entry.kind === 'register' ? o.entry.width : immediateWidth(o.entry)
    },
    fail,
  )
  const slices = slicesOf(operands, encoding, fail)
  const position = parsed.operands.map((o) => operands.findIndex((p) => p.name === o.name))
  const last = operands.at(-1)
  const words = last === undefined ? 1 : last.word + (last.role === 'readwrite' ? 2 : 1)
  return {
    id,
    opcode,
    mnemonic: parsed.mnemonic,
    length: encoding.width / 8,
    words,
    operands,
    template: parsed.template.replace(/\$(\d+)/g, (_, n) => `$${position[n]}`),
    attrs,
    match: encoding.match,
    mask: encoding.mask,
    slices,
    expansions: [],
  }
}

/** Where lengths mix, they are told apart as RISC-V does it: 16-bit encodings end in 00, 01 or 10, others in 11. */
function checkLengthMark(r: CompiledRow): void {
  const isLong = (r.match & 3) === 3
  if ((r.mask & 3) === 3 && isLong === (r.length === 4)) return
  const rule = r.length === 4 ? 'a 32-bit row must end in 11' : 'a 16-bit row must end in 00, 01 or 10'
  throw new RowError(`row ${r.id}: ${rule}`)
}

/** Sorts operands into stream order and gives each its word. */
function layOut(
  operands: readonly TextOperand[],
  entryOf: (o: TextOperand) => VocabEntry,
  fail: (m: string) => never,
): OperandInfo[] {
  const group: Record<Role, number> = { def: 0, earlydef: 0, readwrite: 1, use: 2, lateuse: 2, imm: 3 }
  const roles = operands.map((o) => {
    const entry = entryOf(o)
    if (entry.kind === 'immediate' && o.role !== 'use')
      fail(`operand ${o.name} is an immediate and cannot be ${o.role}`)
    return { ...o, entry, role: entry.kind === 'immediate' ? ('imm' as const) : o.role }
  })
  const sorted = roles.toSorted(
    (a, b) => group[a.role] - group[b.role] || (a.role === 'imm' ? 0 : a.name < b.name ? -1 : 1),
  )
  let word = 1
  return sorted.map(({ name, role, entryName, entry }) => {
    const at = word
    word += role === 'readwrite' ? 2 : 1
    return { name, role, word: at, entryName, entry }
  })
}

function slicesOf(operands: readonly OperandInfo[], bits: ParsedBits, fail: (m: string) => never): BitSlice[] {
  const covered = operands.map(() => 0)
  const slices = bits.fields.map((f) => {
    const operand = operands.findIndex((o) => o.name === f.name)
    const { entry } = operands[operand]
    if (entry.kind === 'register' && !f.whole) fail(`register field ${f.name} cannot be sliced`)
    const these = (-1 >>> (32 - f.width)) << f.source
    if ((covered[operand] & these) !== 0) fail(`bits of ${f.name} are covered twice`)
    covered[operand] |= these
    return { operand, source: f.source, dest: f.dest, width: f.width }
  })
  for (const [i, { name, entry }] of operands.entries()) {
    const needed = neededBits(entry)
    if (covered[i] === 0 && needed !== 0) fail(`operand ${name} is not encoded`)
    if (covered[i] !== needed) {
      fail(`operand ${name}: the bits cover ${binary(covered[i])} of its value, the vocabulary says ${binary(needed)}`)
    }
  }
  return slices
}

function neededBits(e: RegisterEntry | ImmediateEntry): number {
  if (e.kind === 'register') return e.width === 0 ? 0 : -1 >>> (32 - e.width)
  if (e.state) return 0
  return (-1 >>> (32 - immediateWidth(e))) & -(e.scale ?? 1)
}

const binary = (x: number) => `0b${(x >>> 0).toString(2)}`

function expansionsOf(r: CompiledRow, byId: ReadonlyMap<string, CompiledRow>): Expansion[] {
  return r.attrs.expands?.split('|').map((text) => expansionOf(text.trim(), r, byId)) ?? []
}

function expansionOf(text: string, r: CompiledRow, byId: ReadonlyMap<string, CompiledRow>): Expansion {
  const fail = (message: string): never => {
    throw new RowError(`row ${r.id}: expands '${text}': ${message}`)
  }
  const [id, ...list] = text.split(/[\s,]+/).filter((t) => t !== '')
  const long = byId.get(id) ?? fail(`there is no row ${id}`)
  if (long.operands.some((o) => o.role === 'readwrite')) fail(`${id} has a read-write operand`)
  if (list.length !== long.operands.length) fail(`${id} has ${long.operands.length} operands`)
  const args = list.map((token, i): ExpansionArgument => {
    const target = long.operands[i]
    if (/^-?\d+$/.test(token)) {
      const value = Number(token)
      const [min, max] = rangeOf(target.entry)
      if (value < min || value > max) fail(`${value} is out of the range of ${target.name} of ${id}`)
      return { constant: value }
    }
    const operand = r.operands.findIndex((o) => o.name === token)
    if (operand < 0) fail(`${token} is no operand of ${r.id}`)
    const source = r.operands[operand]
    if (source.entry.kind !== target.entry.kind) fail(`${token} cannot stand for ${target.name} of ${id}`)
    if (source.entry.kind === 'register' && source.entry.bank !== (target.entry as RegisterEntry).bank) {
      fail(`${token} is of another register bank than ${target.name} of ${id}`)
    }
    const [[min, max], [longMin, longMax]] = [rangeOf(source.entry), rangeOf(target.entry)]
    if (min < longMin || max > longMax) fail(`${token} can be out of the range of ${target.name} of ${id}`)
    const writes = target.role === 'def' || target.role === 'earlydef'
    if (writes && source.role === 'use') fail(`${id} writes ${target.name}, ${r.id} only reads ${token}`)
    return { operand }
  })
  for (const [i, o] of r.operands.entries()) {
    if (!args.some((a) => 'operand' in a && a.operand === i)) fail(`operand ${o.name} is not used`)
  }
  return { opcode: long.opcode, arguments: args }
}

/** Smallest and largest hardware number or value in the stream. */
function rangeOf(e: VocabEntry): [number, number] {
  if (e.kind === 'register') return [e.bias ?? 0, (e.bias ?? 0) + 2 ** e.width - 1]
  return e.wrap === undefined ? [e.min, e.max] : [0, 2 ** e.wrap - 1]
}
