// One WASI program: its world, the functions that it imports, and its run from _start to its exit code.
import type { Instance } from '../instance.ts'
import type { Linker } from '../linker.ts'
import { Memory } from '../memory.ts'
import type { Store } from '../store.ts'
import { funcType } from '../types.ts'
import * as abi from './abi.ts'
import { calls } from './calls.ts'
import { type ByteSink, type ByteSource, DescriptorTable } from './descriptors.ts'
import { defaultEnvironment } from './environment.ts'
import { errnoOf, WasiError, WasiExit } from './errors.ts'
import { GuestMemory, utf8 } from './guest-memory.ts'
import type { Preopen } from './path.ts'
import type { Environment, Program, Run } from './program.ts'

export const WASI_MODULE = 'wasi_snapshot_preview1'

export interface WasiOptions {
  /** With the program's name first. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Folders that the program may use, from descriptor 3 on. None: it has no files. */
  readonly preopens?: readonly Preopen[]
  /** Default: empty. */
  readonly stdin?: ByteSource
  /** Default: what is written is dropped. */
  readonly stdout?: ByteSink
  readonly stderr?: ByteSink
  readonly environment?: Partial<Environment>
}

export class Wasi {
  private readonly program: Program

  /** TypeError for a string with a NUL, which no program could be given. */
  constructor(options: WasiOptions = {}) {
    const environment: Environment = { ...defaultEnvironment, ...options.environment }
    const env = Object.entries(options.env ?? {}).map(([k, v]) => `${k}=${v}`)
    const fds = new DescriptorTable()
    fds.add(stream({ source: options.stdin ?? bytesSource(new Uint8Array(0)) }))
    for (const sink of [options.stdout, options.stderr]) fds.add(stream({ sink: sink ?? { write: () => {} } }))
    for (const root of options.preopens ?? []) {
      fds.add({
        kind: 'folder',
        root,
        names: [],
        preopened: true,
        flags: 0,
        base: abi.DIRECTORY_RIGHTS,
        inheriting: abi.DIRECTORY_RIGHTS | abi.FILE_RIGHTS,
      })
    }
    this.program = {
      args: (options.args ?? []).map(zeroEnded),
      environ: env.map(zeroEnded),
      environment,
      fds,
      started: environment.monotonic(),
    }
  }

  /** Defines the calls as imports of modules. */
  define(linker: Linker): void {
    const { store } = linker
    for (const [name, params, run] of calls) {
      const types = [...params].map((c) => (c === 'I' ? 'i64' : 'i32'))
      const type = funcType(types, name === 'proc_exit' ? [] : ['i32'])
      linker.func(WASI_MODULE, name, type, (...args: unknown[]) => this.call(store, run, args))
    }
  }

  /** Runs a command: its exit code, 0 if `_start` returns. Its files are closed. Throws Trap, OutOfFuel, and what sinks throw. */
  start(instance: Instance): number {
    try {
      instance.func('_start').call()
      return 0
    } catch (e) {
      if (e instanceof WasiExit) return e.code
      throw e
    } finally {
      this.close()
    }
  }

  /** The same where the program may call asynchronous host functions. */
  async startAsync(instance: Instance): Promise<number> {
    try {
      await instance.func('_start').callAsync()
      return 0
    } catch (e) {
      if (e instanceof WasiExit) return e.code
      throw e
    } finally {
      this.close()
    }
  }

  /** Closes all files. */
  close(): void {
    this.program.fds.closeAll()
  }

  private call(store: Store, run: Run, args: readonly unknown[]): number {
    try {
      run(this.program, new GuestMemory(callerMemory(store)), ...args)
      return abi.errno.SUCCESS
    } catch (e) {
      const code = errnoOf(e)
      if (code === undefined) throw e
      return code
    }
  }
}

/** The memory that addresses of the running call mean. */
function callerMemory(store: Store): Memory {
  const memory = store.caller?.exports.memory
  if (!(memory instanceof Memory))
    throw new WasiError('the module calls WASI, and so has to export its memory as `memory`')
  return memory
}

function zeroEnded(text: string): Uint8Array {
  if (text.includes('\0')) throw new TypeError(`an argument of a program cannot contain a NUL: ${JSON.stringify(text)}`)
  return utf8(`${text}\0`)
}

function stream(end: { source: ByteSource } | { sink: ByteSink }): Parameters<DescriptorTable['add']>[0] {
  const right = 'source' in end ? abi.rights('fd_read') : abi.rights('fd_write')
  return { kind: 'stream', flags: 0, base: abi.STREAM_RIGHTS | right, inheriting: 0, ...end }
}

/** Standard input from bytes. */
export function bytesSource(bytes: Uint8Array): ByteSource {
  let at = 0
  return {
    read(into) {
      const part = bytes.subarray(at, at + into.length)
      into.set(part)
      at += part.length
      return part.length
    },
  }
}

/** A sink that keeps what it gets; `bytes()` is all of it. */
export function bytesSink(): ByteSink & { bytes(): Uint8Array } {
  const parts: Uint8Array[] = []
  return {
    write: (b) => {
      parts.push(b)
    },
    bytes() {
      const all = new Uint8Array(parts.reduce((n, b) => n + b.length, 0))
      let at = 0
      for (const b of parts) {
        all.set(b, at)
        at += b.length
      }
      return all
    },
  }
}
