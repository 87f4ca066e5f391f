// RISC-V floating-point operations on register bits: NaN boxing, rounding-mode field, accrued flags; shared by both evaluators.
//
// An operation is a number, so that generated code passes a literal: index in FLOAT_OPS * 4 + index in FLOAT_FORMATS. What it leaves
// (result words, new flags) is in this module's live bindings, as in entity's i64.
//
// Fast path: with rounding to nearest even, the host's own arithmetic gives the value, and if that is a normal number the only flag that can
// be raised is INEXACT. Whether it is needs the error of the operation, which double arithmetic gives exactly (Dekker 1971, Knuth's TwoSum), and
// need not be asked once INEXACT has accrued.

import * as soft from './soft.ts'

export const FLOAT_FORMATS = ['s', 'd', 'h'] as const
export type FloatFormat = (typeof FLOAT_FORMATS)[number]

export const FLOAT_OPS = [
  'add',
  'sub',
  'mul',
  'div',
  'sqrt',
  'fma',
  'min',
  'max',
  'eq',
  'lt',
  'le',
  'class',
  'sgnj',
  'sgnjn',
  'sgnjx',
  'to_w',
  'to_wu',
  'to_l',
  'to_lu',
  'from_w',
  'from_wu',
  'from_l',
  'from_lu',
  // from the format of the operation to another
  'to_s',
  'to_d',
  'to_h',
  // Zfa
  'minm',
  'maxm',
  'leq',
  'ltq',
  'round',
  'roundnx',
  'mod_w',
  'li', // a is the index of the constant
  // vectors: narrow integers, and rounding to odd
  'to_b',
  'to_bu',
  'to_i16',
  'to_u16',
  'odd_s',
  'odd_h',
] as const
export type FloatOp = (typeof FLOAT_OPS)[number]

export function floatCode(op: FloatOp, format: FloatFormat): number {
  return FLOAT_OPS.indexOf(op) * 4 + FLOAT_FORMATS.indexOf(format)
}

const FORMATS: readonly soft.Format[] = [soft.SINGLE, soft.DOUBLE, soft.HALF]
const WIDTHS: readonly number[] = [32, 64, 16]
const DOUBLE_INDEX = 1

/** Result of the last float(), and the flags that it raised. */
export let resultLo = 0
export let resultHi = 0
export let raised = 0

const words = new Int32Array(6)
const doubles = new Float64Array(words.buffer)
const singles = new Float32Array(words.buffer)
const LEAST_NORMAL_DOUBLE = 2 ** -1022
const LEAST_NORMAL_SINGLE = 2 ** -126
const GREATEST_DOUBLE = Number.MAX_VALUE
const GREATEST_SINGLE = (2 - 2 ** -23) * 2 ** 127

/** The rounding mode that an rm field stands for under an fcsr: 7 is dynamic; 5 and 6 are reserved (negative result). */
export function roundingMode(rm: number, fcsr: number): number {
  const mode = rm === 7 ? (fcsr >> 5) & 7 : rm
  return mode <= 4 ? mode : -1
}

/**
 * Computes; operands and result as 64-bit register contents (narrow ones boxed), integers sign-extended. `mode` is a legal rounding mode;
 * fcsr -1 asks for the exact way.
 */
export function float(
  code: number,
  mode: number,
  fcsr: number,
  aLo: number,
  aHi: number,
  bLo: number,
  bHi: number,
  cLo: number,
  cHi: number,
): void {
  const format = code & 3
  if (fcsr >= 0 && format <= DOUBLE_INDEX) {
    words[0] = aLo
    words[1] = aHi
    words[2] = bLo
    words[3] = bHi
    const op = code >> 2
    if (format === DOUBLE_INDEX) {
      if (fast(op, mode, fcsr, doubles[0], doubles[1])) return
    } else if (op >= FROM_W && op <= FROM_WU) {
      // 32-bit integers as singles round; not on the fast path
    } else if (aHi === -1 && (bHi === -1 || op === SQRT || op > SGNJX)) {
      if (fastSingle(op, mode, fcsr, singles[0], singles[2])) return
    }
  }
  slow(code, mode, pair(aLo, aHi), pair(bLo, bHi), pair(cLo, cHi))
}

const ADD = 0
const SUB = 1
const MUL = 2
const DIV = 3
const SQRT = 4
const EQ = 8
const LT = 9
const LE = 10
const SGNJ = 12
const SGNJX = 14
const TO_W = 15
const TO_L = 17
const FROM_W = 19
const FROM_WU = 20
const TO_D = 24

