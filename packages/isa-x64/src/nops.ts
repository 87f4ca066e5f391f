// What takes the place of a patchable call.
import { I32Vec, U8Vec } from '@k23/entity'
import { emit, encode, type InstSink } from './insts/index.ts'

/** By length: one instruction each (Intel SDM volume 2, NOP). */
const byLength: readonly ((s: InstSink) => number)[] = [
  emit.nop1,
  emit.nop2,
  emit.nop3,
  emit.nop4,
  emit.nop5,
  emit.nop6,
  emit.nop7,
  emit.nop8,
  emit.nop9,
]

/** As few instructions as possible. */
export function nops(length: number): Uint8Array {
  if (!(Number.isSafeInteger(length) && length >= 0)) throw new RangeError(`nops of ${length} bytes`)
  const s = { words: new I32Vec(), mem: new I32Vec() }
  const code = new U8Vec()
  for (let left = length; left > 0; left -= byLength.length)
    encode(s.words.data, byLength[Math.min(left, byLength.length) - 1](s), code)
  return code.view().slice()
}
