// Free ranges of pages, by number: first fit, so that what was freed is used again.

export class FreeRanges {
  /** Sorted and never adjacent: start, end, start, end, ... */
  private readonly ends: number[]

  constructor(start: number, end: number) {
    this.ends = [start, end]
  }

  /** The first of `pages` adjacent pages, taken; -1 where there are not so many. */
  take(pages: number): number {
    const { ends } = this
    for (let i = 0; i < ends.length; i += 2) {
      if (ends[i + 1] - ends[i] < pages) continue
      const first = ends[i]
      ends[i] += pages
      if (ends[i] === ends[i + 1]) ends.splice(i, 2)
      return first
    }
    return -1
  }

  /** Takes exactly these; false where one of them is not free. */
  claim(first: number, pages: number): boolean {
    const { ends } = this
    for (let i = 0; i < ends.length; i += 2) {
      const start = ends[i]
      const end = ends[i + 1]
      if (first < start || first + pages > end) continue
      const rest: number[] = []
      if (start < first) rest.push(start, first)
      if (first + pages < end) rest.push(first + pages, end)
      ends.splice(i, 2, ...rest)
      return true
    }
    return false
  }

  release(first: number, end: number): void {
    const { ends } = this
    let i = 0
    while (i < ends.length && ends[i] < first) i += 2
    ends.splice(i, 0, first, end)
    if (i + 2 < ends.length && ends[i + 1] === ends[i + 2]) ends.splice(i + 1, 2)
    if (i > 0 && ends[i - 1] === ends[i]) ends.splice(i - 1, 2)
  }
}
