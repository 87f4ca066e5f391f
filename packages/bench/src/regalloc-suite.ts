// What register allocation costs: its share of compile time, and the moves that it adds to the code, static and executed, by algorithm.
//
// Executed moves are counted exactly: the program runs one instruction at a time, each address counts how often it was reached, and emission
// says at which addresses the allocator's moves are. Programs that would take too long that way are sampled: the hart stops every so many
// instructions, a different prime number of them each time, and the address where it stops counts for all of them.
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { type CompiledModule, compile, type CompileOptions } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, type Imports, Store, Trap } from '@k23/kernel'
import { FUEL, type Hart, type Machine } from '@k23/machine'
import { allocIsStack } from '@k23/regalloc'
import { initialize, transform, type ZlibInstance } from './deflate.ts'
import { median, repeated } from './measure.ts'
import { load, type Program, programs } from './programs.ts'
import { sampleText } from './sample.ts'

export const ALGORITHMS = ['single_pass', 'backtracking'] as const
export type RegallocAlgorithm = (typeof ALGORITHMS)[number]

/** Moves of the allocator: to memory, from memory, between registers. */
export interface MoveCounts {
  /** Those of the program: what the moves take is not among them. */
  readonly instructions: number
  readonly spills: number
  readonly reloads: number
  readonly moves: number
}

export interface RegallocRow {
  readonly program: string
  readonly target: string
  readonly algorithm: RegallocAlgorithm
  /** In the code. */
  readonly static: MoveCounts
  /** On the emulator: exact, or estimated from samples. Undefined where the program was only compiled. */
  readonly executed: (MoveCounts & { readonly sampled: boolean }) | undefined
  /** Milliseconds of allocation, and of the whole compilation. */
  readonly allocMs: number
  readonly compileMs: number
}

export interface RegallocSuiteOptions {
  readonly compile: CompileOptions & { target: string }
  readonly runs: number
  /** Only the program with this name. */
  readonly only?: string
  /** Bytes of text that the zip.js module deflates and inflates; default 16 KB. */
  readonly textBytes?: number
  readonly step?: (text: string) => void
}

/** Instructions after which a sampled program is stopped. */
const SAMPLED_INSTRUCTIONS = 60_000_000
const PRIMES = [499, 503, 509, 521, 523, 541, 547, 557]

export function regallocSuite(options: RegallocSuiteOptions): RegallocRow[] {
  const rows: RegallocRow[] = []
  for (const program of programs()) {
    if (program.name !== 'zip.js' && !program.name.startsWith('shootout/')) continue
    if (options.only !== undefined && program.name !== options.only) continue
    const bytes = load(program)
    for (const algorithm of ALGORITHMS) {
      options.step?.(`regalloc ${program.name} ${algorithm}`)
      rows.push(measure(program, bytes, algorithm, options))
    }
  }
  return rows
}

function measure(
  program: Program,
  bytes: Uint8Array,
  algorithm: RegallocAlgorithm,
  options: RegallocSuiteOptions,
): RegallocRow {
  const settings = { ...options.compile.settings, regalloc_algorithm: algorithm }
  const compileOptions: CompileOptions = { ...options.compile, settings }
  const times = repeated(options.runs, () => timedCompile(bytes, compileOptions))
  const { module, kinds } = compileWithMoves(bytes, compileOptions)
  const stats = { instructions: 0, spills: 0, reloads: 0, moves: 0 }
  for (const f of module.functions) {
    stats.instructions += f.stats.insts
    stats.spills += f.stats.spills
    stats.reloads += f.stats.reloads
    stats.moves += f.stats.moves
  }
  return {
    program: program.name,
    target: options.compile.target,
    algorithm,
    static: stats,
    executed:
      program.name === 'zip.js' ? runZip(module, kinds, options.textBytes ?? 16 << 10) : runSampled(module, kinds),
    allocMs: median(times.map((t) => t.allocMs)),
    compileMs: median(times.map((t) => t.compileMs)),
  }
}

function timedCompile(bytes: Uint8Array, options: CompileOptions): { allocMs: number; compileMs: number } {
  let allocMs = 0
  let lowered = 0
  const start = performance.now()
  compile(bytes, {
    ...options,
    observer: {
      vcode(stage) {
        if (stage === 'lower') lowered = performance.now()
        else if (stage === 'regalloc') allocMs += performance.now() - lowered
      },
    },
  })
  return { allocMs, compileMs: performance.now() - start }
}

const SPILL = 1
const RELOAD = 2
const MOVE = 3
/** The rest of a move that takes several instructions: a slot far from the stack pointer. */
const REST = 4

/** The module, and per halfword of its image: whether it belongs to one of the allocator's moves, and of which kind. */
function compileWithMoves(bytes: Uint8Array, options: CompileOptions): { module: CompiledModule; kinds: Uint8Array } {
  const moves = new Map<string, { at: number; kind: number }[]>()
  const module = compile(bytes, {
    ...options,
    observer: {
      vcode(stage, v, _isa, trace) {
        if (stage !== 'emit' || trace === undefined || v.allocation === undefined) return
        const { editFrom, editTo } = v.allocation
        const list: { at: number; kind: number }[] = []
        for (let k = 0; k < trace.moves.length; k += 3) {
          const edit = trace.moves.get(k + 2)
          const kind = allocIsStack(editTo[edit]) ? SPILL : allocIsStack(editFrom[edit]) ? RELOAD : MOVE
          for (let at = trace.moves.get(k); at < trace.moves.get(k + 1); at += 2)
            list.push({ at, kind: at === trace.moves.get(k) ? kind : REST })
        }
        moves.set(v.name, list)
      },
    },
  })
  const kinds = new Uint8Array((module.image.length >> 1) + 1)
  for (const f of module.functions) {
    for (const { at, kind } of moves.get(f.name) ?? []) kinds[(f.start + at) >> 1] = kind
  }
  return { module, kinds }
}

