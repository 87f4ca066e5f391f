// What single_pass knows between two instructions: which value is in which register, which values have a home, and the
// moves so far, backwards.
//
// Layout. What is looked at for each operand is in few arrays of records, since each array costs a call some loads:
//
//   values  four words a value        the register that it is in, as an allocation, or 0
//                                     V_INFO   flags (below); from bit BLOCK_SHIFT on, 1 + the block that defines it,
//                                              0 as long as no definition has been met
//                                     V_HOME   0: none yet; 1 + slot; negative: -1 - the value whose home it shares
//   regs    four words a register     1 + the value in it, or 0
//                                     R_TIME   when it was last touched
//                                     R_BIT    its bit in the words of its class (assign.ts)
//                                     R_BUSY   the last set of moves that it takes part in
//   classes                           HELD + c  registers of class c that hold a value, as bits
//                                     ALL + c   all registers of the class
//                                     WRITTEN + c  those that an operand has written
//                                     OUTSIDE + w  other registers that are written, word w of a PRegSet
//                                     ORDER + 32 * c + k  the register of bit k, as an allocation
//
// The record of a register begins at its allocation without the kind, `a & ~3`.
import { I32Vec, growI32 } from '@k23/entity'
import { InstAssigner, type MachineTables, type Residents, machineTables } from '../assign.ts'
import { EditList, SpillArea } from '../edits.ts'
import type { AllocInput, AllocOutput, MachineEnv } from '../interface.ts'
import { NUM_CLASSES, NUM_PREGS, allocIndex, allocIsReg, allocIsStack, allocReg, allocStack } from '../interface.ts'
import { ParallelMoves } from '../moves.ts'
import { Workspace } from '../workspace.ts'

/** Index of the record of a value; that of NO_VREG is there for nobody. */
export function recordOf(v: number): number {
  return (v + 1) << 2
}
export const V_INFO = 1
export const V_HOME = 2
export const BLOCK_SHIFT = 4

// What is known of a value.
/** It is read, by an operand or by an edge. */
export const READ = 1
/** It is used in other blocks than its own. */
export const CROSSES = 2
/** Its home is read, and so has to be written where the value is defined. */
export const HOME = 4
export const NEEDS_HOME: number = CROSSES | HOME
/** It is a block parameter. */
export const PARAM = 8

export const R_TIME = 1
export const R_BIT = 2
const R_BUSY = 3

export const HELD = 0
export const ALL = 4
export const WRITTEN = 8
export const OUTSIDE = 12
export const ORDER = 18

const MAX_TIME = 1 << 29

/** An edit: point, from, to, class. A negative destination is ~v: the home of a value that had none yet. */
export const EDIT_WORDS = 4

/** Numbers of the arrays in the workspace. */
const VALUES = 0
const UNUSUAL = 1
const CLOBBER_MASKS = 2
const CLOBBER_KNOWN = 3
const ALLOCS = 4
const NUM_LOCAL = 5 // and two more

/** Lowest bit of a word that is not zero, as its number. */
export function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits)
}

export class State implements Residents {
  input: AllocInput
  env: MachineEnv
  machine: MachineTables
  allocs: Int32Array = NOTHING
  values: Int32Array = NOTHING
  readonly regs: Int32Array = new Int32Array(NUM_PREGS * 4)
  readonly classes: Int32Array = new Int32Array(ORDER + 32 * NUM_CLASSES)
  /** Per operand, and at the end: how many before it are no plain ones (plain-run.ts). */
  unusual: Int32Array = NOTHING
  readonly assigner: InstAssigner
  /** Does a word have a bit for every register? Else the ways that work with bits are closed. */
  narrow = true
  /** Per class: registers that the instruction at hand takes, in its early and in its late phase (common-inst.ts). */
  readonly earlyBits: Int32Array = new Int32Array(NUM_CLASSES)
  readonly lateBits: Int32Array = new Int32Array(NUM_CLASSES)
  time = 0
  /** Moves, backwards. */
  edits: Int32Array = new Int32Array(256 * EDIT_WORDS)
  editsEnd = 0
  private editsCapacity = 256 * EDIT_WORDS
  // How many of them go to and come from memory.
  spills = 0
  reloads = 0
  /** Does a branch have results, which branchResults then stores? */
  branchesHaveResults = false
  /** Negative: some go to homes that are not known yet. */
  unknownHomes = 0
  /** The moves of one point, forwards. */
  private readonly pointEdits = new EditList(16)
  private readonly area = new SpillArea()
  /**
   * By width: slots for the homes of values that are used in their own block only, the k-th of each block in the k-th
   * slot; and how many such homes each block has.
   */
  private readonly sharedSlots = [new I32Vec(8), new I32Vec(8), new I32Vec(8)]
  private readonly numLocal = [NOTHING, NOTHING, NOTHING]
  private readonly moves: ParallelMoves
  private moveSet = 1
  /** Per set of clobbers: its bits by class, valid where `clobberKnown` is 1. */
  private clobberMasks = NOTHING
  private clobberKnown = NOTHING
  private readonly tempSlots = new Int32Array(2 * NUM_CLASSES)
  private readonly work = new Workspace()

