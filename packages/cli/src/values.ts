// Wasm values on the command line: arguments by the parameter's type, results as text.
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  I32,
  I64,
  V128,
  type ValType,
  valTypeName,
} from '@k23/frontend-wasm/runtime-abi'
import type { WasmValue } from '@k23/kernel'
import { usage } from './failure.ts'

/** Arguments for a function. Usage errors name the argument and what it should be. */
export function parseArguments(name: string, type: FuncType, texts: readonly string[]): WasmValue[] {
  const { params } = type
  if (texts.length !== params.length)
    throw usage(
      `${name} takes ${count(params.length)}${params.length === 0 ? '' : ` (${params.map(valTypeName).join(', ')})`}, found ${texts.length}`,
    )
  return params.map((t, i) => parseValue(t, texts[i], i + 1))
}

function count(n: number): string {
  return n === 0 ? 'no arguments' : n === 1 ? '1 argument' : `${n} arguments`
}

function parseValue(type: ValType, text: string, position: number): WasmValue {
  const wrong = (expected: string): never => {
    throw usage(`argument ${position} is ${JSON.stringify(text)}, expected ${expected}`)
  }
  if (type === I32 || type === I64) {
    const bits = type === I32 ? 32 : 64
    const value = parseInteger(text)
    if (value === undefined || value < -(1n << BigInt(bits - 1)) || value >= 1n << BigInt(bits))
      return wrong(`an integer of ${bits} bits, such as -1, 42 or 0xff`)
    return type === I32 ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value)
  }
  if (type === F32 || type === F64) {
    const special: Readonly<Record<string, number>> = {
      nan: Number.NaN,
      inf: Number.POSITIVE_INFINITY,
      '-inf': Number.NEGATIVE_INFINITY,
    }
    const value = special[text] ?? (text.trim() === '' ? Number.NaN : Number(text))
    return Number.isNaN(value) && text !== 'nan' ? wrong('a number, such as 1.5, -2e10, inf or nan') : value
  }
  if (type === V128) {
    const value = parseInteger(text)
    if (value === undefined || value < 0n || value >= 1n << 128n)
      return wrong('the 128 bits as a number, lane 0 lowest, such as 0x0000000300000002_0000000100000000')
    return Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
  }
  if (text !== 'null') return wrong(`null: no other ${valTypeName(type)} can be written`)
  return null
}

function parseInteger(text: string): bigint | undefined {
  const m = /^([+-]?)(0x[0-9a-f]+|\d+)$/i.exec(text.replaceAll('_', ''))
  if (m === null) return undefined
  const value = BigInt(m[2])
  return m[1] === '-' ? -value : value
}

/** A result's text; integers are signed. */
export function resultText(type: ValType, value: WasmValue): string {
  if (value === null) return 'null'
  if (type === FUNCREF || type === EXTERNREF) return valTypeName(type)
  if (value instanceof Uint8Array)
    return `0x${[...value]
      .reverse()
      .map((b) => b.toString(16).padStart(2, '0'))
      .join('')}`
  if (typeof value === 'number')
    return Object.is(value, -0)
      ? '-0'
      : Number.isNaN(value)
        ? 'nan'
        : value === Number.POSITIVE_INFINITY
          ? 'inf'
          : value === Number.NEGATIVE_INFINITY
            ? '-inf'
            : String(value)
  return String(value)
}

/** For JSON: numbers where JSON has them exactly, else text. */
export function resultJson(type: ValType, value: WasmValue): unknown {
  return typeof value === 'number' && Number.isFinite(value) && !Object.is(value, -0)
    ? value
    : value === null
      ? null
      : resultText(type, value)
}
