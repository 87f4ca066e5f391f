// Soft-float against the host's f32 and f64 arithmetic bit by bit, and for all formats against exact rationals.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { F16, F32, F64, F128, type FloatFormat, floatFormat, type Type, typeName } from '../src/index.ts'
import { add, compare, div, fma, max, min, mul, sqrt, sub } from '../src/interpreter/soft-float/arithmetic.ts'
import { convert, fromInteger, toInteger, toIntegral } from '../src/interpreter/soft-float/convert.ts'
import { canonicalNan, infinity, isNan, round, unpack } from '../src/interpreter/soft-float/number.ts'

const f16 = floatFormat(F16)
const f32 = floatFormat(F32)
const f64 = floatFormat(F64)
const RUNS = process.env.K23_LONG === '1' ? 200_000 : 3_000

// ---- the host's floats

const view = new DataView(new ArrayBuffer(8))
function toHost(bits: bigint, f: FloatFormat): number {
  if (f === f32) {
    view.setUint32(0, Number(bits))
    return view.getFloat32(0)
  }
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}
/** Bits of a host number, NaNs as the canonical one. */
function fromHost(x: number, f: FloatFormat): bigint {
  if (Number.isNaN(x)) return canonicalNan(f)
  if (f === f32) {
    view.setFloat32(0, x)
    return BigInt(view.getUint32(0))
  }
  view.setFloat64(0, x)
  return view.getBigUint64(0)
}

// ---- bit patterns that matter

function special(f: FloatFormat): bigint[] {
  const one = BigInt((1 << (f.exponentBits - 1)) - 1) << BigInt(f.significandBits)
  const least = 1n << BigInt(f.significandBits)
  const inf = infinity(false, f)
  const sign = 1n << BigInt(f.exponentBits + f.significandBits)
  const positive = [
    0n,
    1n,
    2n,
    least - 1n,
    least,
    least + 1n,
    one - 1n,
    one,
    one + 1n,
    one + least,
    inf - 1n,
    inf,
    inf + 1n,
    canonicalNan(f),
  ]
  return [...positive, ...positive.map((x) => x | sign)]
}

function width(f: FloatFormat): number {
  return 1 + f.exponentBits + f.significandBits
}

/** Any bit pattern; special ones, and ones with exponents near each other (where sums round), often. */
function pattern(f: FloatFormat): fc.Arbitrary<bigint> {
  const any = fc.bigInt({ min: 0n, max: (1n << BigInt(width(f))) - 1n })
  const middle = BigInt((1 << (f.exponentBits - 1)) - 1)
  const near = fc
    .tuple(
      fc.boolean(),
      fc.bigInt({ min: -6n, max: 6n }),
      fc.bigInt({ min: 0n, max: (1n << BigInt(f.significandBits)) - 1n }),
    )
    .map(([s, e, m]) => ((s ? 1n : 0n) << BigInt(width(f) - 1)) | ((middle + e) << BigInt(f.significandBits)) | m)
  return fc.oneof(any, near, fc.constantFrom(...special(f)))
}

function nearestHost(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x
  const low = Math.floor(x)
  const rest = x - low
  const n = rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1
  return n === 0 && (x < 0 || Object.is(x, -0)) ? -0 : n
}

