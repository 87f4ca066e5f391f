// Dominator tree.
//
// Problem: block a dominates block b if every path from the entry to b goes through a. Passes ask this often.
// Idea: semi-NCA (Georgiadis, "Linear-Time Algorithms for Dominators and Related Problems", 2005; Georgiadis, Tarjan, Werneck, "Finding
//   Dominators in Practice", 2006). A depth-first search numbers the blocks; the semidominator of a block is the least number from which a path
//   through larger numbers leads to it; the immediate dominator is the nearest ancestor, in the tree built so far, that is no larger.
//   O(n^2) at worst, in practice as good as linear, and simpler than Lengauer-Tarjan.
// Answers: each block gets a preorder number in the dominator tree and the size of its subtree, so that `dominates` is two comparisons.
// Everything here is iterative: chains of a hundred thousand blocks are real.
import { NONE } from '@k23/entity'
import type { Cfg } from './cfg.ts'
import type { Block, Inst } from './entities.ts'
import type { Func } from './function.ts'

export interface DominatorTree {
  /** Immediate dominator by block; -1 for the entry and for unreachable blocks. */
  readonly idom: Int32Array
  /** Reachable blocks in reverse postorder of a depth-first search that tries successors in order. */
  readonly rpo: Int32Array
  /** Position in `rpo` by block; -1 for unreachable blocks. */
  readonly rpoIndex: Int32Array
  /** Preorder number in the dominator tree by block; -1 for unreachable blocks. */
  readonly pre: Int32Array
  /** Number of blocks in the subtree by block. */
  readonly size: Int32Array
}

export function computeDominators(func: Func, cfg: Cfg): DominatorTree {
  const n = cfg.numBlocks
  const idomOf = new Int32Array(n).fill(NONE)
  const rpoIndex = new Int32Array(n).fill(NONE)
  const pre = new Int32Array(n).fill(NONE)
  const size = new Int32Array(n)
  if (func.firstBlock === NONE) return { idom: idomOf, rpo: new Int32Array(0), rpoIndex, pre, size }

  // Depth-first search: vertex[i] is the block with number i, parent[i] the number of its parent in the search tree.
  const number = new Int32Array(n).fill(NONE)
  const vertex = new Int32Array(n)
  const parent = new Int32Array(n)
  const stack = new Int32Array(n)
  const nextSucc = new Int32Array(n)
  const postorder = new Int32Array(n)
  let count = 0
  let done = 0
  let depth = 0
  const enter = (b: number, from: number): void => {
    number[b] = count
    vertex[count] = b
    parent[count] = from
    nextSucc[b] = cfg.succStart[b]
    stack[depth++] = b
    count++
  }
  enter(func.firstBlock, 0)
  while (depth > 0) {
    const b = stack[depth - 1]
    if (nextSucc[b] === cfg.succStart[b + 1]) {
      postorder[done++] = b
      depth--
      continue
    }
    const s = cfg.succs[nextSucc[b]++]
    if (number[s] === NONE) enter(s, number[b])
  }

  // Semidominators, from the last number to the first. `ancestor` starts as `parent` and is shortened by path compression;
  // label[v] is the vertex with the least semidominator on the path from v up to, not including, ancestor[v].
  const idom = parent.slice(0, count)
  const ancestor = parent
  const semi = new Int32Array(count)
  const label = new Int32Array(count)
  for (let i = 0; i < count; i++) semi[i] = label[i] = i
  const evaluate = (v: number, linked: number): number => {
    if (ancestor[v] < linked) return label[v]
    let sp = 0
    do {
      stack[sp++] = v
      v = ancestor[v]
    } while (ancestor[v] >= linked)
    let p = v
    let least = label[v]
    while (sp > 0) {
      v = stack[--sp]
      ancestor[v] = ancestor[p]
      if (semi[least] < semi[label[v]]) label[v] = least
      else least = label[v]
      p = v
    }
    return label[v]
  }
  for (let w = count - 1; w > 0; w--) {
    const b = vertex[w]
    let s = idom[w]
    for (let e = cfg.predStart[b]; e < cfg.predStart[b + 1]; e++) {
      const p = number[cfg.preds[e]]
      if (p === NONE) continue
      const u = semi[evaluate(p, w + 1)]
      if (u < s) s = u
    }
    semi[w] = s
  }
  for (let w = 1; w < count; w++) {
    let d = idom[w]
    while (d > semi[w]) d = idom[d]
    idom[w] = d
  }

  // Subtree sizes bottom up, preorder numbers top down, both with dominators before what they dominate; children in reverse postorder.
  const sizes = new Int32Array(count).fill(1)
  for (let w = count - 1; w > 0; w--) sizes[idom[w]] += sizes[w]
  const rpo = postorder.subarray(0, count).reverse()
  const next = new Int32Array(count) // the number that the next child of a vertex gets
  for (let i = 0; i < count; i++) {
    const b = rpo[i]
    const w = number[b]
    let at = 0
    if (i > 0) {
      const d = idom[w]
      at = next[d]
      next[d] = at + sizes[w]
      idomOf[b] = vertex[d]
    }
    next[w] = at + 1
    pre[b] = at
    size[b] = sizes[w]
    rpoIndex[b] = i
  }
  return { idom: idomOf, rpo, rpoIndex, pre, size }
}

export function isReachable(tree: DominatorTree, b: Block): boolean {
  return tree.pre[b] !== NONE
}

/** True if `a` dominates `b` (a block dominates itself); false where either is unreachable. */
export function dominates(tree: DominatorTree, a: Block, b: Block): boolean {
  const at = tree.pre[a]
  const x = tree.pre[b]
  return at !== NONE && x >= at && x < at + tree.size[a]
}

/** True if instruction `a` comes before `b` on every path to `b`, or is `b`. Costs a walk where both are in one block. */
export function instDominates(func: Func, tree: DominatorTree, a: Inst, b: Inst): boolean {
  const ba = func.instBlock[a]
  if (ba !== func.instBlock[b]) return dominates(tree, ba as Block, func.instBlock[b] as Block)
  for (let i: number = a; i !== NONE; i = func.nextInst[i]) if (i === b) return true
  return false
}
