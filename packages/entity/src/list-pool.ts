// Lists of int32 in one arena. A list is a handle: 0 is the empty list, any other is the arena index of its first element,
// with its length in the word before. Lists are immutable in length: a changed length is a new list
// (the old words stay as garbage until the pool is cleared, which is when the function is).

/** A list in a ListPool. 0 is empty. */
export type ListRef = number

/** An arena of int32 lists. */
export class ListPool {
  data: Int32Array = new Int32Array(256)
  private top = 1

  /** Number of elements. */
  len(list: ListRef): number {
    return list === 0 ? 0 : this.data[list - 1]
  }

  get(list: ListRef, i: number): number {
    return this.data[list + i]
  }

  set(list: ListRef, i: number, x: number): void {
    this.data[list + i] = x
  }

  /** Allocates a list of `n` zeros; fill it through `data` or `set`. */
  alloc(n: number): ListRef {
    if (n === 0) return 0
    const at = this.top + 1
    const end = at + n
    if (end > this.data.length) {
      let cap = this.data.length
      while (cap < end) cap *= 2
      const next = new Int32Array(cap)
      next.set(this.data)
      this.data = next
    }
    this.data[at - 1] = n
    this.top = end
    return at
  }

  of1(a: number): ListRef {
    const l = this.alloc(1)
    this.data[l] = a
    return l
  }

  of2(a: number, b: number): ListRef {
    const l = this.alloc(2)
    this.data[l] = a
    this.data[l + 1] = b
    return l
  }

  of3(a: number, b: number, c: number): ListRef {
    const l = this.alloc(3)
    this.data[l] = a
    this.data[l + 1] = b
    this.data[l + 2] = c
    return l
  }

  from(xs: ArrayLike<number>): ListRef {
    const l = this.alloc(xs.length)
    for (let i = 0; i < xs.length; i++) this.data[l + i] = xs[i]
    return l
  }

  /** `list` with `x` appended: in place when the list is the newest in the arena, else a copy. */
  append(list: ListRef, x: number): ListRef {
    const n = this.len(list)
    if (list !== 0 && list + n === this.top) {
      this.alloc1()
      this.data[list - 1] = n + 1
      this.data[list + n] = x
      return list
    }
    const l = this.alloc(n + 1)
    if (n !== 0) this.data.copyWithin(l, list, list + n)
    this.data[l + n] = x
    return l
  }

  /** `list` without element `i`. */
  removed(list: ListRef, i: number): ListRef {
    const n = this.len(list)
    const l = this.alloc(n - 1)
    for (let k = 0, j = 0; k < n; k++) if (k !== i) this.data[l + j++] = this.data[list + k]
    return l
  }

  toArray(list: ListRef): number[] {
    const out: number[] = []
    for (let i = 0, n = this.len(list); i < n; i++) out.push(this.data[list + i])
    return out
  }

  clear(): void {
    this.top = 1
  }

  private alloc1(): void {
    if (this.top === this.data.length) {
      const next = new Int32Array(this.data.length * 2)
      next.set(this.data)
      this.data = next
    }
    this.top++
  }
}
