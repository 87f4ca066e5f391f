// The boundary sweep over vectors on riscv64 with V: both allocators on the emulator against the CLIF interpreter.
import {
  bits,
  ctrlAllows,
  F16,
  F32,
  F64,
  I16,
  I32,
  I64,
  I8,
  NUM_OPCODES,
  opName,
  type Type,
  typeName,
  vectorOf,
} from '@k23/ir'
import { isEvaluable } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { vectorArguments } from './vector-cases.ts'
import { CALLS, functionsOf, sweepCalls, sweepVectors, vectorFamilies, vectors } from './vector-run.ts'

const variants = [
  ['V, backtracking', ['has_v'], 'backtracking'],
  ['V Zvbb C Zba Zbb, single_pass', ['has_v', 'has_zvbb', 'has_c', 'has_zba', 'has_zbb'], 'single_pass'],
  ['V Zvfh Zfhmin, backtracking', ['has_v', 'has_zvfh', 'has_zfhmin'], 'backtracking'],
] as const

describe.each(variants)('%s', (_, features, algorithm) => {
  const backend = createEmulatedBackend({ algorithm })
  const forLine = {
    target: 'riscv64',
    flags: new Map(features.map((f) => [f, 'true'])),
    settings: new Map<string, string>(),
    opt: 'none',
  } as const

  const half = features.some((f) => f === 'has_zvfh')
  // Without Zvfh too there are vectors of f16.
  const withHalf = vectorFamilies(true).map(([name, list]) => [`${name} with f16`, list] as const)
  test.each(half ? withHalf : [...vectorFamilies(false), ...withHalf])('%s', (_name, list) => {
    const { wrong, checked } = sweepVectors(backend, forLine, list)
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(0)
  })

  test('calls', () => {
    expect(sweepCalls(backend, forLine)).toEqual([])
  })
})

test('without V the error names it', () => {
  const list = vectors.filter((c) =>
    ['iadd_i32x4', 'splat_f64x2', 'vconst_i8x16_5', 'memory_little_0_i64x2'].includes(c.name),
  )
  expect(list.length).toBe(4)
  for (const c of list) {
    const code = createEmulatedBackend().compile(functionsOf([c]), {
      target: 'riscv64',
      flags: new Map(),
      settings: new Map(),
      opt: 'none',
    })
    if ('unsupported' in code) throw new Error(code.unsupported)
    const got = code.invoke(c.name, [...vectorArguments(c, CALLS)][0])
    expect('unsupported' in got && got.unsupported).toMatch(/it needs has_v$/)
    code.dispose?.()
  }
})

test('every opcode that computes is swept at every vector type of up to 128 bits', () => {
  const swept = new Set<string>()
  for (const f of functionsOf(vectors))
    for (let i = 0; i < f.numInsts; i++) swept.add(`${opName[f.op[i]]} ${typeName(f.ctrl[i] as Type)}`)
  const lanes = [I8, I16, I32, I64, F16, F32, F64]
  const types = lanes.flatMap((t) => [16, 32, 64, 128].filter((n) => n > bits(t)).map((n) => vectorOf(t, n / bits(t))))
  const missing: string[] = []
  for (let op = 1; op < NUM_OPCODES; op++) {
    if (!isEvaluable(op)) continue
    for (const t of types) {
      const key = `${opName[op]} ${typeName(t)}`
      if (ctrlAllows(op, t) && !swept.has(key)) missing.push(key)
    }
  }
  // No vector of floats has 16 lanes.
  expect(missing).toEqual(['x86_cvtt2dq i8x16', 'fcvt_to_uint_sat i8x16', 'fcvt_to_sint_sat i8x16'])
})
