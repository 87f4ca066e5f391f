// Bit permutations that instructions of several ISAs share.
import type { IntegerArithmetic, Types } from './builder.ts'

/** The bytes of 64 bits in the opposite order, by swapping halves of 8, 16 and 32 bits. */
export function reverseBytes<T extends Types>(b: IntegerArithmetic<T>, x: T['i64']): T['i64'] {
  const lowBytes = b.i64.or(b.i64.const(0x00ff00ff), b.i64.shl(b.i64.const(0x00ff00ff), b.i64.const(32)))
  const lowHalves = b.i64.or(b.i64.const(0x0000ffff), b.i64.shl(b.i64.const(0x0000ffff), b.i64.const(32)))
  const eight = b.i64.const(8)
  const sixteen = b.i64.const(16)
  const bytes = b.i64.or(b.i64.and(b.i64.shr_u(x, eight), lowBytes), b.i64.shl(b.i64.and(x, lowBytes), eight))
  const halves = b.i64.or(
    b.i64.and(b.i64.shr_u(bytes, sixteen), lowHalves),
    b.i64.shl(b.i64.and(bytes, lowHalves), sixteen),
  )
  return b.i64.rotl(halves, b.i64.const(32))
}
