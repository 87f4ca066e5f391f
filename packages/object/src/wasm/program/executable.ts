// A wasm module as a static executable: the module with its instance, WASI by system calls, and a beginning.
import type { CompiledModule } from '@k23/codegen'
import { executable, linuxOf } from '../../linux/program.ts'
import { instanceObject, type LibraryOptions, prefixOf } from '../library.ts'
import { planOf } from '../plan.ts'
import { isCommand, mainData, mainFunctions } from './main.ts'
import { numberData, numberFunctions } from './numbers.ts'
import { reportData, reportFunctions } from './report.ts'
import { newBuilder, sharedData, sharedFunctions } from './runtime.ts'
import { wasiData, wasiFunctions } from './wasi/index.ts'

/** The bytes of the executable. Throws RangeError for a target without Linux, and for imports that a program cannot have. */
export function wasmExecutable(module: CompiledModule, options: LibraryOptions = {}): Uint8Array {
  const linux = linuxOf(module.target.name)
  const plan = planOf(module, options.prefix ?? prefixOf(options.source))
  const b = newBuilder(linux)
  // The module's functions come first in the object, where they are in its own image.
  const tables = reportData(plan, module.functions, b)
  const numbers = !isCommand(plan)
  const functions = [
    ...sharedFunctions(b),
    ...reportFunctions(b, tables),
    ...(numbers ? numberFunctions(b) : []),
    ...wasiFunctions(plan, b),
    ...mainFunctions(plan, b),
  ]
  const data = [...sharedData(), ...tables, ...(numbers ? numberData() : []), ...wasiData(), ...mainData(plan, b)]
  const beside = { functions, data: [...data, b.strings.done()], stubs: linux.stubs }
  return executable(instanceObject(plan, linux, beside, { ...options, traps: true }), module)
}
