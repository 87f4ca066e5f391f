// Instructions per second of x64's direct evaluator: node packages/emulator/bench/x64-mips.ts
import { createX64Machine } from '@k23/emulator/x64'
import { CC } from '@k23/isa-x64/insts'
import { assemble, at, type Line, RAX, RBX, RCX, RDI, RDX, RSI, RSP, xmm } from '../test/x64-assemble.ts'
import { measure } from './measure.ts'

/** Iterative Fibonacci modulo 2^64: add, mov, branch. */
const fibonacci: Line[] = [
  ['movl_ri', RAX, 0],
  ['movl_ri', RCX, 1],
  '.loop',
  ['leaq_rm', RDX, RAX, RCX, 0, 0],
  ['movq_rr', RAX, RCX],
  ['movq_rr', RCX, RDX],
  ['subq_ri', RDI, RDI, 1],
  ['jcc', '.loop', CC.ne],
  ['ret'],
]

/** A 64-bit mixing generator: shifts, xors, multiplication. */
const mix: Line[] = [
  ['movabsq_ri', RSI, 0x19abcdef, 0x12345679],
  ['movl_ri', RAX, 77],
  '.loop',
  ['movq_rr', RCX, RAX],
  ['shlq_ri', RCX, RCX, 13],
  ['xorq_rr', RAX, RAX, RCX],
  ['movq_rr', RCX, RAX],
  ['shrq_ri', RCX, RCX, 7],
  ['xorq_rr', RAX, RAX, RCX],
  ['imulq_rr', RAX, RAX, RSI],
  ['cmpq_rr', RAX, RCX],
  ['adcq_ri', RAX, RAX, 0],
  ['subq_ri', RDI, RDI, 1],
  ['jcc', '.loop', CC.ne],
  ['ret'],
]

/** Sums 1,024 bytes over and over, and stores running sums: loads, stores, 32-bit arithmetic. */
const sum: Line[] = [
  ['subq_ri', RSP, RSP, 2048],
  '.outer',
  ['movl_ri', RCX, 0],
  '.loop',
  ['movzbl_rm', RAX, RSP, RCX, 0, 0],
  ['addl_rm', RAX, RAX, RSP, RCX, 0, 0],
  ['movl_mr', RAX, RSP, RCX, 0, 1024],
  ['addq_ri', RCX, RCX, 4],
  ['cmpq_ri', RCX, 1024],
  ['jcc', '.loop', CC.b],
  ['subq_ri', RDI, RDI, 1],
  ['jcc', '.outer', CC.ne],
  ['addq_ri', RSP, RSP, 2048],
  ['ret'],
]

/** Recursive Fibonacci: calls, returns, stack. */
const recursive: Line[] = [
  '.fib',
  ['cmpq_ri', RDI, 2],
  ['jcc', '.more', CC.ge],
  ['movq_rr', RAX, RDI],
  ['ret'],
  '.more',
  ['pushq_r', RBX],
  ['pushq_r', RDI],
  ['subq_ri', RDI, RDI, 1],
  ['call', '.fib'],
  ['movq_rr', RBX, RAX],
  ['popq_r', RDI],
  ['subq_ri', RDI, RDI, 2],
  ['call', '.fib'],
  ['addq_rr', RAX, RAX, RBX],
  ['popq_r', RBX],
  ['ret'],
]

/** x = x * c + d in doubles: multiplication, addition, a load and a store each round. */
const doubles: Line[] = [
  ['movl_ri', RAX, 3],
  ['xorps_rr', xmm(0), xmm(0), xmm(0)],
  ['xorps_rr', xmm(2), xmm(2), xmm(2)],
  ['xorps_rr', xmm(3), xmm(3), xmm(3)],
  ['cvtsi2sdq_rr', xmm(0), xmm(0), RAX],
  ['cvtsi2sdq_rr', xmm(2), xmm(2), RSP],
  ['divsd_rr', xmm(2), xmm(2), xmm(2)],
  '.loop',
  ['mulsd_rr', xmm(3), xmm(3), xmm(2)],
  ['addsd_rr', xmm(3), xmm(3), xmm(0)],
  ['movsd_mr', xmm(3), ...at(RSP, -8)],
  ['movsd_rm', xmm(3), ...at(RSP, -8)],
  ['subq_ri', RDI, RDI, 1],
  ['jcc', '.loop', CC.ne],
  ['ret'],
]

const kernels: readonly (readonly [name: string, program: Line[], argument: number])[] = [
  ['fibonacci', fibonacci, 8_000_000],
  ['mix', mix, 4_000_000],
  ['sum', sum, 20_000],
  ['recursive', recursive, 28],
  ['doubles', doubles, 2_000_000],
]

measure(
  createX64Machine(),
  kernels.map(([name, program, argument]) => [name, assemble(program), argument]),
)
