import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  dataValue,
  formatDataValue,
  formatF16,
  formatF32,
  formatF64,
  formatF128,
  formatInt,
  formatInt64,
  parseDataValue,
  parseFloatBits,
  floatFormat,
  ParseError,
  sameDataValue,
} from '../src/text/index.ts'
import { parseBig } from '../src/text/integers.ts'
import {
  bytes,
  F16,
  F32,
  F64,
  F128,
  I8,
  I16,
  I32,
  I64,
  I128,
  isIntLane,
  laneBits,
  type Type,
  typeName,
  vectorOf,
} from '../src/types.ts'

test('every f16 reads back as the same bits', () => {
  for (let bits = 0; bits < 0x1_0000; bits++)
    expect(parseFloatBits(formatF16(bits), floatFormat(F16))).toBe(BigInt(bits))
})

test('f32, f64 and f128 read back as the same bits', () => {
  fc.assert(fc.property(fc.integer(), (b) => parseFloatBits(formatF32(b), floatFormat(F32)) === BigInt(b >>> 0)))
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer(),
      (lo, hi) =>
        parseFloatBits(formatF64(lo, hi), floatFormat(F64)) === ((BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)),
    ),
  )
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (b) => {
      const n = b.reduceRight((x, byte) => (x << 8n) | BigInt(byte), 0n)
      return parseFloatBits(formatF128(b), floatFormat(F128)) === n
    }),
  )
})

test('f64 text denotes the number (checked against the engine)', () => {
  const word = new DataView(new ArrayBuffer(8))
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
      word.setFloat64(0, x)
      const text = formatF64(word.getInt32(4), word.getInt32(0))
      const m = /^(-?)0x([01])\.([0-9a-f]+)p(-?\d+)$/.exec(text)
      if (m === null) return text === (Object.is(x, -0) ? '-0.0' : '0.0') && x === 0
      const significand = Number.parseInt(m[2] + m[3], 16) / 2 ** 52
      // Two steps, since 2 ** -1074 times 2 ** 52 passes through numbers that round.
      const e = Number(m[4])
      return (m[1] === '-' ? -1 : 1) * significand * 2 ** Math.trunc(e / 2) * 2 ** (e - Math.trunc(e / 2)) === x
    }),
  )
})

// biome-ignore format: table
test.each([
  ['0x1.0', F32, 0x3f800000n], ['-0x1.8p1', F32, 0xc0400000n], ['0x34.0p0', F32, 0x42500000n], ['0x0.1', F64, 0x3fb0000000000000n],
  ['0.0', F32, 0n], ['-0.0', F32, 0x80000000n], ['0x0.0', F64, 0n], ['+Inf', F32, 0x7f800000n], ['-Inf', F64, 0xfff0000000000000n],
  ['+NaN', F32, 0x7fc00000n], ['-NaN', F16, 0xfe00n], ['+NaN:0x1', F32, 0x7fc00001n], ['+sNaN:0x1', F32, 0x7f800001n],
  ['0x0.000002p-126', F32, 1n], ['0x1p-149', F32, 1n], ['0x1.fffffep127', F32, 0x7f7fffffn], ['0x1.ffcp15', F16, 0x7bffn],
  ['0x8.0p-1077', F64, 1n],
] as const)('%s', (text, type, bits) => {
  expect(parseFloatBits(text, floatFormat(type))).toBe(bits)
})

test.each([
  ['0x1p128', F32],
  ['0x1p-150', F32],
  ['0x1.0000001p0', F32],
  ['+sNaN:0x0', F32],
  ['+sNaN', F32],
  ['+NaN:0x400000', F32],
  ['0x1.8p', F32],
  ['1.5', F64],
  ['0x', F64],
  ['0x1.2.3', F64],
  ['nan', F64],
  ['', F64],
  ['0x1p99999999999', F64],
] as const)('%s is no float', (text, type) => {
  expect(typeof parseFloatBits(text, floatFormat(type))).toBe('string')
})

test('integers: decimal below 10,000, groups of four digits above', () => {
  expect([0, 9_999, 10_000, -10_000, 0x1_0000, 0x12345].map(formatInt)).toEqual([
    '0',
    '9999',
    '0x2710',
    '-10000',
    '0x0001_0000',
    '0x0001_2345',
  ])
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer(),
      (lo, hi) => BigInt.asIntN(64, parseBig(formatInt64(lo, hi))) === ((BigInt(hi) << 32n) | BigInt(lo >>> 0)),
    ),
  )
})

describe('data values', () => {
  const scalars = [I8, I16, I32, I64, I128, F16, F32, F64, F128]
  const types: Type[] = [
    ...scalars,
    ...scalars.slice(0, 4).map((t) => vectorOf(t, 128 / laneBits(t))),
    vectorOf(F32, 4),
    vectorOf(F64, 2),
    vectorOf(I8, 8),
  ]
  test.each(types.map((t) => [typeName(t), t] as const))('%s reads back as the same bits', (_, type) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes(type), maxLength: bytes(type) }), (bits) => {
        const v = { type, bits }
        return sameDataValue(parseDataValue(formatDataValue(v), type), v)
      }),
    )
  })

  test('hexadecimal bytes for vectors: the last digits are lane 0', () => {
    const v = parseDataValue('0x000000010000000200000003_00000004', vectorOf(I32, 4))
    expect(formatDataValue(v)).toBe('[4 3 2 1]')
    expect(formatDataValue(parseDataValue('0x00', vectorOf(F64, 2)))).toBe('[0.0 0.0]')
    expect(formatDataValue(parseDataValue('[NaN -Inf]', vectorOf(F64, 2)))).toBe('[+NaN -Inf]')
  })

  test('signed and unsigned text of the same bits', () => {
    expect(sameDataValue(parseDataValue('0xff', I8), parseDataValue('-1', I8))).toBe(true)
    expect(sameDataValue(parseDataValue('0xffffffff_ffffffff_ffffffff_ffffffff', I128), dataValue(I128, -1))).toBe(true)
    expect(sameDataValue(parseDataValue('0.0', F32), parseDataValue('-0.0', F32))).toBe(false)
  })

  test.each([
    ['256', I8],
    ['-129', I8],
    ['1 2', I32],
    ['', I32],
    ['[1 2]', vectorOf(I32, 4)],
    ['1.0', F32],
    ['5', F32],
    ['0.0', I32],
  ] as const)('%s is refused', (text, type) => {
    expect(() => parseDataValue(text, type)).toThrow(ParseError)
    expect(isIntLane(type) || type === F32).toBe(true)
  })
})
