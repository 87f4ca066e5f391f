// Control operators, calls, drop and select.
import { BOTTOM, FUNCREF, I32, isRefType, type FuncType, type TableType, type ValType, valTypeName } from '../module.ts'
import { LIMITS } from '../decoder/limits.ts'
import { blockValType, readValType } from '../decoder/types.ts'
import { FRAME_BLOCK, FRAME_ELSE, FRAME_FUNCTION, FRAME_IF, FRAME_LOOP, type Frame, labelTypes } from './frame.ts'
import type { FunctionPass } from './pass.ts'
import type { StepTable } from './steps.ts'

const EMPTY: FuncType = { params: [], results: [] }
const single: FuncType[] = []

/** A block type: empty, one result, or a type index. */
function blockType(p: FunctionPass): FuncType {
  const at = p.r.pos
  const s = p.r.s33()
  if (s === -64) return EMPTY
  if (s >= 0) return typeAt(p, s)
  const t = blockValType(p.r, s, at)
  return (single[t] ??= { params: [], results: [t] })
}

function typeAt(p: FunctionPass, index: number): FuncType {
  const types = p.info.types
  if (index >= types.length) p.invalid(`unknown type ${index}: expected one of ${types.length}`)
  return types[index]
}

function block(p: FunctionPass): void {
  const t = blockType(p)
  p.popAll(t.params)
  p.pushFrame(FRAME_BLOCK, t.params, t.results)
}

function loop(p: FunctionPass): void {
  const t = blockType(p)
  p.popAll(t.params)
  const f = p.pushFrame(FRAME_LOOP, t.params, t.results)
  if (p.emit !== null) p.emit.loop(f)
}

function ifStep(p: FunctionPass): void {
  const t = blockType(p)
  p.pop(I32)
  const condition = p.vals[p.sp]
  p.popAll(t.params)
  const f = p.pushFrame(FRAME_IF, t.params, t.results)
  if (p.emit !== null) p.emit.ifThen(f, condition)
}

function elseStep(p: FunctionPass): void {
  const f = p.frames[p.depth - 1]
  if (f.kind !== FRAME_IF) p.fail('malformed', 'unexpected else: expected an if around it (illegal opcode)')
  p.popResults(f)
  if (f.live && p.translator !== null) {
    p.translator.elseBranch(f, p.emit !== null)
    p.emit = p.translator
  }
  f.kind = FRAME_ELSE
  f.polymorphic = false
  p.polymorphic = false
  p.pushAll(f.params)
}

