// Lanes: moving them about, and arithmetic across them.
import { floatFormat } from '../../text/floats.ts'
import { bits, laneBits, laneCount, type Type } from '../../types.ts'
import { join, ones, signedLanes, split } from '../lanes.ts'
import { undefinedBehaviour } from '../outcome.ts'
import { toInteger } from '../soft-float/convert.ts'
import { clampSigned } from './int.ts'
import { convert1, type PureEvaluator, type PureTable, signed2 } from './pure.ts'

const splat: PureEvaluator = ([x], { results: [r] }) => join(new Array<bigint>(laneCount(r)).fill(x), r)

/** Bytes of `table` by index; 0 where there is no such byte. */
function lookup(table: readonly bigint[], indices: readonly number[], type: Type): bigint {
  return join(
    indices.map((i) => table[i] ?? 0n),
    type,
  )
}

const swizzle: PureEvaluator = ([x, y], { args: [t, u], results: [r] }) =>
  lookup(split(x, t), split(y, u).map(Number), r)

/** Bit 7 of an index asks for 0, and bits 4 to 6 do not count. */
const pshufb: PureEvaluator = ([x, y], { args: [t, u], results: [r] }) =>
  lookup(
    split(x, t),
    split(y, u).map((i) => (i >= 128n ? -1 : Number(i & 15n))),
    r,
  )

const shuffle: PureEvaluator = ([x, y], { args: [t], results: [r], bytes }) =>
  lookup([...split(x, t), ...split(y, t)], [...(bytes as Uint8Array)], r)

const insertLane: PureEvaluator = ([x, y], { args: [t], imm0 }) => join(split(x, t).with(imm0, y), t)

const extractLane: PureEvaluator = ([x], { args: [t], imm0 }) => split(x, t)[imm0]

/** At a scale of 1 a dynamic vector has one part, itself. */
const extractVector: PureEvaluator = ([x], { imm0 }) =>
  imm0 === 0 ? x : undefinedBehaviour(`part ${imm0} of a dynamic vector whose scale is 1`)

const topBits: PureEvaluator = ([x], { args: [t], results: [r] }) => {
  let out = 0n
  split(x, t).forEach((lane, i) => (out |= (lane >> BigInt(laneBits(t) - 1)) << BigInt(i)))
  return BigInt.asUintN(bits(r), out)
}

function pairwiseSums(lanes: readonly bigint[]): bigint[] {
  return lanes.flatMap((a, i) => (i % 2 === 0 ? [a + lanes[i + 1]] : []))
}

const addPairwise: PureEvaluator = ([x, y], { args: [t] }) =>
  join([...pairwiseSums(split(x, t)), ...pairwiseSums(split(y, t))], t)

const pmaddubsw: PureEvaluator = ([x, y], { args: [t], results: [r] }) => {
  const ys = split(y, t)
  const products = signedLanes(x, t).map((a, i) => a * ys[i])
  return join(
    pairwiseSums(products).map((s) => clampSigned(s, laneBits(r))),
    r,
  )
}

/** Truncated; whatever the signed integer cannot hold, NaN included, becomes its least value. */
const truncateOrLeast = convert1((x, from, to) => {
  const w = laneBits(to)
  const n = toInteger(x, floatFormat(from))
  return typeof n === 'bigint' && clampSigned(n, w) === n ? n : 1n << BigInt(w - 1)
})

const blendByTopBit: PureEvaluator = ([c, x, y], { args: [t] }) => {
  const xs = split(x, t)
  const ys = split(y, t)
  return join(
    split(c, t).map((lane, i) => (lane >> BigInt(laneBits(t) - 1) === 1n ? xs[i] : ys[i])),
    t,
  )
}

const select: PureEvaluator = ([c, x, y]) => (c !== 0n ? x : y)

// biome-ignore format: table
export const vectorEvaluators: PureTable = {
  splat,
  swizzle,
  insertlane:           insertLane,
  extractlane:          extractLane,
  shuffle,
  scalar_to_vector:     ([x]) => x,
  extract_vector:       extractVector,
  vany_true:            ([x]) => (x !== 0n ? 1n : 0n),
  vall_true:            ([x], { args: [t] }) => (split(x, t).every((l) => l !== 0n) ? 1n : 0n),
  vhigh_bits:           topBits,
  iadd_pairwise:        addPairwise,
  x86_pmulhrsw:         signed2((x, y, w) => (((x * y) >> BigInt(w - 2)) + 1n) >> 1n),
  x86_pmaddubsw:        pmaddubsw,
  x86_cvtt2dq:          truncateOrLeast,
  x86_pshufb:           pshufb,
  blendv:               blendByTopBit,
  select,
  select_spectre_guard: select,
  bitselect:            ([c, x, y], { results: [r] }) => (c & x) | ((c ^ ones(bits(r))) & y),
}
