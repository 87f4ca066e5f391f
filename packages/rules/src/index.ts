// The surface that rule files are written against, and what generated matchers import.
export * from './constants.ts'
export * from './context.ts'
export {
  buildRight,
  type EClassContext,
  Matches,
  type MatchRoot,
  prepare,
  type PreparedRewrites,
  referenceMatches,
  type RightSideBuilder,
} from './eclass.ts'
export * from './gen/ops.ts'
export type { CCPat, ConstPat, ImmPat, InstPat, TypePat, ValuePat } from './pattern.ts'
export { anyOf, at, comm, typed } from './pattern.ts'
export type { Equation, Rewrite } from './rewrite.ts'
export { given, into, rewrite, to } from './rewrite.ts'
export type { Derive, Out, Rule, RuleMaker, RuleOptions, Term, TermFn, TermRuleMaker } from './rule.ts'
export { printRewrite, printRule } from './print.ts'
export { lowering, recordLocations, term } from './rule.ts'
export { byImm, constHi, constInst, constLo, isImm, sameImm, signedImm, unsignedImm, widthOf } from './runtime.ts'
export * from './spec.ts'
export * from './typeset.ts'
