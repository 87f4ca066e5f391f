// Register allocation in one backward pass over each block, in which every value that crosses a block boundary crosses
// it in memory.
//
// Problem. Code that is compiled without optimization still has to be compiled fast, and a value used three times in a
// block should not be loaded three times. Live ranges and interference cost more than they bring there.
//
// Idea. Each value has one home, a spill slot, written once, right after the definition, and only if somebody needs it
// there: so the home is valid wherever the value is live (SSA), and letting go of a register never costs a store.
// Instructions are visited from the last to the first. `vregIn` says which value each register has to hold *after* the
// instruction at hand. The instruction takes registers for its operands; a resident that is in the way comes, right
// after the instruction, from an empty register if there is one, and lives there above it, or else is loaded from its
// home. A use gives its register to the value from here upwards; a definition frees it. What is left in registers at
// the head of the block is loaded there.
//
// Parameters. On an edge to a block with several predecessors, arguments are moved to the homes of the parameters. A
// parameter of a block with one predecessor shares its argument's home and costs nothing. That is sound: the argument's
// home changes only where the argument is defined again, and there the parameter is not live: else a path from that
// definition to a use of the parameter would not pass the parameter's block, although that block dominates the use.
//
// Slots. Homes of values that are used in their own block only are shared between blocks: such a home is written in the
// block, or, for a parameter, on the edges into it, by moves that read all their sources first. So frames stay small.
//
// Invariants
//   1. needsHome[v] is final when the definition of v is visited: uses in other blocks are counted before the pass, those of its own block lie below.
//   2. Between instructions, regOf and vregIn are inverse to each other, and all they name is live.
//   3. Edits are produced backwards; the list is turned round at the end.
//
// The idea is that of regalloc2's fastalloc (2024).
import { I32Vec, bug } from '@k23/entity'
import { InstAssigner, type MachineTables, machineTables } from './assign.ts'
import { EditList, SpillArea, finishOutput } from './edits.ts'
import type { AllocInput, AllocOutput, MachineEnv } from './interface.ts'
import {
  ANY,
  NO_VREG,
  NUM_CLASSES,
  REG,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  allocReg,
  allocStack,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
  operand,
} from './interface.ts'
import { ParallelMoves } from './moves.ts'
import { tailFault } from './tail.ts'
import { isTooLarge, Workspace } from './workspace.ts'

/** Kind, position and constraint of a descriptor. */
const SHAPE = 0x73
const PLAIN_USE = operand(0, 0, 0, REG)
const PLAIN_DEF = operand(1, 1, 0, REG)

function bitCount(x: number): number {
  x -= (x >>> 1) & 0x55555555
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}

/** Arrays by value and by block, used again from function to function. */
let work = new Workspace()

export function allocateSinglePass(input: AllocInput, env: MachineEnv): AllocOutput {
  try {
    return new SinglePass(input, env).run()
  } finally {
    if (isTooLarge(work.size, input.numInsts)) work = new Workspace()
  }
}

class SinglePass {
  private readonly input: AllocInput
  private readonly env: MachineEnv
  private readonly allocs: Int32Array
  /** Backwards. */
  private readonly edits: EditList
  /** The moves of one point, forwards. */
  private readonly pointEdits = new EditList(8)
  private readonly moves: ParallelMoves
  private readonly assigner: InstAssigner
  private readonly area = new SpillArea()
  private readonly machine: MachineTables
  private readonly order: readonly Int32Array[]
  /** Per class: the bits (MachineTables) of the registers that hold a value. */
  private readonly held = new Int32Array(NUM_CLASSES)
  /** Values that are read at all. */
  private readonly used: Int32Array
  /** Values that are used in other blocks than their own. */
  private readonly crossesBlocks: Int32Array
  /**
   * By width: slots for the homes of other values, the k-th of each block in the k-th slot, and how many homes each
   * block has.
   */
  private readonly sharedSlots = [new I32Vec(8), new I32Vec(8), new I32Vec(8)]
  private readonly numLocal: Int32Array[]
  private readonly defBlock: Int32Array
  private readonly needsHome: Int32Array
  /** The value whose home this one shares: itself, or the argument that a parameter stands for. */
  private readonly homeRoot: Int32Array
  private readonly home: Int32Array
  readonly regOf: Int32Array
  readonly vregIn: Int32Array
  readonly touchedAt: Int32Array
  /** Per register: the last set of moves that it takes part in. */
  private readonly busy: Int32Array
  private moveSet = 1
  private time = 0
  private tiedDef = new Int32Array(8)
  private readonly tempSlots = new Int32Array(2 * NUM_CLASSES).fill(-1)

