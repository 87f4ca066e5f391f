// Types of what modules import and export, their text, and when one may stand for another.
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  type FuncType,
  type GlobalType,
  I32,
  I64,
  V128,
  type Limits,
  type MemoryType,
  pageBytes,
  type TableType,
  type ValType,
  valTypeName,
  WASM_PAGE_SIZE,
} from '@k23/frontend-wasm/runtime-abi'

export type ExternType =
  | { readonly kind: 'func'; readonly type: FuncType }
  | { readonly kind: 'memory'; readonly type: MemoryType }
  | { readonly kind: 'table'; readonly type: TableType }
  | { readonly kind: 'global'; readonly type: GlobalType }

export type ValTypeName = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref'

const byName: Readonly<Record<ValTypeName, ValType>> = {
  i32: I32,
  i64: I64,
  f32: F32,
  f64: F64,
  v128: V128,
  funcref: FUNCREF,
  externref: EXTERNREF,
}

/** The value type with this name. */
export function valType(name: ValTypeName): ValType {
  const t = byName[name]
  if (t === undefined)
    throw new TypeError(`there is no value type ${name}: write one of ${Object.keys(byName).join(', ')}`)
  return t
}

/** `funcType(['i32', 'i64'], ['i32'])` */
export function funcType(params: readonly ValTypeName[], results: readonly ValTypeName[] = []): FuncType {
  return { params: params.map(valType), results: results.map(valType) }
}

/** The same text for two types exactly where they are equal. */
export function funcTypeText(t: FuncType): string {
  return `(${t.params.map(valTypeName).join(' ')}) -> (${t.results.map(valTypeName).join(' ')})`
}

function limitsText(l: Limits): string {
  return `${l.index === I64 ? 'i64 ' : ''}${l.min}${l.max === undefined ? '' : ` ${l.max}`}`
}

export function externTypeText(t: ExternType): string {
  switch (t.kind) {
    case 'func':
      return `func ${funcTypeText(t.type)}`
    case 'memory': {
      const bytes = pageBytes(t.type)
      return `memory ${limitsText(t.type)}${bytes === WASM_PAGE_SIZE ? '' : ` (pagesize ${bytes})`}`
    }
    case 'table':
      return `table ${limitsText(t.type)} ${valTypeName(t.type.element)}`
    case 'global':
      return `global ${t.type.mutable ? `(mut ${valTypeName(t.type.type)})` : valTypeName(t.type.type)}`
  }
}

/** Whether what has `found` may be imported as `expected`; a memory's or table's `found.min` is its size now. */
export function matchesImport(found: ExternType, expected: ExternType): boolean {
  if (expected.kind === 'func') return found.kind === 'func' && funcTypeText(found.type) === funcTypeText(expected.type)
  if (expected.kind === 'memory') {
    return (
      found.kind === 'memory' &&
      pageBytes(found.type) === pageBytes(expected.type) &&
      limitsMatch(found.type, expected.type)
    )
  }
  if (expected.kind === 'table') {
    return (
      found.kind === 'table' && found.type.element === expected.type.element && limitsMatch(found.type, expected.type)
    )
  }
  return (
    found.kind === 'global' && found.type.type === expected.type.type && found.type.mutable === expected.type.mutable
  )
}

function limitsMatch(found: Limits, expected: Limits): boolean {
  if (found.index !== expected.index || found.min < expected.min) return false
  return expected.max === undefined || (found.max !== undefined && found.max <= expected.max)
}
