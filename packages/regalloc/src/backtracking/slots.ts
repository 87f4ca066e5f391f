// Step 8: spill slots. Spill sets share a slot if the hulls of their live ranges are disjoint: linear scan over the
// hulls, by width.
import type { SpillArea } from '../edits.ts'
import { BundleQueue } from './queue.ts'
import type { Tables } from './tables.ts'

/** Slot of each spill set that needs one (else -1). */
export function assignSlots(t: Tables, area: SpillArea): Int32Array {
  const { input, env } = t
  const slot = new Int32Array(input.numVRegs).fill(-1)
  const needed = new Uint8Array(input.numVRegs)
  for (let v = 0; v < input.numVRegs; v++) if (t.inMemory[v] !== 0) needed[t.setOf[v]] = 1
  const sets: number[] = []
  for (let s = 0; s < input.numVRegs; s++) if (needed[s] !== 0) sets.push(s)
  sets.sort((a, b) => t.hullFrom[a] - t.hullFrom[b] || a - b)
  const free: number[][] = [[], [], []]
  const active = new BundleQueue()
  const ends = new Int32Array(input.numVRegs)
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
