// Writing guest routines: structured control flow and short names over the function builder. A routine is a CLIF function under the symbol that the
// C world knows it by, in the convention system_v.
import {
  Func,
  FunctionBuilder,
  I128,
  I64,
  I8,
  type InstBuilder,
  type IntCC,
  memFlags,
  NOTRAP,
  type Signature,
  type Type,
  type Value,
} from '@k23/ir'

/** A variable that loops and branches assign. */
export interface Var {
  get(): Value
  set(x: Value): void
}

export class Routine {
  readonly func: Func
  readonly b: FunctionBuilder
  readonly ins: InstBuilder
  readonly args: readonly Value[]
  private readonly flags = memFlags(NOTRAP)

  constructor(name: string, signature: Signature) {
    this.func = new Func({ kind: 'testcase', name }, signature)
    this.b = new FunctionBuilder(this.func)
    this.ins = this.b.ins
    const entry = this.b.createBlock()
    this.b.appendBlockParamsForFunctionParams(entry)
    this.b.switchToBlock(entry)
    this.b.sealBlock(entry)
    this.args = this.b.blockParams(entry)
  }

  done(): Func {
    this.b.finalize()
    return this.func
  }

  // ---- constants and memory

  i64(x: number | bigint): Value {
    return this.ins.iconst(I64, x)
  }
  i128(x: bigint): Value {
    return this.ins.iconcat(this.i64(BigInt.asIntN(64, x)), this.i64(BigInt.asIntN(64, x >> 64n)))
  }
  load(t: Type, at: Value, offset = 0): Value {
    return this.ins.load(t, this.flags, at, offset)
  }
  store(x: Value, at: Value, offset = 0): void {
    this.ins.store(this.flags, x, at, offset)
  }
  /** The byte at an address, as i64. */
  byte(at: Value): Value {
    return this.ins.uextend(I64, this.load(I8, at))
  }

  // ---- values of any width

  halves(x: Value): [lo: Value, hi: Value] {
    const inst = this.ins.isplit(x)
    return [this.func.result(inst, 0), this.func.result(inst, 1)]
  }
  /** x << n, x >> n for a known n. */
  shl(x: Value, n: number): Value {
    return this.ins.ishl_imm(x, n)
  }
  shr(x: Value, n: number): Value {
    return this.ins.ushr_imm(x, n)
  }
  /** A truth value as 0 or 1 of another type. */
  bool(x: Value, t: Type = I64): Value {
    return this.ins.uextend(t, x)
  }
  icmp(cc: IntCC, x: Value, y: Value | bigint): Value {
    return this.ins.icmp(cc, x, typeof y === 'bigint' ? this.like(x, y) : y)
  }
  private like(x: Value, y: bigint): Value {
    return this.func.typeOf(x) === I128 ? this.i128(y) : this.ins.iconst(this.func.typeOf(x), y)
  }

  // ---- control

  variable(init: Value): Var {
    const v = this.b.declareVar(this.func.typeOf(init))
    this.b.defVar(v, init)
    return { get: () => this.b.useVar(v), set: (x) => this.b.defVar(v, x) }
  }

  /** Runs `then` where the condition is not zero, else `otherwise`; either may return. */
  when(c: Value, then: () => void, otherwise?: () => void): void {
    const { b } = this
    const yes = b.createBlock()
    const after = b.createBlock()
    const no = otherwise === undefined ? after : b.createBlock()
    b.ins.brif(c, yes, [], no, [])
    const arm = (block: typeof yes, body: () => void): void => {
      b.sealBlock(block)
      b.switchToBlock(block)
      body()
      if (!b.isFilled()) b.ins.jump(after)
    }
    arm(yes, then)
    if (otherwise !== undefined) arm(no, otherwise)
    b.sealBlock(after)
    b.switchToBlock(after)
  }

  /** While the condition, made anew each time, is not zero. */
  loop(condition: () => Value, body: () => void): void {
    const { b } = this
    const head = b.createBlock()
    const inside = b.createBlock()
    const after = b.createBlock()
    b.ins.jump(head)
    b.switchToBlock(head)
    b.ins.brif(condition(), inside, [], after, [])
    b.sealBlock(inside)
    b.switchToBlock(inside)
    body()
    b.ins.jump(head)
    b.sealBlock(head)
    b.sealBlock(after)
    b.switchToBlock(after)
  }

  /** Runs the body `n` times. */
  times(n: number, body: () => void): void {
    const i = this.variable(this.i64(n))
    this.loop(
      () => i.get(),
      () => {
        body()
        i.set(this.ins.iadd_imm(i.get(), -1))
      },
    )
  }

  return(...values: Value[]): void {
    this.ins.return(values)
  }
}
