// The memory of an emulated machine: one growable window with a permission byte per page.
//
// Problem: generated code makes an access every few instructions, each must be checked, and a program may reserve gigabytes it never touches.
// Idea: a guest address is an offset in the buffer of one WebAssembly.Memory, so an access needs no translation, and a later translator to
// WebAssembly can import the same memory. The first 64 KiB are never mapped (null page), nor are the last of 4 GiB, so that adding an
// instruction's length to a pc stays within 32 bits.
// A byte per 4 KiB page says what is allowed. The buffer grows only up to the highest page that was ever opened: a reservation costs nothing.
//
// Invariants
//   1. A page with any of READ, WRITE, EXEC lies inside the buffer.
//   2. No page is WRITE and EXEC.
//   3. A page that is not allocated holds zeros (unmap clears what was opened), so map() need not clear.
//   4. Views change identity only in grow(), which counts `generation`; guest code never grows memory, so an evaluator may hold views in a slice.
//   5. `perms` always covers 4 GiB: indexing it by any uint32 address >>> 12 is in bounds.
//
// A machine may be given more than 4 GiB of address space, for guard regions and to run what assumes nothing about addresses: what is mapped then
// lies above, behind a page table (high-memory.ts), and only code stays in the window. Evaluators' fast paths do not know of it: an address
// with a high word takes the slow one.

