// The zip.js module on a machine.
import type { CompiledModule } from '@k23/codegen'
import { Engine, Store } from '@k23/kernel'
import type { Machine } from '@k23/machine'
import type { ZlibInstance } from './deflate.ts'

export interface ZipInstance extends ZlibInstance {
  /** Guest instructions executed so far, on an emulator. */
  readonly instructions: number
}

/** Loads the compiled module on a machine of its target. */
export function instantiateZip(compiled: CompiledModule, machine: Machine): ZipInstance {
  const engine = new Engine({ machine, target: compiled.target })
  const store = new Store(engine)
  const instance = store.instantiate(engine.load(compiled))
  const memory = instance.memory('memory')
  return {
    call: (name, ...args) => (instance.func(name).call(...args) as number | undefined) ?? 0,
    write: (address, bytes) => memory.write(address, bytes),
    read: (address, length) => memory.read(address, length),
    get instructions() {
      return store.instructions
    },
  }
}
