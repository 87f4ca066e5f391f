// Random programs on x64, on the host's CPU: both allocators, the checker on.
import { test } from 'vitest'
import { BATCHES, runBatch } from './random-run.ts'
import { missing, nativeBackend } from './x64-machine.ts'

const FEATURES = ['has_sse41', 'has_avx', 'has_popcnt', 'has_lzcnt', 'has_bmi1', 'has_bmi2', 'has_fma']

test.skipIf(missing !== undefined).each(BATCHES)(
  `batch %i${missing === undefined ? '' : ` (needs ${missing})`}`,
  (batch) => {
    const backends = [
      nativeBackend({ algorithm: 'single_pass' }),
      nativeBackend({ algorithm: 'backtracking' }),
      nativeBackend({ algorithm: 'backtracking', branchReach: 8 }),
    ]
    runBatch(batch, 'x64', FEATURES, backends)
  },
)

const VECTOR_FEATURES = [...FEATURES, 'has_ssse3', 'has_sse42', 'has_avx2', 'sapphirerapids']

test.skipIf(missing !== undefined).each(BATCHES.slice(0, 5))(
  `batch %i with vectors${missing === undefined ? '' : ` (needs ${missing})`}`,
  (batch) => {
    const backends = [nativeBackend({ algorithm: 'single_pass' }), nativeBackend({ algorithm: 'backtracking' })]
    runBatch(batch, 'x64', VECTOR_FEATURES, backends, [])
  },
)
