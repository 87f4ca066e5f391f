// C and Zcb: 16-bit forms (RISC-V Unprivileged ISA 20240411, chapters 27 and 28). Each says which long form it stands for, so that the emulator needs no
// semantics for it and emission can choose it. Reserved encodings do not decode; hints (c.li to x0, shifts by 0) do, as the manual asks.
import { type RowTable, row } from '@k23/machinst/rows'

// biome-ignore format: table
export const compressed: RowTable = {
  // 27.8, quadrant 0
  c_addi4spn: row('c.addi4spn =rd:xc, <sp>, imm:c4spn', '000 imm[5:4|9:6|2|3] rd 00',             { feature: 'C', expands: 'addi rd, 2, imm' }),
  c_fld:      row('c.fld =rd:fc, offset:cd(rs1:xc)',    '001 offset[5:3] rs1 offset[7:6] rd 00',  { feature: 'C D', expands: 'fld rd, rs1, offset', load: 8 }),
  c_lw:       row('c.lw =rd:xc, offset:cw(rs1:xc)',     '010 offset[5:3] rs1 offset[2|6] rd 00',  { feature: 'C', expands: 'lw rd, rs1, offset', load: 4 }),
  c_ld:       row('c.ld =rd:xc, offset:cd(rs1:xc)',     '011 offset[5:3] rs1 offset[7:6] rd 00',  { feature: 'C', expands: 'ld rd, rs1, offset', load: 8 }),
  c_fsd:      row('c.fsd rs2:fc, offset:cd(rs1:xc)',    '101 offset[5:3] rs1 offset[7:6] rs2 00', { feature: 'C D', expands: 'fsd rs1, rs2, offset', store: 8 }),
  c_sw:       row('c.sw rs2:xc, offset:cw(rs1:xc)',     '110 offset[5:3] rs1 offset[2|6] rs2 00', { feature: 'C', expands: 'sw rs1, rs2, offset', store: 4 }),
  c_sd:       row('c.sd rs2:xc, offset:cd(rs1:xc)',     '111 offset[5:3] rs1 offset[7:6] rs2 00', { feature: 'C', expands: 'sd rs1, rs2, offset', store: 8 }),

  // quadrant 1
  c_nop:      row('c.nop',                         '000 0 00000 00000 01',                       { feature: 'C', expands: 'addi 0, 0, 0', specialOf: 'c_addi' }),
  c_addi:     row('c.addi +rd, imm:c6',            '000 imm[5] rd imm[4:0] 01',                  { feature: 'C', expands: 'addi rd, rd, imm' }),
  c_addiw:    row('c.addiw +rd:xnz, imm:c6',       '001 imm[5] rd imm[4:0] 01',                  { feature: 'C', expands: 'addiw rd, rd, imm' }),
  c_li:       row('c.li =rd, imm:c6',              '010 imm[5] rd imm[4:0] 01',                  { feature: 'C', expands: 'addi rd, 0, imm | addiw rd, 0, imm' }),
  c_addi16sp: row('c.addi16sp <sp>, imm:c16sp',    '011 imm[9] 00010 imm[4|6|8:7|5] 01',         { feature: 'C', expands: 'addi 2, 2, imm' }),
  c_lui:      row('c.lui =rd:xlui, imm:clui',      '011 imm[5] rd imm[4:0] 01',                  { feature: 'C', expands: 'lui rd, imm' }),
  c_srli:     row('c.srli +rd:xc, shamt:shamtnz',  '100 shamt[5] 00 rd shamt[4:0] 01',           { feature: 'C', expands: 'srli rd, rd, shamt' }),
  c_srli64:   row('c.srli64 +rd:xc',               '100 0 00 rd 00000 01',                       { feature: 'C', expands: 'srli rd, rd, 0' }),
  c_srai:     row('c.srai +rd:xc, shamt:shamtnz',  '100 shamt[5] 01 rd shamt[4:0] 01',           { feature: 'C', expands: 'srai rd, rd, shamt' }),
  c_srai64:   row('c.srai64 +rd:xc',               '100 0 01 rd 00000 01',                       { feature: 'C', expands: 'srai rd, rd, 0' }),
  c_andi:     row('c.andi +rd:xc, imm:c6',         '100 imm[5] 10 rd imm[4:0] 01',               { feature: 'C', expands: 'andi rd, rd, imm' }),
  c_sub:      row('c.sub +rd:xc, rs2:xc',          '100 0 11 rd 00 rs2 01',                      { feature: 'C', expands: 'sub rd, rd, rs2' }),
  c_xor:      row('c.xor +rd:xc, rs2:xc',          '100 0 11 rd 01 rs2 01',                      { feature: 'C', expands: 'xor rd, rd, rs2 | xor rd, rs2, rd' }),
  c_or:       row('c.or +rd:xc, rs2:xc',           '100 0 11 rd 10 rs2 01',                      { feature: 'C', expands: 'or rd, rd, rs2 | or rd, rs2, rd' }),
  c_and:      row('c.and +rd:xc, rs2:xc',          '100 0 11 rd 11 rs2 01',                      { feature: 'C', expands: 'and rd, rd, rs2 | and rd, rs2, rd' }),
  c_subw:     row('c.subw +rd:xc, rs2:xc',         '100 1 11 rd 00 rs2 01',                      { feature: 'C', expands: 'subw rd, rd, rs2' }),
  c_addw:     row('c.addw +rd:xc, rs2:xc',         '100 1 11 rd 01 rs2 01',                      { feature: 'C', expands: 'addw rd, rd, rs2 | addw rd, rs2, rd' }),
  c_j:        row('c.j offset:cjump',              '101 offset[11|4|9:8|10|6|7|3:1|5] 01',       { feature: 'C', expands: 'jal 0, offset', effect: 'jump' }),
  c_beqz:     row('c.beqz rs1:xc, offset:cbranch', '110 offset[8|4:3] rs1 offset[7:6|2:1|5] 01', { feature: 'C', expands: 'beq rs1, 0, offset', effect: 'branch' }),
  c_bnez:     row('c.bnez rs1:xc, offset:cbranch', '111 offset[8|4:3] rs1 offset[7:6|2:1|5] 01', { feature: 'C', expands: 'bne rs1, 0, offset', effect: 'branch' }),

  // quadrant 2
  c_slli:   row('c.slli +rd, shamt:shamtnz',         '000 shamt[5] rd shamt[4:0] 10',       { feature: 'C', expands: 'slli rd, rd, shamt' }),
  c_slli64: row('c.slli64 +rd',                      '000 0 rd 00000 10',                   { feature: 'C', expands: 'slli rd, rd, 0' }),
  c_fldsp:  row('c.fldsp =rd:f, offset:cdsp(<sp>)',  '001 offset[5] rd offset[4:3|8:6] 10', { feature: 'C D', expands: 'fld rd, 2, offset', load: 8 }),
  c_lwsp:   row('c.lwsp =rd:xnz, offset:cwsp(<sp>)', '010 offset[5] rd offset[4:2|7:6] 10', { feature: 'C', expands: 'lw rd, 2, offset', load: 4 }),
  c_ldsp:   row('c.ldsp =rd:xnz, offset:cdsp(<sp>)', '011 offset[5] rd offset[4:3|8:6] 10', { feature: 'C', expands: 'ld rd, 2, offset', load: 8 }),
  c_jr:     row('c.jr rs1:xnz',                      '1000 rs1 00000 10',                   { feature: 'C', expands: 'jalr 0, rs1, 0', effect: 'jump' }),
  c_mv:     row('c.mv =rd, rs2:xnz',                 '1000 rd rs2 10',                      { feature: 'C', expands: 'add rd, 0, rs2 | add rd, rs2, 0 | addi rd, rs2, 0' }),
  c_ebreak: row('c.ebreak',                          '1001 00000 00000 10',                 { feature: 'C', expands: 'ebreak', effect: 'trap' }),
  c_jalr:   row('c.jalr rs1:xnz',                    '1001 rs1 00000 10',                   { feature: 'C', expands: 'jalr 1, rs1, 0', implicit: '=x1', effect: 'jump' }),
  c_add:    row('c.add +rd, rs2:xnz',                '1001 rd rs2 10',                      { feature: 'C', expands: 'add rd, rd, rs2 | add rd, rs2, rd' }),
  c_fsdsp:  row('c.fsdsp rs2:f, offset:cdsp(<sp>)',  '101 offset[5:3|8:6] rs2 10',          { feature: 'C D', expands: 'fsd 2, rs2, offset', store: 8 }),
  c_swsp:   row('c.swsp rs2, offset:cwsp(<sp>)',     '110 offset[5:2|7:6] rs2 10',          { feature: 'C', expands: 'sw 2, rs2, offset', store: 4 }),
  c_sdsp:   row('c.sdsp rs2, offset:cdsp(<sp>)',     '111 offset[5:3|8:6] rs2 10',          { feature: 'C', expands: 'sd 2, rs2, offset', store: 8 }),

  // 28: Zcb
  c_lbu:    row('c.lbu =rd:xc, offset:cb(rs1:xc)', '100000 rs1 offset[0|1] rd 00',  { feature: 'Zcb', expands: 'lbu rd, rs1, offset', load: 1 }),
  c_lhu:    row('c.lhu =rd:xc, offset:ch(rs1:xc)', '100001 rs1 0 offset[1] rd 00',  { feature: 'Zcb', expands: 'lhu rd, rs1, offset', load: 2 }),
  c_lh:     row('c.lh =rd:xc, offset:ch(rs1:xc)',  '100001 rs1 1 offset[1] rd 00',  { feature: 'Zcb', expands: 'lh rd, rs1, offset', load: 2 }),
  c_sb:     row('c.sb rs2:xc, offset:cb(rs1:xc)',  '100010 rs1 offset[0|1] rs2 00', { feature: 'Zcb', expands: 'sb rs1, rs2, offset', store: 1 }),
  c_sh:     row('c.sh rs2:xc, offset:ch(rs1:xc)',  '100011 rs1 0 offset[1] rs2 00', { feature: 'Zcb', expands: 'sh rs1, rs2, offset', store: 2 }),
  c_zext_b: row('c.zext.b +rd:xc',                 '100111 rd 11 000 01',           { feature: 'Zcb', expands: 'andi rd, rd, 255' }),
  c_sext_b: row('c.sext.b +rd:xc',                 '100111 rd 11 001 01',           { feature: 'Zcb Zbb', expands: 'sext_b rd, rd' }),
  c_zext_h: row('c.zext.h +rd:xc',                 '100111 rd 11 010 01',           { feature: 'Zcb Zbb', expands: 'zext_h rd, rd' }),
  c_sext_h: row('c.sext.h +rd:xc',                 '100111 rd 11 011 01',           { feature: 'Zcb Zbb', expands: 'sext_h rd, rd' }),
  c_zext_w: row('c.zext.w +rd:xc',                 '100111 rd 11 100 01',           { feature: 'Zcb Zba', expands: 'add_uw rd, rd, 0' }),
  c_not:    row('c.not +rd:xc',                    '100111 rd 11 101 01',           { feature: 'Zcb', expands: 'xori rd, rd, -1' }),
  c_mul:    row('c.mul +rd:xc, rs2:xc',            '100111 rd 10 rs2 01',           { feature: 'Zcb M', expands: 'mul rd, rd, rs2 | mul rd, rs2, rd' }),
}
