// What the build says about rule lists that are wrong.
import {
  anyFloat,
  anyInt,
  anyOf,
  at,
  brif,
  cc,
  comm,
  feature,
  fits32,
  fits64,
  i32,
  i64,
  iadd,
  iconst,
  icmp,
  imm12,
  inst,
  intRange,
  isub,
  k,
  lowering,
  not,
  type Rule,
  store,
  typed,
  uextend,
  uintRange,
  val,
  valOf,
  w32or64,
} from '@k23/rules'
import { compileRules } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import type { TestContext } from './context.ts'

const rule = lowering<TestContext>()
const zbb = feature('zbb', 1)
const none = (): number => 0
function odd(): boolean {
  return true
}

const errors = (...rules: Rule[]): string[] =>
  compileRules(rules, { rulesModule: '-', contextType: '-', contextModule: '-', generator: '-' }).errors.map(
    (e) => `${e.kind}: ${e.message.replaceAll(/\.test\.ts:\d+/g, '')}`,
  )
const kinds = (...rules: Rule[]): string[] => errors(...rules).map((e) => e.slice(0, e.indexOf(':')))

test('a contained rule: says which line to move above which', () => {
  const general = rule('add', fits64, [val, val], (x, y) => iadd(x, y), none)
  const special = rule('addi', fits64, [val, imm12], (x, n) => iadd(x, iconst(n)), none)
  const { errors } = compileRules([general, special], {
    rulesModule: '-',
    contextType: '-',
    contextModule: '-',
    generator: '-',
  })
  const lines = [general, special].map((r) => Number(r.at!.split(':')[1]))
  expect(errors).toEqual([
    {
      kind: 'contained',
      rule: 1,
      message: `rule "addi" (errors.test.ts:${lines[1]}) can never win: "add" (errors.test.ts:${lines[0]}) takes all that it matches; move line ${lines[1]} above line ${lines[0]}`,
    },
  ])
  expect(lines[1]).toBe(lines[0] + 1)
  expect(kinds(special, general)).toEqual([])
})

test('containment through every sort', () => {
  const wide = (n: number): Rule => rule(`w${n}`, fits64, [val, intRange(-n, n)], (x, c) => iadd(x, iconst(c)), none)
  expect(kinds(wide(100), wide(10))).toEqual(['contained'])
  expect(kinds(wide(10), wide(100))).toEqual([])
  const literal = rule('one', fits64, [val], (x) => iadd(x, iconst(1)), none)
  expect(kinds(wide(10), literal)).toEqual(['contained'])
  const even = rule('even', fits64, [val, intRange(-1000, 1000, 2)], (x, c) => iadd(x, iconst(c)), none)
  const fours = rule('fours', fits64, [val, intRange(-400, 400, 4)], (x, c) => iadd(x, iconst(c)), none)
  expect(kinds(even, fours)).toEqual(['contained'])
  const types = rule('types', w32or64, [val, val], (x, y) => iadd(x, y), none)
  const fewer = rule('fewer', i32, [val, val], (x, y) => iadd(x, y), none)
  expect(kinds(types, fewer)).toEqual(['contained'])
  const eqne = rule('eqne', i64, [cc('eq', 'ne'), val, val], (p, x, y) => icmp(p, x, y), none)
  const eq = rule('eq', i64, [val, val], (x, y) => icmp('eq', x, y), none)
  expect(kinds(eqne, eq)).toEqual(['contained'])
  const on = rule('on', i64, [val, val], (x, y) => isub(x, y), none, { has: [zbb] })
  const off = rule('off', i64, [val, val], (x, y) => isub(x, y), none, { has: [not(zbb)] })
  expect(kinds(on, off)).toEqual([])
  const plain = rule('plain', i64, [val, val], (x, y) => isub(x, y), none)
  expect(kinds(plain, on)).toEqual(['contained'])
  const twice = rule('twice', i64, [val], (x) => isub(x, x), none)
  expect(kinds(plain, twice)).toEqual(['contained'])
  expect(kinds(twice, plain)).toEqual([])
  const below = rule('below', i64, [val], (x) => uextend(typed(i32, x)), none)
  const cap = rule('cap', i64, [valOf(i32)], (x) => uextend(x), none)
  expect(kinds(below, cap)).toEqual(['duplicate'])
})

test('a guard never covers and may be covered', () => {
  const guarded = rule('guarded', i64, [val, val], (x, y) => isub(x, y), none, { where: odd })
  const plain = rule('plain', i64, [val, val], (x, y) => isub(x, y), none)
  expect(kinds(guarded, plain)).toEqual([])
  expect(errors(plain, guarded)).toEqual([expect.stringMatching(/^contained: rule "guarded"/)])
})

