// Integer arithmetic and bits.
import { EQ, NE, SGE, SGT, SLE, SLT, UGE, UGT, ULE, ULT } from '../../condcodes.ts'
import { TRAP_INTEGER_DIVISION_BY_ZERO, TRAP_INTEGER_OVERFLOW } from '../../trapcode.ts'
import { bits, isVector, laneBits } from '../../types.ts'
import { ones } from '../lanes.ts'
import { Trap } from '../outcome.ts'
import { int1, int2, type PureEvaluator, type PureTable, signed1, signed2 } from './pure.ts'

const smallest = (w: number): bigint => -(1n << BigInt(w - 1))
const largest = (w: number): bigint => (1n << BigInt(w - 1)) - 1n

/** The nearest number that a signed integer of `w` bits can hold. */
export function clampSigned(x: bigint, w: number): bigint {
  return x < smallest(w) ? smallest(w) : x > largest(w) ? largest(w) : x
}
/** The nearest number that an unsigned integer of `w` bits can hold. */
export function clampUnsigned(x: bigint, w: number): bigint {
  return x < 0n ? 0n : x > ones(w) ? ones(w) : x
}

const signedTest =
  (holds: (x: bigint, y: bigint) => boolean) =>
  (x: bigint, y: bigint, w: number): boolean =>
    holds(BigInt.asIntN(w, x), BigInt.asIntN(w, y))

/** By condition code, on unsigned lanes of `w` bits. */
const comparisons: { readonly [cc: number]: (x: bigint, y: bigint, w: number) => boolean } = {
  [EQ]: (x, y) => x === y,
  [NE]: (x, y) => x !== y,
  [SLT]: signedTest((x, y) => x < y),
  [SGE]: signedTest((x, y) => x >= y),
  [SGT]: signedTest((x, y) => x > y),
  [SLE]: signedTest((x, y) => x <= y),
  [ULT]: (x, y) => x < y,
  [UGE]: (x, y) => x >= y,
  [UGT]: (x, y) => x > y,
  [ULE]: (x, y) => x <= y,
}

/** 1 for a scalar, all ones for a lane. */
export function truth(holds: boolean, vector: boolean): bigint {
  return holds ? (vector ? -1n : 1n) : 0n
}

const icmp: PureEvaluator = (args, inst) => {
  const vector = isVector(inst.args[0])
  return int2((x, y, w) => truth(comparisons[inst.imm0](x, y, w), vector))(args, inst)
}

// ---- division traps

function nonZero(y: bigint): bigint {
  if (y === 0n) throw new Trap(TRAP_INTEGER_DIVISION_BY_ZERO)
  return y
}

function signedQuotient(x: bigint, y: bigint, w: number): bigint {
  const q = x / nonZero(y)
  if (q > largest(w)) throw new Trap(TRAP_INTEGER_OVERFLOW)
  return q
}

// ---- results with a flag: the exact number, and whether the type cannot hold it

type Exact = (x: bigint, y: bigint, carry: bigint) => bigint

function overflowing(read: (w: number, x: bigint) => bigint, exact: Exact): PureEvaluator {
  return ([x, y, carry = 0n], { args: [t] }) => {
    const w = laneBits(t)
    const n = exact(read(w, x), read(w, y), carry === 0n ? 0n : 1n)
    return [BigInt.asUintN(w, n), read(w, n) === n ? 0n : 1n]
  }
}
const unsignedOverflowing = (exact: Exact): PureEvaluator => overflowing(BigInt.asUintN, exact)
const signedOverflowing = (exact: Exact): PureEvaluator => overflowing(BigInt.asIntN, exact)

const sum: Exact = (x, y, c) => x + y + c
const difference: Exact = (x, y, b) => x - y - b
const product: Exact = (x, y) => x * y

const uaddOverflowTrap: PureEvaluator = ([x, y], { args: [t], imm0 }) => {
  if (x + y > ones(laneBits(t))) throw new Trap(imm0)
  return x + y
}

// ---- bits

/** A shift or rotation of each lane by the scalar amount modulo the lane's width. */
function shift(f: (x: bigint, n: bigint, w: number) => bigint): PureEvaluator {
  return ([x, y], inst) => int1((lane, w) => f(lane, y % BigInt(w), w))([x], inst)
}

function bitReverse(x: bigint, w: number): bigint {
  let out = 0n
  for (let i = 0, rest = x; i < w; i++, rest >>= 1n) out = (out << 1n) | (rest & 1n)
  return out
}

