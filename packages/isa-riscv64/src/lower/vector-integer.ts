// Integer vectors: arithmetic, saturation, shifts, bits, comparisons. Bits beyond a shift amount's range are ignored by the machine as by CLIF.
import {
  EQ,
  type IntCC,
  laneBits,
  laneCount,
  NE,
  SGE,
  SGT,
  SLE,
  SLT,
  type Type,
  UGE,
  UGT,
  ULE,
  ULT,
  type Value,
} from '@k23/ir'
import {
  avg_round,
  band,
  bitselect,
  blendv,
  bnot,
  bor,
  bxor,
  cc,
  comm,
  iabs,
  iadd,
  iadd_pairwise,
  icmp,
  iconst,
  imul,
  ineg,
  intRange,
  ishl,
  isub,
  popcnt,
  rotl,
  rotr,
  type Rule,
  sadd_sat,
  smax,
  smin,
  smulhi,
  splat,
  sqmul_round_sat,
  sshr,
  ssub_sat,
  uadd_sat,
  uintRange,
  umax,
  umin,
  umulhi,
  ushr,
  usub_sat,
  val,
} from '@k23/rules'
import { emit, VXRM_RNU, vstate, vstateAvl, vstateVtype } from '../insts/index.ts'
import type { VReg } from '../insts/index.ts'
import { X0 } from '../context.ts'
import type { RiscvLower } from './driver.ts'
import { rule, zvbb } from './types.ts'
import {
  halfState,
  join,
  lanesOfMask,
  M0,
  merge,
  slideDown,
  stateOf,
  v,
  v1,
  type VI,
  vi,
  type VV,
  vv,
  type VX,
  vx,
} from './vector-context.ts'
import { intVectors, vectors } from './vector-sets.ts'

const two = (op: VV) => (c: RiscvLower, t: Type, x: Value, y: Value) => vv(c, op, stateOf(t), v(c, x), v(c, y))
const withScalar = (op: VX) => (c: RiscvLower, t: Type, x: Value, y: Value) =>
  vx(c, op, stateOf(t), v(c, x), c.amount(y))
const withImm = (op: VI) => (c: RiscvLower, t: Type, x: Value, k: number) => vi(c, op, stateOf(t), v(c, x), k)

/** The state with fixed-point results rounded to nearest, ties up. */
export function rounded(state: number): number {
  return vstate((vstateVtype(state) >> 3) & 7, vstateVtype(state) & 7, vstateAvl(state), VXRM_RNU)
}
const twoRounded = (op: VV) => (c: RiscvLower, t: Type, x: Value, y: Value) =>
  vv(c, op, rounded(stateOf(t)), v(c, x), v(c, y))

/** Shifts by constants modulo the lane's width: in the instruction up to 31. */
const shiftImm = (imm: VI, reg: VX) => (c: RiscvLower, t: Type, x: Value, n: number) => {
  const k = n & (laneBits(t) - 1)
  return k <= 31 ? vi(c, imm, stateOf(t), v(c, x), k) : vx(c, reg, stateOf(t), v(c, x), c.li(k, 0))
}

function rotate(c: RiscvLower, t: Type, x: Value, n: Value, left: boolean): VReg {
  const st = stateOf(t)
  const amount = c.amount(n)
  const back = c.rrr(emit.sub, X0, amount)
  const a = v(c, x)
  const up = vx(c, emit.vsll_vx, st, a, left ? amount : back)
  return vv(c, emit.vor_vv, st, up, vx(c, emit.vsrl_vx, st, a, left ? back : amount))
}

/** Sums of neighbouring lanes of x, then of y: the even and the odd lanes are the halves of lanes of twice the width. */
function pairwise(c: RiscvLower, t: Type, x: Value, y: Value): VReg {
  const bits = laneBits(t)
  const lanes = laneCount(t)
  const sums = (a: VReg): VReg => {
    if (bits === 64) return vv(c, emit.vadd_vv, stateOf(t), a, slideDown(c, stateOf(t), a, 1))
    const st = halfState(bits, lanes / 2)
    const even = vi(c, emit.vnsrl_wi, st, a, 0)
    const odd = bits < 32 ? vi(c, emit.vnsrl_wi, st, a, bits) : vx(c, emit.vnsrl_wx, st, a, c.li(bits, 0))
    return vv(c, emit.vadd_vv, st, even, odd)
  }
  const low = sums(v(c, x))
  return join(c, stateOf(t), low, x === y ? low : sums(v(c, y)), lanes / 2)
}

