// How a module is translated.

/**
 * Where bounds of a linear memory are enforced. Both behave alike.
 * - explicit: every access compares with the memory's length, unless it is proven to lie below the declared minimum
 * - guard: a memory with 32-bit addresses lies in `reservation` bytes of address space that never move, with `guard` more behind that
 *   are never mapped (both in bytes): an access whose reach stays within the two needs no comparison, and faults
 */
export type MemoryStrategy = { kind: 'explicit' } | { kind: 'guard'; reservation: number; guard: number }

export interface TranslateOptions {
  memory: MemoryStrategy
  /** Replace the address of an access out of bounds by 0, even under misspeculation; such an access then faults there. */
  heapSpectre: boolean
  /** Keep a table's element address inside the table even under misspeculation. */
  tableSpectre: boolean
  /** Give functions a stack limit (the hart's cell), which entry code checks. */
  stackLimit: boolean
  /** Count down the hart's fuel, and stop where it is used up (metering.ts). */
  fuel: boolean
  /** Stop where the epoch has reached the hart's deadline. */
  epoch: boolean
  /** Elements of tables of funcref are initialized when they are first read (runtime-abi: TABLE_INITIALIZED). */
  lazyTables: boolean
}

export const DEFAULT_TRANSLATE_OPTIONS: TranslateOptions = {
  memory: { kind: 'explicit' },
  heapSpectre: true,
  tableSpectre: true,
  stackLimit: true,
  fuel: false,
  epoch: false,
  lazyTables: false,
}
