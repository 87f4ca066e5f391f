// Encoder: the word stream to bits. One loop over packed slices; at real table sizes that is faster than generated code per row
// (ARCHITECTURE: instruction rows).
import { bug } from '@k23/entity'
import type { InstTables } from './tables.ts'

/** The bits of the instruction at words[at]; `value` goes into its pc-relative field, if it has one. Registers are physical. */
export function encodeInst(t: InstTables, words: Int32Array, at: number, value: number): number {
  const op = words[at] & 0xffff
  const { slices } = t
  let bits = t.match[op]
  for (let i = t.sliceStart[op], end = t.sliceStart[op + 1]; i < end; i++) {
    const s = slices[i]
    const source = (s & 0x800000) !== 0 ? value : words[at + ((s >> 15) & 0xff)]
    bits |= ((source >> ((s >> 5) & 31)) & (-1 >>> (31 - ((s >> 10) & 31)))) << (s & 31)
  }
  return bits
}

/** Replaces the pc-relative field of an encoded instruction. The code buffer has checked range and alignment. */
export function patchFixup(t: InstTables, inst: number, kind: number, value: number): number {
  const info = t.fixups[kind]
  if (kind === 0 || info === undefined) bug('code buffer', '-', `fixup ${kind}`, 'there is no such kind of fixup')
  let bits = inst
  for (const s of info.slices) {
    const ones = -1 >>> (31 - ((s >> 10) & 31))
    bits = (bits & ~(ones << (s & 31))) | (((value >> ((s >> 5) & 31)) & ones) << (s & 31))
  }
  return bits
}

/** True if `value` can be written into a fixup of this kind. */
export function fitsFixup(t: InstTables, kind: number, value: number): boolean {
  const info = t.fixups[kind]
  return value >= info.min && value <= info.max && (value & (info.align - 1)) === 0
}
