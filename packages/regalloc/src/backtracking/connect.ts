// Step 9: locations of operands, and the moves that connect the pieces of each value. Moves come in parallel sets; at
// the point before an instruction, in this order:
//
//   HEAD   at the head of a block with one predecessor: the edge's moves; results of the branch before it
//   STORE  at the head of a block: parameters that have a slot
//   STEP   between two instructions: from one piece to the next, from fixed results, to fixed and reused inputs, results to their slots
//   TAIL   before a branch: the edge's moves, to a block with several predecessors
//
// Where a move of STEP reads a value that the instruction before has just defined in a fixed register or on the stack,
// it reads it there.
import { bug } from '@k23/entity'
import { EditList, SpillArea, finishOutput } from '../edits.ts'
import type { AllocOutput } from '../interface.ts'
import {
  FIXED,
  NO_VREG,
  NUM_CLASSES,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  allocReg,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from '../interface.ts'
import { ParallelMoves } from '../moves.ts'
import type { LiveIns } from './liveness.ts'
import { Pieces } from './pieces.ts'
import type { Processor } from './process.ts'
import { removeRedundantMoves } from './redundant.ts'
import { assignSlots } from './slots.ts'
import type { Tables } from './tables.ts'
import { TIED } from './work-arrays.ts'

const HEAD = 0
const STORE = 1
const STEP = 2
const TAIL = 3

/** One function's locations and moves. */
export function connect(t: Tables, live: LiveIns, processor: Processor): AllocOutput {
  return new Connector(t, live, processor).run()
}

class Connector {
  private readonly t: Tables
  private readonly live: LiveIns
  private readonly area = new SpillArea()
  private readonly pieces: Pieces
  private readonly allocs: Int32Array
  private readonly groups = [new EditList(16), new EditList(16), new EditList(16), new EditList(16)]
  /** Per operand: 1 for a use that a def takes over; empty where there is no such def. */
  private readonly tied: Int32Array
  private readonly ties: boolean

  constructor(t: Tables, live: LiveIns, processor: Processor) {
    const { input, reuses } = t
    const numOps = input.opStart[input.numInsts]
    this.t = t
    this.live = live
    this.pieces = new Pieces(t, assignSlots(t, this.area, processor))
    this.allocs = new Int32Array(numOps)
    this.ties = reuses.length !== 0
    this.tied = this.ties ? t.work.get(TIED, numOps, 0) : NONE_TIED
    for (let k = 1; k < reuses.length; k += 2) this.tied[reuses[k]] = 1
  }

  run(): AllocOutput {
    const { input } = this.t
    this.locate()
    for (let b = 0; b < input.numBlocks; b++) {
      this.insideBlock(b)
      this.edges(b)
      this.branchResults(b)
    }
    this.seams()
    const edits = this.inOrder()
    removeRedundantMoves(this.t, this.allocs, edits, this.area.words)
    return finishOutput(input, this.allocs, edits, this.area.words)
  }

  private move(group: number, inst: number, from: number, to: number, v: number): void {
    const { input } = this.t
    if (from === 0 || to === 0) bug('regalloc', input.name, `v${v}`, `has no location before inst${inst}`)
    if (from !== to) this.groups[group].push(2 * inst, from, to, input.vregClass[v])
  }

  /** Is this location of a value its slot? That may be a register of another class (slots.ts). */
  private isSlot(alloc: number, v: number): boolean {
    return !allocIsReg(alloc) || allocIndex(alloc) >> 6 !== this.t.input.vregClass[v]
  }

  /** Locations of operands. */
  private locate(): void {
    const { t, pieces, allocs, tied, ties } = this
    const { numInsts, opStart, opVReg, opDesc } = t.input
    const { location } = pieces
    for (let i = 0; i < numInsts; i++) {
      const end = opStart[i + 1]
      for (let o = opStart[i]; o < end; o++) {
        const v = opVReg[o]
        const d = opDesc[o]
        const c = opConstraint(d)
        if (c === FIXED) allocs[o] = allocReg(opPayload(d))
        else if (c === STACK) allocs[o] = opIsDef(d) || !ties || tied[o] === 0 ? pieces.slot(v) : 0
        else if (c === REUSE) {
          const use = opStart[i] + opPayload(d)
          const uc = opConstraint(opDesc[use])
          allocs[o] =
            uc === FIXED ? allocReg(opPayload(opDesc[use])) : uc === STACK ? pieces.slot(v) : pieces.at(v, 2 * i + 1)
          allocs[use] = allocs[o]
        } else if (allocs[o] === 0 && !(ties && !opIsDef(d) && tied[o] !== 0)) {
          const at = location[v]
          allocs[o] = at >= 0 ? at : pieces.at(v, opIsLate(d) ? 2 * i + 1 : 2 * i)
        }
      }
    }
  }

  /** Where `v` is when instruction `i`, not the first of its block, is about to begin: at the end of the one before. */
  private before(v: number, i: number): number {
    const { t, allocs } = this
    const { opStart } = t.input
    const def = t.copiedDef[v]
    if (def >= opStart[i - 1] && def < opStart[i]) return allocs[def]
    return this.pieces.at(v, 2 * i - 1)
  }

  /** Moves at a block's head and between its instructions. */
  private insideBlock(b: number): void {
    const { t, pieces, allocs, tied, ties } = this
    const { opStart, opVReg, opDesc, blockInsts, paramStart, params } = t.input
    const first = blockInsts[b]
    const term = blockInsts[b + 1] - 1
    if (t.anyInMemory) {
      for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
        const p = params[k]
        if (t.inMemory[p] === 0) continue
        const at = pieces.at(p, 2 * first)
        if (at !== 0) this.move(STORE, first, at, pieces.slot(p), p)
      }
    }
    for (let i = first; i <= term; i++) {
      const end = opStart[i + 1]
      for (let o = opStart[i]; o < end; o++) {
        const v = opVReg[o]
        const d = opDesc[o]
        if (v === NO_VREG) continue
        if (!opIsDef(d)) {
          if (opConstraint(d) === FIXED || (ties && tied[o] !== 0)) {
            this.move(STEP, i, i === first ? pieces.at(v, 2 * i) : this.before(v, i), allocs[o], v)
          }
          continue
        }
        if (i === term) continue
        if (t.inMemory[v] !== 0 && pieces.isUsed(v)) this.move(STEP, i + 1, allocs[o], pieces.slot(v), v)
        if (t.copiedDef[v] === o) {
          const next = pieces.at(v, 2 * i + 2)
          if (next !== 0 && !this.isSlot(next, v)) this.move(STEP, i + 1, allocs[o], next, v)
        }
      }
    }
  }

  /** The operand of an instruction that defines `v`, or -1. */
  private defIn(inst: number, v: number): number {
    const { opStart, opVReg, opDesc } = this.t.input
    for (let o = opStart[inst]; o < opStart[inst + 1]; o++) if (opVReg[o] === v && opIsDef(opDesc[o])) return o
    return -1
  }

  private edges(b: number): void {
    const { t, live, pieces, allocs } = this
    const { input } = t
    const { opStart, blockInsts, succStart, succs, predStart, paramStart, params, edgeArgs, edgeArgStart } = input
    const term = blockInsts[b + 1] - 1
    const operands = opStart[term] !== opStart[term + 1]
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const s = succs[e]
      const head = predStart[s + 1] - predStart[s] === 1
      if (!head && succStart[b + 1] - succStart[b] !== 1)
        bug('regalloc', input.name, `block${b}`, `critical edge to block${s}`)
      const group = head ? HEAD : TAIL
      const at = head ? blockInsts[s] : term
      const begin = 2 * blockInsts[s]
      // Where every value stays where it is, only what the branch makes can have to move.
      if (pieces.anySplit || operands) {
        for (let k = live.start[s]; k < live.start[s + 1]; k++) {
          const v = live.values[k]
          const whole = pieces.location[v] >= 0
          if (whole && !operands) continue
          const to = pieces.at(v, begin)
          if (to === 0) bug('regalloc', input.name, `v${v}`, `has no location at block${s}`)
          if (this.isSlot(to, v)) continue
          const o = operands ? this.defIn(term, v) : -1
          if (o >= 0) this.move(group, at, allocs[o], to, v)
          else if (!whole) this.move(group, at, pieces.at(v, 2 * term + 1), to, v)
        }
      }
      const numParams = paramStart[s + 1] - paramStart[s]
      for (let k = 0; k < numParams; k++) {
        const p = params[paramStart[s] + k]
        const to = pieces.at(p, begin)
        if (to === 0) continue // nobody reads it
        const a = edgeArgs[edgeArgStart[e] + k]
        const o = operands ? this.defIn(term, a) : -1
        // In a shared slot the argument is there already, wherever else it is; unless the branch has just made it.
        if (o < 0 && this.isSlot(to, p) && t.inMemory[a] !== 0 && pieces.slot(a) === to) continue
        this.move(group, at, o >= 0 ? allocs[o] : pieces.at(a, 2 * term + 1), to, p)
      }
    }
  }

  /** Results of the branch before a block go to their slots at its head. */
  private branchResults(b: number): void {
    const { t, pieces, allocs } = this
    const { opStart, opVReg, opDesc, blockInsts, predStart, preds } = t.input
    if (!t.anyInMemory || predStart[b + 1] - predStart[b] !== 1) return
    const branch = blockInsts[preds[predStart[b]] + 1] - 1
    const first = blockInsts[b]
    for (let o = opStart[branch]; o < opStart[branch + 1]; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || !opIsDef(opDesc[o]) || t.inMemory[v] === 0 || !isLiveIn(this.live, b, v)) continue
      this.move(HEAD, first, allocs[o], pieces.slot(v), v)
    }
  }

  /** From piece to piece, inside a block. */
  private seams(): void {
    const { pieces, t } = this
    for (let k = 1; k < pieces.count; k++) {
      const point = pieces.from(k)
      if (pieces.vreg(k - 1) !== pieces.vreg(k) || pieces.to(k - 1) !== point) continue
      const to = pieces.alloc(k)
      if ((point & 1) !== 0 || this.isSlot(to, pieces.vreg(k)) || pieces.alloc(k - 1) === to) continue
      const inst = point >> 1
      if (t.input.blockInsts[t.blockOf(inst)] === inst) continue
      this.move(STEP, inst, pieces.alloc(k - 1), to, pieces.vreg(k))
    }
  }

  /** All sets of moves in order, each made a sequence. */
  private inOrder(): EditList {
    const { t, groups, area } = this
    const { input, env } = t
    let total = 0
    for (const g of groups) total += g.length
    const edits = new EditList(total + (total >> 2))
    if (total === 0) return edits
    const tempSlots = new Int32Array(2 * NUM_CLASSES).fill(-1)
    const parallel = new ParallelMoves({
      freeReg: (cls) => env.scratch[cls] ?? -1,
      victimReg: (cls) => t.order[cls][0],
      tempSlot: (cls, which) => {
        const k = 2 * cls + which
        if (tempSlots[k] < 0) tempSlots[k] = area.slot(env.spillWords[cls])
        return tempSlots[k]
      },
    })
    const cursor = [0, 0, 0, 0]
    for (const g of groups) g.sort(2 * input.numInsts)
    for (;;) {
      let point = 0x7fffffff
      for (let g = 0; g < 4; g++) if (cursor[g] < groups[g].length) point = Math.min(point, groups[g].point[cursor[g]])
      if (point === 0x7fffffff) return edits
      for (let g = 0; g < 4; g++) {
        const list = groups[g]
        let k = cursor[g]
        for (; k < list.length && list.point[k] === point; k++) parallel.add(list.from[k], list.to[k], list.cls[k])
        cursor[g] = k
        parallel.resolve(edits, point)
      }
    }
  }
}

function isLiveIn(live: LiveIns, b: number, v: number): boolean {
  let lo = live.start[b]
  let hi = live.start[b + 1]
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (live.values[mid] < v) lo = mid + 1
    else hi = mid
  }
  return lo < live.start[b + 1] && live.values[lo] === v
}

const NONE_TIED = new Int32Array(0)
