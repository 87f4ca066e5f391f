// The official scripts, executed: what translation makes of them runs on a machine that interprets CLIF, with memories that move when they grow,
// and must give the results and traps that the suite expects. So the translator, the layout and the trampolines are tested together.
import { describe, expect, test } from 'vitest'
import { type TranslateOptions, validateModule, WasmError } from '../src/index.ts'
import * as abi from '../src/runtime-abi.ts'
import { Trap } from './clif-machine.ts'
import { type Exports, LinkError, MiniKernel } from './mini-kernel.ts'
import { type Command, dataPath, fileOf, readPack, type Script } from './packs.ts'

const path = dataPath('spec/spec.json.gz')
const pack = path === undefined ? {} : readPack(path)
const long = process.env.K23_LONG === '1'

interface SpecValue {
  type: string
  value?: string | string[]
  lane_type?: string
  values?: SpecValue[]
}
interface Action {
  type: 'invoke' | 'get'
  module?: string
  field: string
  args?: SpecValue[]
}
type Full = Command & {
  action?: Action
  expected?: SpecValue[]
  name?: string
  as?: string
  instance?: string
  module?: string
}

/** Needs more memory or time than an interpreter of bigints has. */
const HEAVY = [
  'return_call',
  'return_call_indirect',
  'memory_copy',
  'memory_copy64',
  'memory_fill',
  'memory_fill64',
  'memory_grow',
  'memory_grow64',
  'call',
  'call_indirect',
].map((n) => `${n}.wast`)

const { I32, I64, F32, F64 } = abi

function spectest(k: MiniKernel): Exports {
  const print = (params: abi.ValType[]) => k.hostFunction({ params, results: [] }, () => [])
  const f32 = 0x4426_a666n
  const f64 = 0x4084_d4cc_cccc_cccdn
  return new Map([
    ['print', print([])],
    ['print_i32', print([I32])],
    ['print_i64', print([I64])],
    ['print_f32', print([F32])],
    ['print_f64', print([F64])],
    ['print_i32_f32', print([I32, F32])],
    ['print_f64_f64', print([F64, F64])],
    ['global_i32', { kind: 'global', address: k.newGlobal(666n) }],
    ['global_i64', { kind: 'global', address: k.newGlobal(666n) }],
    ['global_f32', { kind: 'global', address: k.newGlobal(f32) }],
    ['global_f64', { kind: 'global', address: k.newGlobal(f64) }],
    ['memory', { kind: 'memory', address: k.newMemory(1, 2) }],
    ['table', { kind: 'table', address: k.newTable(10, 20) }],
  ])
}

const widths: Record<string, number> = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 }

function argument(v: SpecValue): bigint {
  if (Array.isArray(v.value)) {
    const width = widths[v.lane_type!]
    return v.value.reduceRight((x, lane) => (x << BigInt(width)) | BigInt.asUintN(width, BigInt(lane)), 0n)
  }
  if (v.value === 'null' || v.value === undefined) return 0n
  if (v.type === 'externref') return BigInt(v.value) + 1n
  return BigInt.asUintN(v.type === 'i32' || v.type === 'f32' ? 32 : 64, BigInt(v.value))
}

function matches(found: bigint, e: SpecValue): boolean {
  if (e.type === 'either') return e.values!.some((v) => matches(found, v))
  if (Array.isArray(e.value)) {
    const type = e.lane_type!
    const lane = (i: number): bigint => BigInt.asUintN(widths[type], found >> BigInt(i * widths[type]))
    return e.value.every((value, i) => matches(lane(i), { type, value }))
  }
  if (e.value === undefined) return true
  if (e.value.startsWith('nan')) {
    const quiet = e.type === 'f32' ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n
    return (found & quiet) === quiet
  }
  return found === argument(e)
}

interface Tally {
  pass: number
  skip: number
  failures: string[]
}

function runScript(name: string, script: Script, options: Partial<TranslateOptions>, tally: Tally): void {
  const k = new MiniKernel(options, HEAVY.includes(name) ? 1 << 27 : 1 << 25)
  const named = new Map<string, Exports>()
  const registered = new Map<string, Exports>([['spectest', spectest(k)]])
  let current: Exports | undefined

  const instantiate = (c: Full): Exports =>
    k.instantiate(validateModule(fileOf(script, c.filename!)), (m, n) => registered.get(m)?.get(n))

  const perform = (a: Action): bigint[] | undefined => {
    const from = a.module === undefined ? current : named.get(a.module)
    if (from === undefined) return undefined
    const e = from.get(a.field)!
    if (a.type === 'invoke') return k.invoke(e, (a.args ?? []).map(argument))
    return e.kind === 'func' ? undefined : [k.u128(e.address)]
  }

  const command = (c: Full): boolean => {
    switch (c.type) {
      case 'module':
        current = undefined
        current = instantiate(c)
        if (c.name !== undefined) named.set(c.name, current)
        return true
      case 'register': {
        const e = c.name === undefined ? current : named.get(c.name)
        if (e === undefined) return false
        registered.set(c.as!, e)
        return true
      }
      case 'action':
        return perform(c.action!) !== undefined
      case 'assert_return': {
        const r = perform(c.action!)
        if (r === undefined) return false
        const ok = c.expected!.every((e, i) => {
          const width = c.action!.type === 'get' && e.type !== 'v128' ? (widths[e.type] ?? 64) : 128
          return matches(BigInt.asUintN(width, r[i]), e)
        })
        if (!ok) throw new Error(`expected ${JSON.stringify(c.expected)}, found ${r}`)
        return true
      }
      case 'assert_trap':
      case 'assert_exhaustion':
      case 'assert_uninstantiable':
        try {
          if (c.action === undefined) instantiate(c)
          else if (perform(c.action) === undefined) return false
        } catch (e) {
          if (!(e instanceof Trap)) throw e
          const message = abi.trapInfo(e.code)!.message
          if (!c.text!.startsWith(message) && !message.startsWith(c.text!))
            throw new Error(`expected ${c.text}, found trap: ${message}`)
          return true
        }
        throw new Error(`expected ${c.text}, found no trap`)
      default:
        return false
    }
  }

  for (const c of script.commands as Full[]) {
    try {
      if (command(c)) tally.pass++
      else tally.skip++
    } catch (e) {
      if (e instanceof LinkError || (e instanceof WasmError && e.code === 'unsupported')) tally.skip++
      else tally.failures.push(`${name}:${c.line}: ${c.type}: ${(e as Error).stack?.split('\n').slice(0, 4).join(' ')}`)
    }
  }
}

const settings: [string, Partial<TranslateOptions>][] = [
  ['explicit, Spectre guards', {}],
  ['explicit, no guards', { heapSpectre: false, tableSpectre: false, stackLimit: false }],
]

describe.skipIf(path === undefined)('spec scripts on the CLIF machine', () => {
  test.each(settings)('%s', { timeout: 120_000 }, (_, options) => {
    const tally: Tally = { pass: 0, skip: 0, failures: [] }
    const names = Object.keys(pack).filter((n) => !n.includes('/') && (long || !HEAVY.includes(n)))
    names.forEach((n, i) => {
      if (n.startsWith('simd') && !long && i % 8 !== 0) return
      if (long || options === settings[0][1] || i % 4 === 0) runScript(n, pack[n], options, tally)
    })
    console.log(`executed: ${tally.pass} pass, ${tally.skip} skipped, ${tally.failures.length} fail`)
    expect(tally.failures.slice(0, 20)).toEqual([])
    expect(tally.pass).toBeGreaterThan(7000)
  })
})