test('duplicates, equal names', () => {
  const a = rule('a', i64, [val, val], (x, y) => isub(x, y), none)
  const b = rule('b', i64, [val, val], (x, y) => isub(y, x), none)
  expect(errors(a, b)).toEqual([expect.stringMatching(/^duplicate: rule "b".*matches exactly what "a"/)])
  const c = rule('a', i64, [val, val], (x, y) => iadd(x, y), none)
  expect(kinds(a, c)).toEqual(['name'])
})

test('covered by several together: types, condition codes, features, ranges', () => {
  const narrow = rule('narrow', fits32, [val, val], (x, y) => iadd(x, y), none)
  const wide = rule('wide', i64, [val, val], (x, y) => iadd(x, y), none)
  const all = rule('all', fits64, [val, val], (x, y) => iadd(x, y), none)
  expect(errors(narrow, wide, all)).toEqual([expect.stringMatching(/^covered: rule "all".*"narrow".*"wide".*together/)])
  expect(
    kinds(
      narrow,
      rule('any', anyInt, [val, val], (x, y) => iadd(x, y), none),
    ),
  ).toEqual([])
  const on = rule('on', i64, [val, val], (x, y) => isub(x, y), none, { has: [zbb] })
  const off = rule('off', i64, [val, val], (x, y) => isub(x, y), none, { has: [not(zbb)] })
  expect(
    kinds(
      on,
      off,
      rule('plain', i64, [val, val], (x, y) => isub(x, y), none),
    ),
  ).toEqual(['covered'])
  const range = (name: string, a: number, b: number): Rule =>
    rule(name, i64, [val, intRange(a, b)], (x, n) => iadd(x, iconst(n)), none)
  expect(kinds(range('low', -100, 0), range('high', 1, 100), range('mid', -50, 50))).toEqual(['covered'])
  expect(kinds(range('low', -100, 0), range('high', 2, 100), range('mid', -50, 50))).toEqual([])
})

test('an alternative that the rule itself contains is no error', () => {
  expect(kinds(rule('add', i64, [val, val], (x, y) => comm(iadd)(x, y), none))).toEqual([])
})

test('patterns that cannot be', () => {
  expect(errors(rule('float', anyFloat, [val, val], (x, y) => iadd(x, y), none))).toEqual([
    expect.stringMatching(/types that its opcode may have/),
  ])
  expect(errors(rule('effects', i64, [val, val], (x, y) => iadd(store(x, y), x), none))).toEqual([
    expect.stringMatching(/cannot look through store/),
  ])
  expect(errors(rule('missing', i64, [val, val], (x, y) => anyOf(iadd(x, y), isub(x, x)), none))).toEqual([
    expect.stringMatching(/capture 2 is not in every alternative/),
  ])
  expect(errors(rule('code', i64, [val, val], (x, y) => icmp('less', x, y), none))).toEqual([
    expect.stringMatching(/no condition code less; there are eq ne/),
  ])
})

test('overlaps name the pair in list order', () => {
  const a = rule('a', i64, [val, imm12], (x, n) => comm(iadd)(x, iconst(n)), none)
  const b = rule('b', i64, [val, val, uintRange(1, 3)], (x, y, n) => iadd(x, isub(y, iconst(n))), none)
  const c = rule('c', i64, [val, val], (x, y) => iadd(x, y), none)
  const text = (...rules: Rule[]): string =>
    compileRules(rules, { rulesModule: '-', contextType: '-', contextModule: '-', generator: '-' }).overlaps
  expect(text(a, b, c)).toBe('iadd: a before b\n')
  expect(text(b, a, c)).toBe('iadd: b before a\n')
  expect(
    text(
      a,
      rule('d', i64, [inst, val], (i, x) => at(i, isub(x, x)), none),
    ),
  ).toBe('')
})

test('types of the surface are checked', () => {
  // @ts-expect-error a constant does not stand for a value
  rule('sorts', i64, [val, k], (x, c) => iadd(x, c), none)
  // @ts-expect-error a condition code does not stand for a constant
  rule('sorts2', i64, [cc()], (p) => iconst(p), none)
  const emit = (_c: TestContext, _t: number, n: string): number => n.length
  // @ts-expect-error the emitter's capture is a number
  rule('emits', i64, [imm12], (n) => iconst(n), emit)
  // @ts-expect-error brif has a condition
  rule('arity', i64, [], () => brif(), none)
})
