// Values between JavaScript and slots of argument blocks, as in the JavaScript API: i32, f32, f64 are numbers, i64 a bigint, funcref a Func or
// null, externref any value (null is the null reference). Elsewhere a value is its bits, zero-extended to 64.
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, type ValType, valTypeName } from '@k23/frontend-wasm/runtime-abi'
import { Func } from './func.ts'
import { getU64, setU64 } from './guest.ts'
import type { Store } from './store.ts'

export type WasmValue = unknown

function wrong(type: ValType, value: unknown): never {
  const found = value === null ? 'null' : typeof value
  const wanted = type === I64 ? 'a bigint' : type === FUNCREF ? 'a Func of the same store or null' : 'a number'
  throw new TypeError(`a value of type ${valTypeName(type)} is given as ${wanted}, found ${found}`)
}

/** Writes a value's bits at `at`. Throws TypeError. */
export function writeValue(store: Store, d: DataView, at: number, type: ValType, value: WasmValue): void {
  if (type === I32 || type === F32 || type === F64) {
    if (typeof value !== 'number') wrong(type, value)
    if (type === I32) d.setInt32(at, value, true)
    else if (type === F32) d.setFloat32(at, value, true)
    else d.setFloat64(at, value, true)
  } else if (type === I64) {
    if (typeof value !== 'bigint') wrong(type, value)
    d.setBigInt64(at, value, true)
  } else setU64(d, at, refOfValue(store, type, value))
}

export function readValue(store: Store, d: DataView, at: number, type: ValType): WasmValue {
  if (type === I32) return d.getInt32(at, true)
  if (type === I64) return d.getBigInt64(at, true)
  if (type === F32) return d.getFloat32(at, true)
  if (type === F64) return d.getFloat64(at, true)
  return valueOfRef(store, type, getU64(d, at))
}

/** A reference as it stands in guest memory. */
export function refOfValue(store: Store, type: ValType, value: WasmValue): number {
  if (value === null) return 0
  if (type === EXTERNREF) return store.externNumber(value)
  if (!(value instanceof Func) || value.store !== store) wrong(type, value)
  return value.ref
}

export function valueOfRef(store: Store, type: ValType, ref: number): WasmValue {
  if (ref === 0) return null
  return type === EXTERNREF ? store.externValue(ref) : store.funcAt(ref)
}

const scratch = new DataView(new ArrayBuffer(8))

export function bitsOfValue(store: Store, type: ValType, value: WasmValue): bigint {
  scratch.setBigInt64(0, 0n, true)
  writeValue(store, scratch, 0, type, value)
  return scratch.getBigUint64(0, true)
}

export function valueOfBits(store: Store, type: ValType, bits: bigint): WasmValue {
  scratch.setBigUint64(0, bits, true)
  return readValue(store, scratch, 0, type)
}

/** The bits at `at` of a value of this type. */
export function readBits(d: DataView, at: number, type: ValType): bigint {
  return type === I32 || type === F32 ? BigInt(d.getUint32(at, true)) : d.getBigUint64(at, true)
}
