// What generated constructors push onto, and how they report an operand that does not fit.
import { bug, type Entity, type I32Vec } from '@k23/entity'

/** A growing instruction stream. Constructors append one instruction and return the index of its header. */
export interface InstSink {
  readonly words: I32Vec
}

/** A place in the code that a label operand refers to; the code buffer resolves it. */
export type Label = Entity<'Label'>

/** Reports an immediate that its field cannot hold. Lowering asks first: this is never input's fault. */
export function badImmediate(id: string, operand: string, value: number, expected: string): never {
  bug('instruction constructor', '-', id, `${operand} = ${value}, expected ${expected}`)
}

/** Reports a physical register that its field cannot name. */
export function badRegister(id: string, operand: string, word: number, legal: number): never {
  const names = Array.from({ length: 32 }, (_, i) => i).filter((i) => (legal >>> i) & 1)
  bug(
    'instruction constructor',
    '-',
    id,
    `${operand} = register ${(word >> 1) & 63}, expected one of ${names.join(' ')}`,
  )
}
