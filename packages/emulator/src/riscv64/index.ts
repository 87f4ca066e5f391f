// The riscv64 machine: user mode, evaluated directly.
//
// A hart runs in slices: V8 replaces a loop by its optimized code late while the loop never returns, and between slices interrupts, fuel
// and unknown jump targets are handled. Whatever stops a hart is exact to the instruction: pc names the instruction that did not happen (traps)
// or the next one, and the counters count those that did.
//
// The machine's own page holds the host-call stub (a reserved instruction, then ret) and the address that entry functions return to (another).

import { i64 } from '@k23/entity'
import {
  BREAKPOINT,
  EPOCH,
  FUEL,
  type Hart,
  type HartOptions,
  HOST_CALL,
  type Machine,
  PAGE_SIZE,
  PERM_EXEC,
  PERM_READ,
  PERM_WRITE,
  type ReasonKind,
  RETURNED,
  type StopReason,
  type TraceHook,
  TRAP,
  TRAP_ECALL,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_MISALIGNED,
} from '@k23/machine'
import * as gen from '../gen/riscv64-eval.ts'
import { EmulatedMemory } from '../memory.ts'
import { CodeCache, enabledRows, HOST_CALL_BITS, RETURN_BITS } from './code-cache.ts'
import { HartState } from './hart.ts'

export { HartState } from './hart.ts'

/** Instructions between two looks at the interrupt flag: some ten milliseconds. */
const SLICE = 1 << 20

const DEFAULT_MEMORY = 2 ** 32
const DEFAULT_STACK = 1 << 20
const RETURN_OFFSET = 16
const RET = 0x00008067

const RA = 1
const SP = 2
const S0 = 8
const A0 = 10

/** Extensions whose instructions have semantics here. The base, Zicsr, Zifencei and C are always on. */
const OPTIONAL_EXTENSIONS = [
  'm',
  'a',
  'f',
  'd',
  'zfhmin',
  'zfh',
  'zfa',
  'zba',
  'zbb',
  'zbs',
  'zbc',
  'zbkb',
  'zicond',
  'zcb',
  'v',
  'zvbb',
  'zvfh',
] as const
const ALWAYS = ['zicsr', 'zifencei', 'zihintpause', 'c', 'zca'] as const

export interface Riscv64MachineOptions {
  /** Bytes of address space; default and most is 4 GiB. Nothing is committed before it is mapped. */
  memoryBytes?: number
  /** Extensions by the code generator's names (`has_m`, `has_zbb`); default: all that are implemented. Others' instructions are illegal. */
  features?: readonly string[]
}

/** A machine that emulates riscv64 user mode: RV64GCV (VLEN 128) and the extensions of OPTIONAL_EXTENSIONS. Throws RangeError for a feature that it lacks. */
export function createRiscv64Machine(options: Riscv64MachineOptions = {}): Riscv64Machine {
  return new Riscv64Machine(options)
}

export class Riscv64Machine implements Machine {
  readonly isa = 'riscv64'
  readonly features: readonly string[]
  readonly memory: EmulatedMemory
  readonly hostCallStub: number
  private readonly returnAddress: number
  private readonly cache: CodeCache
  private readonly harts: HartState[] = []
  private readonly interrupted = new Set<HartState>()
  private lastHart: HartState | undefined
  private hook: TraceHook | undefined

  constructor(options: Riscv64MachineOptions) {
    const extensions = new Set<string>(ALWAYS)
    const implemented: readonly string[] = [...ALWAYS, ...OPTIONAL_EXTENSIONS]
    for (const feature of options.features ?? OPTIONAL_EXTENSIONS.map((e) => `has_${e}`)) {
      const extension = feature.replace(/^has_/, '')
      if (!implemented.includes(extension)) {
        const names = OPTIONAL_EXTENSIONS.map((e) => `has_${e}`)
        throw new RangeError(`the riscv64 emulator has no ${feature}; it has ${names.join(', ')}`)
      }
      extensions.add(extension)
    }
    this.features = [...extensions].map((e) => `has_${e}`)
    this.memory = new EmulatedMemory(options.memoryBytes ?? DEFAULT_MEMORY)
    const stub = new Uint8Array(RETURN_OFFSET + 4)
    const words = new DataView(stub.buffer)
    words.setUint32(0, HOST_CALL_BITS, true)
    words.setUint32(4, RET, true)
    words.setUint32(RETURN_OFFSET, RETURN_BITS, true)
    this.hostCallStub = this.placeCode(stub)
    this.returnAddress = this.hostCallStub + RETURN_OFFSET
    this.cache = new CodeCache(this.memory, enabledRows(extensions), this.hostCallStub / PAGE_SIZE)
    this.memory.codeListener = (first, end) => this.cache.invalidate(first, end)
  }

