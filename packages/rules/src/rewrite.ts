// Rules of the mid-end: a pattern and a term that equals it. Both sides are data, so that a rule can be printed, tested by itself, proven, and
// compiled. There are no callbacks: constants are computed by the rows of constants.ts, conditions are constant functions, too.
//
//   rewrite('x-x',         anyInt, [val],       (t, x) => into(isub(x, x), iconst(0)))
//   rewrite('add-assoc-k', anyInt, [val, k, k], (t, x, a, b) => to(iadd(iadd(x, iconst(a)), iconst(b)), iadd(x, iconst(kadd(a, b)))))
//   rewrite('mul-pow2',    anyInt, [val, k],    (t, x, n) => given(kpow2(n), to(imul(x, iconst(n)), ishl(x, iconst(klog2(n))))))
//
// `to` joins the right side to the class of the left; `into` says that it is better whatever the cost function thinks, and replaces it.
import { type ConstPat, dataOf, type Pat, type TypePat, type ValuePat } from './pattern.ts'
import { location, type Rule } from './rule.ts'
import { capturesOf, type PatternsOf, type Spec } from './spec.ts'
import type { TypeSet } from './typeset.ts'

/** What the lambda of a rewrite returns. */
export interface Equation {
  readonly left: Pat
  readonly right: Pat
  readonly replaces: boolean
  /** A constant function that must give a non-zero number. */
  readonly condition: Pat | undefined
}
export interface Rewrite {
  readonly name: string
  readonly types: TypeSet
  readonly captures: readonly Spec[]
  readonly equation: (t: TypePat, ...captures: never[]) => Equation
  readonly at: string | undefined
}

/** left = right. */
export function to(left: ValuePat, right: ValuePat): Equation {
  return { left: dataOf(left), right: dataOf(right), replaces: false, condition: undefined }
}
/** left = right, and right is always the better one. */
export function into(left: ValuePat, right: ValuePat): Equation {
  return { left: dataOf(left), right: dataOf(right), replaces: true, condition: undefined }
}
/** The equation where `condition` is not 0. */
export function given(condition: ConstPat, equation: Equation): Equation {
  return { ...equation, condition: dataOf(condition) }
}

/** A rule of the mid-end for roots whose controlling type is in `types`. */
export function rewrite<const C extends readonly Spec[]>(
  name: string,
  types: TypeSet,
  captures: C,
  equation: (t: TypePat, ...captures: PatternsOf<C>) => Equation,
): Rewrite {
  return { name, types, captures, equation: equation as unknown as Rewrite['equation'], at: location(3) }
}

const rootType = { kind: 'rootType' } as unknown as TypePat

/** The two sides as data. */
export function equationOf(r: Rewrite): Equation {
  return (r.equation as (t: TypePat, ...c: unknown[]) => Equation)(rootType, ...capturesOf(r.captures))
}
/** The left side as a rule of the compiler and of the reference engine. */
export function leftSide(r: Rewrite): Rule {
  const pattern = (): unknown => equationOf(r).left
  const { name, types, captures, at } = r
  return {
    name,
    types,
    captures,
    pattern,
    emit: () => undefined,
    flags: [],
    where: undefined,
    derive: [],
    term: undefined,
    at,
  }
}
