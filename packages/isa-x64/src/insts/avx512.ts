// AVX-512 instructions that have no VEX form, on xmm0 .. xmm15, without masking and broadcast (Intel SDM volume 2).
import { joinTables, type X64RowTable, x64Row as row } from '@k23/machinst/rows'
import { forEach, LQ, Q, type Rows } from './formats.ts'

const F = { feature: 'avx512f avx512vl' } as const
const DQ = { feature: 'avx512dq avx512vl' } as const
const VBMI = { feature: 'avx512vbmi avx512vl' } as const
const BITALG = { feature: 'avx512bitalg avx512vl' } as const
const VNNI = { feature: 'avx512vnni avx512vl' } as const

type Attributes = Readonly<{ feature: string }>
type Line = readonly [name: string, bits: string, attributes: Attributes]

/** dst = op(a, b). */
const ternary = (list: readonly Line[]): Rows =>
  forEach(list, ([name, bits, attrs]) => ({
    [`${name}_rrM`]: row(`${name} b:xm128, a:xv, =dst:x`, `EVEX.128.${bits} /r`, attrs),
  }))

/** dst = op(dst, a, b). */
const accumulating = (list: readonly Line[]): Rows =>
  forEach(list, ([name, bits, attrs]) => ({
    [`${name}_rrM`]: row(`${name} b:xm128, a:xv, +dst:x`, `EVEX.128.${bits} /r`, attrs),
  }))

// biome-ignore format: table
const integer = joinTables(
  ternary([
    ['vpmullq',        '66.0F38.W1 40', DQ],
    ['vpminsq',        '66.0F38.W1 39', F],
    ['vpminuq',        '66.0F38.W1 3B', F],
    ['vpmaxsq',        '66.0F38.W1 3D', F],
    ['vpmaxuq',        '66.0F38.W1 3F', F],
    ['vpsravq',        '66.0F38.W1 46', F],
    ['vprorvd',        '66.0F38.W0 14', F],
    ['vprorvq',        '66.0F38.W1 14', F],
    ['vprolvd',        '66.0F38.W0 15', F],
    ['vprolvq',        '66.0F38.W1 15', F],
    // Indices first: they select bytes of b.
    ['vpermb',         '66.0F38.W0 8D', VBMI],
    ['vpmultishiftqb', '66.0F38.W1 83', VBMI],
  ]),
  // dst holds indices (i2) or the first table (t2).
  accumulating([
    ['vpermi2b',       '66.0F38.W0 75', VBMI],
    ['vpermi2d',       '66.0F38.W0 76', F],
    ['vpermi2q',       '66.0F38.W1 76', F],
    ['vpermi2ps',      '66.0F38.W0 77', F],
    ['vpermi2pd',      '66.0F38.W1 77', F],
    ['vpermt2b',       '66.0F38.W0 7D', VBMI],
    ['vpermt2d',       '66.0F38.W0 7E', F],
    ['vpermt2q',       '66.0F38.W1 7E', F],
    ['vpermt2ps',      '66.0F38.W0 7F', F],
    ['vpermt2pd',      '66.0F38.W1 7F', F],
  ]),
)

