// A CLIF function: a struct of typed arrays addressed by entity. No object exists per instruction, value or block;
// rare and large things (signatures, jump tables, call information) are objects in side tables.
//
// Instruction i:
//   op[i]       opcode (Op.*)                       ctrl[i]     controlling type, INVALID where the opcode has none
//   args[i]     value arguments, a ListPool list    results[i]  result values, a ListPool list
//   imm0[i], imm1[i]   two int32 words of immediates, by format (format.ts says which)
//   srcloc[i]   source location, -1 for none
// Value v:
//   valType[v]; valKind[v]: RESULT (valDef = inst, valNum = result number), PARAM (valDef = block, valNum = parameter number),
//   ALIAS (valDef = the value it stands for), UNION (valDef, valNum = two equal values), INVALID_VALUE (a number the parser skipped)
// Block b: params[b], a ListPool list of values; the layout is two doubly linked lists, blocks and instructions in a block.
// BlockCall c: bcBlock[c], bcArgs[c]: a list of block arguments: a value as itself, or for the targets of a try_call
//   the n-th return value as retArg(n), the n-th exception payload as exnArg(n) (both negative).
//
// Invariants: every instruction in the layout has its block in instBlock; only the last instruction of a block is a terminator;
// an alias is never the result list's member (printing may show it; uses are resolved through resolve()).
import { type Entity, growI32, growU16, growU8, type ListRef, ListPool, NONE } from '@k23/entity'
import type {
  AliasRegion,
  Block,
  BlockCall,
  Constant,
  DynamicType,
  ExceptionTable,
  FuncRef,
  GlobalValue,
  Inst,
  JumpTable,
  SigRef,
  StackSlot,
  UserExternalNameRef,
  Value,
} from './entities.ts'
import type { ExtFunc, FunctionName, ExternalName, Signature, UserExternalName } from './signature.ts'
import type { MemFlags } from './memflags.ts'
import { INVALID, type Type } from './types.ts'

export const RESULT = 0
export const PARAM = 1
export const ALIAS = 2
export const UNION = 3
export const INVALID_VALUE = 4

/** The block argument that stands for the n-th return value of a try_call. */
export function retArg(n: number): number {
  return -2 - 2 * n
}
/** The block argument that stands for the n-th exception payload of a try_call. */
export function exnArg(n: number): number {
  return -3 - 2 * n
}
/** Number of a `ret` argument, or -1 where `arg` is none. */
export function retArgIndex(arg: number): number {
  return arg < -1 && (arg & 1) === 0 ? (-2 - arg) >> 1 : -1
}
/** Number of an `exn` argument, or -1 where `arg` is none. */
export function exnArgIndex(arg: number): number {
  return arg < -2 && (arg & 1) !== 0 ? (-3 - arg) >> 1 : -1
}

export interface StackSlotData {
  kind: 'explicit_slot' | 'explicit_dynamic_slot'
  /** Bytes. */
  size: number
  /** log2 of the alignment in bytes; 0 where the ABI's word alignment is enough. */
  alignShift: number
  /** A key that debug tags and stack descriptors name; -1 for none. */
  key: bigint | undefined
}

export interface DynamicStackSlotData {
  type: DynamicType
}

export interface DynamicTypeData {
  base: Type
  scale: GlobalValue
}

export type GlobalValueData =
  | { kind: 'vmctx' }
  | { kind: 'load'; base: GlobalValue; offset: number; type: Type; flags: MemFlags }
  | { kind: 'iadd_imm'; base: GlobalValue; offset: bigint; type: Type }
  | { kind: 'symbol'; name: ExternalName; offset: bigint; colocated: boolean; tls: boolean }
  | { kind: 'dyn_scale_target_const'; type: Type }

export interface JumpTableData {
  default: BlockCall
  entries: BlockCall[]
}

export type ExceptionTableItem =
  | { kind: 'tag'; tag: number; target: BlockCall }
  | { kind: 'default'; target: BlockCall }
  | { kind: 'context'; value: Value }

export interface ExceptionTableData {
  signature: SigRef
  normal: BlockCall
  items: ExceptionTableItem[]
}

/** One live value of a safepoint: `value` of `type` is stored at `slot` + `offset`. */
export interface UserStackMapEntry {
  type: Type
  slot: StackSlot
  offset: number
}

