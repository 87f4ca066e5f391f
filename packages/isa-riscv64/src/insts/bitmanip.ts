// Zba, Zbb, Zbs, Zbc, Zbkb, Zicond (RISC-V Unprivileged ISA 20240411, chapters 12, 28 and 29).
import { type RowTable, row } from '@k23/machinst/rows'
import { OP, OP_32, OP_IMM, OP_IMM_32, R, R1, SHIFT5, SHIFT6 } from './formats.ts'

// biome-ignore format: table
export const bitmanip: RowTable = {
  // 28.4.1: Zba
  add_uw:     row('add.uw =rd, rs1, rs2',     R('0000100', '000', OP_32),         { feature: 'Zba' }),
  sh1add:     row('sh1add =rd, rs1, rs2',     R('0010000', '010', OP),            { feature: 'Zba' }),
  sh2add:     row('sh2add =rd, rs1, rs2',     R('0010000', '100', OP),            { feature: 'Zba' }),
  sh3add:     row('sh3add =rd, rs1, rs2',     R('0010000', '110', OP),            { feature: 'Zba' }),
  sh1add_uw:  row('sh1add.uw =rd, rs1, rs2',  R('0010000', '010', OP_32),         { feature: 'Zba' }),
  sh2add_uw:  row('sh2add.uw =rd, rs1, rs2',  R('0010000', '100', OP_32),         { feature: 'Zba' }),
  sh3add_uw:  row('sh3add.uw =rd, rs1, rs2',  R('0010000', '110', OP_32),         { feature: 'Zba' }),
  slli_uw:    row('slli.uw =rd, rs1, shamt',  SHIFT6('000010', '001', OP_IMM_32), { feature: 'Zba' }),

  // 28.4.2: Zbb
  andn:    row('andn =rd, rs1, rs2',            R('0100000', '111', OP),                  { feature: 'Zbb/Zbkb' }),
  orn:     row('orn =rd, rs1, rs2',             R('0100000', '110', OP),                  { feature: 'Zbb/Zbkb' }),
  xnor:    row('xnor =rd, rs1, rs2',            R('0100000', '100', OP),                  { feature: 'Zbb/Zbkb' }),
  clz:     row('clz =rd, rs1',                  R1('0110000', '00000', '001', OP_IMM),    { feature: 'Zbb' }),
  ctz:     row('ctz =rd, rs1',                  R1('0110000', '00001', '001', OP_IMM),    { feature: 'Zbb' }),
  cpop:    row('cpop =rd, rs1',                 R1('0110000', '00010', '001', OP_IMM),    { feature: 'Zbb' }),
  clzw:    row('clzw =rd, rs1',                 R1('0110000', '00000', '001', OP_IMM_32), { feature: 'Zbb' }),
  ctzw:    row('ctzw =rd, rs1',                 R1('0110000', '00001', '001', OP_IMM_32), { feature: 'Zbb' }),
  cpopw:   row('cpopw =rd, rs1',                R1('0110000', '00010', '001', OP_IMM_32), { feature: 'Zbb' }),
  max:     row('max =rd, rs1, rs2',             R('0000101', '110', OP),                  { feature: 'Zbb' }),
  maxu:    row('maxu =rd, rs1, rs2',            R('0000101', '111', OP),                  { feature: 'Zbb' }),
  min:     row('min =rd, rs1, rs2',             R('0000101', '100', OP),                  { feature: 'Zbb' }),
  minu:    row('minu =rd, rs1, rs2',            R('0000101', '101', OP),                  { feature: 'Zbb' }),
  sext_b:  row('sext.b =rd, rs1',               R1('0110000', '00100', '001', OP_IMM),    { feature: 'Zbb' }),
  sext_h:  row('sext.h =rd, rs1',               R1('0110000', '00101', '001', OP_IMM),    { feature: 'Zbb' }),
  zext_h:  row('zext.h =rd, rs1',               R1('0000100', '00000', '100', OP_32),     { feature: 'Zbb', specialOf: 'packw' }),
  rol:     row('rol =rd, rs1, rs2',             R('0110000', '001', OP),                  { feature: 'Zbb/Zbkb' }),
  rolw:    row('rolw =rd, rs1, rs2',            R('0110000', '001', OP_32),               { feature: 'Zbb/Zbkb' }),
  ror:     row('ror =rd, rs1, rs2',             R('0110000', '101', OP),                  { feature: 'Zbb/Zbkb' }),
  rorw:    row('rorw =rd, rs1, rs2',            R('0110000', '101', OP_32),               { feature: 'Zbb/Zbkb' }),
  rori:    row('rori =rd, rs1, shamt',          SHIFT6('011000', '101', OP_IMM),          { feature: 'Zbb/Zbkb' }),
  roriw:   row('roriw =rd, rs1, shamt:shamt5',  SHIFT5('0110000', '101', OP_IMM_32),      { feature: 'Zbb/Zbkb' }),
  orc_b:   row('orc.b =rd, rs1',                R1('0010100', '00111', '101', OP_IMM),    { feature: 'Zbb' }),
  rev8:    row('rev8 =rd, rs1',                 R1('0110101', '11000', '101', OP_IMM),    { feature: 'Zbb/Zbkb' }),

  // 28.4.4: Zbs
  bclr:   row('bclr =rd, rs1, rs2',     R('0100100', '001', OP),         { feature: 'Zbs' }),
  bclri:  row('bclri =rd, rs1, shamt',  SHIFT6('010010', '001', OP_IMM), { feature: 'Zbs' }),
  bext:   row('bext =rd, rs1, rs2',     R('0100100', '101', OP),         { feature: 'Zbs' }),
  bexti:  row('bexti =rd, rs1, shamt',  SHIFT6('010010', '101', OP_IMM), { feature: 'Zbs' }),
  binv:   row('binv =rd, rs1, rs2',     R('0110100', '001', OP),         { feature: 'Zbs' }),
  binvi:  row('binvi =rd, rs1, shamt',  SHIFT6('011010', '001', OP_IMM), { feature: 'Zbs' }),
  bset:   row('bset =rd, rs1, rs2',     R('0010100', '001', OP),         { feature: 'Zbs' }),
  bseti:  row('bseti =rd, rs1, shamt',  SHIFT6('001010', '001', OP_IMM), { feature: 'Zbs' }),

  // 28.4.3: Zbc
  clmul:   row('clmul =rd, rs1, rs2',   R('0000101', '001', OP), { feature: 'Zbc/Zbkc' }),
  clmulh:  row('clmulh =rd, rs1, rs2',  R('0000101', '011', OP), { feature: 'Zbc/Zbkc' }),
  clmulr:  row('clmulr =rd, rs1, rs2',  R('0000101', '010', OP), { feature: 'Zbc' }),

  // 28.4.5: Zbkb
  pack:   row('pack =rd, rs1, rs2',   R('0000100', '100', OP),               { feature: 'Zbkb' }),
  packh:  row('packh =rd, rs1, rs2',  R('0000100', '111', OP),               { feature: 'Zbkb' }),
  packw:  row('packw =rd, rs1, rs2',  R('0000100', '100', OP_32),            { feature: 'Zbkb' }),
  brev8:  row('brev8 =rd, rs1',       R1('0110100', '00111', '101', OP_IMM), { feature: 'Zbkb' }),

  // 12: Zicond
  czero_eqz:  row('czero.eqz =rd, rs1, rs2',  R('0000111', '101', OP), { feature: 'Zicond' }),
  czero_nez:  row('czero.nez =rd, rs1, rs2',  R('0000111', '111', OP), { feature: 'Zicond' }),
}
