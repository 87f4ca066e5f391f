import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  CodegenError,
  compile,
  functionAt,
  type Input,
  type CompileOptions,
  sourceAt,
  targets,
  trapAt,
} from '@k23/codegen'
import { DEFAULT_FEATURES } from '@k23/frontend-wasm'

const target = 'riscv64'

function errorOf(input: Input, options: Partial<CompileOptions> = {}): CodegenError {
  try {
    compile(input, { target, ...options })
  } catch (e) {
    expect(e).toBeInstanceOf(CodegenError)
    return e as CodegenError
  }
  throw new Error('compiled')
}

const add = 'function %add(i32, i32) -> i32 { block0(v0: i32, v1: i32): v2 = iadd v0, v1 return v2 }'

// (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_s)
const divWasm = Uint8Array.from([
  0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 7, 1, 0x60, 2, 0x7f, 0x7f, 1, 0x7f, 3, 2, 1, 0, 7, 7, 1, 3, 0x64, 0x69, 0x76, 0,
  0, 10, 9, 1, 7, 0, 0x20, 0, 0x20, 1, 0x6d, 0x0b,
])

describe('what is wrong is said, and where', () => {
  test('CLIF that does not parse: line and column', () => {
    const e = errorOf('function %f() {\nblock0:\n  v0 = iadd v1\n}')
    expect(e.code).toBe('malformed')
    expect([e.place.line, e.place.column]).toEqual([4, 1])
  })
  test('CLIF that does not verify: function and instruction', () => {
    const e = errorOf('function %f() -> i32 { block0: v0 = iconst.i64 1 return v0 }')
    expect([e.code, e.place.func]).toEqual(['invalid', '%f'])
    expect(e.place.inst).toMatch(/^inst/)
  })
  test('what the target does not lower: opcode, type and what would mend it', () => {
    const e = errorOf(
      'function %f(i64, i128) -> i128 { block0(v0: i64, v1: i128): v2 = atomic_rmw.i128 add v0, v1 return v2 }',
    )
    expect(e.code).toBe('unsupported')
    expect(e.message).toContain('atomic_rmw.i128')
    expect(e.mend).not.toBe('')
  })
  test('wasm: offset', () => {
    const e = errorOf(divWasm.subarray(0, 30))
    expect(e.code).toBe('malformed')
    expect(e.place.offset).toBeGreaterThan(0)
  })
  test('a proposal that is off: in a body too', () => {
    // (func (export "div") (param i32 i32) (result i32) local.get 0 local.get 1 return_call 0)
    const tail = Uint8Array.from([...divWasm.subarray(0, -10), 10, 1, 8, 0, 0x20, 0, 0x20, 1, 0x12, 0, 0x0b])
    expect(compile(tail, { target }).image.length).toBeGreaterThan(0)
    const e = errorOf(tail, { wasmFeatures: { ...DEFAULT_FEATURES, tailCall: false } })
    expect([e.code, e.place.func]).toEqual(['unsupported', '0'])
    expect(e.message).toContain('tail calls are off')
  })
  test('targets, features and settings that do not exist', () => {
    expect(errorOf(add, { target: 'm68k' }).mend).toContain('riscv64')
    expect(errorOf(add, { features: { has_avx: true } }).mend).toContain('has_zbb')
    expect(errorOf(add, { settings: { enable_magic: true } }).mend).toContain('enable_verifier')
    expect(errorOf(add, { settings: { enable_verifier: 'perhaps' } }).code).toBe('settings')
  })
  test('nothing but CodegenError for any bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(divWasm.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (edits) => {
          const bytes = divWasm.slice()
          for (const [at, x] of edits) bytes[at] = x
          try {
            compile(bytes, { target, settings: { regalloc_checker: true } })
          } catch (e) {
            expect(e).toBeInstanceOf(CodegenError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

test('the same input gives the same bytes, alone and among others, with either allocator', () => {
  for (const regalloc_algorithm of ['single_pass', 'backtracking']) {
    const options = { target, settings: { regalloc_algorithm } }
    const alone = compile(add, options).image
    expect(compile(add, options).image).toEqual(alone)
    const other = 'function %g(i64) -> i64 { block0(v0: i64): v1 = bnot v0 return v1 }'
    const both = compile(`${other}\n${add}`, options)
    const at = both.symbols.get('%add') as number
    expect(both.image.slice(at, at + alone.length)).toEqual(alone)
  }
})

test('calls inside a module are resolved, calls out of it are relocations', () => {
  const text = `function %a() -> i32 {
    fn0 = colocated %b() -> i32
    fn1 = %outside() -> i32
block0:
    v0 = call fn0()
    v1 = call fn1()
    v2 = iadd v0, v1
    return v2
}
function %b() -> i32 { block0: v0 = iconst.i32 1 return v0 }`
  const m = compile(text, { target })
  expect(m.relocs.map((r) => r.symbol)).toEqual(['%outside'])
})

test('traps are found by offset, with function and source location', () => {
  const m = compile(divWasm, { target })
  expect(m.traps.length).toBeGreaterThan(0)
  const codes = new Set<number>()
  for (let i = 0; i < m.traps.length; i += 2) {
    expect(trapAt(m, m.traps[i])).toBe(m.traps[i + 1])
    if (functionAt(m, m.traps[i])?.name === 'u0:0' && m.traps[i + 1] >= 252) {
      codes.add(m.traps[i + 1])
      // the offset of i32.div_s in the module
      expect(sourceAt(m, m.traps[i])).toBe(divWasm.length - 2)
    }
  }
  expect(codes).toEqual(new Set([252, 254]))
  expect(trapAt(m, 1)).toBe(0)
  expect(functionAt(m, m.image.length)).toBe(undefined)
})

test('a load that is merged into its use traps where it stands in the source', () => {
  const text = `function %f(i64, i64) -> i64 {
block0(v0: i64, v1: i64):
@0010 v2 = load.i64 v0
@0020 v3 = iadd v1, v2
@0030 return v3
}`
  for (const name of ['x64', 'riscv64']) {
    const m = compile(text, { target: name })
    expect(m.traps).toHaveLength(2)
    expect(sourceAt(m, m.traps[0])).toBe(0x10)
  }
})

test('every target by name', () => {
  for (const name of Object.keys(targets)) expect(compile(add, { target: name }).target.name).toBe(name)
})
