// What is wrong with a rule list: rules that can never win, duplicates, names used twice. And its overlaps: pairs of rules of
// which the first takes some of what the second could match although neither contains the other, so that their order is a decision.
import { opName } from '../opcodes.ts'
import type { Rule } from '../rule.ts'
import { contains, covered, disjoint } from './relations.ts'
import type { Root, Row } from './rows.ts'

export interface RuleError {
  readonly kind: 'contained' | 'duplicate' | 'covered' | 'name' | 'pattern'
  readonly rule: number
  /** Names the rules, where they stand and what would mend it. */
  readonly message: string
}

/** `name (file:line)`, or the number in the list where the place is not known. */
export function called(rules: readonly Rule[], i: number): string {
  return `"${rules[i].name}" (${rules[i].at ?? `rule ${i + 1} of the list`})`
}

/** Errors of the list, and the rows that can win: those that no earlier row contains. */
export function checkRoots(
  rules: readonly Rule[],
  roots: readonly Root[],
): { errors: RuleError[]; live: Map<Root, Row[]> } {
  const errors: RuleError[] = []
  const live = new Map<Root, Row[]>()
  const total = new Map<number, number>()
  const dead = new Map<number, { by: number[]; several: boolean; same: boolean }>()
  const deadRows = new Map<number, number>()
  for (const root of roots) {
    const kept: Row[] = []
    for (const row of root.rows) {
      total.set(row.rule, (total.get(row.rule) ?? 0) + 1)
      const container = kept.find((a) => contains(a, row))
      const others = kept.filter((a) => a.rule !== row.rule)
      const several = container === undefined && covered(row, others)
      if (container === undefined && !several) {
        kept.push(row)
        continue
      }
      // A second alternative that the rule's own first contains is no mistake (comm over equal operands).
      deadRows.set(row.rule, (deadRows.get(row.rule) ?? 0) + 1)
      const info = dead.get(row.rule) ?? { by: [], several: false, same: true }
      if (container === undefined)
        info.by.push(...others.filter((a) => !a.guarded && !disjoint(a, row)).map((a) => a.rule))
      else if (container.rule !== row.rule) info.by.push(container.rule)
      info.several ||= several
      info.same &&= container !== undefined && !row.guarded && contains(row, container)
      dead.set(row.rule, info)
    }
    live.set(root, kept)
  }
  for (const [rule, info] of dead) {
    if (deadRows.get(rule) !== total.get(rule)) continue
    const by = [...new Set(info.by)].sort((a, b) => a - b)
    const names = by.map((i) => called(rules, i)).join(', ')
    const me = called(rules, rule)
    if (info.same && by.length === 1)
      errors.push({ kind: 'duplicate', rule, message: `rule ${me} matches exactly what ${names} does; delete one` })
    else if (info.several || by.length > 1)
      errors.push({
        kind: 'covered',
        rule,
        message: `rule ${me} can never win: ${names} together take all that it matches; move it above them or delete it`,
      })
    else
      errors.push({
        kind: 'contained',
        rule,
        message: `rule ${me} can never win: ${names} takes all that it matches; ${move(rules, rule, by[0])}`,
      })
  }
  const names = new Map<string, number>()
  rules.forEach((rule, i) => {
    const other = names.get(rule.name)
    if (other === undefined) names.set(rule.name, i)
    else
      errors.push({
        kind: 'name',
        rule: i,
        message: `two rules are called "${rule.name}": ${called(rules, other)} and ${called(rules, i)}; rename one`,
      })
  })
  return { errors: errors.sort((a, b) => a.rule - b.rule), live }
}

function move(rules: readonly Rule[], what: number, above: number): string {
  const [file, line] = (rules[what].at ?? '').split(':')
  const [otherFile, otherLine] = (rules[above].at ?? '').split(':')
  if (line === undefined) return `move rule ${what + 1} above rule ${above + 1}`
  return file === otherFile
    ? `move line ${line} above line ${otherLine}`
    : `move ${rules[what].at} above ${rules[above].at}`
}

/** One line per overlapping pair, sorted by root: the text of overlaps.txt. */
export function overlapsOf(rules: readonly Rule[], live: ReadonlyMap<Root, readonly Row[]>): string {
  const lines: string[] = []
  for (const [root, rows] of live) {
    const pairs = new Set<string>()
    for (let j = 1; j < rows.length; j++)
      for (let i = 0; i < j; i++) {
        const [a, b] = [rows[i], rows[j]]
        if (a.rule === b.rule || disjoint(a, b) || contains(b, a)) continue
        // A guarded row below one that it would contain is specific before general, too.
        if (b.guarded && contains({ ...b, guarded: false }, a)) continue
        pairs.add(`${rules[a.rule].name} before ${rules[b.rule].name}`)
      }
    const name = root.term ?? opName(root.op)
    lines.push(...[...pairs].map((p) => `${name}: ${p}`))
  }
  return lines.length === 0 ? '' : `${lines.sort().join('\n')}\n`
}
