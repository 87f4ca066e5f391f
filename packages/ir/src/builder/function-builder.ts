// Builds a function block by block, with variables turned into SSA on the way (ssa.ts).
//
// Rules of use: a block is filled in one go, ends with one terminator, and is sealed once all branches to it exist. What breaks a rule
// throws BuilderError at the call that breaks it.
import { type Entity, growI32, NONE } from '@k23/entity'
import type {
  Block,
  ExceptionTable,
  FuncRef,
  GlobalValue,
  Immediate,
  Inst,
  JumpTable,
  SigRef,
  StackSlot,
  Value,
} from '../entities.ts'
import type { ExceptionTableItem, Func, GlobalValueData } from '../function.ts'
import type { MemFlags } from '../memflags.ts'
import { NOTRAP } from '../memflags.ts'
import { type ExternalName, functionNameText, type Signature } from '../signature.ts'
import { type Type, typeName } from '../types.ts'
import { InstBuilder } from './ins.ts'
import { SsaBuilder } from './ssa.ts'

/** A variable of the front end: declared with a type, assigned and read in any order. */
export type Variable = Entity<'Variable'>

/** A branch destination with its arguments. */
export type Target = readonly [block: Block, args?: ArrayLike<number>]

/** The builder was used against its rules. */
export class BuilderError extends Error {
  override readonly name = 'BuilderError'
}

export class FunctionBuilder {
  readonly func: Func
  /** Inserts at the end of the current block. */
  readonly ins: InstBuilder
  /** @internal */
  readonly ssa: SsaBuilder
  private varTypes: Int32Array = new Int32Array(16)
  private numVars = 0
  private filled: Uint8Array = new Uint8Array(16)

  constructor(func: Func) {
    this.func = func
    this.ssa = new SsaBuilder(func)
    this.ins = new FrontendInserter(func, this)
  }

  private fail(message: string): never {
    throw new BuilderError(`function ${functionNameText(this.func.name)}: ${message}`)
  }

  // ---- blocks

  createBlock(): Block {
    return this.func.makeBlock()
  }

  get currentBlock(): Block | -1 {
    return this.ins.block
  }

  /** From now on instructions go to `block`; the current block must have its terminator. */
  switchToBlock(block: Block): void {
    const current = this.ins.block
    if (current !== NONE && this.func.firstInst[current] !== NONE && this.filled[current] === 0)
      this.fail(`block${current} has no terminator: end it before you switch to block${block}`)
    if (this.isFilled(block)) this.fail(`block${block} is filled already`)
    this.ins.atEnd(block)
  }

  /** All branches to `block` exist. */
  sealBlock(block: Block): void {
    this.ssa.seal(block)
  }
  /** Seals every block of the function. */
  sealAllBlocks(): void {
    for (let b = 0; b < this.func.numBlocks; b++) this.ssa.seal(b as Block)
  }
  setColdBlock(block: Block): void {
    this.func.cold[block] = 1
  }

  /** Adds a parameter; only before the block has instructions, since the parameters of variables stand behind these. */
  appendBlockParam(block: Block, type: Type): Value {
    if (this.func.firstInst[block] !== NONE)
      this.fail(`block${block} has instructions already: append its parameters before you fill it`)
    return this.func.appendBlockParam(block, type)
  }
  appendBlockParamsForFunctionParams(block: Block): void {
    for (const p of this.func.signature.params) this.appendBlockParam(block, p.type)
  }
  appendBlockParamsForFunctionReturns(block: Block): void {
    for (const p of this.func.signature.returns) this.appendBlockParam(block, p.type)
  }
  blockParams(block: Block): Value[] {
    return this.func.pool.toArray(this.func.params[block]) as Value[]
  }

  /** True if no branch leads to the current block, and none can be added. */
  isUnreachable(): boolean {
    const b = this.ins.block
    if (b === NONE) return true
    const isEntry = this.func.firstBlock === NONE || this.func.firstBlock === b
    return !isEntry && this.ssa.isSealed(b) && !this.ssa.hasPredecessors(b)
  }
  /** True if the block (the current one by default) has its terminator. */
  isFilled(block: Block | -1 = this.ins.block): boolean {
    return block !== NONE && block < this.filled.length && this.filled[block] !== 0
  }
  isSealed(block: Block): boolean {
    return this.ssa.isSealed(block)
  }

  // ---- variables

  declareVar(type: Type): Variable {
    const v = this.numVars++
    this.varTypes = growI32(this.varTypes, v)
    this.varTypes[v] = type
    return v as Variable
  }

  defVar(variable: Variable, value: Value): void {
    const t = this.varTypes[variable]
    if (this.func.valType[value] !== t) {
      if (variable >= this.numVars) this.fail(`variable ${variable} is not declared`)
      const name = typeName(this.func.typeOf(value))
      this.fail(`variable ${variable} has type ${typeName(t as Type)}, v${value} has type ${name}`)
    }
    if (this.ins.block === NONE) this.fail('no current block: call switchToBlock first')
    this.ssa.defVar(variable, value, this.ins.block as Block)
  }

  useVar(variable: Variable): Value {
    if (variable >= this.numVars) this.fail(`variable ${variable} is not declared`)
    if (this.ins.block === NONE) this.fail('no current block: call switchToBlock first')
    return this.ssa.useVar(variable, this.varTypes[variable] as Type, this.ins.block as Block)
  }

  // ---- declarations

