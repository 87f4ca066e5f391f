// Random and edge operands and register states for tests of single instructions.
import { encode, rows, tables, vocabulary } from '@k23/isa-riscv64/insts'
import { compileTable } from '@k23/machinst/rows/compiler'
import type { CompiledRow, OperandInfo } from '@k23/machinst/rows'
import { riscv64Semantics } from '../src/riscv64/semantics.ts'

export const compiledRows: readonly CompiledRow[] = compileTable(rows, vocabulary)
/** Rows that have semantics of their own. */
export const semanticRows: readonly CompiledRow[] = compiledRows.filter((row) => row.id in riscv64Semantics)

/** A small seeded generator (xorshift32), so that a failure can be repeated. */
export class Random {
  private state: number
  constructor(seed: number) {
    this.state = seed | 1
  }
  next(): number {
    let s = this.state
    s ^= s << 13
    s ^= s >>> 17
    s ^= s << 5
    this.state = s
    return s >>> 0
  }
  below(n: number): number {
    return this.next() % n
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }
}

const EDGES: readonly bigint[] = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffffffffffffn,
  0xfffffffffffffffen,
  0xffffffff80000000n,
  0xffffffff7fffffffn,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
  0x0123456789abcdefn,
  0xff00ff00ff00ff00n,
]

/** A 64-bit value: an edge, a sparse one, or a random one. */
export function randomValue(random: Random): bigint {
  const kind = random.below(4)
  if (kind < 2) return random.pick(EDGES)
  const value = (BigInt(random.next()) << 32n) | BigInt(random.next())
  return kind === 2 ? value : BigInt.asUintN(64, BigInt.asIntN(64, value) >> BigInt(random.below(64)))
}

export function randomImmediate(random: Random, operand: OperandInfo): number {
  const { entry } = operand
  if (entry.kind !== 'immediate') throw new Error(`${operand.name} is no immediate`)
  const named = entry.names?.flatMap((n, i) => (n === undefined ? [] : [i]))
  if (named !== undefined && named.length > 0) return random.pick(named)
  const scale = entry.scale ?? 1
  const edges = [entry.min, entry.max, 0, 1, -1, ...(entry.edges ?? [])].map((e) => e - (e % scale))
  const legal = edges.filter((e) => e >= entry.min && e <= entry.max && !(entry.nonzero === true && e === 0))
  if (random.below(2) === 0) return random.pick(legal)
  const steps = Math.floor((entry.max - entry.min) / scale) + 1
  const value = entry.min + random.below(steps) * scale
  return value === 0 && entry.nonzero === true ? entry.max - (entry.max % scale) : value
}

/** Bits of a row with operands by name: register numbers and immediates. */
export function encodeRow(row: CompiledRow, operands: Readonly<Record<string, number>>): number {
  const words = new Int32Array(16)
  words[0] = row.opcode | (row.words << 16)
  let distance = 0
  for (const o of row.operands) {
    const value = operands[o.name]
    words[o.word] = o.entry.kind === 'register' ? (o.entry.bank * 64 + value) * 2 : value
    if (o.role === 'readwrite') words[o.word + 1] = words[o.word]
    if (o.entry.kind === 'immediate' && o.entry.pcRelative) distance = value
  }
  return encode(words, 0, distance)
}

export { tables }

/** Bits of a floating-point register for a row: edges and random values of its format, sometimes not boxed. */
export function randomFloat(random: Random, row: CompiledRow): bigint {
  if (/_h$|_h_|^f[ls]h$/.test(row.id) && random.below(6) !== 0) {
    // Halves are few enough to be dense at random; subnormals and the largest are frequent.
    const bits = BigInt(random.next() & random.pick([0xffff, 0x83ff, 0x8001, 0xffff]))
    return 0xffffffffffff0000n | (random.below(4) === 0 ? bits | 0x7800n : bits)
  }
  // fcvt_d_s reads a single
  const wide = /_d$|_d_|^f[ls]d$/.test(row.id) && !/_s$/.test(row.id)
  return wide
    ? randomDouble(random)
    : random.below(12) === 0
      ? randomDouble(random)
      : 0xffffffff00000000n | randomSingle(random)
}

/** A float of 16, 32 or 64 bits, not boxed. */
export function randomFloatBits(random: Random, width: number): bigint {
  if (width === 64) return randomDouble(random)
  if (width === 32) return randomSingle(random)
  const bits = BigInt(random.next() & random.pick([0xffff, 0x83ff, 0x8001, 0xbfff]))
  return random.below(5) === 0 ? bits | 0x7800n : bits
}

const DOUBLES = [
  // around the least normal single and half, where rounding decides whether a result is tiny
  2 ** -126 - 2 ** -151,
  2 ** -126 - 2 ** -150,
  2 ** -126 - 2 ** -152,
  2 ** -14 - 2 ** -26,
  2 ** -14 - 2 ** -25,
  0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  3,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 63,
  2 ** 64,
  1e300,
  1e-310,
  5e-324,
  1.1,
  -0,
  Infinity,
  -Infinity,
  2 ** 31 - 0.5,
  -(2 ** 63),
]

const view = new DataView(new ArrayBuffer(8))

function randomDouble(random: Random): bigint {
  const kind = random.below(8)
  const high = BigInt(random.next()) << 32n
  const bits = high | BigInt(random.next())
  if (kind < 3) {
    view.setFloat64(0, random.pick(DOUBLES))
    return view.getBigUint64(0)
  }
  // NaNs quiet and signaling, subnormals, values near each other, anything
  if (kind === 3) return 0x7ff0000000000001n | (bits & 0x800f00000000ffffn)
  if (kind === 4) return bits & 0x800fffffffffffffn
  if (kind === 5) return (bits & 0x801fffffffffffffn) | 0x3fe0000000000000n
  if (kind === 6) return (bits & 0x803000000000000fn) | 0x3fd0000000000000n
  return bits
}

function randomSingle(random: Random): bigint {
  const kind = random.below(8)
  const bits = random.next()
  if (kind < 3) view.setFloat32(0, random.pick(DOUBLES))
  else if (kind === 3) view.setUint32(0, (bits & 0x807f00ff) | 0x7f800001)
  else if (kind === 4) view.setUint32(0, bits & 0x807fffff)
  else if (kind === 5) view.setUint32(0, (bits & 0x80ffffff) | 0x3f000000)
  else if (kind === 6) view.setUint32(0, (bits & 0x8180000f) | 0x3e800000)
  else view.setUint32(0, bits)
  return BigInt(view.getUint32(0))
}
