// The process's own streams, folders and environment for a WASI program.
import fs from 'node:fs'
import { isatty } from 'node:tty'
import { type ByteSink, type ByteSource, type FileSystem, type Preopen, Wasi } from '@k23/kernel/wasi'
import { usage } from './failure.ts'

export interface WasiFlags {
  /** `HOST` or `HOST::GUEST`. */
  readonly dir?: readonly string[]
  /** `NAME=VALUE`, or `NAME` for the process's own value. */
  readonly env?: readonly string[]
}

/** A program that sees the current folder as `.`, and what the flags name. */
export function wasiOf(file: string, args: readonly string[], flags: WasiFlags): Wasi {
  return new Wasi({
    args: [file, ...args],
    env: Object.fromEntries((flags.env ?? []).map(variable)),
    preopens: [preopen('.'), ...(flags.dir ?? []).map(preopen)],
    stdin: source(0),
    stdout: sink(1),
    stderr: sink(2),
  })
}

function preopen(item: string): Preopen {
  const [host, name = host] = item.split('::')
  if (host === '' || name === '') throw usage(`--dir ${item}: expected HOST or HOST::GUEST`)
  let path: string
  try {
    path = fs.realpathSync(host)
  } catch {
    throw usage(`--dir ${item}: there is no folder ${host}`)
  }
  if (!fs.statSync(path).isDirectory()) throw usage(`--dir ${item}: ${host} is no folder`)
  return { fs: fs as FileSystem, path, name, ...(process.platform === 'win32' ? { reserved: '\\:' } : {}) }
}

function variable(item: string): [string, string] {
  const equals = item.indexOf('=')
  if (equals === 0) throw usage(`--env ${item}: expected NAME=VALUE`)
  if (equals > 0) return [item.slice(0, equals), item.slice(equals + 1)]
  const value = process.env[item]
  if (value === undefined) throw usage(`--env ${item}: there is no such variable to pass on; write ${item}=VALUE`)
  return [item, value]
}

const cell = new Int32Array(new SharedArrayBuffer(4))

/** Runs a read or a write until the pipe that somebody made non-blocking lets it. */
function retry(run: () => number): number {
  for (;;) {
    try {
      return run()
    } catch (e) {
      const code = (e as NodeJS.ErrnoException).code
      if (code === 'EOF') return 0
      if (code !== 'EAGAIN') throw e
      Atomics.wait(cell, 0, 0, 5)
    }
  }
}

function source(handle: number): ByteSource {
  return { isTerminal: isatty(handle), read: (into) => retry(() => fs.readSync(handle, into)) }
}

function sink(handle: number): ByteSink {
  return {
    isTerminal: isatty(handle),
    write(bytes) {
      for (let at = 0; at < bytes.length; ) at += retry(() => fs.writeSync(handle, bytes, at))
    },
  }
}
