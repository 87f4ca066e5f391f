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
    if (hasOperandsAfterTail(input)) return undefined
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

/**
 * Has a branch operands although moves of its edge come before it? Only where nothing has to be moved is that good;
 * `single_pass` finds out.
 */
function hasOperandsAfterTail(input: AllocInput): boolean {
  const { blockInsts, succStart, succs, predStart, opStart, clobbers } = input
  for (let b = 0; b < input.numBlocks; b++) {
    if (succStart[b + 1] - succStart[b] !== 1) continue
    const t = succs[succStart[b]]
    if (predStart[t + 1] - predStart[t] === 1) continue
    const term = blockInsts[b + 1] - 1
    if (opStart[term] !== opStart[term + 1] || clobbers[term] >= 0) return true
  }
  return false
}
