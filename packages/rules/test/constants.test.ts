// Each constant function against its meaning in BigInt: all operands of 8 bits, and random ones of 64.
import { constFns, high } from '@k23/rules'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const ctz = (a: bigint): bigint => {
  for (let n = 0n; n < 64n; n++) if ((a >> n) & 1n) return n
  return 64n
}
// Operands are unsigned numbers of `w` bits; what is above them in a result is cut off.
const meaning: Record<string, (a: bigint, b: bigint, w: bigint) => bigint | boolean> = {
  kadd: (a, b) => a + b,
  ksub: (a, b) => a - b,
  kmul: (a, b) => a * b,
  kneg: (a) => -a,
  kand: (a, b) => a & b,
  kor: (a, b) => a | b,
  kxor: (a, b) => a ^ b,
  knot: (a) => ~a,
  kshl: (a, b, w) => a << (b % w),
  kushr: (a, b, w) => a >> (b % w),
  ksshr: (a, b, w) => BigInt.asIntN(Number(w), a) >> (b % w),
  kmaskhi: (a, _b, w) => -1n << (a % w),
  kmasklo: (a, _b, w) => ((1n << w) - 1n) >> (a % w),
  klog2: (a) => ctz(a),
  keq: (a, b) => a === b,
  kne: (a, b) => a !== b,
  kult: (a, b) => a < b,
  kpow2: (a) => a !== 0n && (a & (a - 1n)) === 0n,
  kboth: (a, b) => a & b & 0xffffffffn,
}

test('every row has a meaning here', () => {
  expect(constFns.map((f) => f.name).sort()).toEqual(Object.keys(meaning).sort())
})

test.for(constFns)('$name', ({ name, meaning: js }) => {
  const check = (a: bigint, b: bigint, bits: number): boolean => {
    const word = (x: bigint): number => Number(BigInt.asIntN(32, x))
    const lo = js(word(a), word(a >> 32n), word(b), word(b >> 32n), bits)
    const got = BigInt.asUintN(bits, (BigInt(high.word >>> 0) << 32n) | BigInt(lo >>> 0))
    return got === BigInt.asUintN(bits, BigInt(meaning[name](a, b, BigInt(bits))))
  }
  const wrong: bigint[][] = []
  for (let a = 0n; a < 256n; a++) for (let b = 0n; b < 256n; b += 1n) if (!check(a, b, 8)) wrong.push([a, b])
  expect(wrong.slice(0, 3)).toEqual([])
  const u64 = fc.oneof(
    fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }),
    fc.nat(70).map(BigInt),
    fc.nat(63).map((n) => 1n << BigInt(n)),
  )
  fc.assert(
    fc.property(u64, u64, (a, b) => check(a, b, 64)),
    { numRuns: 300 },
  )
})
