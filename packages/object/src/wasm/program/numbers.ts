// Numbers as text, both ways, exactly as the command line has them (`k23 run --invoke`): integers with a sign, in decimal or after 0x; floats in decimal,
// rounded to the nearest, and written with the fewest digits that mean them.
//
// Writing: Burger and Dybvig, "Printing Floating-Point Numbers Quickly and Accurately" (1996), free format, on whole numbers R, S, M+ and M-. Reading: the decimal number
// is a fraction N/D of whole numbers; 62 to 64 bits of its quotient and whether anything is left round it.
import { EQ, type Func, NE, SGT, SLE, SLT, type Value, UGT, UGE, ULE, ULT } from '@k23/ir'
import type { Datum } from '../../compose.ts'
import { zeros } from '../../data.ts'
import * as big from './bignum.ts'
import { type Builder, EQUAL, RuntimeRoutine } from './runtime.ts'

export const PARSE_INTEGER = 'rt_parse_integer'
export const PARSE_FLOAT = 'rt_parse_float'
export const PUT_SIGNED = 'rt_put_signed'
export const PUT_FLOAT = 'rt_put_float'
const SHORTEST = 'rt_shortest'
const LAYOUT_DIGITS = 'rt_layout_digits'
const QUOTIENT = 'rt_quotient'
const PACK = 'rt_pack'

const DIGITS = 'rt_float_digits'
const BIGS = ['rt_r', 'rt_s', 'rt_high', 'rt_low', 'rt_t'] as const

/** Digits that count; what follows is summed up as one. Halfway between two doubles takes 767 at most. */
const MAX_DIGITS = 800
const SIGN = 1n << 63n
const HIDDEN = 1n << 52n
const INFINITY_BITS = 0x7ffn << 52n
const NAN_BITS = 0x7ff8n << 48n

export function numberData(): Datum[] {
  return [zeros(DIGITS, 32), ...BIGS.map((name) => zeros(name, big.BIG_BYTES))]
}

export function numberFunctions(b: Builder): Func[] {
  return [
    ...big.bigFunctions(b),
    parseInteger(b),
    putSigned(b),
    putFloat(b),
    shortest(b),
    layOut(b),
    parseFloatText(b),
    quotient(b),
    pack(b),
  ]
}

const isDigit = (r: RuntimeRoutine, c: Value): Value => r.icmp(ULT, r.plus(c, -48n), 10n)

/** (text, n, bits, where) -> 1 and the value at `where`, or 0: no integer, or none that has so many bits, with or without a sign. */
function parseInteger(b: Builder): Func {
  const r = new RuntimeRoutine(PARSE_INTEGER, 4, 1, b)
  const { ins } = r
  const [text, n, bits, where] = r.args
  const no = (): void => r.return(r.i64(0))
  const negative = r.variable(r.i64(0))
  const radix = r.variable(r.i64(10))
  const value = r.variable(r.i64(0))
  const digits = r.variable(r.i64(0))
  r.count(n, (i) => {
    const c = r.u8(r.plus(text, i))
    const first = r.is(EQ, i, 0n)
    const isMinus = r.is(EQ, c, 0x2dn)
    const sign = r.and(first, ins.bor(isMinus, r.is(EQ, c, 0x2bn)))
    // The x of 0x: behind one digit, which is 0.
    const lower = ins.bor(c, r.i64(0x20))
    const x = r.and(
      r.and(r.is(EQ, lower, 0x78n), r.is(EQ, radix.get(), 10n)),
      r.and(r.is(EQ, digits.get(), 1n), r.is(EQ, value.get(), 0n)),
    )
    const plain = r.is(EQ, ins.bor(ins.bor(sign, x), r.is(EQ, c, 0x5fn)), 0n)
    r.when(sign, () => negative.set(isMinus))
    r.when(x, () => {
      radix.set(r.i64(16))
      digits.set(r.i64(0))
    })
    r.when(plain, () => {
      const letter = r.icmp(ULT, r.plus(lower, -0x61n), 6n)
      const digit = ins.select(letter, r.plus(lower, BigInt(10 - 0x61)), r.plus(c, -0x30n))
      r.when(r.icmp(UGE, digit, radix.get()), no)
      // 64 bits are enough for as long as they do not overflow.
      r.when(ins.umulhi(value.get(), radix.get()), no)
      const product = ins.imul(value.get(), radix.get())
      const sum = r.plus(product, digit)
      r.when(r.icmp(ULT, sum, product), no)
      value.set(sum)
      r.add(digits, 1n)
    })
  })
  r.when(r.icmp(EQ, digits.get(), 0n), no)
  const half = ins.ishl(r.i64(1), r.plus(bits, -1n))
  r.when(
    negative.get(),
    () => {
      r.when(r.icmp(UGT, value.get(), half), no)
      r.set64(ins.ineg(value.get()), where)
    },
    () => {
      r.when(r.icmp(UGT, value.get(), r.plus(ins.ishl_imm(r.plus(half, -1n), 1), 1n)), no)
      r.set64(value.get(), where)
    },
  )
  r.return(r.i64(1))
  return r.done()
}

