// From the rows of one root to one function: an order-preserving tree of tests.
//
// Problem: the first row that matches must win, yet rows far apart in the list ask the same question, and asking it once is what
// makes a matcher fast.
// Idea: take the first row, choose the question of it that most other rows ask too, and pull those rows up behind that one test. A row
// may be pulled past the rows between only if it is disjoint from each of them, since then their order is of no consequence.
// What is pulled up becomes an `if` or a `switch` with its own tree inside; where that fails, control falls out of it and goes on with the
// rows left over. So no row is ever copied, and the code is linear in the rules.
// Invariant: at any point of the code, `bound` has the paths whose instruction is known, with its opcode; a name is declared once per
// JavaScript scope and seen by the scopes inside.
//
// With `mode: 'all'` (rules of the mid-end) every match counts, so order does not matter and all rows that share a test are pulled up; an
// operator below the root is a loop over the members of an e-class.
import { opName } from '../opcodes.ts'
import { type Hoisted, Names } from './names.ts'
import { disjoint } from './relations.ts'
import type { Read, Root, Row, Test } from './rows.ts'

export interface TreeOptions {
  mode: 'first' | 'all'
  hoisted: Hoisted
  /** What to do when row `row` has matched; `name(read)` is the expression of a capture. True if control never goes on behind it. */
  leaf: (row: Row, name: (r: Read) => string, out: string[]) => boolean
  /** Source characters above which the rest of a list goes to a function of its own; Infinity for never. */
  outlineAbove: number
  /** What a function returns if nothing matched. */
  failed: string
  /** A call of an outlined function; returns if it succeeded. */
  outlined: (call: string) => string
}

interface Pending {
  readonly row: Row
  readonly todo: readonly Test[]
}

/** Cheap questions first where equally many rows ask them. */
const RANK: Record<string, number> = {
  O: 0,
  T: 1,
  C: 2,
  W: 2,
  N: 2,
  KS: 3,
  KU: 3,
  KL: 4,
  V: 4,
  F: 5,
  E: 6,
  S: 7,
  KB: 8,
}
const rank = (t: Test): number => RANK[t.site.slice(0, t.site.includes(':') ? t.site.indexOf(':') : undefined)] ?? 9

/** Bodies of the root's function and of those outlined from it: `[name, parameters, body]`. */
export function treeOf(
  root: Root,
  rows: readonly Row[],
  name: string,
  options: TreeOptions,
): [string, string, string][] {
  return new Tree(root, rows, name, options).build()
}

class Tree {
  private readonly root: Root
  private readonly rows: readonly Row[]
  private readonly name: string
  private readonly options: TreeOptions
  private readonly functions: [string, string, string][] = []
  private readonly ids: Map<Row, number>
  private readonly apart: Int8Array

  constructor(root: Root, rows: readonly Row[], name: string, options: TreeOptions) {
    this.root = root
    this.rows = rows
    this.name = name
    this.options = options
    this.ids = new Map(rows.map((r, i) => [r, i]))
    this.apart = new Int8Array(rows.length * rows.length)
  }

  build(): [string, string, string][] {
    const names = new Names(this.root, this.options.mode, this.options.hoisted)
    const pending = this.rows.map((row) => ({ row, todo: row.tests }))
    this.functions.push([this.name, names.parameters, ''])
    this.functions[0][2] = this.body(pending, names)
    return this.functions
  }

  private body(pending: readonly Pending[], names: Names): string {
    const out: string[] = []
    const done = this.list(pending, names, out)
    if (!done) out.push(this.options.failed)
    return [...names.prologue(), ...out].join('\n')
  }

  /** Code for `pending` in order; true if control never reaches its end. */
  private list(pending: readonly Pending[], names: Names, out: string[]): boolean {
    let rows = pending
    while (rows.length > 0) {
      if (names.size.characters > this.options.outlineAbove && rows.length > 1) {
        this.outline(rows, names, out)
        return false
      }
      const from = out.length
      const [first] = rows
      if (first.todo.length === 0) {
        const done = this.options.leaf(first.row, (r) => names.read(r, out), out)
        count(names, out, from)
        if (done) return true
        rows = rows.slice(1)
        continue
      }
      const [group, rest] = this.choose(rows, names)
      if (group[0][1].site.startsWith('O:')) this.operators(group, names, out)
      else {
        const test = group[0][1]
        const inner: string[] = []
        const condition = names.condition(test, out)
        count(names, out, from)
        names.size.characters += condition.length
        const without = group.map(([p, t]) => ({ row: p.row, todo: p.todo.filter((x) => x !== t) }))
        this.list(without, names.inside(), inner)
        out.push(`if (${condition}) {`, ...inner, '}')
      }
      rows = rest
    }
    return false
  }

