import { F64, I32, I64 } from '@k23/frontend-wasm/runtime-abi'
import { describe, expect, test } from 'vitest'
import { createProgram, runOptionsFirst } from '../src/program.ts'
import { parseArguments, resultText } from '../src/values.ts'

describe('run: options may stand on both sides of FILE, and what follows is the program’s', () => {
  const program = createProgram('0')
  test.each([
    ['run f.wasm --invoke add 1 -2', 'run --invoke add f.wasm 1 -2'],
    ['run --invoke add f.wasm 1 -2', 'run --invoke add f.wasm 1 -2'],
    ['run f.wasm --json -c x', 'run --json f.wasm -c x'],
    ['run f.wasm a --json', 'run f.wasm a --json'],
    ['run f.wasm -- --json', 'run f.wasm --json'],
    ['run --target=riscv64 f.wasm --set a=1 --set b x', 'run --target=riscv64 --set a=1 --set b f.wasm x'],
    ['run --nonsense f.wasm', 'run --nonsense f.wasm'],
    ['test f.clif --json', 'test f.clif --json'],
  ])('%s', (given, expected) => {
    expect(runOptionsFirst(program, given.split(' ')).join(' ')).toBe(expected)
  })
})

describe('values', () => {
  const type = { params: [I32, I64, F64], results: [] }

  test('arguments by type', () => {
    expect(parseArguments('f', type, ['-1', '0xffff_ffff_ffff_ffff', '-2.5e3'])).toEqual([-1, -1n, -2500])
    expect(parseArguments('f', type, ['4294967295', '-9223372036854775808', '-inf'])).toEqual([
      -1,
      -(2n ** 63n),
      Number.NEGATIVE_INFINITY,
    ])
    expect(parseArguments('f', type, ['0', '0', 'nan'])).toEqual([0, 0n, Number.NaN])
  })

  test.each([
    [['1.5', '0', '0'], /argument 1 is "1.5", expected an integer of 32 bits/],
    [['4294967296', '0', '0'], /argument 1/],
    [['-2147483649', '0', '0'], /argument 1/],
    [['0', '18446744073709551616', '0'], /argument 2/],
    [['0', '', '0'], /argument 2/],
    [['0', '0', ' '], /argument 3/],
    [['0', '0', 'NaN'], /argument 3/],
    [['0'], /f takes 3 arguments \(i32, i64, f64\), found 1/],
  ])('refused: %j', (texts, message) => {
    expect(() => parseArguments('f', type, texts)).toThrow(message)
  })

  test('results', () => {
    expect([resultText(I32, -1), resultText(I64, -1n), resultText(F64, -0), resultText(F64, Number.NaN)]).toEqual([
      '-1',
      '-1',
      '-0',
      'nan',
    ])
  })
})
