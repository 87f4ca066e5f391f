// Decoded code: instructions become slots of four words once, and the evaluator runs over slots.
//
// Problem: decoding costs some 50 ns an instruction, and so does finding the target of every jump by its address.
// Idea: decode a run of instructions into consecutive slots, so that going on means the next slot, and remember the slot of each direct target
// in `link` when it is first taken. A unit ends at an unconditional transfer, at an instruction that was decoded before, or after UNIT_LENGTH
// instructions; the latter two end in a LINK slot. Every decoded instruction is found by its address, so a jump into the middle of a unit
// enters there, and no address is decoded twice.
//
// Layout of a slot:
//   word 0     bits 0-15 kind (generated `slotKinds` by opcode, or a pseudo slot), bits 16-18 length in bytes
//              19-24 and 25-30 a fourth and fifth field, where there are so many: a register number or a small immediate
//   words 1-3  fields in the order of the generated `layouts`: twice a register number (a def of x0: the sink), or an immediate
//
// Invariants
//   1. Slot 0 is never code: 0 in link, pageIndex and slotAt means unknown.
//   2. Slots are only made from pages that were executable, and all are dropped when such a page changes (flush).

import { decode, expand, print, tables } from '@k23/isa-riscv64/insts'
import { PAGE_SIZE, PERM_EXEC } from '@k23/machine'
import { HOST_CALL_SLOT, ILLEGAL_SLOT, LINK, layouts, RETURN_SLOT, slotKinds } from '../gen/riscv64-eval.ts'
import type { EmulatedMemory } from '../memory.ts'
import { SINK } from './hart.ts'

const SLOT_WORDS = 4
const UNIT_LENGTH = 128
const SLOTS_PER_PAGE = PAGE_SIZE / 2
const PAGES = 2 ** 20

/** The two reserved instructions, legal in the machine's own page only: opcode custom-0 (unprivileged manual, 34), told apart by funct3. */
export const HOST_CALL_BITS = 0x0000000b
export const RETURN_BITS = 0x0000100b

const HAS_SEMANTICS = 1
const ENDS_UNIT = 2

export class CodeCache {
  /** SLOT_WORDS words a slot, indexed by slot. */
  code: Int32Array
  /** Address, and slot of the direct target or of where a LINK goes on (0: unknown), indexed by slot / SLOT_WORDS. */
  pcs: Int32Array
  link: Int32Array
  /** By page: where its part of slotAt starts. */
  readonly pageIndex: Int32Array = new Int32Array(PAGES)
  /** By halfword of such a page: its slot. */
  slotAt: Int32Array
  /** Why find() gave 0. */
  faultAddress = 0

  private readonly memory: EmulatedMemory
  private readonly stubPage: number
  private readonly enabled: Uint8Array
  private used = SLOT_WORDS
  private usedHalfwords = SLOTS_PER_PAGE
  private pages: number[] = []
  private readonly words = new Int32Array(16)
  private readonly long = new Int32Array(16)

  /** `enabled`: by opcode, 1 where the machine has the extensions of the row. `stubPage`: where reserved instructions are legal. */
  constructor(memory: EmulatedMemory, enabled: Uint8Array, stubPage: number) {
    this.memory = memory
    this.enabled = enabled
    this.stubPage = stubPage
    this.code = new Int32Array(1024 * SLOT_WORDS)
    this.pcs = new Int32Array(1024)
    this.link = new Int32Array(1024)
    this.slotAt = new Int32Array(4 * SLOTS_PER_PAGE)
  }

  /** The slot of an address, decoded if it was not; 0 if nothing can be fetched there (faultAddress). Even addresses only. */
  find(pc: number): number {
    if (!(pc >= 0 && pc < PAGES * PAGE_SIZE)) {
      this.faultAddress = pc
      return 0
    }
    return this.known(pc) || this.decodeUnit(pc)
  }

  pcOf(slot: number): number {
    return this.pcs[slot / SLOT_WORDS] >>> 0
  }

  lengthOf(slot: number): number {
    return (this.code[slot] >>> 16) & 7
  }

  setLink(slot: number, target: number): void {
    this.link[slot / SLOT_WORDS] = target
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
    this.slotAt.fill(0, 0, this.usedHalfwords)
    this.link.fill(0, 0, this.used / SLOT_WORDS)
    this.pages = []
    this.used = SLOT_WORDS
    this.usedHalfwords = SLOTS_PER_PAGE
  }

  /** Disassembly of the instruction at an address. */
  text(pc: number): string {
    const bits = this.fetch(pc)
    if (bits === undefined) return '(no code)'
    if (pc >>> 12 === this.stubPage)
      return bits === HOST_CALL_BITS ? 'host call' : bits === RETURN_BITS ? 'return to host' : 'ret'
    return decode(bits, this.words) === 0 ? `.4byte 0x${(bits >>> 0).toString(16)}` : print(this.words, 0)
  }

