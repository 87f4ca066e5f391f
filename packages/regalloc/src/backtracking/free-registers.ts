// Which registers are free all through a live range: the registers of one class as bits of a word, a word per point.
//
// Problem. To look for a free register one by one costs a search in the list of each; most of what is looked for is a short range of one block,
// and most of it finds a register.
// Idea. Bit k of the word of a point: the k-th register of the class is taken there. A query is an `or` over the points of the range, for all
// registers at once. Long ranges go by chunks of 32 points, and those by chunks of 32 chunks: a register that is taken in a whole chunk is
// marked there only (`cover`), and each chunk knows what is taken anywhere in it (`any`).
//
// Invariant: at each point and register at most one of point, cover1 and cover2 has the bit, except where a value sits in a register that is
// reserved for it. Only the first 32 registers of a class take part; the rest is found by search (process.ts).
export const MASK_REGS = 32

export class FreeRegisters {
  private point: Int32Array = new Int32Array(0)
  private any1: Int32Array = new Int32Array(0)
  private cover1: Int32Array = new Int32Array(0)
  private any2: Int32Array = new Int32Array(0)
  private cover2: Int32Array = new Int32Array(0)

  /** All registers free in points 0 .. numPoints - 1. */
  reset(numPoints: number): void {
    const n2 = (numPoints >> 10) + 1
    if (this.any2.length < n2) {
      const capacity = n2 + (n2 >> 1)
      this.point = new Int32Array(capacity << 10)
      this.any1 = new Int32Array(capacity << 5)
      this.cover1 = new Int32Array(capacity << 5)
      this.any2 = new Int32Array(capacity)
      this.cover2 = new Int32Array(capacity)
      return
    }
    // Whole chunks, since chunks are read wholly.
    this.point.fill(0, 0, n2 << 10)
    this.any1.fill(0, 0, n2 << 5)
    this.cover1.fill(0, 0, n2 << 5)
    this.any2.fill(0, 0, n2)
    this.cover2.fill(0, 0, n2)
  }

  get size(): number {
    return this.point.length
  }

  /** Registers that are taken somewhere in [from, to), which is not empty; not all of them if they include all of `enough`. */
  taken(from: number, to: number, enough: number): number {
    const { point, cover1, cover2 } = this
    const last = to - 1
    let bits = cover1[from >> 5] | cover2[from >> 10]
    if (from >> 5 === last >> 5) {
      for (let p = from; p < to; p++) bits |= point[p]
      return bits
    }
    bits |= cover1[last >> 5] | cover2[last >> 10]
    const head = (from + 31) & ~31
    const tail = to & ~31
    for (let p = from; p < head; p++) bits |= point[p]
    for (let p = tail; p < to; p++) bits |= point[p]
    return this.chunksTaken(bits, head >> 5, tail >> 5, enough)
  }

  private chunksTaken(bits: number, from: number, to: number, enough: number): number {
    const { any1, any2, cover2 } = this
    for (let c = from; c < to && (bits & enough) !== enough; ) {
      if ((c & 31) === 0 && c + 32 <= to) {
        bits |= any2[c >> 5]
        c += 32
      } else {
        bits |= any1[c] | cover2[c >> 5]
        c++
      }
    }
    return bits
  }

  /** Marks registers as taken in [from, to). */
  take(bit: number, from: number, to: number): void {
    const { point, any1, any2 } = this
    const last = to - 1
    any1[from >> 5] |= bit
    any2[from >> 10] |= bit
    if (from >> 5 === last >> 5) {
      for (let p = from; p < to; p++) point[p] |= bit
      return
    }
    any1[last >> 5] |= bit
    any2[last >> 10] |= bit
    const head = (from + 31) & ~31
    const tail = to & ~31
    for (let p = from; p < head; p++) point[p] |= bit
    for (let p = tail; p < to; p++) point[p] |= bit
    const { cover1, cover2 } = this
    const end = tail >> 5
    for (let c = head >> 5; c < end; ) {
      any2[c >> 5] |= bit
      if ((c & 31) === 0 && c + 32 <= end) {
        cover2[c >> 5] |= bit
        c += 32
      } else {
        cover1[c] |= bit
        any1[c] |= bit
        c++
      }
    }
  }

  /** Takes back a `take` with the same arguments. */
  release(bit: number, from: number, to: number): void {
    const { point, cover1, cover2, any1 } = this
    const keep = ~bit
    const last = to - 1
    if (from >> 5 === last >> 5) {
      for (let p = from; p < to; p++) point[p] &= keep
      this.update(from >> 5)
      this.update2(from >> 10)
      return
    }
    const head = (from + 31) & ~31
    const tail = to & ~31
    for (let p = from; p < head; p++) point[p] &= keep
    for (let p = tail; p < to; p++) point[p] &= keep
    const end = tail >> 5
    for (let c = head >> 5; c < end; ) {
      if ((c & 31) === 0 && c + 32 <= end) {
        cover2[c >> 5] &= keep
        c += 32
      } else {
        cover1[c] &= keep
        any1[c] &= keep // nothing of this register is left in the chunk
        c++
      }
    }
    this.update(from >> 5)
    this.update(last >> 5)
    for (let c = from >> 10; c <= last >> 10; c++) this.update2(c)
  }

  private update(c: number): void {
    let bits = this.cover1[c]
    const { point } = this
    for (let p = c << 5; p < (c + 1) << 5; p++) bits |= point[p]
    this.any1[c] = bits
  }

  private update2(c: number): void {
    let bits = this.cover2[c]
    const { any1 } = this
    for (let k = c << 5; k < (c + 1) << 5; k++) bits |= any1[k]
    this.any2[c] = bits
  }
}
