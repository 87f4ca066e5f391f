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
    /** Number of the frame pointer. */
    readonly framePointer: number
    register(n: number): number
  }
  /** Bytes of the stop instruction, behind which a stopped call goes on. */
  readonly stopBytes: number
  /** Places in struct stat. */
  readonly stat: {
    readonly bytes: number
    readonly inode: number
    /** 32 bits. */
    readonly mode: number
    readonly links: number
    /** Bytes of the number of links. */
    readonly linksBytes: 4 | 8
    readonly size: number
    /** Seconds, and 8 behind them nanoseconds. */
    readonly times: { readonly accessed: number; readonly modified: number; readonly changed: number }
  }
  /** Flags of openat that differ between machines. */
  readonly open: { readonly directory: number; readonly noFollow: number }
}

// biome-ignore format: table
export type SyscallName =
  | 'read' | 'write' | 'pread64' | 'pwrite64' | 'close' | 'lseek' | 'dup3' | 'fcntl' | 'ftruncate' | 'fallocate' | 'fsync' | 'fdatasync'
  | 'fstat' | 'newfstatat' | 'utimensat' | 'openat' | 'mkdirat' | 'unlinkat' | 'renameat2' | 'linkat' | 'symlinkat' | 'readlinkat' | 'getdents64'
  | 'mmap' | 'mprotect' | 'munmap' | 'rt_sigaction' | 'sigaltstack' | 'setitimer'
  | 'clock_gettime' | 'clock_getres' | 'clock_nanosleep' | 'getrandom' | 'sched_yield' | 'exit_group' | 'prctl'

const machines: Readonly<Partial<Record<string, LinuxAbi>>> = { riscv64, x64 }

/** The Linux of a target; undefined where there is none yet. */
export function linuxAbi(target: string): LinuxAbi | undefined {
  return machines[target]
}
