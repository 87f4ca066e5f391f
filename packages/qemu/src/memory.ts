// The memory of a machine in another process.
//
// Problem: the kernel reads and writes guest memory through views, and this process cannot map the other's memory. Idea: every mapping has a mirror here. A view shows
// the mirror's bytes, after pages that the guest may have written since were fetched; before guest code runs, pages of which views were given are sent. A run makes
// all views invalid (`generation`).
//
// Invariants, for each page of a mapping, while the guest stands still: the mirror is what the guest has if the guest cannot write the page, or if
// fetchedAt is the current epoch, but for what was written through a view since it was lent. A page that is not writable is sent only if it was changed.
import { type MachineMemory, PAGE_SIZE, PERM_EXEC, PERM_READ, PERM_WRITE } from '@k23/machine'
import type { LinuxAbi } from '@k23/object'
import type { Channel } from './channel.ts'

const MAP_PRIVATE = 2
const MAP_ANONYMOUS = 0x20
const MAP_NORESERVE = 0x4000
const MAP_FIXED_NOREPLACE = 0x10_0000

interface Mapping {
  readonly address: number
  readonly mirror: Uint8Array
  /** By page. */
  readonly perms: Uint8Array
  readonly fetchedAt: Uint32Array
  readonly lent: Uint8Array
  /** Contents, when lent, of pages that the guest cannot write. */
  readonly kept: Map<number, Uint8Array>
}

export class ProcessMemory implements MachineMemory {
  readonly base = 0x1_0000
  readonly limit: number = 2 ** 47
  generation = 0
  private readonly channel: Channel
  private readonly linux: LinuxAbi
  /** By address, ascending. */
  private readonly mappings: Mapping[] = []
  private readonly lent: { readonly mapping: Mapping; readonly page: number }[] = []
  private epoch = 1

  constructor(channel: Channel, linux: LinuxAbi) {
    this.channel = channel
    this.linux = linux
  }

