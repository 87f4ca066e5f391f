// Values while the interpreter works on them: one unsigned BigInt for all bits, lane 0 lowest. The type is known from the function.
import type { DataValue } from '../text/data-value.ts'
import { bytes as typeBytes, laneBits, laneCount, type Type } from '../types.ts'

export type Bits = bigint

/** The lanes of a value, each unsigned; a scalar is one lane. */
export function split(x: Bits, type: Type): Bits[] {
  if (type < 16) return [x]
  const w = laneBits(type)
  const out: Bits[] = []
  for (let i = 0, n = laneCount(type); i < n; i++) out.push(BigInt.asUintN(w, x >> BigInt(i * w)))
  return out
}

/** A value of `type` from its lanes, of which the low bits count; lanes that are not given are 0. */
export function join(lanes: readonly Bits[], type: Type): Bits {
  const w = laneBits(type)
  let x = 0n
  for (let i = lanes.length - 1; i >= 0; i--) x = (x << BigInt(w)) | BigInt.asUintN(w, lanes[i])
  return x
}

export function signedLanes(x: Bits, type: Type): bigint[] {
  const w = laneBits(type)
  return split(x, type).map((l) => BigInt.asIntN(w, l))
}

/** All ones in `width` bits. */
export function ones(width: number): Bits {
  return (1n << BigInt(width)) - 1n
}

export function fromBytes(bytes: Uint8Array): Bits {
  let x = 0n
  for (let i = bytes.length - 1; i >= 0; i--) x = (x << 8n) | BigInt(bytes[i])
  return x
}

export function toBytes(x: Bits, count: number): Uint8Array {
  const out = new Uint8Array(count)
  for (let i = 0, rest = x; i < count; i++, rest >>= 8n) out[i] = Number(rest & 255n)
  return out
}

export function toDataValue(type: Type, x: Bits): DataValue {
  return { type, bits: toBytes(x, typeBytes(type)) }
}
