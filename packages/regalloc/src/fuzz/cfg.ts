// Random control flow: a graph in which every block is reachable, no critical edge is left, and the entry has no
// predecessor. Structured graphs grow from sequences, conditionals and loops; the others get edges between any two
// blocks, which makes them irreducible more often than not.
import type { Choices } from './choices.ts'

/** Successors of each block. Block 0 is the entry. */
export interface Cfg {
  readonly succs: number[][]
  readonly preds: number[][]
  readonly loopDepth: number[]
}

export function generateCfg(choices: Choices, maxBlocks: number): Cfg {
  const n = 1 + choices.below(maxBlocks)
  const succs: number[][] = []
  const depth: number[] = []
  const block = (d: number): number => {
    depth.push(d)
    return succs.push([]) - 1
  }
  if (choices.below(2) === 0) {
    let budget = n
    // Builds a region of one entry, that is `from`, and one exit, that is returned.
    const region = (from: number, d: number): number => {
      let at = from
      while (budget > 0) {
        budget--
        switch (choices.below(4)) {
          case 0:
            return at
          case 1: {
            const then = block(d)
            const join = block(d)
            const thenExit = region(then, d)
            if (choices.below(2) === 0) succs[at].push(then, join)
            else {
              const other = block(d)
              succs[at].push(then, other)
              succs[region(other, d)].push(join)
            }
            succs[thenExit].push(join)
            at = join
            break
          }
          case 2: {
            const header = block(d + 1)
            const exit = block(d)
            succs[at].push(header)
            succs[region(header, d + 1)].push(header, exit)
            at = exit
            break
          }
          default: {
            const next = block(d)
            succs[at].push(next)
            at = next
          }
        }
      }
      return at
    }
    region(block(0), 0)
  } else {
    for (let b = 0; b < n; b++) block(0)
    for (let b = 1; b < n; b++) succs[choices.below(b)].push(b)
    if (n > 1) {
      for (let extra = choices.below(n + 1); extra > 0; extra--) succs[choices.below(n)].push(1 + choices.below(n - 1))
    }
    for (let b = 0; b < n; b++) depth[b] = choices.below(3)
  }
  // Split critical edges: from a block with several successors to one with several predecessors.
  const numPreds = new Int32Array(succs.length)
  for (const list of succs) for (const t of list) numPreds[t]++
  const original = succs.length
  for (let b = 0; b < original; b++) {
    if (succs[b].length < 2) continue
    for (let k = 0; k < succs[b].length; k++) {
      const t = succs[b][k]
      if (numPreds[t] < 2) continue
      const middle = block(Math.min(depth[b], depth[t]))
      succs[b][k] = middle
      succs[middle].push(t)
    }
  }
  // Emission order: the entry first, then a shuffle, or as made.
  const order = succs.map((_, b) => b)
  if (choices.below(3) === 2) {
    for (let i = order.length - 1; i > 1; i--) {
      const j = 1 + choices.below(i)
      const x = order[i]
      order[i] = order[j]
      order[j] = x
    }
  }
  const place = new Int32Array(order.length)
  order.forEach((b, i) => {
    place[b] = i
  })
  const out: Cfg = {
    succs: order.map((b) => succs[b].map((t) => place[t])),
    preds: order.map(() => []),
    loopDepth: order.map((b) => depth[b]),
  }
  out.succs.forEach((list, b) => {
    for (const t of list) out.preds[t].push(b)
  })
  return out
}

/**
 * Immediate dominators by iteration to a fixed point (small graphs), as bit-free sets: dom[b] is the list of blocks
 * that dominate b, itself included.
 */
export function dominators(cfg: Cfg): Set<number>[] {
  const n = cfg.succs.length
  const all = new Set(Array.from({ length: n }, (_, b) => b))
  const dom = cfg.succs.map((_, b) => (b === 0 ? new Set([0]) : new Set(all)))
  for (let changed = true; changed; ) {
    changed = false
    for (let b = 1; b < n; b++) {
      let meet: Set<number> | undefined
      for (const p of cfg.preds[b]) meet = meet === undefined ? new Set(dom[p]) : intersect(meet, dom[p])
      const next = meet ?? new Set<number>()
      next.add(b)
      if (next.size !== dom[b].size) {
        dom[b] = next
        changed = true
      }
    }
  }
  return dom
}

function intersect(a: Set<number>, b: Set<number>): Set<number> {
  const out = new Set<number>()
  for (const x of a) if (b.has(x)) out.add(x)
  return out
}
