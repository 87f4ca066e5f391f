// What a calling convention promises and what it leaves open, enforced while code runs; each ISA has a subclass.
//
// Problem: code that relies on a register that a call may overwrite, or on the bits above a narrow value, works for as long as the callee happens to
// leave them alone. Idea: wherever a function is entered, and wherever one returns, everything that the convention leaves undefined gets garbage, and what
// it promises is compared: saved registers, the stack pointer, the rounding mode.
//
// Calls are followed on a stack of activations beside the guest's: pushed at the entry of a function, taken off where its return address is reached with the
// caller's frame pointer. A tail call arrives with return address and frame pointer of the function that made it; a call never does, since a function that calls
// has a frame pointer of its own. What leaves frames in other ways (exceptions, switched stacks) cannot be audited.
//
// Registers are numbered class * 64 + n.

import type { EmulatedHart } from './hart.ts'
import type { EmulatedMemory } from './memory.ts'

/** A register in which an argument or a result is passed, and how many of its bits that takes; those above are undefined. */
export interface Carried {
  readonly register: number
  readonly bits: number
}

/** What a function's convention says of calls of it. */
export interface CallContract {
  readonly name: string
  /** Address of the function; the bytes of its code. */
  readonly entry: number
  readonly size: number
  /** Addresses behind the calls that it makes. */
  readonly returnSites: readonly number[]
  readonly arguments: readonly Carried[]
  readonly results: readonly Carried[]
  /** Stack arguments that leave a part of their 8 bytes undefined: offset from the first of all, bytes that count. */
  readonly stackArguments: readonly { readonly offset: number; readonly bytes: number }[]
  /** Registers that a call may overwrite, and those that come back as they were. */
  readonly clobbered: readonly number[]
  readonly preserved: readonly number[]
  /** Bytes of stack arguments that the function removes. */
  readonly popBytes: number
}

export interface AuditOptions {
  /** Fills what is undefined with garbage. Default true. */
  readonly garbage?: boolean
  /** Lets every other store-conditional fail, where there are such. Default true. */
  readonly failures?: boolean
  /** Other garbage for another number. */
  readonly seed?: number
}

interface Activation {
  readonly contract: CallContract
  readonly returnAddress: number
  readonly fp: number
  readonly sp: number
  /** Contents of `preserved` of the call that began it. */
  readonly kept: Int32Array
  readonly preserved: readonly number[]
  readonly roundingMode: number
}

/** A convention was broken: by the code that ran. */
export class AuditError extends Error {
  override readonly name = 'AuditError'
}

/** Where a register is: words of an array, the lowest first. */
export type RegisterPlace = readonly [words: Int32Array, at: number, count: number]

/** Words of registers, one after the other. */
interface Places {
  readonly words: readonly Int32Array[]
  readonly at: Int32Array
  /** Bits of each word that carry something. */
  readonly carried: Int32Array
}

/** What an audit needs of a machine. */
export interface WatchedMachine<H> {
  readonly memory: EmulatedMemory
  watch(address: number, hook: ((hart: H) => void) | undefined): void
}

export abstract class CallAudit<H extends EmulatedHart> {
  protected readonly machine: WatchedMachine<H>
  protected readonly hart: H
  private readonly garbage: boolean
  private readonly watched: number[] = []
  private readonly activations: Activation[] = []
  private state: number
  /** By list of registers, and by contract: what is overwritten at the entry and behind the return. A program of calls asks for them all the time. */
  private readonly placesOf = new Map<readonly number[], Places>()
  private readonly filled = new Map<CallContract, { readonly entry: Places; readonly exit: Places }>()
  /** How many entries were seen, and how many store-conditionals were made to fail. */
  entries = 0
  failures = 0

  /** Follows calls among the functions of `contracts` until dispose(). */
  constructor(machine: WatchedMachine<H>, hart: H, contracts: readonly CallContract[], options: AuditOptions = {}) {
    this.machine = machine
    this.hart = hart
    this.garbage = options.garbage ?? true
    this.state = 0x2545f491 ^ ((options.seed ?? 0) << 1)
    const actions = new Map<number, (() => void)[]>()
    const at = (address: number, action: () => void): void => {
      actions.set(address, [...(actions.get(address) ?? []), action])
    }
    for (const c of contracts) {
      for (const site of c.returnSites) at(site, () => this.returned(site))
      if (options.failures ?? true) for (const sc of this.mayFailAt(c)) at(sc, () => this.mayFail())
    }
    // Behind returns: the end of one function can be the beginning of the next.
    for (const c of contracts) at(c.entry, () => this.entered(c))
    for (const [address, list] of actions) {
      this.watched.push(address)
      machine.watch(address, () => {
        for (const action of list) action()
      })
    }
  }

  /** At a function's entry: where it returns to, and where its stack arguments begin. */
  protected abstract returnAddress(): number
  protected abstract stackArgumentsAt(sp: number): number
  protected abstract stackPointer(): number
  protected abstract framePointer(): number
  protected abstract place(register: number): RegisterPlace
  protected abstract registerName(register: number): string
  protected abstract roundingMode(): number
  /** What a call passes beside arguments. */
  protected impliedArguments(): readonly Carried[] {
    return []
  }
  /** Garbage in whatever else calls leave undefined: flags, modes. */
  protected abstract disturb(): void
  /** Addresses of instructions that may fail for no reason, and makes the one that is next do so. */
  protected mayFailAt(_contract: CallContract): readonly number[] {
    return []
  }
  protected makeFail(): void {}

