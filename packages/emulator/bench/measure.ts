// Runs kernels once to warm up, then three times; the best counts, in time of the processor (other programs may be running).
import type { Machine } from '@k23/machine'

export function measure(
  machine: Machine,
  kernels: readonly (readonly [name: string, code: Uint8Array, argument: number])[],
): void {
  const hart = machine.createHart()
  for (const [name, code, argument] of kernels) {
    const entry = machine.placeCode(code)
    let best = Number.POSITIVE_INFINITY
    let count = 0
    for (let round = 0; round < 4; round++) {
      const before = hart.instructions
      machine.enter(hart, entry, [argument])
      const start = process.cpuUsage()
      const reason = machine.run(hart)
      const time = process.cpuUsage(start).user / 1000
      if (reason.kind !== 0)
        throw new Error(`${name} stopped with reason ${reason.kind}, trap ${reason.trapKind} at ${reason.pc}`)
      count = hart.instructions - before
      if (round > 0) best = Math.min(best, time)
    }
    console.log(
      `${name.padEnd(10)} ${(count / best / 1000).toFixed(0).padStart(5)} MIPS   ${count} instructions in ${best.toFixed(0)} ms`,
    )
  }
}
