// An x64 hart: the register file (registers.ts) and views of it.

import { i64 } from '@k23/entity'
import { flagsOf, knowFlags } from '../gen/x64-flags.ts'
import { EmulatedHart } from '../hart.ts'
import { cpuid } from './cpuid.ts'
import * as R from './registers.ts'

/** What a nested entry must give back. */
interface SavedContext {
  readonly x: Int32Array
  readonly pc: number
}

export class X64Hart extends EmulatedHart {
  readonly x: Int32Array = new Int32Array(R.REGISTER_WORDS)
  readonly x8: Uint8Array = new Uint8Array(this.x.buffer)
  readonly x8s: Int8Array = new Int8Array(this.x.buffer)
  readonly x16: Uint16Array = new Uint16Array(this.x.buffer)
  readonly x16s: Int16Array = new Int16Array(this.x.buffer)
  readonly xf32: Float32Array = new Float32Array(this.x.buffer)
  readonly xf64: Float64Array = new Float64Array(this.x.buffer)
  /** High word of what clock() returned. */
  clockHi = 0
  private readonly saved: SavedContext[] = []

  private readonly features: ReadonlySet<string>

  /** `features`: what cpuid tells of. */
  constructor(id: number, stackLow: number, stackTop: number, features: ReadonlySet<string>) {
    super(id, stackLow, stackTop)
    this.features = features
    this.x[R.FOUR_GIB + 1] = 1
    knowFlags(this.x, 0)
  }

  /** By the numbers that instructions encode: rax rcx rdx rbx rsp rbp rsi rdi r8-r15. */
  readRegister(n: number): { lo: number; hi: number } {
    return { lo: this.x[n * 2], hi: this.x[n * 2 + 1] }
  }

  writeRegister(n: number, lo: number, hi: number): void {
    this.x[n * 2] = lo
    this.x[n * 2 + 1] = hi
  }

  /** The arithmetic flags at their places in RFLAGS: CF 1, PF 4, AF 16, ZF 64, SF 128, OF 2048. */
  get flags(): number {
    return flagsOf(this.x)
  }

  set flags(value: number) {
    knowFlags(this.x, value)
  }

  cpuid(leaf: number, subleaf: number): readonly [number, number, number, number] {
    return cpuid(this.features, leaf, subleaf)
  }

  /** The bytes of a vector register. */
  vector(n: number): Uint8Array {
    return this.x8.subarray((R.XMM + n * 4) * 4, (R.XMM + n * 4 + 4) * 4)
  }

  /** Instructions executed when `left` are to go of the slice: low word; the high one in clockHi. */
  clock(left: number): number {
    const lo = i64.fromNumber(this.instructions + this.budget - left)
    this.clockHi = i64.hi
    return lo
  }

  save(): void {
    this.saved.push({ x: this.x.slice(), pc: this.pc })
  }

  restore(): void {
    const context = this.saved.pop()
    if (context === undefined) return
    this.x.set(context.x)
    this.pc = context.pc
  }

  forget(): void {
    this.saved.length = 0
  }
}
