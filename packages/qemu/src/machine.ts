// A machine in a child process. One process has all harts of the machine, of which one runs at a time: the signal handler of the agent (agent.ts) holds the
// registers of the one that ran last, and those of the others are kept here, as the bytes of their signal frames.
import {
  BREAKPOINT,
  EPOCH,
  HOST_CALL,
  type IsaName,
  MachineBase,
  type NestingHart,
  PAGE_SIZE,
  PERM_READ,
  PERM_WRITE,
  type ReasonKind,
  RETURNED,
  type StopReason,
  stop,
  stopByTrap,
  TRAP_ARITHMETIC,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import { type LinuxAbi, STOP } from '@k23/object'
import type { Channel } from './channel.ts'
import type { ProcessIsa } from './isas.ts'
import { ProcessMemory } from './memory.ts'
import * as protocol from './protocol.ts'

/** Between the host-call stub and the address that entry functions return to. */
const STUB_DISTANCE = 16

/** Registers of a hart that does not have the process: the part of the context that is read and written here, and the whole frame. */
interface Frame {
  readonly context: Uint8Array
  /** undefined: nothing ran since the hart was idle, and everything but the context is as at the beginning. */
  readonly bytes: Uint8Array | undefined
}

class ProcessHart implements NestingHart {
  readonly id: number
  /** Nothing is taken from it: a process does not count its instructions. */
  fuel: number = Number.POSITIVE_INFINITY
  readonly instructions = 0
  readonly reason: StopReason = { kind: RETURNED as ReasonKind, trapKind: 0, pc: 0, address: 0, number: 0, block: 0 }
  readonly stackLow: number
  readonly stackTop: number
  /** The registers as they are, or will be when the hart goes on. */
  context: DataView
  /** The other registers, while another hart has the process; undefined: the process has them, or they do not matter. */
  bytes: Uint8Array | undefined
  /** Other registers than those of the context matter: the hart was stopped in the midst of something. */
  midway = false
  depth = 0
  restorePending = false
  readonly saved: Frame[] = []
  private readonly linux: LinuxAbi

  constructor(id: number, stackLow: number, stackTop: number, linux: LinuxAbi) {
    this.id = id
    this.stackLow = stackLow
    this.stackTop = stackTop
    this.linux = linux
    this.context = new DataView(new ArrayBuffer(linux.context.bytes))
  }

  get pc(): number {
    return word(this.context, this.linux.context.pc)
  }
  set pc(address: number) {
    setWord(this.context, this.linux.context.pc, address)
  }
  readRegister(n: number): { lo: number; hi: number } {
    const at = this.linux.context.register(n)
    if (this.isZero(n)) return { lo: 0, hi: 0 }
    return { lo: this.context.getInt32(at, true), hi: this.context.getInt32(at + 4, true) }
  }
  writeRegister(n: number, lo: number, hi: number): void {
    if (this.isZero(n)) return
    const at = this.linux.context.register(n)
    this.context.setInt32(at, lo, true)
    this.context.setInt32(at + 4, hi, true)
  }
  setRegister(n: number, value: number): void {
    this.writeRegister(n, value | 0, Math.floor(value / 2 ** 32))
  }
  register(n: number): number {
    const { lo, hi } = this.readRegister(n)
    return (hi >>> 0) * 2 ** 32 + (lo >>> 0)
  }
  /** x0 of riscv64 has its place in the context taken by the program counter. */
  private isZero(n: number): boolean {
    return this.linux.context.register(n) === this.linux.context.pc
  }
}

export interface ProcessMachineOptions {
  /** Seconds that one run() may take: then it comes back with EPOCH. Default: no limit. */
  readonly timeLimit?: number
}

export class ProcessMachine extends MachineBase<ProcessHart> {
  readonly isa: IsaName
  readonly features: readonly string[]
  readonly memory: ProcessMemory
  readonly hostCallStub: number
  private readonly returnAddress: number
  private readonly channel: Channel
  private readonly description: ProcessIsa
  private readonly linux: LinuxAbi
  private readonly timeLimit: number | undefined
  /** Where a struct itimerval stands. */
  private readonly timer: number = 0
  protected override readonly mostArguments: number
  /** The hart whose registers the process has. */
  private current: ProcessHart | undefined
  /** What the process tells when it stops (protocol.ts). */
  private readonly message: Uint8Array
  private readonly words: DataView
  /** The frame of the first stop. */
  private readonly pristine: Uint8Array

  /** The process has just been started. */
  constructor(
    channel: Channel,
    description: ProcessIsa,
    linux: LinuxAbi,
    features: readonly string[],
    options: ProcessMachineOptions,
  ) {
    super()
    this.isa = description.name
    this.features = features
    this.channel = channel
    this.description = description
    this.mostArguments = description.arguments.length
    this.linux = linux
    this.timeLimit = options.timeLimit
    this.message = new Uint8Array(8 * protocol.STOP_WORDS + linux.context.bytes)
    this.words = new DataView(this.message.buffer)
    this.memory = new ProcessMemory(channel, linux)
    channel.read(this.message)
    channel.started()
    this.pristine = this.readFrame()
    const stub = linux.stubs.find((s) => s.name === STOP)?.bytes ?? []
    const code = new Uint8Array(STUB_DISTANCE + stub.length)
    code.set(stub)
    code.set(stub, STUB_DISTANCE)
    this.hostCallStub = this.placeCode(code)
    this.returnAddress = this.hostCallStub + STUB_DISTANCE
    if (this.timeLimit !== undefined) {
      this.timer = this.memory.map(PAGE_SIZE, PERM_READ | PERM_WRITE)
      const interval = new DataView(new ArrayBuffer(32))
      setWord(interval, 16, Math.floor(this.timeLimit))
      setWord(interval, 24, Math.round((this.timeLimit % 1) * 1e6))
      this.memory.view(this.timer, 32).set(new Uint8Array(interval.buffer))
    }
  }

  /** Ends the process; nothing of the machine may be used afterwards, which run() and whatever else needs it say by a ProcessError. */
  close(): void {
    this.channel.close()
  }

  protected mapCode(bytes: Uint8Array, length: number): number {
    const address = this.memory.map(length, PERM_READ | PERM_WRITE)
    this.memory.view(address, bytes.length).set(bytes)
    return address
  }

  protected makeHart(id: number, stackLow: number, stackTop: number): ProcessHart {
    const hart = new ProcessHart(id, stackLow, stackTop, this.linux)
    this.forget(hart)
    return hart
  }

  protected override forgetHart(hart: ProcessHart): void {
    if (this.current === hart) this.current = undefined
  }

  protected save(hart: ProcessHart): void {
    hart.saved.push({ context: copyOf(hart.context), bytes: this.frameOf(hart) })
  }

  protected begin(hart: ProcessHart, args: readonly number[], nested: boolean): void {
    const { description } = this
    let sp = hart.stackTop
    if (nested) sp = Math.floor(hart.register(description.stackPointer) / 16) * 16
    else {
      this.clean(hart)
      hart.setRegister(description.framePointer, 0) // ends the chain of frame pointers
    }
    if (description.link !== undefined) hart.setRegister(description.link, this.returnAddress)
    else {
      sp -= 8
      const slot = this.memory.view(sp, 8)
      setWord(new DataView(slot.buffer, slot.byteOffset, 8), 0, this.returnAddress)
    }
    hart.setRegister(description.stackPointer, sp)
    args.forEach((arg, i) => {
      hart.setRegister(description.arguments[i], arg)
    })
  }

  protected forget(hart: ProcessHart): void {
    hart.saved.length = 0
    this.clean(hart)
  }

  protected proceed(hart: ProcessHart): StopReason {
    this.give(hart)
    const started = performance.now()
    for (;;) {
      this.goOn(hart)
      if (word(this.words, 8 * protocol.STOP_SIGNAL) !== protocol.SIGALRM) return this.stopped(hart)
      // A signal may have been on its way since an earlier run.
      if (performance.now() - started >= 990 * (this.timeLimit ?? 0)) return stop(hart, EPOCH, hart.pc)
    }
  }

  /** Lets the process have the hart's registers. */
  private give(hart: ProcessHart): void {
    const before = this.current
    if (before !== undefined && before !== hart && before.midway) before.bytes = this.readFrame()
    if (hart.bytes !== undefined) this.writeFrame(hart.bytes)
    hart.bytes = undefined
    this.current = hart
  }

  /** From registers to registers, until the next signal. */
  private goOn(hart: ProcessHart): void {
    const { channel, linux, memory } = this
    if (this.timeLimit !== undefined) channel.syscall(linux.syscalls.setitimer, 0, this.timer, 0)
    memory.release()
    channel.put(word(this.words, 8 * protocol.STOP_CONTEXT) + linux.context.offset, copyOf(hart.context))
    channel.resume()
    channel.read(this.message)
    hart.context = new DataView(this.message.slice(8 * protocol.STOP_WORDS).buffer)
    hart.midway = true
  }

  private stopped(hart: ProcessHart): StopReason {
    const { reason } = hart
    const { pc } = hart
    const behind = pc + this.linux.stopBytes
    switch (word(this.words, 8 * protocol.STOP_SIGNAL)) {
      case protocol.SIGILL:
      case protocol.SIGTRAP:
        if (pc === this.returnAddress) {
          hart.midway = hart.depth > 1
          return this.returned(hart, pc)
        }
        if (pc === this.hostCallStub) {
          hart.pc = behind
          reason.number = hart.readRegister(this.description.arguments[0]).lo
          reason.block = hart.register(this.description.arguments[1])
          return stop(hart, HOST_CALL, behind)
        }
        if (word(this.words, 8 * protocol.STOP_SIGNAL) === protocol.SIGILL) return stopByTrap(hart, TRAP_ILLEGAL, pc, 0)
        return this.breakpoint(hart, pc)
      case protocol.SIGFPE:
        return stopByTrap(hart, TRAP_ARITHMETIC, pc, 0)
      case protocol.SIGBUS:
        return stopByTrap(hart, TRAP_MISALIGNED, pc, this.faultAddress())
      case protocol.SIGSEGV:
        return this.memoryFault(hart, pc)
      default:
        throw new Error(`the process was stopped by signal ${word(this.words, 8 * protocol.STOP_SIGNAL)}`)
    }
  }

  /** The system reports riscv's with the pc at the instruction, x64's with the pc behind it. */
  private breakpoint(hart: ProcessHart, pc: number): StopReason {
    if (this.description.link === undefined) return stop(hart, BREAKPOINT, pc - 1)
    const bytes = this.memory.peek(pc, 2) ?? new Uint8Array(2)
    hart.pc = pc + ((bytes[0] & 3) === 3 ? 4 : 2)
    return stop(hart, BREAKPOINT, pc)
  }

  private memoryFault(hart: ProcessHart, pc: number): StopReason {
    const address = this.faultAddress()
    const instruction = this.memory.peek(pc, 16)
    if (address === pc || instruction === undefined) return stopByTrap(hart, TRAP_FETCH, pc, address)
    return stopByTrap(
      hart,
      this.description.storeFault(instruction, hart.context) ? TRAP_STORE : TRAP_LOAD,
      pc,
      address,
    )
  }

  private faultAddress(): number {
    const at = 8 * protocol.STOP_ADDRESS
    return this.words.getUint32(at + 4, true) * 2 ** 32 + this.words.getUint32(at, true)
  }

  protected restore(hart: ProcessHart): void {
    const frame = hart.saved.pop()
    if (frame === undefined) {
      this.clean(hart)
      return
    }
    hart.context = new DataView(frame.context.slice().buffer)
    hart.bytes = frame.bytes
    hart.midway = true
  }

  /** Registers as at the beginning of the process. */
  private clean(hart: ProcessHart): void {
    const offset = this.linux.context.offset
    hart.context = new DataView(this.pristine.slice(offset, offset + this.linux.context.bytes).buffer)
    hart.bytes = this.pristine
    hart.midway = false
  }

  /** The frame of a hart that is midway. */
  private frameOf(hart: ProcessHart): Uint8Array | undefined {
    return hart.bytes ?? (this.current === hart ? this.readFrame() : undefined)
  }

  private readFrame(): Uint8Array {
    const at = word(this.words, 8 * protocol.STOP_CONTEXT)
    const bytes = new Uint8Array(word(this.words, 8 * protocol.STOP_FRAME_END) - at)
    this.channel.get(at, bytes)
    return bytes
  }

  private writeFrame(bytes: Uint8Array): void {
    this.channel.put(word(this.words, 8 * protocol.STOP_CONTEXT), bytes)
  }
}

function copyOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice()
}

/** Exact below 2^53. */
function word(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true)
}

function setWord(view: DataView, at: number, x: number): void {
  view.setUint32(at, x, true)
  view.setUint32(at + 4, Math.floor(x / 2 ** 32), true)
}
