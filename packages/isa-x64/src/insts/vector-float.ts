// Floating point on xmm registers: arithmetic, comparisons, conversions, shuffles, in SSE and AVX forms (Intel SDM volume 2).
import { joinTables, type X64RowTable, x64Row as row } from '@k23/machinst/rows'
import { forEach, LQ, Q, type Rows } from './formats.ts'
import { binary, compare, lines, type Shape, unary, vex } from './vector-formats.ts'

interface FloatType {
  readonly suffix: 'ps' | 'pd' | 'ss' | 'sd'
  readonly prefix: string
  readonly xm: string
}
const PS: FloatType = { suffix: 'ps', prefix: 'NP', xm: 'xm128a' }
const PD: FloatType = { suffix: 'pd', prefix: '66', xm: 'xm128a' }
const SS: FloatType = { suffix: 'ss', prefix: 'F3', xm: 'xm32' }
const SD: FloatType = { suffix: 'sd', prefix: 'F2', xm: 'xm64' }
const TYPES = [PS, PD, SS, SD]
const PACKED = [PS, PD]

/** An instruction of several types that differ in the mandatory prefix. */
function typed(
  make: (name: string, bits: string, s?: Shape) => Rows,
  name: string,
  opcode: string,
  types: readonly FloatType[] = TYPES,
  s: Shape = {},
): Rows {
  return forEach(types, (t) => make(`${name}${t.suffix}`, `${t.prefix} 0F ${opcode}`, { xm: t.xm, ...s }))
}

// biome-ignore format: table
const arithmetic = joinTables(
  typed(binary, 'add', '58'),
  typed(binary, 'mul', '59'),
  typed(binary, 'sub', '5C'),
  typed(binary, 'min', '5D'),
  typed(binary, 'div', '5E'),
  typed(binary, 'max', '5F'),
  typed(unary,  'sqrt',  '51', PACKED),
  // Scalar forms keep the destination's other lanes.
  typed(binary, 'sqrt',  '51', [SS, SD]),
  typed(unary,  'rsqrt', '52', [PS]),
  typed(binary, 'rsqrt', '52', [SS]),
  typed(unary,  'rcp',   '53', [PS]),
  typed(binary, 'rcp',   '53', [SS]),
  typed(binary, 'and',   '54', PACKED),
  typed(binary, 'andn',  '55', PACKED),
  typed(binary, 'or',    '56', PACKED),
  typed(binary, 'xor',   '57', PACKED),
  typed(binary, 'cmp',   'C2', TYPES, { imm: 'u3', vimm: 'u5' }),
  lines(compare, [
    ['ucomiss', 'NP 0F 2E', { xm: 'xm32' }],
    ['ucomisd', '66 0F 2E', { xm: 'xm64' }],
    ['comiss',  'NP 0F 2F', { xm: 'xm32' }],
    ['comisd',  '66 0F 2F', { xm: 'xm64' }],
  ] as const),
  lines(binary, [
    ['addsubpd', '66 0F D0'],
    ['addsubps', 'F2 0F D0'],
    ['haddpd',   '66 0F 7C'],
    ['haddps',   'F2 0F 7C'],
    ['hsubpd',   '66 0F 7D'],
    ['hsubps',   'F2 0F 7D'],
  ], { feature: 'sse3' }),
  lines(unary, [
    ['roundps', '66 0F 3A 08'],
    ['roundpd', '66 0F 3A 09'],
  ], { feature: 'sse41', imm: 'u4' }),
  lines(binary, [
    ['roundss', '66 0F 3A 0A', { imm: 'u4', xm: 'xm32' }],
    ['roundsd', '66 0F 3A 0B', { imm: 'u4', xm: 'xm64' }],
    ['dpps',    '66 0F 3A 40', { imm: 'u8' }],
    ['dppd',    '66 0F 3A 41', { imm: 'u8' }],
  ], { feature: 'sse41' }),
)

// biome-ignore format: table
const shuffles = joinTables(
  lines(binary, [
    ['unpcklps', 'NP 0F 14'],
    ['unpcklpd', '66 0F 14'],
    ['unpckhps', 'NP 0F 15'],
    ['unpckhpd', '66 0F 15'],
    ['shufps',   'NP 0F C6', { imm: 'u8' }],
    ['shufpd',   '66 0F C6', { imm: 'u2' }],
  ]),
  lines(unary, [
    ['movddup',  'F2 0F 12', { xm: 'xm64' }],
    ['movsldup', 'F3 0F 12'],
    ['movshdup', 'F3 0F 16'],
  ], { feature: 'sse3' }),
  lines(binary, [
    ['blendps',  '66 0F 3A 0C', { imm: 'u4' }],
    ['blendpd',  '66 0F 3A 0D', { imm: 'u2' }],
    ['insertps', '66 0F 3A 21', { imm: 'u8', xm: 'xm32' }],
  ], { feature: 'sse41' }),
)

