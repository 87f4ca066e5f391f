// node packages/rules/bench/matching.ts: time per match of 1,000 synthetic rules, warm and cold, with an emitter that does nothing.
import { CAN_STORE, Op, opFlags, SIDE_EFFECTS, type Inst } from '@k23/ir'
import { compileRules } from '@k23/rules/compiler'
import { TestContext } from '../test/context.ts'
import { functionOf } from '../test/random-function.ts'
import { syntheticRules } from '../test/synthetic.ts'

const options = { rulesModule: '-', contextType: '-', contextModule: '-', generator: '-' }
const all = syntheticRules(1200)
const dead = new Set(compileRules(all, options).errors.map((e) => e.rule))
const rules = all.filter((_, i) => !dead.has(i)).slice(-1000)
const start = performance.now()
const compiled = compileRules(rules, options)
console.log(
  `compiled ${rules.length} rules in ${(performance.now() - start).toFixed(0)} ms: ${compiled.source.length >> 10} KB of source`,
)
console.log(
  compiled.stats
    .toSorted((a, b) => b.characters - a.characters)
    .slice(0, 3)
    .map((s) => `${s.name}: ${s.rows} rows, ${s.characters >> 10} KB, ${s.functions} functions`)
    .join('\n'),
)

const ops = [
  Op.iadd,
  Op.isub,
  Op.band,
  Op.bor,
  Op.bxor,
  Op.imul,
  Op.ishl,
  Op.ushr,
  Op.clz,
  Op.popcnt,
  Op.uextend,
  Op.load,
]
const f = functionOf(ops, 5000, 5)
const cx = new TestContext(f)
cx.analyse((op) => (opFlags[op] & (SIDE_EFFECTS | CAN_STORE)) === 0)
cx.record = false
cx.features[0] = 0x555
const m = compiled.instantiate<TestContext>()
let matched = 0
const round = (): void => {
  for (let i = 0; i < f.numInsts; i++) if (m.roots[f.op[i]](cx, i as Inst)) matched++
}
const time = (rounds: number): number => {
  const from = performance.now()
  for (let n = 0; n < rounds; n++) round()
  return ((performance.now() - from) * 1e6) / (rounds * f.numInsts)
}
console.log(`first ${f.numInsts}: ${time(1).toFixed(0)} ns per instruction`)
console.log(`next 100,000: ${time(100_000 / f.numInsts).toFixed(0)} ns per instruction`)
for (let n = 0; n < 10; n++) time(1_000_000 / f.numInsts)
const samples = Array.from({ length: 5 }, () => time(1_000_000 / f.numInsts)).sort((a, b) => a - b)
matched = 0
round()
console.log(`warm: ${samples[2].toFixed(1)} ns per instruction; ${((100 * matched) / f.numInsts).toFixed(0)} % matched`)
