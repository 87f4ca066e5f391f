// Processor time per instruction at 1/16 of a size and at the full size. node packages/regalloc/bench/scaling.ts [algorithm,...]
import { measureGrowth, scalingCases } from '../src/fuzz/index.ts'
import type { Algorithm } from '../src/index.ts'

/** Milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

const algorithms = (process.argv[2] ?? 'simple,single_pass,backtracking').split(',') as Algorithm[]
for (const c of scalingCases) {
  for (const algorithm of algorithms) {
    const { few, many, growth } = measureGrowth(c, algorithm, processorTime)
    console.log(`${c.name}, ${algorithm}: ${few.toFixed(0)} -> ${many.toFixed(0)} ns/inst, growth ${growth.toFixed(2)}`)
  }
}
