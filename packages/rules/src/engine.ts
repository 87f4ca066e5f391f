// The reference engine: interprets patterns as they are written, rule by rule in list order. Slow and obvious; what the compiled
// matchers do is right when it is what this does.
//
// Matching is in continuation style: `match(pattern, subject, next)` binds captures and calls `next` for the rest; where the rest fails, it
// takes back its bindings and tries its next alternative. So alternatives are explored in the order written, leftmost slowest.
import { floatCCNames, type Func, type Inst, intCCNames, type Type } from '@k23/ir'
import { type Flag, type MatchContext, NO } from './context.ts'
import { canLoad, numResults, opName } from './opcodes.ts'
import { type Capture, dataOf, type OpPat, type Pat } from './pattern.ts'
import type { Rule } from './rule.ts'
import { byImm, isImm, sameImm, signedImm, unsignedImm, widthOf } from './runtime.ts'
import { type ConstTest, capturesOf } from './spec.ts'
import { CODE, CONST, SHAPES } from './terms.ts'
import { hasType } from './typeset.ts'

/** The same functions as a generated module has. */
export interface Matcher<Cx> {
  lower(cx: Cx, inst: Inst): boolean
  terms: Record<string, (cx: Cx, ...args: number[]) => number>
}

/** Root pattern of a rule: one pattern, or for a rule of a term one for each argument. */
export function patternsOf(rule: Rule): Pat[] {
  const result = (rule.pattern as (...c: unknown[]) => unknown)(...capturesOf(rule.captures))
  return rule.term === undefined ? [dataOf(result)] : (result as unknown[]).map(dataOf)
}

/** `fired` is called with the index of each rule that wins. */
export function referenceEngine<Cx extends MatchContext>(
  rules: readonly Rule[],
  fired: (rule: number) => void = () => {},
): Matcher<Cx> {
  const patterns = rules.map(patternsOf)
  const terms: Matcher<Cx>['terms'] = {}
  const attempt = (
    cx: Cx,
    index: number,
    inst: Inst | undefined,
    args: number[],
  ): { out: number | undefined } | undefined => {
    const rule = rules[index]
    const type = inst === undefined ? [] : [cx.func.ctrl[inst] as Type]
    if (type.length > 0 && !hasType(rule.types, type[0])) return undefined
    if (!rule.flags.every((flag) => holds(cx, flag))) return undefined
    const search = new Search(cx, rule.captures)
    let result: { out: number | undefined } | undefined
    const finish = (): boolean => {
      const call = [cx, ...type, ...search.bound] as never[]
      if (rule.where !== undefined && !rule.where(...call)) return false
      const derived: number[] = []
      for (const derive of rule.derive) {
        const x = derive(...call)
        if (x === NO) return false
        derived.push(x)
      }
      fired(index)
      result = { out: rule.emit(...([...call, ...derived] as never[])) as number | undefined }
      return true
    }
    const root = patterns[index]
    if (inst !== undefined) search.root(root[0], inst, finish)
    else search.params(root, rule.term!.params, args, finish)
    return result
  }
  for (const { term } of rules) {
    if (term === undefined || term.name in terms) continue
    terms[term.name] = (cx, ...args) => {
      for (let r = 0; r < rules.length; r++) {
        const done = rules[r].term?.name === term.name ? attempt(cx, r, undefined, args) : undefined
        if (done !== undefined) return done.out!
      }
      return NO
    }
  }
  const lower = (cx: Cx, inst: Inst): boolean => {
    for (let r = 0; r < rules.length; r++) {
      const done = rules[r].term === undefined ? attempt(cx, r, inst, []) : undefined
      if (done === undefined) continue
      const op = cx.func.op[inst]
      if (numResults(op) > 0 || (numResults(op) < 0 && cx.func.results[inst] !== 0))
        cx.setResult(inst, done.out as number)
      return true
    }
    return false
  }
  return { lower, terms }
}

function holds(cx: MatchContext, flag: Flag): boolean {
  return ((cx[flag.words][flag.bit >> 5] >>> (flag.bit & 31)) & 1) === (flag.want ? 1 : 0)
}

/** One search for a rule's pattern. */
export class Search {
  readonly cx: Pick<MatchContext, 'func' | 'defOf' | 'canSink'>
  readonly func: Func
  /** What each capture stands for. */
  readonly bound: (number | undefined)[]

  constructor(cx: Pick<MatchContext, 'func' | 'defOf' | 'canSink'>, captures: readonly unknown[]) {
    this.cx = cx
    this.func = cx.func
    this.bound = captures.map(() => undefined)
  }

  bind(c: Capture, x: number, next: () => boolean): boolean {
    const old = this.bound[c.index]
    if (old !== undefined) return this.equal(c, old, x) && next()
    this.bound[c.index] = x
    if (next()) return true
    this.bound[c.index] = undefined
    return false
  }
  private equal(c: Capture, a: number, b: number): boolean {
    if (c.spec.sort === 'const' && c.spec.test.how === 'any')
      return sameImm(this.func, a, b, widthOf(this.func, a), widthOf(this.func, b))
    return a === b
  }

