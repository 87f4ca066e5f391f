// compileAsync() against compile(): the same result and the same errors, whatever the number of workers; and what workers may do wrong.
import { spawnSync } from 'node:child_process'
import { afterAll, describe, expect, test } from 'vitest'
import {
  type AsyncOptions,
  closeWorkers,
  CodegenError,
  compile,
  compileAsync,
  type CompiledModule,
  type CompileOptions,
  type Input,
  type Progress,
  WorkerError,
  WorkerPool,
} from '@k23/codegen'
import { spawnScript } from '@k23/codegen/workers'
import { parseFunctions } from '@k23/ir'
import { planBatches } from '../src/async.ts'
import { manyClifFunctions, manyFunctions } from './module-text.ts'

const target = 'riscv64'
const COUNT = 70
const wasm = manyFunctions(COUNT)
const clif = manyClifFunctions(40)

// Workers are started once: that takes longer than what most tests ask of them.
const pools: readonly (0 | WorkerPool)[] = [0, ...[1, 2, 3].map((workers) => new WorkerPool({ workers }))]
const workersOf = (pool: 0 | WorkerPool): string => `${pool === 0 ? 0 : pool.size} workers`

afterAll(() => {
  closeWorkers()
  for (const pool of pools) if (pool !== 0) pool.close()
})

/** All of a module, in a form that `toEqual` compares to the last bit. */
function contents(m: CompiledModule): object {
  return { ...m, target: m.target.name }
}

async function errorOf(input: Input, options: Partial<AsyncOptions>): Promise<unknown> {
  try {
    await compileAsync(input, { target, ...options })
  } catch (e) {
    return e
  }
  throw new Error('compiled')
}

function syncError(input: Input, options: Partial<CompileOptions> = {}): CodegenError {
  try {
    compile(input, { target, ...options })
  } catch (e) {
    if (e instanceof CodegenError) return e
    throw e
  }
  throw new Error('compiled')
}

describe('the same result', () => {
  const cases: [what: string, input: Input, options: CompileOptions][] = [
    ['wasm', wasm, { target }],
    [
      'wasm, not optimized, with features',
      wasm,
      { target, optLevel: 'none', features: { has_zba: true, has_zfa: true } },
    ],
    ['wasm without Spectre guards', wasm, { target, settings: { enable_heap_access_spectre_mitigation: false } }],
    ['CLIF text', clif, { target, settings: { is_pic: true } }],
    ['CLIF, a large function among many small ones', [light(0, 200), heavy(), light(200, 300)].join('\n'), { target }],
    ['CLIF functions', parseFunctions(clif).functions.map((f) => f.func), { target }],
    ['a module without functions', manyFunctions(1).subarray(0, 8), { target }],
  ]
  for (const [what, input, options] of cases) {
    test(what, async () => {
      const want = contents(compile(input, options))
      for (const workers of pools) {
        const got = await compileAsync(input, { ...options, workers })
        expect(contents(got), workersOf(workers)).toStrictEqual(want)
        if (workers !== 0 && what === 'wasm') expect(workers.workers, 'all were at work').toBe(workers.size)
      }
    })
  }

  test('the cases hold what could get lost', () => {
    const m = compile(wasm, { target })
    expect(m.traps.length).toBeGreaterThan(100)
    expect(m.symbols.size).toBe(m.functions.length)
    expect(m.functions.length).toBeGreaterThanOrEqual(COUNT + 2 * 2)
    const c = compile(clif, { target, settings: { is_pic: true } })
    expect(c.functions.length).toBeGreaterThan(40) // a routine for the division of i128
    expect(c.relocs.length).toBeGreaterThanOrEqual(40)
    expect(c.functions.some((f) => f.unwind.length > 0 && f.callSites.length > 0)).toBe(true)
  })

  test('with handlers of exceptions', async () => {
    const text = `function %f(i64) -> i64 tail {
    sig0 = (i64) -> i64 tail
    fn0 = %g(i64) -> i64 tail
block0(v0: i64):
    try_call fn0(v0), sig0, block1(ret0), [ context v0, tag7: block2(exn0), default: block3(exn0) ]
block1(v1: i64):
    return v1
block2(v2: i64):
    return v2
block3(v3: i64):
    v4 = iadd_imm v3, 1
    return v4
}`.replace('iadd_imm v3, 1', 'iadd v3, v3')
    const want = compile(text, { target })
    expect(want.functions[0].callSites[0].handlers).toHaveLength(2)
    expect(contents(await compileAsync(text, { target, workers: 1 }))).toStrictEqual(contents(want))
  })

  test('in any number at a time, on the workers that all share', async () => {
    const want = contents(compile(wasm, { target }))
    const all = await Promise.all([1, 2, 3].map((workers) => compileAsync(wasm, { target, workers })))
    for (const m of all) expect(contents(m)).toStrictEqual(want)
  })

  test('of the bytes as they were at the call', async () => {
    const bytes = Buffer.from(wasm)
    const compiling = compileAsync(bytes, { target, workers: 1 })
    bytes.fill(0)
    expect((await compiling).image).toEqual(compile(wasm, { target }).image)
  })
})

