// The riscv64 back end.
import type { Target } from '@k23/machinst'
import { FEATURES } from './features.ts'
import { createRiscv64 } from './isa.ts'
import { relocate } from './relocate.ts'

export { FEATURES } from './features.ts'

/** The target to hand to `@k23/codegen/core`. */
export const riscv64: Target = { name: 'riscv64', featureNames: Object.keys(FEATURES), create: createRiscv64, relocate }
