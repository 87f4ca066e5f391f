// One program, run by the interpreter and as compiled code: the same results, bit by bit, or the same trap.
import { targetByName } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import {
  dataValue,
  type DataValue,
  formatDataValue,
  formatDataValues,
  type Func,
  parseFile,
  ParseError,
  sameDataValue,
  verify,
} from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { createEmulatedBackend } from '../src/emulated.ts'
import type { Backend, CompileOptions, Outcome } from '../src/index.ts'
import { allShapes, paletteBits, type Program, type Random, type Shape, shapeFunction } from './fuzz-generate.ts'

export type Algorithm = 'backtracking' | 'single_pass'

export interface Config {
  readonly features: readonly string[]
  readonly algorithm: Algorithm
}

const FUEL = 2_000_000
/** What the emulator has and the back end can be told to use. */
const FEATURES: readonly string[] = createRiscv64Machine().features.filter((f) =>
  targetByName('riscv64').featureNames.includes(f),
)

/** The checker of register allocation is on. */
const backends: Readonly<Record<Algorithm, Backend>> = {
  backtracking: createEmulatedBackend({ algorithm: 'backtracking', fuel: 50_000_000 }),
  single_pass: createEmulatedBackend({ algorithm: 'single_pass', fuel: 50_000_000 }),
}

export function randomConfig(random: Random): Config {
  const dense = random.below(3)
  return {
    features: FEATURES.filter(() => dense !== 0 && random.once(dense === 1 ? 3 : 2)),
    algorithm: random.pick(['backtracking', 'single_pass']),
  }
}

export function randomArguments(random: Random, { params, palette }: Program): DataValue[] {
  return params.map((t) => dataValue(t, paletteBits(random, t, palette)))
}

function optionsOf(config: Config): CompileOptions {
  return {
    target: 'riscv64',
    flags: new Map(config.features.map((f) => [f, 'true'])),
    settings: new Map([['regalloc_checker', 'true']]),
    opt: 'none',
  }
}

/** The shapes that the back end compiles without any extension. */
export function supportedShapes(): Shape[] {
  const options = optionsOf({ features: [], algorithm: 'single_pass' })
  return allShapes().filter((s) => {
    const { functions } = parseFile(shapeFunction(s))
    const [{ func }] = functions
    const errors = verify(func)
    if (errors.length > 0) throw new Error(`${errors[0].message}\n${shapeFunction(s)}`)
    return !('unsupported' in backends.single_pass.listing(func, options))
  })
}

/** The functions of a text, or undefined where it is not valid. */
export function functionsOf(text: string): Func[] | undefined {
  try {
    const functions = parseFile(text).functions.map((f) => f.func)
    return functions.every((f) => f.firstBlock >= 0 && verify(f).length === 0) ? functions : undefined
  } catch (e) {
    if (e instanceof ParseError) return undefined
    throw e
  }
}

function outcomeText(o: Outcome): string {
  if ('results' in o) return formatDataValues(o.results)
  return 'trap' in o ? `trap ${o.trap}` : `unsupported: ${o.unsupported}`
}

function same(a: Outcome, b: Outcome): boolean {
  if ('results' in a && 'results' in b) return a.results.every((x, i) => sameDataValue(x, b.results[i]))
  return 'trap' in a && 'trap' in b && a.trap === b.trap
}

/** What a case came to: nothing to say, or a difference. */
export interface Verdict {
  /** Calls that were compared, and of those the ones that trapped; calls about which one side had nothing to say. */
  compared: number
  traps: number
  open: number
  difference?: { readonly args: readonly DataValue[]; readonly why: string }
}

/** Compares `%main` of valid functions on the argument lists. Stops at the first difference. */
export function compare(functions: readonly Func[], config: Config, lists: readonly (readonly DataValue[])[]): Verdict {
  const verdict: Verdict = { compared: 0, traps: 0, open: 0 }
  const wants = lists.map((args) => createInterpreter(functions, { fuel: FUEL }).invoke('main', args))
  let runnable: ReturnType<Backend['compile']>
  try {
    runnable = backends[config.algorithm].compile(functions, optionsOf(config))
  } catch (e) {
    return { ...verdict, difference: { args: lists[0], why: `compiling fails: ${messageOf(e)}` } }
  }
  if ('unsupported' in runnable) return { ...verdict, open: lists.length }
  try {
    for (let i = 0; i < lists.length; i++) {
      const want = wants[i]
      let got: Outcome
      try {
        got = runnable.invoke('main', lists[i])
      } catch (e) {
        return {
          ...verdict,
          difference: {
            args: lists[i],
            why: `running fails: ${messageOf(e)}\nthe interpreter says ${outcomeText(want)}`,
          },
        }
      }
      if ('unsupported' in want || 'unsupported' in got) verdict.open++
      else if (same(want, got)) {
        verdict.compared++
        if ('trap' in want) verdict.traps++
      } else {
        const why = `the interpreter says ${outcomeText(want)}\ncompiled code says  ${outcomeText(got)}`
        return { ...verdict, difference: { args: lists[i], why } }
      }
    }
  } finally {
    runnable.dispose?.()
  }
  return verdict
}

function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e)
}

/** The kind of a failure: reducing must not turn one into another. */
export function kindOf(why: string): string {
  return why
    .replace(/\d+|0x[0-9a-f]+/g, '#')
    .split(/[:\n]/, 2)[0]
    .slice(0, 40)
}

/** The text as a filetest that shows the failure. */
export function filetest(text: string, config: Config, args: readonly DataValue[], why: string): string {
  const comments = why.split('\n').map((l) => `; ${l}\n`)
  const head =
    `test interpret\ntest run\nset regalloc_algorithm=${config.algorithm}\ntarget riscv64 ${config.features.join(' ')}`.trimEnd()
  return `${head}\n\n${text}; print: %main(${args.map(formatDataValue).join(', ')})\n${comments.join('')}`
}
