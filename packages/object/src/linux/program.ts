// A program of its own: functions in CLIF, data, and the machine's stubs, in one static executable.
import { compile } from '@k23/codegen'
import type { Func } from '@k23/ir'
import { compose, type Datum, machineOf, type ModuleObject } from '../compose.ts'
import { writeExecutable } from '../elf/executable.ts'
import type { CompiledModule } from '@k23/codegen'
import { ownPart } from '../module-object.ts'
import { type LinuxAbi, linuxAbi, START } from './abi.ts'

/** Throws RangeError for a target without Linux. */
export function linuxOf(target: string): LinuxAbi {
  const linux = linuxAbi(target)
  if (linux === undefined) throw new RangeError(`there are no programs for ${target}`)
  return linux
}

/** The executable of functions, among which is MAIN. Throws RangeError for a target without Linux, and for undefined symbols. */
export function program(
  target: string,
  functions: readonly Func[],
  data: readonly Datum[],
  source: string,
): Uint8Array {
  const { stubs } = linuxOf(target)
  const module = compile(functions, { target })
  const object = compose({
    parts: [ownPart(module)],
    data,
    stubs,
    source,
    directory: '.',
    map: undefined,
    traps: false,
  })
  return executable(object, module)
}

/** The executable of an object with the stubs; `module` says for which machine. Throws RangeError for undefined symbols. */
export function executable(object: ModuleObject, module: CompiledModule): Uint8Array {
  const { target, features } = module
  const entry = object.symbols.get(`%${START}`)
  if (entry === undefined) throw new RangeError('the program has no beginning')
  return writeExecutable(object.model, { machine: machineOf(module), features, target, entry })
}
