// Rules as rows of tests: a pattern tree flattened to what it asks of which place.
//
// A place is a string. An instruction path says how to reach an instruction from the root: '' is the root, '01' the instruction
// behind operand 1 of that behind operand 0. A value has the path of its (possible) instruction; in rules of a term, value argument i is
// path 'i'. Places:
//
//   T          controlling type of the root        F:words:n   a feature or setting
//   O:path     opcode behind the value (0: none)   S:path      the instruction is a load that can be sunk
//   V:path     type of the value                   C:path      condition code of the instruction
//   KS:path    constant, sign-extended             KU:path     constant, zero-extended, where that differs
//   W:path:w   immediate word w                    N:i         number argument i of a term
//
// Each alternative of a pattern (comm, anyOf) becomes a row of its own, in the order in which the reference engine tries them.
import { floatCCNames, intCCNames, laneBits } from '@k23/ir'
import { patternsOf } from '../engine.ts'
import { canLoad, ctrlMask, hasEffects, OPCODE_LIMIT, opNumber } from '../opcodes.ts'
import type { Capture, OpPat, Pat } from '../pattern.ts'
import type { Rule } from '../rule.ts'
import type { ConstTest, ImmBy } from '../spec.ts'
import { CODE, CONST, SHAPES } from '../terms.ts'
import { typesOf } from '../typeset.ts'

/** How a capture is read once its place is reached. */
export type Read =
  | {
      readonly kind: 'rootType' | 'value' | 'inst' | 'valueType' | 'constInst' | 'signed' | 'unsigned' | 'code'
      readonly path: string
    }
  | { readonly kind: 'word'; readonly path: string; readonly word: number }
  | { readonly kind: 'number'; readonly index: number }
  | { readonly kind: 'by'; readonly path: string; readonly by: ImmBy }

export type Test =
  /** The place's small integer is a member of `mask`; `limit` is the number of possible ones. */
  | {
      readonly kind: 'set'
      readonly site: string
      readonly path: string
      readonly mask: bigint
      readonly limit: number
    }
  | {
      readonly kind: 'range'
      readonly site: string
      readonly path: string
      readonly read: Read
      readonly min: number
      readonly max: number
      readonly step: number
    }
  /** A literal constant that does not fit 8 bits: equal as a signed or an unsigned number of its width. */
  | { readonly kind: 'literal'; readonly site: string; readonly path: string; readonly lo: number; readonly hi: number }
  | { readonly kind: 'by'; readonly site: string; readonly path: string; readonly by: ImmBy }
  | { readonly kind: 'equal'; readonly site: string; readonly path: string; readonly a: Read; readonly b: Read }

export interface Row {
  /** Index in the rule list. */
  readonly rule: number
  readonly tests: readonly Test[]
  /** Per capture of the rule. */
  readonly reads: readonly Read[]
  /** A `where` or `derive` decides beyond the tests. */
  readonly guarded: boolean
}

/** What a row is for: an opcode, or a term. */
export interface Root {
  readonly key: string
  readonly op: number
  readonly term: string | undefined
  readonly params: readonly string[]
  readonly rows: Row[]
}

interface State {
  tests: Test[]
  reads: (Read | undefined)[]
  root: number
}
type Next = (s: State) => State[]

/** What is wrong with a rule, in the words of its author's terms. */
export type Complain = (rule: number, message: string) => void

/** The rows of all rules, by root, in list order; a rule that cannot be flattened is complained of and left out. */
export function rootsOf(rules: readonly Rule[], complain: Complain): Root[] {
  const roots = new Map<string, Root>()
  rules.forEach((rule, index) => {
    let states: State[] = []
    try {
      states = statesOf(rule)
      const missing = states.flatMap((s) => s.reads).indexOf(undefined)
      if (missing >= 0)
        throw new PatternError(
          `capture ${(missing % rule.captures.length) + 1} is not in every alternative of the pattern`,
        )
      if (states.length === 0)
        throw new PatternError('its constraints exclude each other, or the types that its opcode may have')
    } catch (e) {
      if (!(e instanceof PatternError)) throw e
      complain(index, e.message)
      return
    }
    for (const state of states) {
      const key = rule.term === undefined ? `op ${state.root}` : `term ${rule.term.name}`
      let root = roots.get(key)
      if (root === undefined) {
        root = { key, op: state.root, term: rule.term?.name, params: rule.term?.params ?? [], rows: [] }
        roots.set(key, root)
      }
      root.rows.push({
        rule: index,
        tests: state.tests,
        reads: state.reads as Read[],
        guarded: rule.where !== undefined || rule.derive.length > 0,
      })
    }
  })
  return [...roots.values()]
}

class PatternError extends Error {}

