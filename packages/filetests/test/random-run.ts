// Random programs against the CLIF interpreter, with random feature sets.
import { dataValue, formatDataValues, parseFunctions, parseType } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { expect } from 'vitest'
import type { Backend, Outcome } from '../src/index.ts'
import { Random, randomProgram } from './random-clif.ts'

const PROGRAMS = process.env.K23_LONG === '1' ? 1000 : 20
export const BATCHES: number[] = Array.from({ length: 10 }, (_, k) => k)

const shown = (o: Outcome): string => ('results' in o ? formatDataValues(o.results) : JSON.stringify(o))

function argument(r: Random, type: string): bigint {
  const [lane, count] = type.split('x')
  const bits = Number(lane.slice(1))
  let out = 0n
  for (let i = Number(count ?? 1); i > 0; i--) out = (out << BigInt(bits)) | BigInt.asUintN(bits, r.integer(bits))
  return out
}

/** Compiles the programs of a batch, with one back end after the other, and makes six calls of each. */
export function runBatch(
  batch: number,
  target: 'riscv64' | 'x64',
  features: readonly string[],
  backends: readonly Backend[],
  /** Programs with vectors, and the features that those always have. */
  vectors?: readonly string[],
): void {
  // riscv64 gives one NaN only. Which one an operation of x64 gives is the machine's business.
  const settings = new Map(target === 'x64' ? [['enable_nan_canonicalization', 'true']] : [])
  for (let n = 0; n < PROGRAMS; n++) {
    const seed = 1 + batch * PROGRAMS + n
    const { text, params } = randomProgram(seed, vectors !== undefined)
    const functions = parseFunctions(text).functions.map((f) => f.func)
    const oracle = createInterpreter(functions)
    const r = new Random(seed + 0x1000000)
    const on = [...features.filter(() => r.below(2) === 0), ...(vectors ?? [])]
    const flags = new Map(on.map((f) => [f, 'true']))
    const code = backends[n % backends.length].compile(functions, { target, flags, settings, opt: 'none' })
    if ('unsupported' in code) throw new Error(code.unsupported)
    for (let k = 0; k < 6; k++) {
      const args = params.map((t) => dataValue(parseType(t), argument(r, t)))
      const want = oracle.invoke('f', args)
      expect('unsupported' in want).toBe(false)
      expect(`seed ${seed} call ${k}: ${shown(code.invoke('f', args))}`).toBe(`seed ${seed} call ${k}: ${shown(want)}`)
    }
    code.dispose?.()
  }
}
