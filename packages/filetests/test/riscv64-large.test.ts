// Functions at riscv64's limits, on the emulator.
import { createEmulatedBackend } from '../src/emulated.ts'
import { testLimits } from './large-run.ts'

testLimits({
  target: 'riscv64',
  backend: createEmulatedBackend,
  variants: [
    ['no features, single_pass', [], 'single_pass'],
    ['compressed, backtracking', ['has_c', 'has_zcb', 'has_zba', 'has_zbb'], 'backtracking'],
  ],
  hugeFeatures: ['has_c'],
  // Without Zbb and Zbkb each takes some 110 bytes.
  hugeCount: 30_000,
  // 4 KB is 340 additions of 12 bytes, 1 MB is 87,400
  distances: [300, 338, 339, 340, 341, 342, 345, 2000],
})
