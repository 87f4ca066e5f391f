// compile() with all targets registered by name, and compileAsync() on workers.
import { type CompileOptions, withTarget } from './by-name.ts'
import type { SyncCompileCache } from './cache-sync.ts'
import { compile as compileCore, type CompiledModule, createIsa, type Input, kindOf } from './core.ts'
import { compileAll, createJob } from './units.ts'

export * from './core.ts'
export { type AsyncOptions, closeWorkers, compileAsync, type Progress } from './async.ts'
export { type CompileOptions, targetByName } from './by-name.ts'
export { type CacheOptions, type CacheStats, type CacheStorage, CompileCache } from './cache.ts'
export { SyncCompileCache, type SyncCacheStorage } from './cache-sync.ts'
export { targets } from './targets.ts'
export { WorkerError, WorkerPool, type WorkerPoolOptions } from './workers/pool.ts'

export interface SyncOptions extends CompileOptions {
  /** Asked first, and told the result. Functions built with `@k23/ir` are not kept, and with an observer, which wants to see the work, no cache is asked. */
  readonly cache?: SyncCompileCache
}

/** Compiles a WebAssembly module, CLIF text or CLIF functions. */
export function compile(input: Input, options: SyncOptions): CompiledModule {
  const { cache, ...rest } = options
  const core = withTarget(rest)
  if (cache === undefined || core.observer !== undefined || !(input instanceof Uint8Array || typeof input === 'string'))
    return compileCore(input, core)
  const isa = createIsa(core, kindOf(input))
  const job = createJob(input, isa, core)
  const key = cache.key(input, isa, core)
  const kept = cache.read(key)
  if (kept !== undefined) return job.assemble(kept)
  const parts = compileAll(job)
  cache.write(key, parts)
  return job.assemble(parts)
}
