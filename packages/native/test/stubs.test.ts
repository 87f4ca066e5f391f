// Each stub's bytes against GNU as, and what the CPU says of itself against what the system says of it.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { createNativeMachine, nativeMissing } from '../src/index.ts'
import type { Assembler } from '../src/x64/assembler.ts'
import { assembleCpuid, cpuInfo } from '../src/x64/cpu-features.ts'
import { assembleBeat } from '../src/x64/linux-beat.ts'
import { assembleHandler } from '../src/x64/linux-handler.ts'
import { assembleStubs } from '../src/x64/stubs.ts'
import { assemble, assembler } from './gas.ts'

const distance = 4096
const stubs: readonly (readonly [string, () => Assembler])[] = [
  ['stubs with XSAVE', () => assembleStubs({ xsave: true, avx: true, controlDistance: distance })],
  ['stubs with FXSAVE', () => assembleStubs({ xsave: false, avx: false, controlDistance: distance })],
  ['signal handler', () => assembleHandler({ alternateStackBytes: 69632, preemptSignal: 23, dataDistance: distance })],
  ['cpuid', assembleCpuid],
  ['second thread', assembleBeat],
]

if (typeof assembler === 'string') console.log(`skipped: ${assembler}`)

test.skipIf(typeof assembler === 'string').each(stubs)('%s: GNU as gives the same bytes', (_, make) => {
  const a = make()
  const bytes = a.finish()
  const { bytes: expected } = assemble(`.skip ${distance}\nfirst:\n${a.listing.join('\n')}`)
  expect(a.listing.length).toBeGreaterThan(10)
  expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(expected.subarray(distance)).toString('hex'))
})

describe('CPU features', () => {
  /** Linux's names in /proc/cpuinfo, where they differ. */
  const names: Readonly<Record<string, string>> = {
    sse3: 'pni',
    cmpxchg16b: 'cx16',
    sse41: 'sse4_1',
    sse42: 'sse4_2',
    lzcnt: 'abm',
    avx512vnni: 'avx512_vnni',
    avx512bitalg: 'avx512_bitalg',
  }

  test.skipIf(nativeMissing() !== undefined || !existsSync('/proc/cpuinfo'))('agree with /proc/cpuinfo', () => {
    const machine = createNativeMachine()
    const line = /^flags\s*: (.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
    const flags = new Set(line.split(' '))
    expect(flags.has('sse2')).toBe(true)
    const all = cpuInfo(
      () => [-1, -1, -1, -1],
      () => -1,
    ).features
    const expected = all.filter((f) => flags.has(names[f.slice(4)] ?? f.slice(4)))
    expect(machine.features).toEqual(expected)
    machine.close()
  })

  test('a feature needs its leaf, and its registers enabled by the system', () => {
    const none = cpuInfo(
      (leaf) => (leaf === 0 ? [1, 0, 0, 0] : leaf === 1 ? [0, 0, ~(1 << 27), 0] : [0, 0, 0, 0]),
      () => 0,
    )
    expect(none.xsave).toBe(false)
    expect(none.stateBytes).toBe(512)
    expect(none.features).toEqual(['has_sse3', 'has_ssse3', 'has_cmpxchg16b', 'has_sse41', 'has_sse42', 'has_popcnt'])
    const ymm = cpuInfo(
      () => [-1, -1, -1, -1],
      () => 7,
    ).features
    expect(ymm).toContain('has_avx2')
    expect(ymm).not.toContain('has_avx512f')
  })

  test.skipIf(nativeMissing() !== undefined)('can be chosen, and one that is not there is refused', () => {
    const machine = createNativeMachine({ features: [] })
    expect(machine.features).toEqual([])
    machine.close()
    expect(() => createNativeMachine({ features: ['has_zbb'] })).toThrow('this CPU has no has_zbb')
  })
})
