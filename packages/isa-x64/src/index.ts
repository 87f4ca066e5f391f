// The x64 back end.
import type { Target } from '@k23/machinst'
import { FEATURES, primitiveFeatures } from './features.ts'
import { createX64 } from './isa.ts'
import { nops } from './nops.ts'
import { relocate } from './relocate.ts'

export { FEATURES } from './features.ts'

/** The target to hand to `@k23/codegen/core`. */
export const x64: Target = {
  name: 'x64',
  featureNames: Object.keys(FEATURES),
  primitives: primitiveFeatures,
  create: createX64,
  relocate,
  nops,
}
