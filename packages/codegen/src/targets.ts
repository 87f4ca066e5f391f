// The targets that have a back end.
import { riscv64 } from '@k23/isa-riscv64'
import { x64 } from '@k23/isa-x64'
import type { Target } from '@k23/machinst'

/** Every target that has a back end, by name. */
export const targets: Readonly<Record<string, Target>> = { riscv64, x64 }
