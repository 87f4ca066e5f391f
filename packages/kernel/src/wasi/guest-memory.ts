// The caller's memory as a call sees it. Every address and length from the guest passes through here: EFAULT outside the memory.
import type { Memory } from '../memory.ts'
import { IOVEC_SIZE, MAX_IOVECS } from './abi.ts'
import { fail } from './errors.ts'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Most bytes that one call moves: counts are reported as u32, and hosts take an int32. */
const MAX_TRANSFER = 0x7fff_ffff

/** Valid during one call: a host function cannot make the caller's memory grow. */
export class GuestMemory {
  private readonly all: Uint8Array
  private readonly data: DataView

  constructor(memory: Memory) {
    this.all = memory.view()
    this.data = new DataView(this.all.buffer, this.all.byteOffset, this.all.length)
  }

  /** The bytes themselves. Addresses and lengths are u32 in either sign. */
  bytes(at: number, length: number): Uint8Array {
    const start = at >>> 0
    const n = length >>> 0
    if (start + n > this.all.length) fail('EFAULT')
    return this.all.subarray(start, start + n)
  }
  u8(at: number): number {
    return this.data.getUint8(this.check(at, 1))
  }
  u16(at: number): number {
    return this.data.getUint16(this.check(at, 2), true)
  }
  u32(at: number): number {
    return this.data.getUint32(this.check(at, 4), true)
  }
  u64(at: number): bigint {
    return this.data.getBigUint64(this.check(at, 8), true)
  }
  setU8(at: number, x: number): void {
    this.data.setUint8(this.check(at, 1), x)
  }
  setU16(at: number, x: number): void {
    this.data.setUint16(this.check(at, 2), x, true)
  }
  setU32(at: number, x: number): void {
    this.data.setUint32(this.check(at, 4), x, true)
  }
  setU64(at: number, x: bigint): void {
    this.data.setBigUint64(this.check(at, 8), x, true)
  }

  /** A string of the guest: EILSEQ if it is not UTF-8. */
  text(at: number, length: number): string {
    const bytes = this.bytes(at, length)
    try {
      return decoder.decode(bytes)
    } catch {
      return fail('EILSEQ')
    }
  }

  /** The buffers of an array of iovecs. EINVAL for too many of them, or too many bytes. */
  buffers(at: number, count: number): Uint8Array[] {
    const n = count >>> 0
    if (n > MAX_IOVECS) fail('EINVAL')
    this.bytes(at, n * IOVEC_SIZE)
    let total = 0
    return Array.from({ length: n }, (_, i) => {
      const row = (at >>> 0) + i * IOVEC_SIZE
      const b = this.bytes(this.u32(row), this.u32(row + 4))
      total += b.length
      if (total > MAX_TRANSFER) fail('EINVAL')
      return b
    })
  }

  private check(at: number, length: number): number {
    const start = at >>> 0
    if (start + length > this.all.length) fail('EFAULT')
    return start
  }
}

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}
