// A branch to a block with several predecessors: the moves of the edge come right before it, so after whatever it needs was put in place. It
// has no operands and destroys nothing; a conditional branch whose targets are one block is a jump.
import type { AllocInput } from './interface.ts'
import { NO_VREG } from './interface.ts'

/** Why moves cannot be placed before the branch `term`; undefined if they can. */
export function tailFault(input: AllocInput, term: number): string | undefined {
  const { opStart, opVReg, clobbers } = input
  for (let o = opStart[term]; o < opStart[term + 1]; o++) if (opVReg[o] !== NO_VREG) return 'has operands'
  return clobbers[term] >= 0 ? 'destroys registers' : undefined
}
