// What prologues and epilogues of all machines have in common.
import type { Emitter } from './emit.ts'
import type { SharedFlags } from './isa.ts'

/** Unwind row of code in front of a frame, or without one: the stack pointer is `below` the one at entry, and no register has been saved by the function. */
export function entryRow({ isa, buf }: Emitter, below = 0): void {
  const { stackPointer, returnAddress } = isa.frameRegisters
  const pushed = isa.returnAddressBytes
  buf.unwindRow(stackPointer, pushed + below, pushed === 0 ? [] : [[returnAddress, -pushed]])
}

/** Unwind row of code behind the frame pointer's set-up; with `saved`, behind the whole prologue, where the callee-saved registers are in the frame. */
export function bodyRow(e: Emitter, saved: boolean): void {
  const { isa, buf, frame } = e
  if (!frame.setup) return entryRow(e)
  const { framePointer, returnAddress } = isa.frameRegisters
  const top = 16 + frame.tailBytes
  buf.unwindRow(framePointer, top, [
    [returnAddress, 8 - top],
    [framePointer, -top],
    ...(saved ? frame.clobbers.map(({ reg, at }) => [reg, at - top] as const) : []),
  ])
}

/** Guard pages that a frame of this size could jump over, to be touched one after the other: their size and number. */
export function pagesToProbe(
  shared: SharedFlags,
  frameBytes: number,
): { readonly page: number; readonly pages: number } {
  const page = 2 ** Number(shared.probestack_size_log2 ?? 12)
  return { page, pages: shared.enable_probestack === true ? Math.floor(frameBytes / page) : 0 }
}

/** Pages are probed one by one up to here; beyond, in a loop. */
export const MAX_UNROLLED_PROBES = 4
