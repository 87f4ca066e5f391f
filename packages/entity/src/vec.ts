// Growable typed arrays. Growth doubles, so pushing n elements copies O(n) in total.
// Hot loops read `data` directly; `data` is replaced when a vector grows, so never keep it across a push.

function capacityFor(needed: number, current: number): number {
  let cap = current < 16 ? 16 : current
  while (cap < needed) cap *= 2
  return cap
}

/** A growable Int32Array. */
export class I32Vec {
  data: Int32Array
  length = 0

  constructor(capacity = 16) {
    this.data = new Int32Array(capacity)
  }

  /** Appends `x`, returns its index. */
  push(x: number): number {
    const at = this.length
    if (at === this.data.length) this.reserve(at + 1)
    this.data[at] = x
    this.length = at + 1
    return at
  }

  pop(): number {
    return this.data[--this.length]
  }

  get(i: number): number {
    return this.data[i]
  }

  set(i: number, x: number): void {
    this.data[i] = x
  }

  /** Makes room for `capacity` elements in all; the length stays. */
  reserve(capacity: number): void {
    if (capacity <= this.data.length) return
    const next = new Int32Array(capacityFor(capacity, this.data.length))
    next.set(this.data)
    this.data = next
  }

  /** Sets the length; new elements are `fill`. */
  resize(length: number, fill = 0): void {
    this.reserve(length)
    if (length > this.length) this.data.fill(fill, this.length, length)
    this.length = length
  }

  clear(): void {
    this.length = 0
  }

  /** A view of the live elements: valid until the next push. */
  view(): Int32Array {
    return this.data.subarray(0, this.length)
  }
}

/** A growable Uint8Array for byte emission. */
export class U8Vec {
  data: Uint8Array
  length = 0

  constructor(capacity = 16) {
    this.data = new Uint8Array(capacity)
  }

  push(x: number): number {
    const at = this.length
    if (at === this.data.length) this.reserve(at + 1)
    this.data[at] = x
    this.length = at + 1
    return at
  }

  reserve(capacity: number): void {
    if (capacity <= this.data.length) return
    const next = new Uint8Array(capacityFor(capacity, this.data.length))
    next.set(this.data)
    this.data = next
  }

  resize(length: number, fill = 0): void {
    this.reserve(length)
    if (length > this.length) this.data.fill(fill, this.length, length)
    this.length = length
  }

  clear(): void {
    this.length = 0
  }

  view(): Uint8Array {
    return this.data.subarray(0, this.length)
  }
}

/** Grows a fixed typed array so that index `index` is valid; returns the same array where it already is. */
export function growI32(data: Int32Array, index: number): Int32Array {
  if (index < data.length) return data
  const next = new Int32Array(capacityFor(index + 1, data.length))
  next.set(data)
  return next
}

/** As growI32, for 16-bit arrays. */
export function growU16(data: Uint16Array, index: number): Uint16Array {
  if (index < data.length) return data
  const next = new Uint16Array(capacityFor(index + 1, data.length))
  next.set(data)
  return next
}

/** As growI32, for bytes. */
export function growU8(data: Uint8Array, index: number): Uint8Array {
  if (index < data.length) return data
  const next = new Uint8Array(capacityFor(index + 1, data.length))
  next.set(data)
  return next
}
