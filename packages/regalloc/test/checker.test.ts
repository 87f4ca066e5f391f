// The checker rejects what is wrong. Each test corrupts a right allocation in one way.
import { describe, expect, test } from 'vitest'
import {
  type AllocInput,
  type AllocOutput,
  ANY,
  type CheckError,
  FIXED,
  LIMIT,
  type MachineEnv,
  type Program,
  REG,
  REUSE,
  STACK,
  allocIndex,
  allocIsReg,
  allocIsStack,
  allocReg,
  allocStack,
  allocate,
  check,
  operand,
  preg,
  programInput,
  validate,
} from '../src/index.ts'
import { generateCase, seededChoices } from '../src/fuzz/index.ts'
import { simulate } from './simulate.ts'

const I = (k: number): ReturnType<typeof preg> => preg(0, k)
const env: MachineEnv = {
  preferred: [[1, 2, 3, 4].map(I), [1, 2].map((k) => preg(1, k)), [1, 2].map((k) => preg(2, k))],
  nonPreferred: [[5, 6].map(I), [], []],
  scratch: [I(31), preg(1, 31), preg(2, 31)],
  spillWords: [1, 1, 2],
}
const use = (vreg: number, constraint = REG, payload = 0, late: 0 | 1 = 0, cls = 0) => ({
  vreg,
  desc: operand(0, late, cls, constraint, payload),
})
const def = (vreg: number, constraint = REG, payload = 0, late: 0 | 1 = 1, cls = 0) => ({
  vreg,
  desc: operand(1, late, cls, constraint, payload),
})

// v0, v1, v6 are defined in the entry; the loop swaps v2 and v3 and calls with fixed registers and clobbers; the end
// uses every constraint.
const program: Program = {
  classes: [0, 0, 0, 0, 0, 0, 2, 0, 0],
  blocks: [
    {
      params: [],
      insts: [{ operands: [def(0), def(1)] }, { operands: [def(6, REG, 0, 1, 2)] }, { operands: [] }],
      succs: [{ target: 1, args: [0, 1] }],
    },
    {
      params: [2, 3],
      insts: [
        { operands: [use(2, FIXED, I(1)), use(3, FIXED, I(2)), def(4, FIXED, I(1))], clobbers: [2, 3, 4].map(I) },
        { operands: [use(4), use(2), use(3)] },
        { operands: [use(4)] },
      ],
      succs: [
        { target: 2, args: [] },
        { target: 3, args: [] },
      ],
      loopDepth: 1,
    },
    { params: [], insts: [{ operands: [] }], succs: [{ target: 1, args: [3, 2] }], loopDepth: 1 },
    {
      params: [],
      insts: [
        { operands: [use(2), def(5, REUSE, 0)] },
        { operands: [use(5, LIMIT, 4), use(3, STACK), use(6, REG, 0, 0, 2), use(0, REG, 0, 1)] },
        { operands: [use(5), use(0, REG, 0, 1), def(7, REG, 0, 0), def(8)] },
        { operands: [use(7, ANY), use(8), use(6, STACK, 0, 0, 2)] },
        { operands: [use(7, FIXED, I(1))] },
      ],
      succs: [],
    },
  ],
}
const input = programInput(program)

function fresh(): AllocOutput {
  const output = allocate(input, env, { algorithm: 'simple' })
  const n = output.numEdits
  return {
    ...output,
    allocs: output.allocs.slice(),
    editPoint: output.editPoint.slice(0, n),
    editFrom: output.editFrom.slice(0, n),
    editTo: output.editTo.slice(0, n),
    editClass: output.editClass.slice(0, n),
    usedRegs: output.usedRegs.slice(),
  }
}
function withoutEdit(output: AllocOutput, e: number): AllocOutput {
  const drop = <T extends Int32Array | Uint8Array>(list: T): T => {
    const copy = list.slice() as T
    copy.copyWithin(e, e + 1)
    return copy
  }
  return {
    ...output,
    numEdits: output.numEdits - 1,
    editPoint: drop(output.editPoint),
    editFrom: drop(output.editFrom),
    editTo: drop(output.editTo),
    editClass: drop(output.editClass),
  }
}
const kinds = (errors: CheckError[]): string[] => errors.map((e) => e.kind)
const opAt = (inst: number, k: number): number => input.opStart[inst] + k

