// What an assembler does not check, on the processor: roles, implicit operands, flags, access sizes, alignment, traps of every row.
//
// Each sample of a row (its registers all different) runs with random values (base), with everything random that the row does not declare
// as read (others), and with one declared input changed (item). Then
//   sound    what is not declared as written never changes; what is not declared as read never changes a declared output
//   needed   each declared input and output has an effect in some sample: nothing is declared in vain (K23_LONG=1: that takes many samples)
//   memory   an access that ends with the last byte of a page works, one byte further it faults; misaligned it faults where the row says so
import { expect, test } from 'vitest'
import { U8Vec } from '@k23/entity'
import { encode } from '@k23/isa-x64/insts'
import {
  type CompiledX64Row,
  NO_REG,
  type Role,
  type X64Attributes,
  X64_FLAGS,
  type X64Memory,
  type X64Operand,
} from '@k23/machinst/rows'
import {
  BUFFER,
  FLAGS_AT,
  GPR_AT,
  makeHasFeatures,
  makeRunner,
  MEMORY_AT,
  MEMORY_BYTES,
  RECORD,
  SIGFPE,
  SIGSEGV,
  XMM_AT,
} from './native.ts'
import { byId, compiled, random, wordsOf } from './samples.ts'

const LONG = process.env.K23_LONG === '1'
const SAMPLES = LONG ? 120 : 10
const PLACE = 32
const RFLAGS: Readonly<Record<string, number>> = { c: 0x1, p: 0x4, a: 0x10, z: 0x40, s: 0x80, o: 0x800 }
const LETTERS = Object.keys(X64_FLAGS)

const runner = makeRunner()

/** Control transfer, the stack, the machine: rows that do more than a record shows. */
function isTestable(r: CompiledX64Row): boolean {
  return (r.attrs.effect ?? 'none') === 'none' && !/^push|^pop|^leave/.test(r.id)
}

type Place = { readonly at: number; readonly bytes: number }

function placeOf(word: number): Place {
  const preg = word >> 1
  return preg < 64 ? { at: GPR_AT + 8 * preg, bytes: 8 } : { at: XMM_AT + 16 * (preg - 64), bytes: 16 }
}

/** A sample: its code, and places in a record. */
interface Sample {
  readonly row: CompiledX64Row
  readonly code: Uint8Array
  readonly words: Int32Array
  /** Registers that are read as values, and those that are written (how many bytes are defined; all where the old value is an input). */
  readonly uses: readonly Place[]
  readonly defs: readonly Place[]
  /** Registers of the address. */
  readonly address: readonly Place[]
}

function makeSample(row: CompiledX64Row, next: () => number): Sample {
  const taken = new Set(
    row.operands.flatMap((o) =>
      o.entry.kind === 'register' && o.entry.fixed !== undefined ? [o.entry.bank * 64 + o.entry.fixed] : [],
    ),
  )
  taken.add(4)
  const free = (bank: number): number => {
    for (;;) {
      const preg = bank * 64 + (next() % 16)
      if (taken.has(preg)) continue
      taken.add(preg)
      return preg * 2
    }
  }
  const values = row.operands.map((o) => {
    const e = o.entry
    if (e.kind === 'register') return [e.fixed === undefined ? free(e.bank) : (e.bank * 64 + e.fixed) * 2]
    if (e.kind === 'memory') return [free(0), next() % 2 === 0 ? NO_REG : free(0), 0, (next() % 512) - 256]
    if (e.bytes === 8) return [next() | 0, next() | 0]
    const range = e.max - e.min + 1
    return [next() % 2 === 0 && range > 64 ? next() % 32 : e.min + (next() % range)]
  })
  for (const [i, o] of row.operands.entries()) {
    if (o.entry.kind === 'memory' && values[i][1] !== NO_REG) values[i][2] = next() % 4
    if (o.entry.kind === 'immediate' && o.entry.signed && o.entry.bytes < 4)
      values[i][0] = (values[i][0] << (32 - 8 * o.entry.bytes)) >> (32 - 8 * o.entry.bytes)
  }
  const words = wordsOf(row, values)
  const buf = new U8Vec()
  encode(words, 0, buf)
  const [uses, defs, address]: Place[][] = [[], [], []]
  for (const o of row.operands) {
    if (o.entry.kind === 'memory') {
      address.push(placeOf(words[o.word]))
      if (words[o.word + 1] !== NO_REG) address.push(placeOf(words[o.word + 1]))
    }
    if (o.entry.kind !== 'register') continue
    const place = placeOf(words[o.word])
    if (o.role !== 'def') uses.push(place)
    if (o.role !== 'use') defs.push(o.role === 'def' ? { at: place.at, bytes: definedBytes(row, o) } : place)
  }
  return { row, code: buf.view().slice(), words, uses, defs, address }
}

