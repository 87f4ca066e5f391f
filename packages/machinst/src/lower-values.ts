// Registers of values while a function is lowered, and the stream of words that emitters append to: what every part of lowering starts from
// (lower.ts has the idea).
import { I32Vec, NONE } from '@k23/entity'
import {
  type Func,
  type GlobalValue,
  type GlobalValueData,
  type Inst,
  type MemFlags,
  memTrapCode,
  NOTRAP,
  Op,
  opName,
  TRAP_HEAP_OUT_OF_BOUNDS,
  type Type,
  type Value,
} from '@k23/ir'
import { Handles } from '@k23/rules'
import type { AbiSignature, FrameRequest } from './abi.ts'
import { type BlockOrder, computeBlockOrder } from './block-order.ts'
import { P_TRAP } from './inst-table.ts'
import type { TargetIsa } from './isa.ts'
import { LowerError } from './lower-error.ts'
import type { VCode } from './vcode.ts'

export abstract class LowerValues {
  readonly func: Func
  readonly v: VCode
  readonly isa: TargetIsa
  /** MatchContext: value -> instruction that patterns may look through to, or -1. */
  readonly defOf: Int32Array
  readonly features: Int32Array
  readonly settings: Int32Array
  readonly handles: Handles = new Handles()
  /** The stream that emitters append to. */
  readonly words: I32Vec = new I32Vec(1024)
  readonly abi: AbiSignature
  readonly frame: FrameRequest

  /** First virtual register of each value, -1 until used. Several-register values have consecutive ones. */
  protected readonly valueReg: Int32Array
  /** Register word that a virtual register stands for, -1 for itself. */
  private alias: Int32Array = new Int32Array(64).fill(-1)

  // Segments of the scratch stream: start, end, source location.
  protected readonly segEnd: I32Vec = new I32Vec(64)
  protected readonly segSrcloc: I32Vec = new I32Vec(64)
  /** Triples (stream position, trap code, source location). */
  protected readonly trapMarks: I32Vec = new I32Vec(16)
  protected order: BlockOrder
  /** Triples (edge, first, end): where the edge's arguments stand in VCode.edgeArgs until they are put in order. */
  protected readonly edgeRange: number[] = []
  protected current: Inst | -1 = NONE

  protected constructor(isa: TargetIsa, func: Func, v: VCode, features: Int32Array, settings: Int32Array) {
    this.isa = isa
    this.func = func
    this.v = v
    this.features = features
    this.settings = settings
    this.defOf = new Int32Array(func.numValues).fill(-1)
    this.valueReg = new Int32Array(func.numValues).fill(-1)
    this.abi = isa.abi(func.signature)
    this.order = computeBlockOrder(func)
    this.frame = {
      slotOffsets: [],
      slotBytes: 0,
      outgoingBytes: 0,
      tailArgBytes: 0,
      hasCalls: false,
      usesIncoming: this.abi.stackArgBytes !== 0,
      needsFrame: false,
      savesAll: false,
    }
  }

  // ---- what an ISA adds

  /** Register classes of a value of this type, one per register. */
  abstract classesOf(type: Type): readonly number[]
  /** Type of part `i` of a value of this type. */
  abstract partType(type: Type, i: number): Type
  /** Makes a constant; returns its register, or a handle where it takes several. */
  abstract genConstant(inst: Inst): number
  abstract genMove(dst: number, src: number, cls: number): void
  /** dst = the bits of src, between register classes (an argument in a register of another class). */
  abstract genTransfer(dst: number, src: number, type: Type): void
  /** Extends the low bits of a register to 64. */
  abstract genExtend(src: number, type: Type, signed: boolean): number
  abstract genFrameLoad(dst: number, kind: number, offset: number, type: Type): void
  abstract genFrameStore(src: number, kind: number, offset: number, type: Type): void
  /** dst = frame address. */
  abstract genFrameAddr(dst: number, kind: number, offset: number): void
  abstract genLoad(dst: number, base: number, offset: number, type: Type): void
  abstract genStore(src: number, base: number, offset: number, type: Type): void
  /** The sum of a 64-bit register and a constant. */
  abstract genAddImm(base: number, lo: number, hi: number): number
  /** Traps with `code` where the stack pointer is below `limit` (unsigned). */
  abstract genTrapIfBelow(limit: number, code: number): void
  /** The address of a VCode block. */
  abstract genBlockAddr(block: number): number

  // ---- for emitters

  /** A fresh virtual register of a class, as a register word. */
  temp(cls: number): number {
    const v = this.v
    const n = v.numVRegs++
    if (n >= v.vregClass.length) {
      const next = new Uint8Array(v.vregClass.length * 2)
      next.set(v.vregClass)
      v.vregClass = next
    }
    if (n >= this.alias.length) {
      const next = new Int32Array(this.alias.length * 2).fill(-1)
      next.set(this.alias)
      this.alias = next
    }
    v.vregClass[n] = cls
    return n * 2 + 1
  }

