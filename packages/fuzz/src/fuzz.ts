// Fuzzing: programs by seed, each on V8 and on our own code under random settings; what differs is made small and told.
import loadWabt from 'wabt'
import { type Config, configText, type Platform, randomConfig } from './configs.ts'
import { generate } from './generate.ts'
import { difference, type Outcome, run } from './outcome.ts'
import { Random } from './random.ts'
import { Runner } from './runners.ts'
import { shrink, valid } from './shrink.ts'
import type { Call, Program } from './tree.ts'
import { v8 } from './v8.ts'

export interface FuzzOptions {
  readonly platforms: readonly Platform[]
  /** Of the first program; the next ones have the next numbers. */
  readonly seed: number
  /** Ends after so many programs, or so much time, whichever comes first. */
  readonly programs?: number
  readonly seconds?: number
  /** Configurations for each program and platform. */
  readonly configs?: number
  /** Milliseconds for making a failure smaller. */
  readonly shrinkMs?: number
  /** Told before each program. */
  readonly step?: (seed: number, counts: FuzzCounts) => void
  /** What our side is given in place of the module: for tests, which plant faults. */
  readonly tamper?: (program: Program, wasm: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>
}

export interface FuzzCounts {
  programs: number
  /** Programs run under some configuration of ours. */
  runs: number
  /** Calls from the host that were compared, and traps among all that was compared. */
  calls: number
  traps: number
  /** Runs that the compiler refused, by its reason. */
  readonly refused: Map<string, number>
}

export interface FuzzFailure {
  readonly seed: number
  readonly config: string
  /** What differs, in the reduced program. */
  readonly why: string
  /** The reduced module, its text, and the calls that show the difference. */
  readonly wasm: Uint8Array<ArrayBuffer>
  readonly text: string
  readonly calls: readonly string[]
}

export interface FuzzResult {
  readonly counts: FuzzCounts
  /** The first one, with which fuzzing ends. */
  readonly failure: FuzzFailure | undefined
}

const SIMD_PERCENT = 40

export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const runner = new Runner()
  try {
    return await fuzzOn(runner, options)
  } finally {
    runner.close()
  }
}

async function fuzzOn(runner: Runner, options: FuzzOptions): Promise<FuzzResult> {
  const counts: FuzzCounts = { programs: 0, runs: 0, calls: 0, traps: 0, refused: new Map() }
  const end = performance.now() + (options.seconds ?? Number.POSITIVE_INFINITY) * 1000
  const last = options.seed + (options.programs ?? Number.POSITIVE_INFINITY)
  for (let seed = options.seed; seed < last && performance.now() < end; seed++) {
    options.step?.(seed, counts)
    const random = new Random(seed)
    const simd = random.percent(SIMD_PERCENT)
    const program = generate(random, { simd })
    const wasm = valid(program)
    if (wasm === undefined) throw new Error(`the program of seed ${seed} is not valid: ${await whyInvalid(program)}`)
    const want = run(v8, program, wasm)
    counts.programs++
    for (const platform of options.platforms) {
      for (let n = 0; n < (options.configs ?? 2); n++) {
        const config = randomConfig(random, platform, simd)
        const verdict = await compare(program, wasm, want, config, runner, options)
        if (verdict.refused !== undefined) {
          counts.refused.set(verdict.refused, (counts.refused.get(verdict.refused) ?? 0) + 1)
          continue
        }
        counts.runs++
        counts.calls += want.calls
        counts.traps += want.traps
        if (verdict.difference !== undefined)
          return { counts, failure: await reduced(seed, program, config, verdict.difference, runner, options) }
      }
    }
  }
  return { counts, failure: undefined }
}

interface Verdict {
  readonly difference?: string
  /** Why the compiler does not take the module. */
  readonly refused?: string
}

async function compare(
  program: Program,
  wasm: Uint8Array<ArrayBuffer>,
  want: Outcome,
  config: Config,
  runner: Runner,
  { tamper }: FuzzOptions,
): Promise<Verdict> {
  const result = await runner.run({ program, config, wasm: tamper === undefined ? wasm : tamper(program, wasm) })
  if ('refused' in result) return result
  const why = 'broken' in result ? result.broken : difference(want, result.outcome)
  return why === undefined ? {} : { difference: why }
}

/** The kind of a difference: reducing must not turn one into another. */
function kindOf(why: string): string {
  return why
    .replace(/-?\d[\da-f.:e+x]*/gi, '#')
    .split('\n')
    .map((line) => line.slice(0, 24))
    .join()
}

async function reduced(
  seed: number,
  program: Program,
  config: Config,
  why: string,
  runner: Runner,
  options: FuzzOptions,
): Promise<FuzzFailure> {
  const kind = kindOf(why)
  const differs = async (p: Program, wasm: Uint8Array<ArrayBuffer>): Promise<string | undefined> =>
    (await compare(p, wasm, run(v8, p, wasm), config, runner, options)).difference
  // Without its words a difference may be another one; but what is left of it is worth more than its exact kind.
  await shrink(
    program,
    async (p, wasm) => {
      const now = await differs(p, wasm)
      return now !== undefined && (kindOf(now) === kind || !/internal|^Bug/.test(kind))
    },
    { ms: options.shrinkMs ?? 60_000 },
  )
  const wasm = valid(program) as Uint8Array<ArrayBuffer>
  return {
    seed,
    config: configText(config),
    why: (await differs(program, wasm)) ?? `${why} (and it went away)`,
    wasm,
    text: await textOf(wasm),
    calls: program.calls.map((c) => callText(program, c)),
  }
}

function callText(program: Program, { func, args }: Call): string {
  return `f${program.funcs.indexOf(func)}(${args.map((a) => (typeof a === 'bigint' ? `${a}n` : String(a))).join(', ')})`
}

/** The module in the text format. */
export async function textOf(wasm: Uint8Array<ArrayBuffer>): Promise<string> {
  const wabt = await loadWabt()
  const module = wabt.readWasm(wasm, { readDebugNames: true })
  try {
    return module.toText({ foldExprs: true, inlineExport: true })
  } finally {
    module.destroy()
  }
}

async function whyInvalid(program: Program): Promise<string> {
  const { encode } = await import('./encode.ts')
  try {
    new WebAssembly.Module(encode(program))
    return 'it is'
  } catch (e) {
    return (e as Error).message
  }
}
