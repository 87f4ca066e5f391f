// Control flow: branch arguments, returns, calls, tail calls, exception tables.
import type { BlockCall, Inst, SigRef } from '../entities.ts'
import { forEachTarget } from '../branches.ts'
import { exnArgIndex, retArgIndex } from '../function.ts'
import * as F from '../gen/format-ids.ts'
import * as Op from '../gen/op.ts'
import { callSignature } from '../inst-info.ts'
import { BRANCH, CALL, opFlags, opFormat, opName, opNumOperands, RETURN } from '../opcodes/tables.ts'
import type { AbiParam, CallConv } from '../signature.ts'
import { I64, type Type, typeName } from '../types.ts'
import type { VerifierContext } from './context.ts'

export function verifyControl(cx: VerifierContext): void {
  cx.forEachInst((inst) => {
    const op = cx.func.op[inst]
    const flags = opFlags[op]
    const sig = callSignature(cx.func, inst)
    const isTry = opFormat[op] === F.TryCall || opFormat[op] === F.TryCallIndirect
    if (isTry) {
      if (verifyTryCall(cx, inst, sig as SigRef)) verifyCallArgs(cx, inst, sig as SigRef)
    } else {
      if ((flags & CALL) !== 0 && sig >= 0) verifyCallArgs(cx, inst, sig as SigRef)
      if ((flags & BRANCH) !== 0) forEachTarget(cx.func, inst, (call) => verifyTarget(cx, inst, call, [], [], 'plain'))
    }
    if (op === Op.return_) verifyReturn(cx, inst)
    else if ((flags & RETURN) !== 0) verifyTailCall(cx, inst, sig as SigRef)
    if (op === Op.call || op === Op.try_call || op === Op.return_call) verifyPatchable(cx, inst)
    if (op === Op.get_exception_handler_address) verifyHandlerAddress(cx, inst)
  })
}

/** The text form of a call, or of what else has value arguments. */
function callText(cx: VerifierContext, inst: Inst): string {
  const { func } = cx
  const args = func.pool.toArray(func.args[inst]).map((v) => `v${v}`)
  const name = opName[func.op[inst]]
  const format = opFormat[func.op[inst]]
  if (format === F.Call || format === F.TryCall) return `${name} fn${func.imm0[inst]}(${args.join(', ')})`
  const rest = args.slice(1).join(', ')
  return format === F.CallIndirect
    ? `${name} sig${func.imm0[inst]}, ${args[0]}(${rest})`
    : `${name} ${args[0]}(${rest})`
}

/** The text form of a branch target. */
function targetText(cx: VerifierContext, call: BlockCall): string {
  const args = cx.func.pool.toArray(cx.func.bcArgs[call]).map(argText)
  return `block${cx.func.bcBlock[call]}(${args.join(', ')})`
}

function argText(arg: number): string {
  if (arg >= 0) return `v${arg}`
  const ret = retArgIndex(arg)
  return ret >= 0 ? `ret${ret}` : `exn${exnArgIndex(arg)}`
}

/** Checks the arguments of a branch target; `rets` and `exns` are the types that its position provides. */
function verifyTarget(
  cx: VerifierContext,
  inst: Inst,
  call: BlockCall,
  rets: readonly Type[],
  exns: readonly Type[],
  position: 'plain' | 'normal' | 'handler',
): void {
  const { func } = cx
  const params = func.params[func.bcBlock[call]]
  const args = func.bcArgs[call]
  const expected = func.pool.len(params)
  const got = func.pool.len(args)
  if (got !== expected) {
    cx.atInst(
      inst,
      `mismatched argument count for \`${opName[func.op[inst]]} ${targetText(cx, call)}\`: got ${got}, expected ${expected}`,
    )
    return
  }
  for (let i = 0; i < got; i++) {
    const arg = func.pool.data[args + i]
    const want = func.valType[func.pool.data[params + i]] as Type
    let t: Type | undefined
    if (arg >= 0) t = func.valType[arg] as Type
    else {
      const ret = retArgIndex(arg)
      const kind = ret >= 0 ? 'ret' : 'exn'
      if ((kind === 'ret' && position !== 'normal') || (kind === 'exn' && position !== 'handler')) {
        cx.atInst(inst, `\`${kind}N\` block argument used outside normal-return target of \`try_call\``)
        continue
      }
      t = kind === 'ret' ? rets[ret] : exns[exnArgIndex(arg)]
      if (t === undefined) {
        cx.atInst(inst, `out-of-bounds \`${kind}N\` block argument`)
        continue
      }
    }
    if (t !== want) cx.atInst(inst, `arg ${argText(arg)} has type ${typeName(t)}, expected ${typeName(want)}`)
  }
}

function verifyTypesMatch(
  cx: VerifierContext,
  inst: Inst,
  types: readonly Type[],
  expected: readonly AbiParam[],
): void {
  expected.forEach((p, i) => {
    if (types[i] !== p.type)
      cx.atInst(
        inst,
        `result ${i} has type ${typeName(types[i])}, must match function signature of ${typeName(p.type)}`,
      )
  })
}

