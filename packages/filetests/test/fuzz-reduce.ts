// Makes a CLIF text that fails smaller, line by line, as long as it goes on failing.
//
// Steps, each tried on its own: leave out a function; leave out a line; replace what an instruction computes by constants; make a branch
// unconditional; leave out a block that nothing goes to. A step that gives no valid text is a step that does not fail. Steps are tried
// from the end to the beginning, and all over again until none works.
import { I128, isFloat, parseFile, type Type, typeName } from '@k23/ir'
import { FILL } from './fuzz-generate.ts'

/** Constants in the place of the results of the line, or undefined where it has none. */
function constants(line: string, types: ReadonlyMap<string, Type>, fresh: () => string): string[] | undefined {
  const m = /^ {4}(v\d+(?:, v\d+)*) = (\w+)/.exec(line)
  // (uextend.i128 of a constant is what an i128 is replaced by)
  if (m === null || /const$/.test(m[2]) || line.includes('= uextend.i128 ')) return undefined
  const out: string[] = []
  for (const v of m[1].split(', ')) {
    const t = types.get(v)
    if (t === undefined) return undefined
    if (t === I128) {
      const low = fresh()
      out.push(`    ${low} = iconst.i64 0`, `    ${v} = uextend.i128 ${low}`)
    } else if (isFloat(t)) out.push(`    ${v} = ${typeName(t)}const 0.0`)
    else out.push(`    ${v} = iconst.${typeName(t)} 0`)
  }
  return out
}

/** Types of the values by function: the text's own numbers. */
function valueTypes(text: string): Map<string, Type>[] {
  return parseFile(text).functions.map(({ func }) => {
    const types = new Map<string, Type>()
    for (let v = 0; v < func.numValues; v++) types.set(`v${v}`, func.typeOf(v as never))
    return types
  })
}

/** Unconditional forms of a branch. */
function jumps(line: string): string[] {
  const targets = line.match(/block\d+(?:\([^)]*\))?/g) ?? []
  return /^ {4}(brif|br_table) /.test(line) ? targets.map((t) => `    jump ${t}`) : []
}

function* candidates(lines: readonly string[]): Generator<string[]> {
  const types = valueTypes(lines.join('\n'))
  let next = 1 + Math.max(0, ...[...lines.join('\n').matchAll(/\bv(\d+)/g)].map((m) => Number(m[1])))
  const fresh = (): string => `v${next++}`
  const starts = lines.flatMap((l, i) => (l.startsWith('function ') ? [i] : []))
  for (let f = starts.length - 1; f >= 0 && starts.length > 1; f--) {
    const end = starts[f + 1] ?? lines.length
    yield [...lines.slice(0, starts[f]), ...lines.slice(end)]
  }
  for (let i = lines.length - 1; i >= 0; i--) {
    const line = lines[i]
    const at = (...by: string[]): string[] => [...lines.slice(0, i), ...by, ...lines.slice(i + 1)]
    if (/^block\d/.test(line)) {
      let end = i + 1
      while (end < lines.length && lines[end].startsWith('    ')) end++
      yield [...lines.slice(0, i), ...lines.slice(end)]
    } else if (line.startsWith('    ') && !line.includes(FILL)) {
      yield at()
      for (const jump of jumps(line)) yield at(jump)
      const function_ = starts.filter((s) => s <= i).length - 1
      const zeros = constants(line, types[function_], fresh)
      if (zeros !== undefined) yield at(...zeros)
    }
  }
}

/** The smallest text found that `fails`; at most `tries` texts are tried. `fails` must be false for what is not valid. */
export function reduce(text: string, fails: (text: string) => boolean, tries = 3000): string {
  let lines = text.split('\n').filter((l) => l !== '')
  let left = tries
  for (let changed = true; changed && left > 0; ) {
    changed = false
    let skip = 0
    // After a success the candidates start anew; those before the place of the success have just been tried.
    for (let again = true; again && left > 0; ) {
      again = false
      let n = 0
      for (const c of candidates(lines)) {
        if (n++ < skip) continue
        if (left-- <= 0) break
        if (fails(c.join('\n'))) {
          lines = c
          changed = true
          again = true
          skip = Math.max(0, n - 1)
          break
        }
      }
    }
  }
  return `${lines.join('\n')}\n`
}
