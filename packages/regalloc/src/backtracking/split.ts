// Step 6: splitting. A bundle is cut at a point; what lies between the uses that need a register, on either side of the
// cut, becomes a gap: it lives in memory, which costs nothing to enter (tables.ts), unless it may continue in a
// neighbour's register.
import { B_SET, LIMIT_MASK, R_FROM, R_NEXT, R_TO, R_USE, R_VREG, type Tables, U_INFO, U_NEXT } from './tables.ts'

/**
 * Cuts off what starts at `point` or later, as a new bundle. Not refreshed: neither the bundle nor the new one. `point`
 * lies inside the bundle.
 */
export function cut(t: Tables, bundle: number, point: number): number {
  const { ranges, uses } = t
  let before = -1
  let r = t.bundles[bundle]
  while (r >= 0 && ranges[r + R_TO] <= point) {
    before = r
    r = ranges[r + R_NEXT]
  }
  let first = r
  if (r >= 0 && ranges[r + R_FROM] < point) {
    // The uses before the point stay.
    let lastUse = -1
    let u = ranges[r + R_USE]
    while (u >= 0 && uses[u] < point) {
      lastUse = u
      u = uses[u + U_NEXT]
    }
    if (lastUse < 0) ranges[r + R_USE] = -1
    else uses[lastUse + U_NEXT] = -1
    const to = ranges[r + R_TO]
    const next = ranges[r + R_NEXT]
    ranges[r + R_TO] = point
    ranges[r + R_NEXT] = -1
    first = t.newRange(point, to, ranges[r + R_VREG], u, bundle, next)
  } else if (before >= 0) ranges[before + R_NEXT] = -1
  return t.newBundle(first, t.bundles[bundle + B_SET])
}

/** Position of the first use that needs a register; -1 if there is none. */
export function firstRegUse(t: Tables, bundle: number): number {
  const { ranges, uses } = t
  for (let r = t.bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
    for (let u = ranges[r + R_USE]; u >= 0; u = uses[u + U_NEXT])
      if ((uses[u + U_INFO] & LIMIT_MASK) !== 0) return uses[u]
  }
  return -1
}

/** Position of the last use that needs a register; -1 if there is none. */
export function lastRegUse(t: Tables, bundle: number): number {
  const { ranges, uses } = t
  let pos = -1
  for (let r = t.bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
    for (let u = ranges[r + R_USE]; u >= 0; u = uses[u + U_NEXT])
      if ((uses[u + U_INFO] & LIMIT_MASK) !== 0) pos = uses[u]
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
  const first = t.blockOf(from >> 1)
  const last = t.blockOf(p >> 1)
  const depth = loopDepth[first]
  for (let b = last; b > first && last - b < 100; b--) {
    const border = 2 * blockInsts[b]
    if (border > p || border <= from) continue
    if (loopDepth[b] > depth && loopDepth[b - 1] <= depth) return border
    if (loopDepth[b] < depth && loopDepth[b - 1] >= depth) return border
  }
  return p
}