  constructor(input: AllocInput, env: MachineEnv) {
    this.input = input
    this.env = env
    const n = input.numVRegs
    const numOps = input.opStart[input.numInsts]
    this.allocs = new Int32Array(numOps)
    this.edits = new EditList((numOps >> 2) + 16)
    this.machine = machineTables(env)
    this.order = this.machine.order
    this.vregIn = this.machine.vregIn.fill(-1)
    this.touchedAt = this.machine.touchedAt.fill(0)
    this.busy = this.machine.busy.fill(0)
    this.regOf = work.get(0, n, -1)
    this.used = work.get(1, n, 0)
    this.defBlock = work.get(2, n, -1)
    this.needsHome = work.get(3, n, 0)
    this.homeRoot = work.raw(4, n)
    this.home = work.get(5, n, -1)
    this.crossesBlocks = work.raw(6, n)
    this.numLocal = [0, 1, 2].map((w) => work.get(7 + w, input.numBlocks, 0))
    this.assigner = new InstAssigner(input, env, this.allocs, this)
    this.moves = new ParallelMoves({
      freeReg: (cls) => this.freeReg(cls),
      victimReg: (cls) => this.order[cls][0],
      tempSlot: (cls, which) => {
        const k = 2 * cls + which
        if (this.tempSlots[k] < 0) this.tempSlots[k] = this.area.slot(env.spillWords[cls])
        return this.tempSlots[k]
      },
    })
  }

  run(): AllocOutput {
    const { input, edits } = this
    this.prepare()
    for (let b = input.numBlocks - 1; b >= 0; b--) this.block(b)
    // Results of a branch are stored at the heads of the blocks that it leads to, before anything else there.
    for (let b = 0; b < input.numBlocks; b++) {
      if (input.predStart[b + 1] - input.predStart[b] !== 1) continue
      const p = input.preds[input.predStart[b]]
      const term = input.blockInsts[p + 1] - 1
      for (let o = input.opStart[term]; o < input.opStart[term + 1]; o++) {
        const v = input.opVReg[o]
        if (v === NO_VREG || !opIsDef(input.opDesc[o]) || this.needsHome[v] === 0 || !allocIsReg(this.allocs[o]))
          continue
        edits.push(2 * input.blockInsts[b], this.allocs[o], this.homeOf(v), input.vregClass[v])
      }
    }
    edits.reverse()
    return finishOutput(input, this.allocs, edits, this.area.words)
  }

