import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** `pnpm test:long`: the same tests with their large counts; each reads K23_LONG itself. */
const long = process.env.K23_LONG === '1'

export default defineConfig({
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    // The default leaves one core to the main process, which has next to nothing to do: on two cores half the machine.
    maxWorkers: availableParallelism(),
    globalSetup: ['tools/vitest-setup.ts'],
    // A test takes seconds, on a machine of its own.
    testTimeout: long ? 600_000 : 120_000,
    hookTimeout: long ? 600_000 : 120_000,
    tags: [
      {
        name: 'fuzz',
        description: 'random input for K23_FUZZ_SECONDS; left out of npm test, a step of pnpm preflight',
      },
    ],
  },
})
