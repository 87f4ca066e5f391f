// The lowering context of riscv64: how emitters make instructions, and what the shared driver asks of the ISA.
//
// Representation: an integer narrower than 64 bits lives in the low bits of a register; the bits above are undefined, and whoever
// reads them extends first (zext, sext). The one exception is i32 results of *w instructions, which happen to be sign-extended; nothing relies
// on it. Floats live in float registers, NaN-boxed by the loads and moves that make them; an f16 without Zfhmin is boxed too, by hand.
import { i64 } from '@k23/entity'
import {
  bytes,
  F16,
  F32,
  F64,
  type Func,
  I128,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  isFloat,
  isVector,
  laneBits,
  Op,
  type Type,
  typeName,
  type Value,
} from '@k23/ir'
import { knownExtensions, LowerCtx, SIGN, type TargetIsa, type VCode, ZERO } from '@k23/machinst'
import { CLASS_FLOAT, CLASS_INT, CLASS_VECTOR } from '@k23/regalloc'
import { isPair } from './abi.ts'
import { factOf } from './extension.ts'
import * as feat from './features.ts'
import { emit, Opc, VSTATE_VALID } from './insts/index.ts'
import type { FReg, VReg, Writable, XReg } from './insts/index.ts'
import { SP_WORD, ZERO_WORD } from './registers.ts'
import { isHeld, stateOf, vectorLoadRow, vectorStoreRow } from './vector-types.ts'
import * as T from './table.ts'

const INT1: readonly number[] = [CLASS_INT]
const INT2: readonly number[] = [CLASS_INT, CLASS_INT]
const FLOAT1: readonly number[] = [CLASS_FLOAT]
const VECTOR1: readonly number[] = [CLASS_VECTOR]

type RRR = (s: RvCtx, rd: Writable<XReg>, rs1: XReg, rs2: XReg) => number
type RRI = (s: RvCtx, rd: Writable<XReg>, rs1: XReg, imm: number) => number
type RR = (s: RvCtx, rd: Writable<XReg>, rs1: XReg) => number

export const X0: XReg = ZERO_WORD as XReg

export abstract class RvCtx extends LowerCtx {
  /** What is known of the bits above narrow values (extension.ts). */
  private readonly known: Uint8Array

