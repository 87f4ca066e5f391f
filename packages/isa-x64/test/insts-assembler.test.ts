// Every x64 row against GNU as and llvm-mc: operands at their edges and random ones.
//
//   GNU as assembles our text to our bytes; where it picks another encoding, our decoder reads that as the same text, and ours is not longer
//   GNU as, told to use the other encodings (reversed registers, long displacements, three-byte VEX): we decode them to the same text
//   llvm-mc disassembles our bytes to what GNU as assembles to the same instruction
import { describe, expect, test } from 'vitest'
import { U8Vec } from '@k23/entity'
import { decode, decodedLength, encode, print } from '@k23/isa-x64/insts'
import type { CompiledX64Row } from '@k23/machinst/rows'
import { type Assembler, type Disassembler, FILLER, findGnuAs, findLlvmMc, SLOT } from './assembler.ts'
import { compiled, distanceIn, random, randomCode, samplesOf } from './samples.ts'

const LONG = process.env.K23_LONG === '1'

const gnu = findGnuAs()
const llvm = findLlvmMc()

interface Case {
  readonly row: CompiledX64Row
  readonly text: string
  readonly bytes: Uint8Array
}

function bytesOf(row: CompiledX64Row, words: Int32Array): Uint8Array {
  const buf = new U8Vec()
  const field = encode(words, 0, buf)
  const distance = distanceIn(row, words)
  expect(field !== 0, `${row.id}: pc-relative field`).toBe(distance !== undefined)
  if (distance !== undefined) new DataView(buf.data.buffer).setInt32(field, distance, true)
  return buf.view().slice()
}

function casesOf(randomCount: number, edges: number, rows: readonly CompiledX64Row[] = compiled): Case[] {
  const cases = rows.flatMap((row) =>
    samplesOf(row, randomCount, edges).map((words) => ({ row, text: print(words, 0), bytes: bytesOf(row, words) })),
  )
  expect(new Set(cases.map((c) => c.row)).size, 'every row has cases').toBe(rows.length)
  return cases
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** GNU as makes jumps short where it can. */
const longJump = (text: string) => (/^j\S+ \./.test(text) ? `{disp32} ${text}` : text)

const words = new Int32Array(16)

/** The slot's instruction by our decoder, which must fill the slot up to the filler. */
function decoded(slot: Uint8Array): { text: string; length: number } {
  const n = decode(slot, 0, words)
  const length = n === 0 ? 0 : decodedLength()
  const isAlone = slot.subarray(length).every((b) => b === FILLER)
  return { text: n === 0 ? 'undefined' : isAlone ? print(words, 0) : `${print(words, 0)} and more`, length }
}

function slots(as: Assembler, lines: readonly string[]): Uint8Array[] {
  const code = as.assemble(lines)
  expect(code.length, 'each line is one instruction').toBe(lines.length * SLOT)
  return lines.map((_, i) => code.subarray(i * SLOT, (i + 1) * SLOT))
}

/** The tools exchange the operands of test and xchg, which are the same instructions then, and know that one of those does nothing. */
function unordered(text: string): string {
  if (text === 'xchgq %rax, %rax') return 'nop'
  return text.replace(/^(test.|xchg.) (%\w+), (%\w+)$/, (_, name, a, b) => `${name} ${[a, b].sort().join(', ')}`)
}

/** What `as` makes of texts that stand for the cases, where our decoder does not read it as the case. */
function misread(as: Assembler, cases: readonly Case[], lines: readonly string[]): string[] {
  return slots(as, lines).flatMap((slot, i) => {
    const { row, text, bytes } = cases[i]
    const got = decoded(slot).text
    return unordered(got) === unordered(text)
      ? []
      : [`${row.id}: ${text} (${hex(bytes)}): ${lines[i]} is ${hex(slot)}: ${got}`]
  })
}

describe('rows against GNU as', () => {
  test('text to bytes', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    const cases = LONG ? casesOf(300, Infinity) : casesOf(8, 20)
    const wrong: string[] = []
    const others = new Set<string>()
    for (const [i, slot] of slots(
      gnu,
      cases.map((c) => longJump(c.text)),
    ).entries()) {
      const { row, text, bytes } = cases[i]
      const isSame = hex(slot.subarray(0, bytes.length)) === hex(bytes)
      if (isSame && slot.subarray(bytes.length).every((b) => b === FILLER)) continue
      const got = decoded(slot)
      // With rax as the destination as exchanges operands to save a byte.
      if (row.id === 'xchgq_rr' && unordered(got.text) === unordered(text)) continue
      if (got.text === text && bytes.length <= got.length) others.add(row.id)
      else wrong.push(`${row.id}: ${text}: we ${hex(bytes)}, as ${hex(slot)} (${got.text})`)
    }
    console.log(
      `${gnu.name}: ${compiled.length} rows, ${cases.length} cases; encoded otherwise: ${[...others].join(' ')}`,
    )
    expect(wrong.slice(0, 50)).toEqual([])
  }, 300_000)

  test('other encodings', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    const all = casesOf(LONG ? 50 : 2, LONG ? 30 : 3)
    const isForced = (c: Case) => c.text.startsWith('{') || /^j|^call \./.test(c.text) || isPadding(c)
    for (const prefix of ['{load}', '{store}', '{disp8}', '{disp32}', '{vex3}']) {
      const cases = all.filter(
        (c) => !isForced(c) && !(prefix === '{vex3}' && (!c.text.startsWith('v') || isEvex(c.row))),
      )
      expect(cases.length, prefix).toBeGreaterThan(1000)
      const lines = cases.map((c) => `${prefix} ${c.text}`)
      expect(misread(gnu, cases, lines).slice(0, 50), prefix).toEqual([])
    }
  }, 300_000)

  test('short jumps', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    const conditions = 'o no b ae e ne be a s ns p np l ge le g'.split(' ')
    const lines = ['jmp', ...conditions.map((c) => `j${c}`)].flatMap((m) =>
      [-126, 0, 2, 129].map((d) => `${m} .+(${d})`),
    )
    for (const [i, slot] of slots(gnu, lines).entries()) {
      const n = decode(slot, 0, words)
      expect(n, lines[i]).toBeGreaterThan(0)
      expect(decodedLength(), lines[i]).toBe(2)
      expect(print(words, 0, { label: (d) => `.+(${d + 2})` })).toBe(lines[i])
    }
  })
})

