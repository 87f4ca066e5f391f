// Constants and arguments: values at the edges, and some in between.
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, type ValType } from '@k23/frontend-wasm'
import { littleEndian, signedLeb } from './encode.ts'
import type { Random } from './random.ts'
import type { Argument, Node } from './tree.ts'

const FLOATS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -3.75,
  1e-310,
  5e-324,
  1.17549435e-38,
  3.4028235e38,
  1.7976931348623157e308,
  2147483647,
  2147483648,
  -2147483649,
  4294967295,
  4294967296,
  2 ** 53,
  2 ** 63,
  -(2 ** 63),
  2 ** 63 - 1024,
  2 ** 64,
  2 ** 64 - 2048,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
]

const bytes = new DataView(new ArrayBuffer(8))

/** Bits of an integer of a width: near a power of two, small, or any. */
export function integerBits(random: Random, width: 32 | 64): bigint {
  const any = (BigInt(random.bits()) << 32n) | BigInt(random.bits())
  const power = 1n << BigInt(random.below(width))
  const value = random.weighted<bigint>([
    [4, BigInt(random.between(-4, 40))],
    [2, power + BigInt(random.between(-1, 1))],
    [1, -power],
    [1, any],
    [1, any & 0xffn],
  ])
  return BigInt.asUintN(width, value)
}

export function floatValue(random: Random, type: ValType): number {
  const value = random.weighted<number>([
    [4, random.pick(FLOATS)],
    [2, random.between(-100, 100) / 4],
    [1, Number(BigInt.asIntN(64, integerBits(random, 64)))],
    [1, (random.bits() - 2 ** 31) * 2 ** random.between(-80, 80)],
  ])
  return type === F32 ? Math.fround(value) : value
}

function floatBytes(type: ValType, value: number): number[] {
  if (type === F32) bytes.setFloat32(0, value, true)
  else bytes.setFloat64(0, value, true)
  return Array.from({ length: type === F32 ? 4 : 8 }, (_, i) => bytes.getUint8(i))
}

/** A constant instruction. */
export function constant(random: Random, type: ValType): Node {
  return { kind: 'const', results: [type], args: [], bytes: constantBytes(random, type) }
}

/** The instruction for a float. */
export function floatConstant(type: ValType, value: number): number[] {
  return [type === F32 ? 0x43 : 0x44, ...floatBytes(type, value)]
}

function constantBytes(random: Random, type: ValType): number[] {
  switch (type) {
    case I32:
      return [0x41, ...signedLeb(BigInt.asIntN(32, integerBits(random, 32)))]
    case I64:
      return [0x42, ...signedLeb(BigInt.asIntN(64, integerBits(random, 64)))]
    case F32:
    case F64:
      return floatConstant(type, floatValue(random, type))
    case FUNCREF:
    case EXTERNREF:
      return [0xd0, type]
    default:
      return [0xfd, 0x0c, ...vectorBytes(random)]
  }
}

function vectorBytes(random: Random): number[] {
  const lane = random.pick([1, 2, 4, 8])
  const some = (): number[] =>
    random.percent(30) && lane >= 4
      ? floatBytes(lane === 4 ? F32 : F64, floatValue(random, lane === 4 ? F32 : F64))
      : littleEndian(integerBits(random, 64), lane)
  return Array.from({ length: 16 / lane }, some).flat()
}

/** The constant that the reducer puts in a value's place. */
export function zero(type: ValType): Node {
  const of: Readonly<Record<number, number[]>> = {
    [I32]: [0x41, 0],
    [I64]: [0x42, 0],
    [F32]: [0x43, 0, 0, 0, 0],
    [F64]: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
    [FUNCREF]: [0xd0, FUNCREF],
    [EXTERNREF]: [0xd0, EXTERNREF],
  }
  return { kind: 'const', results: [type], args: [], bytes: of[type] ?? [0xfd, 0x0c, ...new Array(16).fill(0)] }
}

/** An argument from the host. */
export function argument(random: Random, type: ValType): Argument {
  switch (type) {
    case I32:
      return Number(BigInt.asIntN(32, integerBits(random, 32)))
    case I64:
      return BigInt.asIntN(64, integerBits(random, 64))
    case F32:
    case F64:
      return floatValue(random, type)
    case FUNCREF:
      return null
    default:
      return random.pick<Argument>([null, 'a', 'b'])
  }
}