function statesOf(rule: Rule): State[] {
  const pats = patternsOf(rule)
  const start: State = { tests: [], reads: rule.captures.map(() => undefined), root: 0 }
  for (const { words, bit, want } of rule.flags)
    start.tests.push({ kind: 'set', site: `F:${words}:${bit}`, path: '', mask: want ? 2n : 1n, limit: 2 })
  let states = [start]
  if (rule.term === undefined) states = rootOp(pats[0], start, (s) => withTypes(s, rule.types.mask))
  else
    pats.forEach((p, i) => {
      const isValue = rule.term!.params[i] === 'value'
      states = states.flatMap((s) =>
        isValue
          ? value(p, `${i}`, s, (t) => [t])
          : number(p, `N:${i}`, { kind: 'number', index: i }, '', s, (t) => [t]),
      )
    })
  return states.filter((s) => consistent(s.tests))
}

const add = (s: State, ...tests: Test[]): State => ({ ...s, tests: [...s.tests, ...tests.filter((t) => !isVoid(t))] })
const isVoid = (t: Test): boolean => t.kind === 'set' && t.mask === (1n << BigInt(t.limit)) - 1n

/** False for a row that asks two things of a place that exclude each other (through anyOf under a captured type, for instance). */
function consistent(tests: readonly Test[]): boolean {
  return tests.every(
    (a, i) =>
      a.kind !== 'set' ||
      tests.every((b, j) => j <= i || b.site !== a.site || b.kind !== 'set' || (a.mask & b.mask) !== 0n),
  )
}

/** The row with its test of the controlling type, where the opcode leaves anything to test; no row where nothing is left. */
function withTypes(s: State, types: bigint): State[] {
  const possible = ctrlMask(s.root)
  const mask = types & possible
  if (mask === 0n) return []
  // A range of all int32 is no test of a constant that is no wider: iconst of narrow types is then seen to be covered.
  const narrow = typesOf(mask).every((t) => t !== 0 && laneBits(t) <= 32)
  const tests = s.tests.filter(
    (t) =>
      !(
        narrow &&
        t.site === 'KS:' &&
        t.kind === 'range' &&
        t.min <= -0x80000000 &&
        t.max >= 0x7fffffff &&
        t.step === 1
      ),
  )
  return mask === possible
    ? [{ ...s, tests }]
    : [{ ...s, tests: [{ kind: 'set', site: 'T', path: '', mask, limit: 512 }, ...tests] }]
}

function rootOp(p: Pat, s: State, next: Next): State[] {
  if (p.kind === 'alt') return p.alts.flatMap((q) => rootOp(q, s, next))
  if (p.kind === 'at') return bind(p.inst, { kind: 'inst', path: '' }, '', s).flatMap((t) => rootOp(p.pat, t, next))
  if (p.kind !== 'op') throw new PatternError('the root of a pattern must be an operator')
  return operator(p, '', { ...s, root: opNumber(p.op) }, next)
}

function bind(c: Capture, read: Read, path: string, s: State): State[] {
  const old = s.reads[c.index]
  if (old !== undefined) {
    const a = describe(old)
    const b = describe(read)
    return a === b ? [s] : [add(s, { kind: 'equal', site: `E:${a}=${b}`, path, a: old, b: read })]
  }
  return [{ ...s, reads: s.reads.with(c.index, read) }]
}

export function describe(r: Read): string {
  if (r.kind === 'number') return `number ${r.index}`
  if (r.kind === 'by') return `${r.by.name} ${r.path}`
  return r.kind === 'word' ? `word ${r.path} ${r.word}` : `${r.kind} ${r.path}`
}

function value(p: Pat, path: string, s: State, next: Next): State[] {
  const parent = path.slice(0, -1)
  const opTests = (op: string): Test[] => {
    if (hasEffects(op))
      throw new PatternError(`a pattern cannot look through ${op}, which has side effects, to what is below it`)
    const tests: Test[] = [
      { kind: 'set', site: `O:${path}`, path: parent, mask: 1n << BigInt(opNumber(op)), limit: OPCODE_LIMIT },
    ]
    if (canLoad(op)) tests.push({ kind: 'set', site: `S:${path}`, path, mask: 2n, limit: 2 })
    return tests
  }
  switch (p.kind) {
    case 'alt':
      return p.alts.flatMap((q) => value(q, path, s, next))
    case 'at':
      return value(p.pat, path, s, (t) => bind(p.inst, { kind: 'inst', path }, path, t).flatMap(next))
    case 'typed': {
      const { type } = p
      if ('kind' in type && type.kind !== 'capture')
        throw new PatternError('typed(...) takes a captured type or a type set')
      const set = 'mask' in type ? type : type.spec.sort === 'type' ? type.spec.types : undefined
      const t =
        set === undefined ? s : add(s, { kind: 'set', site: `V:${path}`, path: parent, mask: set.mask, limit: 512 })
      if ('mask' in type) return value(p.pat, path, t, next)
      return bind(type, { kind: 'valueType', path }, parent, t).flatMap((u) => value(p.pat, path, u, next))
    }
    case 'op':
      return operator(p, path, add(s, ...opTests(p.op)), next)
    case 'capture':
      if (p.spec.sort === 'value') {
        const t = add(s, { kind: 'set', site: `V:${path}`, path: parent, mask: p.spec.types.mask, limit: 512 })
        return bind(p, { kind: 'value', path }, parent, t).flatMap(next)
      }
      if (p.spec.sort === 'sinkable')
        return bind(p, { kind: 'inst', path }, path, add(s, ...opTests(p.spec.op))).flatMap(next)
      throw new PatternError(`a capture of sort ${p.spec.sort} cannot stand for a value`)
    case 'fn':
    case 'rootType':
      throw new PatternError('constant functions and the root type belong on right sides and in conditions')
    case 'literal':
      throw new PatternError(`the literal ${p.value} cannot stand for a value; write iconst(${p.value})`)
  }
}

