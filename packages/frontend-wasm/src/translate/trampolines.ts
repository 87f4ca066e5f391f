// The two ways between wasm functions and what is outside: one function per signature.
import { Func, FunctionBuilder, I32, I64, type Type, type Value } from '@k23/ir'
import { ENTRY_BLOCK_FIRST, HOST_RECORD_NUMBER, SLOT_SIZE, VMCTX_CELLS } from '../abi/layout.ts'
import type { FuncType } from '../module.ts'
import { CONSTANT_DATA, PRIVATE } from './flags.ts'
import { emitHostCall, hostBlockBytes, hostBlockSlot } from './host-call.ts'
import { clifType, entrySignature, wasmSignature } from './signatures.ts'

/** Namespace of entry trampolines in CLIF names. */
export const ENTRY_NAMESPACE = 1
/** Namespace of host trampolines in CLIF names. */
export const HOST_NAMESPACE = 2

function begin(func: Func): FunctionBuilder {
  const b = new FunctionBuilder(func)
  const entry = b.createBlock()
  b.appendBlockParamsForFunctionParams(entry)
  b.switchToBlock(entry)
  b.sealBlock(entry)
  return b
}

/**
 * system_v (vmctx, code, block), named u1:`index`: calls the wasm function at `code` with `vmctx` as callee's and caller's, arguments from the
 * block's slots, and stores the results there. `vmctx` may be a host record.
 */
export function entryTrampoline(type: FuncType, index = 0): Func {
  const func = new Func({ kind: 'user', namespace: ENTRY_NAMESPACE, index }, entrySignature())
  const b = begin(func)
  const [vmctx, code, block] = b.blockParams(b.currentBlock as Parameters<FunctionBuilder['blockParams']>[0])
  const offset = (i: number): number => (ENTRY_BLOCK_FIRST + i) * SLOT_SIZE
  const args = type.params.map((t, i) => b.ins.load(clifType(t), PRIVATE, block, offset(i)))
  const call = b.ins.call_indirect(b.importSignature(wasmSignature(type)), code, [vmctx, vmctx, ...args])
  type.results.forEach((_, i) => b.ins.store(PRIVATE, func.result(call, i), block, offset(i)))
  b.ins.return([])
  b.finalize()
  return func
}

/**
 * tail (host record, caller vmctx, params...) -> results, named u2:`index`: what an import of a host function of this type has as its code.
 */
export function hostTrampoline(type: FuncType, index = 0): Func {
  const func = new Func({ kind: 'user', namespace: HOST_NAMESPACE, index }, wasmSignature(type))
  const b = begin(func)
  const [record, caller, ...args] = b.blockParams(b.currentBlock as Parameters<FunctionBuilder['blockParams']>[0])
  const slot = hostBlockSlot(b, hostBlockBytes(type.params.length, type.results.length))
  const cells = b.ins.load(I64, CONSTANT_DATA, record, VMCTX_CELLS)
  const number: Value = b.ins.uextend(I64, b.ins.load(I32, CONSTANT_DATA, record, HOST_RECORD_NUMBER))
  const results: Type[] = type.results.map(clifType)
  b.ins.return(emitHostCall(b, slot, cells, caller, number, args, results))
  b.finalize()
  return func
}
