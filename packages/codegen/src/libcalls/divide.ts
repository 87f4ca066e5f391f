// Division of i128 by 64-bit division. Problem: 128 by 128 bits. Idea (Knuth, The Art of Computer Programming 4.3.1, algorithm D; Hacker's
// Delight 9-4, 9-5): a divisor below 2^64 takes two divisions of 128 by 64 bits, each of which is two steps with digits of 32 bits; a divisor above has a quotient below
// 2^64, which is guessed from the upper 64 bits of the normalized divisor and is then at most one too large.
//
// What traps is looked at before the call: the divisor is not zero here, and the signed forms wrap.
import { EQ, type Func, I128, NE, signature, SLT, UGE, UGT, ULT, type Value } from '@k23/ir'
import { Routine } from './routine.ts'

const sig = signature([I128, I128], [I128], 'system_v')

/** hi:lo / d for hi < d and a normalized d (its top bit is set): quotient and remainder. */
function divideWide(r: Routine, hi: Value, lo: Value, d: Value): { q: Value; rem: Value } {
  const { ins } = r
  const d1 = r.shr(d, 32)
  const d0 = ins.band_imm(d, 0xffffffff)
  const digit = (high: Value, next: Value): { q: Value; rem: Value } => {
    const q = r.variable(ins.udiv(high, d1))
    const rem = r.variable(ins.isub(high, ins.imul(q.get(), d1)))
    const tooLarge = (): Value =>
      ins.bor(r.icmp(UGE, q.get(), 1n << 32n), r.icmp(UGT, ins.imul(q.get(), d0), ins.bor(r.shl(rem.get(), 32), next)))
    // At most twice; the second test counts while the remainder is a digit still.
    r.loop(
      () => ins.band(tooLarge(), r.icmp(ULT, rem.get(), 1n << 32n)),
      () => {
        q.set(ins.iadd_imm(q.get(), -1))
        rem.set(ins.iadd(rem.get(), d1))
      },
    )
    const rest = ins.isub(ins.bor(r.shl(high, 32), next), ins.imul(q.get(), d))
    return { q: q.get(), rem: rest }
  }
  const first = digit(hi, r.shr(lo, 32))
  const second = digit(first.rem, ins.band_imm(lo, 0xffffffff))
  return { q: ins.iadd(r.shl(first.q, 32), second.q), rem: second.rem }
}

/** Unsigned quotient and remainder, as variables' values after the last step. */
function divmod(r: Routine, x: Value, y: Value): { q: Value; rem: Value } {
  const { ins } = r
  const [xl, xh] = r.halves(x)
  const [yl, yh] = r.halves(y)
  const zero = r.i64(0)
  const q = r.variable(r.i128(0n))
  const rem = r.variable(x)
  r.when(
    r.icmp(EQ, yh, 0n),
    () =>
      r.when(
        r.icmp(EQ, xh, 0n),
        () => {
          q.set(ins.iconcat(ins.udiv(xl, yl), zero))
          rem.set(ins.iconcat(ins.urem(xl, yl), zero))
        },
        () => {
          const qh = ins.udiv(xh, yl)
          const high = ins.urem(xh, yl)
          const s = ins.clz(yl)
          const [nl, nh] = r.halves(ins.ishl(ins.iconcat(xl, high), s))
          const low = divideWide(r, nh, nl, ins.ishl(yl, s))
          q.set(ins.iconcat(low.q, qh))
          rem.set(ins.iconcat(ins.ushr(low.rem, s), zero))
        },
      ),
    () => {
      // x / 2 by the upper word of the normalized divisor, scaled back: the true quotient or one more.
      const s = ins.clz(yh)
      const [, top] = r.halves(ins.ishl(y, s))
      const [hl, hh] = r.halves(r.shr(x, 1))
      const wide = divideWide(r, hh, hl, top)
      const guess = r.variable(ins.ushr(wide.q, ins.irsub_imm(s, 63)))
      r.when(r.icmp(NE, guess.get(), 0n), () => guess.set(ins.iadd_imm(guess.get(), -1)))
      const rest = r.variable(ins.isub(x, ins.imul(ins.iconcat(guess.get(), zero), y)))
      r.when(ins.icmp(UGE, rest.get(), y), () => {
        guess.set(ins.iadd_imm(guess.get(), 1))
        rest.set(ins.isub(rest.get(), y))
      })
      q.set(ins.iconcat(guess.get(), zero))
      rem.set(rest.get())
    },
  )
  return { q: q.get(), rem: rem.get() }
}

export const divide =
  (signed: boolean, remainder: boolean) =>
  (name: string): Func => {
    const r = new Routine(name, sig)
    const { ins } = r
    const [x, y] = r.args
    const { q, rem } = divmod(r, signed ? ins.iabs(x) : x, signed ? ins.iabs(y) : y)
    const out = remainder ? rem : q
    if (!signed) r.return(out)
    else {
      const zero = r.i128(0n)
      const negative = remainder ? ins.icmp(SLT, x, zero) : ins.icmp(SLT, ins.bxor(x, y), zero)
      r.return(ins.select(negative, ins.ineg(out), out))
    }
    return r.done()
  }
