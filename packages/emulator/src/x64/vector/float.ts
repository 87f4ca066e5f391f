// Operations of the vector unit on floating-point elements, by mnemonic (without the v of AVX forms); operands as in integer.ts. The arithmetic,
// with x86's NaNs, is float/x86.ts's.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

import type { X86FloatOp } from '../../float/x86.ts'
import type { Types } from '../../semantics/builder.ts'
import type { X64Body, X64Builder, X64SemanticsTable } from '../builder.ts'
import { AF, CF, OF, PF, SF, ZF } from '../flags.ts'

type Bits = 32 | 64

/** Element k of an operand, as bits in an i64. */
const element = <T extends Types>(b: X64Builder<T>, operand: string, bits: Bits, k: number): T['i64'] =>
  bits === 64 ? b.lane64(operand, k) : b.i64.extend_i32_u(b.lane(operand, 32, k))

const setElement = <T extends Types>(b: X64Builder<T>, bits: Bits, k: number, v: T['i64']): void => {
  if (bits === 64) b.setLane64('d', k, v)
  else b.setLane('d', 32, k, b.i32.wrap_i64(v))
}

/** All elements of d from elements of the same number. */
const packed = <T extends Types>(
  b: X64Builder<T>,
  bits: Bits,
  f: (get: (operand: string) => T['i64'], k: number) => T['i64'],
): void => {
  for (let k = 0; k < 128 / bits; k++)
    setElement(
      b,
      bits,
      k,
      f((operand) => element(b, operand, bits, k), k),
    )
}

/** Element 0; the others are those of a. */
const scalar = <T extends Types>(b: X64Builder<T>, bits: Bits, v: T['i64']): void => {
  setElement(b, bits, 0, v)
  for (let k = 1; k < 128 / bits; k++) setElement(b, bits, k, element(b, 'a', bits, k))
}

/** The four types of an instruction: packed and scalar, single and double. */
function ofTypes(
  name: string,
  f: <T extends Types>(b: X64Builder<T>, bits: Bits, x: T['i64'], y: T['i64']) => T['i64'],
): X64SemanticsTable {
  const all =
    (bits: Bits): X64Body =>
    (b) =>
      packed(b, bits, (get) => f(b, bits, get('a'), get('b')))
  const one =
    (bits: Bits): X64Body =>
    (b) =>
      scalar(b, bits, f(b, bits, element(b, 'a', bits, 0), element(b, 'b', bits, 0)))
  return { [`${name}ps`]: all(32), [`${name}pd`]: all(64), [`${name}ss`]: one(32), [`${name}sd`]: one(64) }
}

/** Of one source: that is a where packed, and b where scalar. */
function ofTypesUnary(
  name: string,
  f: <T extends Types>(b: X64Builder<T>, bits: Bits, x: T['i64']) => T['i64'],
): X64SemanticsTable {
  const all =
    (bits: Bits): X64Body =>
    (b) =>
      packed(b, bits, (get) => f(b, bits, get('a')))
  const one =
    (bits: Bits): X64Body =>
    (b) =>
      scalar(b, bits, f(b, bits, element(b, 'b', bits, 0)))
  return { [`${name}ps`]: all(32), [`${name}pd`]: all(64), [`${name}ss`]: one(32), [`${name}sd`]: one(64) }
}

const arithmetic = Object.assign(
  {},
  ...(['add', 'sub', 'mul', 'div', 'min', 'max'] as const).map((op) =>
    ofTypes(op, (b, bits, x, y) => b.float(op, bits, x, y)),
  ),
) as X64SemanticsTable

/** Mode of rounding of an immediate: bits 0-1, or with bit 2 what MXCSR says, which is to nearest. */
const roundingOf = <T extends Types>(b: X64Builder<T>): T['i64'] => {
  const { i32 } = b
  const n = b.imm('imm')
  return b.i64.extend_i32_u(i32.select(i32.and(n, i32.const(4)), i32.const(0), i32.and(n, i32.const(3))))
}

