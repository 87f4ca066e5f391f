// A compiled module as an object: code, symbols, relocations, unwind tables, debugging information, traps. What its functions are called: names.ts.
import type { CompiledModule } from '@k23/codegen'
import { compose, machineOf, type ModuleObject, type Part } from './compose.ts'
import { writeObject } from './elf/object.ts'
import { isOwn, symbolOf } from './names.ts'
import { offsetMap, sourceMap } from './source-map.ts'

export interface ObjectOptions {
  /** Name of the input, for symbol and line tables. */
  readonly source?: string
  /** Directory that the names of sources count from. Default `.`: the object then does not depend on where it was made. */
  readonly directory?: string
  /** Line table and subprograms. Default true. */
  readonly debug?: boolean
  /** The section k23_traps (README). Default true. */
  readonly traps?: boolean
}

/** The bytes of a relocatable object. Throws RangeError for a target without an ELF table. */
export function objectFile(module: CompiledModule, options: ObjectOptions = {}): Uint8Array {
  const machine = machineOf(module)
  return writeObject(objectModel(module, options).model, { machine, features: module.features })
}

export function objectModel(module: CompiledModule, options: ObjectOptions = {}): ModuleObject {
  return compose({ parts: [ownPart(module)], ...compositionOf(module, options) })
}

/** A module under the names of names.ts. */
export function ownPart(module: CompiledModule): Part {
  return { module, symbol: (f) => symbolOf(module, f), hasSource: (f) => isOwn(module, f) }
}

/** What options say of the object of a module. */
export function compositionOf(
  module: CompiledModule,
  options: ObjectOptions,
): Omit<Parameters<typeof compose>[0], 'parts'> {
  const source = options.source ?? (module.wasm === undefined ? 'functions.clif' : 'module.wasm')
  const map = (): ReturnType<typeof offsetMap> =>
    module.wasm === undefined ? offsetMap(source, 'srcloc') : sourceMap(module.wasm.bytes, source)
  return {
    source,
    directory: options.directory ?? '.',
    map: options.debug === false ? undefined : map(),
    traps: options.traps !== false,
  }
}
