// Library routines on the emulator against the CLIF interpreter: division of i128, f128, f16 without instructions for it, conversions of i128, and memory.
import {
  type DataValue,
  dataValue,
  F128,
  F16,
  F32,
  F64,
  formatDataValues,
  I128,
  I16,
  I32,
  I64,
  I8,
  parseFunctions,
  type Type,
  unsignedBits,
} from '@k23/ir'
import { createInterpreter } from '@k23/ir/interpreter'
import { describe, expect, test } from 'vitest'
import { createEmulatedBackend } from '../src/emulated.ts'
import type { Outcome } from '../src/index.ts'
import { Random } from './random-clif.ts'
import { floatEdges, intEdges, quad } from './sweep-cases.ts'

const TYPES: Readonly<Record<string, Type>> = {
  i8: I8,
  i16: I16,
  i32: I32,
  i64: I64,
  i128: I128,
  f16: F16,
  f32: F32,
  f64: F64,
  f128: F128,
}
const long = process.env.K23_LONG === '1'
const backends = [
  createEmulatedBackend({ algorithm: 'single_pass' }),
  createEmulatedBackend({ algorithm: 'backtracking' }),
]

function edges(type: string): bigint[] {
  return type[0] === 'f' ? floatEdges(Number(type.slice(1))) : intEdges(Number(type.slice(1)), true)
}

/** A number near 1 more often than not, so that operands meet. */
function randomValue(r: Random, type: string): bigint {
  const bits = Number(type.slice(1))
  const x = r.integer(bits)
  if (type !== 'f128' || r.below(4) === 0) return BigInt.asUintN(bits, x)
  return quad(r.below(2), 16383 - 60 + r.below(120), (r.integer(112) << BigInt(r.below(112))) & ((1n << 112n) - 1n))
}

const isNaNBits = (v: DataValue): boolean => {
  const n = unsignedBits(v)
  if (v.type === F128) return (n & ((1n << 127n) - 1n)) > 0x7fff0000_00000000_00000000_00000000n
  if (v.type === F64) return (n & 0x7fffffffffffffffn) > 0x7ff0000000000000n
  return v.type === F32 ? (n & 0x7fffffffn) > 0x7f800000n : v.type === F16 && (n & 0x7fffn) > 0x7c00n
}
const shown = (o: Outcome): string =>
  'results' in o ? o.results.map((x) => (isNaNBits(x) ? 'NaN' : formatDataValues([x]))).join(', ') : JSON.stringify(o)

function compare(
  text: string,
  params: readonly string[],
  flags: readonly string[],
  samples: number,
  seed: number,
): void {
  const functions = parseFunctions(text).functions.map((f) => f.func)
  const oracle = createInterpreter(functions)
  const lists = params.map(edges)
  const total = lists.reduce((n, l) => n * l.length, 1)
  const r = new Random(seed)
  const args: DataValue[][] = []
  const most = long ? 20 * samples : samples
  const step = Math.max(1, Math.floor(total / most) | 1)
  for (let k = r.below(step); k < total; k += step) {
    let rest = k
    args.push(
      lists.map((l, i) => {
        const x = l[rest % l.length]
        rest = Math.floor(rest / l.length)
        return dataValue(TYPES[params[i]], x)
      }),
    )
  }
  for (let k = 0; k < most; k++) args.push(params.map((t) => dataValue(TYPES[t], randomValue(r, t))))
  const compiled = backends[seed % 2].compile(functions, {
    target: 'riscv64',
    flags: new Map(flags.map((f) => [f, 'true'])),
    settings: new Map(),
    opt: 'none',
  })
  if ('unsupported' in compiled) throw new Error(compiled.unsupported)
  const wrong: string[] = []
  for (const list of args) {
    const oracleSays = oracle.invoke('f', list)
    if ('unsupported' in oracleSays) throw new Error(oracleSays.unsupported)
    const want = shown(oracleSays)
    const got = shown(compiled.invoke('f', list))
    if (got !== want && wrong.length < 5) wrong.push(`(${formatDataValues(list)}): ${got}, not ${want}`)
  }
  compiled.dispose?.()
  expect(wrong).toEqual([])
}

function one(op: string, params: readonly string[], result: string, suffix = ''): string {
  const list = params.map((t, i) => `v${i}: ${t}`).join(', ')
  const args = params.map((_, i) => `v${i}`).join(', ')
  return `function %f(${params.join(', ')}) -> ${result} {\nblock0(${list}):\n    v9 = ${op}${suffix} ${args}\n    return v9\n}`
}

