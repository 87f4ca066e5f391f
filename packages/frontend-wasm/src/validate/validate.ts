// Validation alone: the same pass without a translator.
import { decodeModule } from '../decoder/module.ts'
import { DEFAULT_FEATURES, type Features } from '../features.ts'
import type { WasmModule } from '../module.ts'
import { FunctionPass } from './pass.ts'

/** Decodes and validates a module with all its function bodies. Throws WasmError. */
export function validateModule(bytes: Uint8Array, features: Features = DEFAULT_FEATURES): WasmModule {
  const module = decodeModule(bytes, features)
  const pass = new FunctionPass(module, features)
  const first = module.info.numImportedFunctions
  for (let i = 0; i < module.bodies.length; i++) pass.run(first + i, null)
  return module
}

/** Validates the body of function `index` (imports counted). Throws WasmError. */
export function validateFunction(module: WasmModule, index: number, features: Features = DEFAULT_FEATURES): void {
  new FunctionPass(module, features).run(index, null)
}
