import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BranchKind, CodeBuffer } from '@k23/machinst'

// A toy branch: 2 bytes reach 100, 4 bytes reach 1000, 6 bytes reach everything.
const kinds: readonly BranchKind[] = [{ name: 'toy', reach: [100, 1000, Number.POSITIVE_INFINITY], bytes: [2, 4, 6] }]
const REACH = [100, 1000, Number.POSITIVE_INFINITY]

interface Item {
  readonly kind: 'pad' | 'branch' | 'label'
  readonly n: number
}

/** Emits the items; returns for each branch its level, offset and label. */
function emit(b: CodeBuffer, items: readonly Item[], labels: number): { level: number; at: number; label: number }[] {
  b.newLabels(labels)
  const branches: { level: number; at: number; label: number }[] = []
  let next = 0
  for (const item of items) {
    if (item.kind === 'label') {
      if (next < labels) b.bind(next++)
    } else if (item.kind === 'pad') for (let i = 0; i < item.n; i++) b.put8(0)
    else {
      const label = item.n % labels
      const at = b.offset
      const level = b.site(0, label)
      for (let i = 0; i < kinds[0].bytes[level]; i++) b.put8(1)
      branches.push({ level, at, label })
    }
  }
  while (next < labels) b.bind(next++)
  return branches
}

const itemArb: fc.Arbitrary<Item> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pad' as const), n: fc.nat(300) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('branch' as const), n: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('label' as const), n: fc.constant(0) }) },
)

test('after relaxation every branch reaches, and branches within every reach stay short', () => {
  fc.assert(
    fc.property(fc.array(itemArb, { maxLength: 80 }), fc.integer({ min: 1, max: 8 }), (items, labels) => {
      const b = new CodeBuffer('toy', kinds)
      let branches = emit(b, items, labels)
      const shortest = branches.map((x) => Math.abs(b.labelAt.get(x.label) - x.at))
      let rounds = 0
      while (b.relax()) {
        b.clear()
        branches = emit(b, items, labels)
        expect(++rounds).toBeLessThan(3)
      }
      branches.forEach((x, i) => {
        const distance = Math.abs(b.labelAt.get(x.label) - x.at)
        expect(distance).toBeLessThanOrEqual(REACH[x.level])
        // Nothing is widened that is near even if all else grows to its widest.
        if (shortest[i] + branches.length * 4 + 64 <= REACH[0]) expect(x.level).toBe(0)
      })
    }),
    { numRuns: 300 },
  )
})

test('a label that is branched to and never bound is our bug', () => {
  const b = new CodeBuffer('toy', kinds)
  b.newLabels(1)
  b.site(0, 0)
  expect(() => b.relax()).toThrow(/never bound/)
})

test('constants are shared', () => {
  const b = new CodeBuffer('toy', kinds)
  const k = Uint8Array.of(1, 2, 3, 4)
  expect(b.constant(k)).toBe(b.constant(k.slice()))
  expect(b.constant(Uint8Array.of(1, 2, 3, 5))).not.toBe(b.constant(k))
})

test('a source location is noted once where it does not change, and the last one wins at one offset', () => {
  const b = new CodeBuffer('toy', kinds)
  b.srcloc(1)
  b.srcloc(2)
  b.put8(0)
  b.srcloc(2)
  b.put8(0)
  b.srcloc(3)
  expect([...b.srclocs.view()]).toEqual([0, 2, 2, 3])
})
