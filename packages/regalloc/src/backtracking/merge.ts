// Step 3: bundles. Each value starts as a bundle of its own; bundles that a move would connect become one where their
// ranges do not overlap: a parameter and its arguments, a result and the input whose register it reuses. In one bundle
// they get one register, or one spill slot, and the move vanishes.
import { FIXED, opConstraint } from '../interface.ts'
import { B_WORDS, R_FROM, R_NEXT, R_TO, type Tables } from './tables.ts'
import { BLOCK_ORDER, BUNDLE_OF, NUM_RANGES, PARENT } from './work-arrays.ts'

/** Bundles of more ranges than this are not merged: each attempt is linear in their number. */
const MAX_RANGES = 300
/** Loops deeper than this are merged in no particular order. */
const MAX_DEPTH = 15

/** Makes and merges the bundles; bundles that have been merged into others have no ranges. */
export function buildBundles(t: Tables): void {
  new Merger(t).run()
}

class Merger {
  private readonly t: Tables
  private readonly bundleOf: Int32Array
  private readonly numRanges: Int32Array
  private readonly parent: Int32Array

  constructor(t: Tables) {
    this.t = t
    const n = t.input.numVRegs
    this.bundleOf = t.work.raw(BUNDLE_OF, n)
    this.numRanges = t.work.raw(NUM_RANGES, n)
    this.parent = t.work.raw(PARENT, n)
  }

  run(): void {
    const { t, bundleOf, numRanges, parent } = this
    const { numVRegs, succStart, succs, paramStart, params, edgeArgStart, edgeArgs, opVReg } = t.input
    for (let v = 0; v < numVRegs; v++) {
      parent[v] = v
      const first = t.firstRange[v]
      bundleOf[v] = first < 0 ? -1 : t.newBundle(first, v)
      let n = 0
      for (let r = first; r >= 0; r = t.ranges[r + R_NEXT]) n++
      numRanges[v] = n
    }
    const { reuses } = t
    for (let k = 0; k < reuses.length; k += 2) this.merge(opVReg[reuses[k]], opVReg[reuses[k + 1]])
    const order = this.blocksByDepth()
    for (let x = 0; x < t.input.numBlocks; x++) {
      const b = order[x]
      for (let e = succStart[b]; e < succStart[b + 1]; e++) {
        const first = paramStart[succs[e]]
        const n = paramStart[succs[e] + 1] - first
        for (let k = 0; k < n; k++) this.merge(params[first + k], edgeArgs[edgeArgStart[e] + k])
      }
    }
    for (let v = 0; v < numVRegs; v++) if (parent[v] !== v) t.setOf[v] = this.find(v)
    for (let b = 0; b < t.bundlesEnd; b += B_WORDS) if (t.bundles[b] >= 0) t.refresh(b)
  }

  /** Deep loops first. */
  private blocksByDepth(): Int32Array {
    const { numBlocks, loopDepth } = this.t.input
    const order = this.t.work.raw(BLOCK_ORDER, numBlocks)
    const start = new Int32Array(MAX_DEPTH + 2)
    for (let b = 0; b < numBlocks; b++) start[MAX_DEPTH - Math.min(MAX_DEPTH, loopDepth[b]) + 1]++
    for (let d = 0; d <= MAX_DEPTH; d++) start[d + 1] += start[d]
    for (let b = 0; b < numBlocks; b++) order[start[MAX_DEPTH - Math.min(MAX_DEPTH, loopDepth[b])]++] = b
    return order
  }

  private find(v: number): number {
    const { parent } = this
    let root = v
    while (parent[root] !== root) root = parent[root]
    while (parent[v] !== root) {
      const next = parent[v]
      parent[v] = root
      v = next
    }
    return root
  }

  private merge(x: number, y: number): void {
    const { t, bundleOf, numRanges } = this
    const { hullFrom, hullTo, bundles } = t
    const a = this.find(x)
    const b = this.find(y)
    if (a === b || bundleOf[a] < 0 || bundleOf[b] < 0 || t.input.vregClass[a] !== t.input.vregClass[b]) return
    if (numRanges[a] + numRanges[b] > MAX_RANGES || this.hasOwnSlot(a) || this.hasOwnSlot(b)) return
    const firstA = bundles[bundleOf[a]]
    const firstB = bundles[bundleOf[b]]
    if (overlaps(t.ranges, firstA, firstB)) return
    this.parent[b] = a
    numRanges[a] += numRanges[b]
    bundles[bundleOf[a]] = interleave(t.ranges, firstA, firstB)
    bundles[bundleOf[b]] = -1
    if (hullFrom[b] < hullFrom[a]) hullFrom[a] = hullFrom[b]
    if (hullTo[b] > hullTo[a]) hullTo[a] = hullTo[b]
  }

  /** A result on the stack is in its slot before its range begins: such a slot is not shared within a bundle. */
  private hasOwnSlot(v: number): boolean {
    const def = this.t.copiedDef[v]
    return def >= 0 && opConstraint(this.t.input.opDesc[def]) !== FIXED
  }
}

function overlaps(ranges: Int32Array, a: number, b: number): boolean {
  while (a >= 0 && b >= 0) {
    if (ranges[a + R_TO] <= ranges[b]) a = ranges[a + R_NEXT]
    else if (ranges[b + R_TO] <= ranges[a]) b = ranges[b + R_NEXT]
    else return true
  }
  return false
}

function interleave(ranges: Int32Array, a: number, b: number): number {
  let first = -1
  let last = -1
  while (a >= 0 || b >= 0) {
    let r: number
    if (b < 0 || (a >= 0 && ranges[a + R_FROM] < ranges[b + R_FROM])) {
      r = a
      a = ranges[a + R_NEXT]
    } else {
      r = b
      b = ranges[b + R_NEXT]
    }
    if (last < 0) first = r
    else ranges[last + R_NEXT] = r
    last = r
  }
  ranges[last + R_NEXT] = -1
  return first
}