function verifyReturn(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const expected = func.signature.returns
  const types = func.pool.toArray(func.args[inst]).map((v) => func.valType[v] as Type)
  if (types.length !== expected.length) cx.atInst(inst, 'arguments of return must match function signature')
  else verifyTypesMatch(cx, inst, types, expected)
}

function verifyTailCall(cx: VerifierContext, inst: Inst, sig: SigRef): void {
  const { func } = cx
  const callee = func.signatures[sig]
  if (callee.callConv !== 'tail')
    cx.atInst(inst, `calling convention \`${callee.callConv}\` does not support tail calls`)
  if (callee.callConv !== func.signature.callConv) cx.atInst(inst, "callee's calling convention must match caller")
  if (callee.returns.length !== func.signature.returns.length) cx.atInst(inst, 'results of callee must match caller')
  else
    verifyTypesMatch(
      cx,
      inst,
      callee.returns.map((r) => r.type),
      func.signature.returns,
    )
}

function verifyCallArgs(cx: VerifierContext, inst: Inst, sig: SigRef): void {
  const { func } = cx
  const expected = func.signatures[sig].params
  const skip = opNumOperands[func.op[inst]] // the callee of an indirect call
  const got = func.numArgs(inst) - skip
  if (got !== expected.length) {
    cx.atInst(inst, `mismatched argument count for \`${callText(cx, inst)}\`: got ${got}, expected ${expected.length}`)
    return
  }
  expected.forEach((p, i) => {
    const v = func.pool.data[func.args[inst] + skip + i]
    const t = func.valType[v] as Type
    if (t !== p.type) cx.atInst(inst, `arg ${i} (v${v}) has type ${typeName(t)}, expected ${typeName(p.type)}`)
  })
}

function verifyPatchable(cx: VerifierContext, inst: Inst): void {
  const callee = cx.func.extFuncs[cx.func.imm0[inst]]
  if (!callee.patchable) return
  if (cx.func.op[inst] === Op.return_call) cx.atInst(inst, 'a tail call cannot be patchable')
  if (!callee.colocated) cx.atInst(inst, 'patchable call to non-colocated function')
  if (cx.func.signatures[callee.signature].returns.length > 0)
    cx.atInst(inst, 'patchable call cannot occur to a function with return values')
}

/** Number of pointers that an exception brings to its handler, by the convention of the callee; 0 where it cannot. */
export function exceptionPayloads(conv: CallConv): number {
  return conv === 'tail' || conv === 'system_v' || conv === 'winch' || conv === 'preserve_all' ? 2 : 0
}

/** False where the table is not of the callee, so that checking the arguments would only repeat it. */
function verifyTryCall(cx: VerifierContext, inst: Inst, sig: SigRef): boolean {
  const { func } = cx
  const table = func.exceptionTables[func.imm1[inst]]
  if (table.signature !== sig && !sameShape(cx, table.signature, sig)) {
    cx.atInst(
      inst,
      `exception table signature sig${table.signature} did not match function fn${func.imm0[inst]}'s signature sig${sig}`,
    )
    return false
  }
  const { callConv, returns } = func.signatures[table.signature]
  const payloads = exceptionPayloads(callConv)
  if (payloads === 0) cx.atInst(inst, `calling convention \`${callConv}\` of callee does not support exceptions`)
  const exns = new Array<Type>(payloads).fill(cx.pointerType ?? I64)
  const rets = returns.map((r) => r.type)
  verifyTarget(cx, inst, table.normal, rets, [], 'normal')
  for (const item of table.items) if (item.kind !== 'context') verifyTarget(cx, inst, item.target, [], exns, 'handler')
  return true
}

function sameShape(cx: VerifierContext, a: SigRef, b: SigRef): boolean {
  const x = cx.func.signatures[a]
  const y = cx.func.signatures[b]
  const same = (p: readonly AbiParam[], q: readonly AbiParam[]): boolean =>
    p.length === q.length &&
    p.every((v, i) => v.type === q[i].type && v.extension === q[i].extension && v.purpose === q[i].purpose)
  return x.callConv === y.callConv && same(x.params, y.params) && same(x.returns, y.returns)
}

function verifyHandlerAddress(cx: VerifierContext, inst: Inst): void {
  const { func } = cx
  const block = func.imm0[inst]
  const index = func.imm1[inst]
  const last = func.lastInst[block]
  const format = last < 0 ? -1 : opFormat[func.op[last]]
  if (format !== F.TryCall && format !== F.TryCallIndirect) {
    cx.atInst(inst, `referenced block block${block} does not end in a try_call`)
    return
  }
  const handlers = func.exceptionTables[func.imm1[last]].items.filter((i) => i.kind !== 'context').length
  if (index < 0) cx.atInst(inst, `exception handler index ${index} cannot be negative`)
  else if (index >= handlers) cx.atInst(inst, `exception handler index ${index} is out-of-range`)
}
