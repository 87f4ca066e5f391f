// Who runs a program under a configuration: this process on an emulator; a child process on the host's CPU, where code that is compiled wrong
// may write anywhere, end the process, or never end.
import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { CodegenError } from '@k23/codegen'
import type { Machine } from '@k23/machine'
import { type Config, platformOf } from './configs.ts'
import { kernelHost } from './kernel.ts'
import { type Outcome, run } from './outcome.ts'
import type { Program } from './tree.ts'

/** What came of a run: an outcome to compare, or why there is none. */
export type Result =
  | { readonly outcome: Outcome }
  /** The compiler does not take the module. */
  | { readonly refused: string }
  /** An error that is none of the program's, or the end of the process. */
  | { readonly broken: string }

export interface Task {
  readonly program: Program
  readonly wasm: Uint8Array<ArrayBuffer>
  readonly config: Config
}

/** A machine keeps what its engines have allocated: a new one after so many runs. */
const RUNS_PER_MACHINE = 100

interface Kept {
  readonly machine: Machine
  runs: number
}
const machines = new Map<string, Kept>()

function machineFor(config: Config): Machine {
  const key = `${config.target} ${config.exec} ${config.settings.wasm_memory_strategy}`
  let kept = machines.get(key)
  if (kept === undefined || kept.runs++ >= RUNS_PER_MACHINE) {
    ;(kept?.machine as { close?: () => void } | undefined)?.close?.()
    kept = { machine: platformOf(config).create(config.settings), runs: 0 }
    machines.set(key, kept)
  }
  return kept.machine
}

/** Runs a program in this process. */
export function runHere({ program, wasm, config }: Task): Result {
  const host = kernelHost(machineFor(config), config)
  try {
    return { outcome: run(host, program, wasm) }
  } catch (e) {
    if (e instanceof CodegenError && e.code === 'unsupported') return { refused: e.message.replace(/\d+/g, 'N') }
    return { broken: `${(e as Error).name}: ${(e as Error).message}` }
  } finally {
    host.release?.()
  }
}

/** A program that takes longer hangs: it has fuel for milliseconds. */
const TIME_LIMIT_MS = 20_000

/** A child process that runs programs one after the other, and is replaced when it ends. */
export class Runner {
  private child: ChildProcess | undefined

  async run(task: Task): Promise<Result> {
    return task.config.exec === 'native' ? this.inChild(task) : runHere(task)
  }

  close(): void {
    this.child?.kill()
    this.child = undefined
  }

  private inChild(task: Task): Promise<Result> {
    this.child ??= fork(join(import.meta.dirname, 'child.ts'), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    })
    const { child } = this
    return new Promise((resolve) => {
      const settle = (result: Result): void => {
        clearTimeout(timer)
        child.removeAllListeners()
        resolve(result)
      }
      const timer = setTimeout(() => {
        child.kill('SIGKILL')
        this.child = undefined
        settle({ broken: `no end in ${TIME_LIMIT_MS / 1000} seconds` })
      }, TIME_LIMIT_MS)
      child.once('message', (result) => settle(result as Result))
      child.once('exit', (code, signal) => {
        this.child = undefined
        settle({ broken: `the process ended: ${signal ?? `exit code ${code}`}` })
      })
      child.send(task)
    })
  }
}
