// memory.copy and memory.fill, of all sizes around the one from which the kernel does them, overlapping in all ways, and at the ends of memories.
import { describe, expect, test } from 'vitest'
import { createX64Machine } from '@k23/emulator/x64'
import { Engine, type Instance, type Memory, Store, Trap } from '../src/index.ts'
import { wat, world } from './wat.ts'

const TEXT = `(module (memory (export "m") 2 3)
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "small") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 37)))
  (func (export "large") (param i32 i32) (memory.copy (local.get 0) (local.get 1) (i32.const 40000)))
  (func (export "zero") (param i32) (memory.fill (local.get 0) (i32.const -1) (i32.const 0))))`

/** The same on a plain array; false where it must trap. */
const plain: Readonly<Record<string, (b: Uint8Array, args: readonly number[]) => boolean>> = {
  copy(b, [to, from, n]) {
    if (Math.max(to, from) + n > b.length) return false
    b.copyWithin(to, from, from + n)
    return true
  },
  fill(b, [at, byte, n]) {
    if (at + n > b.length) return false
    b.fill(byte & 255, at, at + n)
    return true
  },
  small: (b, [to, from]) => plain.copy(b, [to, from, 37]),
  large: (b, [to, from]) => plain.copy(b, [to, from, 40_000]),
  zero: (b, [at]) => plain.fill(b, [at, -1, 0]),
}

let state = 12345
const random = (n: number): number => {
  state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff
  return (state >> 8) % n
}

const machines = {
  riscv64: (): Instance => {
    const { linker, module } = world()
    return linker.instantiate(module(TEXT))
  },
  x64: (): Instance => {
    const engine = new Engine({ machine: createX64Machine(), settings: { regalloc_checker: true } })
    return new Store(engine).instantiate(engine.compile(wat(TEXT)))
  },
}

describe.each(Object.entries(machines))('%s', (_, make) => {
  test('as on a plain array', () => {
    const i = make()
    const m: Memory = i.memory('m')
    const b = new Uint8Array(m.byteLength)
    for (let at = 0; at < b.length; at++) b[at] = (at * 7 + (at >> 8)) & 255
    m.write(0, b)
    const end = b.length
    const sizes = [0, 1, 7, 8, 9, 15, 16, 17, 64, 100, 255, 1023, 1024, 1025, 3000, 40_000]
    let traps = 0
    for (let step = 0; step < 1500; step++) {
      const name = ['copy', 'copy', 'copy', 'fill', 'small', 'large', 'zero'][random(7)]
      const n = sizes[random(sizes.length)]
      // Near each other, near the end, or anywhere.
      const to = [random(end), 5000 + random(40), end - n + random(3) - 1, random(2) * 2 ** 32 - 1, end][random(5)]
      const from = [random(end), 5000 + random(40), to + random(80) - 40, end - n][random(4)]
      const args = { fill: [to, random(1000) - 500, n], small: [to, from], large: [to, from], zero: [to] }[name] ?? [
        to,
        from,
        n,
      ]
      const unsigned = args.map((x, k) => (name === 'fill' && k === 1 ? x : x >>> 0))
      const expected = plain[name](b, unsigned)
      let found = true
      try {
        i.func(name).call(...args)
      } catch (e) {
        expect(e).toBeInstanceOf(Trap)
        expect([(e as Trap).code, (e as Trap).backtrace.length]).toEqual(['memory_out_of_bounds', 1])
        found = false
        traps++
      }
      expect(found, `${name}(${args})`).toBe(expected)
      if (step % 20 === 0) expect(Buffer.from(m.read(0, end)).equals(b), `${name}(${args})`).toBe(true)
    }
    expect(Buffer.from(m.read(0, end)).equals(b)).toBe(true)
    expect(traps).toBeGreaterThan(100)
  })
})
