// The row compiler on a toy machine: what it derives, and that each of its checks refuses exactly its error.
import { describe, expect, test } from 'vitest'
import { CONSTRAINT_REG, CONSTRAINT_REUSE, joinTables, row, type RowTable, type Vocabulary } from '@k23/machinst/rows'
import { buildDecodeTree, compileTable, descriptorsOf, generateModules, RowError } from '@k23/machinst/rows/compiler'

const names = Array.from({ length: 16 }, (_, i) => `r${i}`)
const reg = { kind: 'register', brand: 'Reg', bank: 0, width: 4, names } as const
const vocabulary: Vocabulary = {
  a: reg,
  b: reg,
  d: reg,
  float: { ...reg, brand: 'Float', bank: 1 },
  nz: { ...reg, legal: ~1 },
  small: { ...reg, width: 3, bias: 8 },
  u8: { kind: 'immediate', min: 0, max: 255 },
  s8: { kind: 'immediate', min: -128, max: 127 },
  s9x2: { kind: 'immediate', min: -256, max: 254, scale: 2, pcRelative: true },
  mode: { kind: 'immediate', min: 0, max: 3, names: ['up', undefined, 'down', 'near'] },
}

const rows: RowTable = {
  add: row('add =d, a, b', 'd a b 000000000000 00000001'),
  addi: row('addi =d, a, imm:s8', 'd a imm[7:0] 00000000 00000010'),
  acc: row('acc{mode} +d, a', 'd a mode 00000000000000 00000011'),
  bnz: row('bnz a, off:s9x2', 'a off[8:1] 000000000000 00000100', { effect: 'branch' }),
  store: row('store a!, =&d', 'd a 0000000000000000 00000101'),
}

const only = (text: string, bits: string, attrs = {}) => compileTable({ x: row(text, bits, attrs) }, vocabulary)

describe('what a row becomes', () => {
  const compiled = compileTable(rows, vocabulary)
  const byId = Object.fromEntries(compiled.map((r) => [r.id, r]))

  test('words: defs, read-write pairs, uses, immediates', () => {
    const shape = (id: string) => byId[id].operands.map((o) => `${o.name} ${o.role} ${o.word}`)
    expect(shape('add')).toEqual(['d def 1', 'a use 2', 'b use 3'])
    expect(shape('acc')).toEqual(['d readwrite 1', 'a use 3', 'mode imm 4'])
    expect(shape('store')).toEqual(['d earlydef 1', 'a lateuse 2'])
    expect(compiled.map((r) => r.words)).toEqual([4, 4, 5, 3, 3])
    expect(byId.acc.template).toBe('acc$2 $0, $1')
  })

  test('match, mask and slices', () => {
    expect([byId.add.match, byId.add.mask]).toEqual([1, 0x000fffff])
    expect(byId.bnz.slices).toEqual([
      { operand: 0, source: 0, dest: 28, width: 4 },
      { operand: 1, source: 1, dest: 20, width: 8 },
    ])
  })

  test('descriptors', () => {
    const late = 0x800
    const def = 0x400
    expect(descriptorsOf(byId.acc)).toEqual([
      1 | def | late | (CONSTRAINT_REUSE << 12) | (1 << 16),
      2 | (CONSTRAINT_REG << 12),
      3 | (CONSTRAINT_REG << 12),
    ])
    expect(descriptorsOf(byId.store)).toEqual([1 | def | (CONSTRAINT_REG << 12), 2 | late | (CONSTRAINT_REG << 12)])
  })

  test('generated text', () => {
    const { opcodes, fixups, constructors } = generateModules(compiled, 'a test')
    expect(opcodes).toContain('export const acc = 2\n')
    expect(fixups).toContain('export const s9x2 = 1\n')
    expect(constructors).toContain(
      'export function acc(s: InstSink, d: Writable<Reg>, dIn: Reg, a: Reg, mode: number): number {',
    )
    expect(constructors).toContain('export function bnz(s: InstSink, a: Reg, off: Label): number {')
    expect(constructors).toContain("badImmediate('acc', 'mode', mode, '0 2 3')")
  })

  test('a decode tree has each row in a leaf', () => {
    const { leaves, nodes, root } = buildDecodeTree(compiled)
    for (const r of compiled) {
      let node = root
      while (node > 0) node = nodes[node + 1 + ((r.match >>> (nodes[node] & 255)) & ((1 << (nodes[node] >> 8)) - 1))]
      expect(node).toBeLessThan(0)
      expect(leaves.slice(~node + 1, ~node + 1 + leaves[~node])).toContain(r.opcode)
    }
  })
})

