// Medians, and the program's own clock.

/** A measurement stops early, with the runs that it has, when it has taken so long. */
const BUDGET_MS = 4000

/** Up to `runs` results of `f`, at least one; fewer where the budget is spent. */
export function repeated<T>(runs: number, f: () => T): T[] {
  const start = performance.now()
  const results = [f()]
  while (results.length < runs && performance.now() - start < BUDGET_MS) results.push(f())
  return results
}

/** Milliseconds of one call. */
export function timed(f: () => void): number {
  const start = performance.now()
  f()
  return performance.now() - start
}

/** Median of numbers in any order. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  return n % 2 === 1 ? sorted[n >> 1] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2
}
