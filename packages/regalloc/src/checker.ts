// A symbolic checker: does the allocated program compute what the program over virtual registers computes?
//
// Method. Abstract interpretation of the allocated program, where the abstract value of a location (a register, or one
// 8-byte word of the spill area) is the set of virtual registers whose value it is known to hold. A value of two words
// is held in two parts, so facts are triples (location, virtual register, part). The state is the set of facts that are
// true on every path.
//
// Lattice. Sets of facts ordered by inclusion, meet is intersection, top ("no path known yet") stands for the set of
// all facts. All transfer functions are monotone (they remove facts by location or by register, copy and rename facts),
// chains are finite, so the work list ends in the greatest fixed point.
//
// Transfer functions.
//   edit from -> to   the facts of `to` are removed; then each fact of `from` whose class is the class of the move is copied to `to`.
//                     Words of a slot in memory and parts of the value correspond one to one; a register gets a value only if all parts are there.
//   instruction       early defs remove the facts of what they write and add their own; clobbers remove, and so does every instruction for scratch
//                     registers; late defs remove and add.
//   edge              the target's parameters are renamed in parallel: facts of a parameter are removed, and for each fact about an argument the
//                     same fact about the parameter is added. Facts about values that are not live into the target are dropped.
//   block entry       facts about values that the block itself defines by an instruction are stale copies from an earlier turn of a loop. They are
//                     never live into the block (SSA: the definition dominates all uses), so the edge has already dropped them.
//
// Claim. If no error is reported, then in every execution each use operand reads, where `allocs` says, the value that
// its virtual register has in the input program at that point, and results are where the program after them looks for
// them. Argument: by induction over the steps of an execution, every fact in the state is true. (1) A write to a
// location removes all facts about it, and every way to write a location (edit, def, clobber) is among the transfer
// functions. (2) A virtual register changes its value in three ways: by its own instruction, where no fact about it
// exists (block entry); as a parameter on an edge, where the old facts are removed; and not at all otherwise. (3)
// Copies and renames make true facts from true facts. (4) Dropping facts, and meeting, keep truth. A use is accepted
// only if all its parts are facts. Dropping facts that are not live can therefore only lead to false alarms, and does
// not, since a use of a value makes it live on all paths to it from its definition.
//
// What an instruction does at its own point is not a sequence of steps but has rules, checked for each operand by
// itself: an early def's location is no use's (but the one that it reuses); a late def's, an early def's and a
// clobbered location are no late use's; no two defs share a location; no def is clobbered. And statically: classes,
// fixed registers, limits, reuse, allocatable registers only, slots inside the spill area and aligned; edits sorted by
// point, never memory to memory, never after a branch, of the class of their registers or of one that spills to it. Two values in overlapping words
// need no rule of their own: a write to one removes the facts of the other.
//
// It reads the input and the output and shares no code with the allocators.
//
// Idea: the checker of regalloc2 (C. Fallin), after S. Rideau and X. Leroy, "Validating register allocation and
// spilling" (CC 2010).
import { I32Vec } from '@k23/entity'
import type { AllocInput, AllocOutput, MachineEnv } from './interface.ts'
import {
  ANY,
  FIXED,
  LIMIT,
  NO_VREG,
  NUM_CLASSES,
  NUM_PREGS,
  REG,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  allocIsStack,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from './interface.ts'

/** One thing that is wrong with an allocation. */
export interface CheckError {
  readonly kind: 'value' | 'constraint' | 'conflict' | 'edit' | 'output'
  /** `inst12`, `edit3` or `block4`. */
  readonly entity: string
  readonly message: string
}

const MAX_ERRORS = 100

/**
 * Everything that is wrong with `output` as an allocation of `input` (at most 100 errors); an empty list proves it
 * right.
 */
export function check(input: AllocInput, output: AllocOutput, env: MachineEnv): CheckError[] {
  const errors: CheckError[] = []
  const statics = new StaticChecks(input, output, env, errors)
  statics.run()
  // The flow analysis indexes tables by the locations that the output names: it runs only where they are well formed.
  if (!statics.malformed) new FlowChecks(input, output, env, errors).run()
  return errors
}

function showAlloc(a: number): string {
  if (allocIsReg(a)) return `p${allocIndex(a)}`
  if (allocIsStack(a)) return `slot${allocIndex(a)}`
  return `none(${a})`
}

/** What needs no data flow. */
class StaticChecks {
  malformed = false
  private readonly input: AllocInput
  private readonly output: AllocOutput
  private readonly env: MachineEnv
  private readonly errors: CheckError[]
  private readonly allocatable = new Uint8Array(NUM_PREGS)
  private readonly movable = new Uint8Array(NUM_PREGS)

  constructor(input: AllocInput, output: AllocOutput, env: MachineEnv, errors: CheckError[]) {
    this.input = input
    this.output = output
    this.env = env
    this.errors = errors
    for (let c = 0; c < NUM_CLASSES; c++) {
      for (const list of [env.preferred[c], env.nonPreferred[c]]) {
        for (const r of list ?? []) this.allocatable[r] = this.movable[r] = 1
      }
      const s = env.scratch[c]
      if (s !== undefined) this.movable[s] = 1
    }
  }

  run(): void {
    const { input, output } = this
    if (output.allocs.length < input.opStart[input.numInsts]) {
      this.malformed = true
      this.report('output', '-', 'fewer allocations than operands')
      return
    }
    this.edits()
    for (let i = 0; i < input.numInsts; i++) {
      for (let o = input.opStart[i]; o < input.opStart[i + 1]; o++) this.operand(i, o)
    }
  }

  private report(kind: CheckError['kind'], entity: string, message: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ kind, entity, message })
  }

  private slotFault(slot: number, cls: number): string | undefined {
    const words = this.env.spillWords[cls]
    if (slot < 0 || slot + words > this.output.spillWords) return `slot${slot} is outside the spill area`
    return slot % words === 0 ? undefined : `slot${slot} is not aligned to ${words} words`
  }

  private used(reg: number): boolean {
    return (this.output.usedRegs[reg >> 5] & (1 << (reg & 31))) !== 0
  }

  private edits(): void {
    const { input, output } = this
    const isTerm = new Uint8Array(input.numInsts)
    for (let b = 0; b < input.numBlocks; b++) isTerm[input.blockInsts[b + 1] - 1] = 1
    for (let e = 0; e < output.numEdits; e++) {
      const point = output.editPoint[e]
      const cls = output.editClass[e]
      const bad = (message: string, fatal = true): void => {
        this.report('edit', `edit${e}`, message)
        if (fatal) this.malformed = true
      }
      if (point < 0 || point >= 2 * input.numInsts) bad(`no such point: ${point}`)
      else if (e > 0 && output.editPoint[e - 1] > point) bad('edits are not sorted by point')
      else if ((point & 1) === 1 && isTerm[point >> 1] !== 0) bad('a move after a branch is never executed')
      if (cls >= NUM_CLASSES) {
        bad(`no such class: ${cls}`)
        continue
      }
      for (const side of [output.editFrom[e], output.editTo[e]]) {
        const x = allocIndex(side)
        if (allocIsReg(side)) {
          if (x < 0 || x >= NUM_PREGS) bad(`no such register: ${x}`)
          else if (x >> 6 !== cls && x >> 6 !== this.env.spillClass?.[cls]) bad(`p${x} is not of class ${cls}`)
          else if (this.movable[x] === 0) bad(`p${x} is not the allocator's to use`, false)
        } else if (allocIsStack(side)) {
          const fault = this.slotFault(x, cls)
          if (fault !== undefined) bad(fault)
        } else bad('a move without a location')
      }
      const to = output.editTo[e]
      if (allocIsStack(output.editFrom[e]) && allocIsStack(to)) bad('a move from memory to memory', false)
      if (allocIsReg(to) && !this.used(allocIndex(to))) bad(`p${allocIndex(to)} is missing from usedRegs`, false)
    }
  }

  private operand(i: number, o: number): void {
    const { input, output } = this
    const a = output.allocs[o]
    const d = input.opDesc[o]
    const v = input.opVReg[o]
    const c = opConstraint(d)
    const cls = opClass(d)
    const x = allocIndex(a)
    const where = (): string => `operand ${o - input.opStart[i]} (v${v}) in ${showAlloc(a)}`
    const bad = (message: string): void => this.report('constraint', `inst${i}`, `${where()}: ${message}`)
    if (allocIsReg(a)) {
      if (x < 0 || x >= NUM_PREGS) {
        this.malformed = true
        bad('no such register')
      } else if (v !== NO_VREG && x >> 6 !== cls) bad('register of another class')
      else if (v !== NO_VREG && this.allocatable[x] === 0) bad('register is not allocatable')
      else if (opIsDef(d) && !this.used(x)) bad('register is missing from usedRegs')
    } else if (allocIsStack(a)) {
      const fault = this.slotFault(x, cls)
      if (fault !== undefined) {
        this.malformed = true
        bad(fault)
      }
    } else {
      this.malformed = true
      bad('no location')
      return
    }
    switch (c) {
      case ANY:
        break
      case REG:
        if (!allocIsReg(a)) bad('needs a register')
        break
      case STACK:
        if (!allocIsStack(a)) bad('needs a stack slot')
        break
      case FIXED:
        if (!allocIsReg(a) || x !== opPayload(d)) bad(`needs p${opPayload(d)}`)
        break
      case REUSE: {
        const tied = input.opStart[i] + opPayload(d)
        if (a !== output.allocs[tied]) bad(`needs ${showAlloc(output.allocs[tied])} as operand ${opPayload(d)}`)
        break
      }
      case LIMIT:
        if (!allocIsReg(a) || (x & 63) >= opPayload(d)) bad(`needs a register below ${opPayload(d)}`)
        break
      default:
        bad(`unknown constraint ${c}`)
    }
  }
}

