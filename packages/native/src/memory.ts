// The memory of the host's process as a machine's: mappings that this machine made, and views of them.
//
// Problem: a view is an ArrayBuffer on memory that V8 does not own. Making one costs a microsecond and more for its bytes to be counted by the
// collector; and one that outlives its mapping would read foreign memory, or end the process.
// Idea: each mapping has at most one buffer, made when it is first needed, over all that can be read then, rounded up to a power of two, so that
// growing in place seldom needs another one; views are typed arrays on it. When a mapping goes, or its buffer is replaced because it grew, the
// buffer is detached: stale views are empty.
//
// Invariants
//   1. `regions` are sorted by address and do not overlap; each is cut into runs of equal permissions that cover it.
//   2. No page is writable and executable.
//   3. A region's buffer lies inside the region; view() gives only readable parts of it.
//   4. Code lies in one range of addresses, so that the signal handler can tell guest code by two comparisons.
//
// A buffer keeps the memory's object alive, and with it the mappings: they are given back when neither machine nor view can be reached.

import { type MachineMemory, PAGE_SIZE, PERM_EXEC, PERM_NONE, PERM_READ, PERM_WRITE } from '@k23/machine'
import { hex, type Libc } from './linux/libc.ts'
import { release } from './linux/signals.ts'
import { FreeRanges } from './ranges.ts'

const PERM_MASK = PERM_READ | PERM_WRITE | PERM_EXEC
/** User space of x86-64 with four levels of page tables; the first 64 KiB are never given (vm.mmap_min_addr). */
const LOWEST = 65536
const HIGHEST = 2 ** 47 - PAGE_SIZE

interface Region {
  start: number
  end: number
  /** Pairs: end of the run, its permissions; ascending, the last ends the region. */
  runs: number[]
  buffer: ArrayBuffer | undefined
}

/** What must be given back when nobody can reach the memory any more; nothing in it may lead to the memory or to a buffer. */
interface Held {
  readonly libc: Libc
  /** Start to end; code is in one of them. */
  readonly mappings: Map<number, number>
  /** What must end before, since it uses the memory. */
  readonly users: Set<() => void>
}

const abandoned = new FinalizationRegistry<Held>(giveBack)
/** A buffer is a key as long as a view of it is alive. */
const owners = new WeakMap<ArrayBuffer, NativeMemory>()

export class NativeMemory implements MachineMemory {
  readonly base: number = LOWEST
  readonly limit: number = HIGHEST
  readonly guardPages = true
  generation = 0
  readonly codeStart: number
  readonly codeEnd: number
  private readonly libc: Libc
  private readonly regions: Region[] = []
  private readonly freeCode: FreeRanges
  private readonly held: Held
  private last: Region | undefined
  private open = true

  /** `codeBytes`: address space for code, a multiple of PAGE_SIZE. */
  constructor(libc: Libc, codeBytes: number) {
    this.libc = libc
    this.codeStart = libc.map(codeBytes, PERM_NONE)
    this.codeEnd = this.codeStart + codeBytes
    this.freeCode = new FreeRanges(this.codeStart / PAGE_SIZE, this.codeEnd / PAGE_SIZE)
    this.held = { libc, mappings: new Map([[this.codeStart, this.codeEnd]]), users: new Set() }
    abandoned.register(this, this.held, this)
  }

  map(length: number, perms: number, at?: number): number {
    this.check()
    checkPerms(perms)
    const bytes = pageCount(length) * PAGE_SIZE
    if (at !== undefined && at % PAGE_SIZE !== 0)
      throw new RangeError(`map: address ${hex(at)} is not a multiple of ${PAGE_SIZE}`)
    if (at !== undefined && !(at >= LOWEST && at + bytes <= HIGHEST))
      throw new RangeError(`map: ${bytes} bytes at ${hex(at)} are outside of the machine's memory`)
    const start = this.libc.map(bytes, perms, at)
    this.insert(start, bytes, perms)
    this.held.mappings.set(start, start + bytes)
    return start
  }