// Predicates of comparisons, by the low four bits of the immediate (bit 4 only says which NaNs signal): bit n of each is whether it holds for relation n
// (equal, less, greater, unordered).
// biome-ignore format: table
const PREDICATES = [
  0b0001, 0b0010, 0b0011, 0b1000, // eq lt le unord
  0b1110, 0b1101, 0b1100, 0b0111, // neq nlt nle ord
  0b1001, 0b1010, 0b1011, 0b0000, // eq_uq nge ngt false
  0b0110, 0b0101, 0b0100, 0b1111, // neq_oq ge gt true
]

const packedPredicates = (from: number): number =>
  PREDICATES.slice(from, from + 8).reduce((all, p, i) => all + p * 16 ** i, 0)

/** All ones where the immediate's predicate holds. */
function compared<T extends Types>(b: X64Builder<T>, bits: Bits, x: T['i64'], y: T['i64']): T['i64'] {
  const { i32, i64 } = b
  const relation = i32.wrap_i64(b.float('compare', bits, x, y))
  const n = b.imm('imm')
  const table = i64.or(i64.const(packedPredicates(0)), i64.shl(i64.const(packedPredicates(8)), i64.const(32)))
  const at = i32.add(i32.shl(i32.and(n, i32.const(15)), i32.const(2)), relation)
  const holds = i64.and(i64.shr_u(table, i64.extend_i32_u(at)), i64.const(1))
  return i64.sub(i64.const(0), holds)
}

/** ZF, PF, CF by a comparison; the other flags become 0. */
const compareFlags =
  (bits: Bits): X64Body =>
  (b) => {
    const { i32 } = b
    const relation = i32.wrap_i64(b.float('compare', bits, element(b, 'a', bits, 0), element(b, 'b', bits, 0)))
    // equal, less, greater, unordered
    const bytes = ZF | (CF << 8) | ((ZF | PF | CF) << 24)
    const value = i32.and(i32.shr_u(i32.const(bytes), i32.shl(relation, i32.const(3))), i32.const(0xff))
    b.setFlagBits(CF | PF | AF | ZF | SF | OF, value)
  }

const bitwise =
  (f: <T extends Types>(b: X64Builder<T>, x: T['i64'], y: T['i64']) => T['i64']): X64Body =>
  (b) =>
    b.map64((lane) => f(b, lane.q('a'), lane.q('b')))

/** a of even elements, b of odd ones: subtracted and added. */
const addSub =
  (bits: Bits): X64Body =>
  (b) =>
    packed(b, bits, (get, k) => b.float(k % 2 === 0 ? 'sub' : 'add', bits, get('a'), get('b')))

const horizontal =
  (bits: Bits, op: 'add' | 'sub'): X64Body =>
  (b) => {
    const half = 64 / bits
    for (let k = 0; k < 2 * half; k++) {
      const from = k < half ? 'a' : 'b'
      const at = 2 * (k % half)
      setElement(b, bits, k, b.float(op, bits, element(b, from, bits, at), element(b, from, bits, at + 1)))
    }
  }

/**
 * The sum of the products that the upper half of the immediate selects, in the places that the lower half does. Each place adds its own and its
 * neighbour's product (singles: in the other order), then the other pair's sum: the value is the same everywhere, but of several NaNs the first
 * counts, and this is what a CPU was seen to do.
 */
const dotProduct =
  (bits: Bits): X64Body =>
  (b) => {
    const { i32, i64 } = b
    const n = b.imm('imm')
    const bit = (k: number): ReturnType<typeof i32.const> => i32.and(i32.shr_u(n, i32.const(k)), i32.const(1))
    const zero = i64.const(0)
    const places = Array.from({ length: 128 / bits }, (_, k) => k)
    const products = places.map((k) =>
      i64.select(bit(4 + k), b.float('mul', bits, element(b, 'a', bits, k), element(b, 'b', bits, k)), zero),
    )
    const own = bits === 64 ? 0 : 1
    let sums = places.map((k) => b.float('add', bits, products[k ^ own], products[k ^ own ^ 1]))
    if (bits === 32) sums = places.map((k) => b.float('add', bits, sums[k], sums[k ^ 2]))
    for (const k of places) setElement(b, bits, k, i64.select(bit(k), sums[k], zero))
  }

