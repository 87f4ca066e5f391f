import { describe, expect, test } from 'vitest'
import { CodegenError, type Func, funcType, LinkError, Store, Trap, valType } from '../src/index.ts'
import { thrown, wat, world } from './wat.ts'

describe('linking', () => {
  test('imports and exports are listed with their types', () => {
    const { module } = world()
    const m = module(`(module $named
      (import "env" "f" (func (param i32) (result i64))) (import "env" "t" (table 1 2 funcref))
      (memory (export "m") 1 3) (global (export "g") (mut i64) (i64.const 0)))`)
    expect(m.name).toBe('named')
    expect(m.imports.map((i) => `${i.module}.${i.name} ${i.type.kind}`)).toEqual(['env.f func', 'env.t table'])
    expect(m.exports.map((e) => [e.name, e.type.kind])).toEqual([
      ['m', 'memory'],
      ['g', 'global'],
    ])
    expect(m.exports[0].type.type).toEqual({ min: 1, max: 3, index: valType('i32') })
  })

  test('what is missing or of another type is a LinkError that says both', () => {
    const { store, linker, module } = world()
    const needs = (what: string) => module(`(module (import "env" "x" ${what}))`)
    const error = (what: string) => thrown(() => linker.instantiate(needs(what))) as LinkError
    expect(error('(func (param i32))')).toMatchObject({
      name: 'LinkError',
      code: 'missing',
      module: 'env',
      field: 'x',
      expected: 'func (i32) -> ()',
      found: 'nothing',
    })
    linker.define(
      'env',
      'x',
      store.func(funcType(['i64'], ['i32']), () => 0),
    )
    expect(error('(func (param i32))').message).toBe(
      'incompatible import type of env.x: expected func (i32) -> (), found func (i64) -> (i32)',
    )
    linker.define('env', 'x', store.memory({ min: 2, max: 4 }))
    for (const bad of ['(memory 3)', '(memory 2 3)', '(global i32)']) expect(error(bad).code).toBe('mismatch')
    for (const good of ['(memory 1)', '(memory 2 4)', '(memory 0 5)']) linker.instantiate(needs(good))
    linker.define('env', 'x', store.table({ min: 2 }))
    for (const bad of ['(table 2 9 funcref)', '(table 2 externref)']) expect(error(bad).code).toBe('mismatch')
    linker.define('env', 'x', store.global(valType('i32'), 1, true))
    for (const bad of ['(global i32)', '(global (mut i64))']) expect(error(bad).code).toBe('mismatch')
    linker.instantiate(needs('(global (mut i32))'))
  })

  test('things of another store, and things that are none', () => {
    const { engine, store, module } = world()
    const other = new Store(engine)
    const m = module('(module (import "env" "f" (func)))')
    const f = other.func(funcType([]), () => {})
    expect(() => store.instantiate(m, { env: { f } })).toThrow('something of another store')
    expect(() => store.instantiate(m, { env: { f: (() => {}) as unknown as Func } })).toThrow(TypeError)
    expect(() => store.instantiate(m)).toThrow(LinkError)
  })

  test('what does not compile is a CodegenError', () => {
    const { engine } = world()
    expect(thrown(() => engine.compile(Uint8Array.of(0, 1, 2)))).toBeInstanceOf(CodegenError)
    expect(() => engine.compile('text' as unknown as Uint8Array)).toThrow(TypeError)
  })
})

