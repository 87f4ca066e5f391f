// Semantics of riscv64 instructions, one body per row id.
//
// Source: The RISC-V Instruction Set Manual, Volume I, Unprivileged Architecture, version 20240411; section numbers below are of that
// edition. Operand names are those of the rows (rd, rs1, rs2, imm, shamt, offset, csr, uimm). Compressed forms have no bodies: the decoder expands them.

import type { AccessSize, Arithmetic, Body, Builder, SemanticsTable, Types } from '../semantics/builder.ts'
import { reverseBytes } from '../semantics/bit-tricks.ts'
import { floatSemantics } from './semantics-float.ts'

// ---- Shapes

type Binary = <T extends Types>(b: Arithmetic<T>, x: T['i64'], y: T['i64']) => T['i64']
type Binary32 = <T extends Types>(b: Builder<T>, x: T['i32'], y: T['i32']) => T['i32']
type Unary = <T extends Types>(b: Arithmetic<T>, x: T['i64']) => T['i64']
type Compare = <T extends Types>(b: Builder<T>, x: T['i64'], y: T['i64']) => T['i32']

/** rd = op(rs1, rs2) */
const register =
  (op: Binary): Body =>
  (b) =>
    b.setX('rd', op(b, b.x('rs1'), b.x('rs2')))

/** rd = op(rs1, sign-extended imm) */
const immediate =
  (op: Binary, field = 'imm'): Body =>
  (b) =>
    b.setX('rd', op(b, b.x('rs1'), b.i64.extend_i32_s(b.imm(field))))

/** rd = op(rs1) */
const unary =
  (op: Unary): Body =>
  (b) =>
    b.setX('rd', op(b, b.x('rs1')))

/** The *W forms: 32-bit operation on the low words, result sign-extended (4.2). */
const register32 =
  (op: Binary32): Body =>
  (b) =>
    b.setX('rd', b.i64.extend_i32_s(op(b, b.i32.wrap_i64(b.x('rs1')), b.i32.wrap_i64(b.x('rs2')))))

const immediate32 =
  (op: Binary32, field = 'imm'): Body =>
  (b) =>
    b.setX('rd', b.i64.extend_i32_s(op(b, b.i32.wrap_i64(b.x('rs1')), b.imm(field))))

const branch =
  (compare: Compare): Body =>
  (b) =>
    b.branch(compare(b, b.x('rs1'), b.x('rs2')), 'offset')

function effectiveAddress<T extends Types>(b: Builder<T>): T['i64'] {
  return b.i64.add(b.x('rs1'), b.i64.extend_i32_s(b.imm('offset')))
}

const load =
  (size: AccessSize, extend: Unary): Body =>
  (b) =>
    b.setX('rd', extend(b, b.load(size, effectiveAddress(b))))

const store =
  (size: AccessSize): Body =>
  (b) =>
    b.store(size, effectiveAddress(b), b.x('rs2'))

// ---- 64-bit and 32-bit operations under one name

const add: Binary = (b, x, y) => b.i64.add(x, y)
const sub: Binary = (b, x, y) => b.i64.sub(x, y)
const and: Binary = (b, x, y) => b.i64.and(x, y)
const or: Binary = (b, x, y) => b.i64.or(x, y)
const xor: Binary = (b, x, y) => b.i64.xor(x, y)
const sll: Binary = (b, x, y) => b.i64.shl(x, y)
const srl: Binary = (b, x, y) => b.i64.shr_u(x, y)
const sra: Binary = (b, x, y) => b.i64.shr_s(x, y)
const slt: Binary = (b, x, y) => b.i64.extend_i32_u(b.i64.lt_s(x, y))
const sltu: Binary = (b, x, y) => b.i64.extend_i32_u(b.i64.lt_u(x, y))
const addw: Binary32 = (b, x, y) => b.i32.add(x, y)
const subw: Binary32 = (b, x, y) => b.i32.sub(x, y)
const sllw: Binary32 = (b, x, y) => b.i32.shl(x, y)
const srlw: Binary32 = (b, x, y) => b.i32.shr_u(x, y)
const sraw: Binary32 = (b, x, y) => b.i32.shr_s(x, y)