describe('corrupted allocations are rejected', () => {
  test('the right one is accepted', () => {
    expect(validate(input, env)).toBeUndefined()
    expect(check(input, fresh(), env)).toEqual([])
  })

  test('dropped moves: each one, one at a time', () => {
    const output = fresh()
    // A reload is superfluous where its register still holds the value: the simulation finds which.
    let rejected = 0
    for (let e = 0; e < output.numEdits; e++) {
      const bad = withoutEdit(output, e)
      if (check(input, bad, env).length > 0) rejected++
      else
        for (let path = 1; path < 50; path++)
          expect(simulate(input, bad, env, seededChoices(path).below, 12)).toBeUndefined()
    }
    expect(rejected).toBeGreaterThan(output.numEdits * 0.8)
  })

  test('swapped moves: two that depend on each other', () => {
    let swapped = 0
    for (let e = 0; e + 1 < fresh().numEdits; e++) {
      const o = fresh()
      if (o.editPoint[e] !== o.editPoint[e + 1] || o.editTo[e] !== o.editFrom[e + 1]) continue
      for (const list of [o.editFrom, o.editTo, o.editClass]) list.subarray(e, e + 2).reverse()
      expect(kinds(check(input, o, env))).toContain('value')
      swapped++
    }
    expect(swapped).toBeGreaterThan(0)
  })

  test('a swap at a loop edge done as two copies in sequence', () => {
    const o = fresh()
    const point = 2 * input.blockInsts[2]
    const at = [...o.editPoint].indexOf(point)
    const swap = [...o.editPoint].flatMap((p, e) => (p === point ? [e] : []))
    expect(swap.length).toBeGreaterThanOrEqual(4)
    // The first edit keeps one value aside; without it the swap loses that value.
    expect(check(input, withoutEdit(o, at), env).length).toBeGreaterThan(0)
  })

  test('wrong slot', () => {
    for (let e = 0; e < fresh().numEdits; e++) {
      const o = fresh()
      if (!allocIsStack(o.editFrom[e]) || o.editClass[e] !== 0) continue
      o.editFrom[e] = allocStack((allocIndex(o.editFrom[e]) + 1) % o.spillWords)
      expect(check(input, o, env).length, `edit ${e}`).toBeGreaterThan(0)
    }
  })

  test('wrong register: each operand in another register of its class', () => {
    for (let op = 0; op < input.opStart[input.numInsts]; op++) {
      const o = fresh()
      if (!allocIsReg(o.allocs[op])) continue
      const p = allocIndex(o.allocs[op])
      o.allocs[op] = allocReg(preg(p >> 6, (p & 63) === 6 ? 5 : 6))
      if (p >> 6 !== 0) o.allocs[op] = allocReg(preg(p >> 6, (p & 63) === 1 ? 2 : 1))
      o.usedRegs.fill(-1)
      expect(check(input, o, env).length, `operand ${op}`).toBeGreaterThan(0)
    }
  })

  test('a clobber ignored: a value kept in a register across a call', () => {
    const o = fresh()
    // Instruction 4 reads v3; read it from r2, where the call before read it, instead of reloading it.
    const reload = [...o.editTo].findIndex((to, e) => o.editPoint[e] === 8 && to === o.allocs[opAt(4, 2)])
    const bad = withoutEdit(o, reload)
    bad.allocs[opAt(4, 2)] = allocReg(I(2))
    expect(check(input, bad, env)).toContainEqual(expect.objectContaining({ kind: 'value', entity: 'inst4' }))
  })

  test('a result in a clobbered register', () => {
    const o = fresh()
    o.allocs[opAt(3, 2)] = allocReg(I(3))
    expect(kinds(check(input, o, env))).toContain('conflict')
  })

  test('a fixed constraint ignored', () => {
    const o = fresh()
    const fixed = o.allocs[opAt(3, 0)]
    for (let e = 0; e < o.numEdits; e++) if (o.editPoint[e] === 6 && o.editTo[e] === fixed) o.editTo[e] = allocReg(I(6))
    o.allocs[opAt(3, 0)] = allocReg(I(6))
    o.usedRegs.fill(-1)
    expect(check(input, o, env)).toEqual([expect.objectContaining({ kind: 'constraint', entity: 'inst3' })])
  })

  test('a reuse broken', () => {
    const inst = input.blockInsts[3]
    const o = fresh()
    const r = allocReg(I(6))
    const store = [...o.editFrom].findIndex(
      (from, e) => o.editPoint[e] === 2 * inst + 1 && from === o.allocs[opAt(inst, 1)],
    )
    o.allocs[opAt(inst, 1)] = r
    o.editFrom[store] = r
    o.usedRegs.fill(-1)
    expect(check(input, o, env)).toEqual([expect.objectContaining({ kind: 'constraint', entity: `inst${inst}` })])
  })

  test('a limit ignored', () => {
    const inst = input.blockInsts[3] + 1
    const o = fresh()
    const old = o.allocs[opAt(inst, 0)]
    for (let e = 0; e < o.numEdits; e++)
      if (o.editPoint[e] === 2 * inst && o.editTo[e] === old) o.editTo[e] = allocReg(I(5))
    o.allocs[opAt(inst, 0)] = allocReg(I(5))
    o.usedRegs.fill(-1)
    expect(check(input, o, env)).toEqual([expect.objectContaining({ kind: 'constraint', entity: `inst${inst}` })])
  })

  test('a stack constraint ignored', () => {
    const o = fresh()
    o.allocs[opAt(input.blockInsts[3] + 1, 1)] = allocReg(I(6))
    expect(kinds(check(input, o, env))).toContain('constraint')
  })

  test('an early result in the register of an input', () => {
    const inst = input.blockInsts[3] + 2
    const o = fresh()
    o.allocs[opAt(inst, 2)] = o.allocs[opAt(inst, 0)]
    expect(kinds(check(input, o, env))).toContain('conflict')
  })

  test('a result in the register of a late input', () => {
    const inst = input.blockInsts[3] + 2
    const o = fresh()
    o.allocs[opAt(inst, 3)] = o.allocs[opAt(inst, 1)]
    expect(kinds(check(input, o, env))).toContain('conflict')
  })

  test('two results in one register', () => {
    const o = fresh()
    o.allocs[opAt(0, 1)] = o.allocs[opAt(0, 0)]
    expect(kinds(check(input, o, env))).toContain('conflict')
  })

  test('a two-word slot that overlaps a one-word slot', () => {
    const o = fresh()
    const wide = [...o.editTo].findIndex((to, e) => allocIsStack(to) && o.editClass[e] === 2)
    const from = allocIndex(o.editTo[wide])
    // Move the wide slot, everywhere, onto words that the integers use.
    const onto = from === 0 ? 2 : 0
    for (const list of [o.editFrom, o.editTo, o.allocs]) {
      for (let k = 0; k < list.length; k++) if (list[k] === allocStack(from)) list[k] = allocStack(onto)
    }
    expect(kinds(check(input, o, env))).toContain('value')
  })

  test('a wide value moved as a narrow one', () => {
    const o = fresh()
    const wide = [...o.editTo].findIndex((to, e) => allocIsStack(to) && o.editClass[e] === 2)
    o.editClass[wide] = 0
    expect(check(input, o, env).length).toBeGreaterThan(0)
  })

  test('slots outside the area, misaligned slots, moves from memory to memory, moves after a branch, unsorted moves, foreign registers', () => {
    const corrupt = (f: (o: AllocOutput) => Partial<AllocOutput> | undefined, message: RegExp): void => {
      const o = fresh()
      const errors = check(input, { ...o, ...f(o) }, env)
      expect(errors.map((e) => e.message).join('\n')).toMatch(message)
    }
    corrupt((o) => ({ spillWords: o.spillWords - 2 }), /outside the spill area/)
    corrupt((o) => {
      const wide = [...o.editTo].findIndex((to, e) => allocIsStack(to) && o.editClass[e] === 2)
      o.editTo[wide] = allocStack(1)
      return undefined
    }, /not aligned/)
    corrupt((o) => {
      const load = [...o.editFrom].findIndex((from, e) => allocIsStack(from) && o.editClass[e] === 0)
      o.editTo[load] = allocStack(0)
      return undefined
    }, /memory to memory/)
    corrupt((o) => {
      o.editPoint.fill(2 * input.blockInsts[1] - 1)
      return undefined
    }, /never executed/)
    corrupt((o) => {
      o.editPoint.reverse()
      return undefined
    }, /not sorted/)
    corrupt((o) => {
      o.editTo[[...o.editTo].findIndex((to, e) => allocIsReg(to) && o.editClass[e] === 0)] = allocReg(I(40))
      return undefined
    }, /not the allocator's/)
    corrupt((o) => ({ usedRegs: new Int32Array(o.usedRegs.length) }), /missing from usedRegs/)
    corrupt((o) => {
      o.allocs[0] = 0
      return undefined
    }, /no location/)
  })

  test('a stale copy from an earlier turn of a loop', () => {
    // block1 defines v1 each time round; reading it from the register of the turn before is wrong although that
    // register "holds v1".
    const loop: Program = {
      classes: [0, 0, 0],
      blocks: [
        { params: [], insts: [{ operands: [def(0)] }, { operands: [] }], succs: [{ target: 1, args: [0] }] },
        {
          params: [2],
          insts: [{ operands: [use(2), def(1)] }, { operands: [use(1)] }, { operands: [] }],
          succs: [
            { target: 2, args: [] },
            { target: 3, args: [] },
          ],
        },
        { params: [], insts: [{ operands: [] }], succs: [{ target: 1, args: [1] }] },
        { params: [], insts: [{ operands: [use(1)] }], succs: [] },
      ],
    }
    const loopInput = programInput(loop)
    const right: AllocOutput = {
      allocs: Int32Array.from([1, 1, 2, 2, 2].map((k) => allocReg(I(k)))),
      numEdits: 2,
      editPoint: Int32Array.from([7, 10]),
      editFrom: Int32Array.from([allocReg(I(2)), allocReg(I(2))]),
      editTo: Int32Array.from([allocReg(I(3)), allocReg(I(1))]),
      editClass: new Uint8Array(2),
      spillWords: 0,
      usedRegs: new Int32Array(6).fill(-1),
      stats: { spills: 0, reloads: 0, moves: 0 },
    }
    expect(check(loopInput, right, env)).toEqual([])
    const stale = { ...right, allocs: right.allocs.slice() }
    stale.allocs[3] = allocReg(I(3))
    expect(kinds(check(loopInput, stale, env))).toEqual(['value'])
  })

  test('a scratch register keeps nothing over an instruction', () => {
    const kept = programInput({
      classes: [0],
      blocks: [{ params: [], insts: [{ operands: [def(0)] }, { operands: [] }, { operands: [use(0)] }], succs: [] }],
    })
    const scratch = allocReg(I(31))
    const through = (points: readonly number[]): AllocOutput => ({
      allocs: Int32Array.from([1, 2].map((k) => allocReg(I(k)))),
      numEdits: 2,
      editPoint: Int32Array.from(points),
      editFrom: Int32Array.from([allocReg(I(1)), scratch]),
      editTo: Int32Array.from([scratch, allocReg(I(2))]),
      editClass: new Uint8Array(2),
      spillWords: 0,
      usedRegs: new Int32Array(6).fill(-1),
      stats: { spills: 0, reloads: 0, moves: 2 },
    })
    expect(check(kept, through([2, 2]), env)).toEqual([])
    expect(check(kept, through([3, 4]), env)).toEqual([])
    expect(kinds(check(kept, through([2, 3]), env))).toEqual(['value'])
  })

  test('a value kept in a register of another class: only where the machine says so, and as lost as any other by a clobber', () => {
    const kept = programInput({
      classes: [0, 0],
      blocks: [
        {
          params: [],
          insts: [{ operands: [def(0)] }, { operands: [def(1)], clobbers: [preg(1, 2)] }, { operands: [use(0)] }],
          succs: [],
        },
      ],
    })
    const through = (register: number): AllocOutput => ({
      allocs: Int32Array.from([1, 1, 1].map((k) => allocReg(I(k)))),
      numEdits: 2,
      editPoint: Int32Array.from([2, 4]),
      editFrom: Int32Array.from([allocReg(I(1)), allocReg(preg(1, register))]),
      editTo: Int32Array.from([allocReg(preg(1, register)), allocReg(I(1))]),
      editClass: new Uint8Array(2),
      spillWords: 0,
      usedRegs: new Int32Array(6).fill(-1),
      stats: { spills: 0, reloads: 0, moves: 2 },
    })
    const spilling: MachineEnv = { ...env, spillClass: [1, undefined, undefined] }
    expect(check(kept, through(1), spilling)).toEqual([])
    expect(kinds(check(kept, through(2), spilling))).toEqual(['value'])
    expect(kinds(check(kept, through(1), env))).toEqual(['edit', 'edit'])
    expect(kinds(check(kept, through(1), { ...env, spillClass: [2, 1, 1] }))).toEqual(['edit', 'edit'])
  })
})

// What the checker accepts runs right. Random corruption of random allocations: a corruption that changes what some
// path reads must not pass.
test('soundness: whatever is accepted agrees with a simulation, under random corruption', () => {
  const runs = process.env.K23_LONG === '1' ? 20_000 : 600
  let rejected = 0
  let accepted = 0
  for (let seed = 1; seed <= runs; seed++) {
    const c = generateCase(seededChoices(seed), { maxBlocks: 6, maxInstsPerBlock: 6 })
    const caseInput = programInput(c.program)
    const right = allocate(caseInput, c.env, {
      algorithm: (['simple', 'single_pass', 'backtracking'] as const)[seed % 3],
    })
    const choices = seededChoices(seed + 1_000_000)
    const bad = corruptOnce(caseInput, right, choices.below)
    if (check(caseInput, bad, c.env).length > 0) {
      rejected++
      continue
    }
    accepted++
    for (let path = 0; path < 8; path++) {
      expect(simulate(caseInput, bad, c.env, choices.below, 16), `seed ${seed}`).toBeUndefined()
    }
  }
  expect(rejected).toBeGreaterThan(runs / 2)
  expect(accepted).toBeGreaterThan(0)
})

function corruptOnce(caseInput: AllocInput, right: AllocOutput, below: (n: number) => number): AllocOutput {
  const o: AllocOutput = {
    ...right,
    allocs: right.allocs.slice(),
    editFrom: right.editFrom.slice(),
    editTo: right.editTo.slice(),
    editClass: right.editClass.slice(),
    editPoint: right.editPoint.slice(),
  }
  const numOps = caseInput.opStart[caseInput.numInsts]
  const other = (a: number): number => {
    if (!allocIsReg(a)) return allocStack(Math.max(0, allocIndex(a) + [1, -1, 2, -2][below(4)]))
    const p = allocIndex(a)
    return allocReg(preg(p >> 6, 1 + below(5)))
  }
  const e = below(Math.max(1, o.numEdits))
  switch (below(6)) {
    case 0:
      return o.numEdits > 0 ? withoutEdit(o, e) : o
    case 1:
      o.editFrom[e] = other(o.editFrom[e])
      return o
    case 2:
      o.editTo[e] = other(o.editTo[e])
      return o
    case 3:
      if (e + 1 < o.numEdits) {
        for (const list of [o.editFrom, o.editTo, o.editClass]) list.subarray(e, e + 2).reverse()
      }
      return o
    case 4: {
      const f = below(Math.max(1, o.numEdits))
      o.editFrom[e] = o.editFrom[f]
      return o
    }
    default: {
      const k = below(Math.max(1, numOps))
      o.allocs[k] = other(o.allocs[k])
      return o
    }
  }
}
