// Step 5: the main loop. A bundle from the queue tries the registers, hints first: a free one is taken; else the
// bundles in the way of the cheapest register are evicted if each weighs less; else the bundle is split before the
// first conflict in the register that is free for longest. A bundle without a use that needs a register lives in
// memory.
//
// Termination. An eviction makes room for a strictly heavier bundle; a split makes smaller ones; what cannot be split
// has more weight than all that can. A set of bundles that has been split often is cut up around all its uses at once,
// so that the work on one value stays linear. Where unsplittable bundles of one instruction are in each other's way,
// all of them are assigned together, by search. The number of steps is bounded; beyond, the allocator gives up.
import { I32Vec } from '@k23/entity'
import { NUM_PREGS, allocIndex, allocReg } from '../interface.ts'
import { Occupancy } from './occupancy.ts'
import { BundleQueue } from './queue.ts'
import type { Reservations } from './ranges.ts'
import { cut, cutPoint, firstRegUse, lastRegUse } from './split.ts'
import { GiveUp, type Tables } from './tables.ts'

/** In bundleAlloc: in the slot of the spill set. */
export const IN_MEMORY = -1
const NO_CONFLICT = 0x7fffffff
/** Splits of one spill set before it is cut up wholly. */
const MAX_SPLITS = 12
/** Steps of the search for the registers of one instruction. */
const MAX_SEARCH = 5000

export class Processor {
  private readonly t: Tables
  private readonly res: Reservations
  private readonly occupancy: Occupancy[] = []
  private readonly queue = new BundleQueue()
  private readonly gaps = new I32Vec(64)
  private readonly splits: Int32Array
  private steps = 0
  private searchSteps = 0
  // Result of a probe: clobbers are not in it.
  private conflictPoint = NO_CONFLICT
  private maxWeight = 0
  private evictable = true
  private readonly conflicts = new I32Vec(64)
  private readonly seen = new I32Vec(256)
  private stamp = 0
  /**
   * Per register: NO_CONFLICT, or where it is clobbered first in the bundle at hand; `clobbered` lists those that are.
   */
  private readonly clobberedAt = new Int32Array(NUM_PREGS).fill(NO_CONFLICT)
  private readonly clobbered = new Int32Array(NUM_PREGS)
  private numClobbered = 0
  private readonly setsSeen: Int32Array
  private readonly setOf: Int32Array
  private readonly numSets: number
  private setStamp = 0

  constructor(t: Tables, res: Reservations) {
    this.t = t
    this.res = res
    for (let p = 0; p < NUM_PREGS; p++) this.occupancy.push(new Occupancy(t))
    this.splits = new Int32Array(t.input.numVRegs)
    // Equal sets count as one.
    const index = new Map<string, number>()
    this.setOf = Int32Array.from(t.input.clobberSets, (set, c) => {
      const key = set.join()
      const first = index.get(key)
      if (first === undefined) index.set(key, c)
      return first ?? c
    })
    this.numSets = index.size
    this.setsSeen = new Int32Array(t.input.clobberSets.length)
  }

  run(bundles: Int32Array): void {
    for (const b of bundles) this.enqueue(b)
    while (this.queue.length > 0) {
      if (++this.steps > 1000 + 40 * this.t.rangeFrom.length) throw new GiveUp('too many steps')
      this.process(this.queue.pop())
    }
    for (let k = 0; k < this.gaps.length; k++) this.secondChance(this.gaps.data[k])
  }

  private enqueue(bundle: number): void {
    this.queue.push(bundle, this.t.bundleLength.data[bundle])
  }

