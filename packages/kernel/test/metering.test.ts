// Fuel and epochs in generated code: what is counted, that everything can be stopped, and that what was stopped goes on as if nothing had been.
import { compile, targetByName } from '@k23/codegen'
import { describe, expect, test } from 'vitest'
import { funcType, OutOfFuel, Store, type StoreOptions, type Trap } from '../src/index.ts'
import { thrown, wat, world, type World } from './wat.ts'

const FUEL = { wasm_fuel: true }

const metered = (
  options: StoreOptions = {},
  settings: Record<string, boolean | string> = {},
  opt?: 'none' | 'speed',
): World =>
  world(
    options,
    {},
    {
      settings: { ...FUEL, regalloc_checker: true, ...settings },
      ...(opt === undefined ? {} : { optLevel: opt }),
    },
  )

/** Functions with the fuel that a call of each takes, counted by hand: an operator is one, but for nop, drop, block, loop, else and end. */
const COUNTS: readonly [text: string, args: number[], units: number][] = [
  ['(func (export "f") (result i32) (i32.add (i32.const 1) (i32.const 2)))', [], 3],
  ['(func (export "f"))', [], 0],
  ['(func (export "f") nop (drop (i32.const 1)) (block (block (nop))))', [], 1],
  // Condition, br_if, and once more; 5 turns.
  ['(func (export "f") (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))', [5], 25],
  [
    '(func (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 1)))))',
    [1],
    3,
  ],
  [
    '(func (export "f") (param i32) (result i32) (if (result i32) (local.get 0) (then (i32.const 1)) (else (i32.add (i32.const 1) (i32.const 1)))))',
    [0],
    5,
  ],
  ['(func (export "f") (param i32) (if (local.get 0) (then (return))) (drop (i32.const 9)))', [1], 3],
  ['(func (export "f") (param i32) (if (local.get 0) (then (return))) (drop (i32.const 9)))', [0], 3],
  ['(func (export "f") (param i32) (block $a (block $b (br_table $a $b (local.get 0))) (drop (i32.const 7))))', [0], 2],
  ['(func (export "f") (param i32) (block $a (block $b (br_table $a $b (local.get 0))) (drop (i32.const 7))))', [1], 3],
  [
    '(func $g (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))) (func (export "f") (result i32) (call $g (call $g (i32.const 1))))',
    [],
    9,
  ],
  ['(func $g (result i32) (i32.const 1)) (func (export "f") (result i32) (return_call $g))', [], 2],
  ['(memory 1) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const 1000)))', [], 4],
  [
    '(table funcref (elem $g)) (func $g (result i32) (i32.const 1)) (func (export "f") (result i32) (call_indirect (result i32) (i32.const 0)))',
    [],
    3,
  ],
  // Behind a trap that is certain, nothing counts.
  ['(func (export "f") (param i32) (block $a (br_if $a (local.get 0)) (unreachable)) (drop (i32.const 1)))', [1], 3],
]

