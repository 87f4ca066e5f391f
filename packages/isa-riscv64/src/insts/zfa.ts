// Zfa: additional floating-point instructions (RISC-V Unprivileged ISA 20240411, chapter 25).
import { type RowTable, row } from '@k23/machinst/rows'
import { FR1, OP_FP, R, R1 } from './formats.ts'

// biome-ignore format: table
export const zfa: RowTable = {
  fli_s:        row('fli.s =rd:f, imm:fli',           '1111000 00001 imm 000 rd 1010011',   { feature: 'Zfa' }),
  fminm_s:      row('fminm.s =rd:f, rs1:f, rs2:f',    R('0010100', '010', OP_FP),           { feature: 'Zfa' }),
  fmaxm_s:      row('fmaxm.s =rd:f, rs1:f, rs2:f',    R('0010100', '011', OP_FP),           { feature: 'Zfa' }),
  fleq_s:       row('fleq.s =rd, rs1:f, rs2:f',       R('1010000', '100', OP_FP),           { feature: 'Zfa' }),
  fltq_s:       row('fltq.s =rd, rs1:f, rs2:f',       R('1010000', '101', OP_FP),           { feature: 'Zfa' }),
  fround_s:     row('fround.s =rd:f, rs1:f, rm',      FR1('0100000', '00100'),              { feature: 'Zfa' }),
  froundnx_s:   row('froundnx.s =rd:f, rs1:f, rm',    FR1('0100000', '00101'),              { feature: 'Zfa' }),
  fli_d:        row('fli.d =rd:f, imm:fli',           '1111001 00001 imm 000 rd 1010011',   { feature: 'Zfa D' }),
  fminm_d:      row('fminm.d =rd:f, rs1:f, rs2:f',    R('0010101', '010', OP_FP),           { feature: 'Zfa D' }),
  fmaxm_d:      row('fmaxm.d =rd:f, rs1:f, rs2:f',    R('0010101', '011', OP_FP),           { feature: 'Zfa D' }),
  fleq_d:       row('fleq.d =rd, rs1:f, rs2:f',       R('1010001', '100', OP_FP),           { feature: 'Zfa D' }),
  fltq_d:       row('fltq.d =rd, rs1:f, rs2:f',       R('1010001', '101', OP_FP),           { feature: 'Zfa D' }),
  fround_d:     row('fround.d =rd:f, rs1:f, rm',      FR1('0100001', '00100'),              { feature: 'Zfa D' }),
  froundnx_d:   row('froundnx.d =rd:f, rs1:f, rm',    FR1('0100001', '00101'),              { feature: 'Zfa D' }),
  fcvtmod_w_d:  row('fcvtmod.w.d =rd, rs1:f, <rtz>',  R1('1100001', '01000', '001', OP_FP), { feature: 'Zfa D' }),
  fli_h:        row('fli.h =rd:f, imm:fli',           '1111010 00001 imm 000 rd 1010011',   { feature: 'Zfa Zfh' }),
  fminm_h:      row('fminm.h =rd:f, rs1:f, rs2:f',    R('0010110', '010', OP_FP),           { feature: 'Zfa Zfh' }),
  fmaxm_h:      row('fmaxm.h =rd:f, rs1:f, rs2:f',    R('0010110', '011', OP_FP),           { feature: 'Zfa Zfh' }),
  fleq_h:       row('fleq.h =rd, rs1:f, rs2:f',       R('1010010', '100', OP_FP),           { feature: 'Zfa Zfh' }),
  fltq_h:       row('fltq.h =rd, rs1:f, rs2:f',       R('1010010', '101', OP_FP),           { feature: 'Zfa Zfh' }),
  fround_h:     row('fround.h =rd:f, rs1:f, rm',      FR1('0100010', '00100'),              { feature: 'Zfa Zfh' }),
  froundnx_h:   row('froundnx.h =rd:f, rs1:f, rm',    FR1('0100010', '00101'),              { feature: 'Zfa Zfh' }),
}
