// Random WebAssembly 2.0 modules: valid, and with an outcome that depends on nothing but the module.
//
// Expressions are made from the outside in: a type is wanted, and an operator that gives it is chosen from the front end's own table, its operands
// are wanted next, until the budget of the function is spent. What must not show is kept from showing: which NaN an operation gives is not
// settled, so wherever bits of a float become visible (stores, reinterpretations, signs, vectors) they go through a `canon` first, and
// vectors of floats come out of one. Memory addresses and table indices are mostly brought into range, and sometimes not.
import {
  EXTERNREF,
  F32,
  F64,
  FUNCREF,
  I32,
  I64,
  type Operator,
  operators,
  V128,
  type ValType,
} from '@k23/frontend-wasm'
import { leb, signedLeb } from './encode.ts'
import type { Random } from './random.ts'
import type { Data, Elements, Func, FuncType, Global, Label, Memory, Node, Program, Table } from './tree.ts'
import { argument, constant, floatConstant } from './values.ts'

export interface GenerateOptions {
  /** Vectors of 128 bits too. */
  readonly simd: boolean
}

const NUMBERS: readonly ValType[] = [I32, I64, F32, F64]
const PAGE = 65536

/** Operators whose result lies in a float lane that may be a NaN of any kind. */
const FLOAT_LANES =
  /^f(32x4|64x2)\.(add|sub|mul|div|sqrt|min|max|ceil|floor|trunc|nearest|demote_f64x2_zero|promote_low_f32x4)$/
/** Operators that show the bits of their last operand. */
const SHOWS_BITS =
  /^(i32\.reinterpret_f32|i64\.reinterpret_f64|f32\.copysign|f64\.copysign|f32x4\.splat|f64x2\.splat|f32x4\.replace_lane|f64x2\.replace_lane|f32\.store|f64\.store)$/

/** Operators that trap at many of their operands. */
const TRAPS = /\.(div|rem)_|\.trunc_f/

/** Changes operands so that the operator does not trap. */
function tame(name: string, args: Node[]): void {
  const last = args.length - 1
  const [type] = args[last].results
  const binary = (operator: string, a: Node, b: Node): Node => ({
    kind: 'op',
    results: a.results,
    args: [a, b],
    operator: named(operator),
  })
  if (/\.(div|rem)_/.test(name)) {
    // An odd divisor, and for signed division a small one: not -1.
    const int = (n: number): Node => (type === I32 ? i32(n) : i64(n))
    const prefix = type === I32 ? 'i32' : 'i64'
    args[last] = binary(`${prefix}.or`, binary(`${prefix}.and`, args[last], int(0x7fffffff)), int(1))
  } else {
    const prefix = type === F32 ? 'f32' : 'f64'
    const float = (n: number): Node => ({ kind: 'const', results: [type], args: [], bytes: floatConstant(type, n) })
    // Of a NaN min and max make a NaN; abs keeps it: those still trap, which is rare.
    args[last] = binary(`${prefix}.min`, unary(`${prefix}.abs`, args[last]), float(2 ** 30))
  }
}

/** The division that overflows, and whose remainder does not. */
function extremes(type: ValType): Node[] {
  return type === I32 ? [i32(-(2 ** 31)), i32(-1)] : [i64(-(2 ** 63)), i64(-1)]
}

function unary(operator: string, a: Node): Node {
  return { kind: 'op', results: a.results, args: [a], operator: named(operator) }
}

const usable = operators.filter((o) => !o.name.includes('relaxed'))
const byName = new Map(usable.map((o) => [o.name, o]))
/** Operators of expressions by what they give. */
const givers = new Map<ValType, readonly Operator[]>(
  [...NUMBERS, V128].map((t) => [
    t,
    usable.filter(
      (o) =>
        ['simple', 'load', 'extract_lane', 'replace_lane', 'load_lane', 'i8x16.shuffle'].includes(o.kind) &&
        o.results[0] === t,
    ),
  ]),
)
const stores = usable.filter((o) => o.kind === 'store' || o.kind === 'store_lane')

function named(name: string): Operator {
  const o = byName.get(name)
  if (o === undefined) throw new Error(`no operator ${name}`)
  return o
}

const usesVectors = (o: Operator): boolean => o.params.includes(V128) || o.results.includes(V128)

