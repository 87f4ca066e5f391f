// All of clif-runtests for riscv64 on the emulator, the register allocator's checker on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { type FileResult, runFile } from '../src/index.ts'

const folder = join(process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data'), 'clif-runtests')

/** Least that must pass: files with at least one pass, and run lines. */
const FILES = 240
const LINES = 21_000

/** What all files are run with: both allocators with the features that each target line names, and every form of branches, with and without short ones. */
const MODES = [
  ['single_pass', { algorithm: 'single_pass' }, []],
  ['backtracking', { algorithm: 'backtracking' }, []],
  ['tiny branch ranges', { algorithm: 'single_pass', branchReach: 12 }, ['has_c=false']],
  ['tiny branch ranges, compressed', { algorithm: 'backtracking', branchReach: 8 }, ['has_c', 'has_zcb']],
] as const

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((f) => f.endsWith('.clif'))
      .sort()
  : []
const texts = names.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)

describe.skipIf(names.length === 0)(`riscv64 on the emulator: the files of ${folder}`, () => {
  test.each(MODES)('%s', (_, options, set) => {
    const backend = createEmulatedBackend(options)
    const results: FileResult[] = texts.map(([name, text]) =>
      runFile(name, text, { exec: 'emu', target: 'riscv64', opt: 'none', backend, set }),
    )
    expect(results.flatMap((r) => r.failures.map((f) => `${r.file}:${f.line}: ${f.why}`))).toEqual([])
    // Nothing is left out that has a riscv64 target line.
    const skipped = results.flatMap((r) =>
      r.skips
        .filter((s) => !/^(no machine |no target line|test interpret is)/.test(s.reason))
        .map((s) => `${r.file}:${s.line}: ${s.reason}`),
    )
    expect(skipped).toEqual([])
    const wanted = texts
      .filter(([, text]) => /^target riscv64/m.test(text) && /^; run/m.test(text))
      .map(([name]) => name)
    const passed = results.filter((r) => r.pass > 0).map((r) => r.file)
    expect(passed).toEqual(wanted)
    const lines = results.reduce((n, r) => n + r.pass, 0)
    console.log(`${passed.length} files, ${lines} run lines pass`)
    expect(passed.length).toBeGreaterThanOrEqual(FILES)
    expect(lines).toBeGreaterThanOrEqual(LINES)
  })
})