  placeCode(bytes: Uint8Array, alignment = 16): number {
    if (!(alignment >= 1 && alignment <= PAGE_SIZE && (alignment & (alignment - 1)) === 0)) {
      throw new RangeError(`alignment ${alignment} is not a power of two up to ${PAGE_SIZE}`)
    }
    const length = Math.max(bytes.length, 1)
    const address = this.memory.map(length, PERM_READ | PERM_WRITE)
    this.memory.view(address, bytes.length).set(bytes)
    this.memory.protect(address, length, PERM_READ | PERM_EXEC)
    return address
  }

  createHart(options: HartOptions = {}): Hart {
    const bytes = Math.ceil((options.stackBytes ?? DEFAULT_STACK) / PAGE_SIZE) * PAGE_SIZE
    const guard = this.memory.reserve(PAGE_SIZE + bytes)
    this.memory.protect(guard + PAGE_SIZE, bytes, PERM_READ | PERM_WRITE)
    const hart = new HartState(this.harts.length, guard + PAGE_SIZE, guard + PAGE_SIZE + bytes)
    hart.hasVector = this.features.includes('has_v')
    hart.vector.hasHalf = this.features.includes('has_zvfh')
    this.harts.push(hart)
    return hart
  }

  stackLow(hart: Hart): number {
    return this.own(hart).stackLow
  }

  /** Also while the hart is stopped by a host call: the new call runs below the interrupted one, which goes on when run() is called after it returned. */
  enter(given: Hart, address: number, args: readonly number[]): void {
    const hart = this.own(given)
    if (args.length > 8) throw new RangeError(`${args.length} arguments: enter() passes up to eight, in registers`)
    if (hart.restorePending) this.resumeOuter(hart)
    if (hart.depth > 0) {
      hart.save()
      const sp = (hart.x[SP * 2] >>> 0) & ~15
      hart.writeRegister(SP, sp, hart.x[SP * 2 + 1])
    } else {
      setAddress(hart, SP, hart.stackTop)
      hart.writeRegister(S0, 0, 0) // ends the chain of frame pointers
    }
    setAddress(hart, RA, this.returnAddress)
    args.forEach((arg, i) => {
      setAddress(hart, A0 + i, arg)
    })
    hart.pc = address
    hart.depth++
  }

  /** Gives up the innermost entry, after a trap in it; the one below (if any) goes on with the next run(). */
  leave(given: Hart): void {
    const hart = this.own(given)
    if (hart.depth === 0) return
    // An entry above has returned, and this one was not resumed since: its context is the one to go back to before it is dropped.
    if (hart.restorePending) this.resumeOuter(hart)
    hart.depth--
    hart.restore()
  }

  reset(given: Hart): void {
    const hart = this.own(given)
    hart.depth = 0
    hart.restorePending = false
    hart.saved.length = 0
  }

  interrupt(): void {
    for (const hart of this.harts) this.interrupted.add(hart)
  }

  trace(hook: TraceHook | undefined): void {
    this.hook = hook
  }

  run(given: Hart): StopReason {
    const hart = this.own(given)
    if (hart.restorePending) this.resumeOuter(hart)
    if (hart.depth === 0) throw new Error('run: the hart is idle, enter() starts a call')
    if (this.lastHart !== hart) {
      // What another hart stored in the meantime may have been reserved: a store-conditional may fail at any time (unprivileged manual, 14.2).
      hart.reservationLo = 0
      hart.reservationHi = 0
      this.lastHart = hart
    }
    const { cache } = this
    for (;;) {
      if (this.interrupted.delete(hart)) return stop(hart, EPOCH, hart.pc)
      if (!(hart.fuel >= 1)) return stop(hart, FUEL, hart.pc)
      if ((hart.pc & 1) !== 0) return trap(hart, TRAP_MISALIGNED, hart.pc, hart.pc)
      hart.slot = cache.find(hart.pc)
      if (hart.slot === 0) return trap(hart, TRAP_FETCH, hart.pc, cache.faultAddress)
      const reason = this.slice(hart)
      if (reason !== undefined) return reason
    }
  }

