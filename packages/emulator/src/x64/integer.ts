// Semantics of x64's integer instructions, one body per row id: moves, arithmetic, shifts, bits.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. Row ids end in the forms of the operands, destination first
// (r register, m memory, i immediate, c the register cl); the letter before them is the width.

import type { AccessSize, Types } from '../semantics/builder.ts'
import { reverseBytes } from '../semantics/bit-tricks.ts'
import type { X64Body, X64Builder, X64SemanticsTable } from './builder.ts'
import {
  AF,
  bitOf,
  CF,
  flagsAfter,
  type LazyFlags,
  OF,
  PF,
  parityOf,
  SF,
  type Sized,
  signOf,
  sized,
  type Width,
  ZF,
} from './flags.ts'

/** Suffixes of mnemonics. */
export const SUFFIXES: readonly (readonly [suffix: string, width: Width])[] = [
  ['b', 8],
  ['w', 16],
  ['l', 32],
  ['q', 64],
]
const WITHOUT_BYTES = SUFFIXES.slice(1)
const WORDS = SUFFIXES.slice(2)

/** Operands of a width in registers and memory. */
export interface Access<T extends Types, V> extends Sized<T, V> {
  get(operand: string): V
  /** Sign-extended, as far as the width goes. */
  imm(operand: string): V
  load(address: T['i64']): V
  store(address: T['i64'], v: V): void
  /** 32 bits clear the upper half of the register, 8 and 16 leave the rest alone. */
  set(operand: string, v: V): void
}

/** A body for operands of one width. */
export function at(width: Width, f: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => void): X64Body {
  return (b) =>
    sized(b, width, (s) => {
      const size = (width / 8) as AccessSize
      f(b, {
        ...s,
        get: (operand) => (width === 64 ? s.fromI64(b.r64(operand)) : s.fromI32(b.r32(operand))),
        imm: (operand) => (width === 64 ? s.fromI64(b.i64.extend_i32_s(b.imm(operand))) : s.fromI32(b.imm(operand))),
        load: (address) => s.fromI64(b.load(size, address)),
        store: (address, v) => b.store(size, address, s.toI64(v)),
        set: (operand, v) => {
          if (width === 64) b.set64(operand, s.toI64(v))
          else if (width === 32) b.set32(operand, s.low(v))
          else b.setLow(operand, width, s.low(v))
        },
      })
    })
}

type Operation = <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V, y: V) => V
type Unary = <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V) => V

/** Bodies of `name` for widths, and for the forms that `make` has. */
function family(
  name: string,
  widths: readonly (readonly [string, Width])[],
  make: (width: Width) => Readonly<Record<string, X64Body>>,
): Record<string, X64Body> {
  const table: Record<string, X64Body> = {}
  for (const [suffix, width] of widths)
    for (const [form, body] of Object.entries(make(width))) table[`${name}${suffix}_${form}`] = body
  return table
}

// ---- add, or, adc, sbb, and, sub, xor, cmp, test

interface Alu {
  readonly op: Operation
  readonly kind: LazyFlags
}

const carryIn = <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>): V => w.fromI32(b.flag('c'))
// biome-ignore format: table
const ALU: Readonly<Record<string, Alu>> = {
  add: { op: (_b, w, x, y) => w.truncate(w.add(x, y)), kind: 'add' },
  or:  { op: (_b, w, x, y) => w.or(x, y), kind: 'logic' },
  adc: { op: (b, w, x, y) => w.truncate(w.add(w.add(x, y), carryIn(b, w))), kind: 'adc' },
  sbb: { op: (b, w, x, y) => w.truncate(w.sub(w.sub(x, y), carryIn(b, w))), kind: 'sbb' },
  and: { op: (_b, w, x, y) => w.and(x, y), kind: 'logic' },
  sub: { op: (_b, w, x, y) => w.truncate(w.sub(x, y)), kind: 'sub' },
  xor: { op: (_b, w, x, y) => w.xor(x, y), kind: 'logic' },
}

/** Flags of an ALU operation, from its operands or its result. */
function aluFlags<T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, kind: LazyFlags, x: V, y: V, r: V): void {
  if (kind === 'logic') b.setFlags('logic', w.width, w.toI64(r), b.i64.const(0))
  else if (kind === 'adc' || kind === 'sbb') b.setFlags(kind, w.width, w.toI64(x), w.toI64(y), { carry: b.flag('c') })
  else b.setFlags(kind, w.width, w.toI64(x), w.toI64(y))
}

function alu({ op, kind }: Alu, width: Width): Record<string, X64Body> {
  const toRegister = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const x = w.get('dst')
      const y = source(b, w)
      const r = op(b, w, x, y)
      w.set('dst', r)
      aluFlags(b, w, kind, x, y, r)
    })
  const toMemory = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const y = source(b, w)
      const address = b.address()
      const x = w.load(address)
      const r = op(b, w, x, y)
      w.store(address, r)
      aluFlags(b, w, kind, x, y, r)
    })
  return {
    rr: toRegister((_b, w) => w.get('src')),
    rm: toRegister((b, w) => w.load(b.address())),
    ri: toRegister((_b, w) => w.imm('imm')),
    mr: toMemory((_b, w) => w.get('src')),
    mi: toMemory((_b, w) => w.imm('imm')),
  }
}

