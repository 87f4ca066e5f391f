// Step 10: moves that move nothing. A forward walk over each block numbers what the locations hold, as far as moves
// tell; a move whose destination holds the number of its source already is dropped. Such moves come from pieces that
// were split in several steps and from copies to fixed registers that follow each other.
//
// Invariant used: spill slots of different widths never overlap (slots are reused within their width only).
import type { EditList } from '../edits.ts'
import type { AllocInput } from '../interface.ts'
import { NUM_PREGS, allocIndex, allocIsReg, opIsDef } from '../interface.ts'

/** Removes redundant moves from sorted edits, in place. */
export function removeRedundantMoves(input: AllocInput, allocs: Int32Array, edits: EditList, spillWords: number): void {
  const { blockInsts, opStart, opDesc, clobbers, clobberSets } = input
  const number = new Int32Array(NUM_PREGS + spillWords)
  // The block in which a location was numbered: what other blocks knew is forgotten.
  const knownIn = new Int32Array(NUM_PREGS + spillWords).fill(-1)
  let fresh = 1
  let read = 0
  let kept = 0
  const locOf = (a: number): number => (allocIsReg(a) ? allocIndex(a) : NUM_PREGS + allocIndex(a))
  for (let b = 0; b < input.numBlocks; b++) {
    const moves = (point: number): void => {
      for (; read < edits.length && edits.point[read] === point; read++) {
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
    for (let i = blockInsts[b]; i < blockInsts[b + 1]; i++) {
      moves(2 * i)
      for (let o = opStart[i]; o < opStart[i + 1]; o++) if (opIsDef(opDesc[o])) knownIn[locOf(allocs[o])] = -1
      if (clobbers[i] >= 0) {
        const set = clobberSets[clobbers[i]]
        for (let w = 0; w < set.length; w++) {
          for (let bits = set[w]; bits !== 0; bits &= bits - 1) knownIn[(w << 5) + (31 - Math.clz32(bits & -bits))] = -1
        }
      }
      moves(2 * i + 1)
    }
  }
  edits.length = kept
}
