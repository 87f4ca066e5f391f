// Every function of real modules and of the spec scripts translates to CLIF that the verifier accepts.
import { type Func, verify } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import {
  clifType,
  decodeModule,
  entryTrampoline,
  F64,
  type FuncType,
  FUNCREF,
  hostTrampoline,
  I32,
  I64,
  moduleTranslator,
  type TranslateOptions,
  WasmError,
  type WasmModule,
} from '../src/index.ts'
import { dataPath, fileOf, readPack, wasmFiles } from './packs.ts'

const corpus = dataPath('wasm-corpus')
const spec = dataPath('spec/spec.json.gz')

const settings: [string, Partial<TranslateOptions>][] = [
  ['explicit, Spectre guards', {}],
  ['explicit, no guards', { heapSpectre: false, tableSpectre: false, stackLimit: false }],
  ['reservation', { memory: { kind: 'guard', reservation: 2 ** 32, guard: 2 ** 31 } }],
]

function check(func: Func): string[] {
  return verify(func).map((e) => `u0:${JSON.stringify(func.name)} ${JSON.stringify(e)}`)
}

/** Translates and verifies all functions; gives back how many, and the faults. */
function translateAll(module: WasmModule, options: Partial<TranslateOptions>): { n: number; faults: string[] } {
  const translator = moduleTranslator(module, options)
  const faults: string[] = []
  for (let i = 0; i < module.bodies.length; i++) {
    const f = translator.translate(module.info.numImportedFunctions + i)
    if (faults.length < 20) faults.push(...check(f))
  }
  return { n: module.bodies.length, faults }
}

describe.skipIf(corpus === undefined)('wasm-corpus', () => {
  const files = corpus === undefined ? [] : wasmFiles(corpus)
  const long = process.env.K23_LONG === '1'
  test.each(settings)('%s', { timeout: 120_000 }, (_, options) => {
    let n = 0
    for (const { name, bytes } of files) {
      if (!long && options !== settings[0][1] && bytes.length > 200_000) continue
      const r = translateAll(decodeModule(bytes), options)
      expect(r.faults, name).toEqual([])
      n += r.n
    }
    expect(n).toBeGreaterThan(800)
  })
})

describe.skipIf(spec === undefined)('spec scripts', () => {
  const modules: { name: string; module: WasmModule }[] = []
  if (spec !== undefined) {
    for (const [name, script] of Object.entries(readPack(spec))) {
      if (name.includes('/')) continue
      for (const c of script.commands) {
        if (!['module', 'module_definition'].includes(c.type) || c.filename === undefined || c.module_type === 'text')
          continue
        try {
          modules.push({ name: `${name}:${c.line}`, module: decodeModule(fileOf(script, c.filename)) })
        } catch (e) {
          if (!(e instanceof WasmError && e.code === 'unsupported')) throw e
        }
      }
    }
  }
  test.each(settings)('%s', { timeout: 120_000 }, (_, options) => {
    let n = 0
    for (const { name, module } of modules) {
      try {
        const r = translateAll(module, options)
        expect(r.faults, name).toEqual([])
        n += r.n
      } catch (e) {
        if (!(e instanceof WasmError && e.code === 'unsupported')) throw e
      }
    }
    expect(n).toBeGreaterThan(5000)
  })
})

describe('trampolines', () => {
  const types: FuncType[] = [
    { params: [], results: [] },
    { params: [I32, I64, F64, FUNCREF], results: [I64] },
    { params: new Array(20).fill(I32), results: [F64, I32, FUNCREF] },
  ]
  test.each(types)('%j', (type) => {
    const entry = entryTrampoline(type, 3)
    const host = hostTrampoline(type, 3)
    expect(check(entry)).toEqual([])
    expect(check(host)).toEqual([])
    expect(entry.name).toEqual({ kind: 'user', namespace: 1, index: 3 })
    expect(host.name).toEqual({ kind: 'user', namespace: 2, index: 3 })
    expect(host.signature.returns.map((r) => r.type)).toEqual(type.results.map(clifType))
  })
})
