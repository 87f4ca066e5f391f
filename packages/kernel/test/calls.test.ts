import { describe, expect, test } from 'vitest'
import { type Func, funcType, LinkError, OutOfFuel, Trap, valType } from '../src/index.ts'
import { thrown, world } from './wat.ts'

describe('values', () => {
  const types = ['i32', 'i64', 'f32', 'f64', 'v128', 'externref', 'funcref'] as const
  const values = [
    -5,
    -(2n ** 63n),
    1.5,
    Math.PI,
    Uint8Array.from({ length: 16 }, (_, i) => 17 * i),
    { some: 'object' },
    null,
  ]

  test('every type goes in and out, through guest and host', () => {
    const { linker, module } = world()
    const all = types.join(' ')
    linker.func('env', 'swap', funcType(types, types), (...args) => args)
    const i = linker.instantiate(
      module(`(module
        (import "env" "swap" (func $swap (param ${all}) (result ${all})))
        (func (export "f") (param ${all}) (result ${all})
          ${types.map((_, k) => `local.get ${k}`).join(' ')} call $swap))`),
    )
    expect(i.func('f').call(...values)).toEqual(values)
  })

  test('a number out of range wraps, an i64 too', () => {
    const { linker, module } = world()
    const i = linker.instantiate(
      module(`(module (func (export "a") (param i32) (result i32) local.get 0)
                      (func (export "b") (param i64) (result i64) local.get 0))`),
    )
    expect(i.func('a').call(2 ** 31)).toBe(-(2 ** 31))
    expect(i.func('a').call(3.9)).toBe(3)
    expect(i.func('b').call(2n ** 63n)).toBe(-(2n ** 63n))
  })

  test('a NaN keeps its payload in callBits', () => {
    const { linker, module } = world()
    const i = linker.instantiate(
      module('(module (func (export "f") (param f64 f32) (result f32 f64) local.get 1 local.get 0))'),
    )
    expect(i.func('f').callBits([0x7ff0_0000_0000_0123n, 0xffa0_0001n])).toEqual([0xffa0_0001n, 0x7ff0_0000_0000_0123n])
  })

  test('vectors go through the stack, globals and bits too', () => {
    const { store, linker, module } = world()
    const n = 20
    const kinds = Array.from({ length: n }, (_, k) => (k % 3 === 0 ? 'i32' : 'v128') as 'i32' | 'v128')
    linker.func('env', 'reverse', funcType(kinds, [...kinds].reverse()), (...args) => args.reverse())
    const g = store.global(valType('v128'), new Uint8Array(16).fill(3), true)
    linker.define('env', 'g', g)
    const reversed = [...kinds].reverse().join(' ')
    const i = linker.instantiate(
      module(`(module (import "env" "reverse" (func $r (param ${kinds.join(' ')}) (result ${reversed})))
        (import "env" "g" (global $g (mut v128)))
        (global (export "own") v128 (v128.const i64x2 1 -2))
        (func (export "f") (param ${kinds.join(' ')}) (result ${reversed})
          ${kinds.map((_, k) => `local.get ${k}`).join(' ')} call $r)
        (func (export "g") (param v128) (result v128) (global.get $g) (global.set $g (local.get 0)))
        (func (export "not") (param v128) (result v128) (v128.not (local.get 0))))`),
    )
    const args = kinds.map((t, k) => (t === 'i32' ? k : Uint8Array.from({ length: 16 }, (_, b) => k * 16 + b)))
    expect(i.func('f').call(...args)).toEqual([...args].reverse())
    expect(i.func('g').call(new Uint8Array(16).fill(9))).toEqual(new Uint8Array(16).fill(3))
    expect(g.get()).toEqual(new Uint8Array(16).fill(9))
    expect(i.func('not').callBits([1n << 100n])).toEqual([(1n << 128n) - 1n - (1n << 100n)])
    expect(i.global('own').bits).toBe((((1n << 64n) - 2n) << 64n) | 1n)
    expect(() => i.func('g').call(new Uint8Array(15))).toThrow(
      'a value of type v128 is given as a Uint8Array of 16 bytes',
    )
  })

  test('a value of the wrong type is a TypeError', () => {
    const { store, linker, module } = world()
    const i = linker.instantiate(
      module(
        `(module (func (export "i") (param i32)) (func (export "l") (param i64)) (func (export "r") (param funcref)))`,
      ),
    )
    expect(() => i.func('i').call(1n)).toThrow(TypeError)
    expect(() => i.func('i').call('1')).toThrow('a value of type i32 is given as a number, found string')
    expect(() => i.func('l').call(1)).toThrow(TypeError)
    expect(() => i.func('r').call(() => 1)).toThrow(TypeError)
    expect(() => i.func('i').call()).toThrow('the function takes 1 arguments, found 0')
    expect(() => i.func('missing')).toThrow('the instance exports no func missing')
    expect(store.depth).toBe(0)
  })

  test('many parameters and results', () => {
    const { linker, module } = world()
    const n = 40
    const kinds = Array.from({ length: n }, (_, k) => (['i32', 'i64', 'f64'] as const)[k % 3])
    linker.func('env', 'reverse', funcType(kinds, [...kinds].reverse()), (...args) => args.reverse())
    const i = linker.instantiate(
      module(`(module (import "env" "reverse" (func $r (param ${kinds.join(' ')}) (result ${[...kinds].reverse().join(' ')})))
        (func (export "f") (param ${kinds.join(' ')}) (result ${[...kinds].reverse().join(' ')})
          ${kinds.map((_, k) => `local.get ${k}`).join(' ')} call $r))`),
    )
    const args = kinds.map((t, k) => (t === 'i64' ? BigInt(k) : k))
    expect(i.func('f').call(...args)).toEqual([...args].reverse())
  })
})

