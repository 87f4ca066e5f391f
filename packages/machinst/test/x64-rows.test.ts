// The x64 row compiler on a small vocabulary: what it derives, and that each of its checks refuses exactly its error.
import { describe, expect, test } from 'vitest'
import {
  COND_IMM8,
  COND_RAX,
  COND_SHORT,
  COND_UNSWAPPED,
  type X64Attributes,
  type X64Register,
  x64Row as row,
  type X64RowTable,
  type X64Vocabulary,
} from '@k23/machinst/rows'
import { compileX64Table, generateX64Modules, RowError } from '@k23/machinst/rows/compiler'

const names = Array.from({ length: 16 }, (_, i) => `r${i}`)
const gpr = (field: X64Register['field'], size = 64): X64Register => ({
  kind: 'register',
  brand: 'Gpr',
  bank: 0,
  size,
  field,
  names,
})
const vocabulary: X64Vocabulary = {
  r: gpr('reg'),
  rb: gpr('rm'),
  r8: gpr('reg', 8),
  v: gpr('vvvv'),
  i4: gpr('is4'),
  rax: { ...gpr('none'), fixed: 0 },
  rdx: { ...gpr('none'), fixed: 2 },
  m: { kind: 'memory', bytes: 8 },
  m16a: { kind: 'memory', bytes: 16, aligned: true },
  rm: { kind: 'rm', register: 'rb', memory: 'm' },
  s32: { kind: 'immediate', bytes: 4, signed: true, min: -(2 ** 31), max: 2 ** 31 - 1 },
  u8: { kind: 'immediate', bytes: 1, signed: false, min: 0, max: 255 },
  u16: { kind: 'immediate', bytes: 2, signed: false, min: 0, max: 65535 },
  i64: { kind: 'immediate', bytes: 8, signed: false, min: -(2 ** 31), max: 2 ** 31 - 1 },
  cc: { kind: 'immediate', bytes: 0, signed: false, min: 0, max: 15, names },
  rel: { kind: 'immediate', bytes: 4, signed: true, min: -(2 ** 31), max: 2 ** 31 - 1, label: true },
}

const compile = (rows: X64RowTable) => compileX64Table(rows, vocabulary)
const only = (id: string, text: string, bits: string, attrs: X64Attributes = {}) =>
  compile({ [id]: row(text, bits, attrs) })

