// Linear memories. A memory lies in a reservation of which the first `length` bytes are open; it grows in place while that has room, and moves
// to a larger one when it has none (generated code loads the base again after whatever may grow a memory).
//
// Where the engine guards memories by pages, one with 32-bit addresses has room for all of them and a guard region, and never moves: generated code
// relies on both.
import {
  I64,
  isGuardable,
  MEMORY_BASE,
  MEMORY_GUARD,
  MEMORY_LENGTH,
  MEMORY_RESERVATION,
  MEMORY_SIZE,
  type MemoryType,
  pageBytes,
  TRAP_MEMORY_OUT_OF_BOUNDS,
  WASM_PAGE_SIZE,
} from '@k23/frontend-wasm/runtime-abi'
import { PAGE_SIZE, PERM_READ, PERM_WRITE } from '@k23/machine'
import { LinkError } from './errors.ts'
import type { Store } from './store.ts'
import { trapOfCode } from './traps.ts'
import { type ExternType, externTypeText } from './types.ts'

export class Memory {
  readonly kind = 'memory'
  readonly store: Store
  readonly type: MemoryType
  readonly pageBytes: number
  /** Address of its definition. */
  readonly definition: number
  /** Bytes of the reservation, and of these that the memory may grow into. */
  private reserved = 0
  private room = 0

  /** `definition`: where an instance that owns the memory keeps it. Throws LinkError where the machine has no room. */
  constructor(store: Store, type: MemoryType, definition: number = store.arena.alloc(MEMORY_SIZE)) {
    this.store = store
    this.type = type
    this.definition = definition
    this.pageBytes = pageBytes(type)
    const bytes = type.min * this.pageBytes
    const base = this.reserve(bytes)
    if (base === undefined)
      throw new LinkError('limit', '', '', externTypeText({ kind: 'memory', type }), 'the machine has no room')
    store.own(this)
    store.guest.setU64(definition + MEMORY_BASE, base)
    store.guest.setU64(definition + MEMORY_LENGTH, bytes)
  }

  /** With its size now as the minimum. */
  get externType(): ExternType {
    return { kind: 'memory', type: { ...this.type, min: this.pages } }
  }
  get byteLength(): number {
    this.store.check()
    return this.store.guest.u64(this.definition + MEMORY_LENGTH)
  }
  get pages(): number {
    return this.byteLength / this.pageBytes
  }
  /** Machine address of byte 0; changes when the memory moves. */
  get base(): number {
    return this.store.guest.u64(this.definition + MEMORY_BASE)
  }

  /** The bytes themselves; valid until any memory of the machine grows. Traps out of bounds. */
  view(offset = 0, length: number = this.byteLength - offset): Uint8Array {
    return this.store.engine.machine.memory.view(this.place(offset, length), length)
  }
  /** A copy. Traps out of bounds. */
  read(offset: number, length: number): Uint8Array {
    return this.view(offset, length).slice()
  }
  write(offset: number, bytes: Uint8Array): void {
    this.view(offset, bytes.length).set(bytes)
  }

  /** Grows by `delta` pages of zeros; the old size in pages, or -1 if that cannot be. */
  grow(delta: number): number {
    if (typeof delta !== 'number') throw new TypeError(`a number of pages is a number, found ${typeof delta}`)
    const { guest, engine } = this.store
    const { memory } = engine.machine
    const old = this.byteLength
    const length = old + delta * this.pageBytes
    if (!(delta >= 0 && Number.isInteger(delta) && length <= this.mostBytes)) return -1
    if (delta === 0) return old / this.pageBytes
    const base = this.base
    if (length <= this.room) {
      try {
        // Whole pages of the machine; what is open already stays so.
        const opened = Math.ceil(old / PAGE_SIZE) * PAGE_SIZE
        if (length > opened) memory.protect(base + opened, length - opened, PERM_READ | PERM_WRITE)
      } catch (e) {
        if (e instanceof RangeError) return -1
        throw e
      }
    } else {
      const freed = this.reserved
      if (this.isGuarded) return -1
      const next = this.reserve(length, Math.max(length, 2 * old))
      if (next === undefined) return -1
      memory.view(next, old).set(memory.view(base, old))
      memory.unmap(base, freed)
      guest.setU64(this.definition + MEMORY_BASE, next)
    }
    guest.setU64(this.definition + MEMORY_LENGTH, length)
    return old / this.pageBytes
  }

  copy(dst: number, from: Memory, src: number, length: number): void {
    const s = from.place(src, length)
    const d = this.place(dst, length)
    const { memory } = this.store.engine.machine
    memory.view(d, length).set(memory.view(s, length))
  }
  fill(dst: number, byte: number, length: number): void {
    this.view(dst, length).fill(byte)
  }
  /** Bytes [src, src + length) of `data`; both ranges are checked. */
  init(dst: number, data: Uint8Array, src: number, length: number): void {
    const to = this.view(dst, length)
    if (!(src + length <= data.length)) throw trapOfCode(TRAP_MEMORY_OUT_OF_BOUNDS)
    to.set(data.subarray(src, src + length))
  }

  release(): void {
    this.store.engine.machine.memory.unmap(this.base, this.reserved)
  }

  private get isGuarded(): boolean {
    return this.store.engine.provides.guardedMemories && isGuardable(this.type)
  }
  /** What the type allows, and a 32-bit index reaches; a byte less where pages are bytes, so that the number of pages has 32 bits. */
  private get mostBytes(): number {
    const declared = this.type.max === undefined ? Number.POSITIVE_INFINITY : this.type.max * this.pageBytes
    if (this.type.index === I64) return declared
    return Math.min(declared, this.pageBytes === 1 ? 2 ** 32 - 1 : 2 ** 32)
  }

  private place(offset: number, length: number): number {
    if (typeof offset !== 'number' || typeof length !== 'number')
      throw new TypeError('an offset and a length in memory are numbers')
    if (!(offset >= 0 && length >= 0 && offset + length <= this.byteLength)) throw trapOfCode(TRAP_MEMORY_OUT_OF_BOUNDS)
    return this.base + offset
  }

  /** Address of a reservation whose first `bytes` bytes are open, and whose size `reserved` says; undefined where there is no room. */
  private reserve(bytes: number, wanted = 0): number | undefined {
    const { memory } = this.store.engine.machine
    const generous = Math.min(
      Math.max(this.mostBytes, WASM_PAGE_SIZE),
      Math.max(bytes, wanted, this.store.engine.memoryReservation),
    )
    const sizes = this.isGuarded
      ? [MEMORY_RESERVATION + MEMORY_GUARD]
      : new Set([generous, Math.max(bytes, WASM_PAGE_SIZE)])
    for (const size of sizes) {
      let at: number
      try {
        at = memory.reserve(size)
      } catch (e) {
        if (e instanceof RangeError) continue
        throw e
      }
      try {
        if (bytes !== 0) memory.protect(at, bytes, PERM_READ | PERM_WRITE)
      } catch (e) {
        memory.unmap(at, size)
        if (e instanceof RangeError) return undefined
        throw e
      }
      this.reserved = size
      this.room = this.isGuarded ? MEMORY_RESERVATION : size
      return at
    }
    return undefined
  }
}
