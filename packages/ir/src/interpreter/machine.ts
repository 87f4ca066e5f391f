// The state of an execution: frames, stack, memory, and the transfers of control between them.
//
// Frames are kept in an array of their own, not on the host's stack, so that recursion is bounded by limits that the embedder sets
// and a tail call takes no room. Each frame also has its place in the interpreter's memory, laid out as the back ends lay theirs out:
//
//   entrySp  stack pointer at the call
//   fp + 8   return address
//   fp       frame pointer of the caller                fp = entrySp - 16
//   sp       stack slots, then dynamic stack slots      sp <= fp - frameBytes, aligned
import { bug } from '@k23/entity'
import type { Block, BlockCall, GlobalValue, Inst, Value } from '../entities.ts'
import { exnArgIndex, type Func, retArgIndex } from '../function.ts'
import * as Op from '../gen/op.ts'
import type { Signature } from '../signature.ts'
import type { DataValue } from '../text/data-value.ts'
import { parseTrapCode, TRAP_STACK_OVERFLOW } from '../trapcode.ts'
import { bits, bytes as typeBytes } from '../types.ts'
import type { HostContext, Thrown } from './host.ts'
import { type Bits, fromBytes, toDataValue } from './lanes.ts'
import { type Memory, type Place, readPlace, type Region, STACK_TOP, writePlace } from './memory.ts'
import { type Outcome, Trap, undefinedBehaviour, Unsupported } from './outcome.ts'
import { addressBehind, type Callee, type Code, type Program } from './program.ts'

/** Where the outermost function returns to. */
export const RETURN_TO_HOST = 0x1000
/** Where the first function on a stack that stack_switch made returns to: it must not. */
export const NEW_STACK = 0x1010

export interface Frame {
  readonly code: Code
  /** By value number; aliases have none. */
  readonly values: Bits[]
  /** The instruction that runs, or the call that waits for its callee. */
  inst: Inst
  readonly entrySp: number
  readonly returnAddress: number
  readonly callerFp: number
  readonly fp: number
  readonly sp: number
}

/** Where a new frame hangs: for a tail call, in the place of the frame that ends. */
interface Hook {
  readonly sp: number
  readonly returnAddress: number
  readonly fp: number
}

export interface Limits {
  readonly maxDepth: number
  /** Bytes. */
  readonly stackSize: number
}

/** Bytes of the stack that are mapped at first; most programs need no more. */
const FIRST_STACK = 1 << 16

export class Machine {
  readonly memory: Memory
  readonly program: Program
  readonly frames: Frame[] = []
  /** Chains of frames that stack_switch left, by the words of their contexts (stack-switch.ts). */
  readonly suspended: Map<string, Frame[]> = new Map()
  /** Instructions that may still run. */
  fuel = 0
  pinned: Bits = 0n
  /** What the outermost function returned. */
  returned: readonly Bits[] = []
  private stack: Region
  private readonly limits: Limits
  private readonly invoke: HostContext['invoke']

  constructor(memory: Memory, program: Program, limits: Limits, invoke: HostContext['invoke']) {
    this.memory = memory
    this.program = program
    this.limits = limits
    this.invoke = invoke
    this.stack = stackRegion(Math.min(FIRST_STACK, limits.stackSize))
  }

  /** Makes the stack accessible: only while a program runs, so that several interpreters can share a memory. */
  begin(fuel: number): void {
    this.memory.map(this.stack.bytes, this.stack)
    this.fuel = fuel
    this.pinned = 0n
    this.suspended.clear()
  }

  end(): void {
    this.memory.unmap(this.stack.base)
  }

  // ---- values

  /** Operand `i` of `inst`. */
  arg(frame: Frame, inst: Inst, i: number): Bits {
    return this.value(frame, frame.code.func.arg(inst, i))
  }

  args(frame: Frame, inst: Inst, from = 0): Bits[] {
    const out: Bits[] = []
    for (let i = from, n = frame.code.func.numArgs(inst); i < n; i++) out.push(this.arg(frame, inst, i))
    return out
  }

  /** The value of `v`, which is no alias. */
  value(frame: Frame, v: Value): Bits {
    const x = frame.values[v]
    return x === undefined ? bug('interpreter', frame.code.name, `v${v}`, 'used before it is defined') : x
  }

  setResults(frame: Frame, inst: Inst, results: readonly Bits[]): void {
    const { func } = frame.code
    for (let i = 0; i < results.length; i++) frame.values[func.result(inst, i)] = results[i]
  }

  // ---- within a function

  next(frame: Frame): void {
    frame.inst = frame.code.func.nextInst[frame.inst] as Inst
  }

