// Writes the direct evaluators from instruction rows and their semantics.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rows, vocabulary } from '@k23/isa-riscv64/insts'
import type { CompiledRow } from '@k23/machinst/rows'
import { compileTable } from '@k23/machinst/rows/compiler'
import { riscv64Semantics } from './src/riscv64/semantics.ts'
import { type EvaluatorRow, evaluatorSource } from './src/semantics/evaluator-source.ts'

const GENERATOR = 'packages/emulator/generate.ts'

function evaluatorRow(row: CompiledRow): EvaluatorRow {
  return {
    id: row.id,
    opcode: row.opcode,
    wordOf(name, role) {
      const operand = row.operands.find((o) => o.name === name)
      if (operand === undefined) return undefined
      if (operand.role === 'readwrite') return role === 'imm' ? undefined : operand.word + (role === 'use' ? 1 : 0)
      const has = operand.role === 'imm' ? 'imm' : operand.role === 'use' || operand.role === 'lateuse' ? 'use' : 'def'
      return has === role ? operand.word : undefined
    },
  }
}

const generator: { inputs: string[]; outputs: string[]; run(): void } = {
  inputs: [],
  outputs: ['src/gen/riscv64-eval.ts'],
  run() {
    const compiled = compileTable(rows, vocabulary)
    const known = new Set(compiled.map((row) => row.id))
    const strangers = Object.keys(riscv64Semantics).filter((id) => !known.has(id))
    if (strangers.length > 0) throw new Error(`semantics without a row: ${strangers.join(', ')}`)
    const { text } = evaluatorSource(compiled.map(evaluatorRow), compiled.length, riscv64Semantics, GENERATOR)
    mkdirSync(join(import.meta.dirname, 'src', 'gen'), { recursive: true })
    writeFileSync(join(import.meta.dirname, 'src', 'gen', 'riscv64-eval.ts'), text)
  },
}
export default generator

if (import.meta.main) generator.run()
