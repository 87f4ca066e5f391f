// RV64I, M, Zicsr, Zifencei, and Zihintpause (RISC-V Unprivileged ISA 20240411, chapters 2, 4, 6, 7, 13).
import { type RowTable, row } from '@k23/machinst/rows'
import { B, I, LOAD, OP, OP_32, OP_IMM, OP_IMM_32, R, S, SHIFT5, SHIFT6, STORE, SYSTEM } from './formats.ts'

// biome-ignore format: table
export const base: RowTable = {
  // 2.4, 4.2: integer computation
  lui:     row('lui =rd, imm:u20',              'imm[19:0] rd 0110111'),
  auipc:   row('auipc =rd, imm:u20',            'imm[19:0] rd 0010111'),
  addi:    row('addi =rd, rs1, imm:i12',        I('000', OP_IMM)),
  slti:    row('slti =rd, rs1, imm:i12',        I('010', OP_IMM)),
  sltiu:   row('sltiu =rd, rs1, imm:i12',       I('011', OP_IMM)),
  xori:    row('xori =rd, rs1, imm:i12',        I('100', OP_IMM)),
  ori:     row('ori =rd, rs1, imm:i12',         I('110', OP_IMM)),
  andi:    row('andi =rd, rs1, imm:i12',        I('111', OP_IMM)),
  slli:    row('slli =rd, rs1, shamt',          SHIFT6('000000', '001', OP_IMM)),
  srli:    row('srli =rd, rs1, shamt',          SHIFT6('000000', '101', OP_IMM)),
  srai:    row('srai =rd, rs1, shamt',          SHIFT6('010000', '101', OP_IMM)),
  add:     row('add =rd, rs1, rs2',             R('0000000', '000', OP)),
  sub:     row('sub =rd, rs1, rs2',             R('0100000', '000', OP)),
  sll:     row('sll =rd, rs1, rs2',             R('0000000', '001', OP)),
  slt:     row('slt =rd, rs1, rs2',             R('0000000', '010', OP)),
  sltu:    row('sltu =rd, rs1, rs2',            R('0000000', '011', OP)),
  xor:     row('xor =rd, rs1, rs2',             R('0000000', '100', OP)),
  srl:     row('srl =rd, rs1, rs2',             R('0000000', '101', OP)),
  sra:     row('sra =rd, rs1, rs2',             R('0100000', '101', OP)),
  or:      row('or =rd, rs1, rs2',              R('0000000', '110', OP)),
  and:     row('and =rd, rs1, rs2',             R('0000000', '111', OP)),
  addiw:   row('addiw =rd, rs1, imm:i12',       I('000', OP_IMM_32)),
  slliw:   row('slliw =rd, rs1, shamt:shamt5',  SHIFT5('0000000', '001', OP_IMM_32)),
  srliw:   row('srliw =rd, rs1, shamt:shamt5',  SHIFT5('0000000', '101', OP_IMM_32)),
  sraiw:   row('sraiw =rd, rs1, shamt:shamt5',  SHIFT5('0100000', '101', OP_IMM_32)),
  addw:    row('addw =rd, rs1, rs2',            R('0000000', '000', OP_32)),
  subw:    row('subw =rd, rs1, rs2',            R('0100000', '000', OP_32)),
  sllw:    row('sllw =rd, rs1, rs2',            R('0000000', '001', OP_32)),
  srlw:    row('srlw =rd, rs1, rs2',            R('0000000', '101', OP_32)),
  sraw:    row('sraw =rd, rs1, rs2',            R('0100000', '101', OP_32)),

  // 2.5: control transfer
  jal:     row('jal =rd, offset:jump',          'offset[20|10:1|11|19:12] rd 1101111', { effect: 'jump' }),
  jalr:    row('jalr =rd, offset:i12(rs1)',     I('000', '1100111', 'offset'),         { effect: 'jump' }),
  beq:     row('beq rs1, rs2, offset:branch',   B('000'), { effect: 'branch' }),
  bne:     row('bne rs1, rs2, offset:branch',   B('001'), { effect: 'branch' }),
  blt:     row('blt rs1, rs2, offset:branch',   B('100'), { effect: 'branch' }),
  bge:     row('bge rs1, rs2, offset:branch',   B('101'), { effect: 'branch' }),
  bltu:    row('bltu rs1, rs2, offset:branch',  B('110'), { effect: 'branch' }),
  bgeu:    row('bgeu rs1, rs2, offset:branch',  B('111'), { effect: 'branch' }),

  // 2.6, 4.3: loads and stores
  lb:      row('lb =rd, offset:i12(rs1)',       I('000', LOAD, 'offset'), { load: 1 }),
  lh:      row('lh =rd, offset:i12(rs1)',       I('001', LOAD, 'offset'), { load: 2 }),
  lw:      row('lw =rd, offset:i12(rs1)',       I('010', LOAD, 'offset'), { load: 4 }),
  ld:      row('ld =rd, offset:i12(rs1)',       I('011', LOAD, 'offset'), { load: 8 }),
  lbu:     row('lbu =rd, offset:i12(rs1)',      I('100', LOAD, 'offset'), { load: 1 }),
  lhu:     row('lhu =rd, offset:i12(rs1)',      I('101', LOAD, 'offset'), { load: 2 }),
  lwu:     row('lwu =rd, offset:i12(rs1)',      I('110', LOAD, 'offset'), { load: 4 }),
  sb:      row('sb rs2, offset:i12(rs1)',       S('000', STORE),          { store: 1 }),
  sh:      row('sh rs2, offset:i12(rs1)',       S('001', STORE),          { store: 2 }),
  sw:      row('sw rs2, offset:i12(rs1)',       S('010', STORE),          { store: 4 }),
  sd:      row('sd rs2, offset:i12(rs1)',       S('011', STORE),          { store: 8 }),

  // 2.7, 2.8, 6, 4.1 of Zihintpause: ordering and the environment
  fence:     row('fence pred:order, succ:order', '0000 pred succ 00000 000 00000 0001111', { effect: 'fence' }),
  fence_tso: row('fence.tso',                    '1000 0011 0011 00000 000 00000 0001111', { effect: 'fence' }),
  pause:     row('pause',                        '0000 0001 0000 00000 000 00000 0001111', { feature: 'Zihintpause', specialOf: 'fence' }),
  fence_i:   row('fence.i',                      '000000000000 00000 001 00000 0001111',   { feature: 'Zifencei', effect: 'fence' }),
  ecall:     row('ecall',                        `000000000000 00000 000 00000 ${SYSTEM}`, { effect: 'system' }),
  ebreak:    row('ebreak',                       `000000000001 00000 000 00000 ${SYSTEM}`, { effect: 'trap' }),

  // 7: control and status registers
  csrrw:   row('csrrw =rd, csr, rs1',           `csr rs1 001 rd ${SYSTEM}`,  { feature: 'Zicsr', effect: 'system' }),
  csrrs:   row('csrrs =rd, csr, rs1',           `csr rs1 010 rd ${SYSTEM}`,  { feature: 'Zicsr', effect: 'system' }),
  csrrc:   row('csrrc =rd, csr, rs1',           `csr rs1 011 rd ${SYSTEM}`,  { feature: 'Zicsr', effect: 'system' }),
  csrrwi:  row('csrrwi =rd, csr, uimm',         `csr uimm 101 rd ${SYSTEM}`, { feature: 'Zicsr', effect: 'system' }),
  csrrsi:  row('csrrsi =rd, csr, uimm',         `csr uimm 110 rd ${SYSTEM}`, { feature: 'Zicsr', effect: 'system' }),
  csrrci:  row('csrrci =rd, csr, uimm',         `csr uimm 111 rd ${SYSTEM}`, { feature: 'Zicsr', effect: 'system' }),

  // 13: multiplication and division
  mul:     row('mul =rd, rs1, rs2',             R('0000001', '000', OP),    { feature: 'M' }),
  mulh:    row('mulh =rd, rs1, rs2',            R('0000001', '001', OP),    { feature: 'M' }),
  mulhsu:  row('mulhsu =rd, rs1, rs2',          R('0000001', '010', OP),    { feature: 'M' }),
  mulhu:   row('mulhu =rd, rs1, rs2',           R('0000001', '011', OP),    { feature: 'M' }),
  div:     row('div =rd, rs1, rs2',             R('0000001', '100', OP),    { feature: 'M' }),
  divu:    row('divu =rd, rs1, rs2',            R('0000001', '101', OP),    { feature: 'M' }),
  rem:     row('rem =rd, rs1, rs2',             R('0000001', '110', OP),    { feature: 'M' }),
  remu:    row('remu =rd, rs1, rs2',            R('0000001', '111', OP),    { feature: 'M' }),
  mulw:    row('mulw =rd, rs1, rs2',            R('0000001', '000', OP_32), { feature: 'M' }),
  divw:    row('divw =rd, rs1, rs2',            R('0000001', '100', OP_32), { feature: 'M' }),
  divuw:   row('divuw =rd, rs1, rs2',           R('0000001', '101', OP_32), { feature: 'M' }),
  remw:    row('remw =rd, rs1, rs2',            R('0000001', '110', OP_32), { feature: 'M' }),
  remuw:   row('remuw =rd, rs1, rs2',           R('0000001', '111', OP_32), { feature: 'M' }),
}