/** Bytes that a plain def gives a value: writing 8 or 16 bits of a general register keeps the others. */
function definedBytes(row: CompiledX64Row, o: X64Operand): number {
  if (o.entry.kind !== 'register' || o.entry.bank !== 0) return 16
  if (o.entry.size < 32) return o.entry.size / 8
  return o.entry.field === 'none' && /^(mul|imul)w$|^cwtd$/.test(row.mnemonic) ? 2 : 8
}

/** A value that is often at an edge or of a type that the instruction may expect. */
function fill(record: DataView, at: number, bytes: number, next: () => number): void {
  const style = next() % 8
  for (let k = at; k < at + bytes; k += 4) record.setUint32(k, next(), true)
  if (style < 2) return
  for (let k = at; k < at + bytes; k += 8) {
    const small = (next() % 64) - 32
    if (style === 2) record.setBigInt64(k, BigInt(small), true)
    else if (style === 3) record.setFloat64(k, (next() - 2 ** 31) / 2 ** (next() % 40), true)
    else if (style === 4) {
      record.setFloat32(k, (next() - 2 ** 31) / 2 ** (next() % 40), true)
      record.setFloat32(k + 4, small, true)
    } else if (style === 5) record.setBigUint64(k, next() % 2 === 0 ? 0n : 2n ** 64n - 1n, true)
    else if (style === 6) record.setUint32(k + 4, 0, true)
  }
}

function randomRecord(next: () => number): Uint8Array {
  const bytes = new Uint8Array(RECORD)
  const view = new DataView(bytes.buffer)
  for (let r = 0; r < 16; r++) fill(view, GPR_AT + 8 * r, 8, next)
  for (let r = 0; r < 16; r++) fill(view, XMM_AT + 16 * r, 16, next)
  for (let k = 0; k < MEMORY_BYTES; k += 16) fill(view, MEMORY_AT + k, 16, next)
  // Often a value in several places, for what compares.
  if (next() % 4 === 0) {
    for (let r = 0; r < 16; r++) if (next() % 2 === 0) bytes.copyWithin(GPR_AT + 8 * r, GPR_AT, GPR_AT + 8)
    for (let r = 0; r < 16; r++) if (next() % 2 === 0) bytes.copyWithin(XMM_AT + 16 * r, XMM_AT, XMM_AT + 16)
    const from = next() % 2 === 0 ? GPR_AT : XMM_AT
    bytes.copyWithin(MEMORY_AT + PLACE, from, from + 16)
    // rdx:rax
    if (next() % 2 === 0) bytes.copyWithin(MEMORY_AT + PLACE + 8, GPR_AT + 16, GPR_AT + 24)
  }
  view.setUint32(FLAGS_AT, 0x202 | randomFlags(next), true)
  return bytes
}

function randomFlags(next: () => number): number {
  const set = next()
  return LETTERS.reduce((flags, letter, i) => flags | ((set >> i) & 1 ? RFLAGS[letter] : 0), 0)
}

/** Points the address registers at `address`. */
function aim(record: Uint8Array, { row, words, address }: Sample, target: number, next: () => number): void {
  if (address.length === 0) return
  const view = new DataView(record.buffer, record.byteOffset)
  const at = row.operands.find((o) => o.entry.kind === 'memory')!.word
  const index = address.length === 1 ? 0 : next() % 100_000
  if (address.length === 2) view.setBigUint64(address[1].at, BigInt(index), true)
  const base = target - words[at + 3] - index * 2 ** (words[at + 2] & 3)
  view.setBigInt64(address[0].at, BigInt(base), true)
}

/** One input that the row declares: registers and memory bytes by place, or a flag. */
type Item = { readonly name: string; readonly place?: Place; readonly flag?: number }

function itemsOf(s: Sample): Item[] {
  const { row } = s
  const items: Item[] = s.uses.map((place, i) => ({ name: `use ${i}`, place }))
  for (const letter of row.attrs.reads ?? '') items.push({ name: `flag ${letter}`, flag: RFLAGS[letter] })
  if (row.load > 0) items.push({ name: 'memory', place: { at: MEMORY_AT + PLACE, bytes: row.load } })
  return items
}