  reserve(length: number): number {
    return this.map(length, PERM_NONE)
  }

  /** Pages for code, readable and writable until they are protected. Throws RangeError where the range for code is full. */
  mapCode(length: number): number {
    this.check()
    const pages = pageCount(length)
    const first = this.freeCode.take(pages)
    if (first < 0)
      throw new RangeError(
        `no room for ${length} bytes of code in the machine's ${this.codeEnd - this.codeStart} bytes`,
      )
    const start = first * PAGE_SIZE
    this.libc.protect(start, pages * PAGE_SIZE, PERM_READ | PERM_WRITE)
    this.insert(start, pages * PAGE_SIZE, PERM_READ | PERM_WRITE)
    return start
  }

  protect(address: number, length: number, perms: number): void {
    checkPerms(perms)
    const region = this.regionOf('protect', address, length)
    const end = address + pageCount(length) * PAGE_SIZE
    this.libc.protect(address, end - address, perms)
    const runs: number[] = []
    const add = (to: number, p: number): void => {
      const n = runs.length
      if (n > 0 && runs[n - 1] === p) runs[n - 2] = to
      else runs.push(to, p)
    }
    let from = region.start
    for (let i = 0; i < region.runs.length; i += 2) {
      const to = region.runs[i]
      const p = region.runs[i + 1]
      if (from < address) add(Math.min(to, address), p)
      if (to >= end && from < end) add(end, perms)
      if (to > end) add(to, p)
      from = to
    }
    region.runs = runs
  }

  unmap(address: number, length: number): void {
    const region = this.regionOf('unmap', address, length)
    const end = address + pageCount(length) * PAGE_SIZE
    const i = this.regions.indexOf(region)
    this.dropBuffer(region)
    const isCode = address >= this.codeStart && address < this.codeEnd
    if (isCode) {
      this.libc.discard(address, end - address)
      this.freeCode.release(address / PAGE_SIZE, end / PAGE_SIZE)
    } else this.libc.unmap(address, end - address)
    const rest: Region[] = []
    if (region.start < address) rest.push(part(region, region.start, address))
    if (end < region.end) rest.push(part(region, end, region.end))
    this.regions.splice(i, 1, ...rest)
    const { mappings } = this.held
    if (!isCode && mappings.delete(region.start)) for (const r of rest) mappings.set(r.start, r.end)
    this.last = undefined
  }

  /** Memory that is not readable, or not this machine's, is a RangeError; writing to a view of pages that are not writable ends the process. */
  view(address: number, length: number): Uint8Array {
    this.check()
    if (length === 0) return new Uint8Array(0)
    const region = this.find(address)
    if (region === undefined || !(length >= 0) || !allowed(region, PERM_READ, address, address + length))
      throw new RangeError(`view of ${length} bytes at ${hex(address)} is outside of the machine's memory`)
    const offset = address - region.start
    let { buffer } = region
    if (buffer === undefined || offset + length > buffer.byteLength) buffer = this.makeBuffer(region)
    return new Uint8Array(buffer, offset, length)
  }

  /** Whether all of it is mapped here and readable. */
  isReadable(address: number, length: number): boolean {
    this.check()
    const region = this.find(address)
    return region !== undefined && allowed(region, PERM_READ, address, address + length)
  }
  isWritable(address: number, length: number): boolean {
    this.check()
    const region = this.find(address)
    return region !== undefined && allowed(region, PERM_WRITE, address, address + length)
  }

  /** Writes where the guest may not: to pages that are being made. */
  copyIn(address: number, bytes: Uint8Array): void {
    this.libc.copyIn(address, bytes)
  }

  /** What uses the memory beside this thread: `end` is called before the memory is given back, if not by the result earlier. It must not refer to the machine. */
  addUser(end: () => void): () => void {
    const { users } = this.held
    users.add(end)
    return () => {
      users.delete(end)
      end()
    }
  }

