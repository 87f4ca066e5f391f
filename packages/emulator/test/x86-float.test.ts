// SSE arithmetic with the host's numbers against exact software, over edge and random operands of every operation and width. What software gives is
// compared with CPUs by the tests of x64's rows.
import { expect, test } from 'vitest'
import * as x86 from '../src/float/x86.ts'
import { signatureOf, X86_FLOAT_OPS, type X86FloatOp, type X86Operand } from '../src/float/x86.ts'
import { x86Soft } from '../src/float/x86-soft.ts'
import { Random, randomFloatBits, randomValue } from './states.ts'

const RUNS = process.env.K23_LONG === '1' ? 50_000 : 2_000
const functions = x86 as unknown as Readonly<Record<string, (...args: number[]) => number>>
const low = (v: bigint): number => Number(BigInt.asIntN(32, v))
const high = (v: bigint): number => Number(BigInt.asIntN(32, v >> 32n))

function operand(random: Random, what: X86Operand, bits: 16 | 32 | 64, op: X86FloatOp): bigint {
  if (what === 'f') return randomFloatBits(random, bits)
  // A rounding mode, or an integer
  if (op === 'round' || op === 'toF16') return BigInt(random.below(4))
  return BigInt.asUintN(what === 'w' ? 32 : 64, randomValue(random))
}

for (const op of Object.keys(X86_FLOAT_OPS) as X86FloatOp[]) {
  for (const bits of [16, 32, 64] as const) {
    const f = functions[`${op}${bits}`]
    if (f === undefined) continue
    test(`${op}${bits}`, () => {
      const random = new Random(op.length * 1000 + bits)
      const { args, result } = signatureOf(op)
      const isWide = (what: X86Operand): boolean => what === 'q' || what === 'd' || (what === 'f' && bits === 64)
      for (let k = 0; k < RUNS; k++) {
        const values = args.map((what) => operand(random, what, bits, op))
        // Sums that nearly cancel
        if (args.length === 3 && k % 4 === 0)
          values[2] = x86Soft('mul', bits, values[0], values[1]) ^ BigInt(random.below(4))
        const lo = f(...values.flatMap((v, i) => (isWide(args[i]) ? [low(v), high(v)] : [low(v)])))
        const got = isWide(result) ? (BigInt(x86.high >>> 0) << 32n) | BigInt(lo >>> 0) : BigInt(lo >>> 0)
        const wanted = x86Soft(op, bits, values[0], values[1] ?? 0n, values[2] ?? 0n)
        if (got !== wanted) expect([values, got], op).toEqual([values, wanted])
      }
    })
  }
}

test('every operation has a function', () => {
  const without = Object.keys(X86_FLOAT_OPS).filter((op) => ![16, 32, 64].some((bits) => `${op}${bits}` in functions))
  expect(without).toEqual([])
})
