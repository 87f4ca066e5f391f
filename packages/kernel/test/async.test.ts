// Host functions that take their time: a hart stopped at a host call goes on whenever the promise is settled, and what runs in the meantime is in order.
import { describe, expect, test } from 'vitest'
import { type Func, funcType, OutOfFuel, type Trap } from '../src/index.ts'
import { Wasi } from '../src/wasi/index.ts'
import { thrown, world } from './wat.ts'

/** A promise with its handles. */
function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (e: unknown) => void } {
  let resolve!: (value: T) => void
  let reject!: (e: unknown) => void
  const promise = new Promise<T>((a, b) => {
    resolve = a
    reject = b
  })
  return { promise, resolve, reject }
}

async function rejection(p: Promise<unknown>): Promise<unknown> {
  try {
    await p
  } catch (e) {
    return e
  }
  throw new Error('nothing was thrown')
}

const TEXT = `(module
  (import "env" "wait" (func $wait (param i32) (result i32)))
  (import "env" "pair" (func $pair (param i64) (result f64 i64)))
  (import "env" "object" (func $object (result externref)))
  (memory (export "m") 1)
  (func (export "sum") (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s) (call $wait (local.get $n))))
      (i32.store (i32.mul (i32.const 4) (local.get $n)) (local.get $s))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))
  (func (export "pair") (param i64) (result f64 i64) (call $pair (local.get 0)))
  (func (export "object") (result externref) (call $object))
  (func $deep (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (call $wait (i32.const 0)))))
  (func (export "one") (result i32) (i32.const 1))
  (func $trap (export "trap") (param i32) (drop (call $wait (local.get 0))) (unreachable)))`

type Wait = (n: number) => unknown

function make(wait: Wait, options = {}) {
  const w = world(options)
  const { linker, module } = w
  linker.func('env', 'wait', funcType(['i32'], ['i32']), (n: number) => wait(n))
  linker.func('env', 'pair', funcType(['i64'], ['f64', 'i64']), async (n: bigint) => [Number(n) / 2, n + 1n])
  linker.func('env', 'object', funcType([], ['externref']), async () => ({ it: 1 }))
  return { ...w, i: linker.instantiate(module(TEXT)) }
}

describe('callAsync', () => {
  test('waits for what host functions promise', async () => {
    const { i, store } = make(async (n) => {
      await new Promise((resolve) => setTimeout(resolve, n % 2))
      return n * 10
    })
    expect(await i.func('sum').callAsync(5)).toBe(150)
    expect(new Uint32Array(i.memory('m').read(4, 20).buffer)).toEqual(Uint32Array.of(150, 140, 120, 90, 50))
    expect(await i.func('pair').callAsync(7n)).toEqual([3.5, 8n])
    expect(await i.func('object').callAsync()).toEqual({ it: 1 })
    expect(await i.func('deep').callAsync(30)).toBe(30)
    expect(store.depth).toBe(0)
  })

  test('takes values too, and then runs to its end at once', async () => {
    let calls = 0
    const { i } = make(() => ++calls)
    const p = i.func('one').callAsync()
    expect(await p).toBe(1)
    expect(await i.func('sum').callAsync(3)).toBe(6)
  })

  test('is needed: a synchronous call refuses a promise, and the store goes on', () => {
    const { i, store } = make(async () => 1)
    expect(() => i.func('sum').call(1)).toThrow('use callAsync')
    expect(store.depth).toBe(0)
    expect(i.func('one').call()).toBe(1)
    // Where the result may be any value, the promise is one.
    expect(i.func('object').call()).toBeInstanceOf(Promise)
  })

  test('a rejection reaches the caller as it is, also from below other calls', async () => {
    const error = new Error('from the host')
    const { i, store } = make(async () => {
      throw error
    })
    for (const [name, n] of [
      ['sum', 2],
      ['deep', 9],
    ] as const)
      expect(await rejection(i.func(name).callAsync(n))).toBe(error)
    expect([store.depth, i.func('one').call()]).toEqual([0, 1])
  })

  test('what is no result of the type is a TypeError', async () => {
    const { i, store } = make(async () => 'text')
    expect(await rejection(i.func('sum').callAsync(1))).toBeInstanceOf(TypeError)
    expect(store.depth).toBe(0)
  })

  test('a trap behind a wait has its place', async () => {
    const { i } = make(async (n) => n)
    const e = (await rejection(i.func('trap').callAsync(4))) as Trap
    expect([e.code, e.funcName, e.backtrace.length]).toEqual(['unreachable', 'trap', 1])
  })

  test('other calls, in the meantime, end first', async () => {
    const first = deferred<number>()
    const second = deferred<number>()
    const promises = [first.promise, second.promise]
    const { i, store } = make((n) => (n === 0 ? promises.shift() : n))
    const order: string[] = []
    const outer = i.func('deep').callAsync(3)
    outer.then((v) => order.push(`outer ${v}`))
    expect(store.depth).toBe(1)
    // A synchronous call below the waiting one.
    expect([i.func('one').call(), i.func('sum').call(3)]).toEqual([1, 6])
    const inner = i.func('deep').callAsync(5)
    inner.then((v) => order.push(`inner ${v}`))
    expect(store.depth).toBe(2)
    // The outer one could go on, but the inner one lies on its stack.
    first.resolve(100)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([order, store.depth]).toEqual([[], 2])
    second.resolve(1000)
    expect(await Promise.all([outer, inner])).toEqual([103, 1005])
    expect(order).toEqual(['inner 1005', 'outer 103'])
  })

  test('a host function calls back and waits for that', async () => {
    let depth = 0
    const { i, store } = make(async (n) => {
      depth = Math.max(depth, store.depth)
      return n <= 1 ? 1 : ((await i.func('sum').callAsync(n - 1)) as number)
    })
    // sum(n) = wait(n) + ... + wait(1), and wait(n) = sum(n - 1).
    expect(await i.func('sum').callAsync(6)).toBe(32)
    expect(depth).toBe(6)
    expect(store.depth).toBe(0)
  })

  test('a host function that does not wait for what it started is an error, and what it started is given up', async () => {
    const never = deferred<number>()
    let inner: Promise<unknown> | undefined
    const { i, store } = make((n) => {
      if (n === 0) return never.promise
      inner = i.func('deep').callAsync(2)
      return 1
    })
    expect(() => i.func('sum').call(1)).toThrow('returned before an asynchronous call that it made')
    expect([store.depth, i.func('one').call()]).toEqual([0, 1])
    never.resolve(1)
    expect(((await rejection(inner as Promise<unknown>)) as Error).message).toBe(
      'the call was given up by the call that it is part of',
    )
    // Under an asynchronous call it is waited for.
    const later = deferred<number>()
    const again = make((n) => {
      if (n === 0) return later.promise
      inner = again.i.func('deep').callAsync(2)
      return 1
    })
    const outer = again.i.func('sum').callAsync(1)
    later.resolve(40)
    expect([await outer, await inner]).toEqual([1, 42])
  })

  test('a rejected outer call waits for the inner one too', async () => {
    const first = deferred<number>()
    const second = deferred<number>()
    const promises = [first.promise, second.promise]
    const { i, store } = make(() => promises.shift())
    const outer = i.func('deep').callAsync(1)
    const inner = i.func('deep').callAsync(2)
    const failed = rejection(outer)
    first.reject(new Error('outer'))
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(store.depth).toBe(2)
    second.resolve(7)
    expect(await inner).toBe(9)
    expect(((await failed) as Error).message).toBe('outer')
    expect(store.depth).toBe(0)
  })

  test('fuel and interrupts may be decided on later', async () => {
    let slices = 0
    const { i, store, engine } = make((n) => n, {
      fuel: 1000,
      onOutOfFuel: async () => {
        await null
        slices++
        store.fuel = 3000
        if (slices === 2) engine.interrupt()
        return slices < 10
      },
      onInterrupt: async () => slices < 7,
    })
    expect(await i.func('sum').callAsync(300)).toBe(45150)
    expect(slices).toBeGreaterThan(2)
    slices = 8
    engine.interrupt()
    expect(((await rejection(i.func('sum').callAsync(300))) as Trap).code).toBe('interrupted')
    slices = 9
    store.fuel = 100
    const e = (await rejection(i.func('sum').callAsync(3000))) as OutOfFuel
    expect(e).toBeInstanceOf(OutOfFuel)
    expect(e.backtrace.length).toBeGreaterThan(0)
    store.fuel = 10
    expect(() => i.func('sum').call(3000)).toThrow('use callAsync')
  })
})

