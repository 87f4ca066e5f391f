// pcmpestri, pcmpestrm, pcmpistri, pcmpistrm: comparisons of two strings of up to 16 bytes or 8 words, in all their variants.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, 4.1; the steps and their names are those there.

export interface StringComparison {
  /** One bit per element of b: IntRes2. */
  readonly result: number
  /** Number of the lowest or highest element found, as the immediate asks; the count of elements if there is none. */
  readonly index: number
  /** RFLAGS. */
  readonly flags: number
  /** Elements are words. */
  readonly words: boolean
}

/** Elements of the immediate (4.1.1 - 4.1.5). */
const WORDS = 1
const SIGNED = 2
const aggregation = (imm: number): number => (imm >> 2) & 3
const NEGATIVE = 0x10
const MASKED = 0x20
const HIGHEST = 0x40
/** Of the mask: elements of ones instead of bits. */
export const EXPANDED = 0x40

/** Compares the bytes of two registers; the lengths are those given (any sign), or end at the first 0. */
export function compareStrings(
  a: readonly number[],
  b: readonly number[],
  imm: number,
  lengthA: number | undefined,
  lengthB: number | undefined,
): StringComparison {
  const words = (imm & WORDS) !== 0
  const count = words ? 8 : 16
  const x = elements(a, words, (imm & SIGNED) !== 0)
  const y = elements(b, words, (imm & SIGNED) !== 0)
  const la = validLength(x, lengthA)
  const lb = validLength(y, lengthB)
  let result = 0
  for (let j = 0; j < count; j++) if (aggregate(aggregation(imm), x, y, la, lb, j)) result |= 1 << j
  if ((imm & NEGATIVE) !== 0) result ^= (imm & MASKED) !== 0 ? (1 << lb) - 1 : (1 << count) - 1
  const found = (imm & HIGHEST) !== 0 ? 31 - Math.clz32(result) : 31 - Math.clz32(result & -result)
  const flags =
    (result !== 0 ? 0x001 : 0) | (lb < count ? 0x040 : 0) | (la < count ? 0x080 : 0) | (result & 1 ? 0x800 : 0)
  return { result, index: result === 0 ? count : found, flags, words }
}

/** IntRes1 for element j of y (4.1.3), where elements behind the ends are as 4.1.6 has them. */
function aggregate(
  kind: number,
  x: readonly number[],
  y: readonly number[],
  la: number,
  lb: number,
  j: number,
): boolean {
  const count = x.length
  const valid = j < lb
  switch (kind) {
    case 0: // equal any
      return valid && x.slice(0, la).includes(y[j])
    case 1: // ranges
      for (let i = 0; i + 1 < la; i += 2) if (valid && x[i] <= y[j] && y[j] <= x[i + 1]) return true
      return false
    case 2: // equal each
      return j < la && valid ? x[j] === y[j] : j >= la && !valid
    default: // equal ordered: a starts at j
      for (let i = 0; i < la && j + i < count; i++) if (j + i >= lb || x[i] !== y[j + i]) return false
      return true
  }
}

function elements(bytes: readonly number[], words: boolean, signed: boolean): number[] {
  const all: number[] = []
  const bits = words ? 16 : 8
  for (let k = 0; k < 16; k += bits / 8) {
    const v = words ? bytes[k] | (bytes[k + 1] << 8) : bytes[k]
    all.push(signed ? (v << (32 - bits)) >> (32 - bits) : v)
  }
  return all
}

function validLength(x: readonly number[], given: number | undefined): number {
  if (given !== undefined) return Math.min(Math.abs(given), x.length)
  const end = x.indexOf(0)
  return end < 0 ? x.length : end
}
