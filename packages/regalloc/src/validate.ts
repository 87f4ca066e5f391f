// The rules of AllocInput, as far as they can be checked without data flow (that each use is dominated by its
// definition is for the checker to find: it then holds the value nowhere).
//
//   blocks    consecutive, none empty; entry without parameters and predecessors; successors and predecessors agree
//   edges     as many arguments as the target has parameters, of the same class; no critical edge
//   branches  a branch to a block with several predecessors, before which moves are placed, has no operands (tail.ts)
//   SSA       one definition per virtual register
//   operands  class of the virtual register; fixed registers allocatable and of the class; a limit is a power of two; a reuse is a def
//             and names an early use of this instruction which no other def reuses; no late operand and no early def in a clobbered register
import type { AllocInput, MachineEnv } from './interface.ts'
import {
  FIXED,
  LIMIT,
  NO_VREG,
  NUM_CLASSES,
  NUM_PREGS,
  REUSE,
  opClass,
  opConstraint,
  opIsDef,
  opIsLate,
  opPayload,
  pregClass,
} from './interface.ts'
import { tailFault } from './tail.ts'

export interface InputFault {
  readonly entity: string
  readonly message: string
}

/** The first rule that the input breaks, or undefined. */
export function validate(input: AllocInput, env: MachineEnv): InputFault | undefined {
  const fault = (entity: string, message: string): InputFault => ({ entity, message })
  const { opStart, opVReg, opDesc, blockInsts, succStart, succs, predStart, preds, paramStart, params } = input
  const defined = new Uint8Array(input.numVRegs)
  const allocatable = new Uint8Array(NUM_PREGS)
  for (let c = 0; c < NUM_CLASSES; c++) {
    for (const r of [...(env.preferred[c] ?? []), ...(env.nonPreferred[c] ?? [])]) allocatable[r] = 1
  }
  for (let c = 0; c < NUM_CLASSES; c++) {
    const s = env.scratch[c]
    if (s !== undefined && allocatable[s] !== 0) return fault('env', `scratch register ${s} is allocatable`)
  }
  if (input.numBlocks > 0 && (paramStart[1] !== paramStart[0] || predStart[1] !== predStart[0])) {
    return fault('block0', 'the entry block has parameters or predecessors')
  }
  if (blockInsts[0] !== 0 || blockInsts[input.numBlocks] !== input.numInsts) {
    return fault('-', 'the blocks do not cover the instructions')
  }
  for (let b = 0; b < input.numBlocks; b++) {
    const block = `block${b}`
    if (blockInsts[b + 1] <= blockInsts[b]) return fault(block, 'empty block')
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
      if (defined[params[k]] !== 0) return fault(block, `v${params[k]} is defined twice`)
      defined[params[k]] = 1
    }
    const term = blockInsts[b + 1] - 1
    const numSuccs = succStart[b + 1] - succStart[b]
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const t = succs[e]
      if (t < 0 || t >= input.numBlocks) return fault(block, `successor ${t} is no block`)
      const back = count(preds, predStart[t], predStart[t + 1], b)
      const forth = count(succs, succStart[b], succStart[b + 1], t)
      if (back !== forth) return fault(block, `edges to block${t}: ${forth} as successor, ${back} as predecessor`)
      const numArgs = input.edgeArgStart[e + 1] - input.edgeArgStart[e]
      if (numArgs !== paramStart[t + 1] - paramStart[t]) return fault(block, `wrong number of arguments to block${t}`)
      for (let k = 0; k < numArgs; k++) {
        const a = input.edgeArgs[input.edgeArgStart[e] + k]
        const p = params[paramStart[t] + k]
        if (input.vregClass[a] !== input.vregClass[p]) return fault(block, `v${a} and v${p} differ in class`)
      }
      if (predStart[t + 1] - predStart[t] === 1) continue
      if (numSuccs !== 1) return fault(block, `critical edge to block${t}`)
      const why = tailFault(input, term)
      if (why !== undefined)
        return fault(`inst${term}`, `the branch to block${t}, which has several predecessors, ${why}`)
    }
  }
  for (let i = 0; i < input.numInsts; i++) {
    const first = opStart[i]
    const n = opStart[i + 1] - first
    const set = input.clobbers[i] >= 0 ? input.clobberSets[input.clobbers[i]] : undefined
    const tied = new Uint8Array(n)
    for (let k = 0; k < n; k++) {
      const v = opVReg[first + k]
      const d = opDesc[first + k]
      const c = opConstraint(d)
      const payload = opPayload(d)
      const bad = (message: string): InputFault => fault(`inst${i}`, `operand ${k}: ${message}`)
      if (v === NO_VREG) {
        if (c !== FIXED) return bad('no virtual register, and not fixed')
        if (allocatable[payload] !== 0) return bad(`register ${payload} without a virtual register is allocatable`)
        continue
      }
      if (v < 0 || v >= input.numVRegs) return bad(`v${v} does not exist`)
      if (input.vregClass[v] !== opClass(d)) return bad(`v${v} is not of this class`)
      if (opIsDef(d)) {
        if (defined[v] !== 0) return bad(`v${v} is defined twice`)
        defined[v] = 1
      }
      if (c === FIXED) {
        if (pregClass(payload as never) !== opClass(d)) return bad(`register ${payload} is not of this class`)
        if (allocatable[payload] === 0) return bad(`fixed register ${payload} is not allocatable`)
        const survives = opIsDef(d) || opIsLate(d)
        if (survives && set !== undefined && (set[payload >> 5] & (1 << (payload & 31))) !== 0) {
          return bad(`register ${payload} is clobbered as well`)
        }
      } else if (c === LIMIT) {
        if (payload === 0 || (payload & (payload - 1)) !== 0) return bad(`limit ${payload} is no power of two`)
      } else if (c === REUSE) {
        if (!opIsDef(d)) return bad('a use cannot reuse a register')
        const u = first + payload
        if (payload >= n || opVReg[u] === NO_VREG || opIsDef(opDesc[u]) || opIsLate(opDesc[u])) {
          return bad(`reuses operand ${payload}, which is no early use`)
        }
        if (opClass(opDesc[u]) !== opClass(d)) return bad(`reuses operand ${payload} of another class`)
        if (tied[payload] !== 0) return bad(`operand ${payload} is reused twice`)
        tied[payload] = 1
      } else if (c > LIMIT) return bad('unknown constraint')
    }
  }
  return undefined
}

function count(list: Int32Array, from: number, to: number, x: number): number {
  let n = 0
  for (let i = from; i < to; i++) if (list[i] === x) n++
  return n
}
