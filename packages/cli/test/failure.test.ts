// What the tool says of input that it cannot use, in a process of its own.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

const main = resolve(import.meta.dirname, '../src/main.ts')

/** What stands on standard error after `k23 compile` of this text. */
function refusal(text: string, ...options: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'k23-cli-'))
  try {
    writeFileSync(join(folder, 'f.clif'), text)
    const args = [main, 'compile', 'f.clif', '--emit', 'asm', ...options]
    const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' })
    expect([done.status, done.stdout]).toEqual([1, ''])
    return done.stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('a feature that is missing is named once', () => {
  const add = 'function %f(i8x16, i8x16) -> i8x16 { block0(v0: i8x16, v1: i8x16): v2 = iadd v0, v1 return v2 }'
  expect(refusal(add, '--target', 'riscv64')).toBe(
    'k23: f.clif: unsupported: the type i8x16 is not supported in function %f, inst1; it needs has_v\n',
  )
  const cas = 'function %f(i64, i128) -> i128 { block0(v0: i64, v1: i128): v2 = atomic_rmw.i128 add v0, v1 return v2 }'
  const said = refusal(cas, '--target', 'x64')
  expect(said.match(/has_cmpxchg16b/g)).toEqual(['has_cmpxchg16b'])
  expect(said.match(/it needs/g)).toEqual(['it needs'])
})
