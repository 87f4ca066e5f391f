import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BitSet, Bug, bug, growI32, I32Vec, ListPool, popcount32, U8Vec } from '@k23/entity'

test('a bit set is a set of integers', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(300))), (ops) => {
      const bits = new BitSet()
      const model = new Set<number>()
      for (const [add, e] of ops) {
        if (add) {
          expect(bits.add(e)).toBe(!model.has(e))
          model.add(e)
        } else expect(bits.delete(e)).toBe(model.delete(e))
      }
      const seen: number[] = []
      bits.forEach((e) => seen.push(e))
      expect(seen).toEqual([...model].sort((a, b) => a - b))
      expect(bits.count()).toBe(model.size)
    }),
  )
})

test('union reports whether anything is new', () => {
  const a = new BitSet()
  const b = new BitSet()
  b.add(100)
  expect(a.union(b)).toBe(true)
  expect(a.union(b)).toBe(false)
  expect(a.has(100)).toBe(true)
})

test('popcount counts all words', () => {
  fc.assert(
    fc.property(fc.integer(), (x) => {
      expect(popcount32(x)).toBe((x >>> 0).toString(2).replaceAll('0', '').length)
    }),
  )
})

test('lists keep their elements whatever else is appended', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(5), fc.integer()), { maxLength: 300 }), (ops) => {
      const pool = new ListPool()
      const lists = [0, 0, 0, 0, 0, 0]
      const model: number[][] = [[], [], [], [], [], []]
      for (const [i, x] of ops) {
        lists[i] = pool.append(lists[i], x)
        model[i].push(x)
      }
      expect(lists.map((l) => pool.toArray(l))).toEqual(model)
    }),
  )
})

test('an append to a list in the middle of the arena leaves the old list as it was', () => {
  const pool = new ListPool()
  const a = pool.of2(1, 2)
  const b = pool.of1(9)
  const c = pool.append(a, 3)
  expect([pool.toArray(a), pool.toArray(b), pool.toArray(c)]).toEqual([[1, 2], [9], [1, 2, 3]])
  expect(pool.toArray(pool.removed(c, 1))).toEqual([1, 3])
})

test('vectors grow and keep what they hold', () => {
  const v = new I32Vec(1)
  const b = new U8Vec(1)
  for (let i = 0; i < 1000; i++) {
    expect(v.push(-i)).toBe(i)
    b.push(i)
  }
  expect([...v.view()]).toEqual(Array.from({ length: 1000 }, (_, i) => -i | 0))
  expect(b.view()[999]).toBe(999 & 255)
  v.resize(1002, 5)
  expect([v.get(1000), v.get(1001), v.pop(), v.length]).toEqual([5, 5, 5, 1001])
  expect(growI32(new Int32Array(2), 100).length).toBeGreaterThan(100)
})

test('bug names pass, function and entity', () => {
  expect(() => bug('regalloc', '%f', 'v3', 'no register')).toThrow(Bug)
  expect(() => bug('regalloc', '%f', 'v3', 'no register')).toThrow('regalloc, function %f, at v3: no register')
})
