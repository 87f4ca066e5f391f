// Names of a module's functions for messages.
import { type ModuleInfo, wasmFunctionName } from '@k23/frontend-wasm/runtime-abi'

/** By function index: as a kernel's traps have them. */
export function wasmNames(info: ModuleInfo): string[] {
  return info.functions.map((_, i) => wasmFunctionName(info, i) ?? `func[${i}]`)
}
