// Engine.compileAsync: the module that compile() gives, from workers or a cache.
import { closeWorkers, CompileCache, SyncCompileCache } from '@k23/codegen'
import { afterAll, expect, test } from 'vitest'
import { CodegenError, type Module, Store } from '../src/index.ts'
import { wat, world } from './wat.ts'

afterAll(closeWorkers)

const text = `(module (memory 1) (global $g (mut i32) (i32.const 5))
  (func $add (param i32) (result i32) (global.set $g (i32.add (global.get $g) (local.get 0))) (global.get $g))
  (func (export "f") (param i32 i32) (result i32) (i32.store (local.get 1) (call $add (local.get 0))) (i32.load (local.get 1))))`

test('a module compiled on workers, and one out of a cache, run as one compiled at once', async () => {
  const entries = new Map<string, unknown>()
  const storage = {
    getItemRaw: async (key: string) => entries.get(key),
    setItemRaw: async (key: string, value: Uint8Array) => void entries.set(key, value),
  }
  const { engine, module } = world()
  const outcome = (m: Module): unknown[] => {
    const instance = new Store(engine).instantiate(m)
    const f = instance.func('f')
    const trap = (): string => {
      try {
        return String(f.call(1, 65533))
      } catch (e) {
        return (e as Error).message
      }
    }
    return [f.call(3, 0), f.call(4, 65532), trap(), f.call(0, 0)]
  }
  const want = outcome(module(text))
  expect(want).toEqual([8, 12, 'out of bounds memory access', 13])
  const cache = new CompileCache(storage)
  const options = [{ workers: 1 }, { workers: 0 }, { cache }, { cache, workers: 1 }]
  for (const o of options) expect(outcome(await engine.compileAsync(wat(text), o))).toEqual(want)
  expect(cache.stats).toMatchObject({ hits: 1, misses: 1 })
  const atOnce = new SyncCompileCache(new Map())
  for (let i = 0; i < 2; i++) expect(outcome(engine.compile(wat(text), { cache: atOnce }))).toEqual(want)
  expect(outcome(await engine.compileAsync(wat(text), { cache: atOnce }))).toEqual(want)
  expect(atOnce.stats).toMatchObject({ hits: 2, misses: 1 })
})

test('fails as compile() does', async () => {
  const { engine } = world()
  const bad = wat(text).slice(0, -3)
  await expect(engine.compileAsync(bad)).rejects.toThrow(CodegenError)
  await expect(engine.compileAsync('bytes' as unknown as Uint8Array)).rejects.toThrow(TypeError)
  await expect(engine.compileAsync(wat(text), { signal: AbortSignal.abort('no') })).rejects.toBe('no')
})