/** The record with all that the row does not declare as read from another one. */
function withOthers(base: Uint8Array, other: Uint8Array, s: Sample): Uint8Array {
  const record = other.slice()
  const load = s.row.load
  for (const { at, bytes } of [...s.uses, ...s.address, { at: MEMORY_AT + PLACE, bytes: load }])
    record.set(base.subarray(at, at + bytes), at)
  const [from, to] = [new DataView(base.buffer), new DataView(record.buffer)]
  const read = [...(s.row.attrs.reads ?? '')].reduce((set, letter) => set | RFLAGS[letter], 0)
  to.setUint32(FLAGS_AT, (from.getUint32(FLAGS_AT, true) & read) | (to.getUint32(FLAGS_AT, true) & ~read), true)
  return record
}

function withItem(base: Uint8Array, other: Uint8Array, { place, flag }: Item, next: () => number): Uint8Array {
  const record = base.slice()
  const view = new DataView(record.buffer)
  if (flag !== undefined) view.setUint32(FLAGS_AT, view.getUint32(FLAGS_AT, true) ^ flag, true)
  // One bit, or all.
  else if (next() % 2 === 0) record[place!.at + (next() % place!.bytes)] ^= 1 << (next() % 8)
  else record.set(other.subarray(place!.at, place!.at + place!.bytes), place!.at)
  return record
}

const signalOf = (record: Uint8Array) => record[0]
const flagsOf = (record: Uint8Array) => record[FLAGS_AT] | (record[FLAGS_AT + 1] << 8)

/** Places that the row does not declare as written. */
function changedWithoutLeave(s: Sample, before: Uint8Array, after: Uint8Array): string[] {
  const { row } = s
  const allowed = new Uint8Array(RECORD)
  allowed.fill(1, 0, GPR_AT)
  // rsp is the runner's.
  allowed.fill(1, GPR_AT + 32, GPR_AT + 40)
  // The other bytes of a register that is defined in part are nobody's.
  for (const { at } of s.defs) allowed.fill(1, at, at + (at < XMM_AT ? 8 : 16))
  allowed.fill(1, MEMORY_AT + PLACE, MEMORY_AT + PLACE + row.store)
  const wrong: string[] = []
  for (let k = 0; k < RECORD; k++) if (allowed[k] === 0 && before[k] !== after[k]) wrong.push(`byte ${k} of the record`)
  for (const letter of LETTERS) {
    const differs = ((flagsOf(before) ^ flagsOf(after)) & RFLAGS[letter]) !== 0
    if (differs && !row.attrs.writes?.includes(letter)) wrong.push(`flag ${letter}`)
  }
  return wrong
}

/** Declared outputs in which two results differ; \`conditional\`: a flag may be unwritten for some operands. */
function differences(s: Sample, a: Uint8Array, b: Uint8Array): string[] {
  const { row } = s
  const stored = { at: MEMORY_AT + PLACE, bytes: row.store }
  const list = [...s.defs.map((p, i) => ({ ...p, name: `def ${i}` })), { ...stored, name: 'store' }]
    .filter(({ at, bytes }) => a.subarray(at, at + bytes).some((byte, k) => byte !== b[at + k]))
    .map(({ name }) => name)
  for (const letter of row.attrs.writes ?? '') {
    if (row.attrs.undef?.includes(letter)) continue
    if (((flagsOf(a) ^ flagsOf(b)) & RFLAGS[letter]) !== 0) list.push(`flag ${letter}`)
  }
  return list
}

/** Shifts by 0 leave the flags alone, and rotations leave OF alone but by 1; it is declared as written. */
const WRITES_FLAGS_SOMETIMES = /^(rol|ror|rcl|rcr|shl|shr|sar|shld|shrd)[bwlq]$/

interface Run {
  readonly sample: Sample
  readonly kind: 'base' | 'others' | 'item' | 'edge' | 'beyond' | 'misaligned'
  readonly item: string
  readonly record: Uint8Array
}

function runsOf(row: CompiledX64Row, seed = 0): Run[] {
  const next = random(row.opcode * 31 + 7 + seed * 1_000_003)
  for (let i = 0; i < 10; i++) next()
  const runs: Run[] = []
  // Each flag of a condition wants its samples, and so do many operands.
  const isWide = row.attrs.reads === 'oszpc' || /16b|pcmpe|test/.test(row.mnemonic)
  const samples = LONG && isWide ? 5 * SAMPLES : SAMPLES
  for (let i = 0; i < samples; i++) {
    const sample = makeSample(row, next)
    const base = randomRecord(next)
    // Quotients that fit.
    if (/div/.test(row.mnemonic) && i % 3 !== 0) base.fill(0, GPR_AT + 2 * 8 + 0, GPR_AT + 3 * 8)
    aim(base, sample, BUFFER + PLACE, next)
    const other = randomRecord(next)
    runs.push({ sample, kind: 'base', item: '', record: base })
    runs.push({ sample, kind: 'others', item: '', record: withOthers(base, other, sample) })
    const items = itemsOf(sample)
    if (items.length === 0) continue
    const item = items[i % items.length]
    runs.push({ sample, kind: 'item', item: item.name, record: withItem(base, other, item, next) })
  }
  runs.push(...memoryRuns(row, next))
  return runs
}