describe('host functions', () => {
  test('call back into the instance that called them', () => {
    const { store, linker, module } = world()
    linker.func('env', 'down', funcType(['i32'], ['i32']), (n: number) => {
      const f = store.caller!.func('fac')
      return n <= 0 ? 1 : f.call(n)
    })
    const i = linker.instantiate(
      module(`(module (import "env" "down" (func $down (param i32) (result i32)))
        (func (export "fac") (param i32) (result i32)
          local.get 0  local.get 0 i32.const 1 i32.sub call $down  i32.mul))`),
    )
    expect(i.func('fac').call(6)).toBe(720)
    expect(store.caller).toBe(undefined)
  })

  test('what they throw reaches the caller as it is, and the store goes on', () => {
    const { store, linker, module } = world()
    const error = new Error('from the host')
    linker.func('env', 'fail', funcType([]), () => {
      throw error
    })
    const i = linker.instantiate(
      module(`(module (import "env" "fail" (func $fail))
        (func (export "f") call $fail) (func (export "one") (result i32) i32.const 1))`),
    )
    for (let k = 0; k < 3; k++) expect(thrown(() => i.func('f').call())).toBe(error)
    expect(i.func('one').call()).toBe(1)
    expect(store.depth).toBe(0)
  })

  test('may catch a trap or an error of a nested call and go on, at any depth', () => {
    const { linker, module } = world()
    const error = new Error('from the host')
    const seen: unknown[] = []
    linker.func('env', 'fail', funcType([]), () => {
      throw error
    })
    linker.func('env', 'try', funcType(['funcref', 'i32'], ['i32']), (f: Func, n: number) => {
      try {
        f.call(n - 1)
      } catch (e) {
        seen.push(e)
      }
      // Once more after the catch, and without one: the interrupted frames below must be intact.
      return n > 0 ? (g.call(n - 1) as number) + 1 : 0
    })
    const i = linker.instantiate(
      module(`(module (import "env" "try" (func $try (param funcref i32) (result i32)))
        (import "env" "fail" (func $fail))
        (func $bad (export "bad") (param i32)
          local.get 0 i32.const 1 i32.and if call $fail end  unreachable)
        (func $g (export "g") (param i32) (result i32)
          local.get 0  ref.func $bad local.get 0 call $try  i32.const 100 i32.mul  i32.add))`),
    )
    const g = i.func('g')
    // g(n) = n + 100 * (g(n - 1) + 1), g(0) = 0
    expect(g.call(2)).toBe(2 + 100 * (1 + 100 * 1 + 1))
    expect(seen.map((e) => (e instanceof Trap ? e.code : e))).toEqual([error, 'unreachable', error])
  })

  test('an error after a nested call returned unwinds the outer call', () => {
    const { store, linker, module } = world()
    linker.func('env', 'f', funcType([]), () => {
      i.func('one').call()
      throw new Error('late')
    })
    const i = linker.instantiate(
      module(
        `(module (import "env" "f" (func $f)) (func (export "run") call $f) (func (export "one") (result i32) i32.const 1))`,
      ),
    )
    for (let k = 0; k < 3; k++) {
      expect(() => i.func('run').call()).toThrow('late')
      expect(store.depth).toBe(0)
      expect(i.func('one').call()).toBe(1)
    }
  })

  test('a wrong number of results is a TypeError', () => {
    const { linker, module } = world()
    linker.func('env', 'two', funcType([], ['i32', 'i32']), () => [1])
    const i = linker.instantiate(
      module(
        '(module (import "env" "two" (func $two (result i32 i32))) (func (export "f") (result i32 i32) call $two))',
      ),
    )
    expect(() => i.func('f').call()).toThrow('the host function gives an array of 2 results, found 1')
  })

  test('endless recursion through the host is call stack exhausted', () => {
    const { linker, module } = world()
    linker.func('env', 'again', funcType([]), () => i.func('f').call())
    const i = linker.instantiate(
      module('(module (import "env" "again" (func $again)) (func (export "f") call $again))'),
    )
    const e = thrown(() => i.func('f').call()) as Trap
    expect(e).toBeInstanceOf(Trap)
    expect(e.message).toBe('call stack exhausted')
  })

  test('can be called, exported and put in a table', () => {
    const { store, linker, module } = world()
    const double = store.func(funcType(['i32'], ['i32']), (x: number) => x * 2)
    linker.define('env', 'double', double)
    const i = linker.instantiate(
      module(`(module (import "env" "double" (func $d (param i32) (result i32)))
        (export "double" (func $d)) (table (export "t") 2 funcref) (elem (i32.const 0) $d)
        (func (export "at") (param i32) (result i32) i32.const 21 local.get 0 call_indirect (param i32) (result i32)))`),
    )
    expect(double.call(4)).toBe(8)
    expect(i.exports.double).toBe(double)
    expect(i.table('t').get(0)).toBe(double)
    i.table('t').set(1, double)
    expect(i.func('at').call(1)).toBe(42)
  })
})

