// Witnesses: for each rule a concrete function built from its pattern, which must fire it.
//
// Random functions fire a third of a back end's rules; a witness fires each. From a row's tests the opcode behind each value is known, and
// a search over the opcode table's type constraints finds types under which it all fits, so a pattern that no well-typed function
// can match is found here. Constants are chosen among interesting ones that pass the row's tests; guards see one choice
// after the other. An earlier rule may win a witness only if the two overlap.
import { Func, I32, I64, type Inst, operandConstraint, resultType, satisfies, type Type } from '@k23/ir'
import { NO, type MatchContext } from '../context.ts'
import { referenceEngine } from '../engine.ts'
import { ctrlMask, numResults, OPCODE_LIMIT, opNumber } from '../opcodes.ts'
import type { Rule } from '../rule.ts'
import { byImm, isImm, signedImm, unsignedImm, widthOf } from '../runtime.ts'
import { allTypes } from '../typeset.ts'
import { checkRoots } from './check.ts'
import { disjoint } from './relations.ts'
import { type Root, type Row, rootsOf, type Test } from './rows.ts'

export interface WitnessReport {
  /** Rules whose witness fired them. */
  readonly fired: number[]
  /** Witness of `rule` won by an earlier rule `by` that overlaps it. */
  readonly explained: { rule: number; by: number }[]
  /** No witness found, or the wrong rule fired, or matcher and reference engine disagree. */
  readonly failed: { rule: number; why: string }[]
}

/** The matchers under test. */
interface Lowerer {
  lower(cx: MatchContext, inst: Inst): boolean
  terms: Record<string, (cx: MatchContext, ...args: number[]) => number>
}

// Bit 0 of a variant: which types are tried first; bit 1: features and settings that the row does not name,
// all off or all on, and mixed in later variants;
// the rest counts through the choices of constants.
const VARIANTS = 240

/**
 * Builds witnesses for all rules and runs them through the reference engine and through what `compile` makes of the same rules
 * (whose emitters are replaced: emitting is not tested here). `extend` adds what guards read of the back end's context.
 */
export function checkWitnesses(
  rules: readonly Rule[],
  compile: (list: readonly Rule[]) => Lowerer,
  extend: (cx: MatchContext) => MatchContext = (cx) => cx,
): WitnessReport {
  let winner = -1
  const silent = rules.map((rule, i): Rule => ({ ...rule, emit: () => (winner = i) }))
  const engine = referenceEngine<MatchContext>(silent)
  const compiled = compile(silent)
  const roots = rootsOf(rules, () => {})
  const { live } = checkRoots(rules, roots)
  const report: WitnessReport = { fired: [], explained: [], failed: [] }
  const rows = new Map<number, [Root, Row][]>()
  for (const [root, list] of live)
    for (const row of list) rows.set(row.rule, [...(rows.get(row.rule) ?? []), [root, row]])

  const run = (m: Lowerer, w: Witness, root: Root): number => {
    winner = -1
    if (root.term === undefined) m.lower(w.cx, w.inst)
    else m.terms[root.term](w.cx, ...w.args)
    return winner
  }
  for (const [r] of rules.entries()) {
    let best: { by: number } | undefined
    let why = 'no row of it can win'
    search: for (const [root, row] of rows.get(r) ?? []) {
      why = 'no well-typed function matches its pattern'
      for (let variant = 0; variant < VARIANTS; variant++) {
        const w = build(root, row, variant, extend)
        if (w === undefined) break
        const by = run(engine, w, root)
        const compiledBy = run(compiled, w, root)
        if (by !== compiledBy) {
          why = `the reference engine fires rule ${by}, the matcher rule ${compiledBy}`
          best = undefined
          break search
        }
        if (by === r) {
          best = { by }
          break search
        }
        const overlapping = by >= 0 && by < r && root.rows.some((x) => x.rule === by && !disjoint(x, row))
        if (overlapping) best = { by }
        else
          why =
            by < 0
              ? 'its witness fires no rule (a guard that no variant satisfies?)'
              : `its witness fires rule ${by} ("${rules[by].name}")`
      }
    }
    if (best === undefined) report.failed.push({ rule: r, why: `${rules[r].name}: ${why}` })
    else if (best.by === r) report.fired.push(r)
    else report.explained.push({ rule: r, by: best.by })
  }
  return report
}

interface Witness {
  cx: MatchContext
  inst: Inst
  args: number[]
}

const WIDE_FIRST: Type[] = [I64, I32, ...allTypes.filter((t) => t !== I64 && t !== I32), 0 as Type]
const NARROW_FIRST: Type[] = [I32, ...allTypes.filter((t) => t !== I32), 0 as Type]

/** Builds variant `variant` of the function that `row` describes; undefined if no types fit. */
function build(root: Root, row: Row, variant: number, extend: (cx: MatchContext) => MatchContext): Witness | undefined {
  const types = new Typing(row, (variant & 1) === 0 ? WIDE_FIRST : NARROW_FIRST)
  if (root.term === undefined) {
    if (!types.inst('', root.op, () => true)) return undefined
  } else if (!root.params.every((p, i) => p !== 'value' || types.value(`${i}`, () => true))) return undefined
  return new Builder(row, types, variant).witness(root, extend)
}