/** cmp and test: flags only; cmp's memory forms say which operand comes first. */
function compare(kind: 'sub' | 'logic', width: Width): Record<string, X64Body> {
  const flags = (operands: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => readonly [x: V, y: V]): X64Body =>
    at(width, (b, w) => {
      const [x, y] = operands(b, w)
      aluFlags(b, w, kind, x, y, kind === 'logic' ? w.and(x, y) : x)
    })
  // test is symmetric, and has no form with the memory operand last.
  const last = kind === 'sub' ? { rm: flags((b, w) => [w.get('a'), w.load(b.address())]) } : {}
  return {
    ...last,
    rr: flags((_b, w) => [w.get('a'), w.get('b')]),
    ri: flags((_b, w) => [w.get('a'), w.imm('imm')]),
    mr: flags((b, w) => {
      const y = w.get('b')
      return [w.load(b.address()), y]
    }),
    mi: flags((b, w) => [w.load(b.address()), w.imm('imm')]),
  }
}

/** Read, changed and written: a register or memory. */
function unary(width: Width, op: Unary, flags: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V) => void) {
  return {
    r: at(width, (b, w) => {
      const x = w.get('dst')
      w.set('dst', op(b, w, x))
      flags(b, w, x)
    }),
    m: at(width, (b, w) => {
      const address = b.address()
      const x = w.load(address)
      w.store(address, op(b, w, x))
      flags(b, w, x)
    }),
  }
}

/** inc and dec: as by 1, but CF stays. */
const step = (width: Width, kind: 'add' | 'sub') =>
  unary(
    width,
    (_b, w, x) => w.truncate(w[kind](x, w.const(1))),
    (b, w, x) => {
      const { i32 } = b
      const { a, o, p, s, z } = flagsAfter(b, w, kind, x, w.const(1), i32.const(0))
      const at = (flag: typeof a, bit: number) => i32.shl(flag?.value ?? i32.const(0), i32.const(Math.log2(bit)))
      const value = i32.or(i32.or(at(p, PF), at(a, AF)), i32.or(i32.or(at(z, ZF), at(s, SF)), at(o, OF)))
      b.setFlagBits(PF | AF | ZF | SF | OF, value)
    },
  )

const neg: Unary = (_b, w, x) => w.truncate(w.sub(w.const(0), x))
const not: Unary = (_b, w, x) => w.truncate(w.xor(x, w.const(-1)))

// ---- Moves

const move = (width: Width): Record<string, X64Body> => ({
  mr: at(width, (b, w) => w.store(b.address(), w.get('src'))),
  mi: at(width, (b, w) => w.store(b.address(), w.imm('imm'))),
  ...(width < 32 ? {} : moveToRegister(width)),
})

const moveToRegister = (width: Width): Record<string, X64Body> => ({
  rr: at(width, (_b, w) => w.set('dst', w.get('src'))),
  rm: at(width, (b, w) => w.set('dst', w.load(b.address()))),
  ri: at(width, (_b, w) => w.set('dst', w.imm('imm'))),
})

const byteSwapped: Unary = (b, w, x) => {
  const reversed = reverseBytes(b, w.toI64(x))
  return w.fromI64(b.i64.shr_u(reversed, b.i64.const(64 - w.width)))
}

const moveSwapped = (width: Width): Record<string, X64Body> => ({
  rm: at(width, (b, w) => w.set('dst', byteSwapped(b, w, w.load(b.address())))),
  mr: at(width, (b, w) => w.store(b.address(), byteSwapped(b, w, w.get('src')))),
})

/** movzx and movsx: from one width to a greater one. */
function extension(from: Width, to: Width, signed: boolean): Record<string, X64Body> {
  const extended = <T extends Types>(b: X64Builder<T>, v: T['i64']): T['i64'] =>
    sized(b, from, (w) => {
      const x = w.fromI64(v)
      if (!signed) return w.toI64(x)
      return b.i64.extend_i32_s(w.low(w.signed(x)))
    })
  const put = <T extends Types>(b: X64Builder<T>, v: T['i64']): void => {
    if (to === 64) b.set64('dst', v)
    else if (to === 32) b.set32('dst', b.i32.wrap_i64(v))
    else b.setLow('dst', 16, b.i32.and(b.i32.wrap_i64(v), b.i32.const(0xffff)))
  }
  return {
    rr: (b) => put(b, extended(b, b.i64.extend_i32_u(b.r32('src')))),
    rm: (b) => put(b, extended(b, b.load((from / 8) as AccessSize, b.address()))),
  }
}

// biome-ignore format: table
const EXTENSIONS: readonly (readonly [name: string, from: Width, to: Width, signed: boolean])[] = [
  ['movzbw', 8, 16, false], ['movzbl', 8, 32, false], ['movzbq', 8, 64, false],
  ['movzwl', 16, 32, false], ['movzwq', 16, 64, false],
  ['movsbw', 8, 16, true], ['movsbl', 8, 32, true], ['movsbq', 8, 64, true],
  ['movswl', 16, 32, true], ['movswq', 16, 64, true], ['movslq', 32, 64, true],
]

