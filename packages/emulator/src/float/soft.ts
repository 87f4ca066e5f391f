// IEEE 754 arithmetic in software, exact, with rounding modes and exception flags, for binary16, binary32 and binary64.
//
// Problem: JavaScript rounds to nearest only and reports no exceptions; RISC-V programs can see both.
// Idea: a finite number is an integer times a power of two. Sums and products of such are exact in BigInt, quotients and roots are computed to
// more bits than any format has, with a sticky bit for the rest; then one function rounds. Clarity before speed: evaluators have fast paths.
//
// Where IEEE 754 leaves a choice, RISC-V's holds (unprivileged manual 20240411): a NaN result is the canonical one (21.3), tininess is
// detected after rounding (21.2), fma of infinity and zero is invalid even under a quiet NaN (21.6), min and max are minimumNumber and
// maximumNumber (21.6), conversions saturate with invalid (21.7, table 30).

export interface Format {
  readonly exponentBits: number
  /** Bits of the fraction field. */
  readonly fractionBits: number
}
export const HALF: Format = { exponentBits: 5, fractionBits: 10 }
export const SINGLE: Format = { exponentBits: 8, fractionBits: 23 }
export const DOUBLE: Format = { exponentBits: 11, fractionBits: 52 }

// Rounding modes as in the rm field (21.2, table 28)
export const NEAREST_EVEN = 0
export const TOWARDS_ZERO = 1
export const DOWN = 2
export const UP = 3
export const NEAREST_MAX_MAGNITUDE = 4
/** No rm field says this: to odd, of the vector extension's vfncvt.rod (31.13.19). */
export const TO_ODD = 5

// Exception flags as in fflags
export const INEXACT = 1
export const UNDERFLOW = 2
export const OVERFLOW = 4
export const DIVIDE_BY_ZERO = 8
export const INVALID = 16

/** Flags raised since somebody cleared them. */
export let flags = 0
export function clearFlags(): void {
  flags = 0
}

/** kind nan: `signaling`; finite: (-1)^negative * significand * 2^exponent; zero is finite. */
interface Unpacked {
  readonly kind: 'nan' | 'infinite' | 'finite'
  readonly signaling: boolean
  readonly negative: boolean
  readonly significand: bigint
  readonly exponent: number
}

const width = (f: Format): number => 1 + f.exponentBits + f.fractionBits
const bias = (f: Format): number => 2 ** (f.exponentBits - 1) - 1
const signBit = (f: Format): bigint => 1n << BigInt(width(f) - 1)
const infinityBits = (f: Format): bigint => ((1n << BigInt(f.exponentBits)) - 1n) << BigInt(f.fractionBits)
const signed = (f: Format, negative: boolean, bits: bigint): bigint => (negative ? bits | signBit(f) : bits)
const bitLength = (v: bigint): number => (v === 0n ? 0 : v.toString(2).length)

export function canonicalNaN(f: Format): bigint {
  return infinityBits(f) | (1n << BigInt(f.fractionBits - 1))
}

function unpack(f: Format, bits: bigint): Unpacked {
  const negative = (bits & signBit(f)) !== 0n
  const fraction = bits & ((1n << BigInt(f.fractionBits)) - 1n)
  const field = Number((bits >> BigInt(f.fractionBits)) & ((1n << BigInt(f.exponentBits)) - 1n))
  const lowest = 1 - bias(f) - f.fractionBits
  if (field === 2 ** f.exponentBits - 1) {
    const signaling = fraction !== 0n && fraction >> BigInt(f.fractionBits - 1) === 0n
    return { kind: fraction === 0n ? 'infinite' : 'nan', signaling, negative, significand: 0n, exponent: 0 }
  }
  const significand = field === 0 ? fraction : fraction | (1n << BigInt(f.fractionBits))
  return { kind: 'finite', signaling: false, negative, significand, exponent: lowest + Math.max(field - 1, 0) }
}

/** The integer nearest to significand * 2^-shift by the rounding mode; `shift` > 0. */
function roundShift(
  negative: boolean,
  significand: bigint,
  shift: number,
  mode: number,
): { value: bigint; inexact: boolean } {
  const s = BigInt(shift)
  const value = significand >> s
  const rest = significand & ((1n << s) - 1n)
  const half = 1n << (s - 1n)
  const up =
    mode === NEAREST_EVEN
      ? rest > half || (rest === half && (value & 1n) === 1n)
      : mode === NEAREST_MAX_MAGNITUDE
        ? rest >= half
        : rest !== 0n &&
          ((mode === DOWN && negative) || (mode === UP && !negative) || (mode === TO_ODD && (value & 1n) === 0n))
  return { value: up ? value + 1n : value, inexact: rest !== 0n }
}

