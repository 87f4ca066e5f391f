// compileAsync(): the same as compile(), on workers, with progress, cancellation and a cache.
//
// Units go to workers in batches: those first that are a good part of the work by themselves, since whoever gets one last would be waited for; then the others
// in order. A batch is a share of what is left, so that the workers end together, within bounds: small enough to cancel soon and to show progress,
// large enough to be worth a message. Nothing about the result depends on how the units were cut.
//
// Errors are those of compile(): the one of the lowest unit that has one. When a unit fails, batches above it are given up, and those below it are
// compiled to the end.
//
// What the calling thread does alone is little: decoding the module, and taking in what comes back, are some 4 % of the work. What workers cost is
// that each of them has to get warm: V8 optimizes the code generator for each anew, which for the first modules is more work than compiling them.
import { parallelism } from '@k23/codegen/workers'
import { type CompileOptions, withTarget } from './by-name.ts'
import type { CompileCache } from './cache.ts'
import type { SyncCompileCache } from './cache-sync.ts'
import { createIsa, type Input, kindOf } from './core.ts'
import type { LinkInput } from './link.ts'
import type { CompiledModule } from './module.ts'
import { decode } from './parts/codec.ts'
import { linkInputs } from './parts/parts.ts'
import { targets } from './targets.ts'
import { createJob, type Job } from './units.ts'
import { type PoolClient, type WorkerError, WorkerPool } from './workers/pool.ts'
import { receivedError, type Reply, type SentOptions } from './workers/protocol.ts'

/** How far a compilation is: work done and to be done, about in bytes of function bodies. */
export interface Progress {
  readonly done: number
  readonly total: number
}

export interface AsyncOptions extends Omit<CompileOptions, 'observer'> {
  /**
   * A pool, or how many workers of the pool that all compilations share; 0: none, the calling thread does the work in slices. Default: as
   * many as the machine can run at a time, or none for a small module. Functions built with `@k23/ir`, and targets that this package does not know by
   * name, are compiled on the calling thread.
   */
  readonly workers?: number | WorkerPool
  /** Gives the compilation up: the promise is rejected with the signal's reason at once. */
  readonly signal?: AbortSignal
  /** Called now and then, with `done` growing; at the end with all done. */
  readonly onProgress?: (progress: Progress) => void
  /** Asked first, and told the result. */
  readonly cache?: CompileCache | SyncCompileCache
}

/** Less work than this is done before a worker has started. */
const SMALL = 24 << 10
/** Work in a batch. */
const MIN_BATCH = 2 << 10
const MAX_BATCH = 32 << 10
/** A unit is given out before the others if all workers together have less than this many times its work to do, by worker. */
const HEAVY = 8
/** Milliseconds for which the calling thread compiles before others get their turn. */
const SLICE_MS = 12

let shared: WorkerPool | undefined

/** Ends the workers that compilations share; the next compilation starts new ones. Idle workers do not keep a process alive. */
export function closeWorkers(): void {
  shared?.close()
  shared = undefined
}

/**
 * Compiles as `compile` does, with the same result, to the byte, whatever the number of workers. Rejects with CodegenError for the input's faults, as compile()
 * throws them; with WorkerError where a worker dies; with the signal's reason.
 */
export async function compileAsync(input: Input, options: AsyncOptions): Promise<CompiledModule> {
  const { workers, signal, onProgress, cache, ...rest } = options
  throwIfAborted(signal)
  // The caller may write to the bytes while this goes on. (A Buffer's slice would be the same bytes.)
  const source = input instanceof Uint8Array ? new Uint8Array(input) : input
  const core = withTarget(rest)
  const isa = createIsa(core, kindOf(source))
  const job = createJob(source, isa, core)
  const meter = new Meter(job, onProgress)
  const key = cache === undefined || !isText(source) ? undefined : await cache.key(source, isa, core)
  const kept = key === undefined ? undefined : await cache?.read(key)
  throwIfAborted(signal)
  if (kept !== undefined) {
    meter.all()
    return job.assemble(kept)
  }
  const pool = isText(source) && targets[core.target.name] === core.target ? poolFor(workers, meter.total) : undefined
  const { target, ...plain } = core
  const units =
    pool === undefined || !isText(source)
      ? await compileHere(job, meter, signal)
      : await compileOnWorkers(job, source, { ...plain, target: target.name }, pool, meter, signal)
  const parts = job.complete(units)
  if (key !== undefined) await cache?.write(key, parts)
  throwIfAborted(signal)
  meter.all()
  return job.assemble(parts)
}

/** Can be sent and hashed. */
function isText(input: Input): input is Uint8Array<ArrayBuffer> | string {
  return input instanceof Uint8Array || typeof input === 'string'
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw signal.reason
}

interface ChosenPool {
  readonly pool: WorkerPool
  readonly limit: number
}

function poolFor(workers: number | WorkerPool | undefined, total: number): ChosenPool | undefined {
  if (workers instanceof WorkerPool) return { pool: workers, limit: workers.size }
  if (workers === 0 || (workers === undefined && total < SMALL)) return undefined
  const limit = workers ?? parallelism()
  if (shared === undefined || shared.size < limit) {
    // (Compilations on the old pool end there; what it holds goes when they have.)
    const old = shared
    shared = new WorkerPool({ workers: Math.max(limit, parallelism()) })
    old?.retire()
  }
  return { pool: shared, limit }
}