describe('what a row becomes', () => {
  test('an M in the id: a register and a memory form', () => {
    const [register, memory] = only('add_rM', 'add src:rm, +dst:r', 'REX.W 01 r/ | REX.W 03 /r')
    const shape = (r: typeof register) => r.operands.map((o) => `${o.name} ${o.role} ${o.word} ${o.words}`)
    expect([register.id, memory.id, register.rowId]).toEqual(['add_rr', 'add_rm', 'add_rM'])
    expect(shape(register)).toEqual(['dst readwrite 1 2', 'src use 3 1'])
    expect(shape(memory)).toEqual(['dst readwrite 1 2', 'mem use 3 4'])
    expect([register.words, memory.words]).toEqual([4, 7])
    expect([register.load, memory.load, memory.store]).toEqual([0, 8, 0])
    // The reversed form has no memory.
    expect(register.alternatives.map((a) => a.opcode)).toEqual([1, 3])
    expect(memory.alternatives.map((a) => a.opcode)).toEqual([3])
    // Reversed: the destination is in ModRM.rm.
    expect(register.alternatives.map((a) => [a.reg, a.rm])).toEqual([
      [1, 0],
      [0, 1],
    ])
    expect(memory.template).toBe('add $1, $0')
  })

  test('order: defs, pairs, uses, memory, labels, immediates; implicit ones first, then right to left', () => {
    const [r] = only('x_rMi', 'x imm:u8, a:v, b:rm, =dst:r', 'VEX.128.0F.W0 10 /r ib', { implicit: 'rax +rdx' }).slice(
      1,
    )
    expect(r.operands.map((o) => o.name)).toEqual(['dst', 'rdx', 'rax', 'a', 'mem', 'imm'])
    const [j] = only('j', 'j{cc} to:rel', '0F 80+cc cd | 70+cc cb')
    expect(j.operands.map((o) => o.name)).toEqual(['to', 'cc'])
    expect(j.alternatives.map((a) => [a.immBytes, a.condition])).toEqual([
      [4, 0],
      [1, COND_SHORT],
    ])
  })

  test('what the memory operand does: load, store, alignment', () => {
    const sizes = (text: string) => {
      const [r] = only('x_mr', text, '01 /r')
      return [r.load, r.store, r.aligned]
    }
    expect(sizes('x src:r, mem:m')).toEqual([8, 0, false])
    expect(sizes('x src:r, =mem:m')).toEqual([0, 8, false])
    expect(sizes('x src:r, +mem:m16a')).toEqual([16, 16, true])
  })

  test('conditions of alternatives', () => {
    const conditions = (id: string, text: string, bits: string) =>
      only(id, text, bits)[0].alternatives.map((a) => a.condition)
    expect(conditions('x_ri', 'x imm:s32, +dst:rb', '83 /0 ib | 05 id [dst=rax] | 81 /0 id')).toEqual([
      COND_IMM8,
      COND_RAX,
      0,
    ])
    expect(conditions('x_rr', 'x src:rb, =dst:r', 'VEX.128.0F.WIG 28 /r | VEX.128.0F.WIG 29 r/')).toEqual([
      COND_UNSWAPPED,
      0,
    ])
    // No two-byte VEX there.
    expect(conditions('x_rr', 'x src:rb, =dst:r', 'VEX.128.0F38.WIG 28 /r | VEX.128.0F38.WIG 29 r/')).toEqual([0, 0])
  })

  test('generated modules', () => {
    const rows = only('cmov_rM', 'cmov{cc}<q> src:rm, +dst:r', 'REX.W 0F 40+cc /r', { reads: 'oszpc' })
    const modules = generateX64Modules(rows, 'x/generate.ts')
    expect(modules.opcodes).toContain('export const cmov_rr = 0\nexport const cmov_rm = 1\n')
    expect(modules.constructors).toContain(
      'export function cmov_rm(s: MemSink, dst: Writable<Gpr>, dstIn: Gpr, mem: Mem, cc: number): number {',
    )
    // The semicolon ends the entry's name.
    expect(modules.tables).toContain('"cmov$4:cc;q $3:rb, $1:r|cmov$7:cc;q $3:m, $1:r"')
  })
})

