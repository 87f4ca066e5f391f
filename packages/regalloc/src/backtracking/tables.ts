// What the steps of the backtracking allocator share: live ranges, the uses in them, bundles and spill sets, all in
// growing typed arrays.
//
// Points. Instruction i has an early point 2 * i and a late point 2 * i + 1; intervals are half open. An early use
// occupies [2i, 2i + 1), a late use and an early def [2i, 2i + 2), a late def [2i + 1, ...). All moves between
// instructions i and i + 1 happen at once, as one parallel set, at point 2i + 2: their sources are locations at 2i + 1,
// their destinations locations at 2i + 2.
//
// Operands with a fixed register do not constrain the value's live range. The register is reserved for the instruction,
// the value is copied to it before (from it after) the instruction, and the copy disappears if the value got that
// register, which a hint suggests. So a value's range ends at 2i where its last use is a fixed one of instruction i,
// and starts at 2i + 2 where its definition is. Results on the stack are treated alike.
//
// A value that is in memory anywhere is stored once, at its definition, in its spill set's slot, which is its own
// wherever it is live. So memory is always valid for it, and no move into memory is ever needed.
//
// Records. Ranges, uses and bundles are records of some words in one array each; a reference is the index of the
// record's first word, -1 is none. The arrays are replaced when they grow: keep none across a new...().
import { I32Vec } from '@k23/entity'
import type { AllocInput, MachineEnv } from '../interface.ts'
import { NUM_CLASSES } from '../interface.ts'
import { Workspace } from '../workspace.ts'

/** What an instruction in a block counts for: four times as much with each loop around it. */
export function blockWeight(loopDepth: number, cold: boolean): number {
  const weight = 1000 * 4 ** Math.min(8, loopDepth)
  return cold ? Math.max(1, weight >> 4) : weight
}

/** Thrown where this allocator gives up; the caller falls back to another. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** Weight of a bundle that cannot be split any further: more than that of any other. */
export const MINIMAL_WEIGHT: number = 1 << 30
export const MAX_WEIGHT = 1_000_000_000

// Live range: [from, to) of a virtual register; its uses; its bundle; the next range of the bundle, ascending.
export const R_FROM = 0
export const R_TO = 1
export const R_VREG = 2
export const R_USE = 3
export const R_BUNDLE = 4
export const R_NEXT = 5
export const R_WORDS = 6

// Use, defs included: position; requirement; spill weight; the next use of the range, ascending.
//
// The requirement of a use or a bundle, packed:
//   bits 0-6   0: any location will do; else the register's number has to be below this (64: any register)
//   bit 7      pinned: it occupies both phases of its instruction, or the late one: no cut between them
//   bits 8-15  1 + a register that would save a move; 0 for none
export const U_POS = 0
export const U_INFO = 1
export const U_WEIGHT = 2
export const U_NEXT = 3
const U_WORDS = 4
export const LIMIT_MASK = 127
export const PINNED = 128
export const HINT_SHIFT = 8

// Bundle: ranges that are given one location together. First range; allocation (0 while there is none); spill set; weight; length in points;
// requirement; mark of the last probe; next bundle in the same register's list of newcomers.
export const B_FIRST = 0
export const B_ALLOC = 1
export const B_SET = 2
export const B_WEIGHT = 3
export const B_LENGTH = 4
export const B_INFO = 5
export const B_SEEN = 6
export const B_NEXT = 7
export const B_WORDS = 8

export class Tables {
  input: AllocInput
  env: MachineEnv
  readonly work: Workspace = new Workspace()
  /** Called with each decision, in words; undefined where nobody wants to know. */
  trace: ((line: string) => void) | undefined = undefined
  /** Per class: registers in order of preference. */
  order: Int32Array[] = []

  ranges: Int32Array = new Int32Array(1024 * R_WORDS)
  rangesEnd = 0
  uses: Int32Array = new Int32Array(1024 * U_WORDS)
  usesEnd = 0
  bundles: Int32Array = new Int32Array(512 * B_WORDS)
  bundlesEnd = 0