/** Doubles: true if done. */
function fast(op: number, mode: number, fcsr: number, a: number, b: number): boolean {
  if (op <= SQRT) {
    if (mode !== soft.NEAREST_EVEN) return false
    const result = arithmetic(op, a, b)
    if (!inFastRange(op, result, a, b, LEAST_NORMAL_DOUBLE, GREATEST_DOUBLE)) return false
    let rounded = 0
    if ((fcsr & soft.INEXACT) === 0 && result !== 0) {
      const known = isInexact(op, result, a, b)
      if (known === undefined) return false
      rounded = known ? soft.INEXACT : 0
    }
    doubles[0] = result
    resultLo = words[0]
    resultHi = words[1]
    raised = rounded
    return true
  }
  if (op >= SGNJ && op <= SGNJX) {
    const sign = op === SGNJ ? words[3] : op === SGNJX ? words[1] ^ words[3] : ~words[3]
    resultLo = words[0]
    resultHi = (words[1] & 0x7fffffff) | (sign & -0x80000000)
    raised = 0
    return true
  }
  if (op === FROM_W || op === FROM_WU) {
    doubles[0] = op === FROM_W ? words[0] : words[0] >>> 0
    resultLo = words[0]
    resultHi = words[1]
    raised = 0
    return true
  }
  return fastShared(op, mode, a, b)
}

/** In double and then rounded: right for the five operations, since a double has more than twice the digits of a single, and two (Figueroa 1995). */
function fastSingle(op: number, mode: number, fcsr: number, a: number, b: number): boolean {
  if (op <= SQRT) {
    if (mode !== soft.NEAREST_EVEN) return false
    const wide = arithmetic(op, a, b)
    const result = Math.fround(wide)
    if (!inFastRange(op, result, a, b, LEAST_NORMAL_SINGLE, GREATEST_SINGLE)) return false
    let rounded = 0
    if ((fcsr & soft.INEXACT) === 0 && result !== 0) {
      const known = result !== wide || isInexact(op, wide, a, b)
      if (known === undefined) return false
      rounded = known ? soft.INEXACT : 0
    }
    singles[0] = result
    resultLo = words[0]
    resultHi = -1
    raised = rounded
    return true
  }
  if (op >= SGNJ && op <= SGNJX) {
    const sign = op === SGNJ ? words[2] : op === SGNJX ? words[0] ^ words[2] : ~words[2]
    resultLo = (words[0] & 0x7fffffff) | (sign & -0x80000000)
    resultHi = -1
    raised = 0
    return true
  }
  if (op === TO_D && !Number.isNaN(a)) {
    doubles[0] = a
    resultLo = words[0]
    resultHi = words[1]
    raised = 0
    return true
  }
  return fastShared(op, mode, a, b)
}

/** Comparisons and conversions to integers by truncation, which are the same at both widths. */
function fastShared(op: number, mode: number, a: number, b: number): boolean {
  if (op >= EQ && op <= LE) {
    if (Number.isNaN(a) || Number.isNaN(b)) return false
    resultLo = (op === EQ ? a === b : op === LT ? a < b : a <= b) ? 1 : 0
    resultHi = 0
    raised = 0
    return true
  }
  if ((op === TO_W || op === TO_L) && mode === soft.TOWARDS_ZERO) {
    const limit = op === TO_W ? 2147483648 : 9007199254740992
    if (!(a > -limit && a < limit)) return false
    const result = Math.trunc(a)
    resultLo = result | 0
    resultHi = Math.floor(result / 4294967296) | 0
    raised = result === a ? 0 : soft.INEXACT
    return true
  }
  return false
}

/** The result is a normal number beyond the least one (which may have been rounded to from below: an underflow), or an exact zero. */
function inFastRange(op: number, result: number, a: number, b: number, least: number, greatest: number): boolean {
  const size = Math.abs(result)
  if (size > least) return size <= greatest && (op !== DIV || b !== 0) && Math.abs(a) !== Number.POSITIVE_INFINITY
  if (size !== 0) return false
  return op <= SUB || a === 0 || (op === MUL && b === 0)
}

/** Whether result differs from the exact one; undefined where the error itself might not be exact. */
function isInexact(op: number, result: number, a: number, b: number): boolean | undefined {
  switch (op) {
    case ADD:
      return sumError(result, a, b) !== 0
    case SUB:
      return sumError(result, a, -b) !== 0
    case MUL:
      return productDiffers(a, b, result)
    case DIV:
      return productDiffers(result, b, a)
    default:
      return productDiffers(result, result, a)
  }
}

function sumError(sum: number, a: number, b: number): number {
  const part = sum - a
  return a - (sum - part) + (b - part)
}

const SPLITTER = 2 ** 27 + 1
const MODERATE = 2 ** 400

/** Whether a * b, exactly, differs from c; undefined where sizes are too far from 1 for the parts of the product to be exact. */
function productDiffers(a: number, b: number, c: number): boolean | undefined {
  const x = Math.abs(a)
  const y = Math.abs(b)
  if (!(x < MODERATE && y < MODERATE && x > 1 / MODERATE && y > 1 / MODERATE)) return undefined
  const product = a * b
  if (product !== c) return true
  const am = SPLITTER * a
  const ah = am - (am - a)
  const al = a - ah
  const bm = SPLITTER * b
  const bh = bm - (bm - b)
  const bl = b - bh
  return al * bl - (product - ah * bh - al * bh - ah * bl) !== 0
}

