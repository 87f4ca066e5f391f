// Operand samples of rows: each operand at its edges with the others random, and all random.
import { NO_REG, type CompiledX64Row, type X64Operand } from '@k23/machinst/rows'
import { compileX64Table } from '@k23/machinst/rows/compiler'
import { rows, vocabulary } from '@k23/isa-x64/insts'

export const compiled: readonly CompiledX64Row[] = compileX64Table(rows, vocabulary)
export const byId: ReadonlyMap<string, CompiledX64Row> = new Map(compiled.map((r) => [r.id, r]))

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

const RIP = 1 << 4
const DISPLACEMENTS = [0, 1, -1, 127, 128, -128, -129, 2 ** 31 - 1, -(2 ** 31)]
/** Around the ends of EVEX's scaled displacement: units of 4, 8 and 16 bytes. */
const SCALED = [4, 8, 16].flatMap((unit) => [unit, -unit, 127 * unit, 128 * unit, -128 * unit, -129 * unit, unit + 1])

type Words = readonly number[]

/** Memory operands, as their four words: every kind of base, index, scale and displacement against the others. */
const MEMORY: readonly Words[] = [
  ...[0, 3, 4, 5, 8, 12, 13, 15].flatMap((base) =>
    [...DISPLACEMENTS, ...SCALED].map((disp) => [base * 2, NO_REG, 0, disp]),
  ),
  ...[0, 4, 5, 12, 13].flatMap((base) =>
    [0, 5, 9, 12, 13].flatMap((index) => [0, 1, -128, 128].map((disp, i) => [base * 2, index * 2, i, disp])),
  ),
  ...[0, 1, 2, 3].flatMap((scale) => [0, 5, 12, 15].map((index) => [NO_REG, index * 2, scale, 16 * scale])),
  ...[0, 1, -1, 2 ** 31 - 1, -(2 ** 31)].flatMap((disp) => [
    [NO_REG, NO_REG, 0, disp],
    [NO_REG, NO_REG, RIP, disp],
  ]),
]

/** Values that an operand should have in some sample; each is all words of the operand (a read-write register: one). */
function edges(o: X64Operand): Words[] {
  const e = o.entry
  if (e.kind === 'memory') return [...MEMORY]
  if (e.kind === 'register') {
    const from = e.bank * 64
    return (e.fixed !== undefined ? [e.fixed] : Array.from({ length: 16 }, (_, i) => i)).map((hw) => [(from + hw) * 2])
  }
  if (e.bytes === 8)
    return [0, 1, -1, 2 ** 31 - 1, -(2 ** 31)].flatMap((lo) => [0, -1, 0x12345678].map((hi) => [lo, hi]))
  const near = [e.min, e.min + 1, -1, 0, 1, e.max - 1, e.max, ...(e.edges ?? [])]
  const all = e.max - e.min < 16 ? Array.from({ length: e.max - e.min + 1 }, (_, i) => e.min + i) : near
  return [...new Set(all.filter((v) => v >= e.min && v <= e.max).map((v) => canonical(o, v)))].map((v) => [v])
}

function canonical(o: X64Operand, v: number): number {
  if (o.entry.kind !== 'immediate' || !o.entry.signed || o.entry.bytes === 0) return v
  const shift = 32 - 8 * o.entry.bytes
  return (v << shift) >> shift
}

function pick(o: X64Operand, next: () => number): Words {
  const e = o.entry
  if (e.kind === 'memory') {
    const index = next() % 3 === 0 ? NO_REG : (next() % 16) * 2
    const disp = next() % 2 === 0 ? (next() << 23) >> 23 : next() | 0
    if (index === 8 || index === NO_REG) return [(next() % 16) * 2, NO_REG, 0, disp]
    return [next() % 8 === 0 ? NO_REG : (next() % 16) * 2, index, next() % 4, disp]
  }
  if (e.kind === 'register') return [(e.bank * 64 + (e.fixed ?? next() % 16)) * 2]
  if (e.bytes === 8) return [next() | 0, next() | 0]
  return [canonical(o, e.min + (next() % (e.max - e.min + 1)))]
}

/** The words of the instruction with these operand values. */
export function wordsOf(r: CompiledX64Row, values: readonly Words[]): Int32Array {
  const words = new Int32Array(r.words)
  words[0] = r.opcode | (r.words << 16)
  for (const [i, o] of r.operands.entries()) {
    words.set(values[i], o.word)
    if (o.entry.kind === 'register' && o.role === 'readwrite') words[o.word + 1] = words[o.word]
  }
  return words
}

/** Instructions that stand for a row: `edgeCount` at most of each operand's edges, and random ones. */
export function samplesOf(r: CompiledX64Row, randomCount: number, edgeCount = Infinity): Int32Array[] {
  const next = random(r.opcode * 7919 + 12345)
  const any = () => r.operands.map((o) => pick(o, next))
  const list: Words[][] = []
  for (const [i, o] of r.operands.entries()) {
    const all = edges(o)
    const chosen = all.length <= edgeCount ? all : Array.from({ length: edgeCount }, () => all[next() % all.length])
    for (const v of chosen) list.push(any().with(i, v))
  }
  for (let n = r.operands.length === 0 ? 1 : randomCount; n > 0; n--) list.push(any())
  return list.map((values) => wordsOf(r, values))
}

/** The pc-relative distance of an instruction as samples and decoder write it; undefined where it has none. */
export function distanceIn(r: CompiledX64Row, words: Int32Array): number | undefined {
  for (const { entry, word } of r.operands) {
    if (entry.kind === 'immediate' && entry.label) return words[word]
    if (entry.kind === 'memory' && words[word + 2] === RIP) return words[word + 3]
  }
  return undefined
}

const STARTS: readonly (readonly number[])[] = [
  [],
  [0x0f],
  [0x66, 0x0f],
  [0x48],
  [0x4f, 0x0f],
  [0xf2, 0x0f],
  [0xf3, 0x0f, 0x38],
  [0x66, 0x0f, 0x3a],
  [0xc5],
  [0xc4],
  [0x62],
]

/** Twenty random bytes that often start like an instruction; `i` selects how. */
export function randomCode(i: number, next: () => number): Uint8Array {
  const bytes = Uint8Array.from({ length: 20 }, () => next())
  const start = STARTS[i % STARTS.length]
  bytes.set(start)
  if (start[0] === 0xc4) bytes[1] = (bytes[1] & 0xe0) | (1 + (next() % 3))
  if (start[0] === 0x62) bytes.set([(bytes[1] & 0xe0) | 0x10 | (1 + (next() % 3)), bytes[2] | 4, 8], 1)
  return bytes
}
