// The lowering context with the compiled rules, and what rules do not express: stack limits, opcodes that are a side table's business.
import {
  type Block,
  type Func,
  type GlobalValue,
  I128,
  type Inst,
  type MemFlags,
  memTrapCode,
  NOTRAP,
  Op,
  opFlags,
  opName,
  SIDE_EFFECTS,
  TRAP_HEAP_OUT_OF_BOUNDS,
  TRAP_STACK_OVERFLOW,
} from '@k23/ir'
import { operand, FIXED, CLASS_INT } from '@k23/regalloc'
import type { TargetIsa, VCode } from '@k23/machinst'
import { emit, Opc } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { loadRow, RvCtx } from '../context.ts'
import { SP_WORD } from '../registers.ts'
import * as T from '../table.ts'

export type RootMatcher = (cx: RiscvLower, inst: Inst) => boolean

/** Bytes of frame for which a leaf function does not check the stack limit. */
const UNCHECKED_FRAME = 4096
/** A virtual register takes at most one slot. */
const SPILL_BYTES = 16

export class RiscvLower extends RvCtx {
  private readonly rules: RootMatcher

  constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array, rules: RootMatcher) {
    super(isa, func, v, features, settings)
    this.rules = rules
  }

  match(inst: Inst): boolean {
    return this.rules(this, inst)
  }

  lowerSpecial(inst: Inst): boolean {
    const { op, ctrl } = this.func
    if (op[inst] === Op.get_exception_handler_address) return this.handlerAddress(inst)
    if (ctrl[inst] === I128 && (opFlags[op[inst]] & SIDE_EFFECTS) !== 0)
      this.unsupported(`${opName[op[inst]]}.i128`, 'riscv64 accesses 64 bits at once at most: take a lock')
    return false
  }

  private handlerAddress(inst: Inst): boolean {
    const f = this.func
    const block = this.handlerBlock(f.imm0[inst] as Block, f.imm1[inst])
    if (block === -1) this.unsupported('the address of a handler that is not reachable', 'remove it')
    const d = this.tx()
    this.words.push(T.BLOCK_ADDR | (3 << 16))
    this.words.push(d)
    this.words.push(block)
    this.setResult(inst, d)
    return true
  }

  /** The next instruction accesses memory with these flags. */
  access(flags: MemFlags): void {
    if ((flags & NOTRAP) === 0) this.trapsWith(memTrapCode(flags) || TRAP_HEAP_OUT_OF_BOUNDS)
  }

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
    this.trapIf(Opc.bltu, SP_WORD as XReg, this.globalValue(limit, defs), TRAP_STACK_OVERFLOW)
  }

  /** Register with the value of a global value at function entry; `defs` receives the vmctx argument if no one else asked for it. */
  private globalValue(gv: GlobalValue, defs: number[]): XReg {
    const data = this.func.globalValues[gv]
    switch (data.kind) {
      case 'vmctx':
        return this.vmctx(defs)
      case 'load': {
        const base = this.globalValue(data.base, defs)
        const d = this.tx()
        if (data.offset < -2048 || data.offset > 2047)
          this.unsupported('a global value with a large offset', 'keep offsets below 2 KiB')
        loadRow(data.type)(this, d as never, base, data.offset)
        return d
      }
      case 'iadd_imm': {
        const base = this.globalValue(data.base, defs)
        const k = BigInt.asIntN(64, data.offset)
        return this.rrr(emit.add, base, this.li(Number(BigInt.asIntN(32, k)), Number(k >> 32n)))
      }
      default:
        return this.unsupported(`global value ${data.kind} as a stack limit`, 'use vmctx, load or iadd_imm')
    }
  }

  private vmctx(defs: number[]): XReg {
    const f = this.func
    const i = f.signature.params.findIndex((p) => p.purpose === 'vmctx')
    if (i < 0) this.unsupported('vmctx without a vmctx parameter', 'declare one parameter as vmctx')
    const entry = f.firstBlock as number
    const x = f.param(entry as never, i)
    const part = this.abi.args[i].parts[0]
    if (this.hasUse(x) || part.reg === -1) return this.x(x)
    const r = this.x(x)
    if (!defs.includes(r)) defs.push(r, operand(1, 1, CLASS_INT, FIXED, part.reg))
    return r
  }
}
