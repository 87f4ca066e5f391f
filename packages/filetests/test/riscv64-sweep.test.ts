// The boundary sweep on riscv64: every case compiled under each feature set, run on the emulator and compared with the CLIF interpreter.
import {
  ctrlAllows,
  F128,
  F16,
  F32,
  F64,
  I128,
  I16,
  I32,
  I64,
  I8,
  NUM_OPCODES,
  opName,
  parseFunctions,
  type Type,
  typeName,
} from '@k23/ir'
import { isEvaluable } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { sweepCases } from './sweep-cases.ts'
import { moreSweepCases } from './sweep-more.ts'
import { families, long, sweep } from './sweep-run.ts'

/** Cases with f16 run under the sets with Zfhmin or Zfh, and nothing else does. */
// biome-ignore format: table
const featureSets: readonly (readonly string[])[] = [
  [],
  ['has_zba', 'has_zbb', 'has_zbs', 'has_zbkb', 'has_zicond', 'has_c', 'has_zcb', 'has_zfa'],
  ['has_zfhmin'],
  ['has_zfh', 'has_zfa', 'has_zfhmin', 'has_zbb'],
  ...(long ? [['has_zba'], ['has_zbb'], ['has_zbs'], ['has_zbkb'], ['has_zicond'], ['has_c'], ['has_zfa']] : []),
]

describe.each(featureSets.map((f) => [f.join(' ') || 'no features', f] as const))('%s', (_, features) => {
  const backend = createEmulatedBackend()
  test.each(families(features.includes('has_zfhmin')))('%s', (_name, list) => {
    const flags = new Map(features.map((f) => [f, 'true']))
    const { wrong, checked } = sweep(backend, { target: 'riscv64', flags, settings: new Map(), opt: 'none' }, list)
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(0)
  })
})

const more = moreSweepCases()
// biome-ignore format: table
describe.each([
  ['more, no features',  [], 'single_pass'],
  ['more, all features', [...featureSets[1], 'has_zfh', 'has_v', 'has_zvbb', 'has_zvfh'], 'backtracking'],
] as const)('%s', (_, features, algorithm) => {
  const backend = createEmulatedBackend({ algorithm })
  const flags = new Map(features.map((f) => [f, 'true']))
  test.each([...families(false, more), ...families(true, more)])('%s', (_name, list) => {
    const { wrong, checked } = sweep(backend, { target: 'riscv64', flags, settings: new Map(), opt: 'none' }, list)
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(0)
  })
})

test('every opcode that computes is swept at every scalar type', () => {
  const swept = new Set<string>()
  const note = (texts: readonly { readonly text: string }[]): void => {
    for (const { func } of parseFunctions(texts.map((c) => c.text).join('\n')).functions)
      for (let i = 0; i < func.numInsts; i++) swept.add(`${opName[func.op[i]]} ${typeName(func.ctrl[i] as Type)}`)
  }
  note([...sweepCases(false), ...more])
  // riscv64-libcalls.test.ts has these: f128 arithmetic, f128 and i128 conversions, f16 without instructions.
  const elsewhere =
    /^(fcmp|fadd|fsub|fmul|fdiv|sqrt|fma|fmin|fmax|ceil|floor|trunc|nearest|fpromote|fdemote|fcvt_\w+) (f128|i128)$/
  const missing: string[] = []
  for (let op = 1; op < NUM_OPCODES; op++) {
    // vhigh_bits is of vectors (riscv64-vector.test.ts)
    if (!isEvaluable(op) || opName[op] === 'vhigh_bits') continue
    for (const t of [I8, I16, I32, I64, I128, F16, F32, F64, F128]) {
      const key = `${opName[op]} ${typeName(t)}`
      if (ctrlAllows(op, t) && !swept.has(key) && !elsewhere.test(key)) missing.push(key)
    }
  }
  // These have no operand that they could convert from, or lanes only.
  expect(missing).toEqual(['ireduce i128', 'uextend i8', 'sextend i8', 'fpromote f16', 'fdemote f64'])
})
