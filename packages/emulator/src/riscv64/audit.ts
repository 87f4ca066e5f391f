// What a calling convention promises and what it leaves open, enforced while code runs.
//
// Problem: code that relies on a register that a call may overwrite, or on the bits above a narrow value, works for as long as the callee happens to
// leave them alone. Idea: wherever a function is entered, and wherever one returns, everything that the convention leaves undefined gets garbage, and what
// it promises is compared: saved registers, the stack pointer, the rounding mode. Besides, store-conditionals may fail for no reason, as on real harts.
//
// Calls are followed on a stack of activations beside the guest's: pushed at the entry of a function, taken off where its return address is reached with the
// caller's frame pointer. A tail call arrives with return address and frame pointer of the function that made it; a call never does, since a function that calls
// has a frame pointer of its own. What leaves frames in other ways (exceptions, switched stacks) cannot be audited.
//
// Registers are numbered class * 64 + n: x0-x31 from 0, f0-f31 from 64, v0-v31 from 128.

import type { HartState } from './hart.ts'
import type { Riscv64Machine } from './index.ts'

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
  /** Stack arguments that leave a part of their 8 bytes undefined: offset from the stack pointer at entry, bytes that count. */
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
  /** Lets every other store-conditional fail. Default true. */
  readonly failures?: boolean
}

interface Activation {
  readonly contract: CallContract
  readonly returnAddress: number
  readonly fp: number
  readonly sp: number
  /** Contents of `contract.preserved` of the call that began it, two words each. */
  readonly kept: Int32Array
  readonly preserved: readonly number[]
  readonly roundingMode: number
}

const RA = 1
const SP = 2
const FP = 8
const F0 = 64
const V0 = 128

/** A convention was broken: by the code that ran. */
export class AuditError extends Error {
  override readonly name = 'AuditError'
}

export class CallAudit {
  private readonly machine: Riscv64Machine
  private readonly hart: HartState
  private readonly garbage: boolean
  private readonly watched: number[] = []
  private readonly activations: Activation[] = []
  private seed = 0x2545f491
  /** How many entries were seen, and how many store-conditionals were made to fail. */
  entries = 0
  failures = 0

