import type { ExternalName } from '@k23/ir'

/** A symbol and an offset from it: what a memory operand relative to a symbol refers to (VCode.extra). */
export interface SymbolRef {
  readonly name: ExternalName
  readonly addend: bigint
  /** The relocation, if not that of the symbol's own address (relocate.ts). */
  readonly kind?: 'x64_gotpcrel' | 'x64_tlsgd' | 'x64_gottpoff'
}