  map(length: number, perms: number, at?: number): number {
    checkPerms(perms)
    if (!(length > 0)) throw new RangeError(`a range of ${length} bytes cannot be mapped`)
    const pages = Math.ceil(length / PAGE_SIZE)
    let mirror: Uint8Array
    try {
      mirror = new Uint8Array(pages * PAGE_SIZE)
    } catch {
      throw new RangeError(`no room for a mirror of ${length} bytes`)
    }
    const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at === undefined ? 0 : MAP_FIXED_NOREPLACE)
    const address = this.channel.syscall(this.linux.syscalls.mmap, at ?? 0, pages * PAGE_SIZE, perms, flags, -1, 0)
    if (address < 0) throw new RangeError(`the process has no room for ${length} bytes (error ${-address})`)
    if (at !== undefined && address !== at) {
      this.channel.syscall(this.linux.syscalls.munmap, address, pages * PAGE_SIZE)
      throw new RangeError(`map: ${length} bytes at 0x${at.toString(16)} are not free`)
    }
    const mapping: Mapping = {
      address,
      mirror,
      perms: new Uint8Array(pages).fill(perms),
      fetchedAt: new Uint32Array(pages).fill(this.epoch),
      lent: new Uint8Array(pages),
      kept: new Map(),
    }
    const index = this.mappings.findIndex((m) => m.address > address)
    this.mappings.splice(index < 0 ? this.mappings.length : index, 0, mapping)
    return address
  }

  reserve(length: number): number {
    return this.map(length, 0)
  }

  protect(address: number, length: number, perms: number): void {
    checkPerms(perms)
    const { mapping, first, end } = this.pages('protect', address, length)
    // While the old permissions last: what was written here is sent, and what the guest wrote is fetched if it will not be readable.
    for (let page = first; page < end; page++) {
      if (mapping.lent[page] !== 0) this.send(mapping, page)
      else if (this.isStale(mapping, page)) this.fetch(mapping, page, page + 1)
    }
    const result = this.channel.syscall(
      this.linux.syscalls.mprotect,
      mapping.address + first * PAGE_SIZE,
      (end - first) * PAGE_SIZE,
      perms,
    )
    if (result < 0) throw new RangeError(`protect: the process refuses (error ${-result})`)
    for (let page = first; page < end; page++) {
      mapping.perms[page] = perms
      mapping.fetchedAt[page] = this.epoch
      if (mapping.lent[page] !== 0) this.keep(mapping, page)
    }
  }

  unmap(address: number, length: number): void {
    const { mapping, first, end } = this.pages('unmap', address, length)
    if (first !== 0 || end !== mapping.perms.length)
      throw new RangeError(`unmap: 0x${address.toString(16)} is a part of a mapping only`)
    this.channel.syscall(this.linux.syscalls.munmap, mapping.address, mapping.mirror.length)
    this.mappings.splice(this.mappings.indexOf(mapping), 1)
    for (let i = this.lent.length - 1; i >= 0; i--) if (this.lent[i].mapping === mapping) this.lent.splice(i, 1)
  }

  view(address: number, length: number): Uint8Array {
    if (length === 0) return new Uint8Array(0)
    const mapping = this.at(address)
    const offset = mapping === undefined ? 0 : address - mapping.address
    if (mapping === undefined || !(length >= 0 && offset + length <= mapping.mirror.length))
      throw new RangeError(`view of ${length} bytes at 0x${address.toString(16)}: not mapped as one range`)
    const end = Math.ceil((offset + length) / PAGE_SIZE)
    for (let page = Math.floor(offset / PAGE_SIZE); page < end; page++) {
      if (mapping.lent[page] !== 0) continue
      if (this.isStale(mapping, page)) {
        let last = page + 1
        while (last < end && this.isStale(mapping, last)) last++
        this.fetch(mapping, page, last)
      }
      mapping.lent[page] = 1
      this.lent.push({ mapping, page })
      this.keep(mapping, page)
    }
    return mapping.mirror.subarray(offset, offset + length)
  }

  /** The guest is about to run: it gets what was written here, and all views end. */
  release(): void {
    for (const { mapping, page } of this.lent) {
      this.send(mapping, page)
      mapping.lent[page] = 0
      mapping.kept.delete(page)
    }
    if (this.lent.length !== 0) this.generation++
    this.lent.length = 0
    this.epoch++
  }

  /** Bytes as the guest has them, no view of which is given: what an instruction is. Undefined where they cannot be read. */
  peek(address: number, length: number): Uint8Array | undefined {
    const mapping = this.at(address)
    if (mapping === undefined) return undefined
    const offset = address - mapping.address
    const page = Math.floor(offset / PAGE_SIZE)
    const n = Math.min(length, mapping.mirror.length - offset)
    if (page + 1 < mapping.perms.length && this.isStale(mapping, page + 1)) this.fetch(mapping, page + 1, page + 2)
    if (this.isStale(mapping, page)) this.fetch(mapping, page, page + 1)
    return mapping.mirror.slice(offset, offset + n)
  }

  private isStale(m: Mapping, page: number): boolean {
    return (m.perms[page] & PERM_WRITE) !== 0 && m.fetchedAt[page] !== this.epoch
  }

  /** Pages that the guest can write; it can read them too. */
  private fetch(m: Mapping, first: number, end: number): void {
    this.channel.get(m.address + first * PAGE_SIZE, m.mirror.subarray(first * PAGE_SIZE, end * PAGE_SIZE))
    m.fetchedAt.fill(this.epoch, first, end)
  }

  private keep(m: Mapping, page: number): void {
    if ((m.perms[page] & PERM_WRITE) !== 0) m.kept.delete(page)
    else m.kept.set(page, m.mirror.slice(page * PAGE_SIZE, (page + 1) * PAGE_SIZE))
  }

  private send(m: Mapping, page: number): void {
    const bytes = m.mirror.subarray(page * PAGE_SIZE, (page + 1) * PAGE_SIZE)
    const address = m.address + page * PAGE_SIZE
    const kept = m.kept.get(page)
    if (kept === undefined) {
      this.channel.put(address, bytes)
      return
    }
    if (bytes.every((b, i) => b === kept[i])) return
    const { mprotect } = this.linux.syscalls
    this.channel.syscall(mprotect, address, PAGE_SIZE, PERM_READ | PERM_WRITE)
    this.channel.put(address, bytes)
    this.channel.syscall(mprotect, address, PAGE_SIZE, m.perms[page])
    m.kept.set(page, bytes.slice())
  }

  private pages(what: string, address: number, length: number): { mapping: Mapping; first: number; end: number } {
    const mapping = this.at(address)
    const first = mapping === undefined ? 0 : (address - mapping.address) / PAGE_SIZE
    const end = first + Math.ceil(length / PAGE_SIZE)
    if (mapping === undefined || !Number.isInteger(first) || end > mapping.perms.length)
      throw new RangeError(`${what}: ${length} bytes at 0x${address.toString(16)} are not whole pages of one mapping`)
    return { mapping, first, end }
  }

  private at(address: number): Mapping | undefined {
    const { mappings } = this
    let lo = 0
    let hi = mappings.length
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (mappings[mid].address <= address) lo = mid + 1
      else hi = mid
    }
    const found = mappings[lo - 1]
    return found !== undefined && address < found.address + found.mirror.length ? found : undefined
  }
}

function checkPerms(perms: number): void {
  if ((perms & PERM_WRITE) !== 0 && (perms & PERM_EXEC) !== 0)
    throw new RangeError('memory is never writable and executable at once: write first, then protect it as executable')
}
