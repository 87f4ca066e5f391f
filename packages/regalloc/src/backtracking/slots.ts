// Step 8: spill slots. Spill sets share a slot if the hulls of their live ranges are disjoint: linear scan over the
// hulls, by width.
import type { SpillArea } from '../edits.ts'
import { BundleQueue } from './queue.ts'
import type { Tables } from './tables.ts'
import { NEEDED, SLOT_END, SLOT_OF } from './work-arrays.ts'

/** Slot of each spill set that needs one (else -1). Valid until the next function. */
export function assignSlots(t: Tables, area: SpillArea): Int32Array {
  const { input, env } = t
  const slot = t.work.get(SLOT_OF, input.numVRegs, -1)
  if (!t.anyInMemory) return slot
  const needed = t.work.get(NEEDED, input.numVRegs, 0)
  for (let v = 0; v < input.numVRegs; v++) if (t.inMemory[v] !== 0) needed[t.setOf[v]] = 1
  const sets: number[] = []
  for (let s = 0; s < input.numVRegs; s++) if (needed[s] !== 0) sets.push(s)
  sets.sort((a, b) => t.hullFrom[a] - t.hullFrom[b] || a - b)
  const free: number[][] = [[], [], []]
  const active = new BundleQueue()
  const ends = t.work.raw(SLOT_END, input.numVRegs)
  let nextEnd = 0x7fffffff
  for (const s of sets) {
    while (active.length > 0 && nextEnd <= t.hullFrom[s]) {
      const done = active.pop()
      free[env.spillWords[input.vregClass[done]]].push(slot[done])
      nextEnd = active.length > 0 ? ends[active.peek()] : 0x7fffffff
    }
    const words = env.spillWords[input.vregClass[s]]
    const reused = free[words].pop()
    slot[s] = reused ?? area.slot(words)
    ends[s] = t.hullTo[s]
    active.push(s, -t.hullTo[s])
    nextEnd = ends[active.peek()]
  }
  return slot
}
