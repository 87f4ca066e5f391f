// Lowering: CLIF to VCode, backwards.
//
// Problem: an instruction should be chosen knowing who uses its result, and code for values that patterns swallowed should not exist.
// Idea (Cranelift's): walk the blocks and their instructions from last to first. An instruction is lowered if it has an effect or if
// something lowered before it (later in the program) asked for one of its results; a pattern that looks through to a definition simply never
// asks for it. Constants are made again at each use: that costs an instruction and saves a register.
//
// Each CLIF instruction appends its machine instructions, in forward order, to a scratch stream as one segment; in the end segments are
// copied in reverse, which puts everything in program order.
//
// The registers of a value exist from its first use on (valueReg); the instruction that defines it is lowered later and may compute into
// another register: then the value's register becomes an alias of that one. Aliases are resolved while copying.
//
// Invariants: argument lists hold no value aliases (resolved at the start); what `defOf` names may be executed at any later point of the
// program without changing what is observed; a sunk load is not lowered by itself.
import { I32Vec, NONE } from '@k23/entity'
import {
  type Block,
  branchTargets,
  CAN_LOAD,
  CAN_STORE,
  CAN_TRAP,
  CALL,
  type Func,
  type Inst,
  isValueArg,
  NOTRAP,
  Op,
  opFlags,
  opName,
  RETURN,
  SIDE_EFFECTS,
  TERMINATOR,
  type Type,
  typeName,
  type Value,
} from '@k23/ir'
import type { MatchContext } from '@k23/rules'
import { ENTRY_STUB } from './block-order.ts'
import type { TargetIsa } from './isa.ts'
import { LowerCalls } from './lower-calls.ts'
import type { VCode } from './vcode.ts'

/** Opcode effects that forbid looking through to an instruction. */
const NOT_PURE = TERMINATOR | CALL | RETURN | SIDE_EFFECTS | CAN_TRAP | CAN_LOAD | CAN_STORE
/** Opcode effects for which an instruction is kept though nothing uses its results. */
const KEEP = TERMINATOR | CALL | RETURN | SIDE_EFFECTS | CAN_TRAP | CAN_STORE

export abstract class LowerCtx extends LowerCalls implements MatchContext {
  /** 1 for an instruction merged into another one. */
  private readonly sunk: Uint8Array
  /** Use count of each value (2 = many) and, of each instruction, how many effects come before it (its colour), where the ISA sinks loads. */
  private useCount: Uint8Array = new Uint8Array(0)
  private colour: Int32Array = new Int32Array(0)
  private currentColour = 0
  /** Block boundaries as segment numbers. */
  private readonly blockSeg: I32Vec = new I32Vec(16)

