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

describe.skipIf(!existsSync(folder))(`riscv64 on the emulator: the files of ${folder}`, () => {
  const results: FileResult[] = []
  const backend = createEmulatedBackend()
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((f) => f.endsWith('.clif'))
        .sort()
    : []

  test.each(names)('%s', (name) => {
    const r = runFile(name, readFileSync(join(folder, name), 'utf8'), { exec: 'emu', target: 'riscv64', backend })
    results.push(r)
    expect(r.failures).toEqual([])
  })

  test('enough of them run', () => {
    expect(results.length).toBe(names.length)
    const passed = results.filter((r) => r.pass > 0)
    const lines = results.reduce((n, r) => n + r.pass, 0)
    const why = new Map<string, number>()
    for (const s of results.flatMap((r) => r.skips)) {
      if (
        s.reason.startsWith('no machine') ||
        s.reason.startsWith('no target line') ||
        s.reason.startsWith('test interpret')
      )
        continue
      const key = s.reason.replace(/inst\d+|%\w+|u\d+:\d+/g, '*').slice(0, 110)
      why.set(key, (why.get(key) ?? 0) + s.count)
    }
    const table = [...why].sort((a, b) => b[1] - a[1]).map(([k, n]) => `${String(n).padStart(6)}  ${k}`)
    console.log(`${passed.length} files with passes, ${lines} run lines pass; run lines skipped:\n${table.join('\n')}`)
    expect(passed.length).toBeGreaterThanOrEqual(FILES)
    expect(lines).toBeGreaterThanOrEqual(LINES)
  })
})
