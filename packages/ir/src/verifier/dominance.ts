// SSA dominance: in reachable code, each use is dominated by its definition.
import { NONE } from '@k23/entity'
import { computeCfg } from '../cfg.ts'
import { computeDominators, dominates, isReachable } from '../dominators.ts'
import { forEachUse } from '../edit.ts'
import type { Block, Inst } from '../entities.ts'
import { PARAM, RESULT } from '../function.ts'
import type { VerifierContext } from './context.ts'

export function verifyDominance(cx: VerifierContext): void {
  const { func } = cx
  const tree = computeDominators(func, computeCfg(func))
  // Position of each instruction in its block.
  const position = new Int32Array(func.numInsts)
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b])
    for (let i = func.firstInst[b], at = 0; i !== NONE; i = func.nextInst[i]) position[i] = at++

  cx.forEachInst((inst, block) => {
    if (!isReachable(tree, block)) return
    forEachUse(func, inst, (v) => {
      const x = func.resolve(v)
      if (func.valKind[x] === RESULT) {
        const def = func.valDef[x] as Inst
        const defBlock = func.instBlock[def] as Block
        if (def === inst) cx.atInst(inst, `uses value v${v} from itself`)
        else if (defBlock === block ? position[def] >= position[inst] : !dominates(tree, defBlock, block))
          cx.atInst(inst, `uses value v${v} from non-dominating inst${def}`)
      } else if (func.valKind[x] === PARAM) {
        const defBlock = func.valDef[x] as Block
        if (!dominates(tree, defBlock, block)) cx.atInst(inst, `uses value arg from non-dominating block${defBlock}`)
      }
    })
  })
}
