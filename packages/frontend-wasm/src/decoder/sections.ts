// One function per section of a module, each filling the module's data as it goes and checking what needs no function body.
import { FUNCREF, type ConstExpr, type ElementSegment, type ExternKind, type ValType, valTypeName } from '../module.ts'
import { readConstExpr } from './const-expr.ts'
import type { Context } from './context.ts'
import { LIMITS } from './limits.ts'
import { readFuncType, readGlobalType, readMemoryType, readRefType, readTableType } from './types.ts'

const KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global']

export function typeSection(c: Context): void {
  const n = c.r.count(LIMITS.types, 'types')
  for (let i = 0; i < n; i++) c.info.types.push(readFuncType(c.r))
}

function readTypeIndex(c: Context): number {
  const at = c.r.pos
  const index = c.r.u32()
  if (index >= c.info.types.length)
    c.r.fail('invalid', `unknown type ${index}: expected one of ${c.info.types.length}`, at)
  return index
}

export function importSection(c: Context): void {
  const { r, info } = c
  const n = r.count(LIMITS.imports, 'imports')
  for (let i = 0; i < n; i++) {
    const module = r.name()
    const name = r.name()
    const at = r.pos
    const code = r.u8()
    const kind = KINDS[code] ?? badImportKind(c, code, at)
    let index: number
    if (kind === 'func') index = info.functions.push(readTypeIndex(c)) - 1
    else if (kind === 'table') index = addTable(c)
    else if (kind === 'memory') index = addMemory(c)
    else index = info.globals.push(readGlobalType(r)) - 1
    info.imports.push({ module, name, kind, index })
  }
  info.numImportedFunctions = info.functions.length
  info.numImportedTables = info.tables.length
  info.numImportedMemories = info.memories.length
  info.numImportedGlobals = info.globals.length
}

function badImportKind(c: Context, code: number, at: number): never {
  if (code === 4) c.r.fail('unsupported', 'exception handling: imported tag', at)
  return c.r.fail('malformed', `malformed import kind: expected 0 to 3, found ${code}`, at)
}

function addTable(c: Context): number {
  const at = c.r.pos
  const index = c.info.tables.push(readTableType(c.r, c.features)) - 1
  if (index > 0 && !c.features.multiTable) c.r.fail('invalid', 'multiple tables: expected at most one', at)
  return index
}

function addMemory(c: Context): number {
  const at = c.r.pos
  const index = c.info.memories.push(readMemoryType(c.r, c.features)) - 1
  if (index > 0 && !c.features.multiMemory) c.r.fail('invalid', 'multiple memories: expected at most one', at)
  if (index >= LIMITS.memories) c.r.fail('limit', `too many memories: expected at most ${LIMITS.memories}`, at)
  return index
}

export function functionSection(c: Context): void {
  const n = c.r.count(LIMITS.functions, 'functions')
  for (let i = 0; i < n; i++) c.info.functions.push(readTypeIndex(c))
}

export function tableSection(c: Context): void {
  const { r, info } = c
  const n = r.count(LIMITS.tables, 'tables')
  for (let i = 0; i < n; i++) {
    let init: ConstExpr | undefined
    if (r.peek() === 0x40) {
      r.u8()
      const at = r.pos
      const reserved = r.u8()
      if (reserved !== 0) r.fail('malformed', `malformed table: expected 0, found ${reserved}`, at)
      const type = readTableType(r, c.features)
      init = readConstExpr(c, type.element, info.globals.length)
      info.tables.push(type)
    } else addTable(c)
    info.tableInits.push(init)
  }
}

export function memorySection(c: Context): void {
  const n = c.r.count(LIMITS.functions, 'memories')
  for (let i = 0; i < n; i++) addMemory(c)
}

export function globalSection(c: Context): void {
  const { r, info } = c
  const n = r.count(LIMITS.globals, 'globals')
  for (let i = 0; i < n; i++) {
    const type = readGlobalType(r)
    info.globalInits.push(readConstExpr(c, type.type, info.globals.length))
    info.globals.push(type)
  }
}

export function exportSection(c: Context): void {
  const { r, info } = c
  const n = r.count(LIMITS.exports, 'exports')
  const seen = new Set<string>()
  for (let i = 0; i < n; i++) {
    const start = r.pos
    const name = r.name()
    const at = r.pos
    const code = r.u8()
    const kind = KINDS[code]
    if (kind === undefined) {
      if (code === 4) r.fail('unsupported', 'exception handling: exported tag', at)
      r.fail('malformed', `malformed export kind: expected 0 to 3, found ${code}`, at)
    }
    const index = r.u32()
    const space =
      kind === 'func'
        ? info.functions
        : kind === 'table'
          ? info.tables
          : kind === 'memory'
            ? info.memories
            : info.globals
    if (index >= space.length) {
      r.fail('invalid', `unknown ${kind === 'func' ? 'function' : kind} ${index}: expected one of ${space.length}`, at)
    }
    if (seen.has(name)) r.fail('invalid', `duplicate export name: found ${JSON.stringify(name)} again`, start)
    seen.add(name)
    if (kind === 'func') c.funcRefs.add(index)
    info.exports.push({ name, kind, index })
  }
}