  setSrcloc(srcloc: number): void {
    this.ins.srcloc = srcloc
  }
  /** A signature, shared with an equal one that was imported before. */
  importSignature(sig: Signature): SigRef {
    const at = this.func.signatures.findIndex((s) => signaturesEqual(s, sig))
    return at >= 0 ? (at as SigRef) : this.func.importSignature(sig)
  }
  importFunction(name: ExternalName, sig: Signature | SigRef, colocated = false): FuncRef {
    const signature = typeof sig === 'number' ? sig : this.importSignature(sig)
    return this.func.importFunction({ name, signature, colocated, patchable: false })
  }
  createGlobalValue(data: GlobalValueData): GlobalValue {
    return this.func.createGlobalValue(data)
  }
  createJumpTable(defaultTarget: Target, entries: readonly Target[]): JumpTable {
    const call = ([block, args = []]: Target) => this.func.makeBlockCall(block, args)
    return this.func.createJumpTable({ default: call(defaultTarget), entries: entries.map(call) })
  }
  createExceptionTable(
    signature: SigRef,
    normal: Target,
    items: readonly ({ tag: number; target: Target } | { default: Target } | { context: Value })[],
  ): ExceptionTable {
    const call = ([block, args = []]: Target) => this.func.makeBlockCall(block, args)
    return this.func.createExceptionTable({
      signature,
      normal: call(normal),
      items: items.map((i): ExceptionTableItem => {
        if ('context' in i) return { kind: 'context', value: i.context }
        if ('tag' in i) return { kind: 'tag', tag: i.tag, target: call(i.target) }
        return { kind: 'default', target: call(i.default) }
      }),
    })
  }
  createShuffleMask(mask: ArrayLike<number>): Immediate {
    if (mask.length !== 16) this.fail(`a shuffle mask has 16 bytes, this one has ${mask.length}`)
    return (this.func.immediates.push(Uint8Array.from(mask)) - 1) as Immediate
  }

  /** A stack slot of `size` bytes, aligned to 1 << `alignShift` bytes. */
  createStackSlot(size: number, alignShift = 0): StackSlot {
    return this.func.createStackSlot({ kind: 'explicit_slot', size, alignShift, key: undefined })
  }
  /** Loads from a stack slot; `pointer` is the type of an address. */
  stackLoad(type: Type, pointer: Type, slot: StackSlot, offset = 0): Value {
    return this.ins.load(type, stackFlags, this.ins.stack_addr(pointer, slot, offset))
  }
  stackStore(pointer: Type, x: Value, slot: StackSlot, offset = 0): Inst {
    return this.ins.store(stackFlags, x, this.ins.stack_addr(pointer, slot, offset))
  }

  // ---- the end

  /** Checks that every block with an instruction or a branch to it is filled and sealed. */
  finalize(): void {
    const { func } = this
    for (let b = 0; b < func.numBlocks; b++) {
      const inUse = func.blockInserted[b] !== 0 || this.ssa.hasPredecessors(b as Block)
      if (!inUse) continue
      if (!this.isFilled(b as Block)) this.fail(`block${b} has no terminator`)
      if (!this.ssa.isSealed(b as Block))
        this.fail(`block${b} is not sealed: call sealBlock once all branches to it exist`)
    }
    this.ssa.shortenAliases()
    this.ins.block = NONE
  }

  /** @internal */
  beforeInsert(): void {
    const b = this.ins.block
    if (b === NONE) this.fail('no current block: call switchToBlock first')
    if (this.isFilled(b)) this.fail(`block${b} is filled already: switch to another block`)
    if (this.func.blockInserted[b] === 0) this.func.appendBlock(b as Block)
  }

  /** @internal */
  terminated(inst: Inst): void {
    const b = this.ins.block as Block
    if (b >= this.filled.length) {
      const next = new Uint8Array(Math.max(this.func.numBlocks, this.filled.length * 2))
      next.set(this.filled)
      this.filled = next
    }
    this.filled[b] = 1
    const sealed = this.ssa.addBranch(inst, b)
    if (sealed !== NONE) this.fail(`block${sealed} is sealed: no branch to it can be added`)
  }
}

const stackFlags = NOTRAP as MemFlags

/** Tells its function builder of every block that is filled. */
class FrontendInserter extends InstBuilder {
  private readonly owner: FunctionBuilder
  constructor(func: Func, owner: FunctionBuilder) {
    super(func)
    this.owner = owner
  }
  override insert(op: number, ctrl: Type, args: number, imm0: number, imm1: number): Inst {
    const f = this.func
    const b = this.block
    if (b === NONE || f.blockInserted[b] === 0 || this.owner.isFilled(b)) this.owner.beforeInsert()
    const inst = f.makeInst(op, ctrl, args, imm0, imm1)
    f.srcloc[inst] = this.srcloc
    f.appendInst(inst, b as Block)
    return inst
  }
  override insertTerminator(op: number, ctrl: Type, args: number, imm0: number, imm1: number): Inst {
    const inst = this.insert(op, ctrl, args, imm0, imm1)
    this.owner.terminated(inst)
    return inst
  }
}

export function signaturesEqual(a: Signature, b: Signature): boolean {
  const same = (x: Signature['params'], y: Signature['params']): boolean =>
    x.length === y.length &&
    x.every((p, i) => {
      const q = y[i]
      return p.type === q.type && p.extension === q.extension && p.purpose === q.purpose && p.sargBytes === q.sargBytes
    })
  return a.callConv === b.callConv && same(a.params, b.params) && same(a.returns, b.returns)
}