describe.each([
  ['f32', f32],
  ['f64', f64],
])('%s as on the host', (_name, f) => {
  const single = f === f32
  const r = (x: number): number => (single ? Math.fround(x) : x)

  // Rounding the f64 result to f32 gives the f32 result for + - * / and sqrt (53 >= 2 * 24 + 2: Figueroa 1995).
  const binary: [string, (x: bigint, y: bigint, f: FloatFormat) => bigint, (x: number, y: number) => number][] = [
    ['add', add, (x, y) => x + y],
    ['sub', sub, (x, y) => x - y],
    ['mul', mul, (x, y) => x * y],
    ['div', div, (x, y) => x / y],
    ['min', min, Math.min],
    ['max', max, Math.max],
  ]
  test.each(binary)('%s', (_op, soft, host) => {
    const check = (x: bigint, y: bigint): void => {
      const want = fromHost(r(host(toHost(x, f), toHost(y, f))), f)
      if (soft(x, y, f) !== want)
        throw new Error(`${x.toString(16)}, ${y.toString(16)}: ${soft(x, y, f).toString(16)}, not ${want.toString(16)}`)
    }
    for (const x of special(f)) for (const y of special(f)) check(x, y)
    fc.assert(fc.property(pattern(f), pattern(f), check), { numRuns: RUNS })
  })

  const unary: [string, (x: bigint, f: FloatFormat) => bigint, (x: number) => number][] = [
    ['sqrt', sqrt, Math.sqrt],
    ['ceil', (x, g) => toIntegral(x, 'ceil', g), Math.ceil],
    ['floor', (x, g) => toIntegral(x, 'floor', g), Math.floor],
    ['trunc', (x, g) => toIntegral(x, 'trunc', g), Math.trunc],
    ['nearest', (x, g) => toIntegral(x, 'nearest', g), nearestHost],
  ]
  test.each(unary)('%s', (_op, soft, host) => {
    const halves = fc.integer({ min: -64, max: 64 }).map((n) => fromHost(n / 4, f))
    fc.assert(
      fc.property(fc.oneof(pattern(f), halves), (x) => soft(x, f) === fromHost(r(host(toHost(x, f))), f)),
      { numRuns: RUNS },
    )
    for (const x of special(f)) expect(soft(x, f)).toBe(fromHost(r(host(toHost(x, f))), f))
  })

  test('comparison', () => {
    const check = (x: bigint, y: bigint): boolean => {
      const a = toHost(x, f)
      const b = toHost(y, f)
      return compare(x, y, f) === (a < b ? 1 : a === b ? 2 : a > b ? 4 : 8)
    }
    for (const x of special(f)) for (const y of special(f)) expect(check(x, y)).toBe(true)
    fc.assert(fc.property(pattern(f), pattern(f), check), { numRuns: RUNS })
  })

  test('from and to integers', () => {
    const any = fc.bigInt({ min: -(1n << 128n), max: 1n << 128n })
    // Number(BigInt) rounds to nearest even; to f32 that would round twice, so only integers that f64 holds go there.
    const exact = single ? fc.maxSafeInteger().map(BigInt) : any
    fc.assert(
      fc.property(exact, (n) => fromInteger(n, f) === fromHost(r(Number(n)), f)),
      { numRuns: RUNS },
    )
    fc.assert(
      fc.property(pattern(f), (x) => {
        const n = toInteger(x, f)
        const h = Math.trunc(toHost(x, f))
        return n === (Number.isNaN(h) ? 'nan' : h === Infinity ? 'infinity' : h === -Infinity ? '-infinity' : BigInt(h))
      }),
      { numRuns: RUNS },
    )
  })
})

test('conversions between f32 and f64 as on the host', () => {
  fc.assert(
    fc.property(pattern(f32), (x) => convert(x, f32, f64) === fromHost(toHost(x, f32), f64)),
    { numRuns: RUNS },
  )
  const nearSingles = pattern(f32).chain((x) =>
    fc.bigInt({ min: -2n, max: 2n }).map((d) => BigInt.asUintN(64, convert(x, f32, f64) + (1n << 28n) + d)),
  )
  fc.assert(
    fc.property(fc.oneof(pattern(f64), nearSingles), (x) => convert(x, f64, f32) === fromHost(toHost(x, f64), f32)),
    { numRuns: RUNS },
  )
})

test('all f16 values: to f64 and back, integral values, square roots', () => {
  for (let i = 0; i < 0x10000; i++) {
    const x = BigInt(i)
    const wide = convert(x, f16, f64)
    if (isNan(x, f16)) {
      expect(wide).toBe(canonicalNan(f64))
      continue
    }
    const magnitude = i & 0x7fff
    const e = magnitude >> 10
    const m = magnitude & 0x3ff
    const value = (e === 31 ? Infinity : e === 0 ? m * 2 ** -24 : (1024 + m) * 2 ** (e - 25)) * (i > 0x7fff ? -1 : 1)
    if (toHost(wide, f64) !== value || convert(wide, f64, f16) !== x) throw new Error(`f16 ${i.toString(16)}`)
    // f64 has more than twice f16's precision, so rounding its results again changes nothing.
    const via = (y: number): bigint => convert(fromHost(y, f64), f64, f16)
    if (sqrt(x, f16) !== via(Math.sqrt(value))) throw new Error(`sqrt ${i.toString(16)}`)
    if (toIntegral(x, 'nearest', f16) !== via(nearestHost(value))) throw new Error(`nearest ${i.toString(16)}`)
    if (toIntegral(x, 'floor', f16) !== via(Math.floor(value))) throw new Error(`floor ${i.toString(16)}`)
  }
})

