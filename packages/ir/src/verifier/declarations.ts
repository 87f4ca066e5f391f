// Signatures, global values, alias regions.
import type { GlobalValue } from '../entities.ts'
import type { GlobalValueData } from '../function.ts'
import type { AbiParam, Signature } from '../signature.ts'
import { isInt, type Type, typeName } from '../types.ts'
import type { VerifierContext } from './context.ts'

export function verifyDeclarations(cx: VerifierContext): void {
  const { func } = cx
  verifySignature(cx, func.signature, 'function')
  func.signatures.forEach((sig, i) => verifySignature(cx, sig, `sig${i}`))
  func.extFuncs.forEach((f, i) => {
    // The parser fills gaps between declared numbers with functions without a signature; using one is an error of references.ts.
    if (f.signature >= 0 && func.signatures[f.signature] === undefined)
      cx.at(`fn${i}`, `undefined signature sig${f.signature}`)
  })
  verifyGlobals(cx)
  const ids = new Set<number>()
  func.aliasRegions.forEach((r, i) => {
    if (ids.has(r.userId)) cx.at(`region${i}`, `duplicate alias region user_id ${r.userId}`)
    ids.add(r.userId)
  })
  if (func.stackLimit !== undefined && func.globalValues[func.stackLimit] === undefined)
    cx.at('function', `stack limit: undefined global value gv${func.stackLimit}`)
}

function verifySignature(cx: VerifierContext, sig: Signature, entity: string): void {
  const check = (params: readonly AbiParam[], what: string): void =>
    params.forEach((p, i) => {
      if (p.extension !== 'none' && !isInt(p.type)) {
        const extension = p.extension === 'sext' ? 'Sext' : 'Uext'
        cx.at(entity, `${what} at position ${i} has invalid extension ${extension}`)
      }
    })
  check(sig.params, 'Parameter')
  check(sig.returns, 'Return value')
  if (sig.callConv === 'preserve_all' && sig.returns.length > 0)
    cx.at(entity, 'Signature with `preserve_all` ABI cannot have return values')
}

/** Type of a global value's content, undefined where it depends on an unknown pointer type. */
export function globalType(cx: VerifierContext, data: GlobalValueData): Type | undefined {
  return data.kind === 'vmctx' || data.kind === 'symbol' ? cx.pointerType : data.type
}

function verifyGlobals(cx: VerifierContext): void {
  const { func } = cx
  let cycleSeen = false
  func.globalValues.forEach((data, i) => {
    const seen: number[] = [i]
    let current: GlobalValueData | undefined = data
    while (current !== undefined && (current.kind === 'load' || current.kind === 'iadd_imm')) {
      const base: GlobalValue = current.base
      if (seen.includes(base)) {
        // A cycle would be found again from each of its members.
        if (!cycleSeen) cx.at(`gv${i}`, `global value cycle: [${seen.map((g) => `gv${g}`).join(', ')}]`)
        cycleSeen = true
        return
      }
      seen.push(base)
      current = func.globalValues[base]
    }
    if (current === undefined) {
      cx.at(`gv${i}`, `undefined global value gv${seen.at(-1)}`)
      return
    }
    if (data.kind === 'vmctx' && !func.signature.params.some((p) => p.purpose === 'vmctx'))
      cx.at(`gv${i}`, 'undeclared vmctx reference')
    if (data.kind === 'iadd_imm') {
      const base = globalType(cx, func.globalValues[data.base])
      if (base !== undefined && base !== data.type)
        cx.at(
          `gv${i}`,
          `iadd_imm type ${typeName(data.type)} differs from the type ${typeName(base)} of gv${data.base}`,
        )
    }
    if (data.kind === 'load' && cx.pointerType !== undefined) {
      const base = globalType(cx, func.globalValues[data.base])
      if (base !== undefined && base !== cx.pointerType)
        cx.at(
          `gv${i}`,
          `base gv${data.base} has type ${typeName(base)}, which is not the pointer type ${typeName(cx.pointerType)}`,
        )
    }
  })
}
