// Random control flow graphs as functions without values.
import { type Block, Func, instBuilder, I32, signature } from '../src/index.ts'

/** succs[b] are the targets (0 to 2 of them) of block b; block 0 is the entry, and no target. */
export function functionOfGraph(succs: readonly (readonly number[])[]): Func {
  const func = new Func({ kind: 'testcase', name: 'graph' }, signature([I32], []))
  const ins = instBuilder(func)
  for (let b = 0; b < succs.length; b++) func.appendBlock(func.makeBlock())
  const c = func.appendBlockParam(0 as Block, I32)
  succs.forEach((targets, b) => {
    ins.atEnd(b as Block)
    if (targets.length === 0) ins.return([])
    else if (targets.length === 1) ins.jump(targets[0] as Block)
    else ins.brif(c, targets[0] as Block, [], targets[1] as Block, [])
  })
  return func
}

/** Blocks that can be reached from `from` without going through `without`. */
export function reach(succs: readonly (readonly number[])[], from: number, without = -1): Set<number> {
  const seen = new Set<number>()
  const work = from === without ? [] : [from]
  for (let b = work.pop(); b !== undefined; b = work.pop()) {
    if (seen.has(b)) continue
    seen.add(b)
    for (const s of succs[b]) if (s !== without) work.push(s)
  }
  return seen
}
