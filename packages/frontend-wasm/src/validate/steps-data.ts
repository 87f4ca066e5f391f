// Operators on numbers, vectors, locals, globals, memories, tables and segments.
import {
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  isRefType,
  type MemoryType,
  type TableType,
  type ValType,
  V128,
  valTypeName,
} from '../module.ts'
import { ACCESS_BYTES, OPERAND1, OPERAND2, OPERAND3, type Operator, operator, RESULT } from '../operators.ts'
import { readNullType } from '../decoder/types.ts'
import type { FunctionPass } from './pass.ts'
import type { StepTable } from './steps.ts'

function simple(p: FunctionPass, op: number): void {
  const third = OPERAND3[op]
  if (third !== 0) p.pop(third)
  const second = OPERAND2[op]
  if (second !== 0) p.pop(second)
  p.pop(OPERAND1[op])
  const base = p.sp
  p.push(RESULT[op])
  if (p.emit !== null) p.emit.numeric(op, base)
}

/** Operators on two words to two words. */
function wide(p: FunctionPass, op: number): void {
  const o = operator(op) as Operator
  if (!p.features.wideArithmetic) p.fail('unsupported', `wide arithmetic is off: ${o.name}`)
  p.popAll(o.params)
  const base = p.sp
  p.pushAll(o.results)
  if (p.emit !== null) p.emit.wide(op, base)
}

// ---- variables

function localIndex(p: FunctionPass): number {
  const index = p.r.u32()
  if (index >= p.numLocals) p.invalid(`unknown local ${index}: expected one of ${p.numLocals}`)
  return index
}

function localGet(p: FunctionPass): void {
  const index = localIndex(p)
  p.push(p.locals[index])
  if (p.emit !== null) p.emit.localGet(index, p.sp - 1)
}

function localSet(p: FunctionPass): void {
  const index = localIndex(p)
  p.pop(p.locals[index])
  if (p.emit !== null) p.emit.localSet(index, p.sp)
}

function localTee(p: FunctionPass): void {
  const index = localIndex(p)
  const t = p.locals[index]
  p.pop(t)
  p.push(t)
  if (p.emit !== null) p.emit.localSet(index, p.sp - 1)
}

function globalIndex(p: FunctionPass): number {
  const index = p.r.u32()
  const n = p.info.globals.length
  if (index >= n) p.invalid(`unknown global ${index}: expected one of ${n}`)
  return index
}

function globalGet(p: FunctionPass): void {
  const index = globalIndex(p)
  p.push(p.info.globals[index].type)
  if (p.emit !== null) p.emit.globalGet(index, p.sp - 1)
}

function globalSet(p: FunctionPass): void {
  const index = globalIndex(p)
  const g = p.info.globals[index]
  if (!g.mutable) p.invalid(`immutable global: expected a mutable one, found global ${index}`)
  p.pop(g.type)
  if (p.emit !== null) p.emit.globalSet(index, p.sp)
}

// ---- constants

function i32Const(p: FunctionPass): void {
  const value = p.r.s32()
  p.push(I32)
  if (p.emit !== null) p.emit.i32Const(value, p.sp - 1)
}
function i64Const(p: FunctionPass): void {
  const lo = p.r.s64()
  p.push(I64)
  if (p.emit !== null) p.emit.i64Const(lo, p.r.hi, p.sp - 1)
}
function f32Const(p: FunctionPass): void {
  const bits = p.r.word()
  p.push(F32)
  if (p.emit !== null) p.emit.f32Const(bits, p.sp - 1)
}
function f64Const(p: FunctionPass): void {
  const lo = p.r.word()
  const hi = p.r.word()
  p.push(F64)
  if (p.emit !== null) p.emit.f64Const(lo, hi, p.sp - 1)
}

// ---- memories

function memoryAt(p: FunctionPass, index: number): MemoryType {
  const n = p.info.memories.length
  if (index >= n) p.invalid(`unknown memory ${index}: expected one of ${n}`)
  return p.info.memories[index]
}

let accessMemory = 0

/** Memory argument (alignment and flags, memory, offset): returns the offset, as a double; the memory is in `accessMemory`. */
function memArg(p: FunctionPass, op: number): number {
  const { r } = p
  const at = r.pos
  let flags = r.u32()
  accessMemory = 0
  if (flags >= 64) {
    if (flags >= 128 || !p.features.multiMemory)
      p.fail('malformed', `malformed memop flags: expected less than 128, found ${flags}`, at)
    flags -= 64
    accessMemory = r.u32()
  }
  let offset: number
  if (p.features.memory64) {
    const lo = r.u64()
    offset = (r.hi >>> 0) * 4294967296 + (lo >>> 0)
  } else offset = r.u32()
  const m = memoryAt(p, accessMemory)
  const bytes = ACCESS_BYTES[op]
  if (flags > 4 || 1 << flags > bytes) {
    p.fail(
      'invalid',
      `alignment must not be larger than natural: expected at most ${bytes} bytes, found 2^${flags}`,
      at,
    )
  }
  if (m.index === I32 && offset > 0xffff_ffff) p.fail('invalid', 'offset out of range: expected less than 2^32', at)
  return offset
}

