// Values of spec scripts: arguments from their text, and whether a result is the expected one.
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, V128, type ValType } from '@k23/frontend-wasm/runtime-abi'
import type { Func } from './func.ts'
import type { Store } from './store.ts'
import { bitsOfValue, valueOfBits } from './values.ts'

export interface SpecValue {
  readonly type: string
  /** Bits in decimal, `null`, `nan:canonical`, `nan:arithmetic`; absent: any value of the type. An array: the lanes of a v128. */
  readonly value?: string | readonly string[]
  /** Of a v128. */
  readonly lane_type?: string
  /** Type `either`. */
  readonly values?: readonly SpecValue[]
}

/** A command that cannot be run here. */
export class Skip {
  readonly reason: string
  constructor(reason: string) {
    this.reason = reason
  }
}

const types: Readonly<Record<string, ValType>> = {
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
  v128: V128,
  funcref: FUNCREF,
  externref: EXTERNREF,
}

/** Bits of a number, or of a lane. */
const widths: Readonly<Record<string, number>> = { i8: 8, i16: 16, i32: 32, i64: 64, f32: 32, f64: 64 }

function bitsIn(type: string, text: string): bigint {
  return BigInt.asUintN(widths[type], BigInt(text))
}

/** Lanes with the bits of each, lane 0 first. */
function lanesOf(v: SpecValue): { type: string; width: number; texts: readonly string[] } {
  const type = v.lane_type ?? ''
  const width = widths[type]
  const texts = v.value
  if (width === undefined || !Array.isArray(texts) || texts.length * width !== 128)
    throw new Skip(`a v128 of ${v.lane_type} lanes`)
  return { type, width, texts }
}

export function argument(store: Store, v: SpecValue): bigint {
  const type = types[v.type]
  if (type === V128) {
    const { type: lane, width, texts } = lanesOf(v)
    return texts.reduceRight((bits, t) => (bits << BigInt(width)) | bitsIn(lane, t), 0n)
  }
  if (type === undefined || typeof v.value !== 'string') throw new Skip(`a value of type ${v.type}`)
  if (v.value === 'null') return 0n
  if (type === FUNCREF) throw new Skip('a funcref that is not null as an argument')
  return type === EXTERNREF ? bitsOfValue(store, EXTERNREF, `host ${v.value}`) : bitsIn(v.type, v.value)
}

/** Types of expected values that only null has. */
const NULLS = ['refnull', 'nullref', 'nullfuncref', 'nullexternref']

export function matches(store: Store, type: ValType, found: bigint, e: SpecValue): boolean {
  if (e.type === 'either') return (e.values ?? []).some((v) => matches(store, type, found, v))
  if (NULLS.includes(e.type)) return found === 0n
  const expected = types[e.type]
  if (expected === undefined) throw new Skip(`a value of type ${e.type}`)
  if (expected !== type) return false
  if (type === V128) {
    const { type: lane, width, texts } = lanesOf(e)
    return texts.every((t, i) => matchesNumber(lane, BigInt.asUintN(width, found >> BigInt(i * width)), t))
  }
  if (Array.isArray(e.value)) throw new Skip(`a value of type ${e.type} with lanes`)
  const value = e.value as string | undefined
  if (type === FUNCREF || type === EXTERNREF) {
    if (value === undefined) return found !== 0n
    if (value === 'null') return found === 0n
    if (type === EXTERNREF) return valueOfBits(store, type, found) === `host ${value}`
    // A function by its index in its own module.
    if (found === 0n) return false
    const f = valueOfBits(store, type, found) as Func
    return store.instanceAt(f.vmctx)?.funcByIndex(Number(value)) === f
  }
  return value === undefined || matchesNumber(e.type, found, value)
}

function matchesNumber(type: string, found: bigint, value: string): boolean {
  if (value === 'nan:canonical' || value === 'nan:arithmetic') return isNan(type, found, value === 'nan:canonical')
  return found === bitsIn(type, value)
}

/** Canonical: exactly the quiet bit is set in the payload; arithmetic: at least that. The sign is free. */
function isNan(type: string, bits: bigint, canonical: boolean): boolean {
  const magnitude = type === 'f32' ? 0x7fff_ffffn : 0x7fff_ffff_ffff_ffffn
  const quiet = type === 'f32' ? 0x7fc0_0000n : 0x7ff8_0000_0000_0000n
  return canonical ? (bits & magnitude) === quiet : (bits & quiet) === quiet
}
