// A module's sections in order. Function bodies stay ranges of bytes: they are decoded when they are validated or translated.
import { DEFAULT_FEATURES, type Features } from '../features.ts'
import type { CodeBody, ModuleInfo, WasmModule } from '../module.ts'
import { Context } from './context.ts'
import { LIMITS } from './limits.ts'
import { readNames } from './names.ts'
import { Reader } from './reader.ts'
import * as sections from './sections.ts'

const CUSTOM = 0
const CODE = 10
const TAG = 13

/** Rank of each section id in the order that the format demands; 0 for an id that does not exist. */
//                        id  0  1  2  3  4  5  6  7  8  9  10  11  12
const RANK = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10)

const READ: readonly (((c: Context) => void) | undefined)[] = [
  undefined,
  sections.typeSection,
  sections.importSection,
  sections.functionSection,
  sections.tableSection,
  sections.memorySection,
  sections.globalSection,
  sections.exportSection,
  sections.startSection,
  sections.elementSection,
  undefined,
  sections.dataSection,
  sections.dataCountSection,
]

function emptyInfo(): ModuleInfo {
  return {
    types: [],
    imports: [],
    functions: [],
    tables: [],
    memories: [],
    globals: [],
    numImportedFunctions: 0,
    numImportedTables: 0,
    numImportedMemories: 0,
    numImportedGlobals: 0,
    tableInits: [],
    globalInits: [],
    exports: [],
    start: undefined,
    elements: [],
    data: [],
    funcRefs: [],
    customSections: [],
    names: { module: undefined, functions: new Map() },
  }
}

/** Decodes a module and validates everything but its function bodies. Throws WasmError. */
export function decodeModule(bytes: Uint8Array, features: Features = DEFAULT_FEATURES): WasmModule {
  const r = new Reader(bytes, features)
  if (bytes.length > LIMITS.moduleBytes)
    r.fail('limit', `module too large: expected at most ${LIMITS.moduleBytes} bytes`, 0)
  readHeader(r)
  const info = emptyInfo()
  const c = new Context(r, info, features)
  const bodies: CodeBody[] = []
  let last = 0
  while (r.pos < bytes.length) {
    const at = r.pos
    const id = r.u8()
    if (id === TAG) r.fail('unsupported', 'exception handling: tag section', at)
    if (id > TAG) r.fail('malformed', `malformed section id: expected 0 to 12, found ${id}`, at)
    const size = r.size('a section')
    const end = r.pos + size
    r.end = end
    if (id === CUSTOM) customSection(c, end)
    else {
      const rank = RANK[id]
      if (rank <= last) {
        r.fail(
          'malformed',
          `unexpected content after last section: expected a later section than the one before, found id ${id}`,
          at,
        )
      }
      last = rank
      if (id === CODE) codeSection(c, bodies)
      else READ[id]!(c)
    }
    if (r.pos !== end)
      r.fail('malformed', `section size mismatch: expected the section to end at 0x${end.toString(16)}`, r.pos)
    r.end = bytes.length
  }
  finish(c, bodies)
  return { bytes, info, bodies, dataCount: c.dataCount }
}

function readHeader(r: Reader): void {
  if (r.end < 4) r.fail('malformed', 'unexpected end: expected the magic header "\\0asm"', r.end)
  if (r.word() !== 0x6d73_6100) r.fail('malformed', 'magic header not detected: expected "\\0asm"', 0)
  if (r.end < 8) r.fail('malformed', 'unexpected end: expected a binary version', r.end)
  const version = r.word()
  // Binary format of the component model: a version of 16 bits, then a layer that is not 0.
  if (version >>> 16 === 1)
    r.fail('malformed', 'unknown binary version: expected 1, a module, found a component: extract its core module', 4)
  if (version !== 1) r.fail('malformed', `unknown binary version: expected 1, found ${version >>> 0}`, 4)
}

function customSection(c: Context, end: number): void {
  const { r, info } = c
  const name = r.name()
  info.customSections.push({ name, start: r.pos, end })
  if (name === 'name') readNames(r.bytes, r.pos, end, info.names)
  r.pos = end
}

function codeSection(c: Context, bodies: CodeBody[]): void {
  const { r, info } = c
  const at = r.pos
  const n = r.count(LIMITS.functions, 'function bodies')
  const expected = info.functions.length - info.numImportedFunctions
  if (n !== expected) inconsistentCode(c, n, at)
  for (let i = 0; i < n; i++) {
    const start = r.pos
    const size = r.size('a function body')
    if (size > LIMITS.bodyBytes)
      r.fail('limit', `function body too large: expected at most ${LIMITS.bodyBytes} bytes, found ${size}`, start)
    bodies.push({ start: r.pos, end: r.pos + size })
    r.pos += size
  }
}

function inconsistentCode(c: Context, n: number, at: number): never {
  const expected = c.info.functions.length - c.info.numImportedFunctions
  return c.r.fail(
    'malformed',
    `function and code section have inconsistent lengths: expected ${expected} bodies, found ${n}`,
    at,
  )
}

function finish(c: Context, bodies: CodeBody[]): void {
  const { info, r } = c
  if (bodies.length !== info.functions.length - info.numImportedFunctions) inconsistentCode(c, bodies.length, r.end)
  if (c.dataCount !== undefined && c.dataCount !== info.data.length)
    sections.inconsistentData(c, info.data.length, r.end)
  info.funcRefs = [...c.funcRefs].sort((a, b) => a - b)
}