const same: Unary = (_b, x) => x
const sext8: Unary = (b, x) => b.i64.extend8_s(x)
const sext16: Unary = (b, x) => b.i64.extend16_s(x)
const sext32: Unary = (b, x) => b.i64.extend_i32_s(b.i32.wrap_i64(x))
const zext32: Unary = (b, x) => b.i64.extend_i32_u(b.i32.wrap_i64(x))
const zext16: Unary = (b, x) => b.i64.and(x, b.i64.const(0xffff))
const not: Unary = (b, x) => b.i64.xor(x, b.i64.const(-1))

// ---- Division never traps: by zero the quotient is all ones and the remainder the dividend, the one overflow wraps (13.2, table 11)

export const div: Binary = (b, x, y) => {
  const zero = b.i64.eqz(y)
  const minusOne = b.i64.eq(y, b.i64.const(-1))
  const safe = b.i64.select(b.i32.or(zero, minusOne), b.i64.const(1), y)
  const quotient = b.i64.select(minusOne, b.i64.sub(b.i64.const(0), x), b.i64.div_s(x, safe))
  return b.i64.select(zero, b.i64.const(-1), quotient)
}
export const divu: Binary = (b, x, y) => {
  const zero = b.i64.eqz(y)
  return b.i64.select(zero, b.i64.const(-1), b.i64.div_u(x, b.i64.select(zero, b.i64.const(1), y)))
}
export const rem: Binary = (b, x, y) => {
  const zero = b.i64.eqz(y)
  const safe = b.i64.select(b.i32.or(zero, b.i64.eq(y, b.i64.const(-1))), b.i64.const(1), y)
  return b.i64.select(zero, x, b.i64.rem_s(x, safe))
}
export const remu: Binary = (b, x, y) => {
  const zero = b.i64.eqz(y)
  return b.i64.select(zero, x, b.i64.rem_u(x, b.i64.select(zero, b.i64.const(1), y)))
}
const divw: Binary32 = (b, x, y) => {
  const zero = b.i32.eqz(y)
  const minusOne = b.i32.eq(y, b.i32.const(-1))
  const safe = b.i32.select(b.i32.or(zero, minusOne), b.i32.const(1), y)
  const quotient = b.i32.select(minusOne, b.i32.sub(b.i32.const(0), x), b.i32.div_s(x, safe))
  return b.i32.select(zero, b.i32.const(-1), quotient)
}
const divuw: Binary32 = (b, x, y) => {
  const zero = b.i32.eqz(y)
  return b.i32.select(zero, b.i32.const(-1), b.i32.div_u(x, b.i32.select(zero, b.i32.const(1), y)))
}
const remw: Binary32 = (b, x, y) => {
  const zero = b.i32.eqz(y)
  const safe = b.i32.select(b.i32.or(zero, b.i32.eq(y, b.i32.const(-1))), b.i32.const(1), y)
  return b.i32.select(zero, x, b.i32.rem_s(x, safe))
}
const remuw: Binary32 = (b, x, y) => {
  const zero = b.i32.eqz(y)
  return b.i32.select(zero, x, b.i32.rem_u(x, b.i32.select(zero, b.i32.const(1), y)))
}

/** High half of signed times unsigned: the unsigned one, less y where x is negative. */
export const mulhsu: Binary = (b, x, y) =>
  b.i64.sub(b.i64.mul_high_u(x, y), b.i64.and(b.i64.shr_s(x, b.i64.const(63)), y))

// ---- Control registers (7.1, 8.1): csrrs and csrrc write only where the source is not x0 or 0; csrrw reads only where rd is not x0,
// which shows in no register that user mode has.

type CsrUpdate = <T extends Types>(b: Builder<T>, old: T['i64'], source: T['i64']) => T['i64']

