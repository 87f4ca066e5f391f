// Functions of programs, in CLIF: what Routine has, and calls by name, addresses of symbols, system calls. Everything is an i64.
import { Routine, type Var } from '@k23/codegen'
import { abiParam, I16, I32, I64, I8, type IntCC, type Signature, ULT, type Value } from '@k23/ir'
import { SYSCALL } from './symbols.ts'
import type { LinuxAbi, SyscallName } from './abi.ts'

/** A value, or a constant. */
export type Word = Value | bigint

export function wordSignature(params: number, results: number): Signature {
  const words = (n: number): Signature['params'] => Array.from({ length: n }, () => abiParam(I64))
  return { params: words(params), returns: words(results), callConv: 'system_v' }
}

export class ProgramRoutine extends Routine {
  private readonly linux: LinuxAbi

  /** Of words, unless a signature says otherwise. */
  constructor(name: string, params: number, results: number, linux: LinuxAbi, signature?: Signature) {
    super(name, signature ?? wordSignature(params, results))
    this.linux = linux
  }

  /** Calls a function of words; its result, if `results` is 1. */
  call(name: string, args: readonly Word[], results = 1): Value {
    const f = this.b.importFunction({ kind: 'testcase', name }, wordSignature(args.length, results), true)
    const inst = this.ins.call(
      f,
      args.map((a) => this.word(a)),
    )
    return results === 0 ? (-1 as Value) : this.func.result(inst, 0)
  }

  /** The address of a symbol of the program, or of a place behind it. */
  address(name: string, offset = 0): Value {
    const gv = this.b.createGlobalValue({
      kind: 'symbol',
      name: { kind: 'testcase', name },
      offset: BigInt(offset),
      colocated: true,
      tls: false,
    })
    return this.ins.symbol_value(I64, gv)
  }

  /** A system call; its result is below zero for an error. */
  syscall(name: SyscallName, ...args: readonly Word[]): Value {
    const all: Word[] = [BigInt(this.linux.syscalls[name]), ...args]
    while (all.length < 7) all.push(0n)
    return this.call(SYSCALL, all)
  }

  // ---- memory of other widths, as words

  u32(at: Value, offset = 0): Value {
    return this.ins.uextend(I64, this.load(I32, at, offset))
  }
  i32(at: Value, offset = 0): Value {
    return this.ins.sextend(I64, this.load(I32, at, offset))
  }
  u16(at: Value, offset = 0): Value {
    return this.ins.uextend(I64, this.load(I16, at, offset))
  }
  u8(at: Value, offset = 0): Value {
    return this.ins.uextend(I64, this.load(I8, at, offset))
  }
  u64(at: Value, offset = 0): Value {
    return this.load(I64, at, offset)
  }
  set64(x: Word, at: Value, offset = 0): void {
    this.store(this.word(x), at, offset)
  }
  set32(x: Word, at: Value, offset = 0): void {
    this.store(this.ins.ireduce(I32, this.word(x)), at, offset)
  }
  set16(x: Word, at: Value, offset = 0): void {
    this.store(this.ins.ireduce(I16, this.word(x)), at, offset)
  }
  set8(x: Word, at: Value, offset = 0): void {
    this.store(this.ins.ireduce(I8, this.word(x)), at, offset)
  }

  // ---- arithmetic with constants

  plus(x: Value, y: Word): Value {
    return typeof y === 'bigint' ? this.ins.iadd_imm(x, y) : this.ins.iadd(x, y)
  }
  and(x: Value, y: Word): Value {
    return typeof y === 'bigint' ? this.ins.band_imm(x, y) : this.ins.band(x, y)
  }
  /** 1 or 0. */
  is(cc: IntCC, x: Value, y: Word): Value {
    return this.bool(this.icmp(cc, x, y))
  }

  /** While `from` is below `end`, counting up: the body gets the number. */
  count(end: Value, body: (i: Value) => void): void {
    const i = this.variable(this.i64(0))
    this.loop(
      () => this.icmp(ULT, i.get(), end),
      () => {
        body(i.get())
        this.add(i, 1n)
      },
    )
  }

  word(x: Word): Value {
    return typeof x === 'bigint' ? this.i64(x) : x
  }

  add(v: Var, by: Word): void {
    v.set(this.ins.iadd(v.get(), this.word(by)))
  }
}
