// Calls, returns and the entry of a function: arguments and results between the registers of values and the places that the convention gives.
import { bug } from '@k23/entity'
import {
  type Block,
  bytes,
  exnArgIndex,
  type ExternalName,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  retArgIndex,
  type Signature,
  type Type,
  type Value,
} from '@k23/ir'
import { FIXED, operand, type PRegSet, REG } from '@k23/regalloc'
import {
  type AbiPart,
  type AbiSignature,
  type AbiSlot,
  FRAME_INCOMING,
  FRAME_OUTGOING,
  FRAME_SLOT,
  FRAME_TAIL,
} from './abi.ts'
import { ENTRY_STUB } from './block-order.ts'
import type { CallSiteInfo, HandlerInfo } from './call-info.ts'
import {
  P_ARGS,
  P_CALL,
  P_CALL_IND,
  P_JUMP,
  P_RETS,
  P_STACK_SWITCH,
  P_TAIL_CALL,
  P_TAIL_CALL_IND,
  P_TRY_CALL,
  P_TRY_CALL_IND,
} from './inst-table.ts'
import { lowerStackCheck } from './lower-stack-limit.ts'
import { LowerValues } from './lower-values.ts'

/** Bytes of the largest structure that is passed by value. */
const MAX_STRUCT = 1024

/** Whom a call goes to: a function by name, or the address in a register. */
export type Callee =
  | { readonly name: ExternalName; readonly colocated: boolean; readonly patchable?: boolean }
  | { readonly reg: number }

export abstract class LowerCalls extends LowerValues {
  /** Register with the address of the result area, -1 until used. */
  private retAreaReg = -1
  private clobberIds: Map<string, number> = new Map()

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

  /** Emits a call of a function with these values; returns the handle of all result registers in order (or undefined where there are none). */
  genCall(sig: Signature, callee: Callee, args: readonly Value[]): number | undefined {
    return this.genCallOf(sig, callee, (i) => this.useAll(args[i]))
  }

  /** The same, the registers of argument `i` asked for when it is passed. */
  genCallOf(sig: Signature, callee: Callee, arg: (i: number) => readonly number[]): number | undefined {
    const abi = this.isa.abi(sig)
    const words = this.passArgs(abi, callee, arg)
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
    const at = this.v.calls.push(this.callInfo(abi, callee, this.clobbersWithoutDefs(sig, abi))) - 1
    this.pushVariable('reg' in callee ? P_CALL_IND : P_CALL, at, words)
    for (const { reg, part } of loads)
      this.genFrameLoad(reg, FRAME_OUTGOING, abi.stackArgBytes + part.offset, part.type)
    if (results.length === 0) return undefined
    if (results.length === 1) return results[0]
    const h = this.handles.room(results.length)
    for (let i = 0; i < results.length; i++) this.handles.words[h + i] = results[i]
    return h
  }

  private callInfo(abi: AbiSignature, callee: Callee, clobbers: PRegSet | undefined): CallSiteInfo {
    const patchable = !('reg' in callee) && callee.patchable === true
    if (patchable && abi.calleePops && abi.stackArgBytes !== 0)
      this.unsupported(
        `a patchable call whose callee removes ${abi.stackArgBytes} bytes of stack arguments`,
        'pass all arguments in registers, or use a calling convention in which the caller removes them',
      )
    return {
      callee: 'reg' in callee ? undefined : callee.name,
      colocated: 'reg' in callee ? false : callee.colocated,
      clobbers: clobbers === undefined ? -1 : this.clobberSet(clobbers),
      patchable,
      stackArgBytes: abi.stackArgBytes,
      calleePops: abi.calleePops,
    }
  }

  /** Puts arguments where the callee expects them; the operands of the call: its target, then registers. */
  private passArgs(abi: AbiSignature, callee: Callee, arg: (i: number) => readonly number[]): number[] {
    const words: number[] = []
    if ('reg' in callee) words.push(callee.reg, operand(0, 0, 0, REG))
    this.frame.hasCalls = true
    this.frame.outgoingBytes = Math.max(this.frame.outgoingBytes, abi.stackArgBytes + abi.retAreaBytes)
    const fixed: number[] = []
    for (let i = 0; i < abi.args.length; i++) {
      const slot = abi.args[i]
      const regs = arg(i)
      if (slot.param.purpose === 'sarg') this.copyStruct(regs[0], slot.parts[0].offset, slot.param.sargBytes)
      else this.passSlot(slot, regs, FRAME_OUTGOING, 0, fixed)
    }
    if (abi.retArea !== undefined) {
      const area = this.temp(0)
      this.genFrameAddr(area, FRAME_OUTGOING, abi.stackArgBytes)
      this.passArg(abi.retArea, area, FRAME_OUTGOING, 0, fixed)
    }
    words.push(...fixed)
    return words
  }

  private clobbersWithoutDefs(sig: Signature, abi: AbiSignature): PRegSet {
    const set = this.isa.callClobbers(sig).slice()
    for (const slot of abi.rets) for (const p of slot.parts) if (p.reg !== -1) set[p.reg >> 5] &= ~(1 << (p.reg & 31))
    return set
  }

