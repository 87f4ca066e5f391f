// compile() with all targets registered by name, and compileAsync() on workers.
import { type CompileOptions, withTarget } from './by-name.ts'
import { compile as compileCore, type CompiledModule, type Input } from './core.ts'

export * from './core.ts'
export { type AsyncOptions, closeWorkers, compileAsync, type Progress } from './async.ts'
export { type CompileOptions, targetByName } from './by-name.ts'
export { type CacheOptions, type CacheStats, type CacheStorage, CompileCache } from './cache.ts'
export { targets } from './targets.ts'
export { WorkerError, WorkerPool, type WorkerPoolOptions } from './workers/pool.ts'

/** Compiles a WebAssembly module, CLIF text or CLIF functions. */
export function compile(input: Input, options: CompileOptions): CompiledModule {
  return compileCore(input, withTarget(options))
}