/** Rounds significand * 2^exponent to the format. */
function pack(f: Format, negative: boolean, significand: bigint, exponent: number, mode: number): bigint {
  if (significand === 0n) return signed(f, negative, 0n)
  const precision = f.fractionBits + 1
  const lowest = 1 - bias(f) - f.fractionBits // exponent of the last place of subnormals
  const free = exponent + bitLength(significand) - precision // of the last place, had the format no least exponent
  let place = Math.max(free, lowest)
  let value = significand
  let inexact = false
  if (place <= exponent) value <<= BigInt(exponent - place)
  else ({ value, inexact } = roundShift(negative, significand, place - exponent, mode))
  if (inexact) {
    flags |= INEXACT
    if (free < lowest) {
      // Tiny unless rounding at full precision reaches the least normal number.
      const full = free > exponent ? roundShift(negative, significand, free - exponent, mode).value : significand
      if (!(free === lowest - 1 && bitLength(full) > precision)) flags |= UNDERFLOW
    }
  }
  if (bitLength(value) > precision) {
    value >>= 1n
    place++
  }
  const normal = bitLength(value) === precision
  const field = normal ? place - lowest + 1 : 0
  if (field >= 2 ** f.exponentBits - 1) {
    flags |= OVERFLOW | INEXACT
    const toInfinity =
      mode === NEAREST_EVEN ||
      mode === NEAREST_MAX_MAGNITUDE ||
      (mode === UP && !negative) ||
      (mode === DOWN && negative)
    return signed(f, negative, toInfinity ? infinityBits(f) : infinityBits(f) - 1n)
  }
  const fraction = normal ? value - (1n << BigInt(f.fractionBits)) : value
  return signed(f, negative, (BigInt(field) << BigInt(f.fractionBits)) | fraction)
}

function invalid(f: Format): bigint {
  flags |= INVALID
  return canonicalNaN(f)
}

/** The result if an operand is a NaN. */
function nanOf(f: Format, ...operands: readonly Unpacked[]): bigint | undefined {
  if (operands.some((o) => o.signaling)) flags |= INVALID
  return operands.some((o) => o.kind === 'nan') ? canonicalNaN(f) : undefined
}

function addUnpacked(f: Format, a: Unpacked, b: Unpacked, mode: number): bigint {
  if (a.kind === 'infinite' || b.kind === 'infinite') {
    if (a.kind === 'infinite' && b.kind === 'infinite' && a.negative !== b.negative) return invalid(f)
    return signed(f, a.kind === 'infinite' ? a.negative : b.negative, infinityBits(f))
  }
  const exponent = Math.min(a.exponent, b.exponent)
  const term = (u: Unpacked): bigint => (u.negative ? -u.significand : u.significand) << BigInt(u.exponent - exponent)
  const sum = term(a) + term(b)
  // An exact zero is positive but towards minus infinity, unless both are zeros of one sign (IEEE 754, 6.3).
  if (sum === 0n) return signed(f, a.negative === b.negative ? a.negative : mode === DOWN, 0n)
  return pack(f, sum < 0n, sum < 0n ? -sum : sum, exponent, mode)
}

function product(a: Unpacked, b: Unpacked): Unpacked {
  const kind = a.kind === 'infinite' || b.kind === 'infinite' ? 'infinite' : 'finite'
  const negative = a.negative !== b.negative
  return {
    kind,
    signaling: false,
    negative,
    significand: a.significand * b.significand,
    exponent: a.exponent + b.exponent,
  }
}

const isZero = (u: Unpacked): boolean => u.kind === 'finite' && u.significand === 0n
const invalidProduct = (a: Unpacked, b: Unpacked): boolean =>
  (a.kind === 'infinite' && isZero(b)) || (isZero(a) && b.kind === 'infinite')

export function add(f: Format, a: bigint, b: bigint, mode: number): bigint {
  const x = unpack(f, a)
  const y = unpack(f, b)
  return nanOf(f, x, y) ?? addUnpacked(f, x, y, mode)
}

export function negate(f: Format, a: bigint): bigint {
  return a ^ signBit(f)
}

export function mul(f: Format, a: bigint, b: bigint, mode: number): bigint {
  const x = unpack(f, a)
  const y = unpack(f, b)
  const nan = nanOf(f, x, y)
  if (nan !== undefined) return nan
  if (invalidProduct(x, y)) return invalid(f)
  const p = product(x, y)
  if (p.kind === 'infinite') return signed(f, p.negative, infinityBits(f))
  return pack(f, p.negative, p.significand, p.exponent, mode)
}

/** a * b + c, rounded once. */
export function fma(f: Format, a: bigint, b: bigint, c: bigint, mode: number): bigint {
  const x = unpack(f, a)
  const y = unpack(f, b)
  const z = unpack(f, c)
  const bad = invalidProduct(x, y)
  if (bad) flags |= INVALID
  const nan = nanOf(f, x, y, z)
  if (nan !== undefined) return nan
  return bad ? canonicalNaN(f) : addUnpacked(f, product(x, y), z, mode)
}

