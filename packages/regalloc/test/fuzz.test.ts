// Random programs, each allocated by every algorithm and proven by the checker. K23_LONG=1: 200,000 programs per
// algorithm; under the tag `fuzz` as many as K23_FUZZ_SECONDS allow, from a seed that differs from run to run.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Algorithm, allocate, printProgram, programInput } from '../src/index.ts'
import { generateCase, listChoices, seededChoices } from '../src/fuzz/index.ts'

const algorithms: Algorithm[] = ['simple', 'single_pass', 'backtracking']
const runs = process.env.K23_LONG === '1' ? 200_000 : Number(process.env.K23_FUZZ_RUNS ?? 400)
/** Without a number the tests under the tag are a glance. */
const seconds = Number(process.env.K23_FUZZ_SECONDS ?? 1)
const small = { maxBlocks: 8, maxInstsPerBlock: 8 }
const large = { maxBlocks: 40, maxInstsPerBlock: 24 }

/** The decisions of the generator, as a list that shrinks. */
const decisions = fc.array(fc.nat(0xffff), { maxLength: 20_000, size: 'max' })

/** Undefined if all is well, else what is wrong and with what. */
function failure(choices: ReturnType<typeof listChoices>, algorithm: Algorithm, options = small): string | undefined {
  const { program, env } = generateCase(choices, options)
  const input = programInput(program)
  try {
    allocate(input, env, { algorithm, check: true })
    return undefined
  } catch (e) {
    return `${(e as Error).message}\n${JSON.stringify(env)}\n${printProgram(input)}`
  }
}

/** Tries a seed; fails with the smallest program that fails too. */
function attempt(seed: number, algorithm: Algorithm): void {
  const record: number[] = []
  const options = seed % 20 === 0 ? large : small
  if (failure(seededChoices(seed, record), algorithm, options) === undefined) return
  const shrunk = fc.check(
    fc.property(decisions, (list) => failure(listChoices(list), algorithm, options) === undefined),
    { examples: [[record]], numRuns: 1, interruptAfterTimeLimit: 10_000 },
  )
  expect.fail(`seed ${seed}\n${failure(listChoices(shrunk.counterexample?.[0] ?? record), algorithm, options)}`)
}

for (const algorithm of algorithms) {
  // Some milliseconds a program where the machine is busy.
  test(`${algorithm}: ${runs} random programs`, { timeout: 30_000 + 10 * runs }, () => {
    for (let seed = 1; seed <= runs; seed++) attempt(seed, algorithm)
  })

  test(`${algorithm}: new random programs`, { tags: ['fuzz'], timeout: seconds * 1000 + 60_000 }, () => {
    const end = performance.now() + (1000 * seconds) / algorithms.length
    for (let seed = Date.now() & 0x3fffffff; performance.now() < end; seed++) attempt(seed, algorithm)
  })

  test(`${algorithm}: programs from lists of decisions`, () => {
    fc.assert(
      fc.property(decisions, (list) => {
        const f = failure(listChoices(list), algorithm)
        if (f !== undefined) throw new Error(f)
      }),
      { numRuns: 200 },
    )
  })
}
