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
import { I32Vec } from '@k23/entity'
import type { AllocInput, MachineEnv } from '../interface.ts'
import { NUM_CLASSES } from '../interface.ts'

/** Thrown where this allocator gives up; the caller falls back to another. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp'
}

/** Weight of a bundle that cannot be split any further: more than that of any other. */
export const MINIMAL_WEIGHT: number = 1 << 30
export const MAX_WEIGHT = 1_000_000_000

export class Tables {
  readonly input: AllocInput
  readonly env: MachineEnv
  /** Per class: registers in order of preference. */
  readonly order: Int32Array[] = []

  // Live ranges: [from, to) of a virtual register; the ranges of a bundle are linked in ascending order.
  readonly rangeFrom: I32Vec = new I32Vec(1024)
  readonly rangeTo: I32Vec = new I32Vec(1024)
  readonly rangeVReg: I32Vec = new I32Vec(1024)
  readonly rangeUse: I32Vec = new I32Vec(1024)
  readonly rangeBundle: I32Vec = new I32Vec(1024)
  readonly rangeNext: I32Vec = new I32Vec(1024)

  // Uses, defs included: linked in ascending order of position.
  readonly usePos: I32Vec = new I32Vec(1024)
  /** 0: any location will do; else the register's number has to be below this (64: any register). */
  readonly useLimit: I32Vec = new I32Vec(1024)
  /** A register that would save a move, or -1. */
  readonly useHint: I32Vec = new I32Vec(1024)
  /** 1: occupies both phases of its instruction, or the late one: the range must not be cut between them. */
  readonly usePinned: I32Vec = new I32Vec(1024)
  readonly useWeight: I32Vec = new I32Vec(1024)
  readonly useNext: I32Vec = new I32Vec(1024)

  // Bundles: ranges that are given one location together.
  readonly bundleFirst: I32Vec = new I32Vec(256)
  /** Allocation; 0 while there is none. */
  readonly bundleAlloc: I32Vec = new I32Vec(256)
  readonly bundleSet: I32Vec = new I32Vec(256)
  readonly bundleWeight: I32Vec = new I32Vec(256)
  readonly bundleLimit: I32Vec = new I32Vec(256)
  readonly bundleHint: I32Vec = new I32Vec(256)
  readonly bundleLength: I32Vec = new I32Vec(256)
  /** For a gap between two pieces of a value: the bundles next to it, whose registers it may continue; or -1. */
  readonly bundleBefore: I32Vec = new I32Vec(256)
  readonly bundleAfter: I32Vec = new I32Vec(256)

  // Spill sets: values that share a spill slot since they were in one bundle before anything was split. One per virtual
  // register at first.
  readonly setOf: Int32Array
  /** Interval in which the slot has to be the set's own. */
  readonly hullFrom: Int32Array
  readonly hullTo: Int32Array
  readonly setHint: Int32Array
  /** Per virtual register: it needs its slot. */
  readonly inMemory: Uint8Array

  /**
   * First live range of each virtual register at the beginning, before merging; -1 if none. Ranges of one register
   * follow each other through rangeNext.
   */
  readonly firstRange: Int32Array
  /** Operand that defines the register if that operand is copied from (a fixed register or the stack); else -1. */
  readonly copiedDef: Int32Array
  readonly blockOfInst: Int32Array

  constructor(input: AllocInput, env: MachineEnv) {
    this.input = input
    this.env = env
    for (let c = 0; c < NUM_CLASSES; c++) {
      this.order.push(Int32Array.from([...(env.preferred[c] ?? []), ...(env.nonPreferred[c] ?? [])]))
    }
    const n = input.numVRegs
    this.setOf = new Int32Array(n)
    for (let v = 0; v < n; v++) this.setOf[v] = v
    this.hullFrom = new Int32Array(n).fill(0x7fffffff)
    this.hullTo = new Int32Array(n).fill(-1)
    this.setHint = new Int32Array(n).fill(-1)
    this.inMemory = new Uint8Array(n)
    this.firstRange = new Int32Array(n).fill(-1)
    this.copiedDef = new Int32Array(n).fill(-1)
    this.blockOfInst = new Int32Array(input.numInsts)
    for (let b = 0; b < input.numBlocks; b++) this.blockOfInst.fill(b, input.blockInsts[b], input.blockInsts[b + 1])
  }

  newRange(from: number, to: number, vreg: number, use: number, bundle: number, next: number): number {
    this.rangeFrom.push(from)
    this.rangeTo.push(to)
    this.rangeVReg.push(vreg)
    this.rangeUse.push(use)
    this.rangeBundle.push(bundle)
    return this.rangeNext.push(next)
  }

  newUse(pos: number, limit: number, hint: number, pinned: number, weight: number): number {
    this.usePos.push(pos)
    this.useLimit.push(limit)
    this.useHint.push(hint)
    this.usePinned.push(pinned)
    this.useWeight.push(weight)
    return this.useNext.push(-1)
  }

  newBundle(first: number, set: number): number {
    this.bundleAlloc.push(0)
    this.bundleSet.push(set)
    this.bundleWeight.push(0)
    this.bundleLimit.push(0)
    this.bundleHint.push(-1)
    this.bundleLength.push(0)
    this.bundleBefore.push(-1)
    this.bundleAfter.push(-1)
    return this.bundleFirst.push(first)
  }

  bundleClass(bundle: number): number {
    return this.input.vregClass[this.rangeVReg.data[this.bundleFirst.data[bundle]]]
  }

  /** After a bundle's ranges have changed: its ranges' back references, requirement, hint, length and weight. */
  refresh(bundle: number): void {
    let weight = 0
    let length = 0
    let limit = 0
    let hint = -1
    let hintWeight = 0
    let pinned = false
    for (let r = this.bundleFirst.data[bundle]; r >= 0; r = this.rangeNext.data[r]) {
      this.rangeBundle.data[r] = bundle
      length += this.rangeTo.data[r] - this.rangeFrom.data[r]
      for (let u = this.rangeUse.data[r]; u >= 0; u = this.useNext.data[u]) {
        weight += this.useWeight.data[u]
        const l = this.useLimit.data[u]
        if (l !== 0 && (limit === 0 || l < limit)) limit = l
        if (this.usePinned.data[u] !== 0) pinned = true
        if (this.useHint.data[u] >= 0 && this.useWeight.data[u] > hintWeight) {
          hint = this.useHint.data[u]
          hintWeight = this.useWeight.data[u]
        }
      }
    }
    this.bundleLimit.data[bundle] = limit
    this.bundleHint.data[bundle] = hint
    this.bundleLength.data[bundle] = length
    let w = Math.min(MAX_WEIGHT, Math.floor(weight / length))
    // Among those that cannot be split, the more constrained ones come first.
    if (limit !== 0 && this.isMinimal(bundle))
      w = MINIMAL_WEIGHT + (64 - limit) * 4 + (pinned ? 2 : 0) + (length > 1 ? 1 : 0)
    this.bundleWeight.data[bundle] = w
  }

  /** One range with no even point inside. */
  isMinimal(bundle: number): boolean {
    const r = this.bundleFirst.data[bundle]
    return this.rangeNext.data[r] < 0 && this.rangeFrom.data[r] >> 1 === (this.rangeTo.data[r] - 1) >> 1
  }

  bundleFrom(bundle: number): number {
    return this.rangeFrom.data[this.bundleFirst.data[bundle]]
  }

  bundleTo(bundle: number): number {
    let r = this.bundleFirst.data[bundle]
    while (this.rangeNext.data[r] >= 0) r = this.rangeNext.data[r]
    return this.rangeTo.data[r]
  }
}
