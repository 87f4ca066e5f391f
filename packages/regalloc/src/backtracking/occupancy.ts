// The live ranges that a register holds: a sorted list in chunks. The directory of chunks is searched by bisection, then the chunk; an insertion moves at most one
// chunk, and every half chunk of insertions the directory: n log n in practice, with nothing but typed arrays.
import type { Tables } from './tables.ts'

const CHUNK = 128

export class Occupancy {
  private readonly t: Tables
  private chunks: Int32Array[] = []
  private sizes: number[] = []

  constructor(t: Tables) {
    this.t = t
  }

  /** Cursor of the first range that ends after `point`, as chunk * CHUNK + index; -1 if there is none. */
  seek(point: number): number {
    const { chunks, sizes } = this
    const to = this.t.rangeTo.data
    let lo = 0
    let hi = chunks.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (to[chunks[mid][sizes[mid] - 1]] > point) hi = mid
      else lo = mid + 1
    }
    if (lo === chunks.length) return -1
    const chunk = chunks[lo]
    let x = 0
    let y = sizes[lo] - 1
    while (x < y) {
      const mid = (x + y) >> 1
      if (to[chunk[mid]] > point) y = mid
      else x = mid + 1
    }
    return lo * CHUNK + x
  }

  at(cursor: number): number {
    return this.chunks[(cursor / CHUNK) | 0][cursor % CHUNK]
  }

  next(cursor: number): number {
    const c = (cursor / CHUNK) | 0
    if ((cursor % CHUNK) + 1 < this.sizes[c]) return cursor + 1
    return c + 1 < this.chunks.length ? (c + 1) * CHUNK : -1
  }

  insert(range: number): void {
    const { chunks, sizes } = this
    const cursor = this.seek(this.t.rangeFrom.data[range])
    if (cursor < 0) {
      const c = chunks.length - 1
      if (c >= 0 && sizes[c] < CHUNK) chunks[c][sizes[c]++] = range
      else {
        const chunk = new Int32Array(CHUNK)
        chunk[0] = range
        chunks.push(chunk)
        sizes.push(1)
      }
      return
    }
    let c = (cursor / CHUNK) | 0
    let x = cursor % CHUNK
    if (sizes[c] === CHUNK) {
      const right = new Int32Array(CHUNK)
      right.set(chunks[c].subarray(CHUNK / 2))
      chunks.splice(c + 1, 0, right)
      sizes.splice(c + 1, 0, CHUNK / 2)
      sizes[c] = CHUNK / 2
      if (x > CHUNK / 2) {
        c++
        x -= CHUNK / 2
      }
    }
    const chunk = chunks[c]
    chunk.copyWithin(x + 1, x, sizes[c])
    chunk[x] = range
    sizes[c]++
  }

  remove(range: number): void {
    const cursor = this.seek(this.t.rangeFrom.data[range])
    const c = (cursor / CHUNK) | 0
    const x = cursor % CHUNK
    this.chunks[c].copyWithin(x, x + 1, this.sizes[c])
    if (--this.sizes[c] === 0) {
      this.chunks.splice(c, 1)
      this.sizes.splice(c, 1)
    }
  }
}
