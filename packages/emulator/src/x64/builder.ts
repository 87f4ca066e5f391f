// The builder that bodies of x64 instructions are written against: the integer operations of semantics/builder.ts, and x64's registers, flags,
// memory operands and vectors. The contract of a body is the one that stands there: reads, accesses and traps, one commit, one terminator.
//
// Operands are called as in the rows: dst, src, a, b, imm, cc, label, mem, and by the register's name where it is implied (rax). Bodies of the
// vector unit (vector/) have operands d, a, b, c instead, whatever form of the instruction they serve.

import type { AccessSize, IntegerArithmetic, Types } from '../semantics/builder.ts'
import type { X86FloatOp } from '../float/x86.ts'
import type { LazyFlags, Width } from './flags.ts'

export type X64Exit = 'illegal' | 'breakpoint' | 'syscall'

/** What a function over the elements of vectors reads: the elements with one number. */
export interface Lane<T extends Types> {
  /** Elements of up to 32 bits, zero-extended or sign-extended. */
  u(operand: string): T['i32']
  s(operand: string): T['i32']
  /** Elements of 64 bits. */
  q(operand: string): T['i64']
}

export interface FlagOptions<T extends Types> {
  readonly when?: T['i32']
  /** Flags that have no defined value afterwards, beside those in the mask. */
  readonly undefined?: number
  /** Flags of the mask that have none where the condition is not 0. */
  readonly undefinedIf?: readonly [mask: number, condition: T['i32']]
}

export interface StringResult<T extends Types> {
  readonly index: T['i32']
  /** The mask of 128 bits. */
  readonly low: T['i64']
  readonly high: T['i64']
  readonly flags: T['i32']
}

export interface X64Builder<T extends Types> extends IntegerArithmetic<T> {
  // 1. reads
  /** A general register, all of it. */
  r64(operand: string): T['i64']
  /** Its low half. */
  r32(operand: string): T['i32']
  rsp(): T['i64']
  rbp(): T['i64']
  imm(operand: string): T['i32']
  /** An immediate of 64 bits. */
  imm64(operand: string): T['i64']
  /** Address of the next instruction in memory. */
  nextPc(): T['i64']
  /** Address of the memory operand; `popped`: as if rsp were 8 higher. */
  address(popped?: boolean): T['i64']
  /** CF or OF: 0 or 1. */
  flag(name: 'c' | 'o'): T['i32']
  /** Whether the condition holds whose number the immediate is. */
  condition(operand: string): T['i32']
  /** Instructions executed before this one, as a clock. */
  clock(): T['i64']

  /** What cpuid says of a leaf and subleaf: eax, ebx, ecx, edx. */
  cpuid(leaf: T['i32'], subleaf: T['i32']): readonly [T['i32'], T['i32'], T['i32'], T['i32']]

  // Functions of their own, total
  /** Compares a and b as the immediate says (strings.ts), with lengths, or up to the first zero. */
  compareStrings(lengths: readonly [T['i32'], T['i32']] | undefined): StringResult<T>
  /** hi:lo divided; `fails` is 1 where the quotient does not fit or the divisor is 0, and the others mean nothing then. */
  divide(
    signed: boolean,
    hi: T['i64'],
    lo: T['i64'],
    by: T['i64'],
  ): { readonly quotient: T['i64']; readonly remainder: T['i64']; readonly fails: T['i32'] }
  /** Low bits of a spread to the places of the ones in mask, and back. */
  deposit(a: T['i64'], mask: T['i64']): T['i64']
  extract(a: T['i64'], mask: T['i64']): T['i64']
  /** A CRC-32C after more bytes. */
  crc32c(crc: T['i32'], data: T['i64'], bytes: AccessSize): T['i32']
  /** Floating-point arithmetic on bits (float/x86.ts); `bits` is the width of the operands. */
  float(op: X86FloatOp, bits: 16 | 32 | 64, ...operands: T['i64'][]): T['i64']

  // 2. accesses and traps
  /** Little-endian, zero-extended; any alignment. */
  load(size: AccessSize, address: T['i64']): T['i64']
  store(size: AccessSize, address: T['i64'], value: T['i64']): void
  /** 16 bytes, as a low and a high half. */
  load128(address: T['i64']): readonly [low: T['i64'], high: T['i64']]
  store128(address: T['i64'], low: T['i64'], high: T['i64']): void
  /** Traps unless the address is a multiple of the size. */
  checkAligned(size: 16, address: T['i64']): void
  /** Divide error, unless `condition` is 0. */
  divideErrorIf(condition: T['i32']): void

  // 3. commit
  set64(operand: string, value: T['i64']): void
  /** The upper half becomes zero. */
  set32(operand: string, value: T['i32']): void
  /** Only the low 8 or 16 bits change. */
  setLow(operand: string, bits: 8 | 16, value: T['i32']): void
  setRsp(value: T['i64']): void
  setRbp(value: T['i64']): void
  /** All flags, as flags.ts defines them for an operation; unless `when` is given and 0. Values are zero-extended from the width. */
  setFlags(
    kind: LazyFlags,
    width: Width,
    a: T['i64'],
    b: T['i64'],
    options?: { readonly carry?: T['i32']; readonly when?: T['i32'] },
  ): void
  /** Single flags, at their places in RFLAGS: those in `mask` become those of `value`; the others stay. Nothing happens where `when` is given and 0. */
  setFlagBits(mask: number, value: T['i32'], options?: FlagOptions<T>): void

  // Elements of vectors: number 0 is the lowest. Narrow ones are zero-extended when read.
  lane(operand: string, bits: 8 | 16 | 32, number: number): T['i32']
  lane64(operand: string, number: number): T['i64']
  /** An element whose number is a value, below the number of elements. */
  laneAt(operand: string, bits: 8 | 16 | 32, number: T['i32']): T['i32']
  lane64At(operand: string, number: T['i32']): T['i64']
  setLane(operand: string, bits: 8 | 16 | 32, number: number, value: T['i32']): void
  setLane64(operand: string, number: number, value: T['i64']): void
  /** Every element of d: element i is `f` of the elements i. A body that maps writes nothing else. */
  map(bits: 8 | 16 | 32, f: (lane: Lane<T>, number: T['i32']) => T['i32']): void
  map64(f: (lane: Lane<T>, number: T['i32']) => T['i64']): void

  // 4. terminators
  jump(label: string): void
  branch(condition: T['i32'], label: string): void
  jumpIndirect(target: T['i64']): void
  exit(name: X64Exit): void
}

/** The semantics of one instruction. */
export type X64Body = <T extends Types>(b: X64Builder<T>) => void

/** Bodies by row id. */
export type X64SemanticsTable = Readonly<Record<string, X64Body>>
