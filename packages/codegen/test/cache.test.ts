// The compile cache: what is asked for again is not compiled again, whatever decides the code decides the key, and an entry that is not exactly what
// was written is not believed.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { createStorage } from 'unstorage'
import fsDriver from 'unstorage/drivers/fs-lite'
import { describe, expect, test } from 'vitest'
import {
  type AsyncOptions,
  type CacheStorage,
  compile,
  compileAsync,
  CompileCache,
  type CompiledModule,
  type CompileOptions,
  type Input,
  SyncCompileCache,
} from '@k23/codegen'
import { DEFAULT_FEATURES } from '@k23/frontend-wasm'
import { decode, DecodeError } from '../src/parts/codec.ts'
import { linkInputs } from '../src/parts/parts.ts'
import { manyClifFunctions, manyFunctions } from './module-text.ts'

const target = 'riscv64'
const wasm = manyFunctions(6)
const clif = manyClifFunctions(3)

const contents = (m: CompiledModule): object => ({ ...m, target: m.target.name })
const compiled = (input: Input, cache: CompileCache, options: Partial<AsyncOptions> = {}): Promise<CompiledModule> =>
  compileAsync(input, { target, workers: 0, cache, ...options })

/** A storage in a Map, and how often it was written to. */
class Memory implements CacheStorage {
  readonly entries: Map<string, Uint8Array> = new Map()
  writes = 0
  async getItemRaw(key: string): Promise<unknown> {
    return this.entries.get(key) ?? null
  }
  async setItemRaw(key: string, value: Uint8Array): Promise<void> {
    this.writes++
    this.entries.set(key, value)
  }
  /** The only entry. */
  get only(): [key: string, entry: Uint8Array] {
    expect(this.entries.size).toBe(1)
    return [...this.entries][0]
  }
}

describe('what is asked for again', () => {
  for (const [what, input] of [
    ['wasm', wasm],
    ['CLIF text', clif],
  ] as const) {
    test(`${what} comes out of the cache, the same`, async () => {
      const cache = new CompileCache(new Memory())
      const want = contents(compile(input, { target }))
      expect(contents(await compiled(input, cache))).toStrictEqual(want)
      expect(contents(await compiled(input, cache))).toStrictEqual(want)
      expect(cache.stats).toEqual({ hits: 1, misses: 1, rejected: 0, errors: 0 })
    })
  }

  test('with all that few functions have: handlers, patchable calls, unwind codes for Windows', async () => {
    const input = `function %f(i64) windows_fastcall {
    fn0 = colocated patchable %g(i64) system_v
block0(v0: i64):
    call fn0(v0)
    try_call fn0(v0), sig0, block1, [ context v0, tag1: block1, default: block1 ]
block1:
    return
}`
    const cache = new CompileCache(new Memory())
    const want = compile(input, { target: 'x64' })
    const [f] = want.functions
    expect(f.unwindInfo?.length).toBeGreaterThan(8)
    expect(f.callSites.map((s) => [s.patchable?.bytes, s.handlers?.length])).toEqual([
      [5, undefined],
      [5, 2],
    ])
    for (let i = 0; i < 2; i++)
      expect(contents(await compiled(input, cache, { target: 'x64' }))).toStrictEqual(contents(want))
    expect(cache.stats.hits).toBe(1)
  })

  test('out of files, and through other drivers of unstorage', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'k23-cache-'))
    try {
      const open = (): CompileCache => new CompileCache(createStorage({ driver: fsDriver({ base: folder }) }))
      const want = contents(compile(wasm, { target }))
      await compiled(wasm, open())
      const again = open()
      expect(contents(await compiled(wasm, again))).toStrictEqual(want)
      expect(again.stats.hits).toBe(1)
      const [file, ...more] = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((f) => f.isFile())
      expect(more).toEqual([])
      const path = join(file.parentPath, file.name)
      const bytes = readFileSync(path)
      bytes[bytes.length - 1] ^= 1
      writeFileSync(path, bytes)
      expect(contents(await compiled(wasm, open()))).toStrictEqual(want)
      expect(readFileSync(path).at(-1)).toBe(bytes[bytes.length - 1] ^ 1)

      // One that keeps text only, as Redis does: unstorage puts bytes into base64.
      const texts = new Map<string, string>()
      const storage = createStorage({
        driver: {
          name: 'texts',
          hasItem: (key) => texts.has(key),
          getItem: (key) => texts.get(key) ?? null,
          setItem: (key, value) => void texts.set(key, value),
          getKeys: () => [...texts.keys()],
        },
      })
      const cache = new CompileCache(storage)
      await compiled(wasm, cache)
      expect(contents(await compiled(wasm, cache))).toStrictEqual(want)
      expect([cache.stats.hits, typeof [...texts.values()][0]]).toEqual([1, 'string'])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  test('an entry is compact: less than the code and half as much again', async () => {
    const memory = new Memory()
    const m = await compiled(manyFunctions(60), new CompileCache(memory))
    expect(memory.only[1].length).toBeLessThan(m.image.length * 1.5)
  })

  test('progress ends with all done, and no unit is compiled', async () => {
    const cache = new CompileCache(new Memory())
    await compiled(wasm, cache)
    const seen: number[] = []
    await compiled(wasm, cache, { onProgress: (p) => seen.push(p.done / p.total) })
    expect(seen).toEqual([1])
  })

  test('functions built with @k23/ir are not kept', async () => {
    const memory = new Memory()
    const { parseFunctions } = await import('@k23/ir')
    await compiled(
      parseFunctions(clif).functions.map((f) => f.func),
      new CompileCache(memory),
    )
    expect(memory.entries.size).toBe(0)
  })

  test('errors are not kept', async () => {
    const memory = new Memory()
    const cache = new CompileCache(memory)
    for (let i = 0; i < 2; i++) await expect(compiled(manyFunctions(3, [1]), cache)).rejects.toThrow('type mismatch')
    expect(memory.entries.size).toBe(0)
  })
})

