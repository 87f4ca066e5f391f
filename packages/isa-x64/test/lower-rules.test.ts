// The lowering rules as data: each fires on the input that its pattern describes, and what no rule takes is known.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SHARED_OPCODES } from '@k23/machinst/coverage'
import { compileRules, ruleGaps, ruleProblems } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rules } from '../src/lower/index.ts'

test('every rule can win, where its pattern says, and what is generated is of these rules', () => {
  const compiled = compileRules(rules, {
    rulesModule: '../lower/index.ts',
    contextType: 'X64Lower',
    contextModule: '../lower/driver.ts',
    generator: 'packages/isa-x64/generate.ts',
  })
  const overlaps = readFileSync(join(import.meta.dirname, '../overlaps.txt'), 'utf8')
  expect(ruleProblems(rules, compiled, overlaps)).toEqual([])
})

test('what is not lowered for scalars', () => {
  expect(ruleGaps(rules, SHARED_OPCODES, 'scalars')).toMatchInlineSnapshot(`
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

/** The question marks: operands of other types than a rule is for. */
test('what is not lowered for vectors', () => {
  expect(ruleGaps(rules, SHARED_OPCODES, 'vectors')).toMatchInlineSnapshot(`
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
