// The vector state at the start of each block: what all its predecessors leave.
//
// Problem: a loop over vectors should set vtype up once, before it. Idea: a forward data-flow analysis over allocated code, before emission, with
// the very functions by which emission changes the state, so that what is predicted is what happens. Values: a state word; VSTATE_NONE where predecessors
// disagree (or only the rounding mode is left out, where only that differs); unvisited blocks count as agreeing with everything, so that loops keep what holds
// at their entry and at their ends.
//
// Invariants: a block is entered with VSTATE_NONE in the function's first block; behind a call it is VSTATE_NONE; emission checks at the end of each block that it
// has the state that was predicted.
import type { VCode } from '@k23/machinst'
import { INST_CALL, INST_TERMINATOR } from '@k23/machinst'
import { allocIsReg, CLASS_VECTOR } from '@k23/regalloc'
import { VSTATE_NONE, VSTATE_VALID } from './insts/index.ts'
import { hasState, stateAfter, wholeState } from './emit-vector.ts'
import * as T from './table.ts'
import { stateOf } from './vector-types.ts'
import type { Type } from '@k23/ir'

const UNVISITED = -1

export interface BlockStates {
  readonly v: VCode
  readonly atStart: Int32Array
  readonly atEnd: Int32Array
}

/** Whether anything in the function is a vector. */
export function hasVectors(v: VCode): boolean {
  for (let i = 0; i < v.numVRegs; i++) if (v.vregClass[i] === CLASS_VECTOR) return true
  return false
}

export function blockStates(v: VCode): BlockStates {
  const n = v.numBlocks
  const atStart = new Int32Array(n).fill(UNVISITED)
  const atEnd = new Int32Array(n).fill(UNVISITED)
  atStart[0] = VSTATE_NONE
  const queued = new Uint8Array(n)
  const work = [0]
  queued[0] = 1
  // A state falls at most twice (loses its rounding mode, then everything), so every block is visited at most three times for each of its predecessors.
  for (let b = work.shift(); b !== undefined; b = work.shift()) {
    queued[b] = 0
    const end = transfer(v, b, atStart[b])
    if (end === atEnd[b]) continue
    atEnd[b] = end
    for (let e = v.succStart.data[b]; e < v.succStart.data[b + 1]; e++) {
      const to = v.succs.data[e]
      const met = meet(atStart[to], end)
      if (met === atStart[to]) continue
      atStart[to] = met
      if (queued[to] === 0) {
        queued[to] = 1
        work.push(to)
      }
    }
  }
  for (let b = 0; b < n; b++) {
    if (atStart[b] !== UNVISITED) continue
    atStart[b] = VSTATE_NONE
    atEnd[b] = transfer(v, b, VSTATE_NONE)
  }
  return { v, atStart, atEnd }
}

function meet(a: number, b: number): number {
  if (a === UNVISITED || a === b) return b
  return (a & 0x1fff) === (b & 0x1fff) ? a & 0x1fff : VSTATE_NONE
}

/** The state behind block `b`, in the order of emission (machinst/emit.ts). */
function transfer(v: VCode, b: number, start: number): number {
  const out = v.allocation
  if (out === undefined) return VSTATE_NONE
  let state = start
  const first = v.blockInsts.data[b]
  const end = v.blockInsts.data[b + 1]
  let edit = firstEdit(out.editPoint, out.numEdits, 2 * first)
  for (let i = first; i < end; i++) {
    for (; edit < out.numEdits && out.editPoint[edit] === 2 * i; edit++) state = afterMove(out, edit, state)
    state = afterInst(v.words, v.instAt.data[i], state)
    if ((T.table.flags[v.words[v.instAt.data[i]] & 0xffff] & INST_TERMINATOR) !== 0) continue
    for (; edit < out.numEdits && out.editPoint[edit] === 2 * i + 1; edit++) state = afterMove(out, edit, state)
  }
  return state
}

function afterInst(w: Int32Array, at: number, state: number): number {
  const opc = w[at] & 0xffff
  if (opc < T.table.numRows) return hasState[opc] === 0 ? state : stateAfter(state, w[at + (w[at] >>> 16) - 1])
  if ((T.table.flags[opc] & INST_CALL) !== 0) return VSTATE_NONE
  if (opc === T.FRAME_LOAD_V || opc === T.FRAME_STORE_V) return stateAfter(state, stateOf(w[at + 4] as Type))
  if (opc === T.LD_CONST_V) return stateAfter(state, w[at + 3])
  if (opc === T.SELECT_V && w[at + 2] !== w[at + 6]) return stateAfter(state, VSTATE_VALID)
  return state
}

function afterMove(out: NonNullable<VCode['allocation']>, edit: number, state: number): number {
  const from = out.editFrom[edit]
  const to = out.editTo[edit]
  if (out.editClass[edit] !== CLASS_VECTOR || from === to) return state
  return stateAfter(state, allocIsReg(from) && allocIsReg(to) ? VSTATE_VALID : wholeState(state))
}

/** First edit at `point` or behind. */
function firstEdit(points: Int32Array, count: number, point: number): number {
  let lo = 0
  let hi = count
  while (lo < hi) {
    const mid = (lo + hi) >> 1
    if (points[mid] < point) lo = mid + 1
    else hi = mid
  }
  return lo
}
