// The lowering context with the compiled rules.
import { type Func, I128, type Inst, opFlags, opName, SIDE_EFFECTS } from '@k23/ir'
import type { TargetIsa, VCode } from '@k23/machinst'
import { RvCtx } from '../context.ts'

export type RootMatcher = (cx: RiscvLower, inst: Inst) => boolean

export class RiscvLower extends RvCtx {
  private readonly rules: RootMatcher

  constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array, rules: RootMatcher) {
    super(isa, func, v, features, settings)
    this.rules = rules
  }

  match(inst: Inst): boolean {
    return this.rules(this, inst)
  }

  override lowerSpecial(inst: Inst): boolean {
    const { op, ctrl } = this.func
    if (ctrl[inst] === I128 && (opFlags[op[inst]] & SIDE_EFFECTS) !== 0)
      this.unsupported(`${opName[op[inst]]}.i128`, 'riscv64 accesses 64 bits at once at most: take a lock')
    return false
  }
}
