import { expect, test } from 'vitest'
import {
  comparisonHolds,
  formatRunCommand,
  ParseError,
  parseFile,
  parseRunCommand,
  type RunCommand,
} from '../src/text/index.ts'
import { signature, type Signature } from '../src/signature.ts'
import { F32, I8, I32, I64, vectorOf } from '../src/types.ts'
import { dataFiles, hasData } from './text-data.ts'

const functions = new Map<string, Signature>([
  ['f', signature([I32, F32], [I32])],
  ['two', signature([], [I32, I64])],
  ['v', signature([vectorOf(I32, 4)], [vectorOf(I32, 4)])],
  ['none', signature([I8], [])],
])
const parse = (text: string): RunCommand | undefined =>
  parseRunCommand(text, functions.get(/%(\w+)/.exec(text)?.[1] ?? '') ?? signature([], []), 7)

// biome-ignore format: table
test.each([
  ['run',                                'run'],
  ['run: %f(1, 0x1.8) == 0x10',          'run: %f(1, 0x1.800000p0) == 16'],
  ['run: %f(-1, +NaN:0x1) != -3',        'run: %f(-1, +NaN:0x1) != -3'],
  ['run: %two() == [1, -2]',             'run: %two() == [1, -2]'],
  ['run: %v([1 2 3 4]) == 0x01',         'run: %v([1 2 3 4]) == [1 0 0 0]'],
  ['print: %none(5)',                    'print: %none(5)'],
  ['traps: %f(-1, 0.0) user250',         'traps: %f(-1, 0.0) user250'],
  ['traps: %two() int_divz',             'traps: %two() int_divz'],
])('%s', (text, printed) => {
  const command = parse(text)
  expect(command).toBeDefined()
  expect(formatRunCommand(command!)).toBe(printed)
  expect(formatRunCommand(parse(printed)!)).toBe(printed)
})

test.each(['runs fast', 'check: run', '', 'note: run: %f(1)'])('"%s" is no run command', (text) => {
  expect(parse(text)).toBeUndefined()
})

// biome-ignore format: table
test.each([
  ['run: g() == 1',             6, 'expected the function to call, such as %f, found `g`'],
  ['run: %f(1) == 1',           10, '%f has 2 parameters, 1 arguments are given'],
  ['run: %two(1) == [1, 2]',    11, '%two has 0 parameters, more arguments are given'],
  ['run: %f(1, 0.0)',           16, 'expected `==` or `!=`, found the end of the text'],
  ['run: %two() == 1',          16, 'expected `[` and the 2 results of %two'],
  ['run: %f(1, 0.0) == 1 2',    22, 'expected the end of the command'],
  ['traps: %two()',             14, 'expected a trap code, such as int_divz or user1, found the end of the text'],
  ['traps: %two() divz',        15, 'expected a trap code, such as int_divz or user1, found `divz`'],
  ['traps: %two() user251',     15, 'expected a trap code, such as int_divz or user1, found `user251`'],
  ['traps: %two() user1, user2', 20, 'expected the end of the command'],
  ['run: %f(0x1_0000_0000, 0.0) == 1', 9, 'does not fit in i32'],
])('%s is malformed', (text, column, message) => {
  let error: unknown
  try {
    parse(text)
  } catch (e) {
    error = e
  }
  expect(error).toBeInstanceOf(ParseError)
  expect((error as ParseError).message).toContain(message)
  expect([(error as ParseError).line, (error as ParseError).column]).toEqual([7, column])
})

test('results are compared bit by bit', () => {
  const same = parse('run: %two() == [1, -2]')!
  const other = parse('run: %two() != [1, -2]')!
  if (same.kind !== 'compare') throw new Error('kind')
  const results = same.expected
  expect(comparisonHolds(same, results)).toBe(true)
  expect(comparisonHolds(other, results)).toBe(false)
  const changed = [results[0], { type: I64, bits: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80) }]
  expect(comparisonHolds(same, changed)).toBe(false)
  expect(comparisonHolds(other, changed)).toBe(true)
  expect(comparisonHolds(same, results.slice(0, 1))).toBe(false)
  expect(comparisonHolds({ kind: 'nonzero' }, [{ type: I8, bits: Uint8Array.of(0) }])).toBe(false)
  expect(comparisonHolds({ kind: 'nonzero' }, [{ type: I8, bits: Uint8Array.of(2) }])).toBe(true)
  expect(comparisonHolds(parse('traps: %two() user1')!, results)).toBe(false)
})

test.skipIf(!hasData)('every run line of the data parses, and reads back', () => {
  let count = 0
  for (const { name, text } of dataFiles()) {
    const file = parseFile(text)
    for (const f of file.functions) {
      for (const c of f.comments) {
        const command = parseRunCommand(c.text, f.func.signature, c.line)
        if (command === undefined) continue
        count++
        const again = parseRunCommand(formatRunCommand(command), f.func.signature)
        expect(again, `${name}:${c.line}`).toEqual(command)
      }
    }
  }
  expect(count).toBe(10_344)
})