test('f16 arithmetic through f64', () => {
  const via = (x: bigint): number => toHost(convert(x, f16, f64), f64)
  const back = (y: number): bigint => convert(fromHost(y, f64), f64, f16)
  fc.assert(
    fc.property(pattern(f16), pattern(f16), (x, y) => {
      const a = via(x)
      const b = via(y)
      return (
        add(x, y, f16) === back(a + b) &&
        sub(x, y, f16) === back(a - b) &&
        mul(x, y, f16) === back(a * b) &&
        div(x, y, f16) === back(a / b)
      )
    }),
    { numRuns: RUNS },
  )
})

// ---- exact rationals: the value of a float as numerator / denominator, and "is r the float nearest to n/d"

interface Ratio {
  readonly n: bigint
  readonly d: bigint
}

/** The value of a finite pattern, computed from the definition of the format. */
function value(bits: bigint, f: FloatFormat): Ratio {
  const t = BigInt(f.significandBits)
  const negative = bits >> BigInt(width(f) - 1) === 1n
  const field = (bits >> t) & ((1n << BigInt(f.exponentBits)) - 1n)
  const fraction = bits & ((1n << t) - 1n)
  const bias = (1n << BigInt(f.exponentBits - 1)) - 1n
  const m = (field === 0n ? fraction : fraction | (1n << t)) * (negative ? -1n : 1n)
  const e = (field === 0n ? 1n : field) - bias - t
  return e >= 0n ? { n: m << e, d: 1n } : { n: m, d: 1n << -e }
}

function abs(x: bigint): bigint {
  return x < 0n ? -x : x
}

/**
 * True if `r` is the float nearest to x (d > 0), ties to even: x lies between the midpoints to r's neighbours, on a midpoint only if
 * r is even. Beyond the largest finite float the neighbour is what the next exponent would have there.
 */
function isNearest(r: bigint, x: Ratio, f: FloatFormat): boolean {
  const magnitude = r & ((1n << BigInt(width(f) - 1)) - 1n)
  if (x.n !== 0n && r >> BigInt(width(f) - 1) !== (x.n < 0n ? 1n : 0n)) return false
  const inf = infinity(false, f)
  const target = { n: abs(x.n), d: x.d }
  const unbounded = (m: bigint): Ratio => {
    // The magnitude as if the exponent had no upper end.
    if (m < inf) return value(m, f)
    const extra = m - inf
    const top = value(inf - 1n, f)
    const ulp = top.n - value(inf - 2n, f).n
    return { n: top.n + ulp * (1n + 2n * extra), d: 1n }
  }
  const middle = (a: Ratio, b: Ratio): Ratio => ({ n: a.n * b.d + b.n * a.d, d: 2n * a.d * b.d })
  const cmp = (a: Ratio, b: Ratio): bigint => a.n * b.d - b.n * a.d
  const even = (magnitude & 1n) === 0n
  if (magnitude < inf) {
    const above = cmp(target, middle(unbounded(magnitude), unbounded(magnitude + 1n)))
    if (above > 0n || (above === 0n && !even)) return false
  }
  if (magnitude > 0n) {
    const below = cmp(target, middle(unbounded(magnitude - 1n), unbounded(magnitude)))
    if (below < 0n || (below === 0n && !even)) return false
  }
  return true
}

function isFinitePattern(x: bigint, f: FloatFormat): boolean {
  return unpack(x, f).kind === 'finite'
}

