import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readRow } from '../generate/notation.ts'
import { referencePage } from '../generate/page.ts'
import { FAMILIES, OPCODES } from '../src/opcodes/all.ts'

test('docs/clif.md is what the generator writes (node packages/ir/generate.ts refreshes it)', () => {
  const page = readFileSync(join(import.meta.dirname, '../docs/clif.md'), 'utf8')
  expect(page).toBe(
    referencePage(
      FAMILIES,
      OPCODES.map((row, i) => readRow(row, i + 1)),
    ),
  )
})

test('a row that is not well-formed is refused', () => {
  expect(() => readRow(['x', 'Unary', 'Nothing: t -> t', 0, 'v = x y', ''], 1)).toThrow('unknown type Nothing')
  expect(() => readRow(['x', 'Unary', 'Int: t -> t', 0, 'v = y x', ''], 1)).toThrow('text form is of another opcode')
  expect(() => readRow(['x', 'Unary', 'Int: t -> t, t', 0, 'v = x y', ''], 1)).toThrow('disagree on results')
})
