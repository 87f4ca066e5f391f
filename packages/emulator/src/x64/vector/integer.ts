// Operations of the vector unit on integer elements, by mnemonic (without the v of AVX forms, which do the same).
//
// Operands: d the destination, a the first source (the destination's old value in two-operand forms), b the second, c the third; imm.
// Elements are i32 values of which only the low bits count when written.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

import type { IntegerArithmetic, Types } from '../../semantics/builder.ts'
import type { X64Body, X64Builder, X64SemanticsTable } from '../builder.ts'
import { CF, PF, AF, ZF, SF, OF } from '../flags.ts'

type Narrow = 8 | 16 | 32
type Two32 = <T extends Types>(b: IntegerArithmetic<T>, x: T['i32'], y: T['i32']) => T['i32']
type Two64 = <T extends Types>(b: IntegerArithmetic<T>, x: T['i64'], y: T['i64']) => T['i64']

/** Element by element, zero-extended or sign-extended. */
const unsigned =
  (bits: Narrow, f: Two32): X64Body =>
  (b) =>
    b.map(bits, (lane) => f(b, lane.u('a'), lane.u('b')))
const signed =
  (bits: Narrow, f: Two32): X64Body =>
  (b) =>
    b.map(bits, (lane) => f(b, lane.s('a'), lane.s('b')))
const wide =
  (f: Two64): X64Body =>
  (b) =>
    b.map64((lane) => f(b, lane.q('a'), lane.q('b')))

/** All ones where a condition holds. */
const mask = <T extends Types>(b: IntegerArithmetic<T>, condition: T['i32']): T['i32'] =>
  b.i32.sub(b.i32.const(0), condition)
const mask64 = <T extends Types>(b: IntegerArithmetic<T>, condition: T['i32']): T['i64'] =>
  b.i64.sub(b.i64.const(0), b.i64.extend_i32_u(condition))