function memoryRuns(row: CompiledX64Row, next: () => number): Run[] {
  const memory = row.operands.find((o) => o.entry.kind === 'memory')
  const bytes = memory === undefined ? 0 : (memory.entry as X64Memory).bytes
  if (bytes === 0) return []
  const sample = makeSample(row, next)
  const at = (kind: Run['kind'], target: number): Run => {
    const record = randomRecord(next)
    aim(record, sample, target, next)
    return { sample, kind, item: '', record }
  }
  const end = 0x20020000
  return [at('edge', end - bytes), at('beyond', end - bytes + 1), at('misaligned', BUFFER + 20 + 1)]
}

test('roles, flags, access sizes, alignment and traps on the processor', ({ skip }) => {
  if (typeof runner === 'string') return skip(runner)
  const hasFeatures = makeHasFeatures()
  const rows = compiled.filter((r) => isTestable(r) && hasFeatures(r.attrs.feature))
  const wrong = new Set<string>()
  let count = 0
  for (let first = 0; first < rows.length; first += 200) {
    const runs = rows.slice(first, first + 200).flatMap((r) => runsOf(r))
    count += runs.length
    check(runs, runner(...packed(runs)), wrong)
  }
  console.log(`${rows.length} of ${compiled.length} rows, ${count} runs`)
  expect(rows.length).toBeGreaterThan(900)
  expect([...wrong].slice(0, 80)).toEqual([])
}, 300_000)

test('a wrong row is found', ({ skip }) => {
  if (typeof runner === 'string') return skip(runner)
  const change = (id: string, more: Partial<CompiledX64Row>): CompiledX64Row => ({ ...byId.get(id)!, ...more })
  const attrs = (id: string, more: X64Attributes) => change(id, { attrs: { ...byId.get(id)!.attrs, ...more } })
  const role = (id: string, name: string, to: Role) =>
    change(id, { operands: byId.get(id)!.operands.map((o) => (o.name === name ? { ...o, role: to } : o)) })
  const without = (id: string, name: string) =>
    change(id, { operands: byId.get(id)!.operands.filter((o) => o.name !== name) })
  const size = (id: string, bytes: number) =>
    change(id, {
      load: bytes,
      operands: byId
        .get(id)!
        .operands.map((o) => (o.entry.kind === 'memory' ? { ...o, entry: { ...o.entry, bytes } } : o)),
    })
  // biome-ignore format: table
  const found: [CompiledX64Row, RegExp][] = [
    [attrs('addq_rr', { writes: 'oszap' }),       /flag c changes/],
    [attrs('andq_rr', { writes: 'oszp' }),        /flag c changes/],
    [attrs('btq_rr', { undef: '' }),              /flag . depends/],
    [attrs('adcq_rr', { reads: '' }),             /def 0 depends/],
    [attrs('cmovq_rr', { reads: 'oszc' }),        /def 0 depends/],
    [attrs('divq_r', { trap: 'none' }),           /signal 8/],
    [role('sqrtss_rr', 'dst', 'def'),             /def 0 depends/],
    [role('bsfq_rr', 'dst', 'def'),               /def 0 depends/],
    [role('shldq_rri', 'dst', 'use'),             /byte .* changes/],
    [without('mulq_r', 'rdx'),                    /byte .* changes/],
    [without('cqto', 'rax'),                      /def 0 depends/],
    [without('blendvps_rr', 'mask'),              /def 0 depends/],
    [without('pcmpestri_rri', 'rdx'),             /depends/],
    [size('pmovsxbq_rm', 4),                      /edge|beyond/],
    [size('movss_rm', 8),                         /beyond/],
    [size('addps_rm', 8),                         /edge|depends/],
    [change('movq_mr', { store: 4 }),             /byte .* changes/],
    [change('movups_rm', { aligned: true }),      /misaligned/],
    [change('addps_rm', { aligned: false }),      /misaligned/],
  ]
  for (const [row, message] of found) {
    const wrong = new Set<string>()
    const runs = [0, 1, 2, 3].flatMap((seed) => runsOf(row, seed))
    check(runs, runner(...packed(runs)), wrong)
    expect([...wrong].join('\n'), row.id).toMatch(message)
  }
})

