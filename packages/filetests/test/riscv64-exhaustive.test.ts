// Every pure opcode at every i8, on riscv64: with no features and with all, by each allocator; the bits above narrow values are whatever the loop left there.
import { dataValue, formatDataValues, I64, parseFunctions, unsignedBits } from '@k23/ir'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import type { Runnable } from '../src/index.ts'
import { digest, exhaustiveCases } from './exhaustive-cases.ts'

const cases = exhaustiveCases()
const functions = parseFunctions(cases.map((c) => c.text).join('\n')).functions.map((f) => f.func)

// biome-ignore format: table
const variants = [
  ['no features',  [], 'single_pass'],
  ['all features', ['has_zba', 'has_zbb', 'has_zbs', 'has_zbkb', 'has_zicond', 'has_c', 'has_zcb', 'has_zfa', 'has_zfh'], 'backtracking'],
] as const

const compiled = variants.map(([name, features, algorithm]): [string, Runnable] => {
  const code = createEmulatedBackend({ algorithm }).compile(functions, {
    target: 'riscv64',
    flags: new Map(features.map((f) => [f, 'true'])),
    settings: new Map(),
    opt: 'none',
  })
  if ('unsupported' in code) throw new Error(code.unsupported)
  return [name, code]
})

describe('every i8', () => {
  test.each(cases)('$name', (c) => {
    const of = (code: Runnable, from: number, to: number): number => {
      const outcome = code.invoke(c.name, [dataValue(I64, from), dataValue(I64, to)])
      if (!('results' in outcome)) throw new Error(JSON.stringify(outcome))
      return Number(BigInt.asIntN(32, unsignedBits(outcome.results[0])))
    }
    const want = digest(c, 0, c.count)
    for (const [name, code] of compiled) {
      if (of(code, 0, c.count) === want) continue
      // Where it goes wrong first.
      let [low, high] = [0, c.count]
      while (high - low > 1) {
        const middle = (low + high) >> 1
        if (of(code, low, middle) === digest(c, low, middle)) low = middle
        else high = middle
      }
      const results = formatDataValues(c.results(low) ?? [])
      expect.fail(`${name}: operands 0x${low.toString(16)}, lowest byte first: not ${results}`)
    }
  })

  test('enough of them', () => {
    const lists = cases.reduce((n, c) => n + c.count, 0)
    console.log(`${cases.length} operations, ${lists} lists of operands`)
    expect(cases.length).toBeGreaterThan(68)
  })
})
