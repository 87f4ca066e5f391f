// Directives that say what a text has to contain.
//
//   check: P       P is found somewhere after the previous match
//   sameln: P      P is found after the previous match on the same line (the first line, where nothing was matched before)
//   nextln: P      P is found on the line after that of the previous match; an empty P asks for an empty line
//   unordered: P   P is found anywhere behind the definitions of the variables that it uses
//   not: P         P is not found between the previous match and the next
//   regex: N=R     the variable N stands for anything that matches R
//
// A pattern is literal text, with `$N` or `$(N)` for a variable, `$(N=R)` for text that matches R and is what N means from there on,
// `$(N=$M)` the same for the regular expression called M, `$(=R)` for text that matches R, `$()` for nothing, `$$` for `$`.
// Blanks around a pattern do not count.

type Kind = 'check' | 'sameln' | 'nextln' | 'unordered' | 'not' | 'regex'

export interface Directive {
  readonly kind: Kind
  readonly pattern: string
  /** Line of the file on which it stands. */
  readonly line: number
}

/** The directive of a comment, or undefined where it has none. */
export function parseDirective(comment: string, line: number): Directive | undefined {
  const m = /^(check|sameln|nextln|unordered|not|regex):\s*(.*)$/.exec(comment)
  return m === null ? undefined : { kind: m[1] as Kind, pattern: m[2].trim(), line }
}

export interface CheckFailure {
  readonly line: number
  readonly why: string
}

interface Variables {
  /** Regular expressions by name, from `regex:`. */
  readonly regexes: Map<string, string>
  /** Texts by name, with the offset behind their definition. */
  readonly values: Map<string, { readonly text: string; readonly at: number }>
}

interface Compiled {
  readonly source: string
  /** Variables that the pattern defines, one per capture group. */
  readonly defines: readonly string[]
  /** The offset behind all definitions that it uses. */
  readonly from: number
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** Index of the `)` that closes the `(` before `at`, or -1. */
function closing(text: string, at: number): number {
  let depth = 1
  for (let i = at; i < text.length; i++) {
    if (text[i] === '\\') i++
    else if (text[i] === '(') depth++
    else if (text[i] === ')' && --depth === 0) return i
  }
  return -1
}

function compile(pattern: string, vars: Variables): Compiled | string {
  let source = ''
  let from = 0
  const defines: string[] = []
  let at = 0
  const reference = (name: string): string | undefined => {
    const value = vars.values.get(name)
    if (value !== undefined) {
      from = Math.max(from, value.at)
      return literal(value.text)
    }
    const regex = vars.regexes.get(name)
    return regex === undefined ? undefined : `(?:${regex})`
  }
  for (;;) {
    const dollar = pattern.indexOf('$', at)
    source += literal(pattern.slice(at, dollar < 0 ? pattern.length : dollar))
    if (dollar < 0) return { source, defines, from }
    const next = pattern[dollar + 1]
    if (next === '$') {
      source += '\\$'
      at = dollar + 2
      continue
    }
    let name: string
    if (next === '(') {
      const end = closing(pattern, dollar + 2)
      if (end < 0) return 'a `$(` without its `)`'
      const inside = pattern.slice(dollar + 2, end)
      at = end + 1
      const equals = inside.indexOf('=')
      if (inside === '') continue
      if (equals >= 0) {
        const defined = inside.slice(0, equals)
        const right = inside.slice(equals + 1)
        const known = right.startsWith('$') ? reference(right.slice(1)) : right
        if (known === undefined) return `unknown variable ${right}`
        if (defined === '') {
          source += `(?:${known})`
        } else {
          source += `(${known.replace(/(^|[^\\])\((?!\?)/g, '$1(?:')})`
          defines.push(defined)
        }
        continue
      }
      name = inside
    } else {
      const m = /^[A-Za-z_][A-Za-z0-9_]*/.exec(pattern.slice(dollar + 1))
      if (m === null) return 'a `$` without a name (`$$` stands for `$` itself)'
      name = m[0]
      at = dollar + 1 + name.length
    }
    const known = reference(name)
    if (known === undefined) return `unknown variable $${name}`
    source += known
  }
}

function lineEnd(text: string, at: number): number {
  const nl = text.indexOf('\n', at)
  return nl < 0 ? text.length : nl
}

/** Checks `text` against the directives: the first that does not hold, or undefined. */
export function fileCheck(text: string, directives: readonly Directive[]): CheckFailure | undefined {
  const vars: Variables = { regexes: new Map(), values: new Map() }
  let last = 0 // behind the last ordered match
  let matched = false
  let nots: { directive: Directive; regex: RegExp; from: number }[] = []

  const rejected = (to: number): CheckFailure | undefined => {
    for (const { directive, regex, from } of nots) {
      const m = regex.exec(text.slice(from, to))
      if (m !== null)
        return { line: directive.line, why: `not: ${directive.pattern}\nis found: ${lineAt(text, from + m.index)}` }
    }
    nots = []
    return undefined
  }

  for (const directive of directives) {
    const fail = (why: string): CheckFailure => ({
      line: directive.line,
      why: `${directive.kind}: ${directive.pattern}\n${why}`,
    })
    if (directive.kind === 'regex') {
      const m = /^([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.+)$/.exec(directive.pattern)
      if (m === null) return fail('expected NAME=EXPRESSION')
      try {
        new RegExp(m[2])
      } catch (e) {
        return fail((e as Error).message)
      }
      vars.regexes.set(m[1], m[2])
      continue
    }
    const compiled = compile(directive.pattern, vars)
    if (typeof compiled === 'string') return fail(compiled)
    let regex: RegExp
    try {
      regex = new RegExp(compiled.source, 'm')
    } catch (e) {
      return fail((e as Error).message)
    }
    if (directive.kind === 'not') {
      nots.push({ directive, regex, from: last })
      continue
    }
    let from = last
    let to = text.length
    if (directive.kind === 'sameln') {
      to = lineEnd(text, from)
    } else if (directive.kind === 'nextln') {
      if (matched) from = lineEnd(text, from) + 1
      if (from > text.length) return fail('found: the end of the text')
      to = lineEnd(text, from)
      if (directive.pattern === '' && text.slice(from, to).trim() !== '') return fail(`found: ${text.slice(from, to)}`)
    } else if (directive.kind === 'unordered') {
      from = compiled.from
    }
    const m = regex.exec(text.slice(from, to))
    if (m === null) {
      return fail(
        directive.kind === 'check' || directive.kind === 'unordered'
          ? `not found in:\n${text.slice(from, to)}`
          : `found: ${text.slice(from, to)}`,
      )
    }
    const start = from + m.index
    const end = start + m[0].length
    compiled.defines.forEach((name, i) => vars.values.set(name, { text: m[i + 1] ?? '', at: end }))
    if (directive.kind === 'unordered') continue
    const wrong = rejected(start)
    if (wrong !== undefined) return wrong
    last = end
    matched = true
  }
  return rejected(text.length)
}

function lineAt(text: string, at: number): string {
  const start = text.lastIndexOf('\n', at - 1) + 1
  return text.slice(start, lineEnd(text, at))
}
