// The list of moves that an allocator inserts, and the pieces of AllocOutput that are the same for every allocator.
import { growI32, growU8 } from '@k23/entity'
import type { AllocInput, AllocOutput, PRegSet } from './interface.ts'
import { allocIndex, allocIsReg, allocIsStack, NO_VREG, NUM_PREGS, opIsDef } from './interface.ts'

/**
 * Moves at program points, in the order in which they were pushed; `finish` sorts them by point and keeps the order
 * within a point.
 */
export class EditList {
  length = 0
  point: Int32Array
  from: Int32Array
  to: Int32Array
  cls: Uint8Array
  private sorted = true

  constructor(capacity: number) {
    this.point = new Int32Array(capacity)
    this.from = new Int32Array(capacity)
    this.to = new Int32Array(capacity)
    this.cls = new Uint8Array(capacity)
  }

  push(point: number, from: number, to: number, cls: number): void {
    const n = this.length
    if (n === this.point.length) {
      this.point = growI32(this.point, n)
      this.from = growI32(this.from, n)
      this.to = growI32(this.to, n)
      this.cls = growU8(this.cls, n)
    }
    this.point[n] = point
    this.from[n] = from
    this.to[n] = to
    this.cls[n] = cls
    if (n !== 0 && this.point[n - 1] > point) this.sorted = false
    this.length = n + 1
  }

  /** Stable counting sort by point: linear in the edits and the points. */
  sort(numPoints: number): void {
    if (this.sorted) return
    const n = this.length
    const start = new Int32Array(numPoints + 1)
    for (let i = 0; i < n; i++) start[this.point[i] + 1]++
    for (let p = 0; p < numPoints; p++) start[p + 1] += start[p]
    const point = new Int32Array(n)
    const from = new Int32Array(n)
    const to = new Int32Array(n)
    const cls = new Uint8Array(n)
    for (let i = 0; i < n; i++) {
      const at = start[this.point[i]]++
      point[at] = this.point[i]
      from[at] = this.from[i]
      to[at] = this.to[i]
      cls[at] = this.cls[i]
    }
    this.point = point
    this.from = from
    this.to = to
    this.cls = cls
    this.sorted = true
  }
}

/**
 * Hands out words of the spill area. A two-word slot is aligned to two words; the hole that alignment leaves is filled
 * by the next single word.
 */
export class SpillArea {
  words = 0
  private hole = -1

  clear(): void {
    this.words = 0
    this.hole = -1
  }

  slot(words: number): number {
    if (words === 1) {
      if (this.hole >= 0) {
        const at = this.hole
        this.hole = -1
        return at
      }
      return this.words++
    }
    if ((this.words & 1) !== 0) this.hole = this.words++
    const at = this.words
    this.words += words
    return at
  }
}

/** Puts the result together: sorts the edits, collects the registers written and counts the moves by kind. */
export function finishOutput(input: AllocInput, allocs: Int32Array, edits: EditList, spillWords: number): AllocOutput {
  edits.sort(2 * input.numInsts)
  const used: PRegSet = new Int32Array(NUM_PREGS >> 5)
  const stats = { spills: 0, reloads: 0, moves: 0 }
  for (let e = 0; e < edits.length; e++) {
    const to = edits.to[e]
    if (allocIsStack(to)) stats.spills++
    else {
      used[allocIndex(to) >> 5] |= 1 << (allocIndex(to) & 31)
      if (allocIsStack(edits.from[e])) stats.reloads++
      else stats.moves++
    }
  }
  const numOps = input.opStart[input.numInsts]
  for (let o = 0; o < numOps; o++) {
    const a = allocs[o]
    if (opIsDef(input.opDesc[o]) && allocIsReg(a)) used[allocIndex(a) >> 5] |= 1 << (allocIndex(a) & 31)
  }
  // A clobber writes as well: a callee-saved register that some instruction destroys has to be saved.
  const seen = new Uint8Array(input.clobberSets.length)
  for (let i = 0; i < input.numInsts; i++) {
    const c = input.clobbers[i]
    if (c < 0 || seen[c] !== 0) continue
    seen[c] = 1
    const set = input.clobberSets[c]
    for (let w = 0; w < set.length; w++) used[w] |= set[w]
  }
  return {
    allocs,
    numEdits: edits.length,
    editPoint: edits.point,
    editFrom: edits.from,
    editTo: edits.to,
    editClass: edits.cls,
    spillWords,
    usedRegs: used,
    stats,
  }
}

/** How often each virtual register is read, by operands and by edges. */
export function countUses(input: AllocInput): Int32Array {
  const uses = new Int32Array(input.numVRegs)
  const numOps = input.opStart[input.numInsts]
  for (let o = 0; o < numOps; o++) {
    const v = input.opVReg[o]
    if (v !== NO_VREG && !opIsDef(input.opDesc[o])) uses[v]++
  }
  const numEdges = input.succStart[input.numBlocks]
  const numArgs = input.edgeArgStart[numEdges]
  for (let a = 0; a < numArgs; a++) uses[input.edgeArgs[a]]++
  return uses
}
