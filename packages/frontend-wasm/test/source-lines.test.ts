// The line tables that compilers leave in modules, against llvm-dwarfdump's reading of them: those of the corpus (DWARF 4), and of a program that
// clang compiles here in both forms.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readWasmLines, type WasmLines } from '../src/source-lines.ts'
import { dataPath } from './packs.ts'

const works = (program: string): boolean => spawnSync(program, ['--version']).status === 0
const dump = ['llvm-dwarfdump', 'llvm-dwarfdump-19', 'llvm-dwarfdump-14'].find(works)
const clang = works('clang') && works('wasm-ld') ? 'clang' : undefined
if (dump === undefined) console.log('skipped: llvm-dwarfdump is missing (pnpm setup:oracles)')
if (clang === undefined) console.log('skipped: clang or wasm-ld is missing (pnpm setup:oracles)')

const corpus = dataPath('wasm-corpus')
const folder = mkdtempSync(join(tmpdir(), 'k23-lines-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Where the contents of the code section begin. */
function codeStart(bytes: Uint8Array): number {
  let at = 8
  for (;;) {
    const id = bytes[at++]
    let size = 0
    for (let shift = 0; ; shift += 7) {
      const b = bytes[at++]
      size |= (b & 127) << shift
      if (b < 128) break
    }
    if (id === 10) return at
    at += size
  }
}

/** Address to `directory/file:line:column` of the last row there, as llvm-dwarfdump sees them. */
function theirRows(path: string): Map<number, string> {
  const r = spawnSync(dump as string, ['--debug-line', path], { encoding: 'utf8', maxBuffer: 1 << 28 })
  const rows = new Map<number, string>()
  let directories = new Map<number, string>()
  let files = new Map<number, { name: string; directory: number }>()
  let file = 0
  let version = 4
  let dropped = false
  let sequence = true
  for (const line of r.stdout.split('\n')) {
    const v = /^ +version: (\d+)/.exec(line)
    if (v !== null) {
      version = Number(v[1])
      directories = new Map()
      files = new Map()
    }
    const directory = /^include_directories\[ *(\d+)\] = "(.*)"/.exec(line)
    if (directory !== null) directories.set(Number(directory[1]), directory[2])
    const number = /^file_names\[ *(\d+)\]:/.exec(line)
    if (number !== null) file = Number(number[1])
    const name = /^ +name: "(.*)"/.exec(line)
    if (name !== null) files.set(file, { name: name[1], directory: 0 })
    const index = /^ +dir_index: (\d+)/.exec(line)
    if (index !== null) files.get(file)!.directory = Number(index[1])
    const row = /^0x([0-9a-f]+) +(\d+) +(\d+) +(\d+) /.exec(line)
    if (row === null) continue
    const address = Number.parseInt(row[1], 16)
    if (sequence) dropped = address === 0
    sequence = line.includes('end_sequence')
    if (dropped || sequence) continue
    const f = files.get(Number(row[4]))
    const d = version < 5 && f?.directory === 0 ? '' : (directories.get(f?.directory ?? 0) ?? '')
    rows.set(address, `${d}/${f?.name}:${row[2]}:${row[3]}`)
  }
  return rows
}

function compare(path: string): number {
  const bytes = readFileSync(path)
  const lines = readWasmLines(bytes) as WasmLines
  const theirs = theirRows(path)
  const code = codeStart(bytes)
  const wrong: string[] = []
  for (const [address, expected] of theirs) {
    const at = lines.at(code + address)
    const file = at === undefined ? undefined : lines.files[at.file]
    const found = at === undefined ? 'nothing' : `${file?.directory}/${file?.name}:${at.line}:${at.column}`
    if (found !== expected) wrong.push(`0x${address.toString(16)}: ${found}, expected ${expected}`)
  }
  expect(wrong.slice(0, 10), path).toEqual([])
  return theirs.size
}

describe.skipIf(dump === undefined)('line tables', () => {
  test.skipIf(corpus === undefined)('of the corpus', () => {
    const names = `richards/benchmark bz2/benchmark quicksort/benchmark shootout/shootout-ackermann shootout/shootout-keccak shootout/shootout-switch`
    let rows = 0
    for (const name of names.split(' ')) rows += compare(join(corpus as string, `${name}.wasm`))
    console.log(`${rows} rows of line tables as llvm-dwarfdump has them`)
    expect(rows).toBeGreaterThan(5000)
  })

  test.skipIf(clang === undefined).each([4, 5])('that clang makes, DWARF %d', (version) => {
    const source = join(folder, 'program.c')
    writeFileSync(
      source,
      `static int helper(int x) {
  if (x < 0)
    __builtin_trap();
  return x * 3;
}
int unused(int x) { return helper(x) + 1; }
__attribute__((noinline)) int twice(int x) {
  return helper(x)
    + helper(x + 1);
}
int run(int n) {
  int s = 0;
  for (int i = 0; i < n; i++)
    s += twice(i);
  return s;
}
`,
    )
    for (const opt of ['-O0', '-O2']) {
      const out = join(folder, `program${version}${opt}.wasm`)
      const args = [
        '--target=wasm32',
        `-gdwarf-${version}`,
        '-g',
        opt,
        '-nostdlib',
        '-Wl,--no-entry',
        '-Wl,--export=run',
      ]
      const r = spawnSync(clang as string, [...args, '-o', out, source], { encoding: 'utf8' })
      expect(r.stderr).toBe('')
      expect(compare(out)).toBeGreaterThan(5)
    }
  })
})

test('a table that is damaged, or none, is no error', () => {
  expect(readWasmLines(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBe(undefined)
  if (corpus === undefined) return
  const bytes = new Uint8Array(readFileSync(join(corpus, 'shootout/shootout-ackermann.wasm')))
  const at = Buffer.from(bytes).indexOf('.debug_line') + 11
  for (let k = 0; k < 400; k++) {
    const damaged = bytes.slice()
    damaged[at + ((k * 37) % 600)] ^= 1 << (k % 8)
    readWasmLines(damaged)?.at(1000)
  }
})
