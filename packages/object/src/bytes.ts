// Bytes in the making, little-endian: what every section is written with.

export class ByteWriter {
  private data: Uint8Array = new Uint8Array(256)
  private view: DataView = new DataView(this.data.buffer)
  length = 0

  /** Room for `n` more bytes; returns where they begin. */
  private grow(n: number): number {
    const at = this.length
    this.length = at + n
    if (this.length > this.data.length) {
      const next = new Uint8Array(Math.max(this.length, this.data.length * 2))
      next.set(this.data)
      this.data = next
      this.view = new DataView(next.buffer)
    }
    return at
  }

  u8(x: number): void {
    const at = this.grow(1)
    this.data[at] = x
  }
  u16(x: number): void {
    const at = this.grow(2)
    this.view.setUint16(at, x, true)
  }
  u32(x: number): void {
    const at = this.grow(4)
    this.view.setUint32(at, x, true)
  }
  /** A whole number; one below zero as in two's complement. Exact up to 2^53. */
  u64(x: number): void {
    const at = this.grow(8)
    this.view.setUint32(at, x, true)
    this.view.setUint32(at + 4, Math.floor(x / 2 ** 32), true)
  }
  i64(x: bigint): void {
    const at = this.grow(8)
    this.view.setBigInt64(at, x, true)
  }
  /** Unsigned LEB128 of a number below 2^53. */
  uleb(x: number): void {
    let rest = x
    while (rest >= 128) {
      this.u8((rest % 128) | 128)
      rest = Math.floor(rest / 128)
    }
    this.u8(rest)
  }
  /** Signed LEB128 of a number of 32 bits. */
  sleb(x: number): void {
    let rest = x
    for (;;) {
      const low = rest & 127
      rest >>= 7
      if (rest === (low & 64 ? -1 : 0)) {
        this.u8(low)
        return
      }
      this.u8(low | 128)
    }
  }
  put(bytes: Uint8Array): void {
    const at = this.grow(bytes.length)
    this.data.set(bytes, at)
  }
  /** UTF-8 with a zero behind it. */
  text(s: string): void {
    this.put(new TextEncoder().encode(s))
    this.u8(0)
  }
  /** Zeros (or `fill`) up to a multiple of `n`. */
  align(n: number, fill = 0): void {
    this.fill(((this.length + n - 1) & -n) - this.length, fill)
  }
  fill(n: number, x = 0): void {
    const at = this.grow(n)
    this.data.fill(x, at, at + n)
  }
  set16(at: number, x: number): void {
    this.view.setUint16(at, x, true)
  }
  set32(at: number, x: number): void {
    this.view.setUint32(at, x, true)
  }
  set64(at: number, x: number): void {
    this.view.setUint32(at, x, true)
    this.view.setUint32(at + 4, Math.floor(x / 2 ** 32), true)
  }
  /** What was written: a view, valid until the next write. */
  bytes(): Uint8Array {
    return this.data.subarray(0, this.length)
  }
}
