import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Block, Func, FunctionBuilder, I32, parseFunctions, signature } from '@k23/ir'
import { computeBlockOrder } from '@k23/machinst'

/** A function whose block i branches as edges[i] says: none returns, one jumps, two is a brif, more a br_table. */
function withEdges(edges: readonly (readonly number[])[]): Func {
  const func = new Func({ kind: 'testcase', name: 'f' }, signature([I32], []))
  const b = new FunctionBuilder(func)
  const blocks = edges.map(() => b.createBlock())
  const [x] = ((): number[] => {
    b.appendBlockParamsForFunctionParams(blocks[0])
    return b.blockParams(blocks[0]) as unknown as number[]
  })()
  edges.forEach((to, i) => {
    b.switchToBlock(blocks[i])
    const t = to.map((n) => blocks[n])
    if (t.length === 0) b.ins.return([])
    else if (t.length === 1) b.ins.jump(t[0], [])
    else if (t.length === 2) b.ins.brif(x as never, t[0], [], t[1], [])
    else {
      const entries = t.slice(1).map((e) => func.makeBlockCall(e, []))
      b.ins.br_table(x as never, func.createJumpTable({ default: func.makeBlockCall(t[0], []), entries }))
    }
  })
  b.sealAllBlocks()
  b.finalize()
  return func
}

const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((n) => fc.array(fc.array(fc.nat(n - 1), { maxLength: 4 }), { minLength: n, maxLength: n }))

test('critical edges are split, edges keep their order, reachable blocks appear once', () => {
  fc.assert(
    fc.property(graphs, (edges) => {
      const f = withEdges(edges)
      const o = computeBlockOrder(f)
      const reachable = new Set<number>([0])
      for (const b of reachable) for (const t of edges[b]) reachable.add(t)
      const seen = [...o.clif].filter((c) => c !== -1)
      expect(new Set(seen)).toEqual(reachable)
      expect(seen.length).toBe(reachable.size)
      for (let i = 0; i < o.count; i++) {
        const succs = [...o.succs.subarray(o.succStart[i], o.succStart[i + 1])]
        if (o.clif[i] !== -1) {
          // Following splits, the successors are those of the terminator, in order.
          const targets = succs.map((s) => (o.clif[s] === -1 ? o.clif[o.succs[o.succStart[s]]] : o.clif[s]))
          expect(targets).toEqual(edges[o.clif[i]])
        }
        for (const s of succs) {
          const preds = o.predStart[s + 1] - o.predStart[s]
          expect(succs.length === 1 || preds === 1).toBe(true)
        }
      }
      // The allocator's entry has no predecessors.
      expect(o.predStart[1] - o.predStart[0]).toBe(0)
    }),
    { numRuns: 500 },
  )
})

test('a block follows its first successor where it can; cold blocks keep their place', () => {
  const text = `function %f(i32) {
block0(v0: i32):
  brif v0, block1, block2
block1 cold:
  jump block3
block2:
  jump block3
block3:
  return
}`
  const f = parseFunctions(text).functions[0].func
  const o = computeBlockOrder(f)
  expect([...o.clif]).toEqual([0, 1, 2, 3])
  expect([...o.cold]).toEqual([0, 1, 0, 0])
  expect(o.ofClif[1 as Block]).toBe(1)
})

test('every edge of a try_call is a block of its own, also the only one', () => {
  for (const handlers of [[], ['tag1: block2(exn0)', 'default: block3']]) {
    const text = `function %f() {
    fn0 = %g() -> i64 system_v
block0:
    try_call fn0(), sig0, block1(ret0), [${handlers.join(', ')}]
block1(v0: i64):
    return
block2(v1: i64):
    return
block3:
    return
}`
    const o = computeBlockOrder(parseFunctions(text).functions[0].func)
    const edges = Array.from(o.succs.subarray(o.succStart[0], o.succStart[1]))
    expect(edges.length).toBe(1 + handlers.length)
    for (const b of edges) {
      expect(o.clif[b]).toBe(-1)
      expect(o.predStart[b + 1] - o.predStart[b]).toBe(1)
    }
  }
})
