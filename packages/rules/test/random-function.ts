// Random functions over the opcodes that a rule list mentions. Operands need not have the types that the verifier asks for: matchers
// must agree on anything; only controlling types are always possible ones, which compiled matchers rely on.
import fc from 'fast-check'
import {
  ctrlAllows,
  Format,
  Func,
  I128,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  Op,
  opFormat,
  opNumResults,
  type Type,
} from '@k23/ir'

const TYPES: Type[] = [I32, I64, I8, I16, I128]
const CONSTANTS = [
  0,
  1,
  2,
  3,
  4,
  5,
  8,
  31,
  255,
  2047,
  2048,
  4094,
  4096,
  -1,
  -2,
  -2048,
  -2049,
  65536,
  2 ** 31 - 1,
  -(2 ** 31),
  2 ** 32,
  2 ** 40,
]

export interface Choice {
  op: number
  type: number
  args: number[]
  constant: number
  word: number
}

export function functions(ops: readonly number[], size: number): fc.Arbitrary<Func> {
  const pick = (n: number): fc.Arbitrary<number> => fc.integer({ min: 0, max: n - 1 })
  // Constants are frequent, since most patterns have one.
  const op = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom(...ops) },
    { weight: 1, arbitrary: fc.constant(Op.iconst) },
  )
  const choice = fc.record({
    op,
    type: pick(TYPES.length),
    args: fc.array(pick(8), { minLength: 3, maxLength: 3 }),
    constant: pick(CONSTANTS.length),
    word: pick(10),
  })
  return fc.array(choice, { minLength: 1, maxLength: size }).map(build)
}

export function build(choices: readonly Choice[]): Func {
  const f = new Func({} as never, {} as never)
  const block = f.makeBlock()
  f.appendBlock(block)
  for (const t of TYPES) f.appendBlockParam(block, t)
  for (const c of choices) {
    const format = opFormat[c.op]
    const possible = [...TYPES, 0 as Type].filter((t) => ctrlAllows(c.op, t))
    const ctrl = possible[c.type % possible.length] ?? (0 as Type)
    // Recent values, so that patterns of some depth come about.
    const args = c.args.map((n) => Math.max(0, f.numValues - 1 - n))
    const value = CONSTANTS[c.constant]
    const isConst = format === Format.UnaryImm
    const small = format === Format.Load || format === Format.Store ? value | 0 : c.word
    const inst = f.makeInst(
      c.op,
      ctrl,
      f.pool.from(isConst ? [] : args),
      isConst ? value | 0 : small,
      isConst ? Math.floor(value / 2 ** 32) | 0 : c.word,
    )
    const results = c.op === Op.call ? c.word & 1 : opNumResults[c.op]
    for (let i = 0; i < results; i++) f.appendResult(inst, ctrl === 0 ? I64 : ctrl)
    f.appendInst(inst as Inst, block)
  }
  return f
}

/** A function of exactly `n` instructions, the same for the same seed. */
export function functionOf(ops: readonly number[], n: number, seed: number): Func {
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >>> 8) % limit
  }
  const op = (): number => (random(3) === 0 ? Op.iconst : ops[random(ops.length)])
  const choice = (): Choice => ({
    op: op(),
    type: random(TYPES.length),
    args: [random(8), random(8), random(8)],
    constant: random(CONSTANTS.length),
    word: random(10),
  })
  return build(Array.from({ length: n }, choice))
}
