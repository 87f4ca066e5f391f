// Rules of a back end: a pattern, and an emitter that makes machine instructions when it matches.
//
//   const rule = lowering<Cx>()
//   rule('addi', fits64, [val, imm12], (x, k) => comm(iadd)(x, iconst(k)), (c, t, x, k) => c.addi(t, c.use(x), k))
//
// `types` constrains the root's controlling type `t` (INVALID where its opcode has none). Per root opcode the first rule of the list that
// matches wins. The pattern's lambda is called by the build tool and the reference engine only.
import type { Type, Value } from '@k23/ir'
import type { Flag, MatchContext } from './context.ts'
import type { ConstPat, ImmPat, ValuePat } from './pattern.ts'
import type { EmittedOf, PatternsOf, Spec } from './spec.ts'
import { any, type TypeSet } from './typeset.ts'

/** What an emitter returns: a register, a handle to several (Handles), or nothing for a root without results. */
export type Out = number | undefined
// biome-ignore lint/suspicious/noConfusingVoidType: an emitter without a result has no return statement
export type EmitOut = Out | void

/** A rule, with its captures' types erased. */
export interface Rule {
  readonly name: string
  readonly types: TypeSet
  readonly captures: readonly Spec[]
  /** Root pattern, or the patterns of a term's arguments. */
  readonly pattern: (...captures: never[]) => unknown
  readonly emit: (...args: never[]) => EmitOut
  readonly flags: readonly Flag[]
  readonly where: ((...args: never[]) => boolean) | undefined
  readonly derive: readonly ((...args: never[]) => number)[]
  /** The term that the rule belongs to; undefined for rules of an opcode. */
  readonly term: Term | undefined
  /** `file:line` where it was made, if the build tool asked (recordLocations). */
  readonly at: string | undefined
}

/** A computed capture: a number for the emitter, or NO where the rule does not apply. Pure; a named function. */
export type Derive<Cx, C extends readonly Spec[]> = (c: Cx, t: Type, ...captures: EmittedOf<C>) => number
type Numbers<D extends readonly unknown[]> = { [I in keyof D]: number }

export interface RuleOptions<Cx, C extends readonly Spec[], D extends readonly Derive<Cx, C>[]> {
  /** Features and settings that must be on, or off under not(). */
  has?: readonly Flag[]
  /** A pure guard, as a named function. Tested last. */
  where?: (c: Cx, t: Type, ...captures: EmittedOf<C>) => boolean
  /** Named functions; their results follow the captures in the emitter's parameters. */
  derive?: D
}

/** Makes a lowering rule. */
export type RuleMaker<Cx> = <const C extends readonly Spec[], const D extends readonly Derive<Cx, C>[] = []>(
  name: string,
  types: TypeSet,
  captures: C,
  pattern: (...captures: PatternsOf<C>) => ValuePat,
  emit: (c: Cx, t: Type, ...captures: [...EmittedOf<C>, ...Numbers<D>]) => EmitOut,
  options?: RuleOptions<Cx, C, D>,
) => Rule

/** The maker of rules for a back end whose lowering context is `Cx`. */
export function lowering<Cx extends MatchContext>(): RuleMaker<Cx> {
  return (name, types, captures, pattern, emit, options = {}) =>
    makeRule(
      name,
      types,
      captures,
      pattern,
      emit as unknown as Rule['emit'],
      options as unknown as ErasedOptions,
      undefined,
    )
}

/** Sorts of a term's arguments. */
export type TermParam = 'value' | 'number'
type TermPatterns<P extends readonly TermParam[]> = {
  [I in keyof P]: P[I] extends 'value' ? ValuePat : ConstPat | ImmPat<'offset'> | number
}
type TermValues<P extends readonly TermParam[]> = { [I in keyof P]: P[I] extends 'value' ? Value : number }

/** A function with rules of its own: addressing modes, conditions. Generated as `terms.NAME(cx, ...args)`. */
export interface Term {
  readonly name: string
  readonly params: readonly TermParam[]
}
/** How the back end's context types its table of compiled terms: `TermFn<Cx, ['value', 'number']>`. NO where no rule matches. */
export type TermFn<Cx, P extends readonly TermParam[]> = (c: Cx, ...args: TermValues<P>) => number

/** Makes a rule of a term; its emitter returns a handle or a number. */
export type TermRuleMaker<Cx, P extends readonly TermParam[]> = <
  const C extends readonly Spec[],
  const D extends readonly TermDerive<Cx, C>[] = [],
>(
  name: string,
  captures: C,
  pattern: (...captures: PatternsOf<C>) => TermPatterns<P>,
  emit: (c: Cx, ...captures: [...EmittedOf<C>, ...Numbers<D>]) => number,
  options?: {
    has?: readonly Flag[]
    where?: (c: Cx, ...captures: EmittedOf<C>) => boolean
    derive?: D
  },
) => Rule
export type TermDerive<Cx, C extends readonly Spec[]> = (c: Cx, ...captures: EmittedOf<C>) => number

/** Declares term `name` with `params`; the result makes its rules. */
export function term<Cx extends MatchContext, const P extends readonly TermParam[]>(
  name: string,
  params: P,
): TermRuleMaker<Cx, P> {
  const t: Term = { name, params }
  return (ruleName, captures, pattern, emit, options = {}) =>
    makeRule(ruleName, any, captures, pattern, emit as unknown as Rule['emit'], options as unknown as ErasedOptions, t)
}

interface ErasedOptions {
  has?: readonly Flag[]
  where?: (...args: never[]) => boolean
  derive?: readonly ((...args: never[]) => number)[]
}

function makeRule(
  name: string,
  types: TypeSet,
  captures: readonly Spec[],
  pattern: (...captures: never[]) => unknown,
  emit: (...args: never[]) => EmitOut,
  options: ErasedOptions,
  term: Term | undefined,
): Rule {
  const { has = [], where, derive = [] } = options
  return { name, types, captures, pattern, emit, flags: has, where, derive, term, at: location(4) }
}

let locate = false
/** Makes rules remember where they are written; the build tool switches it on before it loads a rule list. */
export function recordLocations(on: boolean): void {
  locate = on
}
/** `file:line` of the rule being made, for error messages; `frames` is the depth of the call, this function included. */
export function location(frames: number): string | undefined {
  if (!locate) return undefined
  const frame = new Error().stack?.split('\n')[frames] ?? ''
  const m = /([^/\\(]+):(\d+):\d+\)?$/.exec(frame)
  return m === null ? undefined : `${m[1]}:${m[2]}`
}