/** Ones of each lane by sums of pairs, of groups of four, of bytes, of all bytes by a multiplication (Warren, Hacker's Delight, 5-1). */
function popcount(c: RiscvLower, t: Type, x: Value): VReg {
  const st = stateOf(t)
  const bits = laneBits(t)
  const k = (byte: number): ReturnType<RiscvLower['li']> => {
    const word = Math.imul(byte, 0x01010101)
    return bits === 64
      ? c.li(word, word)
      : bits === 8
        ? c.li((byte << 24) >> 24, byte > 127 ? -1 : 0)
        : c.li(word, word >> 31)
  }
  const masked = (a: VReg, byte: number): VReg => vx(c, emit.vand_vx, st, a, k(byte))
  const down = (a: VReg, n: number): VReg => vi(c, emit.vsrl_vi, st, a, n)
  const a = v(c, x)
  const pairs = vv(c, emit.vsub_vv, st, a, masked(down(a, 1), 0x55))
  const fours = vv(c, emit.vadd_vv, st, masked(pairs, 0x33), masked(down(pairs, 2), 0x33))
  const bytes = masked(vv(c, emit.vadd_vv, st, fours, down(fours, 4)), 0x0f)
  if (bits === 8) return bytes
  const all = vx(c, emit.vmul_vx, st, bytes, k(1))
  return bits === 64 ? vx(c, emit.vsrl_vx, st, all, c.li(56, 0)) : down(all, bits - 8)
}

// ---- comparisons

/** x cc y into v0. */
function compare(c: RiscvLower, cc: IntCC, st: number, x: Value, y: Value): void {
  const a = v(c, x)
  const b = x === y ? a : v(c, y)
  const into = (op: VV, p: VReg, q: VReg): void => {
    op(c, M0, q, p, st)
  }
  if (cc === EQ) into(emit.vmseq_vv, a, b)
  else if (cc === NE) into(emit.vmsne_vv, a, b)
  else if (cc === SLT) into(emit.vmslt_vv, a, b)
  else if (cc === SGT) into(emit.vmslt_vv, b, a)
  else if (cc === SLE) into(emit.vmsle_vv, a, b)
  else if (cc === SGE) into(emit.vmsle_vv, b, a)
  else if (cc === ULT) into(emit.vmsltu_vv, a, b)
  else if (cc === UGT) into(emit.vmsltu_vv, b, a)
  else if (cc === ULE) into(emit.vmsleu_vv, a, b)
  else if (cc === UGE) into(emit.vmsleu_vv, b, a)
}

/** x cc k into v0, for a constant k in -15..15 in every lane. */
function compareImm(c: RiscvLower, cc: IntCC, st: number, x: Value, k: number): void {
  const a = v(c, x)
  const into = (op: VI, imm: number): void => {
    op(c, M0, a, imm, st)
  }
  const withX = (op: VX): void => {
    op(c, M0, c.li(k, k >> 31), a, st)
  }
  if (cc === EQ) into(emit.vmseq_vi, k)
  else if (cc === NE) into(emit.vmsne_vi, k)
  else if (cc === SLE) into(emit.vmsle_vi, k)
  else if (cc === SGT) into(emit.vmsgt_vi, k)
  else if (cc === SLT) into(emit.vmsle_vi, k - 1)
  else if (cc === SGE) into(emit.vmsgt_vi, k - 1)
  else if (cc === ULE) into(emit.vmsleu_vi, k)
  else if (cc === UGT) into(emit.vmsgtu_vi, k)
  else if (cc === ULT) withX(emit.vmsltu_vx)
  else if (cc === UGE) {
    // not below: k - 1 would wrap for 0, which everything reaches
    if (k === 0) into(emit.vmsgtu_vi, -1)
    else into(emit.vmsgtu_vi, k - 1)
    if (k === 0) emit.vmnand_mm(c, M0, M0, M0, st)
  }
}

function set(c: RiscvLower, t: Type, cc: IntCC, x: Value, y: Value): VReg {
  compare(c, cc, stateOf(t), x, y)
  return lanesOfMask(c, stateOf(t))
}

