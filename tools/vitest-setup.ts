// Run once before the tests, however vitest was started: they need the generated files.

import { generate } from './generate.ts'

export function setup(): void {
  // A package whose generator is broken fails its own tests; the others still run.
  generate()
}
