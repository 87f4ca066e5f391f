// The name section. It is custom: whatever is wrong in it is ignored, and what was read before stays.
import { WasmError } from '../error.ts'
import type { NameSection } from '../module.ts'
import { LIMITS } from './limits.ts'
import { Reader } from './reader.ts'

const MODULE_NAME = 0
const FUNCTION_NAMES = 1

/** Reads module and function names from [start, end). */
export function readNames(bytes: Uint8Array, start: number, end: number, names: NameSection): void {
  const r = new Reader(bytes, undefined, start, end)
  try {
    while (r.pos < end) {
      const id = r.u8()
      const size = r.size('names')
      const next = r.pos + size
      r.end = next
      if (id === MODULE_NAME) names.module = r.name()
      else if (id === FUNCTION_NAMES) {
        const n = r.count(LIMITS.names, 'names')
        for (let i = 0; i < n; i++) {
          const index = r.u32()
          names.functions.set(index, r.name())
        }
      }
      r.pos = next
      r.end = end
    }
  } catch (e) {
    if (!(e instanceof WasmError)) throw e
  }
}