/** (number) */
function putSigned(b: Builder): Func {
  const r = new RuntimeRoutine(PUT_SIGNED, 1, 0, b)
  const [x] = r.args
  const negative = r.icmp(SLT, x, 0n)
  r.when(negative, () => r.putText('-'))
  r.putNumber(r.ins.select(negative, r.ins.ineg(x), x), 10n)
  r.return()
  return r.done()
}

/** (bits of a double) */
function putFloat(b: Builder): Func {
  const r = new RuntimeRoutine(PUT_FLOAT, 1, 0, b)
  const { ins } = r
  const magnitude = r.and(r.args[0], SIGN - 1n)
  r.when(r.icmp(UGT, magnitude, INFINITY_BITS), () => {
    r.putText('nan')
    r.return()
  })
  r.when(r.icmp(SLT, r.args[0], 0n), () => r.putText('-'))
  r.when(r.icmp(EQ, magnitude, INFINITY_BITS), () => {
    r.putText('inf')
    r.return()
  })
  r.when(r.icmp(EQ, magnitude, 0n), () => {
    r.putText('0')
    r.return()
  })
  // Digits in the low half, the place of the point above.
  const found = r.call(SHORTEST, [magnitude])
  r.call(LAYOUT_DIGITS, [r.and(found, 0xffffn), ins.sshr_imm(found, 16)], 0)
  r.return()
  return r.done()
}

