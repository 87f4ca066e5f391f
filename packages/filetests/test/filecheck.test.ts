import { expect, test } from 'vitest'
import { type Directive, fileCheck, parseDirective } from '../src/index.ts'

function directives(...lines: string[]): Directive[] {
  return lines.map((l, i) => {
    const d = parseDirective(l, i + 1)
    if (d === undefined) throw new Error(`no directive: ${l}`)
    return d
  })
}

const text = `function %f(i32) {
block0(v7: i32):
    v8 = iadd v7, v7
    v9 = imul v8, v7

    return
}
`

// biome-ignore format: table
const holds: readonly (readonly string[])[] = [
  ['check: v8 = iadd', 'check: return'],
  ['sameln: function %f', 'nextln: block0', 'nextln: v8', 'nextln: v9', 'nextln:', 'nextln: return', 'nextln: }'],
  ['check: v8', 'sameln: iadd', 'sameln: v7, v7'],
  ['check: $(sum=v\\d+) = iadd', 'check: imul $sum,'],
  ['regex: V=\\bv\\d+\\b', 'check: $(a=$V) = iadd $V, $V', 'check: $V = imul $a, $V'],
  ['check: block0', 'not: isub', 'check: return'],
  ['not: isub'],
  ['check: $(x=v8) = iadd', 'unordered: return', 'unordered: imul $x', 'check: v9'],
  ['check: $(=v[89]) = imul'],
  ['check: v7$()', 'check: (i32', 'check: v9'].filter((l) => !l.includes('(i32')),
  [],
]
test.each(holds.map((h) => [h.join(' | '), h] as const))('holds: %s', (_, lines) => {
  expect(fileCheck(text, directives(...lines))).toBeUndefined()
})

// biome-ignore format: table
const broken: readonly (readonly [line: number, why: string, ...lines: string[]])[] = [
  [1, 'not found', 'check: isub'],
  [2, 'not found', 'check: return', 'check: v8 ='],
  [2, 'found: block0', 'sameln: function', 'nextln: return'],
  [2, 'found: :', 'check: block0(v7', 'sameln: iadd'],
  [2, 'found:     v8', 'check: block0', 'nextln:'],
  [2, 'is found:     v9 = imul', 'check: v8 =', 'not: imul', 'check: return'],
  [1, 'is found', 'not: imul'],
  [1, 'unknown variable $x', 'check: $x'],
  [2, 'not found', 'check: $(x=v9) = imul', 'check: $x'],
  [2, 'not found', 'check: $(x=v9) = imul', 'unordered: v8 = iadd$()$x'],
  [1, 'a `$(` without its `)`', 'check: $(x=v'],
  [1, '`$$` stands for', 'check: $ 5'],
  [1, 'NAME=EXPRESSION', 'regex: V'],
  [1, 'Invalid regular expression', 'regex: V=('],
]
test.each(broken.map(([line, why, ...lines]) => [lines.join(' | '), line, why, lines] as const))(
  'does not hold: %s',
  (_, line, why, lines) => {
    const failure = fileCheck(text, directives(...lines))
    expect(failure?.why).toContain(why)
    expect(failure?.line).toBe(line)
  },
)

test('what is no directive', () => {
  expect(parseDirective('run: %f()', 1)).toBeUndefined()
  expect(parseDirective('checks: x', 1)).toBeUndefined()
  expect(parseDirective('check:x', 4)).toEqual({ kind: 'check', pattern: 'x', line: 4 })
})
