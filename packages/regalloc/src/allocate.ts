// The entry to the package: chooses the algorithm, and proves its result where asked to.
import { bug } from '@k23/entity'
import { allocateBacktracking } from './backtracking/index.ts'
import { check } from './checker.ts'
import type { Algorithm, AllocInput, AllocOutput, MachineEnv } from './interface.ts'
import { allocateSimple } from './simple.ts'
import { allocateSinglePass } from './single-pass/index.ts'
import { validate } from './validate.ts'

export interface AllocOptions {
  readonly algorithm: Algorithm
  /**
   * Validate the input first and run the symbolic checker on the result; what either finds is reported by `bug()`.
   * Default: false.
   */
  readonly check?: boolean
  /** Called with the live ranges and the decisions of `backtracking`, line by line. */
  readonly trace?: (line: string) => void
}

/**
 * Allocates registers and spill slots for one function. Input that breaks a rule of AllocInput or that no allocation
 * can satisfy ends in `bug()`.
 */
export function allocate(input: AllocInput, env: MachineEnv, options: AllocOptions): AllocOutput {
  if (options.check === true) {
    const fault = validate(input, env)
    if (fault !== undefined) bug('regalloc input', input.name, fault.entity, fault.message)
  }
  const output = run(input, env, options)
  if (options.check === true) {
    const errors = check(input, output, env)
    if (errors.length !== 0) {
      const e = errors[0]
      bug(
        `regalloc checker (${options.algorithm})`,
        input.name,
        e.entity,
        `${e.message} (${errors.length} errors in all)`,
      )
    }
  }
  return output
}

function run(input: AllocInput, env: MachineEnv, options: AllocOptions): AllocOutput {
  switch (options.algorithm) {
    case 'simple':
      return allocateSimple(input, env)
    case 'single_pass':
      return allocateSinglePass(input, env)
    case 'backtracking':
      return allocateBacktracking(input, env, options.trace) ?? fallBack(input, env, options)
  }
}

function fallBack(input: AllocInput, env: MachineEnv, options: AllocOptions): AllocOutput {
  options.trace?.(`${input.name}: given up, single_pass does it`)
  return allocateSinglePass(input, env)
}
