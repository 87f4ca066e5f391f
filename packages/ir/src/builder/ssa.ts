// SSA construction while the function is being built.
//
// Problem: a front end assigns to variables in any order; CLIF wants each use to name one value, with block parameters where several
//   definitions meet. Predecessors of a block may still be unknown when it is filled (loops).
// Idea: Braun, Buchwald, Hack, Leissa, Mallon, Zwinkau, "Simple and Efficient Construction of SSA Form" (CC 2013). Each block remembers
//   the last value of each variable. A use that finds none asks the predecessors: with one, it takes what that has; with several, the
//   block gets a parameter and each branch to it an argument, and where all arguments turn out to be one value, the parameter becomes an
//   alias of that. A block whose predecessors are not all known yet (not sealed) gets a parameter that is completed when it is sealed.
// Shape: definitions are one open-addressing table keyed by (block, variable) for the whole function, and in front of it a cache of the
//   current block. The search is a loop over an explicit stack, since chains of blocks may be long.
// Invariants: arguments are appended to a branch in the order of the parameters; a parameter that has no arguments yet stands behind all that
//   have. Within one search a block gets at most one new parameter, since it holds a definition of the variable from then on.
import { growI32, growU8, I32Vec, NONE } from '@k23/entity'
import { branchTargets } from '../branches.ts'
import type { Block, BlockCall, Inst, Value } from '../entities.ts'
import { ALIAS, type Func, PARAM } from '../function.ts'
import type { Type } from '../types.ts'
import { zeroAtStart } from './zero.ts'

export class SsaBuilder {
  readonly func: Func

  // Definitions: block + 1 (0 is free), variable, value.
  private keyBlock: Int32Array = new Int32Array(256)
  private keyVar: Int32Array = new Int32Array(256)
  private defValue: Int32Array = new Int32Array(256)
  private used = 0

  // Cache of the definitions in `cacheBlock`: cacheStamp[variable] === stamp says that cacheValue holds.
  private cacheBlock = NONE
  private stamp = 0
  private cacheStamp: Int32Array = new Int32Array(16)
  private cacheValue: Int32Array = new Int32Array(16)

  // Blocks.
  private sealedBlocks: Uint8Array = new Uint8Array(16)
  private predHead: Int32Array = new Int32Array(16)
  private predTail: Int32Array = new Int32Array(16)
  private predCount: Int32Array = new Int32Array(16)
  private incompleteHead: Int32Array = new Int32Array(16)
  private incompleteTail: Int32Array = new Int32Array(16)
  private numBlocks = 0

  // Edges: the block call and the block that it leaves; a linked list per destination.
  private edgeCall = new I32Vec()
  private edgeFrom = new I32Vec()
  private edgeNext = new I32Vec()

  // Parameters of blocks that are not sealed: a linked list per block.
  private incompleteVar = new I32Vec()
  private incompleteParam = new I32Vec()
  private incompleteNext = new I32Vec()

  // The search: entries are a block to ask, or ~param for a parameter whose predecessors have been asked.
  private readonly work = new I32Vec()
  private readonly results = new I32Vec()
  private readonly path = new I32Vec()
  private readonly targets = new I32Vec()
  // visited[block] === walk: block is on the chain that is being followed
  private visited: Int32Array = new Int32Array(16)
  private walk = 0

  constructor(func: Func) {
    this.func = func
  }

  private ensure(block: number): void {
    if (block < this.numBlocks) return
    const from = this.numBlocks
    this.sealedBlocks = growU8(this.sealedBlocks, block)
    this.predHead = growI32(this.predHead, block)
    this.predTail = growI32(this.predTail, block)
    this.predCount = growI32(this.predCount, block)
    this.incompleteHead = growI32(this.incompleteHead, block)
    this.incompleteTail = growI32(this.incompleteTail, block)
    this.visited = growI32(this.visited, block)
    for (let b = from; b <= block; b++)
      this.predHead[b] = this.predTail[b] = this.incompleteHead[b] = this.incompleteTail[b] = NONE
    this.numBlocks = block + 1
  }

  // ---- definitions