  protected constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array) {
    super(isa, func, v, features, settings)
    this.known = knownExtensions(func, factOf)
  }

  // ---- operands

  /** Operand of an integer value: the zero register for 0. */
  x(v: Value): XReg {
    return this.use(v) as XReg
  }
  /** The same in a virtual register (for operands whose register is reused). */
  xv(v: Value): XReg {
    return this.virtual(this.use(v)) as XReg
  }
  f(v: Value): FReg {
    return this.use(v) as FReg
  }
  /** Low and high halves of an i128. */
  lo(v: Value): XReg {
    return this.usePart(v, 0) as XReg
  }
  hi(v: Value): XReg {
    return this.usePart(v, 1) as XReg
  }
  tx(): Writable<XReg> {
    return this.temp(CLASS_INT) as Writable<XReg>
  }
  tf(): Writable<FReg> {
    return this.temp(CLASS_FLOAT) as Writable<FReg>
  }
  /** A virtual register with the contents of `r`. */
  virtual(r: number): number {
    if ((r & 1) !== 0) return r
    const t = this.tx()
    emit.addi(this, t, r as XReg, 0)
    return t
  }

  // ---- instructions into a fresh register

  rrr(op: RRR, a: XReg, b: XReg): XReg {
    const d = this.tx()
    op(this, d, a, b)
    return d
  }
  rri(op: RRI, a: XReg, imm: number): XReg {
    const d = this.tx()
    op(this, d, a, imm)
    return d
  }
  rr(op: RR, a: XReg): XReg {
    const d = this.tx()
    op(this, d, a)
    return d
  }

  /** Sign-extends the low bits of a type to 64. */
  sextReg(r: XReg, t: Type): XReg {
    const n = laneBits(t)
    if (n >= 64 || r === X0) return r
    if (n === 32) return this.rri(emit.addiw, r, 0)
    if (this.has(feat.ZBB)) return this.rr(n === 8 ? emit.sext_b : emit.sext_h, r)
    return this.rri(emit.srai, this.rri(emit.slli, r, 64 - n), 64 - n)
  }
  /** Zero-extends the low bits of a type to 64. */
  zextReg(r: XReg, t: Type): XReg {
    const n = laneBits(t)
    if (n >= 64 || r === X0) return r
    if (n === 8) return this.rri(emit.andi, r, 255)
    if (n === 32 && this.has(feat.ZBA)) return this.rrr(emit.add_uw, r, X0)
    if (n === 16 && this.has(feat.ZBB)) return this.rr(emit.zext_h, r)
    return this.rri(emit.srli, this.rri(emit.slli, r, 64 - n), 64 - n)
  }
  /** A value, extended to 64 bits. A constant is made extended. */
  sx(v: Value): XReg {
    return (this.known[v] & SIGN) !== 0 ? this.x(v) : this.sextReg(this.x(v), this.func.typeOf(v))
  }
  zx(v: Value): XReg {
    const k = this.constantOf(v)
    const t = this.func.typeOf(v)
    if (k === -1) return (this.known[v] & ZERO) !== 0 ? this.x(v) : this.zextReg(this.x(v), t)
    const n = laneBits(t)
    const lo = this.func.imm0[k]
    return n === 64 ? this.li(lo, this.func.imm1[k]) : this.li(n === 32 ? lo : lo & ((1 << n) - 1), 0)
  }
  /** A shift amount of any integer type: its low register. */
  amount(v: Value): XReg {
    return isPair(this.func.typeOf(v)) ? this.lo(v) : this.x(v)
  }

  /** A 64-bit constant in a register, by the shortest sequence; four or more instructions become a load. */
  li(lo: number, hi: number): XReg {
    if (lo === 0 && hi === 0) return X0
    let length = sequenceLength(lo, hi)
    if (length > 1 && this.has(feat.ZBS) && isPowerOfTwo(lo, hi)) return this.rri(emit.bseti, X0, i64.ctz(lo, hi))
    if (length > 2 && hi >= 0) {
      // With leading zeros: from the top, what comes in below being zeros or ones, and down again.
      const n = i64.clz(lo, hi)
      const topLo = i64.shl(lo, hi, n)
      const topHi = i64.hi
      const onesLo = topLo | (n >= 32 ? -1 : (1 << n) - 1)
      const onesHi = topHi | (n > 32 ? 2 ** (n - 32) - 1 : 0)
      const zeros = sequenceLength(topLo, topHi) + 1
      const ones = sequenceLength(onesLo, onesHi) + 1
      length = Math.min(length, zeros, ones)
      if (length <= 4 && length === ones) return this.rri(emit.srli, this.build(onesLo, onesHi), n)
      if (length <= 4 && length === zeros) return this.rri(emit.srli, this.build(topLo, topHi), n)
    }
    if (length > 4) {
      const d = this.tx()
      this.words.push(T.LD_CONST | (4 << 16))
      this.words.push(d)
      this.words.push(lo)
      this.words.push(hi)
      return d
    }
    return this.build(lo, hi)
  }
  private build(lo: number, hi: number): XReg {
    if (lo === 0 && hi === 0) return X0
    if (hi === lo >> 31) {
      if (lo >= -2048 && lo <= 2047) return this.rri(emit.addi, X0, lo)
      const low = (lo << 20) >> 20
      // lui sign-extends from bit 31 and addiw wraps there, so that 0x7fffffff works too
      const d = this.tx()
      emit.lui(this, d, ((lo - low) >>> 12) & 0xfffff)
      return low === 0 ? d : this.rri(emit.addiw, d, low)
    }
    const low = (lo << 20) >> 20
    const restLo = i64.sub(lo, hi, low, low >> 31)
    const restHi = i64.hi
    const shift = i64.ctz(restLo, restHi)
    const upLo = i64.sshr(restLo, restHi, shift)
    const up = this.build(upLo, i64.hi)
    const shifted = this.rri(emit.slli, up, shift)
    return low === 0 ? shifted : this.rri(emit.addi, shifted, low)
  }

  // ---- floats

  /** A float constant by its bits: fli where Zfa has it, through an integer where that is short, else from behind the function. */
  lf(t: Type, lo: number, hi: number): FReg {
    const d = this.tf()
    if (this.has(feat.ZFA) && t !== F16) {
      const n = fliIndex(t, lo, hi)
      if (n !== -1) {
        if (t === F64) emit.fli_d(this, d, n)
        else emit.fli_s(this, d, n)
        return d
      }
    }
    if (t === F64) {
      if (sequenceLength(lo, hi) <= 2) emit.fmv_d_x(this, d, this.li(lo, hi))
      else {
        this.words.push(T.LD_CONST_F | (4 << 16))
        this.words.push(d)
        this.words.push(lo)
        this.words.push(hi)
      }
    } else {
      // f16 is boxed in the low half of a single
      const bits = t === F32 ? lo : lo | 0xffff0000
      emit.fmv_w_x(this, d, this.li(bits, bits >> 31))
    }
    return d
  }
  /** The constant `x`, exact in t. */
  constF(t: Type, x: number): FReg {
    if (t === F64) {
      scratch.setFloat64(0, x, true)
      return this.lf(t, scratch.getInt32(0, true), scratch.getInt32(4, true))
    }
    if (t === F32) {
      scratch.setFloat32(0, x, true)
      return this.lf(t, scratch.getInt32(0, true), 0)
    }
    // normal f16: five bits of exponent, ten of mantissa
    const e = Math.floor(Math.log2(Math.abs(x)))
    return this.lf(t, (x < 0 ? 0x8000 : 0) | ((e + 15) << 10) | ((Math.abs(x) / 2 ** e - 1) * 1024), 0)
  }
  /** The bits of an f16, those above undefined. */
  halfBits(x: FReg): XReg {
    const d = this.tx()
    if (this.has(feat.ZFHMIN)) emit.fmv_x_h(this, d, x)
    else emit.fmv_x_w(this, d, x)
    return d
  }
  /** An f16 with the low bits of an integer register, boxed. */
  halfFromBits(x: XReg): FReg {
    const d = this.tf()
    if (this.has(feat.ZFHMIN)) emit.fmv_h_x(this, d, x)
    else emit.fmv_w_x(this, d, this.rrr(emit.or, this.zextReg(x, I16), this.li(0xffff0000 | 0, -1)))
    return d
  }

  /** Address operand: register and 12-bit offset for `base + offset`. The register; the offset is in addrOffset. */
  addr(base: Value, offset: number): XReg {
    return this.near(this.x(base), offset)
  }
  private near(base: XReg, offset: number): XReg {
    this.addrOffset = 0
    if (offset >= -2048 && offset <= 2047) {
      this.addrOffset = offset
      return base
    }
    const low = (offset << 20) >> 20
    this.addrOffset = low
    const up = i64.sub(offset, offset >> 31, low, low >> 31)
    return this.rrr(emit.add, base, this.li(up, i64.hi))
  }
  addrOffset = 0

  /** base + offset in a register, for instructions without an offset. */
  offsetTo(base: XReg, offset: number): XReg {
    if (offset === 0) return base
    if (offset >= -2048 && offset <= 2047) return this.rri(emit.addi, base, offset)
    return this.rrr(emit.add, base, this.li(offset, offset >> 31))
  }

  // ---- pseudo-instructions

  /** Conditional branch to the first successor where `row` (beq, bne, blt, bge, bltu, bgeu) holds. */
  br(row: number, a: XReg, b: XReg): void {
    const w = this.words
    w.push(T.BR | (4 << 16))
    w.push(row)
    w.push(a)
    w.push(b)
  }
  trapIf(row: number, a: XReg, b: XReg, code: number): void {
    const w = this.words
    w.push(T.TRAP_IF | (5 << 16))
    w.push(row)
    w.push(a)
    w.push(b)
    w.push(code)
  }
  /** row(a, b) ? x : y for integers. */
  selectX(row: number, a: XReg, b: XReg, x: XReg, y: XReg): XReg {
    const d = this.tx()
    const w = this.words
    const xv = this.virtual(x)
    w.push(T.SELECT | (7 << 16))
    w.push(row)
    w.push(d)
    w.push(xv)
    w.push(a)
    w.push(b)
    w.push(y)
    return d
  }
  selectF(row: number, a: XReg, b: XReg, x: FReg, y: FReg): FReg {
    const d = this.tf()
    const w = this.words
    w.push(T.SELECT_F | (7 << 16))
    w.push(row)
    w.push(d)
    w.push(x)
    w.push(a)
    w.push(b)
    w.push(y)
    return d
  }
  symbol(extra: unknown): XReg {
    const d = this.tx()
    const at = this.v.extra.push(extra) - 1
    this.words.push(T.SYMBOL | (3 << 16))
    this.words.push(d)
    this.words.push(at)
    return d
  }

  // ---- for the shared driver

  classesOf(t: Type): readonly number[] {
    if (isVector(t)) {
      if (!isHeld(t))
        this.unsupported(`the type ${typeName(t)}`, 'vectors of riscv64 have at most 128 bits, in lanes of at most 64')
      if (!this.has(feat.V)) this.unsupported(`the type ${typeName(t)}`, 'it needs has_v')
      return VECTOR1
    }
    return isPair(t) ? INT2 : isFloat(t) ? FLOAT1 : INT1
  }
  partType(t: Type, _i: number): Type {
    return isPair(t) ? I64 : t
  }
  genConstant(inst: Inst): number {
    const f = this.func
    const lo = f.imm0[inst]
    const hi = f.imm1[inst]
    switch (f.op[inst]) {
      case Op.iconst: {
        const t = f.ctrl[inst] as Type
        if (t === I64) return this.li(lo, hi)
        const n = 32 - laneBits(t)
        const s = (lo << n) >> n
        return this.li(s, s >> 31)
      }
      case Op.f64const:
        return this.lf(F64, lo, hi)
      case Op.f32const:
        return this.lf(F32, lo, 0)
      default:
        return this.lf(F16, lo, 0)
    }
  }
  genMove(dst: number, src: number, cls: number): void {
    if (cls === CLASS_VECTOR) emit.vmv1r_v(this, dst as Writable<VReg>, src as VReg, VSTATE_VALID)
    else if (cls === CLASS_FLOAT) emit.fsgnj_d(this, dst as Writable<FReg>, src as FReg, src as FReg)
    else emit.addi(this, dst as Writable<XReg>, src as XReg, 0)
  }
  genTransfer(dst: number, src: number, type: Type): void {
    const toFloat = this.v.vregClass[dst >> 1] === CLASS_FLOAT
    if (toFloat) {
      if (type === F64) emit.fmv_d_x(this, dst as Writable<FReg>, src as XReg)
      else if (type === F16) this.genMove(dst, this.halfFromBits(src as XReg), CLASS_FLOAT)
      else emit.fmv_w_x(this, dst as Writable<FReg>, src as XReg)
    } else if (type === F64) emit.fmv_x_d(this, dst as Writable<XReg>, src as FReg)
    else emit.fmv_x_w(this, dst as Writable<XReg>, src as FReg)
  }
  genExtend(src: number, type: Type, signed: boolean): number {
    return signed ? this.sextReg(src as XReg, type) : this.zextReg(src as XReg, type)
  }
  private frameOp(opcode: number, reg: number, kind: number, offset: number, type: Type): void {
    const w = this.words
    w.push(opcode | (5 << 16))
    w.push(reg)
    w.push(kind)
    w.push(offset)
    w.push(type)
  }
  genFrameLoad(dst: number, kind: number, offset: number, type: Type): void {
    this.frameOp(
      isVector(type) ? T.FRAME_LOAD_V : isFloat(type) ? T.FRAME_LOAD_F : T.FRAME_LOAD,
      dst,
      kind,
      offset,
      this.inFrame(type),
    )
  }
  genFrameStore(src: number, kind: number, offset: number, type: Type): void {
    this.frameOp(
      isVector(type) ? T.FRAME_STORE_V : isFloat(type) ? T.FRAME_STORE_F : T.FRAME_STORE,
      src,
      kind,
      offset,
      this.inFrame(type),
    )
  }
  /** An f16 travels through the frame with its box where the target has no halfword loads of floats. */
  private inFrame(type: Type): Type {
    return type === F16 && !this.has(feat.ZFHMIN) ? F32 : type
  }
  genFrameAddr(dst: number, kind: number, offset: number): void {
    const w = this.words
    w.push(T.FRAME_ADDR | (4 << 16))
    w.push(dst)
    w.push(kind)
    w.push(offset)
  }
  genLoad(dst: number, base: number, offset: number, type: Type): void {
    const at = this.near(base as XReg, offset)
    const k = this.addrOffset
    if (isVector(type)) vectorLoadRow(type)(this, dst as Writable<VReg>, this.offsetTo(at, k), stateOf(type))
    else if (type === F16 && !this.has(feat.ZFHMIN))
      this.genMove(dst, this.halfFromBits(this.rri(emit.lhu, at, k)), CLASS_FLOAT)
    else loadRow(type)(this, dst as never, at, k)
  }
  genStore(src: number, base: number, offset: number, type: Type): void {
    const at = this.near(base as XReg, offset)
    const k = this.addrOffset
    if (isVector(type)) vectorStoreRow(type)(this, this.offsetTo(at, k), src as VReg, stateOf(type))
    else if (type === F16 && !this.has(feat.ZFHMIN)) emit.sh(this, at, this.halfBits(src as FReg), k)
    else storeRow(type)(this, at, src as never, k)
  }
  genAddImm(base: number, lo: number, hi: number): number {
    return this.rrr(emit.add, base as XReg, this.li(lo, hi))
  }
  genTrapIfBelow(limit: number, code: number): void {
    this.trapIf(Opc.bltu, SP_WORD as XReg, limit as XReg, code)
  }
  genBlockAddr(block: number): number {
    const d = this.tx()
    this.words.push(T.BLOCK_ADDR | (3 << 16))
    this.words.push(d)
    this.words.push(block)
    return d
  }
}

