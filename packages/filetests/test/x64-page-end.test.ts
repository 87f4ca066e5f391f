// Memory operands read what was loaded and no more: every opcode that x64 lowers, at every type, with each of its operands loaded from the last bytes of a page
// behind which nothing is mapped. SSE instructions read 16 bytes where their operand is smaller. Results are also stored to where an operand was loaded
// from. The oracle is the same instruction on registers, which the sweeps compare with the interpreter.
import { completeSettings, targetByName } from '@k23/codegen'
import {
  bits,
  type DataValue,
  dataValue,
  type Func,
  formatDataValues,
  I64,
  isVector,
  parseFunctions,
  printFunction,
  type Type,
  typeName,
  unsignedBits,
} from '@k23/ir'
import { COVERAGE_SETTINGS, coverageOf, coverageSubjects } from '@k23/machinst/coverage'
import { PAGE_SIZE, PERM_NONE, PERM_READ, PERM_WRITE } from '@k23/machine'
import { createNativeMachine } from '@k23/native'
import { expect, test } from 'vitest'
import type { Outcome } from '../src/index.ts'
import { edgeValue } from './vector-cases.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const SETTINGS = new Map([['enable_nan_canonicalization', 'true']])
/** Sets of features whose rules take different memory operands. */
const featureSets = [[], ['has_avx'], ['sapphirerapids']] as const

interface Case {
  readonly name: string
  readonly params: readonly Type[]
  readonly text: string
  /** The operand in memory. */
  readonly at: number
  /** Stores its result there. */
  readonly stores: boolean
}

/** The function with its operands in registers, and its forms with one of them in memory. */
function casesOf(f: Func, n: number): Case[] {
  const params = f.signature.params.map((p) => p.type)
  const lines = printFunction(f).trim().split('\n')
  const head = lines.findIndex((l) => /^\s*block0/.test(l))
  const body = lines.slice(head + 1)
  const make = (name: string, at: number, stores: boolean): Case => {
    const types = params.map((t, i) => (i === at ? 'i64' : typeName(t)))
    const names = params.map((_, i) => (i === at ? 'v900' : `v${i}`))
    const load = at === -1 ? [] : [`    v${at} = load.${typeName(params[at])} v900`]
    const code = stores ? body.map((l) => l.replace(/return (v\d+)$/, 'store $1, v900\n    return')) : body
    const returns = stores ? '' : f.signature.returns.map((r) => typeName(r.type)).join(', ')
    const text = [
      `function %${name}(${types.join(', ')})${returns === '' ? '' : ` -> ${returns}`} {`,
      ...lines.slice(1, head),
      `block0(${names.map((v, i) => `${v}: ${types[i]}`).join(', ')}):`,
      ...load,
      ...code,
    ].join('\n')
    return { name, params, text, at, stores }
  }
  const [result] = f.signature.returns
  return [
    make(`f${n}`, -1, false),
    ...params.flatMap((t, i) => [
      make(`f${n}_${i}`, i, false),
      ...(f.signature.returns.length === 1 && result.type === t ? [make(`f${n}_${i}_s`, i, true)] : []),
    ]),
  ]
}

function value(t: Type, i: number, k: number): DataValue {
  return dataValue(t, edgeValue(typeName(t), isVector(t) ? i : 0, 7 * k + 5 * i))
}

const shown = (o: Outcome): string => ('results' in o ? formatDataValues(o.results) : JSON.stringify(o))

test.skipIf(missing !== undefined).each(featureSets.map((f) => [f.join(' ') || 'SSE2', f] as const))(
  `%s${missing === undefined ? '' : ` (needs ${missing})`}`,
  { timeout: 120_000 },
  (_, features) => {
    const machine = createNativeMachine()
    const pages = machine.memory.map(2 * PAGE_SIZE, PERM_READ | PERM_WRITE)
    machine.memory.protect(pages + PAGE_SIZE, PAGE_SIZE, PERM_NONE)
    const end = pages + PAGE_SIZE
    const flags = Object.fromEntries(features.map((f) => [f, true]))
    const isa = targetByName('x64').create(flags, completeSettings(COVERAGE_SETTINGS))
    const all: Case[] = []
    for (const { op, functions } of coverageSubjects())
      for (const { make } of functions) {
        const f = make()
        const { params } = f.signature
        // What has an address of its own is not the subject here.
        if (params.length === 0 || /load|store|atomic|call|switch|pinned/.test(op)) continue
        if (params.some((p) => bits(p.type) > 128) || coverageOf(isa, f).startsWith('no')) continue
        all.push(...casesOf(f, all.length))
      }
    const functions = parseFunctions(all.map((c) => c.text).join('\n')).functions.map((f) => f.func)
    const code = nativeBackend({ machine: () => machine }).compile(functions, {
      target: 'x64',
      flags: new Map(features.map((f) => [f, 'true'])),
      settings: SETTINGS,
      opt: 'none',
    })
    if ('unsupported' in code) throw new Error(code.unsupported)
    const wrong: string[] = []
    let expected: Outcome[] = []
    let sunk = 0
    for (const c of all) {
      const args = [0, 3].map((k) => c.params.map((t, i) => value(t, i, k)))
      if (c.at === -1) {
        expected = args.map((list) => code.invoke(c.name, list))
        continue
      }
      const size = bits(c.params[c.at]) / 8
      args.forEach((list, k) => {
        const memory = machine.memory.view(end - size, size)
        let n = unsignedBits(list[c.at])
        for (let b = 0; b < size; b++, n >>= 8n) memory[b] = Number(n & 0xffn)
        const address = dataValue(I64, BigInt(end - size))
        const got = code.invoke(c.name, list.with(c.at, address))
        const want = expected[k]
        sunk++
        if (!c.stores || 'trap' in want) {
          if (shown(got) !== shown(want)) wrong.push(`${c.text}\n${shown(got)}, not ${shown(want)}`)
          return
        }
        if (!('results' in got && 'results' in want)) {
          wrong.push(`${c.text}\n${shown(got)}, not ${shown(want)}`)
          return
        }
        let stored = 0n
        for (let b = size - 1; b >= 0; b--) stored = (stored << 8n) | BigInt(machine.memory.view(end - size, size)[b])
        if (stored !== unsignedBits(want.results[0])) wrong.push(`${c.text}\nstored ${stored}, not ${shown(want)}`)
      })
    }
    expect(wrong.slice(0, 5)).toEqual([])
    expect(sunk).toBeGreaterThan(5000)
  },
)
