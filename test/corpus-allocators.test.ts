// Every program of wasm-corpus through both allocators on both targets, each allocation proven by the checker. Without K23_LONG=1 the modules of
// more than LARGE bytes are left out; they take most of the time.
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '@k23/codegen'
import { describe, expect, test } from 'vitest'
import { corpus } from './corpus-harness.ts'

const LARGE = 30_000
const long = process.env.K23_LONG === '1'

const modules = globSync('**/*.wasm', { cwd: corpus }).sort()

describe.skipIf(!existsSync(corpus))(`modules of ${corpus}`, () => {
  for (const path of modules) {
    test(path, { timeout: 600_000 }, (context) => {
      const bytes = new Uint8Array(readFileSync(join(corpus, path)))
      if (!long && bytes.length > LARGE) return context.skip(`${bytes.length} bytes: K23_LONG=1 compiles it`)
      for (const [target, features] of [
        ['riscv64', { has_v: true }],
        ['x64', {}],
      ] as const) {
        const [single, backtracking] = ['single_pass', 'backtracking'].map((regalloc_algorithm) => {
          const settings = { regalloc_algorithm, regalloc_checker: true }
          const { functions } = compile(bytes, { target, features, settings })
          expect(functions.length).toBeGreaterThan(0)
          return functions.reduce((n, f) => n + f.stats.spills + f.stats.reloads, 0)
        })
        // In the code of ed25519 on x64, straight-line and short of registers, backtracking has an eighth more of them.
        expect(backtracking, target).toBeLessThan(target === 'x64' ? 1.25 * single : single)
      }
    })
  }
})
