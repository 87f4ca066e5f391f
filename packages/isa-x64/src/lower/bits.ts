// Counting, reversing and selecting bits. bsf and bsr leave their destination undefined for zero, and lzcnt and tzcnt are bsr and bsf with a prefix that
// older machines ignore: so each feature has its own sequence.
import { I64, laneBits, type Type, type Value } from '@k23/ir'
import { bitrev, bswap, cls, clz, ctz, fits64, i16, popcnt, type Rule, val, w32or64 } from '@k23/rules'
import { CC, emit } from '../insts/index.ts'
import type { Gpr } from '../insts/index.ts'
import * as feat from '../features.ts'
import { selectGpr } from './compare.ts'
import type { X64Lower } from './driver.ts'
import { rule } from './types.ts'

/** Leading zeros of the low 32 or 64 bits. */
export function leadingZeros(c: X64Lower, x: Gpr, bits: 32 | 64): Gpr {
  const q = bits === 64
  if (c.has(feat.LZCNT)) return c.one(q ? emit.lzcntq_rr : emit.lzcntl_rr, x)
  const none = c.li(-1, -1)
  const top = c.two(q ? emit.bsrq_rr : emit.bsrl_rr, none, x)
  const index = selectGpr(c, CC.e, none, top)
  return c.two(emit.subl_rr, c.li(bits - 1, 0), index)
}

/** Trailing zeros; `bits` for zero. */
export function trailingZeros(c: X64Lower, x: Gpr, bits: 32 | 64): Gpr {
  const q = bits === 64
  if (c.has(feat.BMI1)) return c.one(q ? emit.tzcntq_rr : emit.tzcntl_rr, x)
  const none = c.li(bits, 0)
  const low = c.two(q ? emit.bsfq_rr : emit.bsfl_rr, none, x)
  return selectGpr(c, CC.e, none, low)
}

function clzOf(c: X64Lower, t: Type, x: Value): Gpr {
  const n = laneBits(t)
  if (n === 64) return leadingZeros(c, c.g(x), 64)
  const count = leadingZeros(c, c.zx32(x), 32)
  return n === 32 ? count : c.twoImm(emit.subl_ri, count, 32 - n)
}

function ctzOf(c: X64Lower, t: Type, x: Value): Gpr {
  const n = laneBits(t)
  if (n >= 32) return trailingZeros(c, c.g(x), n as 32 | 64)
  // A bit above the value stops the count.
  return trailingZeros(c, c.twoImm(emit.orl_ri, c.g(x), 1 << n), 32)
}

/** Leading bits that equal the sign, without the sign itself. */
function clsOf(c: X64Lower, t: Type, x: Value): Gpr {
  const n = laneBits(t)
  const q = n === 64
  const a = q ? c.g(x) : c.sx32(x)
  const sign = c.twoImm(q ? emit.sarq_ri : emit.sarl_ri, a, q ? 63 : 31)
  const count = leadingZeros(c, c.two(q ? emit.xorq_rr : emit.xorl_rr, a, sign), q ? 64 : 32)
  return c.twoImm(emit.subl_ri, count, q ? 1 : 33 - n)
}

const EVEN = 0x55555555
const PAIRS = 0x33333333
const NIBBLES = 0x0f0f0f0f

/** Ones in 64 bits (Hacker's Delight, 5-1). */
export function popcount(c: X64Lower, x: Gpr): Gpr {
  if (c.has(feat.POPCNT)) return c.one(emit.popcntq_rr, x)
  const mask = (k: number): Gpr => c.li(k, k)
  const twos = c.two(emit.subq_rr, x, c.two(emit.andq_rr, c.twoImm(emit.shrq_ri, x, 1), mask(EVEN)))
  const pairs = mask(PAIRS)
  const low = c.two(emit.andq_rr, twos, pairs)
  const fours = c.two(emit.addq_rr, low, c.two(emit.andq_rr, c.twoImm(emit.shrq_ri, twos, 2), pairs))
  const sums = c.two(emit.addq_rr, fours, c.twoImm(emit.shrq_ri, fours, 4))
  const eights = c.two(emit.andq_rr, sums, mask(NIBBLES))
  return c.twoImm(emit.shrq_ri, c.two(emit.imulq_rr, eights, mask(0x01010101)), 56)
}

function popcntOf(c: X64Lower, _t: Type, x: Value): Gpr {
  return popcount(c, c.zx(x))
}

/** 64 bits in reverse order: within bytes by masks, the bytes by bswap. */
export function reverseBits(c: X64Lower, x: Gpr): Gpr {
  const swap = (v: Gpr, n: number, k: number): Gpr => {
    const mask = c.li(k, k)
    const down = c.two(emit.andq_rr, c.twoImm(emit.shrq_ri, v, n), mask)
    const up = c.twoImm(emit.shlq_ri, c.two(emit.andq_rr, v, mask), n)
    return c.two(emit.orq_rr, up, down)
  }
  return c.inPlace(emit.bswapq_r, swap(swap(swap(x, 1, EVEN), 2, PAIRS), 4, NIBBLES))
}

function bitrevOf(c: X64Lower, t: Type, x: Value): Gpr {
  const all = reverseBits(c, c.g(x))
  return t === I64 ? all : c.twoImm(emit.shrq_ri, all, 64 - laneBits(t))
}

/** The low `bytes` bytes in reverse order; what is above is undefined but for 8 bytes. */
export function swapBytes(c: X64Lower, x: Gpr, size: number): Gpr {
  if (size === 1) return x
  if (size === 2) return c.twoImm(emit.rolw_ri, x, 8)
  return c.inPlace(size === 8 ? emit.bswapq_r : emit.bswapl_r, x)
}

// biome-ignore format: table
export const bitRules: Rule[] = [
  rule('clz',     fits64,  [val], (x) => clz(x),    clzOf),
  rule('ctz',     fits64,  [val], (x) => ctz(x),    ctzOf),
  rule('cls',     fits64,  [val], (x) => cls(x),    clsOf),
  rule('popcnt',  fits64,  [val], (x) => popcnt(x), popcntOf),
  rule('bitrev',  fits64,  [val], (x) => bitrev(x), bitrevOf),
  rule('bswap',   w32or64, [val], (x) => bswap(x),  (c, t, x) => swapBytes(c, c.g(x), laneBits(t) / 8)),
  rule('bswap16', i16,     [val], (x) => bswap(x),  (c, _t, x) => swapBytes(c, c.g(x), 2)),
]
