// Real programs on the kernel: output and exit code as expected, or as on V8 where the data says nothing. K23_LONG=1 runs all of them on all machines,
// the short ones also unoptimized, and prints how long each took.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createRiscv64Machine } from '@k23/emulator/riscv64'
import { createX64Machine } from '@k23/emulator/x64'
import type { Machine } from '@k23/machine'
import { createNativeMachine, nativeMissing } from '@k23/native'
import { describe, expect, test } from 'vitest'
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
  ['libsodium/libsodium-sign',      15784],
  ['pulldown-cmark/benchmark',        215],
  ['quicksort/benchmark',             106],
  ['regex/benchmark',                 196],
  ['richards/benchmark',              260],
  ['rust-json/benchmark',             191],
  ['shootout/shootout-ackermann',      12],
  ['shootout/shootout-base64',       2141],
  ['shootout/shootout-ed25519',     58790],
  ['shootout/shootout-fib2',        15172],
  ['shootout/shootout-gimli',          18],
  ['shootout/shootout-heapsort',     6916],
  ['shootout/shootout-keccak',         79],
  ['shootout/shootout-matrix',       6101],
  ['shootout/shootout-memmove',        11],
  ['shootout/shootout-minicsv',      8424],
  ['shootout/shootout-nestedloop',      1],
  ['shootout/shootout-sieve',        7057],
  ['shootout/shootout-switch',        286],
  ['shootout/shootout-xblabla20',      18],
  ['sqlite3/sqlite3',               20231],
]

const TIMEOUT = long ? 4 * 3600_000 : 120_000

function expectedOutput(path: string): { exit: number; stdout: Uint8Array; stderr: Uint8Array } {
  const file = join(corpus, path)
  if (!existsSync(`${file}.stdout.expected`)) return runOnV8(`${file}.wasm`, dirname(file))
  return { exit: 0, stdout: readFileSync(`${file}.stdout.expected`), stderr: readFileSync(`${file}.stderr.expected`) }
}

function check(path: string, on: string, options: RunOptions, skip: (why: string) => never): void {
  const file = join(corpus, path)
  const r = runOnKernel(readFileSync(`${file}.wasm`), dirname(file), options)
  if (r.unfinished) return skip('executes more instructions than a short run gives: K23_LONG=1 runs it')
  const expected = expectedOutput(path)
  expect(Buffer.from(r.stdout).equals(expected.stdout), text(r.stdout, expected.stdout)).toBe(true)
  expect(Buffer.from(r.stderr).equals(expected.stderr), text(r.stderr, expected.stderr)).toBe(true)
  expect(r.exit).toBe(expected.exit)
  expect(r.marks).toEqual([1, 1])
  if (long) {
    const [compile, run, mega] = [r.compileMs, r.runMs, r.instructions / 1e6].map((n) => Math.round(n))
    const executed = r.instructions > 0 ? `, ${mega} million instructions` : ''
    console.log(`${path}, ${on}, ${options.optLevel}: compiled in ${compile} ms, ran in ${run} ms${executed}`)
  }
}

function text(found: Uint8Array, expected: Uint8Array): string {
  const cut = (b: Uint8Array): string => Buffer.from(b).toString('utf8').slice(0, 500)
  return `found ${found.length} bytes:\n${cut(found)}\nexpected ${expected.length} bytes:\n${cut(expected)}`
}

/** What a machine is called, what makes it, and what this host lacks for it. */
const machines: readonly { on: string; make: () => Machine & { close?: () => void }; missing?: string | undefined }[] =
  [
    { on: 'riscv64 emulator', make: () => createRiscv64Machine({ memoryBytes: 512 << 20 }) },
    { on: 'x64 emulator', make: () => createX64Machine({ memoryBytes: 512 << 20 }) },
    { on: "host's CPU", make: createNativeMachine, missing: nativeMissing() },
  ]

/** Whether a short run has it: each program where it takes seconds, which for the long ones is the host's CPU. */
function isInShortRun(on: string, millions: number): boolean {
  return on === (millions <= LONG_MILLIONS ? 'riscv64 emulator' : "host's CPU")
}

describe.skipIf(!existsSync(corpus))(`programs of wasm-corpus (from ${corpus})`, () => {
  for (const { on, make, missing } of machines) {
    for (const [path, millions] of programs) {
      for (const optLevel of millions <= LONG_MILLIONS && long ? (['speed', 'none'] as const) : (['speed'] as const)) {
        const name = `${path}, ${on}${optLevel === 'none' ? ', unoptimized' : ''}`
        test(name, { timeout: TIMEOUT }, (context) => {
          const skip = (why: string): never => context.skip(why)
          if (missing !== undefined) return skip(`native execution needs ${missing}`)
          if (!long && !isInShortRun(on, millions)) return skip(`${millions} million instructions: K23_LONG=1 runs it`)
          // Programs that nothing is known about yet stop after as many.
          const fuel = millions === 0 && !long ? { fuel: LONG_MILLIONS * 1e6 } : {}
          const machine = make()
          try {
            check(path, on, { machine, optLevel, ...fuel }, skip)
          } finally {
            machine.close?.()
          }
        })
      }
    }
  }
})