import {
  type MachineMemory,
  PAGE_SIZE,
  PERM_EXEC,
  PERM_NONE,
  PERM_READ,
  PERM_WRITE,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import { FreeRanges } from './free-ranges.ts'
import { HIGH_LIMIT, HighMemory } from './high-memory.ts'

// Layout of a page's byte in `perms`: bits 0-2 PERM_*, and
const ALLOCATED = 8 // belongs to a map or reservation
const OPENED = 16 // had a permission at some time: may hold data

const PAGE_SHIFT = 12
const WASM_PAGE = 65536
const GUEST_BASE = WASM_PAGE
const ADDRESS_SPACE = 2 ** 32
const HIGHEST_LIMIT = ADDRESS_SPACE - WASM_PAGE
const PERM_MASK = PERM_READ | PERM_WRITE | PERM_EXEC

/** Told about pages whose code may have changed: permissions of executable pages, or bytes placed there. Page numbers, end exclusive. */
export type CodeListener = (firstPage: number, endPage: number) => void

export class EmulatedMemory implements MachineMemory {
  readonly base: number = GUEST_BASE
  readonly limit: number
  readonly wasm: WebAssembly.Memory
  generation = 0
  /** One byte per page of 4 GiB. */
  readonly perms: Uint8Array = new Uint8Array(ADDRESS_SPACE / PAGE_SIZE)
  u8: Uint8Array
  i8: Int8Array
  u16: Uint16Array
  i16: Int16Array
  i32: Int32Array
  /** Result words of load() and load16(), and the kind and address of the last fault. */
  lo = 0
  hi = 0
  upperLo = 0
  upperHi = 0
  faultKind = 0
  faultLo = 0
  faultHi = 0
  codeListener: CodeListener | undefined
  private readonly windowLimit: number
  /** Of pages in the window. */
  private readonly free: FreeRanges
  private readonly high: HighMemory | undefined

  /** `limit`: bytes of address space, up to 2^47; rounded down to 64 KiB. Nothing is committed yet. Above 4 GiB, data is mapped behind a page table. */
  constructor(limit: number = ADDRESS_SPACE) {
    if (!(limit >= 2 * WASM_PAGE && limit <= HIGH_LIMIT)) {
      throw new RangeError(`memory of ${limit} bytes: an emulated machine can have 128 KiB to 2^47 bytes`)
    }
    const pages = Math.floor(Math.min(limit, HIGHEST_LIMIT) / WASM_PAGE)
    this.windowLimit = pages * WASM_PAGE
    this.limit = limit > ADDRESS_SPACE ? limit : this.windowLimit
    this.wasm = new WebAssembly.Memory({ initial: 1, maximum: pages })
    this.free = new FreeRanges(GUEST_BASE / PAGE_SIZE, this.windowLimit / PAGE_SIZE)
    this.high = limit > ADDRESS_SPACE ? new HighMemory(this, limit) : undefined
    const buffer = this.wasm.buffer
    this.u8 = new Uint8Array(buffer)
    this.i8 = new Int8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.i16 = new Int16Array(buffer)
    this.i32 = new Int32Array(buffer)
  }

  map(length: number, perms: number, at?: number): number {
    checkPerms(perms)
    if (this.high !== undefined && (at === undefined || at >= ADDRESS_SPACE)) return this.high.map(length, perms, at)
    return this.mapWindow(length, perms, at)
  }

  /** The same in the window: for code, and for what backs pages above it. */
  mapWindow(length: number, perms: number, at?: number): number {
    const pages = pageCount(length)
    const first = at === undefined ? this.findFree(pages) : this.claim(at, pages)
    this.perms.fill(ALLOCATED, first, first + pages)
    if (perms !== PERM_NONE) this.open(first, first + pages, perms)
    return first * PAGE_SIZE
  }

  reserve(length: number): number {
    return this.map(length, PERM_NONE)
  }

  protect(address: number, length: number, perms: number): void {
    checkPerms(perms)
    if (this.high !== undefined && address >= ADDRESS_SPACE) return this.high.protect(address, length, perms)
    const [first, end] = this.allocatedRange('protect', address, length)
    const hadCode = this.hasCode(first, end)
    this.open(first, end, perms)
    if (hadCode) this.codeListener?.(first, end)
  }

  unmap(address: number, length: number): void {
    if (this.high !== undefined && address >= ADDRESS_SPACE) return this.high.unmap(address, length)
    const [first, end] = this.allocatedRange('unmap', address, length)
    const hadCode = this.hasCode(first, end)
    for (let page = first; page < end; page++) {
      if ((this.perms[page] & OPENED) !== 0) this.u8.fill(0, page * PAGE_SIZE, (page + 1) * PAGE_SIZE)
      this.perms[page] = 0
    }
    this.free.release(first, end)
    if (hadCode) this.codeListener?.(first, end)
  }

  view(address: number, length: number): Uint8Array {
    if (this.high !== undefined && address >= ADDRESS_SPACE) return this.high.view(address, length)
    if (!(address >= this.base && length >= 0 && address + length <= this.windowLimit)) {
      throw new RangeError(`view of ${length} bytes at ${hex(address)} is outside of the machine's memory`)
    }
    // Pages that were never opened may lie beyond the buffer; asking for their bytes opens them for the kernel only.
    this.ensure(address + length)
    const end = Math.ceil((address + length) / PAGE_SIZE)
    for (let page = Math.floor(address / PAGE_SIZE); page < end; page++) this.perms[page] |= OPENED
    return new Uint8Array(this.wasm.buffer, address, length)
  }

  // ---- Accesses by evaluators: any alignment, page crossing included. False means fault, and nothing was accessed.

  /** Loads 1, 2, 4 or 8 bytes, zero-extended, into `lo` and `hi`. */
  load(size: number, lo: number, hi: number): boolean {
    const at = this.place(PERM_READ, size, lo, hi)
    if (at < 0) return this.fault(TRAP_LOAD, lo, hi)
    this.hi = 0
    if (size === 1) this.lo = this.u8[at]
    else if (size === 2) this.lo = this.u8[at] | (this.u8[at + 1] << 8)
    else {
      this.lo = this.word(at)
      if (size === 8) this.hi = this.word(at + 4)
    }
    return true
  }

  /** Stores the low 1, 2, 4 or 8 bytes of a pair. */
  store(size: number, lo: number, hi: number, valueLo: number, valueHi: number): boolean {
    const at = this.place(PERM_WRITE, size, lo, hi)
    if (at < 0) return this.fault(TRAP_STORE, lo, hi)
    for (let i = 0; i < size; i++) this.u8[at + i] = (i < 4 ? valueLo : valueHi) >>> ((i & 3) * 8)
    return true
  }

  /** Loads 16 bytes into lo, hi, upperLo, upperHi. */
  load16(lo: number, hi: number): boolean {
    const at = this.place(PERM_READ, 16, lo, hi)
    if (at < 0) return this.fault(TRAP_LOAD, lo, hi)
    if ((at & 3) === 0) {
      const k = at >>> 2
      this.lo = this.i32[k]
      this.hi = this.i32[k + 1]
      this.upperLo = this.i32[k + 2]
      this.upperHi = this.i32[k + 3]
    } else {
      this.lo = this.word(at)
      this.hi = this.word(at + 4)
      this.upperLo = this.word(at + 8)
      this.upperHi = this.word(at + 12)
    }
    return true
  }

  store16(lo: number, hi: number, w0: number, w1: number, w2: number, w3: number): boolean {
    const at = this.place(PERM_WRITE, 16, lo, hi)
    if (at < 0) return this.fault(TRAP_STORE, lo, hi)
    if ((at & 3) === 0) {
      const k = at >>> 2
      this.i32[k] = w0
      this.i32[k + 1] = w1
      this.i32[k + 2] = w2
      this.i32[k + 3] = w3
    } else {
      this.putWord(at, w0)
      this.putWord(at + 4, w1)
      this.putWord(at + 8, w2)
      this.putWord(at + 12, w3)
    }
    return true
  }

  /** What an atomic access of `size` bytes needs: alignment, and write permission if it stores (RISC-V: AMOs fault as stores, unprivileged manual 14.4). */
  checkAtomic(size: number, lo: number, hi: number, writes: boolean): boolean {
    if ((lo & (size - 1)) !== 0) return this.fault(TRAP_MISALIGNED, lo, hi)
    if (writes && this.place(PERM_WRITE, size, lo, hi) < 0) return this.fault(TRAP_STORE, lo, hi)
    if (this.place(PERM_READ, size, lo, hi) < 0) return this.fault(writes ? TRAP_STORE : TRAP_LOAD, lo, hi)
    return true
  }

  /** Records the fault of an access that must be aligned. */
  misaligned(lo: number, hi: number): void {
    this.fault(TRAP_MISALIGNED, lo, hi)
  }

  /** Where in the window the bytes of an access lie whose every byte has `perm`, size up to a page; -1 where they do not. */
  place(perm: number, size: number, lo: number, hi: number): number {
    if (hi !== 0) return this.high === undefined ? -1 : this.high.place(perm, size, lo, hi)
    const first = lo >>> 0
    const last = first + size - 1
    if (last >= ADDRESS_SPACE) return -1
    return (this.perms[first >>> PAGE_SHIFT] & this.perms[last >>> PAGE_SHIFT] & perm) !== 0 ? first : -1
  }

  /** Permission bits that every byte of [address, address + size) of the window has; size up to a page. */
  permissionsAt(address: number, size: number): number {
    if (!(address >= 0 && address + size <= ADDRESS_SPACE)) return PERM_NONE
    return (
      this.perms[Math.floor(address / PAGE_SIZE)] & this.perms[Math.floor((address + size - 1) / PAGE_SIZE)] & PERM_MASK
    )
  }

  private fault(kind: number, lo: number, hi: number): false {
    this.faultKind = kind
    this.faultLo = lo
    this.faultHi = hi
    return false
  }

  private putWord(at: number, w: number): void {
    for (let i = 0; i < 4; i++) this.u8[at + i] = w >>> (i * 8)
  }

  private word(at: number): number {
    return this.u8[at] | (this.u8[at + 1] << 8) | (this.u8[at + 2] << 16) | (this.u8[at + 3] << 24)
  }

  private open(first: number, end: number, perms: number): void {
    if (perms !== PERM_NONE) this.ensure(end * PAGE_SIZE)
    const opened = perms === PERM_NONE ? 0 : OPENED
    for (let page = first; page < end; page++)
      this.perms[page] = (this.perms[page] & OPENED) | opened | ALLOCATED | perms
  }

  /** Makes the buffer reach `end`. */
  private ensure(end: number): void {
    const missing = Math.ceil((end - this.u8.length) / WASM_PAGE)
    if (missing <= 0) return
    // Growing by an eighth more keeps the number of renewed views small.
    const spare = Math.min(
      Math.floor(this.u8.length / 8 / WASM_PAGE),
      (this.windowLimit - this.u8.length) / WASM_PAGE - missing,
    )
    try {
      this.wasm.grow(missing + spare)
    } catch {
      throw new RangeError(`the host has no memory to grow the machine's window to ${end} bytes`)
    }
    const buffer = this.wasm.buffer
    this.u8 = new Uint8Array(buffer)
    this.i8 = new Int8Array(buffer)
    this.u16 = new Uint16Array(buffer)
    this.i16 = new Int16Array(buffer)
    this.i32 = new Int32Array(buffer)
    this.generation++
  }

  private hasCode(first: number, end: number): boolean {
    for (let page = first; page < end; page++) if ((this.perms[page] & PERM_EXEC) !== 0) return true
    return false
  }

  private allocatedRange(what: string, address: number, length: number): [number, number] {
    const first = address / PAGE_SIZE
    if (!Number.isInteger(first))
      throw new RangeError(`${what}: address ${hex(address)} is not a multiple of ${PAGE_SIZE}`)
    const end = first + pageCount(length)
    for (let page = first; page < end; page++) {
      if ((this.perms[page] & ALLOCATED) === 0)
        throw new RangeError(`${what}: page ${hex(page * PAGE_SIZE)} is not mapped`)
    }
    return [first, end]
  }

  private findFree(pages: number): number {
    const first = this.free.take(pages)
    if (first >= 0) return first
    throw new RangeError(
      `no room for ${pages * PAGE_SIZE} bytes in the machine's ${this.windowLimit} bytes of address space`,
    )
  }

  private claim(at: number, pages: number): number {
    const first = at / PAGE_SIZE
    if (!Number.isInteger(first)) throw new RangeError(`map: address ${hex(at)} is not a multiple of ${PAGE_SIZE}`)
    if (!this.free.claim(first, pages))
      throw new RangeError(`map: ${pages * PAGE_SIZE} bytes at ${hex(at)} are not free`)
    return first
  }
}

export function pageCount(length: number): number {
  if (!(length > 0)) throw new RangeError(`a range of ${length} bytes cannot be mapped`)
  return Math.ceil(length / PAGE_SIZE)
}

function checkPerms(perms: number): void {
  if ((perms & PERM_WRITE) !== 0 && (perms & PERM_EXEC) !== 0) {
    throw new RangeError('memory is never writable and executable at once: write first, then protect it as executable')
  }
  if ((perms & ~PERM_MASK) !== 0) throw new RangeError(`permissions ${perms} are not a set of PERM_* bits`)
}

function hex(n: number): string {
  return `0x${n.toString(16)}`
}
