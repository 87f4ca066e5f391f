// Tables and numbers for people.
import Table from 'cli-table3'

type Align = 'left' | 'right'

/** A table with quiet borders; columns from `numeric` on are numbers, aligned to the right. */
export function plainTable(head: readonly string[], numeric: number): Table.Table {
  return new Table({
    head: [...head],
    colAligns: head.map((_, i): Align => (i < numeric ? 'left' : 'right')),
    style: { head: [], border: [], compact: true },
    chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  })
}

/** Bytes: 256,264. */
export function size(bytes: number): string {
  return bytes.toLocaleString('en')
}

/** MB per second. */
export function rate(mbPerSecond: number): string {
  return mbPerSecond.toFixed(mbPerSecond < 10 ? 2 : 1)
}
