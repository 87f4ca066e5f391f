// What takes the place of a patchable call.
import { I32Vec } from '@k23/entity'
import { emit, encode } from './insts/index.ts'
import type { Writable, XReg } from './insts/index.ts'
import { X0 } from './scratch.ts'

/** Whole instructions of four bytes, which every hart has: `addi zero, zero, 0` (Unprivileged manual, "NOP Instruction"). */
export function nops(length: number): Uint8Array {
  if (!(Number.isSafeInteger(length) && length >= 0 && length % 4 === 0))
    throw new RangeError(`nops of ${length} bytes: a multiple of 4 is possible`)
  const s = { words: new I32Vec() }
  const at = emit.addi(s, X0 as Writable<XReg>, X0, 0)
  const nop = encode(s.words.data, at, 0)
  const code = new Uint8Array(length)
  const view = new DataView(code.buffer)
  for (let i = 0; i < length; i += 4) view.setUint32(i, nop, true)
  return code
}
