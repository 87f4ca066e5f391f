// What a host must provide: its CPU and its system. A new one implements these two and becomes a row in index.ts.
import type { IsaName } from '@k23/machine'
import type { NativeHart } from './hart.ts'
import type { Libc } from './linux/libc.ts'
import type { NativeMemory } from './memory.ts'

export interface Stubs {
  readonly bytes: Uint8Array
  /** Offsets in `bytes`: the entry for the host; what guest code calls and what it returns to; where the signal handler goes; see x64/stubs.ts. */
  readonly run: number
  readonly hostCall: number
  readonly returned: number
  readonly trapped: number
  readonly abort: number
  readonly enterLow: number
  readonly enterHigh: number
}

export interface Fault {
  /** A breakpoint instruction: no trap. */
  breakpoint: boolean
  /** A TRAP_* constant. */
  kind: number
  /** Of a load, store or fetch, else 0. */
  address: number
}

/** Address of a fault for which the CPU reports none: what is not canonical, or not aligned as the instruction demands. */
export const UNKNOWN_ADDRESS = -1

export interface Cpu {
  readonly isa: IsaName
  /** By the code generator's names. */
  readonly features: readonly string[]
  /** Bytes of a context, and offset of the state in it that counts in mode FULL only. */
  readonly contextBytes: number
  readonly stateOffset: number
  /** Registers that hold the number and the block of a host call. */
  readonly hostCallRegisters: readonly [number: number, block: number]
  /** `controlDistance`: bytes from the control page to the stubs. */
  stubs(controlDistance: number): Stubs
  /** Makes the context that of a call which begins, but for the pc; if `nested`, on the stack below what is there. */
  begin(hart: NativeHart, memory: NativeMemory, args: readonly number[], nested: boolean): void
  /** Reads the context of a hart that stopped by a signal; `enter` is where the enter stub lies. Returns the pc that the instruction has. */
  faultOf(
    hart: NativeHart,
    memory: NativeMemory,
    enter: { readonly low: number; readonly high: number },
    out: Fault,
  ): number
}

/** Of the thread that a machine belongs to. */
export interface ThreadSignals {
  /** Address of its thread block. */
  readonly thread: number
  /** The system's numbers of process and thread. */
  readonly process: number
  readonly task: number
}

export interface Host {
  readonly cpu: Cpu
  readonly libc: Libc
  /** Makes the calling thread able to run guest code. */
  prepareThread(): ThreadSignals
  readonly preemptSignal: number
  /** Starts a thread that adds 1 to the u64 at `cell` every so often; `place` makes code executable. The result ends it. */
  startBeat(place: (code: Uint8Array) => number, cell: number, milliseconds: number): () => void
  /** Interrupts a thread; false if it is gone. */
  preempt(process: number, task: number): boolean
  /** From now on this process is killed when the thread that started it ends. */
  endWithParent(): void
}
