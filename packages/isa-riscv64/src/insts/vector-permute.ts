// V: reductions, mask instructions, permutations (RISC-V Unprivileged ISA 20240411, 31.14, 31.15, 31.16).
import { type RowTable, row } from '@k23/machinst/rows'
import { family, maskable, single, unary, vectorAttributes } from './vector-formats.ts'

// biome-ignore format: table
export const vectorPermute: RowTable = {
  // 31.14: reductions, into element 0
  ...family('vredsum',     'M', '000000', 'vs', { dest: 'scalar' }),
  ...family('vredand',     'M', '000001', 'vs', { dest: 'scalar' }),
  ...family('vredor',      'M', '000010', 'vs', { dest: 'scalar' }),
  ...family('vredxor',     'M', '000011', 'vs', { dest: 'scalar' }),
  ...family('vredminu',    'M', '000100', 'vs', { dest: 'scalar' }),
  ...family('vredmin',     'M', '000101', 'vs', { dest: 'scalar' }),
  ...family('vredmaxu',    'M', '000110', 'vs', { dest: 'scalar' }),
  ...family('vredmax',     'M', '000111', 'vs', { dest: 'scalar' }),
  ...family('vwredsumu',   'I', '110000', 'vs', { dest: 'scalar' }),
  ...family('vwredsum',    'I', '110001', 'vs', { dest: 'scalar' }),
  ...family('vfredusum',   'F', '000001', 'vs', { dest: 'scalar' }),
  ...family('vfredosum',   'F', '000011', 'vs', { dest: 'scalar' }),
  ...family('vfredmin',    'F', '000101', 'vs', { dest: 'scalar' }),
  ...family('vfredmax',    'F', '000111', 'vs', { dest: 'scalar' }),
  ...family('vfwredusum',  'F', '110001', 'vs', { dest: 'scalar' }),
  ...family('vfwredosum',  'F', '110011', 'vs', { dest: 'scalar' }),

  // 31.15: masks
  ...single('vmandn.mm =vd, vs2, vs1', 'Mv', '011000', 'vs2', 'vs1'),
  ...single('vmand.mm =vd, vs2, vs1',  'Mv', '011001', 'vs2', 'vs1'),
  ...single('vmor.mm =vd, vs2, vs1',   'Mv', '011010', 'vs2', 'vs1'),
  ...single('vmxor.mm =vd, vs2, vs1',  'Mv', '011011', 'vs2', 'vs1'),
  ...single('vmorn.mm =vd, vs2, vs1',  'Mv', '011100', 'vs2', 'vs1'),
  ...single('vmnand.mm =vd, vs2, vs1', 'Mv', '011101', 'vs2', 'vs1'),
  ...single('vmnor.mm =vd, vs2, vs1',  'Mv', '011110', 'vs2', 'vs1'),
  ...single('vmxnor.mm =vd, vs2, vs1', 'Mv', '011111', 'vs2', 'vs1'),
  ...maskable('vcpop_m',  'vcpop.m =rd, vs2',  '010000 M vs2 10000 010 rd 1010111', vectorAttributes(), 'scalar'),
  ...maskable('vfirst_m', 'vfirst.m =rd, vs2', '010000 M vs2 10001 010 rd 1010111', vectorAttributes(), 'scalar'),
  ...unary('vmsbf.m',  'M', '010100', '00001', { dest: 'early' }),
  ...unary('vmsof.m',  'M', '010100', '00010', { dest: 'early' }),
  ...unary('vmsif.m',  'M', '010100', '00011', { dest: 'early' }),
  ...unary('viota.m',  'M', '010100', '10000', { dest: 'early' }),
  ...maskable('vid_v', 'vid.v =vd', '010100 M 00000 10001 010 vd 1010111', vectorAttributes(), 'def'),

  // 31.16: slides, gather, compress
  ...family('vslideup',     'I', '001110', 'vx vu', { dest: 'updateLate' }),
  ...family('vslidedown',   'I', '001111', 'vx vu'),
  ...family('vslide1up',    'M', '001110', 'vx', { dest: 'early' }),
  ...family('vslide1down',  'M', '001111', 'vx'),
  ...family('vfslide1up',   'F', '001110', 'vf', { dest: 'early' }),
  ...family('vfslide1down', 'F', '001111', 'vf'),
  ...family('vrgather',     'I', '001100', 'vv vx vu', { dest: 'early' }),
  ...family('vrgatherei16', 'I', '001110', 'vv', { dest: 'early' }),
  vcompress_vm: row('vcompress.vm =&vd, vs2, vs1', '010111 1 vs2 vs1 010 vd 1010111', vectorAttributes()),
}