const csrRegister =
  (update: CsrUpdate, always: boolean): Body =>
  (b) => {
    const source = b.x('rs1')
    const csr = b.imm('csr')
    const writes = always ? b.i32.const(1) : b.i32.ne(b.number('rs1'), b.i32.const(0))
    const old = b.csrRead(csr, writes)
    b.csrWrite(csr, update(b, old, source), writes)
    b.setX('rd', old)
  }

const csrImmediate =
  (update: CsrUpdate, always: boolean): Body =>
  (b) => {
    const uimm = b.imm('uimm')
    const csr = b.imm('csr')
    const writes = always ? b.i32.const(1) : b.i32.ne(uimm, b.i32.const(0))
    const old = b.csrRead(csr, writes)
    b.csrWrite(csr, update(b, old, b.i64.extend_i32_u(uimm)), writes)
    b.setX('rd', old)
  }

const csrSwap: CsrUpdate = (_b, _old, source) => source
const csrSet: CsrUpdate = (b, old, source) => b.i64.or(old, source)
const csrClear: CsrUpdate = (b, old, source) => b.i64.and(old, not(b, source))

// ---- Atomics (14.2, 14.4). One hart runs at a time, so every access is atomic and aq, rl change nothing.

/** A reservation is the address plus the size: naturally aligned addresses keep 4 and 8 apart in the low bits. */
function reservationOf<T extends Types>(b: Builder<T>, address: T['i64'], size: 4 | 8): T['i64'] {
  return b.i64.or(address, b.i64.const(size === 4 ? 1 : 2))
}

const loadReserved =
  (size: 4 | 8): Body =>
  (b) => {
    const address = b.x('rs1')
    b.checkAtomic(size, address, false)
    const value = b.load(size, address)
    b.setState('reservation', reservationOf(b, address, size))
    b.setX('rd', size === 4 ? sext32(b, value) : value)
  }

/** Succeeds if the last reservation of this hart covers exactly these bytes; the access is checked either way. */
const storeConditional =
  (size: 4 | 8): Body =>
  (b) => {
    const address = b.x('rs1')
    const value = b.x('rs2')
    const holds = b.i64.eq(b.state('reservation'), reservationOf(b, address, size))
    b.checkAtomic(size, address, true)
    b.storeIf(holds, size, address, value)
    b.setState('reservation', b.i64.const(0))
    b.setX('rd', b.i64.extend_i32_u(b.i32.eqz(holds)))
  }

const amo32 =
  (op: Binary32): Body =>
  (b) => {
    const address = b.x('rs1')
    const source = b.i32.wrap_i64(b.x('rs2'))
    b.checkAtomic(4, address, true)
    const old = b.i32.wrap_i64(b.load(4, address))
    b.store(4, address, b.i64.extend_i32_s(op(b, old, source)))
    b.setX('rd', b.i64.extend_i32_s(old))
  }

const amo64 =
  (op: Binary): Body =>
  (b) => {
    const address = b.x('rs1')
    const source = b.x('rs2')
    b.checkAtomic(8, address, true)
    const old = b.load(8, address)
    b.store(8, address, op(b, old, source))
    b.setX('rd', old)
  }

const min: Binary = (b, x, y) => b.i64.select(b.i64.lt_s(x, y), x, y)
const max: Binary = (b, x, y) => b.i64.select(b.i64.lt_s(x, y), y, x)
const minu: Binary = (b, x, y) => b.i64.select(b.i64.lt_u(x, y), x, y)
const maxu: Binary = (b, x, y) => b.i64.select(b.i64.lt_u(x, y), y, x)

// ---- Bit manipulation (28): shifts by a constant first, and single bits

const shNadd =
  (n: number): Binary =>
  (b, x, y) =>
    b.i64.add(b.i64.shl(x, b.i64.const(n)), y)
const shNaddUw =
  (n: number): Binary =>
  (b, x, y) =>
    b.i64.add(b.i64.shl(zext32(b, x), b.i64.const(n)), y)
