// Rewrites: the compiled matcher records what the reference engine records, and right sides equal left sides when both are evaluated.
import {
  Func,
  I16,
  I32,
  I64,
  I8,
  type Inst,
  Op,
  opName,
  operandConstraint,
  resultType,
  satisfies,
  type Type,
} from '@k23/ir'
import {
  anyInt,
  buildRight,
  type EClassContext,
  fits64,
  iadd,
  iconst,
  isub,
  k,
  ksub,
  Matches,
  prepare,
  printRewrite,
  printRule,
  referenceMatches,
  rewrite,
  store,
  to,
  val,
} from '@k23/rules'
import { compileRewrites } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rewrites } from './rewrites.ts'
import { rules as riscv } from './riscv-like.ts'

const compiled = compileRewrites(rewrites, { generator: 'a test' })
const prepared = prepare(rewrites)
const INTS: Type[] = [I8, I16, I32, I64]
const OPS = [
  Op.iadd,
  Op.isub,
  Op.imul,
  Op.band,
  Op.bor,
  Op.bxor,
  Op.ineg,
  Op.bnot,
  Op.ishl,
  Op.ushr,
  Op.sshr,
  Op.select,
  Op.icmp,
  Op.uextend,
  Op.sextend,
  Op.uextend,
  Op.sextend,
]

/** An e-graph for tests: every value its own class, until two are merged. */
class Graph implements EClassContext {
  readonly func: Func
  stack: Int32Array = new Int32Array(1 << 16)
  top = 0
  readonly matches: Matches = new Matches()
  private readonly parent: number[] = []
  readonly members: Map<number, number[]> = new Map()
  constructor(func: Func) {
    this.func = func
    for (let v = 0; v < func.numValues; v++) {
      this.parent[v] = v
      const d = func.defInst(v as never)
      this.members.set(v, d < 0 ? [] : [d])
    }
  }
  classOf(v: number): number {
    return this.parent[v] === v ? v : this.classOf(this.parent[v])
  }
  merge(a: number, b: number): void {
    const [x, y] = [this.classOf(a), this.classOf(b)].sort((p, q) => p - q)
    if (x === y) return
    this.parent[y] = x
    this.members.get(x)!.push(...this.members.get(y)!)
  }
  pushMembers(c: number, top: number): number {
    for (const i of this.members.get(c)!) this.stack[top++] = i
    return top
  }
  record(rule: number, ...c: number[]): void {
    this.matches.record(rule, ...c)
  }
}

let seed = 1
const random = (n: number): number => {
  seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff
  return (seed >>> 8) % n
}

