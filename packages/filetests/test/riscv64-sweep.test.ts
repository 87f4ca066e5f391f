// The boundary sweep on riscv64: every case compiled under each feature set, run on the emulator and compared with the CLIF interpreter.
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
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
