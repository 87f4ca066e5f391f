// Decoder: bits to the same words that the constructors push, and the rewriting between short and long forms.
import { encodeInst } from './encode.ts'
import {
  FINISH_COPY,
  FINISH_LEGAL,
  FINISH_NONZERO,
  FINISH_REGISTER,
  FINISH_SIGN,
  FINISH_WRAP,
  type InstTables,
} from './tables.ts'

/**
 * Decodes `bits` (for a short form only the low half counts) to words at out[at]: physical registers, pc-relative operands as signed byte
 * distances. Returns how many words, 0 for an undefined or reserved encoding.
 */
export function decodeInst(t: InstTables, bits: number, out: Int32Array, at: number): number {
  const nodes = t.treeNodes
  let node = t.treeRoot
  while (node > 0) {
    const field = nodes[node]
    node = nodes[node + 1 + ((bits >>> (field & 0xff)) & ((1 << (field >> 8)) - 1))]
  }
  if (node === 0) return 0
  const leaf = ~node
  for (let i = leaf + 1, end = i + t.treeLeaves[leaf]; i < end; i++) {
    const op = t.treeLeaves[i]
    if (((bits ^ t.match[op]) & t.mask[op]) !== 0) continue
    const n = decodeAs(t, op, bits, out, at)
    if (n !== 0) return n
  }
  return 0
}

/** Decodes bits that match `op`; 0 if an operand has a reserved value. */
function decodeAs(t: InstTables, op: number, bits: number, out: Int32Array, at: number): number {
  const n = t.words[op]
  out[at] = op | (n << 16)
  for (let i = 1; i < n; i++) out[at + i] = 0
  for (let i = t.sliceStart[op], end = t.sliceStart[op + 1]; i < end; i++) {
    const s = t.slices[i]
    out[at + ((s >> 15) & 0xff)] |= ((bits >>> (s & 31)) & (-1 >>> (31 - ((s >> 10) & 31)))) << ((s >> 5) & 31)
  }
  for (let i = t.finishStart[op], end = t.finishStart[op + 1]; i < end; i++) {
    const f = t.finishes[i]
    const word = at + (f & 0xff)
    const arg = (f >> 11) & 0x3ff
    switch ((f >> 8) & 7) {
      case FINISH_REGISTER:
        out[word] |= arg
        break
      case FINISH_SIGN:
        out[word] = (out[word] << arg) >> arg
        break
      case FINISH_LEGAL:
        if (((t.legalSets[arg] >>> (f & 0x200000 ? (out[word] >> 1) & 31 : out[word])) & 1) === 0) return 0
        break
      case FINISH_NONZERO:
        if (out[word] === 0) return 0
        break
      case FINISH_WRAP:
        out[word] &= (1 << arg) - 1
        break
      case FINISH_COPY:
        out[word + 1] = out[word]
    }
  }
  return n
}

/** Writes the long form of the short instruction at words[at] to out[to]; returns its words, 0 if it has none. `words` and `out` differ. */
export function expandInst(t: InstTables, words: Int32Array, at: number, out: Int32Array, to: number): number {
  const number = t.expansion[words[at] & 0xffff]
  return number === 0 ? 0 : expandBy(t, number - 1, words, at, out, to)
}

function expandBy(
  t: InstTables,
  expansion: number,
  words: Int32Array,
  at: number,
  out: Int32Array,
  to: number,
): number {
  const long = t.expandLong[expansion]
  const n = t.words[long]
  out[to] = long | (n << 16)
  for (let k = 1, i = t.expandStart[expansion]; k < n; k++, i++) {
    const e = t.expands[i]
    out[to + k] = (e & 1) !== 0 ? e >> 1 : words[at + (e >> 1)]
  }
  return n
}

/**
 * Writes a short form that does the same as the instruction at words[at] (physical registers) to out[to]; returns its words, 0 if there is
 * none among the rows that `allowed` (by opcode) permits. Instructions with a label stay long: their distance is not known yet.
 */
export function compressInst(
  t: InstTables,
  words: Int32Array,
  at: number,
  out: Int32Array,
  to: number,
  allowed: Uint8Array,
): number {
  const long = words[at] & 0xffff
  if (t.labelWord[long] !== 0) return 0
  for (let i = t.shortStart[long], end = t.shortStart[long + 1]; i < end; i++) {
    const expansion = t.shorts[i]
    const op = t.expandShort[expansion]
    if (allowed[op] !== 0 && shortens(t, expansion, words, at, out, to)) return t.words[op]
  }
  return 0
}

const check = new Int32Array(16)

/** Fills in the short form and tells whether it says exactly what the long form does: its encoding decodes and expands to the same words. */
function shortens(
  t: InstTables,
  expansion: number,
  words: Int32Array,
  at: number,
  out: Int32Array,
  to: number,
): boolean {
  const longWords = words[at] >>> 16
  const op = t.expandShort[expansion]
  out[to] = op | (t.words[op] << 16)
  const first = t.expandStart[expansion] - 1
  for (let k = longWords - 1; k > 0; k--) {
    const e = t.expands[first + k]
    if ((e & 1) === 0) out[to + (e >> 1)] = words[at + k]
    else if (e >> 1 !== words[at + k]) return false
  }
  const bits = encodeInst(t, out, to, 0)
  if (decodeAs(t, op, bits, out, to) === 0) return false
  expandBy(t, expansion, out, to, check, 0)
  for (let k = 1; k < longWords; k++) if (check[k] !== words[at + k]) return false
  return true
}
