// V: integer and fixed-point arithmetic (RISC-V Unprivileged ISA 20240411, 31.11, 31.12), and Zvbb (chapter 33.4.1).
import type { RowTable } from '@k23/machinst/rows'
import { family, maskable, single, unary, vectorAttributes, withCarry } from './vector-formats.ts'

const ZVBB = 'Zvbb'
const ZVKB = 'Zvbb/Zvkb'

/** vror.vi has a count of six bits, its top bit in funct6. */
function rotateImmediate(): RowTable {
  const bits = '01010 imm[5] M vs2 imm[4:0] 011 vd 1010111'
  return maskable('vror_vi', 'vror.vi =vd, vs2, imm:shamt', bits, vectorAttributes(ZVKB), 'def')
}

// biome-ignore format: table
export const vectorInteger: RowTable = {
  // 31.11.1-3: add, subtract, widening, extension
  ...family('vadd',     'I', '000000', 'vv vx vi'),
  ...family('vsub',     'I', '000010', 'vv vx'),
  ...family('vrsub',    'I', '000011', 'vx vi'),
  ...family('vwaddu',   'M', '110000', 'vv vx', { dest: 'early' }),
  ...family('vwadd',    'M', '110001', 'vv vx', { dest: 'early' }),
  ...family('vwsubu',   'M', '110010', 'vv vx', { dest: 'early' }),
  ...family('vwsub',    'M', '110011', 'vv vx', { dest: 'early' }),
  ...family('vwaddu',   'M', '110100', 'wv wx', { dest: 'wide' }),
  ...family('vwadd',    'M', '110101', 'wv wx', { dest: 'wide' }),
  ...family('vwsubu',   'M', '110110', 'wv wx', { dest: 'wide' }),
  ...family('vwsub',    'M', '110111', 'wv wx', { dest: 'wide' }),
  ...unary('vzext.vf8', 'M', '010010', '00010', { dest: 'early' }),
  ...unary('vsext.vf8', 'M', '010010', '00011', { dest: 'early' }),
  ...unary('vzext.vf4', 'M', '010010', '00100', { dest: 'early' }),
  ...unary('vsext.vf4', 'M', '010010', '00101', { dest: 'early' }),
  ...unary('vzext.vf2', 'M', '010010', '00110', { dest: 'early' }),
  ...unary('vsext.vf2', 'M', '010010', '00111', { dest: 'early' }),

  // 31.11.4: carry and borrow
  ...withCarry('vadc',  'I', '010000', 'vv vx vi'),
  ...withCarry('vmadc', 'I', '010001', 'vv vx vi', true),
  ...family('vmadc',    'I', '010001', 'vv vx vi', { dest: 'mask', unmasked: true }),
  ...withCarry('vsbc',  'I', '010010', 'vv vx'),
  ...withCarry('vmsbc', 'I', '010011', 'vv vx', true),
  ...family('vmsbc',    'I', '010011', 'vv vx', { dest: 'mask', unmasked: true }),

  // 31.11.5-7: logic and shifts
  ...family('vand',     'I', '001001', 'vv vx vi'),
  ...family('vor',      'I', '001010', 'vv vx vi'),
  ...family('vxor',     'I', '001011', 'vv vx vi'),
  ...family('vsll',     'I', '100101', 'vv vx vu'),
  ...family('vsrl',     'I', '101000', 'vv vx vu'),
  ...family('vsra',     'I', '101001', 'vv vx vu'),
  ...family('vnsrl',    'I', '101100', 'wv wx wu'),
  ...family('vnsra',    'I', '101101', 'wv wx wu'),

  // 31.11.8-9: comparison, minimum, maximum
  ...family('vmseq',    'I', '011000', 'vv vx vi', { dest: 'mask' }),
  ...family('vmsne',    'I', '011001', 'vv vx vi', { dest: 'mask' }),
  ...family('vmsltu',   'I', '011010', 'vv vx',    { dest: 'mask' }),
  ...family('vmslt',    'I', '011011', 'vv vx',    { dest: 'mask' }),
  ...family('vmsleu',   'I', '011100', 'vv vx vi', { dest: 'mask' }),
  ...family('vmsle',    'I', '011101', 'vv vx vi', { dest: 'mask' }),
  ...family('vmsgtu',   'I', '011110', 'vx vi',    { dest: 'mask' }),
  ...family('vmsgt',    'I', '011111', 'vx vi',    { dest: 'mask' }),
  ...family('vminu',    'I', '000100', 'vv vx'),
  ...family('vmin',     'I', '000101', 'vv vx'),
  ...family('vmaxu',    'I', '000110', 'vv vx'),
  ...family('vmax',     'I', '000111', 'vv vx'),

  // 31.11.10-14: multiplication, division, multiply-add
  ...family('vmul',     'M', '100101', 'vv vx'),
  ...family('vmulh',    'M', '100111', 'vv vx'),
  ...family('vmulhu',   'M', '100100', 'vv vx'),
  ...family('vmulhsu',  'M', '100110', 'vv vx'),
  ...family('vdivu',    'M', '100000', 'vv vx'),
  ...family('vdiv',     'M', '100001', 'vv vx'),
  ...family('vremu',    'M', '100010', 'vv vx'),
  ...family('vrem',     'M', '100011', 'vv vx'),
  ...family('vwmul',    'M', '111011', 'vv vx', { dest: 'early' }),
  ...family('vwmulu',   'M', '111000', 'vv vx', { dest: 'early' }),
  ...family('vwmulsu',  'M', '111010', 'vv vx', { dest: 'early' }),
  ...family('vmacc',    'M', '101101', 'vv vx', { dest: 'update', addend: true }),
  ...family('vnmsac',   'M', '101111', 'vv vx', { dest: 'update', addend: true }),
  ...family('vmadd',    'M', '101001', 'vv vx', { dest: 'update', addend: true }),
  ...family('vnmsub',   'M', '101011', 'vv vx', { dest: 'update', addend: true }),
  ...family('vwmaccu',  'M', '111100', 'vv vx', { dest: 'updateLate', addend: true }),
  ...family('vwmacc',   'M', '111101', 'vv vx', { dest: 'updateLate', addend: true }),
  ...family('vwmaccsu', 'M', '111111', 'vv vx', { dest: 'updateLate', addend: true }),
  ...family('vwmaccus', 'M', '111110', 'vx',    { dest: 'updateLate', addend: true }),

  // 31.11.15-16: choice and copies
  ...withCarry('vmerge', 'I', '010111', 'vv vx vi'),
  ...single('vmv.v.v =vd, vs1',    'Iv', '010111', '00000', 'vs1'),
  ...single('vmv.v.x =vd, rs1',    'Ix', '010111', '00000', 'rs1'),
  ...single('vmv.v.i =vd, imm:i5', 'Ii', '010111', '00000', 'imm[4:0]'),

  // 31.12: fixed point
  ...family('vsaddu',   'I', '100000', 'vv vx vi'),
  ...family('vsadd',    'I', '100001', 'vv vx vi'),
  ...family('vssubu',   'I', '100010', 'vv vx'),
  ...family('vssub',    'I', '100011', 'vv vx'),
  ...family('vaaddu',   'M', '001000', 'vv vx'),
  ...family('vaadd',    'M', '001001', 'vv vx'),
  ...family('vasubu',   'M', '001010', 'vv vx'),
  ...family('vasub',    'M', '001011', 'vv vx'),
  ...family('vsmul',    'I', '100111', 'vv vx'),
  ...family('vssrl',    'I', '101010', 'vv vx vu'),
  ...family('vssra',    'I', '101011', 'vv vx vu'),
  ...family('vnclipu',  'I', '101110', 'wv wx wu'),
  ...family('vnclip',   'I', '101111', 'wv wx wu'),

  // Zvbb
  ...family('vandn',    'I', '000001', 'vv vx',    { feature: ZVKB }),
  ...unary('vbrev8.v',  'M', '010010', '01000',    { feature: ZVKB }),
  ...unary('vrev8.v',   'M', '010010', '01001',    { feature: ZVKB }),
  ...unary('vbrev.v',   'M', '010010', '01010',    { feature: ZVBB }),
  ...unary('vclz.v',    'M', '010010', '01100',    { feature: ZVBB }),
  ...unary('vctz.v',    'M', '010010', '01101',    { feature: ZVBB }),
  ...unary('vcpop.v',   'M', '010010', '01110',    { feature: ZVBB }),
  ...family('vrol',     'I', '010101', 'vv vx',    { feature: ZVKB }),
  ...family('vror',     'I', '010100', 'vv vx',    { feature: ZVKB }),
  ...rotateImmediate(),
  ...family('vwsll',    'I', '110101', 'vv vx vu', { feature: ZVBB, dest: 'early' }),
}