describe('refused', () => {
  const refused: [string, () => unknown, string | RegExp][] = [
    ['a prefix as opcode', () => only('x', 'x', '66'), 'row x: 66 is a prefix or an escape, not an opcode'],
    ['REX as opcode', () => only('x', 'x', '48'), /48 is a prefix or an escape/],
    ['VEX as opcode', () => only('x', 'x', 'C5'), /C5 is a prefix or an escape/],
    ['EVEX as opcode', () => only('x', 'x', '62'), /62 is a prefix or an escape/],
    ['an escape as opcode', () => only('x', 'x', '0F'), /no opcode byte/],
    ['no opcode', () => only('x', 'x', 'REX.W /r'), /has no opcode byte/],
    ['an unknown token', () => only('x', 'x a:rb', '01 /9'), /'\/9' in '01 \/9' is nothing/],
    ['a vector length', () => only('x', 'x a:rb, =b:r', 'VEX.256.0F.W0 10 /r'), /the length must be 128/],
    ['no map', () => only('x', 'x a:rb, =b:r', 'VEX.128.66.W0 10 /r'), /the map must be/],
    ['no W', () => only('x', 'x a:rb, =b:r', 'VEX.128.66.0F 10 /r'), /must end in W0, W1 or WIG/],
    ['+r over bits in use', () => only('x', 'x a:rb', '51+r'), /low bits of 51/],
    ['constants and operands', () => only('x', 'x a:rb', '01 /0 02'), /constant bytes and operands/],
    [
      'an operand that is not encoded',
      () => only('x', 'x a:r, b:rb', '01 /0'),
      "row x: '01 /0': operand a is not encoded",
    ],
    ['a field without operand', () => only('x', 'x a:rb', '01 /r'), /0 operands could be its \/r/],
    ['two operands for a field', () => only('x', 'x a:r, b:rb, c:r', '01 /r'), /2 operands could be its \/r/],
    ['an immediate without bytes', () => only('x', 'x a:u8', '01'), /operand a is not encoded/],
    ['bytes without an immediate', () => only('x', 'x', '01 ib'), /0 operands could be its immediate/],
    ['an immediate that does not fit', () => only('x', 'x a:u16', '01 ib | 02 iw'), /an immediate of 2 bytes in 1/],
    ['no alternative for all values', () => only('x', 'x a:s32', '01 ib'), /no alternative of the bits applies always/],
    ['two conditions', () => only('x', 'x a:s32, +b:rb', '01 ib [b=rax] | 02 /0 id'), /two conditions/],
    ['is4 missing', () => only('x', 'x c:i4, a:rb, b:r', 'VEX.128.0F.W0 01 /r'), /operand c is not encoded/],
    ['an immediate that is written', () => only('x', 'x =a:u8', '01 ib'), /immediate and cannot be def/],
    ['no vocabulary', () => only('x', 'x a:nothing', '01 /0'), /no entry nothing/],
    ['r/m without M', () => only('x_rr', 'x a:rm, =b:r', '01 /r'), /the id needs an M/],
    ['M without r/m', () => only('x_M', 'x a:rb', '01 /0'), /the id has an M, but no operand/],
    ['two of a name', () => only('x', 'x a:rb', '01 /0', { implicit: 'rax rax' }), /operand rax appears twice/],
    ['an implicit operand with a field', () => only('x', 'x', '01', { implicit: 'r' }), /no fixed register/],
    ['an unknown flag', () => only('x', 'x', '01', { writes: 'q' }), /'q' is no flag/],
    [
      'undefined but not written',
      () => only('x', 'x', '01', { writes: 'c', undef: 'o' }),
      /flag o is undefined but not written/,
    ],
    [
      'two rows with one id',
      () => compile({ x_M: row('x a:rm', '01 /0'), x_r: row('x a:rb', '02 /0') }),
      /another x_r/,
    ],
    [
      'the same bytes',
      () => compile({ x: row('x', '01'), y: row('y', '01') }),
      "rows x ('01') and y ('01') decode the same bytes",
    ],
    [
      'the same bytes but for ignored W',
      () => compile({ x: row('x a:rb, =b:r', 'VEX.128.0F.WIG 01 /r'), y: row('y a:rb, =b:r', 'VEX.128.0F.W1 01 /r') }),
      /same bytes/,
    ],
    ['a digit under /r', () => compile({ x: row('x a:rb, =b:r', '01 /r'), y: row('y a:rb', '01 /3') }), /same bytes/],
    ['a register in the opcode', () => compile({ x: row('x a:rb', '50+r'), y: row('y', '53') }), /same bytes/],
    [
      'constant bytes that are a ModRM',
      () => compile({ x: row('x a:rb', '01 /0'), y: row('y', '01 C3') }),
      /same bytes/,
    ],
    [
      'an entry with too few names',
      () => compileX64Table({}, { r: { ...gpr('reg'), names: ['r0'] } }),
      /1 names for 16 registers/,
    ],
    [
      'an entry with a range too great',
      () => compileX64Table({}, { i: { kind: 'immediate', bytes: 1, signed: false, min: 0, max: 256 } }),
      /does not fit 1 bytes/,
    ],
    [
      'an entry of two others',
      () => compileX64Table({}, { ...vocabulary, rm: { kind: 'rm', register: 'r', memory: 'm' } }),
      /no register of ModRM.rm/,
    ],
  ]
  test.each(refused)('%s', (_, make, message) => {
    expect(make).toThrow(RowError)
    expect(make).toThrow(message)
  })

  test('what only looks alike is accepted', () => {
    expect(
      compile({
        digits: row('x a:rb', '01 /3'),
        others: row('y a:rb', '01 /4'),
        memory: row('z a:m', '01 /3'),
        wide: row('x a:rb', 'REX.W 01 /3'),
        prefixed: row('x a:rb', '66 01 /3'),
        map: row('x a:rb', '0F 01 /3'),
        constants: row('x', '01 C0'),
        nop: row('x', '90'),
        pause: row('x', 'F3 90'),
      }),
    ).toHaveLength(9)
  })
})
