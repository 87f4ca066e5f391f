// How fast modules are compiled: MB of function bodies per second and thread.
//
// warm     in a process that has compiled the module before: the median of the runs
// cold     the first compilation of a fresh process, its own start not counted: what one use of the command-line tool pays
// phases   where the warm time goes, measured by driving the phases one by one
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  CodegenError,
  compile,
  compileClif,
  type CompileOptions,
  createIsa,
  link,
  type LinkInput,
  passes,
  type Settings,
  targetByName,
  userNameTexts,
} from '@k23/codegen'
import { decodeModule, moduleTranslator } from '@k23/frontend-wasm'
import { median, repeated, timed } from './measure.ts'
import { load, type Program, programs } from './programs.ts'

/** In order: those of the front end, the passes over CLIF, the stages of the back end. */
export const PHASES: readonly string[] = [
  'decode',
  'translate',
  ...passes.map((p) => p.name),
  'lower',
  'regalloc',
  'emit',
  'link',
]

/** Each is a process. */
const MAX_COLD_RUNS = 3

export interface CompileRow {
  readonly program: string
  readonly target: string
  /** Bytes of function bodies, and of the code made of them. */
  readonly bodyBytes: number
  readonly codeBytes: number
  readonly functions: number
  /** Milliseconds, and MB of function bodies per second. */
  readonly warmMs: number
  readonly warmRate: number
  readonly coldMs: number
  readonly coldRate: number
  /** Milliseconds by phase. */
  readonly phases: Readonly<Record<string, number>>
}

export interface CompileSkip {
  readonly program: string
  readonly why: string
}

export interface CompileSuiteOptions {
  readonly compile: CompileOptions & { target: string }
  readonly runs: number
  /** Only the program with this name. */
  readonly only?: string
  /** Told about each program before it is measured. */
  readonly step?: (text: string) => void
}

export function compileSuite(options: CompileSuiteOptions): { rows: CompileRow[]; skips: CompileSkip[] } {
  const rows: CompileRow[] = []
  const skips: CompileSkip[] = []
  for (const program of programs()) {
    if (options.only !== undefined && program.name !== options.only) continue
    options.step?.(`compile ${program.name}`)
    try {
      rows.push(measure(program, options))
    } catch (e) {
      if (!(e instanceof CodegenError)) throw e
      skips.push({ program: program.name, why: `${e.code}: ${e.message}` })
    }
  }
  return { rows, skips }
}

function measure(program: Program, options: CompileSuiteOptions): CompileRow {
  const bytes = load(program)
  const module = compile(bytes, options.compile)
  const { bodies } = decodeModule(bytes)
  const bodyBytes = bodies.reduce((n, b) => n + b.end - b.start, 0)
  const warmMs = median(repeated(options.runs, () => timed(() => compile(bytes, options.compile))))
  const coldMs = median(repeated(Math.min(options.runs, MAX_COLD_RUNS), () => coldRun(program, options.compile)))
  const phaseRuns = repeated(options.runs, () => phaseTimes(bytes, options.compile))
  const phases = Object.fromEntries(PHASES.map((p) => [p, median(phaseRuns.map((r) => r[p]))]))
  const rate = (ms: number): number => bodyBytes / 1e6 / (ms / 1e3)
  return {
    program: program.name,
    target: options.compile.target,
    bodyBytes,
    codeBytes: module.image.length,
    functions: bodies.length,
    warmMs,
    warmRate: rate(warmMs),
    coldMs,
    coldRate: rate(coldMs),
    phases,
  }
}

/** The first compilation in a process of its own, in milliseconds. */
function coldRun(program: Program, options: CompileOptions): number {
  const done = spawnSync(
    process.execPath,
    [join(import.meta.dirname, 'cold.ts'), program.path, JSON.stringify(options)],
    { encoding: 'utf8' },
  )
  if (done.status !== 0) throw new Error(`the cold run of ${program.name} failed: ${done.stderr.trim()}`)
  return Number(done.stdout)
}

/** compile() taken apart. Trampolines are left out: they do not grow with the module. */
function phaseTimes(bytes: Uint8Array, options: CompileOptions & { target: string }): Record<string, number> {
  const times: Record<string, number> = Object.fromEntries(PHASES.map((p) => [p, 0]))
  const target = targetByName(options.target)
  const isa = createIsa({ ...options, target }, 'wasm')
  const cx = { settings: isa.shared as Settings, foreign: false }
  let last = performance.now()
  const lap = (phase: string): void => {
    const now = performance.now()
    times[phase] += now - last
    last = now
  }
  const module = decodeModule(bytes)
  const translator = moduleTranslator(module, {})
  lap('decode')
  const inputs: LinkInput[] = []
  for (let i = 0; i < module.bodies.length; i++) {
    const f = translator.translate(module.info.numImportedFunctions + i)
    lap('translate')
    const compiled = compileClif(isa, f, cx, { clif: lap, vcode: lap })
    last = performance.now()
    inputs.push({ compiled, userNames: userNameTexts(f) })
  }
  last = performance.now()
  link(target, inputs)
  lap('link')
  return times
}
