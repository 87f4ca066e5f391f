// docs/coverage.md says what the back end does today.
import { readFileSync } from 'node:fs'
import { NUM_OPCODES, opName } from '@k23/ir'
import { expect, test } from 'vitest'
import { COVERAGE_FILE, coverage } from '../coverage.ts'

const table = coverage()

test('docs/coverage.md is what `node packages/isa-x64/coverage.ts` makes', () => {
  expect(readFileSync(COVERAGE_FILE, 'utf8')).toBe(table)
})

test('every opcode has a row', () => {
  const rows = new Set([...table.matchAll(/^\| `(\w+)` \|/gm)].map((m) => m[1]))
  expect(opName.slice(1, NUM_OPCODES).filter((name) => !rows.has(name))).toEqual([])
})

test('what is refused says what would mend it', () => {
  const reasons = [...table.matchAll(/^\[\^\d+\]: (.*)$/gm)].map((m) => m[1])
  expect(reasons).toEqual(['it needs has_cmpxchg16b'])
})