  /** Goes to a branch target; all arguments are read before any parameter is set. */
  jump(frame: Frame, call: BlockCall, returned: readonly Bits[] = [], payload: readonly Bits[] = []): void {
    const { func } = frame.code
    const values = func.pool.toArray(func.bcArgs[call]).map((arg) => {
      if (arg >= 0) return this.value(frame, func.resolve(arg as Value))
      const ret = retArgIndex(arg)
      const x = ret >= 0 ? returned[ret] : payload[exnArgIndex(arg)]
      return x ?? undefinedBehaviour(`an exception brings ${payload.length} values, its handler takes more`)
    })
    this.enterBlock(frame, func.bcBlock[call] as Block, values)
  }

  private enterBlock(frame: Frame, block: Block, values: readonly Bits[]): void {
    const { func } = frame.code
    for (let i = 0; i < values.length; i++) frame.values[func.param(block, i)] = values[i]
    frame.inst = func.firstInst[block] as Inst
  }

  globalValue(frame: Frame, gv: GlobalValue): Bits {
    const { code } = frame
    const data = code.func.globalValues[gv]
    switch (data.kind) {
      case 'vmctx':
        if (code.vmctx < 0) bug('interpreter', code.name, `gv${gv}`, 'no vmctx parameter')
        return this.value(frame, code.func.param(code.entry, code.vmctx))
      case 'load': {
        const address = BigInt.asUintN(64, this.globalValue(frame, data.base) + BigInt(data.offset))
        const place = this.memory.find(address, typeBytes(data.type), false)
        return place === undefined
          ? undefinedBehaviour(`gv${gv} is loaded from 0x${address.toString(16)}, which cannot be read`)
          : readPlace(place, typeBytes(data.type))
      }
      case 'iadd_imm':
        return BigInt.asUintN(bits(data.type), this.globalValue(frame, data.base) + data.offset)
      case 'symbol':
        return BigInt.asUintN(64, BigInt(this.program.symbolAddress(code, data.name)) + data.offset)
      case 'dyn_scale_target_const':
        return 1n
    }
  }

  // ---- between functions

  /** Calls from the outside; the caller then runs the machine until the number of frames is what it was. */
  callFromHost(code: Code, args: readonly Bits[]): void {
    const top = this.frames.at(-1)
    this.push(code, args, { sp: top?.sp ?? STACK_TOP, returnAddress: RETURN_TO_HOST, fp: top?.fp ?? 0 })
  }

  /** The call at `inst`, which waits there. */
  call(frame: Frame, inst: Inst, callee: Callee, sig: Signature, args: readonly Bits[]): void {
    const hook = { sp: frame.sp, returnAddress: addressBehind(frame.code, inst), fp: frame.fp }
    if (callee.kind === 'clif') {
      this.push(callee, args, hook)
    } else {
      const results = this.callHost(callee, sig, args)
      if (results !== undefined) this.resume(frame, results)
    }
  }

  /** A call that takes the place of `frame`. */
  tailCall(frame: Frame, callee: Callee, sig: Signature, args: readonly Bits[]): void {
    this.frames.pop()
    if (callee.kind === 'clif') {
      this.push(callee, args, { sp: frame.entrySp, returnAddress: frame.returnAddress, fp: frame.callerFp })
    } else {
      const results = this.callHost(callee, sig, args)
      if (results !== undefined) this.deliver(frame, results)
    }
  }

  return(frame: Frame, results: readonly Bits[]): void {
    this.frames.pop()
    this.deliver(frame, results)
  }

  /** Gives results to whoever called the function of `ended`, which has no frame any more. */
  private deliver(ended: Frame, results: readonly Bits[]): void {
    if (ended.returnAddress === NEW_STACK) undefinedBehaviour('the first function on a stack returns')
    if (ended.returnAddress === RETURN_TO_HOST) this.returned = results
    else this.resume(this.frames.at(-1) ?? bug('interpreter', ended.code.name, '-', 'no caller'), results)
  }

  /** Goes on behind the call that `frame` waits at. */
  resume(frame: Frame, results: readonly Bits[]): void {
    const { func } = frame.code
    const op = func.op[frame.inst]
    if (op === Op.try_call || op === Op.try_call_indirect) {
      this.jump(frame, func.exceptionTables[func.imm1[frame.inst]].normal, results)
    } else {
      this.setResults(frame, frame.inst, results)
      this.next(frame)
    }
  }

  /** Results of a host function, or undefined where it threw and a handler has control. */
  private callHost(
    callee: Extract<Callee, { kind: 'host' }>,
    signature: Signature,
    args: readonly Bits[],
  ): Bits[] | undefined {
    const values: DataValue[] = args.map((x, i) => toDataValue(signature.params[i].type, x))
    const outcome = callee.call(values, { memory: this.memory, signature, invoke: this.invoke })
    if ('trap' in outcome) throw new Trap(parseTrapCode(outcome.trap))
    if ('unsupported' in outcome) throw new Unsupported(outcome.unsupported)
    if ('exception' in outcome) {
      this.unwind(outcome.exception)
      return undefined
    }
    const wanted = signature.returns
    if (outcome.results.length !== wanted.length || outcome.results.some((r, i) => r.type !== wanted[i].type)) {
      throw new Unsupported(`host function ${callee.name} does not return what its signature says`)
    }
    return outcome.results.map((r) => fromBytes(r.bits))
  }

