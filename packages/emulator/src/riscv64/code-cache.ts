// Slots of riscv64 instructions (code-cache.ts):
//   word 0     bits 0-15 kind (generated `slotKinds` by opcode, or a pseudo slot), bits 16-18 length in bytes
//              19-24 and 25-30 a fourth and fifth field, where there are so many: a register number or a small immediate
//   words 1-3  fields in the order of the generated `layouts`: twice a register number (a def of x0: the sink), or an immediate

import { decode, expand, print } from '@k23/isa-riscv64/insts'
import { CodeCache } from '../code-cache.ts'
import { layouts, slotKinds } from '../gen/riscv64-eval.ts'
import type { EmulatedMemory } from '../memory.ts'
import { HOST_CALL_SLOT, ILLEGAL_SLOT, RETURN_SLOT } from '../semantics/protocol.ts'
import { SINK } from './hart.ts'

const SLOT_WORDS = 4

/** The two reserved instructions, legal in the machine's own page only: opcode custom-0 (unprivileged manual, 34), told apart by funct3. */
export const HOST_CALL_BITS = 0x0000000b
export const RETURN_BITS = 0x0000100b

const HAS_SEMANTICS = 1
const ENDS_UNIT = 2

export class Riscv64CodeCache extends CodeCache {
  private readonly stubPage: number
  private readonly enabled: Uint8Array
  private readonly words = new Int32Array(16)
  private readonly long = new Int32Array(16)

  /** `enabled`: by opcode, 1 where the machine has the extensions of the row. `stubPage`: where reserved instructions are legal. */
  constructor(memory: EmulatedMemory, enabled: Uint8Array, stubPage: number) {
    super(memory, { wordsShift: 2, granuleShift: 1, lengthMask: 7 })
    this.enabled = enabled
    this.stubPage = stubPage
  }

  text(pc: number): string {
    const bits = this.fetch(pc)
    if (bits === undefined) return '(no code)'
    if (pc >>> 12 === this.stubPage)
      return bits === HOST_CALL_BITS ? 'host call' : bits === RETURN_BITS ? 'return to host' : 'ret'
    return decode(bits, this.words) === 0 ? `.4byte 0x${(bits >>> 0).toString(16)}` : print(this.words, 0)
  }

  protected decodeOne(pc: number): number {
    const bits = this.fetch(pc)
    if (bits === undefined) return 0
    const length = (bits & 3) === 3 ? 4 : 2
    if (pc >>> 12 === this.stubPage && (bits === HOST_CALL_BITS || bits === RETURN_BITS)) {
      this.append(bits === HOST_CALL_BITS ? HOST_CALL_SLOT : RETURN_SLOT, length, pc)
      return -length
    }
    let words = this.words
    if (decode(bits, words) === 0 || this.enabled[words[0] & 0xffff] === 0) {
      this.append(ILLEGAL_SLOT, length, pc)
      return -length
    }
    if (length === 2 && expand(words, 0, this.long) !== 0) words = this.long
    const opcode = words[0] & 0xffff
    const layout = layouts[opcode]
    if ((layout & HAS_SEMANTICS) === 0) {
      this.append(ILLEGAL_SLOT, length, pc)
      return -length
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
    return (layout & ENDS_UNIT) !== 0 ? -length : length
  }

  /** The bits at an address, 16 of them for a compressed instruction; undefined if a byte is not executable (faultAddress). */
  private fetch(pc: number): number | undefined {
    const { u16 } = this.memory
    if (!this.isExecutable(pc, 2)) return undefined
    const low = u16[pc >>> 1]
    if ((low & 3) !== 3) return low
    if (!this.isExecutable(pc + 2, 2)) return undefined
    return low | (u16[(pc + 2) >>> 1] << 16)
  }
}
