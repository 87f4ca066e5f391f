// A machine that executes CLIF directly, for tests of translation: every value is a bigint (a float is its bits), memory is one buffer with
// permissions by page. An access flagged notrap that faults, or an unknown opcode, is a failure of the test, not a trap.
import {
  bits,
  type Block,
  type DataValue,
  dataValue,
  F32,
  F64,
  floatCCNames,
  type Func,
  I16X8,
  I32X4,
  I8X16,
  type Inst,
  intCCNames,
  isVector,
  memTrapCode,
  type MemFlags,
  NOTRAP,
  Op,
  type Type,
  type Value,
} from '@k23/ir'
import { evalPure, type Immediates } from '@k23/ir/interpreter'

/** A wasm trap, by CLIF trap code. */
export class Trap extends Error {
  readonly code: number
  constructor(code: number) {
    super(`trap ${code}`)
    this.code = code
  }
}

const PAGE = 4096
const CODE_BASE = 0x1000_0000_0000n
const MAX_DEPTH = 1000
const HEAP_OOB = 253
const INT_DIVZ = 254
const INT_OVF = 252
const BAD_TOINT = 255
const STK_OVF = 251

const scratch = new DataView(new ArrayBuffer(8))

export function fromF32(x: number): bigint {
  scratch.setFloat32(0, x)
  return Number.isNaN(x) ? 0x7fc0_0000n : BigInt(scratch.getUint32(0))
}
export function fromF64(x: number): bigint {
  scratch.setFloat64(0, x)
  return Number.isNaN(x) ? 0x7ff8_0000_0000_0000n : scratch.getBigUint64(0)
}
function toF32(x: bigint): number {
  scratch.setUint32(0, Number(x))
  return scratch.getFloat32(0)
}
function toF64(x: bigint): number {
  scratch.setBigUint64(0, x)
  return scratch.getFloat64(0)
}
function toFloat(x: bigint, t: Type): number {
  return t === F32 ? toF32(x) : toF64(x)
}
function fromFloat(x: number, t: Type): bigint {
  return t === F32 ? fromF32(x) : fromF64(x)
}

/** A bigint as a double or single, rounded once: above 53 bits the rest becomes a sticky last bit. */
function intToFloat(x: bigint, t: Type): bigint {
  const a = x < 0n ? -x : x
  const excess = a.toString(2).length - (t === F32 ? 53 : 64)
  if (t === F64 || excess <= 0) return fromFloat(Number(x), t)
  const k = BigInt(excess)
  const sticky = (a & ((1n << k) - 1n)) === 0n ? 0n : 1n
  const r = Math.fround(Number((a >> k) | sticky)) * 2 ** excess
  return fromFloat(x < 0n ? -r : r, t)
}

function nearest(x: number): number {
  if (!Number.isFinite(x) || Math.abs(x) >= 2 ** 52) return x
  const f = Math.floor(x)
  const d = x - f
  const r = d < 0.5 ? f : d > 0.5 ? f + 1 : f % 2 === 0 ? f : f + 1
  return r === 0 && (x < 0 || Object.is(x, -0)) ? -0 : r
}

/** The stub that a call of the host goes to. */
export type HostCall = (number: number, block: number) => void

type Code = { func: Func } | { host: HostCall }

export class ClifMachine {
  readonly buffer: ArrayBuffer
  readonly view: DataView
  readonly bytes: Uint8Array
  private readonly mapped: Uint8Array
  private brk = PAGE * 16
  private sp: number
  private depth = 0
  private readonly code: Code[] = []
  /** Resolves u<namespace>:<index> of the function that calls. */
  /** Address ranges where a fault is a trap (reservations with their guards). Elsewhere only one in the first page is, where Spectre guards send an access. */
  guardRegions: { start: number; end: number }[] = []
  private readonly links = new Map<Func, (index: number) => bigint>()

  constructor(size: number) {
    this.buffer = new ArrayBuffer(size)
    this.view = new DataView(this.buffer)
    this.bytes = new Uint8Array(this.buffer)
    this.mapped = new Uint8Array(size / PAGE)
    const stack = this.map(1 << 20)
    this.sp = stack + (1 << 20)
  }

  /** Maps zeroed bytes, with an unmapped page behind. */
  map(length: number): number {
    const at = this.brk
    const pages = Math.ceil(length / PAGE)
    this.brk += (pages + 1) * PAGE
    if (this.brk > this.buffer.byteLength) throw new Error('test machine: out of memory')
    this.mapped.fill(1, at / PAGE, at / PAGE + pages)
    return at
  }
  unmap(at: number, length: number): void {
    this.mapped.fill(0, at / PAGE, at / PAGE + Math.ceil(length / PAGE))
  }