function packed(runs: readonly Run[]): [Uint8Array[], Uint8Array] {
  const code: Uint8Array[] = []
  const records = new Uint8Array(runs.length * RECORD)
  const view = new DataView(records.buffer)
  for (const [i, run] of runs.entries()) {
    if (code.at(-1) !== run.sample.code) code.push(run.sample.code)
    records.set(run.record, i * RECORD)
    view.setUint32(i * RECORD, code.length - 1, true)
    view.setUint32(i * RECORD + 4, 0, true)
  }
  return [code, records]
}

function check(runs: readonly Run[], results: Uint8Array, wrong: Set<string>): void {
  const shown = new Map<CompiledX64Row, Set<string>>()
  const expected = new Map<CompiledX64Row, Set<string>>()
  let base = new Uint8Array(0)
  let baseBefore = new Uint8Array(0)
  for (const [i, { sample, kind, item, record }] of runs.entries()) {
    const { row } = sample
    const after = results.slice(i * RECORD, (i + 1) * RECORD)
    const say = (message: string) => wrong.add(`${row.id}: ${message}`)
    const signal = signalOf(after)
    if (kind === 'edge' || kind === 'beyond' || kind === 'misaligned') {
      const faults = kind === 'beyond' || (kind === 'misaligned' && row.aligned)
      if ((signal === SIGSEGV) !== faults) say(`${kind}: signal ${signal}`)
      continue
    }
    if (signal !== 0 && !(signal === SIGFPE && row.attrs.trap === 'divide')) say(`${kind}: signal ${signal}`)
    if (kind === 'base') {
      base = after
      baseBefore = record as Uint8Array<ArrayBuffer>
    }
    if (signal !== 0) {
      shownOf(shown, row).add('trap')
      continue
    }
    for (const what of changedWithoutLeave(sample, record, after)) say(`${what} changes`)
    for (const what of expectedOf(sample)) shownOf(expected, row).add(what)
    for (const what of effects(sample, record, after)) shownOf(shown, row).add(what)
    if (kind === 'base' || signalOf(base) !== 0) continue
    const differ = differences(sample, base, after)
    if (kind === 'item' && differ.length > 0) shownOf(shown, row).add(item)
    if (kind === 'others')
      for (const what of differ) {
        const letter = /^flag (.)/.exec(what)?.[1]
        const isKept =
          letter !== undefined &&
          WRITES_FLAGS_SOMETIMES.test(row.mnemonic) &&
          ((flagsOf(baseBefore) ^ flagsOf(base)) & RFLAGS[letter]) === 0 &&
          ((flagsOf(record) ^ flagsOf(after)) & RFLAGS[letter]) === 0
        if (!isKept) say(`${what} depends on something that is not declared`)
      }
  }
  for (const [row, all] of expected) {
    const missing = LONG ? [...all].filter((what) => !shown.get(row)?.has(what)) : []
    if (missing.length > 0) wrong.add(`${row.id}: no sample shows ${missing.join(', ')}`)
  }
}

function shownOf(map: Map<CompiledX64Row, Set<string>>, row: CompiledX64Row): Set<string> {
  const set = map.get(row) ?? new Set()
  map.set(row, set)
  return set
}

/** What some sample must show. */
function expectedOf(s: Sample): string[] {
  const { row } = s
  const list = [...itemsOf(s).map((i) => i.name), ...s.defs.map((_, i) => `changes def ${i}`)]
  for (const letter of row.attrs.writes ?? '') if (!row.attrs.undef?.includes(letter)) list.push(`writes ${letter}`)
  if (row.store > 0) list.push('stores')
  if (row.attrs.trap === 'divide') list.push('trap')
  return list
}

function effects(s: Sample, before: Uint8Array, after: Uint8Array): string[] {
  const { row } = s
  const list: string[] = []
  for (const [i, { at, bytes }] of s.defs.entries())
    if (before.subarray(at, at + bytes).some((b, k) => b !== after[at + k])) list.push(`changes def ${i}`)
  for (const letter of row.attrs.writes ?? '')
    if (((flagsOf(before) ^ flagsOf(after)) & RFLAGS[letter]) !== 0) list.push(`writes ${letter}`)
  const at = MEMORY_AT + PLACE
  if (before.subarray(at, at + row.store).some((b, k) => b !== after[at + k])) list.push('stores')
  return list
}
