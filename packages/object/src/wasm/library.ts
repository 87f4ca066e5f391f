// A wasm module as an object that C programs link with (plan.ts).
import { type CompiledModule, compile, type SettingValue } from '@k23/codegen'
import type { Func } from '@k23/ir'
import { compose, type Datum, machineOf, type ModuleObject, type Part } from '../compose.ts'
import { writeObject } from '../elf/object.ts'
import { type LinuxAbi, type Stub, SYSCALL } from '../linux/abi.ts'
import { linuxOf } from '../linux/program.ts'
import { compositionOf, type ObjectOptions, ownPart } from '../module-object.ts'
import { isLibraryRoutine, symbolOf } from '../names.ts'
import { builtinFunctions } from './builtins.ts'
import { cTypes, exportFunction, importFunction } from './calls.ts'
import { initFunction } from './init.ts'
import { instanceData } from './instance.ts'
import { cName, exportName, exportSymbol, INIT, type Plan, planOf } from './plan.ts'

export interface LibraryOptions extends ObjectOptions {
  /** Of the symbols that C sees. Default: the input's name without its ending. */
  readonly prefix?: string
  /** Settings of the code generator that the module was compiled with, for what is made beside it. */
  readonly settings?: Readonly<Record<string, SettingValue>>
}

/** The bytes of a relocatable object. Throws RangeError for a target without Linux or ELF, and for what no object can be made of. */
export function wasmLibrary(module: CompiledModule, options: LibraryOptions = {}): Uint8Array {
  const linux = linuxOf(module.target.name)
  const plan = planOf(module, options.prefix ?? prefixOf(options.source))
  const stubs = linux.stubs.filter((s) => s.name === SYSCALL)
  const object = instanceObject(plan, linux, { functions: [], data: [], stubs }, options)
  return writeObject(object.model, { machine: machineOf(module), features: module.features })
}

export function prefixOf(source = 'module.wasm'): string {
  const stem = cName(source.replace(/\.\w+$/, ''))
  return /^\d/.test(stem) ? `_${stem}` : stem
}

export interface Beside {
  readonly functions: readonly Func[]
  readonly data: readonly Datum[]
  readonly stubs: readonly Stub[]
}

/** The module with its instance, and what else is to be in the object. */
export function instanceObject(plan: Plan, linux: LinuxAbi, beside: Beside, options: LibraryOptions): ModuleObject {
  const { module, info } = plan
  const exported = new Map<string, string>([[`%${INIT}`, `${plan.prefix}_init`]])
  const functions: Func[] = [initFunction(plan, linux), ...builtinFunctions(plan, linux)]
  for (let i = 0; i < info.numImportedFunctions; i++) functions.push(importFunction(plan, i))
  for (const e of info.exports) {
    if (e.kind !== 'func' || !cTypes(info.types[info.functions[e.index]])) continue
    functions.push(exportFunction(plan, e.name, e.index))
    exported.set(`%${exportName(e.name)}`, exportSymbol(plan, e.name))
  }
  const support = compile([...functions, ...beside.functions], {
    target: module.target,
    features: module.features,
    settings: options.settings ?? {},
  })
  const part: Part = {
    module: support,
    symbol(f) {
      if (isLibraryRoutine(f.name)) return symbolOf(support, f)
      const name = exported.get(f.name)
      return name === undefined ? [f.name.replace(/^%/, ''), 'local'] : [name, 'global']
    },
    hasSource: () => false,
  }
  return compose({
    ...compositionOf(module, options),
    parts: [ownPart(module), part],
    data: [...instanceData(plan), ...beside.data],
    stubs: beside.stubs,
  })
}