/** Has its own text in each tool. */
function isPadding(c: Case): boolean {
  return /^nop\d/.test(c.row.id)
}

function isEvex(row: CompiledX64Row): boolean {
  return row.alternatives[0].form === 2
}

describe('rows against llvm-mc', () => {
  test('disassembly', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    if (typeof llvm === 'string') return skip(llvm)
    const cases = casesOf(LONG ? 100 : 3, LONG ? Infinity : 6).filter((c) => !isPadding(c))
    console.log(`${llvm.name}: ${cases.length} cases`)
    expect(disagreements(gnu, llvm, cases).slice(0, 50)).toEqual([])
  }, 300_000)

  test('random bytes that decode', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    if (typeof llvm === 'string') return skip(llvm)
    const next = random(2024)
    const cases: Case[] = []
    for (let i = 0; cases.length < (LONG ? 200_000 : 5000); i++) {
      const bytes = randomCode(i, next)
      if (decode(bytes, 0, words) === 0) continue
      const row = compiled[words[0] & 0xffff]
      const isDirect = row.operands.some((o) => o.entry.kind === 'immediate' && o.entry.label)
      if (!isDirect && !/^nop\d/.test(row.id))
        cases.push({ row, text: print(words, 0), bytes: bytes.slice(0, decodedLength()) })
    }
    expect(new Set(cases.map((c) => c.row)).size).toBeGreaterThan(500)
    expect(disagreements(gnu, llvm, cases).slice(0, 50)).toEqual([])
  }, 300_000)
})

function disagreements(as: Assembler, other: Disassembler, cases: readonly Case[]): string[] {
  const texts = other.disassemble(cases.map((c) => c.bytes))
  const known = cases.map((_, i) => i).filter((i) => texts[i] !== 'undefined')
  return [
    ...cases.flatMap((c, i) =>
      texts[i] === 'undefined' ? [`${c.row.id}: ${c.text} (${hex(c.bytes)}) is unknown`] : [],
    ),
    ...misread(
      as,
      known.map((i) => cases[i]),
      known.map((i) => gnuText(texts[i], cases[i])),
    ),
  ]
}

/** llvm-mc's text as GNU as takes it. */
function gnuText(text: string, c: Case): string {
  // Targets of direct jumps and calls: the distance from the instruction's end, without a dot.
  if (/^(j\w+|callq?)\s+-?\d+$/.test(text)) {
    const [mnemonic, distance] = text.split(/\s+/)
    return `{disp32} ${mnemonic} . + (${Number(distance) + c.bytes.length})`
  }
  // An index that is none, with a scale.
  return text.replace(/,%riz(,\d)?\)/, ')').replace('()', '')
}
