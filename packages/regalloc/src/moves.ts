// Parallel moves: all sources are read before any destination is written; the machine moves one thing at a time.
//
// Idea. Draw an edge from source to destination for each move. A location has at most one incoming edge, so every
// component is a tree, or a cycle with trees hanging from it. A move whose destination nobody still has to read may be
// done at once; doing it may free its own source. When no such move is left, only disjoint simple cycles remain (every
// tree edge has been done, so the reader of each location is unique). A cycle is opened by keeping aside the value of
// one location that is about to be overwritten.
//
// A second difficulty: machines move register to register, register to memory and memory to register. Memory to memory
// goes through a register that holds nothing, and where there is none through a victim, which is saved before and
// restored after. Therefore the value kept aside for a cycle goes to a temporary slot if the register is needed by
// another move of the same cycle.
//
// Invariants. Two stack locations of one set of moves are equal or disjoint. The temporary register and slots are no
// source and no destination of the set. Linear time and no allocation per move.
//
// Literature: C. May, "The parallel assignment problem redefined" (1989); Rideau, Serpette, Leroy, "Tilting at
// windmills with Coq" (2008).
import { bug, growI32, growU8, I32Vec } from '@k23/entity'
import type { EditList } from './edits.ts'
import { NUM_PREGS, allocIndex, allocIsReg, allocIsStack, allocReg, allocStack } from './interface.ts'

/** Where the resolver finds room. */
export interface MoveTemps {
  /** A register of the class that holds nothing at this point and takes no part in the moves; -1 if there is none. */
  freeReg(cls: number): number
  /**
   * A register of the class that takes no part in stack-to-stack moves (any one): it is saved and restored around its
   * use.
   */
  victimReg(cls: number): number
  /** Temporary spill slot of the class, `which` 0 (cycles) or 1 (victims); always the same. */
  tempSlot(cls: number, which: 0 | 1): number
}

/** Index of a location in tables: registers first, then slots. */
function locIndex(alloc: number): number {
  return allocIsReg(alloc) ? allocIndex(alloc) : NUM_PREGS + allocIndex(alloc)
}

/** Collects the moves of one point and writes them out one after the other. Reused from point to point. */
export class ParallelMoves {
  length = 0
  private readonly temps: MoveTemps
  private from: Int32Array = new Int32Array(16)
  private to: Int32Array = new Int32Array(16)
  private cls: Uint8Array = new Uint8Array(16)
  private done: Uint8Array = new Uint8Array(16)
  /** Per location: number of moves not yet done that read it. All zero between two sets. */
  private readers: Int32Array = new Int32Array(NUM_PREGS + 64)
  /** Per location: 1 + the move that writes it. All zero between two sets. */
  private writer: Int32Array = new Int32Array(NUM_PREGS + 64)
  /** Per location of a cycle: 1 + the move that reads it. All zero between two sets. */
  private reader: Int32Array = new Int32Array(NUM_PREGS + 64)
  private ready = new I32Vec(16)
  private out: EditList | undefined
  private point = 0

  constructor(temps: MoveTemps) {
    this.temps = temps
  }

  /** Adds a move of a value of class `cls`. */
  add(from: number, to: number, cls: number): void {
    if (from === to) return
    const n = this.length
    if (n === this.from.length) {
      this.from = growI32(this.from, n)
      this.to = growI32(this.to, n)
      this.cls = growU8(this.cls, n)
      this.done = growU8(this.done, n)
    }
    this.from[n] = from
    this.to[n] = to
    this.cls[n] = cls
    this.length = n + 1
  }

  /** Writes the collected moves to `out` at `point` and forgets them. */
  resolve(out: EditList, point: number): void {
    const n = this.length
    if (n === 0) return
    this.out = out
    this.point = point
    if (n === 1) {
      this.length = 0
      this.emit(this.from[0], this.to[0], this.cls[0])
      return
    }
    const { from, to, done, ready } = this
    let left = 0
    for (let m = 0; m < n; m++) {
      const d = locIndex(to[m])
      const s = locIndex(from[m])
      this.reserve(d > s ? d : s)
      done[m] = 0
      if (this.writer[d] !== 0) {
        if (from[this.writer[d] - 1] !== from[m]) {
          bug('parallel moves', '-', `point${point}`, `two values for location ${to[m]}`)
        }
        done[m] = 1
        continue
      }
      this.writer[d] = m + 1
      this.readers[s]++
      left++
    }
    for (let m = 0; m < n; m++) if (done[m] === 0 && this.readers[locIndex(to[m])] === 0) ready.push(m)
    left -= this.drain()
    if (left !== 0) this.openCycles(n)
    for (let m = 0; m < n; m++) {
      const d = locIndex(to[m])
      const s = locIndex(from[m])
      this.writer[d] = 0
      this.readers[d] = 0
      this.readers[s] = 0
      this.reader[s] = 0
    }
    this.length = 0
  }

  /** Does every move that can be done; returns their number. */
  private drain(): number {
    const { ready, from, to, cls, done, readers, writer } = this
    let count = 0
    while (ready.length !== 0) {
      const m = ready.pop()
      done[m] = 1
      count++
      this.emit(from[m], to[m], cls[m])
      const s = locIndex(from[m])
      readers[s]--
      const w = writer[s]
      if (readers[s] === 0 && w !== 0 && done[w - 1] === 0) ready.push(w - 1)
    }
    return count
  }

  private openCycles(n: number): void {
    const { from, to, cls, done } = this
    for (let m = 0; m < n; m++) if (done[m] === 0) this.reader[locIndex(from[m])] = m + 1
    for (let m = 0; m < n; m++) {
      if (done[m] !== 0) continue
      // `last` reads what `m` is going to overwrite: it will take the value from the temporary, as the last move of the
      // cycle.
      const last = this.reader[locIndex(to[m])] - 1
      const c = cls[last]
      let registerNeeded = false
      for (let k = m; k !== last; k = this.writer[locIndex(from[k])] - 1) {
        if (cls[k] === c && allocIsStack(from[k]) && allocIsStack(to[k])) registerNeeded = true
      }
      const free = registerNeeded ? -1 : this.temps.freeReg(c)
      const temp = free >= 0 ? allocReg(free) : allocStack(this.temps.tempSlot(c, 0))
      this.emit(to[m], temp, c)
      this.readers[locIndex(to[m])] = 0
      this.reader[locIndex(from[last])] = 0
      from[last] = temp
      this.reserve(locIndex(temp))
      this.readers[locIndex(temp)] = 1
      this.ready.push(m)
      this.drain()
    }
  }

  private emit(from: number, to: number, cls: number): void {
    const out = this.out as EditList
    if (allocIsReg(from) || allocIsReg(to)) {
      out.push(this.point, from, to, cls)
      return
    }
    const free = this.temps.freeReg(cls)
    if (free >= 0) {
      out.push(this.point, from, allocReg(free), cls)
      out.push(this.point, allocReg(free), to, cls)
      return
    }
    const victim = allocReg(this.temps.victimReg(cls))
    const save = allocStack(this.temps.tempSlot(cls, 1))
    out.push(this.point, victim, save, cls)
    out.push(this.point, from, victim, cls)
    out.push(this.point, victim, to, cls)
    out.push(this.point, save, victim, cls)
  }

  private reserve(loc: number): void {
    if (loc < this.readers.length) return
    this.readers = growI32(this.readers, loc)
    this.writer = growI32(this.writer, loc)
    this.reader = growI32(this.reader, loc)
  }
}