  private known(pc: number): number {
    const part = this.pageIndex[pc >>> 12]
    return part === 0 ? 0 : this.slotAt[part + ((pc & 4095) >> 1)]
  }

  private decodeUnit(start: number): number {
    this.reserve(UNIT_LENGTH + 1)
    const first = this.used
    let pc = start
    for (let n = 0; n < UNIT_LENGTH; n++) {
      const known = n === 0 ? 0 : this.known(pc)
      const bits = known === 0 ? this.fetch(pc) : undefined
      if (bits === undefined) {
        if (n === 0) return 0
        this.append(LINK, 0, pc)
        this.setLink(this.used - SLOT_WORDS, known)
        return first
      }
      const length = (bits & 3) === 3 ? 4 : 2
      const ends = this.decodeOne(bits, length, pc)
      this.remember(pc, this.used - SLOT_WORDS)
      if (ends) return first
      pc += length
    }
    this.append(LINK, 0, pc)
    return first
  }

  /** Appends the slot of one instruction; true if nothing follows it. */
  private decodeOne(bits: number, length: number, pc: number): boolean {
    if (pc >>> 12 === this.stubPage && (bits === HOST_CALL_BITS || bits === RETURN_BITS)) {
      this.append(bits === HOST_CALL_BITS ? HOST_CALL_SLOT : RETURN_SLOT, length, pc)
      return true
    }
    let words = this.words
    if (decode(bits, words) === 0 || this.enabled[words[0] & 0xffff] === 0) {
      this.append(ILLEGAL_SLOT, length, pc)
      return true
    }
    if (length === 2 && expand(words, 0, this.long) !== 0) words = this.long
    const opcode = words[0] & 0xffff
    const layout = layouts[opcode]
    if ((layout & HAS_SEMANTICS) === 0) {
      this.append(ILLEGAL_SLOT, length, pc)
      return true
    }
    const slot = this.append(slotKinds[opcode], length, pc)
    for (let k = 1; k < SLOT_WORDS; k++) {
      const field = layout >>> (2 + (k - 1) * 6)
      const word = words[field & 15]
      this.code[slot + k] = (field & 16) !== 0 && word === 0 ? SINK : word
    }
    for (let k = SLOT_WORDS; k < SLOT_WORDS + 2; k++) {
      const field = (layout >>> (2 + (k - 1) * 6)) & 63
      if (field === 0) continue
      const word = words[field & 15]
      this.code[slot] |= ((field & 32) !== 0 ? (word >> 1) & 31 : word) << (k === SLOT_WORDS ? 19 : 25)
    }
    return (layout & ENDS_UNIT) !== 0
  }

  private append(kind: number, length: number, pc: number): number {
    const slot = this.used
    this.code[slot] = kind | (length << 16)
    this.pcs[slot / SLOT_WORDS] = pc
    this.link[slot / SLOT_WORDS] = 0
    this.used += SLOT_WORDS
    return slot
  }

  private remember(pc: number, slot: number): void {
    const page = pc >>> 12
    if (this.pageIndex[page] === 0) {
      if (this.usedHalfwords + SLOTS_PER_PAGE > this.slotAt.length) this.slotAt = grown(this.slotAt)
      this.pageIndex[page] = this.usedHalfwords
      this.usedHalfwords += SLOTS_PER_PAGE
      this.pages.push(page)
    }
    this.slotAt[this.pageIndex[page] + ((pc & 4095) >> 1)] = slot
  }

  /** The bits at an address, 16 of them for a compressed instruction; undefined if a byte is not executable (faultAddress). */
  private fetch(pc: number): number | undefined {
    const { memory } = this
    if ((memory.permissionsAt(pc, 2) & PERM_EXEC) === 0) {
      this.faultAddress = pc
      return undefined
    }
    const low = memory.u16[pc >>> 1]
    if ((low & 3) !== 3) return low
    if ((memory.permissionsAt(pc + 2, 2) & PERM_EXEC) === 0) {
      this.faultAddress = pc + 2
      return undefined
    }
    return low | (memory.u16[(pc + 2) >>> 1] << 16)
  }

  private reserve(slots: number): void {
    while (this.used + slots * SLOT_WORDS > this.code.length) {
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

/** By opcode: 1 where `extensions` (lower case: 'm', 'zba') has what the row needs: all of 'A B', one of 'A/B'. */
export function enabledRows(extensions: ReadonlySet<string>): Uint8Array {
  return Uint8Array.from(tables.feature, (needed) =>
    needed === '' ||
    needed
      .toLowerCase()
      .split(' ')
      .every((all) => all.split('/').some((e) => extensions.has(e)))
      ? 1
      : 0,
  )
}