/** A random program of this seed's. */
export function generate(random: Random, options: GenerateOptions): Program {
  return new ModuleGenerator(random, options).program
}

class ModuleGenerator {
  readonly program: Program
  readonly random: Random
  readonly simd: boolean
  readonly types: FuncType[]
  /** Elements of tables that active segments fill. */
  readonly filled: { readonly table: Table; readonly index: number; readonly func: Func }[]

  constructor(random: Random, { simd }: GenerateOptions) {
    this.random = random
    this.simd = simd
    const funcs = Array.from({ length: random.below(3) }, () => this.func(true))
    const defined = Array.from({ length: random.between(1, 5) }, () => this.func(false))
    funcs.push(...defined)
    // (A global's initial value may only be a constant: extended constant expressions have tests of their own.)
    const globals = Array.from({ length: random.below(6) }, () => this.global())
    const memories: Memory[] = random.percent(92) ? [this.memory()] : []
    const tables = Array.from({ length: random.below(3) }, (): Table => {
      const min = random.below(12)
      return {
        element: random.percent(80) ? FUNCREF : EXTERNREF,
        min,
        max: random.percent(60) ? min + random.below(9) : undefined,
      }
    })
    const [memory] = memories
    const data = memory === undefined ? [] : Array.from({ length: random.below(4) }, () => this.data(memory))
    const elements = Array.from({ length: random.below(4) }, () => this.elements(tables, funcs))
    // Whatever ref.func names has to be declared outside of code.
    elements.push({ mode: 'declarative', table: undefined, offset: 0, items: funcs.slice() })
    const starts = defined.filter((f) => f.type.params.length === 0 && f.type.results.length === 0)
    const start = starts.length > 0 && random.percent(50) ? random.pick(starts) : undefined
    this.program = { funcs, globals, tables, memories, data, elements, start, calls: [] }
    this.types = funcs.map((f) => f.type)
    this.filled = elements.flatMap(({ mode, table, offset, items }) =>
      mode !== 'active' || table === undefined
        ? []
        : items.flatMap((func, i) => (func === null ? [] : [{ table, index: offset + i, func }])),
    )
    for (const f of defined) f.body = new BodyGenerator(this, f).body()
    const callable = defined.filter((f) => ![...f.type.params, ...f.type.results].includes(V128))
    if (callable.length > 0)
      this.program.calls = Array.from({ length: random.between(2, 6) }, () => {
        const func = random.pick(callable)
        return { func, args: func.type.params.map((t) => argument(random, t)) }
      })
  }

  valueType(): ValType {
    const { random } = this
    return random.weighted<ValType>([
      [8, I32],
      [5, I64],
      [3, F32],
      [3, F64],
      [this.simd ? 8 : 0, V128],
      [1, FUNCREF],
      [1, EXTERNREF],
    ])
  }

  valueTypes(most: number, allowVectors = true): ValType[] {
    const types = Array.from({ length: this.random.below(most + 1) }, () => this.valueType())
    return allowVectors ? types : types.map((t) => (t === V128 ? I64 : t))
  }

  private func(imported: boolean): Func {
    const { random } = this
    // Imported functions are JavaScript's, which has no vectors; of the others, those without can be called from there.
    const vectors = !imported && random.percent(30)
    const type: FuncType = {
      params: this.valueTypes(random.percent(8) ? 14 : 4, vectors),
      results: random.percent(15) ? this.valueTypes(4, vectors) : this.valueTypes(1, vectors),
    }
    if (imported) return { type, locals: [], body: undefined }
    return { type, locals: [...type.params, ...this.valueTypes(7)], body: [] }
  }

  private global(): Global {
    const { random } = this
    const type = this.valueType()
    const exported = type !== V128 && type !== FUNCREF && random.percent(80)
    return { type, mutable: random.percent(75), init: constant(random, type), exported }
  }

  private memory(): Memory {
    const { random } = this
    const min = random.weighted([
      [1, 0],
      [8, 1],
      [2, 2],
    ])
    return { min, max: random.percent(70) ? min + random.below(3) : undefined }
  }

