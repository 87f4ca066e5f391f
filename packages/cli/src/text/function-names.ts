// Functions of a module by name: what its name section and its exports call them.
import type { ModuleInfo } from '@k23/frontend-wasm/runtime-abi'

/** Index of the function that `text` means: an index, or a name. */
export function findWasmFunction(info: ModuleInfo, text: string): number | undefined {
  if (/^\d+$/.test(text)) return Number(text) < info.functions.length ? Number(text) : undefined
  const wanted = text.replace(/^\$/, '')
  const exported = info.exports.find((e) => e.kind === 'func' && e.name === wanted)
  if (exported !== undefined) return exported.index
  for (const [index, name] of info.names.functions) if (name === wanted) return index
  return undefined
}
