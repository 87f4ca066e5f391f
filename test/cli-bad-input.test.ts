// Bad input to a real module: truncations and random byte flips of the zip.js module. Each is validated; what still validates is compiled and run with fuel.
// Whatever happens, it is a result, a trap, the end of the fuel, or an error with an offset: never a fault of ours, never a hang.
// K23_LONG=1: 200 truncations, 2,000 flips, 100 runs.
import { zipModule } from '@k23/bench'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { validateModule, WasmError } from '@k23/frontend-wasm'
import { CodegenError, Engine, Func, LinkError, OutOfFuel, Store, Trap } from '@k23/kernel'
import { afterAll, expect, test } from 'vitest'
import { Folder, generator, k23 } from './cli-harness.ts'

const LONG = process.env.K23_LONG === '1'
const TRUNCATIONS = LONG ? 200 : 60
const FLIPS = LONG ? 2000 : 300
const RUNS = LONG ? 100 : 6
/** Instructions that each call may take. */
const FUEL = 300_000

const module = zipModule()
const folder = new Folder('cli-bad-input')
afterAll(() => folder.remove())

/** True if it validates; else the error has been looked at. */
function validates(bytes: Uint8Array): boolean {
  try {
    validateModule(bytes)
    return true
  } catch (e) {
    if (!(e instanceof WasmError)) throw e
    expect(e.offset).toBeGreaterThanOrEqual(0)
    expect(e.offset).toBeLessThanOrEqual(bytes.length)
    expect(e.message).toMatch(/at offset 0x/)
    return false
  }
}

test(`${TRUNCATIONS} truncations are refused with an offset`, () => {
  const random = generator(0x1234_5678)
  let valid = 0
  for (let i = 0; i < TRUNCATIONS; i++) {
    const at = i < 20 ? i : random(module.length)
    // Behind the code there are only the data and custom sections: a cut before one of those is a module.
    if (validates(module.subarray(0, at))) valid++
  }
  expect(valid).toBeLessThan(TRUNCATIONS / 4)
})

/** Calls every export with small arguments; says how each call ended. */
function exercise(engine: Engine, bytes: Uint8Array, endings: Map<string, number>): void {
  const ended = (how: string): void => void endings.set(how, (endings.get(how) ?? 0) + 1)
  const guarded = (run: () => void): void => {
    try {
      run()
      ended('result')
    } catch (e) {
      if (e instanceof Trap) ended('trap')
      else if (e instanceof OutOfFuel) ended('out of fuel')
      else if (e instanceof LinkError || (e instanceof CodegenError && /offset|function/.test(e.message)))
        ended('error')
      else throw e
    }
  }
  const store = new Store(engine, { fuel: FUEL })
  try {
    guarded(() => {
      const instance = store.instantiate(engine.compile(bytes))
      for (const f of Object.values(instance.exports)) {
        if (!(f instanceof Func)) continue
        store.fuel = FUEL
        guarded(() => void f.callBits(f.type.params.map((_, i) => BigInt(i * 4096 + 64))))
      }
    })
  } finally {
    store.close()
  }
}

test(`${FLIPS} byte flips are validated, ${RUNS} of those that pass are run`, () => {
  const random = generator(0x9e37_79b9)
  const valid: Uint8Array[] = []
  for (let i = 0; i < FLIPS; i++) {
    const bytes = module.slice()
    bytes[random(bytes.length)] ^= 1 << random(8)
    if (validates(bytes)) valid.push(bytes)
  }
  // Immediates and data can be anything, types cannot.
  expect(valid.length).toBeGreaterThan(RUNS)
  expect(valid.length).toBeLessThan(FLIPS)
  const endings = new Map<string, number>()
  const engine = new Engine({ machine: createRiscv64Machine() })
  for (let i = 0; i < RUNS; i++) exercise(engine, valid[Math.floor((i * valid.length) / RUNS)], endings)
  expect([...endings.keys()].sort()).toEqual(expect.arrayContaining(['result', 'trap']))
})

test('the command line says it in one line', async () => {
  const random = generator(0x0bad_f00d)
  for (let i = 0; i < 8; i++) {
    const bytes = i % 2 === 0 ? module.slice(0, random(module.length - 4000)) : module.slice()
    if (i % 2 === 1) bytes[random(2000)] ^= 0x80
    if (validates(bytes)) continue
    const done = await k23('run', folder.file('bad.wasm', bytes), '--invoke', 'malloc', '16')
    expect(done.status).toBe(1)
    expect(done.err).toMatch(
      /^k23: \S+bad.wasm: (malformed|invalid|unsupported|limit): [^\n]* \(at offset 0x[0-9a-f]+[^\n]*\n$/,
    )
  }
})
