// What the object of a wasm module holds besides its code, decided once: names, and the state of the one instance that an object is.
//
// An object is a module with an instance: its vmctx, memories and tables are data of the object, and code finds them by their addresses. In C:
//
//   PREFIX_init()          instantiates: memories, tables, globals, segments, the start function; called once, before anything else
//   PREFIX_NAME            for each export NAME: a function, with the parameters that it has in wasm; what it gives beyond one result goes to 16-byte slots whose
//                          address is a last parameter. A memory is struct { unsigned char *base; unsigned long bytes; }, a table struct { void **base;
//                          unsigned long elements; }, a global its value.
//   MODULE_NAME            is what the object wants for each import NAME from MODULE: the same things, as their owner has them
//   PREFIX_stack_limit     unsigned long: functions trap that would reach below this address. 0 at first
//
// PREFIX is the input's name. What is no letter, digit or underscore in a name is `_` and its code in hexadecimal.
import type { CompiledModule, WasmMetadata } from '@k23/codegen'
import {
  type ExternKind,
  I64,
  type ModuleInfo,
  V128,
  type VmctxLayout,
  vmctxLayout,
} from '@k23/frontend-wasm/runtime-abi'

// Names of the object's own data and functions, as code refers to them.
export const INSTANCE = 'instance'
export const CELLS = 'cells'
export const TYPE_IDS = 'type_ids'
export const MEMORIES = 'memories'
export const TABLES = 'tables'
export const DATA_SEGMENTS = 'data_segments'
export const ELEMENT_SEGMENTS = 'element_segments'
export const HOST_CALL = 'host_call'
export const INIT = 'init'
export const importName = (index: number): string => `import[${index}]`
export const exportName = (name: string): string => `export ${name}`
export const tableName = (index: number): string => `table[${index}]`
export const elementName = (index: number): string => `elements[${index}]`
/** CLIF's name of a wasm function. */
export const functionText = (index: number): string => `u0:${index}`

// ---- rows of MEMORIES: where the definition is, and how many bytes it may have
export const MEMORY_ROW_BYTES = 16
export const MEMORY_ROW_MOST = 8
// ---- rows of TABLES: where the definition is, elements that it may have, room for elements, whether that room was mapped
export const TABLE_ROW_BYTES = 32
export const TABLE_ROW_MOST = 8
export const TABLE_ROW_CAPACITY = 16
export const TABLE_ROW_MAPPED = 24
// ---- rows of DATA_SEGMENTS and ELEMENT_SEGMENTS: address, and length in bytes or elements
export const SEGMENT_ROW_BYTES = 16
export const SEGMENT_ROW_LENGTH = 8

const MAX_PAGES = 65536
/** What a memory with 64-bit addresses can grow to: address space is reserved for it. */
const MAX_PAGES_64 = 1 << 18
/** As the kernel. */
const MAX_ELEMENTS = 10_000_000

export interface Plan {
  readonly module: CompiledModule
  readonly wasm: WasmMetadata
  readonly info: ModuleInfo
  readonly layout: VmctxLayout
  readonly prefix: string
}

/** Throws RangeError for what an object cannot be made of. */
export function planOf(module: CompiledModule, prefix: string): Plan {
  const { wasm } = module
  if (wasm === undefined) throw new RangeError('only what was compiled from WebAssembly has an instance')
  if (wasm.needs.lazyTables) throw new RangeError('an object cannot have lazy tables: set wasm_lazy_tables=false')
  const { info } = wasm
  for (const i of info.imports)
    if (
      i.kind === 'func' &&
      info.types[info.functions[i.index]].params.concat(info.types[info.functions[i.index]].results).includes(V128)
    )
      throw new RangeError(
        `the import ${i.module}.${i.name} has a parameter or result of type v128, which C would not know`,
      )
  return { module, wasm, info, layout: vmctxLayout(info), prefix }
}

/** A name that C takes. */
export function cName(text: string): string {
  return text.replaceAll(/[^A-Za-z0-9_]/gu, (c) => `_${(c.codePointAt(0) as number).toString(16)}`)
}

export const exportSymbol = (plan: Plan, name: string): string => `${plan.prefix}_${cName(name)}`
export const importSymbol = (i: { readonly module: string; readonly name: string }): string =>
  `${cName(i.module)}_${cName(i.name)}`

/** The import that has this index in the index space of its kind. */
export function importOf(info: ModuleInfo, kind: ExternKind, index: number): ModuleInfo['imports'][number] {
  return info.imports.find((i) => i.kind === kind && i.index === index) as ModuleInfo['imports'][number]
}

/** Pages that a memory may have at most. */
export function mostPages(info: ModuleInfo, index: number): number {
  const { max, index: type } = info.memories[index]
  return Math.min(max ?? Number.POSITIVE_INFINITY, type === I64 ? MAX_PAGES_64 : MAX_PAGES)
}

export function mostElements(info: ModuleInfo, index: number): number {
  return Math.min(info.tables[index].max ?? Number.POSITIVE_INFINITY, MAX_ELEMENTS)
}
