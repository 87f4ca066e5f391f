// One function body to CLIF, driven by the pass over its operators (validate/pass.ts). This file has control flow, variables and calls; numbers,
// memories and tables are beside it.
//
// Shape. A wasm local is a builder variable; an operand is a CLIF value in the pass's `vals`. A frame's label gets a block when the first
// branch to it is made (a loop's when it is entered), with a parameter per operand of the label; a block nobody branches to costs nothing.
//
// Invariants. A method is called only where its code can be reached, except end(), endFunction() and elseBranch(), which are told. A block is
// sealed when its frame ends; a loop's header too. After end() returns true the frame's results are in vals[height...].
import {
  type Block,
  F32,
  F64,
  Func,
  type FuncRef,
  FunctionBuilder,
  I32,
  I64,
  type Inst,
  type InstBuilder,
  Op,
} from '@k23/ir'
import {
  ALIGNED,
  EQ,
  isVector,
  type MemFlags,
  memFlags,
  NOTRAP,
  READONLY,
  type SigRef,
  type StackSlot,
  type Type,
  type Value,
} from '@k23/ir'
import { NONE } from '@k23/entity'
import { type BuiltinName, builtin } from '../abi/builtins.ts'
import {
  CELLS_STACK_LIMIT,
  IMPORT_CODE,
  IMPORT_VMCTX,
  VMCTX_CELLS,
  type VmctxLayout,
  vmctxLayout,
} from '../abi/layout.ts'
import { TRAP_UNREACHABLE } from '../abi/traps.ts'
import * as wasm from '../module.ts'
import { ACCESS_BYTES } from '../operators.ts'
import { FRAME_FUNCTION, FRAME_IF, FRAME_LOOP, type Frame, labelTypes } from '../validate/frame.ts'
import type { FunctionPass } from '../validate/pass.ts'
import { translateMemoryCopy, translateMemoryFill } from './bulk.ts'
import { CONSTANT_DATA, declareRegions, PRIVATE, type RegionFlags } from './flags.ts'
import { emitHostCall, hostBlockBytes, hostBlockSlot } from './host-call.ts'
import { translateLoad, translateLoadLane, translateMemorySize, translateStore, translateStoreLane } from './memory.ts'
import { Meter } from './metering.ts'
import { FIRST_WIDE, numericHandlers, wideHandlers } from './numeric.ts'
import type { TranslateOptions } from './options.ts'
import { clifType, wasmSignature } from './signatures.ts'
import { asLanes, extractLane, replaceLane, VECTOR } from './simd.ts'
import { indirectCallee, readElement, tableLength, writeElement } from './tables.ts'

/** Namespace of wasm functions in CLIF names: u0:function index. */
export const FUNCTION_NAMESPACE = 0

const NO_VALUES: readonly Value[] = []

export class Translator {
  readonly info: wasm.ModuleInfo
  readonly layout: VmctxLayout
  readonly options: TranslateOptions
  /** Never written, but readable only behind a check. */
  readonly guardedData: MemFlags = memFlags(ALIGNED | NOTRAP | READONLY)

  // ---- of the function at hand
  private p!: FunctionPass
  private b!: FunctionBuilder
  func!: Func
  ins!: InstBuilder
  vmctx!: Value
  flags!: RegionFlags
  private sigs: Map<number, SigRef> = new Map()
  private callees: Map<number, FuncRef> = new Map()
  private hostSlot: StackSlot | -1 = NONE
  /** null without fuel and epochs. */
  private meter: Meter | null = null

  constructor(info: wasm.ModuleInfo, options: TranslateOptions) {
    this.info = info
    this.layout = vmctxLayout(info)
    this.options = options
  }

  /** Begins a function; its locals are known, its first operator is not read yet. */
  begin(p: FunctionPass): void {
    const index = p.r.func
    const func = new Func({ kind: 'user', namespace: FUNCTION_NAMESPACE, index }, wasmSignature(p.type))
    const b = new FunctionBuilder(func)
    this.p = p
    this.b = b
    this.func = func
    this.ins = b.ins
    this.sigs.clear()
    this.callees.clear()
    this.hostSlot = NONE
    this.flags = declareRegions(func)
    b.setSrcloc(p.r.pos)
    const entry = b.createBlock()
    b.appendBlockParamsForFunctionParams(entry)
    b.switchToBlock(entry)
    b.sealBlock(entry)
    this.vmctx = func.param(entry, 0)
    if (this.options.stackLimit) declareStackLimit(func)
    this.declareLocals(entry)
    this.meter = this.options.fuel || this.options.epoch ? new Meter(this, b) : null
  }

