// Names and expressions of generated matchers: how each place is read, declared once per scope where it is first needed.
//
//   inst      the root                    a01   operand list of the instruction at path 01
//   i01       instruction at path 01      v01   value at path 01 (its class, in mid-end matchers)
//   s01, u01  constant, signed, unsigned  y01   type of value 01
//   c01       condition code              w01_0 immediate word 0
//   t         controlling type            b01_f what the immBy function f makes of the constant
import { opNumber } from '../opcodes.ts'
import type { ImmBy } from '../spec.ts'
import { typesOf } from '../typeset.ts'
import type { Read, Root, Test } from './rows.ts'

/** Tables that the generated module declares: types as bytes, and functions of rules. */
export interface Hoisted {
  /** Write TypeScript's types; without them the text is JavaScript, to be run at once. */
  typed: boolean
  typeTables: Map<bigint, string>
  by: Map<ImmBy, string>
}
const FIXED_WIDTH: Record<number, number> = {
  [opNumber('f16const')]: 16,
  [opNumber('f32const')]: 32,
  [opNumber('f64const')]: 64,
}

export class Names {
  private readonly root: Root
  private readonly mode: 'first' | 'all'
  private readonly hoisted: Hoisted
  private readonly declared: Set<string>
  /** Path -> opcode of its instruction. */
  private readonly bound: Map<string, number>
  /** What the enclosing function declares at its top. */
  private readonly top: Set<string>
  /** Characters of the enclosing function so far. */
  readonly size: { characters: number }
  /** Loop variables, which an outlined function needs as parameters. */
  private readonly loops: string[]

  constructor(root: Root, mode: 'first' | 'all', hoisted: Hoisted, outer?: Names, fresh = false) {
    this.root = root
    this.hoisted = hoisted
    this.mode = mode
    this.bound = new Map(outer?.bound ?? [['', root.op]])
    this.top = outer !== undefined && !fresh ? outer.top : new Set()
    this.size = outer !== undefined && !fresh ? outer.size : { characters: 0 }
    this.loops = [...(outer?.loops ?? [])]
    this.declared = new Set(outer === undefined || fresh ? this.loops : outer.declared)
    if (root.term !== undefined) root.params.forEach((p, i) => this.declared.add(p === 'value' ? `v${i}` : `n${i}`))
  }
  /** A scope inside this one. */
  inside(): Names {
    return new Names(this.root, this.mode, this.hoisted, this)
  }
  /** The scope of an outlined function: knows what this one knows, has declared nothing. */
  afresh(): Names {
    return new Names(this.root, this.mode, this.hoisted, this, true)
  }

  private get rootNames(): string[] {
    return this.root.term === undefined ? ['inst'] : this.root.params.map((p, i) => (p === 'value' ? `v${i}` : `n${i}`))
  }
  get parameters(): string {
    const all = ['cx', ...this.rootNames, ...this.loops]
    if (!this.hoisted.typed) return all.join(', ')
    return all.map((n) => (n === 'cx' ? 'cx: Cx' : n === 'inst' ? 'inst: Inst' : `${n}: number`)).join(', ')
  }
  get arguments(): string {
    return ['cx', ...this.rootNames, ...this.loops].join(', ')
  }
  uses(name: string): void {
    this.top.add(name)
  }
  prologue(): string[] {
    const lines: Record<string, string> = {
      f: 'const f = cx.func',
      op: 'const op = f.op',
      A: 'const A = f.pool.data',
      D: 'const D = cx.defOf',
      t: 'const t = f.ctrl[inst]',
    }
    if (['op', 'A', 't'].some((n) => this.top.has(n))) this.top.add('f')
    return Object.keys(lines)
      .filter((n) => this.top.has(n))
      .map((n) => lines[n])
  }

  bind(path: string, op: number): void {
    this.bound.set(path, op)
  }
  bindMember(path: string): void {
    this.declared.add(`i${path}`)
    this.loops.push(`i${path}`)
  }
  /** True if all that `test` reads can be read here. */
  reaches(test: Test): boolean {
    if (test.kind === 'equal') return this.readable(test.a) && this.readable(test.b)
    return this.bound.has(test.path)
  }
  private readable(r: Read): boolean {
    if (r.kind === 'number') return true
    const own = r.kind === 'value' || r.kind === 'valueType' ? r.path.slice(0, -1) : r.path
    return this.bound.has(own)
  }

