// The step of every operator, by table index.
import { bug } from '@k23/entity'
import { NUM_OPERATORS, PREFIX_FC, PREFIX_FD, type StepKind, operators } from '../operators.ts'
import type { FunctionPass } from './pass.ts'
import { controlSteps } from './steps-control.ts'
import { dataSteps } from './steps-data.ts'

/** Decodes the immediates of the operator with table index `op`, checks it, translates it. */
export type Step = (p: FunctionPass, op: number) => void

/** The steps of one family. */
export type StepTable = Partial<Record<StepKind, Step>>

const byKind: StepTable = { ...controlSteps, ...dataSteps }

function illegal(p: FunctionPass, op: number): never {
  if (op < PREFIX_FC) return p.illegal(op, -1)
  return op < PREFIX_FD ? p.illegal(0xfc, op - PREFIX_FC) : p.illegal(0xfd, op - PREFIX_FD)
}

function buildSteps(): Step[] {
  const steps: Step[] = new Array(NUM_OPERATORS).fill(illegal)
  for (const op of operators)
    steps[op.index] = byKind[op.kind] ?? bug('frontend-wasm', '-', op.name, 'the operator has no step')
  return steps
}

export const steps: readonly Step[] = buildSteps()
