// Step 8: spill slots. A spill set has one place in which all its values are wherever they are spilled, from the first
// definition to the last use: the hull of their live ranges. Sets with disjoint hulls share places.
//
// Registers as slots. Where the machine can (MachineEnv.spillClass), a register of another class that is free all over
// the hull serves as well as memory, and costs no memory access. Those that pay most, by length, come first. A register
// that the function would have to save and restore for this alone is taken only if it pays for that twice.
//
// The others get slots of the stack: linear scan over the hulls, by width.
import type { SpillArea } from '../edits.ts'
import { NUM_CLASSES, allocIsReg, allocReg, allocStack } from '../interface.ts'
import type { FreeRegisters } from './free-registers.ts'
import type { Processor } from './process.ts'
import { BundleQueue } from './queue.ts'
import { B_ALLOC, B_WORDS, MAX_WEIGHT, R_BUNDLE, R_VREG, R_WORDS, type Tables, blockWeight } from './tables.ts'
import { NEEDED, PAYS, SLOT_END, SLOT_OF } from './work-arrays.ts'

/** A register that has to be saved and restored for spilled values alone has to save accesses of this weight. */
const SAVED_PAYS = 4 * blockWeight(0, false)

/** Place of each spill set that needs one, as an allocation. Valid until the next function. */
export function assignSlots(t: Tables, area: SpillArea, processor: Processor): Int32Array {
  const { input, env } = t
  const slot = t.work.get(SLOT_OF, input.numVRegs, 0)
  if (!t.anyInMemory) return slot
  const needed = t.work.get(NEEDED, input.numVRegs, 0)
  for (let v = 0; v < input.numVRegs; v++) if (t.inMemory[v] !== 0) needed[t.setOf[v]] = 1
  const sets: number[] = []
  for (let s = 0; s < input.numVRegs; s++) if (needed[s] !== 0) sets.push(s)
  if (env.spillClass !== undefined) {
    const pays = weights(t)
    for (let c = 0; c < NUM_CLASSES; c++) useRegisters(t, c, sets, pays, slot, processor)
  }
  useStack(t, sets, slot, area)
  return slot
}

/**
 * Per set roughly the weight of its stores and loads: each piece in a register begins with a definition, which is stored,
 * or is loaded. Negative where an operand is, or could be, on the stack.
 */
function weights(t: Tables): Int32Array {
  const { input, ranges, bundles, inMemory, setOf } = t
  const { loopDepth, cold } = input
  const pays = t.work.get(PAYS, input.numVRegs, 0)
  for (let r = 0; r < t.rangesEnd; r += R_WORDS) {
    const v = ranges[r + R_VREG]
    if (inMemory[v] === 0 || !allocIsReg(bundles[ranges[r + R_BUNDLE] + B_ALLOC])) continue
    const b = t.blockOf(ranges[r] >> 1)
    pays[setOf[v]] = Math.min(MAX_WEIGHT, pays[setOf[v]] + blockWeight(loopDepth[b], cold[b] !== 0))
  }
  for (let v = 0; v < input.numVRegs; v++) if (t.needsStack[v] !== 0) pays[setOf[v]] = -1
  return pays
}

/** Registers of another class for spilled values of class `cls`. */
function useRegisters(
  t: Tables,
  cls: number,
  sets: readonly number[],
  pays: Int32Array,
  slot: Int32Array,
  processor: Processor,
): void {
  const { input, env, hullFrom, hullTo } = t
  const other = env.spillClass?.[cls]
  // Without a scratch register, moves between slots may save and restore any register of the other class as if it held a value of its own.
  if (other === undefined || env.scratch[other] === undefined) return
  const density = (s: number): number => pays[s] / (hullTo[s] - hullFrom[s])
  const wanted = sets.filter((s) => input.vregClass[s] === cls && pays[s] > 0)
  if (wanted.length === 0) return
  wanted.sort((a, b) => density(b) - density(a) || a - b)
  const free = processor.freeRegisters(other)
  let bits = 0
  for (const reg of env.preferred[other]) bits |= processor.bitOf[reg]
  const used = new Set<number>()
  for (let b = 0; b < t.bundlesEnd; b += B_WORDS) if (t.bundles[b] >= 0) used.add(t.bundles[b + B_ALLOC])
  for (const reg of env.nonPreferred[other]) if (used.has(allocReg(reg))) bits |= processor.bitOf[reg]
  const left: number[] = []
  for (const s of wanted) {
    const fits = bits & ~free.taken(hullFrom[s], hullTo[s], bits)
    if (fits === 0) {
      left.push(s)
      continue
    }
    free.take(fits & -fits, hullFrom[s], hullTo[s])
    slot[s] = allocReg(t.order[other][31 - Math.clz32(fits & -fits)])
  }
  for (const reg of env.nonPreferred[other]) {
    if ((processor.bitOf[reg] & ~bits) !== 0 && !savedRegister(t, reg, left, pays, slot, free, processor.bitOf[reg]))
      return
  }
}

/** Puts what is left into a register that nobody else uses; false if that does not pay for saving the register. */
function savedRegister(
  t: Tables,
  reg: number,
  left: readonly number[],
  pays: Int32Array,
  slot: Int32Array,
  free: FreeRegisters,
  bit: number,
): boolean {
  const { hullFrom, hullTo } = t
  const taken: number[] = []
  let sum = 0
  for (const s of left) {
    if (slot[s] !== 0 || (free.taken(hullFrom[s], hullTo[s], bit) & bit) !== 0) continue
    free.take(bit, hullFrom[s], hullTo[s])
    slot[s] = allocReg(reg)
    taken.push(s)
    sum += pays[s]
  }
  if (sum >= SAVED_PAYS) return true
  for (const s of taken) {
    free.release(bit, hullFrom[s], hullTo[s])
    slot[s] = 0
  }
  return false
}

function useStack(t: Tables, sets: readonly number[], slot: Int32Array, area: SpillArea): void {
  const { input, env } = t
  const left = sets.filter((s) => slot[s] === 0).sort((a, b) => t.hullFrom[a] - t.hullFrom[b] || a - b)
  const free: number[][] = [[], [], []]
  const active = new BundleQueue()
  const ends = t.work.raw(SLOT_END, input.numVRegs)
  let nextEnd = 0x7fffffff
  for (const s of left) {
    while (active.length > 0 && nextEnd <= t.hullFrom[s]) {
      const done = active.pop()
      free[env.spillWords[input.vregClass[done]]].push(slot[done])
      nextEnd = active.length > 0 ? ends[active.peek()] : 0x7fffffff
    }
    const words = env.spillWords[input.vregClass[s]]
    slot[s] = free[words].pop() ?? allocStack(area.slot(words))
    ends[s] = t.hullTo[s]
    active.push(s, -t.hullTo[s])
    nextEnd = ends[active.peek()]
  }
}