  constructor(input: AllocInput, env: MachineEnv) {
    this.input = input
    this.env = env
    this.machine = machineTables(env)
    this.setMachine(env)
    this.assigner = new InstAssigner(input, env, this.allocs, this)
    this.moves = new ParallelMoves({
      freeReg: (cls) => this.freeReg(cls),
      victimReg: (cls) => this.machine.order[cls][0],
      tempSlot: (cls, which) => {
        const k = 2 * cls + which
        if (this.tempSlots[k] < 0) this.tempSlots[k] = this.area.slot(this.env.spillWords[cls])
        return this.tempSlots[k]
      },
    })
  }

  private setMachine(env: MachineEnv): void {
    const { regs, classes } = this
    this.env = env
    this.machine = machineTables(env)
    const { order, bitOf, allBits } = this.machine
    this.time = 0
    this.moveSet = 1
    this.narrow = order.every((list) => list.length <= 32)
    regs.fill(0)
    for (let r = 0; r < NUM_PREGS; r++) regs[4 * r + R_BIT] = bitOf[r]
    for (let c = 0; c < NUM_CLASSES; c++) {
      classes[ALL + c] = allBits[c]
      for (let k = 0; k < order[c].length && k < 32; k++) classes[ORDER + 32 * c + k] = allocReg(order[c][k])
    }
  }

  /** Readies everything for a function. */
  start(input: AllocInput, env: MachineEnv): void {
    const { work, classes } = this
    this.input = input
    // All registers are empty, as they are at the head of each block. Times and sets of moves are only compared with each other.
    if (env !== this.env || this.time > MAX_TIME) this.setMachine(env)
    for (let k = WRITTEN; k < ORDER; k++) classes[k] = 0
    const numOps = input.opStart[input.numInsts]
    this.allocs = work.raw(ALLOCS, numOps)
    this.editsEnd = 0
    this.spills = 0
    this.reloads = 0
    this.unknownHomes = 0
    this.branchesHaveResults = false
    this.assigner.start(input, env, this.allocs)
    this.area.clear()
    this.values = work.get(VALUES, recordOf(input.numVRegs), 0)
    this.unusual = work.raw(UNUSUAL, numOps + 1)
    for (let w = 0; w < 3; w++) {
      this.numLocal[w] = work.get(NUM_LOCAL + w, input.numBlocks, 0)
      this.sharedSlots[w].clear()
    }
    const numSets = input.clobberSets.length
    this.clobberMasks = work.raw(CLOBBER_MASKS, NUM_CLASSES * numSets)
    this.clobberKnown = work.get(CLOBBER_KNOWN, numSets, 0)
    this.tempSlots.fill(-1)
  }

  /** Elements of the arrays that are kept. */
  get size(): number {
    return this.work.size + this.edits.length
  }

  // What an InstAssigner asks.
  registerOf(v: number): number {
    const a = this.values[recordOf(v)]
    return a === 0 ? -1 : allocIndex(a)
  }
  residentIn(r: number): number {
    return this.regs[4 * r] - 1
  }
  lastTouched(r: number): number {
    return this.regs[4 * r + R_TIME]
  }

  /** Makes `v` share the home of `other`. */
  shareHome(v: number, other: number): void {
    this.values[recordOf(v) + V_HOME] = -1 - other
  }

  /** The home of a value, as an allocation. */
  homeOf(v: number): number {
    const h = this.values[recordOf(v) + V_HOME]
    return allocStack((h > 0 ? h : this.findHome(v)) - 1)
  }

  private findHome(v: number): number {
    const { values } = this
    let root = v
    let h = values[recordOf(v) + V_HOME]
    while (h < 0) {
      root = -1 - h
      h = values[recordOf(root) + V_HOME]
    }
    if (h === 0) h = this.newHome(root) + 1
    while (v !== root) {
      const next = -1 - values[recordOf(v) + V_HOME]
      values[recordOf(v) + V_HOME] = h
      v = next
    }
    values[recordOf(root) + V_HOME] = h
    return h
  }

