// A small assembler for test programs, over the row encoder: one line per instruction, operands in the order of the row's words.
import { encode, Opc, tables, X_NAMES } from '@k23/isa-riscv64/insts'

/** [row id, operands...]: 'a0' a register, 12 an immediate, '.loop' a label; a string alone defines a label. */
export type Line = string | readonly [id: string, ...operands: (string | number)[]]

const opcodes: Readonly<Record<string, number>> = { ...Opc }

export function assemble(lines: readonly Line[]): Uint8Array {
  const labels = new Map<string, number>()
  let size = 0
  for (const line of lines) {
    if (typeof line === 'string') labels.set(line, size)
    else size += tables.length[opcodes[line[0]]]
  }
  const bytes = new Uint8Array(size)
  const words = new Int32Array(16)
  let at = 0
  for (const line of lines) {
    if (typeof line === 'string') continue
    const [id, ...operands] = line
    const opcode = opcodes[id]
    if (opcode === undefined) throw new Error(`no row ${id}`)
    if (operands.length !== tables.words[opcode] - 1)
      throw new Error(`${id} takes ${tables.words[opcode] - 1} operand words`)
    words[0] = opcode | (tables.words[opcode] << 16)
    let distance = 0
    operands.forEach((operand, i) => {
      if (typeof operand === 'number') {
        words[i + 1] = operand
        if (tables.labelWord[opcode] === i + 1) distance = operand
      } else if (operand.startsWith('.')) {
        const target = labels.get(operand)
        if (target === undefined) throw new Error(`no label ${operand}`)
        distance = target - at
      } else words[i + 1] = register(operand)
    })
    const bits = encode(words, 0, distance)
    for (let i = 0; i < tables.length[opcode]; i++) bytes[at++] = bits >>> (8 * i)
  }
  return bytes
}

function register(name: string): number {
  const number = X_NAMES.indexOf(name)
  if (number < 0) throw new Error(`no register ${name}`)
  return number * 2
}
