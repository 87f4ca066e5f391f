import {
  PAGE_SIZE,
  PERM_EXEC,
  PERM_NONE,
  PERM_READ,
  PERM_WRITE,
  TRAP_LOAD,
  TRAP_MISALIGNED,
  TRAP_STORE,
} from '@k23/machine'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EmulatedMemory } from '@k23/emulator'

const RW = PERM_READ | PERM_WRITE

describe('map, protect, unmap', () => {
  test('addresses start above the null page and are page-aligned', () => {
    const memory = new EmulatedMemory()
    const a = memory.map(1, RW)
    expect(a).toBeGreaterThanOrEqual(0x10000)
    expect(a % PAGE_SIZE).toBe(0)
    expect(memory.load(1, 0, 0)).toBe(false)
    expect([memory.faultKind, memory.faultLo, memory.faultHi]).toEqual([TRAP_LOAD, 0, 0])
  })

  test('write and execute never go together', () => {
    const memory = new EmulatedMemory()
    const a = memory.map(PAGE_SIZE, RW)
    expect(() => memory.protect(a, PAGE_SIZE, PERM_WRITE | PERM_EXEC)).toThrow(RangeError)
    expect(() => memory.map(PAGE_SIZE, PERM_WRITE | PERM_EXEC)).toThrow(RangeError)
  })

  test('freed ranges are zeroed, joined and used again', () => {
    const memory = new EmulatedMemory(1 << 20)
    const parts = [0, 1, 2].map(() => memory.map(2 * PAGE_SIZE, RW))
    memory.view(parts[1], 4).set([1, 2, 3, 4])
    memory.unmap(parts[0], 2 * PAGE_SIZE)
    memory.unmap(parts[1], 2 * PAGE_SIZE)
    expect(memory.load(4, parts[1], 0)).toBe(false)
    const joined = memory.map(4 * PAGE_SIZE, RW)
    expect(joined).toBe(parts[0])
    expect([...memory.view(parts[1], 4)]).toEqual([0, 0, 0, 0])
  })

  test('errors name what is wrong', () => {
    const memory = new EmulatedMemory(1 << 20)
    const a = memory.map(PAGE_SIZE, RW)
    expect(() => memory.map(PAGE_SIZE, RW, a)).toThrow('not free')
    expect(() => memory.map(PAGE_SIZE, RW, a + 1)).toThrow('not a multiple')
    expect(() => memory.unmap(a + PAGE_SIZE, PAGE_SIZE)).toThrow('not mapped')
    expect(() => memory.map(1 << 21, RW)).toThrow('no room')
    expect(() => memory.view(0, 4)).toThrow('outside')
  })

  test('a reservation of gigabytes commits nothing until a page is opened', () => {
    const memory = new EmulatedMemory()
    const before = memory.wasm.buffer.byteLength
    const a = memory.reserve(3 * 2 ** 30)
    expect(memory.wasm.buffer.byteLength).toBe(before)
    expect(memory.generation).toBe(0)
    memory.protect(a, PAGE_SIZE, RW)
    expect(memory.generation).toBe(1)
    expect(memory.store(8, a + 8, 0, 1, 2)).toBe(true)
    expect(memory.load(8, a + PAGE_SIZE, 0)).toBe(false)
  })
})

describe('accesses', () => {
  test('each size at each alignment gives back what was stored, across pages too', () => {
    const memory = new EmulatedMemory(1 << 20)
    const a = memory.map(3 * PAGE_SIZE, RW)
    fc.assert(
      fc.property(
        fc.constantFrom(1, 2, 4, 8),
        fc.integer({ min: PAGE_SIZE - 16, max: PAGE_SIZE + 16 }),
        fc.integer(),
        fc.integer(),
        (size, at, lo, hi) => {
          expect(memory.store(size, a + at, 0, lo, hi)).toBe(true)
          expect(memory.load(size, a + at, 0)).toBe(true)
          const mask = size === 1 ? 0xff : size === 2 ? 0xffff : -1
          expect([memory.lo & mask, memory.hi]).toEqual([lo & mask, size === 8 ? hi : 0])
        },
      ),
    )
  })

  test('an access that touches a forbidden page faults at its first byte and stores nothing', () => {
    const memory = new EmulatedMemory(1 << 20)
    const a = memory.map(2 * PAGE_SIZE, RW)
    memory.protect(a + PAGE_SIZE, PAGE_SIZE, PERM_READ)
    const at = a + PAGE_SIZE - 4
    expect(memory.store(8, at, 0, -1, -1)).toBe(false)
    expect([memory.faultKind, memory.faultLo]).toEqual([TRAP_STORE, at])
    expect(memory.load(8, at, 0)).toBe(true)
    expect([memory.lo, memory.hi]).toEqual([0, 0])
    memory.protect(a + PAGE_SIZE, PAGE_SIZE, PERM_NONE)
    expect(memory.load(8, at, 0)).toBe(false)
    expect(memory.load(4, at, 0)).toBe(true)
    expect(memory.load(4, at, 1)).toBe(false)
    expect(memory.load(8, -4, 0)).toBe(false)
  })

  test('atomics need alignment, then permissions', () => {
    const memory = new EmulatedMemory(1 << 20)
    const a = memory.map(PAGE_SIZE, PERM_READ)
    expect(memory.checkAtomic(8, a + 4, 0, true)).toBe(false)
    expect(memory.faultKind).toBe(TRAP_MISALIGNED)
    expect(memory.checkAtomic(8, a, 0, true)).toBe(false)
    expect(memory.faultKind).toBe(TRAP_STORE)
    expect(memory.checkAtomic(8, a, 0, false)).toBe(true)
  })
})

