import fc from 'fast-check'
import { expect, test } from 'vitest'
import { i64 } from '@k23/entity'

const edges = [
  0n,
  1n,
  -1n,
  2n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  2n ** 52n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
]
const word = fc.oneof(
  fc.constantFrom(...edges),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: -(2n ** 33n), max: 2n ** 33n }),
)
const lo = (x: bigint): number => Number(BigInt.asIntN(32, x))
const hi = (x: bigint): number => Number(BigInt.asIntN(32, x >> 32n))
const s = (x: bigint): bigint => BigInt.asIntN(64, x)
const u = (x: bigint): bigint => BigInt.asUintN(64, x)
const runs = { numRuns: 3000 }

type Binary = (alo: number, ahi: number, blo: number, bhi: number) => number
function binary(
  name: string,
  f: Binary,
  model: (a: bigint, b: bigint) => bigint,
  skip: (a: bigint, b: bigint) => boolean = () => false,
): void {
  test(name, () => {
    const check = (a: bigint, b: bigint): void => {
      if (skip(a, b)) return
      const low = f(lo(a), hi(a), lo(b), hi(b))
      expect(i64.toBigInt(low, i64.hi)).toBe(s(model(a, b)))
      // results are words, not doubles that happen to agree
      expect(low).toBe(low | 0)
      expect(i64.hi).toBe(i64.hi | 0)
    }
    for (const a of edges) for (const b of edges) check(a, b)
    fc.assert(fc.property(word, word, check), runs)
  })
}

function remainder(divide: Binary, a: number, b: number, c: number, d: number): number {
  divide(a, b, c, d)
  return i64.add(i64.remLo, i64.remHi, 0, 0)
}

const byZero = (_: bigint, b: bigint): boolean => b === 0n
binary('add', i64.add, (a, b) => a + b)
binary('sub', i64.sub, (a, b) => a - b)
binary('mul', i64.mul, (a, b) => a * b)
binary('umulhi', i64.umulhi, (a, b) => (u(a) * u(b)) >> 64n)
binary('smulhi', i64.smulhi, (a, b) => (a * b) >> 64n)
binary('udiv', i64.udiv, (a, b) => u(a) / u(b), byZero)
binary('sdiv', i64.sdiv, (a, b) => a / b, byZero)
binary(
  'urem',
  (a, b, c, d) => remainder(i64.udiv, a, b, c, d),
  (a, b) => u(a) % u(b),
  byZero,
)
binary(
  'srem',
  (a, b, c, d) => remainder(i64.sdiv, a, b, c, d),
  (a, b) => a % b,
  byZero,
)

type Shift = (lo: number, hi: number, n: number) => number
const shifts: [string, Shift, (a: bigint, n: bigint) => bigint][] = [
  ['shl', i64.shl, (a, n) => a << n],
  ['ushr', i64.ushr, (a, n) => u(a) >> n],
  ['sshr', i64.sshr, (a, n) => a >> n],
  ['rotl', i64.rotl, (a, n) => (u(a) << n) | (u(a) >> (64n - n))],
  ['rotr', i64.rotr, (a, n) => (u(a) >> n) | (u(a) << (64n - n))],
]
for (const [name, f, model] of shifts) {
  test(`${name} by 0 to 63`, () => {
    for (const a of edges)
      for (let n = 0; n < 64; n++) {
        const low = f(lo(a), hi(a), n)
        expect(i64.toBigInt(low, i64.hi)).toBe(s(model(a, BigInt(n))))
      }
  })
}

test('comparisons, counts, conversions', () => {
  fc.assert(
    fc.property(word, word, (a, b) => {
      expect(i64.ult(lo(a), hi(a), lo(b), hi(b))).toBe(u(a) < u(b))
      expect(i64.slt(lo(a), hi(a), lo(b), hi(b))).toBe(a < b)
      const bits = u(a).toString(2)
      expect(i64.clz(lo(a), hi(a))).toBe(a === 0n ? 64 : 64 - bits.length)
      expect(i64.ctz(lo(a), hi(a))).toBe(a === 0n ? 64 : bits.length - 1 - bits.lastIndexOf('1'))
      expect(i64.toBigUint(lo(a), hi(a))).toBe(u(a))
      const low = i64.fromBigInt(a)
      expect([low, i64.hi]).toEqual([lo(a), hi(a)])
    }),
    runs,
  )
})

test('doubles within 2^53 convert exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 53) + 1, max: 2 ** 53 - 1 }), (x) => {
      const low = i64.fromNumber(x)
      expect(i64.toNumber(low, i64.hi)).toBe(x === 0 ? 0 : x)
    }),
    runs,
  )
})
