// What emulated machines of every ISA share: slices, stops, watches.
//
// A hart runs in slices: V8 replaces a loop by its optimized code late while the loop never returns, and between slices interrupts, fuel
// and unknown jump targets are handled. Whatever stops a hart is exact to the instruction: pc names the instruction that did not happen (traps)
// or the next one, and the counters count those that did.
//
// The machine's own page holds the host-call stub (a reserved instruction, then a return) and the address that entry functions return to (another).

import { i64 } from '@k23/entity'
import {
  BREAKPOINT,
  HOST_CALL,
  type IsaName,
  MachineBase,
  PERM_READ,
  PERM_WRITE,
  type StopReason,
  stop,
  stopByTrap,
  type TraceHook,
  TRAP_ARITHMETIC,
  TRAP_ECALL,
  TRAP_FETCH,
  TRAP_ILLEGAL,
  TRAP_MISALIGNED,
} from '@k23/machine'
import type { CodeCache } from './code-cache.ts'
import type { EmulatedHart } from './hart.ts'
import { EmulatedMemory } from './memory.ts'
import * as exits from './semantics/protocol.ts'

/** Instructions between two looks at the interrupt flag: some ten milliseconds. */
const SLICE = 1 << 20

const DEFAULT_MEMORY = 2 ** 32

/** Code of the machine's own page: a function that makes a host call, and what returns to the host. */
export interface Stub {
  readonly bytes: Uint8Array
  readonly hostCall: number
  readonly returned: number
}

export abstract class EmulatedMachine<H extends EmulatedHart, C extends CodeCache> extends MachineBase<H> {
  readonly memory: EmulatedMemory
  readonly hostCallStub: number
  /** Where entry functions return to. */
  protected readonly returnAddress: number
  protected abstract readonly cache: C
  private lastHart: H | undefined
  private hook: TraceHook | undefined
  private readonly watches = new Map<number, (hart: H) => void>()

  constructor(memoryBytes: number = DEFAULT_MEMORY, stub: Stub) {
    super()
    this.memory = new EmulatedMemory(memoryBytes)
    const at = this.placeCode(stub.bytes)
    this.hostCallStub = at + stub.hostCall
    this.returnAddress = at + stub.returned
    this.memory.codeListener = (first, end) => this.cache.invalidate(first, end)
  }

  /** Executes up to `n` instructions from hart.slot on; the result is one of semantics/protocol.ts. */
  protected abstract execute(hart: H, n: number): number
  /** Another hart has run since this one did. */
  protected switchedTo(_hart: H): void {}
  /** Address of the target of a direct jump from the instruction at pc. */
  protected abstract directTarget(hart: H, pc: number): number
  /** Reads number and block of a host call into the hart's reason. */
  protected abstract readHostCall(hart: H): void
  /** No instruction can be at this address. */
  protected isMisaligned(_pc: number): boolean {
    return false
  }

  protected mapCode(bytes: Uint8Array, length: number): number {
    const address = this.memory.mapWindow(length, PERM_READ | PERM_WRITE)
    this.memory.view(address, bytes.length).set(bytes)
    return address
  }
  protected save(hart: H): void {
    hart.save()
  }
  protected restore(hart: H): void {
    hart.restore()
  }
  protected forget(hart: H): void {
    hart.forget()
  }

  /** Calls `hook` whenever the instruction at an address is about to happen, or does so no more. It may change registers, but not the pc. */
  watch(address: number, hook: ((hart: H) => void) | undefined): void {
    if (hook === undefined) this.watches.delete(address)
    else this.watches.set(address, hook)
    this.cache.watch(address, hook !== undefined)
  }

  trace(hook: TraceHook | undefined): void {
    this.hook = hook
  }

  protected proceed(hart: H): StopReason {
    if (this.lastHart !== hart) {
      this.switchedTo(hart)
      this.lastHart = hart
    }
    const { cache } = this
    for (;;) {
      if (this.isMisaligned(hart.pc)) return stopByTrap(hart, TRAP_MISALIGNED, hart.pc, hart.pc)
      hart.slot = cache.find(hart.pc)
      if (hart.slot === 0) return stopByTrap(hart, TRAP_FETCH, hart.pc, cache.faultAddress)
      const reason = this.slice(hart) ?? this.held(hart)
      if (reason !== undefined) return reason
    }
  }

