// Every case of bounds checking, at its edges: an access is out of bounds exactly where index + offset + size exceeds the memory's length, whatever
// the strategy, the declared limits and the width of the index; and where it is in bounds it reads the right bytes.
import { describe, expect, test } from 'vitest'
import wabtInit from 'wabt'
import { decodeModule, type TranslateOptions } from '../src/index.ts'
import { TRAP_MEMORY_OUT_OF_BOUNDS, TRAP_TABLE_OUT_OF_BOUNDS, TRAP_UNDEFINED_ELEMENT } from '../src/runtime-abi.ts'
import { Trap } from './clif-machine.ts'
import { MiniKernel } from './mini-kernel.ts'

const wabt = await wabtInit()
const PAGE = 65536n

const settings: [string, Partial<TranslateOptions>][] = [
  ['explicit, Spectre guards', {}],
  ['explicit, traps', { heapSpectre: false }],
  ['reservation', { memory: { kind: 'guard', reservation: 2 ** 32, guard: 2 ** 31 } }],
  ['small reservation', { memory: { kind: 'guard', reservation: 2 ** 32, guard: 65536 } }],
]

const loads: [string, number][] = [
  ['i32.load8_u', 1],
  ['i32.load16_u', 2],
  ['i32.load', 4],
  ['i64.load', 8],
]
const offsets = [
  0n,
  1n,
  2047n,
  2048n,
  5000n,
  PAGE - 8n,
  PAGE - 1n,
  PAGE,
  2n * PAGE - 4n,
  2n * PAGE,
  3n * PAGE - 8n,
  3n * PAGE,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
]
const limits = ['1', '1 3', '2 2', '0', '0 3']

/** One function per load and offset, index as a parameter and as constants near the ends. */
function text(limit: string, wide: boolean): string {
  const index = wide ? 'i64' : 'i32'
  const functions = loads.flatMap(([op, size]) =>
    offsets.map((o) => {
      const result = op.slice(0, 3)
      return `(func (export "${op} ${o}") (param ${index}) (result ${result}) (${op} offset=${o} (local.get 0)))
        ${[0n, PAGE - o - BigInt(size), PAGE - o]
          .filter((c) => c >= 0n)
          .map(
            (c) => `(func (export "${op} ${o} at ${c}") (result ${result}) (${op} offset=${o} (${index}.const ${c})))`,
          )
          .filter((f, k, all) => all.indexOf(f) === k)
          .join('\n')}`
    }),
  )
  return `(module (memory (export "m") ${wide ? 'i64 ' : ''}${limit})
    (func (export "grow") (param ${index}) (result ${index}) (memory.grow (local.get 0)))
    ${functions.join('\n')})`
}

describe.each(settings)('%s', (_, options) => {
  test.each(limits.flatMap((l) => [[l, false] as const, [l, true] as const]))(
    'memory %s, 64-bit: %s',
    (limit, wide) => {
      const parsed = wabt.parseWat('bounds.wat', text(limit, wide), { memory64: true })
      const module = decodeModule(parsed.toBinary({}).buffer)
      const kernel = new MiniKernel(options)
      const exports = kernel.instantiate(module, () => undefined)
      const memory = exports.get('m')!
      const mask = wide ? (1n << 64n) - 1n : (1n << 32n) - 1n
      let length = BigInt(Number(limit.split(' ')[0])) * PAGE
      let traps = 0
      let reads = 0

      const check = (name: string, size: bigint, offset: bigint, index: bigint, args: bigint[]): void => {
        let found: bigint | undefined
        try {
          found = kernel.invoke(exports.get(name)!, args)[0]
        } catch (e) {
          if (!(e instanceof Trap && e.code === TRAP_MEMORY_OUT_OF_BOUNDS)) throw e
        }
        const at = index + offset
        let expected: bigint | undefined
        if (at + size <= length) {
          expected = 0n
          for (let i = size - 1n; i >= 0n; i--) expected = (expected << 8n) | pattern(at + i)
          reads++
        } else traps++
        expect(found, `${name}(${index}) with ${length} bytes`).toBe(expected)
      }

      const round = (): void => {
        if (memory.kind === 'func') throw new Error('not a memory')
        const base = Number(kernel.m.view.getBigUint64(memory.address, true))
        for (let i = 0; i < Number(length); i++) kernel.m.bytes[base + i] = Number(pattern(BigInt(i)))
        for (const [op, n] of loads) {
          const size = BigInt(n)
          for (const o of offsets) {
            const edge = length - size - o
            const indices = [
              edge - 1n,
              edge,
              edge + 1n,
              length - o,
              length,
              0n,
              1n,
              PAGE,
              (1n << 31n) - 1n,
              1n << 31n,
              mask - o,
              mask - o + 1n,
              mask,
            ]
            for (const i of new Set(indices.filter((x) => x >= 0n && x <= mask))) check(`${op} ${o}`, size, o, i, [i])
            for (const c of new Set([0n, PAGE - o - size, PAGE - o].filter((x) => x >= 0n)))
              check(`${op} ${o} at ${c}`, size, o, c, [])
          }
        }
      }

      round()
      if (limit !== '2 2') {
        const old = length / PAGE
        expect(kernel.invoke(exports.get('grow')!, [2n])).toEqual([old])
        length += 2n * PAGE
        round()
      }
      expect(kernel.invoke(exports.get('grow')!, [mask])).toEqual([mask])
      expect(traps).toBeGreaterThan(100)
      expect(reads).toBeGreaterThan(20)
    },
  )
})