/** dst = +-(x * y) +- z, with x, y, z by the order in the name: of the operands a (the destination's old value), b and c. */
const ORDERS = { 132: ['a', 'c', 'b'], 213: ['b', 'a', 'c'], 231: ['b', 'c', 'a'] } as const

function fused(name: string, op: (k: number) => X86FloatOp, scalars: boolean): X64SemanticsTable {
  const table: Record<string, X64Body> = {}
  for (const [order, [x, y, z]] of Object.entries(ORDERS)) {
    for (const [suffix, bits] of [
      ['ps', 32],
      ['pd', 64],
    ] as const) {
      table[`${name}${order}${suffix}`] = (b) =>
        packed(b, bits, (get, k) => b.float(op(k), bits, get(x), get(y), get(z)))
      if (scalars)
        table[`${name}${order}s${suffix[1]}`] = (b) =>
          scalar(b, bits, b.float(op(0), bits, ...[x, y, z].map((operand) => element(b, operand, bits, 0))))
    }
  }
  return table
}

/** Element 0 of b, converted, above a. */
const convertScalar =
  (from: Bits, op: 'toF32' | 'toF64', to: Bits): X64Body =>
  (b) =>
    scalar(b, to, b.float(op, from, element(b, 'b', from, 0)))

/** An integer in a general register or memory to element 0 of d, above a. */
const fromInteger =
  (op: 'fromI32' | 'fromI64' | 'fromU32' | 'fromU64', to: Bits): X64Body =>
  (b) =>
    scalar(b, to, b.float(op, to, op.endsWith('64') ? b.r64('b') : b.i64.extend_i32_u(b.r32('b'))))

const toInteger =
  (op: X86FloatOp, from: Bits): X64Body =>
  (b) => {
    const v = b.float(op, from, element(b, 'a', from, 0))
    if (/64/.test(op)) b.set64('d', v)
    else b.set32('d', b.i32.wrap_i64(v))
  }

/** Elements of a from one width to another: as many as the wider has, and zeros above. */
const convert =
  (op: X86FloatOp, from: Bits, to: Bits, bits: Bits): X64Body =>
  (b) => {
    const count = 128 / Math.max(from, to)
    for (let k = 0; k < count; k++) setElement(b, to, k, b.float(op, bits, element(b, 'a', from, k)))
    if (to < from) b.setLane64('d', 1, b.i64.const(0))
  }

/** Two elements of a, then two of b, by bits of the immediate. */
const shuffle =
  (bits: Bits): X64Body =>
  (b) => {
    const { i32 } = b
    const n = b.imm('imm')
    const count = 128 / bits
    const each = bits === 64 ? 1 : 2
    for (let k = 0; k < count; k++) {
      const from = k < count / 2 ? 'a' : 'b'
      const at = i32.and(i32.shr_u(n, i32.const(each * k)), i32.const(count - 1))
      if (bits === 64) b.setLane64('d', k, b.lane64At(from, at))
      else b.setLane('d', 32, k, b.laneAt(from, 32, at))
    }
  }

/** The low halves of a and b, or the high ones, by turns. */
const unpack =
  (bits: Bits, high: boolean): X64Body =>
  (b) => {
    const half = 64 / bits
    for (let k = 0; k < half; k++)
      for (const [i, name] of ['a', 'b'].entries())
        setElement(b, bits, 2 * k + i, element(b, name, bits, high ? half + k : k))
  }

/** Elements of a by numbers. */
const pick =
  (bits: Bits, numbers: readonly number[]): X64Body =>
  (b) => {
    for (const [k, n] of numbers.entries()) setElement(b, bits, k, element(b, 'a', bits, n))
  }

