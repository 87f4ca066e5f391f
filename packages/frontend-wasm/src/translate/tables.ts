// Table accesses and indirect calls.
import * as cc from '@k23/ir'
import { I32, I64, type Value } from '@k23/ir'
import {
  FUNCREF_CODE,
  FUNCREF_TYPE_ID,
  FUNCREF_VMCTX,
  TABLE_BASE,
  TABLE_LENGTH,
  VMCTX_TYPE_IDS,
} from '../abi/layout.ts'
import { TRAP_BAD_SIGNATURE, TRAP_UNDEFINED_ELEMENT, TRAP_UNINITIALIZED_ELEMENT } from '../abi/traps.ts'
import * as wasm from '../module.ts'
import { CONSTANT_DATA } from './flags.ts'
import type { Translator } from './translator.ts'

/** log2 of TABLE_ELEMENT_SIZE. */
const ELEMENT_SHIFT = 3
/** Constant indices below this have an offset of 31 bits. */
const MAX_CONSTANT = 1 << 27

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

/** Address of an element; traps with `code` where there is none. */
export function elementAddress(t: Translator, table: number, index: Value, code: number): Value {
  const { ins } = t
  const type = t.info.tables[table]
  const constant = t.constantIndex(index)
  if (constant >= 0 && constant < type.min && constant < MAX_CONSTANT) {
    // A table never shrinks, so its declared minimum is always there.
    return ins.iadd_imm(tableBase(t, table), constant << ELEMENT_SHIFT)
  }
  const wide = type.index === wasm.I32 ? ins.uextend(I64, index) : index
  const outOfBounds = ins.icmp(cc.UGE, wide, tableLength(t, table))
  ins.trapnz(outOfBounds, code)
  const base = tableBase(t, table)
  const address = ins.iadd(base, ins.ishl_imm(wide, ELEMENT_SHIFT))
  return t.options.tableSpectre ? ins.select_spectre_guard(outOfBounds, base, address) : address
}

/** Checks bounds, null and type, in this order; gives the callee's code and vmctx. */
export function indirectCallee(
  t: Translator,
  typeIndex: number,
  table: number,
  index: Value,
): [code: Value, vmctx: Value] {
  const { ins } = t
  const address = elementAddress(t, table, index, TRAP_UNDEFINED_ELEMENT)
  const ref = ins.load(I64, t.flags.table, address)
  ins.trapz(ref, TRAP_UNINITIALIZED_ELEMENT)
  // What `ref` points at is never written, but may only be read where it is not null.
  const ids = ins.load(I64, CONSTANT_DATA, t.vmctx, VMCTX_TYPE_IDS)
  const expected = ins.load(I32, CONSTANT_DATA, ids, 4 * typeIndex)
  const found = ins.load(I32, t.guardedData, ref, FUNCREF_TYPE_ID)
  ins.trapnz(ins.icmp(cc.NE, found, expected), TRAP_BAD_SIGNATURE)
  return [ins.load(I64, t.guardedData, ref, FUNCREF_CODE), ins.load(I64, t.guardedData, ref, FUNCREF_VMCTX)]
}