/** (bits of a positive double) -> n digits in DIGITS, and k in the bits from 16 on: the number is 0.DIGITS * 10^k. */
function shortest(b: Builder): Func {
  const r = new RuntimeRoutine(SHORTEST, 1, 1, b)
  const { ins } = r
  const [bits] = r.args
  const [R, S, high, low, T] = BIGS.map((name) => r.address(name))
  const field = ins.ushr_imm(bits, 52)
  const fraction = r.and(bits, HIDDEN - 1n)
  const normal = r.is(NE, field, 0n)
  const f = ins.bor(fraction, ins.ishl_imm(normal, 52))
  const e = r.plus(ins.umax(field, r.i64(1)), -1075n)
  // The gap below a power of two is half as wide.
  const narrow = r.and(r.is(EQ, fraction, 0n), r.is(UGT, field, 1n))
  const even = r.is(EQ, r.and(f, 1n), 0n)
  const up = ins.smax(e, r.i64(0))
  const down = ins.smax(ins.ineg(e), r.i64(0))
  r.call(big.BIG_SET, [R, f], 0)
  r.call(big.BIG_LEFT, [R, r.plus(r.plus(up, narrow), 1n)], 0)
  r.call(big.BIG_SET, [S, 1n], 0)
  r.call(big.BIG_LEFT, [S, r.plus(r.plus(down, narrow), 1n)], 0)
  r.call(big.BIG_SET, [low, 1n], 0)
  r.call(big.BIG_LEFT, [low, up], 0)
  r.call(big.BIG_SET, [high, 1n], 0)
  r.call(big.BIG_LEFT, [high, r.plus(up, narrow)], 0)

  /** T = R + M+ reaches S: a digit more would be a digit too much. */
  const reaches = (tenfold: boolean): Value => {
    r.call(big.BIG_COPY, [T, R], 0)
    r.call(big.BIG_ADD, [T, high], 0)
    if (tenfold) r.call(big.BIG_MULTIPLY, [T, 10n, 0n], 0)
    const order = r.call(big.BIG_COMPARE, [T, S])
    return ins.bor(r.is(EQ, order, 1n), r.and(even, r.is(EQ, order, 0n)))
  }
  const ten = (x: Value): void => void r.call(big.BIG_MULTIPLY, [x, 10n, 0n], 0)
  const k = r.variable(r.i64(0))
  r.loop(
    () => reaches(false),
    () => {
      ten(S)
      r.add(k, 1n)
    },
  )
  r.loop(
    () => r.icmp(EQ, reaches(true), 0n),
    () => {
      ten(R)
      ten(high)
      ten(low)
      r.add(k, -1n)
    },
  )
  const n = r.variable(r.i64(0))
  const more = r.variable(r.i64(1))
  r.loop(
    () => more.get(),
    () => {
      ten(R)
      ten(high)
      ten(low)
      const digit = r.variable(r.i64(0))
      r.loop(
        () => r.icmp(NE, r.call(big.BIG_COMPARE, [R, S]), 2n),
        () => {
          r.call(big.BIG_SUBTRACT, [R, S], 0)
          r.add(digit, 1n)
        },
      )
      const below = r.call(big.BIG_COMPARE, [R, low])
      const enoughLow = ins.bor(r.is(EQ, below, 2n), r.and(even, r.is(EQ, below, 0n)))
      const enoughHigh = reaches(false)
      // Both will do: the nearer, or the even one.
      r.call(big.BIG_COPY, [T, R], 0)
      r.call(big.BIG_ADD, [T, R], 0)
      const half = r.call(big.BIG_COMPARE, [T, S])
      const nearerUp = ins.bor(r.is(EQ, half, 1n), r.and(r.is(EQ, half, 0n), r.and(digit.get(), 1n)))
      const roundUp = r.and(enoughHigh, ins.bor(r.is(EQ, enoughLow, 0n), nearerUp))
      more.set(r.is(EQ, ins.bor(enoughLow, enoughHigh), 0n))
      r.set8(r.plus(r.plus(digit.get(), roundUp), 48n), r.plus(r.address(DIGITS), n.get()))
      r.add(n, 1n)
    },
  )
  r.return(ins.bor(n.get(), ins.ishl_imm(k.get(), 16)))
  return r.done()
}

/** (n, k): writes 0.DIGITS * 10^k as JavaScript does (ECMA-262, Number::toString). */
function layOut(b: Builder): Func {
  const r = new RuntimeRoutine(LAYOUT_DIGITS, 2, 0, b)
  const { ins } = r
  const [n, k] = r.args
  const digits = r.address(DIGITS)
  const [noughts] = r.text('0000000000000000000000')
  const between = (low: bigint, high: bigint): Value => r.and(r.is(SGT, k, low), r.is(SLE, k, high))
  r.when(r.and(between(0n, 21n), r.is(SLE, n, k)), () => {
    r.put(digits, n)
    r.put(noughts, ins.isub(k, n))
    r.return()
  })
  r.when(between(0n, 21n), () => {
    r.put(digits, k)
    r.putText('.')
    r.put(r.plus(digits, k), ins.isub(n, k))
    r.return()
  })
  r.when(between(-6n, 0n), () => {
    r.putText('0.')
    r.put(noughts, ins.ineg(k))
    r.put(digits, n)
    r.return()
  })
  r.put(digits, 1n)
  r.when(r.icmp(UGT, n, 1n), () => {
    r.putText('.')
    r.put(r.plus(digits, 1n), r.plus(n, -1n))
  })
  const exponent = r.plus(k, -1n)
  r.when(
    r.icmp(SLT, exponent, 0n),
    () => r.putText('e-'),
    () => r.putText('e+'),
  )
  r.putNumber(ins.iabs(exponent), 10n)
  r.return()
  return r.done()
}

