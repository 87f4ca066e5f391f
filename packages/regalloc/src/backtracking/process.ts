// Step 5: the main loop. A bundle from the queue takes a register that is free wherever it is live, hinted ones first
// (free-registers.ts finds them all at once). Where there is none, the bundles in the way of the cheapest register are
// evicted if each weighs less; else the bundle is split before the first conflict in the register that is free for
// longest. A bundle without a use that needs a register lives in memory.
//
// Termination. An eviction makes room for a strictly heavier bundle; a split makes smaller ones; what cannot be split
// has more weight than all that can. A set of bundles that has been split often is cut up around all its uses at once,
// so that the work on one value stays linear. Where unsplittable bundles of one instruction are in each other's way,
// all of them are assigned together, by search. The number of steps is bounded; beyond, the allocator gives up.
import { I32Vec } from '@k23/entity'
import { NUM_CLASSES, NUM_PREGS, allocIndex, allocReg } from '../interface.ts'
import { FreeRegisters, MASK_REGS } from './free-registers.ts'
import { Occupancy } from './occupancy.ts'
import { BundleQueue } from './queue.ts'
import type { Reservations } from './ranges.ts'
import { cut, cutPoint, firstRegUse, lastRegUse } from './split.ts'
import {
  B_ALLOC,
  B_INFO,
  B_LENGTH,
  B_NEXT,
  B_SEEN,
  B_SET,
  B_WEIGHT,
  B_WORDS,
  GiveUp,
  HINT_SHIFT,
  LIMIT_MASK,
  PINNED,
  R_BUNDLE,
  R_NEXT,
  R_TO,
  R_USE,
  R_VREG,
  R_WORDS,
  type Tables,
  U_INFO,
  U_NEXT,
} from './tables.ts'
import { bundleText, placeText, regText } from './trace.ts'
import { SORT_A, SORT_B, SPLITS } from './work-arrays.ts'

/** Ranges and occupants looked at since the program started: for tests of how the work grows. */
let work = 0
export function workDone(): number {
  return work
}

/** In the allocation of a bundle: in the slot of the spill set. */
export const IN_MEMORY = -1
const NO_CONFLICT = 0x7fffffff
/** Splits of one spill set before it is cut up wholly. */
const MAX_SPLITS = 12
/** Sets of clobbers with which another is compared. */
const MAX_COMPARED = 32
/** Steps of the search for the registers of one instruction. */
const MAX_SEARCH = 5000

/** Thrown where no registers for the operands of an instruction are found that each value can be in at its end as well: index.ts has the way out. */
export class NoRegisters extends Error {
  override readonly name = 'NoRegisters'
  readonly inst: number

  constructor(inst: number) {
    super(`no registers for the operands of inst${inst}`)
    this.inst = inst
  }
}

export class Processor {
  private readonly t: Tables
  private res: Reservations = { start: EMPTY, from: EMPTY, to: EMPTY, vreg: EMPTY, clobberInsts: EMPTY }
  /** Per class. */
  private readonly free: FreeRegisters[] = []
  /** Per register: its bit in the words of `free`, 0 for those that take no part; per class: all such bits, and those that the limits allow. */
  readonly bitOf: Int32Array = new Int32Array(NUM_PREGS)
  private readonly allBits: Int32Array = new Int32Array(NUM_CLASSES)
  private readonly limitBits: Int32Array = new Int32Array(NUM_CLASSES * 7)
  private order: Int32Array[] = []
  /** Per register: what it holds, but for the newcomers, a list of bundles; most registers are never searched. */
  private readonly occupancy: Occupancy[] = []
  private readonly newcomers: Int32Array = new Int32Array(NUM_PREGS)
  /** Bundles in the order of the first round, and where it stands; `queue` has those that come again. */
  private first: Int32Array = EMPTY
  private firstAt = 0
  private firstEnd = 0
  private readonly queue = new BundleQueue()
  /** Triples: a gap, and the bundles before and after it, whose registers it may continue; or -1. */
  private readonly gaps = new I32Vec(64)
  private splits: Int32Array = EMPTY
  /** Classes for which `free` is valid, as bits. */
  private classesInUse = 0
  private steps = 0
  private searchSteps = 0
  // Result of a probe: clobbers are not in it.
  private conflictPoint = NO_CONFLICT
  private maxWeight = 0
  private evictable = true
  private readonly conflicts = new I32Vec(64)
  private stamp = 0
  /**
   * Per register: NO_CONFLICT, or where it is clobbered first in the bundle at hand; `clobbered` lists those that are.
   */
  private readonly clobberedAt = new Int32Array(NUM_PREGS).fill(NO_CONFLICT)
  private readonly clobbered = new Int32Array(NUM_PREGS)
  private numClobbered = 0
  /** Per set of clobbers: the first one that is equal, and the last bundle that met it. */
  private setOf: number[] = []
  private setsSeen: number[] = []
  private numSets = 0
  private setStamp = 0

