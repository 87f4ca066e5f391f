// One program's view of the world: its arguments, environment, clocks, randomness and open files.
import type { DescriptorTable } from './descriptors.ts'
import type { GuestMemory } from './guest-memory.ts'

/** Time and chance, as the host gives them. Times are in nanoseconds. */
export interface Environment {
  /** Since 1970. */
  realtime(): bigint
  /** Never goes back; from an arbitrary start. */
  monotonic(): bigint
  sleep(nanoseconds: bigint): void
  randomFill(into: Uint8Array): void
}

export interface Program {
  /** UTF-8, each with a final 0. */
  readonly args: readonly Uint8Array[]
  /** `NAME=VALUE`, likewise. */
  readonly environ: readonly Uint8Array[]
  readonly environment: Environment
  readonly fds: DescriptorTable
  /** Of the monotonic clock: what the CPU-time clocks count from. */
  readonly started: bigint
}

/** A call: its program, the caller's memory, its arguments (numbers of either sign for i32, bigints for i64). Nothing returned is success. */
// biome-ignore lint/suspicious/noExplicitAny: the arguments' types are those of the row's signature
export type Run = (program: Program, memory: GuestMemory, ...args: any[]) => void