export function startSection(c: Context): void {
  const { r, info } = c
  const at = r.pos
  const index = r.u32()
  if (index >= info.functions.length)
    r.fail('invalid', `unknown function ${index}: expected one of ${info.functions.length}`, at)
  const type = info.types[info.functions[index]]
  if (type.params.length !== 0 || type.results.length !== 0) {
    r.fail('invalid', 'start function: expected a function without parameters and results', at)
  }
  info.start = index
}

/** Flags: bit 0 passive or declarative, bit 1 declarative (with bit 0) or explicit table, bit 2 expressions. */
export function elementSection(c: Context): void {
  const { r, info } = c
  const n = r.count(LIMITS.elementSegments, 'element segments')
  for (let i = 0; i < n; i++) {
    const at = r.pos
    const flags = r.u32()
    if (flags > 7) r.fail('malformed', `malformed elements segment kind: expected 0 to 7, found ${flags}`, at)
    const mode = (flags & 1) === 0 ? 'active' : (flags & 2) === 0 ? 'passive' : 'declarative'
    let table = 0
    let offset: ConstExpr = []
    if (mode === 'active') {
      const tableAt = r.pos
      if (flags & 2) table = r.u32()
      if (table >= info.tables.length)
        r.fail('invalid', `unknown table ${table}: expected one of ${info.tables.length}`, tableAt)
      offset = readConstExpr(c, info.tables[table].index, info.globals.length)
    }
    const typeAt = r.pos
    const type = elementType(c, flags)
    if (mode === 'active' && info.tables[table].element !== type) {
      r.fail(
        'invalid',
        `type mismatch: expected elements of type ${valTypeName(info.tables[table].element)}, found ${valTypeName(type)}`,
        typeAt,
      )
    }
    info.elements.push({ mode, table, offset, type, items: elementItems(c, flags, type) })
  }
}

function elementType(c: Context, flags: number): ValType {
  const { r } = c
  if ((flags & 3) === 0) return FUNCREF
  if (flags & 4) return readRefType(r)
  const at = r.pos
  const kind = r.u8()
  if (kind !== 0) r.fail('malformed', `malformed element kind: expected 0, found ${kind}`, at)
  return FUNCREF
}

function elementItems(c: Context, flags: number, type: ValType): ElementSegment['items'] {
  const { r, info } = c
  const n = r.count(LIMITS.elements, 'elements')
  if (flags & 4) {
    const exprs: ConstExpr[] = []
    for (let i = 0; i < n; i++) exprs.push(readConstExpr(c, type, info.globals.length))
    return { kind: 'exprs', exprs }
  }
  const indices: number[] = []
  for (let i = 0; i < n; i++) {
    const at = r.pos
    const index = r.u32()
    if (index >= info.functions.length)
      r.fail('invalid', `unknown function ${index}: expected one of ${info.functions.length}`, at)
    c.funcRefs.add(index)
    indices.push(index)
  }
  return { kind: 'funcs', indices }
}

export function dataCountSection(c: Context): void {
  const at = c.r.pos
  c.dataCount = c.r.u32()
  if (c.dataCount > LIMITS.dataSegments)
    c.r.fail('limit', `too many data segments: expected at most ${LIMITS.dataSegments}`, at)
}

/** Flags: 0 active in memory 0, 1 passive, 2 active with a memory index. */
export function dataSection(c: Context): void {
  const { r, info } = c
  const at = r.pos
  const n = r.count(LIMITS.dataSegments, 'data segments')
  if (c.dataCount !== undefined && c.dataCount !== n) inconsistentData(c, n, at)
  for (let i = 0; i < n; i++) {
    const start = r.pos
    const flags = r.u32()
    if (flags > 2) r.fail('malformed', `malformed data segment kind: expected 0 to 2, found ${flags}`, start)
    let memory = 0
    let offset: ConstExpr = []
    if (flags !== 1) {
      const memoryAt = r.pos
      if (flags === 2) memory = r.u32()
      if (memory >= info.memories.length)
        r.fail('invalid', `unknown memory ${memory}: expected one of ${info.memories.length}`, memoryAt)
      offset = readConstExpr(c, info.memories[memory].index, info.globals.length)
    }
    const size = r.size('data')
    info.data.push({ mode: flags === 1 ? 'passive' : 'active', memory, offset, start: r.pos, end: r.pos + size })
    r.pos += size
  }
}

export function inconsistentData(c: Context, n: number, at: number): never {
  return c.r.fail(
    'malformed',
    `data count and data section have inconsistent lengths: expected ${c.dataCount} data segments, found ${n}`,
    at,
  )
}
