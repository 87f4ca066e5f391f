// Slots of x64 instructions (code-cache.ts), eight words each:
//   word 0      bits 0-15 kind, bits 16-19 length in bytes, bits 20-27 half the index in the register file of a fourth register
//   words 1-3   registers: index in the register file (registers.ts)
//   words 4-6   memory operand: index of the base (or a register that reads as zero), index register (0: none; else its index | shift << 8 | 1 << 16),
//               displacement. Of direct jumps: the target, high word in 5 and low word in 6
//   word 7      immediate; its high word, of those with 64 bits, in 6

import { decode, decodedLength, print, tables } from '@k23/isa-x64/insts'
import { MEM_LABEL, MEM_REGISTERS, NO_REG } from '@k23/machinst/rows'
import { PAGE_SIZE } from '@k23/machine'
import { CodeCache } from '../code-cache.ts'
import { layouts, slotKinds } from '../gen/x64-eval.ts'
import type { EmulatedMemory } from '../memory.ts'
import { HOST_CALL_SLOT, ILLEGAL_SLOT, RETURN_SLOT } from '../semantics/protocol.ts'
import {
  LAYOUT_ENDS,
  LAYOUT_FOURTH,
  LAYOUT_HAS_SEMANTICS,
  LAYOUT_IMMEDIATE,
  LAYOUT_LABEL,
  LAYOUT_MEMORY,
  LAYOUT_WIDE,
} from './layout.ts'
import { FOUR_GIB, MEMORY_OPERAND, XMM, ZERO_REGISTER } from './registers.ts'

const LONGEST = 15

/**
 * The two reserved instructions, legal in the machine's own page only: UD1 (0F B9 /r), which the manual promises never to define, with ModRM
 * telling them apart. Compilers emit it, if at all, as UD2's twin, and never there.
 */
export const HOST_CALL_BYTES: readonly number[] = [0x0f, 0xb9, 0xc0]
export const RETURN_BYTES: readonly number[] = [0x0f, 0xb9, 0xc1]

export class X64CodeCache extends CodeCache {
  private readonly stubPage: number
  private readonly enabled: Uint8Array
  private readonly words = new Int32Array(24)

  /** `enabled`: by opcode, 1 where the machine has the features of the row. `stubPage`: where reserved instructions are legal. */
  constructor(memory: EmulatedMemory, enabled: Uint8Array, stubPage: number) {
    super(memory, { wordsShift: 3, granuleShift: 0, lengthMask: 15 })
    this.enabled = enabled
    this.stubPage = stubPage
  }

  text(pc: number): string {
    if (!this.isExecutable(pc, 1)) return '(no code)'
    if (this.isReserved(pc, HOST_CALL_BYTES)) return 'host call'
    if (this.isReserved(pc, RETURN_BYTES)) return 'return to host'
    const { u8 } = this.memory
    return decode(u8, pc, this.words) === 0 ? `.byte 0x${u8[pc].toString(16)}` : print(this.words, 0)
  }

  protected decodeOne(pc: number): number {
    if (!this.isExecutable(pc, 1)) return 0
    const hostCall = this.isReserved(pc, HOST_CALL_BYTES)
    if (hostCall || this.isReserved(pc, RETURN_BYTES)) {
      this.append(hostCall ? HOST_CALL_SLOT : RETURN_SLOT, HOST_CALL_BYTES.length, pc)
      return -HOST_CALL_BYTES.length
    }
    const { words } = this
    const known = decode(this.memory.u8, pc, words) !== 0
    const length = known ? decodedLength() : 1
    // What is not there cannot be fetched; an instruction that is undefined whatever follows is not looked at that closely.
    if (!this.isExecutable(pc, length)) return 0
    if (!known && pc % PAGE_SIZE > PAGE_SIZE - LONGEST && !this.isExecutable(pc, PAGE_SIZE - (pc % PAGE_SIZE) + 1))
      return 0
    const opcode = words[0] & 0xffff
    const layout = known && this.enabled[opcode] !== 0 ? layouts[opcode] : 0
    if ((layout & LAYOUT_HAS_SEMANTICS) === 0) {
      this.append(ILLEGAL_SLOT, length, pc)
      return -length
    }
    const slot = this.append(slotKinds[opcode], length, pc)
    const { code } = this
    for (let k = 0; k < 3; k++) {
      const at = (layout >> (4 * k)) & 15
      if (at !== 0) code[slot + 1 + k] = this.operandIndex(at)
    }
    const fourth = (layout >>> LAYOUT_FOURTH) & 15
    if (fourth !== 0) code[slot] |= (this.operandIndex(fourth) >> 1) << 20
    const mem = tables.memWord[opcode]
    if (mem !== 0) this.placeMemory(slot, mem, pc + length)
    const imm = (layout >> LAYOUT_IMMEDIATE) & 15
    if (imm !== 0) {
      code[slot + 7] = words[imm]
      if ((layout & LAYOUT_WIDE) !== 0) code[slot + 6] = words[imm + 1]
    }
    const label = (layout >> LAYOUT_LABEL) & 15
    if (label !== 0) {
      const target = pc + length + words[label]
      code[slot + 6] = target
      code[slot + 5] = Math.floor(target / 2 ** 32)
    }
    return (layout & LAYOUT_ENDS) !== 0 ? -length : length
  }

  private operandIndex(word: number): number {
    return word === LAYOUT_MEMORY ? MEMORY_OPERAND : registerIndex(this.words[word])
  }

  /** `next`: address of the next instruction. */
  private placeMemory(slot: number, at: number, next: number): void {
    const { code, words } = this
    const [base, index, mode, disp] = [words[at], words[at + 1], words[at + 2], words[at + 3]]
    const kind = (mode >> 4) & 15
    if (kind === MEM_LABEL) {
      const address = next + disp
      code[slot + 4] = address >= 2 ** 31 ? FOUR_GIB : ZERO_REGISTER
      code[slot + 5] = 0
      code[slot + 6] = address
      return
    }
    if (kind !== MEM_REGISTERS) throw new Error(`a decoded memory operand of kind ${kind}`)
    code[slot + 4] = base === NO_REG ? ZERO_REGISTER : registerIndex(base)
    code[slot + 5] = index === NO_REG ? 0 : registerIndex(index) | ((mode & 3) << 8) | (1 << 16)
    code[slot + 6] = disp
  }

  private isReserved(pc: number, bytes: readonly number[]): boolean {
    return pc >>> 12 === this.stubPage && bytes.every((byte, i) => this.memory.u8[pc + i] === byte)
  }
}

/** Index in the register file of a register word. */
function registerIndex(word: number): number {
  const number = (word >> 1) & 15
  return word >> 7 === 0 ? number * 2 : XMM + number * 4
}
