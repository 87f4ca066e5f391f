// k23 run: instantiates a module on a machine and calls it.
import { Engine, type Frame, Func, funcType, LinkError, Linker, type Module, OutOfFuel, Store, Trap } from '@k23/kernel'
import { WASI_MODULE, WasiError, WasiExit } from '@k23/kernel/wasi'
import { EXIT_FAILED, EXIT_TRAP, Failure, usage } from '../failure.ts'
import { readModule } from '../input.ts'
import { checkFeatures, machineMaker } from '../machine.ts'
import { type CommonOptions, compileOptions, execOf } from '../options.ts'
import { isShown, shownCompilation } from '../progress.ts'
import { parseArguments, resultJson, resultText } from '../values.ts'
import { type WasiFlags, wasiOf } from '../wasi-host.ts'

interface Options extends CommonOptions, WasiFlags {
  readonly invoke?: string
  readonly fuel?: string
}

export async function run(file: string, args: readonly string[], options: Options): Promise<void> {
  const { target, ...rest } = compileOptions(options)
  const exec = execOf(options, target)
  if (exec === 'interpret') throw usage('--exec interpret is for filetests: modules are compiled')
  const fuel = fuelOf(options)
  const bytes = await readModule(file, 'run')
  // Only an emulator counts its instructions: elsewhere the code must count.
  const metering = fuel !== undefined && exec !== 'emu' ? { wasm_fuel: true } : {}
  const machine = (await machineMaker(target, exec))(rest.settings)
  checkFeatures(machine, target, rest.features)
  const engine = new Engine({
    machine,
    target,
    settings: { ...metering, ...rest.settings },
    ...(rest.optLevel === undefined ? {} : { optLevel: rest.optLevel }),
    // Features among --set are the whole truth; without any, the machine's own count.
    ...(Object.keys(rest.features ?? {}).length === 0 ? {} : { features: rest.features ?? {} }),
  })
  // The same to the byte, and on this thread: workers that are started for one module take longer to get warm than it takes.
  const module = isShown()
    ? await shownCompilation(file, (onProgress) => engine.compileAsync(bytes, { workers: 0, onProgress }))
    : engine.compile(bytes)
  const name = entryOf(file, module, options)
  const store = new Store(engine, fuel === undefined ? {} : { fuel })
  try {
    execute(file, store, module, name, args, options)
  } catch (e) {
    throw outcome(e, file, store, module)
  }
}

function fuelOf(options: Options): number | undefined {
  if (options.fuel === undefined) return undefined
  const fuel = Number(options.fuel)
  if (!Number.isInteger(fuel) || fuel < 1) throw usage(`--fuel ${options.fuel}: expected a number from 1 up`)
  return fuel
}

/** What k23 run provides imports of, beside WASI: where a benchmark's time begins and ends. */
const BENCH_MODULE = 'bench'
const benchMarks = ['start', 'end']

/** The export to call. */
function entryOf(file: string, module: Module, options: Options): string {
  const functions = module.exports.filter((e) => e.type.kind === 'func').map((e) => e.name)
  const foreign = module.imports.find(
    (i) => i.module !== WASI_MODULE && !(i.module === BENCH_MODULE && benchMarks.includes(i.name)),
  )
  if (foreign !== undefined) {
    throw usage(
      `${file} imports ${foreign.module}.${foreign.name}: k23 run provides ${WASI_MODULE} and ${BENCH_MODULE} only`,
    )
  }
  const name = options.invoke ?? '_start'
  if (functions.includes(name)) return name
  if (options.invoke === undefined)
    throw usage(
      functions.length === 0
        ? `${file} exports no function: there is nothing to run`
        : `${file} exports no _start: name an export with --invoke (${listed(functions)})`,
    )
  const other = module.exports.find((e) => e.name === name)
  throw usage(
    `${file} has no exported function ${name}${other === undefined ? '' : ` (${name} is a ${other.type.kind})`}; it has ${listed(functions)}`,
  )
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none'
  return names.length > 20 ? `${names.slice(0, 20).join(', ')} and ${names.length - 20} more` : names.join(', ')
}

