// Values as data: the arguments and results of run commands, vector literals, constants.
import {
  bytes as typeBytes,
  F128,
  isFloatLane,
  isVector,
  laneBits,
  laneCount,
  laneType,
  type Type,
  typeName,
} from '../types.ts'
import { floatFormat, formatF16, formatF32, formatF64, formatF128, parseFloatBits } from './floats.ts'
import { formatInt, parseBig } from './integers.ts'
import { COMMA, EOF, INT, LBRACKET, Lexer, RBRACKET } from './lexer.ts'

/** A value of any type: its bytes, least significant first; lane 0 of a vector comes first. */
export interface DataValue {
  readonly type: Type
  readonly bits: Uint8Array
}

/** True if type and bits are the same (so NaNs with different payloads, and 0.0 and -0.0, differ). */
export function sameDataValue(a: DataValue, b: DataValue): boolean {
  return a.type === b.type && sameBytes(a.bits, b.bits)
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((x, i) => x === b[i])
}

/** The value of type `type` with the low bits of `n`. */
export function dataValue(type: Type, n: bigint | number): DataValue {
  const bits = new Uint8Array(typeBytes(type))
  putBits(bits, 0, bits.length, BigInt(n))
  return { type, bits }
}

function putBits(into: Uint8Array, at: number, count: number, n: bigint): void {
  for (let i = 0, x = n; i < count; i++, x >>= 8n) into[at + i] = Number(x & 255n)
}

/** The bits of a value, or of lane `lane` of a vector, as an unsigned integer. */
export function unsignedBits(v: DataValue, lane?: number): bigint {
  const n = lane === undefined ? v.bits.length : laneBits(v.type) >> 3
  const at = lane === undefined ? 0 : lane * n
  let x = 0n
  for (let i = n - 1; i >= 0; i--) x = (x << 8n) | BigInt(v.bits[at + i])
  return x
}

// ---- reading

/** The bits of a float literal of `type` (a float, or a vector of them); NaN and Inf need no sign. */
export function parseFloatToken(lex: Lexer, type: Type): bigint {
  if (!lex.asFloat()) throw lex.expected(`a float of type ${typeName(laneType(type))}, such as 0x1.8p3, 0.0 or +Inf`)
  const bits = parseFloatBits(lex.slice(), floatFormat(type))
  if (typeof bits === 'string') throw lex.error(`${bits}: \`${lex.slice()}\` as ${typeName(laneType(type))}`)
  lex.next()
  return bits
}

function parseScalarInto(lex: Lexer, type: Type, into: Uint8Array, at: number): void {
  const width = laneBits(type)
  if (isFloatLane(type)) {
    putBits(into, at, width >> 3, parseFloatToken(lex, type))
    return
  }
  if (lex.kind !== INT) throw lex.expected(`an integer of type ${typeName(laneType(type))}`)
  const n = parseBig(lex.slice())
  if (n < -(1n << BigInt(width - 1)) || n >= 1n << BigInt(width))
    throw lex.error(`${lex.slice()} does not fit in ${typeName(laneType(type))}`)
  putBits(into, at, width >> 3, n)
  lex.next()
}

/** The bytes of a hexadecimal integer token: its last digits are byte 0. */
export function parseConstantBytes(lex: Lexer): Uint8Array {
  const text = lex.slice()
  if (lex.kind !== INT || !/^0[xX]/.test(text)) throw lex.expected('hexadecimal bytes, such as 0x0102')
  const digits = text.slice(2).replaceAll('_', '')
  const bytes = new Uint8Array((digits.length + 1) >> 1)
  for (let i = 0; i < bytes.length; i++) {
    const end = digits.length - 2 * i
    bytes[i] = Number.parseInt(digits.slice(Math.max(0, end - 2), end), 16)
  }
  if (bytes.length === 0) throw lex.expected('hexadecimal bytes, such as 0x0102')
  lex.next()
  return bytes
}

/** The bytes of a literal of `type`: `[1 2 3 4]` by lanes, hexadecimal bytes (short ones are extended by zeros), or a float. */
export function parseLanes(lex: Lexer, type: Type): Uint8Array {
  const size = typeBytes(type)
  const bytes = new Uint8Array(size)
  if (lex.kind === LBRACKET) {
    const at = lex.start
    const lanes = laneCount(type)
    const laneSize = laneBits(type) >> 3
    lex.next()
    let n = 0
    for (; lex.kind !== RBRACKET; n++) {
      if (n === lanes) throw lex.errorAt(at, `${typeName(type)} has ${lanes} lanes, more are given`)
      parseScalarInto(lex, type, bytes, n * laneSize)
    }
    if (n !== lanes) throw lex.errorAt(at, `${typeName(type)} has ${lanes} lanes, ${n} given`)
    lex.next()
    return bytes
  }
  if (type === F128) {
    parseScalarInto(lex, type, bytes, 0)
    return bytes
  }
  const at = lex.start
  const raw = parseConstantBytes(lex)
  if (raw.length > size) throw lex.errorAt(at, `${typeName(type)} has ${size} bytes, ${raw.length} given`)
  bytes.set(raw)
  return bytes
}

/** Reads one value of `type`. */
export function readDataValue(lex: Lexer, type: Type): DataValue {
  if (isVector(type)) return { type, bits: parseLanes(lex, type) }
  const bits = new Uint8Array(typeBytes(type))
  parseScalarInto(lex, type, bits, 0)
  return { type, bits }
}

/** Parses the whole of `text` as a value of `type`; throws ParseError. */
export function parseDataValue(text: string, type: Type): DataValue {
  const lex = new Lexer(text)
  const v = readDataValue(lex, type)
  if (lex.kind !== EOF)
    throw lex.kind === COMMA ? lex.error('expected one value') : lex.expected('the end of the value')
  return v
}

// ---- writing

function formatLane(v: DataValue, lane: number): string {
  const type = laneType(v.type)
  const n = unsignedBits(v, lane)
  if (!isFloatLane(type)) return formatInt(BigInt.asIntN(laneBits(type), n))
  switch (laneBits(type)) {
    case 16:
      return formatF16(Number(n))
    case 32:
      return formatF32(Number(n))
    case 64:
      return formatF64(Number(BigInt.asIntN(32, n)), Number(BigInt.asIntN(32, n >> 32n)))
    default:
      return formatF128(v.bits.subarray(lane * 16, lane * 16 + 16))
  }
}

/** `5`, `-0x1.8p0`, `[1 2 3 4]`. */
export function formatDataValue(v: DataValue): string {
  if (!isVector(v.type)) return formatLane(v, 0)
  const lanes: string[] = []
  for (let i = 0, n = v.bits.length / (laneBits(v.type) >> 3); i < n; i++) lanes.push(formatLane(v, i))
  return `[${lanes.join(' ')}]`
}

/** `5`, or `[5, 6]` for several values. */
export function formatDataValues(vs: readonly DataValue[]): string {
  return vs.length === 1 ? formatDataValue(vs[0]) : `[${vs.map(formatDataValue).join(', ')}]`
}