/** A tag on an instruction, in the text `<ss0, 5>`. */
export type DebugTag = { kind: 'user'; value: number } | { kind: 'slot'; slot: StackSlot }

export interface AliasRegionData {
  userId: number
  description: string
}

/** Bytes of the first, small, allocation of all tables of a function. */
const SLAB_BYTES = 3424

export class Func {
  name: FunctionName
  signature: Signature

  // ---- instructions
  numInsts = 0
  op: Uint8Array
  ctrl: Uint16Array
  args: Int32Array
  results: Int32Array
  imm0: Int32Array
  imm1: Int32Array
  srcloc: Int32Array

  // ---- values
  numValues = 0
  valKind: Uint8Array
  valType: Uint16Array
  valDef: Int32Array
  valNum: Int32Array

  // ---- blocks
  numBlocks = 0
  params: Int32Array
  cold: Uint8Array

  // ---- block calls
  numBlockCalls = 0
  bcBlock: Int32Array
  bcArgs: Int32Array

  // ---- layout
  firstBlock: Block | -1 = NONE
  lastBlock: Block | -1 = NONE
  nextBlock: Int32Array
  prevBlock: Int32Array
  firstInst: Int32Array
  lastInst: Int32Array
  nextInst: Int32Array
  prevInst: Int32Array
  /** Block of an instruction in the layout, -1 outside it. */
  instBlock: Int32Array
  /** 1 for a block in the layout. */
  blockInserted: Uint8Array

  /** All lists: value arguments, results, block parameters, block-call arguments. */
  pool: ListPool = new ListPool()

  // ---- side tables
  stackSlots: StackSlotData[] = []
  dynamicStackSlots: DynamicStackSlotData[] = []
  dynamicTypes: DynamicTypeData[] = []
  globalValues: GlobalValueData[] = []
  /** Bytes of constants, little-endian. */
  constants: Uint8Array[] = []
  immediates: Uint8Array[] = []
  jumpTables: JumpTableData[] = []
  extFuncs: ExtFunc[] = []
  signatures: Signature[] = []
  userNames: UserExternalName[] = []
  exceptionTables: ExceptionTableData[] = []
  aliasRegions: AliasRegionData[] = []
  stackLimit: GlobalValue | undefined = undefined
  /** User stack maps of calls. */
  stackMaps: Map<Inst, UserStackMapEntry[]> = new Map()
  debugTags: Map<Inst, DebugTag[]> = new Map()
  valueLabels: Map<Value, string> = new Map()

  constructor(name: FunctionName, signature: Signature) {
    this.name = name
    this.signature = signature
    // All tables start in one buffer: a typed array of its own costs several times a view.
    // Words first, then halves, then bytes, so that each view is aligned.
    const slab = new ArrayBuffer(SLAB_BYTES)
    let at = 0
    const words = (n: number): Int32Array => {
      at += n * 4
      return new Int32Array(slab, at - n * 4, n)
    }
    const halves = (n: number): Uint16Array => {
      at += n * 2
      return new Uint16Array(slab, at - n * 2, n)
    }
    const bytes = (n: number): Uint8Array => {
      at += n
      return new Uint8Array(slab, at - n, n)
    }
    this.args = words(64)
    this.results = words(64)
    this.imm0 = words(64)
    this.imm1 = words(64)
    this.srcloc = words(64)
    this.valDef = words(64)
    this.valNum = words(64)
    this.params = words(16)
    this.bcBlock = words(16)
    this.bcArgs = words(16)
    this.nextBlock = words(16)
    this.prevBlock = words(16)
    this.firstInst = words(16)
    this.lastInst = words(16)
    this.nextInst = words(64)
    this.prevInst = words(64)
    this.instBlock = words(64)
    this.ctrl = halves(64)
    this.valType = halves(64)
    this.op = bytes(64)
    this.valKind = bytes(64)
    this.cold = bytes(16)
    this.blockInserted = bytes(16)
  }

  // ---- creation

  /** A new instruction outside the layout, without results. `args` is a list of this function's pool. */
  makeInst(op: number, ctrl: Type, args: ListRef, imm0: number, imm1: number): Inst {
    const i = this.numInsts++
    if (i >= this.op.length) this.growInsts(i)
    this.op[i] = op
    this.ctrl[i] = ctrl
    this.args[i] = args
    this.results[i] = 0
    this.imm0[i] = imm0
    this.imm1[i] = imm1
    this.srcloc[i] = -1
    this.instBlock[i] = NONE
    this.nextInst[i] = NONE
    this.prevInst[i] = NONE
    return i as Inst
  }

