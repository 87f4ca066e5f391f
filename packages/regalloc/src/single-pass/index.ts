// Register allocation in one backward pass over each block, in which every value that crosses a block boundary crosses
// it in memory.
//
// Problem. Code that is compiled without optimization still has to be compiled fast, and a value used three times in a
// block should not be loaded three times. Live ranges and interference cost more than they bring there.
//
// Idea. Each value has one home, a spill slot, written once, right after the definition, and only if somebody needs it
// there: so the home is valid wherever the value is live (SSA), and letting go of a register never costs a store.
// Instructions are visited from the last to the first. `vregIn` says which value each register has to hold *after* the
// instruction at hand. The instruction takes registers for its operands; a resident that is in the way comes, right
// after the instruction, from an empty register if there is one, and lives there above it, or else is loaded from its
// home. A use gives its register to the value from here upwards; a definition frees it. What is left in registers at
// the head of the block is loaded there.
//
// Parameters. On an edge to a block with several predecessors, arguments are moved to the homes of the parameters. A
// parameter of a block with one predecessor shares its argument's home and costs nothing. That is sound: the argument's
// home changes only where the argument is defined again, and there the parameter is not live: else a path from that
// definition to a use of the parameter would not pass the parameter's block, although that block dominates the use.
//
// Slots. Homes of values that are used in their own block only are shared between blocks: such a home is written in the
// block, or, for a parameter, on the edges into it, by moves that read all their sources first. So frames stay small.
//
// Invariants
//   1. needsHome[v] is final when the definition of v is visited: uses in other blocks are counted before the pass, those of its own block lie below.
//   2. Between instructions, regOf and vregIn are inverse to each other, and all they name is live.
//   3. Edits are produced backwards; the list is turned round at the end.
//
// The idea is that of regalloc2's fastalloc (2024).
import { bug } from '@k23/entity'
import type { AllocInput, AllocOutput, MachineEnv } from '../interface.ts'
import { CLASS_INT, NO_VREG, NUM_CLASSES, REG, allocIsReg, allocReg, opIsDef, operand } from '../interface.ts'
import { tailFault } from '../tail.ts'
import { isTooLarge } from '../workspace.ts'
import { anyInst } from './any-inst.ts'
import { bitCount, commonInst, hasResults, isCommon, isPlain, kindsOf, plainInst } from './common-inst.ts'
import { plainRun } from './plain-run.ts'
import {
  BLOCK_SHIFT,
  CROSSES,
  EDIT_WORDS,
  HELD,
  HOME,
  NEEDS_HOME,
  ORDER,
  PARAM,
  READ,
  State,
  V_INFO,
  WRITTEN,
  lowest,
  recordOf,
} from './state.ts'

// Imported constants take time at each use; those of the module itself do not.
const blockShift: number = BLOCK_SHIFT
const read: number = READ
const crosses: number = CROSSES
const vInfo: number = V_INFO

/** Kept from function to function: most are small. */
let kept: State | undefined

export function allocateSinglePass(input: AllocInput, env: MachineEnv): AllocOutput {
  const s = kept ?? new State(input, env)
  kept = undefined // not to be used again after an error
  s.start(input, env)
  prepare(s)
  for (let b = input.numBlocks - 1; b >= 0; b--) block(s, b)
  if (s.branchesHaveResults) branchResults(s)
  const output = s.output()
  if (!isTooLarge(s.size, input.numInsts)) kept = s
  return output
}

/**
 * Where values are defined, which of them are needed in other blocks, and which parameters share a home; and which
 * operands are plain.
 */
function prepare(s: State): void {
  const { input, values, unusual } = s
  const { numBlocks, blockInsts, opStart, opVReg, opDesc, paramStart, params } = input
  let o = 0
  let count = 0
  for (let b = 0; b < numBlocks; b++) {
    const here = (b + 1) << blockShift
    for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
      values[recordOf(params[k]) + V_INFO] |= PARAM | here
    }
    // Without branches that cannot be foreseen, as in plain-run.ts.
    const end = opStart[blockInsts[b + 1]]
    for (; o < end; o++) {
      const v = opVReg[o]
      const d = opDesc[o]
      const isDef = (d << 31) >> 31
      const at = ((v + 1) << 2) | vInfo
      const info = values[at]
      // Is the definition in this block? It has come by then.
      const elsewhere = (info ^ here) >> blockShift
      const use = read | (((elsewhere | (0 - elsewhere)) >> 31) & crosses)
      values[at] = info | (here & isDef) | (use & ~isDef)
      unusual[o] = count
      count = (count + (UNUSUAL[d & 127] & ~(v >> 31))) | 0
    }
  }
  unusual[o] = count
  if (paramStart[numBlocks] !== 0) prepareEdges(s)
}