const conditionalMove = (width: Width): Record<string, X64Body> => {
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const old = w.get('dst')
      const y = source(b, w)
      w.set('dst', w.select(b.condition('cc'), y, old))
    })
  return { rr: body((_b, w) => w.get('src')), rm: body((b, w) => w.load(b.address())) }
}

// ---- Multiplication and division

/** dst = x * y, signed; CF and OF say whether that lost something. */
function imul(width: Width): Record<string, X64Body> {
  const product = (
    operands: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => readonly [x: V, y: V],
  ): X64Body =>
    at(width, (b, w) => {
      const [x, y] = operands(b, w)
      w.set('dst', w.truncate(w.mul(x, y)))
      b.setFlags('imul', width, w.toI64(x), w.toI64(y))
    })
  return {
    rr: product((_b, w) => [w.get('dst'), w.get('src')]),
    rm: product((b, w) => [w.get('dst'), w.load(b.address())]),
    rri: product((_b, w) => [w.get('src'), w.imm('imm')]),
    rmi: product((b, w) => [w.load(b.address()), w.imm('imm')]),
  }
}

/** High half of the full product of two operands, and the low one. */
function fullProduct<T extends Types, V>(
  b: X64Builder<T>,
  w: Access<T, V>,
  x: V,
  y: V,
  signed: boolean,
): { high: V; low: V } {
  const { i64 } = b
  if (w.width === 64) {
    const [p, q] = [w.toI64(x), w.toI64(y)]
    return { high: w.fromI64(signed ? i64.mul_high_s(p, q) : i64.mul_high_u(p, q)), low: w.mul(x, y) }
  }
  const full = (v: V): T['i64'] => (signed ? i64.extend_i32_s(w.low(w.signed(v))) : w.toI64(v))
  const product = i64.mul(full(x), full(y))
  return { high: w.fromI64(i64.shr_u(product, i64.const(w.width))), low: w.fromI64(product) }
}

/** rdx:rax = rax * source; ax = al * source for bytes. */
function multiply(width: Width, signed: boolean): Record<string, X64Body> {
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const x = w.get('rax')
      const y = source(b, w)
      const { high, low } = fullProduct(b, w, x, y, signed)
      if (width === 8) b.setLow('rax', 16, b.i32.or(w.low(low), b.i32.shl(w.low(high), b.i32.const(8))))
      else {
        w.set('rax', low)
        w.set('rdx', high)
      }
      b.setFlags(signed ? 'imul' : 'mul', width, w.toI64(x), w.toI64(y))
    })
  return { r: body((_b, w) => w.get('src')), m: body((b, w) => w.load(b.address())) }
}

function multiplyWithoutFlags(width: Width): Record<string, X64Body> {
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const x = w.get('rdx')
      const { high, low } = fullProduct(b, w, x, source(b, w), false)
      // Where both are the same register it gets the high half.
      w.set('lo', low)
      w.set('hi', high)
    })
  return { rr: body((_b, w) => w.get('src')), rm: body((b, w) => w.load(b.address())) }
}

const ALL = CF | PF | AF | ZF | SF | OF

/** rax and rdx = quotient and remainder of rdx:rax; al and ah of ax for bytes. */
function divide(width: Width, signed: boolean): Record<string, X64Body> {
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const { i32, i64 } = b
      if (width === 64) {
        const hi = b.r64('rdx')
        const lo = b.r64('rax')
        const { quotient, remainder, fails } = b.divide(signed, hi, lo, w.toI64(source(b, w)))
        b.divideErrorIf(fails)
        b.set64('rax', quotient)
        b.set64('rdx', remainder)
      } else {
        const ax = width === 8 ? b.r32('rax') : undefined
        const dividend =
          ax !== undefined
            ? i64.extend_i32_u(i32.and(ax, i32.const(0xffff)))
            : i64.or(w.toI64(w.get('rax')), i64.shl(w.toI64(w.get('rdx')), i64.const(width)))
        const y = source(b, w)
        // The dividend has twice the width, and is extended from there; the quotient is right in 64 bits, and may not fit.
        const up = i64.const(64 - 2 * width)
        const x = signed ? i64.shr_s(i64.shl(dividend, up), up) : dividend
        const by = signed ? i64.extend_i32_s(w.low(w.signed(y))) : w.toI64(y)
        const sign = signed ? i64.shr_s(x, i64.const(63)) : i64.const(0)
        const { quotient, remainder, fails } = b.divide(signed, sign, x, by)
        const down = i64.const(64 - width)
        const kept = signed ? i64.shr_s(i64.shl(quotient, down), down) : i64.shr_u(i64.shl(quotient, down), down)
        b.divideErrorIf(i32.or(fails, i64.ne(kept, quotient)))
        if (width === 8) {
          const high = i32.shl(i32.and(i32.wrap_i64(remainder), i32.const(0xff)), i32.const(8))
          b.setLow('rax', 16, i32.or(i32.and(i32.wrap_i64(quotient), i32.const(0xff)), high))
        } else {
          w.set('rax', w.fromI64(quotient))
          w.set('rdx', w.fromI64(remainder))
        }
      }
      b.setFlagBits(0, i32.const(0), { undefined: ALL })
    })
  return { r: body((_b, w) => w.get('src')), m: body((b, w) => w.load(b.address())) }
}