  private process(bundle: number): void {
    const { t } = this
    const limit = t.bundleLimit.data[bundle]
    const weight = t.bundleWeight.data[bundle]
    if (limit === 0 && weight === 0) {
      this.toMemory(bundle)
      return
    }
    const regs = t.order[t.bundleClass(bundle)]
    const hints = [t.bundleHint.data[bundle], t.setHint[t.bundleSet.data[bundle]]]
    this.findClobbers(bundle)
    let bestEvict = -1
    let bestWeight = weight
    let bestPoint = -1
    for (let x = -2; x < regs.length; x++) {
      const reg = x < 0 ? hints[x + 2] : regs[x]
      if (reg < 0 || (x >= 0 && (reg === hints[0] || reg === hints[1])) || (x === -1 && hints[0] === hints[1])) continue
      if (limit !== 0 && (reg & 63) >= limit) continue
      if (this.clobberedAt[reg] !== NO_CONFLICT) {
        // Never free: only how long it is free matters, if it could be for longest.
        if (limit === 0 || this.clobberedAt[reg] <= bestPoint) continue
      }
      this.probe(reg, bundle)
      if (this.clobberedAt[reg] !== NO_CONFLICT) {
        this.evictable = false
        if (this.clobberedAt[reg] < this.conflictPoint) this.conflictPoint = this.clobberedAt[reg]
      }
      if (this.conflictPoint === NO_CONFLICT) {
        this.take(reg, bundle)
        return
      }
      if (this.evictable && this.maxWeight < bestWeight) {
        bestWeight = this.maxWeight
        bestEvict = reg
      }
      if (this.conflictPoint > bestPoint) bestPoint = this.conflictPoint
    }
    if (limit === 0) {
      this.toMemory(bundle)
      return
    }
    if (bestEvict >= 0) {
      this.probe(bestEvict, bundle)
      for (let k = 0; k < this.conflicts.length; k++) this.evict(this.conflicts.data[k])
      this.take(bestEvict, bundle)
      return
    }
    this.split(bundle, bestPoint)
  }

  /** For each register the first point at which an instruction clobbers it while the bundle is live. */
  private findClobbers(bundle: number): void {
    const { t, clobberedAt, clobbered, setsSeen } = this
    const { clobberInsts } = this.res
    for (let k = 0; k < this.numClobbered; k++) clobberedAt[clobbered[k]] = NO_CONFLICT
    this.numClobbered = 0
    const stamp = ++this.setStamp
    let left = this.numSets
    for (let r = t.bundleFirst.data[bundle]; r >= 0 && left > 0; r = t.rangeNext.data[r]) {
      const from = t.rangeFrom.data[r]
      const to = t.rangeTo.data[r]
      let lo = 0
      let hi = clobberInsts.length
      while (lo < hi) {
        const mid = (lo + hi) >> 1
        if (2 * clobberInsts[mid] + 1 >= from) hi = mid
        else lo = mid + 1
      }
      for (; lo < clobberInsts.length && left > 0; lo++) {
        const point = 2 * clobberInsts[lo] + 1
        if (point >= to) break
        const c = this.setOf[t.input.clobbers[clobberInsts[lo]]]
        if (setsSeen[c] === stamp) continue
        setsSeen[c] = stamp
        left--
        const set = t.input.clobberSets[c]
        for (let w = 0; w < set.length; w++) {
          for (let bits = set[w]; bits !== 0; bits &= bits - 1) {
            const p = (w << 5) + (31 - Math.clz32(bits & -bits))
            if (clobberedAt[p] !== NO_CONFLICT) continue
            clobberedAt[p] = point
            clobbered[this.numClobbered++] = p
          }
        }
      }
    }
  }

  /**
   * Finds what is in the way of a bundle in a register: the first point, and who, as long as all of it weighs less than
   * the bundle.
   */
  private probe(reg: number, bundle: number): void {
    const { t, res, conflicts, seen } = this
    const { rangeFrom, rangeTo, rangeNext, rangeVReg, rangeBundle, bundleWeight } = t
    const weight = bundleWeight.data[bundle]
    const occupancy = this.occupancy[reg]
    this.conflictPoint = NO_CONFLICT
    this.maxWeight = 0
    this.evictable = true
    conflicts.clear()
    const stamp = ++this.stamp
    if (seen.length < t.bundleFirst.length) seen.resize(t.bundleFirst.length)
    const resEnd = res.start[reg + 1]
    for (let r = t.bundleFirst.data[bundle]; r >= 0; r = rangeNext.data[r]) {
      const from = rangeFrom.data[r]
      const to = rangeTo.data[r]
      // Reserved by an instruction.
      let lo = res.start[reg]
      let hi = resEnd
      while (lo < hi) {
        const mid = (lo + hi) >> 1
        if (res.to[mid] > from) hi = mid
        else lo = mid + 1
      }
      while (lo < resEnd && res.from[lo] < to && res.vreg[lo] === rangeVReg.data[r]) lo++
      if (lo < resEnd && res.from[lo] < to) {
        this.evictable = false
        const at = Math.max(from, res.from[lo])
        if (at < this.conflictPoint) this.conflictPoint = at
      }
      for (let c = occupancy.seek(from); c >= 0; c = occupancy.next(c)) {
        const other = occupancy.at(c)
        if (rangeFrom.data[other] >= to) break
        const at = Math.max(from, rangeFrom.data[other])
        if (at < this.conflictPoint) this.conflictPoint = at
        if (!this.evictable) break
        const b = rangeBundle.data[other]
        if (seen.data[b] === stamp) continue
        seen.data[b] = stamp
        conflicts.push(b)
        if (bundleWeight.data[b] > this.maxWeight) this.maxWeight = bundleWeight.data[b]
        if (this.maxWeight >= weight) {
          this.evictable = false
          break
        }
      }
      if (!this.evictable) return
    }
  }