/** (k & x) | (~k & y) */
export function selectBits(c: RiscvLower, st: number, k: VReg, x: VReg, y: VReg): VReg {
  return vv(c, emit.vxor_vv, st, y, vv(c, emit.vand_vv, st, vv(c, emit.vxor_vv, st, x, y), k))
}

function blend(c: RiscvLower, t: Type, k: Value, x: Value, y: Value): VReg {
  const st = stateOf(t)
  emit.vmslt_vx(c, M0, X0, v(c, k), st)
  return merge(c, st, v(c, x), v(c, y))
}

const imm5 = intRange(-16, 15)
const compareK = intRange(-15, 15)
const anyAmount = uintRange(0, 0x7fffffff)

// biome-ignore format: table
export const vectorIntegerRules: Rule[] = [
  rule('v_iadd_imm',  intVectors, [val, imm5],      (x, k) => comm(iadd)(x, splat(iconst(k))),  withImm(emit.vadd_vi)),
  rule('v_iadd_x',    intVectors, [val, val],       (x, y) => comm(iadd)(x, splat(y)),          withScalar(emit.vadd_vx)),
  rule('v_iadd',      intVectors, [val, val],       (x, y) => iadd(x, y),                       two(emit.vadd_vv)),
  rule('v_isub_x',    intVectors, [val, val],       (x, y) => isub(x, splat(y)),                withScalar(emit.vsub_vx)),
  rule('v_isub_from', intVectors, [val, val],       (x, y) => isub(splat(y), x),                withScalar(emit.vrsub_vx)),
  rule('v_isub',      intVectors, [val, val],       (x, y) => isub(x, y),                       two(emit.vsub_vv)),
  rule('v_ineg',      intVectors, [val],            (x) => ineg(x),                             (c, t, x) => vi(c, emit.vrsub_vi, stateOf(t), v(c, x), 0)),
  rule('v_iabs',      intVectors, [val],            (x) => iabs(x),                             (c, t, x) => { const a = v(c, x); return vv(c, emit.vmax_vv, stateOf(t), a, vi(c, emit.vrsub_vi, stateOf(t), a, 0)) }),
  rule('v_imul_x',    intVectors, [val, val],       (x, y) => comm(imul)(x, splat(y)),          withScalar(emit.vmul_vx)),
  rule('v_imul',      intVectors, [val, val],       (x, y) => imul(x, y),                       two(emit.vmul_vv)),
  rule('v_umulhi',    intVectors, [val, val],       (x, y) => umulhi(x, y),                     two(emit.vmulhu_vv)),
  rule('v_smulhi',    intVectors, [val, val],       (x, y) => smulhi(x, y),                     two(emit.vmulh_vv)),
  rule('v_smin',      intVectors, [val, val],       (x, y) => smin(x, y),                       two(emit.vmin_vv)),
  rule('v_smax',      intVectors, [val, val],       (x, y) => smax(x, y),                       two(emit.vmax_vv)),
  rule('v_umin',      intVectors, [val, val],       (x, y) => umin(x, y),                       two(emit.vminu_vv)),
  rule('v_umax',      intVectors, [val, val],       (x, y) => umax(x, y),                       two(emit.vmaxu_vv)),
  rule('v_uadd_sat',  intVectors, [val, val],       (x, y) => uadd_sat(x, y),                   two(emit.vsaddu_vv)),
  rule('v_sadd_sat',  intVectors, [val, val],       (x, y) => sadd_sat(x, y),                   two(emit.vsadd_vv)),
  rule('v_usub_sat',  intVectors, [val, val],       (x, y) => usub_sat(x, y),                   two(emit.vssubu_vv)),
  rule('v_ssub_sat',  intVectors, [val, val],       (x, y) => ssub_sat(x, y),                   two(emit.vssub_vv)),
  rule('v_avg_round', intVectors, [val, val],       (x, y) => avg_round(x, y),                  twoRounded(emit.vaaddu_vv)),
  rule('v_sqmul',     intVectors, [val, val],       (x, y) => sqmul_round_sat(x, y),            twoRounded(emit.vsmul_vv)),
  rule('v_pairwise',  intVectors, [val, val],       (x, y) => iadd_pairwise(x, y),              pairwise),

  rule('v_ishl_imm',  intVectors, [val, anyAmount], (x, n) => ishl(x, iconst(n)),               shiftImm(emit.vsll_vi, emit.vsll_vx)),
  rule('v_ishl',      intVectors, [val, val],       (x, n) => ishl(x, n),                       withScalar(emit.vsll_vx)),
  rule('v_ushr_imm',  intVectors, [val, anyAmount], (x, n) => ushr(x, iconst(n)),               shiftImm(emit.vsrl_vi, emit.vsrl_vx)),
  rule('v_ushr',      intVectors, [val, val],       (x, n) => ushr(x, n),                       withScalar(emit.vsrl_vx)),
  rule('v_sshr_imm',  intVectors, [val, anyAmount], (x, n) => sshr(x, iconst(n)),               shiftImm(emit.vsra_vi, emit.vsra_vx)),
  rule('v_sshr',      intVectors, [val, val],       (x, n) => sshr(x, n),                       withScalar(emit.vsra_vx)),
  rule('v_rotl_zvbb', intVectors, [val, val],       (x, n) => rotl(x, n),                       withScalar(emit.vrol_vx), { has: [zvbb] }),
  rule('v_rotl',      intVectors, [val, val],       (x, n) => rotl(x, n),                       (c, t, x, n) => rotate(c, t, x, n, true)),
  rule('v_rotr_zvbb', intVectors, [val, val],       (x, n) => rotr(x, n),                       withScalar(emit.vror_vx), { has: [zvbb] }),
  rule('v_rotr',      intVectors, [val, val],       (x, n) => rotr(x, n),                       (c, t, x, n) => rotate(c, t, x, n, false)),

  rule('v_popcnt_zvbb', intVectors, [val],          (x) => popcnt(x),                           (c, t, x) => v1(c, emit.vcpop_v, stateOf(t), v(c, x)), { has: [zvbb] }),
  rule('v_popcnt',    intVectors, [val],            (x) => popcnt(x),                           popcount),
  rule('v_andn',      vectors,    [val, val],       (x, y) => comm(band)(x, bnot(y)),           two(emit.vandn_vv), { has: [zvbb] }),
  rule('v_band_imm',  vectors,    [val, imm5],      (x, k) => comm(band)(x, splat(iconst(k))),  withImm(emit.vand_vi)),
  rule('v_band',      vectors,    [val, val],       (x, y) => band(x, y),                       two(emit.vand_vv)),
  rule('v_bor_imm',   vectors,    [val, imm5],      (x, k) => comm(bor)(x, splat(iconst(k))),   withImm(emit.vor_vi)),
  rule('v_bor',       vectors,    [val, val],       (x, y) => bor(x, y),                        two(emit.vor_vv)),
  rule('v_bxor_imm',  vectors,    [val, imm5],      (x, k) => comm(bxor)(x, splat(iconst(k))),  withImm(emit.vxor_vi)),
  rule('v_bxor',      vectors,    [val, val],       (x, y) => bxor(x, y),                       two(emit.vxor_vv)),
  rule('v_bnot',      vectors,    [val],            (x) => bnot(x),                             (c, t, x) => vi(c, emit.vxor_vi, stateOf(t), v(c, x), -1)),
  rule('v_bitselect_icmp', intVectors, [cc(), val, val, val, val], (p, a, b, x, y) => bitselect(icmp(p, a, b), x, y), (c, t, p, a, b, x, y) => { compare(c, p, stateOf(t), a, b); return merge(c, stateOf(t), v(c, x), v(c, y)) }),
  rule('v_bitselect', vectors,    [val, val, val],  (k, x, y) => bitselect(k, x, y),            (c, t, k, x, y) => selectBits(c, stateOf(t), v(c, k), v(c, x), v(c, y))),
  rule('v_blendv',    vectors,    [val, val, val],  (k, x, y) => blendv(k, x, y),               blend),

  rule('v_icmp_imm',  intVectors, [cc(), val, compareK], (p, x, k) => icmp(p, x, splat(iconst(k))), (c, t, p, x, k) => { compareImm(c, p, stateOf(t), x, k); return lanesOfMask(c, stateOf(t)) }),
  rule('v_icmp',      intVectors, [cc(), val, val], (p, x, y) => icmp(p, x, y),                 set),
]
