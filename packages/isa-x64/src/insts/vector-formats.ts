// SSE instructions and their AVX forms: one line of a table gives both. `bits` is the legacy form's; AVX has the same prefix, map and opcode in
// a VEX prefix, a third operand instead of the read-write one, and no alignment of memory operands (Intel SDM volume 1, 14.9).
import { type X64Attributes, x64Row as row } from '@k23/machinst/rows'
import type { Rows } from './formats.ts'

/** `66 0F 38 00` as `VEX.128.66.0F38.WIG 00`. */
export function vex(bits: string, w = 'WIG', form = 'VEX'): string {
  const m = /^(?:NP )?(?:(66|F2|F3) )?(0F(?: 38| 3A)?) ([0-9A-F]{2})$/.exec(bits)
  if (m === null) throw new Error(`'${bits}' is not prefix, map and opcode`)
  return `${form}.128.${m[1] === undefined ? '' : `${m[1]}.`}${m[2].replace(' ', '')}.${w} ${m[3]}`
}

/** The r/m operand of an AVX form: 16 bytes of memory need not be aligned. */
export function loose(xm: string): string {
  return xm === 'xm128a' ? 'xm128' : xm
}

export interface Shape {
  /** Feature of the legacy form; '' for SSE2. */
  readonly feature?: string
  /** The r/m operand: 'xm128a', or what scalar and widening instructions read. */
  readonly xm?: string
  /** Entry of the immediate, where there is one; `vimm`: of the AVX form, where it is another. */
  readonly imm?: string
  readonly vimm?: string
  /** Flags. */
  readonly writes?: string
}

function attributes(feature: string | undefined, { writes }: Shape): X64Attributes {
  return { ...(feature ? { feature } : {}), ...(writes === undefined ? {} : { writes }) }
}

/** dst = op(dst, src): addps_rr, addps_rm; vaddps_rrr, vaddps_rrm. */
export function binary(name: string, bits: string, s: Shape = {}): Rows {
  const { xm = 'xm128a', imm } = s
  const [text, i, ib] = imm === undefined ? ['', '', ''] : [`imm:${imm}, `, 'i', ' ib']
  const vtext = imm === undefined ? '' : `imm:${s.vimm ?? imm}, `
  return {
    [`${name}_rM${i}`]: row(`${name} ${text}src:${xm}, +dst:x`, `${bits} /r${ib}`, attributes(s.feature, s)),
    [`v${name}_rrM${i}`]: row(
      `v${name} ${vtext}b:${loose(xm)}, a:xv, =dst:x`,
      `${vex(bits)} /r${ib}`,
      attributes('avx', s),
    ),
  }
}

/** dst = op(src): sqrtps_rr, sqrtps_rm; vsqrtps_rr, vsqrtps_rm. `suffix`: what AT&T appends to the AVX form. */
export function unary(name: string, bits: string, s: Shape & { suffix?: string } = {}): Rows {
  const { xm = 'xm128a', imm, suffix = '' } = s
  const [text, i, ib] = imm === undefined ? ['', '', ''] : [`imm:${imm}, `, 'i', ' ib']
  return {
    [`${name}_rM${i}`]: row(`${name} ${text}src:${xm}, =dst:x`, `${bits} /r${ib}`, attributes(s.feature, s)),
    [`v${name}_rM${i}`]: row(
      `v${name}${suffix} ${text}src:${loose(xm)}, =dst:x`,
      `${vex(bits)} /r${ib}`,
      attributes('avx', s),
    ),
  }
}

/** Flags of (a, b): ucomiss, ptest. */
export function compare(name: string, bits: string, s: Shape = {}): Rows {
  const { xm = 'xm128a' } = s
  const writes = { ...s, writes: 'oszapc' }
  return {
    [`${name}_rM`]: row(`${name} b:${xm}, a:x`, `${bits} /r`, attributes(s.feature, writes)),
    [`v${name}_rM`]: row(`v${name} b:${loose(xm)}, a:x`, `${vex(bits)} /r`, attributes('avx', writes)),
  }
}

/** Shift of all lanes by a register (its low 64 bits) and, `/digit` of `shiftBits`, by a constant. */
export function shift(name: string, bits: string, shiftBits: string, digit: number): Rows {
  return { ...binary(name, bits), ...shiftBy(name, shiftBits, digit) }
}

export function shiftBy(name: string, bits: string, digit: number): Rows {
  return {
    [`${name}_ri`]: row(`${name} imm:u8, +dst:xb`, `${bits} /${digit} ib`),
    [`v${name}_rri`]: row(`v${name} imm:u8, src:xb, =dst:xv`, `${vex(bits)} /${digit} ib`, { feature: 'avx' }),
  }
}

export type Line = readonly [name: string, bits: string, shape?: Shape]

/** Rows of many lines of a shape. */
export function lines(
  make: (name: string, bits: string, s?: Shape) => Rows,
  list: readonly Line[],
  common: Shape = {},
): Rows {
  return Object.assign({}, ...list.map(([name, bits, s]) => make(name, bits, { ...common, ...s })))
}
