// Programs that go to the limits, or past them, on every machine: whatever they do ends as the specification says, and the store and the other instances go on.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import { Engine, type Func, funcType, type Instance, LinkError, Linker, Store, Trap } from '@k23/kernel'
import type { Machine } from '@k23/machine'
import wabtInit from 'wabt'
import { afterAll, describe, expect, test } from 'vitest'
import { closeMachines, machines } from './machines.ts'

afterAll(closeMachines)

const wabt = await wabtInit()
// (Its types do not know of the last.)
const FEATURES = { reference_types: true, bulk_memory: true, tail_call: true, multi_memory: true }

function wat(text: string): Uint8Array {
  const parsed = wabt.parseWat('hostile.wat', text, FEATURES)
  const { buffer } = parsed.toBinary({ write_debug_names: true })
  parsed.destroy()
  return buffer
}

/** How `run` ends: what it gives, or the trap's code, or what it throws. */
function ending(run: () => unknown): unknown {
  try {
    return run()
  } catch (e) {
    return e instanceof Trap ? e.code : e
  }
}

describe.each(machines)('%s', (_, make, settings) => {
  const world = (): { engine: Engine; store: Store; linker: Linker; add: (name: string, text: string) => Instance } => {
    const engine = new Engine({ machine: make(), settings })
    const store = new Store(engine, { stackBytes: 256 << 10 })
    const linker = new Linker(store)
    const add = (name: string, text: string): Instance => {
      const instance = linker.instantiate(engine.compile(wat(text)))
      linker.instance(name, instance)
      return instance
    }
    return { engine, store, linker, add }
  }

  test('endless recursion, direct, mutual, by table, across instances and through the host', () => {
    const { linker, add } = world()
    let hostile: Instance | undefined
    linker.func('env', 'again', funcType(['i32'], ['i32']), (n: number) => hostile?.func('host').call(n + 1))
    linker.func('env', 'other', funcType(['i32'], ['i32']), (n: number) => n)
    const a = add(
      'a',
      `(module (import "env" "again" (func $again (param i32) (result i32))) (table (export "t") 4 funcref)
        (type $f (func (param i32) (result i32)))
        (func $direct (export "direct") (type $f) (i32.add (i32.const 1) (call $direct (local.get 0))))
        (func $even (export "mutual") (type $f) (i32.add (i32.const 1) (call $odd (local.get 0))))
        (func $odd (type $f) (i32.add (i32.const 1) (call $even (local.get 0))))
        (func $indirect (export "indirect") (type $f) (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 0))))
        (func $across (export "across") (type $f) (i32.add (i32.const 1) (call_indirect (type $f) (local.get 0) (i32.const 1))))
        (func (export "host") (type $f) (i32.add (i32.const 1) (call $again (local.get 0))))
        (func $count (export "tail") (type $f)
          (if (i32.eqz (local.get 0)) (then (return (i32.const 7)))) (return_call $count (i32.sub (local.get 0) (i32.const 1))))
        (elem (i32.const 0) $indirect))`,
    )
    hostile = a
    const b = add(
      'b',
      `(module (import "a" "t" (table 4 funcref)) (import "a" "across" (func $across (param i32) (result i32)))
        (func $back (export "back") (param i32) (result i32) (i32.add (i32.const 1) (call $across (local.get 0)))) (elem (i32.const 1) $back))`,
    )
    for (let round = 0; round < 3; round++) {
      for (const name of ['direct', 'mutual', 'indirect', 'across', 'host'])
        expect(
          ending(() => a.func(name).call(5)),
          name,
        ).toBe('stack_overflow')
      expect(ending(() => b.func('back').call(5))).toBe('stack_overflow')
      // Tail calls take no stack.
      expect(a.func('tail').call(300_000)).toBe(7)
    }
  })

  test('memories grow to their limit and no further, also while another instance and the host use them', () => {
    const { linker, store, add } = world()
    const shared = store.memory({ min: 1, max: 40, index: 0x7f })
    linker.define('env', 'm', shared)
    const grown: number[] = []
    linker.func('env', 'grow', funcType(['i32']), (by: number) => {
      grown.push(shared.grow(by))
    })
    const text = `(module (import "env" "m" (memory 1 40)) (import "env" "grow" (func $grow (param i32)))
        (func (export "to_the_end") (result i32)
          (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (memory.size))
        (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
        (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
        (func (export "behind") (param i32 i32) (result i32)
          (drop (i32.load (i32.const 0))) (call $grow (local.get 1))
          (i32.store (local.get 0) (i32.const 77)) (i32.load (local.get 0))))`
    const [a, b] = [add('a', text), add('b', text)]
    expect(ending(() => a.func('load').call(65536))).toBe('memory_out_of_bounds')
    a.func('store').call(100, 5)
    // The host grows it between two accesses of one call: the second one is in what is new.
    expect(b.func('behind').call(65536 + 8, 1)).toBe(77)
    expect(a.func('load').call(65536 + 8)).toBe(77)
    expect(ending(() => b.func('behind').call(2 * 65536 - 3, 0))).toBe('memory_out_of_bounds')
    expect(grown).toEqual([1, 2])
    expect(a.func('to_the_end').call()).toBe(40)
    expect(b.func('load').call(100)).toBe(5)
    expect(b.func('load').call(40 * 65536 - 4)).toBe(0)
    for (const at of [40 * 65536 - 3, -1, -4, -65536]) {
      expect(
        ending(() => a.func('load').call(at)),
        `${at}`,
      ).toBe('memory_out_of_bounds')
      expect(
        ending(() => b.func('store').call(at, 1)),
        `${at}`,
      ).toBe('memory_out_of_bounds')
    }
    expect([shared.grow(1), shared.pages]).toEqual([-1, 40])
  })

  test('tables grow to their limit, and under the call that goes through them', () => {
    const { linker, store, add } = world()
    const t = store.table({ min: 1, max: 5000, index: 0x7f, element: 0x70 })
    linker.define('env', 't', t)
    let f: Func | undefined
    linker.func('env', 'grow', funcType(['i32'], ['i32']), (n: number) => {
      t.grow(4000, f)
      return n
    })
    const a = add(
      'a',
      `(module (import "env" "t" (table $t 1 5000 funcref)) (import "env" "grow" (func $grow (param i32) (result i32)))
        (func $three (export "three") (result i32) (i32.const 3))
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
        ;; The index is evaluated last, and grows the table that was too short before.
        (func (export "late") (param i32) (result i32) (call_indirect (result i32) (call $grow (local.get 0))))
        (func (export "fill") (result i32)
          (loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 7)) (i32.const -1)))) (table.size $t)))`,
    )
    f = a.func('three')
    expect(ending(() => a.func('call').call(1500))).toBe('undefined_element')
    expect(a.func('late').call(1500)).toBe(3)
    expect(a.func('call').call(4000)).toBe(3)
    expect(ending(() => a.func('call').call(4001))).toBe('undefined_element')
    expect(ending(() => a.func('call').call(0))).toBe('uninitialized_element')
    expect(a.func('fill').call()).toBe(4001 + 7 * 142)
    expect(ending(() => a.func('call').call(4998))).toBe('undefined_element')
    expect(ending(() => a.func('call').call(-1))).toBe('undefined_element')
    expect(a.func('call').call(4000)).toBe(3)
  })

  test('what the host throws goes through the frames of several instances, and all of them go on', () => {
    const { linker, add } = world()
    class Mine extends Error {}
    const thrown = new Mine('mine')
    let depth = 0
    let outer: Func | undefined
    linker.func('env', 'host', funcType(['i32'], ['i32']), (n: number) => {
      if (n === 0) throw thrown
      depth++
      return outer?.call(n - 1)
    })
    const inner = add(
      'inner',
      `(module (import "env" "host" (func $host (param i32) (result i32))) (global (export "g") (mut i32) (i32.const 0))
        (func (export "f") (param i32) (result i32)
          (global.set 0 (i32.add (global.get 0) (i32.const 1)))
          (i32.mul (i32.const 3) (call $host (local.get 0)))))`,
    )
    const a = add(
      'a',
      `(module (import "inner" "f" (func $f (param i32) (result i32)))
        (func (export "outer") (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0)))))`,
    )
    outer = a.func('outer')
    for (const n of [0, 1, 20]) expect(ending(() => a.func('outer').call(n))).toBe(thrown)
    expect(depth).toBe(21)
    // Caught on the way: the frames outside of it go on.
    linker.func('env', 'no_host', funcType(['i32'], ['i32']), (n: number) =>
      ending(() => outer?.call(n)) === thrown ? 100 : -1,
    )
    const catching = add(
      'catching',
      `(module (import "env" "no_host" (func $h (param i32) (result i32)))
        (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (call $h (i32.const 2)))))`,
    )
    expect(catching.func('f').call(0)).toBe(200)
    expect(inner.global('g').get()).toBe(1 + 2 + 21 + 1 + 3)
  })

  test('what a failed instance left behind works: its functions in tables, its segments in memories', () => {
    const { engine, linker, store, add } = world()
    const t = store.table({ min: 10, max: undefined, index: 0x7f, element: 0x70 })
    const m = store.memory({ min: 1, max: 2, index: 0x7f })
    linker.define('env', 't', t)
    linker.define('env', 'm', m)
    const imports = '(import "env" "t" (table 10 funcref)) (import "env" "m" (memory 1 2))'
    const failing = (rest: string): unknown =>
      ending(() => linker.instantiate(engine.compile(wat(`(module ${imports} ${rest})`))))
    const body = `(global $g (mut i32) (i32.const 40)) (memory $own 1)
      (func $f (result i32) (i32.store8 $own (i32.const 8) (i32.const 7)) (global.set $g (i32.add (global.get $g) (i32.const 1))) (i32.add (global.get $g) (i32.load8_u $own (i32.const 8))))`
    expect(failing(`(func $f (result i32) (i32.const 1)) (elem (i32.const 9) $f $f)`)).toBe('table_out_of_bounds')
    expect(t.get(9)).toBe(null)
    // (Elements are written before data.)
    expect(failing(`${body} (elem (i32.const 0) $f) (data (i32.const 65535) "ab")`)).toBe('memory_out_of_bounds')
    expect(failing(`${body} (elem (i32.const 1) $f) (data (i32.const 5) "abc") (func $s unreachable) (start $s)`)).toBe(
      'unreachable',
    )
    expect(failing(`${body} (elem (i32.const 2) $f) (func $s (call $s)) (start $s)`)).toBe('stack_overflow')
    const boom = new Error('boom')
    linker.func('env', 'boom', funcType([]), () => {
      throw boom
    })
    expect(failing(`(import "env" "boom" (func $boom)) ${body} (elem (i32.const 3) $f) (start $boom)`)).toBe(boom)
    const user = add(
      'user',
      `(module ${imports} (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`,
    )
    // Code and instances must be there after many others came and went.
    for (let i = 0; i < 20; i++) failing(`${body} (func $s unreachable) (start $s)`)
    for (const slot of [0, 1, 2, 3]) {
      expect(user.func('call').call(slot), `slot ${slot}`).toBe(48)
      expect((t.get(slot) as Func).call(), `slot ${slot}`).toBe(49)
    }
    expect(Buffer.from(m.read(4, 5)).toString('latin1')).toBe('\0abc\0')
    expect(m.read(65535, 1)[0]).toBe(0)
    expect(
      failing(
        '(memory 65536)(memory 65536)(memory 65536)(memory 65536)(memory 65536)(memory 65536)(memory 65536)(memory 65536)(table 4294967295 funcref)',
      ),
    ).toBeInstanceOf(LinkError)
    expect(user.func('call').call(0)).toBe(50)
  })

  test('while a call waits for the host, its store cannot be closed, and all else may come and go', () => {
    const { engine, store, linker, add } = world()
    const text = `(module (import "env" "h" (func $h (param i32) (result i32))) (memory (export "m") 1 50)
      (func (export "f") (param i32) (result i32) (i32.add (call $h (local.get 0)) (i32.load (i32.const 0)))))`
    let act: (n: number) => number = (n) => n
    linker.func('env', 'h', funcType(['i32'], ['i32']), (n: number) => act(n))
    const a = add('a', text)
    const call = (during: (n: number) => number): unknown => {
      act = (n) => {
        act = (inner) => inner
        return during(n)
      }
      return ending(() => a.func('f').call(5))
    }
    const closing = call((n) => {
      store.close()
      return n
    })
    expect(closing).toBeInstanceOf(TypeError)
    expect((closing as Error).message).toMatch(/store is running/)
    expect(call((n) => add('b', text).func('f').call(n) as number)).toBe(5)
    expect(
      call((n) => {
        const other = new Store(engine)
        const there = new Linker(other).func('env', 'h', funcType(['i32'], ['i32']), (x: number) => 2 * x)
        const result = there
          .instantiate(engine.compile(wat(text)))
          .func('f')
          .call(n) as number
        other.close()
        return result
      }),
    ).toBe(10)
    // The memory moves, and the code is not taken away, under the call.
    expect(
      call((n) => {
        a.memory('m').write(0, Uint8Array.of(7))
        a.module.dispose()
        return n + a.memory('m').grow(49)
      }),
    ).toBe(5 + 1 + 7)
    expect(call((n) => a.func('f').call(n) as number)).toBe(5 + 7 + 7)
    expect(call(() => undefined as unknown as number)).toBeInstanceOf(TypeError)
    expect(a.func('f').call(1)).toBe(8)
  })

  test('after its store is closed, everything of it is an error and no more', () => {
    const { engine, store, add } = world()
    const a = add(
      'a',
      `(module (memory (export "m") 1) (table (export "t") 1 funcref) (global (export "g") (mut i32) (i32.const 1))
      (func $f (export "f") (result i32) (i32.load (i32.const 0))) (elem (i32.const 0) $f))`,
    )
    const [f, m, t, g] = [a.func('f'), a.memory('m'), a.table('t'), a.global('g')]
    store.close()
    store.close()
    const uses: Record<string, () => unknown> = {
      call: () => f.call(),
      'memory read': () => m.read(0, 1),
      'memory write': () => m.write(0, Uint8Array.of(1)),
      'memory grow': () => m.grow(1),
      'memory view': () => m.view(0, 1),
      'table get': () => t.get(0),
      'table set': () => t.set(0, null),
      'table grow': () => t.grow(1),
      'global get': () => g.get(),
      'global set': () => g.set(2),
      instantiate: () => store.instantiate(engine.compile(wat('(module)'))),
      'new memory': () => store.memory({ min: 1, max: 1, index: 0x7f }),
      'new function': () => store.func(funcType([]), () => undefined),
    }
    for (const [what, use] of Object.entries(uses)) {
      const end = ending(use)
      expect(end, what).toBeInstanceOf(TypeError)
      expect((end as Error).message, what).toMatch(/store .*closed/)
    }
    // The machine serves others.
    const other = new Store(engine)
    const instance = other.instantiate(
      engine.compile(wat('(module (memory 1) (func (export "f") (result i32) (i32.load (i32.const 0))))')),
    )
    expect(instance.func('f').call()).toBe(0)
  })
})

const SMALL = { memoryBytes: 64 << 20 }
const small: readonly (readonly [name: string, make: () => Machine])[] = [
  ['riscv64', () => createRiscv64Machine(SMALL)],
  ['x64', () => createX64Machine(SMALL)],
  ...machines.filter(([name]) => name === 'native').map(([name, make]) => [name, make] as const),
]
test.each(small)('a memory without a maximum grows until the machine has no room, and works on: %s', (_, make) => {
  const store = new Store(new Engine({ machine: make() }))
  const a = store.instantiate(
    store.engine.compile(
      wat(`(module (memory (export "m") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "last") (result i32)
          (i32.store (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)) (i32.const 9))
          (i32.load (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 4)))))`),
    ),
  )
  for (const by of [65536, -1, 2 ** 31 - 1, -(2 ** 31)]) expect(a.func('grow').call(by), `${by}`).toBe(-1)
  for (let by = 8192; by >= 1; by /= 2) while (a.func('grow').call(by) !== -1);
  expect(a.memory('m').pages).toBeGreaterThan(200)
  expect(a.func('last').call()).toBe(9)
  store.close()
})