/** A machine that counts where its harts are: each instruction (`stride` 1), or at varying distances of about `stride`. */
class Profiler {
  readonly machine: Machine
  /** Per halfword of the code at `base`. */
  counts: Float64Array = new Float64Array(0)
  base = 0
  /** Instructions, in the code at `base` and elsewhere (trampolines of other modules, the machine's own page). */
  instructions = 0
  enabled = false

  constructor(sampled: boolean, limit: number) {
    this.machine = createRiscv64Machine()
    const inner = this.machine.run.bind(this.machine)
    let turn = 0
    this.machine.run = (hart: Hart) => {
      for (;;) {
        if (!this.enabled) return inner(hart)
        if (this.instructions >= limit) throw new Enough()
        const quantum = sampled ? PRIMES[turn++ & 7] : 1
        const at = (hart.pc - this.base) >> 1
        const before = hart.instructions
        hart.fuel = quantum
        const reason = inner(hart)
        hart.fuel = Number.POSITIVE_INFINITY
        // The address where it stopped, not the one where it began, is independent of what the host does in between.
        const executed = hart.instructions - before
        const place = sampled ? (hart.pc - this.base) >> 1 : at
        if (executed !== 0 && place >= 0 && place < this.counts.length) this.counts[place] += sampled ? executed : 1
        this.instructions += executed
        if (reason.kind !== FUEL) return reason
      }
    }
  }

  watch(base: number, bytes: number): void {
    this.base = base
    this.counts = new Float64Array((bytes >> 1) + 1)
  }

  result(kinds: Uint8Array, sampled: boolean): MoveCounts & { sampled: boolean } {
    const sums = [0, 0, 0, 0, 0]
    for (let k = 0; k < kinds.length; k++) sums[kinds[k]] += this.counts[k]
    const instructions = this.instructions - sums[SPILL] - sums[RELOAD] - sums[MOVE] - sums[REST]
    return { instructions, spills: sums[SPILL], reloads: sums[RELOAD], moves: sums[MOVE], sampled }
  }
}

class Enough extends Error {}

/** Deflates and inflates some text. */
function runZip(compiled: CompiledModule, kinds: Uint8Array, textBytes: number): MoveCounts & { sampled: boolean } {
  const profiler = new Profiler(false, Number.POSITIVE_INFINITY)
  const engine = new Engine({ machine: profiler.machine, target: compiled.target })
  const store = new Store(engine)
  const module = engine.load(compiled)
  profiler.watch(module.code, compiled.image.length)
  const instance = store.instantiate(module)
  const memory = instance.memory('memory')
  const zip: ZlibInstance = {
    call: (name, ...args) => (instance.func(name).call(...args) as number | undefined) ?? 0,
    write: (address, bytes) => memory.write(address, bytes),
    read: (address, length) => memory.read(address, length),
  }
  const text = sampleText(textBytes)
  initialize(zip)
  profiler.enabled = true
  const deflated = transform(zip, 'deflate', text)
  const inflated = transform(zip, 'inflate', new Uint8Array(deflateRawSync(text)))
  profiler.enabled = false
  if (!isDeepStrictEqual(new Uint8Array(inflateRawSync(deflated)), text) || !isDeepStrictEqual(inflated, text))
    throw new Error('zip.js: the result is wrong')
  return profiler.result(kinds, false)
}

/** Runs `_start` from bench.start to bench.end, or as far as the limit of instructions goes, without a system behind WASI. */
function runSampled(compiled: CompiledModule, kinds: Uint8Array): (MoveCounts & { sampled: boolean }) | undefined {
  const profiler = new Profiler(true, SAMPLED_INSTRUCTIONS)
  const engine = new Engine({ machine: profiler.machine, target: compiled.target })
  const store = new Store(engine)
  const module = engine.load(compiled)
  profiler.watch(module.code, compiled.image.length)
  const imports: Imports = (from, name) => {
    const wanted = module.imports.find((i) => i.module === from && i.name === name)
    if (wanted === undefined || wanted.type.kind !== 'func') return undefined
    const { type } = wanted.type
    return store.func(type, () => {
      if (from === 'bench' && name === 'start') profiler.enabled = true
      // Until then WASI says "no such descriptor" to everything, which no kernel between start and end minds.
      if (name === 'proc_exit' || (from === 'bench' && name === 'end')) throw new Enough()
      return type.results.length === 0 ? undefined : 8
    })
  }
  try {
    store.instantiate(module, imports).func('_start').call()
  } catch (e) {
    // Without its input a program may give up: then it was only compiled.
    if (e instanceof Trap) return undefined
    if (!(e instanceof Enough)) throw e
  }
  return profiler.instructions === 0 ? undefined : profiler.result(kinds, true)
}
