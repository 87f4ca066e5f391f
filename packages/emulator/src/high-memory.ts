// Addresses above the window: what an emulated machine with more than 4 GiB of address space maps lies here.
//
// Problem: a wasm memory guarded by pages needs more address space than the window has, and code that is correct on a host's CPU must not
// depend on addresses of 32 bits. Idea: a table of mappings, each with permissions by page and a contiguous piece of the window behind
// the part of it that was ever opened, so that a view of it is one array. An access looks its mapping up; the last one found is tried first.
//
// Invariants
//   1. Mappings do not overlap; `starts` is sorted, and starts[i] is that of mappings[i].
//   2. A page with a permission lies within `backed` bytes. Pages that back nothing else in the window have no permission there.
//   3. The backing only moves (to grow) in view() and protect(), which counts `generation` as growing the buffer does; so does giving it back.

import { PAGE_SIZE, PERM_EXEC, PERM_NONE } from '@k23/machine'
import { FreeRanges } from './free-ranges.ts'
import { type EmulatedMemory, pageCount } from './memory.ts'

/** Past-the-end address of a user program on every ISA that we have. */
export const HIGH_LIMIT: number = 2 ** 47
/** Both words of an address change sign or carry early above this: a mistake with either shows. */
const HIGH_BASE = 0x1_7fff_0000

interface Mapping {
  readonly start: number
  readonly end: number
  /** By page; what it does not cover has none. */
  perms: Uint8Array
  /** Bytes of the window behind the mapping, and where. */
  backed: number
  backing: number
}

const NOTHING: Mapping = { start: 0, end: 0, perms: new Uint8Array(0), backed: 0, backing: 0 }

export class HighMemory {
  private readonly memory: EmulatedMemory
  private readonly free: FreeRanges
  private readonly mappings: Mapping[] = []
  private readonly starts: number[] = []
  private last: Mapping = NOTHING

  constructor(memory: EmulatedMemory, limit: number) {
    this.memory = memory
    this.free = new FreeRanges(HIGH_BASE / PAGE_SIZE, Math.floor(limit / PAGE_SIZE))
  }

  map(length: number, perms: number, at?: number): number {
    const pages = pageCount(length)
    let first = at === undefined ? this.free.take(pages) : at / PAGE_SIZE
    if (at !== undefined && !(Number.isInteger(first) && this.free.claim(first, pages))) first = -1
    if (first < 0) throw new RangeError(`no room for ${pages * PAGE_SIZE} bytes in the machine's address space`)
    const start = first * PAGE_SIZE
    const i = this.indexBehind(start)
    const end = start + pages * PAGE_SIZE
    this.mappings.splice(i, 0, { start, end, perms: new Uint8Array(0), backed: 0, backing: 0 })
    this.starts.splice(i, 0, start)
    if (perms !== PERM_NONE) this.protect(start, length, perms)
    return start
  }

  protect(address: number, length: number, perms: number): void {
    if ((perms & PERM_EXEC) !== 0) throw new RangeError('code lies in the window: place it with placeCode()')
    const m = this.mappingOf('protect', address, length)
    if (address % PAGE_SIZE !== 0) throw new RangeError(`protect: address ${address} is not a multiple of ${PAGE_SIZE}`)
    const first = (address - m.start) / PAGE_SIZE
    const end = first + pageCount(length)
    if (perms !== PERM_NONE) this.back(m, end * PAGE_SIZE)
    if (m.perms.length < end && perms !== PERM_NONE) {
      const next = new Uint8Array(Math.max(end, Math.min(2 * m.perms.length, (m.end - m.start) / PAGE_SIZE)))
      next.set(m.perms)
      m.perms = next
    }
    m.perms.fill(perms, first, end)
  }

  unmap(address: number, length: number): void {
    const m = this.mappingOf('unmap', address, length)
    if (m.start !== address || m.end !== address + pageCount(length) * PAGE_SIZE)
      throw new RangeError(`unmap: ${length} bytes at ${address} are not one whole mapping`)
    if (m.backed !== 0) this.memory.unmap(m.backing, m.backed)
    const i = this.indexBehind(address) - 1
    this.mappings.splice(i, 1)
    this.starts.splice(i, 1)
    this.free.release(m.start / PAGE_SIZE, m.end / PAGE_SIZE)
    this.last = NOTHING
    this.memory.generation++
  }

  view(address: number, length: number): Uint8Array {
    const m = this.mappingOf('view', address, length)
    if (length === 0) return new Uint8Array(0)
    this.back(m, address + length - m.start)
    return this.memory.view(m.backing + (address - m.start), length)
  }

  /** As EmulatedMemory.place. */
  place(perm: number, size: number, lo: number, hi: number): number {
    const address = (hi >>> 0) * 2 ** 32 + (lo >>> 0)
    let m = this.last
    if (!(address >= m.start && address < m.end)) {
      m = this.mappings[this.indexBehind(address) - 1] ?? m
      if (!(address >= m.start && address < m.end)) return -1
      this.last = m
    }
    const offset = address - m.start
    const firstPage = Math.floor(offset / PAGE_SIZE)
    const lastPage = Math.floor((offset + size - 1) / PAGE_SIZE)
    // An access that reaches from one mapping into the next faults: their bytes are not adjacent here.
    return (m.perms[firstPage] & m.perms[lastPage] & perm) !== 0 ? m.backing + offset : -1
  }

  /** Position of the first mapping that starts behind `address`. */
  private indexBehind(address: number): number {
    const { starts } = this
    let lo = 0
    let hi = starts.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (starts[mid] <= address) lo = mid + 1
      else hi = mid
    }
    return lo
  }

  private mappingOf(what: string, address: number, length: number): Mapping {
    const m = this.mappings[this.indexBehind(address) - 1]
    if (m === undefined || !(length >= 0 && address + length <= m.end))
      throw new RangeError(`${what}: ${length} bytes at 0x${address.toString(16)} do not lie in one mapping`)
    return m
  }

  /** Makes the window hold the first `bytes` bytes. */
  private back(m: Mapping, bytes: number): void {
    if (bytes <= m.backed) return
    const { memory } = this
    const most = m.end - m.start
    const wanted = pageCount(Math.min(most, Math.max(bytes, 2 * m.backed))) * PAGE_SIZE
    const at = memory.mapWindow(wanted, PERM_NONE)
    const to = memory.view(at, wanted)
    if (m.backed !== 0) {
      to.set(memory.view(m.backing, m.backed))
      memory.unmap(m.backing, m.backed)
    }
    m.backing = at
    m.backed = wanted
    memory.generation++
  }
}