function sameTypes(a: readonly ValType[], b: readonly ValType[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

function end(p: FunctionPass): void {
  const f = p.frames[p.depth - 1]
  p.popResults(f)
  if (f.kind === FRAME_IF && !sameTypes(f.params, f.results)) {
    p.mismatch('equal parameters and results of an if without else', `${list(f.params)} and ${list(f.results)}`)
  }
  p.popFrame()
  const t = p.translator
  if (t === null) return
  if (f.kind === FRAME_FUNCTION) t.endFunction(f, p.emit !== null)
  else p.emit = f.live && t.end(f, p.emit !== null) ? t : null
}

function list(types: readonly ValType[]): string {
  return `[${types.map(valTypeName).join(' ')}]`
}

function br(p: FunctionPass): void {
  const f = p.label(p.r.u32())
  p.popAll(labelTypes(f))
  if (p.emit !== null) p.emit.br(f, p.sp)
  p.setUnreachable()
}

function brIf(p: FunctionPass): void {
  const f = p.label(p.r.u32())
  p.pop(I32)
  const condition = p.vals[p.sp]
  const types = labelTypes(f)
  p.popAll(types)
  const base = p.sp
  p.pushAll(types)
  if (p.emit !== null) p.emit.brIf(f, condition, base)
}

function brTable(p: FunctionPass): void {
  const { r } = p
  const n = r.count(LIMITS.branchTargets, 'branch targets')
  const targets: Frame[] = []
  for (let i = 0; i <= n; i++) targets.push(p.label(r.u32()))
  p.pop(I32)
  const index = p.vals[p.sp]
  const last = labelTypes(targets[n])
  let checked: readonly ValType[] | undefined
  for (const f of targets) {
    const types = labelTypes(f)
    if (types === checked) continue // most targets share one list; a table of thousands must not cost its product with the arity
    checked = types
    if (types.length !== last.length) p.mismatch(`a label of ${last.length} operands`, `one of ${types.length}`)
    p.check(types)
  }
  p.popAll(last)
  if (p.emit !== null) p.emit.brTable(targets, index, p.sp)
  p.setUnreachable()
}

function returnStep(p: FunctionPass): void {
  p.popAll(p.type.results)
  if (p.emit !== null) p.emit.returnValues(p.sp)
  p.setUnreachable()
}

function unreachable(p: FunctionPass): void {
  if (p.emit !== null) p.emit.unreachable()
  p.setUnreachable()
}

function calleeIndex(p: FunctionPass): number {
  const index = p.r.u32()
  const n = p.info.functions.length
  if (index >= n) p.invalid(`unknown function ${index}: expected one of ${n}`)
  return index
}

function call(p: FunctionPass): void {
  const index = calleeIndex(p)
  const t = p.info.types[p.info.functions[index]]
  p.popAll(t.params)
  const base = p.sp
  p.pushAll(t.results)
  if (p.emit !== null) p.emit.call(index, base)
}

/** Immediates and index operand of an indirect call: the type's index. */
function indirect(p: FunctionPass): [typeIndex: number, table: number] {
  const typeIndex = p.r.u32()
  const table = p.r.u32()
  const t: TableType | undefined = p.info.tables[table]
  if (t === undefined) p.invalid(`unknown table ${table}: expected one of ${p.info.tables.length}`)
  if (t.element !== FUNCREF) p.mismatch('a table of funcref', valTypeName(t.element))
  typeAt(p, typeIndex)
  p.pop(t.index)
  return [typeIndex, table]
}

function callIndirect(p: FunctionPass): void {
  const [typeIndex, table] = indirect(p)
  const index = p.vals[p.sp]
  const t = p.info.types[typeIndex]
  p.popAll(t.params)
  const base = p.sp
  p.pushAll(t.results)
  if (p.emit !== null) p.emit.callIndirect(typeIndex, table, index, base)
}

function checkTailCall(p: FunctionPass, t: FuncType): void {
  if (!p.features.tailCall) p.fail('unsupported', 'tail calls are off')
  if (!sameTypes(t.results, p.type.results)) p.mismatch(`results ${list(p.type.results)}`, list(t.results))
}

function returnCall(p: FunctionPass): void {
  const index = calleeIndex(p)
  const t = p.info.types[p.info.functions[index]]
  checkTailCall(p, t)
  p.popAll(t.params)
  if (p.emit !== null) p.emit.returnCall(index, p.sp)
  p.setUnreachable()
}

function returnCallIndirect(p: FunctionPass): void {
  const [typeIndex, table] = indirect(p)
  const index = p.vals[p.sp]
  const t = p.info.types[typeIndex]
  checkTailCall(p, t)
  p.popAll(t.params)
  if (p.emit !== null) p.emit.returnCallIndirect(typeIndex, table, index, p.sp)
  p.setUnreachable()
}

function select(p: FunctionPass): void {
  p.pop(I32)
  const a = p.popAny()
  const b = p.popAny()
  if (isRefType(a) || isRefType(b)) p.mismatch('numbers for a select without type', valTypeName(isRefType(a) ? a : b))
  if (a !== b && a !== BOTTOM && b !== BOTTOM) p.mismatch(valTypeName(b), valTypeName(a))
  p.push(a === BOTTOM ? b : a)
  if (p.emit !== null) p.emit.select(p.sp - 1)
}

function selectTyped(p: FunctionPass): void {
  const { r } = p
  const n = r.u32()
  if (n !== 1) p.invalid(`invalid result arity: expected 1 type, found ${n}`)
  const t = readValType(r)
  p.pop(I32)
  p.pop(t)
  p.pop(t)
  p.push(t)
  if (p.emit !== null) p.emit.select(p.sp - 1)
}

export const controlSteps: StepTable = {
  unreachable,
  nop: () => {},
  block,
  loop,
  if: ifStep,
  else: elseStep,
  end,
  br,
  br_if: brIf,
  br_table: brTable,
  return: returnStep,
  call,
  call_indirect: callIndirect,
  return_call: returnCall,
  return_call_indirect: returnCallIndirect,
  drop: (p) => void p.popAny(),
  select,
  select_t: selectTyped,
}