/** No back end loads 128 bits atomically. */
const BAD = 'v9 = atomic_load.i128 v0'

/** Functions numbered [from, to). */
function light(from: number, to: number, inst = ''): string {
  const one = (n: number): string =>
    `function %f${n}(i64) -> i64 { block0(v0: i64): v1 = iadd v0, v0\n ${inst}\n return v1 }`
  return Array.from({ length: to - from }, (_, i) => one(from + i)).join('\n')
}

/** As much work as many of those. */
function heavy(inst = ''): string {
  const insts = Array.from({ length: 1500 }, (_, i) => `v${i + 10} = iadd v0, v${i === 0 ? 0 : i + 9}`)
  return `function %heavy(i64) -> i64 { block0(v0: i64):\n${insts.join('\n')}\n ${inst}\n return v1509 }`
}

test('batches hold every unit once, those that are much by themselves first', () => {
  const random = (n: number): number => Math.imul(n + 1, 0x9e37_79b1) >>> 20
  const sizes: Record<string, (unit: number) => number> = {
    equal: () => 100,
    random,
    'a few large ones': (n) => (n % 50 === 7 ? 20_000 + n : random(n) & 255),
    'one that is nearly all': (n) => (n === 3 ? 1e6 : 10),
    nothing: () => 0,
  }
  for (const [what, weight] of Object.entries(sizes)) {
    for (const limit of [1, 2, 7]) {
      const plan = planBatches(300, weight, limit)
      const units = plan.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i))
      expect(
        units.toSorted((a, b) => a - b),
        what,
      ).toEqual(Array.from({ length: 300 }, (_, i) => i))
      expect(plan.every(({ from, to }) => to > from)).toBe(true)
      if (what === 'equal' || what === 'random') expect(units).toEqual(units.toSorted((a, b) => a - b))
      if (what === 'a few large ones')
        expect(plan.slice(0, 6)).toEqual([257, 207, 157, 107, 57, 7].map((from) => ({ from, to: from + 1 })))
      if (what === 'one that is nearly all') expect(plan[0]).toEqual({ from: 3, to: 4 })
    }
  }
  expect(planBatches(0, () => 1, 2)).toEqual([])
})

describe('the same errors', () => {
  const cases: [what: string, input: Input, options: Partial<CompileOptions>][] = [
    ['malformed', wasm.subarray(0, 100), {}],
    ['invalid bodies: that of the first', manyFunctions(COUNT, [37, 38, 52, COUNT - 1]), {}],
    ['the last body is invalid', manyFunctions(COUNT, [COUNT - 1]), {}],
    [
      'unsupported',
      'function %f() { block0: debugtrap return }\nfunction %g(i128) -> i128 { block0(v0: i128): v1 = atomic_load.i128 v0 return v1 }',
      { settings: { enable_verifier: false } },
    ],
    [
      'that of the lowest, though the largest fails first',
      [light(0, 300), light(300, 301, BAD), light(301, 400), heavy(BAD), light(400, 500)].join('\n'),
      { settings: { enable_verifier: false } },
    ],
    [
      'that of the largest',
      [light(0, 300), heavy(BAD), light(300, 400)].join('\n'),
      { settings: { enable_verifier: false } },
    ],
    ['CLIF that does not parse', 'function %f() { block0: v1 = iadd v0 }', {}],
    ['a setting that does not exist', wasm, { settings: { no_such: true } }],
    ['a target that does not exist', wasm, { target: 'm68k' }],
  ]
  for (const [what, input, options] of cases) {
    test(what, async () => {
      const want = syncError(input, options)
      for (const workers of pools) {
        const got = await errorOf(input, { ...options, workers })
        expect(got, workersOf(workers)).toBeInstanceOf(CodegenError)
        const { name, code, message, place, mend } = got as CodegenError
        expect({ name, code, message, place, mend }).toEqual({
          name: want.name,
          code: want.code,
          message: want.message,
          place: want.place,
          mend: want.mend,
        })
      }
    })
  }
})

test('progress goes up to the whole, and ends there', async () => {
  for (const workers of pools) {
    const seen: Progress[] = []
    await compileAsync(wasm, { target, workers, onProgress: (p) => seen.push(p) })
    const { total } = seen[0]
    expect(seen.length, workersOf(workers)).toBeGreaterThan(2)
    expect(seen.every((p, i) => p.total === total && p.done > (seen[i - 1]?.done ?? 0))).toBe(true)
    expect(seen.filter((p) => p.done === total)).toHaveLength(1)
    expect(seen.at(-1)).toEqual({ done: total, total })
  }
})

test('what a callback throws ends the compilation', async () => {
  const onProgress = (): never => {
    throw new RangeError('mine')
  }
  for (const workers of pools) expect(await errorOf(wasm, { workers, onProgress })).toEqual(new RangeError('mine'))
})