/** (text, n, where) -> 1 and the bits of a double at `where`, or 0: no number. */
function parseFloatText(b: Builder): Func {
  const r = new RuntimeRoutine(PARSE_FLOAT, 3, 1, b)
  const { ins } = r
  const [text, n, where] = r.args
  const no = (): void => r.return(r.i64(0))
  const words: readonly (readonly [string, bigint])[] = [
    ['nan', NAN_BITS],
    ['inf', INFINITY_BITS],
    ['-inf', INFINITY_BITS | SIGN],
  ]
  for (const [word, bits] of words)
    r.when(r.call(EQUAL, [text, n, ...r.text(word)]), () => {
      r.set64(BigInt.asIntN(64, bits), where)
      r.return(r.i64(1))
    })
  const N = r.address('rt_r')
  r.call(big.BIG_SET, [N, 0n], 0)
  const i = r.variable(r.i64(0))
  const sign = r.variable(r.i64(0))
  const here = (): Value => r.u8(r.plus(text, i.get()))
  const atEnd = (): Value => r.icmp(UGE, i.get(), n)
  const skipSign = (minus: () => void): void => {
    r.when(r.icmp(ULT, i.get(), n), () => {
      const c = here()
      r.when(r.icmp(EQ, c, 0x2dn), minus)
      r.when(ins.bor(r.icmp(EQ, c, 0x2dn), r.icmp(EQ, c, 0x2bn)), () => r.add(i, 1n))
    })
  }
  skipSign(() => sign.set(r.i64(1)))
  const any = r.variable(r.i64(0))
  const count = r.variable(r.i64(0))
  const exponent = r.variable(r.i64(0))
  const point = r.variable(r.i64(0))
  const rest = r.variable(r.i64(0))
  const inNumber = (): Value => {
    const c = here()
    return ins.bor(r.bool(isDigit(r, c)), r.and(r.is(EQ, c, 0x2en), r.is(EQ, point.get(), 0n)))
  }
  const going = r.variable(r.is(ULT, i.get(), n))
  r.when(going.get(), () => going.set(inNumber()))
  r.loop(
    () => going.get(),
    () => {
      const c = here()
      r.when(
        r.icmp(EQ, c, 0x2en),
        () => point.set(r.i64(1)),
        () => {
          const d = r.plus(c, -48n)
          any.set(r.i64(1))
          const counts = ins.bor(r.is(NE, count.get(), 0n), r.is(NE, d, 0n))
          const room = r.is(ULT, count.get(), BigInt(MAX_DIGITS))
          r.when(r.and(counts, room), () => {
            r.call(big.BIG_MULTIPLY, [N, 10n, d], 0)
            r.add(count, 1n)
          })
          const left = r.and(counts, r.is(EQ, room, 0n))
          rest.set(ins.bor(rest.get(), r.and(left, r.is(NE, d, 0n))))
          // A digit behind the point makes what was read a tenth; one that is left out before it, ten times what it is.
          exponent.set(r.plus(exponent.get(), ins.isub(left, point.get())))
        },
      )
      r.add(i, 1n)
      going.set(r.is(ULT, i.get(), n))
      r.when(going.get(), () => going.set(inNumber()))
    },
  )
  r.when(r.icmp(EQ, any.get(), 0n), no)
  r.when(r.icmp(ULT, i.get(), n), () => {
    r.when(r.icmp(NE, ins.bor(here(), r.i64(0x20)), 0x65n), no)
    r.add(i, 1n)
    const negative = r.variable(r.i64(0))
    skipSign(() => negative.set(r.i64(1)))
    r.when(atEnd(), no)
    const given = r.variable(r.i64(0))
    r.loop(
      () => r.icmp(ULT, i.get(), n),
      () => {
        const c = here()
        r.when(r.icmp(EQ, r.bool(isDigit(r, c)), 0n), no)
        given.set(ins.umin(r.plus(ins.imul_imm(given.get(), 10), r.plus(c, -48n)), r.i64(100_000)))
        r.add(i, 1n)
      },
    )
    exponent.set(r.plus(exponent.get(), ins.select(negative.get(), ins.ineg(given.get()), given.get())))
  })
  r.when(rest.get(), () => {
    r.call(big.BIG_MULTIPLY, [N, 10n, 1n], 0)
    r.add(exponent, -1n)
  })
  const top = ins.ishl_imm(sign.get(), 63)
  const finish = (bits: Value): void => {
    r.set64(ins.bor(bits, top), where)
    r.return(r.i64(1))
  }
  const size = r.plus(count.get(), exponent.get())
  r.when(ins.bor(r.is(EQ, count.get(), 0n), r.is(SLT, size, -330n)), () => finish(r.i64(0)))
  r.when(r.icmp(SGT, size, 310n), () => finish(r.i64(INFINITY_BITS)))
  finish(r.call(QUOTIENT, [exponent.get()]))
  return r.done()
}

