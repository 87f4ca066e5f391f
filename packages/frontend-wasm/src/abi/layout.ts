// The memory that generated code and the kernel share: field offsets in bytes, little-endian, pointers of 64 bits.
//
// vmctx (one per instance, 16-byte aligned)
//    0  u32  magic (VMCTX_MAGIC)
//    8  ptr  the hart's cells
//   16  ptr  builtins: reserved for a table of guest routines (memcpy, memset); 0 for now
//   24  ptr  type ids: u32 by type index of the module, the engine's canonical id of that type (shared by all instances of the module)
//   32  ...  per module, see vmctxLayout
//
// host record (one per imported host function of a store; what a host function's callee vmctx points at)
//    0  u32  magic (HOST_RECORD_MAGIC)
//    8  ptr  the hart's cells
//   16  u32  number: HOST_FUNCTION_BASE + n, given to the host-call stub
//
// Both begin alike, so that code handed either finds the cells at the same place.
import type { ModuleInfo } from '../module.ts'

export const VMCTX_MAGIC = 0x76_6d_63_78
export const HOST_RECORD_MAGIC = 0x68_6f_73_74

export const VMCTX_MAGIC_OFFSET = 0
export const VMCTX_CELLS = 8
export const VMCTX_BUILTINS = 16
export const VMCTX_TYPE_IDS = 24
export const VMCTX_FIXED_SIZE = 32

export const HOST_RECORD_NUMBER = 16
export const HOST_RECORD_SIZE = 32

// ---- the hart's cells (one per hart)
/** Lowest address that a frame may reach; entry checks compare the stack pointer with it. */
export const CELLS_STACK_LIMIT = 0
/** i64: remaining fuel; counted down by code compiled with fuel, and negative where it is used up. */
export const CELLS_FUEL = 8
/** Address of the epoch, a u64 that may be advanced at any time. */
export const CELLS_EPOCH_POINTER = 16
/** u64: code compiled with epochs stops where the epoch is not below. */
export const CELLS_EPOCH_DEADLINE = 24
/** Address of the machine's host-call stub: system_v (number i64, block ptr). */
export const CELLS_HOST_CALL_STUB = 32
/** Where guest code was left last: for machines whose stub switches stacks; others answer from the hart's registers. */
export const CELLS_LAST_EXIT_PC = 40
export const CELLS_LAST_EXIT_FP = 48
export const CELLS_SIZE = 64

// ---- a function reference: a pointer to this record; null is 0
export const FUNCREF_CODE = 0
export const FUNCREF_VMCTX = 8
/** u32: the engine's canonical type id. */
export const FUNCREF_TYPE_ID = 16
export const FUNCREF_SIZE = 24

// ---- an imported function's entry in vmctx
export const IMPORT_CODE = 0
export const IMPORT_VMCTX = 8
export const IMPORT_SIZE = 16

// ---- a memory's definition (in the vmctx of the instance that owns it)
export const MEMORY_BASE = 0
/** u64: current length in bytes. */
export const MEMORY_LENGTH = 8
export const MEMORY_SIZE = 16

// ---- a table's definition
export const TABLE_BASE = 0
/** u64: current length in elements. */
export const TABLE_LENGTH = 8
export const TABLE_SIZE = 16
/** Bytes of a table element: a function reference, or an extern handle (0 is null). */
export const TABLE_ELEMENT_SIZE = 8
/**
 * With lazy tables an element of a table of funcref is 0 where the kernel has not been asked for its value yet (the builtin table_get), and else
 * the reference with this bit (references are aligned, null is the bit alone).
 */
export const TABLE_INITIALIZED = 1

/** Bytes of a global's cell, its address 16-byte aligned. */
export const GLOBAL_SIZE = 16

// ---- argument blocks: slots of 16 bytes, a value in the low bytes of its slot
export const SLOT_SIZE = 16
/** Host-call block: slot 0 is the caller's vmctx (a host record's, where a host function is entered directly); arguments, and afterwards results, from slot 1. */
export const HOST_BLOCK_CALLER = 0
export const HOST_BLOCK_FIRST = 1
/** Entry block: arguments, and afterwards results, from slot 0. */
export const ENTRY_BLOCK_FIRST = 0

/** The guard strategy: a memory with 32-bit addresses lies in so much address space and never moves, and so much more behind it is never mapped. */
export const MEMORY_RESERVATION: number = 2 ** 32
export const MEMORY_GUARD: number = 2 ** 31

/** Bytes of a page of wasm memory. */
export const WASM_PAGE_SIZE = 65536

/** Offsets in vmctx, in bytes, by index in the module's index spaces (imports first). */
export interface VmctxLayout {
  /** Bytes in all; a multiple of 16. */
  size: number
  /** Memory: its definition (MEMORY_SIZE bytes), or for an import a pointer to the owner's definition. */
  memories: number[]
  /** Global: its cell (GLOBAL_SIZE bytes), or for an import a pointer to the owner's cell. */
  globals: number[]
  /** Table: its definition (TABLE_SIZE bytes), or for an import a pointer to the owner's definition. */
  tables: number[]
  /** By imported function: IMPORT_SIZE bytes. */
  imports: number[]
  /** By function index: a function reference (FUNCREF_SIZE bytes), or -1 where the function never becomes one. */
  funcRefs: number[]
  /** One byte each, 1 once the segment is dropped: element segments, then data segments. */
  droppedElements: number
  droppedData: number
}

/** The layout of an instance's vmctx: a function of the module alone. */
export function vmctxLayout(info: ModuleInfo): VmctxLayout {
  let at = VMCTX_FIXED_SIZE
  const place = (size: number, align: number): number => {
    at = (at + align - 1) & -align
    const offset = at
    at += size
    return offset
  }
  const space = (count: number, imported: number, size: number): number[] => {
    const offsets: number[] = []
    for (let i = 0; i < count; i++) offsets.push(i < imported ? place(8, 8) : place(size, 16))
    return offsets
  }
  const memories = space(info.memories.length, info.numImportedMemories, MEMORY_SIZE)
  const globals = space(info.globals.length, info.numImportedGlobals, GLOBAL_SIZE)
  const tables = space(info.tables.length, info.numImportedTables, TABLE_SIZE)
  const imports: number[] = []
  for (let i = 0; i < info.numImportedFunctions; i++) imports.push(place(IMPORT_SIZE, 8))
  const funcRefs: number[] = new Array(info.functions.length).fill(-1)
  for (const f of info.funcRefs) funcRefs[f] = place(FUNCREF_SIZE, 8)
  const droppedElements = place(info.elements.length, 1)
  const droppedData = place(info.data.length, 1)
  return { size: (at + 15) & -16, memories, globals, tables, imports, funcRefs, droppedElements, droppedData }
}