  /** A call from the host begins. */
  begin(): void {
    this.activations.length = 0
  }

  /** The call has returned to the host. */
  end(): void {
    const top = this.activations.pop()
    if (top === undefined || this.activations.length !== 0)
      throw new AuditError(
        `the host is returned to with ${this.activations.length + (top === undefined ? 0 : 1)} calls open`,
      )
    this.checkKept(top)
  }

  dispose(): void {
    for (const address of this.watched) this.machine.watch(address, undefined)
    this.watched.length = 0
  }

  // ---- entry and return

  private entered(contract: CallContract): void {
    this.entries++
    const returnAddress = this.returnAddress()
    const fp = this.framePointer()
    const sp = this.stackPointer()
    const top = this.activations.at(-1)
    let call: Activation
    if (top !== undefined && top.returnAddress === returnAddress && top.fp === fp) {
      // A tail call: who called the function that ends wants its registers back.
      this.checkKept(top)
      this.activations.pop()
      call = { ...top, contract, sp }
    } else {
      const { preserved } = contract
      const kept = this.contents(preserved)
      call = { contract, returnAddress, fp, sp, kept, preserved, roundingMode: this.roundingMode() }
    }
    this.activations.push(call)
    if (!this.garbage) return
    this.fillUndefined(this.undefinedOf(contract).entry)
    const first = this.stackArgumentsAt(sp)
    for (const { offset, bytes } of contract.stackArguments) {
      const view = this.machine.memory.view(first + offset + bytes, 8 - bytes)
      for (let i = 0; i < view.length; i++) view[i] = this.random()
    }
  }

  private returned(site: number): void {
    const top = this.activations.at(-1)
    // Also reached by a branch to what follows the call.
    if (top === undefined || top.returnAddress !== site || top.fp !== this.framePointer()) return
    const { contract } = top
    this.activations.pop()
    const off = this.stackPointer() - this.stackArgumentsAt(top.sp) - contract.popBytes
    if (off !== 0) throw new AuditError(`${contract.name} returns with the stack pointer ${off} bytes off`)
    this.checkKept(top)
    if (this.garbage) this.fillUndefined(this.undefinedOf(contract).exit)
  }

  private checkKept({ contract, preserved, kept, roundingMode }: Activation): void {
    const { words, at } = this.places(preserved)
    for (let i = 0; i < at.length; i++)
      if (words[i][at[i]] !== kept[i])
        throw new AuditError(`${contract.name} does not restore ${this.nameOf(preserved, i)}`)
    if (this.roundingMode() !== roundingMode)
      throw new AuditError(`${contract.name} does not restore the rounding mode`)
  }

  private contents(registers: readonly number[]): Int32Array {
    const { words, at } = this.places(registers)
    const out = new Int32Array(at.length)
    for (let i = 0; i < at.length; i++) out[i] = words[i][at[i]]
    return out
  }

  /** The register that word `i` of a list belongs to. */
  private nameOf(registers: readonly number[], i: number): string {
    let rest = i
    for (const register of registers) {
      rest -= this.place(register)[2]
      if (rest < 0) return this.registerName(register)
    }
    return '?'
  }

  private places(registers: readonly number[]): Places {
    let places = this.placesOf.get(registers)
    if (places === undefined) {
      places = this.placesWith(registers, [])
      this.placesOf.set(registers, places)
    }
    return places
  }

  private placesWith(registers: readonly number[], carried: readonly Carried[]): Places {
    const words: Int32Array[] = []
    const at: number[] = []
    const masks: number[] = []
    const bitsOf = new Map(carried.map((c) => [c.register, c.bits]))
    for (const register of registers) {
      const bits = bitsOf.get(register) ?? 0
      const [of, first, count] = this.place(register)
      for (let i = 0; i < count; i++) {
        const here = bits - 32 * i
        words.push(of)
        at.push(first + i)
        masks.push(here >= 32 ? -1 : here <= 0 ? 0 : (1 << here) - 1)
      }
    }
    return { words, at: Int32Array.from(at), carried: Int32Array.from(masks) }
  }

  // ---- garbage

  private undefinedOf(contract: CallContract): { readonly entry: Places; readonly exit: Places } {
    let both = this.filled.get(contract)
    if (both === undefined) {
      const { clobbered } = contract
      both = {
        entry: this.placesWith(clobbered, [...contract.arguments, ...this.impliedArguments()]),
        exit: this.placesWith(clobbered, contract.results),
      }
      this.filled.set(contract, both)
    }
    return both
  }

  /** All but the bits that carry something. */
  private fillUndefined({ words, at, carried }: Places): void {
    for (let i = 0; i < at.length; i++) {
      const keep = carried[i]
      if (keep !== -1) words[i][at[i]] = (words[i][at[i]] & keep) | (this.random() & ~keep)
    }
    this.disturb()
  }

  /** 32 bits: random ones, or one of those that hide mistakes best and worst. */
  protected random(): number {
    let s = this.state
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    this.state = s
    switch (s & 7) {
      case 0:
        return -1
      case 1:
        return 0
      case 2:
        return -0x80000000
      default:
        return (s * 0x9e3779b1) | 0
    }
  }

  private mayFail(): void {
    if ((this.random() & 16) !== 0) return
    this.failures++
    this.makeFail()
  }
}
