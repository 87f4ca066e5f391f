// A lowering context for tests: emission is recorded as text, and every instruction without side effects, or loading, may be looked through.
import { Func, type Inst, type Signature, type Value } from '@k23/ir'
import { Handles, type MatchContext } from '@k23/rules'
import type { Amode } from './riscv-like.ts'

export class TestContext implements MatchContext {
  func: Func
  defOf: Int32Array = new Int32Array(0)
  features: Int32Array = new Int32Array(2)
  settings: Int32Array = new Int32Array(1)
  handles: Handles = new Handles()
  terms: { amode: Amode } = { amode: () => -1 }
  /** What was emitted. */
  log: string[] = []
  /** 0 while nothing is recorded: for benchmarks. */
  emitted = 0
  record = true
  result = -1
  sinking = true

  constructor(func: Func = new Func({ kind: 'user', namespace: 0, index: 0 } as never, {} as Signature)) {
    this.func = func
  }

  /** Looks through everything that `pure` accepts. */
  analyse(pure: (op: number) => boolean): void {
    const f = this.func
    this.defOf = new Int32Array(f.numValues).fill(-1)
    for (let i = 0; i < f.numInsts; i++)
      if (pure(f.op[i])) for (let r = 0; r < f.numResults(i as Inst); r++) this.defOf[f.result(i as Inst, r)] = i
  }
  canSink(inst: Inst): boolean {
    return this.sinking && (inst & 1) === 0
  }
  setResult(_inst: Inst, out: number): void {
    this.result = out
  }
  use(v: Value): number {
    return v
  }
  sink(inst: Inst): number {
    return inst
  }
  emit(op: string, a = 0, b = 0, c = 0, d = 0, e = 0): number {
    if (this.record) this.log.push(`${op} ${a} ${b} ${c} ${d} ${e}`)
    return this.emitted++
  }
  effect(op: string, a = 0, b = 0, c = 0, d = 0, e = 0): void {
    this.emit(op, a, b, c, d, e)
  }
}
