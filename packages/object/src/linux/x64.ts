// Linux on x64. Sources: arch/x86/entry/syscalls/syscall_64.tbl; sys/ucontext.h and asm/sigcontext.h; System V ABI, AMD64 supplement, A.2.1 "Calling Conventions".
import type { LinuxAbi } from './abi.ts'
import { MAIN, RESTORER, START, STOP, SYSCALL } from './symbols.ts'

/** Places of rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8-r15 in gregs, which begin with r8-r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip. */
const GREGS: readonly number[] = [13, 14, 12, 11, 15, 10, 9, 8, 0, 1, 2, 3, 4, 5, 6, 7]
const RIP = 16

export const x64: LinuxAbi = {
  // biome-ignore format: table
  syscalls: {
    read: 0, write: 1, pread64: 17, pwrite64: 18, close: 3, lseek: 8, dup3: 292, fcntl: 72, ftruncate: 77, fallocate: 285, fsync: 74, fdatasync: 75,
    fstat: 5, newfstatat: 262, utimensat: 280, openat: 257, mkdirat: 258, unlinkat: 263, renameat2: 316, linkat: 265, symlinkat: 266, readlinkat: 267, getdents64: 217,
    mmap: 9, mprotect: 10, munmap: 11, rt_sigaction: 13, sigaltstack: 131, setitimer: 38,
    clock_gettime: 228, clock_getres: 229, clock_nanosleep: 230, getrandom: 318, sched_yield: 24, exit_group: 231, prctl: 157,
  },
  stubs: [
    {
      name: START,
      assembly: ['mov %rsp, %rdi', 'xor %ebp, %ebp', 'call k23_main', 'ud2'],
      bytes: [0x48, 0x89, 0xe7, 0x31, 0xed, 0xe8, 0, 0, 0, 0, 0x0f, 0x0b],
      relocs: [{ offset: 6, kind: 'x64_call_plt', symbol: MAIN, addend: -4 }],
    },
    {
      name: SYSCALL,
      assembly: [
        'mov %rdi, %rax',
        'mov %rsi, %rdi',
        'mov %rdx, %rsi',
        'mov %rcx, %rdx',
        'mov %r8, %r10',
        'mov %r9, %r8',
        'mov 8(%rsp), %r9',
        'syscall',
        'ret',
      ],
      // biome-ignore format: an instruction each
      bytes: [
        0x48, 0x89, 0xf8,  0x48, 0x89, 0xf7,  0x48, 0x89, 0xd6,  0x48, 0x89, 0xca,  0x4d, 0x89, 0xc2,  0x4d, 0x89, 0xc8,
        0x4c, 0x8b, 0x4c, 0x24, 0x08,  0x0f, 0x05,  0xc3,
      ],
      relocs: [],
    },
    { name: STOP, assembly: ['ud2', 'ret'], bytes: [0x0f, 0x0b, 0xc3], relocs: [] },
    { name: RESTORER, assembly: ['mov $15, %eax', 'syscall'], bytes: [0xb8, 15, 0, 0, 0, 0x0f, 0x05], relocs: [] },
  ],
  restorer: true,
  // uc_mcontext; err and cr2, behind the registers, say what a memory fault was
  context: { offset: 40, bytes: 23 * 8, pc: 8 * RIP, framePointer: 5, register: (n) => 8 * GREGS[n] },
  stopBytes: 2,
  // asm/stat.h
  stat: {
    bytes: 144,
    inode: 8,
    mode: 24,
    links: 16,
    linksBytes: 8,
    size: 48,
    times: { accessed: 72, modified: 88, changed: 104 },
  },
  open: { directory: 0x10000, noFollow: 0x20000 },
}