export function div(f: Format, a: bigint, b: bigint, mode: number): bigint {
  const x = unpack(f, a)
  const y = unpack(f, b)
  const nan = nanOf(f, x, y)
  if (nan !== undefined) return nan
  const negative = x.negative !== y.negative
  if (x.kind === 'infinite') return y.kind === 'infinite' ? invalid(f) : signed(f, negative, infinityBits(f))
  if (y.kind === 'infinite') return signed(f, negative, 0n)
  if (isZero(y)) {
    if (isZero(x)) return invalid(f)
    flags |= DIVIDE_BY_ZERO
    return signed(f, negative, infinityBits(f))
  }
  const extra = 2 * f.fractionBits + 6
  const dividend = x.significand << BigInt(extra)
  const quotient = ((dividend / y.significand) << 1n) | (dividend % y.significand === 0n ? 0n : 1n)
  return pack(f, negative, quotient, x.exponent - y.exponent - extra - 1, mode)
}

export function sqrt(f: Format, a: bigint, mode: number): bigint {
  const x = unpack(f, a)
  const nan = nanOf(f, x)
  if (nan !== undefined) return nan
  if (isZero(x)) return a
  if (x.negative) return invalid(f)
  if (x.kind === 'infinite') return a
  const extra = 2 * f.fractionBits + 6 + (x.exponent & 1)
  const radicand = x.significand << BigInt(extra)
  const root = integerRoot(radicand)
  return pack(f, false, (root << 1n) | (root * root === radicand ? 0n : 1n), (x.exponent - extra) / 2 - 1, mode)
}

/** Greatest r with r * r <= n, by Newton's iteration from above. */
function integerRoot(n: bigint): bigint {
  if (n === 0n) return 0n
  let r = 1n << BigInt((bitLength(n) + 1) >> 1)
  for (;;) {
    const next = (r + n / r) >> 1n
    if (next >= r) return r
    r = next
  }
}

/** Order of two that are no NaNs: negative, 0 or positive. Zeros are equal. */
function order(a: Unpacked, b: Unpacked): number {
  const rank = (u: Unpacked): bigint =>
    (u.negative ? -1n : 1n) * (u.kind === 'infinite' ? 1n << 4000n : u.significand << BigInt(u.exponent + 1100))
  const x = rank(a)
  const y = rank(b)
  return x < y ? -1 : x > y ? 1 : 0
}

export function minMax(f: Format, a: bigint, b: bigint, wantMax: boolean): bigint {
  const x = unpack(f, a)
  const y = unpack(f, b)
  if (x.signaling || y.signaling) flags |= INVALID
  if (x.kind === 'nan') return y.kind === 'nan' ? canonicalNaN(f) : b
  if (y.kind === 'nan') return a
  const o = order(x, y)
  const aIsLess = o < 0 || (o === 0 && x.negative) // -0 is less than +0
  return aIsLess !== wantMax ? a : b
}

/** `quiet`: only signaling NaNs are invalid. */
export function equal(f: Format, a: bigint, b: bigint): boolean {
  const x = unpack(f, a)
  const y = unpack(f, b)
  return nanOf(f, x, y) === undefined && order(x, y) === 0
}

export function less(f: Format, a: bigint, b: bigint, orEqual: boolean): boolean {
  const x = unpack(f, a)
  const y = unpack(f, b)
  if (x.kind === 'nan' || y.kind === 'nan') {
    flags |= INVALID
    return false
  }
  const o = order(x, y)
  return o < 0 || (orEqual && o === 0)
}

/** Bit set of one: 0 -inf, 1 -normal, 2 -subnormal, 3 -0, 4 +0, 5 +subnormal, 6 +normal, 7 +inf, 8 signaling NaN, 9 quiet NaN (21.9). */
export function classify(f: Format, a: bigint): number {
  const x = unpack(f, a)
  if (x.kind === 'nan') return x.signaling ? 1 << 8 : 1 << 9
  if (x.kind === 'infinite') return x.negative ? 1 << 0 : 1 << 7
  if (x.significand === 0n) return x.negative ? 1 << 3 : 1 << 4
  const normal = bitLength(x.significand) > f.fractionBits
  return x.negative ? (normal ? 1 << 1 : 1 << 2) : normal ? 1 << 6 : 1 << 5
}

