// The data of an instance: everything that does not depend on what is imported is there before the program runs.
import { ByteWriter } from '../bytes.ts'
import type { Datum } from '../compose.ts'
import { constants, variables, WordTable, zeros } from '../data.ts'
import * as abi from '@k23/frontend-wasm/runtime-abi'
import * as p from './plan.ts'

type Pointer = Datum['pointers'][number]

/** More fuel than any program uses up, as the kernel gives. */
const FUEL = 2 ** 62
const CELLS_EPOCH = abi.CELLS_SIZE

export function instanceData(plan: p.Plan): Datum[] {
  const { info } = plan
  return [
    instance(plan),
    cells(plan),
    typeIds(info),
    memoryRows(plan),
    tableRows(plan),
    ...info.tables.flatMap((t, i) =>
      i < info.numImportedTables ? [] : [zeros(p.tableName(i), Math.max(1, t.min) * abi.TABLE_ELEMENT_SIZE)],
    ),
    ...dataSegments(plan),
    ...elementSegments(plan),
  ]
}

function instance(plan: p.Plan): Datum {
  const { info, layout } = plan
  const bytes = new Uint8Array(layout.size)
  const view = new DataView(bytes.buffer)
  const pointers: Pointer[] = []
  const address = (offset: number, target: string, addend = 0): void => void pointers.push({ offset, target, addend })
  view.setUint32(abi.VMCTX_MAGIC_OFFSET, abi.VMCTX_MAGIC, true)
  address(abi.VMCTX_CELLS, `%${p.CELLS}`)
  address(abi.VMCTX_TYPE_IDS, `%${p.TYPE_IDS}`)
  for (const i of info.imports) {
    if (i.kind === 'func') {
      address(layout.imports[i.index] + abi.IMPORT_CODE, `%${p.importName(i.index)}`)
      address(layout.imports[i.index] + abi.IMPORT_VMCTX, `%${p.INSTANCE}`)
    } else {
      const offsets = i.kind === 'memory' ? layout.memories : i.kind === 'table' ? layout.tables : layout.globals
      address(offsets[i.index], `%${p.importSymbol(i)}`)
    }
  }
  for (let i = info.numImportedTables; i < info.tables.length; i++) {
    address(layout.tables[i] + abi.TABLE_BASE, `%${p.tableName(i)}`)
    view.setUint32(layout.tables[i] + abi.TABLE_LENGTH, info.tables[i].min, true)
  }
  const ids = typeNumbers(info)
  for (const f of info.funcRefs) {
    const at = layout.funcRefs[f]
    address(at + abi.FUNCREF_CODE, f < info.numImportedFunctions ? `%${p.importName(f)}` : p.functionText(f))
    address(at + abi.FUNCREF_VMCTX, `%${p.INSTANCE}`)
    view.setUint32(at + abi.FUNCREF_TYPE_ID, ids[info.functions[f]], true)
  }
  return variables(p.INSTANCE, bytes, { pointers, parts: exportedParts(plan) })
}

/** Exported memories, tables and globals that the instance owns. */
function exportedParts({ info, layout, prefix }: p.Plan): Datum['parts'] {
  return info.exports.flatMap((e) => {
    const symbol = `${prefix}_${p.cName(e.name)}`
    if (e.kind === 'memory' && e.index >= info.numImportedMemories)
      return [{ symbol, offset: layout.memories[e.index], size: abi.MEMORY_SIZE }]
    if (e.kind === 'table' && e.index >= info.numImportedTables)
      return [{ symbol, offset: layout.tables[e.index], size: abi.TABLE_SIZE }]
    if (e.kind === 'global' && e.index >= info.numImportedGlobals)
      return [{ symbol, offset: layout.globals[e.index], size: abi.GLOBAL_SIZE }]
    return []
  })
}

