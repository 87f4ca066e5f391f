// Random programs on riscv64: both allocators, the checker on.
import { test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import { BATCHES, runBatch } from './random-run.ts'

const FEATURES = ['has_zba', 'has_zbb', 'has_zbs', 'has_zbkb', 'has_zicond', 'has_c', 'has_zcb', 'has_zfa']

const backends = [
  createEmulatedBackend({ algorithm: 'single_pass' }),
  createEmulatedBackend({ algorithm: 'backtracking' }),
  createEmulatedBackend({ algorithm: 'backtracking', branchReach: 8 }),
]

test.each(BATCHES)('batch %i', (batch) => {
  runBatch(batch, 'riscv64', FEATURES, backends)
})

test.each(BATCHES.slice(0, 3))('batch %i with vectors', (batch) => {
  runBatch(batch, 'riscv64', [...FEATURES, 'has_zvbb'], backends, ['has_v'])
})
