// ELF objects and static executables of compiled modules.
export { elfMachine } from './machines/index.ts'
export type { DwarfRegisters, ElfMachine, ElfRelocation } from './machines/index.ts'
export { objectFile, objectModel, TRAP_SECTION } from './module-object.ts'
export type { ModuleObject, ObjectOptions } from './module-object.ts'
export { ObjectModel } from './elf/model.ts'
export type { Binding, ElfSymbol, Relocation, Section, SymbolKind } from './elf/model.ts'
export { writeObject } from './elf/object.ts'
