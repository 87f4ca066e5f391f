// Memory of the host as a machine's: mappings, permissions, views, and that all of it is given back.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { PAGE_SIZE, PERM_EXEC, PERM_NONE, PERM_READ, PERM_WRITE, TRAP, TRAP_LOAD, TRAP_STORE } from '@k23/machine'
import { describe, expect, test } from 'vitest'
import { createNativeMachine } from '../src/index.ts'
import { lacking, RAX, RDI, register, world } from './guest.ts'

const RW = PERM_READ | PERM_WRITE
const GIB = 2 ** 30

/** The system's view of the page at an address: "rw-p", or undefined where nothing is mapped. */
function permissions(address: number): string | undefined {
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\n')) {
    const [range, perms] = line.split(' ')
    const [start, end] = range.split('-').map((x) => Number.parseInt(x, 16))
    if (address >= start && address < end) return perms
  }
  return undefined
}

describe.skipIf(lacking !== undefined)('map, protect, unmap', () => {
  test('what is mapped is zero, page-aligned, and has the permissions asked for', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.map(1, RW)
    expect([a % PAGE_SIZE, a >= memory.base, a < memory.limit]).toEqual([0, true, true])
    expect([...memory.view(a, 4)]).toEqual([0, 0, 0, 0])
    expect(permissions(a)).toBe('rw-p')
    memory.protect(a, 1, PERM_READ)
    expect(permissions(a)).toBe('r--p')
    memory.unmap(a, 1)
    expect(permissions(a)).toBeUndefined()
    expect(memory.map(PAGE_SIZE, RW, a)).toBe(a)
  })

  test('write and execute never go together, nor does placed code', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.map(PAGE_SIZE, RW)
    expect(() => memory.protect(a, PAGE_SIZE, PERM_WRITE | PERM_EXEC)).toThrow(RangeError)
    expect(() => memory.map(PAGE_SIZE, PERM_WRITE | PERM_EXEC)).toThrow(RangeError)
    expect(permissions(w.machine.placeCode(Uint8Array.of(0xc3)))).toBe('r-xp')
    expect(permissions(w.machine.hostCallStub)).toBe('r-xp')
    // Page by page, as the system has it: the stubs, the control page before them, and what was placed.
    for (let at = memory.codeStart; at < memory.codeStart + 16 * PAGE_SIZE; at += PAGE_SIZE)
      expect(permissions(at)).not.toMatch(/wx/)
  })

  test('errors name what is wrong', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.map(3 * PAGE_SIZE, RW)
    memory.unmap(a + 2 * PAGE_SIZE, PAGE_SIZE)
    expect(() => memory.map(PAGE_SIZE, RW, a)).toThrow('not free')
    expect(() => memory.map(PAGE_SIZE, RW, a + 1)).toThrow('not a multiple')
    expect(() => memory.map(PAGE_SIZE, RW, 0)).toThrow('outside')
    expect(() => memory.map(2 ** 47, RW)).toThrow(RangeError)
    expect(() => memory.map(0, RW)).toThrow('cannot be mapped')
    expect(() => memory.unmap(a + 2 * PAGE_SIZE, PAGE_SIZE)).toThrow('not mapped')
    expect(() => memory.protect(a, 3 * PAGE_SIZE, RW)).toThrow('not mapped')
    expect(() => memory.view(0, 4)).toThrow('outside')
    expect(() => memory.view(a, 2 * PAGE_SIZE + 1)).toThrow('outside')
    memory.protect(a + PAGE_SIZE, PAGE_SIZE, PERM_NONE)
    expect(() => memory.view(a + PAGE_SIZE - 1, 2)).toThrow('outside')
    expect(memory.view(a, PAGE_SIZE).length).toBe(PAGE_SIZE)
    // Nothing is nowhere: what is empty can be looked at anywhere.
    expect(memory.view(a + 2 * PAGE_SIZE, 0).length).toBe(0)
  })

  test('a mapping can be given back in parts', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.map(5 * PAGE_SIZE, RW)
    const word = (page: number): Uint8Array => memory.view(a + page * PAGE_SIZE, 1)
    for (let p = 0; p < 5; p++) word(p)[0] = p + 1
    memory.protect(a + 3 * PAGE_SIZE, PAGE_SIZE, PERM_READ)
    memory.unmap(a + PAGE_SIZE, PAGE_SIZE)
    expect([0, 2, 3, 4].map((p) => word(p)[0])).toEqual([1, 3, 4, 5])
    expect(() => word(1)).toThrow('outside')
    expect(permissions(a + PAGE_SIZE)).toBeUndefined()
    memory.unmap(a + 2 * PAGE_SIZE, 2 * PAGE_SIZE)
    expect([0, 4].map((p) => word(p)[0])).toEqual([1, 5])
    expect(() => memory.unmap(a, 5 * PAGE_SIZE)).toThrow('not mapped')
    memory.unmap(a, PAGE_SIZE)
    memory.unmap(a + 4 * PAGE_SIZE, PAGE_SIZE)
    expect(() => word(0)).toThrow('outside')
  })

  test('code that was given back is no code, and its place is used again', () => {
    using w = world()
    const { machine, hart } = w
    const code = [1, 2, 3].map((n) => machine.placeCode(Uint8Array.of(0xb8, n, 0, 0, 0, 0xc3)))
    machine.removeCode(code[1])
    expect(() => machine.removeCode(code[1])).toThrow('no code was placed')
    machine.enter(hart, code[1], [])
    expect(machine.run(hart).kind).toBe(TRAP)
    machine.reset(hart)
    expect(machine.placeCode(Uint8Array.of(0xb8, 9, 0, 0, 0, 0xc3))).toBe(code[1])
    const results = code.map((address) => {
      machine.enter(hart, address, [])
      machine.run(hart)
      return register(hart, RAX)
    })
    expect(results).toEqual([1n, 9n, 3n])
    expect(() => machine.placeCode(new Uint8Array(1), 3)).toThrow('power of two')
    using small = world({ codeBytes: 4 * PAGE_SIZE })
    expect(() => small.machine.placeCode(new Uint8Array(3 * PAGE_SIZE))).toThrow('no room')
  })
})