/** The low `w` bits with their bytes in reverse order. */
export function byteReverse(x: bigint, w: number): bigint {
  let out = 0n
  for (let i = 0, rest = x; i < w; i += 8, rest >>= 8n) out = (out << 8n) | (rest & 255n)
  return out
}

function leadingZeros(x: bigint, w: number): bigint {
  return BigInt(x === 0n ? w : w - x.toString(2).length)
}

function trailingZeros(x: bigint, w: number): bigint {
  return x === 0n ? BigInt(w) : BigInt((x & -x).toString(2).length - 1)
}

/** Bits behind the sign bit that equal it: the leading zeros of the value or, where it is negative, of its complement, less one. */
function leadingSigns(x: bigint, w: number): bigint {
  return leadingZeros(x < 0n ? ~x : x, w) - 1n
}

function countOnes(x: bigint): bigint {
  let n = 0n
  for (let rest = x; rest !== 0n; rest >>= 1n) n += rest & 1n
  return n
}

/** Each bit by itself, on values of any type. */
const bitwise =
  (f: (x: bigint, y: bigint) => bigint): PureEvaluator =>
  ([x, y]) =>
    f(x, y)

// biome-ignore format: table
export const intEvaluators: PureTable = {
  icmp,
  iadd:               int2((x, y) => x + y),
  isub:               int2((x, y) => x - y),
  ineg:               int1((x) => -x),
  iabs:               signed1((x) => (x < 0n ? -x : x)),
  imul:               int2((x, y) => x * y),
  umulhi:             int2((x, y, w) => (x * y) >> BigInt(w)),
  smulhi:             signed2((x, y, w) => (x * y) >> BigInt(w)),
  udiv:               int2((x, y) => x / nonZero(y)),
  sdiv:               signed2(signedQuotient),
  urem:               int2((x, y) => x % nonZero(y)),
  srem:               signed2((x, y) => x % nonZero(y)),
  smin:               signed2((x, y) => (x < y ? x : y)),
  umin:               int2((x, y) => (x < y ? x : y)),
  smax:               signed2((x, y) => (x > y ? x : y)),
  umax:               int2((x, y) => (x > y ? x : y)),
  avg_round:          int2((x, y) => (x + y + 1n) >> 1n),
  uadd_sat:           int2((x, y, w) => clampUnsigned(x + y, w)),
  sadd_sat:           signed2((x, y, w) => clampSigned(x + y, w)),
  usub_sat:           int2((x, y, w) => clampUnsigned(x - y, w)),
  ssub_sat:           signed2((x, y, w) => clampSigned(x - y, w)),
  sqmul_round_sat:    signed2((x, y, w) => clampSigned((x * y + (1n << BigInt(w - 2))) >> BigInt(w - 1), w)),
  uadd_overflow_cin:  unsignedOverflowing(sum),
  sadd_overflow_cin:  signedOverflowing(sum),
  usub_overflow_bin:  unsignedOverflowing(difference),
  ssub_overflow_bin:  signedOverflowing(difference),
  uadd_overflow:      unsignedOverflowing(sum),
  sadd_overflow:      signedOverflowing(sum),
  usub_overflow:      unsignedOverflowing(difference),
  ssub_overflow:      signedOverflowing(difference),
  umul_overflow:      unsignedOverflowing(product),
  smul_overflow:      signedOverflowing(product),
  uadd_overflow_trap: uaddOverflowTrap,

  band:               bitwise((x, y) => x & y),
  bor:                bitwise((x, y) => x | y),
  bxor:               bitwise((x, y) => x ^ y),
  bnot:               ([x], { results: [r] }) => x ^ ones(bits(r)),
  rotl:               shift((x, n, w) => (x << n) | (x >> (BigInt(w) - n))),
  rotr:               shift((x, n, w) => (x >> n) | (x << (BigInt(w) - n))),
  ishl:               shift((x, n) => x << n),
  ushr:               shift((x, n) => x >> n),
  sshr:               shift((x, n, w) => BigInt.asIntN(w, x) >> n),
  bitrev:             int1(bitReverse),
  clz:                int1(leadingZeros),
  cls:                signed1(leadingSigns),
  ctz:                int1(trailingZeros),
  bswap:              int1(byteReverse),
  popcnt:             int1(countOnes),
}
