// `--exec qemu`: filetests, spec scripts and programs have the same outcome as on the emulator, on a CPU that we did not write.
import { spawnSync } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'
import { testData } from '../tools/tree.ts'
import { Folder, k23 } from './cli-harness.ts'

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

describe.skipIf(!qemu)('riscv64 under qemu-user', { timeout: 120_000 }, () => {
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
    // qemu counts no instructions: the code counts.
    const ended = await k23(...run, '--fuel', '10', gcd, '--invoke', 'gcd', '48', '36')
    expect(ended.status).toBe(1)
    expect(ended.err).toContain('out of fuel')
  })

  test('a WASI program', async () => {
    const folder = new Folder('qemu-exec')
    try {
      const wat = folder.file(
        'hello.wat',
        `(module
          (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
          (memory (export "memory") 1)
          (data (i32.const 0) "\\10\\00\\00\\00\\06\\00\\00\\00")
          (data (i32.const 16) "hello\\n")
          (func (export "_start")
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (call $exit (i32.load (i32.const 8)))))`,
      )
      const main = join(root, 'packages/cli/src/main.ts')
      const args = [main, 'run', '--target', 'riscv64', '--exec', 'qemu', wat]
      const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      expect({ status, stdout, stderr }).toEqual({ status: 6, stdout: 'hello\n', stderr: '' })
    } finally {
      folder.remove()
    }
  })
})
