// Instruction formats (RISC-V Unprivileged ISA, "Base Instruction Formats"): bits in the manual's notation, for rows.

/** Register-register. */
export function R(funct7: string, funct3: string, opcode: string): string {
  return `${funct7} rs2 rs1 ${funct3} rd ${opcode}`
}
/** Register and 12-bit immediate, which is called `name`. */
export function I(funct3: string, opcode: string, name = 'imm'): string {
  return `${name}[11:0] rs1 ${funct3} rd ${opcode}`
}
/** One register, the rs2 field being part of the opcode. */
export function R1(funct7: string, funct5: string, funct3: string, opcode: string): string {
  return `${funct7} ${funct5} rs1 ${funct3} rd ${opcode}`
}
export function S(funct3: string, opcode: string): string {
  return `offset[11:5] rs2 rs1 ${funct3} offset[4:0] ${opcode}`
}
export function B(funct3: string): string {
  return `offset[12|10:5] rs2 rs1 ${funct3} offset[4:1|11] 1100011`
}
export function SHIFT6(funct6: string, funct3: string, opcode: string): string {
  return `${funct6} shamt rs1 ${funct3} rd ${opcode}`
}
export function SHIFT5(funct7: string, funct3: string, opcode: string): string {
  return `${funct7} shamt rs1 ${funct3} rd ${opcode}`
}
export function AMO(funct5: string, funct3: string): string {
  return `${funct5} aqrl rs2 rs1 ${funct3} rd 0101111`
}
/** Floating point, with a rounding mode. */
export function FR(funct7: string): string {
  return `${funct7} rs2 rs1 rm rd 1010011`
}
export function FR1(funct7: string, funct5: string): string {
  return `${funct7} ${funct5} rs1 rm rd 1010011`
}
/** Fused multiply-add; `fmt` is the two-bit width. */
export function FMA(fmt: string, opcode: string): string {
  return `rs3 ${fmt} rs2 rs1 rm rd ${opcode}`
}

export const OP = '0110011'
export const OP_32 = '0111011'
export const OP_IMM = '0010011'
export const OP_IMM_32 = '0011011'
export const OP_FP = '1010011'
export const LOAD = '0000011'
export const STORE = '0100011'
export const LOAD_FP = '0000111'
export const STORE_FP = '0100111'
export const SYSTEM = '1110011'
