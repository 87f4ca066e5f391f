// Options that name their target.
import type { Target } from '@k23/machinst'
import type { CoreOptions } from './core.ts'
import { CodegenError } from './error.ts'
import { targets } from './targets.ts'

export interface CompileOptions extends Omit<CoreOptions, 'target'> {
  /** `riscv64`. */
  readonly target: string | Target
}

/** The target with this name. */
export function targetByName(name: string): Target {
  const target = targets[name]
  if (target === undefined)
    throw new CodegenError(
      'settings',
      `there is no target ${name}`,
      {},
      `the targets with a back end are ${Object.keys(targets).join(', ')}`,
    )
  return target
}

/** The same with the target itself. */
export function withTarget<O extends { readonly target: string | Target }>(
  options: O,
): Omit<O, 'target'> & { readonly target: Target } {
  const { target } = options
  return { ...options, target: typeof target === 'string' ? targetByName(target) : target }
}
