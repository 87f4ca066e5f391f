// All of clif-runtests for x64, the register allocator's checker on: on the host's CPU, and on the emulator, where whatever a convention leaves open is garbage
// and whatever it promises is checked (emulator/src/x64/audit.ts).
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createX64Machine } from '@k23/emulator/x64'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { type FileResult, runFile } from '../src/index.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const folder = join(process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data'), 'clif-runtests')

/** Least that must pass: files with at least one pass, and run lines. */
const FILES = 225
const LINES = 19_000

const MODES = [
  ['native', 'single_pass', { algorithm: 'single_pass' }],
  ['native', 'backtracking', { algorithm: 'backtracking' }],
  ['native', 'tiny branch ranges', { algorithm: 'backtracking', branchReach: 6 }],
  ['emu', 'backtracking', { algorithm: 'backtracking' }],
  ['emu', 'single_pass', { algorithm: 'single_pass' }],
] as const

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((f) => f.endsWith('.clif'))
      .sort()
  : []
const texts = names.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
const noFiles = names.length === 0 ? `no files in ${folder}` : undefined

describe.each(MODES)('x64: %s, %s', (exec, mode, options) => {
  const why = noFiles ?? (exec === 'native' ? missing : undefined)
  test.skipIf(why !== undefined)(
    `the files of ${folder}, ${mode}${why === undefined ? '' : ` (needs ${why})`}`,
    { timeout: 120_000 },
    () => {
      const backend =
        exec === 'native'
          ? nativeBackend(options)
          : createEmulatedBackend({ ...options, target: 'x64', machine: createX64Machine })
      const results: FileResult[] = texts.map(([name, text]) =>
        runFile(name, text, { exec, target: 'x64', opt: 'none', backend }),
      )
      expect(results.flatMap((r) => r.failures.map((f) => `${r.file}:${f.line}: ${f.why}`))).toEqual([])
      // Nothing is left out that has an x86_64 target line, but for features of the host.
      const skipped = results.flatMap((r) =>
        r.skips
          .filter((s) => !/^(no machine |no target line|test interpret is|the machine has no )/.test(s.reason))
          .map((s) => `${r.file}:${s.line}: ${s.reason}`),
      )
      expect(skipped).toEqual([])
      const passed = results.filter((r) => r.pass > 0).map((r) => r.file)
      const wanted = texts
        .filter(([, text]) => /^target x86_64/m.test(text) && /^test run/m.test(text) && /^; run/m.test(text))
        .map(([name]) => name)
      expect(wanted.filter((name) => !passed.includes(name))).toEqual([])
      const lines = results.reduce((n, r) => n + r.pass, 0)
      console.log(`${passed.length} files, ${lines} run lines pass`)
      expect(passed.length).toBeGreaterThanOrEqual(FILES)
      expect(lines).toBeGreaterThanOrEqual(LINES)
    },
  )
})
