// Decoded code: instructions become slots of a few words once, and an evaluator runs over slots.
//
// Problem: decoding costs some 50 ns an instruction, and so does finding the target of every jump by its address.
// Idea: decode a run of instructions into consecutive slots, so that going on means the next slot, and remember the slot of each direct target
// in `link` when it is first taken. A unit ends at an unconditional transfer, at an instruction that was decoded before, or after UNIT_LENGTH
// instructions; the latter two end in a LINK slot. Every decoded instruction is found by its address, so a jump into the middle of a unit
// enters there, and no address is decoded twice.
//
// Word 0 of a slot has the kind in bits 0-15 (an instruction's, or a pseudo slot of semantics/protocol.ts) and the length in bytes from bit 16 on; the
// rest is the ISA's.
//
// A watched address has a LINK slot of its own in front, marked by a length, that leads nowhere: so the machine hears of every arrival there, and
// evaluators need to know nothing about it.
//
// Invariants
//   1. Slot 0 is never code: 0 in link, pageIndex and slotAt means unknown.
//   2. Slots are only made from pages that were executable, and all are dropped when such a page changes (flush).

import { PAGE_SIZE, PERM_EXEC } from '@k23/machine'
import type { EmulatedMemory } from './memory.ts'
import { LINK } from './semantics/protocol.ts'

const UNIT_LENGTH = 128
const PAGES = 2 ** 20

/** How the slots of an ISA are laid out. */
export interface SlotShape {
  /** log2 of the words of a slot. */
  readonly wordsShift: number
  /** log2 of the alignment of instructions in bytes. */
  readonly granuleShift: number
  /** Bits of the length in word 0, from bit 16 on. */
  readonly lengthMask: number
}

export abstract class CodeCache {
  /** Indexed by slot. */
  code: Int32Array
  /** Address, and slot of the direct target or of where a LINK goes on (0: unknown), indexed by slot >> wordsShift. */
  pcs: Int32Array
  link: Int32Array
  /** By page: where its part of slotAt starts. */
  readonly pageIndex: Int32Array = new Int32Array(PAGES)
  /** By granule of such a page: its slot. */
  slotAt: Int32Array
  /** Why find() gave 0. */
  faultAddress = 0
  private readonly watched = new Set<number>()

  protected readonly memory: EmulatedMemory
  private readonly shape: SlotShape
  private readonly slotWords: number
  private readonly granulesPerPage: number
  private used: number
  private usedGranules: number
  private pages: number[] = []

  constructor(memory: EmulatedMemory, shape: SlotShape) {
    this.memory = memory
    this.shape = shape
    this.slotWords = 1 << shape.wordsShift
    this.granulesPerPage = PAGE_SIZE >> shape.granuleShift
    this.used = this.slotWords
    this.usedGranules = this.granulesPerPage
    this.code = new Int32Array(1024 * this.slotWords)
    this.pcs = new Int32Array(1024)
    this.link = new Int32Array(1024)
    this.slotAt = new Int32Array(4 * this.granulesPerPage)
  }

  /** Appends the slot of the instruction at an address; returns its length, negated if nothing follows it, or 0 if it cannot be fetched (faultAddress). */
  protected abstract decodeOne(pc: number): number
  /** Disassembly of the instruction at an address. */
  abstract text(pc: number): string

  /** The slot of an address, decoded if it was not; 0 if nothing can be fetched there (faultAddress). */
  find(pc: number): number {
    if (!(pc >= 0 && pc < PAGES * PAGE_SIZE)) {
      this.faultAddress = pc
      return 0
    }
    return this.known(pc) || this.decodeUnit(pc)
  }

  pcOf(slot: number): number {
    return this.pcs[slot >> this.shape.wordsShift] >>> 0
  }

  lengthOf(slot: number): number {
    return (this.code[slot] >>> 16) & this.shape.lengthMask
  }

  setLink(slot: number, target: number): void {
    this.link[slot >> this.shape.wordsShift] = target
  }

  /** From now on (or no more) the machine is to hear of every arrival at an address. */
  watch(pc: number, on: boolean): void {
    if (on) this.watched.add(pc)
    else this.watched.delete(pc)
    const page = Math.floor(pc / PAGE_SIZE)
    this.invalidate(page, page + 1)
  }