/** Types of the values of a row, and controlling types of its instructions. */
class Typing {
  readonly row: Row
  readonly preferred: readonly Type[]
  readonly ctrl: Map<string, Type> = new Map()
  readonly types: Map<string, Type> = new Map()
  /** Paths that must be one value: path -> the path that stands for it. */
  readonly same: Map<string, string> = new Map()

  constructor(row: Row, preferred: readonly Type[]) {
    this.row = row
    this.preferred = preferred
    for (const t of row.tests)
      if (t.kind === 'equal' && t.a.kind === 'value' && t.b.kind === 'value') this.same.set(t.b.path, t.a.path)
  }
  mask(site: string): bigint {
    const t = this.row.tests.find((x) => x.site === site)
    return t?.kind === 'set' ? t.mask : -1n
  }
  opAt(path: string): number {
    const t = this.row.tests.find((x) => x.site === `O:${path}`)
    return t?.kind === 'set' ? t.mask.toString(2).length - 1 : 0
  }
  value(path: string, fits: (t: Type) => boolean): boolean {
    const mask = this.mask(`V:${path}`)
    const equal = this.row.tests.find(
      (x) => x.kind === 'equal' && x.a.kind === 'valueType' && x.b.kind === 'valueType' && x.b.path === path,
    )
    const other = equal?.kind === 'equal' && equal.a.kind === 'valueType' ? this.types.get(equal.a.path) : undefined
    const known = this.types.get(this.same.get(path) ?? '-')
    const ok = (t: Type): boolean =>
      (mask >> BigInt(t)) % 2n !== 0n &&
      fits(t) &&
      (known === undefined || t === known) &&
      (other === undefined || t === other)
    const op = this.opAt(path)
    if (op !== 0) return this.inst(path, op, ok)
    const t = this.preferred.find((x) => x !== 0 && ok(x))
    if (t === undefined) return false
    this.types.set(path, t)
    return true
  }
  /** Finds a controlling type for the instruction at `path` whose result `fits`. */
  inst(path: string, op: number, fits: (t: Type) => boolean): boolean {
    const allowed = ctrlMask(op) & (path === '' ? this.mask('T') : -1n)
    const args = argPaths(this.row, path)
    for (const t of this.preferred) {
      if ((allowed >> BigInt(t)) % 2n === 0n) continue
      const result = numResults(op) > 0 ? resultType(op, 0, t) : (0 as Type)
      // A result that is a free choice of a set is left out of account: no opcode below a pattern's root has one.
      if (path !== '' && !fits(result)) continue
      this.types.set(path, result)
      this.ctrl.set(path, t)
      if (args.every((p, i) => this.value(p, (x) => satisfies(operandConstraint(op, i), x, t)))) return true
    }
    return false
  }
}

/** Paths of the operands of the instruction at `path` that the row mentions, without gaps. */
function argPaths(row: Row, path: string): string[] {
  let n = 0
  const see = (p: string): void => {
    if (p.length > path.length && p.startsWith(path)) n = Math.max(n, Number(p[path.length]) + 1)
  }
  for (const t of row.tests) {
    see(t.site.startsWith('O:') || t.site.startsWith('V:') ? t.site.slice(2) : t.path)
    if (t.kind === 'equal') for (const r of [t.a, t.b]) if (r.kind !== 'number' && r.kind !== 'rootType') see(r.path)
  }
  for (const r of row.reads) if (r.kind !== 'number') see(r.path)
  return Array.from({ length: n }, (_, i) => path + i)
}

class Builder {
  private readonly row: Row
  private readonly types: Typing
  private readonly variant: number
  private readonly func: Func = new Func({} as never, {} as never)
  private readonly block = this.func.makeBlock()
  private readonly values: Map<string, number> = new Map()
  private readonly sunk: Map<number, boolean> = new Map()
  private stride = 1

  constructor(row: Row, types: Typing, variant: number) {
    this.row = row
    this.types = types
    this.variant = variant
    this.func.appendBlock(this.block)
  }

  witness(root: Root, extend: (cx: MatchContext) => MatchContext): Witness {
    const inst = root.term === undefined ? this.inst('', root.op) : (0 as Inst)
    const args = root.params.map((p, i) => (p === 'value' ? this.value(`${i}`) : this.number(`N:${i}`)))
    const func = this.func
    const defOf = new Int32Array(func.numValues).fill(-1)
    for (let i = 0; i < func.numInsts; i++)
      for (let n = 0; n < func.numResults(i as Inst); n++) defOf[func.result(i as Inst, n)] = i
    const others = this.variant < 16 ? ((this.variant & 2) === 0 ? 0 : -1) : Math.imul(this.variant, 0x9e3779b1)
    const features = new Int32Array(8).fill(others)
    const settings = features.slice()
    for (const t of this.row.tests) {
      const [kind, words, bit] = t.site.split(':')
      if (kind !== 'F' || t.kind !== 'set') continue
      const at = Number(bit) >> 5
      const one = 1 << (Number(bit) & 31)
      const flags = words === 'features' ? features : settings
      flags[at] = t.mask === 2n ? flags[at] | one : flags[at] & ~one
    }
    const canSink = (i: Inst): boolean => this.sunk.get(i) ?? false
    return { inst, args, cx: extend({ func, defOf, features, settings, canSink, setResult: () => {} }) }
  }

