// The shapes of evaluators that need the machine.
import type { Inst } from '../../entities.ts'
import type { Bits } from '../lanes.ts'
import type { Frame, Machine } from '../machine.ts'
import type { OpName } from './pure.ts'

/** Does what the instruction does and gives its results; execution goes on behind it. May throw Trap or Unsupported. */
export type EffectEvaluator = (m: Machine, frame: Frame, inst: Inst) => readonly Bits[]
export type EffectTable = { readonly [N in OpName]?: EffectEvaluator }

/** Decides where execution goes on. May throw Trap or Unsupported. */
export type ControlEvaluator = (m: Machine, frame: Frame, inst: Inst) => void
export type ControlTable = { readonly [N in OpName]?: ControlEvaluator }
