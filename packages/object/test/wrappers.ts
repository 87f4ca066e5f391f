// Assembly beside the C of the unwinding tests: `wrapper(code, a, b)` calls code(a, b) with a known value in every callee-saved register, and says in its own
// unwind table where it keeps its caller's.

export interface Wrapper {
  readonly assembly: string
  /** DWARF numbers and values of the callee-saved registers during the call. */
  readonly saved: readonly (readonly [register: number, value: number])[]
  /** Statement in C that puts a breakpoint at `at`. */
  readonly breakpoint: string
  /** Bytes of it, and by how much the program counter is behind it when the signal comes. */
  readonly bytes: number
  readonly behind: number
  /** The program counter in `ucontext_t *u`. */
  readonly pc: string
}

const value = (i: number): number => 0x5a00_0100 + i

function riscv64(): Wrapper {
  const names = ['s0', ...Array.from({ length: 11 }, (_, i) => `s${i + 1}`)]
  const numbers = [8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27]
  const lines = [
    'addi sp, sp, -128',
    '.cfi_def_cfa_offset 128',
    'sd ra, 120(sp)',
    '.cfi_offset ra, -8',
    ...names.flatMap((n, i) => [`sd ${n}, ${112 - 8 * i}(sp)`, `.cfi_offset ${n}, ${-16 - 8 * i}`]),
    ...names.map((n, i) => `li ${n}, ${value(i)}`),
    'mv t0, a0',
    'mv a0, a1',
    'mv a1, a2',
    'jalr t0',
    ...names.map((n, i) => `ld ${n}, ${112 - 8 * i}(sp)`),
    'ld ra, 120(sp)',
    'addi sp, sp, 128',
    'ret',
  ]
  return {
    assembly: procedure(lines),
    saved: numbers.map((n, i) => [n, value(i)]),
    breakpoint: '*(unsigned short *)at = 0x9002;',
    bytes: 2,
    behind: 0,
    pc: 'u->uc_mcontext.__gregs[0]',
  }
}

function x64(): Wrapper {
  const names = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']
  const numbers = [3, 6, 12, 13, 14, 15]
  const lines = [
    ...names.flatMap((n, i) => [`push %${n}`, `.cfi_def_cfa_offset ${16 + 8 * i}`, `.cfi_offset ${n}, ${-16 - 8 * i}`]),
    'sub $8, %rsp',
    '.cfi_def_cfa_offset 64',
    ...names.map((n, i) => `mov $${value(i)}, %${n}`),
    'mov %rdi, %rax',
    'mov %rsi, %rdi',
    'mov %rdx, %rsi',
    'call *%rax',
    'add $8, %rsp',
    ...[...names].reverse().map((n) => `pop %${n}`),
    'ret',
  ]
  return {
    assembly: procedure(lines),
    saved: numbers.map((n, i) => [n, value(i)]),
    breakpoint: '*(unsigned char *)at = 0xcc;',
    bytes: 1,
    behind: 1,
    pc: 'u->uc_mcontext.gregs[REG_RIP]',
  }
}

function procedure(lines: readonly string[]): string {
  const head = ['.text', '.globl wrapper', '.type wrapper, @function', 'wrapper:', '.cfi_startproc']
  const tail = ['.cfi_endproc', '.size wrapper, . - wrapper', '.section .note.GNU-stack,"",@progbits']
  return `${[...head, ...lines, ...tail].join('\n')}\n`
}

export const wrappers: Readonly<Record<string, Wrapper>> = { riscv64: riscv64(), x64: x64() }
