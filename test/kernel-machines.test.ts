// One kernel on every machine: results, traps and their places are the same, whatever the machine, its addresses and the strategy for bounds.
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Engine, type Func, funcType, Linker, Store, type Trap } from '@k23/kernel'
import { runScript, type Script } from '@k23/kernel/wast'
import wabtInit from 'wabt'
import { afterAll, describe, expect, test } from 'vitest'
import { closeMachines, machines } from './machines.ts'

const path = `${process.env.K23_TEST_DATA ?? resolve(import.meta.dirname, '../../shared/data')}/spec/spec.json.gz`
afterAll(closeMachines)

const SCRIPTS =
  `call call_indirect conversions data elem f32_bitwise fac float_exprs func_ptrs global i32 i64 if imports linking load local_tee
  memory_grow memory_init memory_trap nop ref_func return_call select simd_conversions simd_lane simd_load simd_memory-multi stack start switch
  table_copy table_get table_grow table_init traps unreachable unwind`
    .trim()
    .split(/\s+/)
    .map((n) => `${n}.wast`)

describe.skipIf(!existsSync(path))('spec scripts', () => {
  test('have the same outcomes', { timeout: 300_000 }, () => {
    const pack = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, Script>
    let outcomes = 0
    let traps = 0
    let first: Map<string, string[]> | undefined
    for (const [name, make, settings] of machines) {
      const machine = make()
      const all = new Map<string, string[]>()
      for (const script of SCRIPTS) {
        const seen: string[] = []
        const r = runScript(pack[script], {
          // NaNs too: x64 makes others than riscv64 without it.
          engine: new Engine({ machine, settings: { enable_nan_canonicalization: true, ...settings } }),
          stackBytes: 256 << 10,
          observe: (line, outcome) => {
            // How deep the stack reaches depends on the machine, and so where it ends.
            seen.push(`${line}: ${outcome.startsWith('stack_overflow') ? 'stack_overflow' : outcome}`)
          },
        })
        expect(r.failures, `${script}, ${name}`).toEqual([])
        all.set(script, seen)
      }
      if (first === undefined) {
        first = all
        for (const seen of all.values()) {
          outcomes += seen.length
          traps += seen.filter((s) => /: [a-z_]+ /.test(s)).length
        }
      }
      for (const [script, seen] of all) expect(seen, `${script}, ${name}`).toEqual(first.get(script))
    }
    console.log(`${outcomes} outcomes, ${traps} of them traps with their places, alike on ${machines.length} machines`)
    expect(traps).toBeGreaterThan(300)
  })
})

describe.each(machines)('%s', (_, make, settings) => {
  test('the caller of a leaf without a frame is in the backtrace, and so are the host calls in between', async () => {
    const wabt = await wabtInit()
    const bytes = wabt
      .parseWat(
        'leaf.wat',
        `(module (import "env" "host" (func $host (param i32) (result i32)))
          (func $leaf (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func $middle (param i32) (result i32) (i32.add (i32.const 1) (call $leaf (i32.const 7) (local.get 0))))
          (func (export "outer") (param i32) (result i32) (i32.add (i32.const 1) (call $middle (local.get 0))))
          (func (export "through") (param i32) (result i32) (i32.add (i32.const 1) (call $host (local.get 0)))))`,
        {},
      )
      .toBinary({ write_debug_names: true }).buffer
    const engine = new Engine({ machine: make(), settings })
    const linker = new Linker(new Store(engine))
    let outer: Func | undefined
    linker.func('env', 'host', funcType(['i32'], ['i32']), (n: number) => outer?.call(n))
    const i = linker.instantiate(engine.compile(bytes))
    outer = i.func('outer')
    const trace = (name: string): string[] => {
      try {
        i.func(name).call(0)
      } catch (e) {
        return (e as Trap).backtrace.map((f) => f.name)
      }
      return []
    }
    expect(trace('outer')).toEqual(['leaf', 'middle', 'outer'])
    expect(trace('through')).toEqual(['leaf', 'middle', 'outer', 'through'])
    expect(i.func('through').call(7)).toBe(4)
  })

  test('nested calls, asynchronous ones, stack overflow, fuel and disposal', async () => {
    const wabt = await wabtInit()
    const bytes = wabt
      .parseWat(
        'nested.wat',
        `(module (import "env" "again" (func $again (param funcref i32) (result i32))) (import "env" "wait" (func $wait (param v128) (result v128)))
          (memory (export "m") 1 20) (table (export "t") 2 funcref) (elem (i32.const 1) $outer)
          (func $outer (export "outer") (param i32) (result i32)
            (if (i32.eqz (local.get 0)) (then (drop (i32.load (i32.const -4)))))
            (i32.store (i32.const 4) (memory.grow (i32.const 1)))
            (call $again (table.get (i32.const 1)) (i32.sub (local.get 0) (i32.const 1))))
          (func $deep (export "deep") (param i64) (result i64) (i64.add (i64.const 1) (call $deep (local.get 0))))
          (func (export "later") (param v128) (result v128) (i32x4.add (call $wait (local.get 0)) (call $wait (local.get 0)))))`,
        { reference_types: true, simd: true },
      )
      .toBinary({ write_debug_names: true }).buffer
    const engine = new Engine({ machine: make(), settings })
    const module = engine.compile(bytes)
    for (let round = 0; round < 3; round++) {
      const store = new Store(engine, { stackBytes: 256 << 10 })
      const linker = new Linker(store)
      let frames = 4
      linker.func('env', 'again', funcType(['funcref', 'i32'], ['i32']), (f: Func, n: number) => {
        try {
          return f.call(n) as number
        } catch (e) {
          // The innermost trap is caught once, so that the interrupted calls go on; then another, which is not.
          if (n > 0 || (e as Trap).code !== 'memory_out_of_bounds') throw e
          expect((e as Trap).backtrace.map((x) => x.name)).toEqual(new Array(frames).fill('outer'))
          return 70 + n
        }
      })
      linker.func('env', 'wait', funcType(['v128'], ['v128']), async (v: Uint8Array) => {
        await new Promise((done) => setTimeout(done, 1))
        return v.map((x) => x * 2)
      })
      const i = linker.instantiate(module)
      expect(i.func('outer').call(3)).toBe(70)
      expect(i.memory('m').pages).toBe(4)
      let overflow: Trap | undefined
      try {
        i.func('deep').call(1n)
      } catch (e) {
        overflow = e as Trap
      }
      expect([overflow?.code, overflow?.funcName]).toEqual(['stack_overflow', 'deep'])
      const v = new Uint8Array(16).fill(1)
      const both = [i.func('later').callAsync(v), i.func('later').callAsync(v)]
      // Calls that wait lie below on the stack, and did not make this one.
      frames = 2
      expect(i.func('outer').call(1)).toBe(70)
      expect(await Promise.all(both)).toEqual([new Uint8Array(16).fill(4), new Uint8Array(16).fill(4)])
      store.close()
    }
    const { code } = module
    module.dispose()
    expect(engine.moduleAt(code)).toBe(undefined)
  })
})