  root(p: Pat, inst: Inst, next: () => boolean): boolean {
    if (p.kind === 'alt') return p.alts.some((q) => this.root(q, inst, next))
    if (p.kind === 'at') return this.bind(p.inst, inst, () => this.root(p.pat, inst, next))
    return p.kind === 'op' && this.inst(p, inst, next)
  }

  params(ps: Pat[], params: readonly string[], args: number[], next: () => boolean, i = 0): boolean {
    if (i === ps.length) return next()
    const rest = (): boolean => this.params(ps, params, args, next, i + 1)
    return params[i] === 'value' ? this.value(ps[i], args[i], rest) : this.number(ps[i], args[i], rest)
  }

  value(p: Pat, v: number, next: () => boolean): boolean {
    switch (p.kind) {
      case 'alt':
        return p.alts.some((q) => this.value(q, v, next))
      case 'at':
        return this.value(p.pat, v, () => this.bind(p.inst, this.cx.defOf[v], next))
      case 'typed': {
        const t = this.func.valType[v]
        const type = p.type
        if ('mask' in type) return hasType(type, t) && this.value(p.pat, v, next)
        const types = type.spec.sort === 'type' ? type.spec.types : undefined
        if (types !== undefined && !hasType(types, t)) return false
        return this.bind(type, t, () => this.value(p.pat, v, next))
      }
      case 'op':
        return this.definitions(v, p.op).some((i) => this.inst(p, i, next))
      case 'capture': {
        if (p.spec.sort === 'value') return hasType(p.spec.types, this.func.valType[v]) && this.bind(p, v, next)
        if (p.spec.sort !== 'sinkable') return false
        const i = this.cx.defOf[v]
        if (i < 0 || opName(this.func.op[i]) !== p.spec.op || !this.cx.canSink(i as Inst)) return false
        return this.bind(p, i, next)
      }
      default:
        return false
    }
  }

  /** The instructions behind value `v` that may be looked through as operator `op`. */
  protected definitions(v: number, op: string): Inst[] {
    const i = this.cx.defOf[v]
    if (i < 0 || opName(this.func.op[i]) !== op) return []
    return canLoad(op) && !this.cx.canSink(i as Inst) ? [] : [i as Inst]
  }
  protected operand(i: Inst, n: number): number {
    return this.func.pool.data[this.func.args[i] + n]
  }

  inst(p: OpPat, i: Inst, next: () => boolean): boolean {
    if (opName(this.func.op[i]) !== p.op) return false
    const { words } = SHAPES[p.format]
    const immsFrom = (n: number): boolean => {
      if (n === p.imms.length) return next()
      const q = p.imms[n]
      return q === undefined ? immsFrom(n + 1) : this.imm(q, i, words[n], p, () => immsFrom(n + 1))
    }
    const argsFrom = (n: number): boolean =>
      n === p.args.length ? immsFrom(0) : this.value(p.args[n], this.operand(i, n), () => argsFrom(n + 1))
    return argsFrom(0)
  }

  private imm(q: Pat, i: Inst, word: number, p: OpPat, next: () => boolean): boolean {
    if (word === CONST) return this.constant(q, i, next)
    const x = word === 1 ? this.func.imm1[i] : this.func.imm0[i]
    if (word !== CODE) return this.number(q, x, next)
    const names = p.format === 'IntCompare' ? intCCNames : floatCCNames
    if (q.kind === 'literal') return names[x] === q.value && next()
    return q.kind === 'capture' && q.spec.sort === 'cc' && ((q.spec.mask >> x) & 1) === 1 && this.bind(q, x, next)
  }

  /** A plain number: an immediate word, or a number given to a term. */
  private number(q: Pat, x: number, next: () => boolean): boolean {
    if (q.kind === 'literal') return x === q.value && next()
    if (q.kind !== 'capture') return false
    if (q.spec.sort === 'imm') return this.bind(q, x, next)
    return q.spec.sort === 'const' && inRange(q.spec.test, x) && this.bind(q, x, next)
  }

  private constant(q: Pat, i: Inst, next: () => boolean): boolean {
    const f = this.func
    const bits = widthOf(f, i)
    if (q.kind === 'literal') {
      const n = BigInt(q.value)
      return isImm(f, i, bits, Number(BigInt.asIntN(32, n)), Number(BigInt.asIntN(32, n >> 32n))) && next()
    }
    if (q.kind !== 'capture' || q.spec.sort !== 'const') return false
    const { test } = q.spec
    if (test.how === 'any') return this.bind(q, i, next)
    if (test.how === 'by') {
      const x = byImm(f, i, bits, test.by)
      return x !== NO && this.bind(q, x, next)
    }
    const x = test.how === 'signed' ? signedImm(f, i, bits) : unsignedImm(f, i, bits)
    return x !== NO && inRange(test, x) && this.bind(q, x, next)
  }
}

function inRange(test: ConstTest, x: number): boolean {
  if (test.how === 'any' || test.how === 'by') return test.how === 'any'
  return x >= test.min && x <= test.max && x % test.step === 0
}
