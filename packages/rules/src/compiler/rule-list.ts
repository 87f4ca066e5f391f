// What can be said of a back end's list of rules without compiling a function.
import type { Compiled } from '../compiler.ts'
import type { Rule } from '../rule.ts'
import { uncovered } from './uncovered.ts'
import { checkWitnesses } from './witness.ts'

/** Characters of a matcher that V8's optimizing compiler still takes: it stops at 60 KB of bytecode, of which a character makes some 0.87 bytes. */
const MAX_MATCHER = 60_000 / 0.87

/**
 * Rules that never win or do not fire on the input that their pattern describes, names that stand twice, overlaps that are not those of `overlaps.txt`,
 * matchers that are too long. Empty if all is well.
 */
export function ruleProblems(rules: readonly Rule[], compiled: Compiled, overlaps: string): string[] {
  const problems: string[] = []
  const { failed, fired, explained } = checkWitnesses(rules, (list) => compiled.instantiate(list))
  for (const f of failed) problems.push(`witness: ${JSON.stringify(f)}`)
  if (fired.length + explained.length !== rules.length)
    problems.push(`${fired.length} rules fired and ${explained.length} are explained, of ${rules.length}`)
  const names = rules.map((r) => r.name)
  for (const n of names.filter((name, i) => names.indexOf(name) !== i)) problems.push(`the name ${n} stands twice`)
  if (overlaps !== compiled.overlaps) problems.push('overlaps.txt is not that of these rules: pnpm generate')
  for (const s of compiled.stats)
    if (s.characters > MAX_MATCHER) problems.push(`a matcher of ${s.characters} characters: ${JSON.stringify(s)}`)
  return problems
}

const SCALAR = /^(none|i8|i16|i32|i64|i128|f16|f32|f64|f128)$/
const VECTOR = /^(i8x16|i16x8|i32x4|i64x2|f16x8|f32x4|f64x2|i8x8|i32x2|f32x2|i8x4)$/

/** Opcodes that no rule takes, but for those that are lowered `elsewhere`, as `opcode type type? ...`; a question mark: for some types of operands. */
export function ruleGaps(
  rules: readonly Rule[],
  elsewhere: ReadonlySet<string>,
  types: 'scalars' | 'vectors',
): string[] {
  const among = (op: string, type: string): boolean =>
    !elsewhere.has(op) && (types === 'vectors' ? VECTOR.test(type) : SCALAR.test(type) && !op.startsWith('x86_'))
  const byOp = new Map<string, string[]>()
  for (const g of uncovered(rules, among)) byOp.set(g.op, [...(byOp.get(g.op) ?? []), g.partly ? `${g.type}?` : g.type])
  return [...byOp].map(([op, at]) => `${op} ${at.join(' ')}`)
}
