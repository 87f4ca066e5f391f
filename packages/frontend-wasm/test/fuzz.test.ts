// Bad input: V8's verdict is the oracle. It knows more proposals than we do, so a module that it accepts may be unsupported here, never malformed
// or invalid; and what it refuses we refuse, except for its own limits.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeModule, moduleTranslator, validateModule, WasmError } from '../src/index.ts'
import { dataPath, fileOf, readPack, wasmFiles } from './packs.ts'

// The tests' environment has no DOM types.
declare const WebAssembly: { validate(bytes: Uint8Array): boolean; Module: new (bytes: Uint8Array) => unknown }

const long = process.env.K23_LONG === '1'

function verdict(bytes: Uint8Array): WasmError | undefined {
  try {
    validateModule(bytes)
    return undefined
  } catch (e) {
    if (e instanceof WasmError) return e
    throw e
  }
}

function v8Message(bytes: Uint8Array): string {
  try {
    new WebAssembly.Module(bytes)
    return ''
  } catch (e) {
    return (e as Error).message
  }
}

const V8_LIMIT = /implementation limit/

/** What is wrong about our verdict, or ''. */
function disagreement(bytes: Uint8Array): string {
  const ours = verdict(bytes)
  if (WebAssembly.validate(bytes)) {
    return ours === undefined || ours.code === 'unsupported' || ours.code === 'limit'
      ? ''
      : `V8 accepts, we: ${ours.code} ${ours.message}`
  }
  if (ours !== undefined) return ''
  const message = v8Message(bytes)
  return V8_LIMIT.test(message) ? '' : `we accept, V8: ${message}`
}

// A small generator of pseudo-random numbers, so that a failure names its seed.
function random(seed: number): () => number {
  let s = seed >>> 0
  return () => {
    s = (s + 0x6d2b79f5) >>> 0
    let t = Math.imul(s ^ (s >>> 15), s | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return (t ^ (t >>> 14)) >>> 0
  }
}

function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const next = random(seed)
  const out = bytes.slice()
  const n = 1 + (next() % 3)
  for (let i = 0; i < n; i++) {
    const at = 8 + (next() % Math.max(1, out.length - 8))
    if (next() % 3 === 0) out[at] = next() & 255
    else if (next() % 2 === 0) out[at] ^= 1 << (next() & 7)
    else out[at] = out[8 + (next() % Math.max(1, out.length - 8))]
  }
  return out
}

const spec = dataPath('spec/spec.json.gz')
const corpus = dataPath('wasm-corpus')

describe.skipIf(spec === undefined)('mutated spec modules', () => {
  const seeds: Uint8Array[] = []
  if (spec !== undefined) {
    for (const [name, script] of Object.entries(readPack(spec))) {
      if (name.includes('/') || name.startsWith('utf8')) continue
      for (const c of script.commands) {
        if (c.type !== 'module' || c.filename === undefined || c.module_type === 'text') continue
        const bytes = fileOf(script, c.filename)
        if (bytes.length < 20_000 && verdict(bytes)?.code !== 'unsupported') seeds.push(bytes)
      }
    }
  }

  test('agree with V8 on byte changes', () => {
    const count = long ? 200_000 : 20_000
    const wrong: string[] = []
    let valid = 0
    for (let i = 0; i < count && wrong.length < 10; i++) {
      const bytes = mutate(seeds[i % seeds.length], i)
      const d = disagreement(bytes)
      if (d !== '') wrong.push(`module ${i % seeds.length}, seed ${i}: ${d}`)
      else if (verdict(bytes) === undefined) valid++
    }
    expect(wrong).toEqual([])
    expect(valid).toBeGreaterThan(count / 20)
  })

  test('agree with V8 on truncations', () => {
    const wrong: string[] = []
    for (let i = 0; i < seeds.length; i += long ? 1 : 9) {
      for (let n = 0; n < Math.min(seeds[i].length, 300); n++) {
        const d = disagreement(seeds[i].subarray(0, n))
        if (d !== '' && wrong.length < 10) wrong.push(`module ${i}, ${n} bytes: ${d}`)
      }
    }
    expect(wrong).toEqual([])
  })

  test('what validates translates', () => {
    let n = 0
    for (let i = 0; i < (long ? 50_000 : 3_000); i++) {
      const bytes = mutate(seeds[i % seeds.length], 1_000_000 + i)
      if (verdict(bytes) !== undefined) continue
      const module = decodeModule(bytes)
      const t = moduleTranslator(module)
      for (let f = 0; f < module.bodies.length; f++) t.translate(module.info.numImportedFunctions + f)
      n++
    }
    expect(n).toBeGreaterThan(100)
  })
})

describe.skipIf(corpus === undefined)('mutated programs', () => {
  test('agree with V8', () => {
    const files =
      corpus === undefined
        ? []
        : wasmFiles(corpus).filter((f) => f.bytes.length < 60_000 && verdict(f.bytes) === undefined)
    const wrong: string[] = []
    for (let i = 0; i < (long ? 20_000 : 400); i++) {
      const f = files[i % files.length]
      const d = disagreement(mutate(f.bytes, i))
      if (d !== '' && wrong.length < 10) wrong.push(`${f.name}, seed ${i}: ${d}`)
    }
    expect(wrong).toEqual([])
  })
})

describe('random bytes', () => {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
  test('nothing but WasmError is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        verdict(tail)
        verdict(Uint8Array.from([...header, ...tail]))
      }),
      { numRuns: 2000 },
    )
  })

  test('random bodies: nothing but WasmError, and V8 agrees', () => {
    // (type (func (param i32 i64) (result i32))), one memory, one table, one mutable global; the body is random
    const prefix = [
      1, 7, 1, 0x60, 2, 0x7f, 0x7e, 1, 0x7f, 3, 2, 1, 0, 4, 4, 1, 0x70, 0, 4, 5, 3, 1, 0, 1, 6, 6, 1, 0x7f, 1, 0x41, 0,
      0x0b,
    ]
    const operators = fc.constantFrom(
      ...[0x00, 0x01, 0x0b, 0x0f, 0x1a, 0x1b, 0x45, 0x6a, 0x6b, 0xa7, 0xac, 0x7c].map((b) => [b]),
      ...[0x02, 0x03, 0x04].flatMap((b) => [
        [b, 0x40],
        [b, 0x7f],
        [b, 0],
      ]),
      [0x05],
      [0x0c, 0],
      [0x0c, 1],
      [0x0d, 0],
      [0x0d, 1],
      [0x0e, 1, 0, 1],
      [0x20, 0],
      [0x20, 1],
      [0x21, 0],
      [0x22, 0],
      [0x41, 5],
      [0x42, 7],
      [0x10, 0],
      [0x11, 0, 0],
      [0x23, 0],
      [0x24, 0],
      [0x28, 2, 0],
      [0x36, 2, 4],
      [0x3f, 0],
      [0x40, 0],
      [0xfc, 11, 0],
      [0xfc, 0],
      [0x25, 0],
      [0x26, 0],
      [0xd0, 0x70],
      [0xd1],
      [0x12, 0],
    )
    const body = fc.oneof(
      fc.array(operators, { maxLength: 30 }).map((a) => [...a.flat(), 0x0b]),
      fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }),
    )
    fc.assert(
      fc.property(body, (b) => {
        const code = [0, ...b]
        const bytes = Uint8Array.from([...header, ...prefix, 10, code.length + 2, 1, code.length, ...code])
        expect(disagreement(bytes)).toBe('')
      }),
      { numRuns: long ? 100_000 : 4000 },
    )
  })
})
