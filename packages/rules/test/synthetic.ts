// A synthetic rule list of any size over real opcodes, in the proportions of a real back end: many patterns of depth two and three, constant
// ranges, features, a general rule per opcode and type set behind the special ones.
import * as R from '@k23/rules'
import type { TestContext } from './context.ts'

const rule = R.lowering<TestContext>()
const BINARY = [
  'iadd',
  'isub',
  'band',
  'bor',
  'bxor',
  'imul',
  'ishl',
  'ushr',
  'sshr',
  'rotl',
  'umin',
  'smax',
  'udiv',
  'srem',
] as const
const UNARY = ['ineg', 'bnot', 'clz', 'ctz', 'popcnt', 'bswap', 'uextend', 'sextend'] as const
type Term2 = (x: R.ValuePat, y: R.ValuePat) => R.ValuePat
const binary: Record<string, Term2> = Object.fromEntries(
  Object.entries(R).filter(([n]) => (BINARY as readonly string[]).includes(n)),
) as Record<string, Term2>
const unaryOps = Object.fromEntries(
  Object.entries(R).filter(([n]) => (UNARY as readonly string[]).includes(n)),
) as Record<string, (x: R.ValuePat) => R.ValuePat>
const features = Array.from({ length: 12 }, (_, i) => R.feature(`f${i}`, i))

/** The list of `n` rules, the same for the same `n`. */
export function syntheticRules(n: number): R.Rule[] {
  let seed = 12345
  const random = (limit: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
    return (seed >>> 8) % limit
  }
  const special: R.Rule[] = []
  const texts = new Set<string>()
  for (let i = 0; special.length < n - 2 * BINARY.length - UNARY.length; i++) {
    const outer = BINARY[random(BINARY.length)]
    const inner = BINARY[random(BINARY.length)]
    const unary = UNARY[random(6)]
    const [types, low] = [[R.i64, R.i32, R.w32or64, R.fits64][random(4)], random(60) * 32]
    const range = R.uintRange(low, low + random(31))
    const flag = features[random(12)]
    const has = random(4) === 0 ? [random(2) === 0 ? flag : R.not(flag)] : []
    const shape = random(7)
    const text = `${outer} ${inner} ${unary} ${types.name ?? types.mask} ${low} ${shape} ${has.map((h) => h.name + h.want)}`
    if (texts.has(text)) continue
    texts.add(text)
    const name = `r${i}`
    const [o, p, u] = [binary[outer], binary[inner], unaryOps[unary]]
    const emit2 = (c: TestContext, t: number, x: number, y: number): number => c.emit(name, t, x, y)
    if (shape === 0) special.push(rule(name, types, [R.val, range], (x, k) => o(x, R.iconst(k)), emit2, { has }))
    else if (shape === 1)
      special.push(
        rule(
          name,
          types,
          [R.val, R.val, range],
          (x, y, k) => o(x, p(y, R.iconst(k))),
          (c, t, x, y, k) => c.emit(name, t, x, y, k),
          { has },
        ),
      )
    else if (shape === 2) special.push(rule(name, types, [R.val, R.val], (x, y) => o(u(x), y), emit2, { has }))
    else if (shape === 3) special.push(rule(name, types, [R.val, R.val], (x, y) => o(u(x), p(y, x)), emit2, { has }))
    else if (shape === 4)
      special.push(
        rule(
          name,
          types,
          [R.val, R.val, R.val],
          (x, y, z) => o(p(x, y), u(z)),
          (c, t, x, y, z) => c.emit(name, t, x, y, z),
          { has },
        ),
      )
    else if (shape === 5) special.push(rule(name, types, [R.val, R.sinkable], (x, l) => o(u(x), l), emit2, { has }))
    else
      special.push(
        rule(
          name,
          types,
          [R.cc('eq', 'slt'), R.val, R.val],
          (q, x, y) => o(u(x), R.uextend(R.icmp(q, x, y))),
          (c, t, q, x, y) => c.emit(name, t, q, x, y),
          { has },
        ),
      )
  }
  const general = BINARY.flatMap((op) => [
    rule(
      `${op}-imm`,
      R.fits64,
      [R.val, R.intRange(-2048, 2047)],
      (x, k) => binary[op](x, R.iconst(k)),
      (c, t, x, k) => c.emit(op, t, x, k),
    ),
    rule(
      op,
      R.fits64,
      [R.val, R.val],
      (x, y) => binary[op](x, y),
      (c, t, x, y) => c.emit(op, t, x, y),
    ),
  ])
  const unary = UNARY.map((op) =>
    rule(
      op,
      R.anyInt,
      [R.val],
      (x) => unaryOps[op](x),
      (c, t, x) => c.emit(op, t, x),
    ),
  )
  return [...withoutDead(special), ...general, ...unary]
}

/** Random rules contain one another now and then; the more special ones go first, those with fewer types and more flags. */
function withoutDead(rules: R.Rule[]): R.Rule[] {
  const weight = (r: R.Rule): number =>
    r.flags.length * -1000 + (r.types.mask & 0x3fn).toString(2).replaceAll('0', '').length
  return rules.toSorted((a, b) => weight(a) - weight(b))
}
