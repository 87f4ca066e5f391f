// The fast path of floating-point operations against the software one, and both against the host where the host is exact.
import { describe, expect, test } from 'vitest'
import { FLOAT_OPS, type FloatFormat, float, floatCode, raised, resultHi, resultLo } from '../src/float/operations.ts'
import * as soft from '../src/float/soft.ts'
import { compiledRows, Random, randomFloat } from './states.ts'

const COUNT = process.env.K23_LONG === '1' ? 200_000 : 2_000

const ofFormat = (format: FloatFormat): (typeof compiledRows)[number] => {
  const row = compiledRows.find((r) => r.id === `fadd_${format}`)
  if (row === undefined) throw new Error(format)
  return row
}
const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))

describe('fast path', () => {
  for (const format of ['s', 'd'] as const) {
    for (const op of FLOAT_OPS) {
      if (op === 'fma' || op === `to_${format}`) continue
      test(`${op} ${format}`, () => {
        const random = new Random(floatCode(op, format) + 77)
        const row = ofFormat(format)
        const code = floatCode(op, format)
        for (let i = 0; i < COUNT; i++) {
          const a = randomFloat(random, row)
          const b = random.below(6) === 0 ? a : randomFloat(random, row)
          const mode = random.pick([0, 0, 0, 1, 2, 3, 4])
          const accrued = random.below(2)
          float(code, mode, -1, low(a), high(a), low(b), high(b), 0, 0)
          const exact = [resultLo, resultHi, raised | accrued]
          float(code, mode, accrued, low(a), high(a), low(b), high(b), 0, 0)
          const at = `${op}.${format} ${a.toString(16)} ${b.toString(16)} mode ${mode}`
          expect([at, resultLo, resultHi, raised | accrued]).toEqual([at, ...exact])
        }
      })
    }
  }
})

test('software arithmetic to nearest is the host arithmetic, bit by bit', () => {
  const view = new DataView(new ArrayBuffer(8))
  const random = new Random(5)
  const row = ofFormat('d')
  const number = (bits: bigint): number => {
    view.setBigUint64(0, bits)
    return view.getFloat64(0)
  }
  const operations = [
    [soft.add, (a: number, b: number) => a + b],
    [soft.mul, (a: number, b: number) => a * b],
    [soft.div, (a: number, b: number) => a / b],
    [(f: soft.Format, a: bigint, _b: bigint, mode: number) => soft.sqrt(f, a, mode), (a: number) => Math.sqrt(a)],
  ] as const
  for (let i = 0; i < COUNT; i++) {
    const a = randomFloat(random, row)
    const b = randomFloat(random, row)
    for (const [ours, host] of operations) {
      const expected = host(number(a), number(b))
      const result = number(ours(soft.DOUBLE, a, b, soft.NEAREST_EVEN))
      expect(Object.is(result, expected) || `${result} for ${expected}`).toBe(true)
    }
  }
})

test('tininess is detected after rounding', () => {
  const view = new DataView(new ArrayBuffer(8))
  const toSingle = (x: number, mode: number): [bigint, number] => {
    view.setFloat64(0, x)
    soft.clearFlags()
    return [soft.convert(soft.DOUBLE, soft.SINGLE, view.getBigUint64(0), mode), soft.flags]
  }
  // Rounded to 24 digits with any exponent, the first becomes 2^-126 and is not tiny; the second stays below; both give the least normal number.
  expect(toSingle(2 ** -126 - 2 ** -152, soft.NEAREST_EVEN)).toEqual([0x00800000n, soft.INEXACT])
  expect(toSingle(2 ** -126 - 2 ** -150, soft.NEAREST_EVEN)).toEqual([0x00800000n, soft.INEXACT | soft.UNDERFLOW])
  expect(toSingle(2 ** -126 - 2 ** -149, soft.NEAREST_EVEN)).toEqual([0x007fffffn, 0])
  expect(toSingle(2 ** -126 - 2 ** -152, soft.TOWARDS_ZERO)).toEqual([0x007fffffn, soft.INEXACT | soft.UNDERFLOW])
})
