// Where new instructions go: the base of the generated builder methods.
import { NONE } from '@k23/entity'
import type { Block, Inst, SigRef, Value } from '../entities.ts'
import type { Func } from '../function.ts'
import type { Type } from '../types.ts'

/** An empty argument list. */
export const NO_ARGS: readonly Value[] = []

/** Inserts instructions at the end of a block, or before an instruction. */
export abstract class InstInserter {
  readonly func: Func
  /** Block that instructions are appended to. */
  block: Block | -1 = NONE
  /** Instruction that new ones go before; -1 appends to `block`. */
  before: Inst | -1 = NONE
  /** Source location of new instructions, -1 for none. */
  srcloc = -1

  constructor(func: Func) {
    this.func = func
  }

  /** From now on instructions go to the end of `block`. */
  atEnd(block: Block): this {
    this.block = block
    this.before = NONE
    return this
  }
  /** From now on instructions go before `inst`, in the order in which they are made. */
  atInst(inst: Inst): this {
    this.block = this.func.instBlock[inst] as Block
    this.before = inst
    return this
  }

  /** Inserts an instruction without results. */
  insert(op: number, ctrl: Type, args: number, imm0: number, imm1: number): Inst {
    const f = this.func
    const inst = f.makeInst(op, ctrl, args, imm0, imm1)
    f.srcloc[inst] = this.srcloc
    if (this.before === NONE) f.appendInst(inst, this.block as Block)
    else f.insertInstBefore(inst, this.before)
    return inst
  }
  /** Inserts an instruction with one result. */
  insert1(op: number, ctrl: Type, args: number, imm0: number, imm1: number, result: Type): Value {
    return this.func.appendResult(this.insert(op, ctrl, args, imm0, imm1), result)
  }
  /** Inserts an instruction with two results. */
  insert2(op: number, ctrl: Type, args: number, imm0: number, imm1: number, first: Type, second: Type): Inst {
    const inst = this.insert(op, ctrl, args, imm0, imm1)
    this.func.appendResult(inst, first)
    this.func.appendResult(inst, second)
    return inst
  }
  /** Inserts a call with the results of a signature. */
  insertCall(op: number, ctrl: Type, args: number, imm0: number, imm1: number, sig: SigRef): Inst {
    const inst = this.insert(op, ctrl, args, imm0, imm1)
    for (const r of this.func.signatures[sig].returns) this.func.appendResult(inst, r.type)
    return inst
  }
  /** Inserts the last instruction of a block. */
  insertTerminator(op: number, ctrl: Type, args: number, imm0: number, imm1: number): Inst {
    return this.insert(op, ctrl, args, imm0, imm1)
  }

  protected calleeAndArgs(callee: Value, args: ArrayLike<Value>): number {
    const pool = this.func.pool
    const list = pool.alloc(args.length + 1)
    pool.data[list] = callee
    for (let i = 0; i < args.length; i++) pool.data[list + 1 + i] = args[i]
    return list
  }
}
