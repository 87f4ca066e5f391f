// Moves of xmm registers, to memory and between banks, in SSE and AVX forms (Intel SDM volume 2).
import { joinTables, type X64RowTable, x64Row as row } from '@k23/machinst/rows'
import type { Rows } from './formats.ts'
import { vex } from './vector-formats.ts'

const avx = { feature: 'avx' } as const

/** A whole register: load and store opcodes, of which each has a register form. */
function whole(name: string, load: string, store: string, memory: string): Rows {
  const v = memory
  // biome-ignore format: table
  return {
    [`${name}_rr`]:  row(`${name} src:xb, =dst:x`,        `${load} /r | ${store} r/`),
    [`${name}_rm`]:  row(`${name} mem:${memory}, =dst:x`, `${load} /r`),
    [`${name}_mr`]:  row(`${name} src:x, =mem:${memory}`, `${store} /r`),
    [`v${name}_rr`]: row(`v${name} src:xb, =dst:x`,       `${vex(load)} /r | ${vex(store)} r/`, avx),
    [`v${name}_rm`]: row(`v${name} mem:${v}, =dst:x`,     `${vex(load)} /r`,  avx),
    [`v${name}_mr`]: row(`v${name} src:x, =mem:${v}`,     `${vex(store)} /r`, avx),
  }
}

/** The low lane: registers merge it into the destination, loads zero the rest. */
function scalar(name: string, load: string, store: string, memory: string): Rows {
  // biome-ignore format: table
  return {
    [`${name}_rr`]:   row(`${name} src:xb, +dst:x`,        `${load} /r | ${store} r/`),
    [`${name}_rm`]:   row(`${name} mem:${memory}, =dst:x`, `${load} /r`),
    [`${name}_mr`]:   row(`${name} src:x, =mem:${memory}`, `${store} /r`),
    [`v${name}_rrr`]: row(`v${name} b:xb, a:xv, =dst:x`,   `${vex(load)} /r | ${vex(store)} r/`, avx),
    [`v${name}_rm`]:  row(`v${name} mem:${memory}, =dst:x`, `${vex(load)} /r`,  avx),
    [`v${name}_mr`]:  row(`v${name} src:x, =mem:${memory}`, `${vex(store)} /r`, avx),
  }
}

/** Half a register: loads merge. */
function half(name: string, load: string, store: string): Rows {
  // biome-ignore format: table
  return {
    [`${name}_rm`]:   row(`${name} mem:m64, +dst:x`,        `${load} /r`),
    [`${name}_mr`]:   row(`${name} src:x, =mem:m64`,        `${store} /r`),
    [`v${name}_rrm`]: row(`v${name} mem:m64, a:xv, =dst:x`, `${vex(load)} /r`,  avx),
    [`v${name}_mr`]:  row(`v${name} src:x, =mem:m64`,       `${vex(store)} /r`, avx),
  }
}

/** Registers only, the other half merged. */
function exchange(name: string, bits: string): Rows {
  return {
    [`${name}_rr`]: row(`${name} src:xb, +dst:x`, `${bits} /r`),
    [`v${name}_rrr`]: row(`v${name} b:xb, a:xv, =dst:x`, `${vex(bits)} /r`, avx),
  }
}

/** Stores past the caches. */
function streaming(name: string, bits: string): Rows {
  return {
    [`${name}_mr`]: row(`${name} src:x, =mem:m128a`, `${bits} /r`),
    [`v${name}_mr`]: row(`v${name} src:x, =mem:m128a`, `${vex(bits)} /r`, avx),
  }
}

