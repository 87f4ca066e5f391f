// The control flow graph of a function: successors and predecessors of each block as compressed rows.
//
// Only blocks of the layout have edges. A block is a successor once, however often the branch names it.
import { I32Vec, NONE } from '@k23/entity'
import { branchTargets } from './branches.ts'
import type { Block, Inst } from './entities.ts'
import type { Func } from './function.ts'

export interface Cfg {
  readonly numBlocks: number
  /** Successors of block b: succs[succStart[b]] to succs[succStart[b + 1] - 1], in the order in which the branch names them. */
  readonly succStart: Int32Array
  readonly succs: Int32Array
  /** Predecessors of block b, in layout order: preds[predStart[b]] to preds[predStart[b + 1] - 1]. */
  readonly predStart: Int32Array
  readonly preds: Int32Array
}

export function computeCfg(func: Func): Cfg {
  const n = func.numBlocks
  const succStart = new Int32Array(n + 1)
  const seen = new Int32Array(n).fill(NONE)
  const targets = new I32Vec()
  // Edges in layout order of their source; the source of edges[i] is sources[i].
  const edges = new I32Vec()
  const sources = new I32Vec()
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b]) {
    const last = func.lastInst[b]
    if (last === NONE) continue
    targets.clear()
    branchTargets(func, last as Inst, targets)
    for (let i = 0; i < targets.length; i++) {
      const to = func.bcBlock[targets.data[i]]
      if (seen[to] === b) continue
      seen[to] = b
      edges.push(to)
      sources.push(b)
    }
  }
  const predStart = new Int32Array(n + 1)
  for (let i = 0; i < edges.length; i++) {
    succStart[sources.data[i] + 1]++
    predStart[edges.data[i] + 1]++
  }
  for (let b = 0; b < n; b++) {
    succStart[b + 1] += succStart[b]
    predStart[b + 1] += predStart[b]
  }
  const succs = new Int32Array(edges.length)
  const preds = new Int32Array(edges.length)
  const succAt = succStart.slice()
  const predAt = predStart.slice()
  for (let i = 0; i < edges.length; i++) {
    const from = sources.data[i]
    const to = edges.data[i]
    succs[succAt[from]++] = to
    preds[predAt[to]++] = from
  }
  return { numBlocks: n, succStart, succs, predStart, preds }
}

export function successors(cfg: Cfg, b: Block): Block[] {
  return Array.from(cfg.succs.subarray(cfg.succStart[b], cfg.succStart[b + 1])) as Block[]
}
export function predecessors(cfg: Cfg, b: Block): Block[] {
  return Array.from(cfg.preds.subarray(cfg.predStart[b], cfg.predStart[b + 1])) as Block[]
}
