// The riscv64 back end.
import type { Target } from '@k23/machinst'
import { FEATURES } from './features.ts'
import { createRiscv64 } from './isa.ts'
import { nops } from './nops.ts'
import { relocate } from './relocate.ts'

export { FEATURES } from './features.ts'

/** Compressed instructions: a machine that has none of them is not among those that run our code. */
const COMPRESSED: readonly string[] = ['has_c', 'has_zca', 'has_zcd']

/** The target to hand to `@k23/codegen/core`. */
export const riscv64: Target = {
  name: 'riscv64',
  featureNames: Object.keys(FEATURES),
  primitives: (feature) => (FEATURES[feature] === -1 || COMPRESSED.includes(feature) ? [] : [feature]),
  create: createRiscv64,
  relocate,
  nops,
}
