// Calls that can be turned off and on in code that is placed: those to functions that CLIF declares `patchable`.
import { bug } from '@k23/entity'
import type { LinkedImage, PlacedFunction } from './module.ts'

/** One patchable call. All else that its function does is right whether the one or the other stands there. */
export interface PatchableCall {
  /** The function that the call is in. */
  readonly func: PlacedFunction
  /** Symbol of the callee (`%breakpoint`, `u0:3`). */
  readonly callee: string
  /** Where its bytes are in the image. */
  readonly offset: number
  /** What is there when the call is made. */
  readonly enabled: Uint8Array
  /** The same number of bytes that do nothing. */
  readonly disabled: Uint8Array
}

/**
 * The patchable calls of a module, ascending, to be written with `patchCode` of `@k23/machine`. All are enabled in what compile() gives. `linked` has the image's
 * bytes where relocations against the outside have been resolved in them: a call of what is not in the image is complete only there.
 */
export function patchableCalls(m: LinkedImage, linked: Uint8Array = m.image): PatchableCall[] {
  return m.functions.flatMap((func) =>
    func.callSites.flatMap(({ patchable }) => {
      if (patchable === undefined) return []
      const { start, bytes } = patchable
      const reloc = func.relocs.findIndex((r) => r.offset >= start && r.offset < start + bytes)
      if (reloc < 0) return bug('link', func.name, `offset ${start}`, 'a patchable call without a relocation')
      const offset = func.start + start
      return [
        {
          func,
          callee: func.targets[reloc],
          offset,
          enabled: linked.slice(offset, offset + bytes),
          disabled: m.target.nops(bytes),
        },
      ]
    }),
  )
}
