// Functions at x64's limits, on the host's CPU.
import { describe, test } from 'vitest'
import { testLimits } from './large-run.ts'
import { missing, nativeBackend } from './x64-machine.ts'

if (missing !== undefined) test.skip(`needs ${missing}`, () => {})
else
  describe('natively', () => {
    testLimits({
      target: 'x64',
      backend: nativeBackend,
      variants: [
        ['SSE2, single_pass', [], 'single_pass'],
        ['skylake, backtracking', ['skylake'], 'backtracking'],
      ],
      hugeFeatures: [],
      // Each takes some 90 bytes.
      hugeCount: 36_000,
      // 127 bytes is 10 to 16 additions
      distances: [1, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 300, 2000],
    })
  })