type LoadFn = (s: RvCtx, rd: never, rs1: XReg, offset: number) => number
type StoreFn = (s: RvCtx, rs1: XReg, rs2: never, offset: number) => number

const scratch = new DataView(new ArrayBuffer(8))

/** Values of fli from its second on, by index (25.1); index 1 is the least normal number, 31 the canonical NaN. */
const FLI: readonly number[] = [
  -1,
  Number.NaN,
  2 ** -16,
  2 ** -15,
  2 ** -8,
  2 ** -7,
  2 ** -4,
  2 ** -3,
  0.25,
  0.3125,
  0.375,
  0.4375,
  0.5,
  0.625,
  0.75,
  0.875,
  1,
  1.25,
  1.5,
  1.75,
  2,
  2.5,
  3,
  4,
  8,
  16,
  128,
  256,
  2 ** 15,
  2 ** 16,
  Number.POSITIVE_INFINITY,
]

/** Which constant of fli has these bits in f32 or f64, or -1. */
function fliIndex(t: Type, lo: number, hi: number): number {
  const double = t === F64
  if (double ? lo === 0 && hi === 0x00100000 : lo === 0x00800000) return 1
  if (double ? lo === 0 && hi === 0x7ff80000 : lo === 0x7fc00000) return 31
  scratch.setInt32(0, lo, true)
  scratch.setInt32(4, hi, true)
  return FLI.indexOf(double ? scratch.getFloat64(0, true) : scratch.getFloat32(0, true))
}

