// Register words of the instruction stream, and the brands that constructors ask for.
//
//   REG word    virtual register v: v * 2 + 1      physical register p: p * 2      p = bank * 64 + hardware number
declare const regBrand: unique symbol
declare const writableBrand: unique symbol

/** A REG word whose register is of brand `B` ('XReg', 'FReg', ...). */
export type RegWord<B extends string> = number & { readonly [regBrand]: B }

/** A register word that an instruction may define. It can be read too; a plain register word cannot be written. */
export type Writable<R extends number> = R & { readonly [writableBrand]: true }

/** No register in an optional operand. */
export const NO_REG = -1

export function vregWord(vreg: number): number {
  return vreg * 2 + 1
}

export function pregWord(preg: number): number {
  return preg * 2
}

export function isVRegWord(word: number): boolean {
  return (word & 1) !== 0
}

/** The virtual register of an odd word, or the physical register of an even one. */
export function regOfWord(word: number): number {
  return word >> 1
}

/** Hardware number of a physical register word. */
export function hwOfWord(word: number): number {
  return (word >> 1) & 63
}

/** Bank of a physical register word. */
export function bankOfWord(word: number): number {
  return word >> 7
}
