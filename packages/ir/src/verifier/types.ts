// Types: the constraints of the opcode table.
import type { Inst } from '../entities.ts'
import { callSignature } from '../inst-info.ts'
import { FREE, KIND_SHIFT, PAYLOAD, derivedType } from '../opcodes/constraints.ts'
import {
  ctrlAllows,
  opFlags,
  opName,
  opNumOperands,
  opNumResults,
  operandConstraint,
  resultConstraint,
  satisfies,
  typeSetName,
  VARIABLE_RESULTS,
} from '../opcodes/tables.ts'
import { type Type, typeName } from '../types.ts'
import type { VerifierContext } from './context.ts'

export function verifyTypes(cx: VerifierContext): void {
  cx.forEachInst((inst) => {
    verifyCount(cx, inst)
    const op = cx.func.op[inst]
    const ctrl = cx.func.ctrl[inst] as Type
    if (!ctrlAllows(op, ctrl)) {
      cx.atInst(inst, `${opName[op]} has an invalid controlling type ${typeName(ctrl)}`)
      return
    }
    verifyOperands(cx, inst, op, ctrl)
    verifyResultTypes(cx, inst, op, ctrl)
  })
}

function verifyCount(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const op = func.op[inst]
  const fixed = opNumOperands[op]
  const got = func.numArgs(inst)
  const variadic = opName[op] === 'return' || callSignature(func, inst) >= 0
  if (variadic ? got < fixed : got !== fixed) cx.atInst(inst, `${opName[op]} has ${got} operands, expected ${fixed}`)
}

function verifyOperands(cx: VerifierContext, inst: Inst, op: number, ctrl: Type): void {
  const { func } = cx
  const n = Math.min(opNumOperands[op], func.numArgs(inst))
  for (let i = 0; i < n; i++) {
    const v = func.pool.data[func.args[inst] + i]
    const t = func.valType[v] as Type
    const constraint = operandConstraint(op, i)
    if (satisfies(constraint, t, ctrl)) continue
    if (constraint >> KIND_SHIFT < FREE)
      cx.atInst(inst, `arg ${i} (v${v}) has type ${typeName(t)}, expected ${typeName(derivedType(constraint, ctrl))}`)
    else
      cx.atInst(
        inst,
        `arg ${i} (v${v}) with type ${typeName(t)} failed to satisfy type set ${typeSetName(constraint & PAYLOAD)}` +
          (ctrl === 0 ? '' : ` for ${opName[op]}.${typeName(ctrl)}`),
      )
  }
}

function verifyResultTypes(cx: VerifierContext, inst: Inst, op: number, ctrl: Type): void {
  const { func } = cx
  const got = func.numResults(inst)
  const sig = callSignature(func, inst)
  const variable = (opFlags[op] & VARIABLE_RESULTS) !== 0
  const returns = variable && sig >= 0 ? func.signatures[sig].returns : undefined
  const n = returns?.length ?? opNumResults[op]
  if (got !== n) {
    cx.atInst(inst, `${opName[op]} has ${got} results, expected ${n}`)
    return
  }
  for (let i = 0; i < n; i++) {
    const expected = returns?.[i].type ?? derivedType(resultConstraint(op, i), ctrl)
    const v = func.result(inst, i)
    const t = func.typeOf(v)
    if (t !== expected)
      cx.atInst(inst, `expected result ${i} (v${v}) to have type ${typeName(expected)}, found ${typeName(t)}`)
  }
}
