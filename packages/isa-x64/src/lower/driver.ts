// The lowering context with the compiled rules, and what rules do not express: addresses, stack limits, opcodes that are a side table's business.
import {
  type Block,
  type ExternalName,
  type Func,
  type GlobalValue,
  I32,
  I64,
  type Inst,
  type MemFlags,
  memTrapCode,
  NOTRAP,
  Op,
  type Signature,
  TRAP_HEAP_OUT_OF_BOUNDS,
  TRAP_STACK_OVERFLOW,
  type Value,
} from '@k23/ir'
import { FRAME_SLOT, type TargetIsa, type VCode } from '@k23/machinst'
import { CLASS_INT, FIXED, operand } from '@k23/regalloc'
import { X64Ctx } from '../context.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Mem } from '../insts/index.ts'
import { RSP_WORD } from '../registers.ts'
import * as T from '../table.ts'

export type RootMatcher = (cx: X64Lower, inst: Inst) => boolean

/** Bytes of frame for which a leaf function does not check the stack limit. */
const UNCHECKED_FRAME = 4096
/** A virtual register takes at most one slot. */
const SPILL_BYTES = 16

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

  lowerSpecial(inst: Inst): boolean {
    if (this.func.op[inst] !== Op.get_exception_handler_address) return false
    const f = this.func
    const block = this.handlerBlock(f.imm0[inst] as Block, f.imm1[inst])
    if (block === -1) this.unsupported('the address of a handler that is not reachable', 'remove it')
    const d = this.tg()
    this.words.push(T.BLOCK_ADDR | (3 << 16))
    this.words.push(d)
    this.words.push(block)
    this.setResult(inst, d)
    return true
  }

  /** The next instruction accesses memory with these flags, on behalf of `inst`. */
  access(flags: MemFlags, inst: Inst = this.current as Inst): void {
    if ((flags & NOTRAP) === 0) this.trapsWith(memTrapCode(flags) || TRAP_HEAP_OUT_OF_BOUNDS, inst)
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

  // ---- entry

  /**
   * Stack check: the frame is made already, so the stack pointer itself is compared; only saved registers lie below the old one. A function that calls
   * nothing and has a small frame is not checked: whoever sets the limit leaves UNCHECKED_FRAME below it.
   */
  protected override lowerEntryExtra(defs: number[]): void {
    const limit = this.func.stackLimit
    if (limit === undefined) return
    const { hasCalls, slotBytes } = this.frame
    if (!hasCalls && slotBytes + this.v.numVRegs * SPILL_BYTES <= UNCHECKED_FRAME) return
    this.frame.needsFrame = true
    this.mem.clear()
    const r = this.globalValue(limit, defs)
    emit.cmpq_rr(this, RSP_WORD as Gpr, r)
    this.trapIf(CC.b, TRAP_STACK_OVERFLOW)
  }

  /** Register with the value of a global value at function entry; `defs` receives the vmctx argument if no one else asked for it. */
  private globalValue(gv: GlobalValue, defs: number[]): Gpr {
    const data = this.func.globalValues[gv]
    switch (data.kind) {
      case 'vmctx':
        return this.vmctx(defs)
      case 'load': {
        const base = this.globalValue(data.base, defs)
        return this.load(data.type === I32 ? emit.movl_rm : emit.movq_rm, this.at(base, data.offset))
      }
      case 'iadd_imm': {
        const base = this.globalValue(data.base, defs)
        const k = BigInt.asIntN(64, data.offset)
        const lo = Number(BigInt.asIntN(32, k))
        if (BigInt(lo) === k) return this.load(emit.leaq_rm, this.at(base, lo))
        return this.two(emit.addq_rr, base, this.li(lo, Number(k >> 32n)))
      }
      default:
        return this.unsupported(`global value ${data.kind} as a stack limit`, 'use vmctx, load or iadd_imm')
    }
  }

  private vmctx(defs: number[]): Gpr {
    const f = this.func
    const i = f.signature.params.findIndex((p) => p.purpose === 'vmctx')
    if (i < 0) this.unsupported('vmctx without a vmctx parameter', 'declare one parameter as vmctx')
    const entry = f.firstBlock as number
    const x = f.param(entry as never, i)
    const part = this.abi.args[i].parts[0]
    if (this.hasUse(x) || part.reg === -1) return this.g(x)
    const r = this.g(x)
    if (!defs.includes(r)) defs.push(r, operand(1, 1, CLASS_INT, FIXED, part.reg))
    return r
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