  private data(memory: Memory): Data {
    const { random } = this
    const bytes = Array.from({ length: random.below(40) }, () => random.below(256))
    if (random.percent(35)) return { offset: undefined, bytes }
    // Rarely out of bounds: then there is no instance.
    const offset = random.percent(97)
      ? random.below(Math.max(1, memory.min * PAGE - bytes.length + 1))
      : random.between(0, memory.min + 1) * PAGE - random.below(30)
    return memory.min === 0 && random.percent(90)
      ? { offset: undefined, bytes }
      : { offset: Math.max(0, offset), bytes }
  }

  private elements(tables: readonly Table[], funcs: readonly Func[]): Elements {
    const { random } = this
    const items = Array.from({ length: random.below(7) }, () => (random.percent(15) ? null : random.pick(funcs)))
    const targets = tables.filter((t) => t.element === FUNCREF)
    if (targets.length === 0 || random.percent(30)) return { mode: 'passive', table: undefined, offset: 0, items }
    const table = random.pick(targets)
    const offset = random.percent(97) ? random.below(Math.max(1, table.min - items.length + 1)) : table.min
    if (offset + items.length > table.min && random.percent(90)) items.length = Math.max(0, table.min - offset)
    return { mode: 'active', table, offset, items }
  }
}

/** How deep expressions nest. */
const MAX_DEPTH = 7

class BodyGenerator {
  private readonly m: ModuleGenerator
  private readonly random: Random
  private readonly func: Func
  private readonly labels: Label[] = []
  /** Nodes that may still be made. */
  private budget: number

  constructor(m: ModuleGenerator, func: Func) {
    this.m = m
    this.random = m.random
    this.func = func
    this.budget = m.random.weighted([
      [3, 25],
      [4, 80],
      [2, 200],
    ])
  }

  body(): Node[] {
    return [...this.statements(0), ...this.values(this.func.type.results, 0)]
  }

  // ---- statements

  private statements(depth: number): Node[] {
    const n = depth === 0 ? this.random.between(2, 10) : this.random.below(5)
    const list: Node[] = []
    for (let i = 0; i < n && this.budget > 0; i++) list.push(this.statement(depth))
    return list
  }

  private statement(depth: number): Node {
    this.budget--
    const { random } = this
    const { memories, tables } = this.m.program
    const nested = depth < MAX_DEPTH && this.budget > 0
    const memory = memories.length > 0
    const make = random.weighted<(depth: number) => Node>([
      [8, (d) => this.localSet(d)],
      [3, (d) => this.globalSet(d)],
      [memory ? 8 : 0, (d) => this.store(d)],
      [memory ? 3 : 0, (d) => this.bulkMemory(d)],
      [tables.length > 0 ? 4 : 0, (d) => this.tableStatement(d)],
      [2, (d) => this.drop(d)],
      [nested ? 3 : 0, (d) => this.control('block', this.m.random.percent(25), d)],
      [nested ? 4 : 0, (d) => this.control('loop', this.m.random.percent(25), d)],
      [nested ? 5 : 0, (d) => this.control('if', this.m.random.percent(25), d)],
      [this.labels.length > 0 ? 4 : 0, (d) => this.branch(d)],
      [4, (d) => this.callStatement(d)],
      [1, (d) => this.leave(d)],
    ])
    return make(depth + 1)
  }

  private localSet(depth: number): Node {
    const { locals } = this.func
    if (locals.length === 0) return this.drop(depth)
    const local = this.random.below(locals.length)
    return { kind: 'local.set', results: [], args: [this.value(locals[local], depth)], locals: [local] }
  }

  private globalSet(depth: number): Node {
    const mutable = this.m.program.globals.filter((g) => g.mutable)
    if (mutable.length === 0) return this.localSet(depth)
    const global = this.random.pick(mutable)
    return { kind: 'global.set', results: [], args: [this.value(global.type, depth)], refs: [global] }
  }

  private drop(depth: number): Node {
    return { kind: 'op', results: [], args: [this.value(this.m.valueType(), depth)], operator: named('drop') }
  }

  private store(depth: number): Node {
    const operator = this.random.pick(stores.filter((o) => this.m.simd || !usesVectors(o)))
    return this.operation(operator, depth)
  }