function load(p: FunctionPass, op: number): void {
  const offset = memArg(p, op)
  const memory = accessMemory
  p.pop(p.info.memories[memory].index)
  const base = p.sp
  p.push(RESULT[op])
  if (p.emit !== null) p.emit.load(op, memory, offset, base)
}

function store(p: FunctionPass, op: number): void {
  const offset = memArg(p, op)
  const memory = accessMemory
  p.pop(OPERAND2[op])
  p.pop(p.info.memories[memory].index)
  if (p.emit !== null) p.emit.store(op, memory, offset, p.sp)
}

// ---- vectors

function v128Const(p: FunctionPass): void {
  const bytes = vectorBytes(p)
  p.push(V128)
  if (p.emit !== null) p.emit.v128Const(bytes, p.sp - 1)
}

/** Sixteen bytes of the body. */
function vectorBytes(p: FunctionPass): Uint8Array {
  const { r } = p
  const start = r.pos
  for (let i = 0; i < 4; i++) r.word()
  return r.bytes.subarray(start, start + 16)
}

function shuffle(p: FunctionPass): void {
  const mask = vectorBytes(p)
  for (const lane of mask) if (lane >= 32) p.invalid(`invalid lane index: expected less than 32, found ${lane}`)
  p.pop(V128)
  p.pop(V128)
  const base = p.sp
  p.push(V128)
  if (p.emit !== null) p.emit.shuffle(mask, base)
}

function laneIndex(p: FunctionPass, op: number): number {
  const lane = p.r.u8()
  const lanes = 16 / ACCESS_BYTES[op]
  if (lane >= lanes) p.invalid(`invalid lane index: expected less than ${lanes}, found ${lane}`)
  return lane
}

function extractLane(p: FunctionPass, op: number): void {
  const lane = laneIndex(p, op)
  p.pop(V128)
  p.push(RESULT[op])
  if (p.emit !== null) p.emit.extractLane(op, lane, p.sp - 1)
}

function replaceLane(p: FunctionPass, op: number): void {
  const lane = laneIndex(p, op)
  p.pop(OPERAND2[op])
  p.pop(V128)
  p.push(V128)
  if (p.emit !== null) p.emit.replaceLane(op, lane, p.sp - 1)
}

function loadLane(p: FunctionPass, op: number): void {
  const offset = memArg(p, op)
  const memory = accessMemory
  const lane = laneIndex(p, op)
  p.pop(V128)
  p.pop(p.info.memories[memory].index)
  p.push(V128)
  if (p.emit !== null) p.emit.loadLane(op, memory, offset, lane, p.sp - 1)
}

function storeLane(p: FunctionPass, op: number): void {
  const offset = memArg(p, op)
  const memory = accessMemory
  const lane = laneIndex(p, op)
  p.pop(V128)
  p.pop(p.info.memories[memory].index)
  if (p.emit !== null) p.emit.storeLane(op, memory, offset, lane, p.sp)
}

function memoryIndex(p: FunctionPass): number {
  if (p.features.multiMemory) {
    const index = p.r.u32()
    memoryAt(p, index)
    return index
  }
  const at = p.r.pos
  const zero = p.r.u8()
  if (zero !== 0) p.fail('malformed', `zero byte expected: found ${zero}`, at)
  memoryAt(p, 0)
  return 0
}

function memorySize(p: FunctionPass): void {
  const memory = memoryIndex(p)
  p.push(p.info.memories[memory].index)
  if (p.emit !== null) p.emit.memorySize(memory, p.sp - 1)
}

function memoryGrow(p: FunctionPass): void {
  const memory = memoryIndex(p)
  const t = p.info.memories[memory].index
  p.pop(t)
  p.push(t)
  if (p.emit !== null) p.emit.memoryGrow(memory, p.sp - 1)
}

function checkData(p: FunctionPass, index: number): void {
  const n = p.module.dataCount
  if (n === undefined)
    p.fail('malformed', 'data count section required: expected one before an operator that names a data segment')
  if (index >= n) p.invalid(`unknown data segment ${index}: expected one of ${n}`)
}

function memoryInit(p: FunctionPass): void {
  const segment = p.r.u32()
  const memory = memoryIndex(p)
  checkData(p, segment)
  p.pop(I32)
  p.pop(I32)
  p.pop(p.info.memories[memory].index)
  if (p.emit !== null) p.emit.memoryInit(memory, segment, p.sp)
}

function dataDrop(p: FunctionPass): void {
  const segment = p.r.u32()
  checkData(p, segment)
  if (p.emit !== null) p.emit.dataDrop(segment)
}

/** The type of a length that two index types share. */
function shorter(a: ValType, b: ValType): ValType {
  return a === I32 || b === I32 ? I32 : I64
}

function memoryCopy(p: FunctionPass): void {
  const dst = memoryIndex(p)
  const src = memoryIndex(p)
  const d = p.info.memories[dst].index
  const s = p.info.memories[src].index
  p.pop(shorter(d, s))
  p.pop(s)
  p.pop(d)
  if (p.emit !== null) p.emit.memoryCopy(dst, src, p.sp)
}

