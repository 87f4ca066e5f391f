// What harts of every ISA have: counters, the stack, nested entries, and what a generated loop leaves.

import { type NestingHart, type ReasonKind, RETURNED, type StopReason } from '@k23/machine'

export abstract class EmulatedHart implements NestingHart {
  readonly id: number
  fuel: number = Number.POSITIVE_INFINITY
  instructions = 0
  pc = 0
  readonly reason: StopReason = { kind: RETURNED as ReasonKind, trapKind: 0, pc: 0, address: 0, number: 0, block: 0 }

  // What evaluate() leaves (semantics/protocol.ts)
  slot = 0
  left = 0
  offset = 0
  targetLo = 0
  targetHi = 0
  /** Instructions that this slice was allowed: with what is left of it, how many were executed. */
  budget = 0

  readonly stackLow: number
  readonly stackTop: number
  depth = 0
  restorePending = false

  constructor(id: number, stackLow: number, stackTop: number) {
    this.id = id
    this.stackLow = stackLow
    this.stackTop = stackTop
  }

  abstract readRegister(n: number): { lo: number; hi: number }
  abstract writeRegister(n: number, lo: number, hi: number): void
  /** Keeps the context of a stopped entry, under those kept before. */
  abstract save(): void
  /** Takes back the context that was kept last, if any. */
  abstract restore(): void
  /** Forgets the contexts that were kept. */
  abstract forget(): void
}