  place(func: Func, link: (index: number) => bigint): bigint {
    this.links.set(func, link)
    return CODE_BASE + BigInt(this.code.push({ func }) - 1)
  }
  placeHost(host: HostCall): bigint {
    return CODE_BASE + BigInt(this.code.push({ host }) - 1)
  }

  call(address: bigint, args: bigint[]): bigint[] {
    const depth = this.depth
    const sp = this.sp
    try {
      return this.enter(address, args)
    } finally {
      this.depth = depth
      this.sp = sp
    }
  }

  /** @internal */
  enter(address: bigint, args: bigint[]): bigint[] {
    const code = this.code[Number(address - CODE_BASE)]
    if (code === undefined) throw new Error(`test machine: call of ${address}`)
    if ('host' in code) {
      code.host(Number(args[0]), Number(args[1]))
      return []
    }
    if (++this.depth > MAX_DEPTH) throw new Trap(STK_OVF)
    const sp = this.sp
    let r = this.run(code.func, args)
    while (typeof r[0] === 'object') {
      const next = r[0]
      this.sp = sp
      const callee = this.code[Number(next.address - CODE_BASE)]
      if (!('func' in callee)) throw new Error('test machine: tail call of the host')
      r = this.run(callee.func, next.args)
    }
    this.sp = sp
    this.depth--
    return r as bigint[]
  }

  private fault(address: bigint, n: number): boolean {
    const a = Number(address)
    return (
      a + n > this.buffer.byteLength ||
      this.mapped[Math.floor(a / PAGE)] === 0 ||
      this.mapped[Math.floor((a + n - 1) / PAGE)] === 0
    )
  }

  private run(f: Func, args: bigint[]): (bigint | TailCall)[] {
    const frame = new Frame(this, f)
    for (let i = 0; i < f.stackSlots.length; i++) {
      const s = f.stackSlots[i]
      this.sp = (this.sp - s.size) & -(1 << s.alignShift)
      frame.slots.push(this.sp)
    }
    let block: Block = f.firstBlock as Block
    frame.assign(block, args)
    for (;;) {
      for (let i = f.firstInst[block] as Inst; ; i = f.nextInst[i] as Inst) {
        if (i === -1) throw new Error('test machine: end of block')
        const r = frame.step(i)
        if (r === undefined) continue
        if (typeof r !== 'number') return r
        block = f.bcBlock[r] as Block
        const list = f.bcArgs[r]
        frame.assign(
          block,
          f.pool.toArray(list).map((v) => frame.get(v as Value)),
        )
        break
      }
    }
  }

  address(f: Func, index: number): bigint {
    return this.links.get(f)!(index)
  }

  /** memmove and memset: as routines of the guest, they must stay inside of what is mapped. */
  library(name: string, [to, from, n]: bigint[]): bigint {
    const ranges = name === 'Memmove' ? [to, from] : [to]
    if (n !== 0n && ranges.some((at) => this.fault(at, Number(n))))
      throw new Error(`test machine: ${name} out of bounds`)
    if (name === 'Memmove') this.bytes.copyWithin(Number(to), Number(from), Number(from + n))
    else if (name === 'Memset') this.bytes.fill(Number(from & 255n), Number(to), Number(to + n))
    else throw new Error(`test machine: library routine ${name}`)
    return to
  }

  load(address: bigint, n: number, flags: MemFlags): bigint {
    this.check(address, n, flags)
    let x = 0n
    for (let i = n - 1; i >= 0; i--) x = (x << 8n) | BigInt(this.bytes[Number(address) + i])
    return x
  }
  store(address: bigint, n: number, flags: MemFlags, x: bigint): void {
    this.check(address, n, flags)
    for (let i = 0; i < n; i++, x >>= 8n) this.bytes[Number(address) + i] = Number(x & 255n)
  }
  private check(address: bigint, n: number, flags: MemFlags): void {
    if (!this.fault(address, n)) return
    const guarded = this.guardRegions.some((g) => address >= g.start && address < g.end)
    if (!guarded && address >= BigInt(PAGE)) throw new Error(`test machine: unchecked access at ${address}`)
    if (flags & NOTRAP) throw new Error(`test machine: a notrap access faults at ${address}`)
    throw new Trap(memTrapCode(flags) || HEAP_OOB)
  }
}

interface TailCall {
  address: bigint
  args: bigint[]
}

