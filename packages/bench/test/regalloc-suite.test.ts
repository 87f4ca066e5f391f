import { expect, test } from 'vitest'
import { regallocSuite } from '../src/regalloc-suite.ts'

test('on the zip.js module backtracking executes at least three times fewer spills and reloads than single_pass', () => {
  const { rows } = regallocSuite({ compile: { target: 'riscv64' }, runs: 1, only: 'zip.js', textBytes: 2000 })
  const [single, backtracking] = rows.map((r) => {
    const { executed } = r
    if (executed === undefined) throw new Error('the module was not run')
    expect(r.allocMs).toBeGreaterThan(0)
    expect(r.allocMs).toBeLessThan(r.compileMs)
    return executed
  })
  expect(rows.map((r) => r.algorithm)).toEqual(['single_pass', 'backtracking'])
  expect(backtracking.spills + backtracking.reloads).toBeGreaterThan(0)
  expect(3 * (backtracking.spills + backtracking.reloads)).toBeLessThan(single.spills + single.reloads)
  // The program is the same but for branches around blocks that have no moves, and what is saved in prologues.
  expect(Math.abs(single.instructions / backtracking.instructions - 1)).toBeLessThan(0.1)
})
