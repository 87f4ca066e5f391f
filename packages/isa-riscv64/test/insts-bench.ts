// node packages/isa-riscv64/test/insts-bench.ts: nanoseconds per instruction of constructors, encoder, decoder, descriptor walk, printer and shortening,
// on a mix of all rows and on one like compiled code. Medians of 15 runs after warming up; the first run is shown as well (cold code).
import { I32Vec } from '@k23/entity'
import { compress, decode, emit, encode, print, tables } from '@k23/isa-riscv64/insts'
import { compiled, random, samplesOf } from './samples.ts'

const COMMON =
  'addi add lw ld sw sd lui slli srli andi beq bne bltu jal jalr mul sub or xor sltu addiw lbu fld fsd fadd_d'.split(
    ' ',
  )
const N = 100_000

const constructors = emit as unknown as Readonly<
  Record<string, (s: { words: I32Vec }, ...operands: number[]) => number>
>

function stream(ids: readonly string[]): { words: Int32Array; starts: Int32Array } {
  const next = random(1)
  const samples = compiled.filter((r) => ids.includes(r.id)).flatMap((r) => samplesOf(r, 4))
  const all = new I32Vec()
  const starts = new Int32Array(N)
  for (let i = 0; i < N; i++) {
    starts[i] = all.length
    for (const w of samples[next() % samples.length]) all.push(w)
  }
  return { words: all.view().slice(), starts }
}

let sink = 0
function time(name: string, run: () => number): void {
  const times: number[] = []
  for (let i = 0; i < 20; i++) {
    const start = performance.now()
    sink ^= run()
    times.push(((performance.now() - start) * 1e6) / N)
  }
  const warm = times.slice(5).sort((a, b) => a - b)[7]
  console.log(`  ${name.padEnd(18)} ${warm.toFixed(1).padStart(7)} ns    first ${times[0].toFixed(0).padStart(5)} ns`)
}

for (const [title, ids] of [
  ['like compiled code', COMMON],
  ['all rows', compiled.map((r) => r.id)],
] as const) {
  console.log(`${title}: ${ids.length} rows, ${N} instructions`)
  const { words, starts } = stream(ids)
  const bits = Int32Array.from(starts, (at) => encode(words, at, 0))
  const out = new Int32Array(16)
  const allowed = new Uint8Array(tables.ids.length).fill(1)
  const s = { words: new I32Vec(words.length) }
  const byOpcode = tables.ids.map((id) => constructors[id])
  time('constructor', () => {
    s.words.clear()
    for (const at of starts)
      byOpcode[words[at] & 0xffff](
        s,
        words[at + 1],
        words[at + 2],
        words[at + 3],
        words[at + 4],
        words[at + 5],
        words[at + 6],
        words[at + 7],
      )
    return s.words.length
  })
  time('encode', () => {
    let x = 0
    for (let i = 0; i < N; i++) x ^= encode(words, starts[i], 8)
    return x
  })
  time('decode', () => {
    let x = 0
    for (let i = 0; i < N; i++) x += decode(bits[i], out)
    return x
  })
  time('descriptor walk', () => {
    let x = 0
    const { descStart, descs } = tables
    for (let i = 0; i < N; i++) {
      const at = starts[i]
      const op = words[at] & 0xffff
      for (let k = descStart[op], end = descStart[op + 1]; k < end; k++)
        x ^= words[at + (descs[k] & 255)] + (descs[k] & 0x400)
    }
    return x
  })
  time('compress', () => {
    let x = 0
    for (let i = 0; i < N; i++) x += compress(words, starts[i], out, 0, allowed)
    return x
  })
  time('print', () => {
    let x = 0
    for (let i = 0; i < N; i++) x += print(words, starts[i]).length
    return x
  })
}
if (sink === 1) console.log('')
