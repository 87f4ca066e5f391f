import type { ExternalName } from '@k23/ir'

/** A symbol and an offset from it: what the `symbol` pseudo-instruction loads. */
export interface SymbolRef {
  readonly name: ExternalName
  readonly addend: bigint
}
