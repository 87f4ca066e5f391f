// `--exec qemu`: filetests, spec scripts and programs have the same outcome as on the emulator, on a CPU that we did not write.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'
import { testData } from '../tools/tree.ts'
import { k23 } from './cli-harness.ts'

const qemu = spawnSync('qemu-riscv64', ['--version']).error === undefined
const data = testData() ?? ''

interface Line {
  readonly file: string
  readonly exec: string
  readonly pass: number
  readonly fail: number
  readonly skip: number
  readonly failures: readonly unknown[]
}

async function lines(...args: string[]): Promise<Line[]> {
  const { out } = await k23(...args, '--json')
  return out
    .trim()
    .split('\n')
    .map((l) => JSON.parse(l))
}

describe.skipIf(!qemu)('riscv64 under qemu-user', () => {
  test('our own filetests', async () => {
    const files = globSync('filetests/*.clif', { cwd: root })
      .sort()
      .map((f) => join(root, f))
    const common = ['test', '--target', 'riscv64', ...files]
    const [ours, theirs] = [await lines(...common, '--exec', 'emu'), await lines(...common, '--exec', 'qemu')]
    expect(theirs.flatMap((l) => l.failures)).toEqual([])
    // What this version of qemu lacks is a skip there; everything else is the same.
    theirs.forEach((l, i) => {
      expect(l).toMatchObject({ file: ours[i].file, exec: 'qemu' })
      expect(l.pass + l.skip).toBe(ours[i].pass + ours[i].skip)
    })
    const passed = (all: readonly Line[]): number => all.reduce((n, l) => n + l.pass, 0)
    expect(passed(theirs)).toBeGreaterThan(0.8 * passed(ours))
  })

  const pack = join(data, 'spec/spec.json.gz')
  test.skipIf(!existsSync(pack))('spec scripts', async () => {
    const names = ['call_indirect', 'conversions', 'memory_grow', 'memory_trap', 'linking', 'bulk', 'i64', 'start']
    const common = ['wast', '--target', 'riscv64', pack, ...names.flatMap((n) => ['--only', n])]
    const [ours, theirs] = [await lines(...common), await lines(...common, '--exec', 'qemu')]
    expect(theirs).toEqual(ours.map((l) => ({ ...l, exec: 'qemu' })))
    expect(theirs.length).toBe(names.length)
    expect(theirs.every((l) => l.fail === 0 && l.pass > 0)).toBe(true)
  })

  test('an export, a trap, fuel', async () => {
    const gcd = join(root, 'examples/gcd.wat')
    const run = ['run', '--target', 'riscv64', '--exec', 'qemu']
    expect(await k23(...run, gcd, '--invoke', 'gcd', '48', '36')).toMatchObject({ status: 0, out: '12\n' })
    const refused = await k23(...run, '--fuel', '10', gcd, '--invoke', 'gcd', '48', '36')
    expect(refused.status).toBe(2)
    expect(refused.err).toContain('--fuel needs --exec emu')
  })

  const fib = join(data, 'wasm-corpus/shootout/shootout-fib2.wasm')
  test.skipIf(!existsSync(fib))('a WASI program', async () => {
    const { status, err } = await k23('run', '--target', 'riscv64', '--exec', 'qemu', fib)
    expect(status).toBe(0)
    expect(err).toBe('')
  })
})
