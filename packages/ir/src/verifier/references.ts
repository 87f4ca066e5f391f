// Everything that an instruction names exists.
import { forEachTarget } from '../branches.ts'
import { forEachUse } from '../edit.ts'
import type { Inst } from '../entities.ts'
import { PARAM, RESULT, UNION } from '../function.ts'
import * as F from '../gen/format-ids.ts'
import { memFlagsOf } from '../inst-info.ts'
import { memRegion } from '../memflags.ts'
import { opFormat } from '../opcodes/tables.ts'
import type { VerifierContext } from './context.ts'

export function verifyReferences(cx: VerifierContext): void {
  cx.forEachInst((inst) => {
    if (verifyImmediateReferences(cx, inst)) {
      verifyTargets(cx, inst)
      forEachUse(cx.func, inst, (v) => verifyUse(cx, inst, v))
    }
  })
}

function verifyImmediateReferences(cx: VerifierContext, inst: Inst): boolean {
  const { func } = cx
  const a = func.imm0[inst]
  const b = func.imm1[inst]
  const missing = (what: string): boolean => {
    cx.atInst(inst, what)
    return false
  }
  const inTable = (table: readonly unknown[], i: number, prefix: string, what: string): boolean =>
    table[i] !== undefined || missing(`undefined ${what} ${prefix}${i}`)

  const isFunction = (i: number): boolean =>
    (func.extFuncs[i] !== undefined && func.signatures[func.extFuncs[i].signature] !== undefined) ||
    missing(`undefined function fn${i}`)

  const region = memRegion(memFlagsOf(func, inst) ?? (0 as never))
  if (region >= 0 && !inTable(func.aliasRegions, region, 'region', 'alias region')) return false
  switch (opFormat[func.op[inst]]) {
    case F.UnaryConst:
      return inTable(func.constants, a, 'const', 'constant')
    case F.UnaryGlobalValue:
      return inTable(func.globalValues, a, 'gv', 'global value')
    case F.Shuffle:
      return inTable(func.immediates, a, 'imm', 'immediate')
    case F.BranchTable:
      return inTable(func.jumpTables, a, 'jt', 'jump table')
    case F.Call:
    case F.FuncAddr:
      return isFunction(a)
    case F.CallIndirect:
      return inTable(func.signatures, a, 'sig', 'signature')
    case F.TryCall:
      return isFunction(a) && inTable(func.exceptionTables, b, 'extable', 'exception table')
    case F.TryCallIndirect:
      return inTable(func.exceptionTables, b, 'extable', 'exception table')
    case F.StackAddr:
      return inTable(func.stackSlots, a, 'ss', 'stack slot')
    case F.DynamicStackAddr:
      return inTable(func.dynamicStackSlots, a, 'dss', 'dynamic stack slot')
    case F.ExceptionHandlerAddress:
      return cx.isBlock(a) || missing(`invalid block reference block${a}`)
    default:
      return true
  }
}

function verifyTargets(cx: VerifierContext, inst: Inst): void {
  const format = opFormat[cx.func.op[inst]]
  if (format === F.TryCall || format === F.TryCallIndirect) {
    const { signature } = cx.func.exceptionTables[cx.func.imm1[inst]]
    if (cx.func.signatures[signature] === undefined) cx.atInst(inst, `undefined signature sig${signature}`)
  }
  forEachTarget(cx.func, inst, (call, block) => {
    if (call < 0 || call >= cx.func.numBlockCalls) cx.atInst(inst, `invalid branch target ${call}`)
    else if (!cx.isBlock(block)) cx.atInst(inst, `invalid block reference block${block}`)
    else if (block === cx.func.firstBlock) cx.atInst(inst, `invalid reference to entry block block${block}`)
  })
}

function verifyUse(cx: VerifierContext, inst: Inst, v: number): void {
  const { func } = cx
  if (!cx.isValue(v)) {
    cx.atInst(inst, `invalid value reference v${v}`)
    return
  }
  const x = func.resolve(v)
  const kind = func.valKind[x]
  if (kind === RESULT) {
    const def = func.valDef[x]
    if (func.instBlock[def] < 0) cx.atInst(inst, `uses value v${v} of inst${def}, which is not in the layout`)
  } else if (kind === PARAM) {
    const block = func.valDef[x]
    if (!cx.isBlock(block))
      cx.atInst(inst, `uses value v${v}, a parameter of block${block}, which is not in the layout`)
  } else if (kind !== UNION) {
    cx.atInst(inst, `uses value v${v}, which is not defined`)
  }
}
