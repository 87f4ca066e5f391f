// Applying rewrites to an acyclic e-graph: what a matcher reads of it, the matches it records, and the building of right sides.
//
// A pattern is matched against e-classes: captures bind classes, operators bind members. Stopping after n matches would make the
// result depend on the order in which members are visited, so a matcher records all (rule, captures), and Matches filters by condition,
// sorts, drops duplicates and truncates; only then are right sides built.
import { Constraint, type Func, type Inst, operandConstraint, resultConstraint, type Type } from '@k23/ir'
import { high } from './constants.ts'
import { Search } from './engine.ts'
import { ctrlMask, opName, opNumber } from './opcodes.ts'
import type { Pat } from './pattern.ts'
import { type Equation, equationOf, type Rewrite } from './rewrite.ts'
import { widthOf } from './runtime.ts'
import { hasType } from './typeset.ts'

/** What compiled matchers of the mid-end read. A class is named by one value that represents it. */
export interface EClassContext {
  readonly func: Func
  classOf(value: number): number
  /** Pushes the instructions that are members of class `c` on `stack` from `top` on; returns the new top. */
  pushMembers(c: number, top: number): number
  stack: Int32Array
  top: number
  record(rule: number, c0?: number, c1?: number, c2?: number, c3?: number, c4?: number, c5?: number): void
}
/** A compiled matcher of one root opcode. */
export type MatchRoot = (cx: EClassContext, inst: Inst) => void

/** Captures of a rewrite are at most this many. */
export const MAX_CAPTURES = 6
const WIDTH = MAX_CAPTURES + 1

/** What right sides are built with. */
export interface RightSideBuilder {
  readonly func: Func
  /** A value (of an existing instruction where there is an equal one) for operator `op` with controlling type `ctrl`. */
  make(op: number, ctrl: Type, args: readonly number[], imm0: number, imm1: number): number
}

/** The recorded matches of one root instruction. */
export class Matches {
  private words = new Int32Array(WIDTH * 64)
  count = 0

  clear(): void {
    this.count = 0
  }
  record(rule: number, c0 = -1, c1 = -1, c2 = -1, c3 = -1, c4 = -1, c5 = -1): void {
    let at = this.count++ * WIDTH
    if (at + WIDTH > this.words.length) {
      const next = new Int32Array(this.words.length * 2)
      next.set(this.words)
      this.words = next
    }
    const w = this.words
    w[at++] = rule
    w[at++] = c0
    w[at++] = c1
    w[at++] = c2
    w[at++] = c3
    w[at++] = c4
    w[at] = c5
  }
  /** The matches whose condition holds, sorted by rule and captures, without duplicates, at most `limit`: [rule, ...captures]. */
  select(rules: PreparedRewrites, func: Func, root: Inst, limit: number = Number.POSITIVE_INFINITY): number[][] {
    const found: number[][] = []
    for (let i = 0; i < this.count; i++) {
      const row = Array.from(this.words.subarray(i * WIDTH, (i + 1) * WIDTH))
      const { condition } = rules.equations[row[0]]
      if (
        condition === undefined ||
        new Evaluator(rules, row, func, root).constant(condition, laneWidth(func, root)) !== 0
      )
        found.push(row)
    }
    found.sort(compare)
    return found.filter((row, i) => i === 0 || compare(found[i - 1], row) !== 0).slice(0, limit)
  }
}
function compare(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < WIDTH; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return 0
}
const BITS = [0, 8, 16, 32, 64, 128, 16, 32, 64, 128]
const laneWidth = (f: Func, root: Inst): number => BITS[f.ctrl[root] & 15]

/** Rewrites with their equations at hand. */
export interface PreparedRewrites {
  readonly rules: readonly Rewrite[]
  readonly equations: readonly Equation[]
}
export function prepare(rules: readonly Rewrite[]): PreparedRewrites {
  return { rules, equations: rules.map(equationOf) }
}

/** Builds the right side of a selected match; gives the value, of the same type as `root`'s result. */
export function buildRight(
  rules: PreparedRewrites,
  match: readonly number[],
  root: Inst,
  builder: RightSideBuilder,
): number {
  const f = builder.func
  const evaluator = new Evaluator(rules, match, f, root)
  return evaluator.build(rules.equations[match[0]].right, f.typeOf(f.result(root)), builder)
}

class Evaluator {
  private readonly captures: readonly number[]
  private readonly specs: Rewrite['captures']
  private readonly func: Func
  private readonly root: Inst

  constructor(rules: PreparedRewrites, match: readonly number[], func: Func, root: Inst) {
    this.captures = match.slice(1)
    this.specs = rules.rules[match[0]].captures
    this.func = func
    this.root = root
  }

