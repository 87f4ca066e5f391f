// The machine's memory as the kernel uses it: words at addresses, and small allocations.
import { type MachineMemory, PAGE_SIZE, PERM_READ, PERM_WRITE } from '@k23/machine'
import { needRoom } from './errors.ts'

const SLOTS = 256

interface Kept {
  readonly address: number
  readonly generation: number
  readonly view: DataView
}

/** Fields of records in machine memory, little-endian. Addresses are numbers below 2^53. */
export class Guest {
  readonly memory: MachineMemory
  /** Views made lately, by address: the same few records are read and written at every call. */
  private readonly kept: (Kept | undefined)[] = new Array(SLOTS).fill(undefined)

  constructor(memory: MachineMemory) {
    this.memory = memory
  }
  /** Valid until memory grows. */
  data(address: number, length: number): DataView {
    const { generation } = this.memory
    const slot = (address % (16 * SLOTS)) >> 4
    const known = this.kept[slot]
    if (known !== undefined && known.address === address && known.generation === generation) {
      const { view } = known
      if (view.byteLength === length) return view
    }
    const v = this.memory.view(address, length)
    const view = new DataView(v.buffer, v.byteOffset, length)
    // Asking for the view may itself have made memory grow.
    this.kept[slot] = { address, generation: this.memory.generation, view }
    return view
  }
  u32(at: number): number {
    return this.data(at, 4).getUint32(0, true)
  }
  setU32(at: number, x: number): void {
    this.data(at, 4).setUint32(0, x, true)
  }
  /** Exact below 2^53. */
  u64(at: number): number {
    return getU64(this.data(at, 8), 0)
  }
  setU64(at: number, x: number): void {
    setU64(this.data(at, 8), 0, x)
  }
}

export function getU64(d: DataView, at: number): number {
  return d.getUint32(at + 4, true) * 2 ** 32 + d.getUint32(at, true)
}
export function getI64(d: DataView, at: number): number {
  return d.getInt32(at + 4, true) * 2 ** 32 + d.getUint32(at, true)
}
/** Negative numbers as in two's complement. */
export function setU64(d: DataView, at: number, x: number): void {
  d.setUint32(at, x, true)
  d.setUint32(at + 4, Math.floor(x / 2 ** 32), true)
}

const CHUNK = 16 * PAGE_SIZE

/** Zeroed allocations that live as long as the arena, or until they are freed. */
export class Arena {
  private readonly memory: MachineMemory
  private readonly chunks: { at: number; length: number }[] = []
  private next = 0
  private end = 0
  /** Addresses by size. */
  private readonly freed = new Map<number, number[]>()

  constructor(memory: MachineMemory) {
    this.memory = memory
  }

  /** Address of `bytes` zero bytes, 16-byte aligned. Throws LinkError where the machine has no room. */
  alloc(bytes: number): number {
    const size = sizeOf(bytes)
    const again = this.freed.get(size)?.pop()
    if (again !== undefined) {
      this.memory.view(again, size).fill(0)
      return again
    }
    if (size > this.end - this.next) {
      const length = Math.max(CHUNK, size)
      const at = needRoom(`${length} bytes of data`, () => this.memory.map(length, PERM_READ | PERM_WRITE))
      this.chunks.push({ at, length })
      if (length > CHUNK) return at
      this.next = at
      this.end = at + length
    }
    const at = this.next
    this.next += size
    return at
  }

  /** Of what alloc(bytes) gave: kept for the next allocation of that size. */
  free(at: number, bytes: number): void {
    const size = sizeOf(bytes)
    const list = this.freed.get(size)
    if (list === undefined) this.freed.set(size, [at])
    else list.push(at)
  }

  /** Gives everything back to the machine. */
  release(): void {
    for (const c of this.chunks) this.memory.unmap(c.at, c.length)
    this.chunks.length = 0
    this.next = this.end = 0
    this.freed.clear()
  }
}

function sizeOf(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16)
}
