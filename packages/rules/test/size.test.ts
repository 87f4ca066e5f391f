// The compiler at size: 1,000 synthetic rules over real opcodes.
import { CAN_STORE, type Inst, Op, opFlags, SIDE_EFFECTS } from '@k23/ir'
import { checkWitnesses, compileRules, referenceEngine } from '@k23/rules/compiler'
import type { Rule } from '@k23/rules'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { TestContext } from './context.ts'
import { functionOf, functions } from './random-function.ts'
import { syntheticRules } from './synthetic.ts'

const options = { rulesModule: '-', contextType: '-', contextModule: '-', generator: '-' }
const pure = (op: number): boolean => (opFlags[op] & (SIDE_EFFECTS | CAN_STORE)) === 0
let rules: Rule[]
/** Milliseconds. */
let took = 0
let compiled: ReturnType<typeof compileRules>

beforeAll(() => {
  // Random rules that earlier ones take entirely are dropped: what is left must compile without errors.
  const all = syntheticRules(1200)
  const dead = new Set(compileRules(all, options).errors.map((e) => e.rule))
  rules = all.filter((_, i) => !dead.has(i)).slice(-1000)
  const start = performance.now()
  compiled = compileRules(rules, options)
  took = performance.now() - start
})

test('1,000 rules compile within seconds, without errors, to functions that V8 can optimize', () => {
  expect(rules.length).toBe(1000)
  expect(took).toBeLessThan(5000)
  expect(compiled.errors).toEqual([])
  expect(Math.max(...compiled.stats.map((s) => s.characters))).toBeLessThan(57_000)
})

test('a root with too many rules for one function is outlined', () => {
  const parts = compileRules(rules, { ...options, outlineAbove: 4000 }).stats
  expect(Math.max(...parts.map((s) => s.characters))).toBeLessThan(9000)
  expect(parts.some((s) => s.functions > 3)).toBe(true)
})

test('each rule has a witness that fires it or an earlier one that overlaps', () => {
  const report = checkWitnesses(rules, (list) => compiled.instantiate(list))
  expect(report.failed).toEqual([])
  expect(report.fired.length).toBeGreaterThan(950)
})

test('matcher and reference engine agree on random functions', () => {
  const m = compiled.instantiate<TestContext>()
  const engine = referenceEngine<TestContext>(rules)
  fc.assert(
    fc.property(
      functions(
        [Op.iadd, Op.isub, Op.band, Op.bor, Op.clz, Op.bnot, Op.ishl, Op.uextend, Op.icmp, Op.load, Op.ineg, Op.imul],
        10,
      ),
      fc.nat(4095),
      (f, flags) => {
        const run = (lower: (cx: TestContext, i: Inst) => boolean, i: number): unknown => {
          const cx = new TestContext(f)
          cx.analyse(pure)
          cx.features[0] = flags
          return [lower(cx, i as Inst), cx.log]
        }
        for (let i = 0; i < f.numInsts; i++) expect(run(m.lower, i)).toEqual(run(engine.lower, i))
      },
    ),
    { numRuns: process.env.K23_LONG === '1' ? 3000 : 60 },
  )
})

test('matching allocates nothing', () => {
  const m = compiled.instantiate<TestContext>()
  const f = functionOf([Op.iadd, Op.isub, Op.band, Op.bor, Op.clz, Op.ishl, Op.load], 400, 7)
  const cx = new TestContext(f)
  cx.analyse(pure)
  cx.record = false
  const round = (): void => {
    for (let i = 0; i < f.numInsts; i++) m.roots[f.op[i]](cx, i as Inst)
  }
  const heapGrowth = (rounds: number): number => {
    const before = process.memoryUsage().heapUsed
    for (let n = 0; n < rounds; n++) round()
    return process.memoryUsage().heapUsed - before
  }
  const rounds = Math.ceil(200_000 / f.numInsts)
  for (let n = 0; n < 5; n++) heapGrowth(rounds)
  // 200,000 matches: one object of 16 bytes each would be 3.2 MB. A collection in between makes the difference negative: take the median.
  const growth = Array.from({ length: 5 }, () => heapGrowth(rounds)).sort((a, b) => a - b)
  expect(cx.emitted).toBeGreaterThan(100_000)
  expect(growth[2]).toBeLessThan(200_000)
})