// biome-ignore format: table
const moves = joinTables(
  whole('movaps', 'NP 0F 28', 'NP 0F 29', 'm128a'),
  whole('movapd', '66 0F 28', '66 0F 29', 'm128a'),
  whole('movdqa', '66 0F 6F', '66 0F 7F', 'm128a'),
  whole('movups', 'NP 0F 10', 'NP 0F 11', 'm128'),
  whole('movupd', '66 0F 10', '66 0F 11', 'm128'),
  whole('movdqu', 'F3 0F 6F', 'F3 0F 7F', 'm128'),
  scalar('movss', 'F3 0F 10', 'F3 0F 11', 'm32'),
  scalar('movsd', 'F2 0F 10', 'F2 0F 11', 'm64'),
  half('movlps',  'NP 0F 12', 'NP 0F 13'),
  half('movlpd',  '66 0F 12', '66 0F 13'),
  half('movhps',  'NP 0F 16', 'NP 0F 17'),
  half('movhpd',  '66 0F 16', '66 0F 17'),
  exchange('movhlps', 'NP 0F 12'),
  exchange('movlhps', 'NP 0F 16'),
  streaming('movntps', 'NP 0F 2B'),
  streaming('movntpd', '66 0F 2B'),
  streaming('movntdq', '66 0F E7'),
)

// biome-ignore format: table
const others: X64RowTable = {
  // Between banks and low parts; the rest of an xmm destination becomes zero.
  movd_xr:     row('movd src:r32b, =dst:x',    '66 0F 6E /r'),
  movd_xm:     row('movd mem:m32, =dst:x',     '66 0F 6E /r'),
  movd_rx:     row('movd src:x, =dst:r32b',    '66 0F 7E /r'),
  movd_mx:     row('movd src:x, =mem:m32',     '66 0F 7E /r'),
  movq_xr:     row('movq src:r64b, =dst:x',    '66 REX.W 0F 6E /r'),
  movq_xm:     row('movq mem:m64, =dst:x',     'F3 0F 7E /r | 66 REX.W 0F 6E /r'),
  movq_xx:     row('movq src:xb, =dst:x',      'F3 0F 7E /r | 66 0F D6 r/'),
  movq_rx:     row('movq src:x, =dst:r64b',    '66 REX.W 0F 7E /r'),
  movq_mx:     row('movq src:x, =mem:m64',     '66 0F D6 /r | 66 REX.W 0F 7E /r'),
  vmovd_xr:    row('vmovd src:r32b, =dst:x',   'VEX.128.66.0F.W0 6E /r', avx),
  vmovd_xm:    row('vmovd mem:m32, =dst:x',    'VEX.128.66.0F.W0 6E /r', avx),
  vmovd_rx:    row('vmovd src:x, =dst:r32b',   'VEX.128.66.0F.W0 7E /r', avx),
  vmovd_mx:    row('vmovd src:x, =mem:m32',    'VEX.128.66.0F.W0 7E /r', avx),
  vmovq_xr:    row('vmovq src:r64b, =dst:x',   'VEX.128.66.0F.W1 6E /r', avx),
  vmovq_xm:    row('vmovq mem:m64, =dst:x',    'VEX.128.F3.0F.WIG 7E /r | VEX.128.66.0F.W1 6E /r', avx),
  vmovq_xx:    row('vmovq src:xb, =dst:x',     'VEX.128.F3.0F.WIG 7E /r | VEX.128.66.0F.WIG D6 r/', avx),
  vmovq_rx:    row('vmovq src:x, =dst:r64b',   'VEX.128.66.0F.W1 7E /r', avx),
  vmovq_mx:    row('vmovq src:x, =mem:m64',    'VEX.128.66.0F.WIG D6 /r | VEX.128.66.0F.W1 7E /r', avx),

  lddqu_rm:    row('lddqu mem:m128, =dst:x',      'F2 0F F0 /r',                { feature: 'sse3' }),
  vlddqu_rm:   row('vlddqu mem:m128, =dst:x',     'VEX.128.F2.0F.WIG F0 /r',    avx),
  movntdqa_rm: row('movntdqa mem:m128a, =dst:x',  '66 0F 38 2A /r',             { feature: 'sse41' }),
  vmovntdqa_rm: row('vmovntdqa mem:m128a, =dst:x', 'VEX.128.66.0F38.WIG 2A /r', avx),
  movntil_mr:  row('movntil src:r32, =mem:m32',   'NP 0F C3 /r'),
  movntiq_mr:  row('movntiq src:r64, =mem:m64',   'NP REX.W 0F C3 /r'),
}

export const vectorMoves: X64RowTable = joinTables(moves, others)