  /** Runs from hart.slot until something stops the hart (its reason), or the slice is over (undefined, with hart.pc set). */
  private slice(hart: H): StopReason | undefined {
    const { cache, memory } = this
    const allowed = this.hook === undefined ? Math.min(SLICE, Math.floor(hart.fuel)) : 1
    this.hook?.(hart.pc, cache.text(hart.pc))
    let left = allowed
    for (;;) {
      hart.budget = left
      const exit = this.execute(hart, left)
      const executed = left - hart.left
      hart.instructions += executed
      hart.fuel -= executed
      left = hart.left
      const pc = cache.pcOf(hart.slot)
      hart.pc = pc
      switch (exit) {
        case exits.OUT_OF_FUEL:
          return undefined
        case exits.MISS_DIRECT:
        case exits.MISS_INDIRECT:
        case exits.MISS_LINK: {
          if (exit === exits.MISS_LINK && cache.isWatch(hart.slot)) {
            this.watches.get(pc)?.(hart)
            hart.slot = cache.behind(hart.slot)
            continue
          }
          const target =
            exit === exits.MISS_DIRECT
              ? this.directTarget(hart, pc)
              : exit === exits.MISS_LINK
                ? pc
                : unsignedAddress(hart.targetLo, hart.targetHi)
          const from = hart.slot
          hart.pc = target
          if (left === 0) return undefined
          const slot = cache.find(target)
          if (slot === 0) return stopByTrap(hart, TRAP_FETCH, target, cache.faultAddress)
          if (exit !== exits.MISS_INDIRECT) cache.setLink(from, slot)
          hart.slot = slot
          continue
        }
        case exits.FAULT:
          return stopByTrap(hart, memory.faultKind, pc, unsignedAddress(memory.faultLo, memory.faultHi))
        case exits.ILLEGAL:
          return stopByTrap(hart, TRAP_ILLEGAL, pc, 0)
        case exits.ARITHMETIC:
          return stopByTrap(hart, TRAP_ARITHMETIC, pc, 0)
        case exits.ECALL:
          return stopByTrap(hart, TRAP_ECALL, pc, 0)
        case exits.EBREAK:
          hart.pc = pc + cache.lengthOf(hart.slot)
          return stop(hart, BREAKPOINT, pc)
        case exits.FENCE_I:
          hart.pc = pc + cache.lengthOf(hart.slot)
          cache.flush()
          return undefined
        case exits.HOST_CALL:
          hart.pc = pc + cache.lengthOf(hart.slot)
          this.readHostCall(hart)
          return stop(hart, HOST_CALL, hart.pc)
        default: // RETURNED
          return this.returned(hart, pc)
      }
    }
  }
}

/** The features to switch on: those asked for, or all optional ones. Throws RangeError for one that the emulator lacks. */
export function chosenExtensions(
  isa: IsaName,
  always: readonly string[],
  optional: readonly string[],
  asked: readonly string[] | undefined,
): Set<string> {
  const extensions = new Set(always)
  for (const feature of asked ?? optional) {
    const extension = feature.replace(/^has_/, '')
    if (!always.includes(extension) && !optional.includes(extension)) {
      const names = optional.map((e) => `has_${e}`)
      throw new RangeError(`the ${isa} emulator has no ${feature}; it has ${names.join(', ')}`)
    }
    extensions.add(extension)
  }
  return extensions
}

/** Writes an address, or any safe integer, to a register. */
export function setAddress(hart: EmulatedHart, register: number, value: number): void {
  const lo = i64.fromNumber(value)
  hart.writeRegister(register, lo, i64.hi)
}

/** A 64-bit address as a number: exact below 2^53, which all mapped addresses are. */
export function unsignedAddress(lo: number, hi: number): number {
  return i64.toUnsignedNumber(lo, hi)
}
