// Memory operands on their way into an instruction: four words in the sink (layout: types.ts), by position.
import { bug, type Entity, type I32Vec } from '@k23/entity'
import { NO_REG } from '../registers.ts'
import type { InstSink, Label } from '../sink.ts'
import { MEM_FRAME, MEM_LABEL, MEM_REGISTERS, MEM_SYMBOL, MEM_WORDS } from './types.ts'

/** A sink that holds memory operands too. Lowering clears `mem` once per CLIF instruction: no Mem lives longer. */
export interface MemSink extends InstSink {
  readonly mem: I32Vec
}

/** Position of a memory operand's words in `sink.mem`. */
export type Mem = Entity<'Mem'>

const RSP = 4 * 2

function push(s: MemSink, base: number, index: number, mode: number, disp: number): Mem {
  const m = s.mem
  const at = m.length
  if (disp !== (disp | 0)) bug('memory operand', '-', 'displacement', `${disp} is no 32-bit integer`)
  if (at + MEM_WORDS > m.data.length) m.reserve(at + MEM_WORDS)
  const d = m.data
  d[at] = base
  d[at + 1] = index
  d[at + 2] = mode
  d[at + 3] = disp
  m.length = at + MEM_WORDS
  return at as Mem
}

/** [base + disp]; without a base (NO_REG) an absolute address. Registers are general ones. */
export function memBase(s: MemSink, base: number, disp: number): Mem {
  checkRegister(base)
  return push(s, base, NO_REG, MEM_REGISTERS, disp)
}

/** [base + (index << shift) + disp]; base can be NO_REG, index can not be rsp. */
export function memIndex(s: MemSink, base: number, index: number, shift: number, disp: number): Mem {
  checkRegister(base)
  checkRegister(index)
  if (index === RSP || index === NO_REG)
    bug('memory operand', '-', 'index', `register word ${index} cannot be an index`)
  if (shift !== (shift & 3)) bug('memory operand', '-', 'scale', `shift ${shift}, expected 0..3`)
  return push(s, base, index, (MEM_REGISTERS << 4) | shift, disp)
}

/** The place of a label: a constant behind the function, or a block. */
export function memRip(s: MemSink, label: Label): Mem {
  return push(s, NO_REG, NO_REG, MEM_LABEL << 4, label)
}

/** The symbol VCode.extra[index]. */
export function memSymbol(s: MemSink, index: number): Mem {
  return push(s, NO_REG, NO_REG, MEM_SYMBOL << 4, index)
}

/** `offset` bytes into a frame area; `kind` is one of FRAME_*. */
export function memFrame(s: MemSink, kind: number, offset: number): Mem {
  return push(s, NO_REG, NO_REG, (MEM_FRAME << 4) | (kind << 8), offset)
}

function checkRegister(word: number): void {
  if ((word & 1) === 0 && (word < 0 || word > 30))
    bug('memory operand', '-', 'register', `register word ${word} is no general register`)
}

/** Copies a memory operand into an instruction. */
export function copyMem(s: MemSink, mem: Mem, to: Int32Array, at: number): void {
  const m = s.mem
  if (mem < 0 || mem + MEM_WORDS > m.length)
    bug(
      'instruction constructor',
      '-',
      `memory operand ${mem}`,
      'it is not in the sink: was the sink cleared since it was made?',
    )
  const d = m.data
  to[at] = d[mem]
  to[at + 1] = d[mem + 1]
  to[at + 2] = d[mem + 2]
  to[at + 3] = d[mem + 3]
}
