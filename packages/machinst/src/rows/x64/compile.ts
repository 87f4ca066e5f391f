// The row compiler for x64: rows and a vocabulary in, opcodes with laid-out operands and alternatives out.
//
// What it refuses (each error names the row): an opcode byte that is a prefix or an escape; an operand that an alternative does not encode, or
// a field without an operand; a role that the operand cannot have; an immediate that its field cannot hold; a row without an alternative
// that always applies; an r/m operand in a row without M in its id; two alternatives that decode the same bytes (overlap.ts).
import { RowError } from '../compile.ts'
import { parseText } from '../text.ts'
import type { Role } from '../types.ts'
import { type ParsedAlternative, parseX64Bits } from './bits.ts'
import { checkX64Overlaps } from './overlap.ts'
import {
  type CompiledX64Row,
  COND_ALWAYS,
  COND_IMM8,
  COND_ONE,
  COND_RAX,
  COND_SHORT,
  COND_UNSWAPPED,
  FORM_VEX,
  MEM_WORDS,
  type X64Alternative,
  type X64Entry,
  X64_FLAGS,
  type X64Immediate,
  type X64Memory,
  type X64Operand,
  type X64Register,
  type X64RowTable,
  type X64Vocabulary,
} from './types.ts'

/** Compiles a table. Opcode numbers follow the table's order, a row's register form before its memory form. */
export function compileX64Table(rows: X64RowTable, vocabulary: X64Vocabulary): CompiledX64Row[] {
  for (const [name, entry] of Object.entries(vocabulary)) checkEntry(name, entry, vocabulary)
  const compiled: CompiledX64Row[] = []
  const ids = new Set<string>()
  for (const rowId of Object.keys(rows)) {
    for (const form of /_\w*M/.test(rowId) ? (['register', 'memory'] as const) : (['plain'] as const)) {
      const row = compileRow(rowId, form, compiled.length, rows, vocabulary)
      if (ids.has(row.id)) throw new RowError(`row ${rowId}: there is another ${row.id}`)
      ids.add(row.id)
      compiled.push(row)
    }
  }
  checkX64Overlaps(compiled, (message) => {
    throw new RowError(message)
  })
  return compiled
}

function checkEntry(name: string, e: X64Entry, vocabulary: X64Vocabulary): void {
  const fail = (message: string): never => {
    throw new RowError(`vocabulary entry ${name}: ${message}`)
  }
  if (e.kind === 'register') {
    if (e.names.length !== 16) fail(`has ${e.names.length} names for 16 registers`)
    if ((e.field === 'none') !== (e.fixed !== undefined)) fail('a register has either a field or a number')
  } else if (e.kind === 'rm') {
    const register = vocabulary[e.register]
    if (register?.kind !== 'register' || register.field !== 'rm') fail(`${e.register} is no register of ModRM.rm`)
    if (vocabulary[e.memory]?.kind !== 'memory') fail(`${e.memory} is no memory operand`)
  } else if (e.kind === 'immediate' && e.bytes > 0 && e.bytes < 8) {
    const top = 2 ** (8 * e.bytes)
    if (e.min < (e.signed ? -top / 2 : 0) || e.max >= (e.bytes === 4 ? top / 2 : top))
      fail(`${e.min}..${e.max} does not fit ${e.bytes} bytes`)
  }
}

type Form = 'plain' | 'register' | 'memory'
type Fail = (message: string) => never

