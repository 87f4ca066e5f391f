// Whole numbers of a fixed size, for exact conversions between decimal text and floats: LIMBS words of 32 bits each, the lowest first, each in a word of memory.
// Enough for 10^1124 * 2^66: what parsing needs of the smallest double with MAX_DIGITS digits.
import { type Func, NE, UGT, type Value } from '@k23/ir'
import { type Builder, RuntimeRoutine } from './runtime.ts'

export const LIMBS = 128
export const BIG_BYTES: number = 8 * LIMBS
const MASK = 0xffff_ffffn

export const BIG_SET = 'rt_big_set'
export const BIG_COPY = 'rt_big_copy'
export const BIG_MULTIPLY = 'rt_big_multiply'
export const BIG_POWER = 'rt_big_power'
export const BIG_COMPARE = 'rt_big_compare'
export const BIG_ADD = 'rt_big_add'
export const BIG_SUBTRACT = 'rt_big_subtract'
export const BIG_LEFT = 'rt_big_left'
export const BIG_HALVE = 'rt_big_halve'
export const BIG_BITS = 'rt_big_bits'

const limbs = (r: RuntimeRoutine): Value => r.i64(LIMBS)
const at = (r: RuntimeRoutine, x: Value, i: Value): Value => r.plus(x, r.ins.ishl_imm(i, 3))

export function bigFunctions(b: Builder): Func[] {
  return [set(b), copy(b), multiply(b), power(b), compare(b), add(b), subtract(b), left(b), halve(b), bits(b)]
}

/** (x, word): x = word */
function set(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_SET, 2, 0, b)
  const [x, word] = r.args
  r.call('Memset', [x, 0n, BigInt(BIG_BYTES)])
  r.set64(r.and(word, MASK), x)
  r.set64(r.ins.ushr_imm(word, 32), x, 8)
  r.return()
  return r.done()
}

/** (x, y): x = y */
function copy(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_COPY, 2, 0, b)
  r.call('Memcpy', [r.args[0], r.args[1], BigInt(BIG_BYTES)])
  r.return()
  return r.done()
}

/** (x, m, a): x = x * m + a, for words of 32 bits */
function multiply(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_MULTIPLY, 3, 0, b)
  const [x, m, a] = r.args
  const carry = r.variable(a)
  r.count(limbs(r), (i) => {
    const place = at(r, x, i)
    const sum = r.plus(r.ins.imul(r.u64(place), m), carry.get())
    r.set64(r.and(sum, MASK), place)
    carry.set(r.ins.ushr_imm(sum, 32))
  })
  r.return()
  return r.done()
}

/** (x, n): x = x * 10^n */
function power(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_POWER, 2, 0, b)
  r.count(r.args[1], () => void r.call(BIG_MULTIPLY, [r.args[0], 10n, 0n], 0))
  r.return()
  return r.done()
}

/** (x, y) -> 0, or 1 where x is greater, or 2 where it is less */
function compare(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_COMPARE, 2, 1, b)
  const [x, y] = r.args
  r.count(limbs(r), (k) => {
    const i = r.ins.isub(r.i64(LIMBS - 1), k)
    const [p, q] = [r.u64(at(r, x, i)), r.u64(at(r, y, i))]
    r.when(r.icmp(NE, p, q), () => r.return(r.ins.select(r.icmp(UGT, p, q), r.i64(1), r.i64(2))))
  })
  r.return(r.i64(0))
  return r.done()
}

/** (x, y): x = x + y */
function add(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_ADD, 2, 0, b)
  const [x, y] = r.args
  const carry = r.variable(r.i64(0))
  r.count(limbs(r), (i) => {
    const sum = r.plus(r.plus(r.u64(at(r, x, i)), r.u64(at(r, y, i))), carry.get())
    r.set64(r.and(sum, MASK), at(r, x, i))
    carry.set(r.ins.ushr_imm(sum, 32))
  })
  r.return()
  return r.done()
}

/** (x, y): x = x - y, which is not below 0 */
function subtract(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_SUBTRACT, 2, 0, b)
  const [x, y] = r.args
  const borrow = r.variable(r.i64(0))
  r.count(limbs(r), (i) => {
    const difference = r.ins.isub(r.ins.isub(r.u64(at(r, x, i)), r.u64(at(r, y, i))), borrow.get())
    r.set64(r.and(difference, MASK), at(r, x, i))
    borrow.set(r.and(r.ins.ushr_imm(difference, 32), 1n))
  })
  r.return()
  return r.done()
}

/** (x, n): x = x * 2^n */
function left(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_LEFT, 2, 0, b)
  const [x, n] = r.args
  r.count(r.ins.ushr_imm(n, 4), () => void r.call(BIG_MULTIPLY, [x, 1n << 16n, 0n], 0))
  r.call(BIG_MULTIPLY, [x, r.ins.ishl(r.i64(1), r.and(n, 15n)), 0n], 0)
  r.return()
  return r.done()
}

/** (x): x = x / 2, which is whole */
function halve(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_HALVE, 1, 0, b)
  const [x] = r.args
  const carry = r.variable(r.i64(0))
  r.count(limbs(r), (k) => {
    const place = at(r, x, r.ins.isub(r.i64(LIMBS - 1), k))
    const limb = r.u64(place)
    r.set64(r.ins.bor(r.ins.ushr_imm(limb, 1), r.ins.ishl_imm(carry.get(), 31)), place)
    carry.set(r.and(limb, 1n))
  })
  r.return()
  return r.done()
}

/** (x) -> number of bits up to the highest that is set */
function bits(b: Builder): Func {
  const r = new RuntimeRoutine(BIG_BITS, 1, 1, b)
  const [x] = r.args
  r.count(limbs(r), (k) => {
    const i = r.ins.isub(r.i64(LIMBS - 1), k)
    const limb = r.u64(at(r, x, i))
    r.when(limb, () => {
      const high = r.ins.isub(r.i64(64), r.ins.clz(limb))
      r.return(r.plus(r.ins.ishl_imm(i, 5), high))
    })
  })
  r.return(r.i64(0))
  return r.done()
}