/** To an integer of `bits` bits, saturating; NaN gives the greatest. The result is unsigned modulo 2^bits. */
export function toInteger(f: Format, a: bigint, bits: number, isSigned: boolean, mode: number): bigint {
  const x = unpack(f, a)
  const least = isSigned ? -(1n << BigInt(bits - 1)) : 0n
  const greatest = (1n << BigInt(isSigned ? bits - 1 : bits)) - 1n
  const wrap = (v: bigint): bigint => BigInt.asUintN(bits, v)
  if (x.kind !== 'finite') {
    flags |= INVALID
    return wrap(x.kind === 'infinite' && x.negative ? least : greatest)
  }
  let value = x.significand
  let inexact = false
  if (x.exponent >= 0) value <<= BigInt(Math.min(x.exponent, 2000))
  else ({ value, inexact } = roundShift(x.negative, x.significand, -x.exponent, mode))
  if (x.negative) value = -value
  if (value < least || value > greatest) {
    flags |= INVALID
    return wrap(value < least ? least : greatest)
  }
  if (inexact) flags |= INEXACT
  return wrap(value)
}

export function fromInteger(f: Format, value: bigint, mode: number): bigint {
  return pack(f, value < 0n, value < 0n ? -value : value, 0, mode)
}

export function convert(from: Format, to: Format, a: bigint, mode: number): bigint {
  const x = unpack(from, a)
  const nan = nanOf(to, x)
  if (nan !== undefined) return nan
  if (x.kind === 'infinite') return signed(to, x.negative, infinityBits(to))
  return pack(to, x.negative, x.significand, x.exponent, mode)
}

/** Copies the sign of b, its complement, or their exclusive or (21.7). */
export function injectSign(f: Format, a: bigint, b: bigint, how: 'copy' | 'negate' | 'xor'): bigint {
  const s = signBit(f)
  const sign = how === 'copy' ? b & s : how === 'negate' ? ~b & s : (a ^ b) & s
  return (a & ~s) | sign
}

// ---- Zfa (25)

/** fminm, fmaxm: as minMax, but a NaN operand makes the result the canonical NaN. */
export function minMaxNaN(f: Format, a: bigint, b: bigint, wantMax: boolean): bigint {
  return nanOf(f, unpack(f, a), unpack(f, b)) ?? minMax(f, a, b, wantMax)
}

/** fltq, fleq: only signaling NaNs are invalid. */
export function lessQuiet(f: Format, a: bigint, b: bigint, orEqual: boolean): boolean {
  const x = unpack(f, a)
  const y = unpack(f, b)
  if (nanOf(f, x, y) !== undefined) return false
  const o = order(x, y)
  return o < 0 || (orEqual && o === 0)
}

/** To an integral value in the same format; a zero keeps the operand's sign. `inexactly`: a changed value raises INEXACT. */
export function roundToIntegral(f: Format, a: bigint, mode: number, inexactly: boolean): bigint {
  const x = unpack(f, a)
  const nan = nanOf(f, x)
  if (nan !== undefined) return nan
  if (x.kind === 'infinite' || x.exponent >= 0 || x.significand === 0n) return a
  const { value, inexact } = roundShift(x.negative, x.significand, -x.exponent, mode)
  if (inexact && inexactly) flags |= INEXACT
  // Exact: an integer below 2^precision.
  return pack(f, x.negative, value, 0, mode)
}

/** fcvtmod.w: truncated, modulo 2^32, as a signed number; flags as for a saturating conversion. */
export function toIntegerModulo(f: Format, a: bigint): bigint {
  const x = unpack(f, a)
  toInteger(f, a, 32, true, TOWARDS_ZERO)
  if (x.kind !== 'finite') return 0n
  const size = x.exponent >= 0 ? x.significand << BigInt(x.exponent) : x.significand >> BigInt(-x.exponent)
  return BigInt.asIntN(32, x.negative ? -size : size)
}

/** fli's constants between the least normal number and infinity, by rs1 field from 2 on (25.1, table 39). */
// biome-ignore format: table
const CONSTANTS = [
  2 ** -16, 2 ** -15, 2 ** -8, 2 ** -7, 0.0625, 0.125, 0.25, 0.3125, 0.375, 0.4375, 0.5, 0.625, 0.75, 0.875, 1, 1.25, 1.5, 1.75, 2, 2.5,
  3, 4, 8, 16, 128, 256, 2 ** 15, 2 ** 16,
]

/** The constant that fli loads; those too great for the format are infinite. */
export function constant(f: Format, index: number): bigint {
  if (index === 0) return signed(f, true, BigInt(bias(f)) << BigInt(f.fractionBits))
  if (index === 1) return 1n << BigInt(f.fractionBits)
  if (index === 30) return infinityBits(f)
  if (index === 31) return canonicalNaN(f)
  const saved = flags
  const bits = pack(f, false, BigInt(CONSTANTS[index - 2] * 2 ** 16), -16, NEAREST_EVEN)
  flags = saved
  return bits
}