/** A well-typed function: each operand is a random value of a type that fits. */
function randomFunction(size: number): Func {
  const f = new Func({} as never, {} as never)
  const block = f.makeBlock()
  f.appendBlock(block)
  for (const t of INTS) for (let i = 0; i < 2; i++) f.appendBlockParam(block, t)
  const constants = [0, 1, -1, 2, 4, 7, 8, 100, 255, -128]
  while (f.numInsts < size) {
    if (random(8) === 0) plant(f)
    const isConst = random(3) === 0
    const op = isConst ? Op.iconst : OPS[random(OPS.length)]
    const ctrl = INTS[random(4)]
    const value = constants[random(constants.length)]
    const args: number[] = []
    const arity = isConst
      ? 0
      : [Op.ineg, Op.bnot, Op.uextend, Op.sextend].includes(op as never)
        ? 1
        : op === Op.select
          ? 3
          : 2
    for (let i = 0; i < arity; i++) {
      const fitting = Array.from({ length: f.numValues }, (_, v) => v).filter((v) =>
        satisfies(operandConstraint(op, i), f.valType[v] as Type, ctrl),
      )
      if (fitting.length === 0) break
      args.push(fitting[fitting.length - 1 - random(Math.min(fitting.length, 6))])
    }
    if (args.length < arity) continue
    append(f, op, ctrl, args, isConst ? value : random(10), isConst ? value >> 31 : 0)
  }
  return f
}
// Random operands seldom make a pattern of some depth, so left sides are planted, built by the builder of right sides.
const lefts = { rules: rewrites, equations: prepared.equations.map((e) => ({ ...e, right: e.left })) }
const plantable = rewrites.flatMap((r, i) => (/extend|\{/.test(printRewrite(r)) ? [] : [i]))
function plant(f: Func): void {
  const rule = plantable[random(plantable.length)]
  const t = INTS[random(4)]
  const operands = Array.from({ length: f.numValues }, (_, v) => v).filter((v) => f.valType[v] === t)
  const captures = rewrites[rule].captures.map(({ data }) => {
    if (data.sort === 'cc') return random(2)
    if (data.sort === 'value') return operands[random(operands.length)]
    return f.defInst(append(f, Op.iconst, t, [], random(12), 0) as never)
  })
  const root = f.defInst(append(f, Op.ineg, t, [operands[0]], 0, 0) as never) as Inst
  buildRight(lefts, [rule, ...captures], root, {
    func: f,
    make: (op, ctrl, args, lo, hi) => append(f, op, ctrl, args, lo, hi),
  })
}
function append(f: Func, op: number, ctrl: Type, args: readonly number[], lo: number, hi: number): number {
  if (op === Op.iconst && ctrl !== I64) {
    hi = 0
    if (ctrl === I8) lo &= 255
    if (ctrl === I16) lo &= 65535
  }
  const inst = f.makeInst(op, ctrl, f.pool.from(args), lo, hi)
  const v = f.appendResult(inst, resultType(op, 0, ctrl))
  f.appendInst(inst, 0 as never)
  return v
}

const width = (t: number): number => [0, 8, 16, 32, 64][t]
const CONDITIONS: ((a: bigint, b: bigint, w: number) => boolean)[] = [
  (a, b) => a === b,
  (a, b) => a !== b,
  (a, b, w) => BigInt.asIntN(w, a) < BigInt.asIntN(w, b),
  (a, b, w) => BigInt.asIntN(w, a) >= BigInt.asIntN(w, b),
  (a, b, w) => BigInt.asIntN(w, a) > BigInt.asIntN(w, b),
  (a, b, w) => BigInt.asIntN(w, a) <= BigInt.asIntN(w, b),
  (a, b) => a < b,
  (a, b) => a >= b,
  (a, b) => a > b,
  (a, b) => a <= b,
]
/** Value `v`, unsigned, with the given block parameters. */
function evaluate(f: Func, v: number, params: readonly bigint[]): bigint {
  const d = f.defInst(v as never)
  const w = width(f.valType[v])
  if (d < 0) return BigInt.asUintN(w, params[v])
  const args = f.pool.toArray(f.args[d])
  const [x, y, z] = args.map((a) => evaluate(f, a, params))
  const from = width(f.valType[args[0]])
  const n = y === undefined ? 0n : y % BigInt(w)
  const meaning: Record<string, () => bigint> = {
    iconst: () => (BigInt(f.imm1[d]) << 32n) | BigInt(f.imm0[d] >>> 0),
    iadd: () => x + y,
    isub: () => x - y,
    imul: () => x * y,
    band: () => x & y,
    bor: () => x | y,
    bxor: () => x ^ y,
    ineg: () => -x,
    bnot: () => ~x,
    ishl: () => x << n,
    ushr: () => x >> n,
    sshr: () => BigInt.asIntN(w, x) >> n,
    select: () => (x !== 0n ? y : z),
    icmp: () => (CONDITIONS[f.imm0[d]](x, y, from) ? 1n : 0n),
    uextend: () => x,
    sextend: () => BigInt.asIntN(from, x),
  }
  return BigInt.asUintN(w, meaning[opName[f.op[d]]]())
}

test('the list compiles, in one function per root', () => {
  expect(compiled.errors).toEqual([])
  expect(compiled.stats.map((s) => s.name)).toContain('match_iadd')
  expect(compiled.source).toContain('pushMembers')
})

test('matcher and reference engine record the same matches in e-graphs with merged classes', () => {
  const roots = compiled.instantiate()
  const seen = new Set<number>()
  let most = 0
  for (let round = 0; round < 150; round++) {
    const graph = new Graph(randomFunction(40))
    const { func } = graph
    for (let n = 0; n < 12; n++) {
      const [a, b] = [random(func.numValues), random(func.numValues)]
      if (func.valType[a] === func.valType[b]) graph.merge(a, b)
    }
    for (let i = 0; i < func.numInsts; i++) {
      graph.matches.clear()
      roots[func.op[i]](graph, i as Inst)
      expect(graph.top).toBe(0)
      const got = graph.matches.select(prepared, func, i as Inst)
      graph.matches.clear()
      referenceMatches(prepared, graph, i as Inst)
      expect(got).toEqual(graph.matches.select(prepared, func, i as Inst))
      for (const [rule] of got) seen.add(rule)
      most = Math.max(most, got.length)
      graph.matches.clear()
      roots[func.op[i]](graph, i as Inst)
      expect(graph.matches.select(prepared, func, i as Inst, 2)).toEqual(got.slice(0, 2))
    }
  }
  expect(rewrites.filter((_, i) => !seen.has(i)).map((r) => r.name)).toEqual([])
  expect(most).toBeGreaterThan(3)
})

test('every right side has the value of its left side', () => {
  const roots = compiled.instantiate()
  const tried = new Map<string, number>()
  for (let round = 0; round < 150; round++) {
    const func = randomFunction(30)
    const count = func.numInsts
    const graph = new Graph(func)
    for (let i = 0; i < count; i++) {
      graph.matches.clear()
      roots[func.op[i]](graph, i as Inst)
      for (const match of graph.matches.select(prepared, func, i as Inst)) {
        const right = buildRight(prepared, match, i as Inst, {
          func,
          make: (op, ctrl, args, lo, hi) => append(func, op, ctrl, args, lo, hi),
        })
        const left = func.result(i as Inst)
        expect(func.valType[right]).toBe(func.valType[left])
        const { name } = rewrites[match[0]]
        for (let n = 0; n < 3; n++) {
          const params = Array.from(
            { length: 8 },
            () => (BigInt(random(1 << 20)) << 44n) ^ (BigInt(random(1 << 20)) << 25n) ^ BigInt(random(1 << 20)),
          )
          expect([name, evaluate(func, right, params)]).toEqual([name, evaluate(func, left, params)])
        }
        tried.set(name, (tried.get(name) ?? 0) + 1)
      }
    }
  }
  expect(rewrites.map((r) => r.name).filter((n) => !tried.has(n))).toEqual([])
})

test('the check of right sides would notice a wrong one', () => {
  const wrong = prepare([
    rewrite('wrong', fits64, [val, k], (_t, x, a) => to(isub(x, iconst(a)), iadd(x, iconst(ksub(a, 0))))),
  ])
  const func = randomFunction(0)
  const c = append(func, Op.iconst, I32, [], 5, 0)
  const v = append(func, Op.isub, I32, [4, c], 0, 0)
  const graph = new Graph(func)
  const root = func.defInst(v as never) as Inst
  referenceMatches(wrong, graph, root)
  const [match] = graph.matches.select(wrong, func, root)
  const right = buildRight(wrong, match, root, {
    func,
    make: (op, ctrl, args, lo, hi) => append(func, op, ctrl, args, lo, hi),
  })
  expect(evaluate(func, right, Array(8).fill(9n))).not.toBe(evaluate(func, v, Array(8).fill(9n)))
})

test('errors', () => {
  const through = rewrite('through', anyInt, [val], (_t, x) => to(iadd(store(x, x), x), x))
  expect(compileRewrites([through], { generator: '-' }).errors[0].message).toMatch(/cannot look through store/)
})

test('rules print', () => {
  const text = (name: string): string => printRewrite(rewrites.find((r) => r.name === name)!)
  expect(text('mul-pow2')).toBe('mul-pow2: fits64 (imul x0 (iconst k1)) = (ishl x0 (iconst klog2(k1))) if kpow2(k1)')
  expect(text('x-x')).toBe('x-x: fits64 (isub x0 x0) => (iconst 0)')
  expect(text('icmp-sub')).toBe('icmp-sub: anyInt (icmp c0:eq|ne (isub x1 x2) (iconst 0)) = (icmp c0 x1 x2)')
  expect(printRule(riscv.find((r) => r.name === 'add.uw')!)).toBe(
    'add.uw: {i64} {(iadd x0 (uextend x1:{i32})) | (iadd (uextend x1) x0)} if zba, not zbb',
  )
  expect(printRule(riscv.find((r) => r.name === 'far')!)).toBe('far: (amode x0 k1:-2147483648..2147483647)')
})