/** Per descriptor without its payload: 0 for what plain-run.ts does. */
const UNUSUAL: Int32Array = new Int32Array(128).fill(1)
UNUSUAL[operand(0, 0, CLASS_INT, REG)] = 0
UNUSUAL[operand(1, 1, CLASS_INT, REG)] = 0

function prepareEdges(s: State): void {
  const { input, values } = s
  const { numBlocks, paramStart, params, succStart, succs, predStart, edgeArgs, edgeArgStart } = input
  const numArgs = edgeArgStart[succStart[numBlocks]]
  for (let k = 0; k < numArgs; k++) values[recordOf(edgeArgs[k]) + V_INFO] |= READ
  for (let b = 0; b < numBlocks; b++) {
    for (let e = succStart[b]; e < succStart[b + 1]; e++) {
      const t = succs[e]
      const firstParam = paramStart[t]
      const numParams = paramStart[t + 1] - firstParam
      const firstArg = edgeArgStart[e]
      if (edgeArgStart[e + 1] - firstArg !== numParams) {
        bug('regalloc', input.name, `block${b}`, `edge to block${t} has the wrong number of arguments`)
      }
      const shared = predStart[t + 1] - predStart[t] === 1
      for (let k = 0; k < numParams; k++) {
        const p = params[firstParam + k]
        const a = edgeArgs[firstArg + k]
        if ((values[recordOf(p) + V_INFO] & READ) === 0) continue
        if (shared) s.shareHome(p, a)
        if (shared || values[recordOf(a) + V_INFO] >> BLOCK_SHIFT !== b + 1) values[recordOf(a) + V_INFO] |= CROSSES
      }
    }
  }
}

function block(s: State, b: number): void {
  const { narrow } = s
  const { blockInsts, paramStart } = s.input
  const first = blockInsts[b]
  const last = blockInsts[b + 1] - 1
  edgeMoves(s, b, last)
  let i = last
  if (narrow && definesNothing(s, last)) i = plainRun(s, i, first)
  if (i === last) {
    if (!definesNothing(s, last)) s.branchesHaveResults = true
    inst(s, i--, true)
  }
  while (i >= first) {
    if (narrow) i = plainRun(s, i, first)
    if (i >= first) inst(s, i--, false)
  }
  if (paramStart[b + 1] !== paramStart[b]) paramHomes(s, b)
  if (narrow) loadHeld(s, b)
  else for (const order of s.machine.order) for (const r of order) if (s.residentIn(r) >= 0) loadAtHead(s, b, r)
}

/** Homes in the order of the parameters, so that a value that blocks hand on to each other tends to stay where it is. */
function paramHomes(s: State, b: number): void {
  const { paramStart, params, predStart } = s.input
  if (predStart[b + 1] - predStart[b] === 1) return
  for (let k = paramStart[b]; k < paramStart[b + 1]; k++) {
    if ((s.values[recordOf(params[k]) + V_INFO] & READ) !== 0) s.homeOf(params[k])
  }
}

/** A branch without results is like any other instruction. */
function definesNothing(s: State, i: number): boolean {
  const { opStart, opDesc } = s.input
  for (let o = opStart[i]; o < opStart[i + 1]; o++) if (opIsDef(opDesc[o])) return false
  return true
}

function inst(s: State, i: number, isTerm: boolean): void {
  const { opStart, clobbers } = s.input
  const first = opStart[i]
  const end = opStart[i + 1]
  const kinds = kindsOf(s, first, end)
  if (s.narrow) {
    if (clobbers[i] < 0 && isPlain(kinds) && !(isTerm && hasResults(kinds)) && plainInst(s, i, first, end, kinds))
      return
    if (isCommon(kinds) && commonInst(s, i, first, end, kinds, isTerm)) return
  }
  anyInst(s, i, isTerm)
}

