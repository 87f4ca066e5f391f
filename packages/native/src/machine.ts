// The machine on the host's CPU: guest code runs in this process, on this thread, at full speed.
//
// run() calls the stub `run` (x64/stubs.ts), which comes back when the guest returned, called the host, faulted or was interrupted; all that is
// known then stands in the hart's context. JavaScript never runs on a guest's stack, and guest code never calls JavaScript.
//
// A machine belongs to the thread that made it. It is no wall: guest code is what this project's code generator made, and its memory accesses are
// as safe as that made them.

import {
  BREAKPOINT,
  EPOCH,
  type Hart,
  HOST_CALL,
  type IsaName,
  MachineBase,
  PAGE_SIZE,
  PERM_READ,
  PERM_WRITE,
  type StopReason,
  stop,
  stopByTrap,
} from '@k23/machine'
import * as C from './context.ts'
import { NativeHart } from './hart.ts'
import type { Cpu, Fault, Host, ThreadSignals } from './host.ts'
import { expireTimers, Timer } from './linux/timer.ts'
import { NativeMemory } from './memory.ts'

const DEFAULT_CODE = 1 << 30

export interface NativeMachineOptions {
  /** Bytes of address space for code, at most 2 GiB so that all of it is in reach of a call. Default 1 GiB. */
  readonly codeBytes?: number
  /** CPU features to offer, of those that the host has; default: all. RangeError for one that it lacks. */
  readonly features?: readonly string[]
}

/** Names a machine's thread to other threads: plain data, to be sent to a worker and given to `interruptNative`. */
export interface InterruptHandle {
  readonly process: number
  readonly task: number
}

export class NativeMachine extends MachineBase<NativeHart> {
  readonly isa: IsaName
  readonly features: readonly string[]
  readonly memory: NativeMemory
  readonly hostCallStub: number
  private readonly host: Host
  private readonly cpu: Cpu
  /** Where a context has the arguments of a host call. */
  private readonly numberWord: number
  private readonly blockOffset: number
  private readonly signals: ThreadSignals
  private readonly control: Int32Array
  private readonly enterAddress: number
  private readonly enterStub: () => unknown
  private readonly returnAddress: number
  /** Where the enter stub and guest code lie. */
  private readonly enterRange: { readonly low: number; readonly high: number }
  private readonly handlerAddresses: readonly (readonly [offset: number, address: number])[]
  private readonly fault: Fault = { breakpoint: false, kind: 0, address: 0 }
  private current: NativeHart | undefined
  private timer: Timer | undefined

  constructor(host: Host, options: NativeMachineOptions) {
    super()
    this.host = host
    this.cpu = host.cpu
    this.numberWord = (C.CTX_GPR + 8 * host.cpu.hostCallRegisters[0]) / 4
    this.blockOffset = C.CTX_GPR + 8 * host.cpu.hostCallRegisters[1]
    this.isa = host.cpu.isa
    this.features = chosen(host.cpu.features, options.features)
    const codeBytes = Math.ceil((options.codeBytes ?? DEFAULT_CODE) / PAGE_SIZE) * PAGE_SIZE
    if (!(codeBytes >= 4 * PAGE_SIZE && codeBytes <= 2 ** 31))
      throw new RangeError(`codeBytes ${options.codeBytes}: address space for code is 16 KiB to 2 GiB`)
    this.signals = host.prepareThread()
    this.memory = new NativeMemory(host.libc, codeBytes)
    // The control page and the stubs, side by side: the stubs reach its cells relative to the pc.
    const control = this.memory.mapCode(PAGE_SIZE)
    const stubs = host.cpu.stubs(PAGE_SIZE)
    const start = this.placeCode(stubs.bytes)
    this.control = new Int32Array(this.memory.view(control, PAGE_SIZE).buffer, 0, PAGE_SIZE / 4)
    this.hostCallStub = start + stubs.hostCall
    this.returnAddress = start + stubs.returned
    this.enterRange = { low: start + stubs.enterLow, high: start + stubs.enterHigh }
    this.handlerAddresses = [
      [C.CTX_TRAP_ENTRY, start + stubs.trapped],
      [C.CTX_ABORT_ENTRY, start + stubs.abort],
      [C.CTX_ENTER_LOW, this.enterRange.low],
      [C.CTX_ENTER_HIGH, this.enterRange.high],
      [C.CTX_CODE_LOW, start + Math.ceil(stubs.bytes.length / PAGE_SIZE) * PAGE_SIZE],
      [C.CTX_CODE_HIGH, this.memory.codeEnd],
      [C.CTX_THREAD, this.signals.thread],
    ]
    const { koffi } = host.libc
    this.enterAddress = start + stubs.run
    this.enterStub = koffi.decode(this.enterAddress, koffi.proto('void', []))
  }

  protected mapCode(bytes: Uint8Array, length: number): number {
    const address = this.memory.mapCode(length)
    this.memory.copyIn(address, bytes)
    return address
  }

