// The way of most instructions: few operands, integers only, early uses and late results in any register.
//
// Whether an operand is a result and whether its value is in a register already cannot be foreseen, and a branch that
// the processor guesses wrongly costs as much as all the rest. So there is none: both cases are computed, and words of
// ones or zeros choose. The chain from operand to operand, through `held`, is a few operations long. Where registers are
// short, residents leave before the instruction is looked at, no more of them than it needs.
import { CLASS_INT, NO_VREG, opIsDef } from '../interface.ts'
import { bitCount } from './common-inst.ts'
import {
  ALL,
  EDIT_WORDS,
  HELD,
  HOME,
  NEEDS_HOME,
  ORDER,
  OUTSIDE,
  R_BIT,
  R_TIME,
  type State,
  V_INFO,
  WRITTEN,
  homeOfValue,
  recordOf,
} from './state.ts'

const FEW = 3

/** Instructions `i`, i - 1, ... down to `low` at most; the number of the first that is not done. */
export function plainRun(s: State, i: number, low: number): number {
  let ready = false
  while (i >= low) {
    i = undisturbedRun(s, i, low, ready)
    if (i < low || !isPlain(s, i) || !makeRoom(s, i)) break
    ready = true
  }
  return i
}

function isPlain(s: State, i: number): boolean {
  const { opStart, clobbers } = s.input
  const first = opStart[i]
  const end = opStart[i + 1]
  return s.unusual[first] === s.unusual[end] && clobbers[i] < 0 && end - first <= FEW
}

/**
 * The same as long as registers are not short; `ready`: they are not for the first instruction. Without calls, and with
 * imported constants in variables, since either costs time at each operand.
 */
function undisturbedRun(s: State, i: number, low: number, ready: boolean): number {
  const [order, outside, rBit, rTime, vInfo] = [ORDER, OUTSIDE, R_BIT, R_TIME, V_INFO]
  const [none, few, needsHome, words] = [NO_VREG, FEW, NEEDS_HOME, EDIT_WORDS]
  const { opStart, opVReg, opDesc, clobbers } = s.input
  let end = opStart[i + 1]
  s.reserveEdits(end - opStart[low])
  const { allocs, values, regs, classes, unusual, edits } = s
  const all = classes[ALL]
  let { time, editsEnd } = s
  let held = classes[HELD]
  let written = classes[WRITTEN]
  for (; i >= low; i--) {
    const first = opStart[i]
    if (unusual[first] !== unusual[end] || clobbers[i] >= 0 || end - first > few) break
    // Two bits fewer: are there FEW?
    let free = all & ~held
    free &= free - 1
    if ((free & (free - 1)) === 0 && !ready) break
    ready = false
    time++
    let results = 0
    for (let o = first; o < end; o++) {
      const v = opVReg[o]
      const d = opDesc[o]
      if (v === none) {
        const r = (d >> 8) & 255
        allocs[o] = (r << 2) | 1
        classes[outside + (r >> 5)] |= (d & 1) << (r & 31)
        continue
      }
      const at = (v + 1) << 2
      const isDef = -(d & 1)
      const old = values[at]
      const isNew = (old - 1) >> 31
      const choice = all & ~held & ~(results & isDef)
      const chosen = choice & -choice
      const a = old | (classes[order + 31 - Math.clz32(chosen)] & isNew)
      const bit = (chosen & isNew) | (regs[(old & ~3) + rBit] & ~isNew)
      held = (held | bit) & ~(bit & isDef)
      results |= bit & isDef
      values[at] = a & ~isDef
      regs[a & ~3] = (v + 1) & ~isDef
      regs[(a & ~3) + rTime] = time
      allocs[o] = a
      if ((values[at + vInfo] & needsHome & isDef) !== 0) {
        edits[editsEnd] = 2 * i + 1
        edits[editsEnd + 1] = a
        edits[editsEnd + 2] = ~v
        edits[editsEnd + 3] = 0
        editsEnd += words
      }
    }
    written |= results
    end = first
  }
  classes[HELD] = held
  classes[WRITTEN] = written
  s.time = time
  s.editsEnd = editsEnd
  return i
}

/**
 * Lets residents leave until there are registers enough for the instruction: new results take some in the late phase, new
 * values among the uses in the early phase, where those of the results are free. False if there are not enough.
 */
function makeRoom(s: State, i: number): boolean {
  const { values, regs, classes } = s
  const { opStart, opVReg, opDesc } = s.input
  let freed = 0
  let newResults = 0
  let newUses = 0
  let bits = 0
  // Results come first, as a rule; else their registers are of no use to the uses.
  let inOrder = true
  let used = false
  for (let o = opStart[i]; o < opStart[i + 1]; o++) {
    const v = opVReg[o]
    if (v === NO_VREG) continue
    const a = values[recordOf(v)]
    const isDef = opIsDef(opDesc[o])
    if (!isDef) used = true
    else if (used) inOrder = false
    if (a !== 0) {
      bits |= s.bit(a)
      if (isDef) freed++
    } else if (isDef) newResults++
    else newUses++
  }
  const free = bitCount(classes[ALL] & ~classes[HELD])
  let missing = inOrder ? Math.max(newResults - free, newUses - free - freed) : newResults + newUses - free
  for (let left = classes[HELD] & ~bits; missing > 0; missing--) {
    if (left === 0) return false
    const a = s.oldest(0, left)
    const v = regs[a & ~3] - 1
    left &= ~s.bit(a)
    s.drop(a)
    values[recordOf(v)] = 0
    values[recordOf(v) + V_INFO] |= HOME
    s.pushEdit(2 * i + 1, homeOfValue(v), a, CLASS_INT)
  }
  return true
}
