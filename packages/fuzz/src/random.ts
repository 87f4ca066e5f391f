// Random numbers that a seed determines (Mulberry32).

export class Random {
  private state: number

  constructor(seed: number) {
    this.state = seed | 0
  }

  /** 32 random bits, unsigned. */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return (t ^ (t >>> 14)) >>> 0
  }

  /** 0 to n - 1. */
  below(n: number): number {
    return this.bits() % n
  }

  /** from to to, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1)
  }

  /** True in so many of 100 cases. */
  percent(n: number): boolean {
    return this.below(100) < n
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]
  }

  /** One of the rows by its weight, which comes first in it. */
  weighted<T>(rows: readonly (readonly [weight: number, value: T])[]): T {
    let at = this.below(rows.reduce((n, [weight]) => n + weight, 0))
    for (const [weight, value] of rows) {
      if (at < weight) return value
      at -= weight
    }
    return rows[0][1]
  }
}
