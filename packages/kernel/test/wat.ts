import { createRiscv64Machine, type Riscv64MachineOptions } from '@k23/emulator/riscv64'
import wabtInit from 'wabt'
import { Engine, type EngineOptions, Linker, type Module, Store, type StoreOptions } from '../src/index.ts'

const wabt = await wabtInit()

/** Assembles text; the name section is kept. */
export function wat(text: string): Uint8Array {
  const parsed = wabt.parseWat('test.wat', text, {
    multi_value: true,
    reference_types: true,
    bulk_memory: true,
    sign_extension: true,
    simd: true,
    tail_call: true,
  })
  const { buffer } = parsed.toBinary({ write_debug_names: true })
  parsed.destroy()
  return buffer
}

export interface World {
  engine: Engine
  store: Store
  linker: Linker
  module(text: string): Module
}

/** An engine on an emulated riscv64 with the allocation checked, and a store. */
export function world(
  store: StoreOptions = {},
  machine: Riscv64MachineOptions = {},
  engine: Partial<EngineOptions> = {},
): World {
  const e = new Engine({ machine: createRiscv64Machine(machine), settings: { regalloc_checker: true }, ...engine })
  const s = new Store(e, store)
  return { engine: e, store: s, linker: new Linker(s), module: (text) => e.compile(wat(text)) }
}

/** What `run` throws; fails if it throws nothing. */
export function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (e) {
    return e
  }
  throw new Error('nothing was thrown')
}
