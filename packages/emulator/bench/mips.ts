// Instructions per second of the direct evaluator: node packages/emulator/bench/mips.ts
//
// Kernels are written with the row encoder, so that what is measured does not depend on our own compiler. x64-mips.ts has the same ones for x64.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { assemble, type Line } from '../test/assemble.ts'
import { measure } from './measure.ts'

/** Iterative Fibonacci modulo 2^64: add, mv, branch. */
const fibonacci: Line[] = [
  ['addi', 'a1', 'zero', 0],
  ['addi', 'a2', 'zero', 1],
  '.loop',
  ['add', 'a3', 'a1', 'a2'],
  ['addi', 'a1', 'a2', 0],
  ['addi', 'a2', 'a3', 0],
  ['addi', 'a0', 'a0', -1],
  ['bne', 'a0', 'zero', '.loop'],
  ['addi', 'a0', 'a1', 0],
  ['jalr', 'zero', 'ra', 0],
]

/** A 64-bit mixing generator: shifts, xors, multiplication. */
const mix: Line[] = [
  ['lui', 'a4', 0x12345],
  ['addi', 'a4', 'a4', 0x679],
  ['slli', 'a4', 'a4', 7],
  ['addi', 'a4', 'a4', 1],
  ['addi', 'a1', 'zero', 77],
  '.loop',
  ['slli', 'a2', 'a1', 13],
  ['xor', 'a1', 'a1', 'a2'],
  ['srli', 'a2', 'a1', 7],
  ['xor', 'a1', 'a1', 'a2'],
  ['mul', 'a1', 'a1', 'a4'],
  ['sltu', 'a3', 'a1', 'a2'],
  ['add', 'a1', 'a1', 'a3'],
  ['addi', 'a0', 'a0', -1],
  ['bne', 'a0', 'zero', '.loop'],
  ['addi', 'a0', 'a1', 0],
  ['jalr', 'zero', 'ra', 0],
]

/** Sums 1,024 bytes over and over, and stores running sums: loads, stores, 32-bit arithmetic. */
const sum: Line[] = [
  ['addi', 'sp', 'sp', -2048],
  '.outer',
  ['addi', 'a1', 'sp', 0],
  ['addi', 'a2', 'sp', 1024],
  '.loop',
  ['lbu', 'a3', 'a1', 0],
  ['lw', 'a4', 'a1', 0],
  ['addw', 'a3', 'a3', 'a4'],
  ['sw', 'a1', 'a3', 1024],
  ['addi', 'a1', 'a1', 4],
  ['bltu', 'a1', 'a2', '.loop'],
  ['addi', 'a0', 'a0', -1],
  ['bne', 'a0', 'zero', '.outer'],
  ['addi', 'sp', 'sp', 2047],
  ['addi', 'sp', 'sp', 1],
  ['jalr', 'zero', 'ra', 0],
]

/** Recursive Fibonacci: calls, returns, stack. */
const recursive: Line[] = [
  '.fib',
  ['addi', 'a1', 'zero', 2],
  ['blt', 'a0', 'a1', '.leaf'],
  ['addi', 'sp', 'sp', -32],
  ['sd', 'sp', 'ra', 24],
  ['sd', 'sp', 's0', 16],
  ['sd', 'sp', 's1', 8],
  ['addi', 's0', 'a0', 0],
  ['addi', 'a0', 'a0', -1],
  ['jal', 'ra', '.fib'],
  ['addi', 's1', 'a0', 0],
  ['addi', 'a0', 's0', -2],
  ['jal', 'ra', '.fib'],
  ['add', 'a0', 'a0', 's1'],
  ['ld', 'ra', 'sp', 24],
  ['ld', 's0', 'sp', 16],
  ['ld', 's1', 'sp', 8],
  ['addi', 'sp', 'sp', 32],
  '.leaf',
  ['jalr', 'zero', 'ra', 0],
]

const F = (n: number): number => (64 + n) * 2

/** x = x * c + d in doubles: multiplication, addition, a load and a store each round. */
const doubles: Line[] = [
  ['addi', 'a1', 'zero', 3],
  ['fcvt_d_l', F(0), 'a1', 0],
  ['addi', 'a1', 'zero', 10],
  ['fcvt_d_l', F(1), 'a1', 0],
  ['fdiv_d', F(2), F(0), F(1), 0],
  '.loop',
  ['fmul_d', F(3), F(3), F(2), 7],
  ['fadd_d', F(3), F(3), F(0), 7],
  ['fsd', 'sp', F(3), -8],
  ['fld', F(3), 'sp', -8],
  ['addi', 'a0', 'a0', -1],
  ['bne', 'a0', 'zero', '.loop'],
  ['jalr', 'zero', 'ra', 0],
]

const kernels: readonly [name: string, program: Line[], argument: number][] = [
  ['fibonacci', fibonacci, 8_000_000],
  ['mix', mix, 4_000_000],
  ['sum', sum, 20_000],
  ['recursive', recursive, 28],
  ['doubles', doubles, 2_000_000],
]

measure(
  createRiscv64Machine(),
  kernels.map(([name, program, argument]) => [name, assemble(program), argument]),
)
