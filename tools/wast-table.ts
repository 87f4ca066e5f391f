// Results of the WebAssembly test suite by group of scripts, machine and optimization level, as a Markdown table: run by tools/docs.ts. Exit
// status 3 where the test data, or a machine that the table tells of, is not there.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from './source-files.ts'
import { testData } from './tree.ts'

interface Counts {
  file: string
  pass: number
  fail: number
  skip: number
}

/** Groups of scripts by name: the first that fits. */
// biome-ignore format: table
const groups: readonly [name: string, fits: RegExp][] = [
  ['proposal: threads',               /^proposals\/threads\//],
  ['proposal: wide arithmetic',       /^proposals\/wide-arithmetic\//],
  ['proposal: custom page sizes',     /^proposals\/custom-page-sizes\//],
  ['proposal: custom descriptors',    /^proposals\/custom-descriptors\//],
  ['legacy exceptions',               /^legacy\//],
  ['custom sections, names, text',    /^(custom|names?|utf8|comments|annotations|token|id|obsolete|binary|inline-module|labels|forward)/],
  ['relaxed SIMD',                    /relaxed/],
  ['SIMD',                            /^simd_/],
  ['64-bit memories and tables',      /64(-imports)?\.wast$|_mixed|^binary_leb128_64/],
  ['garbage collection',              /^(array|struct|i31|br_on_cast|ref_cast|ref_test|ref_eq|extern|type-|table-sub)/],
  ['exceptions',                      /^(try_table|throw|tag)/],
  ['typed function references',       /^(call_ref|return_call_ref|ref_as|br_on_n|ref\.wast|local_init)/],
  ['tail calls',                      /^return_call/],
  ['numbers',                         /^(i32|i64|f32|f64|float|int_|const|conversions|endianness|fac)/],
  ['memories',                        /^(memory|load|store|address|align|data|bulk)/],
  ['tables and references',           /^(table|elem|ref_|func_ptrs|call_indirect)/],
  ['modules, imports, instances',     /^(imports|exports|linking|start|instance|global|type)/],
  ['control, calls, locals',          /./],
]

/** A machine and how it is reached; those that this host lacks leave the table as it is. */
const machines: readonly [target: string, exec: string][] = [
  ['riscv64', 'emu'],
  ['x64', 'emu'],
  ['x64', 'native'],
]
const levels = ['none', 'speed'] as const

const data = testData()
if (data === undefined) process.exit(3)
const pack = join(data, 'spec', 'spec.json.gz')

function results(target: string, exec: string, opt: string): Counts[] {
  const args = ['wast', '--target', target, '--exec', exec, '--opt', opt, '--json', pack]
  const done = spawnSync(join(root, 'k23'), args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (done.status === 2) {
    console.error(done.stderr.trim())
    process.exit(3)
  }
  return done.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Counts)
}

const number = (n: number): string => n.toLocaleString('en-US')

function cell(counts: readonly Counts[]): string {
  const sum = (key: 'pass' | 'fail' | 'skip'): number => counts.reduce((n, c) => n + c[key], 0)
  const failed = sum('fail')
  return `${number(sum('pass'))} / ${failed === 0 ? '0' : `**${number(failed)}**`} / ${number(sum('skip'))}`
}

const columns = machines.flatMap(([target, exec]) =>
  levels.map((opt) => ({ title: `${target}, ${exec}, ${opt}`, counts: results(target, exec, opt) })),
)
const groupOf = (file: string): number => groups.findIndex(([, fits]) => fits.test(file))
console.log(`| scripts | number | ${columns.map((c) => c.title).join(' | ')} |`)
console.log(`|---|---:|${columns.map(() => '---:|').join('')}`)
groups.forEach(([name], g) => {
  const cells = columns.map((c) => cell(c.counts.filter((r) => groupOf(r.file) === g)))
  const scripts = columns[0].counts.filter((r) => groupOf(r.file) === g).length
  if (scripts > 0) console.log(`| ${name} | ${scripts} | ${cells.join(' | ')} |`)
})
console.log(
  `| **all** | ${columns[0].counts.length} | ${columns.map((c) => `**${cell(c.counts).replaceAll('**', '')}**`).join(' | ')} |`,
)
