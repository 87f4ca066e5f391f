// Every pure opcode at every type that its row allows: results come out, in the number and within the bits of their types.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  bits,
  bytes,
  ctrlAllows,
  dynamicOf,
  F16,
  F32X4,
  F64X2,
  FORMATS,
  I16X8,
  I32X4,
  I64X2,
  I8,
  I8X16,
  INVALID,
  operandConstraint,
  opFormat,
  opName,
  opNumOperands,
  opNumResults,
  resultType,
  satisfies,
  type Type,
  typeName,
  vectorOf,
} from '../src/index.ts'
import { applyPure, concrete, PURE } from '../src/interpreter/eval/eval-pure.ts'
import { Trap } from '../src/interpreter/outcome.ts'

const scalars = Array.from({ length: 9 }, (_x, i) => (i + 1) as Type)
const TYPES: readonly Type[] = [
  ...scalars,
  ...[I8X16, I16X8, I32X4, I64X2, F32X4, F64X2, vectorOf(F16, 8)],
  ...scalars.flatMap((t) => [vectorOf(t, 2), vectorOf(t, 4)]),
  ...[vectorOf(I8, 8), vectorOf(I8, 256), vectorOf(F16, 16)],
  ...[I8X16, I32X4, F32X4].map(dynamicOf),
]

/** All operand types that a row allows under `ctrl`. */
function operandTypes(op: number, ctrl: Type): Type[][] {
  let out: Type[][] = [[]]
  for (let i = 0; i < opNumOperands[op]; i++) {
    const fit = TYPES.filter((t) => satisfies(operandConstraint(op, i), t, ctrl))
    out = out.flatMap((prefix) => fit.map((t) => [...prefix, t]))
  }
  // A bitcast keeps the size.
  return opName[op] === 'bitcast' ? out.filter(([t]) => bits(t) === bits(ctrl)) : out
}

function imm0(op: number): number {
  return FORMATS[opFormat[op]] === 'IntCompare' ? 2 : FORMATS[opFormat[op]] === 'FloatCompare' ? 9 : 0
}

test('results of every pure opcode at every type', () => {
  let combinations = 0
  const seen = new Set<number>()
  for (let op = 1; op < opName.length; op++) {
    const evaluator = PURE[op]
    if (evaluator === undefined) continue
    for (const ctrl of [INVALID, ...TYPES]) {
      if (!ctrlAllows(op, ctrl)) continue
      const results = Array.from({ length: opNumResults[op] }, (_x, i) => concrete(resultType(op, i, ctrl)))
      for (const types of operandTypes(op, ctrl)) {
        combinations++
        seen.add(op)
        const args = types.map(concrete)
        const inst = { args, results, imm0: imm0(op), imm1: 0, bytes: new Uint8Array(bytes(results[0])).fill(0xff) }
        const values = args.map((t) => fc.bigInt({ min: 0n, max: (1n << BigInt(bits(t))) - 1n }))
        fc.assert(
          fc.property(fc.tuple(...values), (xs) => {
            try {
              const got = applyPure(evaluator, xs, inst)
              const fits =
                got.length === results.length && got.every((x, i) => x >= 0n && x < 1n << BigInt(bits(results[i])))
              if (!fits)
                throw new Error(`${opName[op]}.${typeName(ctrl)} ${types.map(typeName).join(', ')}: ${got.join(', ')}`)
            } catch (e) {
              if (!(e instanceof Trap)) throw e
            }
          }),
          { numRuns: 4 },
        )
      }
    }
  }
  for (let op = 1; op < opName.length; op++) if (PURE[op] !== undefined) expect(seen.has(op), opName[op]).toBe(true)
  expect(combinations).toBeGreaterThan(1500)
})
