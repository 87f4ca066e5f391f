// A small assembler for x64 test programs, over the row encoder.
import { U8Vec } from '@k23/entity'
import { encode, Opc, tables } from '@k23/isa-x64/insts'
import { NO_REG } from '@k23/machinst/rows'

/** Register words. */
export const [RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI]: readonly number[] = [0, 2, 4, 6, 8, 10, 12, 14]
export const xmm = (n: number): number => (64 + n) * 2

/** One instruction: row id, then its stream words; '.name' is a label, as a line of its own or as an operand. */
export type Line = string | readonly [id: string, ...operands: (number | string)[]]
const opcodes: Readonly<Record<string, number>> = { ...Opc }
/** The four words of base + disp. */
export const at = (base: number, disp: number): number[] => [base, NO_REG, 0, disp]

export function assemble(lines: readonly Line[]): Uint8Array {
  return assembleLabelled(lines).bytes
}

/** With the offsets of labels. */
export function assembleLabelled(lines: readonly Line[]): { bytes: Uint8Array; labels: ReadonlyMap<string, number> } {
  const buf = new U8Vec()
  const labels = new Map<string, number>()
  const patches: { at: number; end: number; label: string }[] = []
  for (const line of lines) {
    if (typeof line === 'string') {
      labels.set(line, buf.length)
      continue
    }
    const [id, ...operands] = line
    const opcode = opcodes[id]
    if (opcode === undefined || operands.length !== tables.words[opcode] - 1)
      throw new Error(`${id}: no such row, or other words`)
    const label = operands.find((o) => typeof o === 'string')
    const words = Int32Array.of(
      opcode | (tables.words[opcode] << 16),
      ...operands.map((o) => (typeof o === 'string' ? 0 : o)),
    )
    const start = buf.length
    const field = encode(words, 0, buf)
    if (typeof label === 'string') patches.push({ at: start + field, end: buf.length, label })
  }
  const bytes = buf.data.slice(0, buf.length)
  for (const p of patches) new DataView(bytes.buffer).setInt32(p.at, (labels.get(p.label) ?? Number.NaN) - p.end, true)
  return { bytes, labels }
}
