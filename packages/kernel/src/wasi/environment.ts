// The default environment: what ECMAScript and the globals that Node and browsers share offer.
import type { Environment } from './program.ts'

interface Globals {
  readonly crypto?: { getRandomValues(into: Uint8Array): unknown }
}

/** getRandomValues refuses more at a time. */
const RANDOM_CHUNK = 65536
/** Longest wait in one go, in milliseconds. */
const MAX_WAIT = 0x7fff_ffff

export const defaultEnvironment: Environment = {
  realtime: () => BigInt(Date.now()) * 1_000_000n,
  monotonic: () => BigInt(Math.round(performance.now() * 1e6)),
  sleep(nanoseconds) {
    const end = performance.now() + Number(nanoseconds) / 1e6
    for (let left = end - performance.now(); left > 0; left = end - performance.now()) wait(left)
  },
  randomFill(into) {
    const { crypto } = globalThis as Globals
    if (crypto === undefined) throw new TypeError('this host has no crypto: pass an environment with randomFill')
    const bytes = new Uint8Array(into.length)
    for (let i = 0; i < bytes.length; i += RANDOM_CHUNK) crypto.getRandomValues(bytes.subarray(i, i + RANDOM_CHUNK))
    into.set(bytes)
  },
}

let cell: Int32Array | undefined

function wait(milliseconds: number): void {
  try {
    cell ??= new Int32Array(new SharedArrayBuffer(4))
    Atomics.wait(cell, 0, 0, Math.min(milliseconds, MAX_WAIT))
  } catch {
    // The main thread of a browser may not wait: the caller's loop asks the clock until the time has come.
  }
}
