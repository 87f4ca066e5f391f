// Semantics of F, D, Zfh and Zfa (unprivileged manual 20240411, 21, 22, 25, 28.3), one body per row id. Arithmetic, boxing and flags are those of
// float/operations.ts; here is which register goes where.

import type { FloatFormat, FloatOp } from '../float/operations.ts'
import type { Body, Builder, SemanticsTable, Types } from '../semantics/builder.ts'

const noRounding = <T extends Types>(b: Builder<T>): T['i32'] => b.i32.const(0)

/** Operations on two registers with a rounding mode. */
const arithmetic =
  (op: FloatOp, format: FloatFormat): Body =>
  (b) =>
    b.setF('rd', b.float(op, format, b.imm('rm'), b.f('rs1'), b.f('rs2')))

/** fmadd and its kin: the product or the addend changes sign first, exactly (21.6). */
const fused =
  (format: FloatFormat, negateProduct: boolean, negateAddend: boolean): Body =>
  (b) => {
    const x = b.f('rs1')
    const y = b.f('rs2')
    const z = b.f('rs3')
    const left = negateProduct ? b.float('sgnjn', format, noRounding(b), x, x) : x
    const addend = negateAddend ? b.float('sgnjn', format, noRounding(b), z, z) : z
    b.setF('rd', b.float('fma', format, b.imm('rm'), left, y, addend))
  }

const exact =
  (op: FloatOp, format: FloatFormat): Body =>
  (b) =>
    b.setF('rd', b.float(op, format, noRounding(b), b.f('rs1'), b.f('rs2')))

const compare =
  (op: FloatOp, format: FloatFormat): Body =>
  (b) =>
    b.setX('rd', b.float(op, format, noRounding(b), b.f('rs1'), b.f('rs2')))

const toInteger =
  (op: FloatOp, format: FloatFormat): Body =>
  (b) =>
    b.setX('rd', b.float(op, format, b.imm('rm'), b.f('rs1')))

const fromInteger =
  (op: FloatOp, format: FloatFormat): Body =>
  (b) =>
    b.setF('rd', b.float(op, format, b.imm('rm'), b.x('rs1')))

const convert =
  (op: FloatOp, from: FloatFormat): Body =>
  (b) =>
    b.setF('rd', b.float(op, from, b.imm('rm'), b.f('rs1')))

function ofFormat(format: FloatFormat): Record<string, Body> {
  const table: Record<string, Body> = {}
  for (const op of ['add', 'sub', 'mul', 'div'] as const) table[`f${op}_${format}`] = arithmetic(op, format)
  table[`fsqrt_${format}`] = (b) => b.setF('rd', b.float('sqrt', format, b.imm('rm'), b.f('rs1')))
  table[`fmadd_${format}`] = fused(format, false, false)
  table[`fmsub_${format}`] = fused(format, false, true)
  table[`fnmsub_${format}`] = fused(format, true, false)
  table[`fnmadd_${format}`] = fused(format, true, true)
  for (const op of ['min', 'max', 'sgnj', 'sgnjn', 'sgnjx'] as const) table[`f${op}_${format}`] = exact(op, format)
  for (const op of ['eq', 'lt', 'le'] as const) table[`f${op}_${format}`] = compare(op, format)
  table[`fclass_${format}`] = (b) => b.setX('rd', b.float('class', format, noRounding(b), b.f('rs1')))
  for (const integer of ['w', 'wu', 'l', 'lu'] as const) {
    table[`fcvt_${integer}_${format}`] = toInteger(`to_${integer}`, format)
    table[`fcvt_${format}_${integer}`] = fromInteger(`from_${integer}`, format)
  }
  // Zfa (25)
  table[`fli_${format}`] = (b) => b.setF('rd', b.float('li', format, noRounding(b), b.i64.extend_i32_u(b.imm('imm'))))
  for (const op of ['minm', 'maxm'] as const) table[`f${op}_${format}`] = exact(op, format)
  for (const op of ['leq', 'ltq'] as const) table[`f${op}_${format}`] = compare(op, format)
  for (const op of ['round', 'roundnx'] as const)
    table[`f${op}_${format}`] = (b) => b.setF('rd', b.float(op, format, b.imm('rm'), b.f('rs1')))
  return table
}

/** A narrow value in a register: all higher bits set (22.2). */
const boxed = <T extends Types>(b: Builder<T>, v: T['i64'], bits: 16 | 32): T['i64'] => {
  const value = bits === 32 ? b.i64.extend_i32_u(b.i32.wrap_i64(v)) : b.i64.and(v, b.i64.const(0xffff))
  return b.i64.or(value, b.i64.shl(b.i64.const(-1), b.i64.const(bits)))
}

const address = <T extends Types>(b: Builder<T>): T['i64'] => b.i64.add(b.x('rs1'), b.i64.extend_i32_s(b.imm('offset')))

// biome-ignore format: table
export const floatSemantics: SemanticsTable = {
  ...ofFormat('s'),
  ...ofFormat('d'),
  ...ofFormat('h'),
  flh: (b) => b.setF('rd', boxed(b, b.load(2, address(b)), 16)),
  flw: (b) => b.setF('rd', boxed(b, b.load(4, address(b)), 32)),
  fld: (b) => b.setF('rd', b.load(8, address(b))),
  fsh: (b) => b.store(2, address(b), b.f('rs2')),
  fsw: (b) => b.store(4, address(b), b.f('rs2')),
  fsd: (b) => b.store(8, address(b), b.f('rs2')),
  fmv_x_h: (b) => b.setX('rd', b.i64.extend16_s(b.f('rs1'))),
  fmv_x_w: (b) => b.setX('rd', b.i64.extend_i32_s(b.i32.wrap_i64(b.f('rs1')))),
  fmv_x_d: (b) => b.setX('rd', b.f('rs1')),
  fmv_h_x: (b) => b.setF('rd', boxed(b, b.x('rs1'), 16)),
  fmv_w_x: (b) => b.setF('rd', boxed(b, b.x('rs1'), 32)),
  fmv_d_x: (b) => b.setF('rd', b.x('rs1')),
  fcvt_s_d: convert('to_s', 'd'),
  fcvt_d_s: convert('to_d', 's'),
  fcvt_h_s: convert('to_h', 's'),
  fcvt_s_h: convert('to_s', 'h'),
  fcvt_h_d: convert('to_h', 'd'),
  fcvt_d_h: convert('to_d', 'h'),
  fcvtmod_w_d: (b) => b.setX('rd', b.float('mod_w', 'd', noRounding(b), b.f('rs1'))),
}
