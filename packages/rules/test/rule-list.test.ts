// What ruleProblems finds: each kind of fault, put into a list that has none.
import type { Rule } from '@k23/rules'
import { compileRules, ruleGaps, ruleProblems } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rules } from './riscv-like.ts'

function problems(list: readonly Rule[], change: (overlaps: string) => string = (x) => x): string[] {
  const compiled = compileRules(list, {
    rulesModule: '../riscv-like.ts',
    contextType: 'TestContext',
    contextModule: '../context.ts',
    generator: 'a test',
  })
  return ruleProblems(list, compiled, change(compiled.overlaps))
}

test('a list without faults has no problems', () => {
  expect(problems(rules)).toEqual([])
})

test('a stale overlaps.txt', () => {
  expect(problems(rules, (x) => `${x}\n`)).toEqual(['overlaps.txt is not that of these rules: pnpm generate'])
})

test('a name that stands twice', () => {
  const renamed = rules.map((r, i) => (i === 1 ? { ...r, name: rules[0].name } : r))
  expect(problems(renamed).join('\n')).toContain(`the name ${rules[0].name} stands twice`)
})

test('what a list does not take', () => {
  const all = ruleGaps([], new Set(), 'scalars')
  expect(all.some((line) => line.startsWith('iadd ') && line.includes('i64'))).toBe(true)
  expect(ruleGaps([], new Set(['iadd']), 'scalars')).toEqual(all.filter((line) => !line.startsWith('iadd ')))
  expect(ruleGaps(rules, new Set(), 'scalars').length).toBeLessThan(all.length)
})