/** (exponent) -> bits of the double next to R * 10^exponent, where R is not 0. */
function quotient(b: Builder): Func {
  const r = new RuntimeRoutine(QUOTIENT, 1, 1, b)
  const { ins } = r
  const [N, D] = BIGS.map((name) => r.address(name))
  const [exponent] = r.args
  r.call(big.BIG_SET, [D, 1n], 0)
  const up = r.icmp(SGT, exponent, 0n)
  r.when(
    up,
    () => void r.call(big.BIG_POWER, [N, exponent], 0),
    () => void r.call(big.BIG_POWER, [D, ins.ineg(exponent)], 0),
  )
  // So that the quotient has 63 or 64 bits.
  const shift = r.plus(ins.isub(r.call(big.BIG_BITS, [D]), r.call(big.BIG_BITS, [N])), 63n)
  r.when(
    r.icmp(SGT, shift, 0n),
    () => void r.call(big.BIG_LEFT, [N, shift], 0),
    () => void r.call(big.BIG_LEFT, [D, ins.ineg(shift)], 0),
  )
  r.call(big.BIG_LEFT, [D, 63n], 0)
  const q = r.variable(r.i64(0))
  r.count(r.i64(64), () => {
    q.set(ins.ishl_imm(q.get(), 1))
    r.when(r.icmp(NE, r.call(big.BIG_COMPARE, [N, D]), 2n), () => {
      r.call(big.BIG_SUBTRACT, [N, D], 0)
      r.add(q, 1n)
    })
    r.call(big.BIG_HALVE, [D], 0)
  })
  const rest = r.is(NE, r.call(big.BIG_BITS, [N]), 0n)
  r.return(r.call(PACK, [q.get(), ins.ineg(shift), rest]))
  return r.done()
}

/** (q, e, rest) -> bits of the double next to q * 2^e, or to a little more where there is a rest: ties go to the even one. */
function pack(b: Builder): Func {
  const r = new RuntimeRoutine(PACK, 3, 1, b)
  const { ins } = r
  const zerosAbove = ins.clz(r.args[0])
  const q = ins.ishl(r.args[0], zerosAbove)
  const rest = r.args[2]
  // The number is 1.something * 2^high.
  const high = r.plus(ins.isub(r.args[1], zerosAbove), 63n)
  r.when(r.icmp(SGT, high, 1023n), () => r.return(r.i64(INFINITY_BITS)))
  const missing = ins.smax(ins.isub(r.i64(-1022), high), r.i64(0))
  const shift = r.plus(missing, 11n)
  r.when(r.icmp(UGT, shift, 64n), () => r.return(r.i64(0)))
  const m = ins.select(r.icmp(EQ, shift, 64n), r.i64(0), ins.ushr(q, shift))
  const half = r.and(ins.ushr(q, r.plus(shift, -1n)), 1n)
  const below = r.and(q, r.plus(ins.ishl(r.i64(1), r.plus(shift, -1n)), -1n))
  const more = ins.bor(ins.bor(r.is(NE, below, 0n), rest), r.and(m, 1n))
  const rounded = r.plus(m, r.and(half, r.is(NE, more, 0n)))
  const exponent = ins.select(r.icmp(ULE, missing, 0n), ins.ishl_imm(r.plus(high, 1022n), 52), r.i64(0))
  r.return(r.plus(rounded, exponent))
  return r.done()
}
