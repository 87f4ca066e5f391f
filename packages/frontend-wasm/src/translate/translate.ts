// The entry points of translation.
import type { Func } from '@k23/ir'
import { DEFAULT_FEATURES, type Features } from '../features.ts'
import type { WasmModule } from '../module.ts'
import { FunctionPass } from '../validate/pass.ts'
import { DEFAULT_TRANSLATE_OPTIONS, type TranslateOptions } from './options.ts'
import { Translator } from './translator.ts'

/** Translates functions of one module, one after another. */
export interface ModuleTranslator {
  readonly module: WasmModule
  /** Validates and translates the body of function `index` (imports counted). Throws WasmError. */
  translate(index: number): Func
}

export function moduleTranslator(
  module: WasmModule,
  options: Partial<TranslateOptions> = {},
  features: Features = DEFAULT_FEATURES,
): ModuleTranslator {
  const pass = new FunctionPass(module, features)
  const translator = new Translator(module.info, { ...DEFAULT_TRANSLATE_OPTIONS, ...options })
  return {
    module,
    translate(index) {
      pass.run(index, translator)
      return translator.func
    },
  }
}

const noOptions: Partial<TranslateOptions> = {}
const kept = new WeakMap<
  WasmModule,
  { options: Partial<TranslateOptions>; features: Features; translator: ModuleTranslator }
>()

/**
 * Validates and translates the body of function `index` (imports counted). Throws WasmError. The module's translator is kept for calls with
 * the same (identical) options and features.
 */
export function translateFunction(
  module: WasmModule,
  index: number,
  options: Partial<TranslateOptions> = noOptions,
  features: Features = DEFAULT_FEATURES,
): Func {
  let k = kept.get(module)
  if (k === undefined || k.options !== options || k.features !== features) {
    k = { options, features, translator: moduleTranslator(module, options, features) }
    kept.set(module, k)
  }
  return k.translator.translate(index)
}