  private declareLocals(entry: Block): void {
    const { b, p, func } = this
    const params = p.type.params.length
    const zeros = new Map<Type, Value>()
    for (let i = 0; i < p.numLocals; i++) {
      const type = clifType(p.locals[i])
      const variable = b.declareVar(type)
      if (i < params) {
        b.defVar(variable, func.param(entry, i + 2))
        continue
      }
      let zero = zeros.get(type)
      if (zero === undefined) {
        zero = this.zero(type)
        zeros.set(type, zero)
      }
      b.defVar(variable, zero)
    }
  }

  private zero(type: Type): Value {
    if (type === F32) return this.ins.f32constBits(0)
    if (type === F64) return this.ins.f64constPair(0, 0)
    if (type === VECTOR) return this.vector(new Uint8Array(16))
    return this.ins.iconst(type, 0)
  }

  /** The operator at `offset` begins. */
  at(offset: number): void {
    this.ins.srcloc = offset
    if (this.meter !== null) this.meter.operator(this.p.r.bytes[offset])
  }

  /** `value` where `condition` is not zero, which it rarely is not; else what `otherwise` gives, computed out of the way. */
  unlessZero(condition: Value, value: Value, otherwise: () => Value): Value {
    const { b, ins } = this
    const next = b.createBlock()
    const result = b.appendBlockParam(next, this.func.typeOf(value))
    const cold = b.createBlock()
    b.setColdBlock(cold)
    ins.brif(condition, next, [value], cold, NO_VALUES)
    b.switchToBlock(cold)
    b.sealBlock(cold)
    ins.jump(next, [otherwise()])
    b.switchToBlock(next)
    b.sealBlock(next)
    return result
  }

  // ---- operands

  private val(slot: number): Value {
    return this.p.vals[slot] as Value
  }

  /** Operands that leave their block or function. */
  private slice(base: number, n: number): ArrayLike<Value> {
    if (n === 0) return NO_VALUES
    if (this.p.usesVectors) for (let i = base; i < base + n; i++) this.p.vals[i] = this.outgoing(i)
    return this.p.vals.subarray(base, base + n) as unknown as ArrayLike<Value>
  }

  /** The operand as whatever another block, another function or a cell takes it: a vector has VECTOR's lanes. */
  private outgoing(slot: number): Value {
    const v = this.val(slot)
    return this.p.usesVectors && isVector(this.func.typeOf(v)) ? asLanes(this.ins, VECTOR, v) : v
  }

  /** A condition for branches and selects: the comparison itself where `v` is one widened to i32. */
  private condition(v: number): Value {
    const f = this.func
    const inst = f.defInst(v as Value)
    if (inst === NONE || f.op[inst] !== Op.uextend) return v as Value
    const x = f.arg(inst, 0)
    const d = f.defInst(x)
    return d !== NONE && (f.op[d] === Op.icmp || f.op[d] === Op.fcmp) ? x : (v as Value)
  }

  /** The unsigned value of a constant, or -1. */
  constantIndex(v: Value): number {
    const f = this.func
    let inst = f.defInst(v)
    if (inst !== NONE && f.op[inst] === Op.uextend) {
      const narrow = f.arg(inst, 0)
      if (f.typeOf(narrow) === I32) return this.constantIndex(narrow)
      inst = NONE
    }
    if (inst === NONE || f.op[inst] !== Op.iconst) return -1
    const lo = f.imm0[inst] >>> 0
    return f.typeOf(v) === I32 ? lo : (f.imm1[inst] >>> 0) * 4294967296 + lo
  }

  // ---- control

  /** The block of a frame's label. */
  private destination(f: Frame): Block {
    if (f.dest === NONE) {
      f.dest = this.b.createBlock()
      for (const t of labelTypes(f)) this.b.appendBlockParam(f.dest as Block, clifType(t))
    }
    return f.dest as Block
  }

  loop(f: Frame): void {
    const header = this.destination(f)
    const n = f.params.length
    this.meter?.spend()
    this.ins.jump(header, this.slice(f.height, n))
    this.b.switchToBlock(header)
    this.takeParams(f, header, n)
    this.meter?.check()
  }

  ifThen(f: Frame, condition: number): void {
    const { b } = this
    const then = b.createBlock()
    const other = b.createBlock()
    f.other = other
    this.meter?.spend()
    f.saved = Array.from(this.slice(f.height, f.params.length))
    this.ins.brif(this.condition(condition), then, NO_VALUES, other, NO_VALUES)
    b.switchToBlock(then)
    b.sealBlock(then)
  }

