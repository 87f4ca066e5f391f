// node packages/isa-x64/test/insts-bench.ts: nanoseconds per instruction of encoder, decoder, descriptor walk and printer, on a mix of all rows
// and on one like compiled code. Medians of 15 runs after warming up; the first run is shown as well (cold code).
import { I32Vec, U8Vec } from '@k23/entity'
import { decode, encode, print, tables } from '@k23/isa-x64/insts'
import { compiled, random, samplesOf } from './samples.ts'

const COMMON =
  'addq_rr addl_ri leaq_rm movl_rm movq_rm movl_mr movq_mr movq_rr movl_rr movl_ri shll_ri andl_ri cmpl_rr cmpq_ri cmpl_rm jcc jmp imull_rr subq_rr orl_rr xorl_rr setcc_r movzbl_rm movzbl_rr cmovl_rr addsd_rr mulsd_rr movsd_rm movsd_mr movaps_rr'.split(
    ' ',
  )
const N = 100_000

function stream(ids: readonly string[]): { words: Int32Array; starts: Int32Array } {
  const next = random(1)
  const samples = compiled.filter((r) => ids.includes(r.id)).flatMap((r) => samplesOf(r, 4, 2))
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
  const { words, starts } = stream(ids)
  const code = new U8Vec(N * 16)
  const at = Int32Array.from(starts, (start) => {
    const offset = code.length
    encode(words, start, code)
    return offset
  })
  console.log(`${title}: ${ids.length} rows, ${N} instructions, ${(code.length / N).toFixed(2)} bytes each`)
  const bytes = code.view().slice()
  const out = new Int32Array(16)
  const buf = new U8Vec(N * 16)
  time('encode', () => {
    buf.clear()
    for (let i = 0; i < N; i++) encode(words, starts[i], buf)
    return buf.length
  })
  time('decode', () => {
    let x = 0
    for (let i = 0; i < N; i++) x += decode(bytes, at[i], out)
    return x
  })
  time('descriptor walk', () => {
    let x = 0
    const { descStart, descs } = tables
    for (let i = 0; i < N; i++) {
      const p = starts[i]
      const op = words[p] & 0xffff
      for (let k = descStart[op], end = descStart[op + 1]; k < end; k++)
        x ^= words[p + (descs[k] & 255)] + (descs[k] & 0x400)
    }
    return x
  })
  time('print', () => {
    let x = 0
    for (let i = 0; i < N; i++) x += print(words, starts[i]).length
    return x
  })
}
if (sink === 1) console.log('')
