// Which rows decode the same bits, and the tree that a decoder walks to find the candidates.
//
// Problem: among some hundred (match, mask) pairs find the one that a word satisfies. Idea: split the rows on a bit field, the same rows on
// another field below, until few are left; those are tried in order, the more special before the more general. A row whose mask does not cover all of
// a field goes into every child that it could match. Invariant: for every word, the leaf that it reaches lists every row that it
// could satisfy, special rows first.
import type { CompiledRow, OperandInfo } from './types.ts'

/** Reports two rows that claim the same word, unless one is declared `specialOf` the other. */
export function checkOverlaps(rows: readonly CompiledRow[], fail: (message: string) => never): void {
  const byId = new Map(rows.map((r) => [r.id, r]))
  for (const r of rows) {
    if (r.attrs.specialOf === undefined) continue
    const general = byId.get(r.attrs.specialOf)
    if (general === undefined) fail(`row ${r.id}: specialOf '${r.attrs.specialOf}': there is no such row`)
    if (!overlaps(r, general)) fail(`row ${r.id}: specialOf '${general.id}': no word matches both`)
    if ((r.mask & general.mask) !== general.mask || r.mask === general.mask) {
      fail(`row ${r.id} is not more special than ${general.id}`)
    }
  }
  for (const [i, a] of rows.entries()) {
    for (const b of rows.slice(i + 1)) {
      if (a.attrs.specialOf === b.id || b.attrs.specialOf === a.id) continue
      if (overlaps(a, b)) fail(`rows ${a.id} and ${b.id} decode the same bits, and neither is specialOf the other`)
    }
  }
}

function overlaps(a: CompiledRow, b: CompiledRow): boolean {
  return ((a.match ^ b.match) & a.mask & b.mask) === 0 && !excludes(a, b) && !excludes(b, a)
}

/** True if b's constant bits give an operand of a a value that it may not have. */
function excludes(a: CompiledRow, b: CompiledRow): boolean {
  return a.operands.some((o, i) => {
    let value = 0
    for (const s of a.slices) {
      if (s.operand !== i) continue
      const ones = (-1 >>> (32 - s.width)) << s.dest
      if ((b.mask & ones) !== ones) return false
      value |= ((b.match & ones) >>> s.dest) << s.source
    }
    return isReserved(o, value)
  })
}

function isReserved({ entry }: OperandInfo, field: number): boolean {
  if (entry.kind === 'register')
    return entry.legal !== undefined && ((entry.legal >>> (field + (entry.bias ?? 0))) & 1) === 0
  return (entry.nonzero === true && field === 0) || (entry.names !== undefined && entry.names[field] === undefined)
}

/** Nodes: [shift | width << 8, child * 2 ** width]; a child is 0 (undefined), a node's index, or ~index into leaves. Leaves: [count, opcode * count]. */
export interface DecodeTree {
  /** As a child. */
  readonly root: number
  readonly nodes: number[]
  readonly leaves: number[]
}

const LEAF_ROWS = 2
const MAX_WIDTH = 7

export function buildDecodeTree(rows: readonly CompiledRow[]): DecodeTree {
  // Index 0 would be indistinguishable from "undefined".
  const tree: DecodeTree = { root: 0, nodes: [0], leaves: [] }
  return { ...tree, root: place(rows, tree, new Map()) }
}

function place(rows: readonly CompiledRow[], tree: DecodeTree, shared: Map<string, number>): number {
  if (rows.length === 0) return 0
  const split = rows.length > LEAF_ROWS ? bestSplit(rows) : undefined
  if (split === undefined) return leaf(rows, tree, shared)
  const at = tree.nodes.length
  tree.nodes.push(split.shift | (split.width << 8))
  for (let i = 0; i < 2 ** split.width; i++) tree.nodes.push(0)
  split.children.forEach((child, i) => {
    tree.nodes[at + 1 + i] = place(child, tree, shared)
  })
  return at
}

function leaf(rows: readonly CompiledRow[], tree: DecodeTree, shared: Map<string, number>): number {
  const bits = (x: number) => x.toString(2).replaceAll('0', '').length
  const opcodes = rows.toSorted((a, b) => bits(b.mask >>> 0) - bits(a.mask >>> 0)).map((r) => r.opcode)
  const key = opcodes.join()
  const known = shared.get(key)
  if (known !== undefined) return known
  const index = ~tree.leaves.length
  tree.leaves.push(opcodes.length, ...opcodes)
  shared.set(key, index)
  return index
}

interface Split {
  readonly shift: number
  readonly width: number
  readonly children: readonly (readonly CompiledRow[])[]
}

/** The field that leaves the fewest candidates on average, a wide table counting against it; undefined if none separates the rows. */
function bestSplit(rows: readonly CompiledRow[]): Split | undefined {
  let best: Split | undefined
  let bestCost = rows.length * 0.9
  for (let width = 1; width <= MAX_WIDTH; width++) {
    for (let shift = 0; shift + width <= 32; shift++) {
      const field = (-1 >>> (32 - width)) << shift
      // A field that few rows fix mostly copies rows into all children.
      if (rows.filter((r) => (r.mask & field) === field).length * 2 < rows.length) continue
      const children: CompiledRow[][] = Array.from({ length: 2 ** width }, () => [])
      for (const r of rows) {
        for (let v = 0; v < children.length; v++) {
          if ((((v << shift) ^ r.match) & r.mask & field) === 0) children[v].push(r)
        }
      }
      // Progress in every child, or the tree would not end.
      if (children.some((c) => c.length === rows.length)) continue
      const used = children.filter((c) => c.length > 0)
      const cost = used.reduce((sum, c) => sum + c.length, 0) / used.length + children.length / 64
      if (cost < bestCost) {
        bestCost = cost
        best = { shift, width, children }
      }
    }
  }
  return best
}