  protected makeHart(id: number, stackLow: number, stackTop: number): NativeHart {
    const { memory } = this
    const { contextBytes, stateOffset } = this.cpu
    const context = memory.map(contextBytes, PERM_READ | PERM_WRITE)
    const words = new Int32Array(memory.view(context, contextBytes).buffer, 0, Math.ceil(contextBytes / 4))
    const hart = new NativeHart(id, context, words, stateOffset / 4, stackLow, stackTop)
    for (const [offset, address] of this.handlerAddresses) hart.setAddress(offset, address)
    return hart
  }

  protected override forgetHart(hart: NativeHart): void {
    hart.retire()
    this.memory.unmap(hart.context, this.cpu.contextBytes)
    if (this.current === hart) this.current = undefined
  }

  protected begin(hart: NativeHart, args: readonly number[], nested: boolean): void {
    this.cpu.begin(hart, this.memory, args, nested)
  }
  protected save(hart: NativeHart): void {
    hart.save()
  }
  protected restore(hart: NativeHart): void {
    hart.restore()
  }
  protected forget(hart: NativeHart): void {
    hart.forget()
  }

  /** For other threads, by `interruptNative`, as interrupt() is for this one: what stops the hart that is running on this machine's thread, or else the next one that will, with EPOCH. */
  get interruptHandle(): InterruptHandle {
    return { process: this.signals.process, task: this.signals.task }
  }

  /**
   * From now on guest code stops with EPOCH `milliseconds` after it was entered first, and again so often as it goes on: an endless loop stops,
   * whatever it was compiled with. 0 ends that.
   */
  tick(milliseconds: number): void {
    this.memory.check()
    if (!(milliseconds >= 0 && milliseconds < 2 ** 31)) throw new RangeError(`tick of ${milliseconds} ms`)
    const { libc, preemptSignal } = this.host
    this.timer?.close()
    this.timer = milliseconds === 0 ? undefined : new Timer(libc, this.signals.task, preemptSignal, milliseconds)
  }

  /**
   * A second thread adds 1 to the u64 at `address` (an engine's epoch, which code compiled with epochs looks at) every so many milliseconds, until
   * the result is called or the machine is closed.
   */
  beat(address: number, milliseconds: number): () => void {
    if (!(milliseconds > 0 && milliseconds < 2 ** 31)) throw new RangeError(`beat of ${milliseconds} ms`)
    if (address % 8 !== 0 || !this.memory.isWritable(address, 8))
      throw new RangeError(`beat: 0x${address.toString(16)} is no aligned word that can be written`)
    return this.memory.addUser(this.host.startBeat((code) => this.placeCode(code), address, milliseconds))
  }

  protected proceed(hart: NativeHart): StopReason {
    if (this.current !== hart) this.select(hart)
    for (;;) {
      if (this.timer !== undefined) {
        if (this.timer.takeFired()) return this.epoch(hart)
        if (!this.timer.armed) this.timer.arm()
      }
      this.enterStub()
      const reason = this.reasonOf(hart)
      if (reason !== undefined) return reason
    }
  }

  /** Why the guest was left; undefined: for nothing that concerns this machine. */
  private reasonOf(hart: NativeHart): StopReason | undefined {
    const { words } = hart
    switch (words[C.CTX_EXIT / 4]) {
      case C.EXIT_RETURNED:
        return this.returned(hart, this.returnAddress)
      case C.EXIT_HOST_CALL:
        hart.reason.number = words[this.numberWord]
        hart.reason.block = hart.address(this.blockOffset)
        return stop(hart, HOST_CALL, hart.pc)
      case C.EXIT_SIGNAL: {
        const { fault } = this
        const pc = this.cpu.faultOf(hart, this.memory, this.enterRange, fault)
        if (fault.breakpoint) return stop(hart, BREAKPOINT, pc)
        return stopByTrap(hart, fault.kind, pc, fault.address)
      }
      default:
        // A timer says that it is time to look at them all: this one may belong to another machine of the thread.
        expireTimers()
        return words[C.CTX_CAUSE / 4] === C.CAUSE_TIMER ? undefined : this.epoch(hart)
    }
  }

  /** Meant is every hart that has something to do. */
  private epoch(hart: NativeHart): StopReason {
    for (const other of this.harts)
      if (other !== undefined && other !== hart && other.depth > 0) this.interrupted.add(other)
    return stop(hart, EPOCH, hart.pc)
  }

  /** Gives back all memory, stacks and code included. Nothing of the machine may be used afterwards. Without it the collector does the same, some time. */
  close(): void {
    this.timer?.close()
    this.timer = undefined
    this.current = undefined
    for (const hart of this.harts) hart?.retire()
    this.memory.close()
  }

  private select(hart: NativeHart): void {
    this.current = hart
    this.control[C.CONTROL_CURRENT / 4] = hart.context | 0
    this.control[C.CONTROL_CURRENT / 4 + 1] = Math.floor(hart.context / 2 ** 32)
  }

  protected override own(hart: Hart): NativeHart {
    this.memory.check()
    return super.own(hart)
  }
}

function chosen(host: readonly string[], wanted: readonly string[] | undefined): readonly string[] {
  if (wanted === undefined) return host
  const lacking = wanted.filter((f) => !host.includes(f))
  if (lacking.length !== 0) throw new RangeError(`this CPU has no ${lacking.join(', ')}; it has ${host.join(', ')}`)
  return wanted
}