/** What is left in registers is loaded at the head of the block. */
function loadHeld(s: State, b: number): void {
  const { regs, values, classes } = s
  for (let c = 0; c < NUM_CLASSES; c++) {
    let bits = classes[HELD + c]
    if (bits === 0) continue
    if (b === 0) notDefined(s, s.regs[s.first(c, bits) & ~3] - 1)
    classes[HELD + c] = 0
    classes[WRITTEN + c] |= bits
    const count = bitCount(bits)
    s.reserveEdits(count)
    s.reloads += count
    const { edits } = s
    const point = 2 * s.input.blockInsts[b]
    let { editsEnd } = s
    for (; bits !== 0; bits &= bits - 1) {
      const a = classes[ORDER + 32 * c + lowest(bits)]
      const v = regs[a & ~3] - 1
      regs[a & ~3] = 0
      values[recordOf(v)] = 0
      edits[editsEnd] = point
      edits[editsEnd + 1] = s.homeOf(v)
      edits[editsEnd + 2] = a
      edits[editsEnd + 3] = c
      editsEnd += EDIT_WORDS
    }
    s.editsEnd = editsEnd
  }
}

function loadAtHead(s: State, b: number, r: number): void {
  const v = s.residentIn(r)
  if (b === 0) notDefined(s, v)
  s.drop(allocReg(r))
  s.values[recordOf(v)] = 0
  s.pushEdit(2 * s.input.blockInsts[b], s.homeOf(v), allocReg(r), r >> 6)
}

function notDefined(s: State, v: number): never {
  bug('regalloc', s.input.name, `v${v}`, 'is used where it is not defined')
}

/**
 * The moves to the homes of parameters, before the branch; arguments that this block makes come from registers as
 * long as there are some. Those from registers come last: they are in nobody's way.
 */
function edgeMoves(s: State, b: number, term: number): void {
  const { input, values } = s
  const { succStart, succs, predStart, paramStart, params, edgeArgStart, edgeArgs, vregClass } = input
  for (let e = succStart[b]; e < succStart[b + 1]; e++) {
    const t = succs[e]
    const firstParam = paramStart[t]
    const numParams = paramStart[t + 1] - firstParam
    if (numParams === 0 || predStart[t + 1] - predStart[t] === 1) continue
    if (succStart[b + 1] - succStart[b] !== 1) bug('regalloc', input.name, `block${b}`, `critical edge to block${t}`)
    const fault = tailFault(input, term)
    if (fault !== undefined) bug('regalloc', input.name, `inst${term}`, `the branch ${fault}`)
    let fromMemory = false
    for (let k = 0; k < numParams; k++) {
      const p = params[firstParam + k]
      if ((values[recordOf(p) + V_INFO] & READ) === 0) continue
      const v = edgeArgs[edgeArgStart[e] + k]
      const at = recordOf(v)
      if (values[at] === 0) {
        const info = values[at + V_INFO]
        const r = info >> BLOCK_SHIFT === b + 1 && (info & PARAM) === 0 ? s.emptyRegister(vregClass[v]) : -1
        if (r < 0) {
          values[at + V_INFO] = info | HOME
          if (!fromMemory) s.takeNothing()
          fromMemory = true
          s.addMove(s.homeOf(v), s.homeOf(p), vregClass[v])
          continue
        }
        s.hold(allocReg(r), v)
      }
      s.pushEdit(2 * term, values[at], s.homeOf(p), vregClass[v])
    }
    if (fromMemory) s.flushMoves(2 * term)
  }
}

/** Results of a branch are stored at the heads of the blocks that it leads to, before anything else there. */
function branchResults(s: State): void {
  const { input, allocs, values } = s
  const { numBlocks, predStart, preds, blockInsts, opStart, opVReg, opDesc, vregClass } = input
  let any = false
  for (let b = 0; b < numBlocks; b++) {
    if (predStart[b + 1] - predStart[b] !== 1) continue
    const term = blockInsts[preds[predStart[b]] + 1] - 1
    for (let o = opStart[term]; o < opStart[term + 1]; o++) {
      const v = opVReg[o]
      if (v === NO_VREG || !opIsDef(opDesc[o]) || !allocIsReg(allocs[o])) continue
      if ((values[recordOf(v) + V_INFO] & NEEDS_HOME) === 0) continue
      s.pushEdit(2 * blockInsts[b], allocs[o], s.homeOf(v), vregClass[v])
      any = true
    }
  }
  if (any) s.sortEdits()
}