  private bulkMemory(depth: number): Node {
    const { random } = this
    const { data } = this.m.program
    const op = (name: string, args: Node[], refs: Data[], bytes: number[]): Node => ({
      kind: 'object',
      results: [],
      args,
      operator: named(name),
      refs,
      bytes,
    })
    const address = (): Node => this.address(depth)
    const length = (): Node => this.masked(depth, random.pick([15, 63, 255]))
    const kind = random.below(data.length > 0 ? 5 : 3)
    if (kind === 0) return op('memory.fill', [address(), this.value(I32, depth), length()], [], [0])
    if (kind <= 2) return op('memory.copy', [address(), address(), length()], [], [0, 0])
    const segment = random.pick(data)
    if (kind === 3)
      return op('memory.init', [address(), this.masked(depth, 31), this.masked(depth, 31)], [segment], [0])
    return op('data.drop', [], [segment], [])
  }

  private tableStatement(depth: number): Node {
    const { random } = this
    const { tables, elements } = this.m.program
    const table = random.pick(tables)
    const index = (): Node => this.index(table, depth)
    const op = (name: string, args: Node[], refs: (Table | Elements)[]): Node => ({
      kind: 'object',
      results: [],
      args,
      operator: named(name),
      refs,
    })
    const segments = elements.filter((e) => e.mode !== 'declarative')
    const same = tables.filter((t) => t.element === table.element)
    switch (random.below(segments.length > 0 && table.element === FUNCREF ? 5 : 3)) {
      case 0:
        return op('table.set', [index(), this.value(table.element, depth)], [table])
      case 1:
        return op('table.fill', [index(), this.value(table.element, depth), this.masked(depth, 3)], [table])
      case 2:
        return op('table.copy', [index(), index(), this.masked(depth, 3)], [table, random.pick(same)])
      case 3:
        return op('table.init', [index(), this.masked(depth, 1), this.masked(depth, 3)], [random.pick(segments), table])
      default:
        return op('elem.drop', [], [random.pick(segments)])
    }
  }

  private callStatement(depth: number): Node {
    const call = this.call(depth, undefined)
    if (call === undefined) return this.localSet(depth)
    if (call.results.length === 0) return call
    return this.intoLocals(call)
  }

  /** Puts what a node gives into locals of its types; where there are none, adds some. */
  private intoLocals(producer: Node): Node {
    const locals = producer.results.map((t) => this.localOf(t))
    return { kind: 'sets', results: [], args: [producer], locals }
  }

  private localOf(type: ValType): number {
    const { locals } = this.func
    const found = locals.flatMap((t, i) => (t === type ? [i] : []))
    return found.length > 0 ? this.random.pick(found) : locals.push(type) - 1
  }

  /** A block, loop or if as a statement; with many, it takes parameters and gives several results, which go into locals. */
  private control(kind: 'block' | 'loop' | 'if', many: boolean, depth: number): Node {
    const params = many ? this.m.valueTypes(3) : []
    const results = many ? this.m.valueTypes(3) : []
    const node = this.controlOf(kind, params, results, depth)
    return results.length === 0 ? node : this.intoLocals(node)
  }

  private controlOf(
    kind: 'block' | 'loop' | 'if',
    params: readonly ValType[],
    results: readonly ValType[],
    depth: number,
  ): Node {
    const args = this.values(params, depth)
    if (kind === 'if') args.push(this.condition(depth))
    const label: Label = { types: kind === 'loop' ? params : results }
    this.labels.push(label)
    const take: Node[] =
      params.length === 0 ? [] : [{ kind: 'sets', results: [], args: [], locals: params.map((t) => this.localOf(t)) }]
    const body = (): Node[] => [...take, ...this.statements(depth + 1), ...this.values(results, depth + 1)]
    const bodies = [body()]
    // A loop that nothing goes back to is a block.
    if (kind === 'loop') {
      const counted = params.length === 0 && this.random.percent(75)
      const back = counted ? this.countedBack(label) : this.branchTo(label, depth + 1)
      bodies[0].splice(bodies[0].length - results.length, 0, back)
    }
    // Without an else an if gives what it takes.
    if (kind === 'if' && (params.length > 0 || results.length > 0 || this.random.percent(50))) bodies.push(body())
    this.labels.pop()
    return { kind, results, args, bodies, refs: [label] }
  }

