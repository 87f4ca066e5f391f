// Numbers of the generic system call table (include/uapi/asm-generic/unistd.h), which newer machines share.
import type { SyscallName } from './abi.ts'

// biome-ignore format: table
export const genericSyscalls: Readonly<Record<SyscallName, number>> = {
  read: 63, write: 64, close: 57, mmap: 222, mprotect: 226, munmap: 215, rt_sigaction: 134, sigaltstack: 132, setitimer: 103, exit_group: 94,
}
