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
import { bug, I32Vec, NONE } from '@k23/entity'
import {
  type Block,
  CAN_LOAD,
  CAN_STORE,
  CAN_TRAP,
  CALL,
  type ExternalName,
  type Func,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  NOTRAP,
  Op,
  opFlags,
  opName,
  RETURN,
  SIDE_EFFECTS,
  type Signature,
  TERMINATOR,
  type Type,
  typeName,
  type Value,
} from '@k23/ir'
import { FIXED, operand, type PRegSet, REG } from '@k23/regalloc'
import { Handles, type MatchContext } from '@k23/rules'
import { type AbiPart, type AbiSignature, type AbiSlot, FRAME_INCOMING, FRAME_OUTGOING, FRAME_TAIL, type FrameRequest } from './abi.ts'
import { type BlockOrder, computeBlockOrder, ENTRY_STUB } from './block-order.ts'
import type { CallSiteInfo } from './call-info.ts'
import { P_ARGS, P_CALL, P_CALL_IND, P_JUMP, P_RETS, P_TAIL_CALL, P_TAIL_CALL_IND } from './inst-table.ts'
import type { TargetIsa } from './isa.ts'
import type { VCode } from './vcode.ts'
import { LowerError } from './lower-error.ts'

/** Opcode effects that forbid looking through to an instruction. */
const NOT_PURE = TERMINATOR | CALL | RETURN | SIDE_EFFECTS | CAN_TRAP | CAN_LOAD | CAN_STORE
/** Opcode effects for which an instruction is kept though nothing uses its results. */
const KEEP = TERMINATOR | CALL | RETURN | SIDE_EFFECTS | CAN_TRAP | CAN_STORE

/** Bytes of the largest structure that is passed by value. */
const MAX_STRUCT = 1024

/** The generated matchers of an ISA: by root opcode; false where no rule matches. */
export type Matcher = (cx: never, inst: Inst) => boolean

export abstract class LowerCtx implements MatchContext {
  readonly func: Func
  readonly v: VCode
  readonly isa: TargetIsa
  /** MatchContext: value -> instruction that patterns may look through to, or -1. */
  readonly defOf: Int32Array
  readonly features: Int32Array
  readonly settings: Int32Array
  readonly handles: Handles = new Handles()
  /** The stream that emitters append to. */
  readonly words: I32Vec = new I32Vec(1024)
  readonly abi: AbiSignature
  readonly frame: FrameRequest

  /** First virtual register of each value, -1 until used. Several-register values have consecutive ones. */
  private readonly valueReg: Int32Array
  /** Register word that a virtual register stands for, -1 for itself. */
  private alias: Int32Array = new Int32Array(64).fill(-1)
  /** 1 for an instruction merged into another one. */
  private readonly sunk: Uint8Array
  /** Loads: use count (2 = many) and colour of side effects, where the ISA sinks loads. */
  private useCount: Uint8Array = new Uint8Array(0)
  private colour: Int32Array = new Int32Array(0)
  private currentColour = 0

  // Segments of the scratch stream: start, end, source location; block boundaries as segment numbers.
  private readonly segEnd: I32Vec = new I32Vec(64)
  private readonly segSrcloc: I32Vec = new I32Vec(64)
  private readonly blockSeg: I32Vec = new I32Vec(16)
  /** Pairs (stream position, trap code). */
  private readonly trapMarks: I32Vec = new I32Vec(16)
  private retAreaReg = -1
  private order: BlockOrder
  private clobberIds: Map<string, number> = new Map()
  private current: Inst | -1 = NONE