/** Work done, by unit. */
class Meter {
  readonly total: number
  private readonly job: Job
  private readonly report: ((progress: Progress) => void) | undefined
  private done = 0
  private finished = false

  constructor(job: Job, report: ((progress: Progress) => void) | undefined) {
    this.job = job
    this.report = report
    this.total = this.weight(0, job.count)
  }

  weight(from: number, to: number): number {
    let sum = 0
    for (let unit = from; unit < to; unit++) sum += this.job.weight(unit)
    return sum
  }

  add(from: number, to: number): void {
    this.done += this.weight(from, to)
    // All is done only when the parts are put together.
    if (this.done < this.total) this.report?.({ done: this.done, total: this.total })
  }

  all(): void {
    if (this.finished) return
    this.finished = true
    this.report?.({ done: this.total, total: this.total })
  }
}

async function compileHere(job: Job, meter: Meter, signal: AbortSignal | undefined): Promise<LinkInput[]> {
  const units: LinkInput[] = []
  let from = 0
  let start = performance.now()
  for (let unit = 0; unit < job.count; unit++) {
    units.push(job.compile(unit))
    if (performance.now() - start < SLICE_MS) continue
    meter.add(from, unit + 1)
    from = unit + 1
    await new Promise<void>((resolve) => setTimeout(resolve))
    throwIfAborted(signal)
    start = performance.now()
  }
  return units
}

/** Units [from, to). */
interface Batch {
  readonly from: number
  readonly to: number
}

/** All units in batches, in the order in which they are given out. */
export function planBatches(count: number, weight: (unit: number) => number, limit: number): Batch[] {
  const all = Array.from({ length: count }, (_, unit) => unit)
  const sum = (units: readonly number[]): number => units.reduce((n, unit) => n + weight(unit), 0)
  const heavyFrom = Math.max(MIN_BATCH, sum(all) / (HEAVY * limit))
  const isHeavy = (unit: number): boolean => weight(unit) >= heavyFrom
  const heavy = all.filter(isHeavy).sort((a, b) => weight(b) - weight(a) || a - b)
  const batches: Batch[] = heavy.map((from) => ({ from, to: from + 1 }))
  let left = sum(all) - sum(heavy)
  for (let from = 0; from < count; ) {
    const share = Math.min(MAX_BATCH, Math.max(MIN_BATCH, left / (3 * limit)))
    let to = from
    let taken = 0
    while (to < count && taken < share && !isHeavy(to)) taken += weight(to++)
    if (to > from) batches.push({ from, to })
    left -= taken
    from = to < count && isHeavy(to) ? to + 1 : to
  }
  return batches
}

function compileOnWorkers(
  job: Job,
  input: Uint8Array | string,
  options: SentOptions,
  { pool, limit }: ChosenPool,
  meter: Meter,
  signal: AbortSignal | undefined,
): Promise<LinkInput[]> {
  const { count } = job
  if (count === 0) return Promise.resolve([])
  return new Promise((resolve, reject) => {
    const units: LinkInput[] = new Array(count)
    let number = 0
    const plan = planBatches(count, (unit) => meter.weight(unit, unit + 1), limit)
    /** Batches from here on have not been given out. */
    let cursor = 0
    /** Starts of the batches that are at work. */
    const atWork = new Set<number>()
    let failed: { readonly unit: number; readonly error: Error } | undefined

    const end = (settle: () => void): void => {
      signal?.removeEventListener('abort', abort)
      pool.remove(number)
      settle()
    }
    const abort = (): void => end(() => reject(signal?.reason))
    /** Whether a batch could decide how this ends: after a failure, only what is below. */
    const matters = (from: number): boolean => failed === undefined || from < failed.unit
    const settleIfDone = (): void => {
      if ([...atWork].some(matters) || plan.slice(cursor).some((b) => matters(b.from))) return
      const error = failed?.error
      end(() => (error === undefined ? resolve(units) : reject(error)))
    }

    const client: PoolClient = {
      limit,
      open: (job) => ({ kind: 'open', job, input, options }),
      next(job) {
        while (cursor < plan.length && !matters(plan[cursor].from)) cursor++
        if (cursor === plan.length) return undefined
        const { from, to } = plan[cursor++]
        atWork.add(from)
        return { kind: 'batch', job, from, to }
      },
      reply(reply) {
        try {
          take(reply)
        } catch (e) {
          end(() => reject(e))
        }
      },
      lost: (error: WorkerError) => end(() => reject(error)),
    }
    const take = (reply: Exclude<Reply, { kind: 'hello' }>): void => {
      atWork.delete(reply.from)
      if (reply.kind === 'compiled') {
        const parts = decode(linkInputs, reply.parts)
        parts.forEach((part, i) => {
          units[reply.from + i] = part
        })
        meter.add(reply.from, reply.from + parts.length)
      } else if (failed === undefined || reply.unit < failed.unit) {
        failed = { unit: reply.unit, error: receivedError(reply.error) }
      }
      settleIfDone()
    }

    signal?.addEventListener('abort', abort)
    try {
      number = pool.add(client)
      pool.dispatch()
    } catch (e) {
      end(() => reject(e))
    }
  })
}