  /** `reachable`: the end of the then branch is. */
  elseBranch(f: Frame, reachable: boolean): void {
    this.endPiece(reachable)
    if (reachable) this.ins.jump(this.destination(f), this.slice(f.height, f.results.length))
    this.startElse(f)
    for (let i = 0; i < f.params.length; i++) this.p.vals[f.height + i] = f.saved[i]
  }

  /** What follows begins a block. */
  private endPiece(reachable: boolean): void {
    if (reachable) this.meter?.spend()
    else this.meter?.forget()
  }

  private startElse(f: Frame): void {
    const other = f.other as Block
    this.b.switchToBlock(other)
    this.b.sealBlock(other)
  }

  /** Closes a frame that was entered live; true if what follows can be reached. */
  end(f: Frame, reachable: boolean): boolean {
    const n = f.results.length
    // Behind a loop, and behind a block that nobody branches to, the piece goes on.
    if (!reachable || f.kind === FRAME_IF || (f.kind !== FRAME_LOOP && f.dest !== NONE)) this.endPiece(reachable)
    if (f.kind === FRAME_LOOP) {
      this.b.sealBlock(f.dest as Block)
      return reachable
    }
    if (f.kind === FRAME_IF) {
      if (f.dest === NONE && n === 0) {
        if (reachable) this.ins.jump(f.other as Block)
        this.startElse(f)
        return true
      }
      if (reachable) this.ins.jump(this.destination(f), this.slice(f.height, n))
      this.startElse(f)
      this.ins.jump(this.destination(f), f.saved as Value[])
    } else {
      if (f.dest === NONE) return reachable
      if (reachable) this.ins.jump(f.dest as Block, this.slice(f.height, n))
    }
    this.b.switchToBlock(f.dest as Block)
    this.b.sealBlock(f.dest as Block)
    this.takeParams(f, f.dest as Block, n)
    return true
  }

  private takeParams(f: Frame, block: Block, n: number): void {
    for (let i = 0; i < n; i++) this.p.vals[f.height + i] = this.func.param(block, i)
  }

  endFunction(f: Frame, reachable: boolean): void {
    const n = f.results.length
    this.endPiece(reachable)
    if (f.dest !== NONE) {
      const dest = f.dest as Block
      if (reachable) this.ins.jump(dest, this.slice(f.height, n))
      this.b.switchToBlock(dest)
      this.b.sealBlock(dest)
      this.takeParams(f, dest, n)
      this.return(f.height, n)
    } else if (reachable) this.return(f.height, n)
    this.b.finalize()
  }

  private return(base: number, n: number): void {
    this.meter?.leave()
    this.ins.return(this.slice(base, n))
  }

  unreachable(): void {
    this.meter?.leave()
    this.ins.trap(TRAP_UNREACHABLE)
  }

  br(f: Frame, base: number): void {
    const n = labelTypes(f).length
    if (f.kind === FRAME_FUNCTION) return this.return(base, n)
    this.meter?.spend()
    this.ins.jump(this.destination(f), this.slice(base, n))
  }

  brIf(f: Frame, condition: number, base: number): void {
    const next = this.b.createBlock()
    this.meter?.spend()
    const args = this.slice(base, labelTypes(f).length)
    this.ins.brif(this.condition(condition), this.destination(f), args, next, NO_VALUES)
    this.b.switchToBlock(next)
    this.b.sealBlock(next)
  }

  /** The last target is the default. */
  brTable(targets: readonly Frame[], index: number, base: number): void {
    this.meter?.spend()
    const args = this.slice(base, labelTypes(targets[0]).length)
    const calls = targets.map((f) => this.func.makeBlockCall(this.destination(f), args))
    const table = this.func.createJumpTable({ default: calls.pop()!, entries: calls })
    this.ins.br_table(index as Value, table)
  }

  returnValues(base: number): void {
    this.return(base, this.p.type.results.length)
  }

  select(slot: number): void {
    const condition = this.condition(this.val(slot + 2))
    this.p.vals[slot] = this.ins.select(condition, this.outgoing(slot), this.outgoing(slot + 1))
  }

  // ---- variables and constants

  localGet(index: number, slot: number): void {
    this.p.vals[slot] = this.b.useVar(index as Parameters<FunctionBuilder['useVar']>[0])
  }