describe('errors', () => {
  const tail = '0000000000000001'
  const cases: Record<string, [() => unknown, string]> = {
    'bits that do not sum up': [() => only('x', '0000'), 'row x: the bits sum up to 4, not to 16 or 32'],
    'unknown token in the bits': [
      () => only('x', `${tail} 0x00`),
      "row x: '0x00' is neither binary digits nor a field",
    ],
    'a field that no operand has': [
      () => only('x', `q 000000000000 ${tail}`),
      'row x: field q is no operand of the row',
    ],
    'an operand that is not encoded': [() => only('x a', `${tail}${tail}`), 'row x: operand a is not encoded'],
    'bits covered twice': [() => only('x i:u8', `i[7:0] i[7:0] ${tail}`), 'row x: bits of i are covered twice'],
    'bits not covered': [
      () => only('x i:u8', `0 i[6:0] 00000000 ${tail}`),
      'row x: operand i: the bits cover 0b1111111 of its value, the vocabulary says 0b11111111',
    ],
    'a scaled immediate with its zero bits encoded': [
      () => only('x i:s9x2', `i[8:0] 0000000 ${tail}`),
      'row x: operand i: the bits cover 0b111111111 of its value, the vocabulary says 0b111111110',
    ],
    'a sliced register': [() => only('x a', `a[3:0] 000000000000 ${tail}`), 'row x: register field a cannot be sliced'],
    'a slice the wrong way round': [
      () => only('x i:u8', `i[0:7] 00000000 ${tail}`),
      'row x: slice [0:7] of i is not high:low',
    ],
    'a written immediate': [
      () => only('x =i:u8', `i 00000000 ${tail}`),
      'row x: operand i is an immediate and cannot be def',
    ],
    'a late definition': [
      () => only('x =a!', `a 000000000000 ${tail}`),
      "row x: operand a: '!' marks a late use, '=' a definition",
    ],
    'an operand twice': [
      () => only('x =a, a', `a 000000000000 ${tail}`),
      "row x: operand a appears twice in 'x =a, a'",
    ],
    'a name without entry': [
      () => only('x c', `c 000000000000 ${tail}`),
      'row x: operand c: the vocabulary has no entry c',
    ],
    'an entry that is in every object': [
      () => only('x c:toString', `c 000000000000 ${tail}`),
      'row x: operand c: the vocabulary has no entry toString',
    ],
    'no mnemonic': [() => only('=a', `a 000000000000 ${tail}`), "row x: '=a' does not start with a mnemonic"],
    'a 16-bit row that ends in 11': [
      () => compileTable({ x: row('x', '0000000000000011') }, vocabulary),
      'row x: a 16-bit row must end in 00, 01 or 10',
    ],
    'a 32-bit row that looks short beside 16-bit rows': [
      () => compileTable({ s: row('s', '0000000000000001'), l: row('l', `${tail}0000000000000001`) }, vocabulary),
      'row l: a 32-bit row must end in 11',
    ],
    'an overlap': [
      () =>
        compileTable({ x: row('x a', `a 000000000000 ${tail}`), y: row('y', `0001000000000000 ${tail}`) }, vocabulary),
      'rows x and y decode the same bits, and neither is specialOf the other',
    ],
    'specialOf a row that is not there': [
      () => only('x', `${tail}${tail}`, { specialOf: 'y' }),
      "row x: specialOf 'y': there is no such row",
    ],
    'specialOf without overlap': [
      () =>
        compileTable(
          { x: row('x a', `a 000000000000 ${tail}`), y: row('y', `${tail}${tail}`, { specialOf: 'x' }) },
          vocabulary,
        ),
      "row y: specialOf 'x': no word matches both",
    ],
    'specialOf the wrong way round': [
      () =>
        compileTable(
          { x: row('x a', `a 000000000000 ${tail}`, { specialOf: 'y' }), y: row('y', `0001000000000000 ${tail}`) },
          vocabulary,
        ),
      'row x is not more special than y',
    ],
    'an id in two tables': [() => joinTables(rows, rows), 'row add is in two tables'],
    'a range that is no field': [
      () => compileTable({}, { odd: { kind: 'immediate', min: 0, max: 200 } }),
      'vocabulary entry odd: range 0..200 does not fill its field',
    ],
    'too few names': [
      () => compileTable({}, { few: { ...reg, names: ['r0'] } }),
      'vocabulary entry few: has 1 names for 16 registers',
    ],
  }
  for (const [what, [compile, message]] of Object.entries(cases)) {
    test(what, () => {
      expect(compile).toThrow(message)
    })
  }

  test('a reserved operand value settles an overlap', () => {
    const table = { x: row('x a:nz', `a 000000000000 ${tail}`), y: row('y', `0000000000000000 ${tail}`) }
    expect(compileTable(table, vocabulary)).toHaveLength(2)
  })

  test('more special rows come first in a leaf', () => {
    const table = {
      general: row('g a', `a 000000000000 ${tail}`),
      special: row('s', `0001000000000000 ${tail}`, { specialOf: 'general' }),
    }
    expect(buildDecodeTree(compileTable(table, vocabulary)).leaves).toEqual([2, 1, 0])
  })
})