// A fact about a location is packed as 2 * vreg + part.
function fact(v: number, part: number): number {
  return 2 * v + part
}

/** The facts at the entry of a block: pairs, ordered by location and then by packed fact. */
interface Facts {
  readonly loc: Int32Array
  readonly fact: Int32Array
}

/** The data-flow analysis. Locations are numbered: registers 0..191, then the words of the spill area. */
class FlowChecks {
  private readonly input: AllocInput
  private readonly output: AllocOutput
  private readonly env: MachineEnv
  private readonly scratch: readonly number[]
  private readonly errors: CheckError[]
  private readonly numLocs: number
  /** The state within a block: per location a list of nodes, each a fact. */
  private readonly head: Int32Array
  private nodeFact = new I32Vec(256)
  private nodeNext = new I32Vec(256)
  private freeNode = -1
  /** Locations that have had a fact since the last `clear`, perhaps several times. */
  private readonly dirty = new I32Vec(256)
  private readonly isDirty: Uint8Array
  /** Live-in values of each block, compressed rows. */
  private liveStart: Int32Array = new Int32Array(0)
  private live: Int32Array = new Int32Array(0)
  /** Per virtual register, the stamp of the edge for which it is live into the target. */
  private readonly liveStamp: Int32Array
  /**
   * Per virtual register, head of the list of parameters (positions in `params`) that it is an argument for on the
   * current edge.
   */
  private readonly paramsOf: Int32Array
  private readonly nextParam: Int32Array
  private stamp = 0
  /** Edits of instruction i: firstEdit[2 * i] .. firstEdit[2 * i + 1] - 1 before, .. firstEdit[2 * i + 2] - 1 after. */
  private readonly firstEdit: Int32Array
  private readonly entry: (Facts | undefined)[]
  /** Per location: stamps of the instruction that writes it early, writes it at all, reads it late. */
  private readonly earlyWrite: Int32Array
  private readonly anyWrite: Int32Array
  private readonly lateRead: Int32Array