  constructor(t: Tables) {
    this.t = t
    for (let p = 0; p < NUM_PREGS; p++) this.occupancy.push(new Occupancy(t))
    for (let c = 0; c < NUM_CLASSES; c++) this.free.push(new FreeRegisters())
  }

  /** Gives each bundle its location. Throws GiveUp, NoRegisters. */
  run(res: Reservations): void {
    this.reset(res)
    this.sortBundles()
    const limit = 1000 + 40 * (this.t.rangesEnd / R_WORDS)
    while (this.firstAt < this.firstEnd || this.queue.length > 0) {
      if (++this.steps > limit) throw new GiveUp('too many steps')
      this.process(this.next())
    }
    const { gaps } = this
    for (let k = 0; k < gaps.length; k += 3) this.secondChance(gaps.data[k], gaps.data[k + 1], gaps.data[k + 2])
  }

  /** Elements of all tables, nearly. */
  get size(): number {
    return this.free.reduce((n, f) => n + f.size, 0)
  }

  private reset(res: Reservations): void {
    const { t, occupancy, newcomers } = this
    const { input } = t
    if (this.order !== t.order) this.setMachine()
    this.res = res
    for (let p = 0; p < NUM_PREGS; p++) if (!occupancy[p].isEmpty) occupancy[p].clear()
    newcomers.fill(-1)
    this.queue.clear()
    this.gaps.clear()
    this.steps = 0
    this.stamp = 0
    this.setStamp = 0
    this.splits = t.work.get(SPLITS, input.numVRegs, 0)
    // Equal sets count as one, as far as they are found: that saves time only.
    const { clobberSets } = input
    this.setOf.length = 0
    this.setsSeen.length = 0
    this.numSets = 0
    for (let c = 0; c < clobberSets.length; c++) {
      let same = Math.max(0, c - MAX_COMPARED)
      while (same < c && !equalSets(clobberSets[same], clobberSets[c])) same++
      if (same !== c) same = this.setOf[same]
      this.setOf.push(same)
      this.setsSeen.push(0)
      if (same === c) this.numSets++
    }
    this.resetFree()
  }

  private setMachine(): void {
    const { bitOf, allBits, limitBits } = this
    this.order = this.t.order
    bitOf.fill(0)
    for (let c = 0; c < NUM_CLASSES; c++) {
      const regs = this.order[c]
      allBits[c] = 0
      for (let l = 0; l < 7; l++) limitBits[c * 7 + l] = 0
      for (let k = 0; k < Math.min(MASK_REGS, regs.length); k++) {
        bitOf[regs[k]] = 1 << k
        allBits[c] |= 1 << k
        for (let l = 0; l < 7; l++) if ((regs[k] & 63) < 1 << l) limitBits[c * 7 + l] |= 1 << k
      }
    }
  }

