// Step 2: live ranges with their uses, and the registers that instructions reserve. One backward walk over all blocks;
// ranges of blocks that follow each other grow together.
import { I32Vec } from '@k23/entity'
import {
  ANY,
  FIXED,
  LIMIT,
  NO_VREG,
  NUM_PREGS,
  REUSE,
  STACK,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from '../interface.ts'
import type { LiveIns } from './liveness.ts'
import { HINT_SHIFT, PINNED, R_FROM, R_USE, type Tables, U_NEXT, blockWeight } from './tables.ts'
import { FIRST_USE, LAST_USE, LIVE_TO } from './work-arrays.ts'

/**
 * Reserved intervals of each register, ascending and disjoint; `vreg` is the value that may be there all the same, or
 * -1. Compressed rows.
 */
export interface Reservations {
  readonly start: Int32Array
  readonly from: Int32Array
  readonly to: Int32Array
  readonly vreg: Int32Array
  /**
   * Instructions that clobber registers, ascending. Clobbers are not among the intervals: most registers share their
   * few sets.
   */
  readonly clobberInsts: Int32Array
}

/** Builds ranges and uses, one function at a time; the parts that are nested loops over tables are methods, so that they are compiled once. */
class RangeBuilder {
  private readonly t: Tables
  private readonly liveTo: Int32Array
  /** Uses of the range under construction, ascending. */
  private readonly firstUse: Int32Array
  private readonly lastUse: Int32Array

  constructor(t: Tables) {
    this.t = t
    const n = t.input.numVRegs
    this.liveTo = t.work.get(LIVE_TO, n, -1)
    this.firstUse = t.work.get(FIRST_USE, n, -1)
    this.lastUse = t.work.get(LAST_USE, n, -1)
  }

  run(live: LiveIns): Reservations {
    const { t, liveTo, firstUse } = this
    const { input } = t
    const { numBlocks, blockInsts, opStart, opVReg, opDesc, clobbers } = input
    const { succStart, succs, edgeArgStart, edgeArgs, paramStart, params } = input
    const clobberInsts = new I32Vec(16)
    const res = { reg: new I32Vec(16), from: new I32Vec(16), to: new I32Vec(16), vreg: new I32Vec(16) }
    const reserve = (reg: number, from: number, to: number, vreg: number): void => {
      res.reg.push(reg)
      res.from.push(from)
      res.to.push(to)
      res.vreg.push(vreg)
    }
    let tiedDef = new Int32Array(16)
    for (let b = numBlocks - 1; b >= 0; b--) {
      const first = blockInsts[b]
      const last = blockInsts[b + 1] - 1
      const end = 2 * (last + 1)
      const weight = blockWeight(input.loopDepth[b], input.cold[b] !== 0)
      for (let e = succStart[b]; e < succStart[b + 1]; e++) {
        const s = succs[e]
        for (let k = live.start[s]; k < live.start[s + 1]; k++) liveTo[live.values[k]] = end
        for (let a = edgeArgStart[e]; a < edgeArgStart[e + 1]; a++) liveTo[edgeArgs[a]] = end
      }
      for (let i = last; i >= first; i--) {
        const opFirst = opStart[i]
        const opEnd = opStart[i + 1]
        if (clobbers[i] >= 0) clobberInsts.push(i)
        if (opFirst === opEnd) continue
        const n = opEnd - opFirst
        let ties = false
        for (let o = opFirst; o < opEnd; o++) {
          if (opConstraint(opDesc[o]) !== REUSE) continue
          if (!ties) {
            if (n > tiedDef.length) tiedDef = new Int32Array(2 * n)
            tiedDef.fill(-1, 0, n)
            ties = true
          }
          tiedDef[opPayload(opDesc[o])] = o
          t.reuses.push(o, opFirst + opPayload(opDesc[o]))
        }
        for (let o = opFirst; o < opEnd; o++) {
          const v = opVReg[o]
          const d = opDesc[o]
          if (!opIsDef(d) || v === NO_VREG) continue
          let c = opConstraint(d)
          let payload = opPayload(d)
          if (c === ANY || c === STACK) t.needsStack[v] = 1
          let from = opIsLate(d) ? 2 * i + 1 : 2 * i
          if (c === REUSE) {
            const use = opDesc[opFirst + payload]
            c = opConstraint(use)
            payload = opPayload(use)
            if (c === ANY || c === STACK) t.needsStack[v] = 1
            from = 2 * i
          }
          if (c === FIXED || c === STACK) {
            t.copiedDef[v] = o
            if (c === FIXED) reserve(payload, from, 2 * i + 2, -1)
            else {
              t.toMemory(v)
              this.extendHull(v, 2 * i, 2 * i + 2)
            }
            if (liveTo[v] > 2 * i + 2) {
              if (c === FIXED) this.addUse(v, 2 * i + 2, (payload + 1) << HINT_SHIFT, weight)
              this.addRange(v, 2 * i + 2, liveTo[v])
            } else {
              firstUse[v] = -1
            }
          } else {
            const limit = c === LIMIT ? Math.min(64, payload) : c === ANY && opConstraint(d) !== REUSE ? 0 : 64
            this.addUse(v, 2 * i + 1, limit | PINNED, weight + 2000)
            this.addRange(v, from, liveTo[v] < 0 ? 2 * i + 2 : liveTo[v])
          }
          liveTo[v] = -1
        }
        for (let o = opFirst; o < opEnd; o++) {
          const v = opVReg[o]
          const d = opDesc[o]
          if (opIsDef(d) || v === NO_VREG) continue
          const c = opConstraint(d)
          if (c === ANY || c === STACK) t.needsStack[v] = 1
          const late = opIsLate(d)
          const tied = ties ? tiedDef[o - opFirst] : -1
          let to = late ? 2 * i + 2 : 2 * i + 1
          if (c === FIXED || tied >= 0) {
            to = i === first ? 2 * i + 1 : 2 * i
            // The def that takes the register over has its own reservation, from the early phase on.
            if (c === FIXED && tied < 0) reserve(opPayload(d), 2 * i, late ? 2 * i + 2 : 2 * i + 1, v)
            const hint = c === FIXED ? opPayload(d) + 1 : 0
            this.addUse(v, i === first ? 2 * i : 2 * i - 1, hint << HINT_SHIFT, weight)
          } else if (c === STACK) {
            t.toMemory(v)
            this.addUse(v, to - 1, 0, 0)
          } else if (c === ANY) this.addUse(v, to - 1, 0, weight)
          else this.addUse(v, to - 1, (c === LIMIT ? Math.min(64, opPayload(d)) : 64) | (late ? PINNED : 0), weight)
          if (to > liveTo[v]) liveTo[v] = to
        }
      }
      for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
        const v = params[k]
        if (liveTo[v] >= 0) this.addRange(v, 2 * first, liveTo[v])
        liveTo[v] = -1
      }
      for (let k = live.start[b]; k < live.start[b + 1]; k++) {
        const v = live.values[k]
        this.addRange(v, 2 * first, liveTo[v])
        liveTo[v] = -1
      }
    }
    const reservations = sortReservations(res.reg, res.from, res.to, res.vreg)
    return { ...reservations, clobberInsts: clobberInsts.view().slice().reverse() }
  }

  private extendHull(v: number, from: number, to: number): void {
    const { hullFrom, hullTo } = this.t
    if (from < hullFrom[v]) hullFrom[v] = from
    if (to > hullTo[v]) hullTo[v] = to
  }

  private addUse(v: number, pos: number, info: number, weight: number): void {
    const { t, firstUse, lastUse } = this
    const next = firstUse[v]
    const u = t.newUse(pos, info, weight, next)
    const { uses } = t
    if (next < 0) {
      firstUse[v] = u
      lastUse[v] = u
      return
    }
    if (uses[next] >= pos) {
      firstUse[v] = u
      return
    }
    // Operands of one instruction come in any order.
    let before = next
    let after = uses[next + U_NEXT]
    while (after >= 0 && uses[after] < pos) {
      before = after
      after = uses[after + U_NEXT]
    }
    uses[u + U_NEXT] = after
    uses[before + U_NEXT] = u
    if (after < 0) lastUse[v] = u
  }

  private addRange(v: number, from: number, to: number): void {
    const { t, firstUse, lastUse } = this
    const { hullFrom, hullTo, ranges } = t
    if (from < hullFrom[v]) hullFrom[v] = from
    if (to > hullTo[v]) hullTo[v] = to
    const next = t.firstRange[v]
    if (next >= 0 && ranges[next] === to) {
      ranges[next + R_FROM] = from
      if (firstUse[v] >= 0) {
        t.uses[lastUse[v] + U_NEXT] = ranges[next + R_USE]
        ranges[next + R_USE] = firstUse[v]
      }
    } else t.firstRange[v] = t.newRange(from, to, v, firstUse[v], -1, next)
    firstUse[v] = -1
  }
}