  private newHome(v: number): number {
    const words = this.env.spillWords[this.input.vregClass[v]]
    const at = recordOf(v)
    if ((this.values[at + V_INFO] & CROSSES) !== 0) return this.area.slot(words)
    const shared = this.sharedSlots[words]
    const k = this.numLocal[words][(this.values[at + V_INFO] >> BLOCK_SHIFT) - 1]++
    if (k === shared.length) shared.push(this.area.slot(words))
    return shared.get(k)
  }

  /** Bits of the registers of a class that are in a set of clobbers; the set counts as written. */
  clobberBits(set: number, cls: number): number {
    if (this.clobberKnown[set] === 0) this.findClobberBits(set)
    return this.clobberMasks[set * NUM_CLASSES + cls]
  }

  private findClobberBits(set: number): void {
    const { classes, clobberMasks, machine } = this
    const words = this.input.clobberSets[set]
    this.clobberKnown[set] = 1
    for (let c = 0; c < NUM_CLASSES; c++) clobberMasks[set * NUM_CLASSES + c] = 0
    for (let w = 0; w < words.length; w++) {
      classes[OUTSIDE + w] |= words[w]
      for (let bits = words[w]; bits !== 0; bits &= bits - 1) {
        clobberMasks[set * NUM_CLASSES + (w >> 1)] |= machine.bitOf[(w << 5) + lowest(bits)]
      }
    }
  }

  // Registers are given as allocations from here on.

  /** Value `v` is in register `a` above the point at hand. */
  hold(a: number, v: number): void {
    const { regs } = this
    regs[a & ~3] = v + 1
    regs[(a & ~3) + R_TIME] = this.time
    this.classes[HELD + (a >> 8)] |= regs[(a & ~3) + R_BIT]
    this.values[recordOf(v)] = a
  }

  /** Nothing is in register `a`; its value is for the caller to place. */
  drop(a: number): void {
    const { regs } = this
    regs[a & ~3] = 0
    this.classes[HELD + (a >> 8)] &= ~regs[(a & ~3) + R_BIT]
  }

  touch(a: number): void {
    this.regs[(a & ~3) + R_TIME] = this.time
  }

  bit(a: number): number {
    return this.regs[(a & ~3) + R_BIT]
  }

  write(r: number): void {
    this.classes[OUTSIDE + (r >> 5)] |= 1 << (r & 31)
  }

  /** The register of a bit of a class. */
  first(cls: number, bits: number): number {
    return this.classes[ORDER + 32 * cls + lowest(bits)]
  }

  /** The first register of a class that holds nothing; -1 if there is none. */
  emptyRegister(cls: number): number {
    if (this.narrow) {
      const bits = this.classes[ALL + cls] & ~this.classes[HELD + cls]
      return bits === 0 ? -1 : allocIndex(this.first(cls, bits))
    }
    for (const r of this.machine.order[cls]) if (this.regs[4 * r] === 0) return r
    return -1
  }

  /** The register among `bits` whose resident has not been touched for longest. */
  oldest(cls: number, bits: number): number {
    let best = 0
    let bestTime = 0x7fffffff
    for (; bits !== 0; bits &= bits - 1) {
      const a = this.first(cls, bits)
      const time = this.regs[(a & ~3) + R_TIME]
      if (time >= bestTime) continue
      bestTime = time
      best = a
    }
    return best
  }

  /** A register that holds nothing and takes no part in the moves so far; -1 if there is none. */
  private freeReg(cls: number): number {
    const scratch = this.env.scratch[cls]
    if (scratch !== undefined) return scratch
    const { early, late } = this.assigner
    const taken = this.earlyBits[cls] | this.lateBits[cls]
    for (const r of this.machine.order[cls]) {
      const at = 4 * r
      if (this.regs[at] !== 0 || early[r] !== 0 || late[r] !== 0 || (taken & this.regs[at + R_BIT]) !== 0) continue
      if (this.regs[at + R_BUSY] !== this.moveSet) return r
    }
    return -1
  }

  /** Adds a move to the parallel set that `flushMoves` writes. */
  addMove(from: number, to: number, cls: number): void {
    if (allocIsReg(from)) this.regs[(from & ~3) + R_BUSY] = this.moveSet
    if (allocIsReg(to)) this.regs[(to & ~3) + R_BUSY] = this.moveSet
    this.moves.add(from, to, cls)
  }

  flushMoves(point: number): void {
    if (this.moves.length === 0) return
    const { pointEdits } = this
    this.moves.resolve(pointEdits, point)
    for (let e = pointEdits.length - 1; e >= 0; e--) {
      this.pushEdit(point, pointEdits.from[e], pointEdits.to[e], pointEdits.cls[e])
    }
    pointEdits.length = 0
    this.moveSet++
  }

