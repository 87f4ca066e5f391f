// Nothing that the tool starts outlives it: the tool is killed while its guest is in an endless loop, and whatever descends from it ends.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { nativeMissing } from '@k23/native'
import { describe, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const tool = [process.execPath, join(root, 'packages/cli/src/main.ts')]
const LOOP = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\\10\\00\\00\\00\\08\\00\\00\\00")
  (data (i32.const 16) "running\\n")
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $l (br $l))))`

const nobody = (program: string): string | undefined =>
  spawnSync(program, ['--version']).error === undefined ? undefined : `${program} is not there`
const linux = process.platform === 'linux' ? undefined : 'this is no Linux'

const cases: readonly (readonly [name: string, missing: string | undefined, command: readonly string[]])[] = [
  ['qemu', linux ?? nobody('qemu-riscv64'), [...tool, 'run', 'loop.wat', '--exec', 'qemu', '--target', 'riscv64']],
  [
    'the host, behind the script that starts the tool',
    linux ?? nativeMissing(),
    [process.execPath, join(root, 'tools/bootstrap.mjs'), 'k23', 'run', 'loop.wat', '--exec', 'native'],
  ],
]
for (const [name, missing] of cases) if (missing !== undefined) console.log(`skipped: ${name}: ${missing}`)

/** Processes that run: parents by number. Those that have ended and that nobody has waited for are none. */
function processes(): Map<number, number> {
  const parents = new Map<number, number>()
  for (const pid of readdirSync('/proc').filter((n) => /^\d+$/.test(n))) {
    try {
      const [, state, parent] = /\) (\S) (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) as RegExpExecArray
      if (state !== 'Z' && state !== 'X') parents.set(Number(pid), Number(parent))
    } catch {
      // It ended meanwhile.
    }
  }
  return parents
}

function descendants(pid: number): number[] {
  const own = [...processes()].filter(([, parent]) => parent === pid).map(([child]) => child)
  return own.flatMap((child) => [child, ...descendants(child)])
}

describe.each(cases)('%s', (_, missing, [program, ...args]) => {
  test.skipIf(missing !== undefined)('ends with the tool', { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'k23-cli-'))
    writeFileSync(join(folder, 'loop.wat'), LOOP)
    const killed = spawn(program, args, {
      cwd: folder,
      env: { ...process.env, INIT_CWD: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let children: number[] = []
    try {
      await new Promise((done) => killed.stdout.once('data', done))
      await setTimeout(300)
      children = descendants(killed.pid as number)
      expect(children.length).toBeGreaterThan(0)
      killed.kill('SIGKILL')
      const left = (): number[] => children.filter((pid) => processes().has(pid))
      for (let i = 0; i < 200 && left().length !== 0; i++) await setTimeout(50)
      expect(left()).toEqual([])
    } finally {
      for (const pid of [killed.pid as number, ...children.filter((pid) => processes().has(pid))]) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch {
          // It is gone, as it should be.
        }
      }
      rmSync(folder, { recursive: true })
    }
  })
})