describe('traps', () => {
  const text = `(module $calc
    (memory (export "m") 1)
    (func $leaf (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
    (func $middle (param i32 i32) (result i32) local.get 0 local.get 1 call $leaf i32.const 1 i32.add)
    (func (export "outer") (param i32 i32) (result i32) local.get 0 local.get 1 call $middle i32.const 1 i32.add)
    (func $deep (export "deep") (result i32) call $deep i32.const 1 i32.add)
    (func (export "load") (param i32) (result i32) local.get 0 i32.load offset=4)
    (func (export "copy") (param i32) i32.const 0 local.get 0 i32.const 65536 memory.copy)
    (func (export "spin") (loop br 0)))`

  test('have a code, the function with its offset, and a backtrace', () => {
    const { linker, module } = world()
    const m = module(text)
    const i = linker.instantiate(m)
    const e = thrown(() => i.func('outer').call(1, 0)) as Trap
    expect(e).toBeInstanceOf(Trap)
    expect([e.code, e.message, e.func, e.funcName]).toEqual([
      'integer_division_by_zero',
      'integer divide by zero',
      0,
      'leaf',
    ])
    expect(e.backtrace.map((f) => f.name)).toEqual(['leaf', 'middle', 'outer'])
    // The bytes there are the operators: i32.div_s, call 0, call 1.
    const at = (k: number): number => m.wasm.bytes[e.backtrace[k].offset]
    expect([at(0), at(1), at(2)]).toEqual([0x6d, 0x10, 0x10])
    expect(e.backtrace[0].module).toBe('calc')
    expect(i.func('outer').call(8, 2)).toBe(6)
  })

  test('in memory: the load, and a builtin', () => {
    const { linker, module } = world()
    const m = module(text)
    const i = linker.instantiate(m)
    expect(i.func('load').call(65528)).toBe(0)
    for (const at of [65529, -1, -4, 2 ** 31]) {
      const e = thrown(() => i.func('load').call(at)) as Trap
      expect([e.code, e.funcName, m.wasm.bytes[e.offset]]).toEqual(['memory_out_of_bounds', 'load', 0x28])
    }
    const e = thrown(() => i.func('copy').call(1)) as Trap
    expect([e.message, e.funcName, m.wasm.bytes[e.offset]]).toEqual(['out of bounds memory access', 'copy', 0xfc])
  })

  test('stack overflow, with as many frames as are kept', () => {
    const { linker, module } = world({ stackBytes: 256 << 10 })
    const i = linker.instantiate(module(text))
    for (let k = 0; k < 2; k++) {
      const e = thrown(() => i.func('deep').call()) as Trap
      expect([e.code, e.message, e.backtrace.length]).toEqual(['stack_overflow', 'call stack exhausted', 100])
    }
  })

  test('a frame larger than the whole stack', () => {
    const { linker, module } = world({ stackBytes: 128 << 10 })
    const n = 20_000
    const each = (f: (k: number) => string) => Array.from({ length: n }, (_, k) => f(k)).join(' ')
    // All locals live across a call: each takes a word of the frame.
    const m = module(`(module (memory 1) (func $g)
      (func (export "f") (result i64) (local ${'i64 '.repeat(n)})
        ${each((k) => `(local.set ${k} (i64.load (i32.const ${k % 60000})))`)} call $g
        ${each((k) => `local.get ${k}`)} ${'i64.add '.repeat(n - 1)}))`)
    expect(m.compiled.functions[1].frameBytes).toBeGreaterThan(128 << 10)
    const i = linker.instantiate(m)
    expect((thrown(() => i.func('f').call()) as Trap).code).toBe('stack_overflow')
  })

  test('fuel, for a store and for a call', () => {
    const { store, linker, module } = world({ fuel: 10_000 })
    const i = linker.instantiate(module(text))
    const e = thrown(() => i.func('spin').call()) as OutOfFuel
    expect(e).toBeInstanceOf(OutOfFuel)
    expect(e.backtrace[0].name).toBe('spin')
    expect(store.fuel).toBe(0)
    expect(() => i.func('load').call(0)).toThrow(OutOfFuel)
    store.fuel = 1000
    expect(i.func('load').call(0)).toBe(0)
    expect(store.fuel).toBeGreaterThan(900)
  })

  test('an interrupt ends the call, or not', () => {
    let asked = 0
    const { engine, linker, module } = world({ onInterrupt: () => ++asked < 2 })
    linker.func('env', 'interrupt', funcType([]), () => engine.machine.interrupt())
    const i = linker.instantiate(
      module(`(module (import "env" "interrupt" (func $i)) (func (export "f") (result i32) call $i i32.const 7))`),
    )
    expect(i.func('f').call()).toBe(7)
    expect((thrown(() => i.func('f').call()) as Trap).code).toBe('interrupted')
    expect(asked).toBe(2)
  })

  test('cross instances: the frames of both modules', () => {
    const { linker, module } = world()
    linker.instance('calc', linker.instantiate(module(text)))
    const i = linker.instantiate(
      module(`(module $user (import "calc" "outer" (func $o (param i32 i32) (result i32)))
        (func (export "go") (result i32) i32.const 1 i32.const 0 call $o))`),
    )
    const e = thrown(() => i.func('go').call()) as Trap
    expect(e.backtrace.map((f) => `${f.module}.${f.name}`)).toEqual([
      'calc.leaf',
      'calc.middle',
      'calc.outer',
      'user.go',
    ])
  })

  test('a link error is none', () => {
    const { linker, module } = world()
    expect(thrown(() => linker.instantiate(module('(module (import "a" "b" (func)))')))).toBeInstanceOf(LinkError)
  })
})
