// Counting, reversing, swapping. Without Zbb: the parallel sums and swaps of Hacker's Delight, chapters 5 and 7.
import { I32, I64, laneBits, type Type } from '@k23/ir'
import { bitrev, bitselect, bswap, cls, clz, ctz, fits64, popcnt, type Rule, val, w32or64 } from '@k23/rules'
import { emit } from '../insts/index.ts'
import type { XReg } from '../insts/index.ts'
import { ZBB, ZBKB } from '../features.ts'
import type { RiscvLower } from './driver.ts'
import { rule, zbb } from './types.ts'

const M1 = 0x55555555
const M2 = 0x33333333
const M4 = 0x0f0f0f0f
const M8 = 0x00ff00ff
const ONES = 0x01010101

/** Number of ones in a zero-extended value of `bits` bits. */
export function popcount(c: RiscvLower, x: XReg, bits: number): XReg {
  if (c.has(ZBB)) return c.rr(emit.cpop, x)
  const mask = (k: number): XReg => (bits <= 32 ? c.li(k, 0) : c.li(k, k))
  const pairs = c.rrr(emit.sub, x, c.rrr(emit.and, c.rri(emit.srli, x, 1), mask(M1)))
  const m2 = mask(M2)
  const nibbles = c.rrr(emit.add, c.rrr(emit.and, pairs, m2), c.rrr(emit.and, c.rri(emit.srli, pairs, 2), m2))
  const sum = c.rrr(emit.add, nibbles, c.rri(emit.srli, nibbles, 4))
  const octets = c.rrr(emit.and, sum, mask(M4))
  if (bits === 8) return octets
  const total = c.rrr(emit.mul, octets, mask(ONES))
  return bits === 64 ? c.rri(emit.srli, total, 56) : c.rri(emit.andi, c.rri(emit.srli, total, bits <= 16 ? 8 : 24), 255)
}

/** Leading zeros of a zero-extended value of `bits` bits. */
export function leadingZeros(c: RiscvLower, x: XReg, bits: number): XReg {
  if (c.has(ZBB)) {
    const n = c.rr(emit.clz, x)
    return bits === 64 ? n : c.rri(emit.addi, n, bits - 64)
  }
  // Fill with ones below the leading one; what is left are the zeros.
  let v = x
  for (let k = 1; k < bits; k *= 2) v = c.rrr(emit.or, v, c.rri(emit.srli, v, k))
  const inverted = c.rri(emit.xori, v, -1)
  return popcount(c, bits === 64 ? inverted : zextTo(c, inverted, bits), bits)
}

function zextTo(c: RiscvLower, x: XReg, bits: number): XReg {
  if (bits === 8) return c.rri(emit.andi, x, 255)
  return c.rri(emit.srli, c.rri(emit.slli, x, 64 - bits), 64 - bits)
}

/** Trailing zeros of a value whose upper bits are anything. */
export function trailingZeros(c: RiscvLower, x: XReg, bits: number): XReg {
  if (c.has(ZBB)) {
    if (bits === 64) return c.rr(emit.ctz, x)
    if (bits === 32) return c.rr(emit.ctzw, x)
    // a one just above the value bounds the count
    return c.rr(emit.ctz, c.rrr(emit.or, x, c.li(1 << bits, 0)))
  }
  const below = c.rrr(emit.and, c.rri(emit.xori, x, -1), c.rri(emit.addi, x, -1))
  return popcount(c, bits === 64 ? below : zextTo(c, below, bits), bits)
}

/** Leading sign bits behind the sign bit, of a sign-extended value. */
function leadingSigns(c: RiscvLower, x: XReg, bits: number): XReg {
  const folded = c.rrr(emit.xor, x, c.rri(emit.srai, x, 63))
  return c.rri(emit.addi, leadingZeros(c, bits === 64 ? folded : zextTo(c, folded, bits), bits), -1)
}

/** Reverses the bytes of a whole register. */
export function swapBytes(c: RiscvLower, x: XReg): XReg {
  if (c.has(ZBB) || c.has(ZBKB)) return c.rr(emit.rev8, x)
  const half = c.rrr(emit.or, c.rri(emit.slli, x, 32), c.rri(emit.srli, x, 32))
  return swapGroups(c, swapGroups(c, half, 16, 0x0000ffff), 8, M8)
}

/** Exchanges neighbouring groups of n bits; `m` selects the lower group of each pair. */
function swapGroups(c: RiscvLower, x: XReg, n: number, m: number): XReg {
  const mask = c.li(m, m)
  const up = c.rri(emit.slli, c.rrr(emit.and, x, mask), n)
  const down = c.rrr(emit.and, c.rri(emit.srli, x, n), mask)
  return c.rrr(emit.or, up, down)
}

/** Reverses the bits of a whole register. */
export function reverseBits(c: RiscvLower, x: XReg): XReg {
  const bytes = swapBytes(c, x)
  if (c.has(ZBKB)) return c.rr(emit.brev8, bytes)
  return swapGroups(c, swapGroups(c, swapGroups(c, bytes, 4, M4), 2, M2), 1, M1)
}

/** The value stands in the top bits after a reversal of 64: bring it down. */
function down(c: RiscvLower, t: Type, x: XReg): XReg {
  return t === I64 ? x : c.rri(emit.srli, x, 64 - laneBits(t))
}

/** (c & x) | (~c & y) */
export function selectBits(c: RiscvLower, k: XReg, x: XReg, y: XReg): XReg {
  return c.rrr(emit.xor, y, c.rrr(emit.and, c.rrr(emit.xor, x, y), k))
}

// biome-ignore format: table
export const bitRules: Rule[] = [
  rule('popcnt_zbb', w32or64, [val],      (x) => popcnt(x),               (c, t, x) => c.rr(t === I32 ? emit.cpopw : emit.cpop, c.x(x)), { has: [zbb] }),
  rule('popcnt', fits64, [val],              (x) => popcnt(x),               (c, t, x) => popcount(c, c.zx(x), laneBits(t))),
  rule('clz_zbb', w32or64, [val],         (x) => clz(x),                  (c, t, x) => c.rr(t === I32 ? emit.clzw : emit.clz, c.x(x)), { has: [zbb] }),
  rule('clz', fits64, [val],                 (x) => clz(x),                  (c, t, x) => leadingZeros(c, c.zx(x), laneBits(t))),
  rule('ctz', fits64, [val],                 (x) => ctz(x),                  (c, t, x) => trailingZeros(c, c.x(x), laneBits(t))),
  rule('cls', fits64, [val],                 (x) => cls(x),                  (c, t, x) => leadingSigns(c, c.sx(x), laneBits(t))),
  rule('bswap', fits64, [val],               (x) => bswap(x),                (c, t, x) => down(c, t, swapBytes(c, c.x(x)))),
  rule('bitrev', fits64, [val],              (x) => bitrev(x),               (c, t, x) => down(c, t, reverseBits(c, c.x(x)))),
  rule('bitselect', fits64, [val, val, val], (k, x, y) => bitselect(k, x, y), (c, _t, k, x, y) => selectBits(c, c.x(k), c.x(x), c.x(y))),
]