function operator(p: OpPat, path: string, s: State, next: Next): State[] {
  const { words } = SHAPES[p.format]
  const immsFrom = (n: number, t: State): State[] => {
    if (n === p.imms.length) return next(t)
    const q = p.imms[n]
    return q === undefined ? immsFrom(n + 1, t) : immediate(q, path, words[n], p, t, (u) => immsFrom(n + 1, u))
  }
  const argsFrom = (n: number, t: State): State[] =>
    n === p.args.length ? immsFrom(0, t) : value(p.args[n], path + n, t, (u) => argsFrom(n + 1, u))
  return argsFrom(0, s)
}

function immediate(q: Pat, path: string, word: number, p: OpPat, s: State, next: Next): State[] {
  if (word === CONST) return constant(q, path, s, next)
  if (word !== CODE) return number(q, `W:${path}:${word}`, { kind: 'word', path, word }, path, s, next)
  const names = p.format === 'IntCompare' ? intCCNames : floatCCNames
  const code = (mask: number): State =>
    add(s, { kind: 'set', site: `C:${path}`, path, mask: BigInt(mask) & allCodes(names), limit: 16 })
  if (q.kind === 'literal') {
    const at = names.indexOf(String(q.value))
    if (at < 0 || q.value === '')
      throw new PatternError(`${p.op} has no condition code ${q.value}; there are ${names.join(' ')}`)
    return next(code(1 << at))
  }
  if (q.kind !== 'capture' || q.spec.sort !== 'cc')
    throw new PatternError(`the first argument of ${p.op} is a condition code`)
  if (q.spec.float !== (p.format === 'FloatCompare'))
    throw new PatternError(`${p.op} needs ${q.spec.float ? 'cc' : 'fcc'}(...)`)
  // All codes there are: no test.
  const all = BigInt(q.spec.mask) === allCodes(names)
  return bind(q, { kind: 'code', path }, path, all ? s : code(q.spec.mask)).flatMap(next)
}
const allCodes = (names: readonly string[]): bigint =>
  names.reduce((m, n, i) => (n === '' ? m : m | (1n << BigInt(i))), 0n)

/** A plain number: an immediate word or an argument of a term. */
function number(q: Pat, site: string, read: Read, path: string, s: State, next: Next): State[] {
  if (q.kind === 'literal') {
    const n = Number(q.value)
    return next(add(s, { kind: 'range', site, path, read, min: n, max: n, step: 1 }))
  }
  if (q.kind !== 'capture' || (q.spec.sort !== 'imm' && q.spec.sort !== 'const'))
    throw new PatternError(`${site} takes a number`)
  let t = s
  if (q.spec.sort === 'const') {
    const { test } = q.spec
    if (test.how === 'by') throw new PatternError('immBy tests constants of an iconst, not plain numbers; use derive')
    if (test.how !== 'any')
      t = add(s, { kind: 'range', site, path, read, min: test.min, max: test.max, step: test.step })
  }
  return bind(q, read, path, t).flatMap(next)
}

function constant(q: Pat, path: string, s: State, next: Next): State[] {
  if (q.kind === 'literal') {
    const n = BigInt(q.value)
    if (n >= -128n && n <= 127n) return next(add(s, signedRange(path, Number(n), Number(n), 1)))
    const lo = Number(BigInt.asIntN(32, n))
    const hi = Number(BigInt.asIntN(32, n >> 32n))
    return next(add(s, { kind: 'literal', site: `KL:${path}`, path, lo, hi }))
  }
  if (q.kind !== 'capture' || q.spec.sort !== 'const')
    throw new PatternError('a constant is a capture of constants or a literal')
  const [read, test] = constantTest(q.spec.test, path)
  return bind(q, read, path, test === undefined ? s : add(s, test)).flatMap(next)
}

function signedRange(path: string, min: number, max: number, step: number): Test {
  return { kind: 'range', site: `KS:${path}`, path, read: { kind: 'signed', path }, min, max, step }
}

function constantTest(test: ConstTest, path: string): [Read, Test | undefined] {
  if (test.how === 'any') return [{ kind: 'constInst', path }, undefined]
  if (test.how === 'by')
    return [
      { kind: 'by', path, by: test.by },
      { kind: 'by', site: `KB:${path}:${test.by.name}`, path, by: test.by },
    ]
  const { min, max, step } = test
  // Within 7 bits both readings agree at every width, and sharing one place finds more to share and to compare.
  if (test.how === 'signed' || (min >= 0 && max <= 127))
    return [{ kind: 'signed', path }, signedRange(path, min, max, step)]
  const read: Read = { kind: 'unsigned', path }
  return [read, { kind: 'range', site: `KU:${path}`, path, read, min, max, step }]
}
