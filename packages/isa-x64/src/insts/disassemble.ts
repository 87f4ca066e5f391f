// Disassembler: decode and print.
import { decodedLengthX64, decodeX64, type PrintOptions } from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'
import { print } from './print.ts'

export interface Disassembled {
  /** Byte offset of the instruction in the array. */
  readonly offset: number
  readonly length: number
  /** GNU as text; `.byte` where the bytes are no instruction. */
  readonly text: string
}

/** Disassembles bytes[start..end). With `options.label`, pc-relative operands show what it makes of the target's offset in `bytes`. */
export function disassemble(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  options: PrintOptions = {},
): Disassembled[] {
  const words = new Int32Array(16)
  const code = bytes.subarray(0, end)
  const list: Disassembled[] = []
  for (let offset = start; offset < end; ) {
    const n = decodeX64(tables, code, offset, words, 0)
    const length = n === 0 ? 1 : decodedLengthX64()
    const next = offset + length
    const { label } = options
    const target = label ?? ((at: number) => (at < offset ? `. - ${offset - at}` : `. + ${at - offset}`))
    // A distance in a memory operand is a number to GNU as.
    const isLabel = n !== 0 && tables.labelWord[words[0] & 0xffff] !== 0
    const here = isLabel || label !== undefined ? { ...options, label: (word: number) => target(next + word) } : options
    list.push({ offset, length, text: n === 0 ? `.byte 0x${code[offset].toString(16)}` : print(words, 0, here) })
    offset = next
  }
  return list
}
