// What workers and the compile cache are worth, on modules that take long to compile.
//
// Workers are warm, as a server's are: each has compiled the module some times before the clock starts. (Each has its own V8 to warm: after two compilations
// two workers still take nearly twice the processor time that one takes.) Times of both numbers of workers, and of no cache and
// both kinds of warm ones, alternate, so that whatever else the machine does meets all of them alike.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type AsyncOptions,
  CodegenError,
  compileAsync,
  CompileCache,
  type CompileOptions,
  WorkerPool,
} from '@k23/codegen'
import { createStorage } from 'unstorage'
import filesDriver from 'unstorage/drivers/fs-lite'
import type { CompileSkip } from './compile-suite.ts'
import { median } from './measure.ts'
import { load, type Program, programs } from './programs.ts'

export interface AsyncRow {
  readonly program: string
  readonly target: string
  readonly moduleBytes: number
  /** Milliseconds on one warm worker and on two. */
  readonly oneWorkerMs: number
  readonly twoWorkersMs: number
  /** Milliseconds without a cache (one worker), and out of one in memory and one in files. */
  readonly noCacheMs: number
  readonly memoryCacheMs: number
  readonly fileCacheMs: number
}

export interface AsyncSuiteOptions {
  readonly compile: CompileOptions & { target: string }
  readonly runs: number
  /** Compilations by each variant before the clock starts, at most. */
  readonly warmRuns?: number
  /** Only the program with this name. */
  readonly only?: string
  /** Told about each program before it is measured. */
  readonly step?: (text: string) => void
}

/** Smaller modules do not need workers. */
const MIN_BYTES = 200_000
const BUDGET_MS = 15_000
/** If not said otherwise, and if that is done in so many milliseconds; twice at least. */
const WARM_RUNS = 12
const WARM_MS = 15_000

export async function asyncSuite(options: AsyncSuiteOptions): Promise<{ rows: AsyncRow[]; skips: CompileSkip[] }> {
  const rows: AsyncRow[] = []
  const skips: CompileSkip[] = []
  for (const program of programs()) {
    const bytes = load(program)
    if (options.only === undefined ? bytes.length < MIN_BYTES : program.name !== options.only) continue
    options.step?.(`compile ${program.name} on workers`)
    try {
      rows.push(await measure(program, bytes, options))
    } catch (e) {
      if (!(e instanceof CodegenError)) throw e
      skips.push({ program: program.name, why: `${e.code}: ${e.message}` })
    }
  }
  return { rows, skips }
}

async function measure(program: Program, bytes: Uint8Array, options: AsyncSuiteOptions): Promise<AsyncRow> {
  const folder = mkdtempSync(join(tmpdir(), 'k23-bench-'))
  const one = new WorkerPool({ workers: 1 })
  const two = new WorkerPool({ workers: 2 })
  const memory = new CompileCache(createStorage())
  const files = new CompileCache(createStorage({ driver: filesDriver({ base: folder }) }))
  const variants: readonly Pick<AsyncOptions, 'workers' | 'cache'>[] = [
    { workers: one },
    { workers: two },
    { workers: one, cache: memory },
    { workers: one, cache: files },
  ]
  try {
    const once = async (variant: (typeof variants)[number]): Promise<number> => {
      const start = performance.now()
      await compileAsync(bytes, { ...options.compile, ...variant })
      return performance.now() - start
    }
    const { warmRuns = WARM_RUNS } = options
    let warm = 0
    const warming = performance.now()
    for (; warm < 2 || (warm < warmRuns && performance.now() - warming < WARM_MS); warm++)
      for (const variant of variants) await once(variant)
    const times: number[][] = variants.map(() => [])
    const start = performance.now()
    for (let run = 0; run < options.runs && (run === 0 || performance.now() - start < BUDGET_MS); run++)
      for (let v = 0; v < variants.length; v++) times[v].push(await once(variants[v]))
    const hits = warm - 1 + times[2].length
    if (memory.stats.hits !== hits || files.stats.hits !== hits)
      throw new Error(`${program.name}: the cache was not warm`)
    const [oneWorkerMs, twoWorkersMs, memoryCacheMs, fileCacheMs] = times.map(median)
    return {
      program: program.name,
      target: options.compile.target,
      moduleBytes: bytes.length,
      oneWorkerMs,
      twoWorkersMs,
      noCacheMs: oneWorkerMs,
      memoryCacheMs,
      fileCacheMs,
    }
  } finally {
    one.close()
    two.close()
    rmSync(folder, { recursive: true, force: true })
  }
}
