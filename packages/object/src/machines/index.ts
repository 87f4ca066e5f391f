// The machines, by the name of their target.
import type { ElfMachine } from './machine.ts'
import { riscv64 } from './riscv64.ts'
import { x64 } from './x64.ts'

export type { DwarfRegisters, ElfMachine, ElfRelocation } from './machine.ts'

const machines: Readonly<Partial<Record<string, ElfMachine>>> = { riscv64, x64 }

/** The ELF facts of a target; undefined where there are none yet. */
export function elfMachine(name: string): ElfMachine | undefined {
  return machines[name]
}
