// All of clif-runtests for x64 on the host's CPU, the register allocator's checker on.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type FileResult, runFile } from '../src/index.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const folder = join(process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data'), 'clif-runtests')

/** Least that must pass: files with at least one pass, and run lines. */
const FILES = 225
const LINES = 19_000

const MODES = [
  ['single_pass', { algorithm: 'single_pass' }],
  ['backtracking', { algorithm: 'backtracking' }],
  ['tiny branch ranges', { algorithm: 'backtracking', branchReach: 6 }],
] as const

const names = existsSync(folder)
  ? readdirSync(folder)
      .filter((f) => f.endsWith('.clif'))
      .sort()
  : []
const texts = names.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)
const why = missing ?? (names.length === 0 ? `no files in ${folder}` : undefined)

describe.skipIf(why !== undefined)(
  `x64 natively: the files of ${folder}${why === undefined ? '' : ` (needs ${why})`}`,
  () => {
    test.each(MODES)('%s', (_, options) => {
      const backend = nativeBackend(options)
      const results: FileResult[] = texts.map(([name, text]) =>
        runFile(name, text, { exec: 'native', target: 'x64', opt: 'none', backend }),
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
    })
  },
)
