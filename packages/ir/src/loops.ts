// Loop forest, irreducible regions included.
//
// Problem: which loops are there, how do they nest, how deep is a block? Dominators alone miss loops with several entries.
// Idea: Wei, Mao, Zou, Chen, "A New Algorithm for Identifying Loops in Decompilation" (SAS 2007). One depth-first search; when an edge leads back to
//   a block of the current path, that block is a header of everything on the path behind it. Each block keeps its innermost header,
//   and chains of headers are woven together ordered by position on the path. An edge into a loop that has been left, not through its
//   header, makes that loop irreducible.
// For reducible loops the result is the usual natural loops; an irreducible one has the header that the search entered first.
import { NONE } from '@k23/entity'
import type { Cfg } from './cfg.ts'
import type { Block } from './entities.ts'
import type { Func } from './function.ts'

export interface LoopForest {
  readonly numLoops: number
  /** Header by loop; outer loops have smaller numbers than the loops in them. */
  readonly header: Int32Array
  /** Loop around a loop, -1 for an outermost one. */
  readonly parent: Int32Array
  /** 1 for a loop that can be entered other than through its header. */
  readonly irreducible: Uint8Array
  /** Nesting depth by loop: 1 for an outermost one. */
  readonly loopDepth: Int32Array
  /** Innermost loop by block, -1 outside of loops. */
  readonly loopOf: Int32Array
}

export function computeLoops(func: Func, cfg: Cfg): LoopForest {
  const n = cfg.numBlocks
  // Position on the path of the search, from 1; 0 for blocks that are not on it.
  const position = new Int32Array(n)
  const visited = new Uint8Array(n)
  const innermost = new Int32Array(n).fill(NONE)
  const isHeader = new Uint8Array(n)
  const reentered = new Uint8Array(n)
  const order = new Int32Array(n)
  let count = 0

  const tag = (block: number, header: number): void => {
    if (block === header) return
    let a = block
    let h = header
    while (innermost[a] !== NONE) {
      const ih = innermost[a]
      if (ih === h) return
      if (position[ih] < position[h]) {
        innermost[a] = h
        a = h
        h = ih
      } else {
        a = ih
      }
    }
    if (a !== h) innermost[a] = h
  }

  const stack = new Int32Array(n)
  const nextSucc = new Int32Array(n)
  let depth = 0
  const enter = (b: number): void => {
    visited[b] = 1
    order[count++] = b
    nextSucc[b] = cfg.succStart[b]
    stack[depth++] = b
    position[b] = depth
  }
  if (func.firstBlock !== NONE) enter(func.firstBlock)
  while (depth > 0) {
    const b = stack[depth - 1]
    if (nextSucc[b] < cfg.succStart[b + 1]) {
      const s = cfg.succs[nextSucc[b]++]
      if (visited[s] === 0) {
        enter(s)
      } else if (position[s] > 0) {
        isHeader[s] = 1
        tag(b, s)
      } else {
        // Each loop around s that has been left is entered here, past its header.
        let h = innermost[s]
        while (h !== NONE && position[h] === 0) {
          reentered[h] = 1
          h = innermost[h]
        }
        if (h !== NONE) tag(b, h)
      }
      continue
    }
    depth--
    position[b] = 0
    if (depth > 0 && innermost[b] !== NONE) tag(stack[depth - 1], innermost[b])
  }

  const loopNumber = new Int32Array(n).fill(NONE)
  const headers: number[] = []
  for (let i = 0; i < count; i++) if (isHeader[order[i]] !== 0) loopNumber[order[i]] = headers.push(order[i]) - 1
  const numLoops = headers.length
  const header = Int32Array.from(headers)
  const parent = new Int32Array(numLoops).fill(NONE)
  const irreducible = new Uint8Array(numLoops)
  const loopDepth = new Int32Array(numLoops)
  for (let l = 0; l < numLoops; l++) {
    const outer = innermost[header[l]]
    parent[l] = outer === NONE ? NONE : loopNumber[outer]
    irreducible[l] = reentered[header[l]]
    loopDepth[l] = parent[l] === NONE ? 1 : loopDepth[parent[l]] + 1
  }
  const loopOf = new Int32Array(n).fill(NONE)
  for (let b = 0; b < n; b++) {
    if (isHeader[b] !== 0) loopOf[b] = loopNumber[b]
    else if (innermost[b] !== NONE) loopOf[b] = loopNumber[innermost[b]]
  }
  return { numLoops, header, parent, irreducible, loopDepth, loopOf }
}

/** Number of loops around `b`. */
export function depthOf(loops: LoopForest, b: Block): number {
  const l = loops.loopOf[b]
  return l === NONE ? 0 : loops.loopDepth[l]
}

/** True if `b` is in loop `loop`, or in one inside it. */
export function loopContains(loops: LoopForest, loop: number, b: Block): boolean {
  let l = loops.loopOf[b]
  while (l > loop) l = loops.parent[l]
  return l === loop
}
