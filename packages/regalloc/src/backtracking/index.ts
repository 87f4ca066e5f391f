// The backtracking allocator: the order of its steps.
import { InstAssigner, NOBODY } from '../assign.ts'
import { type AllocInput, type AllocOutput, LIMIT, type MachineEnv } from '../interface.ts'
import { FIXED, NO_VREG, REG, REUSE, allocIndex, opConstraint, opPayload } from '../interface.ts'
import { isTooLarge } from '../workspace.ts'
import { connect } from './connect.ts'
import { computeLiveIns } from './liveness.ts'
import { buildBundles } from './merge.ts'
import { NoRegisters, Processor } from './process.ts'
import { buildRanges } from './ranges.ts'
import { GiveUp, Tables } from './tables.ts'
import { traceBundles } from './trace.ts'

/** Instructions whose operands are fixed, one more with each attempt, before the allocator gives up. */
const MAX_ATTEMPTS = 32

/** Tables of the last call, used again: they are large, and most functions are small. */
let kept: { tables: Tables; processor: Processor } | undefined

/** Undefined if it gives up (tables.ts): the caller takes another allocator. */
export function allocateBacktracking(
  input: AllocInput,
  env: MachineEnv,
  trace?: (line: string) => void,
): AllocOutput | undefined {
  if (kept === undefined) {
    const made = new Tables(input, env)
    kept = { tables: made, processor: new Processor(made) }
  }
  const { tables, processor } = kept
  tables.trace = trace
  try {
    let attempt = input
    for (let k = 0; k < MAX_ATTEMPTS; k++) {
      try {
        tables.reset(attempt, env)
        const live = computeLiveIns(tables)
        const reservations = buildRanges(tables, live)
        buildBundles(tables)
        if (trace !== undefined) traceBundles(tables, trace)
        processor.run(reservations)
        return connect(tables, live, processor)
      } catch (e) {
        if (e instanceof NoRegisters || e instanceof GiveUp) trace?.(`${input.name}: ${e.message}`)
        if (e instanceof NoRegisters) attempt = withFixedOperands(attempt, env, e.inst)
        else if (e instanceof GiveUp) return undefined
        else throw e
      }
    }
    return undefined
  } finally {
    tables.trace = undefined
    if (isTooLarge(tables.size + processor.size, input.numInsts)) kept = undefined
  }
}

/**
 * The same program with the operands of one instruction fixed to registers, each of its own. Values are copied to fixed
 * registers, so that finds a solution also where one value is an operand more than once, under constraints that no
 * register satisfies together.
 */
function withFixedOperands(input: AllocInput, env: MachineEnv, inst: number): AllocInput {
  const { opStart, opDesc, opVReg } = input
  const first = opStart[inst]
  const n = opStart[inst + 1] - first
  const allocs = new Int32Array(opStart[input.numInsts])
  const assigner = new InstAssigner(input, env, allocs, NOBODY)
  const tiedDef = new Int32Array(n).fill(-1)
  for (let k = 0; k < n; k++) {
    const d = opDesc[first + k]
    if (opConstraint(d) === REUSE) tiedDef[opPayload(d)] = first + k
  }
  assigner.assign(inst, tiedDef)
  const fixed = opDesc.slice()
  for (let o = first; o < first + n; o++) {
    const d = opDesc[o]
    const c = opConstraint(d)
    if (opVReg[o] === NO_VREG || (c !== REG && c !== LIMIT)) continue
    fixed[o] = (d & 15) | (FIXED << 4) | (allocIndex(allocs[o]) << 8)
  }
  return { ...input, opDesc: fixed }
}