// ---- Shifts and rotations. Counts are taken modulo 32, of 64-bit operands modulo 64; a count of 0 leaves the flags alone.

type Count = <T extends Types>(b: X64Builder<T>) => T['i32']
type ShiftName = 'shl' | 'shr' | 'sar'
type RotateName = 'rol' | 'ror' | 'rcl' | 'rcr'

const byImmediate: Count = (b) => b.imm('imm')
const byCl: Count = (b) => b.r32('rcx')

function shift(name: ShiftName | RotateName, width: Width): Record<string, X64Body> {
  const result = <T extends Types, V>(
    b: X64Builder<T>,
    w: Access<T, V>,
    x: V,
    count: T['i32'],
  ): { r: V; flags(): void } => {
    const masked = b.i32.and(count, b.i32.const(width === 64 ? 63 : 31))
    return name === 'shl' || name === 'shr' || name === 'sar'
      ? shifted(b, w, name, x, masked)
      : rotated(b, w, name, x, masked)
  }
  const inRegister = (count: Count): X64Body =>
    at(width, (b, w) => {
      const x = w.get('dst')
      const { r, flags } = result(b, w, x, count(b))
      w.set('dst', r)
      flags()
    })
  const inMemory = (count: Count): X64Body =>
    at(width, (b, w) => {
      const n = count(b)
      const address = b.address()
      const x = w.load(address)
      const { r, flags } = result(b, w, x, n)
      w.store(address, r)
      flags()
    })
  return { ri: inRegister(byImmediate), rc: inRegister(byCl), mi: inMemory(byImmediate), mc: inMemory(byCl) }
}

function shifted<T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, name: ShiftName, x: V, n: T['i32']) {
  const count = w.fromI32(n)
  const r =
    name === 'shl'
      ? w.truncate(w.shl(x, count))
      : name === 'shr'
        ? w.shr_u(x, count)
        : w.truncate(w.shr_s(w.signed(x), count))
  const flags = (): void =>
    b.setFlags(name, w.width, w.toI64(x), b.i64.extend_i32_u(n), { when: b.i32.ne(n, b.i32.const(0)) })
  return { r, flags }
}

/** `count` is below 32 or 64. rcl and rcr rotate width + 1 bits, CF the highest of them. */
function rotated<T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, name: RotateName, x: V, n: T['i32']) {
  const { i32 } = b
  const { width } = w
  const through = name === 'rcl' || name === 'rcr'
  let r: V
  let carry: T['i32']
  // Rotations through CF come round after width + 1 places. Flags are written unless the masked count is 0, whatever is left of it.
  const effective = through && width < 32 ? i32.rem_u(n, i32.const(width + 1)) : n
  if (through) {
    const old = b.flag('c')
    ;({ r, carry } =
      width === 64 ? throughCarry64(b, w, name, x, old, effective) : throughCarry(b, w, name, x, old, effective))
  } else {
    r = rotate(b, w, name, x, n)
    carry = name === 'rol' ? bitOf(b, w, r, 0) : signOf(b, w, r)
  }
  const overflow =
    name === 'rol' || name === 'rcl'
      ? i32.xor(signOf(b, w, r), carry)
      : i32.xor(signOf(b, w, r), bitOf(b, w, r, width - 2))
  const flags = (): void => {
    const value = i32.or(carry, i32.shl(overflow, i32.const(11)))
    const notOne = i32.ne(n, i32.const(1))
    b.setFlagBits(CF | OF, value, { when: i32.ne(n, i32.const(0)), undefinedIf: [OF, notOne] })
  }
  return { r, flags }
}

/** By a count that may be the width or more. */
function rotate<T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, name: 'rol' | 'ror', x: V, n: T['i32']): V {
  if (w.width >= 32) return name === 'rol' ? w.rotl(x, w.fromI32(n)) : w.rotr(x, w.fromI32(n))
  const count = b.i32.and(n, b.i32.const(w.width - 1))
  const back = b.i32.sub(b.i32.const(w.width), count)
  const [left, right] = name === 'rol' ? [count, back] : [back, count]
  return w.truncate(w.or(w.shl(x, w.fromI32(left)), w.shr_u(x, w.fromI32(right))))
}

/** Up to 32 bits: width + 1 bits in an i64. */
function throughCarry<T extends Types, V>(
  b: X64Builder<T>,
  w: Access<T, V>,
  name: RotateName,
  x: V,
  carry: T['i32'],
  n: T['i32'],
): { r: V; carry: T['i32'] } {
  const { i32, i64 } = b
  const wide = i64.or(w.toI64(x), i64.shl(i64.extend_i32_u(carry), i64.const(w.width)))
  const back = i32.sub(i32.const(w.width + 1), n)
  const [left, right] = name === 'rcl' ? [n, back] : [back, n]
  const rotatedWide = i64.or(i64.shl(wide, i64.extend_i32_u(left)), i64.shr_u(wide, i64.extend_i32_u(right)))
  const top = i64.shr_u(rotatedWide, i64.const(w.width))
  return { r: w.fromI64(rotatedWide), carry: i32.and(i32.wrap_i64(top), i32.const(1)) }
}

