// Tables that are initialized when their elements are first read behave as those that are filled at once.
import { TABLE_BASE, TABLE_ELEMENT_SIZE } from '@k23/frontend-wasm/runtime-abi'
import { compile, targetByName } from '@k23/codegen'
import { describe, expect, test } from 'vitest'
import { type Func, type Table, type Trap, valType } from '../src/index.ts'
import { thrown, wat, world, type World } from './wat.ts'

const make = (lazy: boolean): World => world({}, {}, { settings: { wasm_lazy_tables: lazy, regalloc_checker: true } })
/** Words of the elements as memory has them. */
const raw = (t: Table, n: number): boolean[] => {
  const { guest } = t.store
  const base = guest.u64(t.definition + TABLE_BASE)
  return Array.from({ length: n }, (_, i) => guest.u64(base + i * TABLE_ELEMENT_SIZE) !== 0)
}

const TEXT = `(module
  (table $t (export "t") 8 20 funcref) (table $u (export "u") 4 funcref)
  (global $g funcref (ref.func $c))
  (elem (table $t) (i32.const 1) func $a $b) (elem (table $t) (i32.const 2) func $b)
  (elem $p func $a $b) (elem $e funcref (ref.null func) (global.get $g))
  (func $a (export "a") (result i32) (i32.const 10)) (func $b (result i32) (i32.const 20)) (func $c (result i32) (i32.const 30))
  (func (export "call") (param i32) (result i32) (call_indirect $t (result i32) (local.get 0)))
  (func (export "call3") (result i32) (call_indirect $t (result i32) (i32.const 3)))
  (func (export "other") (param i32) (call_indirect $t (param f64) (f64.const 0) (local.get 0)))
  (func (export "get") (param i32) (result funcref) (table.get $t (local.get 0)))
  (func (export "set") (param i32) (param funcref) (table.set $t (local.get 0) (local.get 1)))
  (func (export "null") (param i32) (result i32) (ref.is_null (table.get $t (local.get 0))))
  (func (export "init") (param i32 i32 i32) (table.init $t $p (local.get 0) (local.get 1) (local.get 2)))
  (func (export "inite") (param i32) (table.init $t $e (local.get 0) (i32.const 0) (i32.const 2)))
  (func (export "drop") (elem.drop $p) (elem.drop $e))
  (func (export "copy") (param i32 i32 i32) (table.copy $t $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "out") (param i32 i32 i32) (table.copy $u $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 funcref i32) (table.fill $t (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param funcref i32) (result i32) (table.grow $t (local.get 0) (local.get 1))))`

/** What `run` gives, or the trap with its place. */
function outcome(run: () => unknown): unknown {
  try {
    return run()
  } catch (e) {
    return `${(e as Trap).code} ${(e as Trap).funcName} ${(e as Trap).offset}`
  }
}

describe('lazy tables', () => {
  test('are filled as they are read', () => {
    const { linker, module } = make(true)
    const i = linker.instantiate(module(TEXT))
    const t = i.table('t')
    expect(raw(t, 4)).toEqual([false, false, false, false])
    expect(i.func('call').call(2)).toBe(20)
    expect(raw(t, 4)).toEqual([false, false, true, false])
    expect(t.get(1)).toBe(i.func('a'))
    expect(i.func('null').call(0)).toBe(1)
    expect(raw(t, 4)).toEqual([true, true, true, false])
  })

  test('behave as the others, whatever is done', () => {
    const random = (seed: number): ((n: number) => number) => {
      let s = seed
      return (n) => {
        s = (Math.imul(s, 1664525) + 1013904223) | 0
        return (s >>> 8) % n
      }
    }
    for (let seed = 1; seed <= 20; seed++) {
      const histories = [false, true].map((lazy) => {
        const { linker, module } = make(lazy)
        const i = linker.instantiate(module(TEXT))
        const [t, u] = [i.table('t'), i.table('u')]
        const r = random(seed)
        const number = (f: unknown): unknown => (f === null ? null : (f as Func).call())
        const seen: unknown[] = []
        for (let step = 0; step < 120; step++) {
          const at = r(10)
          const actions: (() => unknown)[] = [
            () => i.func('call').call(at),
            () => i.func('call3').call(),
            () => i.func('other').call(at),
            () => number(i.func('get').call(at)),
            () => i.func('null').call(at),
            () => i.func('init').call(at, r(2), r(3)),
            () => i.func('inite').call(at),
            () => i.func('copy').call(r(8), r(8), r(5)),
            () => i.func('out').call(r(3), r(8), r(3)),
            () => i.func('fill').call(at, r(2) === 0 ? null : i.func('a'), r(3)),
            () => i.func('set').call(at, r(2) === 0 ? null : i.func('a')),
            () => i.func('grow').call(r(2) === 0 ? null : i.func('a'), r(2)),
            () => number(t.get(at)),
            () => number(u.get(r(4))),
            () => t.set(at, r(2) === 0 ? null : i.func('a')),
            () => (step === 100 ? i.func('drop').call() : t.size),
          ]
          seen.push(outcome(actions[r(actions.length)]))
        }
        for (let k = 0; k < t.size; k++) seen.push(outcome(() => number(t.get(k))))
        return seen
      })
      expect(histories[1]).toEqual(histories[0])
    }
  })

  test('shared by import have one state', () => {
    const { linker, module } = make(true)
    const a = linker.instantiate(module(TEXT))
    linker.define('env', 't', a.table('t'))
    const b = linker.instantiate(
      module(`(module (import "env" "t" (table 8 funcref)) (elem (i32.const 5) $f)
        (func $f (result i32) (i32.const 55))
        (func (export "call") (param i32) (result i32) (call_indirect (result i32) (local.get 0))))`),
    )
    expect([a.func('call').call(5), b.func('call').call(1), b.func('call').call(5)]).toEqual([55, 10, 55])
    expect((thrown(() => b.func('call').call(7)) as Trap).code).toBe('uninitialized_element')
  })

  test('externrefs are what they were', () => {
    const { store } = make(true)
    const t = store.table({ min: 2, element: valType('externref') }, 'x')
    t.set(1, null)
    expect([t.get(0), t.get(1)]).toEqual(['x', null])
  })

  test('code and engine must agree', () => {
    const target = targetByName('riscv64')
    const eager = compile(wat(TEXT), { target })
    const lazy = compile(wat(TEXT), { target, settings: { wasm_lazy_tables: true } })
    expect(() => make(true).engine.load(eager)).toThrow('compiled without tables that are initialized lazily')
    expect(() => make(false).engine.load(lazy)).toThrow('compiled for tables that are initialized lazily')
  })
})
