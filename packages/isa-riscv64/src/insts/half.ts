// Zfhmin and Zfh: half precision (RISC-V Unprivileged ISA 20240411, chapter 24). Zfh implies Zfhmin.
//
// Conversions that are exact (from a narrower type to double, and between formats upwards) take a rounding mode that has no effect: GNU as writes
// rne and prints none (entry rmx), lowering does the same, and the decoder has to accept the others.
import { type RowTable, row } from '@k23/machinst/rows'
import { FMA, FR, FR1, I, LOAD_FP, OP_FP, R, R1, S, STORE_FP } from './formats.ts'

// biome-ignore format: table
export const half: RowTable = {
  flh:        row('flh =rd:f, offset:i12(rs1)',               I('001', LOAD_FP, 'offset'),          { feature: 'Zfhmin', load: 2 }),
  fsh:        row('fsh rs2:f, offset:i12(rs1)',               S('001', STORE_FP),                   { feature: 'Zfhmin', store: 2 }),
  fmadd_h:    row('fmadd.h =rd:f, rs1:f, rs2:f, rs3:f, rm',   FMA('10', '1000011'),                 { feature: 'Zfh' }),
  fmsub_h:    row('fmsub.h =rd:f, rs1:f, rs2:f, rs3:f, rm',   FMA('10', '1000111'),                 { feature: 'Zfh' }),
  fnmsub_h:   row('fnmsub.h =rd:f, rs1:f, rs2:f, rs3:f, rm',  FMA('10', '1001011'),                 { feature: 'Zfh' }),
  fnmadd_h:   row('fnmadd.h =rd:f, rs1:f, rs2:f, rs3:f, rm',  FMA('10', '1001111'),                 { feature: 'Zfh' }),
  fadd_h:     row('fadd.h =rd:f, rs1:f, rs2:f, rm',           FR('0000010'),                        { feature: 'Zfh' }),
  fsub_h:     row('fsub.h =rd:f, rs1:f, rs2:f, rm',           FR('0000110'),                        { feature: 'Zfh' }),
  fmul_h:     row('fmul.h =rd:f, rs1:f, rs2:f, rm',           FR('0001010'),                        { feature: 'Zfh' }),
  fdiv_h:     row('fdiv.h =rd:f, rs1:f, rs2:f, rm',           FR('0001110'),                        { feature: 'Zfh' }),
  fsqrt_h:    row('fsqrt.h =rd:f, rs1:f, rm',                 FR1('0101110', '00000'),              { feature: 'Zfh' }),
  fsgnj_h:    row('fsgnj.h =rd:f, rs1:f, rs2:f',              R('0010010', '000', OP_FP),           { feature: 'Zfh' }),
  fsgnjn_h:   row('fsgnjn.h =rd:f, rs1:f, rs2:f',             R('0010010', '001', OP_FP),           { feature: 'Zfh' }),
  fsgnjx_h:   row('fsgnjx.h =rd:f, rs1:f, rs2:f',             R('0010010', '010', OP_FP),           { feature: 'Zfh' }),
  fmin_h:     row('fmin.h =rd:f, rs1:f, rs2:f',               R('0010110', '000', OP_FP),           { feature: 'Zfh' }),
  fmax_h:     row('fmax.h =rd:f, rs1:f, rs2:f',               R('0010110', '001', OP_FP),           { feature: 'Zfh' }),
  feq_h:      row('feq.h =rd, rs1:f, rs2:f',                  R('1010010', '010', OP_FP),           { feature: 'Zfh' }),
  flt_h:      row('flt.h =rd, rs1:f, rs2:f',                  R('1010010', '001', OP_FP),           { feature: 'Zfh' }),
  fle_h:      row('fle.h =rd, rs1:f, rs2:f',                  R('1010010', '000', OP_FP),           { feature: 'Zfh' }),
  fclass_h:   row('fclass.h =rd, rs1:f',                      R1('1110010', '00000', '001', OP_FP), { feature: 'Zfh' }),
  fmv_x_h:    row('fmv.x.h =rd, rs1:f',                       R1('1110010', '00000', '000', OP_FP), { feature: 'Zfhmin' }),
  fmv_h_x:    row('fmv.h.x =rd:f, rs1',                       R1('1111010', '00000', '000', OP_FP), { feature: 'Zfhmin' }),
  fcvt_w_h:   row('fcvt.w.h =rd, rs1:f, rm',                  FR1('1100010', '00000'),              { feature: 'Zfh' }),
  fcvt_wu_h:  row('fcvt.wu.h =rd, rs1:f, rm',                 FR1('1100010', '00001'),              { feature: 'Zfh' }),
  fcvt_l_h:   row('fcvt.l.h =rd, rs1:f, rm',                  FR1('1100010', '00010'),              { feature: 'Zfh' }),
  fcvt_lu_h:  row('fcvt.lu.h =rd, rs1:f, rm',                 FR1('1100010', '00011'),              { feature: 'Zfh' }),
  fcvt_h_w:   row('fcvt.h.w =rd:f, rs1, rm',                  FR1('1101010', '00000'),              { feature: 'Zfh' }),
  fcvt_h_wu:  row('fcvt.h.wu =rd:f, rs1, rm',                 FR1('1101010', '00001'),              { feature: 'Zfh' }),
  fcvt_h_l:   row('fcvt.h.l =rd:f, rs1, rm',                  FR1('1101010', '00010'),              { feature: 'Zfh' }),
  fcvt_h_lu:  row('fcvt.h.lu =rd:f, rs1, rm',                 FR1('1101010', '00011'),              { feature: 'Zfh' }),
  fcvt_h_s:   row('fcvt.h.s =rd:f, rs1:f, rm',                FR1('0100010', '00000'),              { feature: 'Zfhmin' }),
  fcvt_s_h:   row('fcvt.s.h =rd:f, rs1:f{rm:rmx}',           FR1('0100000', '00010'), { feature: 'Zfhmin' }),
  fcvt_h_d:   row('fcvt.h.d =rd:f, rs1:f, rm',                FR1('0100010', '00001'),              { feature: 'Zfhmin D' }),
  fcvt_d_h:   row('fcvt.d.h =rd:f, rs1:f{rm:rmx}',           FR1('0100001', '00010'), { feature: 'Zfhmin D' }),
}
