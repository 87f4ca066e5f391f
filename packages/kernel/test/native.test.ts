// The kernel on the host's CPU: the official scripts, and endless loops that end.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createNativeMachine, type NativeMachine, nativeMissing } from '@k23/native'
import { describe, expect, test } from 'vitest'
import { Engine, type EngineOptions, funcType, OutOfFuel, Store, type Trap } from '../src/index.ts'
import { featuresOfScript, runScript, type Script } from '../src/wast.ts'
import { thrown, wat } from './wat.ts'

const missing = nativeMissing()
if (missing !== undefined) console.log(`skipped: native execution needs ${missing}`)
const path = `${process.env.K23_TEST_DATA ?? fileURLToPath(new URL('../../../../shared/data', import.meta.url))}/spec/spec.json.gz`

const LOOPS = `(module
  (func $spin (export "spin") (loop $l (br $l)))
  (func $tail (export "tail") (return_call $tail))
  (func (export "sum") (param i32) (result i32) (local i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (local.get 0)))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 1)))`

function world(
  use: (machine: NativeMachine, engine: Engine) => void,
  settings: NonNullable<EngineOptions['settings']> = {},
): void {
  const machine = createNativeMachine()
  try {
    const engine = new Engine({ machine, settings: { regalloc_checker: true, ...settings } })
    use(machine, engine)
  } finally {
    machine.close()
  }
}

describe.skipIf(missing !== undefined)('endless loops end', () => {
  test('by the epoch that a second thread advances, in code that looks at it', () => {
    world(
      (machine, engine) => {
        const store = new Store(engine, { epochTicks: 3 })
        const i = store.instantiate(engine.compile(wat(LOOPS)))
        machine.beat(engine.epochAddress, 2)
        for (const name of ['spin', 'tail']) {
          const before = engine.epoch
          const e = thrown(() => i.func(name).call()) as Trap
          expect([e.code, e.backtrace.map((f) => f.name)]).toEqual(['interrupted', [name]])
          expect(engine.epoch).toBeGreaterThanOrEqual(before + 2)
          store.setEpochDeadline(3)
        }
        store.setEpochDeadline(1e9)
        expect(i.func('sum').call(1000)).toBe(500500)
      },
      { wasm_epoch: true },
    )
  })

  test("by the machine's own tick, in any code, which goes on where the host wants", () => {
    world((machine, engine) => {
      let left = 5
      const store = new Store(engine, { onInterrupt: () => left-- > 0 })
      const i = store.instantiate(engine.compile(wat(LOOPS)))
      machine.tick(3)
      for (const name of ['spin', 'tail']) {
        left = 5
        const e = thrown(() => i.func(name).call()) as Trap
        expect([e.code, e.backtrace.map((f) => f.name)]).toEqual(['interrupted', [name]])
        expect(left).toBe(-1)
      }
      // Stopped many times on its way, and right all the same: sums wrap at 32 bits.
      left = 1e9
      const n = 50_000_000
      expect(i.func('sum').call(n)).toBe(Number(BigInt.asIntN(32, (BigInt(n) * BigInt(n + 1)) / 2n)))
    })
  })

  test('by fuel, which the code counts', () => {
    world(
      (_, engine) => {
        const store = new Store(engine, { fuel: 1e6 })
        const i = store.instantiate(engine.compile(wat(LOOPS)))
        const e = thrown(() => i.func('spin').call()) as OutOfFuel
        expect(e).toBeInstanceOf(OutOfFuel)
        expect(e.backtrace.map((f) => f.name)).toEqual(['spin'])
        store.fuel = 100
        expect(i.func('sum').call(10)).toBe(55)
        expect(store.fuel).toBeLessThan(100)
      },
      { wasm_fuel: true },
    )
  })
})

test.skipIf(missing !== undefined)('what is asked of a machine that is closed is an error that says so', () => {
  const machine = createNativeMachine()
  const engine = new Engine({ machine })
  const store = new Store(engine)
  const source =
    wat(`(module (import "host" "close" (func $close)) (memory (export "memory") 1) (global (export "g") (mut i32) (i32.const 1))
    (func (export "inside") (call $close) (i32.store (i32.const 0) (i32.const 1)))
    (func (export "load") (result i32) (i32.load (i32.const 0))))`)
  const module = engine.compile(source)
  const i = store.instantiate(module, { host: { close: store.func(funcType([], []), () => machine.close()) } })
  expect(i.func('load').call()).toBe(0)
  // Closed by a host function, the machine cannot go on with who called it.
  const closed = 'the machine is closed'
  expect(() => i.func('inside').call()).toThrow(closed)
  const uses: readonly (() => unknown)[] = [
    () => i.func('load').call(),
    () => i.memory('memory').grow(1),
    () => i.global('g').get(),
    () => store.memory({ min: 1 }),
    () => new Store(engine),
    () => engine.compile(source),
  ]
  for (const use of uses) expect(use).toThrow(closed)
})

describe.skipIf(missing !== undefined || !existsSync(path))('spec.json.gz', () => {
  const levels = process.env.K23_LONG === '1' ? (['speed', 'none'] as const) : (['speed'] as const)

  test.each(levels)('all that the front end knows, at %s', { timeout: 300_000 }, (optLevel) => {
    const pack = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Record<string, Script>
    const machine = createNativeMachine()
    machine.tick(1000)
    const failures: string[] = []
    let pass = 0
    for (const [name, script] of Object.entries(pack)) {
      if (name.includes('custom-descriptors') || name.startsWith('legacy')) continue
      const wasmFeatures = featuresOfScript(name)
      const engine = new Engine({ machine, optLevel, ...(wasmFeatures === undefined ? {} : { wasmFeatures }) })
      const r = runScript(script, { engine, milliseconds: 20_000 })
      pass += r.pass
      for (const f of r.failures) failures.push(`${name}:${f.line}: ${f.type}: ${f.why}`)
    }
    machine.close()
    console.log(`spec, natively, ${optLevel}: ${pass} pass, ${failures.length} fail`)
    expect(failures).toEqual([])
    expect(pass).toBeGreaterThanOrEqual(62_800)
  })
})
