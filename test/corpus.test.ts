// Real programs on the kernel: output and exit code as expected, or as on V8 where the data says nothing. K23_LONG=1 runs all of them, the short
// ones also unoptimized, and prints a table.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createNativeMachine, nativeMissing } from '@k23/native'
import { afterAll, describe, expect, test } from 'vitest'
import { corpus, type RunOptions, runOnKernel, runOnV8 } from './corpus-harness.ts'

const long = process.env.K23_LONG === '1'

/** Above this many millions of instructions a program is run with K23_LONG=1 only: some ten seconds on the emulator. */
const LONG_MILLIONS = 1000

/** Instructions on riscv64 in millions, measured; where nothing is known yet, 0. */
// biome-ignore format: table
const programs: readonly [path: string, millions: number][] = [
  ['blake3-scalar/benchmark',          71],
  ['bz2/benchmark',                   189],
  ['libsodium/libsodium-chacha20',      9],
  ['libsodium/libsodium-generichash',  11],
  ['libsodium/libsodium-hash3',         1],
  ['libsodium/libsodium-scalarmult',   18],
  ['libsodium/libsodium-secretbox',     1],
  ['libsodium/libsodium-sign',      15767],
  ['pulldown-cmark/benchmark',        215],
  ['quicksort/benchmark',             106],
  ['regex/benchmark',                 196],
  ['richards/benchmark',              260],
  ['rust-json/benchmark',             191],
  ['shootout/shootout-ackermann',      12],
  ['shootout/shootout-base64',       2375],
  ['shootout/shootout-ed25519',     58747],
  ['shootout/shootout-fib2',        15606],
  ['shootout/shootout-gimli',          18],
  ['shootout/shootout-heapsort',     9262],
  ['shootout/shootout-keccak',         79],
  ['shootout/shootout-matrix',       8045],
  ['shootout/shootout-memmove',        11],
  ['shootout/shootout-minicsv',      8491],
  ['shootout/shootout-nestedloop',      1],
  ['shootout/shootout-sieve',        9041],
  ['shootout/shootout-switch',        286],
  ['shootout/shootout-xblabla20',      18],
  ['sqlite3/sqlite3',               20195],
]

const TIMEOUT = long ? 1_800_000 : 120_000
const rows: Record<string, string | number>[] = []

function expectedOutput(path: string): { exit: number; stdout: Uint8Array; stderr: Uint8Array } {
  const file = join(corpus, path)
  if (!existsSync(`${file}.stdout.expected`)) return runOnV8(`${file}.wasm`, dirname(file))
  return { exit: 0, stdout: readFileSync(`${file}.stdout.expected`), stderr: readFileSync(`${file}.stderr.expected`) }
}

function check(path: string, options: RunOptions, skip: (why: string) => never): void {
  const file = join(corpus, path)
  const r = runOnKernel(readFileSync(`${file}.wasm`), dirname(file), options)
  if (r.unfinished) return skip('executes more instructions than a short run gives: K23_LONG=1 runs it')
  const expected = expectedOutput(path)
  expect(Buffer.from(r.stdout).equals(expected.stdout), text(r.stdout, expected.stdout)).toBe(true)
  expect(Buffer.from(r.stderr).equals(expected.stderr), text(r.stderr, expected.stderr)).toBe(true)
  expect(r.exit).toBe(expected.exit)
  expect(r.marks).toEqual([1, 1])
  rows.push({
    program: path,
    opt: options.optLevel ?? 'speed',
    'compile ms': Math.round(r.compileMs),
    'run ms': Math.round(r.runMs),
    on: options.machine === undefined ? 'emulator' : "host's CPU",
    'M instructions': Math.round(r.instructions / 1e5) / 10,
    MIPS: Math.round(r.instructions / r.runMs / 1000),
  })
}

function text(found: Uint8Array, expected: Uint8Array): string {
  const cut = (b: Uint8Array): string => Buffer.from(b).toString('utf8').slice(0, 500)
  return `found ${found.length} bytes:\n${cut(found)}\nexpected ${expected.length} bytes:\n${cut(expected)}`
}

describe.skipIf(!existsSync(corpus))(`programs of wasm-corpus (from ${corpus})`, () => {
  for (const [path, millions] of programs) {
    const short = millions <= LONG_MILLIONS
    // Programs that nothing is known about yet stop after as many.
    const fuel = millions === 0 && !long ? { fuel: LONG_MILLIONS * 1e6 } : {}
    test(path, { timeout: TIMEOUT }, (context) => {
      const skip = (why: string): never => context.skip(why)
      if (!short && !long) skip(`${millions} million instructions: K23_LONG=1 runs it`)
      check(path, fuel, skip)
    })
    if (long && short)
      test(`${path}, unoptimized`, { timeout: TIMEOUT }, (context) =>
        check(path, { optLevel: 'none', ...fuel }, (why) => context.skip(why)),
      )
  }
  afterAll(() => {
    if (long) console.table(rows)
  })

  // What takes the emulator minutes takes the host's CPU seconds: the long ones always run there.
  const missing = nativeMissing()
  for (const [path, millions] of programs) {
    if (millions <= LONG_MILLIONS && !long) continue
    test(`${path}, on the host's CPU`, { timeout: TIMEOUT }, (context) => {
      if (missing !== undefined) return context.skip(`native execution needs ${missing}`)
      const machine = createNativeMachine()
      try {
        check(path, { machine }, (why) => context.skip(why))
      } finally {
        machine.close()
      }
    })
  }
})