describe('instances', () => {
  test('several of one module have their own state', () => {
    const { store, module } = world()
    const m = module(`(module (global $n (mut i32) (i32.const 0)) (memory (export "m") 1)
      (func (export "next") (result i32)
        (global.set $n (i32.add (global.get $n) (i32.const 1)))
        (i32.store (i32.const 0) (global.get $n)) (i32.load (i32.const 0))))`)
    const [a, b] = [store.instantiate(m), store.instantiate(m)]
    expect([a, a, b, a].map((i) => i.func('next').call())).toEqual([1, 2, 1, 3])
    expect([a.memory('m').read(0, 1)[0], b.memory('m').read(0, 1)[0]]).toEqual([3, 1])
  })

  test('share a memory, a table and a global by import', () => {
    const { store, linker, module } = world()
    const memory = store.memory({ min: 1, max: 10 })
    const table = store.table({ min: 1, max: 4 })
    const global = store.global(valType('i64'), 5n, true)
    linker.define('env', 'm', memory).define('env', 't', table).define('env', 'g', global)
    const imports =
      '(import "env" "m" (memory 1)) (import "env" "t" (table 1 funcref)) (import "env" "g" (global $g (mut i64)))'
    const a = linker.instantiate(
      module(`(module ${imports} (func $f (result i64) (global.get $g)) (elem (i32.const 0) $f)
        (func (export "grow") (result i32) (memory.grow (i32.const 3)))
        (func (export "put") (i32.store8 (i32.const 200000) (i32.const 7))))`),
    )
    const b = linker.instantiate(
      module(`(module ${imports}
        (func (export "call") (result i64) (call_indirect (result i64) (i32.const 0)))
        (func (export "set") (global.set $g (i64.const 99)))
        (func (export "size") (result i32) memory.size)
        (func (export "get") (result i32) (i32.load8_u (i32.const 200000))))`),
    )
    expect(b.func('call').call()).toBe(5n)
    b.func('set').call()
    expect([b.func('call').call(), global.get()]).toEqual([99n, 99n])
    expect(a.func('grow').call()).toBe(1)
    a.func('put').call()
    expect([b.func('size').call(), b.func('get').call(), memory.pages]).toEqual([4, 7, 4])
    expect((table.get(0) as Func).call()).toBe(99n)
  })

  test('a failed segment traps, and what was written before stays', () => {
    const { store, linker, module } = world()
    const memory = store.memory({ min: 1 })
    linker.define('env', 'm', memory)
    const m = module('(module (import "env" "m" (memory 1)) (data (i32.const 0) "ab") (data (i32.const 65535) "cd"))')
    const e = thrown(() => linker.instantiate(m)) as Trap
    expect([e.code, e.backtrace]).toEqual(['memory_out_of_bounds', []])
    expect([...memory.read(0, 2)]).toEqual([97, 98])
    expect(memory.read(65535, 1)[0]).toBe(0)
  })

  test('a start function runs, and may trap', () => {
    const { store, linker, module } = world()
    const seen: unknown[] = []
    linker.func('env', 'see', funcType(['i32']), (x: number) => seen.push(x))
    linker.instantiate(
      module('(module (import "env" "see" (func $see (param i32))) (func $s i32.const 3 call $see) (start $s))'),
    )
    expect(seen).toEqual([3])
    expect(thrown(() => linker.instantiate(module('(module (func $s unreachable) (start $s))')))).toBeInstanceOf(Trap)
    expect(store.depth).toBe(0)
  })
})

describe('memories', () => {
  test('grow in place and by moving, and keep their bytes', () => {
    for (const memoryReservation of [1 << 16, 1 << 24]) {
      const { store, linker, module } = world({}, {}, { memoryReservation })
      const i = linker.instantiate(
        module(`(module (memory (export "m") 1) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
          (func (export "run") (result i32) ;; the base is loaded again behind the call that makes the memory move
            (i32.store (i32.const 16) (i32.const 1234))
            (drop (memory.grow (i32.const 40)))
            (i32.store (i32.const 2000000) (i32.load (i32.const 16)))
            (i32.load (i32.const 2000000))))`),
      )
      const m = i.memory('m')
      const before = m.base
      expect(i.func('run').call()).toBe(1234)
      expect(m.base !== before).toBe(memoryReservation === 1 << 16)
      expect([m.pages, m.grow(1), m.byteLength]).toEqual([41, 41, 42 * 65536])
      expect(i.func('grow').call(0)).toBe(42)
      expect(i.func('grow').call(65536)).toBe(-1)
      expect(m.grow(-1)).toBe(-1)
      expect(new Uint32Array(m.read(16, 4).buffer)[0]).toBe(1234)
      store.close()
    }
  })

  test('are read and written by the host, and trap out of bounds', () => {
    const { store } = world()
    const m = store.memory({ min: 1, max: 2 })
    m.write(65533, Uint8Array.of(1, 2, 3))
    m.view(65534, 1)[0] = 9
    expect([...m.read(65532, 4)]).toEqual([0, 1, 9, 3])
    expect(() => m.write(65534, Uint8Array.of(1, 2, 3))).toThrow(Trap)
    expect(() => m.read(-1, 1)).toThrow(Trap)
    expect(() => m.read('0' as unknown as number, 1)).toThrow(TypeError)
    expect([m.grow(1), m.grow(1)]).toEqual([1, -1])
  })

  test('that do not fit are errors, and the machine goes on', () => {
    const { store, linker, module } = world({}, { memoryBytes: 64 << 20 })
    const e = thrown(() => store.memory({ min: 4000 })) as LinkError
    expect(e).toBeInstanceOf(LinkError)
    expect(e.message).toBe('the machine has no room for memory 4000')
    expect(thrown(() => linker.instantiate(module('(module (memory 65536))')))).toBeInstanceOf(LinkError)
    expect(thrown(() => linker.instantiate(module('(module (table 4000000000 funcref))')))).toBeInstanceOf(LinkError)
    const i = linker.instantiate(
      module('(module (memory 1) (func (export "g") (param i32) (result i32) (memory.grow (local.get 0))))'),
    )
    expect([i.func('g').call(2000), i.func('g').call(10), i.func('g').call(0)]).toEqual([-1, 1, 11])
  })

  test('of a closed store are given back', () => {
    const { engine, module } = world({}, { memoryBytes: 64 << 20 })
    const m = module('(module (memory (export "m") 300) (table 10000 funcref) (func (export "f")))')
    for (let k = 0; k < 20; k++) {
      const store = new Store(engine, { stackBytes: 128 << 10 })
      const i = store.instantiate(m)
      const ends = [0, 150 * 65536, 300 * 65536 - 4]
      for (const at of ends) {
        expect([...i.memory('m').read(at, 4)]).toEqual([0, 0, 0, 0])
        i.memory('m').write(at, Uint8Array.of(1, 2, 3, 4))
      }
      store.close()
      expect(() => i.func('f').call()).toThrow('the store is closed')
    }
  })
})