const bit: Binary = (b, _x, y) => b.i64.shl(b.i64.const(1), y)
const bclr: Binary = (b, x, y) => and(b, x, not(b, bit(b, x, y)))
const bext: Binary = (b, x, y) => and(b, srl(b, x, y), b.i64.const(1))
const binv: Binary = (b, x, y) => xor(b, x, bit(b, x, y))
const bset: Binary = (b, x, y) => or(b, x, bit(b, x, y))

/** orc.b: each byte becomes 0xff unless it is 0. A byte's top bit is set in (x & 0x7f..) + 0x7f.. | x exactly if it is not 0; no carry leaves a byte. */
const orcb: Unary = (b, x) => {
  const ones = b.i64.or(b.i64.const(0x01010101), b.i64.shl(b.i64.const(0x01010101), b.i64.const(32)))
  const low = b.i64.mul(ones, b.i64.const(0x7f))
  const filled = b.i64.or(b.i64.add(b.i64.and(x, low), low), x)
  const tops = b.i64.and(b.i64.shr_u(filled, b.i64.const(7)), ones)
  return b.i64.mul(tops, b.i64.const(0xff))
}

/** rev8: byte order reversed. */
export const rev8: Unary = (b, x) => reverseBytes(b, x)

/** brev8: bits reversed within each byte, by swapping neighbours of 1, 2 and 4 bits. */
export const brev8: Unary = (b, x) => {
  let value = x
  for (const [mask, distance] of [
    [0x55555555, 1],
    [0x33333333, 2],
    [0x0f0f0f0f, 4],
  ] as const) {
    const low = b.i64.or(b.i64.const(mask), b.i64.shl(b.i64.const(mask), b.i64.const(32)))
    const by = b.i64.const(distance)
    value = b.i64.or(b.i64.and(b.i64.shr_u(value, by), low), b.i64.shl(b.i64.and(value, low), by))
  }
  return value
}

/** clmul: the low half of the product without carries. Bits four apart are multiplied at a time, so that the sums of ones in a place stay below 16 and
 * reach no place that counts; the carries that they do make are masked away. */
const clmul: Binary = (b, x, y) => {
  const nibbles = b.i64.or(b.i64.const(0x11111111), b.i64.shl(b.i64.const(0x11111111), b.i64.const(32)))
  const every = (k: number) => b.i64.shl(nibbles, b.i64.const(k))
  const part = (v: typeof x) => [0, 1, 2, 3].map((k) => b.i64.and(v, every(k)))
  const xs = part(x)
  const ys = part(y)
  let result = b.i64.const(0)
  for (let k = 0; k < 4; k++) {
    let sum = b.i64.const(0)
    for (let i = 0; i < 4; i++) sum = b.i64.xor(sum, b.i64.mul(xs[i], ys[(k - i) & 3]))
    result = b.i64.or(result, b.i64.and(sum, every(k)))
  }
  return result
}
const reversed: Unary = (b, x) => brev8(b, rev8(b, x))
/** clmulr: bits 63..126 of the product: the low half with everything reversed. */
const clmulr: Binary = (b, x, y) => reversed(b, clmul(b, reversed(b, x), reversed(b, y)))
const clmulh: Binary = (b, x, y) => b.i64.shr_u(clmulr(b, x, y), b.i64.const(1))

const nothing: Body = () => {}

