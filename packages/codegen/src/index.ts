// compile() with all targets registered by name.
import { riscv64 } from '@k23/isa-riscv64'
import type { Target } from '@k23/machinst'
import { CodegenError, compile as compileCore, type CompiledModule, type CoreOptions, type Input } from './core.ts'

export * from './core.ts'

/** Every target that has a back end. */
export const targets: Readonly<Record<string, Target>> = { riscv64 }

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

/** Compiles a WebAssembly module, CLIF text or CLIF functions. */
export function compile(input: Input, options: CompileOptions): CompiledModule {
  const { target } = options
  return compileCore(input, { ...options, target: typeof target === 'string' ? targetByName(target) : target })
}
