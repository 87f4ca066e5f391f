// Semantics of moves of xmm registers, to and from memory and general registers, by row id. They are instructions of the loop, not operations of
// the vector unit: what code does most with vectors and floats is to move them.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2.

import type { Types } from '../../semantics/builder.ts'
import type { X64Body, X64Builder, X64SemanticsTable } from '../builder.ts'

const set = <T extends Types>(b: X64Builder<T>, low: T['i64'], high: T['i64']): void => {
  b.setLane64('dst', 0, low)
  b.setLane64('dst', 1, high)
}
const zero = <T extends Types>(b: X64Builder<T>): T['i64'] => b.i64.const(0)

const copy: X64Body = (b) => set(b, b.lane64('src', 0), b.lane64('src', 1))
const load =
  (aligned: boolean): X64Body =>
  (b) => {
    const address = b.address()
    if (aligned) b.checkAligned(16, address)
    const [low, high] = b.load128(address)
    set(b, low, high)
  }
const store =
  (aligned: boolean): X64Body =>
  (b) => {
    const address = b.address()
    if (aligned) b.checkAligned(16, address)
    b.store128(address, b.lane64('src', 0), b.lane64('src', 1))
  }

/** Loads of element 0; the rest becomes zero. */
const loadLow =
  (size: 4 | 8): X64Body =>
  (b) =>
    set(b, b.load(size, b.address()), zero(b))
const storeLow =
  (size: 4 | 8): X64Body =>
  (b) =>
    b.store(size, b.address(), size === 8 ? b.lane64('src', 0) : b.i64.extend_i32_u(b.lane('src', 32, 0)))

/** Element 0 of one operand above another. */
const mergeSingle =
  (upper: string, low: string): X64Body =>
  (b) => {
    const v = b.lane(low, 32, 0)
    const rest = [1, 2, 3].map((k) => b.lane(upper, 32, k))
    b.setLane('dst', 32, 0, v)
    for (const [k, r] of rest.entries()) b.setLane('dst', 32, k + 1, r)
  }

/** Both halves, each from half a register or memory. */
type Half = <T extends Types>(b: X64Builder<T>) => T['i64']
const half =
  (operand: string, k: 0 | 1): Half =>
  (b) =>
    b.lane64(operand, k)
const fromMemory: Half = (b) => b.load(8, b.address())
const halves =
  (low: Half, high: Half): X64Body =>
  (b) => {
    const l = low(b)
    set(b, l, high(b))
  }
const storeHigh: X64Body = (b) => b.store(8, b.address(), b.lane64('src', 1))

/** The same under the name of the AVX form; `names`: of rows whose operands differ there. */
function both(table: Readonly<Record<string, X64Body>>): Record<string, X64Body> {
  return { ...table, ...Object.fromEntries(Object.entries(table).map(([id, body]) => [`v${id}`, body])) }
}

function whole(name: string, aligned: boolean): Record<string, X64Body> {
  return both({ [`${name}_rr`]: copy, [`${name}_rm`]: load(aligned), [`${name}_mr`]: store(aligned) })
}

// biome-ignore format: table
export const vectorMoves: X64SemanticsTable = {
  ...whole('movaps', true),
  ...whole('movapd', true),
  ...whole('movdqa', true),
  ...whole('movups', false),
  ...whole('movupd', false),
  ...whole('movdqu', false),
  ...both({ lddqu_rm: load(false), movntdqa_rm: load(true) }),
  ...both({ movntps_mr: store(true), movntpd_mr: store(true), movntdq_mr: store(true) }),

  ...both({ movss_rm: loadLow(4), movss_mr: storeLow(4), movsd_rm: loadLow(8), movsd_mr: storeLow(8) }),
  movss_rr:   mergeSingle('dst', 'src'),
  vmovss_rrr: mergeSingle('a', 'b'),
  movsd_rr:   halves(half('src', 0), half('dst', 1)),
  vmovsd_rrr: halves(half('b', 0), half('a', 1)),

  movlps_rm:   halves(fromMemory, half('dst', 1)),
  movlpd_rm:   halves(fromMemory, half('dst', 1)),
  movhps_rm:   halves(half('dst', 0), fromMemory),
  movhpd_rm:   halves(half('dst', 0), fromMemory),
  vmovlps_rrm: halves(fromMemory, half('a', 1)),
  vmovlpd_rrm: halves(fromMemory, half('a', 1)),
  vmovhps_rrm: halves(half('a', 0), fromMemory),
  vmovhpd_rrm: halves(half('a', 0), fromMemory),
  ...both({ movlps_mr: storeLow(8), movlpd_mr: storeLow(8), movhps_mr: storeHigh, movhpd_mr: storeHigh }),
  movhlps_rr:   halves(half('src', 1), half('dst', 1)),
  movlhps_rr:   halves(half('dst', 0), half('src', 0)),
  vmovhlps_rrr: halves(half('b', 1), half('a', 1)),
  vmovlhps_rrr: halves(half('a', 0), half('b', 0)),

  ...both({
    movd_xr: (b) => set(b, b.i64.extend_i32_u(b.r32('src')), zero(b)),
    movd_xm: loadLow(4),
    movd_rx: (b) => b.set32('dst', b.lane('src', 32, 0)),
    movd_mx: storeLow(4),
    movq_xr: (b) => set(b, b.r64('src'), zero(b)),
    movq_xm: loadLow(8),
    movq_xx: (b) => set(b, b.lane64('src', 0), zero(b)),
    movq_rx: (b) => b.set64('dst', b.lane64('src', 0)),
    movq_mx: storeLow(8),
  }),
  // Stores of general registers past the caches
  movntil_mr: (b) => b.store(4, b.address(), b.i64.extend_i32_u(b.r32('src'))),
  movntiq_mr: (b) => b.store(8, b.address(), b.r64('src')),
}
