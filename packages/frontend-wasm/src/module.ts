// What a module is, apart from its code: plain data, safe to clone, cache and send to a worker. No dependency on the IR, so that a kernel
// reads it without importing a translator.

/** A value type by its byte in the binary format. */
export type ValType = number
export const I32: ValType = 0x7f
export const I64: ValType = 0x7e
export const F32: ValType = 0x7d
export const F64: ValType = 0x7c
export const V128: ValType = 0x7b
export const FUNCREF: ValType = 0x70
export const EXTERNREF: ValType = 0x6f
/** The type of an operand that unreachable code conjures up; in no module. */
export const BOTTOM: ValType = 0

const names = new Map<number, string>([
  [I32, 'i32'],
  [I64, 'i64'],
  [F32, 'f32'],
  [F64, 'f64'],
  [V128, 'v128'],
  [FUNCREF, 'funcref'],
  [EXTERNREF, 'externref'],
  [BOTTOM, 'any type'],
])

export function valTypeName(t: ValType): string {
  return names.get(t) ?? `type 0x${t.toString(16)}`
}
export function isRefType(t: ValType): boolean {
  return t === FUNCREF || t === EXTERNREF
}

export interface FuncType {
  params: ValType[]
  results: ValType[]
}

/** Sizes in units of the thing (pages, elements). Above 2^53 a 64-bit limit is rounded: no machine has room for either value. */
export interface Limits {
  min: number
  /** undefined: none declared. */
  max: number | undefined
  /** The type of an index: I32, or I64 under memory64. */
  index: ValType
}

export interface TableType extends Limits {
  element: ValType
}

export interface MemoryType extends Limits {
  /** log2 of the bytes of a page: 0, or 16 where it is not said (custom page sizes). */
  pageSizeLog2?: number
}

/** Whether the guard strategy can enforce the bounds of a memory of this type: its length is one of machine pages, its index within the reservation. */
export function isGuardable(m: MemoryType): boolean {
  return m.index === I32 && pageBytes(m) === 65536
}

/** Bytes of a page of a memory of this type. */
export function pageBytes(m: MemoryType): number {
  return 2 ** (m.pageSizeLog2 ?? 16)
}

export interface GlobalType {
  type: ValType
  mutable: boolean
}

export type ExternKind = 'func' | 'table' | 'memory' | 'global'

/** `index` is the import's index in the index space of its kind; its type stands there. */
export interface Import {
  module: string
  name: string
  kind: ExternKind
  index: number
}

export interface Export {
  name: string
  kind: ExternKind
  index: number
}

/** One operator of a constant expression in its order of execution. 64-bit values are two int32 words, floats are bit patterns. */
export type ConstOp =
  | { op: 'i32.const'; value: number }
  | { op: 'i64.const'; lo: number; hi: number }
  | { op: 'f32.const'; bits: number }
  | { op: 'f64.const'; lo: number; hi: number }
  | { op: 'v128.const'; words: readonly [number, number, number, number] }
  | { op: 'global.get'; index: number }
  | { op: 'ref.null'; type: ValType }
  | { op: 'ref.func'; index: number }
  | { op: 'i32.add' | 'i32.sub' | 'i32.mul' | 'i64.add' | 'i64.sub' | 'i64.mul' }

export type ConstExpr = ConstOp[]

export interface GlobalDefinition {
  init: ConstExpr
}

export interface ElementSegment {
  mode: 'active' | 'passive' | 'declarative'
  /** Active: the table and the offset in it. */
  table: number
  offset: ConstExpr
  type: ValType
  /** Initial values: function indices, or one expression an element. */
  items: { kind: 'funcs'; indices: number[] } | { kind: 'exprs'; exprs: ConstExpr[] }
}

export interface DataSegment {
  mode: 'active' | 'passive'
  memory: number
  offset: ConstExpr
  /** The segment's bytes: [start, end) of the module. */
  start: number
  end: number
}

export interface CustomSection {
  name: string
  /** The contents behind the name: [start, end) of the module. */
  start: number
  end: number
}

export interface NameSection {
  module: string | undefined
  /** Name of a function by function index. */
  functions: Map<number, string>
}

/** A function body: [start, end) of the module, from its local declarations to its last `end`. */
export interface CodeBody {
  start: number
  end: number
}

/** Everything about a module but the bytes of its code. In every index space, imports come first. */
export interface ModuleInfo {
  types: FuncType[]
  imports: Import[]
  /** Type index by function index. */
  functions: number[]
  tables: TableType[]
  memories: MemoryType[]
  globals: GlobalType[]
  numImportedFunctions: number
  numImportedTables: number
  numImportedMemories: number
  numImportedGlobals: number
  /** Initial value by defined table (index - numImportedTables); undefined for null. */
  tableInits: (ConstExpr | undefined)[]
  /** Initial value by defined global (index - numImportedGlobals). */
  globalInits: ConstExpr[]
  exports: Export[]
  /** Function index of the start function, or undefined. */
  start: number | undefined
  elements: ElementSegment[]
  data: DataSegment[]
  /** Functions that may become function references (exported, in an element segment, named by ref.func outside code): ascending. */
  funcRefs: number[]
  customSections: CustomSection[]
  names: NameSection
}

/** A decoded module: validated but for its function bodies. */
export interface WasmModule {
  bytes: Uint8Array
  info: ModuleInfo
  /** By defined function (function index - numImportedFunctions). */
  bodies: CodeBody[]
  /** The data count section's number, or undefined where the module has none. */
  dataCount: number | undefined
}

/** What the name section calls a function, else its first export; undefined where neither has a name for it. */
export function wasmFunctionName(info: ModuleInfo, index: number): string | undefined {
  return info.names.functions.get(index) ?? info.exports.find((e) => e.kind === 'func' && e.index === index)?.name
}
