// How a call of a guest ends other than with success: an errno, or the end of the program.
import { errno, type ErrnoName, hostErrors } from './abi.ts'

/** Ends a call with an errno. Never leaves this folder. */
export class CallError extends Error {
  readonly errno: number
  constructor(name: ErrnoName) {
    super(name)
    this.errno = errno[name]
  }
}

export function fail(name: ErrnoName): never {
  throw new CallError(name)
}

/** A program cannot be run with WASI as it is. */
export class WasiError extends TypeError {
  override readonly name = 'WasiError'
}

/** The program called proc_exit: thrown through the guest, caught by Wasi.start. */
export class WasiExit extends Error {
  override readonly name = 'WasiExit'
  readonly code: number
  constructor(code: number) {
    super(`exit ${code}`)
    this.code = code
  }
}

/** The errno for what a file system or a sink threw; undefined for what is no error of a file system (a bug, a WasiExit). */
export function errnoOf(e: unknown): number | undefined {
  if (e instanceof CallError) return e.errno
  if (!(e instanceof Error) || !('code' in e) || typeof e.code !== 'string') return undefined
  const name = hostErrors[e.code] ?? e.code
  return Object.hasOwn(errno, name) ? errno[name as ErrnoName] : undefined
}