export function buildRanges(t: Tables, live: LiveIns): Reservations {
  return new RangeBuilder(t).run(live)
}

/**
 * By register and position; what overlaps in one register (two fixed uses of one value there) becomes one. They come in
 * descending order of instructions.
 */
function sortReservations(reg: I32Vec, from: I32Vec, to: I32Vec, vreg: I32Vec): Omit<Reservations, 'clobberInsts'> {
  const n = reg.length
  const start = new Int32Array(NUM_PREGS + 1)
  for (let k = 0; k < n; k++) start[reg.data[k] + 1]++
  for (let p = 0; p < NUM_PREGS; p++) start[p + 1] += start[p]
  const order = new Int32Array(n)
  const at = start.slice()
  for (let k = n - 1; k >= 0; k--) order[at[reg.data[k]]++] = k
  const out = {
    start: new Int32Array(NUM_PREGS + 1),
    from: new Int32Array(n),
    to: new Int32Array(n),
    vreg: new Int32Array(n),
  }
  let m = 0
  for (let p = 0; p < NUM_PREGS; p++) {
    out.start[p] = m
    for (let k = start[p]; k < start[p + 1]; k++) {
      let j = order[k]
      // Within an instruction: insertion by `from`.
      let slot = m
      while (slot > out.start[p] && out.from[slot - 1] > from.data[j]) {
        out.from[slot] = out.from[slot - 1]
        out.to[slot] = out.to[slot - 1]
        out.vreg[slot] = out.vreg[slot - 1]
        slot--
      }
      out.from[slot] = from.data[j]
      out.to[slot] = to.data[j]
      out.vreg[slot] = vreg.data[j]
      m++
      j = slot
    }
    // Join what overlaps.
    let w = out.start[p]
    for (let k = out.start[p] + 1; k < m; k++) {
      if (out.from[k] < out.to[w]) {
        if (out.to[k] > out.to[w]) out.to[w] = out.to[k]
        if (out.vreg[k] !== out.vreg[w]) out.vreg[w] = -1
      } else {
        w++
        out.from[w] = out.from[k]
        out.to[w] = out.to[k]
        out.vreg[w] = out.vreg[k]
      }
    }
    if (m > out.start[p]) m = w + 1
  }
  out.start[NUM_PREGS] = m
  return out
}