  private outline(rows: readonly Pending[], names: Names, out: string[]): void {
    const name = `${this.name}_${this.functions.length}`
    const inner = names.afresh()
    const at = this.functions.push([name, inner.parameters, '']) - 1
    this.functions[at][2] = this.body(rows, inner)
    out.push(this.options.outlined(`${name}(${inner.arguments})`))
  }

  /** The rows behind the best question of the first row, each with its test, and the others. */
  private choose(rows: readonly Pending[], names: Names): [[Pending, Test][], Pending[]] {
    let best: [[Pending, Test][], Pending[]] | undefined
    let bestRank = 0
    for (const test of rows[0].todo) {
      if (!names.reaches(test)) continue
      const key = keyOf(test)
      const group: [Pending, Test][] = []
      const rest: Pending[] = []
      for (const p of rows) {
        const same = p.todo.find((t) => keyOf(t) === key)
        if (same !== undefined && (this.options.mode === 'all' || rest.every((q) => this.areDisjoint(p.row, q.row))))
          group.push([p, same])
        else rest.push(p)
      }
      const r = rank(test)
      if (best === undefined || group.length > best[0].length || (group.length === best[0].length && r < bestRank)) {
        best = [group, rest]
        bestRank = r
      }
    }
    return best!
  }

  private areDisjoint(a: Row, b: Row): boolean {
    const at = this.ids.get(a)! * this.rows.length + this.ids.get(b)!
    if (this.apart[at] === 0) this.apart[at] = disjoint(a, b) ? 1 : -1
    return this.apart[at] > 0
  }

  /** A group that asks for the opcode behind one value: one switch. */
  private operators(group: readonly [Pending, Test][], names: Names, out: string[]): void {
    const path = group[0][1].site.slice(2)
    const cases = new Map<number, Pending[]>()
    for (const [p, t] of group) {
      const op = opOf(t)
      const list = cases.get(op) ?? []
      list.push({ row: p.row, todo: p.todo.filter((x) => x !== t) })
      cases.set(op, list)
    }
    const loop = this.options.mode === 'all'
    const from = out.length
    const [inst, before, after] = loop ? names.members(path, out) : [names.definition(path, out), '', '']
    const outer = loop ? names.inside() : names
    if (loop) outer.bindMember(path)
    if (before !== '') out.push(before)
    count(names, out, from)
    names.size.characters += 40 * cases.size
    const single = cases.size === 1
    if (!single) out.push(loop ? `switch (op[${inst}]) {` : `switch (${inst} < 0 ? 0 : op[${inst}]) {`)
    for (const [op, list] of cases) {
      const inner = outer.inside()
      inner.bind(path, op)
      const code: string[] = []
      const done = this.list(list, inner, code)
      if (single) {
        const head = loop ? `op[${inst}] === ${op}` : `${inst} >= 0 && op[${inst}] === ${op}`
        out.push(`if (${head}) { // ${opName(op)}`, ...code, '}')
      } else out.push(`case ${op}: { // ${opName(op)}`, ...code, ...(done ? [] : ['break']), '}')
    }
    if (!single) out.push('}')
    if (after !== '') out.push(after)
    names.uses('op')
  }
}

/** Adds the lines of `out` from `from` on to the size of the function; code inside is counted where it is made. */
function count(names: Names, out: readonly string[], from: number): void {
  for (let i = from; i < out.length; i++) names.size.characters += out[i].length
}

function opOf(t: Test): number {
  return t.kind === 'set' ? t.mask.toString(2).length - 1 : 0
}

/** Tests with the same key are one question. */
function keyOf(t: Test): string {
  if (t.site.startsWith('O:')) return t.site
  if (t.kind === 'set') return `${t.site} ${t.mask}`
  if (t.kind === 'range') return `${t.site} ${t.min} ${t.max} ${t.step}`
  return t.kind === 'literal' ? `${t.site} ${t.lo} ${t.hi}` : t.site
}