describe('the key', () => {
  test('is another one for all that decides the code', async () => {
    const memory = new Memory()
    const cache = new CompileCache(memory)
    const variants: [Input, Partial<CompileOptions>][] = [
      [wasm, {}],
      [manyFunctions(7), {}],
      [Uint8Array.of(...wasm, 0, 1, 0), {}],
      [wasm, { optLevel: 'none' }],
      [wasm, { features: { has_zba: true } }],
      [wasm, { settings: { regalloc_algorithm: 'single_pass' } }],
      [wasm, { settings: { unwind_info: false } }],
      [wasm, { settings: { enable_heap_access_spectre_mitigation: false } }],
      [wasm, { wasmFeatures: { ...DEFAULT_FEATURES, tailCall: false } }],
      [clif, {}],
      [`${clif} `, {}],
    ]
    for (const [input, options] of variants) await compiled(input, cache, options)
    expect(cache.stats).toEqual({ hits: 0, misses: variants.length, rejected: 0, errors: 0 })
    expect(memory.entries.size).toBe(variants.length)
    for (const [input, options] of variants)
      expect(contents(await compiled(input, cache, options))).toStrictEqual(
        contents(compile(input, { target, ...options })),
      )
    expect(cache.stats.hits).toBe(variants.length)
  })

  test('is the same however the same is said', async () => {
    const cache = new CompileCache(new Memory())
    await compiled(wasm, cache, { optLevel: 'speed', features: { has_zba: true, has_zbb: true } })
    await compiled(wasm, cache, { features: { has_zbb: true, has_zba: true }, settings: { opt_level: 'speed' } })
    await compiled(wasm, cache, { features: { has_zba: true, has_zbb: true }, workers: 1 })
    expect(cache.stats).toEqual({ hits: 2, misses: 1, rejected: 0, errors: 0 })
  })

  test('has the build of the code generator in it', async () => {
    const { BUILD } = await import('../src/gen/build.ts')
    expect(BUILD).toMatch(/^[0-9a-f]{32}$/)
  })
})