  constructor(input: AllocInput, output: AllocOutput, env: MachineEnv, errors: CheckError[]) {
    this.input = input
    this.output = output
    this.env = env
    this.scratch = env.scratch.filter((p) => p !== undefined)
    this.errors = errors
    this.numLocs = NUM_PREGS + output.spillWords
    this.head = new Int32Array(this.numLocs).fill(-1)
    this.isDirty = new Uint8Array(this.numLocs)
    this.liveStamp = new Int32Array(input.numVRegs)
    this.paramsOf = new Int32Array(input.numVRegs).fill(-1)
    this.nextParam = new Int32Array(input.paramStart[input.numBlocks])
    this.firstEdit = new Int32Array(2 * input.numInsts + 1)
    this.entry = new Array(input.numBlocks)
    this.earlyWrite = new Int32Array(this.numLocs).fill(-1)
    this.anyWrite = new Int32Array(this.numLocs).fill(-1)
    this.lateRead = new Int32Array(this.numLocs).fill(-1)
    let e = 0
    for (let p = 0; p <= 2 * input.numInsts; p++) {
      while (e < output.numEdits && output.editPoint[e] < p) e++
      this.firstEdit[p] = e
    }
  }

  run(): void {
    const { input } = this
    if (input.numBlocks === 0) return
    this.computeLiveness()
    for (let k = this.liveStart[0]; k < this.liveStart[1]; k++) {
      this.report('value', 'block0', `v${this.live[k]} is used where it is not defined`)
    }
    for (let i = 0; i < input.numInsts; i++) this.conflicts(i)
    const queued = new Uint8Array(input.numBlocks)
    // A work list in block order, twice: blocks are in emission order, near reverse post-order, so a FIFO visits few
    // blocks again.
    const queue = new Int32Array(input.numBlocks)
    let from = 0
    let count = 1
    queue[0] = 0
    queued[0] = 1
    this.entry[0] = { loc: new Int32Array(0), fact: new Int32Array(0) }
    while (count > 0) {
      const b = queue[from]
      from = from + 1 === input.numBlocks ? 0 : from + 1
      count--
      queued[b] = 0
      this.load(this.entry[b] as Facts)
      this.walkBlock(b, false)
      for (let e = input.succStart[b]; e < input.succStart[b + 1]; e++) {
        const t = input.succs[e]
        if (!this.meetEdge(e, t) || queued[t] !== 0) continue
        queued[t] = 1
        queue[(from + count++) % input.numBlocks] = t
      }
    }
    for (let b = 0; b < input.numBlocks; b++) {
      const facts = this.entry[b]
      if (facts === undefined) continue // not reachable
      this.load(facts)
      this.walkBlock(b, true)
    }
  }

