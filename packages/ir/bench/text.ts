// Throughput of the parser and the printer in MB of text per second: the largest filetest (by code, not by comments), repeated.
//   node packages/ir/bench/text.ts [FILE]
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseFile, printFunction } from '../src/text/index.ts'

const data = process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data')
const folder = join(data, 'clif-runtests')
if (process.argv[2] === undefined && !existsSync(folder)) {
  console.log(`no test data in ${folder} (set K23_TEST_DATA)`)
  process.exit(0)
}
const paths =
  process.argv[2] === undefined
    ? readdirSync(folder)
        .filter((f) => f.endsWith('.clif'))
        .map((f) => join(folder, f))
    : [process.argv[2]]
const printed = paths.map((path) => ({
  path,
  text: parseFile(readFileSync(path, 'utf8'))
    .functions.map((f) => printFunction(f.func))
    .join('\n'),
}))
printed.sort((a, b) => b.text.length - a.text.length)
const { path, text: one } = printed[0]
const text = one.repeat(Math.ceil(2_000_000 / one.length))

function best(work: () => void): number {
  let seconds = Number.POSITIVE_INFINITY
  for (let i = 0; i < 8; i++) {
    const start = performance.now()
    work()
    seconds = Math.min(seconds, (performance.now() - start) / 1000)
  }
  return seconds
}

const functions = parseFile(text).functions
const parse = best(() => {
  if (parseFile(text).functions.length !== functions.length) throw new Error('parsing is not deterministic')
})
const print = best(() => {
  let length = 0
  // charCodeAt makes the engine build the whole string.
  for (const f of functions) length += printFunction(f.func).charCodeAt(0)
  if (length === 0) throw new Error('nothing was printed')
})
const mb = text.length / 1e6
console.log(`${path}: ${mb.toFixed(1)} MB, ${functions.length} functions`)
console.log(`parse ${(mb / parse).toFixed(1)} MB/s`)
console.log(`print ${(mb / print).toFixed(1)} MB/s`)