  /** Follows calls among the functions of `contracts` until dispose(). */
  constructor(
    machine: Riscv64Machine,
    hart: HartState,
    contracts: readonly CallContract[],
    options: AuditOptions = {},
  ) {
    this.machine = machine
    this.hart = hart
    this.garbage = options.garbage ?? true
    const actions = new Map<number, (() => void)[]>()
    const at = (address: number, action: () => void): void => {
      actions.set(address, [...(actions.get(address) ?? []), action])
    }
    for (const c of contracts) {
      for (const site of c.returnSites) at(site, () => this.returned(site))
      if (options.failures ?? true) for (const sc of this.storeConditionals(c)) at(sc, () => this.mayFail())
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
    const { hart } = this
    this.entries++
    const ra = this.address(RA)
    const fp = this.address(FP)
    const sp = this.address(SP)
    const top = this.activations.at(-1)
    let call: Activation
    if (top !== undefined && top.returnAddress === ra && top.fp === fp) {
      // A tail call: who called the function that ends wants its registers back.
      this.checkKept(top)
      this.activations.pop()
      call = { ...top, contract, sp }
    } else {
      const { preserved } = contract
      const roundingMode = hart.fcsr >> 5
      call = { contract, returnAddress: ra, fp, sp, kept: this.contents(preserved), preserved, roundingMode }
    }
    this.activations.push(call)
    if (!this.garbage) return
    const passed = new Map(contract.arguments.map((a) => [a.register, a.bits]))
    passed.set(RA, 64)
    this.fillUndefined(contract.clobbered, passed)
    for (const { offset, bytes } of contract.stackArguments) {
      const view = this.machine.memory.view(sp + offset + bytes, 8 - bytes)
      for (let i = 0; i < view.length; i++) view[i] = this.random()
    }
  }

  private returned(site: number): void {
    const top = this.activations.at(-1)
    // Also reached by a branch to what follows the call.
    if (top === undefined || top.returnAddress !== site || top.fp !== this.address(FP)) return
    const { contract } = top
    this.activations.pop()
    const sp = this.address(SP)
    if (sp !== top.sp + contract.popBytes)
      throw new AuditError(
        `${contract.name} returns with the stack pointer ${sp - top.sp - contract.popBytes} bytes off`,
      )
    this.checkKept(top)
    if (!this.garbage) return
    this.fillUndefined(contract.clobbered, new Map(contract.results.map((r) => [r.register, r.bits])))
  }

  private checkKept({ contract, preserved, kept, roundingMode }: Activation): void {
    const now = this.contents(preserved)
    preserved.forEach((register, i) => {
      if (now[2 * i] !== kept[2 * i] || now[2 * i + 1] !== kept[2 * i + 1])
        throw new AuditError(`${contract.name} does not restore ${register < F0 ? 'x' : 'f'}${register & 63}`)
    })
    if (this.hart.fcsr >> 5 !== roundingMode)
      throw new AuditError(`${contract.name} does not restore the rounding mode`)
  }

  private contents(registers: readonly number[]): Int32Array {
    const { x } = this.hart
    const out = new Int32Array(2 * registers.length)
    registers.forEach((register, i) => {
      const at = register < F0 ? register * 2 : V0 + 2 * (register - F0)
      out[2 * i] = x[at]
      out[2 * i + 1] = x[at + 1]
    })
    return out
  }

  // ---- garbage

  /** All of `registers` but the bits that carry something. */
  private fillUndefined(registers: readonly number[], carried: ReadonlyMap<number, number>): void {
    const { x, vector } = this.hart
    for (const register of registers) {
      const bits = carried.get(register) ?? 0
      if (bits >= 64 || register === 0) continue
      if (register >= V0) {
        const at = 4 * (register - V0)
        for (let i = 0; i < 4; i++) vector.words[at + i] = this.random()
        continue
      }
      const at = register < F0 ? register * 2 : V0 + 2 * (register - F0)
      const low = bits >= 32 ? -1 : (1 << bits) - 1
      x[at] = (x[at] & low) | (this.random() & ~low)
      const high = bits <= 32 ? 0 : (1 << (bits - 32)) - 1
      x[at + 1] = (x[at + 1] & high) | (this.random() & ~high)
    }
    // vtype, vl and vxrm are not kept over calls; now and then they are what they are when a program starts.
    if (this.hart.hasVector) {
      const r = this.random()
      vector.configure((r >>> 8) % 5 === 0 ? 0xff : (r & 3) << 3, 0, (r >>> 16) & 15)
      vector.vxrm = (r >>> 20) & 3
      vector.vxsat = (r >>> 22) & 1
    }
    this.hart.fcsr = (this.hart.fcsr & 0xe0) | (this.random() & 31)
  }

  /** 32 bits: random ones, or one of those that hide mistakes best and worst. */
  private random(): number {
    let s = this.seed
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    this.seed = s
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

  // ---- store-conditionals

  /** Addresses that may hold one (17.2: AMO, funct5 00011): those that do not are never reached as instructions. */
  private storeConditionals({ entry, size }: CallContract): number[] {
    const code = this.machine.memory.view(entry, size)
    const found: number[] = []
    for (let i = 0; i + 4 <= size; i += 2)
      if ((code[i] & 0x7f) === 0x2f && code[i + 3] >>> 3 === 3) found.push(entry + i)
    return found
  }

  private mayFail(): void {
    if ((this.random() & 16) !== 0) return
    this.failures++
    this.hart.reservationLo = 0
    this.hart.reservationHi = 0
  }

  private address(register: number): number {
    return (this.hart.x[register * 2] >>> 0) + this.hart.x[register * 2 + 1] * 2 ** 32
  }
}
