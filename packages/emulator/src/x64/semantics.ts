// Bodies of x64 instructions by row id. Rows of the vector unit have none of their own (vector/binding.ts).
import type { X64SemanticsTable } from './builder.ts'
import { controlSemantics } from './control.ts'
import { integerSemantics } from './integer.ts'
import { vectorMoves } from './vector/moves.ts'

export const x64Semantics: X64SemanticsTable = { ...integerSemantics, ...controlSemantics, ...vectorMoves }
