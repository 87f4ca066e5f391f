// All bodies of x64 instructions by row id.
import type { X64SemanticsTable } from './builder.ts'
import { controlSemantics } from './control.ts'
import { integerSemantics } from './integer.ts'

export const x64Semantics: X64SemanticsTable = { ...integerSemantics, ...controlSemantics }