/** 65 bits: the two parts of x with CF between them. */
function throughCarry64<T extends Types, V>(
  b: X64Builder<T>,
  w: Access<T, V>,
  name: RotateName,
  x: V,
  carry: T['i32'],
  n: T['i32'],
): { r: V; carry: T['i32'] } {
  const { i32 } = b
  const count = w.fromI32(n)
  const less = w.sub(count, w.const(1))
  const back = w.sub(w.const(64), count)
  const one = w.const(1)
  const c = w.fromI32(carry)
  const zero = i32.eqz(n)
  const left = name === 'rcl'
  // By n: x moves by n, the carry by n - 1 to its place, and what left comes in one place further on.
  const moved = left
    ? w.or(w.or(w.shl(x, count), w.shl(c, less)), w.shr_u(w.shr_u(x, one), back))
    : w.or(w.or(w.shr_u(x, count), w.shl(c, back)), w.shl(w.shl(x, one), back))
  const out = left ? w.shr_u(x, back) : w.shr_u(x, less)
  return {
    r: w.select(zero, x, moved),
    carry: i32.select(zero, carry, i32.and(w.low(out), i32.const(1))),
  }
}

/** shld and shrd: bits of src come in. Of 16-bit operands, counts above 16 give nothing defined: here 32 bits of dst and src are shifted. */
function doubleShift(left: boolean, width: Width): Record<string, X64Body> {
  const body = (count: Count, memory: boolean): X64Body =>
    at(width, (b, w) => {
      const { i32, i64 } = b
      const src = w.get('src')
      const given = count(b)
      const address = memory ? b.address() : undefined
      const x = address === undefined ? w.get('dst') : w.load(address)
      const n = i32.and(given, i32.const(width === 64 ? 63 : 31))
      const zero = i32.eqz(n)
      let r: V64<typeof x>
      let carry: ReturnType<typeof i32.const>
      if (width === 16) {
        // Three words, so that whatever the count, it finds bits: dst, src, dst.
        const [d, s] = [w.toI64(x), w.toI64(src)]
        const three = i64.or(i64.or(i64.shl(d, i64.const(32)), i64.shl(s, i64.const(16))), d)
        const by = i64.extend_i32_u(n)
        const all = left ? i64.shr_u(i64.shl(three, by), i64.const(32)) : i64.shr_u(three, by)
        r = w.fromI64(all)
        const out = left ? i64.shr_u(i64.shl(three, by), i64.const(48)) : i64.shr_u(three, i64.sub(by, i64.const(1)))
        carry = i32.and(i32.wrap_i64(out), i32.const(1))
      } else {
        const by = w.fromI32(n)
        const back = w.sub(w.const(width), by)
        r = w.select(zero, x, left ? w.or(w.shl(x, by), w.shr_u(src, back)) : w.or(w.shr_u(x, by), w.shl(src, back)))
        carry = bitOf(b, w, left ? w.shr_u(x, back) : w.shr_u(x, w.sub(by, w.const(1))), 0)
      }
      if (address === undefined) w.set('dst', r)
      else w.store(address, r)
      const overflow = i32.shl(i32.xor(signOf(b, w, r), signOf(b, w, x)), i32.const(11))
      const value = i32.or(i32.or(carry, resultFlags(b, w, r)), overflow)
      const changes = i32.ne(n, i32.const(0))
      const notOne = i32.ne(n, i32.const(1))
      const tooFar = width === 16 ? i32.ge_u(n, i32.const(17)) : i32.const(0)
      b.setFlagBits(CF | PF | ZF | SF | OF, value, { when: changes, undefined: AF, undefinedIf: [OF, notOne] })
      if (width === 16) b.setFlagBits(0, value, { when: tooFar, undefined: ALL })
    })
  const forms: Record<string, X64Body> = {
    rri: body(byImmediate, false),
    rrc: body(byCl, false),
    mri: body(byImmediate, true),
    mrc: body(byCl, true),
  }
  return forms
}
type V64<V> = V

/** ZF, SF and PF of a result, at their places. */
function resultFlags<T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, r: V): T['i32'] {
  const { i32 } = b
  const zf = i32.shl(w.eqz(r), i32.const(6))
  const sf = i32.shl(signOf(b, w, r), i32.const(7))
  const pf = i32.shl(parityOf(b, w.low(r)), i32.const(2))
  return i32.or(i32.or(zf, sf), pf)
}

// ---- Bits

/** A result from a source, with flags. */
function fromSource(
  width: Width,
  f: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V) => void,
): Record<string, X64Body> {
  return {
    rr: at(width, (b, w) => f(b, w, w.get('src'))),
    rm: at(width, (b, w) => f(b, w, w.load(b.address()))),
  }
}

/** bsf and bsr: nothing is written where the source is 0 (the manual has the destination undefined; every CPU leaves it). */
const scan = (width: Width, reverse: boolean) =>
  fromSource(width, (b, w, x) => {
    const zero = w.eqz(x)
    const found = reverse ? w.sub(w.const(w.width === 64 ? 63 : 31), w.clz(x)) : w.ctz(x)
    // Of 32-bit operands not even the upper half becomes zero then.
    if (width === 32) b.set64('dst', b.i64.select(zero, b.r64('dst'), w.toI64(found)))
    else w.set('dst', w.select(zero, w.get('dst'), found))
    b.setFlagBits(ZF, b.i32.shl(zero, b.i32.const(6)), { undefined: CF | PF | AF | SF | OF })
  })

