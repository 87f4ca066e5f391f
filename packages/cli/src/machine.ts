// Machines to run on, by target.
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import type { Machine } from '@k23/machine'
import { notYet } from './failure.ts'

const emulators: Readonly<Record<string, () => Machine>> = { riscv64: () => createRiscv64Machine() }

/** An emulated machine of this target. */
export function emulator(target: string): Machine {
  const make = emulators[target]
  if (make === undefined) throw notYet(`the ${target} emulator`)
  return make()
}
