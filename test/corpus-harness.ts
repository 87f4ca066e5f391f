// The benchmark programs of wasm-corpus: where they are, how each is run on the kernel and on V8, and what is expected.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { join, resolve } from 'node:path'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, funcType, Linker, OutOfFuel, Store } from '@k23/kernel'
import { bytesSink, type FileSystem, Wasi } from '@k23/kernel/wasi'
import type { Machine } from '@k23/machine'

export const corpus: string = join(
  process.env.K23_TEST_DATA ?? resolve(import.meta.dirname, '../../shared/data'),
  'wasm-corpus',
)

export interface Outcome {
  readonly exit: number
  readonly stdout: Uint8Array
  readonly stderr: Uint8Array
  /** Executed between entering `_start` and its end. */
  readonly instructions: number
  readonly compileMs: number
  readonly runMs: number
  /** How often `bench.start` and `bench.end` were called. */
  readonly marks: readonly [number, number]
  /** The fuel ran out before the program ended. */
  readonly unfinished: boolean
}

export interface RunOptions {
  /** Default: the emulator of riscv64. */
  readonly machine?: Machine
  readonly optLevel?: 'none' | 'speed'
  readonly fuel?: number
}

/** Runs a program with the folder `cwd` as its current one. */
export function runOnKernel(wasm: Uint8Array, cwd: string, options: RunOptions = {}): Outcome {
  const { machine = createRiscv64Machine({ memoryBytes: 512 << 20 }), optLevel = 'speed', fuel } = options
  const engine = new Engine({ machine, optLevel })
  const compileStart = performance.now()
  const module = engine.compile(wasm)
  const compileMs = performance.now() - compileStart
  const store = new Store(engine, fuel === undefined ? {} : { fuel })
  const linker = new Linker(store)
  const stdout = bytesSink()
  const stderr = bytesSink()
  const wasi = new Wasi({
    args: ['program'],
    preopens: [{ fs: fs as FileSystem, path: cwd, name: '.' }],
    stdout,
    stderr,
  })
  wasi.define(linker)
  const marks: [number, number] = [0, 0]
  linker.func('bench', 'start', funcType([]), () => void marks[0]++)
  linker.func('bench', 'end', funcType([]), () => void marks[1]++)
  const runStart = performance.now()
  let exit = -1
  let unfinished = false
  try {
    exit = wasi.start(linker.instantiate(module))
  } catch (e) {
    if (!(e instanceof OutOfFuel)) throw e
    unfinished = true
  }
  const runMs = performance.now() - runStart
  const { instructions } = store
  store.close()
  return { exit, stdout: stdout.bytes(), stderr: stderr.bytes(), instructions, compileMs, runMs, marks, unfinished }
}

/** The same on V8 with node:wasi, in a process of its own. */
export function runOnV8(wasm: string, cwd: string): { exit: number; stdout: Uint8Array; stderr: Uint8Array } {
  const program = `
    import { readFileSync } from 'node:fs'
    import { WASI } from 'node:wasi'
    const wasi = new WASI({ version: 'preview1', args: ['program'], preopens: { '.': '.' } })
    const imports = { ...wasi.getImportObject(), bench: { start() {}, end() {} } }
    const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[1]), imports)
    process.exitCode = wasi.start(instance)`
  const r = spawnSync(process.execPath, ['--no-warnings', '--input-type=module', '-e', program, wasm], {
    cwd,
    maxBuffer: 64 << 20,
  })
  if (r.error !== undefined) throw r.error
  return { exit: r.status ?? -1, stdout: r.stdout, stderr: r.stderr }
}
