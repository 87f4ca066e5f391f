// What works, as a Markdown table of test results: run by tools/docs.ts. Exit status 3 where the test data is not there to tell.

import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'

const data = process.env.K23_TEST_DATA ?? join(root, '..', 'shared', 'data')
if (!existsSync(data)) process.exit(3)

interface Counts {
  file: string
  pass: number
  fail: number
  skip: number
}

/** Results of `k23 ARGS --json`, one object a line. */
function results(args: string[]): Counts[] {
  const done = spawnSync(join(root, 'k23'), [...args, '--json'], { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  // A machine that this host lacks: the table stays as it is.
  if (done.status === 2 && args.includes('native')) process.exit(3)
  if (done.status === 2) throw new Error(done.stderr)
  return done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Counts)
}

const filetests = join(data, 'clif-filetests')
const runtests = join(data, 'clif-runtests')

const own = globSync('filetests/**/*.clif', { cwd: root }).sort()

// biome-ignore format: table
const rows: [what: string, args: string[]][] = [
  ["CLIF: Cranelift's parser, verifier, CFG and dominator tests", ['test', filetests]],
  ["CLIF: Cranelift's run tests, interpreted",                    ['test', '--exec', 'interpret', runtests]],
  ["riscv64 on the emulator: Cranelift's run tests",              ['test', '--target', 'riscv64', '--exec', 'emu', runtests]],
  ["riscv64 on the emulator: the project's own filetests",        ['test', '--target', 'riscv64', '--exec', 'emu', ...own]],
  ["x64 on the host's CPU: Cranelift's run tests",                ['test', '--target', 'x64', '--exec', 'native', runtests]],
  ["x64 on the host's CPU: the project's own filetests",          ['test', '--target', 'x64', '--exec', 'native', ...own]],
  ["x64 on the host's CPU: the WebAssembly test suite, with proposals", ['wast', '--target', 'x64', '--exec', 'native', join(data, 'spec', 'spec.json.gz')]],
]

const sum = (all: Counts[], key: 'pass' | 'fail' | 'skip'): number => all.reduce((n, c) => n + c[key], 0)
const number = (n: number): string => n.toLocaleString('en-US')

console.log('| what | files that pass | checks that pass | that fail | skipped |')
console.log('|---|---:|---:|---:|---:|')
for (const [what, args] of rows) {
  const all = results(args)
  const good = all.filter((c) => c.pass > 0 && c.fail === 0).length
  console.log(
    `| ${what} | ${good} of ${all.length} | ${number(sum(all, 'pass'))} | ${number(sum(all, 'fail'))} | ${number(sum(all, 'skip'))} |`,
  )
}
console.log(
  '\nSkipped are checks for machines and features that do not exist here yet; `./k23 test` and `./k23 wast` print the reasons.',
)
