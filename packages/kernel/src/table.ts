// Tables: arrays of references in machine memory, zero (null) from the start.
//
// With the setting wasm_lazy_tables an element of a table of funcref is zero until somebody asks for it: element segments only note where its value is.
import {
  FUNCREF,
  TABLE_BASE,
  TABLE_ELEMENT_SIZE,
  TABLE_INITIALIZED,
  TABLE_LENGTH,
  TABLE_SIZE,
  TRAP_TABLE_OUT_OF_BOUNDS,
  type TableType,
} from '@k23/frontend-wasm/runtime-abi'
import { PERM_READ, PERM_WRITE } from '@k23/machine'
import { LinkError } from './errors.ts'
import { getU64, setU64 } from './guest.ts'
import type { Store } from './store.ts'
import { trapOfCode } from './traps.ts'
import { type ExternType, externTypeText } from './types.ts'
import { refOfValue, valueOfRef, type WasmValue } from './values.ts'

/** Most elements of a table: the limit that engines agree on (JavaScript API, implementation limits). */
const MAX_ELEMENTS = 10_000_000

/** Segments whose elements are looked for one by one. */
const MAX_PENDING = 32

/** References by position, computed when they are asked for. */
export interface References {
  readonly length: number
  at(index: number): number
}
export const NO_REFERENCES: References = { length: 0, at: () => 0 }

interface Pending {
  readonly dst: number
  readonly end: number
  readonly refs: References
  readonly src: number
}

export class Table {
  readonly kind = 'table'
  readonly store: Store
  readonly type: TableType
  /** Address of its definition. */
  readonly definition: number
  private capacity = 0
  /** What is added to a reference that stands in an element: TABLE_INITIALIZED where 0 means that nobody asked for it yet, else 0. */
  private readonly tag: number
  /** Where elements that nobody asked for yet come from; the last one that covers an element counts. */
  private pending: Pending[] = []

  /** `definition`: where an instance that owns the table keeps it. Throws LinkError where the machine has no room. */
  constructor(
    store: Store,
    type: TableType,
    definition: number = store.arena.alloc(TABLE_SIZE),
    init: WasmValue = null,
  ) {
    this.store = store
    this.type = type
    this.definition = definition
    this.tag = store.engine.provides.lazyTables && type.element === FUNCREF ? TABLE_INITIALIZED : 0
    const ref = refOfValue(store, type.element, init)
    const base = type.min > MAX_ELEMENTS ? undefined : this.allocate(type.min)
    if (base === undefined)
      throw new LinkError('limit', '', '', externTypeText({ kind: 'table', type }), 'the machine has no room')
    store.own(this)
    store.guest.setU64(definition + TABLE_BASE, base)
    store.guest.setU64(definition + TABLE_LENGTH, type.min)
    if (ref !== 0) this.fillRefs(0, ref, type.min)
  }

  /** With its size now as the minimum. */
  get externType(): ExternType {
    return { kind: 'table', type: { ...this.type, min: this.size } }
  }
  get size(): number {
    this.store.check()
    return this.store.guest.u64(this.definition + TABLE_LENGTH)
  }
  /** A Func or null; for externref what was put there. Traps out of bounds. */
  get(index: number): WasmValue {
    return valueOfRef(this.store, this.type.element, this.refAt(index))
  }
  set(index: number, value: WasmValue): void {
    const ref = refOfValue(this.store, this.type.element, value)
    setU64(this.elements(index, 1), 0, ref + this.tag)
  }
  /** The old size, or -1 if the table cannot grow by so much. */
  grow(delta: number, value: WasmValue = null): number {
    if (typeof delta !== 'number') throw new TypeError(`a number of elements is a number, found ${typeof delta}`)
    return this.growRefs(delta, refOfValue(this.store, this.type.element, value))
  }

  // ---- the same on references as guest memory has them