  private take(reg: number, bundle: number): void {
    const { t } = this
    t.bundleAlloc.data[bundle] = allocReg(reg)
    t.setHint[t.bundleSet.data[bundle]] = reg
    for (let r = t.bundleFirst.data[bundle]; r >= 0; r = t.rangeNext.data[r]) this.occupancy[reg].insert(r)
  }

  private evict(bundle: number): void {
    this.leave(bundle)
    this.enqueue(bundle)
  }

  /** Takes a bundle out of its register. */
  private leave(bundle: number): void {
    const { t } = this
    const reg = allocIndex(t.bundleAlloc.data[bundle])
    for (let r = t.bundleFirst.data[bundle]; r >= 0; r = t.rangeNext.data[r]) this.occupancy[reg].remove(r)
    t.bundleAlloc.data[bundle] = 0
  }

  private toMemory(bundle: number): void {
    const { t } = this
    t.bundleAlloc.data[bundle] = IN_MEMORY
    for (let r = t.bundleFirst.data[bundle]; r >= 0; r = t.rangeNext.data[r]) t.inMemory[t.rangeVReg.data[r]] = 1
  }

  private split(bundle: number, conflict: number): void {
    const { t } = this
    if (t.isMinimal(bundle)) {
      this.splitBetweenPhases(bundle)
      return
    }
    if (++this.splits[t.bundleSet.data[bundle]] > MAX_SPLITS) {
      this.shatter(bundle)
      return
    }
    const point = cutPoint(t, bundle, conflict)
    if (point < 0) {
      // One instruction, but several ranges of different values of the bundle, or the value's continuation: take it
      // apart.
      this.shatter(bundle)
      return
    }
    const right = cut(t, bundle, point)
    this.trim(bundle)
    this.trim(right)
  }

  /**
   * Enqueues the part of a bundle from its first to its last use that needs a register, and makes gaps of what is
   * around.
   */
  private trim(bundle: number): void {
    const { t } = this
    const first = firstRegUse(t, bundle)
    if (first < 0) {
      this.gap(bundle, -1, -1)
      return
    }
    let core = bundle
    const head = first & ~1
    let before = -1
    if (head > t.bundleFrom(bundle)) {
      core = cut(t, bundle, head)
      before = bundle
    }
    const tail = (lastRegUse(t, core) & ~1) + 2
    let after = -1
    if (tail < t.bundleTo(core)) after = cut(t, core, tail)
    t.refresh(core)
    if (before >= 0) this.gap(before, -1, core)
    if (after >= 0) this.gap(after, core, -1)
    this.enqueue(core)
  }

  /** Cuts a bundle up around each use that needs a register. */
  private shatter(bundle: number): void {
    const { t } = this
    let before = -1
    let rest = bundle
    while (rest >= 0) {
      const use = firstRegUse(t, rest)
      if (use < 0) {
        this.gap(rest, before, -1)
        return
      }
      let piece = rest
      const head = use & ~1
      if (head > t.bundleFrom(rest)) {
        piece = cut(t, rest, head)
        this.gap(rest, before, piece)
      }
      rest = head + 2 < t.bundleTo(piece) ? cut(t, piece, head + 2) : -1
      if (t.rangeNext.data[t.bundleFirst.data[piece]] >= 0) rest = this.separate(piece, rest)
      t.refresh(piece)
      if (t.bundleLimit.data[piece] === 0) this.gap(piece, before, -1)
      else this.enqueue(piece)
      before = piece
    }
  }

