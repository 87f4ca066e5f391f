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
  allocIsReg,
  allocReg,
  allocStack,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from '../interface.ts'
import { ParallelMoves } from '../moves.ts'
import type { LiveIns } from './liveness.ts'
import { IN_MEMORY } from './process.ts'
import { removeRedundantMoves } from './redundant.ts'
import { assignSlots } from './slots.ts'
import type { Tables } from './tables.ts'

const HEAD = 0
const STORE = 1
const STEP = 2
const TAIL = 3

export function connect(t: Tables, live: LiveIns): AllocOutput {
  const { input, env } = t
  const { opStart, opVReg, opDesc, vregClass, blockInsts, succStart, succs, predStart, preds, paramStart, params } =
    input
  const area = new SpillArea()
  const slots = assignSlots(t, area)
  const pieces = new Pieces(t, slots)
  const allocs = new Int32Array(opStart[input.numInsts])
  const groups = [HEAD, STORE, STEP, TAIL].map(() => new EditList(64))
  const tied = new Uint8Array(opStart[input.numInsts])
  for (let i = 0; i < input.numInsts; i++) {
    for (let o = opStart[i]; o < opStart[i + 1]; o++) {
      if (opConstraint(opDesc[o]) === REUSE) tied[opStart[i] + opPayload(opDesc[o])] = 1
    }
  }
  const isFirst = new Uint8Array(input.numInsts + 1)
  for (let b = 0; b < input.numBlocks; b++) isFirst[blockInsts[b]] = 1
  const slotOf = (v: number): number => allocStack(slots[t.setOf[v]])
  const move = (group: number, inst: number, from: number, to: number, v: number): void => {
    if (from === 0 || to === 0) bug('regalloc', input.name, `v${v}`, `has no location before inst${inst}`)
    if (from !== to) groups[group].push(2 * inst, from, to, vregClass[v])
  }

  // Locations of operands.
  for (let i = 0; i < input.numInsts; i++) {
    for (let o = opStart[i]; o < opStart[i + 1]; o++) {
      const v = opVReg[o]
      const d = opDesc[o]
      const c = opConstraint(d)
      if (c === FIXED) allocs[o] = allocReg(opPayload(d))
      else if (c === STACK) allocs[o] = opIsDef(d) || tied[o] === 0 ? slotOf(v) : 0
      else if (c === REUSE) {
        const use = opStart[i] + opPayload(d)
        const uc = opConstraint(opDesc[use])
        allocs[o] = uc === FIXED ? allocReg(opPayload(opDesc[use])) : uc === STACK ? slotOf(v) : pieces.at(v, 2 * i + 1)
        allocs[use] = allocs[o]
      } else if (allocs[o] === 0 && !(!opIsDef(d) && tied[o] !== 0)) {
        allocs[o] = pieces.at(v, opIsLate(d) ? 2 * i + 1 : 2 * i)
      }
    }
  }

  /** Where `v` is when instruction `i`, of the same block, is about to begin: at the end of the one before. */
  const before = (v: number, i: number): number => {
    if (isFirst[i] !== 0) return pieces.at(v, 2 * i)
    const def = t.copiedDef[v]
    if (def >= opStart[i - 1] && def < opStart[i]) return allocs[def]
    return pieces.at(v, 2 * i - 1)
  }

  for (let b = 0; b < input.numBlocks; b++) {
    const first = blockInsts[b]
    const term = blockInsts[b + 1] - 1
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
      const p = params[k]
      if (t.inMemory[p] === 0) continue
      const at = pieces.at(p, 2 * first)
      if (at !== 0) move(STORE, first, at, slotOf(p), p)
    }
    for (let i = first; i <= term; i++) {
      for (let o = opStart[i]; o < opStart[i + 1]; o++) {
        const v = opVReg[o]
        const d = opDesc[o]
        if (v === NO_VREG) continue
        if (!opIsDef(d)) {
          if (opConstraint(d) === FIXED || tied[o] !== 0) {
            move(STEP, i, before(v, i), allocs[o], v)
          }
          continue
        }
        if (i === term) continue
        if (t.inMemory[v] !== 0 && pieces.isUsed(v)) move(STEP, i + 1, allocs[o], slotOf(v), v)
        if (t.copiedDef[v] === o) {
          const next = pieces.at(v, 2 * i + 2)
          if (next !== 0 && allocIsReg(next)) move(STEP, i + 1, allocs[o], next, v)
        }
      }
    }
    // Edges.
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const s = succs[e]
      const head = predStart[s + 1] - predStart[s] === 1
      if (!head && succStart[b + 1] - succStart[b] !== 1)
        bug('regalloc', input.name, `block${b}`, `critical edge to block${s}`)
      const group = head ? HEAD : TAIL
      const at = head ? blockInsts[s] : term
      const madeByBranch = (v: number): number => {
        for (let o = opStart[term]; o < opStart[term + 1]; o++) if (opVReg[o] === v && opIsDef(opDesc[o])) return o
        return -1
      }
      const atEnd = (v: number): number => {
        const o = madeByBranch(v)
        return o >= 0 ? allocs[o] : pieces.at(v, 2 * term + 1)
      }
      for (let k = live.start[s]; k < live.start[s + 1]; k++) {
        const v = live.values[k]
        const to = pieces.at(v, 2 * blockInsts[s])
        if (allocIsReg(to)) {
          if (!pieces.isWhole(v) || opStart[term] !== opStart[term + 1]) move(group, at, atEnd(v), to, v)
        } else if (to === 0) bug('regalloc', input.name, `v${v}`, `has no location at block${s}`)
      }
      for (let k = 0; k < paramStart[s + 1] - paramStart[s]; k++) {
        const p = params[paramStart[s] + k]
        const to = pieces.at(p, 2 * blockInsts[s])
        if (to === 0) continue // nobody reads it
        const a = input.edgeArgs[input.edgeArgStart[e] + k]
        // In a shared slot the argument is there already, wherever else it is; unless the branch has just made it.
        const from = atEnd(a)
        if (!allocIsReg(to) && t.inMemory[a] !== 0 && slotOf(a) === to && madeByBranch(a) < 0) continue
        move(group, at, from, to, p)
      }
    }
    // Results of the branch go to their slots at the heads of its successors.
    if (predStart[b + 1] - predStart[b] === 1) {
      const p = preds[predStart[b]]
      const branch = blockInsts[p + 1] - 1
      for (let o = opStart[branch]; o < opStart[branch + 1]; o++) {
        const v = opVReg[o]
        if (v === NO_VREG || !opIsDef(opDesc[o]) || t.inMemory[v] === 0 || pieces.at(v, 2 * first) === 0) continue
        move(HEAD, first, allocs[o], slotOf(v), v)
      }
    }
  }

  // From piece to piece.
  pieces.forEachSeam((v, from, to, point) => {
    if ((point & 1) === 0 && allocIsReg(to) && isFirst[point >> 1] === 0) move(STEP, point >> 1, from, to, v)
  })

  // All sets, in order.
  const edits = new EditList(64)
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
    if (point === 0x7fffffff) break
    for (let g = 0; g < 4; g++) {
      const list = groups[g]
      let k = cursor[g]
      for (; k < list.length && list.point[k] === point; k++) parallel.add(list.from[k], list.to[k], list.cls[k])
      cursor[g] = k
      parallel.resolve(edits, point)
    }
  }
  removeRedundantMoves(input, allocs, edits, area.words)
  return finishOutput(input, allocs, edits, area.words)
}