  private resetFree(): void {
    const { input } = this.t
    let classes = 0
    for (let v = 0; v < input.numVRegs; v++) classes |= 1 << input.vregClass[v]
    this.classesInUse = classes
    for (let c = 0; c < NUM_CLASSES; c++) if ((classes & (1 << c)) !== 0) this.resetClass(c)
  }

  /** Nothing is taken but what instructions reserve and clobber. */
  private resetClass(c: number): void {
    const { t, res, bitOf, allBits } = this
    const { input } = t
    const { clobberInsts } = res
    const sets = input.clobberSets
    const maskOf = new Int32Array(sets.length)
    const points = this.free[c]
    points.reset(2 * input.numInsts + 2)
    for (let s = 0; s < sets.length; s++) {
      let mask = 0
      const regs = this.order[c]
      for (let k = 0; k < regs.length; k++) {
        if ((sets[s][regs[k] >> 5] & (1 << (regs[k] & 31))) !== 0) mask |= bitOf[regs[k]]
      }
      maskOf[s] = mask & allBits[c]
    }
    for (let k = 0; k < clobberInsts.length; k++) {
      const mask = maskOf[input.clobbers[clobberInsts[k]]]
      if (mask !== 0) points.take(mask, 2 * clobberInsts[k] + 1, 2 * clobberInsts[k] + 2)
    }
    for (let p = c << 6; p < (c + 1) << 6; p++) {
      if (bitOf[p] === 0) continue
      for (let k = res.start[p]; k < res.start[p + 1]; k++) points.take(bitOf[p], res.from[k], res.to[k])
    }
  }

  /** Where the registers of a class are free, once all bundles have theirs: for slots.ts. */
  freeRegisters(cls: number): FreeRegisters {
    if ((this.classesInUse & (1 << cls)) === 0) {
      this.classesInUse |= 1 << cls
      this.resetClass(cls)
    }
    return this.free[cls]
  }

  /** The first round, longest bundles first: a radix sort, stable, by bytes of the length. */
  private sortBundles(): void {
    const { t } = this
    const { bundles, bundlesEnd } = t
    let from = t.work.raw(SORT_A, bundlesEnd / B_WORDS)
    let to = t.work.raw(SORT_B, bundlesEnd / B_WORDS)
    let n = 0
    let longest = 0
    for (let b = 0; b < bundlesEnd; b += B_WORDS) {
      if (bundles[b] < 0) continue
      from[n++] = b
      if (bundles[b + B_LENGTH] > longest) longest = bundles[b + B_LENGTH]
    }
    for (let shift = 0; longest >> shift !== 0; shift += 8) {
      counts.fill(0)
      for (let k = 0; k < n; k++) counts[256 - ((bundles[from[k] + B_LENGTH] >> shift) & 255)]++
      for (let c = 0; c < 256; c++) counts[c + 1] += counts[c]
      for (let k = 0; k < n; k++) to[counts[255 - ((bundles[from[k] + B_LENGTH] >> shift) & 255)]++] = from[k]
      const x = from
      from = to
      to = x
    }
    this.first = from
    this.firstAt = 0
    this.firstEnd = n
  }

  private next(): number {
    const { queue, first, firstAt } = this
    if (firstAt === this.firstEnd) return queue.pop()
    const b = first[firstAt]
    if (queue.length > 0) {
      const priority = queue.peekPriority()
      const length = this.t.bundles[b + B_LENGTH]
      if (priority > length || (priority === length && queue.peek() < b)) return queue.pop()
    }
    this.firstAt++
    return b
  }

  private enqueue(bundle: number): void {
    this.queue.push(bundle, this.t.bundles[bundle + B_LENGTH])
  }