function compileRow(
  rowId: string,
  form: Form,
  opcode: number,
  rows: X64RowTable,
  vocabulary: X64Vocabulary,
): CompiledX64Row {
  const { text, bits, attrs } = rows[rowId]
  const id =
    form === 'plain' ? rowId : rowId.replace(/_\w*$/, (letters) => letters.replace('M', form === 'memory' ? 'm' : 'r'))
  const fail: Fail = (message) => {
    throw new RowError(`row ${id}: ${message}`)
  }
  if (!/^[a-z]\w*$/.test(id)) fail('the id is no identifier')
  const prefix = /^(?:lock |\{\w+\} )?/.exec(text)![0]
  const parsed = parseText(text.slice(prefix.length), fail, /[^$\w\s,().+\-*%{}:]/)
  const named = new Map<string, number>()
  const inText = parsed.operands.map((o, i) => {
    const written = entryOf(vocabulary, o.entryName, fail)
    const entryName =
      written.kind !== 'rm'
        ? o.entryName
        : form === 'memory'
          ? written.memory
          : form === 'register'
            ? written.register
            : ''
    if (entryName === '') fail(`operand ${o.name} is a register or memory: the id needs an M`)
    const entry = entryOf(vocabulary, entryName, fail) as X64Operand['entry']
    const name = entry.kind === 'memory' ? 'mem' : o.name
    named.set(name, i)
    return { name, entryName, entry, role: roleOf(o.role, entry, name, fail), at: i }
  })
  if (form !== 'plain' && !parsed.operands.some((o) => vocabulary[o.entryName].kind === 'rm'))
    fail('the id has an M, but no operand is a register or memory')
  const implicit = (attrs.implicit ?? '')
    .split(/\s+/)
    .filter((t) => t !== '')
    .map((token) => {
      const m = /^([=+]?)(\w+)$/.exec(token) ?? fail(`'${token}' is no implicit operand`)
      const entry = entryOf(vocabulary, m[2], fail)
      if (entry.kind !== 'register' || entry.field !== 'none') fail(`implicit operand ${m[2]} is no fixed register`)
      const role: Role = m[1] === '=' ? 'def' : m[1] === '+' ? 'readwrite' : 'use'
      return { name: m[2], entryName: m[2], entry, role, at: -1 }
    })
  const operands = layOut([...implicit, ...inText.toReversed()])
  for (const [i, o] of operands.entries())
    if (operands.findIndex((p) => p.name === o.name) !== i) fail(`operand ${o.name} appears twice`)
  const position = inText.map((o) => operands.findIndex((p) => p.name === o.name))
  const alternatives = alternativesOf(operands, bits, form, fail)
  const memory = operands.find((o) => o.entry.kind === 'memory')
  const bytes = memory === undefined ? 0 : (memory.entry as X64Memory).bytes
  const last = operands.at(-1)
  const words = last === undefined ? 1 : last.word + last.words
  if (words > 15) fail(`has ${words} words, more than offsets can say`)
  for (const set of [attrs.reads, attrs.writes, attrs.undef])
    for (const flag of set ?? '') if (!Object.hasOwn(X64_FLAGS, flag)) fail(`'${flag}' is no flag`)
  for (const flag of attrs.undef ?? '')
    if (!attrs.writes?.includes(flag)) fail(`flag ${flag} is undefined but not written`)
  return {
    id,
    rowId,
    opcode,
    mnemonic: prefix.startsWith('lock') ? prefix + parsed.mnemonic : parsed.mnemonic,
    words,
    operands,
    template: prefix + parsed.template.replace(/\$(\d+)/g, (_, n) => `$${position[n]}`),
    attrs,
    load: memory !== undefined && memory.role !== 'def' ? bytes : 0,
    store: memory !== undefined && memory.role !== 'use' ? bytes : 0,
    aligned: memory !== undefined && (memory.entry as X64Memory).aligned === true,
    alternatives,
  }
}

function entryOf(vocabulary: X64Vocabulary, name: string, fail: Fail): X64Entry {
  return Object.hasOwn(vocabulary, name) ? vocabulary[name] : fail(`the vocabulary has no entry ${name}`)
}

function roleOf(role: Role, entry: X64Entry, name: string, fail: Fail): Role {
  if (entry.kind !== 'immediate') return role
  if (role !== 'use') fail(`operand ${name} is an immediate and cannot be ${role}`)
  return 'imm'
}

/** Sorts operands into stream order and gives each its words. */
function layOut(operands: readonly (Omit<X64Operand, 'word' | 'words'> & { at: number })[]): X64Operand[] {
  const groups: Record<Role, number> = { def: 0, earlydef: 0, readwrite: 1, use: 2, lateuse: 2, imm: 5 }
  const group = (o: (typeof operands)[number]) =>
    o.entry.kind === 'memory' ? 3 : o.entry.kind === 'immediate' && o.entry.label ? 4 : groups[o.role]
  const isPrinted = (o: (typeof operands)[number]) => (o.entry.kind === 'immediate' && o.entry.bytes === 0 ? 1 : 0)
  let word = 1
  return operands
    .toSorted((a, b) => group(a) - group(b) || isPrinted(a) - isPrinted(b))
    .map(({ name, role, entryName, entry }) => {
      const at = word
      const words =
        entry.kind === 'memory'
          ? MEM_WORDS
          : entry.kind === 'immediate'
            ? entry.bytes === 8
              ? 2
              : 1
            : role === 'readwrite'
              ? 2
              : 1
      word += words
      return { name, role, word: at, words, entryName, entry }
    })
}

