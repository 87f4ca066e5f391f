// Numbers of the generic system call table (include/uapi/asm-generic/unistd.h), which newer machines share.
import type { LinuxAbi, SyscallName } from './abi.ts'

// biome-ignore format: table
export const genericSyscalls: Readonly<Record<SyscallName, number>> = {
  read: 63, write: 64, pread64: 67, pwrite64: 68, close: 57, lseek: 62, dup3: 24, fcntl: 25, ftruncate: 46, fallocate: 47, fsync: 82, fdatasync: 83,
  fstat: 80, newfstatat: 79, utimensat: 88, openat: 56, mkdirat: 34, unlinkat: 35, renameat2: 276, linkat: 37, symlinkat: 36, readlinkat: 78, getdents64: 61,
  mmap: 222, mprotect: 226, munmap: 215, rt_sigaction: 134, sigaltstack: 132, setitimer: 103,
  clock_gettime: 113, clock_getres: 114, clock_nanosleep: 115, getrandom: 278, sched_yield: 124, exit_group: 94, prctl: 167,
}

/** struct stat of the same machines (include/uapi/asm-generic/stat.h). */
export const genericStat: LinuxAbi['stat'] = {
  bytes: 128,
  inode: 8,
  mode: 16,
  links: 20,
  linksBytes: 4,
  size: 48,
  times: { accessed: 72, modified: 88, changed: 104 },
}