/** An activation of a function. */
class Frame {
  readonly m: ClifMachine
  readonly f: Func
  readonly vals: bigint[] = []
  readonly slots: number[] = []
  constructor(m: ClifMachine, f: Func) {
    this.m = m
    this.f = f
  }

  get(v: Value): bigint {
    return this.vals[this.f.resolve(v)]
  }
  assign(block: Block, args: bigint[]): void {
    for (let i = 0; i < args.length; i++) this.vals[this.f.param(block, i)] = args[i]
  }
  private arg(i: Inst, n: number): bigint {
    return this.vals[this.f.arg(i, n)]
  }
  private rest(i: Inst, from: number): bigint[] {
    const out: bigint[] = []
    for (let n = from; n < this.f.numArgs(i); n++) out.push(this.arg(i, n))
    return out
  }
  private results(i: Inst, values: bigint[]): void {
    for (let n = 0; n < values.length; n++) this.vals[this.f.result(i, n)] = values[n]
  }

  /** Executes an instruction: a block call to go to, the values of a return, or nothing. */
  step(i: Inst): number | (bigint | TailCall)[] | undefined {
    const { f, m } = this
    const op = f.op[i]
    const imm0 = f.imm0[i]
    switch (op) {
      case Op.jump:
        return imm0
      case Op.brif:
        return this.arg(i, 0) !== 0n ? imm0 : f.imm1[i]
      case Op.br_table: {
        const t = f.jumpTables[imm0]
        return t.entries[Number(this.arg(i, 0))] ?? t.default
      }
      case Op.trap:
        throw new Trap(imm0)
      case Op.trapz:
        if (this.arg(i, 0) === 0n) throw new Trap(imm0)
        return undefined
      case Op.trapnz:
        if (this.arg(i, 0) !== 0n) throw new Trap(imm0)
        return undefined
      case Op.return_:
        return this.rest(i, 0)
      case Op.call:
        if (f.extFuncs[imm0].name.kind === 'libcall') {
          this.results(i, [m.library(f.extFuncs[imm0].name.name, this.rest(i, 0))])
          return undefined
        }
        this.results(i, m.enter(this.callee(imm0), this.rest(i, 0)))
        return undefined
      case Op.call_indirect:
        this.results(i, m.enter(this.arg(i, 0), this.rest(i, 1)))
        return undefined
      case Op.return_call:
        return [{ address: this.callee(imm0), args: this.rest(i, 0) }]
      case Op.return_call_indirect:
        return [{ address: this.arg(i, 0), args: this.rest(i, 1) }]
      case Op.load:
        return this.load(i, bits(f.typeOf(f.result(i))) / 8, false)
      case Op.store:
        return this.store(i, bits(f.typeOf(f.arg(i, 0))) / 8)
    }
    const widened = WIDENED.get(op)
    if (widened !== undefined) {
      this.load(i, 8, false)
      this.vals[f.result(i)] = evaluate(widened.op, widened.from, [dataValue(widened.from, this.vals[f.result(i)])], {})
      return undefined
    }
    const memory = NARROW.get(op)
    if (memory !== undefined)
      return memory.store ? this.store(i, memory.bytes) : this.load(i, memory.bytes, memory.signed)
    const t = f.typeOf(f.result(i))
    const vectors = isVector(t) || (f.numArgs(i) > 0 && isVector(f.typeOf(f.arg(i, 0))))
    this.vals[f.result(i)] = vectors && op !== Op.select && op !== Op.bitcast ? this.vector(i, op) : this.pure(i, op, t)
    return undefined
  }

  private callee(fn: number): bigint {
    const name = this.f.extFuncs[fn].name
    if (name.kind !== 'user') throw new Error('test machine: callee')
    return this.m.address(this.f, this.f.userNames[name.ref].index)
  }

  private load(i: Inst, n: number, signed: boolean): undefined {
    const { f } = this
    const address = BigInt.asUintN(64, this.arg(i, 0) + BigInt(f.imm0[i]))
    const x = this.m.load(address, n, f.imm1[i] as MemFlags)
    const v = f.result(i)
    this.vals[v] = signed ? BigInt.asUintN(bits(f.typeOf(v)), BigInt.asIntN(n * 8, x)) : x
  }
  private store(i: Inst, n: number): undefined {
    const address = BigInt.asUintN(64, this.arg(i, 1) + BigInt(this.f.imm0[i]))
    this.m.store(address, n, this.f.imm1[i] as MemFlags, this.arg(i, 0))
  }

