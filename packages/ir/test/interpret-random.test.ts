// Random functions verify, print, parse back, and compute the same before and after.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  F64,
  type Func,
  I32,
  I64,
  parseDataValue,
  dataValue,
  parseFunction,
  printFunction,
  verify,
} from '../src/index.ts'
import { createInterpreter, type Outcome } from '../src/interpreter/index.ts'
import { Entropy } from './entropy.ts'
import { randomFunction } from './random-function.ts'

/** Back edges of random functions have no bound of their own. */
const FUEL = 1_000

const CALLS = [
  [dataValue(I32, 0), dataValue(I64, 0), parseDataValue('0.0', F64)],
  [dataValue(I32, -1), dataValue(I64, 0x1_0000_0007), parseDataValue('-0x1.8p1', F64)],
  [dataValue(I32, 0x8000_0000), dataValue(I64, -1), parseDataValue('+NaN', F64)],
]

function outcomes(func: Func): { outcomes: Outcome[]; executed: number } {
  const interpreter = createInterpreter([func], { fuel: FUEL })
  return { outcomes: CALLS.map((args) => interpreter.invoke('random', args)), executed: interpreter.executed }
}

test('random functions compute the same after printing and parsing', () => {
  const count = { results: 0, traps: 0, open: 0 }
  const entropy = fc.array(fc.nat(1 << 24), { minLength: 20, maxLength: 300, size: 'max' })
  fc.assert(
    fc.property(entropy, (data) => {
      const func = randomFunction(new Entropy(data))
      expect(verify(func, { pointerType: I64 })).toEqual([])
      const back = parseFunction(printFunction(func))
      expect(verify(back, { pointerType: I64 })).toEqual([])
      const before = outcomes(func)
      expect(outcomes(back)).toEqual(before)
      for (const o of before.outcomes) count['results' in o ? 'results' : 'trap' in o ? 'traps' : 'open']++
    }),
    { numRuns: process.env.K23_LONG === '1' ? 10_000 : 150 },
  )
  // Not all of them trap at once, or run into what CLIF leaves open.
  expect(count.results).toBeGreaterThan(20)
  expect(count.traps).toBeGreaterThan(20)
})