  localSet(index: number, slot: number): void {
    this.b.defVar(index as Parameters<FunctionBuilder['defVar']>[0], this.outgoing(slot))
  }

  private globalCell(index: number): [base: Value, offset: number] {
    const at = this.layout.globals[index]
    if (index >= this.info.numImportedGlobals) return [this.vmctx, at]
    return [this.ins.load(I64, CONSTANT_DATA, this.vmctx, at), 0]
  }

  globalGet(index: number, slot: number): void {
    const g = this.info.globals[index]
    const constant = g.mutable ? undefined : this.constantGlobal(index)
    if (constant !== undefined) {
      this.p.vals[slot] = constant
      return
    }
    const [base, offset] = this.globalCell(index)
    this.p.vals[slot] = this.ins.load(clifType(g.type), g.mutable ? this.flags.global : CONSTANT_DATA, base, offset)
  }

  /** The value of an immutable global that is one constant of the module. */
  private constantGlobal(index: number): Value | undefined {
    const init = this.info.globalInits[index - this.info.numImportedGlobals]
    if (init === undefined || init.length !== 1) return undefined
    const c = init[0]
    if (c.op === 'i32.const') return this.ins.iconst(I32, c.value)
    if (c.op === 'i64.const') return this.ins.iconstPair(I64, c.lo, c.hi)
    return undefined
  }

  globalSet(index: number, slot: number): void {
    const [base, offset] = this.globalCell(index)
    this.ins.store(this.flags.global, this.outgoing(slot), base, offset)
  }

  i32Const(value: number, slot: number): void {
    this.p.vals[slot] = this.ins.iconst(I32, value)
  }
  i64Const(lo: number, hi: number, slot: number): void {
    this.p.vals[slot] = this.ins.iconstPair(I64, lo, hi)
  }
  f32Const(bits: number, slot: number): void {
    this.p.vals[slot] = this.ins.f32constBits(bits)
  }
  f64Const(lo: number, hi: number, slot: number): void {
    this.p.vals[slot] = this.ins.f64constPair(lo, hi)
  }

  numeric(op: number, base: number): void {
    this.p.vals[base] = numericHandlers[op](this.ins, this.val(base), this.val(base + 1), this.val(base + 2))
  }

  /** Two words to two words. */
  wide(op: number, base: number): void {
    const results = wideHandlers[op - FIRST_WIDE](this.ins, (i) => this.val(base + i))
    this.p.vals[base] = results[0]
    this.p.vals[base + 1] = results[1]
  }

  // ---- vectors

  private vector(bytes: Uint8Array): Value {
    return this.ins.vconst(VECTOR, this.func.addConstant(bytes))
  }
  v128Const(bytes: Uint8Array, slot: number): void {
    this.p.vals[slot] = this.vector(bytes.slice())
  }
  shuffle(mask: Uint8Array, slot: number): void {
    const { ins, b } = this
    const [x, y] = [asLanes(ins, VECTOR, this.val(slot)), asLanes(ins, VECTOR, this.val(slot + 1))]
    this.p.vals[slot] = ins.shuffle(x, y, b.createShuffleMask(mask))
  }
  extractLane(op: number, lane: number, slot: number): void {
    this.p.vals[slot] = extractLane(this.ins, op, this.val(slot), lane)
  }
  replaceLane(op: number, lane: number, slot: number): void {
    this.p.vals[slot] = replaceLane(this.ins, op, this.val(slot), this.val(slot + 1), lane)
  }

  // ---- calls

  private sig(typeIndex: number): SigRef {
    let s = this.sigs.get(typeIndex)
    if (s === undefined) {
      s = this.b.importSignature(wasmSignature(this.info.types[typeIndex]))
      this.sigs.set(typeIndex, s)
    }
    return s
  }

  /** Arguments of a call: callee vmctx, our own as the caller's, the wasm arguments. */
  private callArgs(callee: Value, base: number, n: number): Value[] {
    this.meter?.leave()
    const args: Value[] = [callee, this.vmctx]
    for (let i = 0; i < n; i++) args.push(this.outgoing(base + i))
    return args
  }

  private takeResults(inst: Inst, base: number): void {
    this.meter?.reload()
    const n = this.func.numResults(inst)
    for (let i = 0; i < n; i++) this.p.vals[base + i] = this.func.result(inst, i)
  }