  /** The reference in an element, which is initialized if it was not. */
  refAt(index: number): number {
    const d = this.elements(index, 1)
    const raw = getU64(d, 0)
    if (raw !== 0 || this.tag === 0) return raw - this.tag
    const ref = this.pendingRef(index)
    setU64(d, 0, ref + this.tag)
    return ref
  }
  growRefs(delta: number, ref: number): number {
    const { guest, engine } = this.store
    const { memory } = engine.machine
    const old = this.size
    const length = old + delta
    const most = Math.min(this.type.max ?? Number.POSITIVE_INFINITY, MAX_ELEMENTS)
    if (!(delta >= 0 && Number.isInteger(delta) && length <= most)) return -1
    if (length > this.capacity) {
      const base = guest.u64(this.definition + TABLE_BASE)
      const freed = this.capacity
      const next = this.allocate(Math.min(most, Math.max(length, 2 * old)))
      if (next === undefined) return -1
      memory.view(next, old * TABLE_ELEMENT_SIZE).set(memory.view(base, old * TABLE_ELEMENT_SIZE))
      memory.unmap(base, freed * TABLE_ELEMENT_SIZE)
      guest.setU64(this.definition + TABLE_BASE, next)
    }
    guest.setU64(this.definition + TABLE_LENGTH, length)
    if (ref !== 0) this.fillRefs(old, ref, delta)
    return old
  }
  fillRefs(dst: number, ref: number, length: number): void {
    const d = this.elements(dst, length)
    for (let i = 0; i < length; i++) setU64(d, i * TABLE_ELEMENT_SIZE, ref + this.tag)
  }
  copyRefs(dst: number, from: Table, src: number, length: number): void {
    this.elements(dst, length)
    from.settle(src, length)
    bytesOf(this.elements(dst, length)).set(bytesOf(from.elements(src, length)))
  }
  /** References [src, src + length) of `refs`; both ranges are checked. */
  initRefs(dst: number, refs: References, src: number, length: number): void {
    const d = this.elements(dst, length)
    if (!(src + length <= refs.length)) throw trapOfCode(TRAP_TABLE_OUT_OF_BOUNDS)
    if (this.tag !== 0) {
      bytesOf(d).fill(0)
      this.note({ dst, end: dst + length, refs, src })
    } else for (let i = 0; i < length; i++) setU64(d, i * TABLE_ELEMENT_SIZE, refs.at(src + i))
  }

  release(): void {
    const base = this.store.guest.u64(this.definition + TABLE_BASE)
    this.store.engine.machine.memory.unmap(base, this.capacity * TABLE_ELEMENT_SIZE)
  }

  private note(p: Pending): void {
    if (p.dst === p.end) return
    this.pending = this.pending.filter((x) => x.dst < p.dst || x.end > p.end)
    this.pending.push(p)
    if (this.pending.length <= MAX_PENDING) return
    this.settle(0, this.size)
    this.pending = []
  }

  /** What an element that was not written since stands for. */
  private pendingRef(index: number): number {
    const p = this.pending.findLast((x) => index >= x.dst && index < x.end)
    return p === undefined ? 0 : p.refs.at(p.src + index - p.dst)
  }

  /** Initializes elements that are about to be copied as they are. */
  private settle(first: number, length: number): void {
    const d = this.elements(first, length)
    if (this.tag === 0) return
    for (let i = 0; i < length; i++) {
      const at = i * TABLE_ELEMENT_SIZE
      if (getU64(d, at) === 0) setU64(d, at, this.pendingRef(first + i) + this.tag)
    }
  }

  private elements(index: number, length: number): DataView {
    if (typeof index !== 'number') throw new TypeError(`a table index is a number, found ${typeof index}`)
    if (!(index >= 0 && Number.isInteger(index) && index + length <= this.size))
      throw trapOfCode(TRAP_TABLE_OUT_OF_BOUNDS)
    const base = this.store.guest.u64(this.definition + TABLE_BASE)
    return this.store.guest.data(base + index * TABLE_ELEMENT_SIZE, length * TABLE_ELEMENT_SIZE)
  }

  /** Address of room for so many elements, `capacity` set to it; undefined where there is none. */
  private allocate(elements: number): number | undefined {
    const room = Math.max(1, elements)
    try {
      const at = this.store.engine.machine.memory.map(room * TABLE_ELEMENT_SIZE, PERM_READ | PERM_WRITE)
      this.capacity = room
      return at
    } catch (e) {
      if (e instanceof RangeError) return undefined
      throw e
    }
  }
}

function bytesOf(d: DataView): Uint8Array {
  return new Uint8Array(d.buffer, d.byteOffset, d.byteLength)
}