  /** All registers of an argument to where the callee expects them; stack arguments go to `kind`, their offsets moved by `bias`. */
  private passSlot(slot: AbiSlot, regs: readonly number[], kind: number, bias: number, fixed: number[]): void {
    for (let p = 0; p < slot.parts.length; p++) {
      const part = slot.parts[p]
      let r = regs[p]
      if (slot.param.extension !== 'none') r = this.genExtend(r, part.type, slot.param.extension === 'sext')
      this.passArg(part, r, kind, bias, fixed)
    }
  }

  /** A structure passed by value: its bytes become stack arguments. */
  private copyStruct(from: number, to: number, size: number): void {
    if (size > MAX_STRUCT)
      this.unsupported(`a structure argument of ${size} bytes`, `pass structures over ${MAX_STRUCT} bytes by reference`)
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
  protected lowerTailCall(inst: Inst, sig: Signature, callee: Callee, firstArg: number): void {
    const f = this.func
    const abi = this.isa.abi(sig)
    if (!abi.calleePops && abi.stackArgBytes !== 0)
      this.unsupported(
        `a tail call with stack arguments in the convention ${sig.callConv}`,
        'use the tail calling convention',
      )
    const words: number[] = []
    if ('reg' in callee) words.push(this.asVirtual(callee.reg) * 2 + 1, operand(0, 0, 0, FIXED, this.isa.tailTarget))
    for (let i = firstArg, n = f.numArgs(inst); i < n; i++) {
      const slot = abi.args[i - firstArg]
      if (slot.param.purpose === 'sarg') this.unsupported('a structure argument of a tail call', 'pass it by reference')
      this.passSlot(slot, this.useAll(f.arg(inst, i)), FRAME_TAIL, -abi.stackArgBytes, words)
    }
    if (abi.retArea !== undefined) {
      if (this.retAreaReg === -1) this.retAreaReg = this.temp(0)
      this.passArg(abi.retArea, this.retAreaReg, FRAME_TAIL, -abi.stackArgBytes, words)
    }
    this.frame.tailArgBytes = Math.max(this.frame.tailArgBytes, abi.stackArgBytes)
    const info = this.callInfo(abi, callee, undefined)
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
  lowerCall(inst: Inst, sig: Signature, callee: Callee, firstArg: number): void {
    const f = this.func
    const args: Value[] = []
    for (let i = firstArg, n = f.numArgs(inst); i < n; i++) args.push(f.arg(inst, i))
    const out = this.genCall(sig, callee, args)
    if (out !== undefined) this.setResult(inst, out)
  }

  // ---- calls that may end in a handler

  /**
   * Registers in which a `try_call` brings results and payloads, by register of the convention: `ret0` and `exn0` may share one, since each
   * edge takes one or the other. Made when an edge asks for them, which is before the call itself is lowered.
   */
  private readonly broughtBy = new Map<number, Map<number, number>>()

  private brought(inst: Inst, preg: number): number {
    let regs = this.broughtBy.get(inst)
    if (regs === undefined) {
      regs = new Map()
      this.broughtBy.set(inst, regs)
    }
    let r = regs.get(preg)
    if (r === undefined) {
      r = this.temp(preg >> 6)
      regs.set(preg, r)
    }
    return r
  }

  /** Registers of `retN` or `exnN` on an edge of a `try_call`, which is a block of its own; results on the stack are loaded there. */
  protected edgeRegs(inst: Inst, arg: number): number[] {
    const f = this.func
    const table = f.exceptionTables[f.imm1[inst]]
    const abi = this.isa.abi(f.signatures[table.signature])
    const ret = retArgIndex(arg)
    if (ret === -1) return [this.brought(inst, this.isa.exceptionPayload[exnArgIndex(arg)])]
    return abi.rets[ret].parts.map((part) => {
      if (part.reg !== -1) return this.brought(inst, part.reg)
      const r = this.temp(this.classesOf(part.type)[0])
      this.genFrameLoad(r, FRAME_OUTGOING, abi.stackArgBytes + part.offset, part.type)
      return r
    })
  }

  /**
   * Lowers `try_call` and `try_call_indirect`. Every register is clobbered: a handler is entered with the frame alone, the registers that callees
   * saved being lost in frames between. So the function itself saves all of them. Without handlers it is a call and a jump.
   */
  protected lowerTryCall(inst: Inst, sig: Signature, callee: Callee, firstArg: number): void {
    const f = this.func
    const abi = this.isa.abi(sig)
    const words = this.passArgs(abi, callee, (i) => this.useAll(f.arg(inst, firstArg + i)))
    const handlers = this.handlers(inst)
    const defs = this.broughtBy.get(inst) ?? new Map<number, number>()
    const clobbers = handlers.length === 0 ? this.isa.callClobbers(sig).slice() : this.allRegisters(sig)
    for (const [preg, r] of defs) {
      clobbers[preg >> 5] &= ~(1 << (preg & 31))
      words.push(r, operand(1, 1, preg >> 6, FIXED, preg))
    }
    if (handlers.length !== 0) this.frame.savesAll = true
    const at = this.v.calls.push({ ...this.callInfo(abi, callee, clobbers), handlers }) - 1
    if (handlers.length !== 0) this.pushVariable('reg' in callee ? P_TRY_CALL_IND : P_TRY_CALL, at, words)
    else {
      this.pushVariable('reg' in callee ? P_CALL_IND : P_CALL, at, words)
      this.pushJump()
    }
  }

  /** The handlers in order; the value of the context that applies to each is left in the frame. */
  private handlers(inst: Inst): HandlerInfo[] {
    const f = this.func
    const out: HandlerInfo[] = []
    let context: { offset: number; bytes: number } | undefined
    for (const item of f.exceptionTables[f.imm1[inst]].items) {
      if (item.kind === 'context') context = this.keepContext(f.resolve(item.value))
      else out.push({ tag: item.kind === 'tag' ? item.tag : undefined, context })
    }
    return out
  }

  private keepContext(x: Value): { offset: number; bytes: number } {
    const t = this.func.typeOf(x)
    const offset = (this.frame.slotBytes + 15) & -16
    const regs = this.useAll(x)
    regs.forEach((r, i) => {
      this.genFrameStore(r, FRAME_SLOT, offset + 8 * i, this.partType(t, i))
    })
    this.frame.slotBytes = offset + Math.max(8, bytes(t))
    return { offset, bytes: bytes(t) }
  }

  private allRegisters(sig: Signature): PRegSet {
    const { preferred, nonPreferred, scratch } = this.isa.env
    const set = this.isa.callClobbers(sig).slice()
    for (const r of [...preferred.flat(), ...nonPreferred.flat(), ...scratch])
      if (r !== undefined) set[r >> 5] |= 1 << (r & 31)
    return set
  }

  /**
   * Lowers `stack_switch`: a call that clobbers every register. What goes on here later comes from another stack, with the words of the context alone: stack
   * pointer, frame pointer, and address. So the function saves all that its convention saves.
   */
  protected lowerStackSwitch(inst: Inst): void {
    const { shared, stackSwitch } = this.isa
    const model = shared.stack_switch_model
    if (model !== 'basic' || stackSwitch === undefined)
      this.unsupported(
        `stack_switch with stack_switch_model=${model}`,
        stackSwitch === undefined ? `${this.isa.name} cannot switch stacks` : 'set stack_switch_model=basic',
      )
    const { store, load, payload } = stackSwitch
    const fixed = [store, load, payload]
    const words: number[] = []
    fixed.forEach((preg, i) => {
      const r = this.asVirtual(this.use(this.func.arg(inst, i)))
      words.push(r * 2 + 1, operand(0, 0, preg >> 6, FIXED, preg))
    })
    const result = this.temp(payload >> 6)
    words.push(result, operand(1, 1, payload >> 6, FIXED, payload))
    const clobbers = this.allRegisters(this.func.signature)
    clobbers[payload >> 5] &= ~(1 << (payload & 31))
    this.frame.hasCalls = true
    this.frame.savesAll = true
    const info = {
      callee: undefined,
      colocated: false,
      patchable: false,
      clobbers: this.clobberSet(clobbers),
      stackArgBytes: 0,
      calleePops: false,
    }
    this.pushVariable(P_STACK_SWITCH, this.v.calls.push(info) - 1, words)
    this.setResult(inst, result)
  }

  protected pushJump(): void {
    this.words.push((this.isa.table.generic + P_JUMP) | (1 << 16))
  }

  // ---- returns and entry

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
    const { structReturn } = this.abi
    if (structReturn !== undefined)
      words.push(this.structAddress(structReturn.param), operand(0, 0, 0, FIXED, structReturn.reg))
    this.pushVariable(P_RETS, 0, words)
  }

  private structAddress(param: number): number {
    if (this.order.edgeCall[0] === ENTRY_STUB)
      this.unsupported('an sret parameter of an entry that is branched to', 'branch to a block of its own')
    return this.useAll(this.func.param(this.func.firstBlock as Block, param))[0]
  }

  /** Where the stream has the variable-form instruction made last. */
  protected variableAt = 0

  protected pushVariable(pseudo: number, info: number, list: readonly number[]): void {
    const s = this.words
    this.variableAt = s.length
    s.push((this.isa.table.generic + pseudo) | ((3 + list.length) << 16))
    s.push(info)
    s.push(list.length >> 1)
    for (const w of list) s.push(w)
  }

  /** Receives the arguments: in the entry's parameters, or, in a stub before an entry that is branched to, in copies passed on. */
  protected lowerEntry(entry: Block, stub: boolean): void {
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
    lowerStackCheck(this, defs)
    this.endSegment(-1)
    for (const { reg, part } of loads) this.genFrameLoad(reg, FRAME_INCOMING, part.offset, part.type)
    for (const { reg, part } of structs) this.genFrameAddr(reg, FRAME_INCOMING, part.offset)
    for (const { reg, from, type } of transfers) this.genTransfer(reg, from, type)
    this.endSegment(-1)
    this.pushVariable(P_ARGS, 0, defs)
    this.endSegment(-1)
  }
}
