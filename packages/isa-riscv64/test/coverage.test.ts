// docs/coverage.md says what the back end does today.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COVERAGE_FILE, coverage } from '../coverage.ts'

test('docs/coverage.md is what `node packages/isa-riscv64/coverage.ts` makes', () => {
  expect(readFileSync(COVERAGE_FILE, 'utf8')).toBe(coverage())
})
