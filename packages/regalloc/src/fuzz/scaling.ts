// Programs to see whether the time of an allocator grows in proportion to a program: one long block, many blocks, many values, many values at
// once. Made to measure, with a clock that the caller brings: best one of processor time, so that others on the machine count for little.
import { type Algorithm, FIXED, type MachineEnv, REG, operand, preg } from '../interface.ts'
import { allocate } from '../allocate.ts'
import { type Program, type ProgramBlock, type ProgramInst, programInput } from '../program.ts'

/** A machine like riscv64: 24 integer registers, half of them callee-saved, and two scratch registers. */
export const scalingEnv: MachineEnv = {
  preferred: [
    [5, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 28, 29].map((k) => preg(0, k)),
    [0, 1, 2, 3].map((k) => preg(1, k)),
    [],
  ],
  nonPreferred: [[8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27].map((k) => preg(0, k)), [], []],
  scratch: [preg(0, 31), preg(1, 31), undefined],
  spillWords: [1, 1, 2],
}

const use = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(0, 0, 0, constraint, payload) })
const def = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(1, 1, 0, constraint, payload) })

/** One block of n instructions with `live` values alive all the time, and a call every 16 instructions. */
export function oneBlock(n: number, live: number): Program {
  const insts: ProgramInst[] = []
  const clobbers = scalingEnv.preferred[0].filter((r) => r !== preg(0, 10))
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
    const args = [x, y].map((z) => (next ? [{ target: b + 3, args: [z] }] : []))
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

export interface ScalingCase {
  readonly name: string
  /** The program at 1 / s of its size. */
  readonly make: (s: number) => Program
}

export const scalingCases: readonly ScalingCase[] = [
  { name: 'one block of 500,000 instructions', make: (s) => oneBlock(500_000 / s, 20) },
  { name: '5,000 live values, 100,000 instructions', make: (s) => oneBlock(100_000 / s, Math.floor(5000 / s)) },
  { name: '100,000 blocks', make: (s) => manyBlocks(100_000 / s) },
  { name: '1,000,000 values', make: (s) => manyValues(1_000_000 / s) },
]

export interface Growth {
  /** Nanoseconds per instruction at a sixteenth of the size and at the size, in the best of some runs. */
  readonly few: number
  readonly many: number
  readonly growth: number
}

/** How the time per instruction grows to 1 / s of the full size, from a sixteenth of that. The clock counts milliseconds. */
export function measureGrowth(c: ScalingCase, algorithm: Algorithm, clock: () => number, s = 1): Growth {
  const [few, many] = [16 * s, s].map((size) => {
    const input = programInput(c.make(size))
    let best = Number.POSITIVE_INFINITY
    // The collector may come at any time: many short runs, a few long ones.
    for (let runs = 0, spent = 0; runs < 3 || (runs < 12 && spent < 1000); runs++) {
      const before = clock()
      allocate(input, scalingEnv, { algorithm })
      const time = clock() - before
      best = Math.min(best, time)
      spent += time
    }
    return (1e6 * best) / input.numInsts
  })
  return { few, many, growth: many / few }
}
