// How the allocators' time per instruction grows with the size of a function.
import { type Growth, measureGrowth, scalingCases } from '@k23/regalloc/fuzz'
import { ALGORITHMS, type RegallocAlgorithm } from './regalloc-suite.ts'

export interface GrowthRow extends Growth {
  /** What the function has so many of. */
  readonly function: string
  readonly algorithm: RegallocAlgorithm
}

export function regallocGrowth(step?: (text: string) => void): GrowthRow[] {
  return scalingCases.flatMap((c) =>
    ALGORITHMS.map((algorithm) => {
      step?.(`regalloc ${c.name} ${algorithm}`)
      return { function: c.name, algorithm, ...measureGrowth(c, algorithm, processorTime) }
    }),
  )
}

/** Milliseconds. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
