// Values between JavaScript and slots of argument blocks, as in the JavaScript API: i32, f32, f64 are numbers, i64 a bigint, funcref a Func or
// null, externref any value (null is the null reference); and v128, which that API lacks, is a Uint8Array of 16 bytes, lane 0 first. Elsewhere
// a value is its bits, zero-extended.
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValType, valTypeName } from '@k23/frontend-wasm/runtime-abi'
import { Func } from './func.ts'
import { getU64, setU64 } from './guest.ts'
import type { Store } from './store.ts'

export type WasmValue = unknown

const words: Readonly<Record<ValType, string>> = {
  [I64]: 'a bigint',
  [V128]: 'a Uint8Array of 16 bytes',
  [FUNCREF]: 'a Func of the same store or null',
}

function wrong(type: ValType, value: unknown): never {
  const found = value === null ? 'null' : typeof value
  const wanted = words[type] ?? 'a number'
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
  } else if (type === V128) {
    if (!(value instanceof Uint8Array && value.length === 16)) wrong(type, value)
    new Uint8Array(d.buffer, d.byteOffset + at, 16).set(value)
  } else setU64(d, at, refOfValue(store, type, value))
}

export function readValue(store: Store, d: DataView, at: number, type: ValType): WasmValue {
  if (type === I32) return d.getInt32(at, true)
  if (type === I64) return d.getBigInt64(at, true)
  if (type === F32) return d.getFloat32(at, true)
  if (type === F64) return d.getFloat64(at, true)
  if (type === V128) return new Uint8Array(d.buffer, d.byteOffset + at, 16).slice()
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

const scratch = new DataView(new ArrayBuffer(16))

export function bitsOfValue(store: Store, type: ValType, value: WasmValue): bigint {
  writeValue(store, scratch, 0, type, value)
  return readBits(scratch, 0, type)
}

export function valueOfBits(store: Store, type: ValType, bits: bigint): WasmValue {
  writeBits(scratch, 0, type, bits)
  return readValue(store, scratch, 0, type)
}

/** The bits at `at` of a value of this type. */
export function readBits(d: DataView, at: number, type: ValType): bigint {
  if (type === I32 || type === F32) return BigInt(d.getUint32(at, true))
  const low = d.getBigUint64(at, true)
  return type === V128 ? (d.getBigUint64(at + 8, true) << 64n) | low : low
}

/** Writes the bits of a value of this type; all eight bytes, or sixteen for a v128. */
export function writeBits(d: DataView, at: number, type: ValType, bits: bigint): void {
  d.setBigUint64(at, bits, true)
  if (type === V128) d.setBigUint64(at + 8, bits >> 64n, true)
}
