// What register allocation costs: its share of compile time, how long the allocators take by themselves, and the moves that they add to the
// code, static and executed.
//
// Executed moves are counted exactly: the program runs one instruction at a time, each address counts how often it was reached, and emission
// says at which addresses the allocator's moves are. Programs that would take too long that way are sampled: the hart stops every so many
// instructions, a different prime number of them each time, and the address where it stops counts for all of them.
import fs from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CodegenError, type CompiledModule, compile, type CompileOptions } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, funcType, Linker, Store } from '@k23/kernel'
import { type FileSystem, Wasi } from '@k23/kernel/wasi'
import { FUEL, type Hart, type Machine } from '@k23/machine'
import { buildAllocInput } from '@k23/machinst'
import { type AllocInput, allocate, allocIsStack, type MachineEnv } from '@k23/regalloc'
import { initialize, transform, type ZlibInstance } from './deflate.ts'
import { median, repeated, timed } from './measure.ts'
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
  /** Milliseconds of allocation, with its input and its result put in form, and of the whole compilation. */
  readonly allocMs: number
  readonly compileMs: number
  /** Nanoseconds that the allocator itself takes for an instruction, in the best of the runs; the allocators take turns. */
  readonly nsPerInst: number
}

export interface RegallocSkip {
  readonly program: string
  readonly why: string
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

export function regallocSuite(options: RegallocSuiteOptions): { rows: RegallocRow[]; skips: RegallocSkip[] } {
  const rows: RegallocRow[] = []
  const skips: RegallocSkip[] = []
  for (const program of programs()) {
    if (options.only !== undefined && program.name !== options.only) continue
    options.step?.(`regalloc ${program.name}`)
    try {
      rows.push(...measure(program, options))
    } catch (e) {
      if (!(e instanceof CodegenError)) throw e
      skips.push({ program: program.name, why: `${e.code}: ${e.message}` })
    }
  }
  return { rows, skips }
}

function measure(program: Program, options: RegallocSuiteOptions): RegallocRow[] {
  const bytes = load(program)
  const alone = timeAlone(bytes, options)
  return ALGORITHMS.map((algorithm, k): RegallocRow => {
    options.step?.(`regalloc ${program.name} ${algorithm}`)
    const compileOptions = withAlgorithm(options.compile, algorithm)
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
      executed: execute(program, module, kinds, options),
      allocMs: median(times.map((t) => t.allocMs)),
      compileMs: median(times.map((t) => t.compileMs)),
      nsPerInst: alone[k],
    }
  })
}

function withAlgorithm<T extends CompileOptions>(options: T, algorithm: RegallocAlgorithm): T {
  return { ...options, settings: { ...options.settings, regalloc_algorithm: algorithm } }
}

/** Milliseconds for which the allocators are measured by themselves, and runs at least. */
const ALONE_MS = 1500
const ALONE_RUNS = 3

/** Nanoseconds per instruction of each algorithm, on the same inputs. */
function timeAlone(bytes: Uint8Array, options: RegallocSuiteOptions): number[] {
  const inputs: AllocInput[] = []
  let env: MachineEnv | undefined
  compile(bytes, {
    ...withAlgorithm(options.compile, 'backtracking'),
    observer: {
      vcode(stage, v, isa) {
        if (stage !== 'lower') return
        env = isa.env
        inputs.push(buildAllocInput(v, isa.table))
      },
    },
  })
  const best = ALGORITHMS.map(() => Number.POSITIVE_INFINITY)
  const start = performance.now()
  for (let k = 0; k < ALONE_RUNS || (options.runs > 1 && performance.now() - start < ALONE_MS); k++) {
    ALGORITHMS.forEach((algorithm, a) => {
      const ms = timed(() => {
        for (const input of inputs) allocate(input, env as MachineEnv, { algorithm })
      })
      best[a] = Math.min(best[a], ms)
    })
  }
  const instructions = inputs.reduce((n, i) => n + i.numInsts, 0)
  return best.map((ms) => (1e6 * ms) / instructions)
}

function execute(
  program: Program,
  module: CompiledModule,
  kinds: Uint8Array,
  options: RegallocSuiteOptions,
): RegallocRow['executed'] {
  if (options.compile.target !== 'riscv64') return undefined
  return program.name === 'zip.js'
    ? runZip(module, kinds, options.textBytes ?? 16 << 10)
    : runSampled(module, kinds, dirname(program.path))
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
    this.machine = createRiscv64Machine({ memoryBytes: 512 << 20 })
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

/** Runs `_start` from bench.start to bench.end, or as far as the limit of instructions goes, with `folder` as its current one. */
function runSampled(
  compiled: CompiledModule,
  kinds: Uint8Array,
  folder: string,
): (MoveCounts & { sampled: boolean }) | undefined {
  const profiler = new Profiler(true, SAMPLED_INSTRUCTIONS)
  const engine = new Engine({ machine: profiler.machine, target: compiled.target })
  const store = new Store(engine)
  const module = engine.load(compiled)
  profiler.watch(module.code, compiled.image.length)
  const linker = new Linker(store)
  const wasi = new Wasi({ args: ['program'], preopens: [{ fs: fs as FileSystem, path: folder, name: '.' }] })
  wasi.define(linker)
  linker.func('bench', 'start', funcType([]), () => {
    profiler.enabled = true
  })
  linker.func('bench', 'end', funcType([]), () => {
    throw new Enough()
  })
  try {
    wasi.start(linker.instantiate(module))
  } catch (e) {
    if (!(e instanceof Enough)) throw e
  } finally {
    wasi.close()
    store.close()
  }
  return profiler.instructions === 0 ? undefined : profiler.result(kinds, true)
}