  /** By the IR's own evaluator. */
  private vector(i: Inst, op: number): bigint {
    const { f } = this
    const bytes = op === Op.vconst ? f.constants[f.imm0[i]] : op === Op.shuffle ? f.immediates[f.imm0[i]] : undefined
    const imms = { imm0: f.imm0[i], imm1: f.imm1[i], ...(bytes === undefined ? {} : { bytes }) }
    const args = Array.from({ length: f.numArgs(i) }, (_, n) => dataValue(f.typeOf(f.arg(i, n)), this.arg(i, n)))
    return evaluate(op, f.ctrl[i] as Type, args, imms)
  }

  private pure(i: Inst, op: number, t: Type): bigint {
    const { f } = this
    const w = bits(t)
    const wrap = (x: bigint): bigint => BigInt.asUintN(w, x)
    const n = f.numArgs(i)
    const x = n > 0 ? this.arg(i, 0) : 0n
    const y = n > 1 ? this.arg(i, 1) : 0n
    const xt = n > 0 ? f.typeOf(f.arg(i, 0)) : t
    const xw = bits(xt)
    const sx = BigInt.asIntN(xw, x)
    const sy = BigInt.asIntN(xw, y)
    const by = y % BigInt(w)
    const fl = (r: number): bigint => fromFloat(r, t)
    switch (op) {
      case Op.iconst:
        return wrap((BigInt(f.imm1[i]) << 32n) | BigInt(f.imm0[i] >>> 0))
      case Op.f32const:
        return BigInt(f.imm0[i] >>> 0)
      case Op.f64const:
        return (BigInt(f.imm1[i] >>> 0) << 32n) | BigInt(f.imm0[i] >>> 0)
      case Op.stack_addr:
        return BigInt(this.slots[f.imm0[i]] + f.imm1[i])
      case Op.select:
      case Op.select_spectre_guard:
        return x !== 0n ? y : this.arg(i, 2)
      case Op.icmp:
        return compare(intCCNames[f.imm0[i]], x, y, sx, sy) ? 1n : 0n
      case Op.fcmp:
        return compareFloat(floatCCNames[f.imm0[i]], toFloat(x, xt), toFloat(y, xt)) ? 1n : 0n
      case Op.iadd:
        return wrap(x + y)
      case Op.isub:
        return wrap(x - y)
      case Op.imul:
        return wrap(x * y)
      case Op.uadd_overflow_trap:
        if ((x + y) >> BigInt(w)) throw new Trap(f.imm0[i])
        return x + y
      case Op.udiv:
      case Op.urem:
      case Op.sdiv:
      case Op.srem:
        if (y === 0n) throw new Trap(INT_DIVZ)
        if (op === Op.udiv) return x / y
        if (op === Op.urem) return x % y
        if (op === Op.srem) return wrap(sx % sy)
        if (sy === -1n && sx === -(1n << BigInt(w - 1))) throw new Trap(INT_OVF)
        return wrap(sx / sy)
      case Op.band:
        return x & y
      case Op.bor:
        return x | y
      case Op.bxor:
        return x ^ y
      case Op.ishl:
        return wrap(x << by)
      case Op.ushr:
        return x >> by
      case Op.sshr:
        return wrap(sx >> by)
      case Op.rotl:
        return wrap((x << by) | (x >> (BigInt(w) - by)))
      case Op.rotr:
        return wrap((x >> by) | (x << (BigInt(w) - by)))
      case Op.clz:
        return x === 0n ? BigInt(w) : BigInt(w - x.toString(2).length)
      case Op.ctz:
        return x === 0n ? BigInt(w) : BigInt((x & -x).toString(2).length - 1)
      case Op.popcnt:
        return BigInt(x.toString(2).replaceAll('0', '').length)
      case Op.uextend:
        return x
      case Op.ireduce:
      case Op.bitcast:
        return wrap(x)
      case Op.sextend:
        return wrap(sx)
      case Op.fneg:
        return x ^ (1n << BigInt(w - 1))
      case Op.fabs:
        return x & ((1n << BigInt(w - 1)) - 1n)
      case Op.fcopysign:
        return (x & ((1n << BigInt(w - 1)) - 1n)) | (y & (1n << BigInt(w - 1)))
      case Op.fadd:
        return fl(toFloat(x, t) + toFloat(y, t))
      case Op.fsub:
        return fl(toFloat(x, t) - toFloat(y, t))
      case Op.fmul:
        return fl(toFloat(x, t) * toFloat(y, t))
      case Op.fdiv:
        return fl(toFloat(x, t) / toFloat(y, t))
      case Op.sqrt:
        return fl(Math.sqrt(toFloat(x, t)))
      case Op.fmin:
        return fl(Math.min(toFloat(x, t), toFloat(y, t)))
      case Op.fmax:
        return fl(Math.max(toFloat(x, t), toFloat(y, t)))
      case Op.ceil:
        return fl(Math.ceil(toFloat(x, t)))
      case Op.floor:
        return fl(Math.floor(toFloat(x, t)))
      case Op.trunc:
        return fl(Math.trunc(toFloat(x, t)))
      case Op.nearest:
        return fl(nearest(toFloat(x, t)))
      case Op.fpromote:
      case Op.fdemote:
        return fl(toFloat(x, xt))
      case Op.fcvt_from_sint:
        return intToFloat(sx, t)
      case Op.fcvt_from_uint:
        return intToFloat(x, t)
      case Op.fcvt_to_sint:
        return wrap(toInt(toFloat(x, xt), -(1n << BigInt(w - 1)), (1n << BigInt(w - 1)) - 1n))
      case Op.fcvt_to_uint:
        return toInt(toFloat(x, xt), 0n, (1n << BigInt(w)) - 1n)
      case Op.fcvt_to_sint_sat:
        return wrap(clamp(toFloat(x, xt), -(1n << BigInt(w - 1)), (1n << BigInt(w - 1)) - 1n))
      case Op.fcvt_to_uint_sat:
        return clamp(toFloat(x, xt), 0n, (1n << BigInt(w)) - 1n)
      default:
        throw new Error(`test machine: opcode ${op}`)
    }
  }
}