const clampBetween = <T extends Types>(b: IntegerArithmetic<T>, v: T['i32'], least: number, most: number): T['i32'] => {
  const { i32 } = b
  const notBelow = i32.select(i32.lt_s(v, i32.const(least)), i32.const(least), v)
  return i32.select(i32.lt_s(i32.const(most), notBelow), i32.const(most), notBelow)
}
/** The nearest value that the width has, of a value that fits i32. */
const saturateSigned = <T extends Types>(b: IntegerArithmetic<T>, v: T['i32'], bits: 8 | 16): T['i32'] =>
  clampBetween(b, v, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
const saturateUnsigned = <T extends Types>(b: IntegerArithmetic<T>, v: T['i32'], bits: 8 | 16): T['i32'] =>
  clampBetween(b, v, 0, 2 ** bits - 1)

const minOrMax =
  (less: 'lt_s' | 'lt_u', max: boolean): Two32 =>
  (b, x, y) =>
    max ? b.i32.select(b.i32[less](x, y), y, x) : b.i32.select(b.i32[less](x, y), x, y)
const minOrMax64 =
  (less: 'lt_s' | 'lt_u', max: boolean): Two64 =>
  (b, x, y) =>
    max ? b.i64.select(b.i64[less](x, y), y, x) : b.i64.select(b.i64[less](x, y), x, y)

// biome-ignore format: table
const elements: X64SemanticsTable = {
  paddb: unsigned(8,  (b, x, y) => b.i32.add(x, y)),
  paddw: unsigned(16, (b, x, y) => b.i32.add(x, y)),
  paddd: unsigned(32, (b, x, y) => b.i32.add(x, y)),
  paddq: wide((b, x, y) => b.i64.add(x, y)),
  psubb: unsigned(8,  (b, x, y) => b.i32.sub(x, y)),
  psubw: unsigned(16, (b, x, y) => b.i32.sub(x, y)),
  psubd: unsigned(32, (b, x, y) => b.i32.sub(x, y)),
  psubq: wide((b, x, y) => b.i64.sub(x, y)),
  paddsb:  signed(8,    (b, x, y) => saturateSigned(b, b.i32.add(x, y), 8)),
  paddsw:  signed(16,   (b, x, y) => saturateSigned(b, b.i32.add(x, y), 16)),
  psubsb:  signed(8,    (b, x, y) => saturateSigned(b, b.i32.sub(x, y), 8)),
  psubsw:  signed(16,   (b, x, y) => saturateSigned(b, b.i32.sub(x, y), 16)),
  paddusb: unsigned(8,  (b, x, y) => saturateUnsigned(b, b.i32.add(x, y), 8)),
  paddusw: unsigned(16, (b, x, y) => saturateUnsigned(b, b.i32.add(x, y), 16)),
  psubusb: unsigned(8,  (b, x, y) => saturateUnsigned(b, b.i32.sub(x, y), 8)),
  psubusw: unsigned(16, (b, x, y) => saturateUnsigned(b, b.i32.sub(x, y), 16)),
  pavgb: unsigned(8,  (b, x, y) => b.i32.shr_u(b.i32.add(b.i32.add(x, y), b.i32.const(1)), b.i32.const(1))),
  pavgw: unsigned(16, (b, x, y) => b.i32.shr_u(b.i32.add(b.i32.add(x, y), b.i32.const(1)), b.i32.const(1))),

  pand:  wide((b, x, y) => b.i64.and(x, y)),
  pandn: wide((b, x, y) => b.i64.and(b.i64.xor(x, b.i64.const(-1)), y)),
  por:   wide((b, x, y) => b.i64.or(x, y)),
  pxor:  wide((b, x, y) => b.i64.xor(x, y)),

  pcmpeqb: unsigned(8,  (b, x, y) => mask(b, b.i32.eq(x, y))),
  pcmpeqw: unsigned(16, (b, x, y) => mask(b, b.i32.eq(x, y))),
  pcmpeqd: unsigned(32, (b, x, y) => mask(b, b.i32.eq(x, y))),
  pcmpeqq: wide((b, x, y) => mask64(b, b.i64.eq(x, y))),
  pcmpgtb: signed(8,    (b, x, y) => mask(b, b.i32.lt_s(y, x))),
  pcmpgtw: signed(16,   (b, x, y) => mask(b, b.i32.lt_s(y, x))),
  pcmpgtd: signed(32,   (b, x, y) => mask(b, b.i32.lt_s(y, x))),
  pcmpgtq: wide((b, x, y) => mask64(b, b.i64.lt_s(y, x))),

  pminub: unsigned(8,  minOrMax('lt_u', false)),
  pminuw: unsigned(16, minOrMax('lt_u', false)),
  pminud: unsigned(32, minOrMax('lt_u', false)),
  pminuq: wide(minOrMax64('lt_u', false)),
  pminsb: signed(8,    minOrMax('lt_s', false)),
  pminsw: signed(16,   minOrMax('lt_s', false)),
  pminsd: signed(32,   minOrMax('lt_s', false)),
  pminsq: wide(minOrMax64('lt_s', false)),
  pmaxub: unsigned(8,  minOrMax('lt_u', true)),
  pmaxuw: unsigned(16, minOrMax('lt_u', true)),
  pmaxud: unsigned(32, minOrMax('lt_u', true)),
  pmaxuq: wide(minOrMax64('lt_u', true)),
  pmaxsb: signed(8,    minOrMax('lt_s', true)),
  pmaxsw: signed(16,   minOrMax('lt_s', true)),
  pmaxsd: signed(32,   minOrMax('lt_s', true)),
  pmaxsq: wide(minOrMax64('lt_s', true)),

  pmullw:   unsigned(16, (b, x, y) => b.i32.mul(x, y)),
  pmulld:   unsigned(32, (b, x, y) => b.i32.mul(x, y)),
  pmullq:   wide((b, x, y) => b.i64.mul(x, y)),
  pmulhw:   signed(16,   (b, x, y) => b.i32.shr_s(b.i32.mul(x, y), b.i32.const(16))),
  pmulhuw:  unsigned(16, (b, x, y) => b.i32.shr_u(b.i32.mul(x, y), b.i32.const(16))),
  pmulhrsw: signed(16,   (b, x, y) =>
    b.i32.shr_s(b.i32.add(b.i32.shr_s(b.i32.mul(x, y), b.i32.const(14)), b.i32.const(1)), b.i32.const(1))),
  pmuludq:  wide((b, x, y) => b.i64.mul(b.i64.extend_i32_u(b.i32.wrap_i64(x)), b.i64.extend_i32_u(b.i32.wrap_i64(y)))),
  pmuldq:   wide((b, x, y) => b.i64.mul(b.i64.extend_i32_s(b.i32.wrap_i64(x)), b.i64.extend_i32_s(b.i32.wrap_i64(y)))),

  pmaddwd: unsigned(32, (b, x, y) => {
    const { i32 } = b
    const high = (v: typeof x) => i32.shr_s(v, i32.const(16))
    return i32.add(i32.mul(i32.extend16_s(x), i32.extend16_s(y)), i32.mul(high(x), high(y)))
  }),
  // Bytes of a are unsigned, of b signed.
  pmaddubsw: unsigned(16, (b, x, y) => {
    const { i32 } = b
    const low = i32.mul(i32.and(x, i32.const(0xff)), i32.extend8_s(y))
    const high = i32.mul(i32.shr_u(x, i32.const(8)), i32.extend8_s(i32.shr_u(y, i32.const(8))))
    return saturateSigned(b, i32.add(low, high), 16)
  }),

  pabsb: (b) => b.map(8,  (lane) => absolute(b, lane.s('a'))),
  pabsw: (b) => b.map(16, (lane) => absolute(b, lane.s('a'))),
  pabsd: (b) => b.map(32, (lane) => absolute(b, lane.s('a'))),
  pabsq: (b) => b.map64((lane) => {
    const x = lane.q('a')
    return b.i64.select(b.i64.lt_s(x, b.i64.const(0)), b.i64.sub(b.i64.const(0), x), x)
  }),
  psignb: signed(8,  withSign),
  psignw: signed(16, withSign),
  psignd: signed(32, withSign),
  popcntb: (b) => b.map(8,  (lane) => b.i32.popcnt(lane.u('a'))),
  popcntw: (b) => b.map(16, (lane) => b.i32.popcnt(lane.u('a'))),
}

function absolute<T extends Types>(b: IntegerArithmetic<T>, x: T['i32']): T['i32'] {
  return b.i32.select(b.i32.lt_s(x, b.i32.const(0)), b.i32.sub(b.i32.const(0), x), x)
}

/** x with the sign of y: negated, 0, or as it is. */
function withSign<T extends Types>(b: IntegerArithmetic<T>, x: T['i32'], y: T['i32']): T['i32'] {
  const { i32 } = b
  const zero = i32.const(0)
  return i32.select(i32.lt_s(y, zero), i32.sub(zero, x), i32.select(i32.eqz(y), zero, x))
}

// ---- Shifts. A count of the width or more shifts everything out.

type ShiftKind = 'shl' | 'shr_u' | 'shr_s'

/** By one count for all elements. */
function shiftAll<T extends Types>(b: X64Builder<T>, bits: 16 | 32 | 64, kind: ShiftKind, count: T['i64']): void {
  const { i32, i64 } = b
  const tooFar = i64.ge_u(count, i64.const(bits))
  if (bits === 64) {
    const n = kind === 'shr_s' ? i64.select(tooFar, i64.const(63), count) : count
    b.map64((lane) => {
      const r = i64[kind](lane.q('a'), n)
      return kind === 'shr_s' ? r : i64.select(tooFar, i64.const(0), r)
    })
    return
  }
  const given = i32.wrap_i64(count)
  const n = kind === 'shr_s' ? i32.select(tooFar, i32.const(bits - 1), given) : given
  b.map(bits, (lane) => {
    const r = i32[kind](kind === 'shr_s' ? lane.s('a') : lane.u('a'), n)
    return kind === 'shr_s' ? r : i32.select(tooFar, i32.const(0), r)
  })
}

const shifts: X64SemanticsTable = Object.fromEntries(
  (
    [
      ['psllw', 16, 'shl'],
      ['pslld', 32, 'shl'],
      ['psllq', 64, 'shl'],
      ['psrlw', 16, 'shr_u'],
      ['psrld', 32, 'shr_u'],
      ['psrlq', 64, 'shr_u'],
      ['psraw', 16, 'shr_s'],
      ['psrad', 32, 'shr_s'],
      ['psraq', 64, 'shr_s'],
    ] as const
  ).flatMap(([name, bits, kind]): [string, X64Body][] => [
    [name, (b) => shiftAll(b, bits, kind, b.lane64('b', 0))],
    [`${name}_imm`, (b) => shiftAll(b, bits, kind, b.i64.extend_i32_u(b.imm('imm')))],
  ]),
)

/** By a count of its own for each element. */
const variableShift =
  (bits: 32 | 64, kind: ShiftKind): X64Body =>
  (b) => {
    const { i32, i64 } = b
    if (bits === 64)
      b.map64((lane) => {
        const n = lane.q('b')
        const tooFar = i64.ge_u(n, i64.const(64))
        if (kind === 'shr_s') return i64.shr_s(lane.q('a'), i64.select(tooFar, i64.const(63), n))
        return i64.select(tooFar, i64.const(0), i64[kind](lane.q('a'), n))
      })
    else
      b.map(32, (lane) => {
        const n = lane.u('b')
        const tooFar = i32.ge_u(n, i32.const(32))
        if (kind === 'shr_s') return i32.shr_s(lane.u('a'), i32.select(tooFar, i32.const(31), n))
        return i32.select(tooFar, i32.const(0), i32[kind](lane.u('a'), n))
      })
  }

/** A whole register by bytes; more than 15 leave nothing. */
const byteShift =
  (left: boolean): X64Body =>
  (b) => {
    const { i32 } = b
    const n = b.imm('imm')
    b.map(8, (_lane, k) => {
      const from = left ? i32.sub(k, n) : i32.add(k, n)
      return i32.select(i32.ge_u(from, i32.const(16)), i32.const(0), b.laneAt('a', 8, i32.and(from, i32.const(15))))
    })
  }

const rotateBy = (bits: 32 | 64, left: boolean, immediate: boolean): X64Body => {
  const name = left ? 'rotl' : 'rotr'
  return (b) => {
    if (bits === 64)
      b.map64((lane) => b.i64[name](lane.q('a'), immediate ? b.i64.extend_i32_u(b.imm('imm')) : lane.q('b')))
    else b.map(32, (lane) => b.i32[name](lane.u('a'), immediate ? b.imm('imm') : lane.u('b')))
  }
}

// biome-ignore format: table
const otherShifts: X64SemanticsTable = {
  psllvd: variableShift(32, 'shl'),
  psllvq: variableShift(64, 'shl'),
  psrlvd: variableShift(32, 'shr_u'),
  psrlvq: variableShift(64, 'shr_u'),
  psravd: variableShift(32, 'shr_s'),
  psravq: variableShift(64, 'shr_s'),
  pslldq_imm: byteShift(true),
  psrldq_imm: byteShift(false),
  prolvd: rotateBy(32, true, false),
  prolvq: rotateBy(64, true, false),
  prorvd: rotateBy(32, false, false),
  prorvq: rotateBy(64, false, false),
  prold_imm: rotateBy(32, true, true),
  prolq_imm: rotateBy(64, true, true),
  prord_imm: rotateBy(32, false, true),
  prorq_imm: rotateBy(64, false, true),
}

// ---- Across elements

/** Pairs of neighbours: those of a, then those of b. */
const horizontal =
  (bits: 16 | 32, f: Two32): X64Body =>
  (b) => {
    const half = 64 / bits
    for (let k = 0; k < 2 * half; k++) {
      const from = k < half ? 'a' : 'b'
      const at = 2 * (k % half)
      const element = (n: number) => {
        const v = b.lane(from, bits, n)
        return bits === 16 ? b.i32.extend16_s(v) : v
      }
      b.setLane('d', bits, k, f(b, element(at), element(at + 1)))
    }
  }

/** Elements of a, then those of b, as half as wide ones. */
const pack =
  (from: 16 | 32, isSigned: boolean): X64Body =>
  (b) => {
    const to = (from / 2) as 8 | 16
    const half = 128 / from
    for (let k = 0; k < 2 * half; k++) {
      const v = b.lane(k < half ? 'a' : 'b', from, k % half)
      const element = from === 16 ? b.i32.extend16_s(v) : v
      b.setLane('d', to, k, isSigned ? saturateSigned(b, element, to) : saturateUnsigned(b, element, to))
    }
  }

/** The low halves of a and b, or the high ones, by turns. */
const unpack =
  (bits: 8 | 16 | 32 | 64, high: boolean): X64Body =>
  (b) => {
    const half = 64 / bits
    for (let k = 0; k < half; k++) {
      const from = high ? half + k : k
      for (const [i, name] of ['a', 'b'].entries()) {
        if (bits === 64) b.setLane64('d', 2 * k + i, b.lane64(name, from))
        else b.setLane('d', bits, 2 * k + i, b.lane(name, bits, from))
      }
    }
  }

/** The lowest elements of a, extended. */
const extend =
  (from: Narrow, to: 16 | 32 | 64, isSigned: boolean): X64Body =>
  (b) => {
    const { i32, i64 } = b
    for (let k = 0; k < 128 / to; k++) {
      const v = b.lane('a', from, k)
      const signed = from === 8 ? i32.extend8_s(v) : from === 16 ? i32.extend16_s(v) : v
      if (to === 64) b.setLane64('d', k, isSigned ? i64.extend_i32_s(signed) : i64.extend_i32_u(v))
      else b.setLane('d', to, k, isSigned ? signed : v)
    }
  }

function difference<T extends Types>(b: IntegerArithmetic<T>, x: T['i32'], y: T['i32']): T['i32'] {
  return absolute(b, b.i32.sub(x, y))
}

/** Bytes of a selected by the bytes of b: 0 where those have bit 7. */
const byteShuffle: X64Body = (b) => {
  const { i32 } = b
  b.map(8, (lane) => {
    const n = lane.u('b')
    const v = b.laneAt('a', 8, i32.and(n, i32.const(15)))
    return i32.select(i32.ge_u(n, i32.const(128)), i32.const(0), v)
  })
}

/** 16 of the 32 bytes a:b, from number imm on. */
const align: X64Body = (b) => {
  const { i32 } = b
  const n = b.imm('imm')
  b.map(8, (_lane, k) => {
    const from = i32.add(k, n)
    const at = i32.and(from, i32.const(15))
    const upper = i32.select(i32.ge_u(from, i32.const(32)), i32.const(0), b.laneAt('a', 8, at))
    return i32.select(i32.lt_u(from, i32.const(16)), b.laneAt('b', 8, at), upper)
  })
}

/** Two bits of the immediate for each element of a group. */
const select4 =
  (bits: 16 | 32, first: number): X64Body =>
  (b) => {
    const { i32 } = b
    const n = b.imm('imm')
    for (let k = 0; k < 128 / bits; k++) {
      const inGroup = k >= first && k < first + 4
      const at = (): ReturnType<typeof i32.const> =>
        i32.add(i32.and(i32.shr_u(n, i32.const(2 * (k - first))), i32.const(3)), i32.const(first))
      b.setLane('d', bits, k, inGroup ? b.laneAt('a', bits, at()) : b.lane('a', bits, k))
    }
  }

/** The element of b where the immediate has a one. */
const blendByImmediate =
  (bits: 16 | 32 | 64): X64Body =>
  (b) => {
    const { i32, i64 } = b
    const n = b.imm('imm')
    for (let k = 0; k < 128 / bits; k++) {
      const chosen = i32.and(i32.shr_u(n, i32.const(k)), i32.const(1))
      if (bits === 64) b.setLane64('d', k, i64.select(chosen, b.lane64('b', k), b.lane64('a', k)))
      else b.setLane('d', bits, k, i32.select(chosen, b.lane('b', bits, k), b.lane('a', bits, k)))
    }
  }

/** The element of b where the sign of c is one. */
const blendBySign =
  (bits: 8 | 32 | 64): X64Body =>
  (b) => {
    const { i32, i64 } = b
    if (bits === 64) b.map64((lane) => i64.select(i64.lt_s(lane.q('c'), i64.const(0)), lane.q('b'), lane.q('a')))
    else b.map(bits, (lane) => i32.select(i32.lt_s(lane.s('c'), i32.const(0)), lane.u('b'), lane.u('a')))
  }

const ALL = CF | PF | AF | ZF | SF | OF

/** ZF if a & b is 0, CF if ~a & b is; of the bits in a mask. */
function testBits<T extends Types>(b: X64Builder<T>, kept: T['i64']): void {
  const { i32, i64 } = b
  let both = i64.const(0)
  let only = i64.const(0)
  for (let k = 0; k < 2; k++) {
    const [x, y] = [b.lane64('a', k), b.lane64('b', k)]
    both = i64.or(both, i64.and(x, y))
    only = i64.or(only, i64.and(i64.xor(x, i64.const(-1)), y))
  }
  const zero = (v: T['i64']): T['i32'] => i64.eqz(i64.and(v, kept))
  b.setFlagBits(ALL, i32.or(zero(only), i32.shl(zero(both), i32.const(6))))
}

/** The signs of all elements, as bits of a general register. */
const signs =
  (bits: 8 | 32 | 64): X64Body =>
  (b) => {
    const { i32, i64 } = b
    let all = i32.const(0)
    for (let k = 0; k < 128 / bits; k++) {
      const sign =
        bits === 64
          ? i32.wrap_i64(i64.shr_u(b.lane64('a', k), i64.const(63)))
          : i32.shr_u(b.lane('a', bits, k), i32.const(bits - 1))
      all = i32.or(all, i32.shl(sign, i32.const(k)))
    }
    b.set32('d', all)
  }

/** The element b, of which register forms may have more bits, in the place that the immediate says. */
const insert =
  (bits: 8 | 16 | 32 | 64): X64Body =>
  (b) => {
    const { i32, i64 } = b
    const at = b.imm('imm')
    for (let k = 0; k < 128 / bits; k++) {
      const here = i32.eq(at, i32.const(k))
      if (bits === 64) b.setLane64('d', k, i64.select(here, b.r64('b'), b.lane64('a', k)))
      else b.setLane('d', bits, k, i32.select(here, b.r32('b'), b.lane('a', bits, k)))
    }
  }

const extract =
  (bits: 8 | 16 | 32 | 64): X64Body =>
  (b) => {
    if (bits === 64) b.set64('d', b.lane64At('a', b.imm('imm')))
    else b.set32('d', b.laneAt('a', bits, b.imm('imm')))
  }

const broadcast =
  (bits: 8 | 16 | 32 | 64): X64Body =>
  (b) => {
    if (bits === 64) {
      const v = b.lane64('a', 0)
      b.map64(() => v)
    } else {
      const v = b.lane('a', bits, 0)
      b.map(bits, () => v)
    }
  }

/** Elements of the tables b and c, by the low bits of a (permi2), or of a and c by b (permt2). */
const twoTables =
  (bits: 8 | 32 | 64, index: 'a' | 'b'): X64Body =>
  (b) => {
    const { i32, i64 } = b
    const count = 128 / bits
    const first = index === 'a' ? 'b' : 'a'
    const low = i32.const(count - 1)
    for (let k = 0; k < (bits === 8 ? 0 : count); k++) {
      const n = bits === 64 ? i32.wrap_i64(b.lane64(index, k)) : b.lane(index, 32, k)
      const second = i32.and(n, i32.const(count))
      const at = i32.and(n, low)
      if (bits === 64) b.setLane64('d', k, i64.select(second, b.lane64At('c', at), b.lane64At(first, at)))
      else b.setLane('d', 32, k, i32.select(second, b.laneAt('c', 32, at), b.laneAt(first, 32, at)))
    }
    if (bits === 8)
      b.map(8, (lane) => {
        const n = lane.u(index)
        const at = i32.and(n, low)
        return i32.select(i32.and(n, i32.const(16)), b.laneAt('c', 8, at), b.laneAt(first, 8, at))
      })
  }

/** By bit: that of the immediate whose number is a, b and c, a the highest. */
const ternaryLogic: X64Body = (b) => {
  const { i32, i64 } = b
  const table = b.imm('imm')
  const not = (v: ReturnType<typeof i64.const>) => i64.xor(v, i64.const(-1))
  b.map64((lane) => {
    const [x, y, z] = [lane.q('a'), lane.q('b'), lane.q('c')]
    let result = i64.const(0)
    for (let k = 0; k < 8; k++) {
      const row = i64.and(i64.and((k & 4) !== 0 ? x : not(x), (k & 2) !== 0 ? y : not(y)), (k & 1) !== 0 ? z : not(z))
      const bit = mask64(b, i32.and(i32.shr_u(table, i32.const(k)), i32.const(1)))
      result = i64.or(result, i64.and(row, bit))
    }
    return result
  })
}

/** Products of the parts of an element of b and c, added up and to the element of a: bytes unsigned by signed, or signed words. */
const dotProduct =
  (bytes: boolean, saturating: boolean): X64Body =>
  (b) => {
    const { i32, i64 } = b
    b.map(32, (lane) => {
      const [sum, x, y] = [lane.u('a'), lane.u('b'), lane.u('c')]
      let products = i64.const(0)
      for (let k = 0; k < (bytes ? 4 : 2); k++) {
        const by = i32.const(k * (bytes ? 8 : 16))
        const [p, q] = [i32.shr_u(x, by), i32.shr_u(y, by)]
        const product = bytes
          ? i32.mul(i32.and(p, i32.const(0xff)), i32.extend8_s(q))
          : i32.mul(i32.extend16_s(p), i32.extend16_s(q))
        products = i64.add(products, i64.extend_i32_s(product))
      }
      const total = i64.add(i64.extend_i32_s(sum), products)
      const low = i32.wrap_i64(total)
      if (!saturating) return low
      const fits = i64.eq(i64.extend_i32_s(low), total)
      const bound = i32.select(i64.lt_s(total, i64.const(0)), i32.const(-(2 ** 31)), i32.const(2 ** 31 - 1))
      return i32.select(fits, low, bound)
    })
  }

// biome-ignore format: table
const across: X64SemanticsTable = {
  phaddw:  horizontal(16, (b, x, y) => b.i32.add(x, y)),
  phaddd:  horizontal(32, (b, x, y) => b.i32.add(x, y)),
  phaddsw: horizontal(16, (b, x, y) => saturateSigned(b, b.i32.add(x, y), 16)),
  phsubw:  horizontal(16, (b, x, y) => b.i32.sub(x, y)),
  phsubd:  horizontal(32, (b, x, y) => b.i32.sub(x, y)),
  phsubsw: horizontal(16, (b, x, y) => saturateSigned(b, b.i32.sub(x, y), 16)),
  packsswb: pack(16, true),
  packuswb: pack(16, false),
  packssdw: pack(32, true),
  packusdw: pack(32, false),
  punpcklbw:  unpack(8, false),
  punpcklwd:  unpack(16, false),
  punpckldq:  unpack(32, false),
  punpcklqdq: unpack(64, false),
  punpckhbw:  unpack(8, true),
  punpckhwd:  unpack(16, true),
  punpckhdq:  unpack(32, true),
  punpckhqdq: unpack(64, true),
  pmovsxbw: extend(8, 16, true),
  pmovsxbd: extend(8, 32, true),
  pmovsxbq: extend(8, 64, true),
  pmovsxwd: extend(16, 32, true),
  pmovsxwq: extend(16, 64, true),
  pmovsxdq: extend(32, 64, true),
  pmovzxbw: extend(8, 16, false),
  pmovzxbd: extend(8, 32, false),
  pmovzxbq: extend(8, 64, false),
  pmovzxwd: extend(16, 32, false),
  pmovzxwq: extend(16, 64, false),
  pmovzxdq: extend(32, 64, false),
  pshufb: byteShuffle,
  palignr: align,
  pshufd:  select4(32, 0),
  pshuflw: select4(16, 0),
  pshufhw: select4(16, 4),
  pblendw: blendByImmediate(16),
  pblendd: blendByImmediate(32),
  blendps: blendByImmediate(32),
  blendpd: blendByImmediate(64),
  pblendvb: blendBySign(8),
  blendvps: blendBySign(32),
  blendvpd: blendBySign(64),
  ptest:  (b) => testBits(b, b.i64.const(-1)),
  testps: (b) => testBits(b, b.i64.or(b.i64.shl(b.i64.const(1), b.i64.const(63)), b.i64.const(2 ** 31))),
  testpd: (b) => testBits(b, b.i64.shl(b.i64.const(1), b.i64.const(63))),
  pmovmskb: signs(8),
  movmskps: signs(32),
  movmskpd: signs(64),
  pinsrb: insert(8),
  pinsrw: insert(16),
  pinsrd: insert(32),
  pinsrq: insert(64),
  pextrb: extract(8),
  pextrw: extract(16),
  pextrd: extract(32),
  pextrq: extract(64),
  extractps: extract(32),
  pbroadcastb: broadcast(8),
  pbroadcastw: broadcast(16),
  pbroadcastd: broadcast(32),
  pbroadcastq: broadcast(64),
  broadcastss: broadcast(32),
  permb: (b) => b.map(8, (lane) => b.laneAt('b', 8, b.i32.and(lane.u('a'), b.i32.const(15)))),
  permi2b:  twoTables(8, 'a'),
  permi2d:  twoTables(32, 'a'),
  permi2q:  twoTables(64, 'a'),
  permi2ps: twoTables(32, 'a'),
  permi2pd: twoTables(64, 'a'),
  permt2b:  twoTables(8, 'b'),
  permt2d:  twoTables(32, 'b'),
  permt2q:  twoTables(64, 'b'),
  permt2ps: twoTables(32, 'b'),
  permt2pd: twoTables(64, 'b'),
  // Eight bits of b's element from the place that each byte of a says, coming round.
  pmultishiftqb: (b) => b.map(8, (lane, k) => {
    const n = b.i64.extend_i32_u(lane.u('a'))
    return b.i32.wrap_i64(b.i64.rotr(b.lane64At('b', b.i32.shr_u(k, b.i32.const(3))), n))
  }),
  pternlogd: ternaryLogic,
  pternlogq: ternaryLogic,
  pdpbusd:  dotProduct(true, false),
  pdpbusds: dotProduct(true, true),
  pdpwssd:  dotProduct(false, false),
  pdpwssds: dotProduct(false, true),

  psadbw: (b) => {
    for (let half = 0; half < 2; half++) {
      let sum = b.i32.const(0)
      for (let k = 8 * half; k < 8 * half + 8; k++) sum = b.i32.add(sum, difference(b, b.lane('a', 8, k), b.lane('b', 8, k)))
      b.setLane64('d', half, b.i64.extend_i32_u(sum))
    }
  },
  // Four bytes of b, compared with each four neighbours of a.
  mpsadbw: (b) => {
    const { i32 } = b
    const n = b.imm('imm')
    const fromB = i32.shl(i32.and(n, i32.const(3)), i32.const(2))
    const fromA = i32.and(n, i32.const(4))
    const four = [0, 1, 2, 3].map((j) => b.laneAt('b', 8, i32.add(fromB, i32.const(j))))
    b.map(16, (_lane, k) => {
      let sum = i32.const(0)
      const at = i32.add(fromA, k)
      for (let j = 0; j < 4; j++) sum = i32.add(sum, difference(b, b.laneAt('a', 8, i32.add(at, i32.const(j))), four[j]))
      return sum
    })
  },
  /** The least word and its number. */
  phminposuw: (b) => {
    const { i32 } = b
    let least = b.lane('a', 16, 0)
    let at = i32.const(0)
    for (let k = 1; k < 8; k++) {
      const v = b.lane('a', 16, k)
      const less = i32.lt_u(v, least)
      at = i32.select(less, i32.const(k), at)
      least = i32.select(less, v, least)
    }
    b.setLane64('d', 0, b.i64.extend_i32_u(i32.or(least, i32.shl(at, i32.const(16)))))
    b.setLane64('d', 1, b.i64.const(0))
  },
}

/** Lengths in eax and edx, or up to zeros; the result is an index in ecx, or a mask in xmm0. */
const strings =
  (explicit: boolean, index: boolean): X64Body =>
  (b) => {
    const found = b.compareStrings(explicit ? [b.r32('rax'), b.r32('rdx')] : undefined)
    if (index) b.set32('d', found.index)
    else {
      b.setLane64('d', 0, found.low)
      b.setLane64('d', 1, found.high)
    }
    b.setFlagBits(ALL, found.flags)
  }

// biome-ignore format: table
const stringComparisons: X64SemanticsTable = {
  pcmpestri: strings(true, true),
  pcmpestrm: strings(true, false),
  pcmpistri: strings(false, true),
  pcmpistrm: strings(false, false),
}

export const vectorInteger: X64SemanticsTable = {
  ...elements,
  ...shifts,
  ...otherShifts,
  ...across,
  ...stringComparisons,
}