  private report(kind: CheckError['kind'], entity: string, message: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ kind, entity, message })
  }

  // ---- Liveness: for each value, from each use backwards to the definition. Linear in the size of its result.

  private computeLiveness(): void {
    const { input } = this
    const { opStart, opVReg, opDesc, numVRegs, numBlocks, blockInsts, succStart, edgeArgStart, edgeArgs } = input
    const defBlock = new Int32Array(numVRegs).fill(-1)
    const useStart = new Int32Array(numVRegs + 1)
    const eachUse = (f: (v: number, block: number) => void): void => {
      for (let b = 0; b < numBlocks; b++) {
        for (let o = opStart[blockInsts[b]]; o < opStart[blockInsts[b + 1]]; o++) {
          if (opVReg[o] !== NO_VREG && !opIsDef(opDesc[o])) f(opVReg[o], b)
        }
        for (let a = edgeArgStart[succStart[b]]; a < edgeArgStart[succStart[b + 1]]; a++) f(edgeArgs[a], b)
      }
    }
    for (let b = 0; b < numBlocks; b++) {
      for (let k = input.paramStart[b]; k < input.paramStart[b + 1]; k++) defBlock[input.params[k]] = b
      for (let o = opStart[blockInsts[b]]; o < opStart[blockInsts[b + 1]]; o++) {
        if (opVReg[o] !== NO_VREG && opIsDef(opDesc[o])) defBlock[opVReg[o]] = b
      }
    }
    eachUse((v) => {
      useStart[v + 1]++
    })
    for (let v = 0; v < numVRegs; v++) useStart[v + 1] += useStart[v]
    const useBlocks = new Int32Array(useStart[numVRegs])
    const fill = useStart.slice()
    eachUse((v, b) => {
      useBlocks[fill[v]++] = b
    })
    const lastValue = new Int32Array(numBlocks).fill(-1)
    const blockOf = new I32Vec(256)
    const liveValue = new I32Vec(256)
    const stack = new I32Vec(64)
    for (let v = 0; v < numVRegs; v++) {
      for (let u = useStart[v]; u < useStart[v + 1]; u++) {
        stack.push(useBlocks[u])
        while (stack.length !== 0) {
          const b = stack.pop()
          if (b === defBlock[v] || lastValue[b] === v) continue
          lastValue[b] = v
          blockOf.push(b)
          liveValue.push(v)
          for (let p = input.predStart[b]; p < input.predStart[b + 1]; p++) stack.push(input.preds[p])
        }
      }
    }
    this.liveStart = new Int32Array(numBlocks + 1)
    for (let k = 0; k < blockOf.length; k++) this.liveStart[blockOf.get(k) + 1]++
    for (let b = 0; b < numBlocks; b++) this.liveStart[b + 1] += this.liveStart[b]
    this.live = new Int32Array(blockOf.length)
    const at = this.liveStart.slice()
    for (let k = 0; k < blockOf.length; k++) this.live[at[blockOf.get(k)]++] = liveValue.get(k)
  }

  // ---- The state within a block

  private load(facts: Facts): void {
    const { dirty } = this
    for (let k = 0; k < dirty.length; k++) {
      this.kill(dirty.get(k))
      this.isDirty[dirty.get(k)] = 0
    }
    dirty.clear()
    for (let k = 0; k < facts.loc.length; k++) this.add(facts.loc[k], facts.fact[k])
  }

  private kill(loc: number): void {
    let n = this.head[loc]
    if (n < 0) return
    this.head[loc] = -1
    while (n >= 0) {
      const next = this.nodeNext.get(n)
      this.nodeNext.set(n, this.freeNode)
      this.freeNode = n
      n = next
    }
  }

  private add(loc: number, f: number): void {
    let n = this.freeNode
    if (n >= 0) {
      this.freeNode = this.nodeNext.get(n)
      this.nodeFact.set(n, f)
      this.nodeNext.set(n, this.head[loc])
    } else {
      n = this.nodeFact.push(f)
      this.nodeNext.push(this.head[loc])
    }
    this.head[loc] = n
    if (this.isDirty[loc] === 0) {
      this.isDirty[loc] = 1
      this.dirty.push(loc)
    }
  }

  private has(loc: number, f: number): boolean {
    for (let n = this.head[loc]; n >= 0; n = this.nodeNext.get(n)) if (this.nodeFact.get(n) === f) return true
    return false
  }

  /**
   * Location number of part 0 of `alloc`; the parts of a slot follow each other, a register is one location that holds
   * all parts.
   */
  private locOf(alloc: number): number {
    return allocIsReg(alloc) ? allocIndex(alloc) : NUM_PREGS + allocIndex(alloc)
  }

  private wordsAt(alloc: number, cls: number): number {
    return allocIsReg(alloc) ? 1 : this.env.spillWords[cls]
  }

  private holds(alloc: number, v: number, cls: number): boolean {
    const loc = this.locOf(alloc)
    for (let w = this.wordsAt(alloc, cls) - 1; w >= 0; w--) if (!this.has(loc + w, fact(v, w))) return false
    return true
  }

  private killAlloc(alloc: number, cls: number): void {
    const loc = this.locOf(alloc)
    for (let w = this.wordsAt(alloc, cls) - 1; w >= 0; w--) this.kill(loc + w)
  }

  private addAlloc(alloc: number, v: number, cls: number): void {
    const loc = this.locOf(alloc)
    for (let w = this.wordsAt(alloc, cls) - 1; w >= 0; w--) this.add(loc + w, fact(v, w))
  }

  private edits(point: number): void {
    const { output } = this
    for (let e = this.firstEdit[point]; e < this.firstEdit[point + 1]; e++) {
      const from = output.editFrom[e]
      const to = output.editTo[e]
      const cls = output.editClass[e]
      if (from === to) continue
      // What `from` holds entirely, read before anything is written.
      const values: number[] = []
      for (let n = this.head[this.locOf(from)]; n >= 0; n = this.nodeNext.get(n)) {
        const v = this.nodeFact.get(n) >> 1
        if ((this.nodeFact.get(n) & 1) === 0 && this.input.vregClass[v] === cls && this.holds(from, v, cls))
          values.push(v)
      }
      this.killAlloc(to, cls)
      for (const v of values) this.addAlloc(to, v, cls)
    }
  }

  private walkBlock(b: number, report: boolean): void {
    const { input } = this
    const { opStart, opDesc } = input
    for (let i = input.blockInsts[b]; i < input.blockInsts[b + 1]; i++) {
      this.edits(2 * i)
      const first = opStart[i]
      const end = opStart[i + 1]
      if (report) this.uses(i)
      // Defs of values that are read by nobody write their location just as well.
      for (let o = first; o < end; o++) {
        if (opIsDef(opDesc[o]) && !opIsLate(opDesc[o])) this.define(o)
      }
      const set = input.clobbers[i] >= 0 ? input.clobberSets[input.clobbers[i]] : undefined
      if (set !== undefined) {
        for (let p = 0; p < NUM_PREGS; p++) if ((set[p >> 5] & (1 << (p & 31))) !== 0) this.kill(p)
      }
      for (const p of this.scratch) this.kill(p)
      for (let o = first; o < end; o++) {
        if (opIsDef(opDesc[o]) && opIsLate(opDesc[o])) this.define(o)
      }
      this.edits(2 * i + 1)
    }
  }

  private define(o: number): void {
    const a = this.output.allocs[o]
    const cls = opClass(this.input.opDesc[o])
    this.killAlloc(a, cls)
    const v = this.input.opVReg[o]
    if (v !== NO_VREG) this.addAlloc(a, v, cls)
  }

  private uses(i: number): void {
    const { opStart, opVReg, opDesc } = this.input
    for (let o = opStart[i]; o < opStart[i + 1]; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || opIsDef(opDesc[o])) continue
      const a = this.output.allocs[o]
      if (this.holds(a, v, opClass(opDesc[o]))) continue
      const held: string[] = []
      for (let n = this.head[this.locOf(a)]; n >= 0; n = this.nodeNext.get(n))
        held.push(`v${this.nodeFact.get(n) >> 1}`)
      this.report(
        'value',
        `inst${i}`,
        `operand ${o - opStart[i]} reads v${v} from ${showAlloc(a)}, which holds ${held.length === 0 ? 'nothing known' : held.join(', ')}`,
      )
    }
  }

  // ---- The rules within one instruction

  private conflicts(i: number): void {
    const { input, output, earlyWrite, anyWrite, lateRead } = this
    const { opStart, opVReg, opDesc } = input
    const first = opStart[i]
    const end = opStart[i + 1]
    const set = input.clobbers[i] >= 0 ? input.clobberSets[input.clobbers[i]] : undefined
    const clobbered = (a: number): boolean => {
      const p = allocIndex(a)
      return set !== undefined && allocIsReg(a) && (set[p >> 5] & (1 << (p & 31))) !== 0
    }
    const bad = (o: number, message: string): void =>
      this.report(
        'conflict',
        `inst${i}`,
        `operand ${o - first} (v${opVReg[o]}) in ${showAlloc(output.allocs[o])}: ${message}`,
      )
    for (let o = first; o < end; o++) {
      if (opVReg[o] === NO_VREG) continue
      const d = opDesc[o]
      const a = output.allocs[o]
      const loc = this.locOf(a)
      const words = this.wordsAt(a, opClass(d))
      if (opIsDef(d)) {
        if (clobbered(a)) bad(o, 'a result in a clobbered register')
        for (let w = loc; w < loc + words; w++) {
          if (anyWrite[w] === i) bad(o, 'two results in one location')
          anyWrite[w] = i
          if (!opIsLate(d)) earlyWrite[w] = i
        }
      } else if (opIsLate(d)) {
        if (clobbered(a)) bad(o, 'read late from a clobbered register')
        for (let w = loc; w < loc + words; w++) lateRead[w] = i
      }
    }
    for (let o = first; o < end; o++) {
      if (opVReg[o] === NO_VREG || opIsDef(opDesc[o])) continue
      const d = opDesc[o]
      const loc = this.locOf(output.allocs[o])
      const words = this.wordsAt(output.allocs[o], opClass(d))
      for (let w = loc; w < loc + words; w++) {
        if (lateRead[w] === i && anyWrite[w] === i && opIsLate(d)) bad(o, 'read late where a result is written')
        else if (earlyWrite[w] === i && !this.isReusedBy(i, o, w)) bad(o, 'read where a result is written early')
      }
    }
  }

  /** Is word `w` written early by no other def than the one that reuses the location of use `o`? */
  private isReusedBy(i: number, o: number, w: number): boolean {
    const { opStart, opDesc } = this.input
    for (let q = opStart[i]; q < opStart[i + 1]; q++) {
      const d = opDesc[q]
      if (!opIsDef(d) || opIsLate(d)) continue
      const loc = this.locOf(this.output.allocs[q])
      const words = this.wordsAt(this.output.allocs[q], opClass(d))
      if (w < loc || w >= loc + words) continue
      if (opConstraint(d) !== REUSE || opPayload(d) !== o - opStart[i]) return false
    }
    return true
  }

  // ---- Edges

  /** Meets the state, carried over edge `e`, into the entry of `target`; true if that changed. */
  private meetEdge(e: number, target: number): boolean {
    const { input, liveStamp, paramsOf, nextParam } = this
    const stamp = ++this.stamp
    for (let k = this.liveStart[target]; k < this.liveStart[target + 1]; k++) liveStamp[this.live[k]] = stamp
    const firstParam = input.paramStart[target]
    const numParams = input.paramStart[target + 1] - firstParam
    const firstArg = input.edgeArgStart[e]
    for (let k = 0; k < numParams; k++) {
      const a = input.edgeArgs[firstArg + k]
      nextParam[firstParam + k] = paramsOf[a]
      paramsOf[a] = firstParam + k
    }
    const loc = new I32Vec(this.dirty.length + 16)
    const facts = new I32Vec(this.dirty.length + 16)
    const dirty = this.dirty.view().slice().sort()
    for (let k = 0; k < dirty.length; k++) {
      const begin = facts.length
      for (let n = this.head[dirty[k]]; n >= 0; n = this.nodeNext.get(n)) {
        const f = this.nodeFact.get(n)
        if (liveStamp[f >> 1] === stamp) facts.push(f)
        for (let q = paramsOf[f >> 1]; q >= 0; q = nextParam[q]) facts.push(fact(input.params[q], f & 1))
      }
      if (facts.length - begin > 1) facts.data.subarray(begin, facts.length).sort()
      while (loc.length < facts.length) loc.push(dirty[k])
    }
    for (let k = 0; k < numParams; k++) paramsOf[input.edgeArgs[firstArg + k]] = -1
    const old = this.entry[target]
    if (old === undefined) {
      this.entry[target] = { loc: loc.view().slice(), fact: facts.view().slice() }
      return true
    }
    // Intersection of two sorted lists, into the new one.
    let n = 0
    let j = 0
    for (let k = 0; k < old.loc.length; k++) {
      const l = old.loc[k]
      const f = old.fact[k]
      while (j < loc.length && (loc.data[j] < l || (loc.data[j] === l && facts.data[j] < f))) j++
      if (j < loc.length && loc.data[j] === l && facts.data[j] === f) {
        loc.data[n] = l
        facts.data[n++] = f
        j++
      }
    }
    if (n === old.loc.length) return false
    this.entry[target] = { loc: loc.data.slice(0, n), fact: facts.data.slice(0, n) }
    return true
  }
}
