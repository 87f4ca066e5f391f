// V: floating-point arithmetic (RISC-V Unprivileged ISA 20240411, 31.13). Lanes of 16 bits need Zvfh, which adds no encodings. Rounding is by frm.
// vfrsqrt7 and vfrec7 (estimates) are not here.
import type { RowTable } from '@k23/machinst/rows'
import { family, single, unary, withCarry } from './vector-formats.ts'

// biome-ignore format: table
export const vectorFloat: RowTable = {
  // 31.13.2-5: add, subtract, multiply, divide
  ...family('vfadd',    'F', '000000', 'vv vf'),
  ...family('vfsub',    'F', '000010', 'vv vf'),
  ...family('vfrsub',   'F', '100111', 'vf'),
  ...family('vfwadd',   'F', '110000', 'vv vf', { dest: 'early' }),
  ...family('vfwsub',   'F', '110010', 'vv vf', { dest: 'early' }),
  ...family('vfwadd',   'F', '110100', 'wv wf', { dest: 'wide' }),
  ...family('vfwsub',   'F', '110110', 'wv wf', { dest: 'wide' }),
  ...family('vfmul',    'F', '100100', 'vv vf'),
  ...family('vfdiv',    'F', '100000', 'vv vf'),
  ...family('vfrdiv',   'F', '100001', 'vf'),
  ...family('vfwmul',   'F', '111000', 'vv vf', { dest: 'early' }),

  // 31.13.6-7: multiply-add
  ...family('vfmacc',   'F', '101100', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfnmacc',  'F', '101101', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfmsac',   'F', '101110', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfnmsac',  'F', '101111', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfmadd',   'F', '101000', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfnmadd',  'F', '101001', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfmsub',   'F', '101010', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfnmsub',  'F', '101011', 'vv vf', { dest: 'update', addend: true }),
  ...family('vfwmacc',  'F', '111100', 'vv vf', { dest: 'updateLate', addend: true }),
  ...family('vfwnmacc', 'F', '111101', 'vv vf', { dest: 'updateLate', addend: true }),
  ...family('vfwmsac',  'F', '111110', 'vv vf', { dest: 'updateLate', addend: true }),
  ...family('vfwnmsac', 'F', '111111', 'vv vf', { dest: 'updateLate', addend: true }),

  // 31.13.8-14: square root, minimum, maximum, signs, classification
  ...unary('vfsqrt.v',  'F', '010011', '00000'),
  ...unary('vfclass.v', 'F', '010011', '10000'),
  ...family('vfmin',    'F', '000100', 'vv vf'),
  ...family('vfmax',    'F', '000110', 'vv vf'),
  ...family('vfsgnj',   'F', '001000', 'vv vf'),
  ...family('vfsgnjn',  'F', '001001', 'vv vf'),
  ...family('vfsgnjx',  'F', '001010', 'vv vf'),

  // 31.13.13: comparison
  ...family('vmfeq',    'F', '011000', 'vv vf', { dest: 'mask' }),
  ...family('vmfle',    'F', '011001', 'vv vf', { dest: 'mask' }),
  ...family('vmflt',    'F', '011011', 'vv vf', { dest: 'mask' }),
  ...family('vmfne',    'F', '011100', 'vv vf', { dest: 'mask' }),
  ...family('vmfgt',    'F', '011101', 'vf',    { dest: 'mask' }),
  ...family('vmfge',    'F', '011111', 'vf',    { dest: 'mask' }),

  // 31.13.15-16: choice and copies
  ...withCarry('vfmerge', 'F', '010111', 'vf'),
  ...single('vfmv.v.f =vd, rs1:f', 'Ff', '010111', '00000', 'rs1'),

  // 31.13.17-19: conversions of one width, widening, narrowing
  ...unary('vfcvt.xu.f.v',      'F', '010010', '00000'),
  ...unary('vfcvt.x.f.v',       'F', '010010', '00001'),
  ...unary('vfcvt.f.xu.v',      'F', '010010', '00010'),
  ...unary('vfcvt.f.x.v',       'F', '010010', '00011'),
  ...unary('vfcvt.rtz.xu.f.v',  'F', '010010', '00110'),
  ...unary('vfcvt.rtz.x.f.v',   'F', '010010', '00111'),
  ...unary('vfwcvt.xu.f.v',     'F', '010010', '01000', { dest: 'early' }),
  ...unary('vfwcvt.x.f.v',      'F', '010010', '01001', { dest: 'early' }),
  ...unary('vfwcvt.f.xu.v',     'F', '010010', '01010', { dest: 'early' }),
  ...unary('vfwcvt.f.x.v',      'F', '010010', '01011', { dest: 'early' }),
  ...unary('vfwcvt.f.f.v',      'F', '010010', '01100', { dest: 'early' }),
  ...unary('vfwcvt.rtz.xu.f.v', 'F', '010010', '01110', { dest: 'early' }),
  ...unary('vfwcvt.rtz.x.f.v',  'F', '010010', '01111', { dest: 'early' }),
  ...unary('vfncvt.xu.f.w',     'F', '010010', '10000'),
  ...unary('vfncvt.x.f.w',      'F', '010010', '10001'),
  ...unary('vfncvt.f.xu.w',     'F', '010010', '10010'),
  ...unary('vfncvt.f.x.w',      'F', '010010', '10011'),
  ...unary('vfncvt.f.f.w',      'F', '010010', '10100'),
  ...unary('vfncvt.rod.f.f.w',  'F', '010010', '10101'),
  ...unary('vfncvt.rtz.xu.f.w', 'F', '010010', '10110'),
  ...unary('vfncvt.rtz.x.f.w',  'F', '010010', '10111'),
}