/** An element of b to a place in a; a mask of places that become zero. Of a memory operand there is one element. */
const insertElement =
  (memory: boolean): X64Body =>
  (b) => {
    const { i32 } = b
    const n = b.imm('imm')
    const v = memory ? b.lane('b', 32, 0) : b.laneAt('b', 32, i32.and(i32.shr_u(n, i32.const(6)), i32.const(3)))
    const at = i32.and(i32.shr_u(n, i32.const(4)), i32.const(3))
    for (let k = 0; k < 4; k++) {
      const cleared = i32.and(i32.shr_u(n, i32.const(k)), i32.const(1))
      const merged = i32.select(i32.eq(at, i32.const(k)), v, b.lane('a', 32, k))
      b.setLane('d', 32, k, i32.select(cleared, i32.const(0), merged))
    }
  }

/** rcpps, rcpss, rsqrtps, rsqrtss. */
const approximations: X64SemanticsTable = Object.fromEntries(
  (['rcp', 'rsqrt'] as const).flatMap((op): [string, X64Body][] => [
    [`${op}ps`, (b) => packed(b, 32, (get) => b.float(op, 32, get('a')))],
    [`${op}ss`, (b) => scalar(b, 32, b.float(op, 32, element(b, 'b', 32, 0)))],
  ]),
)

