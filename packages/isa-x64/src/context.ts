// The lowering context of x64: how emitters make instructions, and what the shared driver asks of the ISA.
//
// Representation: an integer narrower than 64 bits lives in the low bits of a register; the bits above are undefined, and whoever reads them extends first
// (sx, zx). An i128 is two registers. Floats and vectors live in the low bytes of a vector register; what is above is undefined.
// The flags live between two instructions that one rule makes, with nothing but the allocator's moves between, which leave them alone: operands are
// asked for (use) before the instruction that sets the flags is made.
import { I32Vec } from '@k23/entity'
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
  isVector,
  laneBits,
  Op,
  type Type,
  typeName,
  type Value,
} from '@k23/ir'
import { knownExtensions, LowerCtx, SIGN, type TargetIsa, type VCode, ZERO } from '@k23/machinst'
import { CLASS_FLOAT, CLASS_INT } from '@k23/regalloc'
import { inXmm } from './abi.ts'
import { factOf } from './extension.ts'
import * as feat from './features.ts'
import { CC, emit, memBase, memFrame, memIndex, memRip, memSymbol } from './insts/index.ts'
import type { Gpr, Label, Mem, Writable, Xmm } from './insts/index.ts'
import { RSP_WORD } from './registers.ts'
import type { SymbolRef } from './symbols.ts'
import * as T from './table.ts'

const INT1: readonly number[] = [CLASS_INT]
const INT2: readonly number[] = [CLASS_INT, CLASS_INT]
const XMM1: readonly number[] = [CLASS_FLOAT]

/** Shapes of constructors (insts/README has the naming): destination, its value before, source. */
export type Two = (s: X64Ctx, dst: Writable<Gpr>, dstIn: Gpr, src: Gpr) => number
export type TwoImm = (s: X64Ctx, dst: Writable<Gpr>, dstIn: Gpr, imm: number) => number
export type TwoMem = (s: X64Ctx, dst: Writable<Gpr>, dstIn: Gpr, mem: Mem) => number
export type One = (s: X64Ctx, dst: Writable<Gpr>, src: Gpr) => number
export type InPlace = (s: X64Ctx, dst: Writable<Gpr>, dstIn: Gpr) => number
export type Load = (s: X64Ctx, dst: Writable<Gpr>, mem: Mem) => number
/** Those that write to memory: from a register, an immediate, and of one operand. */
export type MemReg = (s: X64Ctx, src: Gpr, mem: Mem) => number
export type MemImm = (s: X64Ctx, mem: Mem, imm: number) => number
export type MemOnly = (s: X64Ctx, mem: Mem) => number
export type XTwo = (s: X64Ctx, dst: Writable<Xmm>, dstIn: Xmm, src: Xmm) => number
export type XTwoMem = (s: X64Ctx, dst: Writable<Xmm>, dstIn: Xmm, mem: Mem) => number
export type XTwoImm = (s: X64Ctx, dst: Writable<Xmm>, dstIn: Xmm, imm: number) => number
export type XOne = (s: X64Ctx, dst: Writable<Xmm>, src: Xmm) => number
export type XOneImm = (s: X64Ctx, dst: Writable<Xmm>, src: Xmm, imm: number) => number
export type XLoad = (s: X64Ctx, dst: Writable<Xmm>, mem: Mem) => number
export type XThree = (s: X64Ctx, dst: Writable<Xmm>, a: Xmm, b: Xmm) => number
export type XThreeMem = (s: X64Ctx, dst: Writable<Xmm>, a: Xmm, mem: Mem) => number
export type XThreeImm = (s: X64Ctx, dst: Writable<Xmm>, a: Xmm, b: Xmm, imm: number) => number

export abstract class X64Ctx extends LowerCtx {
  /** Memory operands of the instruction that is lowered (insts: four words each). */
  readonly mem: I32Vec = new I32Vec(64)
  /** What is known of the bits above narrow values. */
  private readonly known: Uint8Array

