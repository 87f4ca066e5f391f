// AVX, AVX2, FMA, F16C and AVX-VNNI instructions without a legacy form, on 128 bits (Intel SDM volume 2).
import { joinTables, type X64RowTable, x64Row as row } from '@k23/machinst/rows'
import { forEach, hex, type Rows } from './formats.ts'

/** dst = dst * a + b (213), dst * b + a (132), a * b + dst (231), with signs as the name says. */
function fma(name: string, byte: number, types: readonly FmaType[]): Rows {
  return forEach(types, ({ suffix, W, xm, scalar }) =>
    forEach(['132', '213', '231'], (order) => {
      const opcode = hex(byte + ['132', '213', '231'].indexOf(order) * 16 + (scalar ? 1 : 0))
      return {
        [`${name}${order}${suffix}_rrM`]: row(
          `${name}${order}${suffix} b:${xm}, a:xv, +dst:x`,
          `VEX.128.66.0F38.${W} ${opcode} /r`,
          { feature: 'fma' },
        ),
      }
    }),
  )
}

interface FmaType {
  readonly suffix: string
  readonly W: 'W0' | 'W1'
  readonly xm: string
  readonly scalar: boolean
}
// biome-ignore format: table
const PACKED: readonly FmaType[] = [
  { suffix: 'ps', W: 'W0', xm: 'xm128', scalar: false },
  { suffix: 'pd', W: 'W1', xm: 'xm128', scalar: false },
]
// biome-ignore format: table
const TYPES: readonly FmaType[] = [
  ...PACKED,
  { suffix: 'ss', W: 'W0', xm: 'xm32', scalar: true },
  { suffix: 'sd', W: 'W1', xm: 'xm64', scalar: true },
]

const multiplyAdd = joinTables(
  fma('vfmaddsub', 0x96, PACKED),
  fma('vfmsubadd', 0x97, PACKED),
  fma('vfmadd', 0x98, TYPES),
  fma('vfmsub', 0x9a, TYPES),
  fma('vfnmadd', 0x9c, TYPES),
  fma('vfnmsub', 0x9e, TYPES),
)

const AVX = { feature: 'avx' } as const
const AVX2 = { feature: 'avx2' } as const
const F16C = { feature: 'f16c' } as const
const VNNI = { feature: 'avx_vnni' } as const
const TEST = { feature: 'avx', writes: 'oszapc' } as const

// biome-ignore format: table
const others: X64RowTable = {
  // The register form came with AVX2.
  vbroadcastss_rr:  row('vbroadcastss src:xb, =dst:x',                 'VEX.128.66.0F38.W0 18 /r',    AVX2),
  vbroadcastss_rm:  row('vbroadcastss mem:m32, =dst:x',                'VEX.128.66.0F38.W0 18 /r',    AVX),
  vpbroadcastb_rM:  row('vpbroadcastb src:xm8, =dst:x',                'VEX.128.66.0F38.W0 78 /r',    AVX2),
  vpbroadcastw_rM:  row('vpbroadcastw src:xm16, =dst:x',               'VEX.128.66.0F38.W0 79 /r',    AVX2),
  vpbroadcastd_rM:  row('vpbroadcastd src:xm32, =dst:x',               'VEX.128.66.0F38.W0 58 /r',    AVX2),
  vpbroadcastq_rM:  row('vpbroadcastq src:xm64, =dst:x',               'VEX.128.66.0F38.W0 59 /r',    AVX2),
  vpermilps_rrM:    row('vpermilps b:xm128, a:xv, =dst:x',             'VEX.128.66.0F38.W0 0C /r',    AVX),
  vpermilpd_rrM:    row('vpermilpd b:xm128, a:xv, =dst:x',             'VEX.128.66.0F38.W0 0D /r',    AVX),
  vpermilps_rMi:    row('vpermilps imm:u8, src:xm128, =dst:x',         'VEX.128.66.0F3A.W0 04 /r ib', AVX),
  vpermilpd_rMi:    row('vpermilpd imm:u2, src:xm128, =dst:x',         'VEX.128.66.0F3A.W0 05 /r ib', AVX),
  vpblendd_rrMi:    row('vpblendd imm:u4, b:xm128, a:xv, =dst:x',      'VEX.128.66.0F3A.W0 02 /r ib', AVX2),
  vtestps_rM:       row('vtestps b:xm128, a:x',                        'VEX.128.66.0F38.W0 0E /r',    TEST),
  vtestpd_rM:       row('vtestpd b:xm128, a:x',                        'VEX.128.66.0F38.W0 0F /r',    TEST),
  vpsrlvd_rrM:      row('vpsrlvd b:xm128, a:xv, =dst:x',               'VEX.128.66.0F38.W0 45 /r',    AVX2),
  vpsrlvq_rrM:      row('vpsrlvq b:xm128, a:xv, =dst:x',               'VEX.128.66.0F38.W1 45 /r',    AVX2),
  vpsravd_rrM:      row('vpsravd b:xm128, a:xv, =dst:x',               'VEX.128.66.0F38.W0 46 /r',    AVX2),
  vpsllvd_rrM:      row('vpsllvd b:xm128, a:xv, =dst:x',               'VEX.128.66.0F38.W0 47 /r',    AVX2),
  vpsllvq_rrM:      row('vpsllvq b:xm128, a:xv, =dst:x',               'VEX.128.66.0F38.W1 47 /r',    AVX2),

  vcvtph2ps_rM:     row('vcvtph2ps src:xm64, =dst:x',                  'VEX.128.66.0F38.W0 13 /r',    F16C),
  vcvtps2ph_Mri:    row('vcvtps2ph imm:u3, src:x, =dst:xm64',          'VEX.128.66.0F3A.W0 1D /r ib', F16C),

  // GNU as takes the names alone for AVX-512's.
  vpdpbusd_rrM:     row('{vex} vpdpbusd b:xm128, a:xv, +dst:x',        'VEX.128.66.0F38.W0 50 /r',    VNNI),
  vpdpbusds_rrM:    row('{vex} vpdpbusds b:xm128, a:xv, +dst:x',       'VEX.128.66.0F38.W0 51 /r',    VNNI),
  vpdpwssd_rrM:     row('{vex} vpdpwssd b:xm128, a:xv, +dst:x',        'VEX.128.66.0F38.W0 52 /r',    VNNI),
  vpdpwssds_rrM:    row('{vex} vpdpwssds b:xm128, a:xv, +dst:x',       'VEX.128.66.0F38.W0 53 /r',    VNNI),
}

export const avx: X64RowTable = joinTables(others, multiplyAdd)