  /** Where values are defined, which of them are needed in other blocks, and which parameters share a home. */
  private prepare(): void {
    const { input, defBlock, needsHome, homeRoot, used } = this
    const { numBlocks, blockInsts, opStart, opVReg, opDesc, paramStart, params, succStart, succs, predStart } = input
    const { edgeArgs, edgeArgStart } = input
    for (let b = 0; b < numBlocks; b++) {
      for (let k = paramStart[b]; k < paramStart[b + 1]; k++) defBlock[params[k]] = b
      const end = opStart[blockInsts[b + 1]]
      for (let o = opStart[blockInsts[b]]; o < end; o++) {
        const v = opVReg[o]
        if (v === NO_VREG) continue
        // A definition in this block has come by already.
        if (opIsDef(opDesc[o])) defBlock[v] = b
        else {
          used[v] = 1
          if (defBlock[v] !== b) needsHome[v] = 1
        }
      }
      const argEnd = edgeArgStart[succStart[b + 1]]
      for (let a = edgeArgStart[succStart[b]]; a < argEnd; a++) used[edgeArgs[a]] = 1
    }
    for (let v = 0; v < input.numVRegs; v++) homeRoot[v] = v
    for (let b = 0; b < numBlocks; b++) {
      for (let e = succStart[b]; e < succStart[b + 1]; e++) {
        const t = succs[e]
        const numParams = paramStart[t + 1] - paramStart[t]
        const firstArg = input.edgeArgStart[e]
        if (input.edgeArgStart[e + 1] - firstArg !== numParams) {
          bug('regalloc', input.name, `block${b}`, `edge to block${t} has the wrong number of arguments`)
        }
        const shared = predStart[t + 1] - predStart[t] === 1
        for (let k = 0; k < numParams; k++) {
          const p = params[paramStart[t] + k]
          const a = input.edgeArgs[firstArg + k]
          if (used[p] === 0) continue
          if (shared) homeRoot[p] = a
          if (shared || defBlock[a] !== b) needsHome[a] = 1
        }
      }
    }
    const n = input.numVRegs
    for (let v = 0; v < n; v++) this.crossesBlocks[v] = needsHome[v]
    // A parameter may stand for a parameter; the definition at the end of the chain has to write the home.
    for (let v = 0; v < n; v++) {
      let root = v
      while (homeRoot[root] !== root) root = homeRoot[root]
      for (let x = v; homeRoot[x] !== root; ) {
        const next = homeRoot[x]
        homeRoot[x] = root
        x = next
      }
    }
  }

  private homeOf(v: number): number {
    const root = this.homeRoot[v]
    if (this.home[root] < 0) this.home[root] = this.newHome(root)
    return allocStack(this.home[root])
  }

  private newHome(v: number): number {
    const words = this.env.spillWords[this.input.vregClass[v]]
    if (this.crossesBlocks[v] !== 0) return this.area.slot(words)
    const shared = this.sharedSlots[words]
    const k = this.numLocal[words][this.defBlock[v]]++
    if (k === shared.length) shared.push(this.area.slot(words))
    return shared.get(k)
  }

  private hold(r: number, v: number): void {
    this.vregIn[r] = v
    this.held[r >> 6] |= this.machine.bitOf[r]
  }

  private drop(r: number): void {
    this.vregIn[r] = -1
    this.held[r >> 6] &= ~this.machine.bitOf[r]
  }

  private freeReg(cls: number): number {
    const scratch = this.env.scratch[cls]
    if (scratch !== undefined) return scratch
    const { early, late } = this.assigner
    const regs = this.order[cls]
    for (let x = 0; x < regs.length; x++) {
      const r = regs[x]
      if (this.vregIn[r] < 0 && early[r] === 0 && late[r] === 0 && this.busy[r] !== this.moveSet) return r
    }
    return -1
  }

  private addMove(from: number, to: number, cls: number): void {
    if (allocIsReg(from)) this.busy[allocIndex(from)] = this.moveSet
    if (allocIsReg(to)) this.busy[allocIndex(to)] = this.moveSet
    this.moves.add(from, to, cls)
  }

  private flushMoves(point: number): void {
    const { moves, pointEdits, edits } = this
    if (moves.length === 0) return
    moves.resolve(pointEdits, point)
    for (let e = pointEdits.length - 1; e >= 0; e--) {
      edits.push(point, pointEdits.from[e], pointEdits.to[e], pointEdits.cls[e])
    }
    pointEdits.length = 0
    this.moveSet++
  }

