// Linker: names to externs, for one store.
import type { FuncType } from '@k23/frontend-wasm/runtime-abi'
import type { HostFunction } from './func.ts'
import type { Instance } from './instance.ts'
import { type Extern, isExtern } from './link.ts'
import type { Module } from './module.ts'
import type { Store } from './store.ts'

export class Linker {
  readonly store: Store
  private readonly modules = new Map<string, Map<string, Extern>>()

  constructor(store: Store) {
    this.store = store
  }

  /** Defines `module.name`; a later definition replaces an earlier one. */
  define(module: string, name: string, extern: Extern): this {
    if (!isExtern(extern))
      throw new TypeError(`${module}.${name} is not a Func, Memory, Table or Global: make one with the store`)
    let names = this.modules.get(module)
    if (names === undefined) {
      names = new Map()
      this.modules.set(module, names)
    }
    names.set(name, extern)
    return this
  }
  /** Defines a host function. */
  func(module: string, name: string, type: FuncType, run: HostFunction): this {
    return this.define(module, name, this.store.func(type, run))
  }
  /** Defines all exports of an instance under a module's name. */
  instance(module: string, instance: Instance): this {
    for (const [name, extern] of Object.entries(instance.exports)) this.define(module, name, extern)
    return this
  }
  get(module: string, name: string): Extern | undefined {
    return this.modules.get(module)?.get(name)
  }
  /** Throws LinkError for a missing or mismatched import, Trap from segments and the start function. */
  instantiate(module: Module): Instance {
    return this.store.instantiate(module, (m, n) => this.get(m, n))
  }
  /** The same where the start function may call asynchronous host functions. */
  instantiateAsync(module: Module): Promise<Instance> {
    return this.store.instantiateAsync(module, (m, n) => this.get(m, n))
  }
}