const formats: [string, Type][] = [F16, F32, F64, F128].map((t) => [typeName(t), t])
describe.each(formats)('%s against rationals', (_name, type) => {
  const f = floatFormat(type)
  const runs = { numRuns: type === F128 ? RUNS / 10 : RUNS / 2 }
  const finite = pattern(f).filter((x) => isFinitePattern(x, f))

  test('sums, products, quotients', () => {
    fc.assert(
      fc.property(finite, finite, (x, y) => {
        const a = value(x, f)
        const b = value(y, f)
        expect(isNearest(add(x, y, f), { n: a.n * b.d + b.n * a.d, d: a.d * b.d }, f), 'add').toBe(true)
        expect(isNearest(mul(x, y, f), { n: a.n * b.n, d: a.d * b.d }, f), 'mul').toBe(true)
        if (b.n !== 0n) {
          const s = b.n < 0n ? -1n : 1n
          expect(isNearest(div(x, y, f), { n: a.n * b.d * s, d: a.d * b.n * s }, f), 'div').toBe(true)
        }
      }),
      runs,
    )
  })

  test('fused multiply-add, with sums that cancel', () => {
    const third = fc.tuple(finite, finite, fc.oneof(finite, fc.constant(undefined)))
    fc.assert(
      fc.property(third, ([x, y, z0]) => {
        // Without a third operand: the negated product rounded once, so that only its rounding error is left.
        const z = z0 ?? mul(x, y, f) ^ (1n << BigInt(width(f) - 1))
        if (!isFinitePattern(z, f)) return
        const [a, b, c] = [value(x, f), value(y, f), value(z, f)]
        const exact = { n: a.n * b.n * c.d + c.n * a.d * b.d, d: a.d * b.d * c.d }
        expect(isNearest(fma(x, y, z, f), exact, f)).toBe(true)
      }),
      runs,
    )
  })

  test('square roots: the midpoints to the neighbours, squared, enclose the radicand', () => {
    fc.assert(
      fc.property(finite, (x) => {
        const a = value(x, f)
        if (a.n <= 0n) return
        const r = sqrt(x, f)
        const [low, mid, high] = [value(r - 1n, f), value(r, f), value(r + 1n, f)]
        const lower = { n: low.n * mid.d + mid.n * low.d, d: 2n * low.d * mid.d }
        const upper = { n: high.n * mid.d + mid.n * high.d, d: 2n * high.d * mid.d }
        // A midpoint's square has more bits than any float, so no root lies on a midpoint.
        expect(lower.n ** 2n * a.d < a.n * lower.d ** 2n).toBe(true)
        expect(a.n * upper.d ** 2n < upper.n ** 2n * a.d).toBe(true)
      }),
      runs,
    )
  })

  test('unpacking and rounding gives every number back', () => {
    fc.assert(
      fc.property(finite, (x) => {
        const a = unpack(x, f)
        return a.kind === 'finite' && round(a.negative, a.significand, a.exponent, f) === x
      }),
      runs,
    )
  })

  test('from integers, and demotion to every narrower format', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 128n), max: 1n << 128n }), (n) =>
        isNearest(fromInteger(n, f), { n, d: 1n }, f),
      ),
      runs,
    )
    for (const [, t] of formats.filter(([, t]) => t < type)) {
      const to = floatFormat(t)
      fc.assert(
        fc.property(pattern(to), fc.bigInt({ min: -3n, max: 3n }), (y, d) => {
          // Next to a midpoint of the narrower format, and the number itself.
          const x = BigInt.asUintN(
            width(f),
            convert(y, to, f) + (1n << BigInt(f.significandBits - to.significandBits - 1)) + d,
          )
          if (!isFinitePattern(x, f)) return
          expect(isNearest(convert(x, f, to), value(x, f), to)).toBe(true)
          if (!isNan(y, to)) expect(convert(convert(y, to, f), f, to)).toBe(y)
        }),
        { numRuns: RUNS / 10 },
      )
    }
  })
})

test('special cases of fma', () => {
  const inf = infinity(false, f64)
  const one = fromHost(1, f64)
  const nan = canonicalNan(f64)
  const minusZero = fromHost(-0, f64)
  expect(fma(inf, 0n, one, f64)).toBe(nan)
  expect(fma(inf, one, fromHost(-Infinity, f64), f64)).toBe(nan)
  expect(fma(inf, one, inf, f64)).toBe(inf)
  expect(fma(one, one, inf, f64)).toBe(inf)
  expect(fma(one, fromHost(-1, f64), one, f64)).toBe(0n)
  expect(fma(minusZero, one, minusZero, f64)).toBe(minusZero)
  expect(fma(minusZero, one, 0n, f64)).toBe(0n)
})
