// Table accesses and indirect calls.
import * as cc from '@k23/ir'
import { ALIGNED, I32, I64, type MemFlags, memFlags, READONLY, type Value } from '@k23/ir'
import {
  FUNCREF_CODE,
  FUNCREF_TYPE_ID,
  FUNCREF_VMCTX,
  TABLE_BASE,
  TABLE_INITIALIZED,
  TABLE_LENGTH,
  VMCTX_TYPE_IDS,
} from '../abi/layout.ts'
import {
  TRAP_BAD_SIGNATURE,
  TRAP_TABLE_OUT_OF_BOUNDS,
  TRAP_UNDEFINED_ELEMENT,
  TRAP_UNINITIALIZED_ELEMENT,
} from '../abi/traps.ts'
import * as wasm from '../module.ts'
import { CONSTANT_DATA } from './flags.ts'
import type { Translator } from './translator.ts'

/** log2 of TABLE_ELEMENT_SIZE. */
const ELEMENT_SHIFT = 3
/** Constant indices below this have an offset of 31 bits. */
const MAX_CONSTANT = 1 << 27
/** Of what a function reference points at: never written. */
const NOT_NULL: MemFlags = memFlags(ALIGNED | READONLY, TRAP_UNINITIALIZED_ELEMENT)

function definition(t: Translator, table: number): [base: Value, offset: number] {
  const at = t.layout.tables[table]
  if (table >= t.info.numImportedTables) return [t.vmctx, at]
  return [t.ins.load(I64, CONSTANT_DATA, t.vmctx, at), 0]
}

/** The table's length in elements (i64). */
export function tableLength(t: Translator, table: number): Value {
  const type = t.info.tables[table]
  if (type.min === type.max) return t.ins.iconst(I64, type.min)
  const [def, offset] = definition(t, table)
  return t.ins.load(I64, t.flags.definition, def, offset + TABLE_LENGTH)
}

function tableBase(t: Translator, table: number): Value {
  const type = t.info.tables[table]
  const [def, offset] = definition(t, table)
  const fixed = type.min === type.max
  return t.ins.load(I64, fixed ? CONSTANT_DATA : t.flags.definition, def, offset + TABLE_BASE)
}

/** An element that is there. */
interface Element {
  table: number
  address: Value
  /** As 64 bits. */
  index: Value
}

/** Finds an element; traps with `code` where there is none. */
function element(t: Translator, table: number, index: Value, code: number): Element {
  const { ins } = t
  const type = t.info.tables[table]
  const constant = t.constantIndex(index)
  if (constant >= 0 && constant < type.min && constant < MAX_CONSTANT) {
    // A table never shrinks, so its declared minimum is always there.
    const address = ins.iadd_imm(tableBase(t, table), constant << ELEMENT_SHIFT)
    return { table, address, index: isLazy(t, table) ? ins.iconst(I64, constant) : address }
  }
  const wide = type.index === wasm.I32 ? ins.uextend(I64, index) : index
  const outOfBounds = ins.icmp(cc.UGE, wide, tableLength(t, table))
  ins.trapnz(outOfBounds, code)
  const base = tableBase(t, table)
  const address = ins.iadd(base, ins.ishl_imm(wide, ELEMENT_SHIFT))
  return {
    table,
    address: t.options.tableSpectre ? ins.select_spectre_guard(outOfBounds, base, address) : address,
    index: wide,
  }
}

function isLazy(t: Translator, table: number): boolean {
  return t.options.lazyTables && t.info.tables[table].element === wasm.FUNCREF
}

function read(t: Translator, e: Element): Value {
  const raw = t.ins.load(I64, t.flags.table, e.address)
  if (!isLazy(t, e.table)) return raw
  const value = t.ins.band_imm(raw, ~TABLE_INITIALIZED)
  return t.unlessZero(raw, value, () => t.callBuiltin('table_get', [t.ins.iconst(I32, e.table), e.index]) as Value)
}

/** table.get */
export function readElement(t: Translator, table: number, index: Value): Value {
  return read(t, element(t, table, index, TRAP_TABLE_OUT_OF_BOUNDS))
}

/** table.set */
export function writeElement(t: Translator, table: number, index: Value, ref: Value): void {
  const { address } = element(t, table, index, TRAP_TABLE_OUT_OF_BOUNDS)
  t.ins.store(t.flags.table, isLazy(t, table) ? t.ins.bor_imm(ref, TABLE_INITIALIZED) : ref, address)
}

/** Checks bounds, null and type, in this order; gives the callee's code and vmctx. */
export function indirectCallee(
  t: Translator,
  typeIndex: number,
  table: number,
  index: Value,
): [code: Value, vmctx: Value] {
  const { ins } = t
  const ref = read(t, element(t, table, index, TRAP_UNDEFINED_ELEMENT))
  const ids = ins.load(I64, CONSTANT_DATA, t.vmctx, VMCTX_TYPE_IDS)
  const expected = ins.load(I32, CONSTANT_DATA, ids, 4 * typeIndex)
  // The null reference has its fields in the pages that are never mapped: reading the first of them is the check.
  const found = ins.load(I32, NOT_NULL, ref, FUNCREF_TYPE_ID)
  ins.trapnz(ins.icmp(cc.NE, found, expected), TRAP_BAD_SIGNATURE)
  return [ins.load(I64, t.guardedData, ref, FUNCREF_CODE), ins.load(I64, t.guardedData, ref, FUNCREF_VMCTX)]
}
