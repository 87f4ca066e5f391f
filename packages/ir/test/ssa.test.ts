import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ALIAS,
  type Block,
  BuilderError,
  Func,
  FunctionBuilder,
  F32,
  I128,
  I32,
  I64,
  I8X16,
  type Inst,
  Op,
  signature,
  type Type,
  type Value,
  type Variable,
  verify,
  RESULT,
} from '../src/index.ts'
import { Entropy } from './entropy.ts'

const VARS = 3

type Statement =
  | { kind: 'def'; variable: number; constant: number }
  | { kind: 'copy'; to: number; from: number }
  | { kind: 'use'; variable: number }

interface Program {
  readonly blocks: { readonly statements: Statement[]; readonly targets: number[] }[]
}

function randomProgram(data: readonly number[]): Program {
  const e = new Entropy(data)
  const n = 2 + e.below(7)
  const blocks = Array.from({ length: n }, () => {
    const statements = Array.from({ length: e.below(4) }, (): Statement => {
      const variable = e.below(VARS)
      const what = e.below(3)
      if (what === 0) return { kind: 'use', variable }
      if (what === 1) return { kind: 'def', variable, constant: 1 + e.below(1000) }
      return { kind: 'copy', to: variable, from: e.below(VARS) }
    })
    return { statements, targets: Array.from({ length: e.below(3) }, () => 1 + e.below(n - 1)) }
  })
  return { blocks }
}

/** Builds the program; sealing happens as early as the order of filling allows, or all at the end. */
function build(program: Program, order: readonly number[], lateSeal: boolean): { func: Func; blockOf: number[] } {
  const func = new Func({ kind: 'testcase', name: 'p' }, signature([I32], []))
  const sink = func.importFunction({
    name: { kind: 'testcase', name: 'sink' },
    signature: func.importSignature(signature([I32], [])),
    colocated: false,
    patchable: false,
  })
  const b = new FunctionBuilder(func)
  const blocks = program.blocks.map(() => b.createBlock())
  b.appendBlockParamsForFunctionParams(blocks[0])
  const c = b.blockParams(blocks[0])[0]
  const vars: Variable[] = Array.from({ length: VARS }, () => b.declareVar(I32))
  const filled = new Set<number>()
  const sealReady = (): void => {
    if (lateSeal) return
    program.blocks.forEach((_, i) => {
      const preds = program.blocks.flatMap((p, j) => (p.targets.includes(i) ? [j] : []))
      if (preds.every((p) => filled.has(p))) b.sealBlock(blocks[i])
    })
  }
  sealReady()
  for (const i of order) {
    b.switchToBlock(blocks[i])
    for (const s of program.blocks[i].statements) {
      if (s.kind === 'def') b.defVar(vars[s.variable], b.ins.iconst(I32, s.constant))
      else if (s.kind === 'copy') b.defVar(vars[s.to], b.useVar(vars[s.from]))
      else b.ins.call(sink, [b.useVar(vars[s.variable])])
    }
    const t = program.blocks[i].targets
    if (t.length === 0) b.ins.return([])
    else if (t.length === 1) b.ins.jump(blocks[t[0]])
    else b.ins.brif(c, blocks[t[0]], [], blocks[t[1]], [])
    filled.add(i)
    sealReady()
  }
  b.sealAllBlocks()
  b.finalize()
  return { func, blockOf: blocks }
}

/** What the program passes to the sink along a path of choices. */
function runProgram(program: Program, choices: readonly number[]): number[] {
  const out: number[] = []
  const vars = new Array<number>(VARS).fill(0)
  let at = 0
  for (const choice of choices) {
    const block = program.blocks[at]
    for (const s of block.statements) {
      if (s.kind === 'def') vars[s.variable] = s.constant
      else if (s.kind === 'copy') vars[s.to] = vars[s.from]
      else out.push(vars[s.variable])
    }
    if (block.targets.length === 0) break
    at = block.targets[Math.min(choice % 2, block.targets.length - 1)]
  }
  return out
}

/** The same along the same path of the function. */
function runFunc(func: Func, program: Program, choices: readonly number[]): number[] {
  const out: number[] = []
  const values = new Map<number, number>()
  const read = (v: number): number => {
    const x = func.resolve(v as Value)
    if (!values.has(x)) throw new Error(`v${x} is read before it is defined`)
    return values.get(x)!
  }
  let block: number = func.firstBlock
  values.set(func.param(block as Block, 0), 0)
  for (const choice of choices) {
    const program1 = program.blocks[block]
    for (let i = func.firstInst[block]; i >= 0; i = func.nextInst[i]) {
      const inst = i as Inst
      if (func.op[inst] === Op.iconst) values.set(func.result(inst), func.imm0[inst])
      else if (func.op[inst] === Op.call) out.push(read(func.arg(inst, 0)))
    }
    if (program1.targets.length === 0) break
    const last = func.lastInst[block]
    const call = func.op[last] === Op.jump || choice % 2 === 0 ? func.imm0[last] : func.imm1[last]
    const args = func.pool.toArray(func.bcArgs[call]).map(read)
    block = func.bcBlock[call]
    args.forEach((x, k) => values.set(func.param(block as Block, k), x))
  }
  return out
}