describe('fuel', () => {
  test.each(COUNTS)('%s %j: %d', (text, args, units) => {
    for (const opt of ['none', 'speed'] as const) {
      const { store, linker, module } = metered({}, {}, opt)
      const f = linker.instantiate(module(`(module ${text})`)).func('f')
      store.fuel = 1000
      f.call(...args)
      expect(1000 - store.fuel).toBe(units)
      // The last unit may be used; one that is not there may not, where there is a check.
      store.fuel = units
      f.call(...args)
      expect(store.fuel).toBe(0)
    }
  })

  test('without a limit there is none', () => {
    const { store, linker, module } = metered()
    const f = linker.instantiate(module(`(module ${COUNTS[3][0]})`)).func('f')
    expect(store.fuel).toBe(Number.POSITIVE_INFINITY)
    f.call(1000)
    expect(store.fuel).toBe(Number.POSITIVE_INFINITY)
  })

  const LOOPS = `(module
    (func $sum (export "sum") (param i32) (result i32) (local i32)
      (loop $l
        (local.set 1 (i32.add (local.get 1) (local.get 0)))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1))
    (func (export "forever") (loop $l (br $l)))
    (func $down (export "down") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (return_call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 77))))
    (func $deep (export "deep") (param i32) (result i32)
      (if (result i32) (local.get 0) (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))`

  test('ends a loop, a chain of tail calls and a recursion, wherever they are', () => {
    const { store, linker, module } = metered()
    const i = linker.instantiate(module(LOOPS))
    for (const name of ['sum', 'down', 'deep', 'forever']) {
      store.fuel = 1000
      const e = thrown(() => i.func(name).call(...(name === 'forever' ? [] : [5000]))) as OutOfFuel
      expect(e).toBeInstanceOf(OutOfFuel)
      expect(e.backtrace[0].name).toBe(name)
      expect(store.fuel).toBeLessThanOrEqual(0)
      expect(store.fuel).toBeGreaterThan(-20)
    }
    store.fuel = 1000
    expect(i.func('sum').call(10)).toBe(55)
  })

  test('the same is used on every path, whatever the level and the strategy', () => {
    const used = [
      metered({}, {}, 'none'),
      metered({}, {}, 'speed'),
      metered({}, { regalloc_algorithm: 'single_pass' }),
      metered({}, { enable_heap_access_spectre_mitigation: false }),
      metered({}, { wasm_epoch: true }),
    ].map(({ store, linker, module }) => {
      const i = linker.instantiate(module(LOOPS))
      const left: number[] = []
      for (const [name, n] of [
        ['sum', 17],
        ['down', 23],
        ['deep', 31],
      ] as const) {
        for (let fuel = 0; fuel < 300; fuel += 7) {
          store.fuel = fuel
          try {
            i.func(name).call(n)
          } catch (e) {
            expect(e).toBeInstanceOf(OutOfFuel)
          }
          left.push(store.fuel)
        }
      }
      return left
    })
    for (const u of used) expect(u).toEqual(used[0])
  })

  test('more lets the call go on where it stopped', () => {
    let asked = 0
    const w: World = metered({
      fuel: 10,
      onOutOfFuel: () => {
        w.store.fuel = ++asked % 3
        return asked < 4000
      },
    })
    const i = w.linker.instantiate(w.module(LOOPS))
    expect(i.func('sum').call(300)).toBe(45150)
    expect(asked).toBeGreaterThan(250)
    expect(i.func('deep').call(50)).toBe(50)
    expect(thrown(() => i.func('forever').call())).toBeInstanceOf(OutOfFuel)
    expect(asked).toBe(4000)
  })

  test('a host function sees what is left, and what it sets counts', () => {
    const { store, linker, module } = metered({ fuel: 100 })
    const seen: number[] = []
    linker.func('env', 'see', funcType([]), () => {
      seen.push(store.fuel)
      store.fuel = 50
    })
    const i = linker.instantiate(
      module(
        '(module (import "env" "see" (func $see)) (func (export "f") (drop (i32.const 1)) (call $see) (call $see)))',
      ),
    )
    i.func('f').call()
    expect([...seen, store.fuel]).toEqual([98, 49, 50])
  })
})

describe('epochs', () => {
  const FOREVER = `(module (func $f (export "loop") (loop $l (br $l)))
    (func $g (export "tail") (return_call $g))
    (func (export "nested") (call $f))
    (func (export "short") (result i32) (i32.const 5)))`

  test('stop any code, and let it go on', () => {
    let asked = 0
    // Between slices of the emulator the epoch advances, as a second thread would make it.
    const { engine, module } = world({}, {}, { settings: { wasm_epoch: true, regalloc_checker: true } })
    const store = new Store(engine, {
      fuel: 1000,
      onOutOfFuel: () => {
        engine.incrementEpoch()
        store.fuel = 1000
        return true
      },
      onInterrupt: () => ++asked % 5 !== 0,
    })
    const i = store.instantiate(module(FOREVER))
    for (const [name, outermost] of [
      ['loop', 'f'],
      ['tail', 'g'],
      ['nested', 'nested'],
    ]) {
      const e = thrown(() => i.func(name).call()) as Trap
      expect([e.name, e.code]).toEqual(['Trap', 'interrupted'])
      expect(e.backtrace.at(-1)?.name).toBe(outermost)
      expect(asked % 5).toBe(0)
    }
    // A deadline that has passed already.
    store.setEpochDeadline(0)
    expect(i.func('short').call()).toBe(5)
    expect(asked).toBe(16)
    // A deadline far ahead is not reached.
    const far = new Store(engine, { epochTicks: 1_000_000 })
    expect(far.instantiate(module(FOREVER)).func('short').call()).toBe(5)
  })
})

test('code is loaded by engines only that count for it', () => {
  const text = wat('(module (func (export "f")))')
  for (const [setting, what] of [
    ['wasm_fuel', 'fuel'],
    ['wasm_epoch', 'epochs'],
  ]) {
    const compiled = compile(text, { target: targetByName('riscv64'), settings: { [setting]: true } })
    expect(() => world().engine.load(compiled)).toThrow(`compiled for ${what}, which this engine does not provide`)
  }
})