describe.skipIf(lacking !== undefined)('views', () => {
  test('are the memory itself, for both sides', () => {
    using w = world()
    const { machine, hart } = w
    const a = machine.memory.map(PAGE_SIZE, RW)
    const view = machine.memory.view(a + 8, 8)
    view[0] = 41
    machine.enter(hart, w.place('incb 8(%rdi)\nmovzbl 8(%rdi), %eax\nret').address, [a])
    machine.run(hart)
    expect([view[0], register(hart, RAX)]).toEqual([42, 42n])
  })

  test('stay valid while memory grows in place, and are empty when it is gone', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.reserve(8 * GIB)
    memory.protect(a, 65536, RW)
    const first = memory.view(a, 65536)
    first[1] = 7
    const { generation } = memory
    memory.protect(a + 65536, 65536, RW)
    const second = memory.view(a, 131072)
    second[100_000] = 8
    // Another buffer, and it says so; the old view would show old memory if it showed anything.
    expect(memory.generation).toBeGreaterThan(generation)
    expect([first.length, second[1]]).toEqual([0, 7])
    memory.unmap(a, 8 * GIB)
    expect(second.length).toBe(0)
  })

  test('of one mapping are good together, whatever they reach over', () => {
    using w = world()
    const { memory } = w.machine
    const a = memory.reserve(1 << 24)
    memory.protect(a, 1 << 20, RW)
    const low = memory.view(a, 8)
    const high = memory.view(a + (1 << 20) - 8, 8)
    high[7] = 5
    low.set(high)
    expect(memory.view(a, 1 << 20)[7]).toBe(5)
    expect([low[7], memory.generation]).toEqual([5, 0])
  })

  test('reach over four gigabytes, of which only what is touched is there', () => {
    using w = world()
    const { machine, hart } = w
    const a = machine.memory.reserve(8 * GIB)
    machine.memory.protect(a, 5 * GIB, RW)
    const view = machine.memory.view(a, 5 * GIB)
    expect(view.length).toBe(5 * GIB)
    view[4.5 * GIB] = 9
    machine.enter(hart, w.place('movabsq $0x120000000, %rax\nmovzbl (%rdi,%rax), %eax\nret').address, [a])
    machine.run(hart)
    expect(register(hart, RAX)).toBe(9n)
    expect(process.memoryUsage().rss).toBeLessThan(2 * GIB)
  })

  test("a wasm memory's guard pages fault at each end, wherever an access begins", () => {
    using w = world()
    const { machine, hart } = w
    const a = machine.memory.reserve(8 * GIB)
    machine.memory.protect(a, 65536, RW)
    const code = w.place('movq (%rdi,%rsi), %rax\nret').address
    const store = w.place('movq %rax, (%rdi,%rsi)\nret').address
    for (const [at, address] of [
      [65536, 65536],
      [65529, 65536],
      [2 ** 32, 2 ** 32],
      [2 ** 32 - 1 + 2 ** 32 - 8, 2 ** 33 - 9],
    ]) {
      for (const [what, kind] of [
        [code, TRAP_LOAD],
        [store, TRAP_STORE],
      ]) {
        machine.enter(hart, what, [a, at])
        const r = machine.run(hart)
        expect([r.kind, r.trapKind, r.address]).toEqual([TRAP, kind, a + address])
        machine.reset(hart)
      }
    }
    machine.enter(hart, code, [a, 65528])
    expect(machine.run(hart).kind).not.toBe(TRAP)
  })
})

