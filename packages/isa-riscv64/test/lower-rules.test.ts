// The lowering rules as data: each fires on the input that its pattern describes, and what no rule takes is known.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkWitnesses, compileRules, uncovered } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rules } from '../src/lower/index.ts'

const compiled = compileRules(rules, {
  rulesModule: '../lower/index.ts',
  contextType: 'RiscvLower',
  contextModule: '../lower/driver.ts',
  generator: 'packages/isa-riscv64/generate.ts',
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

/** Scalar opcodes that no rule takes; the shared driver lowers those in `shared`. */
test('what is not lowered for scalars', () => {
  const scalar = /^(none|i8|i16|i32|i64|i128|f16|f32|f64)$/
  const shared = new Set([
    'jump',
    'return',
    'call',
    'call_indirect',
    'return_call',
    'return_call_indirect',
    'nop',
    'iconst',
    'f16const',
    'f32const',
    'f64const',
  ])
  const gaps = uncovered(rules, (op, type) => scalar.test(type) && !shared.has(op) && !op.startsWith('x86_'))
  const byOp = new Map<string, string[]>()
  for (const g of gaps) byOp.set(g.op, [...(byOp.get(g.op) ?? []), g.partly ? `${g.type}?` : g.type])
  expect([...byOp].map(([op, types]) => `${op} ${types.join(' ')}`)).toMatchInlineSnapshot(`
    [
      "func_addr i32",
      "try_call none",
      "try_call_indirect i32 i64",
      "uload32 i32",
      "sload32 i32",
      "uload8x8 i32 i64",
      "sload8x8 i32 i64",
      "uload16x4 i32 i64",
      "sload16x4 i32 i64",
      "uload32x2 i32 i64",
      "sload32x2 i32 i64",
      "stack_addr i32",
      "dynamic_stack_addr i32 i64",
      "atomic_rmw i128",
      "atomic_cas i128",
      "atomic_load i128",
      "atomic_store i128",
      "symbol_value i8 i16 i32 i128 f16 f32 f64",
      "tls_value i8 i16 i32 i64 i128 f16 f32 f64",
      "get_pinned_reg i32",
      "set_pinned_reg i32",
      "get_frame_pointer i32",
      "get_stack_pointer i32",
      "get_return_address i32",
      "get_exception_handler_address i32 i64",
      "stack_switch i32 i64",
      "udiv i128",
      "sdiv i128",
      "urem i128",
      "srem i128",
      "avg_round i128",
      "blendv i8 i16 i32 i64 i128 f16 f32 f64",
      "swizzle none",
      "shuffle none",
      "vhigh_bits i8 i16 i32 i64",
      "bitcast i8? i16? i32? i64? i128? f16? f32? f64?",
      "ireduce i128",
      "uextend i8? i16? i32? i64? i128?",
      "sextend i8? i16? i32? i64? i128?",
      "fpromote f16? f32? f64?",
      "fdemote f16? f32? f64?",
      "fvdemote none",
      "fvpromote_low none",
      "fcvt_to_uint i8? i16? i32? i64? i128",
      "fcvt_to_sint i8? i16? i32? i64? i128",
      "fcvt_to_uint_sat i8? i16? i32? i64? i128",
      "fcvt_to_sint_sat i8? i16? i32? i64? i128",
      "fcvt_from_uint f16? f32? f64?",
      "fcvt_from_sint f16? f32? f64?",
    ]
  `)
})
