// Processor time per instruction at 1/16 of a size and at the full size. node packages/regalloc/bench/scaling.ts [algorithm,...]
import {
  type Algorithm,
  FIXED,
  type Program,
  type ProgramBlock,
  type ProgramInst,
  REG,
  allocate,
  operand,
  preg,
  programInput,
} from '../src/index.ts'
import { env } from './allocate.ts'

const use = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(0, 0, 0, constraint, payload) })
const def = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(1, 1, 0, constraint, payload) })

/** One block of n instructions with `live` values alive all the time, and a call every 16 instructions. */
export function oneBlock(n: number, live: number): Program {
  const insts: ProgramInst[] = []
  const clobbers = env.preferred[0].filter((r) => r !== preg(0, 10))
  let v = 0
  for (; v < live; v++) insts.push({ operands: [def(v)] })
  for (let k = 0; k < n - 2 * live; k++, v++) {
    insts.push(
      k % 16 === 15
        ? { operands: [def(v, FIXED, preg(0, 10)), use(v - 1, FIXED, preg(0, 11))], clobbers }
        : { operands: [def(v), use(v - 1 - ((k * 7919) % live)), use(v - 1)] },
    )
  }
  for (let k = 0; k < live; k++) insts.push({ operands: [use(v - 1 - k)] })
  insts.push({ operands: [] })
  return { classes: new Array(v).fill(0), blocks: [{ params: [], insts, succs: [] }] }
}

/** A chain of n / 3 diamonds, each with a parameter where its two sides meet. */
export function manyBlocks(n: number): Program {
  const blocks: ProgramBlock[] = []
  let v = 4
  let args: { target: number; args: number[] }[][] = []
  const entry = {
    params: [],
    insts: [{ operands: [def(0), def(1), def(2)] }, { operands: [def(3)] }, { operands: [] }],
    succs: [{ target: 1, args: [3] }],
  }
  blocks.push(entry)
  while (blocks.length < n) {
    const b = blocks.length
    const [p, a, x, y] = [v++, v++, v++, v++]
    const next = blocks.length + 3 < n
    args = [x, y].map((z) => (next ? [{ target: b + 3, args: [z] }] : []))
    blocks.push({
      params: [p],
      insts: [{ operands: [def(a), use(p), use(b % 3)] }, { operands: [use(a)] }],
      succs: [
        { target: b + 1, args: [] },
        { target: b + 2, args: [] },
      ],
    })
    blocks.push({ params: [], insts: [{ operands: [def(x), use(a)] }, { operands: [] }], succs: args[0] })
    blocks.push({ params: [], insts: [{ operands: [def(y), use(p)] }, { operands: [] }], succs: args[1] })
  }
  return { classes: new Array(v).fill(0), blocks }
}

/** n values in blocks of 100 instructions, each used once more up to 30 instructions later. */
export function manyValues(n: number): Program {
  const blocks: ProgramBlock[] = []
  let v = 0
  while (v < n) {
    const insts: ProgramInst[] = []
    for (let k = 0; k < 100; k++, v++) {
      insts.push(
        v < 2
          ? { operands: [def(v)] }
          : { operands: [def(v), use(v - 1), use(Math.max(0, v - 1 - ((v * 7919) % 30)))] },
      )
    }
    insts.push({ operands: [] })
    const last = v >= n
    blocks.push({ params: [], insts, succs: last ? [] : [{ target: blocks.length + 1, args: [] }] })
  }
  return { classes: new Array(v).fill(0), blocks }
}

export const scalingCases: { name: string; make: (fraction: number) => Program }[] = [
  { name: 'one block of 500,000 instructions', make: (s) => oneBlock(500_000 / s, 20) },
  { name: '5,000 live values, 100,000 instructions', make: (s) => oneBlock(100_000 / s, Math.floor(5000 / s)) },
  { name: '100,000 blocks', make: (s) => manyBlocks(100_000 / s) },
  { name: '1,000,000 values', make: (s) => manyValues(1_000_000 / s) },
]

if (import.meta.main) {
  const algorithms = (process.argv[2] ?? 'simple,single_pass,backtracking').split(',') as Algorithm[]
  for (const { name, make } of scalingCases) {
    for (const algorithm of algorithms) {
      const perInst = [16, 1].map((s) => {
        const input = programInput(make(s))
        let best = Number.POSITIVE_INFINITY
        for (let k = 0; k < (s === 16 ? 12 : 3); k++) {
          const before = process.cpuUsage()
          allocate(input, env, { algorithm })
          const { user, system } = process.cpuUsage(before)
          best = Math.min(best, (user + system) / 1000)
        }
        return (1e6 * best) / input.numInsts
      })
      console.log(
        `${name}, ${algorithm}: ${perInst.map((x) => x.toFixed(0)).join(' -> ')} ns/inst, growth ${(perInst[1] / perInst[0]).toFixed(2)}`,
      )
    }
  }
}
