// The way of most instructions: few operands, integers only, early uses and late results in any register; or the first
// operand is a result that takes over the register of the second, which is a use.
//
// Whether an operand is a result and whether its value is in a register already cannot be foreseen, and a branch that
// the processor guesses wrongly costs as much as all the rest. So there is none: both cases are computed, and words of
// ones or zeros choose. The chain from operand to operand, through `held`, is a few operations long. Where registers are
// short, residents leave before the instruction is looked at, no more of them than it needs.
import { CLASS_INT, NO_VREG, REUSE, opIsDef, operand } from '../interface.ts'
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
  V_HOME,
  V_INFO,
  WRITTEN,
  recordOf,
} from './state.ts'

const FEW = 3

// Imported constants take time at each use; those of the module itself do not.
const none: number = NO_VREG
const order: number = ORDER
const outside: number = OUTSIDE
const rBit: number = R_BIT
const rTime: number = R_TIME
const vInfo: number = V_INFO
const vHome: number = V_HOME
const needsHome: number = NEEDS_HOME
const words: number = EDIT_WORDS

/** A result that takes over the register of the second operand. */
const TAKES_SECOND: number = operand(1, 1, CLASS_INT, REUSE, 1)

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
  const unusual = s.unusual[end] - s.unusual[first]
  return (unusual === 0 || (unusual === 1 && takesSecond(s, first))) && clobbers[i] < 0 && end - first <= FEW
}

/** Is the operand a result that takes over the register of the next, which the allocator chooses? */
function takesSecond(s: State, first: number): boolean {
  return s.input.opDesc[first] === TAKES_SECOND && s.input.opVReg[first + 1] !== NO_VREG
}

/**
 * The same as long as registers are not short; `ready`: they are not for the first instruction. Without calls, and with
 * imported constants in variables, since either costs time at each operand.
 */
function undisturbedRun(s: State, from: number, to: number, ready: boolean): number {
  let i = from | 0
  const low = to | 0
  const { opStart, opVReg, opDesc, clobbers } = s.input
  let end = opStart[i + 1]
  s.reserveEdits(end - opStart[low] + 1)
  const { allocs, values, regs, classes, unusual, edits } = s
  const all = classes[ALL]
  let { time, editsEnd, spills, unknownHomes } = s
  let held = classes[HELD]
  let written = classes[WRITTEN]
  for (; i >= low; i--) {
    const first = opStart[i]
    if (clobbers[i] >= 0 || end - first > FEW) break
    const numUnusual = unusual[end] - unusual[first]
    if (numUnusual !== 0 && (numUnusual !== 1 || opDesc[first] !== TAKES_SECOND || opVReg[first + 1] === none)) break
    // Two bits fewer: are there FEW?
    let free = all & ~held
    free &= free - 1
    if ((free & (free - 1)) === 0 && !ready) break
    ready = false
    time++
    let results = 0
    let o = first
    /** The register of the first two operands, if nothing lives there above. */
    let lost = 0
    if (numUnusual !== 0) {
      const v = opVReg[first]
      const at = (v + 1) << 2
      const old = values[at]
      const isNew = (old - 1) >> 31
      const choice = all & ~held
      const chosen = choice & -choice
      const a = old | (classes[order + 31 - Math.clz32(chosen)] & isNew)
      const bit = (chosen & isNew) | (regs[(old & ~3) | rBit] & ~isNew)
      held |= bit
      written |= bit
      values[at] = 0
      allocs[first] = a
      allocs[first + 1] = a
      if ((values[at | vInfo] & needsHome) !== 0) {
        const home = values[at | vHome]
        edits[editsEnd] = 2 * i + 1
        edits[editsEnd + 1] = a
        edits[editsEnd + 2] = home > 0 ? ((home - 1) << 2) | 2 : ~v
        edits[editsEnd + 3] = 0
        editsEnd += words
        unknownHomes |= home - 1
        spills++
      }
      // The use lives there above, or comes from where it lives.
      const u = opVReg[first + 1]
      const uAt = (u + 1) << 2
      const uOld = values[uAt]
      const lives = (uOld - 1) >> 31
      values[uAt] = uOld | (a & lives)
      regs[a & ~3] = (u + 1) & lives
      regs[(a & ~3) | rTime] = time
      lost = bit & ~lives
      edits[editsEnd] = 2 * i
      edits[editsEnd + 1] = uOld
      edits[editsEnd + 2] = a
      edits[editsEnd + 3] = 0
      editsEnd += words & ~lives
      o += 2
    }
    for (; o < end; o++) {
      const v = opVReg[o]
      const d = opDesc[o]
      if (v === none) {
        const r = (d >> 8) & 255
        allocs[o] = (r << 2) | 1
        classes[outside + (r >> 5)] |= (d & 1) << (r & 31)
        continue
      }
      const at = (v + 1) << 2
      const isDef = (d << 31) >> 31
      const old = values[at]
      const isNew = (old - 1) >> 31
      const choice = all & ~held & ~(results & isDef)
      const chosen = choice & -choice
      const a = old | (classes[order + 31 - Math.clz32(chosen)] & isNew)
      const bit = (chosen & isNew) | (regs[(old & ~3) | rBit] & ~isNew)
      held = (held | bit) & ~(bit & isDef)
      results |= bit & isDef
      values[at] = a & ~isDef
      regs[a & ~3] = (v + 1) & ~isDef
      regs[(a & ~3) | rTime] = time
      allocs[o] = a
      if ((values[at | vInfo] & needsHome & isDef) !== 0) {
        const home = values[at | vHome]
        edits[editsEnd] = 2 * i + 1
        edits[editsEnd + 1] = a
        edits[editsEnd + 2] = home > 0 ? ((home - 1) << 2) | 2 : ~v
        edits[editsEnd + 3] = 0
        editsEnd += words
        unknownHomes |= home - 1
        spills++
      }
    }
    held &= ~lost
    written |= results
    end = first
  }
  classes[HELD] = held
  classes[WRITTEN] = written
  s.time = time
  s.editsEnd = editsEnd
  s.spills = spills
  s.unknownHomes = unknownHomes
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
  const first = opStart[i]
  const tied = first !== opStart[i + 1] && opDesc[first] === TAKES_SECOND
  for (let o = first; o < opStart[i + 1]; o++) {
    const v = opVReg[o]
    if (v === NO_VREG) continue
    const a = values[recordOf(v)]
    const isDef = opIsDef(opDesc[o])
    if (!isDef) used = true
    else if (used) inOrder = false
    if (a !== 0) {
      bits |= s.bit(a)
      if (isDef && !tied) freed++
    } else if (isDef) newResults++
    else if (!tied || o !== first + 1) newUses++
  }
  if (tied) inOrder = false // the register is taken in both phases
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
    s.pushEdit(2 * i + 1, s.homeOf(v), a, CLASS_INT)
  }
  return true
}
