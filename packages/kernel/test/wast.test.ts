// The official scripts and wasmtime's own, through compiler, riscv64 back end, checker and emulator: what runs must hold, and how much runs
// is pinned, so that a skip cannot hide what used to pass.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { describe, expect, test } from 'vitest'
import { Engine } from '../src/index.ts'
import { featuresOfScript, runScript, type Script } from '../src/wast.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const data = process.env.K23_TEST_DATA ?? `${root}/../shared/data`

function readPack(name: string): Record<string, Script> | undefined {
  const path = `${data}/spec/${name}.json.gz`
  if (existsSync(path)) return JSON.parse(gunzipSync(readFileSync(path)).toString())
  console.log(`skipped: ${path} is missing (set K23_TEST_DATA)`)
  return undefined
}

interface Total {
  pass: number
  skip: number
  failures: string[]
  /** Reasons by script. */
  skips: Map<string, string[]>
}

function runAll(
  pack: Record<string, Script>,
  want: (name: string) => boolean,
  optLevel: 'none' | 'speed' = 'speed',
): Total {
  const total: Total = { pass: 0, skip: 0, failures: [], skips: new Map() }
  let machine = createRiscv64Machine()
  let count = 0
  for (const [name, script] of Object.entries(pack)) {
    if (!want(name)) continue
    // Code is placed for good: a new machine now and then keeps the window small.
    if (++count % 16 === 0) machine = createRiscv64Machine()
    const wasmFeatures = featuresOfScript(name)
    const engine = new Engine({
      machine,
      settings: { regalloc_checker: true },
      optLevel,
      wasmFeatures,
    })
    const r = runScript(script, { engine, stackBytes: 256 << 10, fuel: 1e8 })
    total.pass += r.pass
    total.skip += r.skip
    for (const f of r.failures) total.failures.push(`${name}:${f.line}: ${f.type}: ${f.why}`)
    total.skips.set(name, [...r.skips.keys()])
  }
  return total
}

/** Scripts that need nothing but what there is: only their text modules may be skipped. */
const COMPLETE = `address align binary-leb128 block br bulk call call_indirect comments conversions data endianness
  f32 f32_bitwise f32_cmp f64 f64_bitwise f64_cmp fac float_exprs float_misc forward func_ptrs i32 i64 if int_exprs int_literals labels
  left-to-right load local_set loop memory memory64 memory_copy memory_fill memory_grow memory_init memory_redundancy
  memory_size memory_trap names nop return return_call return_call_indirect stack start store switch table_copy table_fill table_get
  table_grow table_set table_size traps type unwind`
  .trim()
  .split(/\s+/)
  .map((n) => `${n}.wast`)

const spec = readPack('spec')
const misc = readPack('misc')

describe.skipIf(spec === undefined)('spec.json.gz', () => {
  test.each(['speed', 'none'] as const)('top level, at %s', { timeout: 120_000 }, (opt) => {
    const t = runAll(spec!, (name) => !name.includes('/'), opt)
    console.log(`spec, top level, ${opt}: ${t.pass} pass, ${t.failures.length} fail, ${t.skip} skip`)
    expect(t.failures).toEqual([])
    expect(t.pass).toBeGreaterThanOrEqual(62_300)
    const incomplete = [
      ...COMPLETE,
      ...Object.keys(spec!).filter((name) => /^(simd|relaxed|i(8x16|16x8|32x4)_relaxed)[^/]*$/.test(name)),
    ].filter((name) => t.skips.get(name)?.some((why) => why !== 'a module in text form') ?? true)
    expect(incomplete).toEqual([])
  })

  test('folders', { timeout: 120_000 }, () => {
    const t = runAll(
      spec!,
      (name) => name.includes('/') && !name.includes('custom-descriptors') && !name.startsWith('legacy'),
    )
    console.log(`spec, folders: ${t.pass} pass, ${t.failures.length} fail, ${t.skip} skip`)
    expect(t.failures).toEqual([])
    expect(t.pass).toBeGreaterThanOrEqual(600)
  })
})

describe.skipIf(misc === undefined)('misc.json.gz', () => {
  test('all', { timeout: 120_000 }, () => {
    const t = runAll(misc!, () => true)
    console.log(`misc: ${t.pass} pass, ${t.failures.length} fail, ${t.skip} skip`)
    expect(t.failures).toEqual([])
    expect(t.pass).toBeGreaterThanOrEqual(640)
  })
})

describe('the runner itself', () => {
  const run = (commands: Script['commands'], files: Script['files'] = {}) =>
    runScript({ commands, files }, { engine: new Engine({ machine: createRiscv64Machine() }) })
  /** (func (export "id") (param i32) (result i32) local.get 0) */
  const id = 'AGFzbQEAAAABBgFgAX8BfwMCAQAHBgECaWQAAAoGAQQAIAAL'
  const call = (value: string) => ({ type: 'invoke', field: 'id', args: [{ type: 'i32', value }] })

  test('counts what holds, what does not, and what is not run', () => {
    const r = run(
      [
        { type: 'assert_return', line: 1, action: call('1'), expected: [{ type: 'i32', value: '1' }] },
        { type: 'module', line: 2, filename: 'id.wasm', module_type: 'binary' },
        {
          type: 'assert_return',
          line: 3,
          action: call('4294967295'),
          expected: [{ type: 'i32', value: '4294967295' }],
        },
        { type: 'assert_return', line: 4, action: call('1'), expected: [{ type: 'i32', value: '2' }] },
        { type: 'assert_trap', line: 5, action: call('1'), text: 'unreachable' },
        { type: 'assert_malformed', line: 6, filename: 'x.wat', module_type: 'text' },
        { type: 'assert_invalid', line: 7, filename: 'id.wasm', module_type: 'binary', text: 'type mismatch' },
        { type: 'assert_return', line: 8, action: call('1'), expected: [{ type: 'i64', value: '1' }] },
        { type: 'module', line: 9, filename: 'bad.wasm', module_type: 'binary' },
        { type: 'assert_return', line: 10, action: call('1'), expected: [{ type: 'i32', value: '1' }] },
        { type: 'assert_sometime', line: 11 },
      ],
      { 'id.wasm': id, 'bad.wasm': id.slice(0, 40) },
    )
    expect([r.pass, r.fail, r.skip]).toEqual([2, 5, 4])
    expect(r.failures.map((f) => f.line)).toEqual([4, 5, 7, 8, 9])
    expect([...r.skips]).toEqual([
      ['no module yet', 1],
      ['a module in text form', 1],
      ['an instance of a module that failed', 1],
      ['command assert_sometime', 1],
    ])
  })
})