  /** Gives everything back; nothing of the machine may be used afterwards, and all views are empty. */
  close(): void {
    if (!this.open) return
    this.open = false
    abandoned.unregister(this)
    for (const region of this.regions) this.dropBuffer(region)
    this.regions.length = 0
    this.last = undefined
    this.generation++
    giveBack(this.held)
  }

  check(): void {
    if (!this.open) throw new TypeError('the machine is closed')
  }

  private makeBuffer(region: Region): ArrayBuffer {
    this.dropBuffer(region)
    const needed = readableEnd(region) - region.start
    const size = Math.min(region.end - region.start, 2 ** Math.ceil(Math.log2(Math.max(needed, PAGE_SIZE))))
    const buffer = this.libc.koffi.view(region.start, size)
    owners.set(buffer, this)
    region.buffer = buffer
    return buffer
  }

  private dropBuffer(region: Region): void {
    if (region.buffer === undefined) return
    release(region.buffer)
    region.buffer = undefined
    this.generation++
  }

  private insert(start: number, bytes: number, perms: number): void {
    const end = start + bytes
    this.regions.splice(this.indexAfter(start), 0, { start, end, runs: [end, perms], buffer: undefined })
  }

  /** Index of the first region that starts above the address. */
  private indexAfter(address: number): number {
    const { regions } = this
    let lo = 0
    let hi = regions.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (regions[mid].start <= address) lo = mid + 1
      else hi = mid
    }
    return lo
  }

  private find(address: number): Region | undefined {
    const { last } = this
    if (last !== undefined && address >= last.start && address < last.end) return last
    const region = this.regions[this.indexAfter(address) - 1]
    if (region === undefined || address >= region.end) return undefined
    this.last = region
    return region
  }

  private regionOf(what: string, address: number, length: number): Region {
    this.check()
    if (address % PAGE_SIZE !== 0)
      throw new RangeError(`${what}: address ${hex(address)} is not a multiple of ${PAGE_SIZE}`)
    const region = this.find(address)
    const end = address + pageCount(length) * PAGE_SIZE
    if (region === undefined || end > region.end)
      throw new RangeError(`${what}: page ${hex(region === undefined ? address : region.end)} is not mapped`)
    return region
  }
}

function giveBack({ libc, mappings, users }: Held): void {
  for (const end of users) end()
  users.clear()
  for (const [start, end] of mappings) libc.unmap(start, end - start)
  mappings.clear()
}

function part(region: Region, start: number, end: number): Region {
  const runs: number[] = []
  let from = region.start
  for (let i = 0; i < region.runs.length; i += 2) {
    const to = region.runs[i]
    if (to > start && from < end) runs.push(Math.min(to, end), region.runs[i + 1])
    from = to
  }
  return { start, end, runs, buffer: undefined }
}

function allowed({ runs, end }: Region, perm: number, from: number, to: number): boolean {
  if (!(to <= end)) return false
  for (let i = 0; i < runs.length; i += 2) {
    if (runs[i] <= from) continue
    if ((runs[i + 1] & perm) === 0) return from === to
    if (runs[i] >= to) return true
  }
  return true
}

/** Where the last readable run ends. */
function readableEnd({ start, runs }: Region): number {
  for (let i = runs.length - 2; i >= 0; i -= 2) if ((runs[i + 1] & PERM_READ) !== 0) return runs[i]
  return start
}

function pageCount(length: number): number {
  if (!(length > 0 && length <= HIGHEST)) throw new RangeError(`a range of ${length} bytes cannot be mapped`)
  return Math.ceil(length / PAGE_SIZE)
}

function checkPerms(perms: number): void {
  if ((perms & PERM_WRITE) !== 0 && (perms & PERM_EXEC) !== 0) {
    throw new RangeError('memory is never writable and executable at once: write first, then protect it as executable')
  }
  if ((perms & ~PERM_MASK) !== 0) throw new RangeError(`permissions ${perms} are not a set of PERM_* bits`)
}