describe('expansions', () => {
  const long = row('add =d, a, b', 'd a b 00000000000000000011')
  const withShort = (text: string, bits: string, expands: string) =>
    compileTable(
      { add: long, addi: row('addi =d, a, imm:s8', 'd a imm 0000000000000111'), s: row(text, bits, { expands }) },
      vocabulary,
    )[2]

  test('operands and constants', () => {
    expect(withShort('s +d, a', 'd a 00000001', 'add d, d, a').expansions).toEqual([
      { opcode: 0, arguments: [{ operand: 0 }, { operand: 0 }, { operand: 1 }] },
    ])
    expect(withShort('s =d, a', 'd a 00000001', 'add d, 0, a').expansions[0].arguments[1]).toEqual({ constant: 0 })
    expect(withShort('s +d, a', 'd a 00000001', 'add d, d, a | add d, a, d').expansions).toHaveLength(2)
  })

  const wrong: [string, string, string, string][] = [
    ['s =d', 'd 000000000001', 'sub d, d, d', 'there is no row sub'],
    ['s =d', 'd 000000000001', 'add d, d', 'add has 3 operands'],
    ['s =d', 'd 000000000001', 'add d, e, d', 'e is no operand of s'],
    ['s d', 'd 000000000001', 'add d, d, d', 'add writes d, s only reads d'],
    ['s =d, i:u8', 'd i 0001', 'add d, d, i', 'i cannot stand for b of add'],
    ['s =d, a:float', 'd a 00000001', 'add d, d, a', 'a is of another register bank than b of add'],
    ['s =d, a', 'd a 00000001', 'add d, 0, 0', 'operand a is not used'],
    ['s =d, i:u8', 'd i 0001', 'addi d, d, i', 'i can be out of the range of imm of addi'],
    ['s =d', 'd 000000000001', 'addi d, d, 128', '128 is out of the range of imm of addi'],
    ['s =d', 'd 000000000001', 'add d, d, 16', '16 is out of the range of b of add'],
  ]
  for (const [text, bits, expands, message] of wrong) {
    test(message, () => {
      expect(() => withShort(text, bits, expands)).toThrow(new RowError(`row s: expands '${expands}': ${message}`))
    })
  }
})