  private block(b: number): void {
    const { input, vregIn, regOf } = this
    const first = input.blockInsts[b]
    const last = input.blockInsts[b + 1] - 1
    this.edgeMoves(b, last)
    for (let i = last; i >= first; i--) this.inst(i, i === last)
    for (let c = 0; c < NUM_CLASSES; c++) {
      const regs = this.order[c]
      if (this.held[c] === 0 && regs.length <= 32) continue
      for (let x = 0; x < regs.length; x++) {
        const v = vregIn[regs[x]]
        if (v < 0) continue
        if (b === 0) bug('regalloc', input.name, `v${v}`, 'is used where it is not defined')
        this.edits.push(2 * first, this.homeOf(v), allocReg(regs[x]), c)
        this.drop(regs[x])
        regOf[v] = -1
      }
    }
  }

  /**
   * The moves to the homes of parameters, before the branch; arguments that this block makes come from registers as
   * long as there are some.
   */
  private edgeMoves(b: number, term: number): void {
    const { input, vregIn, regOf, used } = this
    const { succStart, succs, predStart, paramStart, params, edgeArgStart, edgeArgs } = input
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const t = succs[e]
      if (predStart[t + 1] - predStart[t] === 1 || paramStart[t + 1] === paramStart[t]) continue
      if (succStart[b + 1] - succStart[b] !== 1) bug('regalloc', input.name, `block${b}`, `critical edge to block${t}`)
      const fault = tailFault(input, term)
      if (fault !== undefined) bug('regalloc', input.name, `inst${term}`, `the branch ${fault}`)
      this.assigner.reset()
      for (let k = 0; k < paramStart[t + 1] - paramStart[t]; k++) {
        const p = params[paramStart[t] + k]
        if (used[p] === 0) continue
        const a = edgeArgs[edgeArgStart[e] + k]
        const cls = input.vregClass[a]
        if (regOf[a] < 0 && this.defBlock[a] === b && this.isMadeByInst(a, b)) {
          const regs = this.order[cls]
          for (let x = 0; x < regs.length && regOf[a] < 0; x++) {
            if (vregIn[regs[x]] >= 0) continue
            this.hold(regs[x], a)
            regOf[a] = regs[x]
            this.touchedAt[regs[x]] = this.time
          }
        }
        if (regOf[a] < 0) this.needsHome[a] = 1
        this.addMove(regOf[a] >= 0 ? allocReg(regOf[a]) : this.homeOf(a), this.homeOf(p), cls)
      }
      this.flushMoves(2 * term)
    }
  }

  private isMadeByInst(v: number, b: number): boolean {
    const { paramStart, params } = this.input
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) if (params[k] === v) return false
    return true
  }

  /**
   * What most instructions are: early uses and late defs in any register, and as many registers empty as it has
   * operands, so that nothing has to give way. False if it is no such instruction; nothing has changed then.
   */
  private plainInst(i: number, first: number, end: number, isTerm: boolean): boolean {
    const { input, allocs, regOf, needsHome, held, order, touchedAt } = this
    const { opVReg, opDesc, vregClass } = input
    const { bitOf, allBits } = this.machine
    const n = end - first
    for (let o = first; o < end; o++) {
      const d = opDesc[o]
      const shape = d & SHAPE
      if (shape === PLAIN_USE || (shape === PLAIN_DEF && !isTerm)) {
        const c = opClass(d)
        if (bitCount(allBits[c] & ~held[c]) < n) return false
      } else if (opVReg[o] !== NO_VREG) return false
      // A register outside the allocator's hands is in nobody's way.
      else allocs[o] = allocReg(opPayload(d))
    }
    const time = ++this.time
    let results = 0
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      if (!opIsDef(opDesc[o]) || v === NO_VREG) continue
      const c = opClass(opDesc[o])
      let r = regOf[v]
      if (r >= 0) {
        regOf[v] = -1
        this.drop(r)
      } else {
        const free = allBits[c] & ~held[c] & ~results
        r = order[c][31 - Math.clz32(free & -free)]
      }
      results |= bitOf[r] // of several classes at once: that forgoes a register, no more
      touchedAt[r] = time
      allocs[o] = allocReg(r)
      if (needsHome[v] !== 0) this.edits.push(2 * i + 1, allocs[o], this.homeOf(v), vregClass[v])
    }
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      if (opIsDef(opDesc[o]) || v === NO_VREG) continue
      let r = regOf[v]
      if (r < 0) {
        const c = opClass(opDesc[o])
        const free = allBits[c] & ~held[c]
        // Rather the register of a result.
        const bits = (free & results) !== 0 ? free & results : free
        r = order[c][31 - Math.clz32(bits & -bits)]
        regOf[v] = r
        this.hold(r, v)
      }
      touchedAt[r] = time
      allocs[o] = allocReg(r)
    }
    return true
  }

  private inst(i: number, isTerm: boolean): void {
    const { input, allocs, assigner, vregIn, regOf, needsHome, touchedAt } = this
    const { opStart, opVReg, opDesc, vregClass } = input
    const first = opStart[i]
    const end = opStart[i + 1]
    if (input.clobbers[i] < 0 && (first === end || this.plainInst(i, first, end, isTerm))) return
    const n = end - first
    this.time++
    if (n > this.tiedDef.length) this.tiedDef = new Int32Array(n * 2)
    const { tiedDef } = this
    for (let k = 0; k < n; k++) tiedDef[k] = -1
    let special = false
    for (let k = 0; k < n; k++) {
      const c = opConstraint(opDesc[first + k])
      if (c === REUSE) tiedDef[opPayload(opDesc[first + k])] = first + k
      else if (c === ANY || c === STACK) special = true
    }
    assigner.assign(i, tiedDef)
    if (special) this.flexibleDefs(i)

    // Let go of residents that are in the way.
    const { early, late } = assigner
    const numTouched = assigner.numTouchedRegs
    for (let k = 0; k < numTouched; k++) {
      const r = assigner.touchedReg(k)
      touchedAt[r] = this.time
      const v = vregIn[r]
      if (v < 0 || ((early[r] === 0 || early[r] === v + 1) && (late[r] === 0 || late[r] === v + 1))) continue
      if (this.isDefinedBy(v, first, end)) continue
      this.drop(r)
      // Above the instruction it lives in a register that is empty, if there is one, else in its home.
      const other = this.emptyReg(vregClass[v])
      if (other >= 0 && !isTerm) {
        regOf[v] = other
        this.hold(other, v)
        touchedAt[other] = this.time
        this.addMove(allocReg(other), allocReg(r), vregClass[v])
      } else {
        needsHome[v] = 1
        regOf[v] = -1
        this.addMove(this.homeOf(v), allocReg(r), vregClass[v])
      }
    }

    // Results: to where they are expected, and to their homes. After a branch nothing is expected, and the heads of the
    // successors do the rest.
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || !opIsDef(opDesc[o])) continue
      const r = regOf[v]
      if (r >= 0) {
        if (allocReg(r) !== allocs[o]) this.addMove(allocs[o], allocReg(r), vregClass[v])
        regOf[v] = -1
        this.drop(r)
      }
      if (needsHome[v] !== 0 && !isTerm) this.addMove(allocs[o], this.homeOf(v), vregClass[v])
    }
    this.flushMoves(2 * i + 1)

    // Inputs: from where they live above; those that live nowhere yet live where they are used.
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || opIsDef(opDesc[o]) || !allocIsReg(allocs[o])) continue
      if (regOf[v] >= 0) continue
      const r = allocIndex(allocs[o])
      regOf[v] = r
      this.hold(r, v)
    }
    if (special) this.flexibleUses(i)
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || opIsDef(opDesc[o]) || !allocIsReg(allocs[o])) continue
      if (allocReg(regOf[v]) !== allocs[o]) this.addMove(allocReg(regOf[v]), allocs[o], vregClass[v])
    }
    this.flushMoves(2 * i)
  }

  /**
   * A register that holds nothing after the instruction and takes no part in it; those that survive calls, which come
   * last, are looked at first.
   */
  private emptyReg(cls: number): number {
    const { early, late } = this.assigner
    const regs = this.order[cls]
    for (let x = regs.length - 1; x >= 0; x--) {
      const r = regs[x]
      if (this.vregIn[r] < 0 && early[r] === 0 && late[r] === 0) return r
    }
    return -1
  }

  private isDefinedBy(v: number, first: number, end: number): boolean {
    for (let o = first; o < end; o++) if (this.input.opVReg[o] === v && opIsDef(this.input.opDesc[o])) return true
    return false
  }

  /**
   * Results that may be, or have to be, in memory; a use in memory that such a result takes over is copied to the
   * result's home.
   */
  private flexibleDefs(i: number): void {
    const { input, allocs, assigner, regOf, tiedDef } = this
    const { opStart, opVReg, opDesc } = input
    const first = opStart[i]
    for (let o = first; o < opStart[i + 1]; o++) {
      const d = opDesc[o]
      const c = opConstraint(d)
      const v = opVReg[o]
      const tied = tiedDef[o - first]
      if (opIsDef(d)) {
        if (c === STACK) allocs[o] = this.homeOf(v)
        if (c !== ANY) continue
        const r = regOf[v]
        if (r >= 0 && assigner.early[r] === 0 && assigner.late[r] === 0) {
          assigner.takeFree(r, -1, !opIsLate(d), true)
          allocs[o] = allocReg(r)
        } else allocs[o] = this.homeOf(v)
      } else if (c === STACK && tied >= 0) {
        allocs[o] = this.homeOf(opVReg[tied])
        allocs[tied] = allocs[o]
      }
    }
  }

  /** Uses that may be, or have to be, in memory. */
  private flexibleUses(i: number): void {
    const { input, allocs, assigner, regOf, vregIn, needsHome, tiedDef } = this
    const { opStart, opVReg, opDesc, vregClass } = input
    const { early, late } = assigner
    const first = opStart[i]
    for (let o = first; o < opStart[i + 1]; o++) {
      const d = opDesc[o]
      const c = opConstraint(d)
      if (opIsDef(d) || (c !== ANY && c !== STACK)) continue
      const v = opVReg[o]
      const tied = tiedDef[o - first]
      const r = regOf[v]
      if (c === STACK) {
        if (tied < 0) {
          needsHome[v] = 1
          allocs[o] = this.homeOf(v)
          continue
        }
        if (r < 0) needsHome[v] = 1
        this.addMove(r >= 0 ? allocReg(r) : this.homeOf(v), allocs[o], vregClass[v])
        continue
      }
      if (tied >= 0) continue // has a register
      // Where it lives, if that is good in all phases of the use; else an empty register; else its home.
      if (r >= 0 && early[r] !== -1 && (!opIsLate(d) || late[r] === 0 || late[r] === v + 1)) {
        if (early[r] === 0 || early[r] === v + 1) {
          allocs[o] = allocReg(r)
          if (opIsLate(d)) assigner.takeFree(r, v, true, true)
          continue
        }
      }
      allocs[o] = 0
      if (r < 0) {
        const regs = this.order[opClass(d)]
        for (let x = 0; x < regs.length; x++) {
          const free = regs[x]
          if (vregIn[free] >= 0 || early[free] !== 0 || late[free] !== 0) continue
          assigner.takeFree(free, v, true, opIsLate(d))
          allocs[o] = allocReg(free)
          regOf[v] = free
          this.hold(free, v)
          this.touchedAt[free] = this.time
          break
        }
      }
      if (allocs[o] === 0) {
        needsHome[v] = 1
        allocs[o] = this.homeOf(v)
      }
    }
  }
}
