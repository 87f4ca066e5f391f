// One process, many users of signals: what is not the guest's reaches whoever would have got it without us. Each case is a process of its own.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { lacking } from './guest.ts'

function child(script: string, args: readonly string[] = []) {
  const path = fileURLToPath(new URL(script, import.meta.url))
  return spawnSync(process.execPath, ['--expose-gc', path, ...args], { encoding: 'utf8', timeout: 60_000 })
}

describe.skipIf(lacking !== undefined)('beside guest code', () => {
  test.each([
    ['ud2', 'SIGILL'],
    ['load', 'SIGSEGV'],
    ['division', 'SIGFPE'],
    ['int3', 'SIGTRAP'],
    ['kill', 'SIGSEGV'],
    ['worker', 'SIGILL'],
  ])('a crash ends the process: %s', (way, signal) => {
    const run = child('crash.ts', [way])
    expect([run.signal, run.stdout]).toEqual([signal, ''])
  })

  test('a child in an endless loop ends with its parent, if that is what it wants', async () => {
    const parent = spawn(process.execPath, [fileURLToPath(new URL('orphan.ts', import.meta.url))])
    const pid = await new Promise<number>((done) => parent.stdout.once('data', (text) => done(Number(text))))
    const state = (): string | undefined => {
      try {
        return /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      } catch {
        return undefined
      }
    }
    // Long in its loop.
    await setTimeout(500)
    expect(state()).toBe('R')
    parent.kill('SIGKILL')
    // A process that ended and that nobody has waited for is there still.
    const gone = (): boolean => [undefined, 'Z', 'X'].includes(state())
    for (let i = 0; i < 500 && !gone(); i++) await setTimeout(10)
    const ended = gone()
    if (!ended) process.kill(pid, 'SIGKILL')
    expect(ended).toBe(true)
  })

  test("V8's WebAssembly traps, its profiler and Node's signal events work on", () => {
    const run = child('neighbours.ts')
    expect([run.status, run.signal, run.stderr]).toEqual([0, null, ''])
    const { samples, signals, ...counts } = JSON.parse(run.stdout)
    expect(counts).toEqual({ before: 200, wasm: 5000, traps: 20_000 })
    expect(samples).toBeGreaterThan(50)
    expect(signals).toBeGreaterThan(0)
  })

  test('machines in four workers and the main thread, trapping at the same time', () => {
    const run = child('workers.ts')
    expect([run.status, run.signal, run.stderr]).toEqual([0, null, ''])
    const each = { traps: 5000, wasm: 5000 }
    expect(JSON.parse(run.stdout)).toEqual({
      workers: new Array(4).fill({ ...each, ticked: true, interrupted: true }),
      main: each,
    })
  })
})
