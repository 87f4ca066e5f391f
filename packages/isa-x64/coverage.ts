// docs/coverage.md: what x64 makes of each opcode at each type with which features.
// Run `node packages/isa-x64/coverage.ts` to write it; test/coverage.test.ts compares.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COVERAGE_SETTINGS, coverageTable } from '@k23/machinst/coverage'
import { createX64 } from './src/isa.ts'

/** The columns. */
const featureSets: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['SSE2', []],
  ['SSSE3', ['ssse3']],
  ['SSE4.1', ['sse41']],
  ['AVX', ['has_avx']],
  ['AVX2 FMA F16C BMI', ['haswell']],
  ['AVX-512', ['sapphirerapids']],
]

/** The text of docs/coverage.md. */
export function coverage(): string {
  return coverageTable({
    target: 'x64',
    script: 'packages/isa-x64/coverage.ts',
    columns: featureSets.map(([name, flags]) => [
      name,
      createX64(Object.fromEntries(flags.map((f) => [f, true])), COVERAGE_SETTINGS),
    ]),
  })
}

export const COVERAGE_FILE: string = join(import.meta.dirname, 'docs', 'coverage.md')

if (import.meta.main) {
  mkdirSync(join(import.meta.dirname, 'docs'), { recursive: true })
  writeFileSync(COVERAGE_FILE, coverage())
}