  /** Goes back to a loop for some turns: as often as the low bits of a counter say. */
  private countedBack(label: Label): Node {
    const counter = this.localOf(I32)
    const get: Node = { kind: 'local.get', results: [I32], args: [], locals: [counter] }
    const op = (name: string, a: Node, b: Node): Node => ({
      kind: 'op',
      results: [I32],
      args: [a, b],
      operator: named(name),
    })
    const next = op('i32.sub', get, i32(1))
    const tee: Node = { kind: 'local.tee', results: [I32], args: [next], locals: [counter] }
    return { kind: 'br_if', results: [], args: [op('i32.and', tee, i32(this.random.pick([3, 7, 15])))], refs: [label] }
  }

  private branch(depth: number): Node {
    return this.branchTo(this.random.pick(this.labels), depth)
  }

  /** A conditional branch as a statement: what it would leave on the stack goes. */
  private branchTo(label: Label, depth: number): Node {
    const { random } = this
    const args = this.values(label.types, depth)
    if (random.percent(70)) {
      const node: Node = { kind: 'br_if', results: label.types, args: [...args, this.condition(depth)], refs: [label] }
      return label.types.length === 0 ? node : this.intoLocals(node)
    }
    const same = this.labels.filter((l) => l.types.join() === label.types.join())
    if (random.percent(50)) {
      const refs = Array.from({ length: random.between(1, 5) }, () => random.pick(same))
      return this.inIf({ kind: 'br_table', results: [], args: [...args, this.masked(depth, 7)], refs }, depth)
    }
    return this.inIf({ kind: 'br', results: [], args, refs: [label] }, depth)
  }

  /** What never comes back, under a condition. */
  private inIf(node: Node, depth: number): Node {
    return { kind: 'if', results: [], args: [this.condition(depth)], bodies: [[node]], refs: [{ types: [] }] }
  }

  /** Ends the function, mostly under a condition. */
  private leave(depth: number): Node {
    const { random } = this
    const node: Node = random.percent(85)
      ? { kind: 'return', results: [], args: this.values(this.func.type.results, depth) }
      : { kind: 'unreachable', results: [], args: [] }
    return random.percent(98) ? this.inIf(node, depth) : node
  }

  // ---- expressions

  private values(types: readonly ValType[], depth: number): Node[] {
    return types.map((t) => this.value(t, depth))
  }

  private condition(depth: number): Node {
    return this.value(I32, depth)
  }

  private value(type: ValType, depth: number): Node {
    this.budget--
    const { random } = this
    if (depth >= MAX_DEPTH || this.budget <= 0 || random.percent(25)) return this.leaf(type)
    if (type === FUNCREF || type === EXTERNREF) return this.reference(type, depth)
    const nested = depth + 1
    const make = random.weighted<() => Node | undefined>([
      [60, () => this.computed(type, nested)],
      [6, () => this.select(type, nested)],
      [4, () => this.controlOf(random.pick(['block', 'if', 'if'] as const), [], [type], nested)],
      [8, () => this.call(nested, type)],
      [5, () => this.tee(type, nested)],
      [type === I32 ? 6 : 0, () => this.special(nested)],
      [1, () => this.never(type, nested)],
    ])
    return make() ?? this.leaf(type)
  }

  private leaf(type: ValType): Node {
    const { random } = this
    const { locals } = this.func
    const here = locals.flatMap((t, i) => (t === type ? [i] : []))
    const globals = this.m.program.globals.filter((g) => g.type === type)
    const { funcs } = this.m.program
    const kind = random.weighted<'local' | 'global' | 'func' | 'const'>([
      [here.length > 0 ? 6 : 0, 'local'],
      [globals.length > 0 ? 2 : 0, 'global'],
      [type === FUNCREF ? 4 : 0, 'func'],
      [4, 'const'],
    ])
    if (kind === 'local') return { kind: 'local.get', results: [type], args: [], locals: [random.pick(here)] }
    if (kind === 'global') return { kind: 'global.get', results: [type], args: [], refs: [random.pick(globals)] }
    if (kind === 'func') return { kind: 'ref.func', results: [type], args: [], refs: [random.pick(funcs)] }
    return constant(random, type)
  }

  private computed(type: ValType, depth: number): Node {
    const memory = this.m.program.memories.length > 0
    const all = givers.get(type) as readonly Operator[]
    for (;;) {
      const operator = this.random.pick(all)
      if (!this.m.simd && usesVectors(operator)) continue
      if (!memory && operator.params.includes(0)) continue
      return this.operation(operator, depth)
    }
  }