describe('SSA construction', () => {
  test('agrees with the program on every path, for any graph and order of filling', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1 << 20), { minLength: 30, maxLength: 120, size: 'max' }),
        fc.array(fc.nat(1 << 20), { maxLength: 10 }),
        fc.array(fc.nat(1), { minLength: 20, maxLength: 20 }),
        fc.boolean(),
        (data, orderData, choices, lateSeal) => {
          const program = randomProgram(data)
          // The entry comes first; the others in any order.
          const rest = program.blocks.slice(1).map((_, i) => ({ i: i + 1, key: orderData[i] ?? 0 }))
          const order = [0, ...rest.sort((a, b) => a.key - b.key).map((x) => x.i)]
          const { func } = build(program, order, lateSeal)
          expect(verify(func)).toEqual([])
          // finalize leaves no chains of aliases
          for (let v = 0; v < func.numValues; v++)
            if (func.valKind[v] === ALIAS) expect(func.valKind[func.valDef[v]]).not.toBe(ALIAS)
          expect(runFunc(func, program, choices)).toEqual(runProgram(program, choices))
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('a variable that a loop does not change needs no parameter', () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([I32], [I32]))
    const b = new FunctionBuilder(func)
    const [entry, loop, exit] = [b.createBlock(), b.createBlock(), b.createBlock()]
    b.appendBlockParamsForFunctionParams(entry)
    const x = b.declareVar(I32)
    b.switchToBlock(entry)
    b.defVar(x, b.blockParams(entry)[0])
    b.ins.jump(loop)
    b.switchToBlock(loop)
    b.ins.brif(b.useVar(x), loop, [], exit, [])
    b.switchToBlock(exit)
    b.ins.return([b.useVar(x)])
    b.sealAllBlocks()
    b.finalize()
    expect([func.numParams(loop), func.numParams(exit)]).toEqual([0, 0])
    expect(verify(func)).toEqual([])
  })

  test('100,000 blocks between definition and use, without recursion', () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([I32], [I32]))
    const b = new FunctionBuilder(func)
    const n = 100_000
    const blocks = Array.from({ length: n }, () => b.createBlock())
    b.appendBlockParamsForFunctionParams(blocks[0])
    const x = b.declareVar(I32)
    const c = b.blockParams(blocks[0])[0]
    for (let i = 0; i < n; i++) {
      b.switchToBlock(blocks[i])
      if (i === 0) b.defVar(x, c)
      if (i === n - 1) b.ins.return([b.useVar(x)])
      else if (i % 2 === 0) b.ins.jump(blocks[i + 1])
      else b.ins.brif(c, blocks[i + 1], [], blocks[i + 1], [])
      if (i % 3 !== 2) b.sealBlock(blocks[i])
    }
    b.sealAllBlocks()
    b.finalize()
    expect(func.resolve(func.arg(func.lastInst[blocks[n - 1]] as Inst, 0))).toBe(c)
  })

  test.each([I32, I128, F32, I8X16] as Type[])('a variable without definition is zero (type %i)', (type) => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([], [type]))
    const b = new FunctionBuilder(func)
    const entry = b.createBlock()
    b.switchToBlock(entry)
    b.sealBlock(entry)
    const x = b.declareVar(type)
    const v = b.useVar(x)
    b.ins.return([v])
    b.finalize()
    expect(func.valKind[v]).toBe(RESULT)
    expect(verify(func)).toEqual([])
  })

  test('a loop that cannot be reached does not hang', () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([], []))
    const b = new FunctionBuilder(func)
    const [entry, p, q] = [b.createBlock(), b.createBlock(), b.createBlock()]
    const x = b.declareVar(I64)
    b.switchToBlock(entry)
    b.ins.return([])
    b.switchToBlock(p)
    b.ins.jump(q)
    b.sealBlock(q)
    b.switchToBlock(q)
    b.ins.jump(p)
    b.sealAllBlocks()
    b.ssa.useVar(x, I64, q)
    b.finalize()
    expect(verify(func)).toEqual([])
  })
})

describe('the rules of the builder', () => {
  const start = () => {
    const func = new Func({ kind: 'testcase', name: 'f' }, signature([], []))
    const b = new FunctionBuilder(func)
    const [entry, next] = [b.createBlock(), b.createBlock()]
    b.switchToBlock(entry)
    return { b, entry, next }
  }
  test.each<[string, (s: ReturnType<typeof start>) => void]>([
    [
      'block0 is filled already',
      ({ b }) => {
        b.ins.return([])
        b.ins.nop()
      },
    ],
    [
      'block0 has no terminator',
      ({ b, next }) => {
        b.ins.nop()
        b.switchToBlock(next)
      },
    ],
    [
      'block0 has no terminator',
      ({ b }) => {
        b.ins.nop()
        b.finalize()
      },
    ],
    [
      'block1 has no terminator',
      ({ b, next }) => {
        b.ins.jump(next)
        b.sealAllBlocks()
        b.finalize()
      },
    ],
    [
      'block0 is not sealed',
      ({ b }) => {
        b.ins.return([])
        b.finalize()
      },
    ],
    [
      'block1 is sealed',
      ({ b, next }) => {
        b.sealBlock(next)
        b.ins.jump(next)
      },
    ],
    ['variable 0 has type i32, v0 has type i64', ({ b }) => b.defVar(b.declareVar(I32), b.ins.iconst(I64, 0))],
    [
      'block0 has instructions already',
      ({ b, entry }) => {
        b.ins.nop()
        b.appendBlockParam(entry, I32)
      },
    ],
    ['variable 7 is not declared', ({ b }) => void b.useVar(7 as Variable)],
  ])('%s', (message, misuse) => {
    const s = start()
    expect(() => misuse(s)).toThrow(BuilderError)
    expect(() => misuse(start())).toThrow(message)
  })
})
