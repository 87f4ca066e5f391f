// The vector unit: runs a form of an instruction, with its memory operand, through the generated function of its operation.

import { forms } from '../../gen/x64-vector.ts'
import type { EmulatedMemory } from '../../memory.ts'
import type { X64Hart } from '../hart.ts'
import { effectiveAddress, highWord } from '../helpers.ts'
import { MEMORY_OPERAND } from '../registers.ts'

/** An operation: indices in the register file, and the immediate. */
export type VectorFunction = (hart: X64Hart, d: number, a: number, b: number, c: number, imm: number) => void

export interface VectorForm {
  readonly run: VectorFunction
  /** Bytes of the memory operand; 0: none is read, none is written. */
  readonly load: number
  readonly store: number
  readonly aligned: boolean
}

/** Executes the instruction in slot i; false: it faults (mem.faultKind, faultLo, faultHi), and nothing happened. */
export function runVector(hart: X64Hart, code: Int32Array, mem: EmulatedMemory, i: number, form: number): boolean {
  const { run, load, store, aligned } = forms[form]
  const { x } = hart
  let lo = 0
  let hi = 0
  if ((load | store) !== 0) {
    lo = effectiveAddress(x, code, i)
    hi = highWord
    if (aligned && (lo & ((load | store) - 1)) !== 0) {
      mem.misaligned(lo, hi)
      return false
    }
    if (load === 16) {
      if (!mem.load16(lo, hi)) return false
      x[MEMORY_OPERAND] = mem.lo
      x[MEMORY_OPERAND + 1] = mem.hi
      x[MEMORY_OPERAND + 2] = mem.upperLo
      x[MEMORY_OPERAND + 3] = mem.upperHi
    } else if (load !== 0) {
      if (!mem.load(load, lo, hi)) return false
      x[MEMORY_OPERAND] = mem.lo
      x[MEMORY_OPERAND + 1] = mem.hi
      x[MEMORY_OPERAND + 2] = 0
      x[MEMORY_OPERAND + 3] = 0
    }
  }
  run(hart, code[i + 1], code[i + 2], code[i + 3], ((code[i] >>> 20) & 0xff) << 1, code[i + 7])
  return store === 0 || mem.store(store, lo, hi, x[MEMORY_OPERAND], x[MEMORY_OPERAND + 1])
}
