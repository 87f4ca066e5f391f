// The official test suite: what must validate does, what must be refused is, for the right reason.
import { describe, expect, test } from 'vitest'
import { DEFAULT_FEATURES, type Features, featuresOfScript, validateModule, WasmError } from '../src/index.ts'
import { dataPath, fileOf, readPack } from './packs.ts'

const path = dataPath('spec/spec.json.gz')
const pack = path === undefined ? {} : readPack(path)

const folders = ['', 'proposals/threads', 'proposals/wide-arithmetic', 'proposals/custom-page-sizes']

const scripts = Object.entries(pack).filter(([name]) =>
  folders.includes(name.includes('/') ? name.slice(0, name.lastIndexOf('/')) : ''),
)

const isSimd = (name: string): boolean => /(^|_)relaxed_|^relaxed|^simd_/.test(name)

/** What our verdict is: '' for valid, else the error. */
function verdict(bytes: Uint8Array, features: Features): WasmError | undefined {
  try {
    validateModule(bytes, features)
    return undefined
  } catch (e) {
    if (e instanceof WasmError) return e
    throw e
  }
}

/** Scripts that need nothing but what this front end has: not one of their modules may be refused as unsupported. */
const COMPLETE = `
  address align binary-leb128 block br bulk call call_indirect comments const conversions custom data endianness
  f32 f32_bitwise f32_cmp f64 f64_bitwise f64_cmp fac float_exprs float_literals float_memory float_misc forward
  func_ptrs i32 i64 int_exprs int_literals labels left-to-right load local_get local_set loop memory memory_copy
  memory_fill memory_grow memory_init memory_redundancy memory_size memory_trap names nop return
  skip-stack-guard-page stack start store switch table_copy table_fill table_get table_grow table_set table_size
  token traps type unreachable unwind utf8-custom-section-id utf8-import-field utf8-import-module memory64
  address64 return_call_indirect`
  .trim()
  .split(/\s+/)
  .map((n) => `${n}.wast`)

describe.skipIf(path === undefined)('spec scripts', () => {
  test('valid modules validate', () => {
    let valid = 0
    const unsupported = new Map<string, number>()
    const wrong: string[] = []
    for (const [name, script] of scripts) {
      for (const c of script.commands) {
        const good = ['module', 'module_definition', 'assert_unlinkable', 'assert_uninstantiable'].includes(c.type)
        if (!good || c.filename === undefined || c.module_type === 'text') continue
        const e = verdict(fileOf(script, c.filename), featuresOfScript(name))
        if (e === undefined) valid++
        else if (e.code === 'unsupported' && !COMPLETE.includes(name) && !isSimd(name)) {
          const proposal = e.reason.split(':')[0]
          unsupported.set(proposal, (unsupported.get(proposal) ?? 0) + 1)
        } else wrong.push(`${name}:${c.line}: ${e.code} ${e.message}`)
      }
    }
    console.log(`spec: ${valid} modules valid; unsupported: ${JSON.stringify(Object.fromEntries(unsupported))}`)
    expect(wrong).toEqual([])
    expect(valid).toBeGreaterThan(2400)
  })

  test.each(['assert_invalid', 'assert_malformed'])('%s', (kind) => {
    let refused = 0
    let unsupported = 0
    let sameText = 0
    const wrong: string[] = []
    const otherText: string[] = []
    for (const [name, script] of scripts) {
      for (const c of script.commands) {
        if (c.type !== kind || c.filename === undefined || c.module_type === 'text') continue
        const e = verdict(fileOf(script, c.filename), featuresOfScript(name))
        const where = `${name}:${c.line}: ${c.text}`
        if (e === undefined) wrong.push(`${where}: accepted`)
        else if (e.code === 'unsupported' && !COMPLETE.includes(name) && !isSimd(name)) unsupported++
        else if (`assert_${e.code}` !== kind) wrong.push(`${where}: ${e.code} ${e.message}`)
        else {
          refused++
          if (e.reason.includes(c.text!)) sameText++
          else otherText.push(`${where}: ${e.reason}`)
        }
      }
    }
    console.log(
      `${kind}: ${refused} refused for the right reason, ${sameText} in the suite's words; ${unsupported} unsupported`,
    )
    if (process.env.K23_VERBOSE) console.log(otherText.join('\n'))
    expect(wrong).toEqual([])
    expect(refused).toBeGreaterThan(kind === 'assert_invalid' ? 2600 : 700)
    expect(sameText / refused).toBeGreaterThan(0.95)
  })

  test('vectors can be switched off, and the relaxed ones alone', () => {
    let [any, relaxed] = [0, 0]
    for (const [name, script] of scripts) {
      if (name.includes('/')) continue
      for (const c of script.commands) {
        if (c.type !== 'module' || c.filename === undefined || c.module_type === 'text') continue
        const bytes = fileOf(script, c.filename)
        if (verdict(bytes, DEFAULT_FEATURES) !== undefined) continue
        const without = verdict(bytes, { ...DEFAULT_FEATURES, simd: false })
        const strict = verdict(bytes, { ...DEFAULT_FEATURES, relaxedSimd: false })
        for (const e of [without, strict]) if (e !== undefined) expect(e.message).toMatch(/^(relaxed )?SIMD is off: /)
        if (without !== undefined) any++
        if (strict !== undefined) relaxed++
        if (!isSimd(name)) expect(strict).toBe(undefined)
      }
    }
    expect(any).toBeGreaterThan(300)
    expect(relaxed).toBeGreaterThan(5)
  })
})