  /** Adds result number `results.length` of type `type` to `inst`. */
  appendResult(inst: Inst, type: Type): Value {
    const list = this.results[inst]
    const v = this.newValue(RESULT, type, inst, this.pool.len(list))
    this.results[inst] = this.pool.append(list, v)
    return v
  }

  /** A new block outside the layout. */
  makeBlock(): Block {
    const b = this.numBlocks++
    if (b >= this.params.length) this.growBlocks(b)
    this.params[b] = 0
    this.cold[b] = 0
    this.firstInst[b] = NONE
    this.lastInst[b] = NONE
    this.nextBlock[b] = NONE
    this.prevBlock[b] = NONE
    this.blockInserted[b] = 0
    return b as Block
  }

  /** Adds a parameter to `block`. */
  appendBlockParam(block: Block, type: Type): Value {
    const list = this.params[block]
    const v = this.newValue(PARAM, type, block, this.pool.len(list))
    this.params[block] = this.pool.append(list, v)
    return v
  }

  /** A branch target with arguments (values, retArg, exnArg). */
  makeBlockCall(block: Block, args: ArrayLike<number>): BlockCall {
    const c = this.numBlockCalls++
    this.bcBlock = growI32(this.bcBlock, c)
    this.bcArgs = growI32(this.bcArgs, c)
    this.bcBlock[c] = block
    this.bcArgs[c] = this.pool.from(args)
    return c as BlockCall
  }

  newValue(kind: number, type: Type, def: number, num: number): Value {
    const v = this.numValues++
    if (v >= this.valKind.length) {
      this.valKind = growU8(this.valKind, v)
      this.valType = growU16(this.valType, v)
      this.valDef = growI32(this.valDef, v)
      this.valNum = growI32(this.valNum, v)
    }
    this.valKind[v] = kind
    this.valType[v] = type
    this.valDef[v] = def
    this.valNum[v] = num
    return v as Value
  }

  importSignature(sig: Signature): SigRef {
    return (this.signatures.push(sig) - 1) as SigRef
  }
  importFunction(func: ExtFunc): FuncRef {
    return (this.extFuncs.push(func) - 1) as FuncRef
  }
  declareUserName(name: UserExternalName): UserExternalNameRef {
    const at = this.userNames.findIndex((n) => n.namespace === name.namespace && n.index === name.index)
    return (at >= 0 ? at : this.userNames.push(name) - 1) as UserExternalNameRef
  }
  createStackSlot(data: StackSlotData): StackSlot {
    return (this.stackSlots.push(data) - 1) as StackSlot
  }
  createGlobalValue(data: GlobalValueData): GlobalValue {
    return (this.globalValues.push(data) - 1) as GlobalValue
  }
  createJumpTable(data: JumpTableData): JumpTable {
    return (this.jumpTables.push(data) - 1) as JumpTable
  }
  createExceptionTable(data: ExceptionTableData): ExceptionTable {
    return (this.exceptionTables.push(data) - 1) as ExceptionTable
  }
  createAliasRegion(data: AliasRegionData): AliasRegion {
    return (this.aliasRegions.push(data) - 1) as AliasRegion
  }
  addConstant(bytes: Uint8Array): Constant {
    const at = this.constants.findIndex((c) => c.length === bytes.length && c.every((b, i) => b === bytes[i]))
    return (at >= 0 ? at : this.constants.push(bytes) - 1) as Constant
  }

  // ---- reading

  numArgs(inst: Inst): number {
    return this.pool.len(this.args[inst])
  }
  /** Argument `i`, with aliases resolved. */
  arg(inst: Inst, i: number): Value {
    return this.resolve(this.pool.data[this.args[inst] + i] as Value)
  }
  numResults(inst: Inst): number {
    return this.pool.len(this.results[inst])
  }
  result(inst: Inst, i = 0): Value {
    return this.pool.data[this.results[inst] + i] as Value
  }
  typeOf(v: Value): Type {
    return this.valType[v] as Type
  }
  numParams(block: Block): number {
    return this.pool.len(this.params[block])
  }
  param(block: Block, i: number): Value {
    return this.pool.data[this.params[block] + i] as Value
  }
  /** The value that `v` stands for: itself unless it is an alias. */
  resolve(v: Value): Value {
    let x: number = v
    while (this.valKind[x] === ALIAS) x = this.valDef[x]
    return x as Value
  }
  /** The instruction that defines `v`, or -1 for a block parameter. */
  defInst(v: Value): Inst | -1 {
    const x = this.resolve(v)
    return this.valKind[x] === RESULT ? (this.valDef[x] as Inst) : NONE
  }