  /** Reference of a function of this module. */
  private callee(index: number): FuncRef {
    let f = this.callees.get(index)
    if (f === undefined) {
      const ref = this.func.declareUserName({ namespace: FUNCTION_NAMESPACE, index })
      f = this.b.importFunction({ kind: 'user', ref }, this.sig(this.info.functions[index]), true)
      this.callees.set(index, f)
    }
    return f
  }

  /** Code and vmctx of an imported function. */
  private imported(index: number): [code: Value, vmctx: Value] {
    const at = this.layout.imports[index]
    const load = (offset: number): Value => this.ins.load(I64, CONSTANT_DATA, this.vmctx, at + offset)
    return [load(IMPORT_CODE), load(IMPORT_VMCTX)]
  }

  call(index: number, base: number): void {
    const typeIndex = this.info.functions[index]
    const n = this.info.types[typeIndex].params.length
    if (index >= this.info.numImportedFunctions) {
      this.takeResults(this.ins.call(this.callee(index), this.callArgs(this.vmctx, base, n)), base)
      return
    }
    const [code, vmctx] = this.imported(index)
    this.takeResults(this.ins.call_indirect(this.sig(typeIndex), code, this.callArgs(vmctx, base, n)), base)
  }

  callIndirect(typeIndex: number, table: number, index: number, base: number): void {
    const n = this.info.types[typeIndex].params.length
    const [code, vmctx] = indirectCallee(this, typeIndex, table, index as Value)
    this.takeResults(this.ins.call_indirect(this.sig(typeIndex), code, this.callArgs(vmctx, base, n)), base)
  }

  returnCall(index: number, base: number): void {
    const typeIndex = this.info.functions[index]
    const n = this.info.types[typeIndex].params.length
    if (index >= this.info.numImportedFunctions) {
      this.ins.return_call(this.callee(index), this.callArgs(this.vmctx, base, n))
      return
    }
    const [code, vmctx] = this.imported(index)
    this.ins.return_call_indirect(this.sig(typeIndex), code, this.callArgs(vmctx, base, n))
  }

  returnCallIndirect(typeIndex: number, table: number, index: number, base: number): void {
    const n = this.info.types[typeIndex].params.length
    const [code, vmctx] = indirectCallee(this, typeIndex, table, index as Value)
    this.ins.return_call_indirect(this.sig(typeIndex), code, this.callArgs(vmctx, base, n))
  }

  /** Address of the hart's cells. */
  hartCells(): Value {
    return this.ins.load(I64, CONSTANT_DATA, this.vmctx, VMCTX_CELLS)
  }

  /** A host call of a builtin; gives back its result, if any. */
  callBuiltin(name: BuiltinName, args: readonly Value[], result: Type = I64): Value | undefined {
    const { b } = this
    const row = builtin(name)
    const bytes = hostBlockBytes(args.length, row.results.length)
    if (this.hostSlot === NONE) this.hostSlot = hostBlockSlot(b, bytes)
    const data = this.func.stackSlots[this.hostSlot]
    data.size = Math.max(data.size, bytes)
    const number = this.ins.iconst(I64, row.number)
    const types = row.results.length === 0 ? [] : [result]
    return emitHostCall(b, this.hostSlot as StackSlot, this.hartCells(), this.vmctx, number, args, types)[0]
  }

  /** The same for an operator; the result in `slot`. */
  private builtin(name: BuiltinName, args: Value[], slot = -1, result: Type = I64): void {
    const v = this.callBuiltin(name, args, result)
    if (v !== undefined) this.p.vals[slot] = v
  }

  private i32(n: number): Value {
    return this.ins.iconst(I32, n)
  }

  /** An operand of an index type as 64 bits. */
  private addr(index: wasm.ValType, slot: number): Value {
    return index === wasm.I32 ? this.ins.uextend(I64, this.val(slot)) : this.val(slot)
  }

  // ---- memories

  load(op: number, memory: number, offset: number, slot: number): void {
    const v = translateLoad(this, op, memory, this.val(slot), offset, ACCESS_BYTES[op])
    if (v === undefined) this.p.emit = null
    else this.p.vals[slot] = v
  }

  store(op: number, memory: number, offset: number, base: number): void {
    if (!translateStore(this, op, memory, this.val(base), this.val(base + 1), offset, ACCESS_BYTES[op]))
      this.p.emit = null
  }

  /** Operands: index, vector. */
  loadLane(op: number, memory: number, offset: number, lane: number, slot: number): void {
    const [index, x] = [this.val(slot), this.val(slot + 1)]
    const v = translateLoadLane(this, memory, index, x, offset, ACCESS_BYTES[op], lane)
    if (v === undefined) this.p.emit = null
    else this.p.vals[slot] = v
  }

