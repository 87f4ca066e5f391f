// Fused multiply-add. The product of f128 has 226 bits, which two i128 hold with room to spare below; the addend is moved to its place, or the product to
// the addend's, bits that fall off becoming one sticky bit. Where much cancels the two are at most one place apart, and nothing has fallen off.
import { EQ, type Func, I128, NE, signature, SLT, type Type, UGE, ULT, type Value } from '@k23/ir'
import { formatOf, leadingZeros, nan, round, signedInfinity, signedZero, unpack } from './float-format.ts'
import { Routine } from './routine.ts'

interface Wide {
  readonly hi: Value
  readonly lo: Value
}

/** x >> n for 0 <= n <= 255, what is lost kept as the lowest bit. */
function shiftSticky(r: Routine, x: Wide, n: Value): Wide {
  const { ins } = r
  const zero = r.i128(0n)
  const far = r.icmp(UGE, n, 128n)
  const hi = ins.select(far, zero, x.hi)
  const lo = ins.select(far, x.hi, x.lo)
  const lostFar = ins.band(far, ins.icmp(NE, x.lo, zero))
  const s = ins.band_imm(n, 127)
  const kept = ins.ushr(lo, s)
  const lost = ins.bor(lostFar, ins.icmp(NE, ins.ishl(kept, s), lo))
  const carried = ins.ishl(r.shl(hi, 1), ins.irsub_imm(s, 127))
  return { hi: ins.ushr(hi, s), lo: ins.bor(ins.bor(kept, carried), r.bool(lost, I128)) }
}

function shiftLeft(r: Routine, x: Wide, n: Value): Wide {
  const { ins } = r
  const far = r.icmp(UGE, n, 128n)
  const hi = ins.select(far, x.lo, x.hi)
  const lo = ins.select(far, r.i128(0n), x.lo)
  const s = ins.band_imm(n, 127)
  const carried = ins.ushr(r.shr(lo, 1), ins.irsub_imm(s, 127))
  return { hi: ins.bor(ins.ishl(hi, s), carried), lo: ins.ishl(lo, s) }
}

function add(r: Routine, x: Wide, y: Wide): Wide {
  const { ins } = r
  const lo = ins.iadd(x.lo, y.lo)
  return { lo, hi: ins.iadd(ins.iadd(x.hi, y.hi), r.bool(ins.icmp(ULT, lo, y.lo), I128)) }
}
function subtract(r: Routine, x: Wide, y: Wide): Wide {
  const { ins } = r
  const borrow = r.bool(ins.icmp(ULT, x.lo, y.lo), I128)
  return { lo: ins.isub(x.lo, y.lo), hi: ins.isub(ins.isub(x.hi, y.hi), borrow) }
}
function below(r: Routine, x: Wide, y: Wide): Value {
  const { ins } = r
  return ins.bor(ins.icmp(ULT, x.hi, y.hi), ins.band(ins.icmp(EQ, x.hi, y.hi), ins.icmp(ULT, x.lo, y.lo)))
}
function choose(r: Routine, c: Value, x: Wide, y: Wide): Wide {
  return { hi: r.ins.select(c, x.hi, y.hi), lo: r.ins.select(c, x.lo, y.lo) }
}

/** Zeros that both numbers keep at the top for a carry; as many bits at the bottom of either are zero. */
const ROOM = 2

/** The routine for f32, f64 or f128. */
export const fusedMultiplyAdd =
  (type: Type) =>
  (name: string): Func => {
    const f = formatOf(type)
    const r = new Routine(name, signature([type, type, type], [type], 'system_v'))
    const { ins } = r
    const [a, b, c] = r.args.map((x) => unpack(r, f, x))
    const sign = ins.bxor(a.sign, b.sign)
    const differ = ins.icmp(NE, sign, c.sign)
    const inf = ins.bor(a.isInf, b.isInf)
    const zero = ins.bor(a.isZero, b.isZero)
    const invalid = ins.bor(ins.band(inf, zero), ins.band(ins.band(inf, c.isInf), differ))
    r.when(ins.bor(ins.bor(ins.bor(a.isNan, b.isNan), c.isNan), invalid), () => r.return(nan(r, f)))
    r.when(inf, () => r.return(signedInfinity(r, f, sign)))
    r.when(c.isInf, () => r.return(r.args[2]))
    r.when(zero, () => {
      r.when(c.isZero, () => r.return(signedZero(r, f, ins.band(sign, c.sign))))
      r.return(r.args[2])
    })
    const full = { hi: ins.umulhi(a.significand, b.significand), lo: ins.imul(a.significand, b.significand) }
    const top = leadingZeros(r, full.hi)
    const product = shiftSticky(r, shiftLeft(r, full, top), r.i64(ROOM))
    const productExponent = ins.isub(ins.iadd_imm(ins.iadd(a.exponent, b.exponent), 1 - f.bias), top)
    const none = r.i128(0n)
    const addend = { hi: ins.select(c.isZero, none, r.shr(c.significand, ROOM)), lo: none }
    // A zero stands as far below as makes no difference.
    const addendExponent = ins.select(c.isZero, productExponent, c.exponent)
    const distance = ins.isub(productExponent, addendExponent)
    const lower = ins.icmp(SLT, distance, r.i64(0))
    const shift = ins.smin(ins.iabs(distance), r.i64(255))
    const p = choose(r, lower, shiftSticky(r, product, shift), product)
    const q = choose(r, lower, addend, shiftSticky(r, addend, shift))
    const less = below(r, p, q)
    const difference = choose(r, less, subtract(r, q, p), subtract(r, p, q))
    const sum = choose(r, differ, difference, add(r, p, q))
    r.when(r.icmp(EQ, ins.bor(sum.hi, sum.lo), 0n), () => r.return(signedZero(r, f, r.i64(0))))
    const emptyTop = r.icmp(EQ, sum.hi, 0n)
    const zeros = ins.select(emptyTop, ins.iadd_imm(leadingZeros(r, sum.lo), 128), leadingZeros(r, sum.hi))
    const normal = shiftLeft(r, sum, zeros)
    const sticky = r.bool(ins.icmp(NE, normal.lo, none), I128)
    const exponent = ins.isub(ins.iadd_imm(ins.select(lower, addendExponent, productExponent), ROOM), zeros)
    const resultSign = ins.select(ins.band(differ, less), c.sign, sign)
    r.return(round(r, f, resultSign, exponent, ins.bor(normal.hi, sticky)))
    return r.done()
  }
