// Reading and changing what an instruction uses, wherever its format keeps it: value arguments, arguments of its branch targets,
// contexts of its exception table.
import { NONE } from '@k23/entity'
import { forEachTarget } from './branches.ts'
import type { BlockCall, ExceptionTable, Inst, JumpTable, Value } from './entities.ts'
import type { Func } from './function.ts'
import { BranchTable, Brif, Jump, TryCall, TryCallIndirect } from './gen/format-ids.ts'

import { opFormat } from './opcodes/tables.ts'
import type { Type } from './types.ts'

/** Calls `f` with each value that `inst` uses, as written (aliases are not resolved), once per use. */
export function forEachUse(func: Func, inst: Inst, f: (value: Value) => void): void {
  const { pool } = func
  const list = func.args[inst]
  for (let i = 0, n = pool.len(list); i < n; i++) f(pool.data[list + i] as Value)
  forEachTarget(func, inst, (call) => {
    const args = func.bcArgs[call]
    for (let i = 0, n = pool.len(args); i < n; i++) {
      const v = pool.data[args + i]
      if (v >= 0) f(v as Value)
    }
  })
  const format = opFormat[func.op[inst]]
  if (format === TryCall || format === TryCallIndirect) {
    for (const item of func.exceptionTables[func.imm1[inst]].items) if (item.kind === 'context') f(item.value)
  }
}

/** Replaces each value that `inst` uses by `f` of it. */
export function mapUses(func: Func, inst: Inst, f: (value: Value) => Value): void {
  const { pool } = func
  const mapList = (list: number): void => {
    for (let i = 0, n = pool.len(list); i < n; i++) {
      const v = pool.data[list + i]
      if (v < 0) continue
      const w = f(v as Value)
      pool.data[list + i] = w // f may have grown the pool
    }
  }
  mapList(func.args[inst])
  forEachTarget(func, inst, (call) => mapList(func.bcArgs[call]))
  const format = opFormat[func.op[inst]]
  if (format === TryCall || format === TryCallIndirect) {
    for (const item of func.exceptionTables[func.imm1[inst]].items)
      if (item.kind === 'context') item.value = f(item.value)
  }
}

/** Replaces every use of `from` in the layout by `to`. */
export function replaceUses(func: Func, from: Value, to: Value): void {
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b])
    for (let i = func.firstInst[b]; i !== NONE; i = func.nextInst[i])
      mapUses(func, i as Inst, (v) => (func.resolve(v) === from ? to : v))
}

/** Resolves every alias that the layout uses. */
export function resolveAliases(func: Func): void {
  for (let b: number = func.firstBlock; b !== NONE; b = func.nextBlock[b])
    for (let i = func.firstInst[b]; i !== NONE; i = func.nextInst[i]) mapUses(func, i as Inst, (v) => func.resolve(v))
}

/** A copy of a branch target, with argument list of its own. */
export function cloneBlockCall(func: Func, call: BlockCall): BlockCall {
  return func.makeBlockCall(func.bcBlock[call] as never, func.pool.toArray(func.bcArgs[call]))
}

/** A copy of `inst` outside the layout, with results of its own; nothing that can be changed is shared. */
export function cloneInst(func: Func, inst: Inst): Inst {
  const { pool } = func
  const args = pool.from(pool.toArray(func.args[inst]))
  const copy = func.makeInst(func.op[inst], func.ctrl[inst] as Type, args, func.imm0[inst], func.imm1[inst])
  func.srcloc[copy] = func.srcloc[inst]
  for (let i = 0, n = func.numResults(inst); i < n; i++) func.appendResult(copy, func.typeOf(func.result(inst, i)))
  const again = (call: BlockCall): BlockCall => cloneBlockCall(func, call)
  const format = opFormat[func.op[inst]]
  if (format === Jump || format === Brif) func.imm0[copy] = again(func.imm0[inst] as BlockCall)
  if (format === Brif) func.imm1[copy] = again(func.imm1[inst] as BlockCall)
  if (format === BranchTable) {
    const table = func.jumpTables[func.imm0[inst] as JumpTable]
    func.imm0[copy] = func.createJumpTable({ default: again(table.default), entries: table.entries.map(again) })
  }
  if (format === TryCall || format === TryCallIndirect) {
    const table = func.exceptionTables[func.imm1[inst] as ExceptionTable]
    func.imm1[copy] = func.createExceptionTable({
      signature: table.signature,
      normal: again(table.normal),
      items: table.items.map((i) => (i.kind === 'context' ? { ...i } : { ...i, target: again(i.target) })),
    })
  }
  const map = func.stackMaps.get(inst)
  if (map !== undefined) func.stackMaps.set(copy, map.slice())
  const tags = func.debugTags.get(inst)
  if (tags !== undefined) func.debugTags.set(copy, tags.slice())
  return copy
}
