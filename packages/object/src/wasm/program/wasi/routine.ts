// Functions of WASI as programs have them: C functions of the module's import, with pointers into memory 0.
import { cSignature } from '../../calls.ts'
import * as abi from '@k23/frontend-wasm/runtime-abi'
import { type Func, I32, SLT, type Type, UGE, UGT, type Value } from '@k23/ir'
import { INSTANCE, type Plan } from '../../plan.ts'
import { type Builder, RuntimeRoutine } from '../runtime.ts'
import { ERRNO_COUNT, ERRNO_TABLE, FAULT, IO } from './errno.ts'

/** Parameter types by a letter each: i an i32, I an i64. */
export type Shape = string

/** What a function does with its arguments, all words; it ends by succeed() or fail(), or by not returning. */
export type Body = (r: WasiRoutine) => void

export interface Row {
  readonly name: string
  readonly params: Shape
  /** False for proc_exit, which gives nothing back. */
  readonly result?: false
  readonly body: Body
}

export class WasiRoutine extends RuntimeRoutine {
  private readonly plan: Plan
  /** Parameters, 32-bit ones zero-extended. */
  readonly params: readonly Value[]

  constructor(name: string, shape: Shape, plan: Plan, b: Builder, hasResult = true) {
    const types = [...shape].map((c) => (c === 'i' ? abi.I32 : abi.I64))
    super(name, 0, 0, b, cSignature({ params: types, results: hasResult ? [abi.I32] : [] }))
    this.plan = plan
    this.params = this.args.map((a) => (this.func.typeOf(a) === I32 ? this.ins.uextend(this.wordType, a) : a))
  }

  private get wordType(): Type {
    return this.func.typeOf(this.i64(0))
  }

  succeed(): void {
    this.return(this.ins.iconst(I32, 0))
  }
  /** Ends with an error of WASI's. */
  failWith(errno: bigint): void {
    this.return(this.ins.iconst(I32, errno))
  }
  failIf(condition: Value, errno: bigint): void {
    this.when(condition, () => this.failWith(errno))
  }
  /** A system call that must not fail: its error is the function's. */
  must(result: Value): Value {
    this.when(this.icmp(SLT, result, 0n), () => {
      const number = this.ins.ineg(result)
      this.failIf(this.icmp(UGE, number, BigInt(ERRNO_COUNT)), IO)
      this.return(this.ins.ireduce(I32, this.u8(this.plus(this.address(ERRNO_TABLE), number))))
    })
    return result
  }
  /** The address of n bytes of the module's memory; ends with FAULT where they are not all in it. */
  guest(at: Value, n: Value | bigint): Value {
    const bytes = this.word(n)
    const d = this.memory()
    const length = this.u64(d, abi.MEMORY_LENGTH)
    const outside = this.ins.bor(this.is(UGT, bytes, length), this.is(UGT, at, this.ins.isub(length, bytes)))
    this.failIf(outside, FAULT)
    return this.plus(this.u64(d, abi.MEMORY_BASE), at)
  }
  private memory(): Value {
    const { info, layout } = this.plan
    const at = this.address(INSTANCE, layout.memories[0])
    return info.numImportedMemories === 0 ? at : this.u64(at)
  }
}

export function wasiFunction(row: Row, symbol: string, plan: Plan, b: Builder): Func {
  const r = new WasiRoutine(symbol, row.params, plan, b, row.result !== false)
  row.body(r)
  if (!r.b.isFilled()) {
    if (row.result === false) r.return()
    else r.succeed()
  }
  return r.done()
}
