// The allocator that is right because it is simple.
//
// Every virtual register has a home: a spill slot of its own. Each instruction stands alone: what it reads is loaded
// from the homes before it, what it writes is stored to the homes after it. Between instructions no register holds
// anything, so every register is free for moves at edges.
//
// Invariant: at every program point between the stores of one instruction and the loads of the next, each live value is
// in its home.
import { bug } from '@k23/entity'
import { InstAssigner, NOBODY } from './assign.ts'
import { EditList, SpillArea, countUses, finishOutput } from './edits.ts'
import type { AllocInput, AllocOutput, MachineEnv } from './interface.ts'
import {
  ANY,
  NO_VREG,
  NUM_CLASSES,
  REUSE,
  STACK,
  allocIsReg,
  allocReg,
  allocStack,
  opClass,
  opConstraint,
  opIsDef,
  opPayload,
} from './interface.ts'
import { tailFault } from './tail.ts'
import { type MoveTemps, ParallelMoves } from './moves.ts'

export function allocateSimple(input: AllocInput, env: MachineEnv): AllocOutput {
  const { opStart, opVReg, opDesc, vregClass, blockInsts, succStart, succs, predStart, preds, paramStart } = input
  const numOps = opStart[input.numInsts]
  const allocs = new Int32Array(numOps)
  const edits = new EditList(2 * numOps + 16)
  const assigner = new InstAssigner(input, env, allocs, NOBODY)
  const uses = countUses(input)
  const area = new SpillArea()
  const home = new Int32Array(input.numVRegs).fill(-1)
  const homeOf = (v: number): number => {
    if (home[v] < 0) home[v] = area.slot(env.spillWords[vregClass[v]])
    return allocStack(home[v])
  }
  const freeReg = (cls: number): number => env.scratch[cls] ?? env.preferred[cls]?.[0] ?? env.nonPreferred[cls][0]
  // Only cycles ask for one, since there is always a free register.
  const tempSlots = new Int32Array(NUM_CLASSES).fill(-1)
  const temps: MoveTemps = {
    freeReg,
    victimReg: freeReg,
    tempSlot: (cls) => {
      if (tempSlots[cls] < 0) tempSlots[cls] = area.slot(env.spillWords[cls])
      return tempSlots[cls]
    },
  }
  const moves = new ParallelMoves(temps)

  const edgeMoves = (block: number, edge: number, target: number, point: number): void => {
    const firstArg = input.edgeArgStart[edge]
    const numParams = paramStart[target + 1] - paramStart[target]
    if (input.edgeArgStart[edge + 1] - firstArg !== numParams) {
      bug('regalloc', input.name, `block${block}`, `edge to block${target} has the wrong number of arguments`)
    }
    for (let k = 0; k < numParams; k++) {
      const param = input.params[paramStart[target] + k]
      if (uses[param] === 0) continue
      moves.add(homeOf(input.edgeArgs[firstArg + k]), homeOf(param), vregClass[param])
    }
    moves.resolve(edits, point)
  }
  const storeDefs = (inst: number, point: number): void => {
    for (let o = opStart[inst]; o < opStart[inst + 1]; o++) {
      const v = opVReg[o]
      if (!opIsDef(opDesc[o]) || v === NO_VREG || uses[v] === 0 || !allocIsReg(allocs[o])) continue
      edits.push(point, allocs[o], homeOf(v), vregClass[v])
    }
  }

  // First all locations, since a block's head stores what the branch before it defines, and that block may come later.
  let tiedDef = new Int32Array(64)
  for (let i = 0; i < input.numInsts; i++) {
    const first = opStart[i]
    const n = opStart[i + 1] - first
    if (n > tiedDef.length) tiedDef = new Int32Array(n * 2)
    tiedDef.fill(-1, 0, n)
    for (let k = 0; k < n; k++) {
      const d = opDesc[first + k]
      if (opConstraint(d) === REUSE) tiedDef[opPayload(d)] = first + k
    }
    for (let k = 0; k < n; k++) {
      const c = opConstraint(opDesc[first + k])
      const tied = tiedDef[k]
      if (c === STACK && tied >= 0) allocs[first + k] = allocs[tied] = homeOf(opVReg[tied])
      else if (c === STACK || (c === ANY && tied < 0)) allocs[first + k] = homeOf(opVReg[first + k])
    }
    assigner.assign(i, tiedDef)
  }

  for (let b = 0; b < input.numBlocks; b++) {
    const firstInst = blockInsts[b]
    const term = blockInsts[b + 1] - 1
    // What the only predecessor could not do after its branch: the stores of the branch's defs, then the moves of the
    // edge.
    if (predStart[b + 1] - predStart[b] === 1) {
      const p = preds[predStart[b]]
      storeDefs(blockInsts[p + 1] - 1, 2 * firstInst)
      for (let e = succStart[p]; e < succStart[p + 1]; e++) if (succs[e] === b) edgeMoves(p, e, b, 2 * firstInst)
    }
    for (let i = firstInst; i <= term; i++) {
      const first = opStart[i]
      const end = opStart[i + 1]
      // A use on the stack whose slot a def takes over is read from that def's home. Before the loads: all registers
      // are free for the copy.
      for (let o = first; o < end; o++) {
        const v = opVReg[o]
        if (opConstraint(opDesc[o]) !== STACK || opIsDef(opDesc[o]) || allocs[o] === homeOf(v)) continue
        const r = allocReg(freeReg(opClass(opDesc[o])))
        edits.push(2 * i, homeOf(v), r, vregClass[v])
        edits.push(2 * i, r, allocs[o], vregClass[v])
      }
      for (let o = first; o < end; o++) {
        const v = opVReg[o]
        if (opIsDef(opDesc[o]) || v === NO_VREG || !allocIsReg(allocs[o])) continue
        let loaded = false
        for (let p = first; p < o && !loaded; p++) {
          loaded = allocs[p] === allocs[o] && opVReg[p] === v && !opIsDef(opDesc[p])
        }
        if (!loaded) edits.push(2 * i, homeOf(v), allocs[o], vregClass[v])
      }
      if (i !== term) storeDefs(i, 2 * i + 1)
    }
    // Edges whose moves have to come before the branch: several ways lead into the target.
    const numSuccs = succStart[b + 1] - succStart[b]
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const t = succs[e]
      if (predStart[t + 1] - predStart[t] === 1) continue
      if (paramStart[t + 1] === paramStart[t]) continue
      if (numSuccs !== 1) bug('regalloc', input.name, `block${b}`, `critical edge to block${t}`)
      const fault = tailFault(input, term)
      if (fault !== undefined) bug('regalloc', input.name, `inst${term}`, `the branch ${fault}`)
      edgeMoves(b, e, t, 2 * term)
    }
  }
  return finishOutput(input, allocs, edits, area.words)
}