  private once(name: string, expression: () => string, out: string[]): string {
    if (!this.declared.has(name)) {
      const e = expression()
      this.declared.add(name)
      out.push(`const ${name} = ${e}`)
    }
    return name
  }
  private inst(path: string, out: string[]): string {
    return path === '' ? 'inst' : this.definition(path, out)
  }
  /** The instruction behind the value at `path`, or -1. */
  definition(path: string, out: string[]): string {
    const behind = (): string => {
      this.uses('D')
      return `D[${this.value(path, out)}]`
    }
    return this.once(`i${path}`, behind, out)
  }
  /** A loop over the members of the class at `path`: the loop variable, its head and its tail. */
  members(path: string, out: string[]): [string, string, string] {
    const v = this.value(path, out)
    const head = `const m${path} = cx.top, e${path} = cx.pushMembers(${v}, m${path})\ncx.top = e${path}\nfor (let n${path} = m${path}; n${path} < e${path}; n${path}++) {\nconst i${path} = cx.stack[n${path}]`
    return [`i${path}`, head, `}\ncx.top = m${path}`]
  }
  private value(path: string, out: string[]): string {
    const name = `v${path}`
    if (this.declared.has(name)) return name
    this.uses('A')
    const parent = path.slice(0, -1)
    const list = this.once(`a${parent}`, () => `f.args[${this.inst(parent, out)}]`, out)
    const i = path.at(-1)
    const word = i === '0' ? `A[${list}]` : `A[${list} + ${i}]`
    return this.once(name, () => (this.mode === 'all' ? `cx.classOf(${word})` : word), out)
  }
  private width(path: string): string {
    const fixed = FIXED_WIDTH[this.bound.get(path)!]
    return fixed === undefined ? `BITS[f.ctrl[${path === '' ? 'inst' : `i${path}`}]]` : String(fixed)
  }

  /** The expression for a capture; declares what it needs. */
  read(r: Read, out: string[]): string {
    this.uses('f')
    switch (r.kind) {
      case 'rootType':
        this.uses('t')
        return 't'
      case 'value':
        return this.value(r.path, out)
      case 'inst':
      case 'constInst':
        return this.inst(r.path, out)
      case 'valueType':
        return this.once(`y${r.path}`, () => `f.valType[${this.value(r.path, out)}]`, out)
      case 'signed':
        return this.once(`s${r.path}`, () => `signedImm(f, ${this.inst(r.path, out)}, ${this.width(r.path)})`, out)
      case 'unsigned':
        return this.once(`u${r.path}`, () => `unsignedImm(f, ${this.inst(r.path, out)}, ${this.width(r.path)})`, out)
      case 'code':
        return this.once(`c${r.path}`, () => `f.imm0[${this.inst(r.path, out)}]`, out)
      case 'word':
        return this.once(`w${r.path}_${r.word}`, () => `f.imm${r.word}[${this.inst(r.path, out)}]`, out)
      case 'number':
        return `n${r.index}`
      case 'by': {
        const { by: names } = this.hoisted
        let by = names.get(r.by)
        if (by === undefined) names.set(r.by, (by = `by${names.size}`))
        return this.once(
          `b${r.path}_${by}`,
          () => `byImm(f, ${this.inst(r.path, out)}, ${this.width(r.path)}, ${by})`,
          out,
        )
      }
    }
  }

  /** The condition that is `test`; declares what it needs. */
  condition(test: Test, out: string[]): string {
    switch (test.kind) {
      case 'set':
        return this.setCondition(test.site, test.path, test.mask, out)
      case 'range': {
        const x = this.read(test.read, out)
        if (test.min === test.max) return `${x} === ${test.min}`
        const step = test.step === 1 ? '' : ` && ${x} % ${test.step} === 0`
        return `${x} >= ${test.min} && ${x} <= ${test.max}${step}`
      }
      case 'literal':
        this.uses('f')
        return `isImm(f, ${this.inst(test.path, out)}, ${this.width(test.path)}, ${test.lo}, ${test.hi})`
      case 'by':
        return `${this.read({ kind: 'by', path: test.path, by: test.by }, out)} !== NO`
      case 'equal': {
        const a = this.read(test.a, out)
        const b = this.read(test.b, out)
        if (test.a.kind !== 'constInst' || test.b.kind !== 'constInst') return `${a} === ${b}`
        return `sameImm(f, ${a}, ${b}, ${this.width(test.a.path)}, ${this.width(test.b.path)})`
      }
    }
  }

  private setCondition(site: string, path: string, mask: bigint, out: string[]): string {
    const parts = site.split(':')
    switch (parts[0]) {
      case 'T':
        this.uses('t')
        return typeCondition('t', mask, this.hoisted)
      case 'V':
        return typeCondition(this.read({ kind: 'valueType', path: parts[1] }, out), mask, this.hoisted)
      case 'F': {
        const bit = Number(parts[2])
        return `(cx.${parts[1]}[${bit >> 5}] & ${1 << (bit & 31)}) ${mask === 2n ? '!==' : '==='} 0`
      }
      case 'S':
        return `${mask === 2n ? '' : '!'}cx.canSink(${this.inst(path, out)}${this.hoisted.typed ? ' as Inst' : ''})`
      default: {
        const code = this.read({ kind: 'code', path }, out)
        return (mask & (mask - 1n)) === 0n
          ? `${code} === ${mask.toString(2).length - 1}`
          : `(${mask} >>> ${code} & 1) !== 0`
      }
    }
  }
}

/** A test of type `x` against a set: a comparison, a shift of one word, or a table. */
function typeCondition(x: string, mask: bigint, hoisted: Hoisted): string {
  const members = typesOf(mask)
  if (members.length === 1) return `${x} === ${members[0]}`
  if (members.length === 2) return `(${x} === ${members[0]} || ${x} === ${members[1]})`
  if (members.every((t) => t < 16)) return `${x} < 16 && (${mask} >>> ${x} & 1) !== 0`
  let table = hoisted.typeTables.get(mask)
  if (table === undefined) hoisted.typeTables.set(mask, (table = `types${hoisted.typeTables.size}`))
  return `${table}[${x}] !== 0`
}
