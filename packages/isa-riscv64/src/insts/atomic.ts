// A: atomic instructions (RISC-V Unprivileged ISA 20240411, chapter 14). rs1 is the address, rs2 the data; aqrl: bit 1 acquire, bit 0 release.
//
// sc's status register is an early def: the manual lets rd equal rs1 or rs2, but the loops that use sc need both again when it fails.
import { type RowTable, row } from '@k23/machinst/rows'
import { AMO } from './formats.ts'

// biome-ignore format: table
export const atomic: RowTable = {
  // 14.2: load-reserved, store-conditional
  lr_w:  row('lr.w{aqrl} =rd, (rs1)',        '00010 aqrl 00000 rs1 010 rd 0101111', { feature: 'A', load: 4 }),
  sc_w:  row('sc.w{aqrl} =&rd, rs2, (rs1)',  AMO('00011', '010'),                   { feature: 'A', store: 4 }),
  lr_d:  row('lr.d{aqrl} =rd, (rs1)',        '00010 aqrl 00000 rs1 011 rd 0101111', { feature: 'A', load: 8 }),
  sc_d:  row('sc.d{aqrl} =&rd, rs2, (rs1)',  AMO('00011', '011'),                   { feature: 'A', store: 8 }),

  // 14.4: read-modify-write
  amoswap_w:  row('amoswap.w{aqrl} =rd, rs2, (rs1)',  AMO('00001', '010'), { feature: 'A', load: 4, store: 4 }),
  amoadd_w:   row('amoadd.w{aqrl} =rd, rs2, (rs1)',   AMO('00000', '010'), { feature: 'A', load: 4, store: 4 }),
  amoxor_w:   row('amoxor.w{aqrl} =rd, rs2, (rs1)',   AMO('00100', '010'), { feature: 'A', load: 4, store: 4 }),
  amoand_w:   row('amoand.w{aqrl} =rd, rs2, (rs1)',   AMO('01100', '010'), { feature: 'A', load: 4, store: 4 }),
  amoor_w:    row('amoor.w{aqrl} =rd, rs2, (rs1)',    AMO('01000', '010'), { feature: 'A', load: 4, store: 4 }),
  amomin_w:   row('amomin.w{aqrl} =rd, rs2, (rs1)',   AMO('10000', '010'), { feature: 'A', load: 4, store: 4 }),
  amomax_w:   row('amomax.w{aqrl} =rd, rs2, (rs1)',   AMO('10100', '010'), { feature: 'A', load: 4, store: 4 }),
  amominu_w:  row('amominu.w{aqrl} =rd, rs2, (rs1)',  AMO('11000', '010'), { feature: 'A', load: 4, store: 4 }),
  amomaxu_w:  row('amomaxu.w{aqrl} =rd, rs2, (rs1)',  AMO('11100', '010'), { feature: 'A', load: 4, store: 4 }),
  amoswap_d:  row('amoswap.d{aqrl} =rd, rs2, (rs1)',  AMO('00001', '011'), { feature: 'A', load: 8, store: 8 }),
  amoadd_d:   row('amoadd.d{aqrl} =rd, rs2, (rs1)',   AMO('00000', '011'), { feature: 'A', load: 8, store: 8 }),
  amoxor_d:   row('amoxor.d{aqrl} =rd, rs2, (rs1)',   AMO('00100', '011'), { feature: 'A', load: 8, store: 8 }),
  amoand_d:   row('amoand.d{aqrl} =rd, rs2, (rs1)',   AMO('01100', '011'), { feature: 'A', load: 8, store: 8 }),
  amoor_d:    row('amoor.d{aqrl} =rd, rs2, (rs1)',    AMO('01000', '011'), { feature: 'A', load: 8, store: 8 }),
  amomin_d:   row('amomin.d{aqrl} =rd, rs2, (rs1)',   AMO('10000', '011'), { feature: 'A', load: 8, store: 8 }),
  amomax_d:   row('amomax.d{aqrl} =rd, rs2, (rs1)',   AMO('10100', '011'), { feature: 'A', load: 8, store: 8 }),
  amominu_d:  row('amominu.d{aqrl} =rd, rs2, (rs1)',  AMO('11000', '011'), { feature: 'A', load: 8, store: 8 }),
  amomaxu_d:  row('amomaxu.d{aqrl} =rd, rs2, (rs1)',  AMO('11100', '011'), { feature: 'A', load: 8, store: 8 }),
}