function execute(
  file: string,
  store: Store,
  module: Module,
  name: string,
  args: readonly string[],
  options: Options,
): void {
  const exported = module.exports.find((e) => e.name === name)
  const type = exported?.type.kind === 'func' ? exported.type.type : funcType([])
  const isCommand = options.invoke === undefined && type.params.length === 0 && type.results.length === 0
  const values = isCommand ? [] : parseArguments(name, type, args)
  const wasi = wasiOf(file, isCommand ? args : [], options)
  const linker = new Linker(store)
  wasi.define(linker)
  const marks: Mark[] = []
  for (const mark of benchMarks)
    linker.func(
      BENCH_MODULE,
      mark,
      funcType([]),
      () => void marks.push({ instructions: store.instructions, ms: performance.now() }),
    )
  try {
    const instance = linker.instantiate(module)
    if (isCommand) {
      const exit = wasi.start(instance)
      process.exitCode = exit & 0xff
      if (options.json === true) {
        writeJson({ file, exit, ...instructionsOf(store), ...benchOf(store, marks) })
      }
      return
    }
    // A WASI reactor: a library whose constructors run before its exports are called.
    const initialize = instance.exports._initialize
    if (initialize instanceof Func && name !== '_initialize') initialize.call()
    const found = instance.exports[name]
    if (!(found instanceof Func)) throw usage(`${name} is no function`)
    const result = found.call(...values)
    const results = type.results.length === 0 ? [] : type.results.length === 1 ? [result] : (result as unknown[])
    if (options.json === true) {
      const all = results.map((r, i) => resultJson(type.results[i], r))
      writeJson({ file, invoke: name, results: all, ...instructionsOf(store) })
      return
    }
    for (let i = 0; i < results.length; i++) process.stdout.write(`${resultText(type.results[i], results[i])}\n`)
  } finally {
    wasi.close()
  }
}

interface Mark {
  readonly instructions: number
  readonly ms: number
}

/** Nothing where the machine does not count them. */
function instructionsOf(store: Store): { instructions?: number } {
  return store.instructions === 0 ? {} : { instructions: store.instructions }
}

/** Between the two marks of a benchmark: instructions where they are counted, and milliseconds. */
function benchOf(store: Store, marks: readonly Mark[]): { bench?: number; benchMs?: number } {
  if (marks.length !== 2) return {}
  const [from, to] = marks
  const bench = store.instructions === 0 ? {} : { bench: to.instructions - from.instructions }
  return { ...bench, benchMs: to.ms - from.ms }
}

function writeJson(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** `, file:line:column`, where the module says so. */
function sourceText({ source }: Frame): string {
  return source === undefined ? '' : `, ${source.file}:${source.line}${source.column === 0 ? '' : `:${source.column}`}`
}

/** What the kernel throws as a line and an exit status. */
function outcome(e: unknown, file: string, store: Store, module: Module): unknown {
  if (e instanceof Trap) {
    const frame = e.backtrace[0]
    const offset = frame === undefined || frame.offset >= 0 ? frame?.offset : firstOffset(module, frame.func)
    const where =
      frame === undefined
        ? e.segment === undefined
          ? ''
          : ` by ${e.segment}`
        : ` in function ${frame.func} (${frame.name}) at offset 0x${offset?.toString(16)}${sourceText(frame)}`
    return new Failure(EXIT_TRAP, `trap: ${e.code}: ${e.message}${where}`)
  }
  if (e instanceof OutOfFuel) {
    const frame = e.backtrace[0]
    const where = frame === undefined ? '' : ` in function ${frame.func} (${frame.name})`
    const count = store.instructions === 0 ? '' : ` after ${store.instructions} instructions`
    return new Failure(EXIT_FAILED, `out of fuel${count}${where}`)
  }
  // An export called by --invoke may end the program too.
  if (e instanceof WasiExit) return new Failure(e.code & 0xff, `the program ended with exit code ${e.code}`)
  if (e instanceof LinkError || e instanceof WasiError) return new Failure(EXIT_FAILED, `${file}: ${e.message}`)
  return e
}

/** Offset of a function's first operator with code: where a trap of its prologue belongs. */
function firstOffset(module: Module, func: number): number {
  const { srclocs } = module.compiled.functions[func - module.info.numImportedFunctions]
  return srclocs.length === 0 ? 0 : srclocs[1]
}
