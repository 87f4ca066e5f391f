// Text input: which assembler takes what, and what is said of text that neither takes.
import { CodegenError } from '@k23/codegen'
import { describe, expect, test } from 'vitest'
import { assemble } from '../src/wat.ts'

/** What V8 makes of the export `f`: it knows all that is tried here. */
function onV8(wasm: Uint8Array): unknown {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>))
  return (exports.f as () => unknown)()
}

async function errorOf(text: string): Promise<CodegenError> {
  try {
    await assemble('x.wat', text)
  } catch (e) {
    if (e instanceof CodegenError) return e
    throw e
  }
  throw new Error('assembled')
}

// biome-ignore format: table
const modules: [what: string, text: string, result: unknown][] = [
  ['plain code, folded or not',  '(module (func (export "f") (result i32) i32.const 40 (i32.add (i32.const 2))))', 42],
  ['several values',             '(module (func (export "f") (result i32 i64) (i32.const 1) (i64.const 2)))', [1, 2n]],
  ['vectors',                    '(module (func (export "f") (result i32) (i32x4.extract_lane 2 (v128.const i32x4 1 2 3 4))))', 3],
  ['several memories',           '(module (memory $a 1) (memory $b 2) (func (export "f") (result i32) (memory.size $b)))', 2],
  ['64-bit memories',            '(module (memory i64 1) (func (export "f") (result i64) (memory.size)))', 1n],
  ['tail calls',                 '(module (func $g (result i32) (i32.const 9)) (func (export "f") (result i32) (return_call $g)))', 9],
  ['exceptions',                 '(module (tag $t (param i32)) (func (export "f") (result i32) (block $h (result i32) (try_table (catch $t $h) (throw $t (i32.const 5))) (i32.const 1))))', 5],
  ['structs and arrays',         '(module (type $s (struct (field i32))) (func (export "f") (result i32) (struct.get $s 0 (struct.new $s (i32.const 7)))))', 7],
  ['typed function references',  '(module (type $t (func (result i32))) (func $g (type $t) (i32.const 3)) (elem declare func $g) (func (export "f") (result i32) (call_ref $t (ref.func $g))))', 3],
]

describe('is assembled', () => {
  test.each(modules)('%s', async (_, text, result) => {
    expect(onV8(await assemble('x.wat', text))).toEqual(result)
  })

  test('as it stands, with its names, where wabt knows all of it', async () => {
    const wasm = await assemble('x.wat', '(module (func $name (export "f") nop nop (unreachable) drop))')
    expect(Buffer.from(wasm).includes('name')).toBe(true)
    expect(Buffer.from(wasm).includes(Buffer.from([0x01, 0x01, 0x00, 0x1a, 0x0b]))).toBe(true)
  })
})

describe('is refused with line and column', () => {
  test.each([
    ['(module\n  (func (result i32) (i32.bad)))', 2, 23],
    ['(module\n  (func (result i32)\n    (i32.const x)))', 3, undefined],
    ['(module (func', 1, undefined],
    // wabt does not know struct.new; what is wrong stands behind it.
    [
      '(module\n (type $s (struct (field i32)))\n (func (drop (struct.new $s (i32.const 7)))\n  (i32.bad)))',
      4,
      undefined,
    ],
  ])('%j', async (text, line, column) => {
    const e = await errorOf(text)
    expect([e.code, e.place.line]).toEqual(['malformed', line])
    if (column !== undefined) expect(e.place.column).toBe(column)
    expect(e.mend).toBe(`see line ${line} of x.wat`)
  })
})
