import { describe, expect, test } from 'vitest'
import { ParseError, parseFile } from '../src/text/index.ts'

function errorOf(text: string): ParseError {
  try {
    parseFile(text)
  } catch (e) {
    expect(e).toBeInstanceOf(ParseError)
    return e as ParseError
  }
  throw new Error(`parsed: ${text}`)
}

const inBlock = (line: string): string =>
  `function %f(i32, i64) {\n    fn0 = %g(i32) -> i32\nblock0(v0: i32, v1: i64):\n    ${line}\n    return\n}`

describe('errors say where, what was expected, and what was found', () => {
  // biome-ignore format: table
  const cases: readonly (readonly [text: string, line: number, column: number, message: string])[] = [
    ['test cat\nbogus\n',                           2, 1,  'expected a command (test, set, target, feature) or `function`, found `bogus`'],
    ['function %f {}',                              1, 13, 'expected `(` and the parameters of the function, found `{`'],
    ['function %f(i33) {}',                         1, 13, 'expected a type, found `i33`'],
    ['function f() {}',                             1, 10, 'expected the name of the function'],
    ['function %f() {',                             1, 16, 'found the end of the text'],
    ['function %f() {} junk',                       1, 18, 'expected `function`, found `junk`'],
    ['function %f() {\n  ss0 = explicit_slot 4\n  ss0 = explicit_slot 4\n}', 3, 3, 'ss0 is declared twice'],
    ['function %f() {\n  ss99999 = explicit_slot 4\n}', 2, 3, 'too large'],
    ['function %f() {\n  ss0 = explicit_slot 4, align = 3\n}', 2, 34, 'power of two'],
    ['function %f() {\n  gv0 = load.i64 gv7\n}',     2, 18, 'gv7 is not declared'],
    ['function %f() {\n  fn0 = %g sig3\n}',          2, 12, 'sig3 is not declared'],
    [inBlock('v2 = frob v0'),                       4, 10, 'expected an opcode, found `frob`'],
    [inBlock('v2 = iadd v0'),                       5, 5,  'expected `,`, found `return`'],
    [inBlock('v2 = iadd v0, 3'),                    4, 19, 'expected a value, such as v1, found `3`'],
    [inBlock('v2 = iadd v0, v9'),                   4, 19, 'v9 is used but never defined'],
    [inBlock('v0 = iadd v0, v0'),                   4, 5,  'v0 is defined twice'],
    [inBlock('v2, v3 = iadd v0, v0'),               4, 14, 'this iadd has 1 result, but 2 are named'],
    [inBlock('call fn0(v0)'),                       4, 5,  'this call has 1 result, but 0 are named'],
    [inBlock('v2 = call fn1(v0)'),                  4, 15, 'fn1 is not declared'],
    [inBlock('v2 = iconst 5'),                      4, 17, 'iconst needs its type, as in iconst.i32'],
    [inBlock('v2 = iconst.i8 256'),                 4, 20, 'the immediate does not fit in i8'],
    [inBlock('v2 = iconst.i8 -129'),                4, 20, 'the immediate does not fit in i8'],
    [inBlock('v2 = iconst.i64 0x1_0000_0000_0000_0000'), 4, 21, 'the immediate does not fit in i64'],
    [inBlock('v2 = iconst.f32 1'),                  4, 10, 'f32 is not a controlling type of iconst'],
    [inBlock('v2 = f32const.f32 0.0'),              4, 18, 'f32const has no controlling type'],
    [inBlock('v2 = f32const 1.5'),                  4, 19, 'a float is written in hexadecimal'],
    [inBlock('v2 = f32const 0x1.0000001p0'),        4, 19, 'more significant bits than the type'],
    [inBlock('v2 = fadd v0, v0'),                   4, 10, 'i32 is not a controlling type of fadd'],
    [inBlock('v2 = icmp lt v0, v0'),                4, 15, 'expected an integer condition code'],
    [inBlock('v2 = load.i32 notrap user1 v1'),      4, 32, 'both notrap and a trap code'],
    [inBlock('v2 = load.i32 v1 8'),                 4, 22, 'a byte offset with its sign'],
    [inBlock('v2 -> v3\n    v3 -> v2'),             5, 5,  'the alias v3 stands for itself'],
    [inBlock('v2 = iadd v2, v2'),                   4, 10, 'the type of this iadd depends on itself'],
    [inBlock('trapz v0, oops'),                     4, 15, 'expected a trap code'],
    [inBlock('v2 = iconst.i32 12ab'),               4, 21, 'malformed number `12ab`'],
    [inBlock('v99999999 = iconst.i32 1'),           4, 5,  'entity number is too large'],
    [inBlock('jump block99999999'),                 4, 10, 'entity number is too large'],
    [inBlock('v2 = shuffle v0, v0, 0x00'),          4, 26, 'a shuffle mask has 16 bytes, found 1'],
    [inBlock('v2 = vconst.i32x4 [1 2 3]'),          4, 23, 'i32x4 has 4 lanes, 3 given'],
    [inBlock('\u00e9'),                             4, 5,  'unexpected character "\u00e9"'],
  ]
  test.each(cases)('%s', (text, line, column, message) => {
    const e = errorOf(text)
    expect(e.message).toContain(message)
    expect([e.line, e.column]).toEqual([line, column])
  })
})

describe('hostile text fails at once', () => {
  // biome-ignore format: table
  test.each([
    ['skipped values in many functions',   'function %f() {\nblock0:\n  v900000 = iconst.i32 1\n  return\n}\n'.repeat(2_000),        'skips too many numbers'],
    ['skipped blocks in many functions',   'function %f() {\nblock900000:\n  return\n}\n'.repeat(2_000),                             'skips too many numbers'],
    ['skipped slots in many functions',    'function %f() {\n ss60000 = explicit_slot 1\n}\n'.repeat(2_000),                        'skips too many numbers'],
    ['a million digits',                   `function %f() {\nblock0:\n  v0 = iconst.i64 ${'9'.repeat(1_000_000)}\n}`,                'does not fit in i64'],
    ['a million digits of a float',        `function %f() {\nblock0:\n  v0 = f64const 0x1.${'9'.repeat(1_000_000)}\n}`,              'too many digits'],
    ['a long exponent',                    'function %f() {\nblock0:\n  v0 = f64const 0x1.0p99999999\n}',                            'expected an exponent'],
  ])('%s', (_, text, message) => {
    const start = performance.now()
    expect(errorOf(text).message).toContain(message)
    expect(performance.now() - start).toBeLessThan(3_000)
  })
})
