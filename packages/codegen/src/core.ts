// compile() with the target passed as an object, so that a bundle holds only the back ends that it uses.
import type { Features } from '@k23/frontend-wasm'
import type { Func } from '@k23/ir'
import type { Target, TargetIsa } from '@k23/machinst'
import { CodegenError } from './error.ts'
import type { CompiledModule } from './module.ts'
import type { Observer } from './pipeline.ts'
import { completeSettings, type SettingValue } from './settings.ts'
import { compileAll, createJob } from './units.ts'

export { CodegenError } from './error.ts'
export type { CodegenErrorCode, ErrorPlace } from './error.ts'
export { functionAt, sourceAt, trapAt } from './module.ts'
export type { CompiledModule, LinkedImage, PlacedFunction, WasmMetadata } from './module.ts'
export { compileClif, passes } from './pipeline.ts'
export type { Observer, Pass, PassContext } from './pipeline.ts'
export { completeSettings, parseSetting, type RuntimeNeeds, runtimeNeeds, SETTINGS } from './settings.ts'
export type { SettingDomain, Settings, SettingValue } from './settings.ts'
export { patchableCalls, type PatchableCall } from './patchable.ts'
export { callTrampoline, SLOT_BYTES } from './trampoline.ts'
export { LIBRARY_ROUTINES, libraryRoutine, type LibraryRoutine, neededRoutines } from './libcalls/index.ts'
export { Routine, type Var } from './libcalls/routine.ts'
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
  const job = createJob(input, createIsa(options, kindOf(input)), options)
  return job.assemble(compileAll(job))
}

/** What is compiled decides some defaults. */
export type InputKind = 'wasm' | 'clif'

export function kindOf(input: Input): InputKind {
  return input instanceof Uint8Array ? 'wasm' : 'clif'
}

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
