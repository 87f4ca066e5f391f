// Constants: the shortest sequences, and fli against the names that the instruction table prints.
import { parseFunctions } from '@k23/ir'
import { compileFunction } from '@k23/machinst'
import { describe, expect, test } from 'vitest'
import { riscv64 } from '../src/index.ts'
import { disassemble, vocabulary } from '../src/insts/index.ts'

function code(text: string, features: readonly string[] = []): string[] {
  const isa = riscv64.create(Object.fromEntries(features.map((f) => [f, true])), {})
  const { func } = parseFunctions(text).functions[0]
  const compiled = compileFunction(isa, func, { algorithm: 'single_pass', check: true })
  return disassemble(compiled.code).map((d) => d.text)
}

function integer(k: bigint, features: readonly string[] = []): string[] {
  return code(`function %f() -> i64 {\nblock0:\n    v0 = iconst.i64 ${k}\n    return v0\n}`, features).slice(0, -1)
}

describe('integers', () => {
  // biome-ignore format: table
  test.each([
    [1n,                      ['addi a0, zero, 1']],
    [-2048n,                  ['addi a0, zero, -2048']],
    [2048n,                   ['lui a0, 1', 'addiw a0, a0, -2048']],
    [0x7fffffffn,             ['lui a0, 524288', 'addiw a0, a0, -1']],
    [-0x80000000n,            ['lui a0, 524288']],
    [0x80000000n,             ['addi a0, zero, 1', 'slli a0, a0, 31']],
    [0xffffffffn,             ['addi a0, zero, -1', 'srli a0, a0, 32']],
    [0x7fffffffffffffffn,     ['addi a0, zero, -1', 'srli a0, a0, 1']],
    [-0x8000000000000000n,    ['addi a0, zero, -1', 'slli a0, a0, 63']],
    [0x00ffffff00000000n,     ['addi a0, zero, -1', 'slli a0, a0, 40', 'srli a0, a0, 8']],
  ])('%i', (k, want) => {
    expect(integer(k)).toEqual(want)
  })
  test('one bit with Zbs', () => {
    for (let k = 12n; k < 63n; k++)
      expect(integer(1n << k, ['has_zbs'])).toEqual([k < 31n ? `lui a0, ${1n << (k - 12n)}` : `bseti a0, zero, ${k}`])
  })
})

test('fli has each of its 32 constants', () => {
  const entry = vocabulary.fli
  const names = 'names' in entry ? (entry.names ?? []) : []
  expect(names.length).toBe(32)
  for (const [type, row] of [
    ['f32', 'fli.s'],
    ['f64', 'fli.d'],
  ] as const) {
    for (const name of names) {
      let literal = name === 'inf' ? '+Inf' : name === 'nan' ? '+NaN' : ''
      if (literal === '') {
        const x = name === 'min' ? 2 ** (type === 'f32' ? -126 : -1022) : Number(name)
        const e = Math.floor(Math.log2(Math.abs(x)))
        literal = `${x < 0 ? '-' : ''}0x1.${((Math.abs(x) / 2 ** e - 1) * 16).toString(16)}p${e}`
      }
      const text = `function %f() -> ${type} {\nblock0:\n    v0 = ${type}const ${literal}\n    return v0\n}`
      expect(code(text, ['has_zfa'])[0]).toBe(`${row} fa0, ${name}`)
    }
  }
})