function arithmetic(op: number, a: number, b: number): number {
  switch (op) {
    case ADD:
      return a + b
    case SUB:
      return a - b
    case MUL:
      return a * b
    case DIV:
      return a / b
    default:
      return Math.sqrt(a)
  }
}

function slow(code: number, mode: number, a: bigint, b: bigint, c: bigint): void {
  const format = code & 3
  const op = FLOAT_OPS[code >> 2]
  soft.clearFlags()
  const result = compute(op, format, mode, a, b, c)
  raised = soft.flags
  resultLo = Number(BigInt.asIntN(32, result))
  resultHi = Number(BigInt.asIntN(32, result >> 32n))
}

const NARROW: Readonly<Record<string, readonly [bits: number, isSigned: boolean]>> = {
  to_b: [8, true],
  to_bu: [8, false],
  to_i16: [16, true],
  to_u16: [16, false],
}

function compute(op: FloatOp, format: number, mode: number, a: bigint, b: bigint, c: bigint): bigint {
  const f = FORMATS[format]
  const x = (): bigint => unbox(format, a)
  const y = (): bigint => unbox(format, b)
  const bool = (v: boolean): bigint => (v ? 1n : 0n)
  switch (op) {
    case 'add':
      return box(format, soft.add(f, x(), y(), mode))
    case 'sub':
      return box(format, soft.add(f, x(), soft.negate(f, y()), mode))
    case 'mul':
      return box(format, soft.mul(f, x(), y(), mode))
    case 'div':
      return box(format, soft.div(f, x(), y(), mode))
    case 'sqrt':
      return box(format, soft.sqrt(f, x(), mode))
    case 'fma':
      return box(format, soft.fma(f, x(), y(), unbox(format, c), mode))
    case 'min':
    case 'max':
      return box(format, soft.minMax(f, x(), y(), op === 'max'))
    case 'eq':
      return bool(soft.equal(f, x(), y()))
    case 'lt':
    case 'le':
      return bool(soft.less(f, x(), y(), op === 'le'))
    case 'class':
      return BigInt(soft.classify(f, x()))
    case 'sgnj':
      return box(format, soft.injectSign(f, x(), y(), 'copy'))
    case 'sgnjn':
      return box(format, soft.injectSign(f, x(), y(), 'negate'))
    case 'sgnjx':
      return box(format, soft.injectSign(f, x(), y(), 'xor'))
    case 'to_w':
    case 'to_wu':
      // 32-bit results are sign-extended, the unsigned ones too (21.7)
      return BigInt.asIntN(32, soft.toInteger(f, x(), 32, op === 'to_w', mode))
    case 'to_l':
    case 'to_lu':
      return soft.toInteger(f, x(), 64, op === 'to_l', mode)
    case 'from_w':
      return box(format, soft.fromInteger(f, BigInt.asIntN(32, a), mode))
    case 'from_wu':
      return box(format, soft.fromInteger(f, BigInt.asUintN(32, a), mode))
    case 'from_l':
      return box(format, soft.fromInteger(f, BigInt.asIntN(64, a), mode))
    case 'from_lu':
      return box(format, soft.fromInteger(f, a, mode))
    case 'to_s':
    case 'to_d':
    case 'to_h': {
      const target = FLOAT_FORMATS.indexOf(op.slice(3) as FloatFormat)
      return box(target, soft.convert(f, FORMATS[target], x(), mode))
    }
    case 'odd_s':
    case 'odd_h': {
      const target = FLOAT_FORMATS.indexOf(op.slice(4) as FloatFormat)
      return box(target, soft.convert(f, FORMATS[target], x(), soft.TO_ODD))
    }
    case 'minm':
    case 'maxm':
      return box(format, soft.minMaxNaN(f, x(), y(), op === 'maxm'))
    case 'ltq':
    case 'leq':
      return bool(soft.lessQuiet(f, x(), y(), op === 'leq'))
    case 'round':
    case 'roundnx':
      return box(format, soft.roundToIntegral(f, x(), mode, op === 'roundnx'))
    case 'mod_w':
      return soft.toIntegerModulo(f, x())
    case 'li':
      return box(format, soft.constant(f, Number(a & 31n)))
    case 'to_b':
    case 'to_bu':
    case 'to_i16':
    case 'to_u16': {
      const [bits, isSigned] = NARROW[op]
      return soft.toInteger(f, x(), bits, isSigned, mode)
    }
  }
}

/** A narrow value lies in a register with all higher bits set; anything else reads as the canonical NaN (22.2). */
function unbox(format: number, register: bigint): bigint {
  const bits = WIDTHS[format]
  if (bits < 64 && register >> BigInt(bits) !== (1n << BigInt(64 - bits)) - 1n)
    return soft.canonicalNaN(FORMATS[format])
  return BigInt.asUintN(bits, register)
}

function box(format: number, value: bigint): bigint {
  const bits = WIDTHS[format]
  return bits === 64 ? value : value | (((1n << BigInt(64 - bits)) - 1n) << BigInt(bits))
}

function pair(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}