  /** Ends frames until one waits at a try_call that handles the exception. */
  private unwind(thrown: Thrown): void {
    for (let frame = this.frames.at(-1); frame !== undefined; frame = this.frames.at(-1)) {
      const target = this.handler(frame, thrown)
      if (target !== undefined) {
        this.jump(frame, target, [], thrown.payload)
        return
      }
      if (frame.returnAddress === RETURN_TO_HOST) break
      this.frames.pop()
    }
    throw new Unsupported(`an exception with tag ${thrown.tag} is not caught`)
  }

  /** The first entry of the exception table that `frame` waits at which takes the exception. */
  private handler(frame: Frame, thrown: Thrown): BlockCall | undefined {
    const { func } = frame.code
    const op = func.op[frame.inst]
    if (op !== Op.try_call && op !== Op.try_call_indirect) return undefined
    let context: Bits | undefined
    for (const item of func.exceptionTables[func.imm1[frame.inst]].items) {
      if (item.kind === 'context') context = this.value(frame, func.resolve(item.value))
      else if (item.kind === 'default') return item.target
      else if (item.tag === thrown.tag && (thrown.inContext?.(context) ?? true)) return item.target
    }
    return undefined
  }

  push(code: Code, given: readonly Bits[], hook: Hook): void {
    const { func } = code
    // Structures passed by value become copies of the callee's own, above its frame.
    let top = hook.sp
    const args = given.map((x, i) => {
      const { purpose, sargBytes } = func.signature.params[i]
      if (purpose !== 'sarg') return x
      top = (top - sargBytes) & ~15
      return this.copyStructure(x, top, sargBytes)
    })
    const fp = top - 16
    const sp = Math.floor((fp - code.frameBytes) / code.frameAlign) * code.frameAlign
    if (this.frames.length >= this.limits.maxDepth) throw new Trap(TRAP_STACK_OVERFLOW)
    const { region, offset } = this.room(sp, fp + 16)
    region.bytes.fill(0, offset, offset + fp - sp)
    writePlace({ region, offset: offset + fp - sp }, 8, BigInt(hook.fp))
    writePlace({ region, offset: offset + fp + 8 - sp }, 8, BigInt(hook.returnAddress))
    const frame: Frame = {
      code,
      values: new Array<Bits>(func.numValues),
      inst: func.firstInst[code.entry] as Inst,
      entrySp: hook.sp,
      returnAddress: hook.returnAddress,
      callerFp: hook.fp,
      fp,
      sp,
    }
    this.enterBlock(frame, code.entry, args)
    this.frames.push(frame)
    if (func.stackLimit !== undefined && BigInt(sp) < this.globalValue(frame, func.stackLimit))
      throw new Trap(TRAP_STACK_OVERFLOW)
  }

  /** The bytes from `sp` to `end`, of the stack or of memory that a program made another of; traps where there are none. */
  private room(sp: number, end: number): Place {
    if (end <= STACK_TOP && end > STACK_TOP - this.limits.stackSize) {
      this.reserve(sp)
      return { region: this.stack, offset: sp - this.stack.base }
    }
    const place = sp < 0 ? undefined : this.memory.find(BigInt(sp), end - sp, true)
    if (place === undefined) throw new Trap(TRAP_STACK_OVERFLOW)
    return place
  }

  /** Maps the stack down to `sp`, or traps where it may not grow so far. */
  private reserve(sp: number): void {
    if (sp >= this.stack.base) return
    const wanted = STACK_TOP - sp
    if (wanted > this.limits.stackSize) throw new Trap(TRAP_STACK_OVERFLOW)
    const old = this.stack
    this.stack = stackRegion(Math.min(Math.max(wanted, 2 * old.bytes.length), this.limits.stackSize))
    this.stack.bytes.set(old.bytes, this.stack.bytes.length - old.bytes.length)
    this.memory.unmap(old.base)
    this.memory.map(this.stack.bytes, this.stack)
  }

  private copyStructure(from: Bits, to: number, size: number): Bits {
    if (size === 0) return BigInt(to)
    const target = this.room(to, to + size)
    const source = this.memory.find(from, size, false)
    if (source === undefined)
      undefinedBehaviour(`a structure argument of ${size} bytes at 0x${from.toString(16)} cannot be read`)
    writePlace(target, size, readPlace(source, size))
    return BigInt(to)
  }
}

function stackRegion(size: number): Region {
  return { base: STACK_TOP - size, bytes: new Uint8Array(size), writable: true }
}

/** The outcome of what the outermost function returned. */
export function outcomeOf(func: Func, returned: readonly Bits[]): Outcome {
  return { results: returned.map((x, i) => toDataValue(func.signature.returns[i].type, x)) }
}
