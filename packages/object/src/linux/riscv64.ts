// Linux on riscv64. Sources: the kernel's generic system call table; arch/riscv/include/uapi/asm/ucontext.h and ptrace.h; RISC-V psABI, "Calling Convention".
import { genericStat, genericSyscalls } from './generic-syscalls.ts'
import type { LinuxAbi } from './abi.ts'
import { MAIN, START, STOP, SYSCALL } from './symbols.ts'

const words = (...list: number[]): number[] =>
  list.flatMap((w) => [w & 255, (w >>> 8) & 255, (w >>> 16) & 255, w >>> 24])

export const riscv64: LinuxAbi = {
  syscalls: genericSyscalls,
  stubs: [
    {
      name: START,
      assembly: ['mv a0, sp', 'li s0, 0', 'call k23_main', 'ebreak'],
      bytes: words(0x00010513, 0x00000413, 0x00000097, 0x000080e7, 0x00100073),
      relocs: [{ offset: 8, kind: 'riscv_call_plt', symbol: MAIN, addend: 0 }],
    },
    {
      name: SYSCALL,
      // biome-ignore format: one line
      assembly: ['mv a7, a0', 'mv a0, a1', 'mv a1, a2', 'mv a2, a3', 'mv a3, a4', 'mv a4, a5', 'mv a5, a6', 'ecall', 'ret'],
      // biome-ignore format: one line
      bytes: words(0x00050893, 0x00058513, 0x00060593, 0x00068613, 0x00070693, 0x00078713, 0x00080793, 0x00000073, 0x00008067),
      relocs: [],
    },
    { name: STOP, assembly: ['ebreak', 'ret'], bytes: words(0x00100073, 0x00008067), relocs: [] },
  ],
  restorer: false,
  // pc, then x1 to x31
  context: { offset: 176, bytes: 256, pc: 0, framePointer: 8, register: (n) => 8 * n },
  stopBytes: 4,
  stat: genericStat,
  open: { directory: 0x10000, noFollow: 0x20000 },
}