  /** An operator of the table with operands; those with a memory's address have 0 for its type. */
  private operation(operator: Operator, depth: number): Node {
    const { random } = this
    const { name, kind, params, results } = operator
    const args = params.map((t) => (t === 0 ? this.address(depth) : this.value(t, depth)))
    if (/\.(div|rem)_s/.test(name) && random.percent(5))
      return { kind: 'op', results, args: extremes(results[0]), operator }
    if (TRAPS.test(name) && random.percent(90)) tame(name, args)
    if (SHOWS_BITS.test(name)) args[args.length - 1] = canon(args[args.length - 1])
    const bytes: number[] = []
    if (params.includes(0)) {
      const align = random.percent(60) ? Math.log2(operator.bytes) : random.below(Math.log2(operator.bytes) + 1)
      bytes.push(...leb(align), ...leb(this.offset()))
    }
    if (kind.includes('lane')) bytes.push(random.below(16 / operator.bytes))
    if (kind === 'i8x16.shuffle') bytes.push(...this.shuffle())
    const node: Node = { kind: 'op', results, args, operator, bytes }
    const lanes = FLOAT_LANES.exec(name)
    if (lanes === null) return node
    return { kind: 'canon', results, args: [node], lanes: lanes[1] === '32x4' ? 32 : 64 }
  }

  private shuffle(): number[] {
    const { random } = this
    const start = random.below(17)
    return Array.from({ length: 16 }, (_, i) =>
      random.percent(start < 16 ? 80 : 0) ? start + i : random.below(32),
    ).map((lane) => lane % 32)
  }

  private offset(): number {
    const { random } = this
    return random.weighted([
      [6, 0],
      [6, random.below(64)],
      [2, random.below(PAGE / 2)],
      [random.percent(20) ? 1 : 0, PAGE * random.between(1, 2) - random.below(20)],
      [random.percent(20) ? 1 : 0, 2 ** random.between(16, 32) - random.between(1, 9)],
    ])
  }

  private address(depth: number): Node {
    const { random } = this
    if (random.percent(95)) return this.masked(depth, random.pick([31, 255, 0x7fff]))
    return random.percent(50) ? this.masked(depth, 0xffff) : this.value(I32, depth)
  }

  /** An index that the table has, mostly. */
  private index(table: Table, depth: number): Node {
    const { random } = this
    if (table.min === 0 || random.percent(3)) return this.masked(depth, 15)
    if (random.percent(40)) return i32(random.below(table.min))
    return this.masked(depth, (1 << Math.floor(Math.log2(table.min))) - 1)
  }

  /** An i32 from 0 to mask. */
  private masked(depth: number, mask: number): Node {
    const { random } = this
    if (random.percent(1)) return this.value(I32, depth + 1)
    if (random.percent(35)) return i32(random.below(mask + 1))
    return {
      kind: 'op',
      results: [I32],
      args: [this.value(I32, depth + 1), i32(mask)],
      operator: named('i32.and'),
    }
  }

  private select(type: ValType, depth: number): Node {
    const args = [this.value(type, depth), this.value(type, depth), this.condition(depth)]
    const typed = type === FUNCREF || type === EXTERNREF || this.random.percent(20)
    const operator = usable.find((o) => o.kind === (typed ? 'select_t' : 'select')) as Operator
    return { kind: 'op', results: [type], args, operator, bytes: typed ? [1, type] : [] }
  }

  private tee(type: ValType, depth: number): Node {
    return { kind: 'local.tee', results: [type], args: [this.value(type, depth)], locals: [this.localOf(type)] }
  }

  /** An expression that never has a value: what stands behind it is not reached. */
  private never(type: ValType, depth: number): Node {
    const { random } = this
    const node: Node = random.percent(15)
      ? { kind: 'unreachable', results: [type], args: [] }
      : { kind: 'return', results: [type], args: this.values(this.func.type.results, depth) }
    const other = this.value(type, depth)
    return {
      kind: 'if',
      results: [type],
      args: [this.condition(depth)],
      bodies: random.percent(50) ? [[node], [other]] : [[other], [node]],
      refs: [{ types: [type] }],
    }
  }