  /** The register of a one-register value, as an operand. A constant is made here and now. */
  use(x: Value): number {
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) return this.genConstant(d as Inst)
    return this.registerOf(x) * 2 + 1
  }

  /** Register `i` of a value that has several. */
  usePart(x: Value, i: number): number {
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) {
      const made = this.genConstant(d as Inst)
      return this.classesOf(this.func.typeOf(x)).length === 1 ? made : this.handles.get(made, i)
    }
    return (this.registerOf(x) + i) * 2 + 1
  }

  /** All registers of a value, in order. */
  useAll(x: Value): number[] {
    const n = this.classesOf(this.func.typeOf(x)).length
    const d = this.defOf[x]
    if (d !== -1 && isConstant(this.func.op[d])) {
      const made = this.genConstant(d as Inst)
      if (n === 1) return [made]
      return Array.from({ length: n }, (_, i) => this.handles.get(made, i))
    }
    const first = this.registerOf(x)
    return Array.from({ length: n }, (_, i) => (first + i) * 2 + 1)
  }

  /** Whether the target has CPU feature number `bit`. */
  has(bit: number): boolean {
    return (this.features[bit >> 5] & (1 << (bit & 31))) !== 0
  }

  /** Handle of a value in two registers. */
  pair(lo: number, hi: number): number {
    return this.handles.pair(lo, hi)
  }

  /** The iconst instruction behind a value, or -1. */
  constantOf(x: Value): number {
    const d = this.defOf[x]
    return d !== -1 && this.func.op[d] === Op.iconst ? d : -1
  }

  /** The symbol that a global value is. */
  symbolOf(gv: GlobalValue): Extract<GlobalValueData, { kind: 'symbol' }> {
    const data = this.func.globalValues[gv]
    if (data.kind !== 'symbol')
      this.unsupported(
        `${opName[this.func.op[this.current]]} of a global value that is no symbol`,
        'declare the global value as a symbol',
      )
    return data
  }

  /** The same of a thread-local one, for the general dynamic model of ELF, which is the one that there is. */
  threadLocalOf(gv: GlobalValue): Extract<GlobalValueData, { kind: 'symbol' }> {
    const { tls_model } = this.isa.shared
    if (tls_model !== 'elf_gd') this.unsupported(`tls_value with tls_model=${tls_model}`, 'set tls_model=elf_gd')
    return this.symbolOf(gv)
  }

  /** The sum of a 64-bit register and a constant of 64 bits. */
  plus(base: number, k: bigint): number {
    return k === 0n ? base : this.genAddImm(base, Number(BigInt.asIntN(32, k)), Number(BigInt.asIntN(32, k >> 32n)))
  }

  genTrap(code: number): void {
    this.words.push((this.isa.table.generic + P_TRAP) | (2 << 16))
    this.words.push(code)
  }

  /** The next instruction accesses memory with these flags, on behalf of `inst`. */
  access(flags: MemFlags, inst: Inst = this.current as Inst): void {
    if ((flags & NOTRAP) === 0) this.trapsWith(memTrapCode(flags) || TRAP_HEAP_OUT_OF_BOUNDS, inst)
  }

  /** The next word pushed begins an instruction that traps with `code` (memory accesses, traps by the hardware), on behalf of `inst`. */
  trapsWith(code: number, inst: Inst = this.current as Inst): void {
    this.trapMarks.push(this.words.length)
    this.trapMarks.push(code)
    this.trapMarks.push(this.func.srcloc[inst])
  }

  /** MatchContext. */
  setResult(inst: Inst, out: number): void {
    const f = this.func
    const n = f.numResults(inst)
    if (n === 1) {
      const x = f.result(inst)
      if (this.classesOf(f.typeOf(x)).length === 1) this.bindPart(x, 0, out)
      else for (let i = 0; i < this.classesOf(f.typeOf(x)).length; i++) this.bindPart(x, i, this.handles.get(out, i))
      return
    }
    let at = out
    for (let r = 0; r < n; r++) {
      const x = f.result(inst, r)
      const parts = this.classesOf(f.typeOf(x)).length
      for (let i = 0; i < parts; i++) this.bindPart(x, i, this.handles.get(at++, 0))
    }
  }

  /** Error for what this back end does not lower. */
  unsupported(what: string, mend: string): never {
    throw new LowerError(what, mend, this.func, this.current)
  }

  hasUse(x: Value): boolean {
    return this.valueReg[x] !== -1
  }

  protected segStart(): number {
    return this.segEnd.length === 0 ? 0 : this.segEnd.data[this.segEnd.length - 1]
  }

  protected endSegment(srcloc: number): void {
    if (this.words.length === this.segStart()) return
    this.segEnd.push(this.words.length)
    this.segSrcloc.push(srcloc)
  }

  protected registerOf(x: number): number {
    let r = this.valueReg[x]
    if (r === -1) {
      const classes = this.classesOf(this.func.valType[x] as Type)
      r = this.temp(classes[0]) >> 1
      for (let i = 1; i < classes.length; i++) this.temp(classes[i])
      this.valueReg[x] = r
    }
    return r
  }

  protected bindPart(x: Value, i: number, reg: number): void {
    const first = this.valueReg[x]
    if (first === -1) return
    const v = first + i
    if ((reg & 1) === 0) this.genMove(v * 2 + 1, reg, reg >> 7)
    else if (reg >> 1 !== v) this.alias[v] = reg
  }

  /** The virtual register that `v` stands for. */
  protected resolveReg(v: number): number {
    let x = v
    while (this.alias[x] !== -1) x = this.alias[x] >> 1
    // path compression
    for (let y = v; this.alias[y] !== -1 && this.alias[y] >> 1 !== x; ) {
      const next = this.alias[y] >> 1
      this.alias[y] = x * 2 + 1
      y = next
    }
    return x
  }

  /** Block arguments must be virtual registers: a physical one (a zero register) is copied. */
  protected asVirtual(r: number): number {
    if ((r & 1) !== 0) return r >> 1
    const t = this.temp(r >> 7)
    this.genMove(t, r, r >> 7)
    return t >> 1
  }
}

function isConstant(op: number): boolean {
  return op === Op.iconst || op === Op.f32const || op === Op.f64const || op === Op.f16const
}
