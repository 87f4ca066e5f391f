// The live ranges that a register holds: a sorted list in chunks, each with the ends of its ranges beside them. The
// directory of last ends is searched by bisection, then the chunk; an insertion moves at most one chunk, and every half
// chunk of insertions the directory: n log n in practice, in typed arrays.
//
// Invariant: the ranges of a register are disjoint, and do not change while they are in.
import { R_TO, type Tables } from './tables.ts'

const CHUNK = 64

/** A chunk: ranges in its first half, their ends in the second. */
export class Occupancy {
  private readonly t: Tables
  private chunks: Int32Array[] = []
  private sizes: Int32Array = new Int32Array(8)
  /** Per chunk: where its last range ends. */
  private lastEnd: Int32Array = new Int32Array(8)
  private count = 0

  constructor(t: Tables) {
    this.t = t
  }

  /** Empties it. */
  clear(): void {
    this.count = 0
    this.chunks.length = 0
  }

  get isEmpty(): boolean {
    return this.count === 0
  }

  /** Cursor of the first range that ends after `point`, as chunk * CHUNK + index; -1 if there is none. */
  seek(point: number): number {
    const { lastEnd } = this
    let lo = 0
    let hi = this.count
    if (hi === 0 || lastEnd[hi - 1] <= point) return -1
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (lastEnd[mid] > point) hi = mid
      else lo = mid + 1
    }
    const chunk = this.chunks[lo]
    let x = CHUNK
    let y = CHUNK + this.sizes[lo] - 1
    while (x < y) {
      const mid = (x + y) >> 1
      if (chunk[mid] > point) y = mid
      else x = mid + 1
    }
    return lo * CHUNK + x - CHUNK
  }

  at(cursor: number): number {
    return this.chunks[(cursor / CHUNK) | 0][cursor % CHUNK]
  }

  next(cursor: number): number {
    const c = (cursor / CHUNK) | 0
    if ((cursor % CHUNK) + 1 < this.sizes[c]) return cursor + 1
    return c + 1 < this.count ? (c + 1) * CHUNK : -1
  }

  insert(range: number): void {
    const { chunks } = this
    const from = this.t.ranges[range]
    const to = this.t.ranges[range + R_TO]
    const cursor = this.seek(from)
    let c = cursor < 0 ? this.count - 1 : (cursor / CHUNK) | 0
    let x = cursor < 0 ? (c < 0 ? 0 : this.sizes[c]) : cursor % CHUNK
    if (c < 0 || (this.sizes[c] === CHUNK && cursor < 0)) {
      this.insertChunk(this.count, new Int32Array(2 * CHUNK), 0)
      c = this.count - 1
      x = 0
    } else if (this.sizes[c] === CHUNK) {
      const half = CHUNK / 2
      const right = new Int32Array(2 * CHUNK)
      right.set(chunks[c].subarray(half, CHUNK))
      right.set(chunks[c].subarray(CHUNK + half), CHUNK)
      this.insertChunk(c + 1, right, half)
      this.lastEnd[c + 1] = right[CHUNK + half - 1]
      this.sizes[c] = half
      this.lastEnd[c] = chunks[c][CHUNK + half - 1]
      if (x > half) {
        c++
        x -= half
      }
    }
    const chunk = chunks[c]
    const size = this.sizes[c]
    chunk.copyWithin(x + 1, x, size)
    chunk.copyWithin(CHUNK + x + 1, CHUNK + x, CHUNK + size)
    chunk[x] = range
    chunk[CHUNK + x] = to
    this.sizes[c] = size + 1
    this.lastEnd[c] = chunk[CHUNK + size]
  }

  remove(range: number): void {
    const cursor = this.seek(this.t.ranges[range])
    const c = (cursor / CHUNK) | 0
    const x = cursor % CHUNK
    const chunk = this.chunks[c]
    const size = this.sizes[c]
    chunk.copyWithin(x, x + 1, size)
    chunk.copyWithin(CHUNK + x, CHUNK + x + 1, CHUNK + size)
    this.sizes[c] = size - 1
    if (size > 1) {
      this.lastEnd[c] = chunk[CHUNK + size - 2]
      return
    }
    this.chunks.splice(c, 1)
    this.sizes.copyWithin(c, c + 1, this.count)
    this.lastEnd.copyWithin(c, c + 1, this.count)
    this.count--
  }

  private insertChunk(c: number, chunk: Int32Array, size: number): void {
    if (this.count === this.sizes.length) {
      const grow = (old: Int32Array): Int32Array => {
        const next = new Int32Array(2 * old.length)
        next.set(old)
        return next
      }
      this.sizes = grow(this.sizes)
      this.lastEnd = grow(this.lastEnd)
    }
    this.chunks.splice(c, 0, chunk)
    this.sizes.copyWithin(c + 1, c, this.count)
    this.lastEnd.copyWithin(c + 1, c, this.count)
    this.sizes[c] = size
    this.count++
  }
}