function memoryFill(p: FunctionPass): void {
  const memory = memoryIndex(p)
  const t = p.info.memories[memory].index
  p.pop(t)
  p.pop(I32)
  p.pop(t)
  if (p.emit !== null) p.emit.memoryFill(memory, p.sp)
}

// ---- references and tables

function refNull(p: FunctionPass): void {
  p.push(readNullType(p.r, p.info.types.length))
  if (p.emit !== null) p.emit.refNull(p.sp - 1)
}

function refIsNull(p: FunctionPass): void {
  const t = p.popAny()
  if (t !== 0 && !isRefType(t)) p.mismatch('a reference', valTypeName(t))
  p.push(I32)
  if (p.emit !== null) p.emit.refIsNull(p.sp - 1)
}

function refFunc(p: FunctionPass): void {
  const index = p.r.u32()
  const n = p.info.functions.length
  if (index >= n) p.invalid(`unknown function ${index}: expected one of ${n}`)
  if (p.declared[index] === 0)
    p.invalid(`undeclared function reference: expected function ${index} in an export, a global or an element segment`)
  p.push(FUNCREF)
  if (p.emit !== null) p.emit.refFunc(index, p.sp - 1)
}

let tableNumber = 0
/** Reads a table index into `tableNumber`. */
function table(p: FunctionPass): TableType {
  tableNumber = p.r.u32()
  const n = p.info.tables.length
  if (tableNumber >= n) p.invalid(`unknown table ${tableNumber}: expected one of ${n}`)
  return p.info.tables[tableNumber]
}

function tableGet(p: FunctionPass): void {
  const t = table(p)
  p.pop(t.index)
  p.push(t.element)
  if (p.emit !== null) p.emit.tableGet(tableNumber, p.sp - 1)
}

function tableSet(p: FunctionPass): void {
  const t = table(p)
  p.pop(t.element)
  p.pop(t.index)
  if (p.emit !== null) p.emit.tableSet(tableNumber, p.sp)
}

function tableSize(p: FunctionPass): void {
  const t = table(p)
  p.push(t.index)
  if (p.emit !== null) p.emit.tableSize(tableNumber, p.sp - 1)
}

function tableGrow(p: FunctionPass): void {
  const t = table(p)
  p.pop(t.index)
  p.pop(t.element)
  p.push(t.index)
  if (p.emit !== null) p.emit.tableGrow(tableNumber, p.sp - 1)
}

function tableFill(p: FunctionPass): void {
  const t = table(p)
  p.pop(t.index)
  p.pop(t.element)
  p.pop(t.index)
  if (p.emit !== null) p.emit.tableFill(tableNumber, p.sp)
}

function tableCopy(p: FunctionPass): void {
  const d = table(p)
  const dst = tableNumber
  const s = table(p)
  if (d.element !== s.element) p.mismatch(`a table of ${valTypeName(d.element)}`, valTypeName(s.element))
  p.pop(shorter(d.index, s.index))
  p.pop(s.index)
  p.pop(d.index)
  if (p.emit !== null) p.emit.tableCopy(dst, tableNumber, p.sp)
}

function checkElem(p: FunctionPass, index: number): void {
  const n = p.info.elements.length
  if (index >= n) p.invalid(`unknown elem segment ${index}: expected one of ${n}`)
}

function tableInit(p: FunctionPass): void {
  const segment = p.r.u32()
  const t = table(p)
  checkElem(p, segment)
  const found = p.info.elements[segment].type
  if (found !== t.element) p.mismatch(`a segment of ${valTypeName(t.element)}`, valTypeName(found))
  p.pop(I32)
  p.pop(I32)
  p.pop(t.index)
  if (p.emit !== null) p.emit.tableInit(tableNumber, segment, p.sp)
}

function elemDrop(p: FunctionPass): void {
  const segment = p.r.u32()
  checkElem(p, segment)
  if (p.emit !== null) p.emit.elemDrop(segment)
}

export const dataSteps: StepTable = {
  simple,
  wide,
  load,
  store,
  'local.get': localGet,
  'local.set': localSet,
  'local.tee': localTee,
  'global.get': globalGet,
  'global.set': globalSet,
  'i32.const': i32Const,
  'i64.const': i64Const,
  'f32.const': f32Const,
  'f64.const': f64Const,
  'memory.size': memorySize,
  'memory.grow': memoryGrow,
  'memory.init': memoryInit,
  'data.drop': dataDrop,
  'memory.copy': memoryCopy,
  'memory.fill': memoryFill,
  'ref.null': refNull,
  'ref.is_null': refIsNull,
  'ref.func': refFunc,
  'table.get': tableGet,
  'table.set': tableSet,
  'table.size': tableSize,
  'table.grow': tableGrow,
  'table.fill': tableFill,
  'table.copy': tableCopy,
  'table.init': tableInit,
  'elem.drop': elemDrop,
  'v128.const': v128Const,
  'i8x16.shuffle': shuffle,
  extract_lane: extractLane,
  replace_lane: replaceLane,
  load_lane: loadLane,
  store_lane: storeLane,
}