  storeLane(op: number, memory: number, offset: number, lane: number, base: number): void {
    const [index, x] = [this.val(base), this.val(base + 1)]
    if (!translateStoreLane(this, memory, index, x, offset, ACCESS_BYTES[op], lane)) this.p.emit = null
  }

  memorySize(memory: number, slot: number): void {
    this.p.vals[slot] = translateMemorySize(this, memory)
  }

  memoryGrow(memory: number, slot: number): void {
    const t = this.info.memories[memory].index
    this.builtin('memory_grow', [this.i32(memory), this.addr(t, slot)], slot, clifType(t))
  }

  memoryInit(memory: number, segment: number, base: number): void {
    const t = this.info.memories[memory].index
    const args = [this.i32(memory), this.i32(segment), this.addr(t, base)]
    this.builtin('memory_init', [...args, this.addr(wasm.I32, base + 1), this.addr(wasm.I32, base + 2)])
  }

  dataDrop(segment: number): void {
    this.builtin('data_drop', [this.i32(segment)])
  }

  memoryCopy(dst: number, src: number, base: number): void {
    const d = this.info.memories[dst].index
    const s = this.info.memories[src].index
    const n = d === wasm.I32 ? d : s
    translateMemoryCopy(this, this.b, dst, src, [this.addr(d, base), this.addr(s, base + 1), this.addr(n, base + 2)])
  }

  memoryFill(memory: number, base: number): void {
    const t = this.info.memories[memory].index
    translateMemoryFill(this, this.b, memory, [this.addr(t, base), this.val(base + 1), this.addr(t, base + 2)])
  }

  // ---- references and tables

  refNull(slot: number): void {
    this.p.vals[slot] = this.ins.iconst(I64, 0)
  }

  refIsNull(slot: number): void {
    this.p.vals[slot] = this.ins.uextend(I32, this.ins.icmp(EQ, this.val(slot), this.ins.iconst(I64, 0)))
  }

  refFunc(index: number, slot: number): void {
    this.p.vals[slot] = this.ins.iadd_imm(this.vmctx, this.layout.funcRefs[index])
  }

  tableGet(table: number, slot: number): void {
    this.p.vals[slot] = readElement(this, table, this.val(slot))
  }

  tableSet(table: number, base: number): void {
    writeElement(this, table, this.val(base), this.val(base + 1))
  }

  tableSize(table: number, slot: number): void {
    const length = tableLength(this, table)
    this.p.vals[slot] = this.info.tables[table].index === wasm.I32 ? this.ins.ireduce(I32, length) : length
  }

  /** Operands: initial value, delta. */
  tableGrow(table: number, slot: number): void {
    const t = this.info.tables[table].index
    this.builtin('table_grow', [this.i32(table), this.val(slot), this.addr(t, slot + 1)], slot, clifType(t))
  }

  tableFill(table: number, base: number): void {
    const t = this.info.tables[table].index
    this.builtin('table_fill', [this.i32(table), this.addr(t, base), this.val(base + 1), this.addr(t, base + 2)])
  }

  tableCopy(dst: number, src: number, base: number): void {
    const d = this.info.tables[dst].index
    const s = this.info.tables[src].index
    const n = d === wasm.I32 ? d : s
    const args = [this.i32(dst), this.i32(src), this.addr(d, base), this.addr(s, base + 1), this.addr(n, base + 2)]
    this.builtin('table_copy', args)
  }

  tableInit(table: number, segment: number, base: number): void {
    const t = this.info.tables[table].index
    const args = [this.i32(table), this.i32(segment), this.addr(t, base)]
    this.builtin('table_init', [...args, this.addr(wasm.I32, base + 1), this.addr(wasm.I32, base + 2)])
  }

  elemDrop(segment: number): void {
    this.builtin('elem_drop', [this.i32(segment)])
  }
}

/** stack_limit = *(*(vmctx + cells) + limit) */
function declareStackLimit(func: Func): void {
  const vmctx = func.createGlobalValue({ kind: 'vmctx' })
  const cells = func.createGlobalValue({
    kind: 'load',
    base: vmctx,
    offset: VMCTX_CELLS,
    type: I64,
    flags: CONSTANT_DATA,
  })
  func.stackLimit = func.createGlobalValue({
    kind: 'load',
    base: cells,
    offset: CELLS_STACK_LIMIT,
    type: I64,
    flags: PRIVATE,
  })
}