describe('i128', () => {
  test.each(['udiv', 'urem', 'sdiv', 'srem'])('%s', (op) => {
    compare(
      one(op, ['i128', 'i128'], 'i128'),
      ['i128', 'i128'],
      op === 'urem' ? ['has_zbb', 'has_c'] : [],
      600,
      op.length + op.charCodeAt(0),
    )
  })
  test('avg_round', () => compare(one('avg_round', ['i128', 'i128'], 'i128'), ['i128', 'i128'], [], 300, 2))
  test.each(['f16', 'f32', 'f64', 'f128'])('from and to %s', (t) => {
    const flags = t === 'f16' ? ['has_zfhmin'] : []
    for (const op of ['fcvt_from_sint', 'fcvt_from_uint'])
      compare(one(op, ['i128'], t, `.${t}`), ['i128'], flags, 100, 3)
    for (const op of ['fcvt_to_sint', 'fcvt_to_uint', 'fcvt_to_sint_sat', 'fcvt_to_uint_sat'])
      compare(one(op, [t], 'i128', '.i128'), [t], flags, 100, 4)
  })
})

describe('f128', () => {
  test.each(['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign', 'band', 'bxor'])('%s', (op) => {
    compare(one(op, ['f128', 'f128'], 'f128'), ['f128', 'f128'], [], op === 'fdiv' ? 150 : 400, op.charCodeAt(2))
  })
  test.each(['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'fneg', 'fabs'])('%s', (op) => {
    compare(one(op, ['f128'], 'f128'), ['f128'], [], 200, op.charCodeAt(1))
  })
  test.each(['ord', 'uno', 'eq', 'ne', 'one', 'ueq', 'lt', 'le', 'gt', 'ge', 'ult', 'ule', 'ugt', 'uge'])(
    'fcmp %s',
    (cc) => {
      compare(one(`fcmp ${cc}`, ['f128', 'f128'], 'i8'), ['f128', 'f128'], [], 100, cc.length)
    },
  )
  test.each(['f16', 'f32', 'f64'])('from and to %s', (t) => {
    for (const flags of t === 'f16' ? [[], ['has_zfhmin'], ['has_zfh', 'has_zfhmin']] : [[]]) {
      compare(one('fpromote', [t], 'f128', '.f128'), [t], flags, 100, 1)
      compare(one('fdemote', ['f128'], t, `.${t}`), ['f128'], flags, 300, 2)
    }
  })
  test.each(['i8', 'i16', 'i32', 'i64'])('from and to %s', (t) => {
    for (const op of ['fcvt_from_sint', 'fcvt_from_uint']) compare(one(op, [t], 'f128', '.f128'), [t], [], 50, 1)
    for (const op of ['fcvt_to_sint', 'fcvt_to_uint', 'fcvt_to_sint_sat', 'fcvt_to_uint_sat'])
      compare(one(op, ['f128'], t, `.${t}`), ['f128'], [], 100, 2)
  })
})

test('fma of f128', () => {
  compare(one('fma', ['f128', 'f128', 'f128'], 'f128'), ['f128', 'f128', 'f128'], [], 600, 11)
  // what nearly cancels: x * y - (x * y, rounded), and the neighbours of the product
  const text = `function %f(f128, f128, i64) -> f128 {
block0(v0: f128, v1: f128, v2: i64):
    v3 = fmul v0, v1
    v4 = bitcast.i128 v3
    v5 = iconst.i64 7
    v6 = band v2, v5
    v7 = uextend.i128 v6
    v8 = iadd v4, v7
    v9 = bitcast.f128 v8
    v10 = fneg v9
    v11 = fma v0, v1, v10
    return v11
}`
  compare(text, ['f128', 'f128', 'i64'], [], 400, 12)
})