  // ---- layout

  appendBlock(b: Block): void {
    this.blockInserted[b] = 1
    this.prevBlock[b] = this.lastBlock
    this.nextBlock[b] = NONE
    if (this.lastBlock === NONE) this.firstBlock = b
    else this.nextBlock[this.lastBlock] = b
    this.lastBlock = b
  }

  insertBlockAfter(b: Block, after: Block): void {
    const next = this.nextBlock[after]
    this.blockInserted[b] = 1
    this.prevBlock[b] = after
    this.nextBlock[b] = next
    this.nextBlock[after] = b
    if (next === NONE) this.lastBlock = b
    else this.prevBlock[next] = b
  }

  /** Takes `b` out of the layout; its instructions stay in it. */
  removeBlock(b: Block): void {
    const p = this.prevBlock[b]
    const n = this.nextBlock[b]
    if (p === NONE) this.firstBlock = n as Block | -1
    else this.nextBlock[p] = n
    if (n === NONE) this.lastBlock = p as Block | -1
    else this.prevBlock[n] = p
    this.blockInserted[b] = 0
    this.nextBlock[b] = NONE
    this.prevBlock[b] = NONE
  }

  appendInst(inst: Inst, b: Block): void {
    const last = this.lastInst[b]
    this.instBlock[inst] = b
    this.prevInst[inst] = last
    this.nextInst[inst] = NONE
    if (last === NONE) this.firstInst[b] = inst
    else this.nextInst[last] = inst
    this.lastInst[b] = inst
  }

  insertInstBefore(inst: Inst, before: Inst): void {
    const b = this.instBlock[before]
    const prev = this.prevInst[before]
    this.instBlock[inst] = b
    this.prevInst[inst] = prev
    this.nextInst[inst] = before
    this.prevInst[before] = inst
    if (prev === NONE) this.firstInst[b] = inst
    else this.nextInst[prev] = inst
  }

  removeInst(inst: Inst): void {
    const b = this.instBlock[inst]
    const p = this.prevInst[inst]
    const n = this.nextInst[inst]
    if (p === NONE) this.firstInst[b] = n
    else this.nextInst[p] = n
    if (n === NONE) this.lastInst[b] = p
    else this.prevInst[n] = p
    this.instBlock[inst] = NONE
    this.nextInst[inst] = NONE
    this.prevInst[inst] = NONE
  }

  // ---- changing

  /** Makes `from` stand for `to`; its defining instruction no longer has it as a result (detach it first). */
  changeToAlias(from: Value, to: Value): void {
    this.valKind[from] = ALIAS
    this.valDef[from] = to
    this.valNum[from] = 0
    this.valType[from] = this.valType[to]
  }

  private growInsts(i: number): void {
    this.op = growU8(this.op, i)
    this.ctrl = growU16(this.ctrl, i)
    this.args = growI32(this.args, i)
    this.results = growI32(this.results, i)
    this.imm0 = growI32(this.imm0, i)
    this.imm1 = growI32(this.imm1, i)
    this.srcloc = growI32(this.srcloc, i)
    this.nextInst = growI32(this.nextInst, i)
    this.prevInst = growI32(this.prevInst, i)
    this.instBlock = growI32(this.instBlock, i)
  }

  private growBlocks(b: number): void {
    this.params = growI32(this.params, b)
    this.cold = growU8(this.cold, b)
    this.nextBlock = growI32(this.nextBlock, b)
    this.prevBlock = growI32(this.prevBlock, b)
    this.firstInst = growI32(this.firstInst, b)
    this.lastInst = growI32(this.lastInst, b)
    this.blockInserted = growU8(this.blockInserted, b)
  }
}

/** True for an integer that names a value (and not a ret/exn block argument). */
export function isValueArg(arg: number): arg is Entity<'Value'> {
  return arg >= 0
}
export { INVALID }