  protected constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array) {
    super(isa, func, v, features, settings)
    this.known = knownExtensions(func, factOf)
  }

  // ---- operands

  /** Operand of an integer value, its upper bits undefined. */
  g(v: Value): Gpr {
    return this.use(v) as Gpr
  }
  /** Operand of a float or vector. */
  x(v: Value): Xmm {
    return this.use(v) as Xmm
  }
  /** Low and high halves of an i128. */
  lo(v: Value): Gpr {
    return this.usePart(v, 0) as Gpr
  }
  hi(v: Value): Gpr {
    return this.usePart(v, 1) as Gpr
  }
  tg(): Writable<Gpr> {
    return this.temp(CLASS_INT) as Writable<Gpr>
  }
  tx(): Writable<Xmm> {
    return this.temp(CLASS_FLOAT) as Writable<Xmm>
  }
  /** The low register of an integer of any width (a shift amount). */
  low(v: Value): Gpr {
    return this.func.typeOf(v) === I128 ? this.lo(v) : this.g(v)
  }

  // ---- instructions into a fresh register

  two(op: Two, a: Gpr, b: Gpr): Gpr {
    const d = this.tg()
    op(this, d, a, b)
    return d
  }
  twoImm(op: TwoImm, a: Gpr, imm: number): Gpr {
    const d = this.tg()
    op(this, d, a, imm)
    return d
  }
  twoMem(op: TwoMem, a: Gpr, m: Mem): Gpr {
    const d = this.tg()
    op(this, d, a, m)
    return d
  }
  one(op: One, a: Gpr): Gpr {
    const d = this.tg()
    op(this, d, a)
    return d
  }
  inPlace(op: InPlace, a: Gpr): Gpr {
    const d = this.tg()
    op(this, d, a)
    return d
  }
  load(op: Load, m: Mem): Gpr {
    const d = this.tg()
    op(this, d, m)
    return d
  }
  xtwo(op: XTwo, a: Xmm, b: Xmm): Xmm {
    const d = this.tx()
    op(this, d, a, b)
    return d
  }
  xtwoImm(op: XTwoImm, a: Xmm, imm: number): Xmm {
    const d = this.tx()
    op(this, d, a, imm)
    return d
  }
  xone(op: XOne, a: Xmm): Xmm {
    const d = this.tx()
    op(this, d, a)
    return d
  }
  xoneImm(op: XOneImm, a: Xmm, imm: number): Xmm {
    const d = this.tx()
    op(this, d, a, imm)
    return d
  }
  xload(op: XLoad, m: Mem): Xmm {
    const d = this.tx()
    op(this, d, m)
    return d
  }
  xthree(op: XThree, a: Xmm, b: Xmm): Xmm {
    const d = this.tx()
    op(this, d, a, b)
    return d
  }
  xthreeImm(op: XThreeImm, a: Xmm, b: Xmm, imm: number): Xmm {
    const d = this.tx()
    op(this, d, a, b, imm)
    return d
  }
  /** A two-operand vector instruction, in its three-operand form where the target has AVX. */
  bin(sse: XTwo, avx: XThree, a: Xmm, b: Xmm): Xmm {
    return this.has(feat.AVX) ? this.xthree(avx, a, b) : this.xtwo(sse, a, b)
  }
  /** A vector instruction of one source. */
  un(sse: XOne, avx: XOne, a: Xmm): Xmm {
    return this.xone(this.has(feat.AVX) ? avx : sse, a)
  }

  // ---- widths

  sextReg(r: Gpr, t: Type): Gpr {
    const n = laneBits(t)
    if (n >= 64) return r
    return this.one(n === 8 ? emit.movsbq_rr : n === 16 ? emit.movswq_rr : emit.movslq_rr, r)
  }
  zextReg(r: Gpr, t: Type): Gpr {
    const n = laneBits(t)
    if (n >= 64) return r
    return this.one(n === 8 ? emit.movzbl_rr : n === 16 ? emit.movzwl_rr : emit.movl_rr, r)
  }
  /** A value, extended to 64 bits. A constant is made extended. */
  sx(v: Value): Gpr {
    if (this.constantOf(v) !== -1 || (this.known[v] & SIGN) !== 0) return this.g(v)
    return this.sextReg(this.g(v), this.func.typeOf(v))
  }
  zx(v: Value): Gpr {
    const k = this.constantOf(v)
    const t = this.func.typeOf(v)
    if (k === -1) return (this.known[v] & ZERO) !== 0 ? this.g(v) : this.zextReg(this.g(v), t)
    const lo = this.func.imm0[k]
    const n = laneBits(t)
    return n === 64 ? this.g(v) : this.li(n === 32 ? lo : lo & ((1 << n) - 1), 0)
  }
  /** The same to 32 bits: what is above is undefined. */
  sx32(v: Value): Gpr {
    const n = laneBits(this.func.typeOf(v))
    if (n >= 32 || this.constantOf(v) !== -1 || (this.known[v] & SIGN) !== 0) return this.g(v)
    return this.one(n === 8 ? emit.movsbl_rr : emit.movswl_rr, this.g(v))
  }
  zx32(v: Value): Gpr {
    return laneBits(this.func.typeOf(v)) >= 32 ? this.g(v) : this.zx(v)
  }
  /** The value as the result of an operation that changes nothing: extended as any result on 32 bits (extension.ts). */
  same(v: Value): Gpr {
    return this.func.typeOf(v) === I32 ? this.one(emit.movl_rr, this.g(v)) : this.g(v)
  }

  /** A 64-bit constant in a register. Leaves the flags alone: no xor. */
  li(lo: number, hi: number): Gpr {
    const d = this.tg()
    if (hi === 0) emit.movl_ri(this, d, lo)
    else if (hi === lo >> 31) emit.movq_ri(this, d, lo)
    else emit.movabsq_ri(this, d, lo, hi)
    return d
  }

  // ---- floats and vectors

  /** All zeros, all ones. */
  zero(): Xmm {
    return this.pseudoX(T.ZERO_X)
  }
  ones(): Xmm {
    return this.pseudoX(T.ONES_X)
  }
  private pseudoX(opcode: number): Xmm {
    const d = this.tx()
    this.words.push(opcode | (2 << 16))
    this.words.push(d)
    return d
  }
  /** Memory operand of a constant that stands behind the function; 16 bytes are aligned. */
  constant(of: Uint8Array): Mem {
    return memRip(this, (this.v.extra.push(of) - 1) as Label)
  }
  /** 16 bytes of four words. */
  constant16(a: number, b: number, c: number, d: number): Mem {
    return this.constant(new Uint8Array(Int32Array.of(a, b, c, d).buffer))
  }
  /** The same word, or the same two, in all of 16 bytes. */
  splat32(a: number): Mem {
    return this.constant16(a, a, a, a)
  }
  splat64(lo: number, hi: number): Mem {
    return this.constant16(lo, hi, lo, hi)
  }
  /** A vector register loaded with a constant. */
  loadConstant(m: Mem): Xmm {
    return this.xload(this.has(feat.AVX) ? emit.vmovups_rm : emit.movups_rm, m)
  }
  /** A float constant by its bits. */
  lf(t: Type, lo: number, hi: number): Xmm {
    if (lo === 0 && hi === 0) return this.zero()
    const avx = this.has(feat.AVX)
    if (t === F64) return this.xload(avx ? emit.vmovsd_rm : emit.movsd_rm, this.constant(bytesOf(lo, hi)))
    if (t === F32) return this.xload(avx ? emit.vmovss_rm : emit.movss_rm, this.constant(bytesOf(lo)))
    return this.fromBits(this.li(lo & 0xffff, 0), t)
  }
  /** The bits of a float of at most 64 bits in a general register, and back. */
  bitsOf(x: Xmm, t: Type): Gpr {
    const d = this.tg()
    if (bytes(t) === 8) (this.has(feat.AVX) ? emit.vmovq_rx : emit.movq_rx)(this, d, x)
    else (this.has(feat.AVX) ? emit.vmovd_rx : emit.movd_rx)(this, d, x)
    return d
  }
  fromBits(g: Gpr, t: Type): Xmm {
    const d = this.tx()
    if (bytes(t) === 8) (this.has(feat.AVX) ? emit.vmovq_xr : emit.movq_xr)(this, d, g)
    else (this.has(feat.AVX) ? emit.vmovd_xr : emit.movd_xr)(this, d, g)
    return d
  }

  // ---- memory operands

  at(base: Gpr, offset: number): Mem {
    return memBase(this, base, offset)
  }
  indexed(base: Gpr, index: Gpr, shift: number, offset: number): Mem {
    return memIndex(this, base, index, shift, offset)
  }
  frameSlot(kind: number, offset: number): Mem {
    return memFrame(this, kind, offset)
  }
  symbolMem(ref: SymbolRef): Mem {
    return memSymbol(this, this.v.extra.push(ref) - 1)
  }

  // ---- pseudo-instructions that read the flags

  br(cc: number, mode: number = T.COND_ONE, cc2 = 0): void {
    const w = this.words
    w.push(T.BR | (4 << 16))
    w.push(mode)
    w.push(cc)
    w.push(cc2)
  }
  trapIf(cc: number, code: number, mode: number = T.COND_ONE, cc2 = 0): void {
    const w = this.words
    w.push(T.TRAP_IF | (5 << 16))
    w.push(mode)
    w.push(cc)
    w.push(cc2)
    w.push(code)
  }
  selectX(x: Xmm, y: Xmm, cc: number, mode: number = T.COND_ONE, cc2 = 0): Xmm {
    const d = this.tx()
    const w = this.words
    w.push(T.SELECT_X | (7 << 16))
    w.push(mode)
    w.push(cc)
    w.push(cc2)
    w.push(d)
    w.push(x)
    w.push(y)
    return d
  }

  // ---- for the shared driver

  classesOf(t: Type): readonly number[] {
    if (isVector(t) && bytes(t) > 16)
      this.unsupported(`the type ${typeName(t)}`, 'vectors of x64 have at most 128 bits here')
    return t === I128 ? INT2 : inXmm(t) ? XMM1 : INT1
  }
  partType(t: Type, _i: number): Type {
    return t === I128 ? I64 : t
  }
  genConstant(inst: Inst): number {
    const f = this.func
    const lo = f.imm0[inst]
    const hi = f.imm1[inst]
    const op = f.op[inst]
    if (op === Op.iconst) {
      const t = f.ctrl[inst] as Type
      if (t === I64) return this.li(lo, hi)
      const n = 32 - laneBits(t)
      const s = (lo << n) >> n
      return this.li(s, s >> 31)
    }
    return this.lf(op === Op.f64const ? F64 : op === Op.f32const ? F32 : F16, lo, op === Op.f64const ? hi : 0)
  }
  genMove(dst: number, src: number, cls: number): void {
    if (cls === CLASS_INT) emit.movq_rr(this, dst as Writable<Gpr>, src as Gpr)
    else (this.has(feat.AVX) ? emit.vmovaps_rr : emit.movaps_rr)(this, dst as Writable<Xmm>, src as Xmm)
  }
  genTransfer(dst: number, src: number, type: Type): void {
    if (this.v.vregClass[dst >> 1] === CLASS_FLOAT) this.genMove(dst, this.fromBits(src as Gpr, type), CLASS_FLOAT)
    else this.genMove(dst, this.bitsOf(src as Xmm, type), CLASS_INT)
  }
  genExtend(src: number, type: Type, signed: boolean): number {
    return signed ? this.sextReg(src as Gpr, type) : this.zextReg(src as Gpr, type)
  }
  genFrameLoad(dst: number, kind: number, offset: number, type: Type): void {
    this.loadFrom(dst, this.frameSlot(kind, offset), type)
  }
  genFrameStore(src: number, kind: number, offset: number, type: Type): void {
    // An integer is stored whole: what is above its width is undefined.
    this.storeTo(src, this.frameSlot(kind, offset), inXmm(type) ? type : I64)
  }
  genFrameAddr(dst: number, kind: number, offset: number): void {
    emit.leaq_rm(this, dst as Writable<Gpr>, this.frameSlot(kind, offset))
  }
  genLoad(dst: number, base: number, offset: number, type: Type): void {
    this.loadFrom(dst, this.at(base as Gpr, offset), type)
  }
  genStore(src: number, base: number, offset: number, type: Type): void {
    this.storeTo(src, this.at(base as Gpr, offset), type)
  }
  genAddImm(base: number, lo: number, hi: number): number {
    if (hi === lo >> 31) return this.load(emit.leaq_rm, this.at(base as Gpr, lo))
    return this.two(emit.addq_rr, base as Gpr, this.li(lo, hi))
  }
  genTrapIfBelow(limit: number, code: number): void {
    emit.cmpq_rr(this, RSP_WORD as Gpr, limit as Gpr)
    this.trapIf(CC.b, code)
  }
  genBlockAddr(block: number): number {
    const d = this.tg()
    this.words.push(T.BLOCK_ADDR | (3 << 16))
    this.words.push(d)
    this.words.push(block)
    return d
  }

  /** Loads exactly the bytes of a type; a narrow integer comes zero-extended. */
  loadFrom(dst: number, m: Mem, type: Type): void {
    const avx = this.has(feat.AVX)
    const size = bytes(type)
    if (!inXmm(type)) {
      const d = dst as Writable<Gpr>
      if (type === I64) emit.movq_rm(this, d, m)
      else if (type === I32) emit.movl_rm(this, d, m)
      else if (type === I16) emit.movzwl_rm(this, d, m)
      else emit.movzbl_rm(this, d, m)
      return
    }
    const d = dst as Writable<Xmm>
    if (size === 16) (avx ? emit.vmovups_rm : emit.movups_rm)(this, d, m)
    else if (size === 8) (avx ? emit.vmovsd_rm : emit.movsd_rm)(this, d, m)
    else if (size === 4) (avx ? emit.vmovss_rm : emit.movss_rm)(this, d, m)
    else {
      const g = this.load(size === 2 ? emit.movzwl_rm : emit.movzbl_rm, m)
      ;(avx ? emit.vmovd_xr : emit.movd_xr)(this, d, g)
    }
  }
  /** Stores exactly the bytes of a type. */
  storeTo(src: number, m: Mem, type: Type): void {
    const avx = this.has(feat.AVX)
    const size = bytes(type)
    if (!inXmm(type)) {
      const g = src as Gpr
      if (type === I64) emit.movq_mr(this, g, m)
      else if (type === I32) emit.movl_mr(this, g, m)
      else if (type === I16) emit.movw_mr(this, g, m)
      else emit.movb_mr(this, g, m)
      return
    }
    const x = src as Xmm
    if (size === 16) (avx ? emit.vmovups_mr : emit.movups_mr)(this, x, m)
    else if (size === 8) (avx ? emit.vmovsd_mr : emit.movsd_mr)(this, x, m)
    else if (size === 4) (avx ? emit.vmovss_mr : emit.movss_mr)(this, x, m)
    else {
      const g = this.tg()
      ;(avx ? emit.vmovd_rx : emit.movd_rx)(this, g, x)
      if (size === 2) emit.movw_mr(this, g, m)
      else emit.movb_mr(this, g, m)
    }
  }
}

function bytesOf(...words: readonly number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(words).buffer)
}

export { I8 }