describe('f16 without Zfhmin', () => {
  test.each(['fadd', 'fsub', 'fmul', 'fdiv', 'fmin', 'fmax', 'fcopysign'])('%s', (op) => {
    compare(one(op, ['f16', 'f16'], 'f16'), ['f16', 'f16'], [], 300, op.charCodeAt(2))
  })
  test.each(['sqrt', 'ceil', 'floor', 'trunc', 'nearest', 'fneg', 'fabs'])('%s', (op) => {
    compare(one(op, ['f16'], 'f16'), ['f16'], [], 150, op.charCodeAt(1))
  })
  test('fma, fcmp, conversions', () => {
    compare(one('fma', ['f16', 'f16', 'f16'], 'f16'), ['f16', 'f16', 'f16'], [], 300, 5)
    for (const cc of ['eq', 'lt', 'uge', 'ueq'])
      compare(one(`fcmp ${cc}`, ['f16', 'f16'], 'i8'), ['f16', 'f16'], [], 100, 6)
    for (const t of ['f32', 'f64']) {
      compare(one('fpromote', ['f16'], t, `.${t}`), ['f16'], [], 100, 7)
      compare(one('fdemote', [t], 'f16', '.f16'), [t], [], 200, 8)
    }
    for (const t of ['i8', 'i32', 'i64']) {
      for (const op of ['fcvt_from_sint', 'fcvt_from_uint']) compare(one(op, [t], 'f16', '.f16'), [t], [], 100, 9)
      for (const op of ['fcvt_to_sint', 'fcvt_to_uint', 'fcvt_to_sint_sat', 'fcvt_to_uint_sat'])
        compare(one(op, ['f16'], t, `.${t}`), ['f16'], [], 100, 10)
    }
  })
})

/** Fills two areas, calls the routine inside them, and folds result and areas into one number. */
function memoryProgram(routine: string, value: string, result: string): string {
  return `function %f(i64, i64, i64, i64) -> i64 {
    ss0 = explicit_slot 256, align = 16
    fn0 = %${routine}(i64, i64, i64) ${result}
block0(v0: i64, v1: i64, v2: i64, v3: i64):
    v4 = stack_addr.i64 ss0
    v5 = iconst.i64 0
    v6 = iconst.i64 256
    v7 = iconst.i64 1
    jump block1(v5, v0)
block1(v10: i64, v11: i64):
    v12 = iconst.i64 0x5851f42d4c957f2d
    v13 = imul v11, v12
    v14 = iadd v13, v7
    v15 = iconst.i64 62
    v16 = ushr v14, v15
    v17 = iadd v4, v10
    istore8 v16, v17
    v18 = iadd v10, v7
    v19 = icmp ult v18, v6
    brif v19, block1(v18, v14), block2
block2:
    v20 = iadd v4, v1
    v21 = iadd v4, v2
    v22 = call fn0(v20, ${value}, v3)
    ${result.includes('i32') ? 'v23 = sextend.i64 v22' : 'v23 = isub v22, v4'}
    jump block3(v5, v23)
block3(v30: i64, v31: i64):
    v32 = iadd v4, v30
    v33 = uload8.i64 v32
    v34 = iconst.i64 0x100000001b3
    v35 = imul v31, v34
    v36 = bxor v35, v33
    v37 = iadd v30, v7
    v38 = icmp ult v37, v6
    brif v38, block3(v37, v36), block4
block4:
    return v36
}`
}

test.each([
  ['Memcpy', 'v21', '-> i64 system_v'],
  ['Memmove', 'v21', '-> i64 system_v'],
  ['Memset', 'v2', '-> i64 system_v'],
  ['Memcmp', 'v21', '-> i32 sext system_v'],
])('%s', (routine, value, result) => {
  const text = memoryProgram(routine, value, result)
  const functions = parseFunctions(text).functions.map((f) => f.func)
  const oracle = createInterpreter(functions)
  const compiled = backends[0].compile(functions, {
    target: 'riscv64',
    flags: new Map(),
    settings: new Map(),
    opt: 'none',
  })
  if ('unsupported' in compiled) throw new Error(compiled.unsupported)
  const r = new Random(routine.length)
  for (let k = 0; k < 60; k++) {
    const overlap = routine === 'Memmove' || routine === 'Memcmp'
    const size = r.below(k % 3 === 0 ? 12 : 100)
    const to = r.below(overlap ? 150 : 25)
    const from = overlap ? r.below(150) : 128 + (k % 2 === 0 ? to : r.below(25))
    const args = [r.below(4), to, from, size].map((n) => dataValue(I64, BigInt(n)))
    expect(`${args.map((a) => unsignedBits(a))}: ${shown(compiled.invoke('f', args))}`).toBe(
      `${args.map((a) => unsignedBits(a))}: ${shown(oracle.invoke('f', args))}`,
    )
  }
  compiled.dispose?.()
})
