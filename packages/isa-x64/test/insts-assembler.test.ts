// Every x64 row against GNU as: operands at their edges and random ones, printed, assembled, compared byte by byte. Where as picks another
// encoding, our decoder must read as's bytes as the same text, and ours must not be longer.
import { describe, expect, test } from 'vitest'
import { U8Vec } from '@k23/entity'
import { decode, decodedLength, encode, print } from '@k23/isa-x64/insts'
import type { CompiledX64Row } from '@k23/machinst/rows'
import { FILLER, findGnuAs, SLOT } from './assembler.ts'
import { compiled, distanceIn, samplesOf } from './samples.ts'

const RANDOM_CASES = process.env.K23_LONG === '1' ? 500 : 10
const EDGES = process.env.K23_LONG === '1' ? Infinity : 24

const gnu = findGnuAs()

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

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function casesOf(rows: readonly CompiledX64Row[]): Case[] {
  return rows.flatMap((row) =>
    samplesOf(row, RANDOM_CASES, EDGES).map((words) => ({ row, text: print(words, 0), bytes: bytesOf(row, words) })),
  )
}

function differences(code: Uint8Array, cases: readonly Case[]): { wrong: string[]; other: number } {
  const words = new Int32Array(16)
  const wrong: string[] = []
  let other = 0
  for (const [i, c] of cases.entries()) {
    const got = code.subarray(i * SLOT, (i + 1) * SLOT)
    const length = c.bytes.length
    if (hex(got.subarray(0, length)) === hex(c.bytes) && got.subarray(length).every((b) => b === FILLER)) continue
    const n = decode(got, 0, words)
    const size = decodedLength()
    const text = n === 0 ? 'undefined' : print(words, 0)
    const rest = got.subarray(size).every((b) => b === FILLER)
    if (n !== 0 && rest && text === c.text && length <= size) other++
    else wrong.push(`${c.row.id}: ${c.text}: we ${hex(c.bytes)}, as ${hex(got)} (${text})`)
  }
  return { wrong, other }
}

describe('rows against an assembler', () => {
  test('GNU as', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    const cases = casesOf(compiled)
    expect(new Set(cases.map((c) => c.row)).size, 'every row has cases').toBe(compiled.length)
    // Without this, as makes jumps short.
    const code = gnu.assemble(cases.map((c) => (/^j\S+ \./.test(c.text) ? `{disp32} ${c.text}` : c.text)))
    expect(code.length, 'each line is one instruction').toBe(cases.length * SLOT)
    const { wrong, other } = differences(code, cases)
    console.log(`${gnu.name}: ${compiled.length} rows, ${cases.length} cases, ${other} encoded otherwise`)
    expect(wrong.slice(0, 50)).toEqual([])
  }, 60_000)
})