describe('cancellation', () => {
  test('before the call', async () => {
    const reason = new Error('too late')
    expect(await errorOf(wasm, { signal: AbortSignal.abort(reason), workers: 1 })).toBe(reason)
  })
  for (const workers of pools) {
    test(`under way, ${workersOf(workers)}; the next compilation finds the pool in order`, async () => {
      const controller = new AbortController()
      const seen: Progress[] = []
      const error = await errorOf(wasm, {
        workers,
        signal: controller.signal,
        onProgress(p) {
          seen.push(p)
          controller.abort()
        },
      })
      expect(error).toBe(controller.signal.reason)
      expect((error as Error).name).toBe('AbortError')
      expect(seen).toHaveLength(1)
      const next = await compileAsync(wasm, { target, workers })
      expect(next.image).toEqual(compile(wasm, { target }).image)
    })
  }
})

describe('workers that fail', () => {
  const script = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`)
  const poolOf = (text: string, workers = 2): WorkerPool =>
    new WorkerPool({ workers, spawn: (events) => spawnScript(script(text), events) })
  const scripts: [what: string, text: string, why: RegExp][] = [
    ['exit', `process.on('exit', () => {}); process.exit(3)`, /died at units \d+ to \d+: it exited with code 3/],
    [
      'exit at the second message',
      `import { parentPort } from 'node:worker_threads'
       let n = 0; parentPort.on('message', () => { if (++n === 2) process.exit(4) })`,
      /died at units \d+ to \d+: it exited with code 4/,
    ],
    ['throw', `throw new Error('no good')`, /died at units \d+ to \d+: no good/],
    ['do not parse', 'this is no script', /died at units \d+ to \d+: /],
    [
      'are of another version',
      `import { parentPort } from 'node:worker_threads'
       parentPort.on('message', () => {}); parentPort.postMessage({ kind: 'hello', build: 'other' })`,
      /another version/,
    ],
  ]
  for (const [what, text, why] of scripts) {
    test(what, async () => {
      const pool = poolOf(text)
      for (let i = 0; i < 2; i++) {
        const error = await errorOf(wasm, { workers: pool })
        expect(error).toBeInstanceOf(WorkerError)
        expect((error as Error).message).toMatch(why)
      }
      pool.close()
    })
  }

  test('run out of memory', async () => {
    const real = new URL('../src/workers/node-worker.ts', import.meta.url)
    const pool = new WorkerPool({ workers: 1, spawn: (events) => spawnScript(real, events, { maxHeapMb: 12 }) })
    const error = await errorOf(manyFunctions(1500), { workers: pool })
    expect(error).toBeInstanceOf(WorkerError)
    expect((error as Error).message).toMatch(/memory/)
    pool.close()
  })

  test('cannot be started', async () => {
    const spawn = (): never => {
      throw new Error('not allowed here')
    }
    const error = await errorOf(wasm, { workers: new WorkerPool({ workers: 2, spawn }) })
    expect(error).toBeInstanceOf(WorkerError)
    expect((error as Error).message).toBe('a compile worker could not be started: not allowed here')
  })

  test('one dies, the pool goes on', async () => {
    let started = 0
    const real = new URL('../src/workers/node-worker.ts', import.meta.url)
    const pool = new WorkerPool({
      workers: 1,
      spawn: (events) => spawnScript(started++ === 0 ? script('process.exit(1)') : real, events),
    })
    expect(await errorOf(wasm, { workers: pool })).toBeInstanceOf(WorkerError)
    expect((await compileAsync(wasm, { target, workers: pool })).image).toEqual(compile(wasm, { target }).image)
    expect(started).toBe(2)
    pool.close()
  })

  test('a pool that is closed: compilations under way and later ones fail', async () => {
    const pool = new WorkerPool({ workers: 2 })
    const failing = errorOf(wasm, { workers: pool })
    setTimeout(() => pool.close(), 20)
    expect(await failing).toEqual(new WorkerError('the pool was closed'))
    expect(await errorOf(wasm, { workers: pool })).toEqual(new WorkerError('the pool is closed'))
    expect(pool.workers).toBe(0)
  })
})

test('the process ends by itself: idle workers, a closed pool, a compilation given up', () => {
  const code = `import { compileAsync, WorkerPool } from '@k23/codegen'
    const wasm = Buffer.from('${Buffer.from(manyFunctions(4)).toString('base64')}', 'base64')
    await compileAsync(wasm, { target: 'riscv64', workers: 2 })
    const pool = new WorkerPool({ workers: 1 })
    await compileAsync(wasm, { target: 'riscv64', workers: pool })
    pool.close()
    const controller = new AbortController()
    const given = compileAsync(wasm, { target: 'riscv64', workers: 1, signal: controller.signal }).catch((e) => e.name)
    controller.abort()
    console.log('end', await given)`
  const done = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 25_000,
  })
  expect(`${done.stderr}${done.error ?? ''}`).toBe('')
  expect([done.status, done.stdout]).toEqual([0, 'end AbortError\n'])
})
