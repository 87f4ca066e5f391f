// Random CLIF programs: the interpreter against riscv64 code on the emulator, under random arguments, CPU features and register
// allocators, with the allocator's checker on.
//
//   K23_FUZZ_SECONDS   how long the tagged test runs (default 5; with K23_LONG=1, 300)
//   K23_FUZZ_SEED      where it starts; a failure names the seed of its program
import { opName } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import {
  compare,
  filetest,
  functionsOf,
  kindOf,
  randomArguments,
  randomConfig,
  supportedShapes,
} from './fuzz-differ.ts'
import { OTHER_OPCODES, Random, randomProgram, type Shape } from './fuzz-generate.ts'
import { reduce } from './fuzz-reduce.ts'

const CALLS = 6
const seconds = Number(process.env.K23_FUZZ_SECONDS ?? (process.env.K23_LONG === '1' ? 300 : 5))

let known: readonly Shape[] | undefined
function shapes(): readonly Shape[] {
  known ??= supportedShapes()
  return known
}

const count = { programs: 0, calls: 0, traps: 0, open: 0 }

/** Runs the program of a seed; throws with a reduced filetest where the two differ. */
function runSeed(seed: number): void {
  const random = new Random(seed)
  const program = randomProgram(random, shapes())
  const config = randomConfig(random)
  const lists = Array.from({ length: CALLS }, () => randomArguments(random, program))
  const functions = functionsOf(program.text)
  if (functions === undefined) throw new Error(`the program of seed ${seed} is not valid:\n${program.text}`)
  const verdict = compare(functions, config, lists)
  count.programs++
  count.calls += verdict.compared
  count.traps += verdict.traps
  count.open += verdict.open
  if (verdict.difference === undefined) return
  const { args, why } = verdict.difference
  const kind = kindOf(why)
  const differs = (text: string): string | undefined => {
    const smaller = functionsOf(text)
    const main = smaller?.find((f) => f.name.kind === 'testcase' && f.name.name === 'main')
    if (smaller === undefined || main === undefined) return undefined
    const now = compare(smaller, config, [args]).difference?.why
    return now !== undefined && kindOf(now) === kind ? now : undefined
  }
  const small = reduce(program.text, (text) => differs(text) !== undefined)
  throw new Error(`seed ${seed}:\n${filetest(small, config, args, differs(small) ?? why)}`)
}

describe('random programs', () => {
  test('of a fixed list of seeds give the same results', () => {
    for (let seed = 1; seed <= 60; seed++) runSeed(seed)
    // The comparison is worth something: most calls give results, some trap, and few are left open.
    expect(count.calls).toBeGreaterThan(60 * CALLS * 0.8)
    expect(count.traps).toBeGreaterThan(0)
    expect(count.traps).toBeLessThan(count.calls / 2)
  })

  test('of random seeds give the same results', { tags: ['fuzz'], timeout: (seconds + 120) * 1000 }, () => {
    const start = Number(process.env.K23_FUZZ_SEED ?? Date.now() % 1_000_000_007)
    const end = performance.now() + seconds * 1000
    for (let seed = start; performance.now() < end; seed++) runSeed(seed)
    const opcodes = new Set([...shapes().map((s) => s.op), ...OTHER_OPCODES])
    console.log(
      `${count.programs} programs from seed ${start}, ${opcodes.size} opcodes at ${shapes().length} choices of types; ` +
        `${count.calls} calls compared, ${count.traps} of them trap, ${count.open} left open`,
    )
    expect(opcodes.size).toBeGreaterThan(90)
  })
})

test('a failing program is reduced to the lines that matter', () => {
  const { text } = randomProgram(new Random(5), shapes())
  const op = text.match(/= (\w+)\.\w+ v\d+, v\d+\n/)?.[1] as string
  expect(Object.values(opName)).toContain(op)
  const small = reduce(text, (t) => functionsOf(t) !== undefined && t.includes(`= ${op}`) && t.includes('%main'))
  expect(functionsOf(small)).toBeDefined()
  expect(small.split('\n').filter((l) => l.startsWith('    ') && l.includes(op))).toHaveLength(1)
  expect(small.split('\n').length).toBeLessThan(text.split('\n').length / 3)
})