/** Full-width load of a one-register type. */
export function loadRow(t: Type): LoadFn {
  if (t === I64) return emit.ld
  if (t === I32) return emit.lw
  if (t === I16) return emit.lh
  if (t === I8) return emit.lb
  if (t === F64) return emit.fld
  if (t === F32) return emit.flw
  if (t === F16) return emit.flh
  return bytes(t) === 8 ? emit.ld : emit.lw
}
export function storeRow(t: Type): StoreFn {
  if (t === I64) return emit.sd
  if (t === I32) return emit.sw
  if (t === I16) return emit.sh
  if (t === I8) return emit.sb
  if (t === F64) return emit.fsd
  if (t === F32) return emit.fsw
  if (t === F16) return emit.fsh
  return bytes(t) === 8 ? emit.sd : emit.sw
}

function isPowerOfTwo(lo: number, hi: number): boolean {
  return (lo === 0) !== (hi === 0) && (lo & (lo - 1)) === 0 && (hi & (hi - 1)) === 0
}

/** Instructions that RvCtx.build takes for a constant. */
function sequenceLength(lo: number, hi: number): number {
  if (lo === 0 && hi === 0) return 0
  if (hi === lo >> 31) return lo >= -2048 && lo <= 2047 ? 1 : (lo << 20) >> 20 === 0 ? 1 : 2
  const low = (lo << 20) >> 20
  const restLo = i64.sub(lo, hi, low, low >> 31)
  const restHi = i64.hi
  const shift = i64.ctz(restLo, restHi)
  const upLo = i64.sshr(restLo, restHi, shift)
  return sequenceLength(upLo, i64.hi) + 1 + (low === 0 ? 0 : 1)
}

export { I128, Opc }