/** RV64I (2, 4): integer computation, control transfer, loads and stores. */
// biome-ignore format: table
const base: SemanticsTable = {
  lui:   (b) => b.setX('rd', b.i64.extend_i32_s(b.i32.shl(b.imm('imm'), b.i32.const(12)))),
  auipc: (b) => b.setX('rd', b.i64.add(b.pc(), b.i64.extend_i32_s(b.i32.shl(b.imm('imm'), b.i32.const(12))))),
  jal:   (b) => { b.setX('rd', b.nextPc()); b.jump('offset') },
  jalr:  (b) => {
    const target = b.i64.and(effectiveAddress(b), b.i64.const(-2)) // bit 0 is cleared (2.5.1)
    b.setX('rd', b.nextPc())
    b.jumpIndirect(target)
  },
  beq:   branch((b, x, y) => b.i64.eq(x, y)),
  bne:   branch((b, x, y) => b.i64.ne(x, y)),
  blt:   branch((b, x, y) => b.i64.lt_s(x, y)),
  bge:   branch((b, x, y) => b.i64.ge_s(x, y)),
  bltu:  branch((b, x, y) => b.i64.lt_u(x, y)),
  bgeu:  branch((b, x, y) => b.i64.ge_u(x, y)),
  lb:    load(1, sext8),
  lh:    load(2, sext16),
  lw:    load(4, sext32),
  ld:    load(8, same),
  lbu:   load(1, same),
  lhu:   load(2, same),
  lwu:   load(4, same),
  sb:    store(1),
  sh:    store(2),
  sw:    store(4),
  sd:    store(8),
  addi:  immediate(add),
  slti:  immediate(slt),
  sltiu: immediate(sltu),
  xori:  immediate(xor),
  ori:   immediate(or),
  andi:  immediate(and),
  slli:  immediate(sll, 'shamt'),
  srli:  immediate(srl, 'shamt'),
  srai:  immediate(sra, 'shamt'),
  add:   register(add),
  sub:   register(sub),
  sll:   register(sll),
  slt:   register(slt),
  sltu:  register(sltu),
  xor:   register(xor),
  srl:   register(srl),
  sra:   register(sra),
  or:    register(or),
  and:   register(and),
  addiw: immediate32(addw),
  slliw: immediate32(sllw, 'shamt'),
  srliw: immediate32(srlw, 'shamt'),
  sraiw: immediate32(sraw, 'shamt'),
  addw:  register32(addw),
  subw:  register32(subw),
  sllw:  register32(sllw),
  srlw:  register32(srlw),
  sraw:  register32(sraw),
  fence:     nothing, // one hart runs at a time, and in order
  fence_tso: nothing,
  pause:     nothing,
  ecall:  (b) => b.exit('ecall'),
  ebreak: (b) => b.exit('ebreak'),
}

