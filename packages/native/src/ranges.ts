// Free parts of a range of page numbers, lowest first, so that what was freed is used again.

export class FreeRanges {
  // start, end, start, end, ...: ascending, never empty, never adjacent
  private readonly free: number[]

  constructor(start: number, end: number) {
    this.free = [start, end]
  }

  /** First of `pages` free pages, now taken; -1 where there is no room. */
  take(pages: number): number {
    const { free } = this
    for (let i = 0; i < free.length; i += 2) {
      if (free[i + 1] - free[i] < pages) continue
      const first = free[i]
      free[i] += pages
      if (free[i] === free[i + 1]) free.splice(i, 2)
      return first
    }
    return -1
  }

  release(first: number, end: number): void {
    const { free } = this
    let i = 0
    while (i < free.length && free[i] < first) i += 2
    free.splice(i, 0, first, end)
    if (i + 2 < free.length && free[i + 1] === free[i + 2]) free.splice(i + 1, 2)
    if (i > 0 && free[i - 1] === free[i]) free.splice(i - 1, 2)
  }
}
