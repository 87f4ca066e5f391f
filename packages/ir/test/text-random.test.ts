import fc from 'fast-check'
import { expect, test } from 'vitest'
import { functionDifference, I64, parseFunction, printFunction, verify } from '../src/index.ts'
import { Entropy } from './entropy.ts'
import { randomFunction } from './random-function.ts'

test('random functions print, parse back, and still verify', () => {
  const entropy = fc.array(fc.nat(1 << 24), { minLength: 20, maxLength: 300, size: 'max' })
  fc.assert(
    fc.property(entropy, (data) => {
      const printed = printFunction(randomFunction(new Entropy(data)))
      const func = parseFunction(printed)
      // Printing shows everything but the numbers of instructions, which parsing gives in the order of the text.
      expect(printFunction(func)).toBe(printed)
      expect(functionDifference(func, parseFunction(printFunction(func)))).toBeUndefined()
      expect(verify(func, { pointerType: I64 })).toEqual([])
    }),
    { numRuns: process.env.K23_LONG === '1' ? 5_000 : 300 },
  )
})