// biome-ignore format: table
const conversions = joinTables(
  lines(unary, [
    ['cvtps2pd',  'NP 0F 5A', { xm: 'xm64' }],
    ['cvtdq2ps',  'NP 0F 5B'],
    ['cvtps2dq',  '66 0F 5B'],
    ['cvttps2dq', 'F3 0F 5B'],
    ['cvtdq2pd',  'F3 0F E6', { xm: 'xm64' }],
  ]),
  // With memory AT&T needs to know the length.
  lines((name, bits, s) => unary(name, bits, { ...s, suffix: 'x' }), [
    ['cvtpd2ps',  '66 0F 5A'],
    ['cvttpd2dq', '66 0F E6'],
    ['cvtpd2dq',  'F2 0F E6'],
  ]),
  lines(binary, [
    ['cvtss2sd',  'F3 0F 5A', { xm: 'xm32' }],
    ['cvtsd2ss',  'F2 0F 5A', { xm: 'xm64' }],
  ]),
)

const withIntegers = forEach(LQ, (w) =>
  forEach([SS, SD], (t) => {
    const rex = w === Q ? 'REX.W ' : ''
    const [W, avx] = [w === Q ? 'W1' : 'W0', { feature: 'avx' }]
    const from = `cvtsi2${t.suffix}${w.suffix}`
    const [round, chop] = [`cvt${t.suffix}2si${w.suffix}`, `cvtt${t.suffix}2si${w.suffix}`]
    // biome-ignore format: table
    return {
      [`${from}_rM`]:   row(`${from} src:${w.rm}, +dst:x`,           `${t.prefix} ${rex}0F 2A /r`),
      [`v${from}_rrM`]: row(`v${from} b:${w.rm}, a:xv, =dst:x`,      `${vex(`${t.prefix} 0F 2A`, W)} /r`, avx),
      [`${chop}_rM`]:   row(`${chop} src:${t.xm}, =dst:${w.r}`,      `${t.prefix} ${rex}0F 2C /r`),
      [`v${chop}_rM`]:  row(`v${chop} src:${t.xm}, =dst:${w.r}`,     `${vex(`${t.prefix} 0F 2C`, W)} /r`, avx),
      [`${round}_rM`]:  row(`${round} src:${t.xm}, =dst:${w.r}`,     `${t.prefix} ${rex}0F 2D /r`),
      [`v${round}_rM`]: row(`v${round} src:${t.xm}, =dst:${w.r}`,    `${vex(`${t.prefix} 0F 2D`, W)} /r`, avx),
    }
  }),
)

// biome-ignore format: table
const others: X64RowTable = {
  // The legacy forms take their mask from xmm0.
  blendvps_rM:    row('blendvps mask:xmm0, src:xm128a, +dst:x', '66 0F 38 14 /r',                   { feature: 'sse41' }),
  blendvpd_rM:    row('blendvpd mask:xmm0, src:xm128a, +dst:x', '66 0F 38 15 /r',                   { feature: 'sse41' }),
  vblendvps_rrMr: row('vblendvps mask:xi, b:xm128, a:xv, =dst:x', 'VEX.128.66.0F3A.W0 4A /r /is4',  { feature: 'avx' }),
  vblendvpd_rrMr: row('vblendvpd mask:xi, b:xm128, a:xv, =dst:x', 'VEX.128.66.0F3A.W0 4B /r /is4',  { feature: 'avx' }),
  movmskps_rr:    row('movmskps src:xb, =dst:r32',              'NP 0F 50 /r'),
  movmskpd_rr:    row('movmskpd src:xb, =dst:r32',              '66 0F 50 /r'),
  vmovmskps_rr:   row('vmovmskps src:xb, =dst:r32',             'VEX.128.0F.WIG 50 /r',             { feature: 'avx' }),
  vmovmskpd_rr:   row('vmovmskpd src:xb, =dst:r32',             'VEX.128.66.0F.WIG 50 /r',          { feature: 'avx' }),
  extractps_Mri:  row('extractps imm:u2, src:x, =dst:rm32',     '66 0F 3A 17 /r ib',                { feature: 'sse41' }),
  vextractps_Mri: row('vextractps imm:u2, src:x, =dst:rm32',    'VEX.128.66.0F3A.WIG 17 /r ib',     { feature: 'avx' }),
}

export const vectorFloat: X64RowTable = joinTables(arithmetic, shuffles, conversions, withIntegers, others)
