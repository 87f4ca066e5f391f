// Unwind rows of every back end: at every instruction that runs, they recover the state of every caller on the stack.
import { compile } from '@k23/codegen'
import { dataValue, I64, parseType } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import { Follower } from './follow.ts'
import { emulators, Guest } from './guest.ts'
import { Random, randomProgram } from './random-clif.ts'
import { leaf, unwindPrograms } from './unwind-programs.ts'

const allocators = ['single_pass', 'backtracking']
const PROGRAMS = process.env.K23_LONG === '1' ? 300 : 12

describe.each(emulators)('$name', (m) => {
  const follower = new Follower(new Guest(m))

  describe.each(allocators)('%s', (regalloc_algorithm) => {
    test.each(Object.entries(unwindPrograms))('%s', (_, { text, settings }) => {
      for (const features of m.target === 'riscv64' ? [{}, { has_c: true }] : [{}, { has_avx: true }]) {
        const program = follower.guest.load(text, {
          target: m.target,
          features,
          settings: { regalloc_algorithm, ...settings },
        })
        for (const args of [
          [5n, 0n],
          [5n, 3n],
        ])
          expect(
            follower.run(
              program,
              args.map((a) => dataValue(I64, a)),
            ),
          ).toBeGreaterThan(30)
      }
    })
  })

  test('random programs', () => {
    let unwound = 0
    for (let seed = 1; seed <= PROGRAMS; seed++) {
      const { f, g, params } = randomProgram(seed)
      const random = new Random(seed)
      const settings = {
        regalloc_algorithm: allocators[seed % 2],
        enable_probestack: random.below(2) === 0,
        preserve_frame_pointers: random.below(2) === 0,
      }
      const program = follower.guest.load(`${f}\n${g}`, { target: m.target, settings })
      const args = params.map((t) => dataValue(parseType(t), random.integer(Number(t.slice(1)))))
      unwound += follower.run(program, args)
    }
    expect(unwound).toBeGreaterThan(200 * PROGRAMS)
  })

  test('without unwind_info there are no rows', () => {
    const off = compile(leaf, { target: m.target, settings: { unwind_info: false } })
    expect(off.functions[0].unwind).toEqual([])
    expect(compile(leaf, { target: m.target }).functions[0].unwind.length).toBeGreaterThan(0)
  })
})