// biome-ignore format: table
const others: X64RowTable = {
  vpabsq_rM:        row('vpabsq src:xm128, =dst:x',                   'EVEX.128.66.0F38.W1 1F /r',    F),
  vpopcntb_rM:      row('vpopcntb src:xm128, =dst:x',                 'EVEX.128.66.0F38.W0 54 /r',    BITALG),
  vpopcntw_rM:      row('vpopcntw src:xm128, =dst:x',                 'EVEX.128.66.0F38.W1 54 /r',    BITALG),
  vpsraq_rrM:       row('vpsraq b:xm128, a:xv, =dst:x',               'EVEX.128.66.0F.W1 E2 /r',      F),
  vpsraq_rMi:       row('vpsraq imm:u8, src:xm128, =dst:xv',          'EVEX.128.66.0F.W1 72 /4 ib',   F),
  vprord_rMi:       row('vprord imm:u8, src:xm128, =dst:xv',          'EVEX.128.66.0F.W0 72 /0 ib',   F),
  vprorq_rMi:       row('vprorq imm:u8, src:xm128, =dst:xv',          'EVEX.128.66.0F.W1 72 /0 ib',   F),
  vprold_rMi:       row('vprold imm:u8, src:xm128, =dst:xv',          'EVEX.128.66.0F.W0 72 /1 ib',   F),
  vprolq_rMi:       row('vprolq imm:u8, src:xm128, =dst:xv',          'EVEX.128.66.0F.W1 72 /1 ib',   F),
  // The truth table of dst, a, b.
  vpternlogd_rrMi:  row('vpternlogd imm:u8, b:xm128, a:xv, +dst:x',   'EVEX.128.66.0F3A.W0 25 /r ib', F),
  vpternlogq_rrMi:  row('vpternlogq imm:u8, b:xm128, a:xv, +dst:x',   'EVEX.128.66.0F3A.W1 25 /r ib', F),

  vcvtudq2ps_rM:    row('vcvtudq2ps src:xm128, =dst:x',               'EVEX.128.F2.0F.W0 7A /r',      F),
  vcvtudq2pd_rM:    row('vcvtudq2pd src:xm64, =dst:x',                'EVEX.128.F3.0F.W0 7A /r',      F),
  vcvtqq2pd_rM:     row('vcvtqq2pd src:xm128, =dst:x',                'EVEX.128.F3.0F.W1 E6 /r',      DQ),
  vcvtuqq2pd_rM:    row('vcvtuqq2pd src:xm128, =dst:x',               'EVEX.128.F3.0F.W1 7A /r',      DQ),
  vcvtqq2ps_rM:     row('vcvtqq2psx src:xm128, =dst:x',               'EVEX.128.0F.W1 5B /r',         DQ),
  vcvtuqq2ps_rM:    row('vcvtuqq2psx src:xm128, =dst:x',              'EVEX.128.F2.0F.W1 7A /r',      DQ),
  vcvttps2udq_rM:   row('vcvttps2udq src:xm128, =dst:x',              'EVEX.128.0F.W0 78 /r',         F),
  vcvttpd2udq_rM:   row('vcvttpd2udqx src:xm128, =dst:x',             'EVEX.128.0F.W1 78 /r',         F),
  vcvttpd2qq_rM:    row('vcvttpd2qq src:xm128, =dst:x',               'EVEX.128.66.0F.W1 7A /r',      DQ),
  vcvttpd2uqq_rM:   row('vcvttpd2uqq src:xm128, =dst:x',              'EVEX.128.66.0F.W1 78 /r',      DQ),
}

const withUnsigned = forEach(LQ, (w) =>
  forEach(
    [
      ['ss', 'F3', 'xm32'],
      ['sd', 'F2', 'xm64'],
    ] as const,
    ([type, prefix, xm]) => {
      const W = w === Q ? 'W1' : 'W0'
      // GNU as takes the second's width from its register.
      const [from, to] = [`vcvtusi2${type}${w.suffix}`, `vcvtt${type}2usi`]
      return {
        [`${from}_rrM`]: row(`${from} b:${w.rm}, a:xv, =dst:x`, `EVEX.LIG.${prefix}.0F.${W} 7B /r`, {
          feature: 'avx512f',
        }),
        [`${to}${w.suffix}_rM`]: row(`${to} src:${xm}, =dst:${w.r}`, `EVEX.LIG.${prefix}.0F.${W} 78 /r`, {
          feature: 'avx512f',
        }),
      }
    },
  ),
)

/** As the AVX-VNNI rows, whose names they share; GNU as takes the name alone for these. */
const dotProducts = forEach(
  [
    ['vpdpbusd', '50'],
    ['vpdpbusds', '51'],
    ['vpdpwssd', '52'],
    ['vpdpwssds', '53'],
  ] as const,
  ([name, opcode]) => ({
    [`evex_${name}_rrM`]: row(`{evex} ${name} b:xm128, a:xv, +dst:x`, `EVEX.128.66.0F38.W0 ${opcode} /r`, VNNI),
  }),
)

export const avx512: X64RowTable = joinTables(integer, others, withUnsigned, dotProducts)
