// Step 1: which values are live into which blocks. For each value, backwards from each use to the definition; linear in
// the size of the result, which is kept sparse: a list per block.
//
// F. Brandner, B. Boissinot, A. Darte, B. Dupont de Dinechin, F. Rastello, "Computing liveness sets for SSA-form
// programs" (2011).
import { NO_VREG, opIsDef } from '../interface.ts'
import { GiveUp, type Tables } from './tables.ts'
import { DEF_BLOCK, LAST_VALUE, LIVE_AT, LIVE_START, LIVE_VALUES, USE_BLOCK, USE_START } from './work-arrays.ts'

/** More than this many (value, block) pairs are not worth a good allocation. */
const MAX_PAIRS = 20_000_000

/** Values live into block b: values[start[b]] .. values[start[b + 1] - 1], ascending. */
export interface LiveIns {
  readonly start: Int32Array
  readonly values: Int32Array
}

export function computeLiveIns(t: Tables): LiveIns {
  const { input, work } = t
  const { numBlocks, numVRegs, blockInsts, opStart, opVReg, opDesc, succStart, edgeArgStart, edgeArgs } = input
  const { predStart, preds, paramStart, params } = input
  const defBlock = work.get(DEF_BLOCK, numVRegs, -1)
  for (let b = 0; b < numBlocks; b++) {
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) defBlock[params[k]] = b
    const end = opStart[blockInsts[b + 1]]
    for (let o = opStart[blockInsts[b]]; o < end; o++) {
      if (opIsDef(opDesc[o]) && opVReg[o] !== NO_VREG) defBlock[opVReg[o]] = b
    }
  }
  // Uses outside the block of the definition, in the order of the program.
  const { useValue, useIn } = t
  useValue.clear()
  useIn.clear()
  for (let b = 0; b < numBlocks; b++) {
    const end = opStart[blockInsts[b + 1]]
    for (let o = opStart[blockInsts[b]]; o < end; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || defBlock[v] === b || opIsDef(opDesc[o])) continue
      useValue.push(v)
      useIn.push(b)
    }
    const argEnd = edgeArgStart[succStart[b + 1]]
    for (let a = edgeArgStart[succStart[b]]; a < argEnd; a++) {
      if (defBlock[edgeArgs[a]] === b) continue
      useValue.push(edgeArgs[a])
      useIn.push(b)
    }
  }
  const numUses = useValue.length
  const useStart = work.get(USE_START, numVRegs + 2, 0)
  const useBlock = work.raw(USE_BLOCK, numUses)
  for (let k = 0; k < numUses; k++) useStart[useValue.data[k] + 2]++
  for (let v = 0; v <= numVRegs; v++) useStart[v + 1] += useStart[v]
  for (let k = 0; k < numUses; k++) useBlock[useStart[useValue.data[k] + 1]++] = useIn.data[k]

  const lastValue = work.get(LAST_VALUE, numBlocks, -1)
  // The result, in the order of values.
  const { pairBlock, pairValue, stack } = t
  pairBlock.clear()
  pairValue.clear()
  stack.clear()
  for (let v = 0; v < numVRegs; v++) {
    const home = defBlock[v]
    for (let u = useStart[v]; u < useStart[v + 1]; u++) {
      if (lastValue[useBlock[u]] === v) continue
      stack.push(useBlock[u])
      while (stack.length !== 0) {
        const b = stack.pop()
        if (b === home || lastValue[b] === v) continue
        lastValue[b] = v
        pairBlock.push(b)
        pairValue.push(v)
        for (let p = predStart[b]; p < predStart[b + 1]; p++) stack.push(preds[p])
      }
      if (pairBlock.length > MAX_PAIRS) throw new GiveUp('too many live values')
    }
  }
  const numPairs = pairBlock.length
  const start = work.get(LIVE_START, numBlocks + 1, 0)
  for (let k = 0; k < numPairs; k++) start[pairBlock.data[k] + 1]++
  for (let b = 0; b < numBlocks; b++) start[b + 1] += start[b]
  const values = work.raw(LIVE_VALUES, numPairs)
  const at = work.raw(LIVE_AT, numBlocks)
  for (let b = 0; b < numBlocks; b++) at[b] = start[b]
  for (let k = 0; k < numPairs; k++) values[at[pairBlock.data[k]]++] = pairValue.data[k]
  return { start, values }
}