  /** i32 from memories, tables and references. */
  private special(depth: number): Node | undefined {
    const { random } = this
    const { memories, tables } = this.m.program
    const reference = random.pick([FUNCREF, EXTERNREF])
    const object = (name: string, args: Node[], refs: Table[], bytes: number[] = []): Node => ({
      kind: 'object',
      results: [I32],
      args,
      operator: named(name),
      refs,
      bytes,
    })
    switch (random.below(5)) {
      case 0:
        return memories.length === 0 ? undefined : object('memory.size', [], [], [0])
      case 1:
        return memories.length === 0 ? undefined : object('memory.grow', [this.growth(memories[0], depth)], [], [0])
      case 2:
        return tables.length === 0 ? undefined : object('table.size', [], [random.pick(tables)])
      case 3: {
        if (tables.length === 0) return undefined
        const table = random.pick(tables)
        return object('table.grow', [this.value(table.element, depth), this.growth(table, depth)], [table])
      }
      default:
        return object('ref.is_null', [this.value(reference, depth)], [])
    }
  }

  /** How much to grow by. Where no maximum is declared, nothing or far too much: between them, what is possible differs between hosts. */
  private growth({ max }: Memory | Table, depth: number): Node {
    const { random } = this
    if (max === undefined) return i32(random.percent(50) ? 0 : -random.between(1, 9))
    return random.percent(80) ? i32(random.below(3)) : this.value(I32, depth)
  }

  private reference(type: ValType, depth: number): Node {
    const { random } = this
    const tables = this.m.program.tables.filter((t) => t.element === type)
    const kind = random.below(4)
    if (kind === 0 && tables.length > 0) {
      const table = random.pick(tables)
      const args = [this.index(table, depth + 1)]
      return { kind: 'object', results: [type], args, operator: named('table.get'), refs: [table] }
    }
    if (kind === 1) return this.select(type, depth + 1)
    if (kind === 2) return this.call(depth + 1, type) ?? this.leaf(type)
    return this.leaf(type)
  }

  /** A call that gives just this type, or anything for undefined. */
  private call(depth: number, type: ValType | undefined): Node | undefined {
    const { random } = this
    const { funcs, tables } = this.m.program
    const fits = (t: FuncType): boolean => type === undefined || (t.results.length === 1 && t.results[0] === type)
    const targets = tables.filter((t) => t.element === FUNCREF)
    if (targets.length > 0 && random.percent(40)) {
      // Mostly through an element that holds a function of the type, as long as the program does not change it.
      const from = random.percent(90) ? funcs.indexOf(this.func) + 1 : 0
      const known = this.m.filled.filter((f) => fits(f.func.type) && funcs.indexOf(f.func) >= from)
      if (known.length > 0 && random.percent(85)) {
        const { table, index, func } = random.pick(known)
        const args = [...this.values(func.type.params, depth), i32(index)]
        return { kind: 'call_indirect', results: func.type.results, args, type: func.type, refs: [table] }
      }
      const types = random.percent(25) ? this.m.types.filter(fits) : []
      if (types.length === 0) return undefined
      const callee = random.pick(types)
      const table = random.pick(targets)
      const args = [...this.values(callee.params, depth), this.index(table, depth)]
      return { kind: 'call_indirect', results: callee.results, args, type: callee, refs: [table] }
    }
    // Mostly functions further down: calls in circles use all the fuel.
    const from = random.percent(90) ? funcs.indexOf(this.func) + 1 : 0
    const callees = funcs.filter((f, i) => fits(f.type) && (i >= from || f.body === undefined))
    if (callees.length === 0) return undefined
    const callee = random.pick(callees)
    return { kind: 'call', results: callee.type.results, args: this.values(callee.type.params, depth), refs: [callee] }
  }
}

function i64(n: number): Node {
  return { kind: 'const', results: [I64], args: [], bytes: [0x42, ...signedLeb(BigInt(n))] }
}

function i32(n: number): Node {
  return { kind: 'const', results: [I32], args: [], bytes: [0x41, ...signedLeb(BigInt(n))] }
}

/** The one NaN for all. */
function canon(node: Node): Node {
  const [type] = node.results
  return type === F32 || type === F64 ? { kind: 'canon', results: [type], args: [node] } : node
}
