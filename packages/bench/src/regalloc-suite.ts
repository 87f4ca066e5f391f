// What register allocation costs: its share of compile time, how long the allocators take by themselves, and the moves that they add to the
// code, static and executed.
//
// Executed moves are counted exactly: the program runs one instruction at a time, each address counts how often it was reached, and emission
// says at which addresses the allocator's moves are. Programs that would take too long that way are sampled: the hart stops every so many
// instructions, a different prime number of them each time, and the address where it stops counts for all of them. Long programs are left
// after so many instructions of their own, moves not counted, so that both allocators are measured over the same work.
import fs from 'node:fs'
import { dirname } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { CodegenError, type CompiledModule, compile, type CompileOptions } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
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

export interface ExecutedCounts extends MoveCounts {
  /** Estimated from samples, else exact. */
  readonly sampled: boolean
  /** The program was left after BOUND of its instructions. */
  readonly bounded: boolean
}

export interface RegallocRow {
  readonly program: string
  readonly target: string
  readonly algorithm: RegallocAlgorithm
  /** In the code. */
  readonly static: MoveCounts
  /** On the emulator. Undefined where the program was only compiled. */
  readonly executed: ExecutedCounts | undefined
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

/** Instructions, without moves of the allocator, after which a sampled program is left. */
export const BOUND = 40_000_000
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
): ExecutedCounts | undefined {
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

/** The module, and per byte of its image: whether it belongs to one of the allocator's moves, and of which kind. */
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
          for (let at = trace.moves.get(k); at < trace.moves.get(k + 1); at++)
            list.push({ at, kind: at === trace.moves.get(k) ? kind : REST })
        }
        moves.set(v.name, list)
      },
    },
  })
  const kinds = new Uint8Array(module.image.length)
  for (const f of module.functions) {
    for (const { at, kind } of moves.get(f.name) ?? []) kinds[f.start + at] = kind
  }
  return { module, kinds }
}

/** A machine that counts where its harts are: each instruction, or at varying distances. */
class Profiler {
  readonly machine: Machine
  private readonly sampled: boolean
  private base = 0
  /** Instructions by kind; 0: those of the program, in the code at `base` and elsewhere (trampolines of other modules, the machine's own page). */
  private readonly counts = new Float64Array(5)
  private bounded = false
  enabled = false

  constructor(target: string, kinds: Uint8Array, sampled: boolean) {
    const options = { memoryBytes: 512 << 20 }
    this.machine = target === 'x64' ? createX64Machine(options) : createRiscv64Machine(options)
    this.sampled = sampled
    const inner = this.machine.run.bind(this.machine)
    const { counts } = this
    let turn = 0
    this.machine.run = (hart: Hart) => {
      for (;;) {
        if (!this.enabled) return inner(hart)
        if (sampled && counts[0] >= BOUND) {
          this.bounded = true
          throw new Enough()
        }
        const at = hart.pc - this.base
        const before = hart.instructions
        hart.fuel = sampled ? PRIMES[turn++ & 7] : 1
        const reason = inner(hart)
        hart.fuel = Number.POSITIVE_INFINITY
        // The address where it stopped, not the one where it began, is independent of what the host does in between.
        counts[kinds[sampled ? hart.pc - this.base : at] ?? 0] += hart.instructions - before
        if (reason.kind !== FUEL) return reason
      }
    }
  }

  /** Moves are in the code at this address. */
  watch(base: number): void {
    this.base = base
  }

  result(): ExecutedCounts {
    const [instructions, spills, reloads, moves] = this.counts
    return { instructions, spills, reloads, moves, sampled: this.sampled, bounded: this.bounded }
  }
}

class Enough extends Error {}

/** Deflates and inflates some text. */
function runZip(compiled: CompiledModule, kinds: Uint8Array, textBytes: number): ExecutedCounts {
  const profiler = new Profiler(compiled.target.name, kinds, false)
  const engine = new Engine({ machine: profiler.machine, target: compiled.target })
  const store = new Store(engine)
  const module = engine.load(compiled)
  profiler.watch(module.code)
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
  return profiler.result()
}

/** Runs `_start` from bench.start to bench.end, or to the bound, with `folder` as its current one. */
function runSampled(compiled: CompiledModule, kinds: Uint8Array, folder: string): ExecutedCounts | undefined {
  const profiler = new Profiler(compiled.target.name, kinds, true)
  const engine = new Engine({ machine: profiler.machine, target: compiled.target })
  const store = new Store(engine)
  const module = engine.load(compiled)
  profiler.watch(module.code)
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
  const result = profiler.result()
  return result.instructions === 0 ? undefined : result
}