/** lzcnt and tzcnt: the width where the source is 0. */
const countZeros = (width: Width, leading: boolean) =>
  fromSource(width, (b, w, x) => {
    const { i32 } = b
    const n = leading ? w.clz(x) : w.ctz(x)
    w.set('dst', n)
    const value = i32.or(w.eqz(x), i32.shl(w.eqz(n), i32.const(6)))
    b.setFlagBits(CF | ZF, value, { undefined: PF | AF | SF | OF })
  })

const popcnt = (width: Width) =>
  fromSource(width, (b, w, x) => {
    w.set('dst', w.popcnt(x))
    b.setFlagBits(ALL, b.i32.shl(w.eqz(x), b.i32.const(6)))
  })

/** blsr, blsi, blsmsk: x & (x - 1), x & -x, x ^ (x - 1). */
const lowestBit = (width: Width, name: 'blsr' | 'blsi' | 'blsmsk') =>
  fromSource(width, (b, w, x) => {
    const { i32 } = b
    const less = w.sub(x, w.const(1))
    const r = name === 'blsr' ? w.and(x, less) : name === 'blsi' ? w.and(x, w.sub(w.const(0), x)) : w.xor(x, less)
    w.set('dst', r)
    const carry = name === 'blsi' ? i32.eqz(w.eqz(x)) : w.eqz(x)
    b.setFlagBits(CF | ZF | SF | OF, i32.or(resultFlags(b, w, r), carry), { undefined: PF | AF })
  })

/** dst = op(a, b), where b may be memory. */
function twoSources(
  width: Width,
  f: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V, y: V) => void,
): { rr: X64Body; rm: X64Body } {
  return {
    rr: at(width, (b, w) => f(b, w, w.get('a'), w.get('b'))),
    rm: at(width, (b, w) => {
      const x = w.get('a')
      f(b, w, x, w.load(b.address()))
    }),
  }
}

/** A source and a count or control: BMI's operands `src` and `count` or `control`. */
function withControl(
  width: Width,
  name: 'count' | 'control' | 'index',
  f: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>, x: V, y: V) => void,
): Record<string, X64Body> {
  return {
    rr: at(width, (b, w) => f(b, w, w.get('src'), w.get(name))),
    mr: at(width, (b, w) => {
      const y = w.get(name)
      f(b, w, w.load(b.address()), y)
    }),
  }
}

const andn = (width: Width) =>
  twoSources(width, (b, w, x, y) => {
    const r = w.and(w.xor(x, w.const(-1)), y)
    w.set('dst', r)
    b.setFlagBits(CF | ZF | SF | OF, resultFlags(b, w, r), { undefined: PF | AF })
  })

/** Bits 0-7 of the control: where to start; 8-15: how many. */
const bextr = (width: Width) =>
  withControl(width, 'control', (b, w, x, control) => {
    const { i32 } = b
    const low = w.low(control)
    const byte = (n: number): typeof low => i32.and(i32.shr_u(low, i32.const(n)), i32.const(0xff))
    const start = byte(0)
    const length = byte(8)
    const shiftedX = w.select(i32.ge_u(start, i32.const(width)), w.const(0), w.shr_u(x, w.fromI32(start)))
    const mask = w.sub(w.shl(w.const(1), w.fromI32(length)), w.const(1))
    const r = w.select(i32.ge_u(length, i32.const(width)), shiftedX, w.and(shiftedX, mask))
    w.set('dst', r)
    b.setFlagBits(CF | ZF | OF, i32.shl(w.eqz(r), i32.const(6)), { undefined: PF | AF | SF })
  })

/** Clears the bits from the number in the low byte of the second operand on; CF if that is beyond the width. */
const bzhi = (width: Width) =>
  withControl(width, 'index', (b, w, x, y) => {
    const { i32 } = b
    const n = i32.and(w.low(y), i32.const(0xff))
    const beyond = i32.ge_u(n, i32.const(width))
    const mask = w.sub(w.shl(w.const(1), w.fromI32(n)), w.const(1))
    const r = w.select(beyond, x, w.and(x, mask))
    w.set('dst', r)
    b.setFlagBits(CF | ZF | SF | OF, i32.or(resultFlags(b, w, r), beyond), { undefined: PF | AF })
  })

const shiftX = (width: Width, op: 'shl' | 'shr_u' | 'shr_s') =>
  withControl(width, 'count', (_b, w, x, y) => w.set('dst', w[op](x, y)))

const depositOrExtract = (width: Width, name: 'deposit' | 'extract'): Record<string, X64Body> => {
  const body = (mask: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const x = w.get('src')
      w.set('dst', w.fromI64(b[name](w.toI64(x), w.toI64(mask(b, w)))))
    })
  return { rr: body((_b, w) => w.get('mask')), rm: body((b, w) => w.load(b.address())) }
}