  // Spill sets: values that share a spill slot since they were in one bundle before anything was split. One per virtual
  // register at first.
  setOf: Int32Array = new Int32Array(0)
  /** Interval in which the slot has to be the set's own. */
  hullFrom: Int32Array = new Int32Array(0)
  hullTo: Int32Array = new Int32Array(0)
  setHint: Int32Array = new Int32Array(0)
  /** Per virtual register: it needs its slot. */
  inMemory: Int32Array = new Int32Array(0)
  anyInMemory = false
  /** Per virtual register: an operand is or may be on the stack, so a register of another class is no slot for it. */
  needsStack: Int32Array = new Int32Array(0)

  /**
   * First live range of each virtual register at the beginning, before merging; -1 if none. Ranges of one register
   * follow each other through R_NEXT.
   */
  firstRange: Int32Array = new Int32Array(0)
  /** Operand that defines the register if that operand is copied from (a fixed register or the stack); else -1. */
  copiedDef: Int32Array = new Int32Array(0)
  /** Operands with REUSE, ascending by instruction within a block. */
  reuses: number[] = []

  // Work lists of liveness.ts.
  readonly useValue: I32Vec = new I32Vec(1024)
  readonly useIn: I32Vec = new I32Vec(1024)
  readonly pairBlock: I32Vec = new I32Vec(1024)
  readonly pairValue: I32Vec = new I32Vec(1024)
  readonly stack: I32Vec = new I32Vec(64)

  constructor(input: AllocInput, env: MachineEnv) {
    this.input = input
    this.env = env
    this.setMachine(env)
  }

  /** Readies the tables for a function. */
  reset(input: AllocInput, env: MachineEnv): void {
    if (env !== this.env) this.setMachine(env)
    this.input = input
    this.rangesEnd = 0
    this.usesEnd = 0
    this.bundlesEnd = 0
    const n = input.numVRegs
    if (this.setOf.length < n) {
      const capacity = Math.max(256, n + (n >> 1))
      this.setOf = new Int32Array(capacity)
      this.hullFrom = new Int32Array(capacity)
      this.hullTo = new Int32Array(capacity)
      this.setHint = new Int32Array(capacity)
      this.inMemory = new Int32Array(capacity)
      this.needsStack = new Int32Array(capacity)
      this.firstRange = new Int32Array(capacity)
      this.copiedDef = new Int32Array(capacity)
    }
    // Enough for what is there before anything is split, so that tables of large functions do not grow step by step.
    const numUses = input.opStart[input.numInsts]
    if (this.uses.length < numUses * U_WORDS) this.uses = new Int32Array((numUses + 64) * U_WORDS)
    if (this.ranges.length < n * R_WORDS) this.ranges = new Int32Array((n + (n >> 2)) * R_WORDS)
    if (this.bundles.length < n * B_WORDS) this.bundles = new Int32Array((n + (n >> 2)) * B_WORDS)
    for (let v = 0; v < n; v++) this.setOf[v] = v
    this.hullFrom.fill(0x7fffffff, 0, n)
    this.hullTo.fill(-1, 0, n)
    this.setHint.fill(-1, 0, n)
    this.inMemory.fill(0, 0, n)
    this.needsStack.fill(0, 0, n)
    this.anyInMemory = false
    this.firstRange.fill(-1, 0, n)
    this.copiedDef.fill(-1, 0, n)
    this.reuses = []
  }

  /** Elements of all tables. */
  get size(): number {
    const lists = this.pairBlock.data.length + this.useIn.data.length + this.stack.data.length
    return this.work.size + this.ranges.length + this.uses.length + this.bundles.length + 8 * this.setOf.length + lists
  }

  private setMachine(env: MachineEnv): void {
    this.env = env
    this.order = []
    for (let c = 0; c < NUM_CLASSES; c++) {
      this.order.push(Int32Array.from([...(env.preferred[c] ?? []), ...(env.nonPreferred[c] ?? [])]))
    }
  }

  newRange(from: number, to: number, vreg: number, use: number, bundle: number, next: number): number {
    const at = this.rangesEnd
    if (at + R_WORDS > this.ranges.length) this.ranges = grown(this.ranges)
    const { ranges } = this
    ranges[at] = from
    ranges[at + R_TO] = to
    ranges[at + R_VREG] = vreg
    ranges[at + R_USE] = use
    ranges[at + R_BUNDLE] = bundle
    ranges[at + R_NEXT] = next
    this.rangesEnd = at + R_WORDS
    return at
  }

