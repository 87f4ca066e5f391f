// test domtree: `; dominates: block1 block2` behind a branch says whose immediate dominator its block is, for every reachable block but
// the entry; the directives are checked against the postorder and the tree in preorder.
import {
  type Block,
  computeCfg,
  computeDominators,
  type DominatorTree,
  type Func,
  isReachable,
  type ParsedFunction,
} from '@k23/ir'
import type { Directive } from '../filecheck.ts'
import { checkText, type Tally } from './result.ts'

/** Postorder of the control flow graph, and the tree: one line per block with its children, both in reverse postorder. */
export function domtreeText(func: Func, tree: DominatorTree): string {
  const postorder = [...tree.rpo].reverse()
  let s = `cfg_postorder:${postorder.map((b) => ` block${b}`).join('')}\ndomtree_preorder {\n`
  const children = new Map<number, number[]>()
  for (const b of tree.rpo) {
    if (b === func.firstBlock) continue
    const of = children.get(tree.idom[b])
    if (of === undefined) children.set(tree.idom[b], [b])
    else of.push(b)
  }
  const stack: number[] = [func.firstBlock]
  for (let b = stack.pop(); b !== undefined; b = stack.pop()) {
    const of = children.get(b) ?? []
    s += `    block${b}:${of.map((c) => ` block${c}`).join('')}\n`
    for (let i = of.length - 1; i >= 0; i--) stack.push(of[i])
  }
  return `${s}}\n`
}

export function testDomtree(tally: Tally, f: ParsedFunction, common: readonly Directive[]): void {
  const { func } = f
  if (func.firstBlock < 0) {
    tally.fail(f.line, 'domtree', 'the function has no blocks')
    return
  }
  const tree = computeDominators(func, computeCfg(func))
  const annotated = new Map<number, number>()
  for (const c of f.comments) {
    const m = /^dominates:\s*(.*)$/.exec(c.text)
    if (m === null) continue
    const inst = /^inst(\d+)$/.exec(c.owner)
    if (inst === null)
      return tally.fail(c.line, 'domtree', `a \`dominates:\` comment stands behind an instruction, not ${c.owner}`)
    const from = func.instBlock[Number(inst[1])]
    for (const name of m[1].split(/\s+/)) {
      const b = /^block(\d+)$/.exec(name)
      if (b === null || !(Number(b[1]) < func.numBlocks))
        return tally.fail(c.line, 'domtree', `expected a block of the function, found \`${name}\``)
      const block = Number(b[1])
      if (annotated.has(block)) return tally.fail(c.line, 'domtree', `${name} has two dominators`)
      annotated.set(block, from)
      const got = isReachable(tree, block as Block) ? tree.idom[block] : -1
      if (got !== from)
        return tally.fail(
          c.line,
          'domtree',
          `the immediate dominator of ${name} is ${got < 0 ? 'none' : `block${got}`}, not block${from}`,
        )
    }
  }
  for (const b of tree.rpo) {
    if (b === func.firstBlock || annotated.has(b)) continue
    return tally.fail(
      f.line,
      'domtree',
      `no \`dominates:\` comment for block${b}, whose immediate dominator is block${tree.idom[b]}`,
    )
  }
  checkText(tally, 'domtree', domtreeText(func, tree), common, f)
}
