// Where a generator's decisions come from. A generator that takes all decisions from a list of numbers shrinks for
// free: a shorter list or smaller numbers make a smaller program, since each decision is made so that 0 is the
// simplest, and an exhausted list says 0.

export interface Choices {
  /** A number in 0 .. n - 1. */
  below(n: number): number
}

/** Decisions from a list. */
export function listChoices(list: ArrayLike<number>): Choices {
  let at = 0
  return { below: (n) => (at < list.length ? list[at++] % n : 0) }
}

/**
 * Decisions from a seeded generator (xorshift32, Marsaglia 2003); `record` receives each, so that the run can be
 * repeated, and shrunk, from a list.
 */
export function seededChoices(seed: number, record?: number[]): Choices {
  let x = Math.imul(seed, 0x9e3779b1) ^ 0x6d2b79f5
  if (x === 0) x = 1
  return {
    below: (n) => {
      x ^= x << 13
      x ^= x >>> 17
      x ^= x << 5
      const c = (x >>> 8) % n
      record?.push(c)
      return c
    },
  }
}
