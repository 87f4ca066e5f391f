// What the bundle tests run, in Node and in a browser: published packages only. Plain JavaScript, since nothing strips types there.
import { closeWorkers, CodegenError, compile, compileAsync, CompileCache } from '@k23/codegen'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { Engine, funcType, Linker, Store, Trap } from '@k23/kernel'
import { bytesSink, Wasi } from '@k23/kernel/wasi'

/** FNV-1a. */
function hash(bytes) {
  let h = 0x811c9dc5
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193)
  return h >>> 0
}

/**
 * Compiles and runs. `small` imports env.twice and exports f(i32, i32), which divides; `hello` is a WASI program; `large` is compiled on workers too. Gives what is
 * the same everywhere.
 */
export async function smoke({ small, hello, large }) {
  const engine = new Engine({ machine: createRiscv64Machine({ memoryBytes: 32 << 20 }) })
  const run = (module) => {
    const linker = new Linker(new Store(engine)).func('env', 'twice', funcType(['i32'], ['i32']), (x) => 2 * x)
    const f = linker.instantiate(module).func('f')
    const lines = [`${f.call(7, 3)}`]
    try {
      f.call(7, 0)
    } catch (e) {
      lines.push(`${e instanceof Trap}: ${e.message} at ${e.offset}`)
    }
    return lines.join(' ')
  }
  const out = bytesSink()
  const linker = new Linker(new Store(engine))
  const wasi = new Wasi({ args: ['hello'], stdout: out })
  wasi.define(linker)
  const exit = wasi.start(linker.instantiate(engine.compile(hello)))

  const entries = new Map()
  const cache = new CompileCache({
    getItemRaw: async (key) => entries.get(key),
    setItemRaw: async (key, value) => void entries.set(key, value),
  })
  const options = { target: 'riscv64' }
  const images = [compile(large, options)]
  for (let i = 0; i < 2; i++) images.push(await compileAsync(large, { ...options, cache, workers: 2 }))
  const error = await compileAsync(large.subarray(0, 5000), options).catch((e) => e)
  closeWorkers()
  return [
    `small: ${run(engine.compile(small))}`,
    `small, in slices: ${run(await engine.compileAsync(small, { workers: 0 }))}`,
    `hello: ${exit} ${new TextDecoder().decode(out.bytes())}`,
    `large: ${images.map((m) => hash(m.image)).join(' ')}`,
    `cache: ${cache.stats.hits} of ${cache.stats.hits + cache.stats.misses}`,
    `error: ${error instanceof CodegenError} ${error.code}`,
  ]
}
