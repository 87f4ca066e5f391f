// Step 10: moves that move nothing. A forward walk over each block numbers what the locations hold, as far as moves
// tell; a move whose destination holds the number of its source already is dropped. Such moves come from pieces that
// were split in several steps and from copies to fixed registers that follow each other.
//
// Invariant used: spill slots of different widths never overlap (slots are reused within their width only).
import type { EditList } from '../edits.ts'
import { NUM_PREGS, allocIndex, allocIsReg, opIsDef } from '../interface.ts'
import type { Tables } from './tables.ts'
import { KNOWN_IN, NUMBER } from './work-arrays.ts'

/** Removes redundant moves from sorted edits, in place. */
export function removeRedundantMoves(t: Tables, allocs: Int32Array, edits: EditList, spillWords: number): void {
  if (edits.length === 0) return
  const { blockInsts, opStart, opDesc, clobbers, clobberSets, numBlocks } = t.input
  const number = t.work.get(NUMBER, NUM_PREGS + spillWords, 0)
  // The block in which a location was numbered: what other blocks knew is forgotten.
  const knownIn = t.work.get(KNOWN_IN, NUM_PREGS + spillWords, -1)
  // They keep nothing over an instruction.
  const scratch = t.env.scratch.filter((r) => r !== undefined)
  let fresh = 1
  let read = 0
  let kept = 0
  for (let b = 0; b < numBlocks && read < edits.length; b++) {
    const end = 2 * blockInsts[b + 1]
    // From the first move of the block to the last.
    if (edits.point[read] >= end) continue
    for (let i = edits.point[read] >> 1; i < blockInsts[b + 1]; i++) {
      for (let late = 0; late < 2; late++) {
        if (late === 1) {
          for (const r of scratch) knownIn[r] = -1
          for (let o = opStart[i]; o < opStart[i + 1]; o++) if (opIsDef(opDesc[o])) knownIn[locOf(allocs[o])] = -1
          if (clobbers[i] >= 0) forget(clobberSets[clobbers[i]], knownIn)
        }
        for (; read < edits.length && edits.point[read] === 2 * i + late; read++) {
          const from = locOf(edits.from[read])
          const to = locOf(edits.to[read])
          if (knownIn[from] !== b) {
            knownIn[from] = b
            number[from] = fresh++
          } else if (knownIn[to] === b && number[to] === number[from]) continue
          knownIn[to] = b
          number[to] = number[from]
          if (kept !== read) {
            edits.point[kept] = edits.point[read]
            edits.from[kept] = edits.from[read]
            edits.to[kept] = edits.to[read]
            edits.cls[kept] = edits.cls[read]
          }
          kept++
        }
      }
      if (read === edits.length || edits.point[read] >= end) break
    }
  }
  edits.length = kept
}

function locOf(a: number): number {
  return allocIsReg(a) ? allocIndex(a) : NUM_PREGS + allocIndex(a)
}

function forget(set: Int32Array, knownIn: Int32Array): void {
  for (let w = 0; w < set.length; w++) {
    for (let bits = set[w]; bits !== 0; bits &= bits - 1) knownIn[(w << 5) + (31 - Math.clz32(bits & -bits))] = -1
  }
}