  /**
   * A piece of one instruction that has ranges of two values (one ends as the other begins): the second goes back to
   * the rest.
   */
  private separate(piece: number, rest: number): number {
    const { t } = this
    const first = t.bundleFirst.data[piece]
    const second = t.rangeNext.data[first]
    t.rangeNext.data[first] = -1
    if (rest < 0) return t.newBundle(second, t.bundleSet.data[piece])
    let last = second
    while (t.rangeNext.data[last] >= 0) last = t.rangeNext.data[last]
    t.rangeNext.data[last] = t.bundleFirst.data[rest]
    t.bundleFirst.data[rest] = second
    return rest
  }

  /**
   * A bundle that cannot be split by instructions and finds no register: first at the expense of its value's
   * continuation, then of the whole instruction.
   */
  private splitBetweenPhases(bundle: number): void {
    if (this.freeLatePhase(bundle)) this.enqueue(bundle)
    else this.solveInst(bundle)
  }

  /**
   * An early use whose value lives on through an instruction that leaves it no register: from the late phase on it is
   * in memory. True if it was one.
   */
  private freeLatePhase(bundle: number): boolean {
    const { t } = this
    const from = t.bundleFrom(bundle)
    const middle = from | 1
    if (from === middle || t.bundleTo(bundle) <= middle) return false
    for (let u = t.rangeUse.data[t.bundleFirst.data[bundle]]; u >= 0; u = t.useNext.data[u]) {
      if (t.usePinned.data[u] !== 0) return false
    }
    const late = cut(t, bundle, middle)
    t.refresh(late)
    this.toMemory(late)
    t.refresh(bundle)
    return true
  }

  /**
   * Clears all registers of a class at one instruction and searches for an assignment of the pieces that need one
   * there.
   */
  private solveInst(bundle: number): void {
    const { t } = this
    const from = t.bundleFrom(bundle) & ~1
    const pieces = [bundle]
    const others: number[] = []
    for (const reg of t.order[t.bundleClass(bundle)]) {
      const occupancy = this.occupancy[reg]
      for (let c = occupancy.seek(from); c >= 0; c = occupancy.next(c)) {
        const range = occupancy.at(c)
        if (t.rangeFrom.data[range] >= from + 2) break
        others.push(t.rangeBundle.data[range])
      }
    }
    for (const b of new Set(others)) {
      if (t.bundleLimit.data[b] !== 0 && t.isMinimal(b)) {
        this.leave(b)
        pieces.push(b)
      } else this.evict(b)
    }
    pieces.sort((a, b) => t.bundleWeight.data[b] - t.bundleWeight.data[a] || a - b)
    this.searchSteps = MAX_SEARCH
    if (this.search(pieces, 0)) return
    let changed = false
    for (const b of pieces) if (this.freeLatePhase(b)) changed = true
    this.searchSteps = MAX_SEARCH
    if (!changed || !this.search(pieces, 0)) throw new GiveUp(`no registers for the operands of inst${from >> 1}`)
  }

  private search(pieces: number[], k: number): boolean {
    if (k === pieces.length) return true
    const { t } = this
    const piece = pieces[k]
    const limit = t.bundleLimit.data[piece]
    for (const reg of t.order[t.bundleClass(piece)]) {
      if ((reg & 63) >= limit || --this.searchSteps < 0) continue
      this.findClobbers(piece)
      if (this.clobberedAt[reg] !== NO_CONFLICT) continue
      this.probe(reg, piece)
      if (this.conflictPoint !== NO_CONFLICT) continue
      this.take(reg, piece)
      if (this.search(pieces, k + 1)) return true
      this.leave(piece)
    }
    return false
  }

  private gap(bundle: number, before: number, after: number): void {
    const { t } = this
    t.refresh(bundle)
    t.bundleBefore.data[bundle] = before
    t.bundleAfter.data[bundle] = after
    this.gaps.push(bundle)
  }

  /** Step 7. Where a neighbour's register is free all through a gap, the value stays in it. */
  private secondChance(bundle: number): void {
    const { t } = this
    for (const neighbour of [t.bundleAfter.data[bundle], t.bundleBefore.data[bundle]]) {
      if (neighbour < 0 || t.bundleAlloc.data[neighbour] <= 0) continue
      const reg = allocIndex(t.bundleAlloc.data[neighbour])
      this.findClobbers(bundle)
      if (this.clobberedAt[reg] !== NO_CONFLICT) continue
      this.probe(reg, bundle)
      if (this.conflictPoint === NO_CONFLICT) {
        this.take(reg, bundle)
        return
      }
    }
    this.toMemory(bundle)
  }
}
