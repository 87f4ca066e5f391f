// Step 3: bundles. Each value starts as a bundle of its own; bundles that a move would connect become one where their
// ranges do not overlap: a parameter and its arguments, a result and the input whose register it reuses. In one bundle
// they get one register, or one spill slot, and the move vanishes.
import { FIXED, NO_VREG, REUSE, opConstraint, opPayload } from '../interface.ts'
import type { Tables } from './tables.ts'

/** Bundles of more ranges than this are not merged: each attempt is linear in their number. */
const MAX_RANGES = 300

/** Makes and merges the bundles; returns the bundles that are left. */
export function buildBundles(t: Tables): Int32Array {
  const { input } = t
  const { numVRegs, numBlocks } = input
  const bundleOf = new Int32Array(numVRegs).fill(-1)
  const numRanges = new Int32Array(numVRegs)
  const parent = new Int32Array(numVRegs)
  for (let v = 0; v < numVRegs; v++) {
    parent[v] = v
    if (t.firstRange[v] < 0) continue
    bundleOf[v] = t.newBundle(t.firstRange[v], v)
    for (let r = t.firstRange[v]; r >= 0; r = t.rangeNext.data[r]) numRanges[v]++
  }
  // A result on the stack is in its slot before its range begins: such a slot is not shared within a bundle.
  const ownSlot = new Uint8Array(numVRegs)
  for (let v = 0; v < numVRegs; v++) {
    const def = t.copiedDef[v]
    if (def < 0) continue
    const c = opConstraint(input.opDesc[def])
    if (c !== FIXED) ownSlot[v] = 1
  }
  const find = (v: number): number => {
    let root = v
    while (parent[root] !== root) root = parent[root]
    while (parent[v] !== root) {
      const next = parent[v]
      parent[v] = root
      v = next
    }
    return root
  }
  const merge = (x: number, y: number): void => {
    const a = find(x)
    const b = find(y)
    if (a === b || bundleOf[a] < 0 || bundleOf[b] < 0 || input.vregClass[a] !== input.vregClass[b]) return
    if (numRanges[a] + numRanges[b] > MAX_RANGES || ownSlot[a] !== 0 || ownSlot[b] !== 0) return
    const firstA = t.bundleFirst.data[bundleOf[a]]
    const firstB = t.bundleFirst.data[bundleOf[b]]
    if (overlaps(t, firstA, firstB)) return
    parent[b] = a
    numRanges[a] += numRanges[b]
    t.bundleFirst.data[bundleOf[a]] = interleave(t, firstA, firstB)
    t.bundleFirst.data[bundleOf[b]] = -1
    if (t.hullFrom[b] < t.hullFrom[a]) t.hullFrom[a] = t.hullFrom[b]
    if (t.hullTo[b] > t.hullTo[a]) t.hullTo[a] = t.hullTo[b]
  }
  for (let o = 0; o < input.opStart[input.numInsts]; o++) {
    if (opConstraint(input.opDesc[o]) !== REUSE || input.opVReg[o] === NO_VREG) continue
    const i = instOfOperand(input.opStart, input.numInsts, o)
    merge(input.opVReg[o], input.opVReg[input.opStart[i] + opPayload(input.opDesc[o])])
  }
  // Deep loops first.
  const blocks = Array.from({ length: numBlocks }, (_, b) => b)
  blocks.sort((a, b) => input.loopDepth[b] - input.loopDepth[a] || a - b)
  for (const b of blocks) {
    for (let e = input.succStart[b]; e < input.succStart[b + 1]; e++) {
      const first = input.paramStart[input.succs[e]]
      const n = input.paramStart[input.succs[e] + 1] - first
      for (let k = 0; k < n; k++) merge(input.params[first + k], input.edgeArgs[input.edgeArgStart[e] + k])
    }
  }
  for (let v = 0; v < numVRegs; v++) t.setOf[v] = find(v)
  const out: number[] = []
  for (let v = 0; v < numVRegs; v++) {
    if (bundleOf[v] < 0 || t.bundleFirst.data[bundleOf[v]] < 0) continue
    t.refresh(bundleOf[v])
    out.push(bundleOf[v])
  }
  return Int32Array.from(out)
}

function instOfOperand(opStart: Int32Array, numInsts: number, o: number): number {
  let lo = 0
  let hi = numInsts - 1
  while (lo < hi) {
    const mid = (lo + hi + 1) >> 1
    if (opStart[mid] <= o) lo = mid
    else hi = mid - 1
  }
  return lo
}

function overlaps(t: Tables, a: number, b: number): boolean {
  const { rangeFrom, rangeTo, rangeNext } = t
  while (a >= 0 && b >= 0) {
    if (rangeTo.data[a] <= rangeFrom.data[b]) a = rangeNext.data[a]
    else if (rangeTo.data[b] <= rangeFrom.data[a]) b = rangeNext.data[b]
    else return true
  }
  return false
}

function interleave(t: Tables, a: number, b: number): number {
  const { rangeFrom, rangeNext } = t
  let first = -1
  let last = -1
  while (a >= 0 || b >= 0) {
    let r: number
    if (b < 0 || (a >= 0 && rangeFrom.data[a] < rangeFrom.data[b])) {
      r = a
      a = rangeNext.data[a]
    } else {
      r = b
      b = rangeNext.data[b]
    }
    if (last < 0) first = r
    else rangeNext.data[last] = r
    last = r
  }
  rangeNext.data[last] = -1
  return first
}