// biome-ignore format: table
const extensions: SemanticsTable = {
  // Zifencei (6)
  fence_i: (b) => b.exit('fenceI'),

  // Zicsr (7.1)
  csrrw:  csrRegister(csrSwap, true),
  csrrs:  csrRegister(csrSet, false),
  csrrc:  csrRegister(csrClear, false),
  csrrwi: csrImmediate(csrSwap, true),
  csrrsi: csrImmediate(csrSet, false),
  csrrci: csrImmediate(csrClear, false),

  // M (13)
  mul:    register((b, x, y) => b.i64.mul(x, y)),
  mulh:   register((b, x, y) => b.i64.mul_high_s(x, y)),
  mulhsu: register(mulhsu),
  mulhu:  register((b, x, y) => b.i64.mul_high_u(x, y)),
  mulw:   register32((b, x, y) => b.i32.mul(x, y)),
  div:    register(div),
  divu:   register(divu),
  rem:    register(rem),
  remu:   register(remu),
  divw:   register32(divw),
  divuw:  register32(divuw),
  remw:   register32(remw),
  remuw:  register32(remuw),

  // A (14)
  lr_w:      loadReserved(4),
  lr_d:      loadReserved(8),
  sc_w:      storeConditional(4),
  sc_d:      storeConditional(8),
  amoswap_w: amo32((_b, _x, y) => y),
  amoadd_w:  amo32((b, x, y) => b.i32.add(x, y)),
  amoxor_w:  amo32((b, x, y) => b.i32.xor(x, y)),
  amoand_w:  amo32((b, x, y) => b.i32.and(x, y)),
  amoor_w:   amo32((b, x, y) => b.i32.or(x, y)),
  amomin_w:  amo32((b, x, y) => b.i32.select(b.i32.lt_s(x, y), x, y)),
  amomax_w:  amo32((b, x, y) => b.i32.select(b.i32.lt_s(x, y), y, x)),
  amominu_w: amo32((b, x, y) => b.i32.select(b.i32.lt_u(x, y), x, y)),
  amomaxu_w: amo32((b, x, y) => b.i32.select(b.i32.lt_u(x, y), y, x)),
  amoswap_d: amo64((_b, _x, y) => y),
  amoadd_d:  amo64(add),
  amoxor_d:  amo64(xor),
  amoand_d:  amo64(and),
  amoor_d:   amo64(or),
  amomin_d:  amo64(min),
  amomax_d:  amo64(max),
  amominu_d: amo64(minu),
  amomaxu_d: amo64(maxu),

  // Zba (28.4.1)
  add_uw:    register((b, x, y) => b.i64.add(zext32(b, x), y)),
  sh1add:    register(shNadd(1)),
  sh2add:    register(shNadd(2)),
  sh3add:    register(shNadd(3)),
  sh1add_uw: register(shNaddUw(1)),
  sh2add_uw: register(shNaddUw(2)),
  sh3add_uw: register(shNaddUw(3)),
  slli_uw:   immediate((b, x, y) => b.i64.shl(zext32(b, x), y), 'shamt'),

  // Zbb (28.4.2)
  andn:   register((b, x, y) => and(b, x, not(b, y))),
  orn:    register((b, x, y) => or(b, x, not(b, y))),
  xnor:   register((b, x, y) => not(b, xor(b, x, y))),
  clz:    unary((b, x) => b.i64.clz(x)),
  ctz:    unary((b, x) => b.i64.ctz(x)),
  cpop:   unary((b, x) => b.i64.popcnt(x)),
  clzw:   unary((b, x) => b.i64.extend_i32_u(b.i32.clz(b.i32.wrap_i64(x)))),
  ctzw:   unary((b, x) => b.i64.extend_i32_u(b.i32.ctz(b.i32.wrap_i64(x)))),
  cpopw:  unary((b, x) => b.i64.extend_i32_u(b.i32.popcnt(b.i32.wrap_i64(x)))),
  max:    register(max),
  maxu:   register(maxu),
  min:    register(min),
  minu:   register(minu),
  sext_b: unary(sext8),
  sext_h: unary(sext16),
  zext_h: unary(zext16),
  rol:    register((b, x, y) => b.i64.rotl(x, y)),
  ror:    register((b, x, y) => b.i64.rotr(x, y)),
  rori:   immediate((b, x, y) => b.i64.rotr(x, y), 'shamt'),
  rolw:   register32((b, x, y) => b.i32.rotl(x, y)),
  rorw:   register32((b, x, y) => b.i32.rotr(x, y)),
  roriw:  immediate32((b, x, y) => b.i32.rotr(x, y), 'shamt'),
  orc_b:  unary(orcb),
  rev8:   unary(rev8),

  // Zbkb (28.5.7), what Zbb does not have
  brev8: unary(brev8),
  pack:  register((b, x, y) => b.i64.or(zext32(b, x), b.i64.shl(y, b.i64.const(32)))),
  packh: register((b, x, y) => {
    const byte = b.i64.const(0xff)
    return b.i64.or(b.i64.and(x, byte), b.i64.shl(b.i64.and(y, byte), b.i64.const(8)))
  }),
  packw: register32((b, x, y) => b.i32.or(b.i32.and(x, b.i32.const(0xffff)), b.i32.shl(y, b.i32.const(16)))),

  // Zbc (28.4.3)
  clmul:  register(clmul),
  clmulh: register(clmulh),
  clmulr: register(clmulr),

  // Zbs (28.4.4)
  bclr:  register(bclr),
  bclri: immediate(bclr, 'shamt'),
  bext:  register(bext),
  bexti: immediate(bext, 'shamt'),
  binv:  register(binv),
  binvi: immediate(binv, 'shamt'),
  bset:  register(bset),
  bseti: immediate(bset, 'shamt'),

  // Zicond (12)
  czero_eqz: register((b, x, y) => b.i64.select(b.i64.eqz(y), b.i64.const(0), x)),
  czero_nez: register((b, x, y) => b.i64.select(b.i64.eqz(y), x, b.i64.const(0))),
}

export const riscv64Semantics: SemanticsTable = { ...base, ...extensions, ...floatSemantics }