function alternativesOf(operands: readonly X64Operand[], bits: string, form: Form, fail: Fail): X64Alternative[] {
  const parsed = parseX64Bits(bits, fail).filter(
    (p) => form !== 'memory' || (p.modrm !== 'swapped' && p.plus !== 'r' && p.rax === undefined),
  )
  const list = parsed.map((p, i) => {
    // Only in the 0F map does VEX have a form of two bytes.
    const swappedNext = p.form === FORM_VEX && p.modrm === 'r' && p.map === 1 && isSwapped(parsed[i + 1])
    return bind(
      operands,
      p,
      swappedNext,
      parsed.some((q) => q.label === 4),
      fail,
    )
  })
  if (!list.some((a) => a.condition === COND_ALWAYS)) fail('no alternative of the bits applies always')
  return list
}

function isSwapped(p: ParsedAlternative | undefined): boolean {
  return p?.modrm === 'swapped' && p.map === 1
}

function bind(
  operands: readonly X64Operand[],
  p: ParsedAlternative,
  swappedNext: boolean,
  hasLong: boolean,
  failRow: Fail,
): X64Alternative {
  const fail: Fail = (message) => failRow(`'${p.text}': ${message}`)
  const covered = operands.map((o) => o.entry.kind === 'register' && o.entry.field === 'none')
  const find = (what: string, test: (o: X64Operand) => boolean): number => {
    const found = operands.flatMap((o, i) => (test(o) && !covered[i] ? [i] : []))
    if (found.length !== 1) fail(`${found.length} operands could be its ${what}`)
    covered[found[0]] = true
    return found[0]
  }
  const inField = (field: string) => (o: X64Operand) =>
    (o.entry.kind === 'register' && o.entry.field === field) || (field === 'rm' && o.entry.kind === 'memory')
  const ofImmediate = (test: (e: X64Immediate) => boolean) => (o: X64Operand) =>
    o.entry.kind === 'immediate' && test(o.entry)

  let condition = swappedNext ? COND_UNSWAPPED : COND_ALWAYS
  let subject = -1
  if (p.rax !== undefined) {
    subject = find('rax', (o) => o.name === p.rax)
    const { entry } = operands[subject]
    if (entry.kind !== 'register' || entry.bank !== 0) fail(`${p.rax} is no general register`)
    condition = COND_RAX
  }
  let [reg, rm, vvvv, is4, imm, cc] = [-1, -1, -1, -1, -1, -1]
  if (p.modrm === 'r' || p.modrm === 'swapped') {
    reg = find('/r', inField('reg'))
    rm = find('r/m', inField('rm'))
    if (p.modrm === 'swapped') {
      if (operands[rm].entry.kind === 'memory') fail('memory cannot be swapped')
      ;[reg, rm] = [rm, reg]
    }
  } else if (p.modrm !== 'none') rm = find('r/m', inField('rm'))
  if (p.plus === 'r') {
    if (p.modrm !== 'none') fail('+r beside ModRM')
    rm = find('+r', (o) => o.entry.kind === 'register' && (inField('rm')(o) || inField('reg')(o)))
  }
  if (operands.some(inField('vvvv'))) vvvv = find('vvvv', inField('vvvv'))
  if (p.is4) is4 = find('is4', inField('is4'))
  if (p.plus === 'cc')
    cc = find(
      '+cc',
      ofImmediate((e) => e.bytes === 0),
    )
  let immBytes = 0
  if (p.label !== 0) {
    imm = find(
      'distance',
      ofImmediate((e) => e.label === true),
    )
    immBytes = p.label
    if (p.label === 1 && hasLong) condition = COND_SHORT
  } else if (p.imm !== 0 || p.one) {
    imm = find(
      'immediate',
      ofImmediate((e) => e.label !== true && e.bytes > 0),
    )
    const entry = operands[imm].entry as X64Immediate
    immBytes = p.imm
    if (p.one || p.imm !== entry.bytes) {
      if (condition !== COND_ALWAYS) fail('has two conditions')
      if (!p.one && !(p.imm === 1 && entry.signed)) fail(`an immediate of ${entry.bytes} bytes in ${p.imm}`)
      condition = p.one ? COND_ONE : COND_IMM8
      subject = imm
    }
  }
  const missing = operands.find((_, i) => !covered[i])
  if (missing !== undefined) fail(`operand ${missing.name} is not encoded`)
  const { text, form, prefixes, map, opcode, w, wig, plus, constants } = p
  return {
    text,
    form,
    prefixes,
    map,
    opcode,
    w,
    wig,
    plus,
    constants,
    modrm: p.modrm !== 'none',
    digit: typeof p.modrm === 'number' ? p.modrm : -1,
    reg,
    rm,
    vvvv,
    is4,
    imm,
    cc,
    immBytes,
    condition,
    subject,
  }
}

/** The register entry of an operand that is one. */
export function registerOf(o: X64Operand | undefined): X64Register | undefined {
  return o?.entry.kind === 'register' ? o.entry : undefined
}
