// Every riscv64 row against independent assemblers: operands at their edges and random ones, printed, assembled, compared byte by byte; and
// the disassembly of all those bytes, assembled again. GNU as and llvm-mc each check the rows whose extensions they know; a skip says
// which rows no installed assembler knows.
import { describe, expect, test } from 'vitest'
import { disassemble, encode, expand, print, tables } from '@k23/isa-riscv64/insts'
import type { CompiledRow } from '@k23/machinst/rows'
import { type Assembler, findGnuAs, findLlvmMc } from './assemblers.ts'
import { compiled, distanceIn, samplesOf } from './samples.ts'

const RANDOM_CASES = process.env.K23_LONG === '1' ? 500 : 30

const gnu = findGnuAs()
const llvm = findLlvmMc()

/** `Zcb Zba` needs both, `Zbb/Zbkb` one of them. */
function knowsRow(a: Assembler, r: CompiledRow): boolean {
  const needs = r.attrs.feature?.split(' ') ?? []
  return needs.every((either) => either.split('/').some((e) => a.knows(e)))
}

/** Encodings that are defined but that GNU as (2.40) cannot spell: empty sets of a fence (hints), and a rounding mode of an exact conversion. */
function hasSpelling(r: CompiledRow, words: Int32Array): boolean {
  if (r.id === 'fence') return words[1] !== 0 && words[2] !== 0
  const mode = r.operands.find((o) => o.entryName === 'rmx')
  return mode === undefined || words[mode.word] === 0
}

/** llvm-mc refuses a destination that overlaps a source which it must not share, and so should lowering; GNU as does not look. */
function overlapsNothing(r: CompiledRow, words: Int32Array): boolean {
  const vd = r.operands.find((o) => o.name === 'vd')
  if (vd === undefined) return true
  const apart = (o: CompiledRow['operands'][number]) => vd.role === 'earlydef' || o.role === 'lateuse'
  return !r.operands.some((o) => /^vs[12]$/.test(o.name) && apart(o) && words[o.word] === words[vd.word])
}

interface Case {
  readonly row: CompiledRow
  readonly text: string
  readonly bytes: Uint8Array
}

function casesOf(rows: readonly CompiledRow[], spelled: (r: CompiledRow, words: Int32Array) => boolean): Case[] {
  return rows.flatMap((row) =>
    samplesOf(row, RANDOM_CASES)
      .filter((words) => spelled(row, words))
      .map((words) => {
        const bits = encode(words, 0, distanceIn(row, words))
        const bytes = Uint8Array.of(bits, bits >> 8, bits >> 16, bits >> 24).subarray(0, row.length)
        return { row, text: print(words, 0), bytes }
      }),
  )
}

const hex = (bytes: Uint8Array) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(' ')

/** Assembles all cases of a length in one run; returns what differs, one line per case. */
function differences(a: Assembler, cases: readonly Case[], length: number, textOf: (c: Case) => string): string[] {
  const these = cases.filter((c) => c.row.length === length)
  if (these.length === 0) return []
  const code = a.assemble(these.map(textOf), length === 2)
  expect(code.length, 'each line is one instruction of the expected length').toBe(these.length * length)
  return these.flatMap((c, i) => {
    const got = code.subarray(i * length, (i + 1) * length)
    return hex(got) === hex(c.bytes) ? [] : [`${c.row.id}: ${textOf(c)}: we ${hex(c.bytes)}, ${a.name} ${hex(got)}`]
  })
}

function check(a: Assembler, cases: readonly Case[]): void {
  for (const length of [2, 4]) {
    expect(
      differences(a, cases, length, (c) => c.text),
      'printed',
    ).toEqual([])
    expect(
      differences(a, cases, length, (c) => disassemble(c.bytes)[0].text),
      'disassembled',
    ).toEqual([])
  }
  console.log(`${a.name}: ${new Set(cases.map((c) => c.row)).size} rows, ${cases.length} cases`)
}

describe('rows against an assembler', () => {
  const byGnu = typeof gnu === 'string' ? [] : compiled.filter((r) => knowsRow(gnu, r))
  const byLlvm = typeof llvm === 'string' ? [] : compiled.filter((r) => knowsRow(llvm, r))
  const unchecked = compiled.filter((r) => !byGnu.includes(r) && !byLlvm.includes(r))

  test('GNU as', ({ skip }) => {
    if (typeof gnu === 'string') return skip(gnu)
    expect(byGnu.length).toBeGreaterThan(200)
    const cases = casesOf(byGnu, hasSpelling)
    expect(new Set(cases.map((c) => c.row)).size, 'every row has cases').toBe(byGnu.length)
    check(gnu, cases)
  })

  test('llvm-mc', ({ skip }) => {
    if (typeof llvm === 'string') return skip(llvm)
    expect(byLlvm.length).toBeGreaterThan(200)
    const cases = casesOf(byLlvm, overlapsNothing)
    expect(new Set(cases.map((c) => c.row)).size, 'every row has cases').toBe(byLlvm.length)
    check(llvm, cases)
  })

  // What a short form stands for: given the long form, an assembler that may shorten chooses the same bits. Hints and forms that overlap it does not choose.
  for (const [tool, assembler] of [
    ['GNU as', gnu],
    ['llvm-mc', llvm],
  ] as const) {
    test(`short forms are what ${tool} makes of their long forms`, ({ skip }) => {
      if (typeof assembler === 'string') return skip(assembler)
      const long = new Int32Array(16)
      const cases = compiled
        .filter((r) => r.length === 2 && tables.labelWord[r.opcode] === 0 && knowsRow(assembler, r))
        .flatMap((row) =>
          samplesOf(row, 40).map((words) => {
            expand(words, 0, long)
            return { row, text: print(long, 0), bits: encode(words, 0, 0) }
          }),
        )
      const code = assembler.assemble(
        cases.map((c) => `${c.text}\n.balign 4`),
        true,
      )
      expect(code.length).toBe(4 * cases.length)
      const agreed = new Map<string, number>()
      const other: string[] = []
      cases.forEach(({ row, text, bits }, i) => {
        const got = code[4 * i] | (code[4 * i + 1] << 8)
        if ((got & 3) === 3) return
        if (got === bits) agreed.set(row.id, (agreed.get(row.id) ?? 0) + 1)
        else other.push(`${row.id} ${text} ${got.toString(16)}`)
      })
      const rows = [...new Set(cases.map((c) => c.row.id))]
      // Shifts by 0 and the like are hints, a move to itself may be c.mv or c.addi; GNU as does not shorten `jalr zero, 0(a0)`.
      const never = rows.filter((id) => !agreed.has(id))
      const hints = assembler === gnu ? /^c_(s[lr]li64|srai64|nop|jr|jalr)$/ : /^c_(s[lr]li64|srai64|nop)$/
      expect(never.filter((id) => !hints.test(id))).toEqual([])
      expect(other.filter((o) => !/^c_(addi|addi16sp|li|lui|mv|nop|add|slli64) /.test(o))).toEqual([])
      expect(other.length).toBeLessThan(cases.length / 20)
    })
  }

  test('every row is checked by one of them', ({ skip }) => {
    if (unchecked.length === 0) return
    const why = [gnu, llvm].map((a) => (typeof a === 'string' ? a : `${a.name} is too old`)).join('; ')
    skip(`${unchecked.length} of ${compiled.length} rows unchecked (${why}): ${unchecked.map((r) => r.id).join(' ')}`)
  })
})
