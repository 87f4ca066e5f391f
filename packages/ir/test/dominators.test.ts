import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Block,
  computeCfg,
  computeDominators,
  computeLoops,
  depthOf,
  dominates,
  isReachable,
  loopContains,
  predecessors,
  successors,
} from '../src/index.ts'
import { functionOfGraph, reach } from './graphs.ts'

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((n) =>
    fc.array(fc.array(fc.integer({ min: 1, max: Math.max(1, n - 1) }), { maxLength: 2 }), {
      minLength: n,
      maxLength: n,
    }),
  )
  .map((g) => (g.length === 1 ? [[]] : g))

test('the graph has each edge once, in both directions', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const cfg = computeCfg(functionOfGraph(g))
      g.forEach((targets, b) => {
        expect(successors(cfg, b as Block)).toEqual([...new Set(targets)])
        const preds = g.flatMap((t, p) => (t.includes(b) ? [p] : []))
        expect(predecessors(cfg, b as Block)).toEqual(preds)
      })
    }),
  )
})

test('dominance equals its definition: removing a cuts b off', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const func = functionOfGraph(g)
      const tree = computeDominators(func, computeCfg(func))
      const reachable = reach(g, 0)
      for (let a = 0; a < g.length; a++) {
        const cut = reach(g, 0, a)
        expect(isReachable(tree, a as Block)).toBe(reachable.has(a))
        for (let b = 0; b < g.length; b++) {
          const expected = reachable.has(a) && reachable.has(b) && !cut.has(b)
          expect(dominates(tree, a as Block, b as Block)).toBe(expected)
        }
      }
      // The immediate dominator is the strict dominator that all others dominate.
      for (const b of reachable) {
        const strict = [...reachable].filter((a) => a !== b && dominates(tree, a as Block, b as Block))
        const nearest = strict.find((a) => strict.every((o) => dominates(tree, o as Block, a as Block)))
        expect(tree.idom[b]).toBe(nearest ?? -1)
      }
    }),
    { numRuns: 500 },
  )
})

test('reverse postorder has each reachable block once, and dominators first', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const func = functionOfGraph(g)
      const tree = computeDominators(func, computeCfg(func))
      expect([...tree.rpo].sort((a, b) => a - b)).toEqual([...reach(g, 0)].sort((a, b) => a - b))
      for (const b of tree.rpo)
        if (tree.idom[b] >= 0) expect(tree.rpoIndex[tree.idom[b]]).toBeLessThan(tree.rpoIndex[b])
    }),
  )
})

test('loops: a block is in one exactly if it can come back to itself', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const func = functionOfGraph(g)
      const loops = computeLoops(func, computeCfg(func))
      for (const b of reach(g, 0)) {
        const cyclic = g[b].some((s) => reach(g, s).has(b))
        expect(loops.loopOf[b] >= 0).toBe(cyclic)
      }
    }),
    { numRuns: 500 },
  )
})

test('loops: those of reducible graphs are the natural loops', () => {
  fc.assert(
    fc.property(graphs, (g) => {
      const func = functionOfGraph(g)
      const cfg = computeCfg(func)
      const tree = computeDominators(func, cfg)
      const loops = computeLoops(func, cfg)
      const reachable = reach(g, 0)
      // natural loop of a header: the blocks that reach a back edge to it without passing it
      const natural = new Map<number, Set<number>>()
      for (const b of reachable)
        for (const h of g[b])
          if (dominates(tree, h as Block, b as Block)) {
            const body = natural.get(h) ?? new Set([h])
            for (const x of reachable) if (x !== h && reach(g, x, h).has(b)) body.add(x)
            natural.set(h, body)
          }
      if (loops.irreducible.includes(1)) {
        // An irreducible loop has an edge into it from outside that does not go to its header.
        loops.irreducible.forEach((flag, l) => {
          if (flag === 0) return
          const inside = (b: number): boolean => loopContains(loops, l, b as Block)
          const entries = [...reachable].flatMap((b) =>
            inside(b) ? [] : g[b].filter((s) => inside(s) && s !== loops.header[l]),
          )
          expect(entries.length).toBeGreaterThan(0)
        })
        return
      }
      expect([...loops.header].sort((a, b) => a - b)).toEqual([...natural.keys()].sort((a, b) => a - b))
      for (const b of reachable) {
        const around = [...natural].filter(([, body]) => body.has(b)).map(([h]) => h)
        expect(depthOf(loops, b as Block)).toBe(around.length)
        loops.header.forEach((h, l) => {
          expect(loopContains(loops, l, b as Block)).toBe(around.includes(h))
        })
      }
    }),
    { numRuns: 1000 },
  )
})

test('two entries into a cycle make it irreducible', () => {
  const func = functionOfGraph([[1, 2], [2], [1, 3], []])
  const loops = computeLoops(func, computeCfg(func))
  expect([loops.numLoops, loops.irreducible[0]]).toEqual([1, 1])
})

test('a chain of 100,000 blocks in a loop', () => {
  const n = 100_000
  const g = Array.from({ length: n }, (_, b) => (b === n - 1 ? [1] : [b + 1]))
  const func = functionOfGraph(g)
  const cfg = computeCfg(func)
  const tree = computeDominators(func, cfg)
  expect(dominates(tree, 1 as Block, (n - 1) as Block)).toBe(true)
  expect(depthOf(computeLoops(func, cfg), (n - 1) as Block)).toBe(1)
})
