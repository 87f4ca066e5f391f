// A fast-check property as a vitest test.
import fc from 'fast-check'
import { test as vitest } from 'vitest'

export { fc }

export function test<A extends unknown[]>(
  name: string,
  ...rest: [...{ [K in keyof A]: fc.Arbitrary<A[K]> }, (...values: A) => void]
): void {
  const check = rest.pop() as (...values: A) => void
  const arbitraries = rest as unknown as { [K in keyof A]: fc.Arbitrary<A[K]> }
  vitest(name, () => {
    fc.assert(
      fc.property(fc.tuple(...(arbitraries as fc.Arbitrary<unknown>[])), (values) => check(...(values as A))),
      { numRuns: 2000 },
    )
  })
}
