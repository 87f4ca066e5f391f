// Arrays that are used again from function to function: a typed array of more than 64 bytes costs a quarter of a microsecond to make, and most
// functions are small. What they hold at the start is defined by `get`, so no result depends on what was allocated before.

/** Elements in all up to which arrays are always kept. */
const KEEP = 1 << 22
/** Larger ones are dropped by the first function that has fewer instructions than one in so many elements. */
const ELEMENTS_PER_INST = 1024

/** Should tables of this size be dropped after a function with so many instructions? What one huge function needed is not kept for ever. */
export function isTooLarge(elements: number, numInsts: number): boolean {
  return elements > KEEP && elements > numInsts * ELEMENTS_PER_INST
}

export class Workspace {
  private readonly arrays: Int32Array[] = []

  /** Array number `slot` with at least n elements, the first n of which are `fill`. Valid until the slot is asked for again. */
  get(slot: number, n: number, fill: number): Int32Array {
    const old = this.arrays[slot]
    if (old !== undefined && old.length >= n) return old.fill(fill, 0, n)
    const made = new Int32Array(capacity(n))
    if (fill !== 0) made.fill(fill, 0, n)
    this.arrays[slot] = made
    return made
  }

  /** Like `get`, with undefined elements. */
  raw(slot: number, n: number): Int32Array {
    const old = this.arrays[slot]
    if (old !== undefined && old.length >= n) return old
    this.arrays[slot] = new Int32Array(capacity(n))
    return this.arrays[slot]
  }

  /** Elements of all arrays. */
  get size(): number {
    let n = 0
    for (const a of this.arrays) if (a !== undefined) n += a.length
    return n
  }
}

function capacity(n: number): number {
  return n < 256 ? 256 : n + (n >> 1)
}
