import type { ExternalName } from '@k23/ir'

/** A symbol and an offset from it: what the `symbol` pseudo-instruction loads. */
export interface SymbolRef {
  readonly name: ExternalName
  readonly addend: bigint
  /** The relocation, if not the symbol's own address: its address out of the global offset table, or of its entry for thread-local storage. */
  readonly kind?: 'riscv_got_pcrel' | 'riscv_tls_gd'
}