function cells(plan: p.Plan): Datum {
  const w = new ByteWriter()
  w.fill(CELLS_EPOCH + 8)
  w.set64(abi.CELLS_FUEL, FUEL)
  w.set64(abi.CELLS_EPOCH_DEADLINE, FUEL)
  const symbol = `${plan.prefix}_stack_limit`
  return variables(p.CELLS, w.bytes().slice(), {
    pointers: [
      { offset: abi.CELLS_EPOCH_POINTER, target: `%${p.CELLS}`, addend: CELLS_EPOCH },
      { offset: abi.CELLS_HOST_CALL_STUB, target: `%${p.HOST_CALL}`, addend: 0 },
    ],
    parts: [{ symbol, offset: abi.CELLS_STACK_LIMIT, size: 8 }],
  })
}

/** By type index: types of the same structure have the same number, from 1. */
function typeNumbers(info: abi.ModuleInfo): number[] {
  const numbers = new Map<string, number>()
  return info.types.map((t) => {
    const key = `${t.params.join()}>${t.results.join()}`
    const number = numbers.get(key) ?? numbers.size + 1
    numbers.set(key, number)
    return number
  })
}

function typeIds(info: abi.ModuleInfo): Datum {
  const w = new ByteWriter()
  for (const n of typeNumbers(info)) w.u32(n)
  w.align(16)
  return constants(p.TYPE_IDS, w.bytes().slice())
}

/** Address of a definition: the instance's own, or the import's. */
function definition(t: WordTable, plan: p.Plan, kind: 'memory' | 'table', index: number): WordTable {
  const { info, layout } = plan
  const imported = kind === 'memory' ? info.numImportedMemories : info.numImportedTables
  if (index < imported) return t.address(`%${p.importSymbol(p.importOf(info, kind, index))}`)
  return t.address(`%${p.INSTANCE}`, (kind === 'memory' ? layout.memories : layout.tables)[index])
}

/** An imported memory cannot be grown from here: its room is its owner's to know. */
function memoryRows(plan: p.Plan): Datum {
  const t = new WordTable()
  plan.info.memories.forEach((_, i) => {
    const own = i >= plan.info.numImportedMemories
    definition(t, plan, 'memory', i).word(own ? p.mostPages(plan.info, i) * abi.WASM_PAGE_SIZE : 0)
  })
  return t.done(p.MEMORIES)
}

function tableRows(plan: p.Plan): Datum {
  const t = new WordTable()
  plan.info.tables.forEach((table, i) => {
    const own = i >= plan.info.numImportedTables
    definition(t, plan, 'table', i)
      .word(own ? p.mostElements(plan.info, i) : 0)
      .word(table.min)
      .word(0)
  })
  return t.done(p.TABLES)
}

const SEGMENT_BYTES = 'segment_bytes'

function dataSegments(plan: p.Plan): Datum[] {
  const { info, wasm } = plan
  const w = new ByteWriter()
  const t = new WordTable()
  for (const { start, end } of info.data) {
    w.align(8)
    t.address(`%${SEGMENT_BYTES}`, w.length).word(end - start)
    w.put(wasm.bytes.subarray(start, end))
  }
  return [constants(SEGMENT_BYTES, w.bytes().slice()), t.done(p.DATA_SEGMENTS)]
}

/** References of a segment of functions are addresses; those of expressions are evaluated by init. */
function elementSegments(plan: p.Plan): Datum[] {
  const { info, layout } = plan
  const rows = new WordTable()
  const out: Datum[] = []
  info.elements.forEach(({ items }, i) => {
    const name = p.elementName(i)
    const length = items.kind === 'funcs' ? items.indices.length : items.exprs.length
    rows.address(`%${name}`).word(length)
    if (items.kind === 'exprs') out.push(zeros(name, Math.max(1, length) * abi.TABLE_ELEMENT_SIZE))
    else {
      const t = new WordTable()
      for (const f of items.indices) t.address(`%${p.INSTANCE}`, layout.funcRefs[f])
      out.push(t.done(name))
    }
  })
  return [...out, rows.done(p.ELEMENT_SEGMENTS)]
}
