import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { functionDifference, ParseError, parseFile, parseFunction, printFunction } from '../src/text/index.ts'
import { dataFiles, hasData } from './text-data.ts'

const runs = process.env.K23_LONG === '1' ? 100_000 : 3_000

const snippets = [
  'v0',
  'v7',
  'v99',
  'block1',
  'i32',
  '.i64',
  '->',
  '0x1.8p3',
  '-1',
  '0xffff_ffff_ffff_ffff',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '=',
  '<',
  '>',
  '@12',
  '"',
  '%',
  ';',
  '\n',
  '+NaN:0x1',
  'fn0',
  'sig0',
  'gv0',
  'ss1',
  'const0',
  'cold',
  'stack_map=[',
  'notrap',
  'region0',
  '\u2028',
  '\\',
  '9'.repeat(30),
]

/** One edit of a text: a place (as a fraction), how much to remove, what to insert. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(12),
  insert: fc.oneof(fc.constantFrom(...snippets), fc.string({ maxLength: 3 }), fc.constant('')),
})

describe.skipIf(!hasData)('damaged files', () => {
  const files = dataFiles().filter((f) => f.text.length < 6_000)

  test('parse, or throw a ParseError inside the text; what parses prints and reads back', () => {
    let parsed = 0
    fc.assert(
      fc.property(fc.nat(files.length - 1), fc.array(edit, { minLength: 1, maxLength: 4 }), (which, edits) => {
        let text = files[which].text
        for (const { at, remove, insert } of edits) {
          const p = Math.floor(at * text.length)
          text = text.slice(0, p) + insert + text.slice(p + remove)
        }
        let functions: ReturnType<typeof parseFile>['functions']
        try {
          functions = parseFile(text).functions
        } catch (e) {
          if (!(e instanceof ParseError)) throw e
          const lines = text.split('\n')
          expect(e.line).toBeGreaterThanOrEqual(1)
          expect(e.line).toBeLessThanOrEqual(lines.length)
          expect(e.column).toBeGreaterThanOrEqual(1)
          expect(e.column).toBeLessThanOrEqual(lines[e.line - 1].length + 1)
          return
        }
        parsed++
        for (const { func } of functions) {
          const printed = printFunction(func)
          expect(functionDifference(func, parseFunction(printed))).toBeUndefined()
        }
      }),
      { numRuns: runs },
    )
    expect(parsed).toBeGreaterThan(runs / 20)
  })
})

test('any text at all: a ParseError and nothing else', () => {
  const piece = fc.oneof(
    fc.constantFrom(...snippets, 'function %f() {\n', 'block0:\n', 'iadd ', 'return\n', 'call '),
    fc.string({ unit: 'binary', maxLength: 4 }),
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
      try {
        parseFile(`function %f(i32) {\n${pieces.join(' ')}`)
      } catch (e) {
        if (!(e instanceof ParseError)) throw e
      }
    }),
    { numRuns: runs },
  )
})