/** bt and, if `op`, the change of the bit; the number of the bit is taken modulo the width. */
function bitTest(width: Width, op: undefined | 'bts' | 'btr' | 'btc'): Record<string, X64Body> {
  const body = (number: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V, memory = false): X64Body =>
    at(width, (b, w) => {
      const n = w.and(number(b, w), w.const(width - 1))
      const address = memory ? b.address() : undefined
      const x = address === undefined ? w.get('dst') : w.load(address)
      const bit = w.shl(w.const(1), n)
      if (op !== undefined) {
        const r = op === 'bts' ? w.or(x, bit) : op === 'btc' ? w.xor(x, bit) : w.and(x, w.xor(bit, w.const(-1)))
        if (address === undefined) w.set('dst', w.truncate(r))
        else w.store(address, w.truncate(r))
      }
      const carry = b.i32.and(w.low(w.shr_u(x, n)), b.i32.const(1))
      b.setFlagBits(CF, carry, { undefined: PF | AF | SF | OF })
    })
  return {
    rr: body((_b, w) => w.get('bit')),
    ri: body((_b, w) => w.imm('imm')),
    mi: body((_b, w) => w.imm('imm'), true),
  }
}

/** adcx and adox: addition with one flag as carry, in and out, and no other touched. */
function addWith(width: Width, letter: 'c' | 'o'): Record<string, X64Body> {
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => {
      const x = w.get('dst')
      const y = source(b, w)
      const r = w.add(w.add(x, y), w.fromI32(b.flag(letter)))
      const carry = signOf(b, w, w.or(w.and(x, y), w.and(w.or(x, y), w.xor(r, w.const(-1)))))
      w.set('dst', r)
      b.setFlagBits(letter === 'c' ? CF : OF, letter === 'c' ? carry : b.i32.shl(carry, b.i32.const(11)))
    })
  return { rr: body((_b, w) => w.get('src')), rm: body((b, w) => w.load(b.address())) }
}

const crc32 = (width: Width): Record<string, X64Body> => {
  const bytes = (width / 8) as AccessSize
  const body = (source: <T extends Types, V>(b: X64Builder<T>, w: Access<T, V>) => V): X64Body =>
    at(width, (b, w) => b.set32('dst', b.crc32c(b.r32('dst'), w.toI64(source(b, w)), bytes)))
  return { rr: body((_b, w) => w.get('src')), rm: body((b, w) => w.load(b.address())) }
}

// ---- What exchanges with memory. One hart runs at a time, so every instruction is atomic.

const exchange = (width: Width): Record<string, X64Body> => ({
  mr: at(width, (b, w) => {
    const y = w.get('dst')
    const address = b.address()
    const x = w.load(address)
    w.store(address, y)
    w.set('dst', x)
  }),
})

const exchangeAdd = (width: Width): Record<string, X64Body> => ({
  mr: at(width, (b, w) => {
    const y = w.get('dst')
    const address = b.address()
    const x = w.load(address)
    w.store(address, w.truncate(w.add(x, y)))
    w.set('dst', x)
    b.setFlags('add', width, w.toI64(x), w.toI64(y))
  }),
})

/** If memory holds what rax does, src goes there; else rax gets it. Memory is written either way. */
const compareExchange = (width: Width): Record<string, X64Body> => ({
  mr: at(width, (b, w) => {
    const expected = w.get('rax')
    const y = w.get('src')
    const address = b.address()
    const x = w.load(address)
    const same = w.eq(expected, x)
    w.store(address, w.select(same, y, x))
    // Of 32-bit operands the upper half of rax is cleared only if rax is written.
    if (width === 32) b.set64('rax', b.i64.select(same, b.r64('rax'), w.toI64(x)))
    else w.set('rax', x)
    b.setFlags('sub', width, w.toI64(expected), w.toI64(x))
  }),
})

const compareExchange16: X64Body = (b) => {
  const { i32, i64 } = b
  const [low, high] = [b.r64('rax'), b.r64('rdx')]
  const [newLow, newHigh] = [b.r64('rbx'), b.r64('rcx')]
  const address = b.address()
  b.checkAligned(16, address)
  const upper = i64.add(address, i64.const(8))
  const [x, y] = [b.load(8, address), b.load(8, upper)]
  const same = i32.and(i64.eq(low, x), i64.eq(high, y))
  b.store(8, address, i64.select(same, newLow, x))
  b.store(8, upper, i64.select(same, newHigh, y))
  b.set64('rax', x)
  b.set64('rdx', y)
  b.setFlagBits(ZF, i32.shl(same, i32.const(6)))
}

// ---- Tables

/** The forms that write memory may be locked, but for adc's and sbb's, which nothing here has. */
function locked(table: Readonly<Record<string, X64Body>>): Record<string, X64Body> {
  const inMemory = Object.entries(table).filter(([id]) => /_m[ri]?$/.test(id) && !/^(adc|sbb)/.test(id))
  return Object.fromEntries(inMemory.map(([id, body]) => [`lock_${id}`, body]))
}