  protected constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array) {
    super(isa, func, v, features, settings)
    this.sunk = new Uint8Array(func.numInsts)
  }

  /** The compiled rules. */
  abstract match(inst: Inst): boolean
  /** What neither a rule nor the shared part makes of an opcode. */
  lowerSpecial(_inst: Inst): boolean {
    return false
  }

  /** A load is an effect itself, which may trap: where it is the last one before the instruction being lowered, it can move there. */
  canSink(inst: Inst): boolean {
    if (!this.isa.sinksLoads) return false
    const r = this.func.result(inst)
    return (
      this.useCount[r] === 1 &&
      this.colour[inst] + 1 === this.currentColour &&
      this.valueReg[r] === -1 &&
      this.sunk[inst] === 0
    )
  }

  /** Merges a load into the instruction being lowered. */
  sink(inst: Inst): void {
    this.sunk[inst] = 1
  }

  // ---- the walk

  /** Lowers the whole function into `v`. */
  lower(): void {
    this.prepare()
    const f = this.func
    const { order } = this
    for (let b = order.count - 1; b >= 0; b--) {
      this.blockSeg.push(this.segEnd.length)
      const clif = order.clif[b]
      if (order.edgeCall[b] === ENTRY_STUB) {
        this.pushJump()
        this.endSegment(-1)
        this.lowerEntry(f.firstBlock as Block, true)
        continue
      }
      if (clif === -1) {
        this.edgeArgs(b)
        this.pushJump()
        this.endSegment(-1)
        continue
      }
      const last = f.lastInst[clif] as Inst
      for (let i = last; (i as number) !== NONE; i = f.prevInst[i] as Inst) this.lowerInst(i, b, i === last)
      if (b === 0) this.lowerEntry(clif as Block, false)
    }
    this.blockSeg.push(this.segEnd.length)
    this.finish()
  }

  private prepare(): void {
    const f = this.func
    const data = f.pool.data
    const sinks = this.isa.sinksLoads
    if (sinks) {
      this.useCount = new Uint8Array(f.numValues)
      this.colour = new Int32Array(f.numInsts)
    }
    let colour = 0
    const calls = new I32Vec()
    for (let b: number = f.firstBlock; b !== NONE; b = f.nextBlock[b]) {
      colour++
      for (let i = f.firstInst[b]; i !== NONE; i = f.nextInst[i]) {
        const args = f.args[i]
        for (let k = args, end = args + f.pool.len(args); k < end; k++) {
          const x = f.resolve(data[k] as Value)
          data[k] = x
          if (sinks) this.countUse(x)
        }
        const op = f.op[i]
        if (sinks) this.colour[i] = colour
        const pure = (opFlags[op] & NOT_PURE) === 0
        if ((pure || (sinks && (opFlags[op] & CAN_LOAD) !== 0)) && f.numResults(i as Inst) === 1) {
          const r = f.result(i as Inst)
          this.defOf[r] = i
          // A block in front of this one may have used it already.
          if (sinks && this.useCount[r] === 2) this.operandsOften(r)
        }
        if (!pure && (opFlags[op] & (CAN_STORE | SIDE_EFFECTS | CALL | CAN_TRAP)) !== 0) colour++
      }
      if (sinks) this.countEdges(f.lastInst[b] as Inst, calls)
    }
    let offset = 0
    for (const slot of f.stackSlots) {
      const align = Math.max(8, 1 << slot.alignShift)
      offset = (offset + align - 1) & -align
      this.frame.slotOffsets.push(offset)
      offset += slot.size
    }
    this.frame.slotBytes = offset
  }

  /** The arguments of a branch's edges are uses as any others. */
  private countEdges(branch: Inst, calls: I32Vec): void {
    const f = this.func
    calls.clear()
    branchTargets(f, branch, calls)
    for (let c = 0; c < calls.length; c++) {
      const args = f.bcArgs[calls.data[c]]
      for (let k = args, end = args + f.pool.len(args); k < end; k++) {
        const arg = f.pool.data[k]
        if (isValueArg(arg)) this.countUse(f.resolve(arg as unknown as Value))
      }
    }
  }

  /** A value used more than once makes its operands used more than once, since patterns may duplicate a pure definition. */
  private countUse(x: number): void {
    const c = this.useCount[x]
    if (c === 2) return
    this.useCount[x] = c + 1
    if (c === 1) this.operandsOften(x)
  }

  private operandsOften(x: number): void {
    const work = [x]
    const f = this.func
    for (let y = work.pop(); y !== undefined; y = work.pop()) {
      const d = this.defOf[y]
      if (d === -1) continue
      for (let k = 0, n = f.numArgs(d as Inst); k < n; k++) {
        const a = f.arg(d as Inst, k)
        if (this.useCount[a] === 2) continue
        this.useCount[a] = 2
        work.push(a)
      }
    }
  }

  private mustKeep(inst: Inst): boolean {
    const op = this.func.op[inst]
    const fl = opFlags[op] & KEEP
    if (fl === 0) return false
    // A plain load that cannot trap has no effect.
    if (fl === CAN_TRAP && (opFlags[op] & CAN_LOAD) !== 0) return (this.func.imm1[inst] & NOTRAP) === 0
    return true
  }

  private lowerInst(inst: Inst, b: number, isLast: boolean): void {
    const f = this.func
    if (this.sunk[inst] !== 0) return
    if (!isLast && !this.mustKeep(inst)) {
      let used = false
      for (let r = 0, n = f.numResults(inst); r < n; r++) if (this.valueReg[f.result(inst, r)] !== -1) used = true
      if (!used) return
    }
    this.current = inst
    this.handles.reset()
    if (this.isa.sinksLoads) this.currentColour = this.colour[inst]
    if (isLast) this.edgeArgs(b)
    if (f.op[inst] === Op.br_table && f.jumpTables[f.imm0[inst]].entries.length === 0) {
      // Only its default: an edge that may lead to a block with other predecessors, before which no scratch register may be written.
      this.pushJump()
    } else if (!this.match(inst) && !this.lowerShared(inst) && !this.lowerSpecial(inst)) {
      this.unsupported(
        `${opName[f.op[inst]]}${f.ctrl[inst] === 0 ? '' : `.${typeName(f.ctrl[inst] as Type)}`}`,
        `${this.isa.name} has no rule for it with these CPU features`,
      )
    }
    this.endSegment(f.srcloc[inst])
  }

  /** What every ISA lowers alike. */
  private lowerShared(inst: Inst): boolean {
    const f = this.func
    switch (f.op[inst]) {
      case Op.jump:
        this.pushJump()
        return true
      case Op.return_:
        this.lowerReturn(inst)
        return true
      case Op.call: {
        const fn = f.extFuncs[f.imm0[inst]]
        this.lowerCall(inst, f.signatures[fn.signature], fn, 0)
        return true
      }
      case Op.call_indirect:
        this.lowerCall(inst, f.signatures[f.imm0[inst]], { reg: this.use(f.arg(inst, 0)) }, 1)
        return true
      case Op.try_call: {
        const fn = f.extFuncs[f.imm0[inst]]
        this.lowerTryCall(inst, f.signatures[fn.signature], fn, 0)
        return true
      }
      case Op.try_call_indirect: {
        const sig = f.signatures[f.exceptionTables[f.imm1[inst]].signature]
        this.lowerTryCall(inst, sig, { reg: this.use(f.arg(inst, 0)) }, 1)
        return true
      }
      case Op.return_call: {
        const fn = f.extFuncs[f.imm0[inst]]
        this.lowerTailCall(inst, f.signatures[fn.signature], fn, 0)
        return true
      }
      case Op.return_call_indirect:
        this.lowerTailCall(inst, f.signatures[f.imm0[inst]], { reg: this.use(f.arg(inst, 0)) }, 1)
        return true
      case Op.stack_switch:
        this.lowerStackSwitch(inst)
        return true
      case Op.get_exception_handler_address:
        this.lowerHandlerAddress(inst)
        return true
      case Op.nop:
        return true
    }
    return false
  }

  /** Asks for the arguments of block `b`'s outgoing edges; the vregs are collected when the edges are written (finish). */
  private edgeArgs(b: number): void {
    const { order, func: f, v } = this
    for (let e = order.succStart[b]; e < order.succStart[b + 1]; e++) {
      const call = order.succCall[e]
      if (call === -1) continue
      const list = f.bcArgs[call]
      const first = v.edgeArgs.length
      for (let k = 0, n = f.pool.len(list); k < n; k++) {
        const x = f.pool.data[list + k]
        const regs = x < 0 ? this.edgeRegs(this.sourceOf(b), x) : this.useAll(f.resolve(x as Value))
        for (const r of regs) v.edgeArgs.push(this.asVirtual(r))
      }
      this.edgeRange.push(e, first, v.edgeArgs.length)
    }
  }

  /** The branch whose edge block `b` is. */
  private sourceOf(b: number): Inst {
    const { order, func } = this
    return func.lastInst[order.clif[order.preds[order.predStart[b]]]] as Inst
  }

  private lowerHandlerAddress(inst: Inst): void {
    const f = this.func
    const block = this.handlerBlock(f.imm0[inst] as Block, f.imm1[inst])
    if (block === -1) this.unsupported('the address of a handler that is not reachable', 'remove it')
    this.setResult(inst, this.genBlockAddr(block))
  }

  /** The VCode block that handler `index` of the `try_call` at the end of `block` begins with, or -1 where it is not reachable. */
  handlerBlock(block: Block, index: number): number {
    const { order } = this
    const b = order.ofClif[block]
    return b === -1 ? -1 : order.succs[order.succStart[b] + 1 + index]
  }

  // ---- writing VCode in program order

  private finish(): void {
    const { v, order, words: stream, isa } = this
    const f = this.func
    const { descStart, descs, flags } = isa.table
    const out = new Int32Array(stream.length)
    const src = stream.data
    let to = 0
    // marks are in ascending stream order; segments are visited in descending order
    const marks = this.trapMarks.data
    const blocks = order.count
    v.numBlocks = blocks
    v.loopDepth = new Uint8Array(blocks)
    v.cold = order.cold
    for (let b = 0; b < blocks; b++) {
      v.blockInsts.push(v.numInsts)
      v.clifBlock.push(order.clif[b])
      // block b was the (blocks - 1 - b)-th to be lowered
      const nth = blocks - 1 - b
      for (let s = this.blockSeg.data[nth + 1] - 1; s >= this.blockSeg.data[nth]; s--) {
        const start = s === 0 ? 0 : this.segEnd.data[s - 1]
        const end = this.segEnd.data[s]
        let mark = this.firstMark(start)
        for (let p = start; p < end; ) {
          const header = src[p]
          const n = header >>> 16
          const opc = header & 0xffff
          let trap = 0
          let srcloc = this.segSrcloc.data[s]
          if (mark < this.trapMarks.length && marks[mark] === p) {
            trap = marks[mark + 1]
            srcloc = marks[mark + 2]
            mark += 3
          }
          v.instAt.push(to)
          v.instSrcloc.push(srcloc)
          v.instTrap.push(trap)
          v.numInsts++
          for (let k = 0; k < n; k++) out[to + k] = src[p + k]
          if ((flags[opc] & 1) !== 0) {
            for (let k = 0, q = to + 3; k < out[to + 2]; k++, q += 2)
              if ((out[q] & 1) !== 0) out[q] = this.resolveReg(out[q] >> 1) * 2 + 1
          } else
            for (let d = descStart[opc]; d < descStart[opc + 1]; d++) {
              const q = to + (descs[d] & 255)
              if ((out[q] & 1) !== 0 && out[q] !== -1) out[q] = this.resolveReg(out[q] >> 1) * 2 + 1
            }
          to += n
          p += n
        }
      }
    }
    v.blockInsts.push(v.numInsts)
    v.words = out.subarray(0, to)
    this.writeEdges(f)
  }

  private firstMark(pos: number): number {
    const m = this.trapMarks
    let lo = 0
    let hi = m.length / 3
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (m.data[mid * 3] < pos) lo = mid + 1
      else hi = mid
    }
    return lo * 3
  }

  private writeEdges(f: Func): void {
    const { v, order } = this
    const n = order.count
    const collected = v.edgeArgs.view().slice()
    v.edgeArgs.clear()
    const edges = order.succs.length
    const from = new Int32Array(edges).fill(-1)
    const till = new Int32Array(edges)
    for (let i = 0; i < this.edgeRange.length; i += 3) {
      from[this.edgeRange[i]] = this.edgeRange[i + 1]
      till[this.edgeRange[i]] = this.edgeRange[i + 2]
    }
    for (let b = 0; b <= n; b++) {
      v.succStart.push(order.succStart[b])
      v.predStart.push(order.predStart[b])
    }
    for (let e = 0; e < edges; e++) {
      v.succs.push(order.succs[e])
      v.preds.push(order.preds[e])
      v.edgeArgStart.push(v.edgeArgs.length)
      if (from[e] !== -1) for (let k = from[e]; k < till[e]; k++) v.edgeArgs.push(this.resolveReg(collected[k]))
    }
    v.edgeArgStart.push(v.edgeArgs.length)
    for (let b = 0; b < n; b++) {
      v.paramStart.push(v.params.length)
      const clif = order.clif[b]
      if (clif === -1 || b === 0) continue
      for (let i = 0; i < f.numParams(clif as Block); i++) {
        const x = f.param(clif as Block, i)
        const first = this.registerOf(x)
        for (let p = 0; p < this.classesOf(f.typeOf(x)).length; p++) v.params.push(first + p)
      }
    }
    v.paramStart.push(v.params.length)
  }
}
