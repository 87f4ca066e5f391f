// What functions are called in an object:
//   CLIF functions         global, by their names: `%add` is add, `u0:3` is u0:3
//   library routines       weak, by their names in C (memcpy, __udivti3): where a C library has its own, that one is used
//   wasm functions         local, by the names that the module gives them, else wasm-function[N]
//   trampolines            local: entry[N] and host[N] of type N
import { type CompiledModule, LIBRARY_ROUTINES, type PlacedFunction } from '@k23/codegen'
import { ENTRY_NAMESPACE, FUNCTION_NAMESPACE, wasmFunctionName } from '@k23/frontend-wasm'
import type { Binding } from './elf/model.ts'

const libraryNames: ReadonlyMap<string, string> = new Map(LIBRARY_ROUTINES.map((r) => [`%${r.name}`, r.symbol]))

/** The name in an object of a symbol of the code generator's. */
export function elfName(symbol: string): string {
  return libraryNames.get(symbol) ?? symbol.replace(/^%/, '')
}

/** Whether a function (`%Memcpy`) is a routine of the library. */
export function isLibraryRoutine(name: string): boolean {
  return libraryNames.has(name)
}

/** Whether a function is one of the module's own, rather than made for it. */
export function isOwn(module: CompiledModule, f: PlacedFunction): boolean {
  if (module.wasm === undefined) return !libraryNames.has(f.name)
  return f.name.startsWith(`u${FUNCTION_NAMESPACE}:`)
}

/** A function's symbol. */
export function symbolOf(module: CompiledModule, f: PlacedFunction): [name: string, binding: Binding] {
  const library = libraryNames.get(f.name)
  if (library !== undefined) return [library, 'weak']
  if (module.wasm === undefined) return [elfName(f.name), 'global']
  const [space, index] = f.name.slice(1).split(':').map(Number)
  if (space !== FUNCTION_NAMESPACE) return [`${space === ENTRY_NAMESPACE ? 'entry' : 'host'}[${index}]`, 'local']
  return [wasmFunctionName(module.wasm.info, index) ?? `wasm-function[${index}]`, 'local']
}
