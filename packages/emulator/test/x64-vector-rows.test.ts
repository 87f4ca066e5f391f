// x64's rows of the vector unit, on both evaluators and this CPU.
import { bindingOf, semanticRows } from './x64-states.ts'
import { testRows } from './x64-rows.ts'

testRows(semanticRows.filter((row) => bindingOf(row) !== undefined))
