// The rule list of riscv-like.ts, compiled and interpreted: unit examples, and agreement on random functions.
import { CAN_STORE, type Func, type Inst, Op, opFlags, SIDE_EFFECTS } from '@k23/ir'
import { checkWitnesses, compileRules, referenceEngine, uncovered } from '@k23/rules/compiler'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { load, type Loaded } from './compile.ts'
import { TestContext } from './context.ts'
import { functions } from './random-function.ts'
import { rules } from './riscv-like.ts'

const pure = (op: number): boolean => (opFlags[op] & (SIDE_EFFECTS | CAN_STORE)) === 0
const long = process.env.K23_LONG === '1'
let m: Loaded
beforeAll(async () => {
  m = await load('riscv-like', rules, '../riscv-like.ts')
})

interface Outcome {
  ok: boolean
  log: string[]
  result: number
  words: number[]
}
function outcome(
  lower: (cx: TestContext, i: Inst) => boolean,
  terms: Record<string, unknown>,
  f: Func,
  i: number,
  flags: number,
  sinking: boolean,
): Outcome {
  const cx = new TestContext(f)
  cx.analyse(pure)
  cx.features.set([flags & 1, (flags >> 1) << 1])
  cx.sinking = sinking
  cx.terms = terms as typeof cx.terms
  const ok = lower(cx, i as Inst)
  return { ok, log: cx.log, result: cx.result, words: Array.from(cx.handles.words.subarray(0, 4)) }
}

test('the list has no errors, and its overlaps are those on file', async () => {
  expect(m.compiled.errors).toEqual([])
  await expect(m.compiled.overlaps).toMatchFileSnapshot('riscv-like.overlaps.txt')
})

test('matcher and reference engine agree on random functions', () => {
  const engine = referenceEngine<TestContext>(rules)
  const ops = [
    ...new Set(m.compiled.stats.filter((s) => !s.name.startsWith('term_')).map((s) => s.name.slice('lower_'.length))),
  ].map((n) => Op[(n === 'return' ? 'return_' : n) as keyof typeof Op])
  const before = m.fired.slice()
  fc.assert(
    fc.property(functions([...ops, Op.ishl, Op.imul], 24), fc.nat(3), fc.boolean(), (f, flags, sinking) => {
      for (let i = 0; i < f.numInsts; i++) {
        const a = outcome(m.lower, m.terms, f, i, flags, sinking)
        const b = outcome(engine.lower, engine.terms, f, i, flags, sinking)
        expect(a).toEqual(b)
      }
    }),
    { numRuns: long ? 20_000 : 600 },
  )
  const fired = rules.filter((_, i) => m.fired[i] > before[i]).length
  expect(fired).toBeGreaterThan(rules.length * 0.6)
})

test('every rule has a witness that fires it, in matcher and engine alike', () => {
  const report = checkWitnesses(rules, (list) => m.compiled.instantiate(list))
  expect(report.failed).toEqual([])
  expect(report.fired.length + report.explained.length).toBe(rules.length)
  expect(report.explained).toEqual([])
})

test('outlining changes nothing', () => {
  const { instantiate, stats } = compileRules(rules, {
    rulesModule: '-',
    contextType: '-',
    contextModule: '-',
    generator: '-',
    outlineAbove: 300,
  })
  expect(stats.find((s) => s.name === 'lower_iadd')!.functions).toBeGreaterThan(2)
  expect(Math.max(...stats.map((s) => s.characters))).toBeLessThan(1500)
  const small = instantiate<TestContext>()
  fc.assert(
    fc.property(functions([Op.iadd, Op.ishl, Op.uextend, Op.load, Op.icmp, Op.brif], 12), fc.nat(3), (f, flags) => {
      for (let i = 0; i < f.numInsts; i++)
        expect(outcome(small.lower, small.terms, f, i, flags, true)).toEqual(
          outcome(m.lower, m.terms, f, i, flags, true),
        )
    }),
    { numRuns: 300 },
  )
})

describe('uncovered', () => {
  test('names pairs without a general rule, and says where special cases exist', () => {
    const gaps = uncovered(
      rules,
      (op, type) =>
        ['iadd', 'isub', 'iconst', 'imul', 'sextend', 'jump'].includes(op) &&
        ['i8', 'i64', 'i128', 'none'].includes(type),
    )
    expect(gaps.map((g) => `${g.op}.${g.type}${g.partly ? ' partly' : ''}`)).toEqual([
      'isub.i128',
      'imul.i8',
      'imul.i64',
      'imul.i128',
    ])
  })
  test('does not count rules that need a feature or a guard', () => {
    const without = rules.filter((r) => r.name !== 'add')
    const gaps = uncovered(without, (op, type) => op === 'iadd' && type === 'i64')
    expect(gaps).toEqual([{ op: 'iadd', type: 'i64', partly: true }])
  })
})
