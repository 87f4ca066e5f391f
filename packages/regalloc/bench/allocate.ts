// Nanoseconds per instruction of each allocator on synthetic functions. node packages/regalloc/bench/allocate.ts
// [instructions]
import {
  type Algorithm,
  type MachineEnv,
  type Program,
  allocate,
  operand,
  preg,
  programInput,
  check,
} from '../src/index.ts'
import { FIXED, REG } from '../src/index.ts'
import { scalingEnv, seededChoices } from '../src/fuzz/index.ts'

export const env: MachineEnv = scalingEnv

/**
 * Loops of a few blocks one after the other: mostly two uses and a def, now and then a call with fixed registers and
 * clobbers.
 */
export function synthetic(numInsts: number, seed = 1): Program {
  const { below } = seededChoices(seed)
  const classes: number[] = []
  const value = (): number => classes.push(0) - 1
  const blocks: {
    params: number[]
    insts: { operands: { vreg: number; desc: number }[]; clobbers?: number[] }[]
    succs: { target: number; args: number[] }[]
    loopDepth: number
  }[] = []
  let count = 0
  let live: number[] = []
  const use = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(0, 0, 0, constraint, payload) })
  const def = (vreg: number, constraint = REG, payload = 0) => ({ vreg, desc: operand(1, 1, 0, constraint, payload) })
  const fill = (insts: (typeof blocks)[0]['insts'], n: number): void => {
    for (let k = 0; k < n; k++) {
      const pick = (): number => live[live.length - 1 - below(Math.min(live.length, below(4) === 3 ? 30 : 6))]
      const v = value()
      if (below(16) === 15) {
        insts.push({
          operands: [use(pick(), FIXED, preg(0, 10)), use(pick(), FIXED, preg(0, 11)), def(v, FIXED, preg(0, 10))],
          clobbers: env.preferred[0].filter((r) => r !== preg(0, 10)),
        })
      } else insts.push({ operands: [def(v), use(pick()), use(pick())] })
      live.push(v)
    }
    count += n
  }
  const entry = {
    params: [],
    insts: [] as (typeof blocks)[0]['insts'],
    succs: [] as { target: number; args: number[] }[],
    loopDepth: 0,
  }
  for (let k = 0; k < 6; k++) {
    const v = value()
    live.push(v)
    entry.insts.push({ operands: [def(v)] })
  }
  entry.insts.push({ operands: [] })
  blocks.push(entry)
  while (count < numInsts) {
    // before -> header(p, q) -> { latch -> header, exit -> header' }
    const header = blocks.length
    const p = value()
    const q = value()
    blocks[header - 1].succs.push({ target: header, args: [live[live.length - 1], live[live.length - 2]] })
    const outside = live.slice(-40)
    live = [...outside, p, q]
    const insts: (typeof blocks)[0]['insts'] = []
    fill(insts, 4 + below(20))
    insts.push({ operands: [use(live[live.length - 1])] })
    blocks.push({
      params: [p, q],
      insts,
      succs: [
        { target: header + 1, args: [] },
        { target: header + 2, args: [] },
      ],
      loopDepth: 1,
    })
    const after = live.slice()
    const latch: (typeof blocks)[0]['insts'] = []
    fill(latch, 3 + below(6))
    latch.push({ operands: [] })
    blocks.push({
      params: [],
      insts: latch,
      succs: [{ target: header, args: [live[live.length - 1], q] }],
      loopDepth: 1,
    })
    live = after
    const exit: (typeof blocks)[0]['insts'] = []
    fill(exit, 2 + below(8))
    exit.push({ operands: [] })
    blocks.push({ params: [], insts: exit, succs: [], loopDepth: 0 })
    count += 3
  }
  return { classes, blocks }
}

if (import.meta.main) {
  const size = Number(process.argv[2] ?? 20_000)
  const input = programInput(synthetic(size))
  console.log(`${input.numInsts} instructions, ${input.numBlocks} blocks, ${input.numVRegs} values`)
  for (const algorithm of ['simple', 'single_pass', 'backtracking'] as Algorithm[]) {
    const times: number[] = []
    let stats = ''
    const cold = performance.now()
    for (let k = 0; k < 15; k++) {
      const t = performance.now()
      const out = allocate(input, env, { algorithm })
      times.push(performance.now() - t)
      stats = `${JSON.stringify(out.stats)}, ${out.spillWords} words`
      if (k === 0) console.log(`  cold ${((1e6 * (performance.now() - cold)) / input.numInsts).toFixed(0)} ns/inst`)
    }
    times.sort((a, b) => a - b)
    console.log(`${algorithm}: ${((1e6 * times[7]) / input.numInsts).toFixed(0)} ns/inst (median of 15), ${stats}`)
    const out = allocate(input, env, { algorithm })
    const t = performance.now()
    const errors = check(input, out, env)
    console.log(
      `  checker: ${errors.length} errors, ${((1e6 * (performance.now() - t)) / input.numInsts).toFixed(0)} ns/inst`,
    )
  }
}