function pattern(at: bigint): bigint {
  return (at * 167n + (at >> 8n)) & 255n
}

describe.each(['3', '3 3', '3 9', '0', '0 0'])('table %s', (limit) => {
  test.each([{}, { tableSpectre: false }])('%j', (options) => {
    const min = Number(limit.split(' ')[0])
    const text = `(module (type $t (func (result i32))) (table ${limit} funcref) (func $f (type $t) (i32.const 5)) (elem declare func $f)
      (func (export "grow") (param i32) (result i32) (table.grow (ref.func $f) (local.get 0)))
      (func (export "fill") (table.fill (i32.const 0) (ref.func $f) (table.size)))
      (func (export "call") (param i32) (result i32) (call_indirect (type $t) (local.get 0)))
      (func (export "get") (param i32) (result i32) (ref.is_null (table.get (local.get 0))))
      ${[0, 1, 2, 3, 4].map((i) => `(func (export "call ${i}") (result i32) (call_indirect (type $t) (i32.const ${i})))`).join('\n')}
      ${[0, 1, 2, 3, 4].map((i) => `(func (export "get ${i}") (result i32) (ref.is_null (table.get (i32.const ${i}))))`).join('\n')})`
    const module = decodeModule(wabt.parseWat('tables.wat', text, { reference_types: true }).toBinary({}).buffer)
    const kernel = new MiniKernel(options)
    const exports = kernel.instantiate(module, () => undefined)
    kernel.invoke(exports.get('fill')!, [])
    const trapOf = (name: string, args: bigint[]): number | bigint => {
      try {
        return kernel.invoke(exports.get(name)!, args)[0]
      } catch (e) {
        if (e instanceof Trap) return e.code
        throw e
      }
    }
    const round = (length: number): void => {
      for (const i of [0, 1, 2, 3, 4]) {
        for (const [name, args] of [
          [`call ${i}`, []],
          ['call', [BigInt(i)]],
        ] as const)
          expect(trapOf(name, [...args]), `${name} of ${length}`).toBe(i < length ? 5n : TRAP_UNDEFINED_ELEMENT)
        for (const [name, args] of [
          [`get ${i}`, []],
          ['get', [BigInt(i)]],
        ] as const)
          expect(trapOf(name, [...args]), `${name} of ${length}`).toBe(i < length ? 0n : TRAP_TABLE_OUT_OF_BOUNDS)
      }
      expect(trapOf('call', [0xffff_ffffn])).toBe(TRAP_UNDEFINED_ELEMENT)
    }
    round(min)
    const grown = kernel.invoke(exports.get('grow')!, [1n])[0]
    const fixed = limit === '3 3' || limit === '0 0'
    expect(grown).toBe(fixed ? 0xffff_ffffn : BigInt(min))
    round(fixed ? min : min + 1)
  })
})
