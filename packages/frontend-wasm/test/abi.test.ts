// The runtime ABI as data: layouts do not overlap, tables are consistent, constant expressions evaluate.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { I32 as CLIF_I32, parseTrapCode, TRAP_HEAP_OUT_OF_BOUNDS } from '@k23/ir'
import * as abi from '../src/runtime-abi.ts'

function info(counts: {
  memories: number
  tables: number
  globals: number
  functions: number
  imported: number
  segments: number
}): abi.ModuleInfo {
  const n = (k: number) => Math.min(k, counts.imported)
  return {
    types: [],
    imports: [],
    functions: new Array(counts.functions).fill(0),
    tables: new Array(counts.tables).fill({ min: 0, max: undefined, index: abi.I32, element: abi.FUNCREF }),
    memories: new Array(counts.memories).fill({ min: 0, max: undefined, index: abi.I32 }),
    globals: new Array(counts.globals).fill({ type: abi.I32, mutable: true }),
    numImportedFunctions: n(counts.functions),
    numImportedTables: n(counts.tables),
    numImportedMemories: n(counts.memories),
    numImportedGlobals: n(counts.globals),
    tableInits: [],
    globalInits: [],
    exports: [],
    start: undefined,
    elements: new Array(counts.segments).fill(undefined),
    data: new Array(counts.segments).fill(undefined),
    funcRefs: Array.from({ length: counts.functions }, (_, i) => i).filter((i) => i % 2 === 0),
    customSections: [],
    names: { module: undefined, functions: new Map() },
  }
}

describe('vmctx layout', () => {
  const small = fc.nat({ max: 6 })
  test('fields do not overlap, are aligned, and lie in the order of the design', () => {
    fc.assert(
      fc.property(
        fc.record({
          memories: small,
          tables: small,
          globals: small,
          functions: small,
          imported: small,
          segments: small,
        }),
        (c) => {
          const m = info(c)
          const l = abi.vmctxLayout(m)
          const fields: [offset: number, size: number, align: number][] = [[0, abi.VMCTX_FIXED_SIZE, 16]]
          const space = (offsets: number[], imported: number, size: number) =>
            offsets.forEach((o, i) => fields.push(i < imported ? [o, 8, 8] : [o, size, 16]))
          space(l.memories, m.numImportedMemories, abi.MEMORY_SIZE)
          space(l.globals, m.numImportedGlobals, abi.GLOBAL_SIZE)
          space(l.tables, m.numImportedTables, abi.TABLE_SIZE)
          l.imports.forEach((o) => fields.push([o, abi.IMPORT_SIZE, 8]))
          l.funcRefs.filter((o) => o >= 0).forEach((o) => fields.push([o, abi.FUNCREF_SIZE, 8]))
          fields.push([l.droppedElements, c.segments, 1], [l.droppedData, c.segments, 1])
          let end = 0
          for (const [offset, size, align] of fields) {
            expect(offset).toBeGreaterThanOrEqual(end)
            expect(offset % align).toBe(0)
            end = offset + size
          }
          expect(l.size).toBeGreaterThanOrEqual(end)
          expect(l.size % 16).toBe(0)
          expect(l.imports.length).toBe(m.numImportedFunctions)
          expect(l.funcRefs.map((o) => o >= 0)).toEqual(m.functions.map((_, i) => i % 2 === 0))
        },
      ),
    )
  })
})

test('builtins are numbered by position and stay below the host functions', () => {
  abi.builtins.forEach((b, i) => {
    expect(b.number).toBe(i)
    expect(abi.builtin(b.name)).toBe(b)
  })
  expect(abi.builtins.length).toBeLessThan(abi.HOST_FUNCTION_BASE)
})

test('trap codes are CLIF trap codes, each once', () => {
  expect(new Set(abi.traps.map((t) => t.code)).size).toBe(abi.traps.length)
  expect(abi.TRAP_MEMORY_OUT_OF_BOUNDS).toBe(TRAP_HEAP_OUT_OF_BOUNDS)
  expect(abi.TRAP_UNREACHABLE).toBe(parseTrapCode('user1'))
  expect(abi.TRAP_STACK_OVERFLOW).toBe(parseTrapCode('stk_ovf'))
  expect(abi.trapInfo(abi.TRAP_BAD_SIGNATURE)?.message).toBe('indirect call type mismatch')
  expect(abi.trapInfo(200)).toBeUndefined()
  expect(CLIF_I32).not.toBe(abi.I32)
})

describe('constant expressions', () => {
  const env: abi.ConstEnv = {
    global: (i) => ({ lo: 100 + i, hi: i }),
    funcRef: (i) => ({ lo: 0x1000 * i, hi: 7 }),
  }
  test('one value', () => {
    expect(abi.evalConstExpr([{ op: 'global.get', index: 3 }], env)).toEqual({ lo: 103, hi: 3 })
    expect(abi.evalConstExpr([{ op: 'ref.func', index: 2 }], env)).toEqual({ lo: 0x2000, hi: 7 })
    expect(abi.evalConstExpr([{ op: 'ref.null', type: abi.FUNCREF }], env)).toEqual({ lo: 0, hi: 0 })
    expect(abi.evalConstExpr([{ op: 'f64.const', lo: 1, hi: 2 }], env)).toEqual({ lo: 1, hi: 2 })
  })
  test('arithmetic agrees with bigints', () => {
    const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
    const big = (v: abi.ConstValue) => (BigInt(v.hi) << 32n) | BigInt(v.lo >>> 0)
    const ops = {
      add: (a: bigint, b: bigint) => a + b,
      sub: (a: bigint, b: bigint) => a - b,
      mul: (a: bigint, b: bigint) => a * b,
    }
    fc.assert(
      fc.property(word, word, word, word, fc.constantFrom('add', 'sub', 'mul'), (al, ah, bl, bh, op) => {
        const a = { lo: al, hi: ah }
        const b = { lo: bl, hi: bh }
        const wide = abi.evalConstExpr(
          [{ op: 'i64.const', ...a }, { op: 'i64.const', ...b }, { op: `i64.${op}` as 'i64.add' }],
          env,
        )
        expect(big(wide)).toBe(BigInt.asIntN(64, ops[op as 'add'](big(a), big(b))))
        const narrow = abi.evalConstExpr(
          [{ op: 'i32.const', value: al }, { op: 'i32.const', value: bl }, { op: `i32.${op}` as 'i32.add' }],
          env,
        )
        expect(narrow.lo).toBe(Number(BigInt.asIntN(32, ops[op as 'add'](BigInt(al), BigInt(bl)))))
      }),
    )
  })
})
