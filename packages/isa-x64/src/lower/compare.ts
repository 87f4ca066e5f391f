// Conditions: a comparison sets the flags, and what follows it (branch, trap, selection, setcc) reads them. Whoever asks for a condition has asked for all its
// other operands before, so that nothing but the allocator's moves comes between.
//
// A condition is one number: bits 0-3 a hardware condition code, bits 4-7 a second one, bits 8-9 how they combine (T.COND_*).
import {
  EQ,
  F128,
  F32,
  F64,
  FCC_EQ,
  FCC_GE,
  FCC_GT,
  FCC_LE,
  FCC_LT,
  FCC_NE,
  FCC_ONE,
  FCC_ORD,
  FCC_UEQ,
  FCC_UGE,
  FCC_UGT,
  FCC_ULE,
  FCC_ULT,
  FCC_UNO,
  type FloatCC,
  I128,
  type IntCC,
  laneBits,
  NE,
  Op,
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
import { inXmm } from '../abi.ts'
import { CC, emit } from '../insts/index.ts'
import type { Gpr, Xmm } from '../insts/index.ts'
import * as T from '../table.ts'
import * as feat from '../features.ts'
import type { X64Lower } from './driver.ts'
import { immediate, sink, sinkableLoad } from './operands.ts'

/** A condition on the flags. */
export type Cond = number

export function both(a: number, b: number): Cond {
  return a | (b << 4) | (T.COND_AND << 8)
}
export function either(a: number, b: number): Cond {
  return a | (b << 4) | (T.COND_OR << 8)
}
export function invert(k: Cond): Cond {
  const mode = k >> 8
  return ((k & 0xff) ^ 0x11) | ((mode === 0 ? 0 : 3 - mode) << 8)
}

const hardware = new Map<number, number>([
  [EQ, CC.e],
  [NE, CC.ne],
  [SLT, CC.l],
  [SGE, CC.ge],
  [SGT, CC.g],
  [SLE, CC.le],
  [ULT, CC.b],
  [UGE, CC.ae],
  [UGT, CC.a],
  [ULE, CC.be],
])
const exchanged = new Map<number, IntCC>([
  [SLT, SGT],
  [SGT, SLT],
  [SLE, SGE],
  [SGE, SLE],
  [ULT, UGT],
  [UGT, ULT],
  [ULE, UGE],
  [UGE, ULE],
])

export function hardwareCode(cc: IntCC): number {
  return hardware.get(cc) as number
}

// By log2 of the width in bytes.
const cmpRR = [emit.cmpb_rr, emit.cmpw_rr, emit.cmpl_rr, emit.cmpq_rr]
const cmpRM = [emit.cmpb_rm, emit.cmpw_rm, emit.cmpl_rm, emit.cmpq_rm]
const cmpRI = [emit.cmpb_ri, emit.cmpw_ri, emit.cmpl_ri, emit.cmpq_ri]
const cmpMI = [emit.cmpb_mi, emit.cmpw_mi, emit.cmpl_mi, emit.cmpq_mi]
const testRR = [emit.testb_rr, emit.testw_rr, emit.testl_rr, emit.testq_rr]
const testMR = [emit.testb_mr, emit.testw_mr, emit.testl_mr, emit.testq_mr]
const testMI = [emit.testb_mi, emit.testw_mi, emit.testl_mi, emit.testq_mi]
const testRI = [emit.testb_ri, emit.testw_ri, emit.testl_ri, emit.testq_ri]

/** Index into tables by width. */
export function sizeIndex(t: Type): number {
  return 28 - Math.clz32(laneBits(t))
}

/** The flags of x - y, and what of them says x cc y. */
export function compare(c: X64Lower, cc: IntCC, x: Value, y: Value): Cond {
  const t = c.func.typeOf(x)
  if (t === I128) return comparePair(c, cc, x, y)
  if (c.constantOf(x) !== -1 && c.constantOf(y) === -1) return compare(c, exchanged.get(cc) ?? cc, y, x)
  const w = sizeIndex(t)
  const k = immediate(c, y, t, laneBits(t))
  if (k === 0 && (cc === EQ || cc === NE)) {
    test(c, x, t)
    return hardwareCode(cc)
  }
  if (k !== undefined) {
    const load = sinkableLoad(c, x)
    if (load !== -1) cmpMI[w](c, sink(c, load), k)
    else if (k === 0) {
      const a = c.g(x)
      testRR[w](c, a, a)
    } else cmpRI[w](c, c.g(x), k)
    return hardwareCode(cc)
  }
  const right = sinkableLoad(c, y)
  if (right !== -1) {
    const a = c.g(x)
    cmpRM[w](c, a, sink(c, right))
    return hardwareCode(cc)
  }
  const left = sinkableLoad(c, x)
  if (left !== -1) {
    const b = c.g(y)
    cmpRM[w](c, b, sink(c, left))
    return hardwareCode(exchanged.get(cc) ?? cc)
  }
  const a = c.g(x)
  cmpRR[w](c, a, c.g(y))
  return hardwareCode(cc)
}

/** "The top bit of x is set". */
export function topBit(c: X64Lower, x: Value): Cond {
  const t = c.func.typeOf(x)
  if (t === F128) {
    const signs = c.tg()
    emit.movmskps_rr(c, signs, c.x(x))
    emit.testl_ri(c, signs, 8)
    return CC.ne
  }
  const r = t === I128 ? c.hi(x) : inXmm(t) ? c.bitsOf(c.x(x), t) : c.g(x)
  testRR[t === I128 ? 3 : sizeIndex(t)](c, r, r)
  return CC.s
}

/** The flags of x & x, or, where x is an `and`, of its operands: ZF and SF of the value. */
function test(c: X64Lower, x: Value, t: Type): void {
  const w = sizeIndex(t)
  const d = c.defOf[x]
  if (d !== -1 && c.func.op[d] === Op.band) {
    const a = c.func.arg(d as never, 0)
    const b = c.func.arg(d as never, 1)
    for (const [p, q] of [
      [a, b],
      [b, a],
    ]) {
      const k = immediate(c, q, t, laneBits(t))
      if (k === undefined) continue
      const load = sinkableLoad(c, p)
      if (load !== -1) testMI[w](c, sink(c, load), k)
      else testRI[w](c, c.g(p), k)
      return
    }
    for (const [p, q] of [
      [a, b],
      [b, a],
    ]) {
      const load = sinkableLoad(c, p)
      if (load === -1) continue
      const r = c.g(q)
      testMR[w](c, r, sink(c, load))
      return
    }
    const r = c.g(a)
    testRR[w](c, r, c.g(b))
    return
  }
  const load = sinkableLoad(c, x)
  if (load !== -1) cmpMI[w](c, sink(c, load), 0)
  else {
    const r = c.g(x)
    testRR[w](c, r, r)
  }
}

/** Equality by xor and or of the halves; order by a subtraction with borrow, whose flags are those of the whole difference but for ZF. */
function comparePair(c: X64Lower, cc: IntCC, x: Value, y: Value): Cond {
  if (cc === EQ || cc === NE) {
    const lo = c.two(emit.xorq_rr, c.lo(x), c.lo(y))
    const hi = c.two(emit.xorq_rr, c.hi(x), c.hi(y))
    c.two(emit.orq_rr, lo, hi)
    return hardwareCode(cc)
  }
  const swap = cc === SGT || cc === UGT || cc === SLE || cc === ULE
  const [a, b] = swap ? [y, x] : [x, y]
  const al = c.lo(a)
  const ah = c.hi(a)
  const bl = c.lo(b)
  const bh = c.hi(b)
  emit.cmpq_rr(c, al, bl)
  c.two(emit.sbbq_rr, ah, bh)
  return hardwareCode(swap ? (exchanged.get(cc) as IntCC) : cc)
}

// ---- floats: ucomis sets ZF, PF and CF all for unordered operands (Intel SDM, UCOMISD)

const floatConds = new Map<number, Cond>([
  [FCC_ORD, CC.np],
  [FCC_UNO, CC.p],
  [FCC_EQ, both(CC.e, CC.np)],
  [FCC_NE, either(CC.ne, CC.p)],
  [FCC_ONE, CC.ne],
  [FCC_UEQ, CC.e],
  [FCC_GT, CC.a],
  [FCC_GE, CC.ae],
  [FCC_ULT, CC.b],
  [FCC_ULE, CC.be],
])
/** Those of exchanged operands. */
const floatExchanged = new Map<number, FloatCC>([
  [FCC_LT, FCC_GT],
  [FCC_LE, FCC_GE],
  [FCC_UGT, FCC_ULT],
  [FCC_UGE, FCC_ULE],
])

/** The flags of a comparison of f32 or f64, and what of them says x cc y. */
export function compareFloat(c: X64Lower, cc: FloatCC, x: Value, y: Value): Cond {
  const direct = floatConds.get(cc)
  const a = direct === undefined ? y : x
  const b = direct === undefined ? x : y
  const cond = direct ?? (floatConds.get(floatExchanged.get(cc) as FloatCC) as Cond)
  compareXmm(c, c.func.typeOf(x), c.x(a), b)
  return cond
}

/** The same of operands in registers. */
export function compareFloatRegs(c: X64Lower, cc: FloatCC, t: Type, a: Xmm, b: Xmm): Cond {
  const direct = floatConds.get(cc)
  const avx = c.has(feat.AVX)
  const row = t === F64 ? (avx ? emit.vucomisd_rr : emit.ucomisd_rr) : avx ? emit.vucomiss_rr : emit.ucomiss_rr
  row(c, direct === undefined ? b : a, direct === undefined ? a : b)
  return direct ?? (floatConds.get(floatExchanged.get(cc) as FloatCC) as Cond)
}

function compareXmm(c: X64Lower, t: Type, a: Xmm, y: Value): void {
  const avx = c.has(feat.AVX)
  const load = sinkableLoad(c, y)
  if (load !== -1) {
    const m = sink(c, load)
    if (t === F64) (avx ? emit.vucomisd_rm : emit.ucomisd_rm)(c, a, m)
    else (avx ? emit.vucomiss_rm : emit.ucomiss_rm)(c, a, m)
    return
  }
  const b = c.x(y)
  if (t === F64) (avx ? emit.vucomisd_rr : emit.ucomisd_rr)(c, a, b)
  else (avx ? emit.vucomiss_rr : emit.ucomiss_rr)(c, a, b)
}

// ---- what reads conditions

/** "x is not zero", looking through the comparison that made x. */
export function truth(c: X64Lower, x: Value): Cond {
  const f = c.func
  const d = c.defOf[x]
  if (d !== -1) {
    const a = f.numArgs(d as never) === 2 ? f.arg(d as never, 0) : x
    const at = f.typeOf(a)
    if (f.op[d] === Op.icmp && isIntScalar(at)) return compare(c, f.imm0[d] as IntCC, a, f.arg(d as never, 1))
    if (f.op[d] === Op.fcmp && (at === F32 || at === F64))
      return compareFloat(c, f.imm0[d] as FloatCC, a, f.arg(d as never, 1))
  }
  const t = f.typeOf(x)
  if (t === I128) c.two(emit.orq_rr, c.lo(x), c.hi(x))
  else test(c, x, t)
  return CC.ne
}

function isIntScalar(t: Type): boolean {
  return t === I128 || (t < 16 && laneBits(t) <= 64)
}

/** 0 or 1 in the low byte. */
export function setCond(c: X64Lower, k: Cond): Gpr {
  const set = (cc: number): Gpr => {
    const d = c.tg()
    emit.setcc_r(c, d, cc)
    return d
  }
  const first = set(k & 15)
  if (k >> 8 === T.COND_ONE) return first
  const second = set((k >> 4) & 15)
  return c.two(k >> 8 === T.COND_AND ? emit.andl_rr : emit.orl_rr, first, second)
}

/** k ? x : y in general registers, on 64 bits. */
export function selectGpr(c: X64Lower, k: Cond, x: Gpr, y: Gpr): Gpr {
  const mov = (y2: Gpr, x2: Gpr, cc: number): Gpr => {
    const d = c.tg()
    emit.cmovq_rr(c, d, y2, x2, cc)
    return d
  }
  const cc = k & 15
  const cc2 = (k >> 4) & 15
  if (k >> 8 === T.COND_ONE) return mov(y, x, cc)
  if (k >> 8 === T.COND_OR) return mov(mov(y, x, cc), x, cc2)
  return mov(mov(x, y, cc ^ 1), y, cc2 ^ 1)
}

export function selectXmm(c: X64Lower, k: Cond, x: Xmm, y: Xmm): Xmm {
  return c.selectX(x, y, k & 15, k >> 8, (k >> 4) & 15)
}

export function branchIf(c: X64Lower, k: Cond): void {
  c.br(k & 15, k >> 8, (k >> 4) & 15)
}

export function trapWhere(c: X64Lower, k: Cond, code: number): void {
  c.trapIf(k & 15, code, k >> 8, (k >> 4) & 15)
}
