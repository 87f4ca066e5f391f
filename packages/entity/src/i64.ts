// 64-bit integers as pairs of int32 words, without allocation. A function with a 64-bit result returns its low word and leaves the
// high word in the live binding `hi`, which the next call overwrites:
//
//   const lo = i64.add(alo, ahi, blo, bhi), h = i64.hi
//
// Words are int32 (signed) on the way in and out. Multiplication and division follow Hacker's Delight, chapters 8 and 9.

/** High word of the last result. */
export let hi = 0

export function add(alo: number, ahi: number, blo: number, bhi: number): number {
  const lo = (alo + blo) | 0
  hi = (ahi + bhi + (lo >>> 0 < alo >>> 0 ? 1 : 0)) | 0
  return lo
}

export function sub(alo: number, ahi: number, blo: number, bhi: number): number {
  hi = (ahi - bhi - (alo >>> 0 < blo >>> 0 ? 1 : 0)) | 0
  return (alo - blo) | 0
}

export function neg(lo: number, h: number): number {
  return sub(0, 0, lo, h)
}

/** Full 32 x 32 -> 64 unsigned product. */
export function umulWide(a: number, b: number): number {
  const a0 = a & 0xffff
  const a1 = a >>> 16
  const b0 = b & 0xffff
  const b1 = b >>> 16
  const p00 = a0 * b0
  const mid = a1 * b0 + (p00 >>> 16)
  const mid2 = a0 * b1 + (mid & 0xffff)
  // mid is below 2^32 + 2^16 and not an int32: divide instead of shifting where a bit could be lost
  hi = (a1 * b1 + Math.floor(mid / 65536) + Math.floor(mid2 / 65536)) | 0
  return Math.imul(a, b)
}

export function mul(alo: number, ahi: number, blo: number, bhi: number): number {
  const cross = (Math.imul(alo, bhi) + Math.imul(ahi, blo)) | 0
  const lo = umulWide(alo, blo)
  hi = (hi + cross) | 0
  return lo
}

export function shl(lo: number, h: number, n: number): number {
  n &= 63
  if (n === 0) {
    hi = h
    return lo
  }
  if (n >= 32) {
    hi = lo << (n - 32)
    return 0
  }
  hi = (h << n) | (lo >>> (32 - n))
  return lo << n
}

export function ushr(lo: number, h: number, n: number): number {
  n &= 63
  if (n === 0) {
    hi = h
    return lo
  }
  if (n >= 32) {
    hi = 0
    return (h >>> (n - 32)) | 0
  }
  hi = (h >>> n) | 0
  return (lo >>> n) | (h << (32 - n))
}

export function sshr(lo: number, h: number, n: number): number {
  n &= 63
  if (n === 0) {
    hi = h
    return lo
  }
  if (n >= 32) {
    hi = h >> 31
    return h >> (n - 32)
  }
  hi = h >> n
  return (lo >>> n) | (h << (32 - n))
}

export function rotl(lo: number, h: number, n: number): number {
  n &= 63
  const a = shl(lo, h, n)
  const ah = hi
  const b = ushr(lo, h, (64 - n) & 63)
  if (n === 0) {
    hi = h
    return lo
  }
  hi |= ah
  return a | b
}

export function rotr(lo: number, h: number, n: number): number {
  return rotl(lo, h, (64 - (n & 63)) & 63)
}

/** True if a < b, unsigned. */
export function ult(alo: number, ahi: number, blo: number, bhi: number): boolean {
  return ahi === bhi ? alo >>> 0 < blo >>> 0 : ahi >>> 0 < bhi >>> 0
}

/** True if a < b, signed. */
export function slt(alo: number, ahi: number, blo: number, bhi: number): boolean {
  return ahi === bhi ? alo >>> 0 < blo >>> 0 : ahi < bhi
}

export function clz(lo: number, h: number): number {
  return h !== 0 ? Math.clz32(h) : 32 + Math.clz32(lo)
}

export function ctz(lo: number, h: number): number {
  if (lo !== 0) return 31 - Math.clz32(lo & -lo)
  return h !== 0 ? 63 - Math.clz32(h & -h) : 64
}

/** The unsigned value as a double: exact below 2^53. */
export function toUnsignedNumber(lo: number, h: number): number {
  return (h >>> 0) * 4294967296 + (lo >>> 0)
}

/** The signed value as a double: exact within +-2^53. */
export function toNumber(lo: number, h: number): number {
  return h * 4294967296 + (lo >>> 0)
}

