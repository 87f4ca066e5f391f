// What machines of every kind share: placed code, the table of harts, calls within calls.
//
// A hart's calls are a stack: a call that enter() starts while another one is stopped runs below it on the same guest stack, and when it has returned its
// results stay readable in the registers until the outer one goes on. Invariant: `depth` calls have not returned; `restorePending` says that one more
// has, whose registers are still there in place of those of the call below.
import {
  EPOCH,
  FUEL,
  type Hart,
  type HartOptions,
  type IsaName,
  type Machine,
  type MachineMemory,
  PAGE_SIZE,
  PERM_EXEC,
  PERM_READ,
  PERM_WRITE,
  type ReasonKind,
  RETURNED,
  type StopReason,
  TRAP,
} from './index.ts'

const DEFAULT_STACK = 1 << 20

/** A hart of a machine that keeps its calls here. */
export interface NestingHart extends Hart {
  /** The stack: lowest and past-the-end address. A page on either side of it is never mapped. */
  readonly stackLow: number
  readonly stackTop: number
  /** Calls that have not returned; 0 when idle. */
  depth: number
  /** The last run() returned from a nested call, whose results must stay readable until the outer one goes on. */
  restorePending: boolean
}

export abstract class MachineBase<H extends NestingHart> implements Machine {
  abstract readonly isa: IsaName
  abstract readonly features: readonly string[]
  abstract readonly memory: MachineMemory
  abstract readonly hostCallStub: number
  /** Arguments that enter() passes. */
  protected readonly mostArguments: number = 8
  protected readonly harts: (H | undefined)[] = []
  /** Harts that are to stop with EPOCH. */
  protected readonly interrupted: Set<H> = new Set()
  /** Bytes of placed code, by address. */
  private readonly placed = new Map<number, number>()

  // ---- what a kind of machine adds

  /** Maps memory for code, writes it there, and leaves it writable. */
  protected abstract mapCode(bytes: Uint8Array, length: number): number
  protected abstract makeHart(id: number, stackLow: number, stackTop: number): H
  /** A hart is destroyed. */
  protected forgetHart(_hart: H): void {}
  /** Sets up a call; the hart's registers have been saved if it is `nested`, else they hold what an earlier call left. */
  protected abstract begin(hart: H, args: readonly number[], nested: boolean): void
  /** Goes on with a hart that has something to do and may do it. */
  protected abstract proceed(hart: H): StopReason
  /** Keeps the registers of a stopped call, above those kept before. */
  protected abstract save(hart: H): void
  /** Takes back the registers that were kept last, if any. */
  protected abstract restore(hart: H): void
  /** Forgets the registers that were kept. */
  protected abstract forget(hart: H): void

  // ---- code

  placeCode(bytes: Uint8Array, alignment = 16): number {
    if (!(alignment >= 1 && alignment <= PAGE_SIZE && (alignment & (alignment - 1)) === 0))
      throw new RangeError(`alignment ${alignment} is not a power of two up to ${PAGE_SIZE}`)
    const length = Math.max(bytes.length, 1)
    const address = this.mapCode(bytes, length)
    this.memory.protect(address, length, PERM_READ | PERM_EXEC)
    this.placed.set(address, length)
    return address
  }

  removeCode(address: number): void {
    const length = this.placed.get(address)
    if (length === undefined) throw new RangeError(`no code was placed at 0x${address.toString(16)}`)
    this.placed.delete(address)
    this.memory.unmap(address, length)
  }

  // ---- harts

  createHart(options: HartOptions = {}): H {
    const { memory } = this
    const bytes = Math.ceil((options.stackBytes ?? DEFAULT_STACK) / PAGE_SIZE) * PAGE_SIZE
    const low = memory.reserve(PAGE_SIZE + bytes + PAGE_SIZE) + PAGE_SIZE
    memory.protect(low, bytes, PERM_READ | PERM_WRITE)
    const free = this.harts.indexOf(undefined)
    const id = free < 0 ? this.harts.length : free
    const hart = this.makeHart(id, low, low + bytes)
    this.harts[id] = hart
    return hart
  }

  destroyHart(given: Hart): void {
    const hart = this.own(given)
    if (hart.depth !== 0) throw new TypeError('destroyHart: the hart is not idle')
    this.memory.unmap(hart.stackLow - PAGE_SIZE, hart.stackTop - hart.stackLow + 2 * PAGE_SIZE)
    this.harts[hart.id] = undefined
    this.interrupted.delete(hart)
    this.forgetHart(hart)
  }

  stackLow(hart: Hart): number {
    return this.own(hart).stackLow
  }

  // ---- calls

  enter(given: Hart, address: number, args: readonly number[]): void {
    const hart = this.own(given)
    if (args.length > this.mostArguments)
      throw new RangeError(`${args.length} arguments: enter() passes up to ${this.mostArguments}`)
    if (hart.restorePending) this.resumeOuter(hart)
    const nested = hart.depth > 0
    if (nested) this.save(hart)
    try {
      this.begin(hart, args, nested)
    } catch (e) {
      // The stack pointer of a stopped guest may point anywhere.
      if (nested) this.restore(hart)
      throw e
    }
    hart.pc = address
    hart.depth++
  }

  run(given: Hart): StopReason {
    const hart = this.own(given)
    if (hart.restorePending) this.resumeOuter(hart)
    if (hart.depth === 0) throw new Error('run: the hart is idle, enter() starts a call')
    return this.held(hart) ?? this.proceed(hart)
  }

  /** Why the hart may not go on, if so. */
  protected held(hart: H): StopReason | undefined {
    if (this.interrupted.size !== 0 && this.interrupted.delete(hart)) return stop(hart, EPOCH, hart.pc)
    return hart.fuel >= 1 ? undefined : stop(hart, FUEL, hart.pc)
  }

  /** The innermost call has returned. */
  protected returned(hart: H, pc: number): StopReason {
    hart.depth--
    hart.restorePending = hart.depth > 0
    return stop(hart, RETURNED, pc)
  }

  leave(given: Hart): void {
    const hart = this.own(given)
    if (hart.depth === 0) return
    // A call above has returned, and this one was not resumed since: its registers are those to go back to before they are dropped.
    if (hart.restorePending) this.resumeOuter(hart)
    hart.depth--
    this.restore(hart)
  }

  reset(given: Hart): void {
    const hart = this.own(given)
    hart.depth = 0
    hart.restorePending = false
    this.forget(hart)
  }

  interrupt(): void {
    for (const hart of this.harts) if (hart !== undefined) this.interrupted.add(hart)
  }

  private resumeOuter(hart: H): void {
    hart.restorePending = false
    this.restore(hart)
  }

  /** The hart as this machine's. */
  protected own(hart: Hart): H {
    const state = this.harts[hart.id]
    if (state === undefined || state !== hart)
      throw new TypeError('the hart belongs to another machine, or was destroyed')
    return state
  }
}

/** Fills in why a hart stopped. */
export function stop(hart: Hart, kind: ReasonKind, pc: number): StopReason {
  const { reason } = hart
  reason.kind = kind
  reason.pc = pc
  return reason
}

/** The same for a trap of `kind`. */
export function stopByTrap(hart: Hart, kind: number, pc: number, address: number): StopReason {
  hart.reason.trapKind = kind
  hart.reason.address = address
  return stop(hart, TRAP, pc)
}
