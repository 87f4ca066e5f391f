// Step 6: splitting. A bundle is cut at a point; what lies between the uses that need a register, on either side of the
// cut, becomes a gap: it lives in memory, which costs nothing to enter (tables.ts), unless it may continue in a
// neighbour's register.
import type { Tables } from './tables.ts'

/**
 * Cuts off what starts at `point` or later, as a new bundle. Not refreshed: neither the bundle nor the new one. `point`
 * lies inside the bundle.
 */
export function cut(t: Tables, bundle: number, point: number): number {
  const { rangeFrom, rangeTo, rangeNext, rangeUse, usePos, useNext } = t
  let before = -1
  let r = t.bundleFirst.data[bundle]
  while (r >= 0 && rangeTo.data[r] <= point) {
    before = r
    r = rangeNext.data[r]
  }
  let first = r
  if (r >= 0 && rangeFrom.data[r] < point) {
    // The uses before the point stay.
    let lastUse = -1
    let u = rangeUse.data[r]
    while (u >= 0 && usePos.data[u] < point) {
      lastUse = u
      u = useNext.data[u]
    }
    first = t.newRange(point, rangeTo.data[r], t.rangeVReg.data[r], u, bundle, rangeNext.data[r])
    if (lastUse < 0) rangeUse.data[r] = -1
    else useNext.data[lastUse] = -1
    rangeTo.data[r] = point
    rangeNext.data[r] = -1
  } else if (before >= 0) rangeNext.data[before] = -1
  return t.newBundle(first, t.bundleSet.data[bundle])
}

/** Position of the first use that needs a register; -1 if there is none. */
export function firstRegUse(t: Tables, bundle: number): number {
  for (let r = t.bundleFirst.data[bundle]; r >= 0; r = t.rangeNext.data[r]) {
    for (let u = t.rangeUse.data[r]; u >= 0; u = t.useNext.data[u])
      if (t.useLimit.data[u] !== 0) return t.usePos.data[u]
  }
  return -1
}

/** Position of the last use that needs a register; -1 if there is none. */
export function lastRegUse(t: Tables, bundle: number): number {
  let pos = -1
  for (let r = t.bundleFirst.data[bundle]; r >= 0; r = t.rangeNext.data[r]) {
    for (let u = t.rangeUse.data[r]; u >= 0; u = t.useNext.data[u]) if (t.useLimit.data[u] !== 0) pos = t.usePos.data[u]
  }
  return pos
}

/**
 * Where to cut for a conflict at `point`: before it, at the border of a loop if one lies in between. The result is even
 * and inside the bundle, or -1.
 */
export function cutPoint(t: Tables, bundle: number, point: number): number {
  const from = t.bundleFrom(bundle)
  const to = t.bundleTo(bundle)
  let p = point & ~1
  if (p <= from) {
    // The conflict is at the very start: isolate the first use.
    const u = firstRegUse(t, bundle)
    p = u & ~1
    if (p <= from) p += 2
    return p < to ? p : -1
  }
  const { loopDepth, blockInsts } = t.input
  const first = t.blockOfInst[from >> 1]
  const last = t.blockOfInst[p >> 1]
  const depth = loopDepth[first]
  for (let b = last; b > first && last - b < 100; b--) {
    const border = 2 * blockInsts[b]
    if (border > p || border <= from) continue
    if (loopDepth[b] > depth && loopDepth[b - 1] <= depth) return border
    if (loopDepth[b] < depth && loopDepth[b - 1] >= depth) return border
  }
  return p
}
