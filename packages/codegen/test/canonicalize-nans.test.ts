// enable_nan_canonicalization: whatever an operation's operands, a NaN that it gives is the canonical one; what only moves bits keeps them.
import { dataValue, Op, opName as opcodes, parseFunctions, printFunction, type Type, verify } from '@k23/ir'
import { F32, F32X4, F64, F64X2 } from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { canonicalizeNans } from '../src/canonicalize-nans.ts'
import { compile } from '../src/index.ts'

const PAYLOADS: Readonly<Record<string, readonly bigint[]>> = {
  f32: [
    0x7fc0_0000n,
    0xffc0_0000n,
    0x7fc0_1234n,
    0xffff_ffffn,
    0x7f80_0001n,
    0xff80_0100n,
    0x7f80_0000n,
    0xff80_0000n,
    0x3fc0_0000n,
    0n,
  ],
  f64: [
    0x7ff8_0000_0000_0000n,
    0xfff8_0000_0000_0000n,
    0x7ff8_0000_0000_1234n,
    0xffff_ffff_ffff_ffffn,
    0x7ff0_0000_0000_0001n,
    0x7ff0_0000_0000_0000n,
    0xfff0_0000_0000_0000n,
    0x3ff8_0000_0000_0000n,
    0n,
  ],
}
const CANONICAL: Readonly<Record<string, bigint>> = { f32: 0x7fc0_0000n, f64: 0x7ff8_0000_0000_0000n }
const types: Readonly<Record<string, Type>> = { f32: F32, f64: F64, f32x4: F32X4, f64x2: F64X2 }
const operations = 'fadd fsub fmul fdiv fmin fmax sqrt ceil floor trunc nearest fma'.split(' ')
const unary = 'sqrt ceil floor trunc nearest'.split(' ')

const bigintOf = (bytes: Uint8Array): bigint => bytes.reduceRight((x, b) => (x << 8n) | BigInt(b), 0n)

function isNan(type: string, x: bigint): boolean {
  return type === 'f32' ? (x & 0x7fff_ffffn) > 0x7f80_0000n : (x & ((1n << 63n) - 1n)) > 0x7ff0_0000_0000_0000n
}

/** Operations of the same form that leave the payload of a NaN as it is: a machine whose arithmetic does so too. */
const standIns = new Map<number, number>([
  ...unary.map((name) => [opcodes.indexOf(name), Op.fneg] as const),
  ...operations.filter((name) => !unary.includes(name)).map((name) => [opcodes.indexOf(name), Op.fcopysign] as const),
  [Op.fma, Op.bitselect],
])

/** Results of a function of three parameters, on all pairs of payloads, lane by lane, on a machine that makes any NaN. */
function lanesOf(text: string, type: string, transform: boolean): bigint[] {
  const { func } = parseFunctions(text).functions[0]
  if (transform) canonicalizeNans(func)
  expect(verify(func).map((e) => `${e.entity}: ${e.message}`)).toEqual([])
  for (let i = 0; i < func.numInsts; i++) func.op[i] = standIns.get(func.op[i]) ?? func.op[i]
  const interpreter = createInterpreter([func])
  const lane = type.slice(0, 3)
  const width = lane === 'f32' ? 32 : 64
  const count = type.length === 3 ? 1 : 128 / width
  const payloads = PAYLOADS[lane]
  const spread = (x: bigint): bigint =>
    Array.from({ length: count }).reduce((all: bigint) => (all << BigInt(width)) | x, 0n)
  const found: bigint[] = []
  for (const x of payloads) {
    for (const y of payloads) {
      const r = interpreter.invoke(
        'f',
        [x, y, x].map((v) => dataValue(types[type], spread(v))),
      )
      if (!('results' in r)) throw new Error(JSON.stringify(r))
      const bits = bigintOf(r.results[0].bits)
      for (let i = 0; i < count; i++) found.push(BigInt.asUintN(width, bits >> BigInt(i * width)))
    }
  }
  return found
}

function text(type: string, body: string, result: string = type): string {
  return `function %f(${type}, ${type}, ${type}) -> ${result} {\nblock0(v0: ${type}, v1: ${type}, v2: ${type}):\n${body}\n return v9\n}`
}

describe.each(Object.keys(types))('%s', (type) => {
  test.each(operations)('%s', (name) => {
    const lane = type.slice(0, 3)
    const source = text(type, `v9 = ${name} v0${unary.includes(name) ? '' : name === 'fma' ? ', v1, v2' : ', v1'}`)
    const plain = lanesOf(source, type, false)
    const found = lanesOf(source, type, true)
    const expected = plain.map((x) => (isNan(lane, x) ? CANONICAL[lane] : x))
    expect(found).toEqual(expected)
    // Without it there is something to do.
    expect(plain).not.toEqual(expected)
    for (const features of [{}, { has_v: true }]) {
      if (type.length > 3 && !('has_v' in features)) continue
      const settings = { enable_nan_canonicalization: true, regalloc_checker: true }
      expect(compile(source, { target: 'riscv64', features, settings }).image.length).toBeGreaterThan(0)
    }
  })

  test.each(['fneg v0', 'fabs v0', 'fcopysign v0, v1'])('%s only moves bits', (operation) => {
    if (type.length > 3 && operation.startsWith('fcopysign')) return
    const source = text(type, `v9 = ${operation}`)
    expect(lanesOf(source, type, true)).toEqual(lanesOf(source, type, false))
  })
})

test('between formats', () => {
  for (const [body, result] of [
    ['v9 = fdemote.f32 v0', 'f32'],
    ['v8 = fdemote.f32 v0\nv9 = fpromote.f64 v8', 'f64'],
  ]) {
    const source = text('f64', body, result)
    const { func } = parseFunctions(source).functions[0]
    canonicalizeNans(func)
    const r = createInterpreter([func]).invoke(
      'f',
      [0xfff0_0000_0000_0001n, 0n, 0n].map((v) => dataValue(F64, v)),
    )
    expect('results' in r && bigintOf(r.results[0].bits)).toBe(CANONICAL[result])
  }
})

test('uses everywhere see the canonical value', () => {
  const { func } = parseFunctions(
    `function %f(f64, i32) -> f64, f64 {
    block0(v0: f64, v1: i32):
      v2 = fadd v0, v0
      v3 -> v2
      brif v1, block1(v3), block2
    block1(v4: f64):
      v5 = fmul v4, v2
      return v5, v2
    block2:
      v6 = call fn0(v2)
      return v6, v3
  }`.replace('block0(', 'sig0 = (f64) -> f64\n fn0 = %g sig0\nblock0('),
  ).functions[0]
  canonicalizeNans(func)
  expect(verify(func)).toEqual([])
  const printed = printFunction(func).replaceAll(/^ *(@[0-9a-f]+)? +/gm, '')
  // v2 itself is read by its comparison and its selection, and by nothing else.
  const reads = printed.split('\n').filter((l) => /= .*\bv2\b|(return|brif|jump).*\bv2\b|\(v2\)/.test(l))
  expect(reads.map((l) => l.split(' = ')[1].split(' ')[0])).toEqual(['fcmp', 'select'])
})
