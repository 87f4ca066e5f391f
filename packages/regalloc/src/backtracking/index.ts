// The backtracking allocator: the order of its steps.
import type { AllocInput, AllocOutput, MachineEnv } from '../interface.ts'
import { connect } from './connect.ts'
import { computeLiveIns } from './liveness.ts'
import { buildBundles } from './merge.ts'
import { Processor } from './process.ts'
import { buildRanges } from './ranges.ts'
import { GiveUp, Tables } from './tables.ts'

/** Undefined if it gives up (tables.ts): the caller takes another allocator. */
export function allocateBacktracking(input: AllocInput, env: MachineEnv): AllocOutput | undefined {
  try {
    const tables = new Tables(input, env)
    const live = computeLiveIns(input)
    const reservations = buildRanges(tables, live)
    const bundles = buildBundles(tables)
    new Processor(tables, reservations).run(bundles)
    return connect(tables, live)
  } catch (e) {
    if (e instanceof GiveUp) return undefined
    throw e
  }
}
