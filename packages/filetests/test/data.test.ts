import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { runFile } from '../src/index.ts'

const folder = join(process.env.K23_TEST_DATA ?? join(import.meta.dirname, '../../../../shared/data'), 'clif-filetests')

describe.skipIf(!existsSync(folder))(`the files of ${folder}`, () => {
  const names = existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((f) => f.endsWith('.clif'))
        .sort()
    : []
  test.each(names)('%s', (name) => {
    const r = runFile(name, readFileSync(join(folder, name), 'utf8'), { exec: 'emu' })
    expect(r.failures).toEqual([])
    expect(r.skips).toEqual([])
    expect(r.pass).toBeGreaterThan(0)
  })
})
