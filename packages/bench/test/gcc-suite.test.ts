// The comparison with gcc runs, its results are checked by the suite itself, and its counts repeat.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { gccSuite } from '../src/gcc-suite.ts'

test.skipIf(spawnSync('riscv64-linux-gnu-gcc', ['--version']).status !== 0)('kernels against gcc', () => {
  const rows = gccSuite()
  expect(rows.map((r) => r.kernel)).toEqual(['sum', 'fnv', 'fib', 'gcds', 'sieve', 'dot'])
  for (const r of rows) {
    expect(r.gccBytes).toBeGreaterThan(0)
    expect(r.gccInstructions).toBeGreaterThan(1000)
    // no better than gcc by accident of the measurement, no worse than three times
    expect(r.instructions / r.gccInstructions).toBeGreaterThan(0.5)
    expect(r.instructions / r.gccInstructions).toBeLessThan(3)
    expect(r.bytes).toBeLessThan(2 * r.gccBytes)
  }
  expect(gccSuite()).toEqual(rows)
})
