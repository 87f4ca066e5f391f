import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Occupancy } from '../src/backtracking/occupancy.ts'
import { Tables } from '../src/backtracking/tables.ts'
import { env } from '../bench/allocate.ts'
import { programInput } from '../src/index.ts'

const input = programInput({ classes: [0], blocks: [{ params: [], insts: [{ operands: [] }], succs: [] }] })

test('insertions and removals agree with a sorted list', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray(Array.from({ length: 400 }, (_, k) => k)),
      fc.infiniteStream(fc.nat(1000)),
      (starts, noise) => {
        const t = new Tables(input, env)
        const occupancy = new Occupancy(t)
        let present: number[] = []
        for (const s of starts) {
          const range = t.newRange(10 * s, 10 * s + 4, 0, -1, -1, -1)
          occupancy.insert(range)
          present.push(range)
          if (noise.next().value % 3 === 0) {
            const gone = present[noise.next().value % present.length]
            occupancy.remove(gone)
            present = present.filter((r) => r !== gone)
          }
        }
        const sorted = present.map((r) => t.ranges[r]).sort((a, b) => a - b)
        const seen: number[] = []
        for (let c = occupancy.seek(-1); c >= 0; c = occupancy.next(c)) seen.push(t.ranges[occupancy.at(c)])
        expect(seen).toEqual(sorted)
        for (let k = 0; k < 20; k++) {
          const point = noise.next().value * 4
          const c = occupancy.seek(point)
          expect(c < 0 ? undefined : t.ranges[occupancy.at(c)]).toBe(sorted.find((from) => from + 4 > point))
        }
      },
    ),
    { numRuns: 100 },
  )
})
