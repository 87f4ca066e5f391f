// From a rule list to the source of its matchers: one function per root opcode or term. Build time only.
//
// Importing this module makes rules remember where they are written, for error messages: import it before the rule list.
import type { Inst } from '@k23/ir'
import { checkRoots, overlapsOf, type RuleError } from './compiler/check.ts'
import { moduleOf } from './compiler/module.ts'
import { rootsOf } from './compiler/rows.ts'
import { NO } from './context.ts'
import type { Matcher } from './engine.ts'
import { type Rule, recordLocations } from './rule.ts'
import { byImm, isImm, sameImm, signedImm, unsignedImm } from './runtime.ts'

export type { RuleError } from './compiler/check.ts'
export { type CompiledRewrites, compileRewrites } from './compiler/rewrites.ts'
export { referenceEngine, type Matcher } from './engine.ts'
export { checkWitnesses, type WitnessReport } from './compiler/witness.ts'
export { type Gap, uncovered } from './compiler/uncovered.ts'
export { ruleGaps, ruleProblems } from './compiler/rule-list.ts'

recordLocations(true)

const runtime = { byImm, isImm, NO, sameImm, signedImm, unsignedImm }

export interface CompileOptions {
  /** Module that exports `rules` (the list given here), as the generated module imports it. */
  rulesModule: string
  /** Name of that export. */
  rulesName?: string
  /** The lowering context: a type and the module that exports it. */
  contextType: string
  contextModule: string
  /** Named in the header. */
  generator: string
  /** Count in `fired` how often each rule wins. */
  instrument?: boolean
  /** Source characters of a function above which the rest of it is outlined; see module.ts. */
  outlineAbove?: number
}

export interface RootStats {
  readonly name: string
  readonly rules: number
  readonly rows: number
  /** Characters of the largest of its functions. V8 gives up on a function of 60 KB of bytecode; a character is about 0.87 bytes of it. */
  readonly characters: number
  readonly functions: number
}
export interface Compiled {
  /** A TypeScript module with `lower`, `roots`, `terms` and one `lower_NAME` per root. Valid only if there are no errors. */
  readonly source: string
  /** Text of the checked-in overlaps file. */
  readonly overlaps: string
  readonly errors: RuleError[]
  readonly stats: RootStats[]
  /** The matchers themselves, run in place, with the emitters of `list` (by default the rules compiled): for tests. */
  instantiate<Cx>(list?: readonly Rule[]): Instance<Cx>
}

export interface Instance<Cx> extends Matcher<Cx> {
  roots: ((cx: Cx, inst: Inst) => boolean)[]
  /** How often each rule won, with `instrument`. */
  fired: Uint32Array | undefined
}

export function compileRules(rules: readonly Rule[], options: CompileOptions): Compiled {
  const patternErrors: RuleError[] = []
  const roots = rootsOf(rules, (rule, message) =>
    patternErrors.push({
      kind: 'pattern',
      rule,
      message: `rule "${rules[rule].name}" (${rules[rule].at ?? rule + 1}): ${message}`,
    }),
  )
  const { errors, live } = checkRoots(rules, roots)
  const { source, stats } = moduleOf(rules, live, options)
  const instantiate = <Cx>(list: readonly Rule[] = rules): Instance<Cx> =>
    new Function('rules', 'runtime', moduleOf(rules, live, options, false).source)(list, runtime) as Instance<Cx>
  return { source, overlaps: overlapsOf(rules, live), errors: [...patternErrors, ...errors], stats, instantiate }
}