  private value(path: string): number {
    const at = this.types.same.get(path) ?? path
    let v = this.values.get(at)
    if (v === undefined) {
      const op = this.types.opAt(at)
      if (op === 0) v = this.func.appendBlockParam(this.block, this.types.types.get(at)!)
      else v = this.func.result(this.inst(at, op))
      this.values.set(at, v)
    }
    return v
  }

  private inst(path: string, op: number): Inst {
    const f = this.func
    const ctrl = this.types.ctrl.get(path)!
    const args = argPaths(this.row, path).map((p) => this.value(p))
    const code = this.types.mask(`C:${path}`)
    const imm0 = code > 0n ? lowest(code) : op === fcmp ? 1 : this.number(`W:${path}:0`)
    const inst = f.makeInst(op, ctrl, f.pool.from(args), imm0, this.number(`W:${path}:1`))
    for (let n = 0; n < numResults(op); n++) f.appendResult(inst, resultType(op, n, ctrl))
    f.appendInst(inst, this.block)
    this.constant(path, inst)
    const sink = this.types.mask(`S:${path}`)
    if (sink > 0n) this.sunk.set(inst, sink === 2n)
    return inst
  }

  /** A number that passes the tests at `site`: 0 where there are none. */
  private number(site: string): number {
    const tests = this.row.tests.filter((t) => t.kind === 'range' && t.site === site)
    if (tests.length === 0) return 0
    return (
      this.pick(INTERESTING.map((n) => Number(n)).filter((n) => tests.every((t) => inRange(t, n)))) ??
      rangeStart(tests[0])
    )
  }

  private constant(path: string, inst: Inst): void {
    const tests = this.row.tests.filter((t) => t.path === path && t.site.startsWith('K'))
    if (tests.length === 0) return
    const f = this.func
    const bits = widthOf(f, inst)
    const set = (n: bigint): void => {
      const x = BigInt.asUintN(bits, n)
      f.imm0[inst] = Number(BigInt.asIntN(32, x))
      f.imm1[inst] = Number(BigInt.asIntN(32, x >> 32n))
    }
    const literal = tests.find((t) => t.kind === 'literal')
    const starts = tests
      .filter((t) => t.kind === 'range')
      .flatMap((t) => (t.kind === 'range' ? [BigInt(t.min), BigInt(t.max)] : []))
    const all = [...INTERESTING, ...starts]
    if (literal?.kind === 'literal') all.push((BigInt(literal.hi) << 32n) | BigInt(literal.lo >>> 0))
    const good = all.filter((n) => {
      set(n)
      return tests.every((t) => passes(t, f, inst, bits))
    })
    const n = this.pick(good)
    if (n !== undefined) set(n)
  }

  /** Another member for each variant; places move at different paces, so that variants see different combinations. */
  private pick<T>(from: readonly T[]): T | undefined {
    const at = Math.floor((this.variant >> 2) / this.stride)
    this.stride = this.stride === 1 ? 3 : this.stride === 3 ? 7 : 1
    return from[at % Math.max(1, from.length)]
  }
}

const fcmp = opNumber('fcmp')
const lowest = (mask: bigint): number => {
  for (let i = 0; i < OPCODE_LIMIT; i++) if ((mask >> BigInt(i)) % 2n !== 0n) return i
  return 0
}

const SMALL = [
  0, 1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 24, 31, 32, 48, 63, 64, 100, 127, 128, 255, 256, 1000, 2047, 2048, 4095, 4096,
  65535, 65536,
]
const INTERESTING: readonly bigint[] = [
  ...SMALL.map(BigInt),
  ...SMALL.slice(1).map((n) => -BigInt(n)),
  ...[
    0x7fffffffn,
    -0x80000000n,
    0x80000000n,
    0xffffffffn,
    0x7ffffffffffff000n,
    -0x7ffffffffffff000n,
    1n << 40n,
    1n << 63n,
  ],
]

function inRange(t: Test, n: number): boolean {
  return t.kind === 'range' && n >= t.min && n <= t.max && n % t.step === 0
}
function rangeStart(t: Test): number {
  return t.kind === 'range' ? Math.ceil(t.min / t.step) * t.step : 0
}
function passes(t: Test, f: Func, inst: Inst, bits: number): boolean {
  if (t.kind === 'literal') return isImm(f, inst, bits, t.lo, t.hi)
  if (t.kind === 'by') return byImm(f, inst, bits, t.by) !== NO
  if (t.kind !== 'range') return true
  const x = t.read.kind === 'unsigned' ? unsignedImm(f, inst, bits) : signedImm(f, inst, bits)
  return x !== NO && inRange(t, x)
}
