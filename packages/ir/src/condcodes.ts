// Condition codes as small integers; the numbers are internal, the names are the text format's.

export type IntCC = number
export const EQ: IntCC = 0
export const NE: IntCC = 1
export const SLT: IntCC = 2
export const SGE: IntCC = 3
export const SGT: IntCC = 4
export const SLE: IntCC = 5
export const ULT: IntCC = 6
export const UGE: IntCC = 7
export const UGT: IntCC = 8
export const ULE: IntCC = 9

export const intCCNames: readonly string[] = ['eq', 'ne', 'slt', 'sge', 'sgt', 'sle', 'ult', 'uge', 'ugt', 'ule']
const complementOf = Uint8Array.of(NE, EQ, SGE, SLT, SLE, SGT, UGE, ULT, ULE, UGT)
const swapOf = Uint8Array.of(EQ, NE, SGT, SLE, SLT, SGE, UGT, ULE, ULT, UGE)

/** The code that holds exactly when `cc` does not. */
export function invertIntCC(cc: IntCC): IntCC {
  return complementOf[cc]
}
/** The code for exchanged operands. */
export function swapIntCC(cc: IntCC): IntCC {
  return swapOf[cc]
}

/** Bits: 1 less, 2 equal, 4 greater, 8 unordered: a float condition is the set of outcomes for which it holds. */
export type FloatCC = number
export const FCC_EQ: FloatCC = 2
export const FCC_NE: FloatCC = 13
export const FCC_LT: FloatCC = 1
export const FCC_LE: FloatCC = 3
export const FCC_GT: FloatCC = 4
export const FCC_GE: FloatCC = 6
export const FCC_ORD: FloatCC = 7
export const FCC_UNO: FloatCC = 8
export const FCC_ONE: FloatCC = 5
export const FCC_UEQ: FloatCC = 10
export const FCC_ULT: FloatCC = 9
export const FCC_ULE: FloatCC = 11
export const FCC_UGT: FloatCC = 12
export const FCC_UGE: FloatCC = 14

export const floatCCNames: readonly string[] = [
  '',
  'lt',
  'eq',
  'le',
  'gt',
  'one',
  'ge',
  'ord',
  'uno',
  'ult',
  'ueq',
  'ule',
  'ugt',
  'ne',
  'uge',
  '',
]

export function invertFloatCC(cc: FloatCC): FloatCC {
  return cc ^ 15
}
export function swapFloatCC(cc: FloatCC): FloatCC {
  return (cc & 10) | ((cc & 1) << 2) | ((cc & 4) >> 2)
}
