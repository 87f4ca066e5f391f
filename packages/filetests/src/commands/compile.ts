// test compile: the listing of each function satisfies the directives; with `precise-output` it is, line by line, what the comments
// behind the function say, and can be accepted as such (blessed).
import type { ParsedFunction } from '@k23/ir'
import type { Directive } from '../filecheck.ts'
import type { Backend, CompileOptions } from '../interfaces.ts'
import { checkText, type Tally } from './result.ts'

/** A stretch of the file that blessing replaces. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly text: string
}

export interface CompileTest {
  readonly precise: boolean
  /** File name for the command that blesses. */
  readonly path: string
  readonly text: string
  readonly line: number
}

interface Expected {
  readonly lines: readonly string[]
  /** The stretch of the file behind the function that holds them. */
  readonly start: number
  readonly end: number
}

/** The comments behind the function's `}`, but for those with `;;`. */
function expectedOutput(text: string, f: ParsedFunction): Expected {
  const lines: string[] = []
  let end = f.end
  for (const c of f.comments) {
    if (c.start < f.end || text.startsWith(';;', c.start)) continue
    lines.push(
      text
        .slice(c.start + 1, c.end)
        .replace(/^ /, '')
        .trimEnd(),
    )
    end = c.end
  }
  return { lines, start: f.end, end }
}

/** The first lines in which two listings differ, as a diff of them. */
function difference(expected: readonly string[], actual: readonly string[]): string {
  let first = 0
  while (first < expected.length && expected[first] === actual[first]) first++
  let tail = 0
  while (
    tail < expected.length - first &&
    tail < actual.length - first &&
    expected[expected.length - 1 - tail] === actual[actual.length - 1 - tail]
  )
    tail++
  const removed = expected.slice(first, expected.length - tail).map((l) => `- ${l}`)
  const added = actual.slice(first, actual.length - tail).map((l) => `+ ${l}`)
  return [...removed, ...added].join('\n')
}

/** Tests one function; the replacement is what blessing would do, undefined where the output is as expected. */
export function testCompile(
  tally: Tally,
  f: ParsedFunction,
  common: readonly Directive[],
  backend: Backend,
  options: CompileOptions,
  test: CompileTest,
): Replacement | undefined {
  const listing = backend.listing(f.func, options)
  if ('unsupported' in listing) {
    tally.skip(f.line, 'compile', listing.unsupported)
    return undefined
  }
  if (!test.precise) {
    checkText(tally, 'compile', listing.text, common, f)
    return undefined
  }
  const actual = listing.text
    .trimEnd()
    .split('\n')
    .map((l) => l.trimEnd())
  const expected = expectedOutput(test.text, f)
  if (actual.length === expected.lines.length && actual.every((l, i) => l === expected.lines[i])) {
    tally.pass++
    return undefined
  }
  tally.fail(
    f.line,
    'compile',
    `the output differs (- expected, + found):\n${difference(expected.lines, actual)}\nto accept it: pnpm bless ${test.path}`,
  )
  const comments = actual.map((l) => (l === '' ? ';' : `; ${l}`)).join('\n')
  return { start: expected.start, end: expected.end, text: `\n\n${comments}` }
}

/** `text` with the replacements made. */
export function applyReplacements(text: string, replacements: readonly Replacement[]): string {
  let out = ''
  let at = 0
  for (const r of [...replacements].sort((a, b) => a.start - b.start)) {
    out += text.slice(at, r.start) + r.text
    at = r.end
  }
  return out + text.slice(at)
}
