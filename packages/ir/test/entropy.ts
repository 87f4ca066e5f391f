// Choices out of a list of random integers that fast-check shrinks: when it runs out, everything is 0.
export class Entropy {
  private at = 0
  private readonly data: readonly number[]
  constructor(data: readonly number[]) {
    this.data = data
  }
  /** 0 to n - 1. */
  below(n: number): number {
    return n <= 0 ? 0 : (this.data[this.at++] ?? 0) % n
  }
  pick<T>(xs: readonly T[]): T {
    return xs[this.below(xs.length)]
  }
  get empty(): boolean {
    return this.at >= this.data.length
  }
}
