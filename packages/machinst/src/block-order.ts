// Block order: which blocks VCode has, in which order.
//
// Problem: the allocator needs critical edges split, lowering (backwards) needs uses behind definitions, emission wants fall-through.
// Idea: depth-first search over the graph of CLIF blocks plus one node per critical edge; reverse postorder is the order. Successors are
// visited last to first, so that the first successor that is not placed yet follows its predecessor. A definition dominates its uses, and so
// precedes them here. Cold blocks keep their place (a value defined in one may be used in a block that is not cold); emission puts them last.
// A split edge is cold where its target is.
//
// An edge is critical if its source has several outgoing edges and its target several incoming ones; two edges between the same
// two blocks count as two. Only edges of reachable blocks count: unreachable CLIF blocks do not appear.
// Where the CLIF entry is a branch target, a stub before it takes the arguments: the allocator's entry has no predecessors.
import { I32Vec } from '@k23/entity'
import { type Block, branchTargets, type Func, type Inst, Op } from '@k23/ir'

/** The order, with successors as indices into it. */
export interface BlockOrder {
  /** Number of lowered blocks. */
  readonly count: number
  /** CLIF block of a lowered block, or -1 for a split edge. */
  readonly clif: Int32Array
  /** For a split edge: the BlockCall it carries; ENTRY_STUB for the stub before an entry that is branched to; else -1. */
  readonly edgeCall: Int32Array
  readonly cold: Uint8Array
  /** CSR: successors (indices into this order), and the BlockCall of each edge (-1: the edge into a split block, which carries none). */
  readonly succStart: Int32Array
  readonly succs: Int32Array
  readonly succCall: Int32Array
  readonly predStart: Int32Array
  readonly preds: Int32Array
  /** Lowered index of each CLIF block, -1 where unreachable. */
  readonly ofClif: Int32Array
}

/** BlockOrder.edgeCall of the stub before the entry, and the call of the edge from it. */
export const ENTRY_STUB = -2

export function computeBlockOrder(f: Func): BlockOrder {
  const nb = f.numBlocks
  // Edges of reachable blocks, CSR by CLIF block, in the order of the terminator's targets.
  const edgeStart = new Int32Array(nb + 1).fill(-1)
  const edgeEnd = new Int32Array(nb)
  const edgeCall = new I32Vec(nb * 2)
  const inDegree = new Int32Array(nb)
  const entry = f.firstBlock
  const work = new Int32Array(nb)
  let top = 0
  work[top++] = entry
  edgeStart[entry] = 0
  while (top > 0) {
    const b = work[--top]
    edgeStart[b] = edgeCall.length
    branchTargets(f, f.lastInst[b] as Inst, edgeCall)
    edgeEnd[b] = edgeCall.length
    for (let e = edgeStart[b]; e < edgeEnd[b]; e++) {
      const t = f.bcBlock[edgeCall.data[e]]
      inDegree[t]++
      if (edgeStart[t] === -1) {
        edgeStart[t] = 0
        work[top++] = t
      }
    }
  }

  const stub = inDegree[entry] !== 0 ? 1 : 0
  inDegree[entry] += stub

  // Nodes: CLIF block b is b; the split of edge e is nb + e. Edges of a try_call are all split: what it brings arrives there.
  const isCritical = (b: number, e: number): boolean =>
    (edgeEnd[b] - edgeStart[b] > 1 && inDegree[f.bcBlock[edgeCall.data[e]]] > 1) || isTry(f, b)
  const nodes = nb + edgeCall.length
  const state = new Uint8Array(nodes)
  const stackNode = new Int32Array(nodes)
  const stackNext = new Int32Array(nodes)
  const postorder = new I32Vec(nodes)
  let sp = 0
  stackNode[0] = entry
  stackNext[0] = edgeEnd[entry] - edgeStart[entry] - 1
  state[entry] = 1
  sp = 1
  while (sp > 0) {
    const n = stackNode[sp - 1]
    const k = stackNext[sp - 1]
    if (k < 0) {
      postorder.push(n)
      sp--
      continue
    }
    stackNext[sp - 1] = k - 1
    let target: number
    if (n >= nb) target = f.bcBlock[edgeCall.data[n - nb]]
    else {
      const e = edgeStart[n] + k
      target = isCritical(n, e) ? nb + e : f.bcBlock[edgeCall.data[e]]
    }
    if (state[target] === 0) {
      state[target] = 1
      stackNode[sp] = target
      stackNext[sp] = target >= nb ? 0 : edgeEnd[target] - edgeStart[target] - 1
      sp++
    }
  }

  const count = postorder.length + stub
  const order = new Int32Array(count)
  const cold = new Uint8Array(count)
  const coldOf = (n: number): number => (n >= nb ? f.cold[f.bcBlock[edgeCall.data[n - nb]]] : f.cold[n])
  let at = 0
  if (stub === 1) order[at++] = nodes
  for (let i = postorder.length - 1; i >= 0; i--) {
    const n = postorder.data[i]
    cold[at] = coldOf(n)
    order[at++] = n
  }

  const indexOf = new Int32Array(nodes + 1).fill(-1)
  for (let i = 0; i < count; i++) indexOf[order[i]] = i
  const succStart = new Int32Array(count + 1)
  const succs = new I32Vec(count * 2)
  const succCall = new I32Vec(count * 2)
  const clif = new Int32Array(count)
  const edge = new Int32Array(count).fill(-1)
  const ofClif = new Int32Array(nb).fill(-1)
  const preds = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) {
    const n = order[i]
    succStart[i] = succs.length
    if (n === nodes) {
      clif[i] = -1
      edge[i] = ENTRY_STUB
      succs.push(indexOf[entry])
      succCall.push(ENTRY_STUB)
    } else if (n >= nb) {
      clif[i] = -1
      edge[i] = edgeCall.data[n - nb]
      succs.push(indexOf[f.bcBlock[edge[i]]])
      succCall.push(edge[i])
    } else {
      clif[i] = n
      ofClif[n] = i
      for (let e = edgeStart[n]; e < edgeEnd[n]; e++) {
        const critical = isCritical(n, e)
        succs.push(indexOf[critical ? nb + e : f.bcBlock[edgeCall.data[e]]])
        succCall.push(critical ? -1 : edgeCall.data[e])
      }
    }
    for (let e = succStart[i]; e < succs.length; e++) preds[succs.data[e]]++
  }
  succStart[count] = succs.length
  const predStart = new Int32Array(count + 1)
  for (let i = 0; i < count; i++) predStart[i + 1] = predStart[i] + preds[i]
  const predList = new Int32Array(succs.length)
  const fill = predStart.slice(0, count)
  for (let i = 0; i < count; i++)
    for (let e = succStart[i]; e < succStart[i + 1]; e++) predList[fill[succs.data[e]]++] = i
  return {
    count,
    clif,
    edgeCall: edge,
    cold,
    succStart,
    succs: succs.view(),
    succCall: succCall.view(),
    predStart,
    preds: predList,
    ofClif,
  }
}

function isTry(f: Func, b: number): boolean {
  const op = f.op[f.lastInst[b]]
  return op === Op.try_call || op === Op.try_call_indirect
}

/** Lowered block of a CLIF block. */
export function loweredBlock(order: BlockOrder, b: Block): number {
  return order.ofClif[b]
}