/** The pieces of each value in ascending order, with their locations. */
class Pieces {
  private readonly start: Int32Array
  private readonly from: Int32Array
  private readonly to: Int32Array
  private readonly alloc: Int32Array
  /** Per value: 1 if all its pieces have the same location. */
  private readonly whole: Uint8Array

  constructor(t: Tables, slots: Int32Array) {
    const n = t.rangeFrom.length
    const numVRegs = t.input.numVRegs
    // Which ranges are alive: those that a bundle's list leads to.
    const owner = new Int32Array(n).fill(-1)
    for (let b = 0; b < t.bundleFirst.length; b++) {
      if (t.bundleAlloc.data[b] === 0) continue
      for (let r = t.bundleFirst.data[b]; r >= 0; r = t.rangeNext.data[r]) owner[r] = b
    }
    const atPoint = new Int32Array(2 * t.input.numInsts + 2)
    for (let r = 0; r < n; r++) if (owner[r] >= 0) atPoint[t.rangeFrom.data[r] + 1]++
    for (let p = 0; p + 1 < atPoint.length; p++) atPoint[p + 1] += atPoint[p]
    const sorted = new Int32Array(atPoint[atPoint.length - 1])
    for (let r = 0; r < n; r++) if (owner[r] >= 0) sorted[atPoint[t.rangeFrom.data[r]]++] = r
    this.start = new Int32Array(numVRegs + 1)
    for (const r of sorted) this.start[t.rangeVReg.data[r] + 1]++
    for (let v = 0; v < numVRegs; v++) this.start[v + 1] += this.start[v]
    this.from = new Int32Array(sorted.length)
    this.to = new Int32Array(sorted.length)
    this.alloc = new Int32Array(sorted.length)
    const at = this.start.slice()
    for (const r of sorted) {
      const v = t.rangeVReg.data[r]
      const k = at[v]++
      this.from[k] = t.rangeFrom.data[r]
      this.to[k] = t.rangeTo.data[r]
      const a = t.bundleAlloc.data[owner[r]]
      this.alloc[k] = a === IN_MEMORY ? allocStack(slots[t.setOf[v]]) : a
    }
    this.whole = new Uint8Array(numVRegs)
    for (let v = 0; v < numVRegs; v++) {
      this.whole[v] = 1
      for (let k = this.start[v] + 1; k < this.start[v + 1]; k++)
        if (this.alloc[k] !== this.alloc[k - 1]) this.whole[v] = 0
    }
  }

  /** The location of `v` at `point`; 0 if it is not live there. */
  at(v: number, point: number): number {
    let lo = this.start[v]
    let hi = this.start[v + 1]
    const end = hi
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (this.to[mid] > point) hi = mid
      else lo = mid + 1
    }
    return lo < end && this.from[lo] <= point ? this.alloc[lo] : 0
  }

  isWhole(v: number): boolean {
    return this.whole[v] !== 0
  }

  isUsed(v: number): boolean {
    return this.start[v] !== this.start[v + 1]
  }

  /** Where one piece of a value ends and the next begins, in another location. */
  forEachSeam(f: (v: number, from: number, to: number, point: number) => void): void {
    for (let v = 0; v + 1 < this.start.length; v++) {
      if (this.whole[v] !== 0) continue
      for (let k = this.start[v] + 1; k < this.start[v + 1]; k++) {
        if (this.to[k - 1] === this.from[k] && this.alloc[k - 1] !== this.alloc[k])
          f(v, this.alloc[k - 1], this.alloc[k], this.from[k])
      }
    }
  }
}
