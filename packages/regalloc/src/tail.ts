// A branch to a block with several predecessors: the moves of the edge come right before it, so between the branch and
// the loads of its operands. That works as long as those moves touch no register that the branch reads (they go from
// memory to memory, through the scratch register) and the branch reads no memory.
import type { AllocInput, MachineEnv } from './interface.ts'
import { FIXED, LIMIT, NO_VREG, REG, opConstraint, opIsDef, opIsLate } from './interface.ts'

/** Why moves cannot be placed between branch `term` and its operands on the edge to `target`; undefined if they can. */
export function tailFault(input: AllocInput, env: MachineEnv, term: number, target: number): string | undefined {
  const { opStart, opVReg, opDesc, paramStart, params, vregClass } = input
  let operands = false
  for (let o = opStart[term]; o < opStart[term + 1]; o++) {
    if (opVReg[o] === NO_VREG) continue
    const d = opDesc[o]
    const c = opConstraint(d)
    if (opIsDef(d)) return 'defines something'
    if (opIsLate(d) || (c !== REG && c !== FIXED && c !== LIMIT))
      return 'has an operand that need not be in a register, or is read late'
    operands = true
  }
  if (!operands) return undefined
  for (let k = paramStart[target]; k < paramStart[target + 1]; k++) {
    if (env.scratch[vregClass[params[k]]] === undefined)
      return 'has operands, and there is no scratch register for the moves after them'
  }
  return undefined
}
