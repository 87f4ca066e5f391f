// Instances that run in turns, within each other's calls, while their memories grow and move.
import { expect, test } from 'vitest'
import { type Func, funcType, type Instance } from '../src/index.ts'
import { world } from './wat.ts'

/** Each step stores its number, hands over to the host, and stores the number again behind what it stored: the base must be loaded again. */
const COUNTER = `(module
  (import "env" "other" (func $other (param i32 i32)))
  (memory (export "memory") 1)
  (global $sum (mut i32) (i32.const 0))
  (func (export "sum") (result i32) global.get $sum)
  (func (export "size") (result i32) memory.size)
  (func (export "step") (param $n i32) (param $depth i32) (local $at i32)
    (local.set $at (i32.shl (local.get $n) (i32.const 3)))
    (i32.store (local.get $at) (local.get $n))
    (global.set $sum (i32.add (global.get $sum) (local.get $n)))
    (call $other (local.get $n) (local.get $depth))
    (i32.store offset=4 (local.get $at) (i32.load (local.get $at)))
    (drop (memory.grow (i32.const 1)))
    (i32.store (i32.sub (i32.shl (memory.size) (i32.const 16)) (i32.const 4)) (local.get $n))))`

/** The smallest reservation: a memory moves each time that its size has doubled. */
const SMALL = { memoryReservation: 65536 }

test('two instances of a module call each other in turns, and their memories move in between', () => {
  const { linker, module } = world({}, {}, SMALL)
  const pair: Instance[] = []
  // By instance: how often the host moved the memory under the caller's feet.
  const moves = [0, 0]
  let turn = 0
  linker.func('env', 'other', funcType(['i32', 'i32']), (n: number, depth: number) => {
    const memory = pair[turn].memory('memory')
    const before = memory.base
    expect(memory.grow(1)).toBeGreaterThan(0)
    if (memory.base !== before) moves[turn]++
    if (depth === 0) return
    turn ^= 1
    pair[turn].func('step').call(n + 1, depth - 1)
    turn ^= 1
  })
  const m = module(COUNTER)
  pair.push(linker.instantiate(m), linker.instantiate(m))
  for (const start of [1, 100]) pair[0].func('step').call(start, 9)

  expect(Math.min(...moves)).toBeGreaterThanOrEqual(2)
  for (const [k, instance] of pair.entries()) {
    const mine = [1, 100].flatMap((s) => [0, 2, 4, 6, 8].map((i) => s + i + k))
    expect(instance.func('sum').call()).toBe(mine.reduce((a, b) => a + b))
    const view = instance.memory('memory').view()
    const data = new DataView(view.buffer, view.byteOffset, view.length)
    const found: number[] = []
    for (let n = 0; n < 200; n++) {
      const pairOf = [data.getUint32(8 * n, true), data.getUint32(8 * n + 4, true)]
      if (pairOf[0] === 0) continue
      expect(pairOf).toEqual([n, n])
      found.push(n)
    }
    expect(found).toEqual(mine)
    // One page by the host and one by the guest in each of ten steps.
    expect(instance.func('size').call()).toBe(21)
    expect(data.getUint32(21 * 65536 - 4, true)).toBe(100 + k)
  }
})

test('a trap in one instance, within a call of the other, leaves both usable', () => {
  const { linker, module } = world({}, {}, SMALL)
  let next: Func | undefined
  linker.func('env', 'other', funcType(['i32', 'i32']), (n: number) => {
    try {
      next?.call(n, 0)
    } catch {
      // The outer call goes on.
    }
  })
  const m = module(COUNTER)
  const [a, b] = [linker.instantiate(m), linker.instantiate(m)]
  const bad = linker.instantiate(module('(module (func (export "f") (param i32 i32) (unreachable)))'))
  next = bad.func('f')
  a.func('step').call(3, 0)
  b.func('step').call(5, 0)
  expect([a, b].map((i) => i.func('sum').call())).toEqual([3, 5])
  expect([a, b].map((i) => i.func('size').call())).toEqual([2, 2])
})