describe.skipIf(lacking !== undefined)('nothing is left behind', () => {
  test('by a hart that was destroyed', () => {
    using w = world()
    const { machine } = w
    const code = w.place('pushq %rdi\npopq %rax\nret').address
    const size = (): number => Number(/VmSize:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
    const before = size()
    for (let i = 0; i < 1000; i++) {
      const hart = machine.createHart({ stackBytes: 16 << 20 })
      machine.enter(hart, code, [i])
      expect(() => machine.destroyHart(hart)).toThrow('not idle')
      machine.run(hart)
      expect(register(hart, RAX)).toBe(BigInt(i))
      machine.destroyHart(hart)
      expect(() => machine.run(hart)).toThrow('destroyed')
    }
    // In KiB; each had 16 MiB of stack.
    expect(size() - before).toBeLessThan(1 << 20)
  })

  test('by close(), after which the machine says that it is closed', () => {
    const mappings = (): number => readFileSync('/proc/self/maps', 'utf8').split('\n').length
    const make = (): void => {
      const machine = createNativeMachine()
      const hart = machine.createHart()
      const reserved = machine.memory.reserve(8 * GIB)
      machine.memory.protect(reserved, 2 * PAGE_SIZE, RW)
      machine.memory.view(reserved, 10)[0] = 1
      const code = machine.placeCode(Uint8Array.of(0xc3))
      machine.enter(hart, code, [77])
      machine.run(hart)
      machine.enter(hart, code, [77])
      machine.tick(1000)
      machine.close()
      machine.close()
      expect(() => machine.memory.map(1, RW)).toThrow('closed')
      expect(() => machine.placeCode(Uint8Array.of(0xc3))).toThrow('closed')
      expect(() => machine.enter(hart, 0, [])).toThrow('closed')
      expect(() => machine.run(hart)).toThrow('closed')
      const used: readonly (() => unknown)[] = [
        () => machine.createHart(),
        () => machine.destroyHart(hart),
        () => machine.stackLow(hart),
        () => machine.leave(hart),
        () => machine.reset(hart),
        () => machine.removeCode(code),
        () => machine.tick(5),
        () => machine.beat(reserved, 5),
        () => machine.memory.view(reserved, 8),
        () => machine.memory.view(code, 1),
        () => machine.memory.protect(reserved, PAGE_SIZE, RW),
        () => machine.memory.unmap(reserved, PAGE_SIZE),
      ]
      for (const use of used) expect(use).toThrow('the machine is closed')
      // The registers are those of the end, in memory of our own.
      expect(hart.readRegister(RDI)).toEqual({ lo: 77, hi: 0 })
      hart.writeRegister(RDI, 1, 2)
      expect(hart.readRegister(RDI)).toEqual({ lo: 1, hi: 2 })
    }
    make()
    const before = mappings()
    for (let i = 0; i < 200; i++) make()
    // A machine has at least six of its own; the collector's come and go.
    expect(mappings()).toBeLessThan(before + 100)
  })

  test('by the collector, when neither machine nor view can be reached', () => {
    const script = fileURLToPath(new URL('collected.ts', import.meta.url))
    const run = spawnSync(process.execPath, ['--expose-gc', script], { encoding: 'utf8', timeout: 60_000 })
    expect([run.status, run.signal, run.stderr]).toEqual([0, null, ''])
    const { kept, before, after } = JSON.parse(run.stdout)
    expect(kept).toBe(77)
    // A machine has at least six of its own.
    expect(after).toBeLessThan(before + 100)
  })
})