/** Low word of an integral double within +-2^63; high word in `hi`. */
export function fromNumber(x: number): number {
  hi = Math.floor(x / 4294967296) | 0
  return x | 0 // ToInt32 takes the value modulo 2^32
}

// Remainder of the last division.
export let remLo = 0
export let remHi = 0

/** Unsigned division: quotient as result, remainder in remLo/remHi. The divisor is not zero. */
export function udiv(alo: number, ahi: number, blo: number, bhi: number): number {
  if (ahi === 0 && bhi === 0) {
    const a = alo >>> 0
    const b = blo >>> 0
    const q = Math.floor(a / b)
    remLo = (a - q * b) | 0
    remHi = 0
    hi = 0
    return q | 0
  }
  if ((ahi >>> 0 < 0x200000 && bhi >>> 0 < 0x200000) === true) {
    // Both below 2^53: doubles are exact, and so is the floor of a correctly rounded quotient after one correction.
    const a = toUnsignedNumber(alo, ahi)
    const b = toUnsignedNumber(blo, bhi)
    let q = Math.floor(a / b)
    let r = a % b
    if (q * b + r !== a) q = (a - r) / b
    const rl = fromNumber(r)
    remLo = rl
    remHi = hi
    r = q
    return fromNumber(r)
  }
  // Restoring division, skipping the leading zeros of the dividend.
  let rl = 0
  let rh = 0
  let ql = 0
  let qh = 0
  const start = 63 - clz(alo, ahi)
  for (let i = start; i >= 0; i--) {
    const top = rh < 0
    rh = (rh << 1) | (rl >>> 31)
    rl = (rl << 1) | (i >= 32 ? (ahi >>> (i - 32)) & 1 : (alo >>> i) & 1)
    if (top || !ult(rl, rh, blo, bhi)) {
      rl = sub(rl, rh, blo, bhi)
      rh = hi
      if (i >= 32) qh |= 1 << (i - 32)
      else ql |= 1 << i
    }
  }
  remLo = rl
  remHi = rh
  hi = qh
  return ql
}

/** Signed division, truncating; remainder (sign of the dividend) in remLo/remHi. Wraps for min / -1. The divisor is not zero. */
export function sdiv(alo: number, ahi: number, blo: number, bhi: number): number {
  const negA = ahi < 0
  const negB = bhi < 0
  let al = alo
  let ah = ahi
  let bl = blo
  let bh = bhi
  if (negA) {
    al = neg(alo, ahi)
    ah = hi
  }
  if (negB) {
    bl = neg(blo, bhi)
    bh = hi
  }
  const q = udiv(al, ah, bl, bh)
  const qh = hi
  if (negA) {
    remLo = neg(remLo, remHi)
    remHi = hi
  }
  if (negA !== negB) return neg(q, qh)
  hi = qh
  return q
}

/** High 64 bits of the 128-bit unsigned product. */
export function umulhi(alo: number, ahi: number, blo: number, bhi: number): number {
  umulWide(alo, blo)
  const c0 = hi
  let lo = umulWide(alo, bhi)
  let m1 = add(lo, hi, c0, 0)
  const m1h = hi
  lo = umulWide(ahi, blo)
  m1 = add(lo, hi, m1, 0)
  const m2h = hi
  lo = umulWide(ahi, bhi)
  lo = add(lo, hi, m1h, 0)
  return add(lo, hi, m2h, 0)
}

/** High 64 bits of the 128-bit signed product. */
export function smulhi(alo: number, ahi: number, blo: number, bhi: number): number {
  let lo = umulhi(alo, ahi, blo, bhi)
  let h = hi
  if (ahi < 0) {
    lo = sub(lo, h, blo, bhi)
    h = hi
  }
  if (bhi < 0) {
    lo = sub(lo, h, alo, ahi)
    h = hi
  }
  hi = h
  return lo
}

/** The unsigned pair as a BigInt: for printing and tests. */
export function toBigUint(lo: number, h: number): bigint {
  return (BigInt(h >>> 0) << 32n) | BigInt(lo >>> 0)
}

/** The signed pair as a BigInt. */
export function toBigInt(lo: number, h: number): bigint {
  return (BigInt(h) << 32n) | BigInt(lo >>> 0)
}

/** Low word of `x` modulo 2^64; high word in `hi`. */
export function fromBigInt(x: bigint): number {
  hi = Number(BigInt.asIntN(32, x >> 32n))
  return Number(BigInt.asIntN(32, x))
}