  private process(bundle: number): void {
    const { t, bitOf } = this
    const { bundles } = t
    const info = bundles[bundle + B_INFO]
    const limit = info & LIMIT_MASK
    const weight = bundles[bundle + B_WEIGHT]
    if (limit === 0 && weight === 0) {
      this.toMemory(bundle)
      return
    }
    const cls = t.bundleClass(bundle)
    const allowed = limit === 0 ? this.allBits[cls] : this.limitBits[cls * 7 + 31 - Math.clz32(limit)]
    const bits = allowed & ~this.takenBits(bundle, cls, allowed)
    const hint = (info >> HINT_SHIFT) - 1
    if (bits !== 0) {
      const setHint = t.setHint[bundles[bundle + B_SET]]
      let reg = this.order[cls][31 - Math.clz32(bits & -bits)]
      if (hint >= 0 && (bits & bitOf[hint]) !== 0) reg = hint
      else if (hint >= 0 && (limit === 0 || (hint & 63) < limit) && this.fits(hint, bundle)) reg = hint
      else if (setHint >= 0 && (bits & bitOf[setHint]) !== 0) reg = setHint
      this.take(reg, bundle)
      return
    }
    this.contend(bundle, cls, limit, weight, hint)
  }

  /** Registers of the class that are taken somewhere in the bundle. */
  private takenBits(bundle: number, cls: number, enough: number): number {
    const { ranges, bundles } = this.t
    const free = this.free[cls]
    let bits = 0
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
      work++
      bits |= free.taken(ranges[r], ranges[r + R_TO], enough)
      if ((bits & enough) === enough) break
    }
    return bits
  }

  /** Is the register free for this bundle, where it is taken for others: reserved for its own value? */
  private fits(reg: number, bundle: number): boolean {
    const { res, t } = this
    if (res.start[reg] === res.start[reg + 1]) return false
    const { ranges } = t
    let own = false
    for (let r = t.bundles[bundle]; r >= 0 && !own; r = ranges[r + R_NEXT]) {
      const k = this.reservation(reg, ranges[r])
      own = k < res.start[reg + 1] && res.from[k] < ranges[r + R_TO] && res.vreg[k] === ranges[r + R_VREG]
    }
    if (!own) return false
    this.findClobbers(bundle)
    if (this.clobberedAt[reg] !== NO_CONFLICT) return false
    this.probe(reg, bundle)
    return this.conflictPoint === NO_CONFLICT
  }

  /** No register is known to be free: search them one by one. */
  private contend(bundle: number, cls: number, limit: number, weight: number, hint: number): void {
    const { t } = this
    const regs = this.order[cls]
    // Only registers beyond those of `free`, and those that are reserved for this value, could be free.
    if (limit === 0 && regs.length <= MASK_REGS) {
      if (hint >= 0 && this.fits(hint, bundle)) this.take(hint, bundle)
      else this.toMemory(bundle)
      return
    }
    this.findClobbers(bundle)
    let bestEvict = -1
    let bestWeight = weight
    let bestPoint = -1
    const setHint = t.setHint[t.bundles[bundle + B_SET]]
    for (let x = -2; x < regs.length; x++) {
      const reg = x === -2 ? hint : x === -1 ? setHint : regs[x]
      if (reg < 0 || (x >= 0 && (reg === hint || reg === setHint)) || (x === -1 && hint === setHint)) continue
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
    const { ranges } = t
    const { clobberInsts } = this.res
    for (let k = 0; k < this.numClobbered; k++) clobberedAt[clobbered[k]] = NO_CONFLICT
    this.numClobbered = 0
    const stamp = ++this.setStamp
    let left = this.numSets
    for (let r = t.bundles[bundle]; r >= 0 && left > 0; r = ranges[r + R_NEXT]) {
      const from = ranges[r]
      const to = ranges[r + R_TO]
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
    const { t, res, conflicts } = this
    const { ranges, bundles } = t
    const weight = bundles[bundle + B_WEIGHT]
    const occupancy = this.occupantsOf(reg)
    this.conflictPoint = NO_CONFLICT
    this.maxWeight = 0
    this.evictable = true
    conflicts.clear()
    const stamp = ++this.stamp
    const resEnd = res.start[reg + 1]
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
      work++
      const from = ranges[r]
      const to = ranges[r + R_TO]
      // Reserved by an instruction.
      let k = this.reservation(reg, from)
      while (k < resEnd && res.from[k] < to && res.vreg[k] === ranges[r + R_VREG]) k++
      if (k < resEnd && res.from[k] < to) {
        this.evictable = false
        const at = Math.max(from, res.from[k])
        if (at < this.conflictPoint) this.conflictPoint = at
      }
      for (let c = occupancy.seek(from); c >= 0; c = occupancy.next(c)) {
        const other = occupancy.at(c)
        if (ranges[other] >= to) break
        const at = Math.max(from, ranges[other])
        if (at < this.conflictPoint) this.conflictPoint = at
        if (!this.evictable) break
        work++
        const b = ranges[other + R_BUNDLE]
        if (bundles[b + B_SEEN] === stamp) continue
        bundles[b + B_SEEN] = stamp
        conflicts.push(b)
        if (bundles[b + B_WEIGHT] > this.maxWeight) this.maxWeight = bundles[b + B_WEIGHT]
        if (this.maxWeight >= weight) {
          this.evictable = false
          break
        }
      }
      if (!this.evictable) return
    }
  }

  /** Index of the first reservation of a register that ends after a point; that of the next register's if there is none. */
  private reservation(reg: number, point: number): number {
    const { start, to } = this.res
    let lo = start[reg]
    let hi = start[reg + 1]
    while (lo < hi) {
      const mid = (lo + hi) >> 1
      if (to[mid] > point) hi = mid
      else lo = mid + 1
    }
    return lo
  }

  /** What a register holds, newcomers sorted in. */
  private occupantsOf(reg: number): Occupancy {
    const { newcomers, t } = this
    const { bundles, ranges } = t
    const occupancy = this.occupancy[reg]
    let b = newcomers[reg]
    if (b < 0) return occupancy
    newcomers[reg] = -1
    for (; b >= 0; b = bundles[b + B_NEXT]) {
      for (let r = bundles[b]; r >= 0; r = ranges[r + R_NEXT]) occupancy.insert(r)
    }
    return occupancy
  }

  private take(reg: number, bundle: number): void {
    const { t, newcomers } = this
    const { bundles, ranges } = t
    bundles[bundle + B_ALLOC] = allocReg(reg)
    t.setHint[bundles[bundle + B_SET]] = reg
    t.trace?.(`  ${bundleText(t, bundle)} takes ${regText(reg)}`)
    bundles[bundle + B_NEXT] = newcomers[reg]
    newcomers[reg] = bundle
    const bit = this.bitOf[reg]
    if (bit === 0) return
    const free = this.free[reg >> 6]
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) free.take(bit, ranges[r], ranges[r + R_TO])
  }

  private evict(bundle: number): void {
    this.t.trace?.(`  evict ${bundleText(this.t, bundle)} from ${placeText(this.t, bundle)}`)
    this.leave(bundle)
    this.enqueue(bundle)
  }

  /** Takes a bundle out of its register. */
  private leave(bundle: number): void {
    const { t, res } = this
    const { bundles, ranges } = t
    const reg = allocIndex(bundles[bundle + B_ALLOC])
    const occupancy = this.occupantsOf(reg)
    const bit = this.bitOf[reg]
    const free = this.free[reg >> 6]
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) {
      occupancy.remove(r)
      if (bit === 0) continue
      free.release(bit, ranges[r], ranges[r + R_TO])
      // What is reserved for its value stays reserved.
      let k = this.reservation(reg, ranges[r])
      for (; k < res.start[reg + 1] && res.from[k] < ranges[r + R_TO]; k++) free.take(bit, res.from[k], res.to[k])
    }
    bundles[bundle + B_ALLOC] = 0
  }

  private toMemory(bundle: number): void {
    const { t } = this
    const { bundles, ranges } = t
    t.trace?.(`  ${bundleText(t, bundle)} goes to memory`)
    bundles[bundle + B_ALLOC] = IN_MEMORY
    for (let r = bundles[bundle]; r >= 0; r = ranges[r + R_NEXT]) t.toMemory(ranges[r + R_VREG])
  }

  private split(bundle: number, conflict: number): void {
    const { t } = this
    if (t.isMinimal(bundle)) {
      this.splitBetweenPhases(bundle)
      return
    }
    if (++this.splits[t.bundles[bundle + B_SET]] > MAX_SPLITS) {
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
    t.trace?.(`  ${bundleText(t, bundle)} is cut at ${point / 2}`)
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
    t.trace?.(`  ${bundleText(t, bundle)} is cut around each use`)
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
      if (t.ranges[t.bundles[piece] + R_NEXT] >= 0) rest = this.separate(piece, rest)
      t.refresh(piece)
      if ((t.bundles[piece + B_INFO] & LIMIT_MASK) === 0) this.gap(piece, before, -1)
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
    const { bundles, ranges } = t
    const first = bundles[piece]
    const second = ranges[first + R_NEXT]
    ranges[first + R_NEXT] = -1
    if (rest < 0) return t.newBundle(second, bundles[piece + B_SET])
    let last = second
    while (ranges[last + R_NEXT] >= 0) last = ranges[last + R_NEXT]
    ranges[last + R_NEXT] = bundles[rest]
    bundles[rest] = second
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
    for (let u = t.ranges[t.bundles[bundle] + R_USE]; u >= 0; u = t.uses[u + U_NEXT]) {
      if ((t.uses[u + U_INFO] & PINNED) !== 0) return false
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
      const occupancy = this.occupantsOf(reg)
      for (let c = occupancy.seek(from); c >= 0; c = occupancy.next(c)) {
        const range = occupancy.at(c)
        if (t.ranges[range] >= from + 2) break
        others.push(t.ranges[range + R_BUNDLE])
      }
    }
    for (const b of new Set(others)) {
      if ((t.bundles[b + B_INFO] & LIMIT_MASK) !== 0 && t.isMinimal(b)) {
        this.leave(b)
        pieces.push(b)
      } else this.evict(b)
    }
    pieces.sort((a, b) => t.bundles[b + B_WEIGHT] - t.bundles[a + B_WEIGHT] || a - b)
    this.searchSteps = MAX_SEARCH
    if (this.search(pieces, 0)) return
    let changed = false
    for (const b of pieces) if (this.freeLatePhase(b)) changed = true
    this.searchSteps = MAX_SEARCH
    if (!changed || !this.search(pieces, 0)) throw new NoRegisters(from >> 1)
  }

  private search(pieces: number[], k: number): boolean {
    if (k === pieces.length) return true
    const { t } = this
    const piece = pieces[k]
    const limit = t.bundles[piece + B_INFO] & LIMIT_MASK
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
    this.t.refresh(bundle)
    this.gaps.push(bundle)
    this.gaps.push(before)
    this.gaps.push(after)
  }

  /** Step 7. Where a neighbour's register is free all through a gap, the value stays in it. */
  private secondChance(bundle: number, before: number, after: number): void {
    const { t } = this
    const cls = t.bundleClass(bundle)
    const bits = ~this.takenBits(bundle, cls, this.allBits[cls])
    for (let k = 0; k < 2; k++) {
      const neighbour = k === 0 ? after : before
      if (neighbour < 0 || t.bundles[neighbour + B_ALLOC] <= 0) continue
      const reg = allocIndex(t.bundles[neighbour + B_ALLOC])
      if ((bits & this.bitOf[reg]) === 0) continue
      this.take(reg, bundle)
      return
    }
    this.toMemory(bundle)
  }
}

const EMPTY = new Int32Array(0)
const counts = new Int32Array(257)

function equalSets(a: Int32Array, b: Int32Array): boolean {
  for (let w = 0; w < a.length; w++) if (a[w] !== b[w]) return false
  return true
}