describe('an entry that is not what was written', () => {
  test('any byte that is another one: the module is compiled again and the entry replaced', async () => {
    const memory = new Memory()
    const cache = new CompileCache(memory)
    const input = 'function %f(i64) -> i64 { block0(v0: i64): v1 = iadd v0, v0 return v1 }'
    const want = contents(await compiled(input, cache))
    const [key, good] = memory.only
    const kept = good.slice()
    let rejected = 0
    for (let at = 0; at < kept.length; at++) {
      for (const flip of [1, 0x80, 0xff]) {
        const bad = kept.slice()
        bad[at] ^= flip
        memory.entries.set(key, bad)
        expect(contents(await compiled(input, cache)), `byte ${at} ^ ${flip}`).toStrictEqual(want)
        expect(cache.stats.rejected, `byte ${at} ^ ${flip}`).toBe(++rejected)
        expect(memory.entries.get(key)).toEqual(kept)
      }
    }
    expect(cache.stats.hits).toBe(0)
    expect(rejected).toBe(3 * kept.length)
  })

  test('cut off anywhere, longer, empty, or no bytes at all', async () => {
    const memory = new Memory()
    const cache = new CompileCache(memory)
    const want = contents(await compiled(wasm, cache))
    const [key, entry] = memory.only
    const good = entry.slice()
    const lengths = [...Array(80).keys(), 81, 100, good.length >> 1, good.length - 2, good.length - 1]
    const others: unknown[] = [...lengths.map((n) => good.slice(0, n)), Uint8Array.of(...good, 0), new ArrayBuffer(9)]
    for (const other of others) {
      memory.entries.set(key, other as Uint8Array)
      expect(contents(await compiled(wasm, cache))).toStrictEqual(want)
    }
    expect(cache.stats).toEqual({ hits: 0, misses: 1, rejected: others.length, errors: 0 })
    for (const other of ['text', 5, {}, null, undefined, []]) {
      memory.entries.set(key, other as Uint8Array)
      expect(contents(await compiled(wasm, cache))).toStrictEqual(want)
    }
    expect(cache.stats.hits).toBe(0)
  })

  test('of another module, whole as it is', async () => {
    const memory = new Memory()
    const cache = new CompileCache(memory)
    await compiled(wasm, cache)
    const [key] = memory.only
    await compiled(manyFunctions(7), cache)
    const [, [, other]] = [...memory.entries]
    memory.entries.set(key, other)
    expect(contents(await compiled(wasm, cache))).toStrictEqual(contents(compile(wasm, { target })))
    expect(cache.stats).toMatchObject({ hits: 0, rejected: 1 })
  })

  test('made without the secret', async () => {
    const memory = new Memory()
    const secret = (byte: number): CompileCache => new CompileCache(memory, { secret: new Uint8Array(32).fill(byte) })
    await compiled(wasm, new CompileCache(memory))
    const caches = [secret(1), secret(1), secret(2), new CompileCache(memory)]
    for (const cache of caches) await compiled(wasm, cache)
    expect(caches.map((c) => c.stats.hits)).toEqual([0, 1, 0, 0])
    expect(caches.map((c) => c.stats.rejected)).toEqual([1, 0, 1, 1])
  })

  test('decoding what no encoder wrote ends, with a DecodeError or a value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          decode(linkInputs, bytes)
        } catch (e) {
          if (!(e instanceof DecodeError)) throw e
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a cache that answers at once', () => {
  const atOnce = (input: Input, cache: SyncCompileCache): object => contents(compile(input, { target, cache }))

  test('gives the same, and asks for nothing twice', () => {
    for (const input of [wasm, clif]) {
      const cache = new SyncCompileCache(new Map())
      const want = contents(compile(input, { target }))
      for (let i = 0; i < 3; i++) expect(atOnce(input, cache)).toStrictEqual(want)
      expect(cache.stats).toEqual({ hits: 2, misses: 1, rejected: 0, errors: 0 })
      expect(contents(compile(input, { target, cache, optLevel: input === wasm ? 'none' : 'speed' }))).not.toEqual(want)
      expect(cache.stats).toMatchObject({ hits: 2, misses: 2 })
    }
  })

  test('has the entries of the other one, with a secret too', async () => {
    for (const options of [
      {},
      { prefix: 'mine', secret: new Uint8Array(40).fill(9) },
      { secret: new Uint8Array(100).fill(1) },
    ]) {
      const memory = new Memory()
      const later = new CompileCache(memory, options)
      const now = new SyncCompileCache(memory.entries, options)
      const want = contents(await compiled(wasm, later))
      expect(atOnce(wasm, now)).toStrictEqual(want)
      atOnce(clif, now)
      expect(contents(await compiled(clif, later))).toStrictEqual(contents(compile(clif, { target })))
      expect([later.stats, now.stats]).toEqual(new Array(2).fill({ hits: 1, misses: 1, rejected: 0, errors: 0 }))
      // compileAsync() takes either.
      await compileAsync(wasm, { target, workers: 0, cache: now })
      expect(now.stats.hits).toBe(2)
    }
  })

  test('does not believe what was not written', () => {
    const entries = new Map<string, Uint8Array>()
    const cache = new SyncCompileCache(entries)
    const want = atOnce(wasm, cache)
    const [[key, good]] = [...entries]
    const bad = [
      good.slice(0, -1),
      good.slice(0, 20),
      new Uint8Array(0),
      ...[3, 20, 50, 90].map((at) => good.with(at, good[at] ^ 4)),
    ]
    for (const entry of bad) {
      entries.set(key, entry)
      expect(atOnce(wasm, cache)).toStrictEqual(want)
      expect(entries.get(key)).toEqual(good)
    }
    expect(cache.stats).toEqual({ hits: 0, misses: 1, rejected: bad.length, errors: 0 })
    expect(atOnce(wasm, new SyncCompileCache(entries, { secret: Uint8Array.of(1) }))).toStrictEqual(want)
  })

  test('that fails is as good as none; errors of the input, and functions, are not kept', async () => {
    const told: unknown[] = []
    const fails = (): never => {
      throw new Error('disk full')
    }
    const cache = new SyncCompileCache({ get: fails, set: fails }, { onError: (e) => told.push(e) })
    expect(atOnce(wasm, cache)).toStrictEqual(contents(compile(wasm, { target })))
    expect([cache.stats.errors, told.length]).toEqual([2, 2])
    const entries = new Map<string, Uint8Array>()
    const other = new SyncCompileCache(entries)
    for (let i = 0; i < 2; i++) expect(() => atOnce(manyFunctions(3, [1]), other)).toThrow('type mismatch')
    const { parseFunctions } = await import('@k23/ir')
    compile(
      parseFunctions(clif).functions.map((f) => f.func),
      { target, cache: other },
    )
    expect(entries.size).toBe(0)
  })

  test('is not asked with an observer, which sees the work', () => {
    const cache = new SyncCompileCache(new Map())
    atOnce(wasm, cache)
    let seen = 0
    compile(wasm, { target, cache, observer: { clif: () => void seen++ } })
    expect(seen).toBeGreaterThan(0)
    expect(cache.stats).toMatchObject({ hits: 0, misses: 1 })
  })
})

describe('a storage that fails', () => {
  test('is as good as none', async () => {
    const failure = new Error('no connection')
    const fails = (): never => {
      throw failure
    }
    const told: unknown[] = []
    for (const storage of [
      { getItemRaw: fails, setItemRaw: fails },
      { getItemRaw: () => Promise.reject(failure), setItemRaw: () => Promise.reject(failure) },
    ]) {
      const cache = new CompileCache(storage, { onError: (e) => told.push(e) })
      const m = await compiled(wasm, cache)
      expect(contents(m)).toStrictEqual(contents(compile(wasm, { target })))
      expect(cache.stats).toEqual({ hits: 0, misses: 1, rejected: 0, errors: 2 })
    }
    expect(told).toEqual([failure, failure, failure, failure])
  })
})
