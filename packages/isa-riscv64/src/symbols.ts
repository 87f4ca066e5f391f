import type { ExternalName } from '@k23/ir'

/** A symbol and an offset from it: what the `symbol` pseudo-instruction loads. */
export interface SymbolRef {
  readonly name: ExternalName
  readonly addend: bigint
  /**
   * How the address is had, if not relative to the code: out of a word behind the function, where the symbol may be anywhere; out of the global offset
   * table; or not the symbol's own, but that of its entry for thread-local storage.
   */
  readonly kind?: 'abs64' | 'riscv_got_pcrel' | 'riscv_tls_gd'
}
