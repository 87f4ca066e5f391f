// Throughput of decoding, validating and translating: node packages/frontend-wasm/bench/throughput.ts [file.wasm] [repeats]
// Megabytes of code section a second, cold (first run in the process) and warm (median of the repeats).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeModule, moduleTranslator, validateModule } from '../src/index.ts'

const root = join(import.meta.dirname, '../../..')
const data = process.env.K23_TEST_DATA ?? join(root, '../shared/data')
const file = process.argv[2] ?? join(data, 'wasm-corpus/sqlite3/sqlite3.wasm')
const repeats = Number(process.argv[3] ?? 9)

const bytes = new Uint8Array(readFileSync(file))
const code = decodeModule(bytes).bodies.reduce((n, b) => n + b.end - b.start, 0)

function translateAll(): number {
  const module = decodeModule(bytes)
  const t = moduleTranslator(module)
  let insts = 0
  for (let i = 0; i < module.bodies.length; i++) insts += t.translate(module.info.numImportedFunctions + i).numInsts
  return insts
}

function row(name: string, run: () => unknown): void {
  const times: number[] = []
  for (let i = 0; i <= repeats; i++) {
    const start = performance.now()
    run()
    times.push(performance.now() - start)
  }
  const [cold] = times
  const warm = times.slice(1).sort((a, b) => a - b)[repeats >> 1]
  const rate = (ms: number): string => (code / 1000 / ms).toFixed(1).padStart(7)
  console.log(`${name.padEnd(22)} cold ${rate(cold)} MB/s   warm ${rate(warm)} MB/s`)
}

console.log(`${file}: ${code} bytes of code`)
row('decode + validate', () => validateModule(bytes))
row('decode to CLIF', translateAll)
console.log(`${translateAll()} CLIF instructions`)
