// Arguments, environment, clocks, randomness, the end of the program.
import { CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME, CLOCK_REALTIME, CLOCK_THREAD_CPUTIME } from './abi.ts'
import { fail, WasiExit } from './errors.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { Program, Run } from './program.ts'

function sizes(m: GuestMemory, items: readonly Uint8Array[], count: number, bytes: number): void {
  m.setU32(count, items.length)
  m.setU32(
    bytes,
    items.reduce((n, a) => n + a.length, 0),
  )
}

function strings(m: GuestMemory, items: readonly Uint8Array[], pointers: number, buffer: number): void {
  let at = buffer >>> 0
  items.forEach((item, i) => {
    m.setU32((pointers >>> 0) + 4 * i, at)
    m.bytes(at, item.length).set(item)
    at += item.length
  })
}

export const argsSizesGet: Run = (p, m, count, bytes) => sizes(m, p.args, count, bytes)
export const argsGet: Run = (p, m, pointers, buffer) => strings(m, p.args, pointers, buffer)
export const environSizesGet: Run = (p, m, count, bytes) => sizes(m, p.environ, count, bytes)
export const environGet: Run = (p, m, pointers, buffer) => strings(m, p.environ, pointers, buffer)

/** Nanoseconds on clock `id`. */
export function timeOf(p: Program, id: number): bigint {
  switch (id) {
    case CLOCK_REALTIME:
      return p.environment.realtime()
    case CLOCK_MONOTONIC:
      return p.environment.monotonic()
    case CLOCK_PROCESS_CPUTIME:
    case CLOCK_THREAD_CPUTIME:
      return p.environment.monotonic() - p.started
    default:
      return fail('EINVAL')
  }
}

export const clockTimeGet: Run = (p, m, id, _precision, result) => m.setU64(result, timeOf(p, id))
export const clockResGet: Run = (p, m, id, result) => {
  timeOf(p, id)
  m.setU64(result, id === CLOCK_REALTIME ? 1_000_000n : 1_000n)
}

export const randomGet: Run = (p, m, at, length) => p.environment.randomFill(m.bytes(at, length))

export const procExit: Run = (_p, _m, code) => {
  throw new WasiExit(code >>> 0)
}

/** One hart per program: there is nobody to yield to. */
export const schedYield: Run = () => {}

export const notSupported: Run = () => fail('ENOTSUP')