const NARROW = new Map<number, { bytes: number; signed: boolean; store: boolean }>()
for (const [bytes, ops] of [
  [1, [Op.uload8, Op.sload8, Op.istore8]],
  [2, [Op.uload16, Op.sload16, Op.istore16]],
  [4, [Op.uload32, Op.sload32, Op.istore32]],
] as const) {
  ops.forEach((op, k) => NARROW.set(op, { bytes, signed: k === 1, store: k === 2 }))
}

/** Loads of eight bytes whose lanes are widened. */
const WIDENED = new Map<number, { op: number; from: Type }>()
for (const [from, signed, unsigned] of [
  [I8X16, Op.sload8x8, Op.uload8x8],
  [I16X8, Op.sload16x4, Op.uload16x4],
  [I32X4, Op.sload32x2, Op.uload32x2],
] as const) {
  WIDENED.set(signed, { op: Op.swiden_low, from })
  WIDENED.set(unsigned, { op: Op.uwiden_low, from })
}

function evaluate(op: number, type: Type, args: readonly DataValue[], imms: Immediates): bigint {
  const r = evalPure(op, type, args, imms)
  if (!('results' in r)) throw new Error(`test machine: opcode ${op}: ${JSON.stringify(r)}`)
  return r.results[0].bits.reduceRight((x, byte) => (x << 8n) | BigInt(byte), 0n)
}

function toInt(x: number, min: bigint, max: bigint): bigint {
  if (Number.isNaN(x)) throw new Trap(BAD_TOINT)
  if (!Number.isFinite(x)) throw new Trap(INT_OVF)
  const n = BigInt(Math.trunc(x))
  if (n < min || n > max) throw new Trap(INT_OVF)
  return n
}
function clamp(x: number, min: bigint, max: bigint): bigint {
  if (Number.isNaN(x)) return 0n
  if (!Number.isFinite(x)) return x < 0 ? min : max
  const n = BigInt(Math.trunc(x))
  return n < min ? min : n > max ? max : n
}

function compare(cc: string, x: bigint, y: bigint, sx: bigint, sy: bigint): boolean {
  const [a, b] = cc.startsWith('s') ? [sx, sy] : [x, y]
  const c = cc.length === 3 ? cc.slice(1) : cc
  return c === 'eq'
    ? a === b
    : c === 'ne'
      ? a !== b
      : c === 'lt'
        ? a < b
        : c === 'le'
          ? a <= b
          : c === 'gt'
            ? a > b
            : a >= b
}
function compareFloat(cc: string, x: number, y: number): boolean {
  switch (cc) {
    case 'eq':
      return x === y
    case 'ne':
      return x !== y
    case 'lt':
      return x < y
    case 'le':
      return x <= y
    case 'gt':
      return x > y
    case 'ge':
      return x >= y
    default:
      throw new Error(`test machine: fcmp ${cc}`)
  }
}
