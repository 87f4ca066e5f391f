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
import type { Tables } from './tables.ts'

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

export function buildRanges(t: Tables, live: LiveIns): Reservations {
  const { input } = t
  const {
    numBlocks,
    blockInsts,
    opStart,
    opVReg,
    opDesc,
    succStart,
    succs,
    edgeArgStart,
    edgeArgs,
    paramStart,
    params,
  } = input
  const liveTo = new Int32Array(input.numVRegs).fill(-1)
  // Uses of the range under construction, ascending.
  const firstUse = new Int32Array(input.numVRegs).fill(-1)
  const lastUse = new Int32Array(input.numVRegs).fill(-1)
  const clobberInsts = new I32Vec(64)
  const resReg = new I32Vec(256)
  const resFrom = new I32Vec(256)
  const resTo = new I32Vec(256)
  const resVReg = new I32Vec(256)
  const reserve = (reg: number, from: number, to: number, vreg: number): void => {
    resReg.push(reg)
    resFrom.push(from)
    resTo.push(to)
    resVReg.push(vreg)
  }
  const addUse = (v: number, pos: number, limit: number, hint: number, pinned: number, weight: number): void => {
    const u = t.newUse(pos, limit, hint, pinned, weight)
    // Operands of one instruction come in any order.
    let before = -1
    let after = firstUse[v]
    while (after >= 0 && t.usePos.data[after] < pos) {
      before = after
      after = t.useNext.data[after]
    }
    t.useNext.data[u] = after
    if (before < 0) firstUse[v] = u
    else t.useNext.data[before] = u
    if (after < 0) lastUse[v] = u
  }
  const addRange = (v: number, from: number, to: number): void => {
    const set = t.setOf[v]
    if (from < t.hullFrom[set]) t.hullFrom[set] = from
    if (to > t.hullTo[set]) t.hullTo[set] = to
    const next = t.firstRange[v]
    if (next >= 0 && t.rangeFrom.data[next] === to) {
      t.rangeFrom.data[next] = from
      if (firstUse[v] >= 0) {
        t.useNext.data[lastUse[v]] = t.rangeUse.data[next]
        t.rangeUse.data[next] = firstUse[v]
      }
    } else t.firstRange[v] = t.newRange(from, to, v, firstUse[v], -1, next)
    firstUse[v] = -1
    lastUse[v] = -1
  }
  let tiedDef = new Int32Array(64)

  for (let b = numBlocks - 1; b >= 0; b--) {
    const first = blockInsts[b]
    const last = blockInsts[b + 1] - 1
    const end = 2 * (last + 1)
    let weight = 1000 * 4 ** Math.min(8, input.loopDepth[b])
    if (input.cold[b] !== 0) weight = Math.max(1, weight >> 4)
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const s = succs[e]
      for (let k = live.start[s]; k < live.start[s + 1]; k++) liveTo[live.values[k]] = end
      for (let a = edgeArgStart[e]; a < edgeArgStart[e + 1]; a++) liveTo[edgeArgs[a]] = end
    }
    for (let i = last; i >= first; i--) {
      const opFirst = opStart[i]
      const opEnd = opStart[i + 1]
      if (input.clobbers[i] >= 0) clobberInsts.push(i)
      if (opFirst === opEnd) continue
      const n = opEnd - opFirst
      if (n > tiedDef.length) tiedDef = new Int32Array(2 * n)
      for (let k = 0; k < n; k++) tiedDef[k] = -1
      for (let o = opFirst; o < opEnd; o++) {
        if (opConstraint(opDesc[o]) === REUSE) tiedDef[opPayload(opDesc[o])] = o
      }
      for (let o = opFirst; o < opEnd; o++) {
        const v = opVReg[o]
        const d = opDesc[o]
        if (v === NO_VREG || !opIsDef(d)) continue
        let c = opConstraint(d)
        let payload = opPayload(d)
        let from = opIsLate(d) ? 2 * i + 1 : 2 * i
        if (c === REUSE) {
          const use = opDesc[opFirst + payload]
          c = opConstraint(use)
          payload = opPayload(use)
          from = 2 * i
        }
        if (c === FIXED || c === STACK) {
          t.copiedDef[v] = o
          if (c === FIXED) reserve(payload, from, 2 * i + 2, -1)
          else {
            t.inMemory[v] = 1
            const set = t.setOf[v]
            if (2 * i < t.hullFrom[set]) t.hullFrom[set] = 2 * i
            if (2 * i + 2 > t.hullTo[set]) t.hullTo[set] = 2 * i + 2
          }
          if (liveTo[v] > 2 * i + 2) {
            if (c === FIXED) addUse(v, 2 * i + 2, 0, payload, 0, weight)
            addRange(v, 2 * i + 2, liveTo[v])
          } else {
            firstUse[v] = -1
          }
        } else {
          const reuse = opConstraint(d) === REUSE
          const limit = c === LIMIT ? payload : c === ANY && !reuse ? 0 : 64
          addUse(v, 2 * i + 1, limit, -1, 1, weight + 2000)
          addRange(v, from, liveTo[v] < 0 ? 2 * i + 2 : liveTo[v])
        }
        liveTo[v] = -1
      }
      for (let o = opFirst; o < opEnd; o++) {
        const v = opVReg[o]
        const d = opDesc[o]
        if (v === NO_VREG || opIsDef(d)) continue
        const c = opConstraint(d)
        const late = opIsLate(d)
        const tied = tiedDef[o - opFirst]
        let to = late ? 2 * i + 2 : 2 * i + 1
        if (c === FIXED || tied >= 0) {
          to = i === first ? 2 * i + 1 : 2 * i
          // The def that takes the register over has its own reservation, from the early phase on.
          if (c === FIXED && tied < 0) reserve(opPayload(d), 2 * i, late ? 2 * i + 2 : 2 * i + 1, v)
          addUse(v, i === first ? 2 * i : 2 * i - 1, 0, c === FIXED ? opPayload(d) : -1, 0, weight)
        } else if (c === STACK) {
          t.inMemory[v] = 1
          addUse(v, to - 1, 0, -1, 0, 0)
        } else if (c === ANY) addUse(v, to - 1, 0, -1, 0, weight)
        else addUse(v, to - 1, c === LIMIT ? opPayload(d) : 64, -1, late ? 1 : 0, weight)
        if (to > liveTo[v]) liveTo[v] = to
      }
    }
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
      const v = params[k]
      if (liveTo[v] >= 0) addRange(v, 2 * first, liveTo[v])
      liveTo[v] = -1
    }
    for (let k = live.start[b]; k < live.start[b + 1]; k++) {
      const v = live.values[k]
      addRange(v, 2 * first, liveTo[v])
      liveTo[v] = -1
    }
  }
  const reservations = sortReservations(resReg, resFrom, resTo, resVReg)
  return { ...reservations, clobberInsts: clobberInsts.view().slice().reverse() }
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