describe('whole programs', () => {
  test('a start function waits, and a WASI command', async () => {
    const { linker, module } = world()
    const seen: number[] = []
    linker.func('env', 'see', funcType(['i32']), async (n: number) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      seen.push(n)
    })
    const text = (start: string): string => `(module (import "env" "see" (func $see (param i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
      (func $s (call $see (i32.const 1)) (call $see (i32.const 2)))
      (func (export "_start") (call $see (i32.const 3)) (call $exit (i32.const 9))) ${start})`
    const wasi = new Wasi()
    wasi.define(linker)
    await linker.instantiateAsync(module(text('(start $s)')))
    expect(seen).toEqual([1, 2])
    expect(() => linker.instantiate(module(text('(start $s)')))).toThrow('use callAsync')
    expect(await wasi.startAsync(linker.instantiate(module(text(''))))).toBe(9)
    expect(seen.at(-1)).toBe(3)
  })
})

describe('backtraces', () => {
  test('go through calls that were interrupted by others', () => {
    const { linker, module } = world()
    const traces: string[][] = []
    linker.func('env', 'again', funcType(['funcref', 'i32']), (f: Func, n: number) => f.call(f, n))
    const i = linker.instantiate(
      module(`(module (import "env" "again" (func $again (param funcref i32)))
        (func $outer (export "outer") (param funcref i32) (call $middle (local.get 0) (local.get 1)))
        (func $middle (param funcref i32)
          (if (i32.eqz (local.get 1)) (then (call $leaf (i32.const 0))))
          (call $again (local.get 0) (i32.sub (local.get 1) (i32.const 1))))
        (func $leaf (param i32) (drop (i32.div_u (i32.const 1) (local.get 0)))))`),
    )
    const e = thrown(() => i.func('outer').call(i.func('outer'), 2)) as Trap
    traces.push(e.backtrace.map((f) => f.name))
    expect(traces[0]).toEqual(['leaf', 'middle', 'outer', 'middle', 'outer', 'middle', 'outer'])
    // The interrupted ones are at their calls of the host.
    const [leaf, first, , second] = e.backtrace
    expect(leaf.offset).toBeGreaterThan(first.offset)
    expect(second.offset).toBeGreaterThan(first.offset)
  })
})