describe('above 4 GiB', () => {
  const pair = (address: number): [number, number] => [address | 0, Math.floor(address / 2 ** 32)]

  test('mappings have addresses of more than 32 bits, and keep their bytes as they are opened page by page', () => {
    const memory = new EmulatedMemory(2 ** 47)
    const sizes = [5, 1, 64, 7].map((pages) => pages * PAGE_SIZE)
    const at = sizes.map((bytes) => memory.reserve(bytes))
    const generation = memory.generation
    for (let page = 0; page < 64; page++) {
      at.forEach((start, i) => {
        const address = start + page * PAGE_SIZE
        if (page * PAGE_SIZE >= sizes[i]) return
        expect(address).toBeGreaterThan(2 ** 32)
        expect(memory.load(4, ...pair(address))).toBe(false)
        expect([memory.faultKind, memory.faultLo, memory.faultHi]).toEqual([TRAP_LOAD, ...pair(address)])
        memory.protect(address, PAGE_SIZE, RW)
        expect(memory.store(8, ...pair(address + 8), page, i)).toBe(true)
        expect([...memory.view(address + 8, 1)]).toEqual([page])
      })
    }
    expect(memory.generation).toBeGreaterThan(generation)
    at.forEach((start, i) => {
      for (let offset = 0; offset < sizes[i]; offset += PAGE_SIZE) {
        expect(memory.load(8, ...pair(start + offset + 8))).toBe(true)
        expect([memory.lo, memory.hi]).toEqual([offset / PAGE_SIZE, i])
      }
      expect(memory.load(8, ...pair(start + sizes[i] - 4))).toBe(false)
      // What backs it in the window is closed there.
      expect(memory.load(1, 0x10000 + i * PAGE_SIZE, 0)).toBe(false)
    })
    memory.protect(at[2], PAGE_SIZE, PERM_READ)
    expect(memory.store(1, ...pair(at[2] + PAGE_SIZE - 1), 1, 0)).toBe(false)
    expect(memory.checkAtomic(8, ...pair(at[2]), true)).toBe(false)
    expect(memory.checkAtomic(8, ...pair(at[2]), false)).toBe(true)
  })

  test('freed ranges are zeros when they are mapped again', () => {
    const memory = new EmulatedMemory(2 ** 46)
    const a = memory.map(PAGE_SIZE, RW)
    memory.view(a, PAGE_SIZE).fill(1)
    memory.unmap(a, PAGE_SIZE)
    expect(memory.load(1, ...pair(a))).toBe(false)
    expect(memory.map(8 * PAGE_SIZE, RW)).toBe(a)
    expect(memory.store(1, ...pair(a), 0, 0)).toBe(true)
    expect(memory.view(a, 8 * PAGE_SIZE).every((b) => b === 0)).toBe(true)
    expect(memory.map(PAGE_SIZE, RW, 2 ** 45)).toBe(2 ** 45)
    expect(() => memory.map(PAGE_SIZE, RW, 2 ** 45)).toThrow('no room')
    expect(() => memory.reserve(2 ** 46)).toThrow('no room')
    expect(() => memory.unmap(a, PAGE_SIZE)).toThrow('one whole mapping')
    expect(() => memory.map(PAGE_SIZE, PERM_EXEC)).toThrow('placeCode')
  })
})