  /** Low word of a constant of `bits` bits, zero-extended; high word in high.word. */
  constant(p: Pat, bits: number): number {
    const f = this.func
    if (p.kind === 'literal')
      return cut(Number(BigInt.asIntN(32, BigInt(p.value))), Number(BigInt.asIntN(32, BigInt(p.value) >> 32n)), bits)
    if (p.kind === 'capture') {
      const x = this.captures[p.index]
      const { data } = this.specs[p.index]
      const isHandle = data.sort === 'const' && data.test.how === 'any'
      return isHandle ? cut(f.imm0[x], f.imm1[x], widthOf(f, x)) : cut(x, x >> 31, bits)
    }
    if (p.kind === 'rootType') return cut(f.ctrl[this.root], 0, 64)
    if (p.kind !== 'fn') return missing('a constant')
    const [a, b] = p.args
    const lo = this.constant(a, bits)
    const hi = high.word
    const lo2 = b === undefined ? 0 : this.constant(b, bits)
    const result = p.fn.meaning(lo, hi, lo2, b === undefined ? 0 : high.word, bits)
    return cut(result, high.word, bits)
  }

  /** The value of a term of type `type`. */
  build(p: Pat, type: Type, builder: RightSideBuilder): number {
    if (p.kind === 'capture') return this.captures[p.index]
    if (p.kind === 'typed') return this.build(p.pat, this.typeFor(p) ?? type, builder)
    if (p.kind !== 'op') return missing('a value')
    const op = opNumber(p.op)
    const ctrl = this.ctrlOf(p, op, type)
    const args = p.args.map((q, i) => this.build(q, this.typeOf(q) ?? operandType(op, i, ctrl), builder))
    if (p.format === 'UnaryImm') {
      const lo = this.constant(p.imms[0]!, BITS[type & 15])
      return builder.make(op, type, args, lo, high.word)
    }
    if (p.format === 'IntCompare' || p.format === 'FloatCompare')
      return builder.make(op, ctrl, args, this.code(p.imms[0]!), 0)
    return builder.make(op, ctrl, args, 0, 0)
  }

  private code(p: Pat): number {
    return p.kind === 'capture' ? this.captures[p.index] : missing('a captured condition code')
  }

  /** Controlling type of a right-side operator: that of the result where it is the result's, else of an operand. */
  private ctrlOf(p: Extract<Pat, { kind: 'op' }>, op: number, type: Type): Type {
    if (ctrlMask(op) === 1n) return 0 as Type
    if (resultConstraint(op, 0) >> Constraint.KIND_SHIFT === Constraint.SAME) return type
    for (const [i, q] of p.args.entries()) {
      const t = operandConstraint(op, i) >> Constraint.KIND_SHIFT === Constraint.SAME ? this.typeOf(q) : undefined
      if (t !== undefined) return t
    }
    return missing(`the type of ${p.op}; say typed(...) around an operand`)
  }
  /** The type of a term as far as it is known from below. */
  private typeOf(p: Pat): Type | undefined {
    if (p.kind === 'capture') return this.func.valType[this.captures[p.index]] as Type
    if (p.kind === 'typed') return this.typeFor(p)
    if (p.kind !== 'op') return undefined
    const c = resultConstraint(opNumber(p.op), 0)
    if (c >> Constraint.KIND_SHIFT === Constraint.CONCRETE) return (c & Constraint.PAYLOAD) as Type
    const i = p.args.findIndex(
      (_, n) => operandConstraint(opNumber(p.op), n) >> Constraint.KIND_SHIFT === Constraint.SAME,
    )
    const ctrl = i < 0 ? undefined : this.typeOf(p.args[i])
    return ctrl === undefined ? undefined : Constraint.derivedType(c, ctrl) || undefined
  }
  private typeFor(p: Extract<Pat, { kind: 'typed' }>): Type | undefined {
    const { type } = p
    if ('mask' in type) return undefined
    return (type as Pat).kind === 'rootType' ? (this.func.ctrl[this.root] as Type) : (this.captures[type.index] as Type)
  }
}

/** A free operand (a shift count) takes the controlling type. */
function operandType(op: number, i: number, ctrl: Type): Type {
  return Constraint.derivedType(operandConstraint(op, i), ctrl) || ctrl
}
function missing(what: string): never {
  throw new Error(`the right side of a rewrite lacks ${what}`)
}
function cut(lo: number, hi: number, bits: number): number {
  high.word = bits >= 64 ? hi : 0
  return bits >= 32 ? lo | 0 : lo & ((1 << bits) - 1)
}

/** The reference engine for rewrites: records in `cx` what a compiled matcher records, by interpreting the left sides. */
export function referenceMatches(rules: PreparedRewrites, cx: EClassContext, root: Inst): void {
  rules.equations.forEach(({ left }, r) => {
    const { types, captures } = rules.rules[r]
    if (!hasType(types, cx.func.ctrl[root])) return
    const search = new ClassSearch(cx, captures)
    // Never content, so that every way to match is visited.
    search.root(left, root, () => {
      cx.record(r, ...(search.bound as number[]))
      return false
    })
  })
}

class ClassSearch extends Search {
  private readonly graph: EClassContext
  constructor(cx: EClassContext, captures: readonly unknown[]) {
    super({ func: cx.func, defOf: new Int32Array(0), canSink: () => false }, captures)
    this.graph = cx
  }
  protected override definitions(v: number, op: string): Inst[] {
    const { graph } = this
    const end = graph.pushMembers(v, graph.top)
    return Array.from(graph.stack.subarray(graph.top, end)).filter((i) => opName(graph.func.op[i]) === op) as Inst[]
  }
  protected override operand(i: Inst, n: number): number {
    return this.graph.classOf(super.operand(i, n))
  }
}
