import { expect, test } from 'vitest'
import {
  type Block,
  canTrap,
  cloneInst,
  forEachUse,
  hasSideEffect,
  type Inst,
  isPure,
  Op,
  parseFunction,
  replaceUses,
  type Value,
  verify,
} from '../src/index.ts'

const parse = () =>
  parseFunction(`function %f(i32, i64) -> i32 tail {
    sig0 = (i32) -> i32 tail
    fn0 = %g sig0
block0(v0: i32, v1: i64):
    v2 = load.i32 notrap v1
    v3 = load.i32 v1
    v4 = iadd v2, v0
    br_table v0, block1(v0), [block1(v4), block2]
block1(v5: i32):
    return v5
block2:
    try_call fn0(v0), sig0, block1(ret0), [ context v1, default: block1(v0) ]
}`)

const find = (f: ReturnType<typeof parse>, op: number): Inst => f.op.indexOf(op) as Inst
const uses = (f: ReturnType<typeof parse>, inst: Inst): number[] => {
  const out: number[] = []
  forEachUse(f, inst, (v) => out.push(v))
  return out
}

test('uses are found in arguments, branch targets and exception tables', () => {
  const f = parse()
  expect(uses(f, find(f, Op.iadd))).toEqual([2, 0])
  expect(uses(f, find(f, Op.br_table))).toEqual([0, 0, 4])
  expect(uses(f, find(f, Op.try_call))).toEqual([0, 0, 1])
})

test('replacing a value reaches all of them', () => {
  const f = parse()
  replaceUses(f, 0 as Value, 2 as Value)
  expect(uses(f, find(f, Op.br_table))).toEqual([2, 2, 4])
  expect(uses(f, find(f, Op.try_call))).toEqual([2, 2, 1])
  expect(verify(f)).toEqual([])
})

test('a copy shares nothing that can be changed', () => {
  for (const op of [Op.br_table, Op.try_call, Op.iadd]) {
    const f = parse()
    const inst = find(f, op)
    const before = uses(f, inst)
    const copy = cloneInst(f, inst)
    expect(uses(f, copy)).toEqual(before)
    f.appendInst(copy, f.makeBlock())
    f.appendBlock(f.instBlock[copy] as Block)
    replaceUses(f, 0 as Value, 2 as Value)
    f.removeInst(inst)
    const again = parse()
    expect(uses(again, inst)).toEqual(before)
    expect(uses(f, copy)).toEqual(before.map((v) => (v === 0 ? 2 : v)))
    expect(f.numResults(copy)).toBe(again.numResults(inst))
  }
})

test('what an instruction may do depends on its flags', () => {
  const f = parse()
  const [quiet, loud] = [find(f, Op.load), (find(f, Op.load) + 1) as Inst]
  expect([canTrap(f, quiet), canTrap(f, loud)]).toEqual([false, true])
  expect([hasSideEffect(f, quiet), hasSideEffect(f, loud)]).toEqual([false, true])
  expect([isPure(f, quiet), isPure(f, find(f, Op.iadd))]).toEqual([false, true])
})
