// What compile() does, cut into units: pieces that do not depend on each other and may be compiled in any order, on any thread.
//
// The units of a wasm module are its function bodies, then two trampolines for each type that differs (types of equal structure share theirs);
// those of CLIF are its functions. What a unit compiles to is decided by input and options alone, and `complete` and `assemble` put units
// together by their numbers: so the result does not depend on who compiled what, and may come out of a cache.
import {
  DEFAULT_FEATURES,
  decodeModule,
  entryTrampoline,
  hostTrampoline,
  moduleTranslator,
  type TranslateOptions,
  WasmError,
} from '@k23/frontend-wasm'
import { Func, parseFunctions, ParseError } from '@k23/ir'
import { MEMORY_GUARD, MEMORY_RESERVATION } from '@k23/frontend-wasm/runtime-abi'
import type { TargetIsa } from '@k23/machinst'
import type { CoreOptions, Input } from './core.ts'
import { CodegenError } from './error.ts'
import { neededRoutines } from './libcalls/index.ts'
import { link, type LinkInput, userNameTexts } from './link.ts'
import type { CompiledModule, WasmMetadata } from './module.ts'
import { compileClif, type Observer, type PassContext } from './pipeline.ts'
import { runtimeNeeds, type Settings } from './settings.ts'

/** One compilation. All its methods throw CodegenError for the input's faults. */
export interface Job {
  /** Number of units. */
  readonly count: number
  /** How much work a unit is: bytes of the function's body; in CLIF, twice the number of its instructions, which comes to about the same. */
  weight(unit: number): number
  compile(unit: number): LinkInput
  /** All units in order, and behind them the library routines that they need. */
  complete(units: readonly LinkInput[]): LinkInput[]
  /** Of what `complete` gave. */
  assemble(parts: readonly LinkInput[]): CompiledModule
}

/** Decodes or parses the input; function bodies are looked at when they are compiled. */
export function createJob(input: Input, isa: TargetIsa, options: CoreOptions): Job {
  return input instanceof Uint8Array ? wasmJob(input, isa, options) : clifJob(input, isa, options)
}

/** What `assemble` wants, compiled here and now. */
export function compileAll(job: Job): LinkInput[] {
  const units: LinkInput[] = []
  for (let unit = 0; unit < job.count; unit++) units.push(job.compile(unit))
  return job.complete(units)
}

function clifJob(input: Exclude<Input, Uint8Array>, isa: TargetIsa, options: CoreOptions): Job {
  const functions = typeof input === 'string' ? parseClif(input) : input instanceof Func ? [input] : input
  const cx: PassContext = { settings: isa.shared as Settings, foreign: true }
  return {
    count: functions.length,
    weight: (unit) => 2 * functions[unit].numInsts,
    compile: (unit) => compileOne(isa, functions[unit], cx, options.observer),
    complete: (units) => [...units, ...neededRoutines(isa, units)],
    assemble: (parts) => ({ ...link(options.target, parts), features: isa.flags.named, wasm: undefined }),
  }
}

function parseClif(text: string): Func[] {
  try {
    return parseFunctions(text).functions.map((f) => f.func)
  } catch (e) {
    if (e instanceof ParseError) throw new CodegenError('malformed', e.message, { line: e.line, column: e.column })
    throw e
  }
}

function wasmJob(bytes: Uint8Array, isa: TargetIsa, options: CoreOptions): Job {
  const features = options.wasmFeatures ?? DEFAULT_FEATURES
  const module = wasmErrors(() => decodeModule(bytes, features))
  const { info, bodies } = module
  const cx: PassContext = { settings: isa.shared as Settings, foreign: false }
  const translator = moduleTranslator(module, translateOptions(cx.settings), features)
  // Number of a type's shape, and of each shape the first type that has it: units are named by that type's index.
  const shapeOf: number[] = []
  const shapes: number[] = []
  const byKey = new Map<string, number>()
  info.types.forEach((type, index) => {
    const key = `${type.params.join()}>${type.results.join()}`
    let shape = byKey.get(key)
    if (shape === undefined) {
      shape = shapes.push(index) - 1
      byKey.set(key, shape)
    }
    shapeOf.push(shape)
  })
  return {
    count: bodies.length + 2 * shapes.length,
    weight: (unit) => (unit < bodies.length ? bodies[unit].end - bodies[unit].start : TRAMPOLINE_WEIGHT),
    compile(unit) {
      if (unit < bodies.length) {
        const f = wasmErrors(() => translator.translate(info.numImportedFunctions + unit))
        return compileOne(isa, f, cx, options.observer)
      }
      const number = unit - bodies.length
      const type = shapes[number >> 1]
      const trampoline = (number & 1) === 0 ? entryTrampoline : hostTrampoline
      return compileOne(isa, trampoline(info.types[type], type), cx, undefined)
    },
    complete: (units) => [...units, ...neededRoutines(isa, units)],
    assemble(parts) {
      const image = link(options.target, parts)
      const start = (unit: number): number => image.functions[unit].start
      const wasm: WasmMetadata = {
        info,
        bytes: module.bytes,
        needs: runtimeNeeds(cx.settings),
        functions: bodies.map((_, i) => start(i)),
        entries: shapeOf.map((shape) => start(bodies.length + 2 * shape)),
        hosts: shapeOf.map((shape) => start(bodies.length + 2 * shape + 1)),
      }
      return { ...image, features: isa.flags.named, wasm }
    },
  }
}

/** A trampoline takes about as long as a body of so many bytes. */
const TRAMPOLINE_WEIGHT = 50

function compileOne(isa: TargetIsa, f: Func, cx: PassContext, observer: Observer | undefined): LinkInput {
  observer?.clif?.('clif', f)
  return { compiled: compileClif(isa, f, cx, observer), userNames: userNameTexts(f) }
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
    memory:
      settings.wasm_memory_strategy === 'guard'
        ? { kind: 'guard', reservation: MEMORY_RESERVATION, guard: MEMORY_GUARD }
        : { kind: 'explicit' },
    fuel: settings.wasm_fuel === true,
    epoch: settings.wasm_epoch === true,
    lazyTables: settings.wasm_lazy_tables === true,
  }
}
