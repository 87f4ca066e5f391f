// Random programs on x64, on the host's CPU, against the CLIF interpreter: both allocators, the checker on, random feature sets.
import {
  type DataValue,
  dataValue,
  F32,
  F64,
  formatDataValues,
  I128,
  I16,
  I32,
  I64,
  I8,
  parseFunctions,
  type Type,
} from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { expect, test } from 'vitest'
import type { Outcome } from '../src/index.ts'
import { Random, randomProgram } from './random-clif.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const TYPES: Readonly<Record<string, Type>> = { i8: I8, i16: I16, i32: I32, i64: I64, i128: I128, f32: F32, f64: F64 }
const FEATURES = ['has_sse41', 'has_avx', 'has_popcnt', 'has_lzcnt', 'has_bmi1', 'has_bmi2', 'has_fma']
const BATCHES = 10
const PROGRAMS = process.env.K23_LONG === '1' ? 1000 : 20

const shown = (o: Outcome): string => ('results' in o ? formatDataValues(o.results) : JSON.stringify(o))
const backends =
  missing !== undefined
    ? []
    : [
        nativeBackend({ algorithm: 'single_pass' }),
        nativeBackend({ algorithm: 'backtracking' }),
        nativeBackend({ algorithm: 'backtracking', branchReach: 8 }),
      ]

test.skipIf(missing !== undefined).each(Array.from({ length: BATCHES }, (_, k) => k))(
  `batch %i${missing === undefined ? '' : ` (needs ${missing})`}`,
  (batch) => {
    for (let n = 0; n < PROGRAMS; n++) {
      const seed = 1 + batch * PROGRAMS + n
      const { text, params } = randomProgram(seed)
      const functions = parseFunctions(text).functions.map((f) => f.func)
      const oracle = createInterpreter(functions)
      const r = new Random(seed + 0x1000000)
      const flags = new Map(FEATURES.filter(() => r.below(2) === 0).map((f) => [f, 'true']))
      const code = backends[n % backends.length].compile(functions, {
        target: 'x64',
        flags,
        // Which NaN an operation gives is the machine's business.
        settings: new Map([['enable_nan_canonicalization', 'true']]),
        opt: 'none',
      })
      if ('unsupported' in code) throw new Error(code.unsupported)
      for (let k = 0; k < 6; k++) {
        const args: DataValue[] = params.map((t) => dataValue(TYPES[t], r.integer(Number(t.slice(1)))))
        const want = oracle.invoke('f', args)
        expect('unsupported' in want).toBe(false)
        expect(`seed ${seed} call ${k}: ${shown(code.invoke('f', args))}`).toBe(
          `seed ${seed} call ${k}: ${shown(want)}`,
        )
      }
      code.dispose?.()
    }
  },
)