function tables(): Record<string, X64Body> {
  const table: Record<string, X64Body> = {}
  const put = (bodies: Readonly<Record<string, X64Body>>): void => {
    Object.assign(table, bodies)
  }
  for (const [name, row] of Object.entries(ALU)) put(family(name, SUFFIXES, (w) => alu(row, w)))
  put(family('neg', SUFFIXES, (w) => unary(w, neg, (b, s, x) => b.setFlags('sub', w, b.i64.const(0), s.toI64(x)))))
  put(family('not', SUFFIXES, (w) => unary(w, not, () => {})))
  put(family('inc', SUFFIXES, (w) => step(w, 'add')))
  put(family('dec', SUFFIXES, (w) => step(w, 'sub')))
  const lockable = { ...table }
  put(locked(lockable))
  put(family('cmp', SUFFIXES, (w) => compare('sub', w)))
  put(family('test', SUFFIXES, (w) => compare('logic', w)))

  put(family('mov', SUFFIXES, move))
  put(family('movbe', WITHOUT_BYTES, moveSwapped))
  for (const [name, from, to, signed] of EXTENSIONS)
    for (const [form, body] of Object.entries(extension(from, to, signed))) table[`${name}_${form}`] = body
  put(family('lea', WORDS, (width) => ({ rm: at(width, (b, w) => w.set('dst', w.fromI64(b.address()))) })))
  put(family('bswap', WORDS, (width) => ({ r: at(width, (b, w) => w.set('dst', byteSwapped(b, w, w.get('dst')))) })))
  put(family('cmov', WITHOUT_BYTES, conditionalMove))

  put(family('imul', WITHOUT_BYTES, imul))
  put(family('mul', SUFFIXES, (w) => multiply(w, false)))
  put(family('imul1', SUFFIXES, (w) => multiply(w, true)))
  put(family('mulx', WORDS, multiplyWithoutFlags))
  put(family('div', SUFFIXES, (w) => divide(w, false)))
  put(family('idiv', SUFFIXES, (w) => divide(w, true)))

  for (const name of ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr'] as const)
    put(family(name, SUFFIXES, (w) => shift(name, w)))
  put(family('shld', WITHOUT_BYTES, (w) => doubleShift(true, w)))
  put(family('shrd', WITHOUT_BYTES, (w) => doubleShift(false, w)))
  put(family('shlx', WORDS, (w) => shiftX(w, 'shl')))
  put(family('shrx', WORDS, (w) => shiftX(w, 'shr_u')))
  put(family('sarx', WORDS, (w) => shiftX(w, 'shr_s')))
  put(
    family('rorx', WORDS, (width) => ({
      rri: at(width, (_b, w) => w.set('dst', w.rotr(w.get('src'), w.imm('imm')))),
      rmi: at(width, (b, w) => w.set('dst', w.rotr(w.load(b.address()), w.imm('imm')))),
    })),
  )

  put(family('bsf', WORDS, (w) => scan(w, false)))
  put(family('bsr', WORDS, (w) => scan(w, true)))
  put(family('lzcnt', WORDS, (w) => countZeros(w, true)))
  put(family('tzcnt', WORDS, (w) => countZeros(w, false)))
  put(family('popcnt', WORDS, popcnt))
  put(family('blsr', WORDS, (w) => lowestBit(w, 'blsr')))
  put(family('blsi', WORDS, (w) => lowestBit(w, 'blsi')))
  put(family('blsmsk', WORDS, (w) => lowestBit(w, 'blsmsk')))
  put(family('andn', WORDS, andn))
  put(family('bextr', WORDS, bextr))
  put(family('bzhi', WORDS, bzhi))
  put(family('pdep', WORDS, (w) => depositOrExtract(w, 'deposit')))
  put(family('pext', WORDS, (w) => depositOrExtract(w, 'extract')))
  put(family('bt', WORDS, (w) => bitTest(w, undefined)))
  for (const name of ['bts', 'btr', 'btc'] as const) put(family(name, WORDS, (w) => bitTest(w, name)))
  put(family('adcx', WORDS, (w) => addWith(w, 'c')))
  put(family('adox', WORDS, (w) => addWith(w, 'o')))

  put(family('crc32', SUFFIXES, crc32))
  put(family('xchg', SUFFIXES, exchange))
  put(family('lock_xadd', SUFFIXES, exchangeAdd))
  put(family('lock_cmpxchg', SUFFIXES, compareExchange))
  return table
}

/** A register extended into another, or into more of itself. */
const signInto =
  (width: 16 | 32 | 64): X64Body =>
  (b) =>
    at(width, (_b, w) => w.set('rdx', w.truncate(w.shr_s(w.signed(w.get('rax')), w.const(width - 1)))))(b)

// biome-ignore format: table
export const integerSemantics: X64SemanticsTable = {
  ...tables(),
  movabsq_ri: (b) => b.set64('dst', b.imm64('imm')),
  xchgq_rr: (b) => {
    const [x, y] = [b.r64('a'), b.r64('b')]
    b.set64('a', y)
    b.set64('b', x)
  },
  cbtw: (b) => b.setLow('rax', 16, b.i32.and(b.i32.extend8_s(b.r32('rax')), b.i32.const(0xffff))),
  cwtl: (b) => b.set32('rax', b.i32.extend16_s(b.r32('rax'))),
  cltq: (b) => b.set64('rax', b.i64.extend_i32_s(b.r32('rax'))),
  cwtd: signInto(16),
  cltd: signInto(32),
  cqto: signInto(64),
  setcc_r: (b) => b.setLow('dst', 8, b.condition('cc')),
  setcc_m: (b) => b.store(1, b.address(), b.i64.extend_i32_u(b.condition('cc'))),
  lock_cmpxchg16b_m: compareExchange16,
}
