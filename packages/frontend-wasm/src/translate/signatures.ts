// Wasm types as CLIF types and signatures.
import { abiParam, type CallConv, F32, F64, I32, I64, type Signature, signature, type Type } from '@k23/ir'
import * as wasm from '../module.ts'
import { VECTOR } from './simd.ts'

const clifTypes: Type[] = []
clifTypes[wasm.I32] = I32
clifTypes[wasm.I64] = I64
clifTypes[wasm.F32] = F32
clifTypes[wasm.F64] = F64
clifTypes[wasm.V128] = VECTOR
clifTypes[wasm.FUNCREF] = I64
clifTypes[wasm.EXTERNREF] = I64

/** The CLIF type of a value type; references are addresses. */
export function clifType(t: wasm.ValType): Type {
  return clifTypes[t]
}

/** tail (callee vmctx, caller vmctx, params...) -> results */
export function wasmSignature(t: wasm.FuncType): Signature {
  const params = [abiParam(I64, { purpose: 'vmctx' }), abiParam(I64)]
  for (const p of t.params) params.push(abiParam(clifType(p)))
  return { params, returns: t.results.map((r) => abiParam(clifType(r))), callConv: 'tail' }
}

const MACHINE: CallConv = 'system_v'

/** The host-call stub: system_v (number, block). */
export function hostCallSignature(): Signature {
  return signature([I64, I64], [], MACHINE)
}

/** What a machine enters: system_v (vmctx, code, block). */
export function entrySignature(): Signature {
  return signature([I64, I64, I64], [], MACHINE)
}
