// Operand samples of rows: each operand at its edges with the others random, and all random.
import { rows, vocabulary } from '@k23/isa-riscv64/insts'
import type { CompiledRow, VocabEntry } from '@k23/machinst/rows'
import { compileTable } from '@k23/machinst/rows/compiler'

export const compiled: readonly CompiledRow[] = compileTable(rows, vocabulary)
export const byId: ReadonlyMap<string, CompiledRow> = new Map(compiled.map((r) => [r.id, r]))

/** A small generator of 32-bit numbers (xorshift), so that a failure can be repeated. */
export function random(seed: number): () => number {
  let x = seed | 1
  return () => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return x >>> 0
  }
}

/** True if an operand of this kind may have the value (hardware number or immediate as in the stream). */
export function isLegal(e: VocabEntry, value: number): boolean {
  if (e.kind === 'register') {
    const bias = e.bias ?? 0
    return value >= bias && value < bias + 2 ** e.width && ((e.legal ?? -1) >>> value) % 2 !== 0
  }
  const v = e.wrap === undefined ? value : (value << (32 - e.wrap)) >> (32 - e.wrap)
  if (e.wrap !== undefined && value >>> e.wrap !== 0) return false
  if (v < e.min || v > e.max || v % (e.scale ?? 1) !== 0 || (e.nonzero && v === 0)) return false
  return e.names === undefined || e.names[v] !== undefined
}

function edges(e: VocabEntry): number[] {
  if (e.kind === 'register') return [0, 1, 2, 7, 8, 9, 15, 16, 30, 31].filter((v) => isLegal(e, v))
  // A state operand has no bits: a decoder cannot give it back.
  if (e.state) return [0]
  const scale = e.scale ?? 1
  const { min, max } = e
  const near = [min, min + scale, -scale, 0, scale, max - scale, max, ...(e.edges ?? [])]
  const powers = Array.from({ length: 20 }, (_, i) => 2 ** i).flatMap((p) => [p, -p])
  const all = e.names === undefined ? [...near, ...powers] : [...e.names.keys()]
  return [...new Set(all)].map((v) => wrapped(e, v)).filter((v) => isLegal(e, v))
}

function wrapped(e: VocabEntry, v: number): number {
  return e.kind === 'immediate' && e.wrap !== undefined ? v & (2 ** e.wrap - 1) : v
}

function pick(e: VocabEntry, next: () => number): number {
  if (e.kind === 'immediate' && e.state) return 0
  for (;;) {
    const v =
      e.kind === 'register'
        ? (e.bias ?? 0) + (next() % 2 ** e.width)
        : e.min + (next() % ((e.max - e.min) / (e.scale ?? 1) + 1)) * (e.scale ?? 1)
    if (isLegal(e, wrapped(e, v))) return wrapped(e, v)
  }
}

/** The words of the instruction with these operand values (physical registers by hardware number). */
export function wordsOf(r: CompiledRow, values: readonly number[]): Int32Array {
  const words = new Int32Array(r.words)
  words[0] = r.opcode | (r.words << 16)
  for (const [i, o] of r.operands.entries()) {
    const word = o.entry.kind === 'register' ? (o.entry.bank * 64 + values[i]) * 2 : values[i]
    words[o.word] = word
    if (o.role === 'readwrite') words[o.word + 1] = word
  }
  return words
}

/** Instructions that stand for a row. */
export function samplesOf(r: CompiledRow, randomCount: number): Int32Array[] {
  const next = random(r.opcode * 7919 + 12345)
  const any = () => r.operands.map((o) => pick(o.entry, next))
  const list: number[][] = []
  for (const [i, o] of r.operands.entries()) {
    for (const v of edges(o.entry)) list.push(any().with(i, v))
  }
  for (let n = r.operands.length === 0 ? 1 : randomCount; n > 0; n--) list.push(any())
  return list.map((values) => wordsOf(r, values))
}

/** The distance in the pc-relative operand of an instruction as samples and decoder write it. */
export function distanceIn(r: CompiledRow, words: Int32Array): number {
  const o = r.operands.find(({ entry }) => entry.kind === 'immediate' && entry.pcRelative)
  return o === undefined ? 0 : words[o.word]
}
