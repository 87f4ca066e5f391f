// compile() with the target passed as an object, so that a bundle holds only the back ends that it uses.
import {
  decodeModule,
  entryTrampoline,
  type Features,
  hostTrampoline,
  moduleTranslator,
  type TranslateOptions,
  WasmError,
  type WasmModule,
} from '@k23/frontend-wasm'
import { Func, parseFunctions, ParseError } from '@k23/ir'
import type { Target, TargetIsa } from '@k23/machinst'
import { CodegenError } from './error.ts'
import { neededRoutines } from './libcalls/index.ts'
import { link, type LinkInput, userNameTexts } from './link.ts'
import type { CompiledModule, WasmMetadata } from './module.ts'
import { compileClif, type Observer, type PassContext } from './pipeline.ts'
import { completeSettings, type SettingValue, type Settings } from './settings.ts'

export { CodegenError } from './error.ts'
export type { CodegenErrorCode, ErrorPlace } from './error.ts'
export { functionAt, sourceAt, trapAt } from './module.ts'
export type { CompiledModule, PlacedFunction, WasmMetadata } from './module.ts'
export { compileClif, passes } from './pipeline.ts'
export type { Observer, Pass, PassContext } from './pipeline.ts'
export { completeSettings, parseSetting, SETTINGS } from './settings.ts'
export type { SettingDomain, Settings, SettingValue } from './settings.ts'
export { callTrampoline, SLOT_BYTES } from './trampoline.ts'
export { LIBRARY_ROUTINES, libraryRoutine, type LibraryRoutine, neededRoutines } from './libcalls/index.ts'
export { link, type LinkInput, symbolText, userNameTexts } from './link.ts'

export type OptLevel = 'none' | 'speed' | 'speed_and_size'

export interface CoreOptions {
  readonly target: Target
  /** CPU features by flag: `{ has_zbb: true }`. */
  readonly features?: Readonly<Record<string, boolean>>
  /** Default: speed for wasm, none for CLIF. */
  readonly optLevel?: OptLevel
  /** Shared settings by Cranelift's names. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** WebAssembly proposals beyond the default. */
  readonly wasmFeatures?: Features
  /** Sees functions on their way; for tools. */
  readonly observer?: Observer
}

/** What to compile: the bytes of a WebAssembly module, CLIF text, or functions built with `@k23/ir`. */
export type Input = Uint8Array | string | Func | readonly Func[]

/** Compiles. Throws CodegenError for whatever is wrong with the input or the options, and nothing else for input's fault. */
export function compile(input: Input, options: CoreOptions): CompiledModule {
  const isa = createIsa(options, input instanceof Uint8Array ? 'wasm' : 'clif')
  if (input instanceof Uint8Array) return compileWasm(input, isa, options)
  const functions = typeof input === 'string' ? parseClif(input) : input instanceof Func ? [input] : input
  const cx: PassContext = { settings: isa.shared as Settings, foreign: true }
  const inputs = functions.map((f) => compileOne(isa, f, cx, options.observer))
  return { ...link(options.target, [...inputs, ...neededRoutines(isa, inputs)]), wasm: undefined }
}

/** What is compiled decides some defaults. */
export type InputKind = 'wasm' | 'clif'

/** The back end for these options, features and settings checked. */
export function createIsa(options: CoreOptions, kind: InputKind): TargetIsa {
  const { target, features = {} } = options
  for (const name of Object.keys(features)) {
    if (!target.featureNames.includes(name))
      throw new CodegenError(
        'settings',
        `${target.name} has no feature ${name}`,
        {},
        `its features are ${target.featureNames.join(', ')}`,
      )
  }
  const given = options.settings ?? {}
  const opt = options.optLevel ?? given.opt_level ?? (kind === 'wasm' ? 'speed' : 'none')
  const defaults = {
    // Without optimization, compile time counts.
    regalloc_algorithm: opt === 'none' ? 'single_pass' : 'backtracking',
    // CLIF of our own translator is verified in tests; a caller's always, unless he says otherwise.
    enable_verifier: kind === 'clif',
  }
  return target.create(features, completeSettings({ ...defaults, ...given, opt_level: opt }))
}

function compileOne(isa: TargetIsa, f: Func, cx: PassContext, observer: Observer | undefined): LinkInput {
  observer?.clif?.('clif', f)
  return { compiled: compileClif(isa, f, cx, observer), userNames: userNameTexts(f) }
}

function parseClif(text: string): Func[] {
  try {
    return parseFunctions(text).functions.map((f) => f.func)
  } catch (e) {
    if (e instanceof ParseError) throw new CodegenError('malformed', e.message, { line: e.line, column: e.column })
    throw e
  }
}

/** Runs `f`, turning the front end's error into ours. */
function wasmErrors<R>(f: () => R): R {
  try {
    return f()
  } catch (e) {
    if (e instanceof WasmError)
      throw new CodegenError(e.code, e.message, { offset: e.offset, ...(e.func < 0 ? {} : { func: String(e.func) }) })
    throw e
  }
}

function translateOptions(settings: Settings): Partial<TranslateOptions> {
  return {
    heapSpectre: settings.enable_heap_access_spectre_mitigation === true,
    tableSpectre: settings.enable_table_access_spectre_mitigation === true,
  }
}

function compileWasm(bytes: Uint8Array, isa: TargetIsa, options: CoreOptions): CompiledModule {
  const module = wasmErrors(() =>
    options.wasmFeatures === undefined ? decodeModule(bytes) : decodeModule(bytes, options.wasmFeatures),
  )
  const { info } = module
  const cx: PassContext = { settings: isa.shared as Settings, foreign: false }
  const translator = moduleTranslator(module, translateOptions(cx.settings))
  const inputs: LinkInput[] = []
  for (let i = 0; i < module.bodies.length; i++) {
    const f = wasmErrors(() => translator.translate(info.numImportedFunctions + i))
    inputs.push(compileOne(isa, f, cx, options.observer))
  }
  // One trampoline per type that differs: types of equal structure share theirs.
  const byShape = new Map<string, { entry: number; host: number }>()
  const trampolines: { entry: number; host: number }[] = []
  info.types.forEach((type, index) => {
    const key = `${type.params.join()}>${type.results.join()}`
    let t = byShape.get(key)
    if (t === undefined) {
      const entry = inputs.push(compileOne(isa, entryTrampoline(type, index), cx, undefined)) - 1
      const host = inputs.push(compileOne(isa, hostTrampoline(type, index), cx, undefined)) - 1
      t = { entry, host }
      byShape.set(key, t)
    }
    trampolines.push(t)
  })
  const image = link(options.target, [...inputs, ...neededRoutines(isa, inputs)])
  return { ...image, wasm: metadata(module, image.functions, trampolines) }
}

function metadata(
  module: WasmModule,
  functions: CompiledModule['functions'],
  trampolines: readonly { entry: number; host: number }[],
): WasmMetadata {
  return {
    info: module.info,
    bytes: module.bytes,
    functions: module.bodies.map((_, i) => functions[i].start),
    entries: trampolines.map((t) => functions[t.entry].start),
    hosts: trampolines.map((t) => functions[t.host].start),
  }
}