  /** Whether a LINK slot stands for an arrival at a watched address, whose instruction follows it. */
  isWatch(slot: number): boolean {
    return this.lengthOf(slot) !== 0
  }

  behind(slot: number): number {
    return slot + this.slotWords
  }

  /** Forgets everything if something was decoded from the pages. */
  invalidate(firstPage: number, endPage: number): void {
    for (let page = firstPage; page < endPage; page++) {
      if (this.pageIndex[page] !== 0) {
        this.flush()
        return
      }
    }
  }

  flush(): void {
    for (const page of this.pages) this.pageIndex[page] = 0
    this.slotAt.fill(0, 0, this.usedGranules)
    this.link.fill(0, 0, this.used >> this.shape.wordsShift)
    this.pages = []
    this.used = this.slotWords
    this.usedGranules = this.granulesPerPage
  }

  private known(pc: number): number {
    const part = this.pageIndex[pc >>> 12]
    return part === 0 ? 0 : this.slotAt[part + ((pc & 4095) >> this.shape.granuleShift)]
  }

  private decodeUnit(start: number): number {
    this.reserve(2 * UNIT_LENGTH + 1)
    const first = this.used
    let pc = start
    for (let n = 0; n < UNIT_LENGTH; n++) {
      const known = n === 0 ? 0 : this.known(pc)
      const at = this.used
      if (known === 0 && this.watched.has(pc)) this.append(LINK, 1, pc)
      const length = known === 0 ? this.decodeOne(pc) : 0
      if (length === 0) {
        this.used = at
        if (n === 0) return 0
        this.append(LINK, 0, pc)
        this.setLink(this.used - this.slotWords, known)
        return first
      }
      this.remember(pc, at)
      if (length < 0) return first
      pc += length
    }
    this.append(LINK, 0, pc)
    return first
  }

  /** A new slot; its other words are what they were. */
  protected append(kind: number, length: number, pc: number): number {
    const slot = this.used
    this.code[slot] = kind | (length << 16)
    this.pcs[slot >> this.shape.wordsShift] = pc
    this.link[slot >> this.shape.wordsShift] = 0
    this.used += this.slotWords
    return slot
  }

  /** Whether every byte can be fetched; if not, faultAddress is the first. Up to a page. */
  protected isExecutable(pc: number, bytes: number): boolean {
    const { memory } = this
    if ((memory.permissionsAt(pc, bytes) & PERM_EXEC) !== 0) return true
    this.faultAddress = (memory.permissionsAt(pc, 1) & PERM_EXEC) === 0 ? pc : Math.ceil(pc / PAGE_SIZE) * PAGE_SIZE
    return false
  }

  private remember(pc: number, slot: number): void {
    const page = pc >>> 12
    if (this.pageIndex[page] === 0) {
      if (this.usedGranules + this.granulesPerPage > this.slotAt.length) this.slotAt = grown(this.slotAt)
      this.pageIndex[page] = this.usedGranules
      this.usedGranules += this.granulesPerPage
      this.pages.push(page)
    }
    this.slotAt[this.pageIndex[page] + ((pc & 4095) >> this.shape.granuleShift)] = slot
  }

  private reserve(slots: number): void {
    while (this.used + slots * this.slotWords > this.code.length) {
      this.code = grown(this.code)
      this.pcs = grown(this.pcs)
      this.link = grown(this.link)
    }
  }
}

function grown(old: Int32Array): Int32Array {
  const next = new Int32Array(old.length * 2)
  next.set(old)
  return next
}

/** By opcode: 1 where `extensions` has what the row needs, by the row table's `feature`: all of 'a b', one of 'a/b', in any case. */
export function enabledRows(feature: readonly string[], extensions: ReadonlySet<string>): Uint8Array {
  return Uint8Array.from(feature, (needed) =>
    needed === '' ||
    needed
      .toLowerCase()
      .split(' ')
      .every((all) => all.split('/').some((e) => extensions.has(e)))
      ? 1
      : 0,
  )
}