  private slot(block: number, variable: number): number {
    const mask = this.keyBlock.length - 1
    let i = (Math.imul(block + 1, 0x9e3779b1) ^ Math.imul(variable + 1, 0x85ebca6b)) >>> 0
    i = (i ^ (i >>> 15)) & mask
    while (this.keyBlock[i] !== 0 && (this.keyBlock[i] !== block + 1 || this.keyVar[i] !== variable)) i = (i + 1) & mask
    return i
  }

  /** From now on `variable` is `value` in `block`. */
  defVar(variable: number, value: Value, block: Block): void {
    if (block === this.cacheBlock) this.cache(variable, value)
    let i = this.slot(block, variable)
    if (this.keyBlock[i] === 0) {
      if (this.used * 2 >= this.keyBlock.length) {
        this.rehash()
        i = this.slot(block, variable)
      }
      this.used++
      this.keyBlock[i] = block + 1
      this.keyVar[i] = variable
    }
    this.defValue[i] = value
  }

  private cache(variable: number, value: number): void {
    if (variable >= this.cacheStamp.length) {
      this.cacheStamp = growI32(this.cacheStamp, variable)
      this.cacheValue = growI32(this.cacheValue, variable)
    }
    this.cacheStamp[variable] = this.stamp
    this.cacheValue[variable] = value
  }

  private rehash(): void {
    const { keyBlock, keyVar, defValue } = this
    this.keyBlock = new Int32Array(keyBlock.length * 2)
    this.keyVar = new Int32Array(keyBlock.length * 2)
    this.defValue = new Int32Array(keyBlock.length * 2)
    for (let i = 0; i < keyBlock.length; i++) {
      if (keyBlock[i] === 0) continue
      const j = this.slot(keyBlock[i] - 1, keyVar[i])
      this.keyBlock[j] = keyBlock[i]
      this.keyVar[j] = keyVar[i]
      this.defValue[j] = defValue[i]
    }
  }

  private localDef(block: number, variable: number): Value | -1 {
    const i = this.slot(block, variable)
    return this.keyBlock[i] === 0 ? NONE : this.func.resolve(this.defValue[i] as Value)
  }

  // ---- control flow

  isSealed(block: Block): boolean {
    return block < this.numBlocks && this.sealedBlocks[block] !== 0
  }
  hasPredecessors(block: Block): boolean {
    return block < this.numBlocks && this.predCount[block] !== 0
  }

  /** Takes note of the edges of `inst`, the last instruction of `from`. Returns a block that was sealed already, or -1. */
  addBranch(inst: Inst, from: Block): Block | -1 {
    const { func, targets } = this
    targets.clear()
    branchTargets(func, inst, targets)
    for (let i = 0; i < targets.length; i++) {
      const to = func.bcBlock[targets.data[i]]
      this.ensure(to)
      if (this.sealedBlocks[to] !== 0) return to as Block
      const e = this.edgeCall.push(targets.data[i])
      this.edgeFrom.push(from)
      this.edgeNext.push(NONE)
      if (this.predTail[to] === NONE) this.predHead[to] = e
      else this.edgeNext.data[this.predTail[to]] = e
      this.predTail[to] = e
      this.predCount[to]++
    }
    return NONE
  }

  /** All predecessors of `block` are known: completes the parameters that waited for them. */
  seal(block: Block): void {
    this.ensure(block)
    if (this.sealedBlocks[block] !== 0) return
    this.sealedBlocks[block] = 1
    for (let i = this.incompleteHead[block]; i !== NONE; i = this.incompleteNext.data[i]) {
      const variable = this.incompleteVar.data[i]
      this.askPredecessors(block, this.incompleteParam.data[i] as Value)
      this.run(variable, this.func.typeOf(this.incompleteParam.data[i] as Value))
      this.results.pop()
    }
  }

  // ---- uses

  /** The value of `variable`, of type `type`, at the end of what `block` holds so far. */
  useVar(variable: number, type: Type, block: Block): Value {
    if (block !== this.cacheBlock) {
      this.cacheBlock = block
      this.stamp++
    } else if (variable < this.cacheStamp.length && this.cacheStamp[variable] === this.stamp) {
      return this.func.resolve(this.cacheValue[variable] as Value)
    }
    let value: number = this.localDef(block, variable)
    if (value === NONE) {
      this.work.push(block)
      this.run(variable, type)
      value = this.results.pop()
    }
    this.cache(variable, value)
    return value as Value
  }

