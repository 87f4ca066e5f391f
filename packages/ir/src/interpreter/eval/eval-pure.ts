// All pure evaluators by opcode, and evaluation outside of any function.
import { bug } from '@k23/entity'
import { fixed } from '../../opcodes/constraints.ts'
import { opName, opNumResults, resultType } from '../../opcodes/tables.ts'
import type { DataValue } from '../../text/data-value.ts'
import { trapCodeName } from '../../trapcode.ts'
import { isDynamic, type Type } from '../../types.ts'
import { type Bits, fromBytes, toDataValue } from '../lanes.ts'
import { type Outcome, Trap, Unsupported } from '../outcome.ts'
import { convertEvaluators } from './convert.ts'
import { floatEvaluators } from './float.ts'
import { intEvaluators } from './int.ts'
import { opcodeOf, type OpName, type PureEvaluator, type PureInst } from './pure.ts'
import { vectorEvaluators } from './vector.ts'

/** By opcode; undefined where an opcode does more than computing. */
export const PURE: readonly (PureEvaluator | undefined)[] = byOpcode()

function byOpcode(): (PureEvaluator | undefined)[] {
  const out = new Array<PureEvaluator | undefined>(opName.length).fill(undefined)
  for (const table of [intEvaluators, floatEvaluators, vectorEvaluators, convertEvaluators]) {
    for (const name of Object.keys(table) as OpName[]) {
      const op = opcodeOf(name)
      if (out[op] !== undefined) bug('interpreter', '-', name, 'two evaluators')
      out[op] = table[name]
    }
  }
  return out
}

/** Dynamic vectors are worked on at a scale of 1, as fixed ones. */
export function concrete(t: Type): Type {
  return isDynamic(t) ? fixed(t) : t
}

/** The immediates of an instruction: imm0 and imm1 by format (format.ts); `bytes` for a constant or a shuffle mask. */
export interface Immediates {
  readonly imm0?: number
  readonly imm1?: number
  readonly bytes?: Uint8Array
}

/** True if evalPure has the opcode. */
export function isEvaluable(op: number): boolean {
  return PURE[op] !== undefined
}

/** Results of a pure opcode as bits. May throw Trap. */
export function applyPure(evaluator: PureEvaluator, args: readonly Bits[], inst: PureInst): readonly Bits[] {
  const r = evaluator(args, inst)
  return typeof r === 'bigint' ? [r] : r
}

/**
 * The results of opcode `op` under controlling type `type` (INVALID where it has none), computed from values alone: what constant
 * folding may put in place of the instruction. A trap is an outcome; `unsupported` says that the opcode is not pure, or that a
 * dynamic vector's scale matters.
 */
export function evalPure(op: number, type: Type, args: readonly DataValue[], imms: Immediates = {}): Outcome {
  const evaluator = PURE[op]
  if (evaluator === undefined)
    return { unsupported: `${opName[op]} does more than computing a value from its operands` }
  const results: Type[] = []
  for (let i = 0; i < opNumResults[op]; i++) results.push(concrete(resultType(op, i, type)))
  const inst: PureInst = {
    args: args.map((a) => concrete(a.type)),
    results,
    imm0: imms.imm0 ?? 0,
    imm1: imms.imm1 ?? 0,
    bytes: imms.bytes,
  }
  try {
    const bits = applyPure(
      evaluator,
      args.map((a) => fromBytes(a.bits)),
      inst,
    )
    return { results: bits.map((x, i) => toDataValue(results[i], x)) }
  } catch (e) {
    if (e instanceof Trap) return { trap: trapCodeName(e.code) }
    if (e instanceof Unsupported) return { unsupported: e.message }
    throw e
  }
}