describe('code', () => {
  const text =
    '(module (import "env" "f" (func (param i32) (result i32))) (func (export "g") (param i32) (result i32) (call 0 (local.get 0))))'

  test('of a module that was disposed of is given back once no store uses it', () => {
    const { engine, store, linker, module } = world({}, { memoryBytes: 8 << 20 })
    linker.func('env', 'f', funcType(['i32'], ['i32']), (x: number) => x + 1)
    const m = module(text)
    const i = linker.instantiate(m)
    const { code } = m
    m.dispose()
    expect(() => linker.instantiate(m)).toThrow('the module was disposed of')
    expect(i.func('g').call(4)).toBe(5)
    expect(engine.moduleAt(code)).toBe(m)
    store.close()
    expect(engine.moduleAt(code)).toBe(undefined)
    expect(() => engine.machine.removeCode(code)).toThrow(RangeError)
  })

  test('a host function keeps the module whose trampoline it uses', () => {
    const { engine, store, linker, module } = world()
    linker.func('env', 'f', funcType(['i32'], ['i32']), (x: number) => x * 2)
    const first = module(text)
    const second = module(text)
    const i = linker.instantiate(second)
    first.dispose()
    expect(i.func('g').call(4)).toBe(8)
    expect(engine.moduleAt(first.code)).toBe(first)
    store.close()
    expect(engine.moduleAt(first.code)).toBe(undefined)
    expect(engine.moduleAt(second.code)).toBe(second)
  })

  test('and stacks come and go without end', () => {
    const { engine, store } = world({ stackBytes: 128 << 10 }, { memoryBytes: 8 << 20 })
    store.close()
    const bytes = wat(text)
    const places = new Set<number>()
    for (let k = 0; k < 200; k++) {
      const s = new Store(engine)
      const m = engine.compile(bytes)
      places.add(m.code)
      const f = s.func(funcType(['i32'], ['i32']), (x: number) => x + k)
      expect(s.instantiate(m, { env: { f } }).func('g').call(1)).toBe(k + 1)
      m.dispose()
      s.close()
    }
    // Each place was used again, and nothing was left of what had been decoded there.
    expect(places.size).toBeLessThan(10)
  })
})

describe('tables and globals', () => {
  test('tables hold functions with one identity', () => {
    const { linker, module } = world()
    const i = linker.instantiate(
      module(`(module (table (export "t") 3 10 funcref) (elem (i32.const 1) $f)
        (func $f (export "f") (result i32) i32.const 5)
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0)))
        (func (export "grow") (result i32) (table.grow 0 (ref.func $f) (i32.const 2))))`),
    )
    const t = i.table('t')
    expect([t.get(0), t.get(1)]).toEqual([null, i.func('f')])
    expect(t.get(1)).toBe(i.func('f'))
    expect(i.func('grow').call()).toBe(3)
    expect([t.size, t.get(4), t.grow(5, i.func('f')), t.grow(1)]).toEqual([5, i.func('f'), 5, -1])
    expect(i.func('call').call(9)).toBe(5)
    expect((thrown(() => i.func('call').call(0)) as Trap).message).toBe('uninitialized element')
    expect((thrown(() => i.func('call').call(10)) as Trap).message).toBe('undefined element')
    expect(() => t.get(10)).toThrow('out of bounds table access')
    expect(() => t.set(0, 5)).toThrow(TypeError)
    t.set(1, i.func('call'))
    expect((thrown(() => i.func('call').call(1)) as Trap).code).toBe('bad_signature')
  })

  test('externrefs are the values that were given', () => {
    const { store } = world()
    const t = store.table({ min: 4, element: valType('externref') })
    const values = [undefined, -0, 0, Number.NaN]
    values.forEach((v, i) => {
      t.set(i, v)
    })
    expect(values.map((_, i) => Object.is(t.get(i), values[i]))).toEqual([true, true, true, true])
  })

  test('globals of every type', () => {
    const { store, linker, module } = world()
    const i = linker.instantiate(
      module(`(module (global (export "a") (mut i32) (i32.const -1)) (global (export "b") i64 (i64.const -2))
        (global (export "c") (mut f32) (f32.const 0.5)) (global (export "d") (mut f64) (f64.const -1e300))
        (global (export "e") (mut externref) (ref.null extern)) (func $f (export "f")) (global (export "g") funcref (ref.func $f)))`),
    )
    expect([...'abcdeg'].map((n) => i.global(n).get())).toEqual([-1, -2n, 0.5, -1e300, null, i.func('f')])
    i.global('e').set(store)
    i.global('d').set(2)
    expect([i.global('e').get(), i.global('d').get()]).toEqual([store, 2])
    expect(() => i.global('b').set(1n)).toThrow('the global is immutable')
    expect(() => i.global('a').set(1n)).toThrow(TypeError)
  })
})
