// Functions of programs, in CLIF: what Routine has, and calls by name, addresses of symbols, system calls. Everything is an i64.
import { Routine, type Var } from '@k23/codegen'
import { abiParam, I64, type Signature, type Value } from '@k23/ir'
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

  constructor(name: string, params: number, results: number, linux: LinuxAbi) {
    super(name, wordSignature(params, results))
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

  word(x: Word): Value {
    return typeof x === 'bigint' ? this.i64(x) : x
  }

  add(v: Var, by: Word): void {
    v.set(this.ins.iadd(v.get(), this.word(by)))
  }
}