  protected constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array) {
    this.isa = isa
    this.func = func
    this.v = v
    this.features = features
    this.settings = settings
    this.defOf = new Int32Array(func.numValues).fill(-1)
    this.valueReg = new Int32Array(func.numValues).fill(-1)
    this.sunk = new Uint8Array(func.numInsts)
    this.abi = isa.abi(func.signature)
    this.order = computeBlockOrder(func)
    this.frame = {
      slotOffsets: [],
      slotBytes: 0,
      outgoingBytes: 0,
      tailArgBytes: 0,
      hasCalls: false,
      usesIncoming: this.abi.stackArgBytes !== 0,
      needsFrame: false,
    }
  }

  // ---- what an ISA adds

  /** The compiled rules. */
  abstract match(inst: Inst): boolean
  /** Register classes of a value of this type, one per register. */
  abstract classesOf(type: Type): readonly number[]
  /** Type of part `i` of a value of this type. */
  abstract partType(type: Type, i: number): Type
  /** Makes a constant; returns its register, or a handle where it takes several. */
  abstract genConstant(inst: Inst): number
  abstract genMove(dst: number, src: number, cls: number): void
  /** dst = the bits of src, between register classes (an argument in a register of another class). */
  abstract genTransfer(dst: number, src: number, type: Type): void
  /** Extends the low bits of a register to 64. */
  abstract genExtend(src: number, type: Type, signed: boolean): number
  abstract genFrameLoad(dst: number, kind: number, offset: number, type: Type): void
  abstract genFrameStore(src: number, kind: number, offset: number, type: Type): void
  /** dst = frame address. */
  abstract genFrameAddr(dst: number, kind: number, offset: number): void
  abstract genLoad(dst: number, base: number, offset: number, type: Type): void
  abstract genStore(src: number, base: number, offset: number, type: Type): void
  /** The branch of a table or of anything else that the rules cannot make; called for opcodes without a match. */
  abstract lowerSpecial(inst: Inst): boolean

  // ---- for emitters

  /** A fresh virtual register of a class, as a register word. */
  temp(cls: number): number {
    const v = this.v
    const n = v.numVRegs++
    if (n >= v.vregClass.length) {
      const next = new Uint8Array(v.vregClass.length * 2)
      next.set(v.vregClass)
      v.vregClass = next
    }
    if (n >= this.alias.length) {
      const next = new Int32Array(this.alias.length * 2).fill(-1)
      next.set(this.alias)
      this.alias = next
    }
    v.vregClass[n] = cls
    return n * 2 + 1
  }

  /** The register of a one-register value, as an operand. A constant is made here and now. */
  use(x: Value): number {
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) return this.genConstant(d as Inst)
    return this.registerOf(x) * 2 + 1
  }

  /** Register `i` of a value that has several. */
  usePart(x: Value, i: number): number {
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) {
      const made = this.genConstant(d as Inst)
      return this.classesOf(this.func.typeOf(x)).length === 1 ? made : this.handles.get(made, i)
    }
    return (this.registerOf(x) + i) * 2 + 1
  }

  /** All registers of a value, in order. */
  useAll(x: Value): number[] {
    const n = this.classesOf(this.func.typeOf(x)).length
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) {
      const made = this.genConstant(d as Inst)
      if (n === 1) return [made]
      return Array.from({ length: n }, (_, i) => this.handles.get(made, i))
    }
    const first = this.registerOf(x)
    return Array.from({ length: n }, (_, i) => (first + i) * 2 + 1)
  }

  canSink(inst: Inst): boolean {
    if (!this.isa.sinksLoads) return false
    const r = this.func.result(inst)
    return (
      this.useCount[r] === 1 &&
      this.colour[inst] === this.currentColour &&
      this.valueReg[r] === -1 &&
      this.sunk[inst] === 0
    )
  }

  /** Merges a load into the instruction being lowered. */
  sink(inst: Inst): void {
    this.sunk[inst] = 1
  }

  /** The next word pushed begins an instruction that traps with `code` (memory accesses, traps by the hardware). */
  trapsWith(code: number): void {
    this.trapMarks.push(this.words.length)
    this.trapMarks.push(code)
  }

  /** MatchContext. */
  setResult(inst: Inst, out: number): void {
    const f = this.func
    const n = f.numResults(inst)
    if (n === 1) {
      const x = f.result(inst)
      if (this.classesOf(f.typeOf(x)).length === 1) this.bindPart(x, 0, out)
      else for (let i = 0; i < this.classesOf(f.typeOf(x)).length; i++) this.bindPart(x, i, this.handles.get(out, i))
      return
    }
    let at = out
    for (let r = 0; r < n; r++) {
      const x = f.result(inst, r)
      const parts = this.classesOf(f.typeOf(x)).length
      for (let i = 0; i < parts; i++) this.bindPart(x, i, this.handles.get(at++, 0))
    }
  }

  /** Error for what this back end does not lower. */
  unsupported(what: string, mend: string): never {
    throw new LowerError(what, mend, this.func, this.current)
  }

  hasUse(x: Value): boolean {
    return this.valueReg[x] !== -1
  }

  // ---- calls and returns

  private clobberSet(set: PRegSet): number {
    const key = set.join()
    let id = this.clobberIds.get(key)
    if (id === undefined) {
      id = this.v.clobberSets.push(set) - 1
      this.clobberIds.set(key, id)
    }
    return id
  }

  /** Emits a call; returns the handle of all result registers in order (or undefined where there are none). */
  genCall(
    sig: Signature,
    callee: { name: ExternalName; colocated: boolean } | { reg: number },
    args: readonly Value[],
  ): number | undefined {
    const abi = this.isa.abi(sig)
    const words: number[] = []
    if ('reg' in callee) words.push(callee.reg, operand(0, 0, 0, REG))
    this.frame.hasCalls = true
    this.frame.outgoingBytes = Math.max(this.frame.outgoingBytes, abi.stackArgBytes + abi.retAreaBytes)
    const fixed: number[] = []
    for (let i = 0; i < args.length; i++) {
      const slot = abi.args[i]
      if (slot.param.purpose === 'sarg') this.copyStruct(this.use(args[i]), slot.parts[0].offset, slot.param.sargBytes)
      else this.passSlot(slot, args[i], FRAME_OUTGOING, 0, fixed)
    }
    if (abi.retArea !== undefined) {
      const area = this.temp(0)
      this.genFrameAddr(area, FRAME_OUTGOING, abi.stackArgBytes)
      this.passArg(abi.retArea, area, FRAME_OUTGOING, 0, fixed)
    }
    words.push(...fixed)
    const results: number[] = []
    const loads: { reg: number; part: AbiPart }[] = []
    for (const slot of abi.rets)
      for (const part of slot.parts) {
        const cls = this.classesOf(part.type)[0]
        const r = this.temp(cls)
        results.push(r)
        if (part.reg === -1) loads.push({ reg: r, part })
        else words.push(r, operand(1, 1, cls, FIXED, part.reg))
      }
    const info: CallSiteInfo = {
      callee: 'reg' in callee ? undefined : callee.name,
      colocated: 'reg' in callee ? false : callee.colocated,
      clobbers: this.clobberSet(this.clobbersWithoutDefs(sig, abi)),
      stackArgBytes: abi.stackArgBytes,
      calleePops: abi.calleePops,
    }
    const at = this.v.calls.push(info) - 1
    this.pushVariable('reg' in callee ? P_CALL_IND : P_CALL, at, words)
    for (const { reg, part } of loads)
      this.genFrameLoad(reg, FRAME_OUTGOING, abi.stackArgBytes + part.offset, part.type)
    if (results.length === 0) return undefined
    if (results.length === 1) return results[0]
    const h = this.handles.room(results.length)
    for (let i = 0; i < results.length; i++) this.handles.words[h + i] = results[i]
    return h
  }

  private clobbersWithoutDefs(sig: Signature, abi: AbiSignature): PRegSet {
    const set = this.isa.callClobbers(sig).slice()
    for (const slot of abi.rets) for (const p of slot.parts) if (p.reg !== -1) set[p.reg >> 5] &= ~(1 << (p.reg & 31))
    return set
  }

  /** All registers of an argument to where the callee expects them; stack arguments go to `kind`, their offsets moved by `bias`. */
  private passSlot(slot: AbiSlot, x: Value, kind: number, bias: number, fixed: number[]): void {
    const regs = this.useAll(x)
    for (let p = 0; p < slot.parts.length; p++) {
      const part = slot.parts[p]
      let r = regs[p]
      if (slot.param.extension !== 'none') r = this.genExtend(r, part.type, slot.param.extension === 'sext')
      this.passArg(part, r, kind, bias, fixed)
    }
  }

  /** A structure passed by value: its bytes become stack arguments. */
  private copyStruct(from: number, to: number, size: number): void {
    if (size > MAX_STRUCT) this.unsupported(`a structure argument of ${size} bytes`, `pass structures over ${MAX_STRUCT} bytes by reference`)
    for (let at = 0, n = 8; at < size; at += n) {
      while (n > size - at) n >>= 1
      const t = this.temp(0)
      const type = n === 8 ? I64 : n === 4 ? I32 : n === 2 ? I16 : I8
      this.genLoad(t, from, at, type)
      this.genFrameStore(t, FRAME_OUTGOING, to + at, type)
    }
  }

  /**
   * Lowers `return_call` and `return_call_indirect`: arguments to registers and into the area of the incoming stack arguments, which have been read at entry
   * and which both areas end with; then the frame goes and the callee returns to our caller.
   */
  private lowerTailCall(inst: Inst, sig: Signature, callee: { name: ExternalName; colocated: boolean } | { reg: number }, firstArg: number): void {
    const f = this.func
    const abi = this.isa.abi(sig)
    if (!abi.calleePops && abi.stackArgBytes !== 0)
      this.unsupported(`a tail call with stack arguments in the convention ${sig.callConv}`, 'use the tail calling convention')
    const words: number[] = []
    if ('reg' in callee) words.push(this.asVirtual(callee.reg) * 2 + 1, operand(0, 0, 0, FIXED, this.isa.tailTarget))
    for (let i = firstArg, n = f.numArgs(inst); i < n; i++) {
      const slot = abi.args[i - firstArg]
      if (slot.param.purpose === 'sarg') this.unsupported('a structure argument of a tail call', 'pass it by reference')
      this.passSlot(slot, f.arg(inst, i), FRAME_TAIL, -abi.stackArgBytes, words)
    }
    if (abi.retArea !== undefined) {
      if (this.retAreaReg === -1) this.retAreaReg = this.temp(0)
      this.passArg(abi.retArea, this.retAreaReg, FRAME_TAIL, -abi.stackArgBytes, words)
    }
    this.frame.tailArgBytes = Math.max(this.frame.tailArgBytes, abi.stackArgBytes)
    const info: CallSiteInfo = {
      callee: 'reg' in callee ? undefined : callee.name,
      colocated: 'reg' in callee ? false : callee.colocated,
      clobbers: -1,
      stackArgBytes: abi.stackArgBytes,
      calleePops: abi.calleePops,
    }
    this.pushVariable('reg' in callee ? P_TAIL_CALL_IND : P_TAIL_CALL, this.v.calls.push(info) - 1, words)
  }

  private passArg(part: AbiPart, r: number, kind: number, bias: number, fixed: number[]): void {
    if (part.reg === -1) this.genFrameStore(r, kind, part.offset + bias, part.type)
    else this.pushFixedUse(part, r, fixed)
  }

  private pushFixedUse(part: AbiPart, r: number, words: number[]): void {
    const cls = part.reg >> 6
    let reg = r
    if (cls !== this.classesOf(part.type)[0]) {
      reg = this.temp(cls)
      this.genTransfer(reg, r, part.type)
    }
    words.push(this.asVirtual(reg) * 2 + 1, operand(0, 0, cls, FIXED, part.reg))
  }

  /** Lowers a call instruction with its arguments from `firstArg` on and binds its results. */
  lowerCall(
    inst: Inst,
    sig: Signature,
    callee: { name: ExternalName; colocated: boolean } | { reg: number },
    firstArg: number,
  ): void {
    const f = this.func
    const args: Value[] = []
    for (let i = firstArg, n = f.numArgs(inst); i < n; i++) args.push(f.arg(inst, i))
    const out = this.genCall(sig, callee, args)
    if (out !== undefined) this.setResult(inst, out)
  }

  /** Lowers `return`. */
  lowerReturn(inst: Inst): void {
    const f = this.func
    const words: number[] = []
    for (let i = 0; i < this.abi.rets.length; i++) {
      const slot = this.abi.rets[i]
      const regs = this.useAll(f.arg(inst, i))
      for (let p = 0; p < slot.parts.length; p++) {
        const part = slot.parts[p]
        let r = regs[p]
        if (slot.param.extension !== 'none') r = this.genExtend(r, part.type, slot.param.extension === 'sext')
        if (part.reg === -1) {
          if (this.retAreaReg === -1) this.retAreaReg = this.temp(0)
          this.genStore(r, this.retAreaReg, part.offset, part.type)
        } else this.pushFixedUse(part, r, words)
      }
    }
    this.pushVariable(P_RETS, 0, words)
  }

  private pushVariable(pseudo: number, info: number, list: readonly number[]): void {
    const s = this.words
    s.push((this.isa.table.generic + pseudo) | ((3 + list.length) << 16))
    s.push(info)
    s.push(list.length >> 1)
    for (const w of list) s.push(w)
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
        if ((opFlags[op] & NOT_PURE) === 0) {
          if (f.numResults(i as Inst) === 1) this.defOf[f.result(i as Inst)] = i
        } else if (sinks) {
          if (op === Op.load || (opFlags[op] & CAN_LOAD) !== 0) {
            this.colour[i] = colour
            if (f.numResults(i as Inst) === 1) this.defOf[f.result(i as Inst)] = i
          }
          if ((opFlags[op] & (CAN_STORE | SIDE_EFFECTS | CALL | CAN_TRAP)) !== 0) colour++
        }
      }
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

  /** A value used more than once makes its operands used more than once, since patterns may duplicate a pure definition. */
  private countUse(x: number): void {
    const c = this.useCount[x]
    if (c === 2) return
    this.useCount[x] = c + 1
    if (c !== 1) return
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
      case Op.return_call: {
        const fn = f.extFuncs[f.imm0[inst]]
        this.lowerTailCall(inst, f.signatures[fn.signature], fn, 0)
        return true
      }
      case Op.return_call_indirect:
        this.lowerTailCall(inst, f.signatures[f.imm0[inst]], { reg: this.use(f.arg(inst, 0)) }, 1)
        return true
      case Op.nop:
        return true
    }
    return false
  }

  private pushJump(): void {
    this.words.push((this.isa.table.generic + P_JUMP) | (1 << 16))
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
        const x = f.resolve(f.pool.data[list + k] as Value)
        for (const r of this.useAll(x)) v.edgeArgs.push(this.asVirtual(r))
      }
      this.edgeRange.push(e, first, v.edgeArgs.length)
    }
  }
  private readonly edgeRange: number[] = []

  /** Block arguments must be virtual registers: a physical one (a zero register) is copied. */
  private asVirtual(r: number): number {
    if ((r & 1) !== 0) return r >> 1
    const t = this.temp(r >> 7)
    this.genMove(t, r, r >> 7)
    return t >> 1
  }

  /** Receives the arguments: in the entry's parameters, or, in a stub before an entry that is branched to, in copies passed on. */
  private lowerEntry(entry: Block, stub: boolean): void {
    const f = this.func
    const defs: number[] = []
    const loads: { reg: number; part: AbiPart }[] = []
    const structs: { reg: number; part: AbiPart }[] = []
    const transfers: { reg: number; from: number; type: Type }[] = []
    const receive = (reg: number, part: AbiPart): void => {
      if (part.reg === -1) loads.push({ reg, part })
      else if (part.reg >> 6 !== this.classesOf(part.type)[0]) {
        const from = this.temp(part.reg >> 6)
        transfers.push({ reg, from, type: part.type })
        defs.push(from, operand(1, 1, part.reg >> 6, FIXED, part.reg))
      } else defs.push(reg, operand(1, 1, part.reg >> 6, FIXED, part.reg))
    }
    const first = this.v.edgeArgs.length
    for (let i = 0; i < f.numParams(entry); i++) {
      const x = f.param(entry, i)
      if (!stub && this.valueReg[x] === -1) continue
      const { parts } = this.abi.args[i]
      const classes = this.classesOf(f.typeOf(x))
      for (let p = 0; p < parts.length; p++) {
        const reg = stub ? this.temp(classes[p]) : (this.valueReg[x] + p) * 2 + 1
        if (stub) this.v.edgeArgs.push(reg >> 1)
        if (this.abi.args[i].param.purpose === 'sarg') structs.push({ reg, part: parts[p] })
        else receive(reg, parts[p])
      }
    }
    if (stub) this.edgeRange.push(this.order.succStart[0], first, this.v.edgeArgs.length)
    if (this.retAreaReg !== -1) {
      const part = this.abi.retArea
      if (part === undefined) bug('lower', this.v.name, 'entry', 'a result area without a pointer')
      receive(this.retAreaReg, part)
    }
    // Segments stand in reverse: what executes last is made first.
    this.lowerEntryExtra(defs)
    this.endSegment(-1)
    for (const { reg, part } of loads) this.genFrameLoad(reg, FRAME_INCOMING, part.offset, part.type)
    for (const { reg, part } of structs) this.genFrameAddr(reg, FRAME_INCOMING, part.offset)
    for (const { reg, from, type } of transfers) this.genTransfer(reg, from, type)
    this.endSegment(-1)
    this.pushVariable(P_ARGS, 0, defs)
    this.endSegment(-1)
  }

  /** What an ISA adds between the arguments and the body (stack-limit checks). `defs` may still be extended. */
  protected lowerEntryExtra(_defs: number[]): void {}

  private segStart(): number {
    return this.segEnd.length === 0 ? 0 : this.segEnd.data[this.segEnd.length - 1]
  }

  private endSegment(srcloc: number): void {
    if (this.words.length === this.segStart()) return
    this.segEnd.push(this.words.length)
    this.segSrcloc.push(srcloc)
  }

  private registerOf(x: number): number {
    let r = this.valueReg[x]
    if (r === -1) {
      const classes = this.classesOf(this.func.valType[x] as Type)
      r = this.temp(classes[0]) >> 1
      for (let i = 1; i < classes.length; i++) this.temp(classes[i])
      this.valueReg[x] = r
    }
    return r
  }

  private bindPart(x: Value, i: number, reg: number): void {
    const first = this.valueReg[x]
    if (first === -1) return
    const v = first + i
    if ((reg & 1) === 0) this.genMove(v * 2 + 1, reg, reg >> 7)
    else if (reg >> 1 !== v) this.alias[v] = reg
  }

  /** The virtual register that `v` stands for. */
  private resolveReg(v: number): number {
    let x = v
    while (this.alias[x] !== -1) x = this.alias[x] >> 1
    // path compression
    for (let y = v; this.alias[y] !== -1 && this.alias[y] >> 1 !== x; ) {
      const next = this.alias[y] >> 1
      this.alias[y] = x * 2 + 1
      y = next
    }
    return x
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
          if (mark < this.trapMarks.length && marks[mark] === p) {
            trap = marks[mark + 1]
            mark += 2
          }
          v.instAt.push(to)
          v.instSrcloc.push(this.segSrcloc.data[s])
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
    let hi = m.length >> 1
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (m.data[mid * 2] < pos) lo = mid + 1
      else hi = mid
    }
    return lo * 2
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

function isConstant(op: number): boolean {
  return op === Op.iconst || op === Op.f32const || op === Op.f64const || op === Op.f16const
}
