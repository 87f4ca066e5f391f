// Machines to run on, by target.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import type { Machine } from '@k23/machine'
import { notYet } from './failure.ts'

const emulators: Readonly<Record<string, (memoryBytes: number) => Machine>> = {
  riscv64: (memoryBytes) => createRiscv64Machine({ memoryBytes }),
  x64: (memoryBytes) => createX64Machine({ memoryBytes }),
}

/** An emulated machine of this target; one with room for guard regions if the settings ask for them. */
export function emulator(target: string, settings: Readonly<Record<string, unknown>> = {}): Machine {
  const make = emulators[target]
  if (make === undefined) throw notYet(`the ${target} emulator`)
  return make(settings.wasm_memory_strategy === 'guard' ? 2 ** 47 : 2 ** 32)
}