  private run(variable: number, type: Type): void {
    const { work } = this
    while (work.length > 0) {
      const w = work.pop()
      if (w >= 0) this.find(w as Block, variable, type)
      else this.finish(~w as Value, type)
    }
  }

  /** Pushes the value of `variable` at the end of `start` as a result, or the work that will. */
  private find(start: Block, variable: number, type: Type): void {
    const { path, func } = this
    path.clear()
    this.walk++
    let block = start
    let value: number = NONE
    let newParam = false
    for (;;) {
      this.ensure(block)
      value = this.localDef(block, variable)
      if (value !== NONE) break
      // A chain of only predecessors that comes back to itself cannot be reached: treated like a join, so that it gets a zero.
      if (this.sealedBlocks[block] === 0 || this.predCount[block] > 1 || this.visited[block] === this.walk) {
        newParam = true
        value = func.appendBlockParam(block, type)
        break
      }
      if (this.predCount[block] === 0) {
        value = zeroAtStart(func, block, type)
        break
      }
      this.visited[block] = this.walk
      path.push(block)
      block = this.edgeFrom.data[this.predHead[block]] as Block
    }
    this.defVar(variable, value as Value, block)
    for (let i = 0; i < path.length; i++) this.defVar(variable, value as Value, path.data[i] as Block)
    if (!newParam) this.results.push(value)
    else if (this.sealedBlocks[block] !== 0) this.askPredecessors(block, value as Value)
    else {
      const i = this.incompleteVar.push(variable)
      this.incompleteParam.push(value)
      this.incompleteNext.push(NONE)
      if (this.incompleteTail[block] === NONE) this.incompleteHead[block] = i
      else this.incompleteNext.data[this.incompleteTail[block]] = i
      this.incompleteTail[block] = i
      this.results.push(value)
    }
  }

  private askPredecessors(block: Block, param: Value): void {
    this.work.push(~param)
    for (let e = this.predHead[block]; e !== NONE; e = this.edgeNext.data[e]) this.work.push(this.edgeFrom.data[e])
  }

  /** The predecessors of the block of `param` have pushed their values, the first predecessor's last. */
  private finish(param: Value, type: Type): void {
    const { func, results } = this
    const block = func.valDef[param] as Block
    const n = this.predCount[block]
    const base = results.length - n
    let same: number = NONE
    let different = false
    for (let i = base; i < results.length; i++) {
      const v = func.resolve(results.data[i] as Value)
      results.data[i] = v
      if (v === param || v === same) continue
      if (same === NONE) same = v
      else different = true
    }
    if (different) {
      let i = results.length
      for (let e = this.predHead[block]; e !== NONE; e = this.edgeNext.data[e]) {
        const call = this.edgeCall.data[e] as BlockCall
        func.bcArgs[call] = func.pool.append(func.bcArgs[call], results.data[--i])
      }
      results.length = base
      results.push(param)
      return
    }
    results.length = base
    if (same === NONE) same = zeroAtStart(func, block, type)
    removeBlockParam(func, param)
    func.changeToAlias(param, same as Value)
    results.push(same)
  }

  /** Makes every alias stand directly for a value that is none: sealing late can leave chains as long as the function. */
  shortenAliases(): void {
    const { func } = this
    for (let v = 0; v < func.numValues; v++) {
      if (func.valKind[v] !== ALIAS) continue
      const end = func.resolve(v as Value)
      for (let x: number = v; x !== end; ) {
        const next = func.valDef[x]
        func.valDef[x] = end
        x = next
      }
    }
  }
}

/** Takes a parameter out of its block; branches to the block must not have an argument for it. */
export function removeBlockParam(func: Func, param: Value): void {
  if (func.valKind[param] !== PARAM) return
  const block = func.valDef[param]
  const at = func.valNum[param]
  const list = func.pool.removed(func.params[block], at)
  func.params[block] = list
  for (let i = at; i < func.pool.len(list); i++) func.valNum[func.pool.data[list + i]] = i
}