// biome-ignore format: table
export const vectorFloat: X64SemanticsTable = {
  ...arithmetic,
  ...ofTypesUnary('sqrt', (b, bits, x) => b.float('sqrt', bits, x)),
  ...ofTypesUnary('round', (b, bits, x) => b.float('round', bits, x, roundingOf(b))),
  ...approximations,
  ...ofTypes('cmp', compared),
  ucomiss: compareFlags(32),
  ucomisd: compareFlags(64),
  comiss:  compareFlags(32),
  comisd:  compareFlags(64),
  andps:  bitwise((b, x, y) => b.i64.and(x, y)),
  andpd:  bitwise((b, x, y) => b.i64.and(x, y)),
  andnps: bitwise((b, x, y) => b.i64.and(b.i64.xor(x, b.i64.const(-1)), y)),
  andnpd: bitwise((b, x, y) => b.i64.and(b.i64.xor(x, b.i64.const(-1)), y)),
  orps:   bitwise((b, x, y) => b.i64.or(x, y)),
  orpd:   bitwise((b, x, y) => b.i64.or(x, y)),
  xorps:  bitwise((b, x, y) => b.i64.xor(x, y)),
  xorpd:  bitwise((b, x, y) => b.i64.xor(x, y)),
  addsubps: addSub(32),
  addsubpd: addSub(64),
  haddps: horizontal(32, 'add'),
  haddpd: horizontal(64, 'add'),
  hsubps: horizontal(32, 'sub'),
  hsubpd: horizontal(64, 'sub'),
  dpps: dotProduct(32),
  dppd: dotProduct(64),
  ...fused('fmadd',  () => 'madd', true),
  ...fused('fmsub',  () => 'msub', true),
  ...fused('fnmadd', () => 'nmadd', true),
  ...fused('fnmsub', () => 'nmsub', true),
  ...fused('fmaddsub', (k) => (k % 2 === 0 ? 'msub' : 'madd'), false),
  ...fused('fmsubadd', (k) => (k % 2 === 0 ? 'madd' : 'msub'), false),

  cvtss2sd: convertScalar(32, 'toF64', 64),
  cvtsd2ss: convertScalar(64, 'toF32', 32),
  cvtsi2ssl: fromInteger('fromI32', 32),
  cvtsi2ssq: fromInteger('fromI64', 32),
  cvtsi2sdl: fromInteger('fromI32', 64),
  cvtsi2sdq: fromInteger('fromI64', 64),
  cvtusi2ssl: fromInteger('fromU32', 32),
  cvtusi2ssq: fromInteger('fromU64', 32),
  cvtusi2sdl: fromInteger('fromU32', 64),
  cvtusi2sdq: fromInteger('fromU64', 64),
  cvtss2sil:  toInteger('toI32', 32),
  cvtss2siq:  toInteger('toI64', 32),
  cvtsd2sil:  toInteger('toI32', 64),
  cvtsd2siq:  toInteger('toI64', 64),
  cvttss2sil: toInteger('toI32t', 32),
  cvttss2siq: toInteger('toI64t', 32),
  cvttsd2sil: toInteger('toI32t', 64),
  cvttsd2siq: toInteger('toI64t', 64),
  cvttss2usil: toInteger('toU32t', 32),
  cvttss2usiq: toInteger('toU64t', 32),
  cvttsd2usil: toInteger('toU32t', 64),
  cvttsd2usiq: toInteger('toU64t', 64),

  cvtps2pd:  convert('toF64', 32, 64, 32),
  cvtpd2ps:  convert('toF32', 64, 32, 64),
  cvtdq2ps:  convert('fromI32', 32, 32, 32),
  cvtudq2ps: convert('fromU32', 32, 32, 32),
  cvtdq2pd:  convert('fromI32', 32, 64, 64),
  cvtudq2pd: convert('fromU32', 32, 64, 64),
  cvtqq2pd:  convert('fromI64', 64, 64, 64),
  cvtuqq2pd: convert('fromU64', 64, 64, 64),
  cvtqq2ps:  convert('fromI64', 64, 32, 32),
  cvtuqq2ps: convert('fromU64', 64, 32, 32),
  cvtps2dq:   convert('toI32', 32, 32, 32),
  cvttps2dq:  convert('toI32t', 32, 32, 32),
  cvttps2udq: convert('toU32t', 32, 32, 32),
  cvtpd2dq:   convert('toI32', 64, 32, 64),
  cvttpd2dq:  convert('toI32t', 64, 32, 64),
  cvttpd2udq: convert('toU32t', 64, 32, 64),
  cvttpd2qq:  convert('toI64t', 64, 64, 64),
  cvttpd2uqq: convert('toU64t', 64, 64, 64),
  cvtph2ps: (b) => {
    for (let k = 0; k < 4; k++) setElement(b, 32, k, b.float('toF32', 16, b.i64.extend_i32_u(b.lane('a', 16, k))))
  },
  cvtps2ph: (b) => {
    const mode = roundingOf(b)
    for (let k = 0; k < 4; k++) b.setLane('d', 16, k, b.i32.wrap_i64(b.float('toF16', 32, element(b, 'a', 32, k), mode)))
    b.setLane64('d', 1, b.i64.const(0))
  },

  unpcklps: unpack(32, false),
  unpcklpd: unpack(64, false),
  unpckhps: unpack(32, true),
  unpckhpd: unpack(64, true),
  shufps: shuffle(32),
  shufpd: shuffle(64),
  movddup:  pick(64, [0, 0]),
  movsldup: pick(32, [0, 0, 2, 2]),
  movshdup: pick(32, [1, 1, 3, 3]),
  insertps:        insertElement(false),
  insertps_memory: insertElement(true),
  permilps: (b) => {
    for (let k = 0; k < 4; k++) b.setLane('d', 32, k, b.laneAt('a', 32, b.i32.and(b.lane('b', 32, k), b.i32.const(3))))
  },
  permilpd: (b) => {
    for (let k = 0; k < 2; k++) {
      const bit = b.i64.and(b.i64.shr_u(b.lane64('b', k), b.i64.const(1)), b.i64.const(1))
      b.setLane64('d', k, b.lane64At('a', b.i32.wrap_i64(bit)))
    }
  },
  permilps_imm: (b) => {
    for (let k = 0; k < 4; k++)
      b.setLane('d', 32, k, b.laneAt('a', 32, b.i32.and(b.i32.shr_u(b.imm('imm'), b.i32.const(2 * k)), b.i32.const(3))))
  },
  permilpd_imm: (b) => {
    for (let k = 0; k < 2; k++)
      b.setLane64('d', k, b.lane64At('a', b.i32.and(b.i32.shr_u(b.imm('imm'), b.i32.const(k)), b.i32.const(1))))
  },
}
