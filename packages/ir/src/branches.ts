// The branch targets of an instruction, whatever its format: block calls in the order in which the text form names them.
import type { I32Vec } from '@k23/entity'
import type { Block, BlockCall, Inst } from './entities.ts'
import type { Func } from './function.ts'
import { BranchTable, Brif, Jump, TryCall, TryCallIndirect } from './gen/format-ids.ts'
import { BRANCH, opFlags, opFormat } from './opcodes/tables.ts'

/** True if `inst` names blocks that it may go to. */
export function isBranch(func: Func, inst: Inst): boolean {
  return (opFlags[func.op[inst]] & BRANCH) !== 0
}

/** Appends the block calls of `inst` to `out`: of a br_table the default comes first, of a try_call the normal target. */
export function branchTargets(func: Func, inst: Inst, out: I32Vec): void {
  const format = opFormat[func.op[inst]]
  if (format === Jump) out.push(func.imm0[inst])
  else if (format === Brif) {
    out.push(func.imm0[inst])
    out.push(func.imm1[inst])
  } else if (format === BranchTable) {
    const table = func.jumpTables[func.imm0[inst]]
    out.push(table.default)
    for (const entry of table.entries) out.push(entry)
  } else if (format === TryCall || format === TryCallIndirect) {
    const table = func.exceptionTables[func.imm1[inst]]
    out.push(table.normal)
    for (const item of table.items) if (item.kind !== 'context') out.push(item.target)
  }
}

/** Calls `f` with each block call of `inst`. */
export function forEachTarget(func: Func, inst: Inst, f: (call: BlockCall, block: Block) => void): void {
  const visit = (call: number): void => f(call as BlockCall, func.bcBlock[call] as Block)
  const format = opFormat[func.op[inst]]
  if (format === Jump) visit(func.imm0[inst])
  else if (format === Brif) {
    visit(func.imm0[inst])
    visit(func.imm1[inst])
  } else if (format === BranchTable) {
    const table = func.jumpTables[func.imm0[inst]]
    visit(table.default)
    for (const entry of table.entries) visit(entry)
  } else if (format === TryCall || format === TryCallIndirect) {
    const table = func.exceptionTables[func.imm1[inst]]
    visit(table.normal)
    for (const item of table.items) if (item.kind !== 'context') visit(item.target)
  }
}
