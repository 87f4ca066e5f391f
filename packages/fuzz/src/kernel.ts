// Our kernel as a host, under one configuration.
import { valTypeName } from '@k23/frontend-wasm/runtime-abi'
import {
  Engine,
  funcType,
  type Global,
  Linker,
  type Module,
  OutOfFuel,
  Store,
  type Table,
  Trap,
  type ValTypeName,
  type WasmValue,
} from '@k23/kernel'
import type { Machine } from '@k23/machine'
import type { Config } from './configs.ts'
import { HOST_MODULE } from './encode.ts'
import type { Host, HostInstance } from './outcome.ts'

/** Instructions of the machine for one program: a hang is found, not waited for. */
const INSTRUCTIONS = 50_000_000
/** The same in time, where the machine counts none. */
const MILLISECONDS = 15_000

export function kernelHost(machine: Machine, config: Config): Host {
  const { target, features, optLevel, settings } = config
  const engine = new Engine({ machine, target, features, optLevel, settings })
  let module: Module | undefined
  let store: Store | undefined
  return {
    name: 'k23',
    trapOf(e) {
      if (e instanceof OutOfFuel) return `none in ${INSTRUCTIONS} instructions`
      return e instanceof Trap ? e.code : undefined
    },
    instantiate(wasm, imports): HostInstance {
      module = engine.compile(wasm)
      const deadline = performance.now() + MILLISECONDS
      store = new Store(engine, { fuel: INSTRUCTIONS, onInterrupt: () => performance.now() < deadline })
      // With the setting wasm_fuel the store's is another one.
      store.hart.fuel = INSTRUCTIONS
      const linker = new Linker(store)
      for (const { name, type, run } of imports) {
        const names = (types: readonly number[]): ValTypeName[] => types.map((t) => valTypeName(t) as ValTypeName)
        linker.func(
          HOST_MODULE,
          name,
          funcType(names(type.params), names(type.results)),
          (...args) => run(...args) as WasmValue,
        )
      }
      const instance = linker.instantiate(module)
      const table = (name: string): Table => instance.table(name)
      const global = (name: string): Global => instance.global(name)
      return {
        call(name, args) {
          const result = instance.func(name).call(...(args as WasmValue[]))
          return Array.isArray(result) ? result : [result]
        },
        getGlobal: (name) => global(name).get(),
        setFuel: (value) => global('fuel').set(value),
        tableSize: (name) => table(name).size,
        tableGet: (name, index) => table(name).get(index),
        func: (name) => instance.func(name),
        memory: () => {
          const memory = instance.memory('memory')
          return memory.view(0, memory.byteLength)
        },
      }
    },
    release() {
      store?.close()
      module?.dispose()
    },
  }
}
