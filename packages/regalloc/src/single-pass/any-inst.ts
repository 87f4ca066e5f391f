// The way of instructions with any constraints: registers are assigned to the operands as if nothing else lived in
// registers (assign.ts); then residents that are in the way leave, results go where they are expected, and inputs come
// from where they live.
import {
  ANY,
  NO_VREG,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  allocReg,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
} from '../interface.ts'
import { HOME, NEEDS_HOME, type State, V_INFO, recordOf } from './state.ts'

/** For the operand k of the instruction at hand: the result that takes its register over, or -1. */
let tiedDef = new Int32Array(8)

export function anyInst(s: State, i: number, isTerm: boolean): void {
  const { allocs, assigner, values } = s
  const { opStart, opVReg, opDesc, vregClass, clobbers } = s.input
  const first = opStart[i]
  const end = opStart[i + 1]
  const n = end - first
  s.time++
  s.takeNothing()
  if (clobbers[i] >= 0) s.clobberBits(clobbers[i], 0) // they count as written
  if (n > tiedDef.length) tiedDef = new Int32Array(n * 2)
  for (let k = 0; k < n; k++) tiedDef[k] = -1
  let special = false
  for (let k = 0; k < n; k++) {
    const c = opConstraint(opDesc[first + k])
    if (opVReg[first + k] !== NO_VREG) allocs[first + k] = 0
    if (c === REUSE) tiedDef[opPayload(opDesc[first + k])] = first + k
    else if (c === ANY || c === STACK) special = true
  }
  assigner.assign(i, tiedDef)
  if (special) flexibleDefs(s, i)
  evict(s, first, end, isTerm)

  // Results: to where they are expected, and to their homes. After a branch nothing is expected, and the heads of the
  // successors do the rest.
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || !opIsDef(opDesc[o])) continue
    const at = recordOf(v)
    if (values[at] !== 0) {
      if (values[at] !== allocs[o]) s.addMove(allocs[o], values[at], vregClass[v])
      s.drop(values[at])
      values[at] = 0
    }
    if (allocIsReg(allocs[o])) s.write(allocIndex(allocs[o]))
    if ((values[at + V_INFO] & NEEDS_HOME) !== 0 && !isTerm) s.addMove(allocs[o], s.homeOf(v), vregClass[v])
  }
  s.flushMoves(2 * i + 1)

  // Inputs: from where they live above; those that live nowhere yet live where they are used.
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || opIsDef(opDesc[o]) || !allocIsReg(allocs[o])) continue
    if (values[recordOf(v)] === 0) s.hold(allocs[o], v)
  }
  if (special) flexibleUses(s, i)
  for (let o = first; o < end; o++) {
    const v = opVReg[o]
    if (v === NO_VREG || opIsDef(opDesc[o]) || !allocIsReg(allocs[o])) continue
    const a = values[recordOf(v)]
    if (a !== allocs[o]) s.addMove(a, allocs[o], vregClass[v])
  }
  s.flushMoves(2 * i)
}

/**
 * Residents that are in the way leave: above the instruction they live in a register that is empty, if there is one, else
 * in their homes.
 */
function evict(s: State, first: number, end: number, isTerm: boolean): void {
  const { assigner, values } = s
  const { vregClass } = s.input
  const { early, late } = assigner
  const numTouched = assigner.numTouchedRegs
  for (let k = 0; k < numTouched; k++) {
    const r = assigner.touchedReg(k)
    const a = allocReg(r)
    s.touch(a)
    const v = s.residentIn(r)
    if (v < 0 || ((early[r] === 0 || early[r] === v + 1) && (late[r] === 0 || late[r] === v + 1))) continue
    if (isDefinedBy(s, v, first, end)) continue
    const other = emptyReg(s, vregClass[v])
    if (other < 0 || isTerm) {
      s.leave(a)
      continue
    }
    s.drop(a)
    values[recordOf(v)] = 0
    s.hold(allocReg(other), v)
    s.addMove(allocReg(other), a, vregClass[v])
  }
}

/**
 * A register that holds nothing after the instruction and takes no part in it; those that survive calls, which come
 * last, are looked at first.
 */
function emptyReg(s: State, cls: number): number {
  const { early, late } = s.assigner
  const regs = s.machine.order[cls]
  for (let x = regs.length - 1; x >= 0; x--) {
    const r = regs[x]
    if (s.residentIn(r) < 0 && early[r] === 0 && late[r] === 0) return r
  }
  return -1
}

function isDefinedBy(s: State, v: number, first: number, end: number): boolean {
  for (let o = first; o < end; o++) if (s.input.opVReg[o] === v && opIsDef(s.input.opDesc[o])) return true
  return false
}

/**
 * Results that may be, or have to be, in memory; a use in memory that such a result takes over is copied to the
 * result's home.
 */
function flexibleDefs(s: State, i: number): void {
  const { allocs, assigner } = s
  const { opStart, opVReg, opDesc } = s.input
  const first = opStart[i]
  for (let o = first; o < opStart[i + 1]; o++) {
    const d = opDesc[o]
    const c = opConstraint(d)
    const v = opVReg[o]
    const tied = tiedDef[o - first]
    if (opIsDef(d)) {
      if (c === STACK) allocs[o] = s.homeOf(v)
      if (c !== ANY) continue
      const r = s.registerOf(v)
      if (r >= 0 && assigner.early[r] === 0 && assigner.late[r] === 0) {
        assigner.takeFree(r, -1, !opIsLate(d), true)
        allocs[o] = allocReg(r)
      } else allocs[o] = s.homeOf(v)
    } else if (c === STACK && tied >= 0) {
      allocs[o] = s.homeOf(opVReg[tied])
      allocs[tied] = allocs[o]
    }
  }
}

/** Uses that may be, or have to be, in memory. */
function flexibleUses(s: State, i: number): void {
  const { allocs, assigner, values } = s
  const { opStart, opVReg, opDesc, vregClass } = s.input
  const { early, late } = assigner
  const first = opStart[i]
  for (let o = first; o < opStart[i + 1]; o++) {
    const d = opDesc[o]
    const c = opConstraint(d)
    if (opIsDef(d) || (c !== ANY && c !== STACK)) continue
    const v = opVReg[o]
    const info = recordOf(v) + V_INFO
    const tied = tiedDef[o - first]
    const r = s.registerOf(v)
    if (c === STACK) {
      if (tied < 0) {
        values[info] |= HOME
        allocs[o] = s.homeOf(v)
        continue
      }
      if (r < 0) values[info] |= HOME
      s.addMove(r >= 0 ? allocReg(r) : s.homeOf(v), allocs[o], vregClass[v])
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
      for (const empty of s.machine.order[opClass(d)]) {
        if (s.residentIn(empty) >= 0 || early[empty] !== 0 || late[empty] !== 0) continue
        assigner.takeFree(empty, v, true, opIsLate(d))
        allocs[o] = allocReg(empty)
        s.hold(allocs[o], v)
        break
      }
    }
    if (allocs[o] === 0) {
      values[info] |= HOME
      allocs[o] = s.homeOf(v)
    }
  }
}
