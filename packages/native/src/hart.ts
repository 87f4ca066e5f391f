// A hart of the host's CPU: its context, which the stubs load and store, and its stack.
import { type NestingHart, type ReasonKind, RETURNED, type StopReason } from '@k23/machine'
import { CTX_GPR, CTX_MODE, CTX_PC, MODE_FULL } from './context.ts'

export class NativeHart implements NestingHart {
  readonly id: number
  fuel: number = Number.POSITIVE_INFINITY
  /** Not counted here. */
  readonly instructions = 0
  readonly reason: StopReason = { kind: RETURNED as ReasonKind, trapKind: 0, pc: 0, address: 0, number: 0, block: 0 }
  /** Machine address of the context, and the context as int32 words: the machine's memory until the hart is retired. */
  readonly context: number
  words: Int32Array
  readonly stackLow: number
  readonly stackTop: number
  depth = 0
  restorePending = false
  /** Words in front of the state that counts in mode FULL only. */
  private readonly lightWords: number
  private readonly saved: Int32Array[] = []

  constructor(id: number, context: number, words: Int32Array, lightWords: number, stackLow: number, stackTop: number) {
    this.id = id
    this.context = context
    this.words = words
    this.lightWords = lightWords
    this.stackLow = stackLow
    this.stackTop = stackTop
  }

  /** The context's memory goes: registers stay readable. */
  retire(): void {
    this.words = this.words.slice()
  }

  readRegister(n: number): { lo: number; hi: number } {
    return { lo: this.words[CTX_GPR / 4 + 2 * n], hi: this.words[CTX_GPR / 4 + 2 * n + 1] }
  }
  writeRegister(n: number, lo: number, hi: number): void {
    this.words[CTX_GPR / 4 + 2 * n] = lo
    this.words[CTX_GPR / 4 + 2 * n + 1] = hi
  }

  get pc(): number {
    return this.address(CTX_PC)
  }
  set pc(value: number) {
    this.setAddress(CTX_PC, value)
  }

  /** A field of the context as a number: exact below 2^53, which all mapped addresses are. */
  address(offset: number): number {
    return (this.words[offset / 4 + 1] >>> 0) * 2 ** 32 + (this.words[offset / 4] >>> 0)
  }
  setAddress(offset: number, value: number): void {
    this.words[offset / 4] = value | 0
    this.words[offset / 4 + 1] = Math.floor(value / 2 ** 32)
  }

  save(): void {
    const full = this.words[CTX_MODE / 4] === MODE_FULL
    this.saved.push(this.words.slice(0, full ? this.words.length : this.lightWords))
  }
  restore(): void {
    const context = this.saved.pop()
    if (context !== undefined) this.words.set(context)
  }
  forget(): void {
    this.saved.length = 0
  }
}
