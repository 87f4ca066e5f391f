// Damaged modules: whatever still validates is instantiated and called with fuel, and every way that it can end is a typed error.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { EXTERNREF, FUNCREF, I64, type ValType } from '@k23/frontend-wasm/runtime-abi'
import { expect, test } from 'vitest'
import { CodegenError, Engine, type Extern, LinkError, type Module, OutOfFuel, Store, Trap } from '../src/index.ts'
import { decodeBase64, type Script } from '../src/wast.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const path = `${process.env.K23_TEST_DATA ?? `${root}/../shared/data`}/spec/spec.json.gz`
if (!existsSync(path)) console.log(`skipped: ${path} is missing (set K23_TEST_DATA)`)
const rounds = process.env.K23_LONG === '1' ? 50_000 : 2_000

/** Numerical Recipes' generator: the same rounds each time. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const some = (t: ValType): unknown => (t === I64 ? 1n : t === FUNCREF || t === EXTERNREF ? null : 1)

/** What every import gets: something of its type. */
function satisfy(store: Store, module: Module): Record<string, Record<string, Extern>> {
  const imports: Record<string, Record<string, Extern>> = {}
  for (const { module: m, name, type: t } of module.imports) {
    const of = (imports[m] ??= Object.create(null) as Record<string, Extern>)
    if (t.kind === 'func') {
      const { results } = t.type
      of[name] = store.func(t.type, () => (results.length === 1 ? some(results[0]) : results.map(some)))
    } else if (t.kind === 'memory') of[name] = store.memory(t.type)
    else if (t.kind === 'table') of[name] = store.table(t.type)
    else of[name] = store.global(t.type.type, some(t.type.type), t.type.mutable)
  }
  return imports
}

test.skipIf(!existsSync(path))(`${rounds} damaged modules`, { timeout: 300_000 }, () => {
  const pack: Record<string, Script> = JSON.parse(gunzipSync(readFileSync(path)).toString())
  const modules: Uint8Array[] = []
  for (const [name, script] of Object.entries(pack)) {
    if (name.includes('/') || name.startsWith('simd')) continue
    for (const c of script.commands) {
      if (c.type === 'module' && c.filename !== undefined) modules.push(decodeBase64(script.files[c.filename]))
    }
  }
  const sources = modules.filter((m) => m.length > 60 && m.length < 8000)
  const random = generator(7)
  const outcomes = new Map<string, number>()
  const attempt = (what: string, run: () => unknown): boolean => {
    let outcome = `${what}: done`
    try {
      run()
    } catch (e) {
      const typed = e instanceof CodegenError || e instanceof LinkError || e instanceof Trap || e instanceof OutOfFuel
      if (!typed) throw e
      outcome = `${what}: ${e.name}`
    }
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    return outcome.endsWith('done')
  }
  let machine = createRiscv64Machine()
  for (let round = 0; round < rounds; round++) {
    if (round % 500 === 499) machine = createRiscv64Machine()
    let bytes = sources[random(sources.length)].slice()
    if (random(10) === 0) bytes = bytes.slice(0, random(bytes.length))
    else for (let k = random(2); k >= 0; k--) bytes[random(bytes.length)] = random(256)
    const engine = new Engine({ machine, settings: { regalloc_checker: true } })
    let module: Module | undefined
    attempt('compile', () => {
      module = engine.compile(bytes)
    })
    if (module === undefined) continue
    const m = module
    const store = new Store(engine, { fuel: 100_000, stackBytes: 128 << 10 })
    attempt('instantiate', () => {
      const instance = store.instantiate(m, satisfy(store, m))
      for (const e of m.exports.slice(0, 5)) {
        const { type: t } = e
        store.fuel = 100_000
        if (t.kind === 'func') attempt('call', () => instance.func(e.name).call(...t.type.params.map(some)))
      }
    })
    expect(store.depth).toBe(0)
    store.close()
  }
  console.log(
    [...outcomes]
      .sort()
      .map(([k, n]) => `${k} ${n}`)
      .join(', '),
  )
  // It has to come so far often enough to mean something.
  expect(outcomes.get('compile: CodegenError')).toBeGreaterThan(rounds / 4)
  expect(outcomes.get('call: done')).toBeGreaterThan(rounds / 10)
  expect(outcomes.get('call: Trap')).toBeGreaterThan(5)
})
