// Step 4: the queue of bundles to allocate, longest first: a long bundle finds a register while the registers are
// empty, short ones fit in between, and what does not fit evicts or is split. A binary heap over typed arrays; ties are
// broken by number, so that the result is deterministic.
import { I32Vec } from '@k23/entity'

export class BundleQueue {
  private readonly priority = new I32Vec(256)
  private readonly bundle = new I32Vec(256)

  get length(): number {
    return this.bundle.length
  }

  push(bundle: number, priority: number): void {
    let k = this.bundle.push(bundle)
    this.priority.push(priority)
    while (k > 0) {
      const up = (k - 1) >> 1
      if (!this.before(k, up)) break
      this.swap(k, up)
      k = up
    }
  }

  clear(): void {
    this.bundle.clear()
    this.priority.clear()
  }

  /** The priority of what `pop` would return; the queue is not empty. */
  peekPriority(): number {
    return this.priority.data[0]
  }

  /** The bundle that `pop` would return; the queue is not empty. */
  peek(): number {
    return this.bundle.data[0]
  }

  pop(): number {
    const top = this.bundle.data[0]
    const lastBundle = this.bundle.pop()
    const lastPriority = this.priority.pop()
    const n = this.bundle.length
    if (n > 0) {
      this.bundle.data[0] = lastBundle
      this.priority.data[0] = lastPriority
      for (let k = 0; ; ) {
        let best = k
        if (2 * k + 1 < n && this.before(2 * k + 1, best)) best = 2 * k + 1
        if (2 * k + 2 < n && this.before(2 * k + 2, best)) best = 2 * k + 2
        if (best === k) break
        this.swap(k, best)
        k = best
      }
    }
    return top
  }

  private before(a: number, b: number): boolean {
    const p = this.priority.data
    return p[a] > p[b] || (p[a] === p[b] && this.bundle.data[a] < this.bundle.data[b])
  }

  private swap(a: number, b: number): void {
    const p = this.priority.data
    const q = this.bundle.data
    const x = p[a]
    p[a] = p[b]
    p[b] = x
    const y = q[a]
    q[a] = q[b]
    q[b] = y
  }
}
