// Control frames of the pass.
import type { ValType } from '../module.ts'

export const FRAME_FUNCTION = 0
export const FRAME_BLOCK = 1
export const FRAME_LOOP = 2
export const FRAME_IF = 3
export const FRAME_ELSE = 4

/** A control frame; objects are reused from function to function. */
export class Frame {
  kind: number = FRAME_BLOCK
  /** Slot of the frame's first operand. */
  height = 0
  /** Code behind an unconditional branch: pops below `height` give BOTTOM. */
  polymorphic = false
  params: readonly ValType[] = []
  results: readonly ValType[] = []

  // ---- the translator's
  /** Entered by code that can be reached. */
  live = false
  /** Where a branch to the frame's label goes: a loop's header, else the block behind `end`; -1 until it is needed. */
  dest = -1
  /** The block of the else branch, -1 for none. */
  other = -1
  /** Values of an if's parameters, for its else branch. */
  saved: number[] = []
}

/** Types of the operands that a branch to `f` takes. */
export function labelTypes(f: Frame): readonly ValType[] {
  return f.kind === FRAME_LOOP ? f.params : f.results
}
