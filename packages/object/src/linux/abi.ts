// What programs need to know of Linux on each machine: system calls, the code that no compiler makes, and how a signal finds the registers.
import { riscv64 } from './riscv64.ts'
import { x64 } from './x64.ts'

export * from './symbols.ts'

/** Code in machine language, with its text for GNU as. */
export interface Stub {
  readonly name: string
  readonly assembly: readonly string[]
  readonly bytes: readonly number[]
  readonly relocs: readonly {
    readonly offset: number
    readonly kind: string
    readonly symbol: string
    readonly addend: number
  }[]
}

export interface LinuxAbi {
  readonly syscalls: Readonly<Record<SyscallName, number>>
  readonly stubs: readonly Stub[]
  /** A handler's flags need SA_RESTORER, and its sigaction a restorer behind them. */
  readonly restorer: boolean
  /** The part of ucontext_t with the program counter and the integer registers. */
  readonly context: {
    /** Its place in ucontext_t, and its size. */
    readonly offset: number
    readonly bytes: number
    /** Places in it. */
    readonly pc: number
    register(n: number): number
  }
  /** Bytes of the stop instruction, behind which a stopped call goes on. */
  readonly stopBytes: number
  /** Flags of openat that differ between machines. */
  readonly open: { readonly directory: number; readonly noFollow: number }
}

export type SyscallName =
  | 'read'
  | 'write'
  | 'close'
  | 'mmap'
  | 'mprotect'
  | 'munmap'
  | 'rt_sigaction'
  | 'sigaltstack'
  | 'setitimer'
  | 'exit_group'

const machines: Readonly<Partial<Record<string, LinuxAbi>>> = { riscv64, x64 }

/** The Linux of a target; undefined where there is none yet. */
export function linuxAbi(target: string): LinuxAbi | undefined {
  return machines[target]
}
