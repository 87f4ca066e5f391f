// What a matcher reads of a back end's lowering context. The driver (machinst) has one class that implements this; emitters see the
// back end's own subtype of it.
import type { Func, Inst, Value } from '@k23/ir'

export interface MatchContext {
  /** The function. No argument list holds an alias: the driver resolves them before it lowers. */
  readonly func: Func
  /**
   * Value -> the instruction that a pattern may look through to: one without side effects, or a load (whether it can be sunk,
   * canSink says); -1 for block parameters and everything else.
   */
  readonly defOf: Int32Array
  /** Features of the target as bits, 32 to a word (feature n is bit n & 31 of word n >> 5). */
  readonly features: Int32Array
  /** Boolean settings, likewise. */
  readonly settings: Int32Array
  /** True where the load may be merged into the instruction being lowered: only use, same colour of side effects. */
  canSink(inst: Inst): boolean
  /** Records what the emitter of a root with results returned: a register, or a handle to several (Handles). */
  setResult(inst: Inst, out: number): void
}

/** A bit that a rule asks for; `want` is its polarity. */
export interface Flag {
  readonly name: string
  readonly words: 'features' | 'settings'
  readonly bit: number
  readonly want: boolean
}
/** CPU feature number `bit`. */
export function feature(name: string, bit: number): Flag {
  return { name, words: 'features', bit, want: true }
}
/** Boolean setting number `bit`. */
export function setting(name: string, bit: number): Flag {
  return { name, words: 'settings', bit, want: true }
}
/** The opposite demand. */
export function not(flag: Flag): Flag {
  return { ...flag, want: !flag.want }
}

/** "Does not apply": the answer of a derive or immBy function, and of a term none of whose rules match. No int32. */
export const NO = 0x80000000

/**
 * Handles to several registers: an emitter with more than one register to return (an i128, two results, an addressing mode) stores
 * them here and returns where they begin. Reset per instruction, so nothing is allocated.
 */
export class Handles {
  words: Int32Array = new Int32Array(256)
  private top = 0

  reset(): void {
    this.top = 0
  }
  pair(a: number, b: number): number {
    const h = this.room(2)
    this.words[h] = a
    this.words[h + 1] = b
    return h
  }
  triple(a: number, b: number, c: number): number {
    const h = this.room(3)
    this.words[h] = a
    this.words[h + 1] = b
    this.words[h + 2] = c
    return h
  }
  quad(a: number, b: number, c: number, d: number): number {
    const h = this.room(4)
    this.words[h] = a
    this.words[h + 1] = b
    this.words[h + 2] = c
    this.words[h + 3] = d
    return h
  }
  /** Room for `n` words, to be filled through `words`. */
  room(n: number): number {
    const h = this.top
    this.top = h + n
    if (this.top > this.words.length) {
      const next = new Int32Array(Math.max(this.words.length * 2, this.top))
      next.set(this.words)
      this.words = next
    }
    return h
  }
  get(handle: number, i: number): number {
    return this.words[handle + i]
  }
}

/** A value in term arguments. */
export type TermArg = Value | number