  /** Runs from hart.slot until something stops the hart (its reason), or the slice is over (undefined, with hart.pc set). */
  private slice(hart: HartState): StopReason | undefined {
    const { cache, memory } = this
    const allowed = this.hook === undefined ? Math.min(SLICE, Math.floor(hart.fuel)) : 1
    this.hook?.(hart.pc, cache.text(hart.pc))
    let left = allowed
    for (;;) {
      hart.budget = left
      const exit = gen.evaluate(hart, cache, memory, left)
      const executed = left - hart.left
      hart.instructions += executed
      hart.fuel -= executed
      left = hart.left
      const pc = cache.pcOf(hart.slot)
      hart.pc = pc
      switch (exit) {
        case gen.OUT_OF_FUEL:
          return undefined
        case gen.MISS_DIRECT:
        case gen.MISS_INDIRECT:
        case gen.MISS_LINK: {
          const target =
            exit === gen.MISS_DIRECT
              ? wrapAddress(pc + hart.offset)
              : exit === gen.MISS_LINK
                ? pc
                : unsignedAddress(hart.targetLo, hart.targetHi)
          const from = hart.slot
          hart.pc = target
          if (left === 0) return undefined
          const slot = cache.find(target)
          if (slot === 0) return trap(hart, TRAP_FETCH, target, cache.faultAddress)
          if (exit !== gen.MISS_INDIRECT) cache.setLink(from, slot)
          hart.slot = slot
          continue
        }
        case gen.FAULT:
          return trap(hart, memory.faultKind, pc, unsignedAddress(memory.faultLo, memory.faultHi))
        case gen.ILLEGAL:
          return trap(hart, TRAP_ILLEGAL, pc, 0)
        case gen.ECALL:
          return trap(hart, TRAP_ECALL, pc, 0)
        case gen.EBREAK:
          hart.pc = pc + cache.lengthOf(hart.slot)
          return stop(hart, BREAKPOINT, pc)
        case gen.FENCE_I:
          hart.pc = pc + 4
          cache.flush()
          return undefined
        case gen.HOST_CALL:
          hart.pc = pc + 4
          hart.reason.number = hart.x[A0 * 2]
          hart.reason.block = unsignedAddress(hart.x[(A0 + 1) * 2], hart.x[(A0 + 1) * 2 + 1])
          return stop(hart, HOST_CALL, hart.pc)
        default: // RETURNED
          hart.depth--
          hart.restorePending = hart.depth > 0
          return stop(hart, RETURNED, pc)
      }
    }
  }

  private resumeOuter(hart: HartState): void {
    hart.restorePending = false
    hart.restore()
  }

  private own(hart: Hart): HartState {
    const state = this.harts[hart.id]
    if (state !== hart) throw new TypeError('the hart belongs to another machine')
    return state
  }
}

function stop(hart: HartState, kind: ReasonKind, pc: number): StopReason {
  const { reason } = hart
  reason.kind = kind
  reason.pc = pc
  return reason
}

function trap(hart: HartState, kind: number, pc: number, address: number): StopReason {
  hart.reason.trapKind = kind
  hart.reason.address = address
  return stop(hart, TRAP, pc)
}

function setAddress(hart: HartState, register: number, value: number): void {
  const lo = i64.fromNumber(value)
  hart.writeRegister(register, lo, i64.hi)
}

/** A pc below zero is an address at the top of the 64 bits. */
function wrapAddress(address: number): number {
  return address < 0 ? address + 2 ** 64 : address
}

/** A 64-bit address as a number: exact below 2^53, which all mapped addresses are. */
function unsignedAddress(lo: number, hi: number): number {
  return i64.toUnsignedNumber(lo, hi)
}
