// test print-cfg: the control flow graph in the language of Graphviz, checked against the directives.
import {
  type Block,
  computeCfg,
  formatInst,
  type Func,
  type Inst,
  type ParsedFunction,
  predecessors,
  printBlockHeader,
  printFunctionName,
} from '@k23/ir'
import type { Directive } from '../filecheck.ts'
import { checkText, type Tally } from './result.ts'

/** One record per block with its header and last instruction, one edge per predecessor, from the branch to the block. */
export function cfgText(func: Func): string {
  let s = `digraph "${printFunctionName(func)}" {\n`
  if (func.firstBlock >= 0) s += `    {rank=min; block${func.firstBlock}}\n`
  for (let b: number = func.firstBlock; b >= 0; b = func.nextBlock[b]) {
    s += `    block${b} [shape=record, label="{${printBlockHeader(func, b as Block)}\n`
    const last = func.lastInst[b]
    if (last >= 0) s += ` | <inst${last}>${formatInst(func, last as Inst)}\n`
    s += '}"]\n'
  }
  const cfg = computeCfg(func)
  for (let b: number = func.firstBlock; b >= 0; b = func.nextBlock[b]) {
    for (const p of predecessors(cfg, b as Block)) s += `    block${p}:inst${func.lastInst[p]} -> block${b}\n`
  }
  return `${s}}\n`
}

export function testPrintCfg(tally: Tally, f: ParsedFunction, common: readonly Directive[]): void {
  checkText(tally, 'print-cfg', cfgText(f.func), common, f)
}
