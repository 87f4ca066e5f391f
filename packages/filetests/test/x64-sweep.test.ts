// The boundary sweeps on x64: every case compiled under each feature set, run on the host's CPU and compared with the CLIF interpreter.
import { describe, expect, test } from 'vitest'
import { modifyCases, moreSweepCases, quadSweepCases, wideAtomicCases } from './sweep-more.ts'
import { families, long, sweep, widened } from './sweep-run.ts'
import { sweepCalls, sweepVectors, vectorFamilies, vectors } from './vector-run.ts'
import { featureSets, missing, nativeBackend } from './x64-machine.ts'

const sets = featureSets.map(
  (f, i) => [f.join(' ') || 'SSE2', f, i % 2 === 0 ? 'backtracking' : 'single_pass'] as const,
)

const more = [...moreSweepCases(), ...modifyCases(), ...quadSweepCases()]

describe.skipIf(missing !== undefined).each(sets)(
  `%s${missing === undefined ? '' : ` (needs ${missing})`}`,
  (_, features, algorithm) => {
    const backend = nativeBackend({ algorithm })
    const forLine = {
      target: 'x64',
      flags: new Map(features.map((f) => [f, 'true'])),
      settings: new Map<string, string>(),
      opt: 'none',
    } as const

    const scalars = [undefined, more].flatMap((of) => [
      ...families(false, of),
      ...families(true, of).map(([name, list]) => [`${name} with f16`, list] as const),
    ])
    test.each(scalars)('%s', (_name, list) => {
      const { wrong, checked } = sweep(backend, forLine, list)
      expect(wrong).toEqual([])
      expect(checked).toBeGreaterThan(0)
    })

    test.skipIf(!features.includes('sapphirerapids'))('atomics of i128, which need cmpxchg16b', () => {
      const { wrong, checked } = sweep(backend, forLine, wideAtomicCases())
      expect(wrong).toEqual([])
      expect(checked).toBeGreaterThan(1000)
    })

    test('the bits above narrow results', { timeout: 120_000 }, () => {
      const { wrong, checked } = sweep(backend, forLine, widened(), 17)
      expect(wrong).toEqual([])
      expect(checked).toBeGreaterThan(10_000)
    })

    test.each([
      ...vectorFamilies(false),
      ...vectorFamilies(true).map(([name, list]) => [`${name} with f16`, list] as const),
    ])('vectors: %s', (_name, list) => {
      const { wrong, checked } = sweepVectors(backend, forLine, list)
      expect(wrong).toEqual([])
      expect(checked).toBeGreaterThan(0)
    })

    test('vectors in calls', () => {
      expect(sweepCalls(backend, forLine)).toEqual([])
    })
  },
)

/** Between the two, each feature adds instructions of its own. */
test
  .skipIf(missing !== undefined)
  .each(long ? [] : ['ssse3', 'sse41', 'has_avx', 'has_f16c', 'haswell', 'skylake-avx512'])(
  `vectors: %s${missing === undefined ? '' : ` (needs ${missing})`}`,
  { timeout: 60_000 },
  (feature) => {
    const flags = new Map([[feature, 'true']])
    const forLine = { target: 'x64', flags, settings: new Map<string, string>(), opt: 'none' } as const
    const { wrong, checked } = sweepVectors(nativeBackend(), forLine, vectors, 7)
    expect(wrong).toEqual([])
    expect(checked).toBeGreaterThan(20_000)
  },
)
