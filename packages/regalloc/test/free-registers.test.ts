import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FreeRegisters } from '../src/backtracking/free-registers.ts'

test('queries agree with a table of points, whatever was there before', () => {
  const free = new FreeRegisters()
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.infiniteStream(fc.nat(0xffff)), (size, noise) => {
      const next = (n: number): number => noise.next().value % n
      free.reset(size)
      const model = new Int32Array(size)
      const held: { bit: number; from: number; to: number }[] = []
      for (let k = 0; k < 60; k++) {
        const from = next(size)
        const to = Math.min(size, from + 1 + (next(3) === 0 ? next(size) : next(40)))
        let expected = 0
        for (let p = from; p < to; p++) expected |= model[p]
        expect(free.taken(from, to, -1)).toBe(expected)
        const enough = 1 << next(32)
        expect(free.taken(from, to, enough) & enough).toBe(expected & enough)
        const bit = 1 << next(32)
        if ((expected & bit) === 0) {
          free.take(bit, from, to)
          for (let p = from; p < to; p++) model[p] |= bit
          held.push({ bit, from, to })
        }
        if (held.length > 0 && next(3) === 0) {
          const [gone] = held.splice(next(held.length), 1)
          free.release(gone.bit, gone.from, gone.to)
          for (let p = gone.from; p < gone.to; p++) model[p] &= ~gone.bit
        }
      }
    }),
    { numRuns: 100 },
  )
})
