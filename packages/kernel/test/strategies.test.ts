// Bounds of memories by compare and by pages that are never mapped, with and without Spectre guards: the same results, traps and places of traps.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { compile, targetByName } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { describe, expect, test } from 'vitest'
import { Engine, type LinkError, type Trap } from '../src/index.ts'
import { runScript, type Script } from '../src/wast.ts'
import { thrown, wat, world } from './wat.ts'

const path = `${process.env.K23_TEST_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))}/spec/spec.json.gz`

const WIDE = { memoryBytes: 2 ** 47 }
const strategies = {
  explicit: { wasm_memory_strategy: 'explicit' },
  'explicit, no Spectre guards': { enable_heap_access_spectre_mitigation: false },
  guard: { wasm_memory_strategy: 'guard' },
  'guard, no Spectre guards': { wasm_memory_strategy: 'guard', enable_heap_access_spectre_mitigation: false },
}

const long = process.env.K23_LONG === '1'
/** Scripts that take a second and more: a third of them is run without K23_LONG=1. */
const LARGE = /^(memory_copy|memory_fill|memory_init|simd|address|align|imports|float|linking)/

const SCRIPTS =
  `address address0 address1 address64 align align0 align64 data data0 data1 endianness endianness64 float_memory float_memory0 imports
  imports0 imports1 linking linking0 linking1 load load0 load1 memory memory64 memory-multi memory_copy memory_copy0 memory_fill
  memory_fill0 memory_grow memory_grow64 memory_init memory_init0 memory_redundancy memory_size memory_size0 memory_trap memory_trap0 memory_trap1
  memory_trap64 simd_address simd_align simd_load simd_load8_lane simd_load64_lane simd_load_extend simd_load_splat simd_load_zero
  simd_memory-multi simd_store simd_store16_lane start start0 store store0 store1 traps traps0`
    .trim()
    .split(/\s+/)
    .map((n) => `${n}.wast`)

describe.skipIf(!existsSync(path))('spec scripts', () => {
  test('all strategies behave alike', { timeout: 120_000 }, () => {
    const pack = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, Script>
    let outcomes = 0
    let traps = 0
    for (const [n, name] of SCRIPTS.entries()) {
      if (!long && n % 3 !== 0 && LARGE.test(name)) continue
      let first: string[] | undefined
      for (const [strategy, settings] of Object.entries(strategies)) {
        const seen: string[] = []
        const r = runScript(pack[name], {
          engine: new Engine({ machine: createRiscv64Machine(strategy.startsWith('guard') ? WIDE : {}), settings }),
          stackBytes: 256 << 10,
          fuel: 1e8,
          observe: (line, outcome) => seen.push(`${line}: ${outcome}`),
        })
        expect(r.failures, `${name}, ${strategy}`).toEqual([])
        if (first === undefined) {
          first = seen
          outcomes += seen.length
          traps += seen.filter((s) => /out_of_bounds \d/.test(s)).length
        } else expect(seen, `${name}, ${strategy}`).toEqual(first)
      }
    }
    console.log(
      `${outcomes} outcomes, ${traps} of them traps at an access, alike under ${Object.keys(strategies).length} strategies`,
    )
    expect(traps).toBeGreaterThan(300)
  })
})

const PROGRAM = `(module (memory (export "m") 1 100)
  (func (export "load") (param i32) (result i32) (i32.load offset=60000 (local.get 0)))
  (func (export "far") (param i32) (result i32) (i32.load offset=3000000000 (local.get 0)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`

describe.each(Object.entries(strategies))('%s', (strategy, settings) => {
  const guarded = strategy.startsWith('guard')

  test('a memory traps at its end, which moves as it grows', () => {
    const { linker, module } = world({}, WIDE, { settings, memoryReservation: 65536 })
    const i = linker.instantiate(module(PROGRAM))
    const m = i.memory('m')
    const { base } = m
    expect(i.func('load').call(5532)).toBe(0)
    const trap = thrown(() => i.func('load').call(5533)) as Trap
    expect([trap.code, trap.funcName]).toEqual(['memory_out_of_bounds', 'load'])
    // Far beyond what is reserved without a guard: an address of 33 bits.
    for (const at of [-1, 2 ** 31, -65536])
      for (const name of ['load', 'far'])
        expect((thrown(() => i.func(name).call(at)) as Trap).code).toBe('memory_out_of_bounds')
    expect(i.func('grow').call(9)).toBe(1)
    expect(i.func('load').call(10 * 65536 - 60004)).toBe(0)
    expect((thrown(() => i.func('load').call(10 * 65536 - 60003)) as Trap).code).toBe('memory_out_of_bounds')
    expect([i.func('grow').call(91), m.pages]).toEqual([-1, 10])
    expect(m.base === base).toBe(guarded)
  })
})

test('guard regions need address space, and say so', () => {
  const { linker, module } = world({}, {}, { settings: { wasm_memory_strategy: 'guard' } })
  const e = thrown(() => linker.instantiate(module(PROGRAM))) as LinkError
  expect([e.name, e.code, e.message]).toEqual(['LinkError', 'limit', 'the machine has no room for memory 1 100'])
})

test('code for guarded memories is loaded by engines that make such only', () => {
  const guarded = compile(wat(PROGRAM), {
    target: targetByName('riscv64'),
    settings: { wasm_memory_strategy: 'guard' },
  })
  expect(() => world().engine.load(guarded)).toThrow('compiled for memories with guard regions')
  const { engine, store } = world({}, WIDE, { settings: { wasm_memory_strategy: 'guard' } })
  expect(store.instantiate(engine.load(guarded)).func('load').call(0)).toBe(0)
  const explicit = compile(wat(PROGRAM), { target: targetByName('riscv64') })
  expect(store.instantiate(engine.load(explicit)).func('load').call(0)).toBe(0)
})
