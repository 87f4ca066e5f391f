// Sets of small integers as bit words. A word is an int32: element e lives in word e >> 5, bit e & 31.

/** A growable set of non-negative integers. */
export class BitSet {
  words: Int32Array

  constructor(capacity = 32) {
    this.words = new Int32Array((capacity + 31) >>> 5)
  }

  has(e: number): boolean {
    const w = e >>> 5
    return w < this.words.length && (this.words[w] & (1 << (e & 31))) !== 0
  }

  /** Adds `e`; true if it was not there. */
  add(e: number): boolean {
    const w = e >>> 5
    if (w >= this.words.length) this.grow(w)
    const bit = 1 << (e & 31)
    const old = this.words[w]
    this.words[w] = old | bit
    return (old & bit) === 0
  }

  /** Removes `e`; true if it was there. */
  delete(e: number): boolean {
    const w = e >>> 5
    if (w >= this.words.length) return false
    const bit = 1 << (e & 31)
    const old = this.words[w]
    this.words[w] = old & ~bit
    return (old & bit) !== 0
  }

  /** Adds all of `other`; true if anything was new. */
  union(other: BitSet): boolean {
    const b = other.words
    if (b.length > this.words.length) this.grow(b.length - 1)
    const a = this.words
    let changed = 0
    for (let i = 0; i < b.length; i++) {
      const next = a[i] | b[i]
      changed |= next ^ a[i]
      a[i] = next
    }
    return changed !== 0
  }

  clear(): void {
    this.words.fill(0)
  }

  /** Number of elements. */
  count(): number {
    let n = 0
    for (let i = 0; i < this.words.length; i++) n += popcount32(this.words[i])
    return n
  }

  /** Calls `f` for each element in ascending order. */
  forEach(f: (e: number) => void): void {
    for (let i = 0; i < this.words.length; i++) {
      let w = this.words[i]
      while (w !== 0) {
        f((i << 5) + (31 - Math.clz32(w & -w)))
        w &= w - 1
      }
    }
  }

  private grow(word: number): void {
    let n = Math.max(1, this.words.length)
    while (n <= word) n *= 2
    const next = new Int32Array(n)
    next.set(this.words)
    this.words = next
  }
}

/** Number of one bits in an int32 (Hacker's Delight, 5-1). */
export function popcount32(x: number): number {
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  x = (x + (x >>> 4)) & 0x0f0f0f0f
  return Math.imul(x, 0x01010101) >>> 24
}
