// Where each value is at each point. Most values have one location wherever they are live; the others have pieces, in
// ascending order, which are searched.
import { IN_MEMORY } from './process.ts'
import { B_ALLOC, R_BUNDLE, R_FROM, R_TO, R_VREG, R_WORDS, type Tables } from './tables.ts'
import { LOCATION, PIECES, PIECE_START } from './work-arrays.ts'

/** In `location`: the value has pieces. */
const SPLIT = -1

export class Pieces {
  /** Per value: its only location; 0 where it is not live anywhere; negative where it has several. */
  readonly location: Int32Array
  readonly anySplit: boolean
  /** Pieces of all split values, by value and position. */
  readonly count: number
  private readonly t: Tables
  private readonly slots: Int32Array
  private readonly start: Int32Array
  /** Ranges. */
  private readonly pieces: Int32Array

  /** `slots`: per spill set, its slot as an allocation. */
  constructor(t: Tables, slots: Int32Array) {
    const { ranges, rangesEnd, work } = t
    const { numVRegs } = t.input
    this.t = t
    this.slots = slots
    this.location = work.get(LOCATION, numVRegs, 0)
    const { location } = this
    let numSplit = 0
    for (let r = 0; r < rangesEnd; r += R_WORDS) {
      const v = ranges[r + R_VREG]
      const at = this.allocOf(r)
      if (location[v] === at || location[v] === SPLIT) continue
      if (location[v] === 0) location[v] = at
      else {
        location[v] = SPLIT
        numSplit++
      }
    }
    this.anySplit = numSplit !== 0
    this.start = this.anySplit ? work.get(PIECE_START, numVRegs + 1, 0) : NO_PIECES
    const { start } = this
    let n = 0
    if (this.anySplit) {
      for (let r = 0; r < rangesEnd; r += R_WORDS) {
        if (location[ranges[r + R_VREG]] !== SPLIT) continue
        start[ranges[r + R_VREG] + 1]++
        n++
      }
      for (let v = 0; v < numVRegs; v++) start[v + 1] += start[v]
    }
    this.count = n
    this.pieces = work.raw(PIECES, n)
    if (n !== 0) this.sort()
  }

  private sort(): void {
    const { t, location, start, pieces } = this
    const { ranges, rangesEnd } = t
    for (let r = 0; r < rangesEnd; r += R_WORDS) {
      const v = ranges[r + R_VREG]
      if (location[v] === SPLIT) pieces[start[v]++] = r
    }
    // Each start is now that of the next value.
    for (let v = t.input.numVRegs; v > 0; v--) start[v] = start[v - 1]
    start[0] = 0
    const byPosition = (a: number, b: number): number => ranges[a + R_FROM] - ranges[b + R_FROM]
    for (let v = 0; v < t.input.numVRegs; v++) {
      const n = start[v + 1] - start[v]
      if (n > 24) pieces.subarray(start[v], start[v + 1]).sort(byPosition)
      else if (n > 1) {
        for (let k = start[v] + 1; k < start[v + 1]; k++) {
          const r = pieces[k]
          let j = k
          for (; j > start[v] && ranges[pieces[j - 1]] > ranges[r]; j--) pieces[j] = pieces[j - 1]
          pieces[j] = r
        }
      }
    }
  }

  private allocOf(range: number): number {
    const { t } = this
    const a = t.bundles[t.ranges[range + R_BUNDLE] + B_ALLOC]
    return a === IN_MEMORY ? this.slot(t.ranges[range + R_VREG]) : a
  }

  /** The spill slot of a value, which has one. */
  slot(v: number): number {
    return this.slots[this.t.setOf[v]]
  }

  /** The location of `v` at `point`; 0 if it is not live there, or dead everywhere. A value with one location is taken to be live. */
  at(v: number, point: number): number {
    const only = this.location[v]
    return only >= 0 ? only : this.search(v, point)
  }

  private search(v: number, point: number): number {
    const { ranges } = this.t
    const { start, pieces } = this
    let lo = start[v]
    let hi = start[v + 1]
    const end = hi
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (ranges[pieces[mid] + R_TO] > point) hi = mid
      else lo = mid + 1
    }
    return lo < end && ranges[pieces[lo]] <= point ? this.allocOf(pieces[lo]) : 0
  }

  isUsed(v: number): boolean {
    return this.location[v] !== 0
  }

  vreg(k: number): number {
    return this.t.ranges[this.pieces[k] + R_VREG]
  }

  from(k: number): number {
    return this.t.ranges[this.pieces[k]]
  }

  to(k: number): number {
    return this.t.ranges[this.pieces[k] + R_TO]
  }

  alloc(k: number): number {
    return this.allocOf(this.pieces[k])
  }
}

const NO_PIECES = new Int32Array(0)
