// The lowering context with the compiled rules, and what rules do not express: addresses.
import { type ExternalName, type Func, I64, type Inst, Op, type Signature, type Value } from '@k23/ir'
import { FRAME_SLOT, type TargetIsa, type VCode } from '@k23/machinst'
import { X64Ctx } from '../context.ts'
import { emit } from '../insts/index.ts'
import type { Gpr, Mem } from '../insts/index.ts'
import * as T from '../table.ts'

export type RootMatcher = (cx: X64Lower, inst: Inst) => boolean

export class X64Lower extends X64Ctx {
  private readonly rules: RootMatcher

  constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array, rules: RootMatcher) {
    super(isa, func, v, features, settings)
    this.rules = rules
  }

  match(inst: Inst): boolean {
    this.mem.clear()
    return this.rules(this, inst)
  }

  /** Whether anyone asks for the result of the instruction being lowered. */
  hasUser(): boolean {
    return this.hasUse(this.func.result(this.current as Inst))
  }

  // ---- addresses: base + index * 2 ** shift + offset. Only 64-bit additions are looked through, so that no sum wraps where it did not in CLIF.

  /** Memory operand for the address in `p` plus `offset`, which may be past the displacements in the second half of an access. */
  address(p: Value, offset: number): Mem {
    if (offset !== (offset | 0)) return this.at(this.two(emit.addq_rr, this.g(p), this.li(offset | 0, 0)), 0)
    let at = p
    let disp = offset
    for (let d = this.sumOf(at); d !== -1; d = this.sumOf(at)) {
      const k = this.addend(d, disp)
      if (k === undefined) return this.sum(d, disp)
      disp = k.disp
      at = k.rest
    }
    const d = this.defOf[at]
    if (d !== -1 && this.func.op[d] === Op.stack_addr) {
      const f = this.func
      const total = this.frame.slotOffsets[f.imm0[d]] + f.imm1[d] + disp
      if (total === (total | 0)) return this.frameSlot(FRAME_SLOT, total)
    }
    return this.at(this.g(at), disp)
  }

  /** The 64-bit addition that defines a value, or -1. */
  private sumOf(x: Value): Inst | -1 {
    const d = this.defOf[x]
    return d !== -1 && this.func.op[d] === Op.iadd && this.func.ctrl[d] === I64 ? (d as Inst) : -1
  }

  /** An addition of a constant that fits the displacement: what remains. */
  private addend(sum: Inst, disp: number): { rest: Value; disp: number } | undefined {
    const f = this.func
    for (let i = 0; i < 2; i++) {
      const k = this.constantOf(f.arg(sum, i))
      if (k === -1 || f.imm1[k] !== f.imm0[k] >> 31) continue
      const total = disp + f.imm0[k]
      if (total === (total | 0)) return { rest: f.arg(sum, 1 - i), disp: total }
    }
    return undefined
  }

  /** Both operands of an addition as base and index. */
  private sum(sum: Inst, offset: number): Mem {
    const f = this.func
    let base = f.arg(sum, 0)
    let index = f.arg(sum, 1)
    let disp = offset
    if (this.scaleOf(index) === -1 && this.scaleOf(base) !== -1) [base, index] = [index, base]
    // (x + k) + y: the constant goes into the displacement
    const inner = this.sumOf(base)
    const k = inner === -1 ? undefined : this.addend(inner, disp)
    if (k !== undefined) {
      base = k.rest
      disp = k.disp
    }
    const scale = this.scaleOf(index)
    if (scale === -1) return this.indexed(this.g(base), this.g(index), 0, disp)
    return this.indexed(this.g(base), this.g(f.arg(scale, 0)), f.imm0[this.constantOf(f.arg(scale, 1))], disp)
  }

  /** The shift to the left by 1 to 3 that defines a 64-bit value, or -1. */
  private scaleOf(x: Value): Inst | -1 {
    const f = this.func
    const d = this.defOf[x]
    if (d === -1 || f.op[d] !== Op.ishl || f.ctrl[d] !== I64) return -1
    const k = this.constantOf(f.arg(d as Inst, 1))
    return k !== -1 && f.imm0[k] >= 1 && f.imm0[k] <= 3 && f.imm1[k] === 0 ? (d as Inst) : -1
  }

  /** The address of a thread's copy of `symbol`, by the call of the general dynamic model. */
  callOfTls(sig: Signature, symbol: ExternalName): Gpr {
    const result = this.genCallOf(sig, { name: symbol, colocated: false }, () => []) as Gpr
    const { data } = this.words
    data[this.variableAt] = (data[this.variableAt] & ~0xffff) | T.TLS_GD
    return result
  }

  // ---- constants

  /** The constant in `x`, where it fits the sign-extended 32-bit immediate of an instruction on `bits` bits; else undefined. */
  imm32(x: Value): number | undefined {
    const k = this.constantOf(x)
    if (k === -1) return undefined
    const lo = this.func.imm0[k]
    return this.func.ctrl[k] !== I64 || this.func.imm1[k] === lo >> 31 ? lo : undefined
  }
}
