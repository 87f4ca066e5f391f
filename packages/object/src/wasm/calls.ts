// Functions between C and wasm: one for each exported function, by which C calls it, and one for each imported function, by which wasm calls C.
//
// More than one result: C's function has a last parameter, the address of 16-byte slots for them, and gives nothing back.
import { Routine } from '@k23/codegen'
import { clifType, type FuncType, wasmSignature } from '@k23/frontend-wasm'
import { I32, SLOT_SIZE, V128 } from '@k23/frontend-wasm/runtime-abi'
import { abiParam, type Func, I64, type Signature, type Value } from '@k23/ir'
import * as p from './plan.ts'

/** A C int comes sign-extended where the convention wants it extended at all (RISC-V psABI, "Integer Calling Convention"). */
function cParam(t: number): Signature['params'][number] {
  return t === I32 ? abiParam(clifType(t), { extension: 'sext' }) : abiParam(clifType(t))
}

const manyResults = (t: FuncType): boolean => t.results.length > 1

/** A function type as C has it. */
export function cSignature(t: FuncType): Signature {
  const params = t.params.map(cParam)
  if (manyResults(t)) params.push(abiParam(I64))
  return { params, returns: manyResults(t) ? [] : t.results.map(cParam), callConv: 'system_v' }
}

/** Whether C has the types of a function. */
export function cTypes(t: FuncType): boolean {
  return !t.params.includes(V128) && !t.results.includes(V128)
}

function address(r: Routine, name: string): Value {
  const gv = r.b.createGlobalValue({
    kind: 'symbol',
    name: { kind: 'testcase', name },
    offset: 0n,
    colocated: true,
    tls: false,
  })
  return r.ins.symbol_value(I64, gv)
}

/** Calls wasm function `index` of the instance: its results. */
export function callWasm(r: Routine, plan: p.Plan, index: number, instance: Value, args: readonly Value[]): Value[] {
  const { info } = plan
  const type = info.types[info.functions[index]]
  const name =
    index < info.numImportedFunctions
      ? ({ kind: 'testcase', name: p.importName(index) } as const)
      : ({ kind: 'user', ref: r.func.declareUserName({ namespace: 0, index }) } as const)
  const call = r.ins.call(r.b.importFunction(name, wasmSignature(type), true), [instance, instance, ...args])
  return type.results.map((_, i) => r.func.result(call, i))
}

/** system_v (params...) -> results: calls the wasm function. */
export function exportFunction(plan: p.Plan, name: string, index: number): Func {
  const { info } = plan
  const type = info.types[info.functions[index]]
  const r = new Routine(p.exportName(name), cSignature(type))
  const results = callWasm(r, plan, index, address(r, p.INSTANCE), r.args.slice(0, type.params.length))
  if (!manyResults(type)) r.return(...results)
  else {
    const slots = r.args[type.params.length]
    results.forEach((x, i) => r.store(x, slots, i * SLOT_SIZE))
    r.return()
  }
  return r.done()
}

/** tail (callee vmctx, caller vmctx, params...) -> results: calls the function of the import's name. */
export function importFunction(plan: p.Plan, index: number): Func {
  const { info } = plan
  const type = info.types[info.functions[index]]
  const r = new Routine(p.importName(index), wasmSignature(type))
  const name = p.importSymbol(p.importOf(info, 'func', index))
  const callee = r.b.importFunction({ kind: 'testcase', name }, cSignature(type), false)
  const args = r.args.slice(2)
  if (!manyResults(type)) {
    const call = r.ins.call(callee, args)
    r.return(...type.results.map((_, i) => r.func.result(call, i)))
  } else {
    const slots = r.ins.stack_addr(I64, r.b.createStackSlot(type.results.length * SLOT_SIZE, 4))
    r.ins.call(callee, [...args, slots])
    r.return(...type.results.map((t, i) => r.load(clifType(t), slots, i * SLOT_SIZE)))
  }
  return r.done()
}
