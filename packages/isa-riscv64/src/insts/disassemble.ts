// Disassembler: decode and print.
import { decodeInst, type PrintOptions } from '@k23/machinst/rows'
import { tables } from '../gen/tables.ts'
import { print } from './print.ts'

export interface Disassembled {
  /** Byte offset of the instruction in the array. */
  readonly offset: number
  readonly length: number
  /** GNU as text; `.2byte` or `.4byte` where the bytes are no instruction. */
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
  const list: Disassembled[] = []
  for (let offset = start; offset < end; ) {
    const half = bytes[offset] | (bytes[offset + 1] << 8)
    const length = Math.min((half & 3) === 3 ? 4 : 2, end - offset)
    const bits = length === 4 ? half | (bytes[offset + 2] << 16) | (bytes[offset + 3] << 24) : half
    const { label } = options
    const n = length === 1 || (length === 2 && (half & 3) === 3) ? 0 : decodeInst(tables, bits, words, 0)
    const here = label === undefined ? options : { ...options, label: (word: number) => label(offset + word) }
    const text = n === 0 ? `.${length}byte 0x${(bits >>> 0).toString(16)}` : print(words, 0, here)
    list.push({ offset, length, text })
    offset += length
  }
  return list
}
