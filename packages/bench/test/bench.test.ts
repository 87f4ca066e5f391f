import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { expect, test } from 'vitest'
import {
  asyncSuite,
  compileSuite,
  emulatorSuite,
  initialize,
  nativeSuite,
  PHASES,
  sampleText,
  transform,
  type ZlibInstance,
  zipModule,
} from '../src/index.ts'
import { median } from '../src/measure.ts'

const compile = { target: 'riscv64' }

/** The module on V8: what the driver does is judged apart from our own compiler. */
function onV8(): ZlibInstance {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(zipModule() as Uint8Array<ArrayBuffer>))
  const { buffer } = exports.memory as WebAssembly.Memory
  return {
    call: (name, ...args) => (exports[name] as (...args: number[]) => number | undefined)(...args) ?? 0,
    write: (address, bytes) => new Uint8Array(buffer).set(bytes, address),
    read: (address, length) => new Uint8Array(buffer).slice(address, address + length),
  }
}

test.each([0, 1, 32 << 10, 200_000])('the driver deflates and inflates %d bytes', (length) => {
  const zip = onV8()
  initialize(zip)
  const text = sampleText(length)
  expect(Buffer.compare(inflateRawSync(transform(zip, 'deflate', text)), text)).toBe(0)
  expect(Buffer.compare(transform(zip, 'inflate', new Uint8Array(deflateRawSync(text))), text)).toBe(0)
})

test('the driver reports a broken stream', () => {
  const zip = onV8()
  initialize(zip)
  expect(() => transform(zip, 'inflate', Uint8Array.of(7, 7, 7, 7))).toThrow(/inflate: process reports -3/)
})

test('the sample is the same every time, and as compressible as prose', () => {
  const text = sampleText(100_000)
  expect(Buffer.compare(text, sampleText(100_000))).toBe(0)
  const ratio = text.length / deflateRawSync(text).length
  expect(ratio).toBeGreaterThan(2)
  expect(ratio).toBeLessThan(6)
})

test('median', () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([5])]).toEqual([2, 2.5, 5])
})

test('the compile suite measures the zip.js module, and its phases make up the whole', () => {
  const { rows, skips } = compileSuite({ compile, runs: 2, only: 'zip.js' })
  expect(skips).toEqual([])
  const [row] = rows
  expect(row).toMatchObject({ program: 'zip.js', target: 'riscv64', functions: 77 })
  expect(row.warmRate).toBeCloseTo(row.bodyBytes / row.warmMs / 1e3)
  expect(row.coldMs).toBeGreaterThan(0)
  expect(Object.keys(row.phases)).toEqual(PHASES)
  const sum = Object.values(row.phases).reduce((a, b) => a + b, 0)
  // Both are times of whole compilations, in either order of warmth and with other work on the machine.
  expect(sum).toBeGreaterThan(row.warmMs / 10)
  expect(sum).toBeLessThan(row.warmMs * 10)
})

test('the async suite measures workers and caches on the module that comes with npm', async () => {
  const { rows, skips } = await asyncSuite({ compile, runs: 1, warmRuns: 2, only: 'zip.js' })
  expect([rows.length, skips]).toEqual([1, []])
  const [row] = rows
  expect(row).toMatchObject({ program: 'zip.js', target: 'riscv64' })
  expect(row.moduleBytes).toBe(zipModule().length)
  // (A cache that is not warm is an error of the suite itself.)
  expect(Math.min(row.twoWorkersMs, row.memoryCacheMs, row.fileCacheMs)).toBeGreaterThan(0)
})

test('the emulator suite counts instructions exactly and compares results', () => {
  const run = () => emulatorSuite({ compile, runs: 1, only: 'recursive fib' })[0]
  const row = run()
  expect(row.instructions).toBe(run().instructions)
  expect(row.instructions).toBeGreaterThan(1_000_000)
  expect(row.mips).toBeCloseTo(row.instructions / row.ms / 1e3)
})

test('the native suite does what it measures, or says what is missing', () => {
  const { rows, skip } = nativeSuite({ runs: 1 })
  if (skip !== undefined) {
    console.log(`skipped: native execution needs ${skip}`)
    return
  }
  expect(rows.map((r) => r.program)).toContain('enter and return')
  expect(rows.length).toBe(11)
  for (const row of rows) if (row.program !== 'interrupted by a timer') expect(row.ns, row.program).toBeGreaterThan(1)
})