  newUse(pos: number, info: number, weight: number, next: number): number {
    const at = this.usesEnd
    if (at + U_WORDS > this.uses.length) this.uses = grown(this.uses)
    const { uses } = this
    uses[at] = pos
    uses[at + U_INFO] = info
    uses[at + U_WEIGHT] = weight
    uses[at + U_NEXT] = next
    this.usesEnd = at + U_WORDS
    return at
  }

  newBundle(first: number, set: number): number {
    const at = this.bundlesEnd
    if (at + B_WORDS > this.bundles.length) this.bundles = grown(this.bundles)
    const { bundles } = this
    bundles[at] = first
    bundles[at + B_ALLOC] = 0
    bundles[at + B_SET] = set
    bundles[at + B_WEIGHT] = 0
    bundles[at + B_LENGTH] = 0
    bundles[at + B_INFO] = 0
    bundles[at + B_SEEN] = 0
    this.bundlesEnd = at + B_WORDS
    return at
  }

  bundleClass(bundle: number): number {
    return this.input.vregClass[this.ranges[this.bundles[bundle] + R_VREG]]
  }

  /** After a bundle's ranges have changed: its ranges' back references, requirement, hint, length and weight. */
  refresh(bundle: number): void {
    const { ranges, uses, bundles } = this
    let weight = 0
    let length = 0
    let limit = 0
    let hint = 0
    let hintWeight = 0
    let pinned = 0
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
      ranges[r + R_BUNDLE] = bundle
      length += ranges[r + R_TO] - ranges[r]
      for (let u = ranges[r + R_USE]; u >= 0; u = uses[u + U_NEXT]) {
        const w = uses[u + U_WEIGHT]
        const info = uses[u + U_INFO]
        const l = info & LIMIT_MASK
        weight += w
        pinned |= info & PINNED
        if (l !== 0 && (limit === 0 || l < limit)) limit = l
        if (info >> HINT_SHIFT !== 0 && w > hintWeight) {
          hint = info >> HINT_SHIFT
          hintWeight = w
        }
      }
    }
    bundles[bundle + B_INFO] = limit | pinned | (hint << HINT_SHIFT)
    bundles[bundle + B_LENGTH] = length
    let w = weight < length ? 0 : Math.min(MAX_WEIGHT, Math.floor(weight / length))
    // Among those that cannot be split, the more constrained ones come first.
    if (limit !== 0 && length <= 2 && this.isMinimal(bundle))
      w = MINIMAL_WEIGHT + (64 - limit) * 4 + (pinned !== 0 ? 2 : 0) + (length > 1 ? 1 : 0)
    bundles[bundle + B_WEIGHT] = w
  }

  /** One range with no even point inside. */
  isMinimal(bundle: number): boolean {
    const r = this.bundles[bundle]
    return this.ranges[r + R_NEXT] < 0 && this.ranges[r] >> 1 === (this.ranges[r + R_TO] - 1) >> 1
  }

  bundleFrom(bundle: number): number {
    return this.ranges[this.bundles[bundle]]
  }

  bundleTo(bundle: number): number {
    let r = this.bundles[bundle]
    while (this.ranges[r + R_NEXT] >= 0) r = this.ranges[r + R_NEXT]
    return this.ranges[r + R_TO]
  }

  /** The block of an instruction. */
  blockOf(inst: number): number {
    const { blockInsts, numBlocks } = this.input
    let lo = 0
    let hi = numBlocks - 1
    while (lo < hi) {
      const mid = (lo + hi + 1) >> 1
      if (blockInsts[mid] <= inst) lo = mid
      else hi = mid - 1
    }
    return lo
  }

  toMemory(vreg: number): void {
    this.inMemory[vreg] = 1
    this.anyInMemory = true
  }
}

function grown(old: Int32Array): Int32Array {
  const next = new Int32Array(old.length * 2)
  next.set(old)
  return next
}
