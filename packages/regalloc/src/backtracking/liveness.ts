// Step 1: which values are live into which blocks. For each value, backwards from each use to the definition; linear in
// the size of the result, which is kept sparse: a list per block.
//
// F. Brandner, B. Boissinot, A. Darte, B. Dupont de Dinechin, F. Rastello, "Computing liveness sets for SSA-form
// programs" (2011).
import { I32Vec } from '@k23/entity'
import type { AllocInput } from '../interface.ts'
import { NO_VREG, opIsDef } from '../interface.ts'
import { GiveUp } from './tables.ts'

/** More than this many (value, block) pairs, per instruction and in all, are not worth a good allocation. */
const MAX_PAIRS = 20_000_000

/** Values live into block b: values[start[b]] .. values[start[b + 1] - 1]. */
export interface LiveIns {
  readonly start: Int32Array
  readonly values: Int32Array
}

export function computeLiveIns(input: AllocInput): LiveIns {
  const {
    numBlocks,
    numVRegs,
    blockInsts,
    opStart,
    opVReg,
    opDesc,
    succStart,
    edgeArgStart,
    edgeArgs,
    predStart,
    preds,
  } = input
  const defBlock = new Int32Array(numVRegs).fill(-1)
  const useStart = new Int32Array(numVRegs + 2)
  for (let b = 0; b < numBlocks; b++) {
    for (let k = input.paramStart[b]; k < input.paramStart[b + 1]; k++) defBlock[input.params[k]] = b
    for (let o = opStart[blockInsts[b]]; o < opStart[blockInsts[b + 1]]; o++) {
      const v = opVReg[o]
      if (v === NO_VREG) continue
      if (opIsDef(opDesc[o])) defBlock[v] = b
      else useStart[v + 2]++
    }
    for (let a = edgeArgStart[succStart[b]]; a < edgeArgStart[succStart[b + 1]]; a++) useStart[edgeArgs[a] + 2]++
  }
  for (let v = 0; v <= numVRegs; v++) useStart[v + 1] += useStart[v]
  const useBlock = new Int32Array(useStart[numVRegs + 1])
  for (let b = 0; b < numBlocks; b++) {
    for (let o = opStart[blockInsts[b]]; o < opStart[blockInsts[b + 1]]; o++) {
      if (opVReg[o] !== NO_VREG && !opIsDef(opDesc[o])) useBlock[useStart[opVReg[o] + 1]++] = b
    }
    for (let a = edgeArgStart[succStart[b]]; a < edgeArgStart[succStart[b + 1]]; a++)
      useBlock[useStart[edgeArgs[a] + 1]++] = b
  }
  const lastValue = new Int32Array(numBlocks).fill(-1)
  const pairBlock = new I32Vec(1024)
  const pairValue = new I32Vec(1024)
  const stack = new I32Vec(64)
  for (let v = 0; v < numVRegs; v++) {
    for (let u = useStart[v]; u < useStart[v + 1]; u++) {
      let b = useBlock[u]
      if (b === defBlock[v] || lastValue[b] === v) continue
      stack.push(b)
      while (stack.length !== 0) {
        b = stack.pop()
        if (b === defBlock[v] || lastValue[b] === v) continue
        lastValue[b] = v
        pairBlock.push(b)
        pairValue.push(v)
        for (let p = predStart[b]; p < predStart[b + 1]; p++) stack.push(preds[p])
      }
      if (pairBlock.length > MAX_PAIRS) throw new GiveUp('too many live values')
    }
  }
  const start = new Int32Array(numBlocks + 1)
  for (let k = 0; k < pairBlock.length; k++) start[pairBlock.data[k] + 1]++
  for (let b = 0; b < numBlocks; b++) start[b + 1] += start[b]
  const values = new Int32Array(pairBlock.length)
  const at = start.slice()
  for (let k = 0; k < pairBlock.length; k++) values[at[pairBlock.data[k]]++] = pairValue.data[k]
  return { start, values }
}
