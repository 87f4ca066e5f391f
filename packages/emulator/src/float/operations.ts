// RISC-V floating-point operations on register bits: NaN boxing, rounding-mode field, accrued flags; shared by both evaluators.
//
// An operation is a number, so that generated code passes a literal: index in FLOAT_OPS * 4 + index in FLOAT_FORMATS. What it leaves
// (result words, new flags) is in this module's live bindings, as in entity's i64.
//
// Fast path: with rounding to nearest even and INEXACT accrued already, the host's own arithmetic tells all there is to tell if the
// result is a normal number: no other flag can be raised then. Once a program has rounded, it stays on this path.

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
] as const
export type FloatOp = (typeof FLOAT_OPS)[number]

export function floatCode(op: FloatOp, format: FloatFormat): number {
  return FLOAT_OPS.indexOf(op) * 4 + FLOAT_FORMATS.indexOf(format)
}

const FORMATS: readonly soft.Format[] = [soft.SINGLE, soft.DOUBLE, soft.HALF]
const WIDTHS: readonly number[] = [32, 64, 16]
const DOUBLE_INDEX = 1
const SINGLE_INDEX = 0

/** Result of the last float(), and the flags that it raised. */
export let resultLo = 0
export let resultHi = 0
export let raised = 0

const words = new Int32Array(6)
const doubles = new Float64Array(words.buffer)
const singles = new Float32Array(words.buffer)
const LEAST_NORMAL_DOUBLE = 2 ** -1022
const LEAST_NORMAL_SINGLE = 2 ** -126
const GREATEST_SINGLE = (2 - 2 ** -23) * 2 ** 127

/** The rounding mode that an rm field stands for under an fcsr: 7 is dynamic; 5 and 6 are reserved (negative result). */
export function roundingMode(rm: number, fcsr: number): number {
  const mode = rm === 7 ? (fcsr >> 5) & 7 : rm
  return mode <= 4 ? mode : -1
}

/** Computes; operands and result as 64-bit register contents (narrow ones boxed), integers sign-extended. `mode` is a legal rounding mode. */
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
  if (mode === soft.NEAREST_EVEN && (fcsr & soft.INEXACT) !== 0 && code < 20) {
    if ((code & 3) === DOUBLE_INDEX) {
      words[0] = aLo
      words[1] = aHi
      words[2] = bLo
      words[3] = bHi
      if (fastDouble(code >> 2)) return
    } else if ((code & 3) === SINGLE_INDEX && aHi === -1 && (bHi === -1 || code >> 2 === 4)) {
      words[0] = aLo
      words[2] = bLo
      if (fastSingle(code >> 2)) return
    }
  }
  slow(code, mode, pair(aLo, aHi), pair(bLo, bHi), pair(cLo, cHi))
}

function fastDouble(op: number): boolean {
  const result = arithmetic(op, doubles[0], doubles[1])
  const size = Math.abs(result)
  // The least normal number itself may have been rounded to from below, which underflows.
  if (!(size > LEAST_NORMAL_DOUBLE && size < Number.POSITIVE_INFINITY)) return false
  if (op === 3 && doubles[1] === 0) return false
  doubles[0] = result
  resultLo = words[0]
  resultHi = words[1]
  raised = 0
  return true
}

/** In double and then rounded: right for these five, since a double has more than twice the digits of a single, and two (Figueroa 1995). */
function fastSingle(op: number): boolean {
  const result = Math.fround(arithmetic(op, singles[0], singles[2]))
  const size = Math.abs(result)
  if (!(size > LEAST_NORMAL_SINGLE && size <= GREATEST_SINGLE)) return false
  singles[0] = result
  resultLo = words[0]
  resultHi = -1
  raised = 0
  return true
}

function arithmetic(op: number, a: number, b: number): number {
  switch (op) {
    case 0:
      return a + b
    case 1:
      return a - b
    case 2:
      return a * b
    case 3:
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
  }
}

/** A narrow value lies in a register with all higher bits set; anything else reads as the canonical NaN (22.2). */
function unbox(format: number, register: bigint): bigint {
  const bits = WIDTHS[format]
  if (bits < 64 && register >> BigInt(bits) !== (1n << BigInt(64 - bits)) - 1n) return soft.canonicalNaN(FORMATS[format])
  return BigInt.asUintN(bits, register)
}

function box(format: number, value: bigint): bigint {
  const bits = WIDTHS[format]
  return bits === 64 ? value : value | (((1n << BigInt(64 - bits)) - 1n) << BigInt(bits))
}

function pair(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0)
}
