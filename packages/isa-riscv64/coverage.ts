// docs/coverage.md: what riscv64 makes of each opcode at each type with which features.
// Run `node packages/isa-riscv64/coverage.ts` to write it; test/coverage.test.ts compares.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { COVERAGE_SETTINGS, coverageTable } from '@k23/machinst/coverage'
import { createRiscv64 } from './src/isa.ts'

const BITS = ['has_zba', 'has_zbb', 'has_zbs', 'has_zbkb', 'has_zicond', 'has_c', 'has_zcb']
/** The columns. */
const featureSets: readonly (readonly [name: string, flags: readonly string[]])[] = [
  ['rv64gc', []],
  ['+Zb* Zicond', BITS],
  ['+Zfhmin', ['has_zfhmin']],
  ['+Zfh Zfa', ['has_zfhmin', 'has_zfh', 'has_zfa']],
  ['+V', ['has_v']],
  ['all', [...BITS, 'has_zfhmin', 'has_zfh', 'has_zfa', 'has_v', 'has_zvfh', 'has_zvbb']],
]

/** The text of docs/coverage.md. */
export function coverage(): string {
  return coverageTable({
    target: 'riscv64',
    script: 'packages/isa-riscv64/coverage.ts',
    columns: featureSets.map(([name, flags]) => [
      name,
      createRiscv64(Object.fromEntries(flags.map((f) => [f, true])), COVERAGE_SETTINGS),
    ]),
  })
}

export const COVERAGE_FILE: string = join(import.meta.dirname, 'docs', 'coverage.md')

if (import.meta.main) {
  mkdirSync(join(import.meta.dirname, 'docs'), { recursive: true })
  writeFileSync(COVERAGE_FILE, coverage())
}
