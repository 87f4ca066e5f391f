// The abstract builder that instruction semantics are written against.
//
// Problem: the meaning of an instruction is needed several times (direct evaluation, a slow oracle, translation to WebAssembly, checks of the
// row's declared roles), and must be written once.
// Idea: a body describes one instruction by calling operations on values whose representation it does not know. The operations are
// WebAssembly's own, so they are total (but for division, below) and exactly defined, and every evaluator can offer them.
//
// Contract of a body, in this order:
//   1. reads of registers, fields and state;
//   2. loads, then stores and traps: the first that fails ends the instruction, and nothing of it has happened;
//   3. one parallel commit: all set*() take effect together, with values from before it;
//   4. at most one terminator.
// Each exit is therefore precise without bookkeeping. A body never branches in TypeScript on operands: a field is a value, not a number, so
// one body per mnemonic can be generated ahead of time.

import type { FloatFormat, FloatOp } from '../float/operations.ts'

/** How a builder represents values. */
export interface Types {
  i32: unknown
  i64: unknown
}

/** Integer operations that exist at both widths. Shift counts are taken modulo the width, comparisons give 0 or 1. */
export interface IntOps<T extends Types, V> {
  add(a: V, b: V): V
  sub(a: V, b: V): V
  mul(a: V, b: V): V
  /** Not total: the divisor is not zero, and not -1 under the most negative dividend. Bodies select another divisor first. */
  div_s(a: V, b: V): V
  div_u(a: V, b: V): V
  rem_s(a: V, b: V): V
  rem_u(a: V, b: V): V
  and(a: V, b: V): V
  or(a: V, b: V): V
  xor(a: V, b: V): V
  shl(a: V, count: V): V
  shr_s(a: V, count: V): V
  shr_u(a: V, count: V): V
  rotl(a: V, count: V): V
  rotr(a: V, count: V): V
  clz(a: V): V
  ctz(a: V): V
  popcnt(a: V): V
  extend8_s(a: V): V
  extend16_s(a: V): V
  eqz(a: V): T['i32']
  eq(a: V, b: V): T['i32']
  ne(a: V, b: V): T['i32']
  lt_s(a: V, b: V): T['i32']
  lt_u(a: V, b: V): T['i32']
  ge_s(a: V, b: V): T['i32']
  ge_u(a: V, b: V): T['i32']
  /** `condition != 0 ? a : b`; both are evaluated. */
  select(condition: T['i32'], a: V, b: V): V
}

export interface I32Ops<T extends Types> extends IntOps<T, T['i32']> {
  const(n: number): T['i32']
  wrap_i64(a: T['i64']): T['i32']
}

export interface I64Ops<T extends Types> extends IntOps<T, T['i64']> {
  /** Sign-extended from a safe integer. */
  const(n: number): T['i64']
  extend_i32_s(a: T['i32']): T['i64']
  extend_i32_u(a: T['i32']): T['i64']
  /** High halves of the 128-bit product (the second results of WebAssembly's i64.mul_wide_s and i64.mul_wide_u). */
  mul_high_s(a: T['i64'], b: T['i64']): T['i64']
  mul_high_u(a: T['i64'], b: T['i64']): T['i64']
}

/** Integer operations on values, the same for every ISA. */
export interface IntegerArithmetic<T extends Types> {
  readonly i32: I32Ops<T>
  readonly i64: I64Ops<T>
}

/** Operations on values, without registers: what parts of bodies need that are shared with the lanes of vectors. */
export interface Arithmetic<T extends Types> extends IntegerArithmetic<T> {
  /**
   * Floating-point arithmetic on register contents (float/operations.ts), exact by IEEE 754 in value and exceptions; not WebAssembly's, which
   * has neither rounding modes nor flags. `rounding` is an rm field; a reserved mode is an illegal instruction. Exceptions accrue with the commit.
   */
  float(op: FloatOp, format: FloatFormat, rounding: T['i32'], ...operands: T['i64'][]): T['i64']
}

/** What the lanes of a vector instruction compute with, beside their elements. */
export interface LaneBuilder<T extends Types> extends Arithmetic<T> {
  /** The rounding mode of fcsr; checked before the first lane. */
  frm(): T['i32']
  /** The fixed-point rounding mode, 0..3. */
  vxrm(): T['i32']
  /** Sets vxsat if `condition` is not 0. */
  saturated(condition: T['i32']): void
}

export type AccessSize = 1 | 2 | 4 | 8

/** State beside registers. resHi:resLo is the address of a load reservation plus its size; 0 is none. */
export type StateName = 'reservation'

/** Causes that a body can raise by itself. */
export type ExitName = 'ecall' | 'ebreak' | 'fenceI' | 'hostCall' | 'returned'

export interface Builder<T extends Types> extends Arithmetic<T> {
  // 1. reads
  /** Integer register named by an operand; the zero register reads 0. */
  x(operand: string): T['i64']
  /** Contents of a floating-point register, all 64 bits. */
  f(operand: string): T['i64']
  /** Immediate operand, or any other field, as the row's constructor takes it. */
  imm(operand: string): T['i32']
  /** The hardware number of a register operand. */
  number(operand: string): T['i32']
  /** Address of this instruction. */
  pc(): T['i64']
  /** Address of the next instruction in memory. */
  nextPc(): T['i64']
  state(name: StateName): T['i64']

  // 2. accesses and traps
  /** Little-endian, zero-extended; any alignment. */
  load(size: AccessSize, address: T['i64']): T['i64']
  store(size: AccessSize, address: T['i64'], value: T['i64']): void
  /** Traps where an atomic access would: if not naturally aligned, or not readable, or not writable where it `writes` (as a store then). */
  checkAtomic(size: 4 | 8, address: T['i64'], writes: boolean): void
  /** Stores unless `condition` is 0. */
  storeIf(condition: T['i32'], size: AccessSize, address: T['i64'], value: T['i64']): void
  /** Value of a control register; an illegal instruction if there is none, or if `writes` is not 0 and it is read-only. */
  csrRead(csr: T['i32'], writes: T['i32']): T['i64']

  // 3. commit
  setX(operand: string, value: T['i64']): void
  setF(operand: string, value: T['i64']): void
  setState(name: StateName, value: T['i64']): void
  /** Follows a csrRead of the same register; `condition` 0 leaves it alone. */
  csrWrite(csr: T['i32'], value: T['i64'], condition: T['i32']): void

  // 4. terminators
  /** To pc plus an immediate operand. */
  jump(offset: string): void
  branch(condition: T['i32'], offset: string): void
  jumpIndirect(target: T['i64']): void
  exit(name: ExitName): void
}

/** One lane: elements a (vs2), b (vs1, a scalar or an immediate) and d (vd), extended to 64 bits as the instruction has it, floats as in registers
 * (boxed); `carry` is the bit of v0; the low bits of the result are the element. */
export type LaneBody = <T extends Types>(
  b: LaneBuilder<T>,
  lane: { readonly a: T['i64']; readonly b: T['i64']; readonly d: T['i64']; readonly carry: T['i32'] },
) => T['i64']

/** The semantics of one instruction. */
export type Body = <T extends Types>(b: Builder<T>) => void

/** Bodies by row id. */
export type SemanticsTable = Readonly<Record<string, Body>>