  /** Makes room for so many edits. */
  reserveEdits(n: number): void {
    const needed = this.editsEnd + n * EDIT_WORDS
    if (needed > this.editsCapacity) this.growEdits(needed)
  }

  private growEdits(needed: number): void {
    this.edits = growI32(this.edits, needed)
    this.editsCapacity = this.edits.length
  }

  /** Adds a move before all those so far. */
  pushEdit(point: number, from: number, to: number, cls: number): void {
    const at = this.editsEnd
    if (at === this.editsCapacity) this.growEdits(at)
    const { edits } = this
    edits[at] = point
    edits[at + 1] = from
    edits[at + 2] = to
    edits[at + 3] = cls
    this.editsEnd = at + EDIT_WORDS
    this.spills += allocIsStack(to) ? 1 : 0
    this.reloads += allocIsStack(from) ? 1 : 0
    if (allocIsReg(to)) this.write(allocIndex(to))
  }

  /** The resident of register `a` leaves, and is loaded from its home after the instruction. Returns the register. */
  leave(a: number): number {
    const v = this.regs[a & ~3] - 1
    this.values[recordOf(v)] = 0
    this.values[recordOf(v) + V_INFO] |= HOME
    this.drop(a)
    this.addMove(this.homeOf(v), a, a >> 8)
    return a
  }

  /** The instruction takes nothing, as far as the bits and the assigner know. */
  takeNothing(): void {
    const { earlyBits, lateBits } = this
    this.assigner.reset()
    for (let c = 0; c < NUM_CLASSES; c++) {
      earlyBits[c] = 0
      lateBits[c] = 0
    }
  }

  /** Edits at the heads of blocks have come last: puts all in order, still backwards. */
  sortEdits(): void {
    if (this.unknownHomes < 0) this.findUnknownHomes()
    const { edits, editsEnd, input } = this
    const list = new EditList(editsEnd / EDIT_WORDS)
    for (let at = editsEnd - EDIT_WORDS; at >= 0; at -= EDIT_WORDS) {
      list.push(edits[at], edits[at + 1], edits[at + 2], edits[at + 3])
    }
    list.sort(2 * input.numInsts)
    this.editsEnd = 0
    this.spills = 0
    this.reloads = 0
    for (let e = list.length - 1; e >= 0; e--) this.pushEdit(list.point[e], list.from[e], list.to[e], list.cls[e])
  }

  private findUnknownHomes(): void {
    const { edits, editsEnd } = this
    for (let at = 2; at < editsEnd; at += EDIT_WORDS) if (edits[at] < 0) edits[at] = this.homeOf(~edits[at])
  }

  /** The result: edits turned round, and what is known at the end. Its arrays lie in one buffer: it is buffers that cost time. */
  output(): AllocOutput {
    if (this.unknownHomes < 0) this.findUnknownHomes()
    const { edits, classes, input, spills, reloads } = this
    const words = EDIT_WORDS
    const numOps = input.opStart[input.numInsts]
    const n = this.editsEnd / words
    const buffer = new ArrayBuffer(4 * (numOps + 3 * n) + n)
    const allocs = new Int32Array(buffer, 0, numOps)
    const editPoint = new Int32Array(buffer, 4 * numOps, n)
    const editFrom = new Int32Array(buffer, 4 * (numOps + n), n)
    const editTo = new Int32Array(buffer, 4 * (numOps + 2 * n), n)
    const editClass = new Uint8Array(buffer, 4 * (numOps + 3 * n), n)
    const found = this.allocs
    for (let o = 0; o < numOps; o++) allocs[o] = found[o]
    for (let e = 0, at = this.editsEnd - words; e < n; e++, at -= words) {
      editPoint[e] = edits[at]
      editFrom[e] = edits[at + 1]
      editTo[e] = edits[at + 2]
      editClass[e] = edits[at + 3]
    }
    for (let c = 0; c < NUM_CLASSES; c++) {
      for (let bits = classes[WRITTEN + c]; bits !== 0; bits &= bits - 1) this.write(allocIndex(this.first(c, bits)))
    }
    return {
      allocs,
      numEdits: n,
      editPoint,
      editFrom,
      editTo,
      editClass,
      spillWords: this.area.words,
      usedRegs: classes.slice(OUTSIDE, OUTSIDE + (NUM_PREGS >> 5)),
      stats: { spills, reloads, moves: n - spills - reloads },
    }
  }
}

const NOTHING: Int32Array = new Int32Array(0)
