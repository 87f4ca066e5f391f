// The lowering rules as data: each fires on the input that its pattern describes, and what no rule takes is known.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkWitnesses, compileRules, uncovered } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rules } from '../src/lower/index.ts'

const compiled = compileRules(rules, {
  rulesModule: '../lower/index.ts',
  contextType: 'X64Lower',
  contextModule: '../lower/driver.ts',
  generator: 'packages/isa-x64/generate.ts',
})

test('every rule can win, and tree and reference engine agree on a witness of each', () => {
  const report = checkWitnesses(rules, (list) => compiled.instantiate(list))
  expect(report.failed).toEqual([])
  expect(report.fired.length + report.explained.length).toBe(rules.length)
})

test('overlaps.txt and the matchers are those of these rules', () => {
  expect(readFileSync(join(import.meta.dirname, '../overlaps.txt'), 'utf8')).toBe(compiled.overlaps)
})

test('names are unique', () => {
  expect(rules.map((r) => r.name).filter((n, i, all) => all.indexOf(n) !== i)).toEqual([])
})

test('no matcher is too long for the optimizing compiler of V8', () => {
  expect(Math.max(...compiled.stats.map((s) => s.characters * 0.87))).toBeLessThan(60_000)
})

/** What the shared driver lowers. */
const shared = new Set([
  'jump',
  'return',
  'call',
  'call_indirect',
  'return_call',
  'return_call_indirect',
  'try_call',
  'try_call_indirect',
  'get_exception_handler_address',
  'stack_switch',
  'dynamic_stack_addr',
  'nop',
  'iconst',
  'f16const',
  'f32const',
  'f64const',
])

/** `opcode type type? ...`; a question mark: for some operands. */
function byOpcode(gaps: ReturnType<typeof uncovered>): string[] {
  const byOp = new Map<string, string[]>()
  for (const g of gaps) byOp.set(g.op, [...(byOp.get(g.op) ?? []), g.partly ? `${g.type}?` : g.type])
  return [...byOp].map(([op, types]) => `${op} ${types.join(' ')}`)
}

/** Scalar opcodes that no rule takes; the shared driver lowers those in `shared`. */
test('what is not lowered for scalars', () => {
  const scalar = /^(none|i8|i16|i32|i64|i128|f16|f32|f64|f128)$/
  const gaps = uncovered(rules, (op, type) => scalar.test(type) && !shared.has(op) && !op.startsWith('x86_'))
  expect(byOpcode(gaps)).toMatchInlineSnapshot(`
    [
      "func_addr i32",
      "uload32 i32",
      "sload32 i32",
      "stack_addr i32",
      "symbol_value i8 i16 i32 i128 f16 f32 f64 f128",
      "tls_value i8 i16 i32 i128 f16 f32 f64 f128",
      "get_pinned_reg i32",
      "set_pinned_reg i32",
      "get_frame_pointer i32",
      "get_stack_pointer i32",
      "get_return_address i32",
      "icmp i8? i16? i32? i64? i128?",
      "vhigh_bits i8? i16? i32? i64?",
      "ireduce i128",
      "uextend i8? i16? i32? i64? i128?",
      "sextend i8? i16? i32? i64? i128?",
      "fpromote f16? f32? f64? f128?",
      "fdemote f16? f32? f64? f128",
      "fcvt_to_uint i8? i16? i32? i64? i128?",
      "fcvt_to_sint i8? i16? i32? i64? i128?",
      "fcvt_to_uint_sat i8? i16? i32? i64? i128?",
      "fcvt_to_sint_sat i8? i16? i32? i64? i128?",
      "fcvt_from_uint f16? f32? f64? f128?",
      "fcvt_from_sint f16? f32? f64? f128?",
    ]
  `)
})

/** Lanes of at most 64 bits in at most 128. The question marks: operands of other types than a rule is for. */
test('what is not lowered for vectors', () => {
  const vector = /^(i8x16|i16x8|i32x4|i64x2|f16x8|f32x4|f64x2|i8x8|i32x2|f32x2|i8x4)$/
  const gaps = uncovered(rules, (op, type) => vector.test(type) && !shared.has(op))
  expect(byOpcode(gaps)).toMatchInlineSnapshot(`
    [
      "symbol_value i32x2 i64x2 f32x2 f64x2 i8x4 i32x4 f32x4 i8x8 i16x8 f16x8 i8x16",
      "tls_value i32x2 i64x2 f32x2 f64x2 i8x4 i32x4 f32x4 i8x8 i16x8 f16x8 i8x16",
      "icmp i32x2? i64x2? i8x4? i32x4? i8x8? i16x8? i8x16?",
      "x86_cvtt2dq i32x2? i64x2? i8x4? i32x4? i8x8? i16x8? i8x16?",
      "fcmp f32x2? f64x2? f32x4? f16x8?",
      "fcvt_to_uint_sat i32x2? i64x2? i8x4? i32x4? i8x8? i16x8? i8x16?",
      "fcvt_to_sint_sat i32x2? i64x2? i8x4? i32x4? i8x8? i16x8? i8x16?",
      "fcvt_from_uint f32x2? f64x2? f32x4? f16x8?",
      "fcvt_from_sint f32x2? f64x2? f32x4? f16x8?",
    ]
  `)
})
