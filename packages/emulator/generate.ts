// Writes the direct evaluators from instruction rows and their semantics.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rows, vocabulary } from '@k23/isa-riscv64/insts'
import { rows as x64Rows, vocabulary as x64Vocabulary } from '@k23/isa-x64/insts'
import type { CompiledRow } from '@k23/machinst/rows'
import { compileTable, compileX64Table } from '@k23/machinst/rows/compiler'
import { riscv64Semantics } from './src/riscv64/semantics.ts'
import { laneFamilies, SEWS } from './src/riscv64/vector/lanes.ts'
import { vectorOperations } from './src/riscv64/vector/table.ts'
import { type EvaluatorRow, evaluatorSource, type VectorSlot } from './src/semantics/evaluator-source.ts'
import { laneSource } from './src/semantics/lane-source.ts'
import { x64EvaluatorSource } from './src/x64/evaluator-source.ts'
import { flagSource } from './src/x64/flag-source.ts'
import { x64Semantics } from './src/x64/semantics.ts'

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

/** A row of the vector unit: the operation that it is a form of, where its second source comes from (unit.ts: FROM_*), whether v0 masks it. */
interface VectorRow extends VectorSlot {
  readonly base: string
  readonly source: number
  readonly masked: boolean
}

function vectorRow(row: CompiledRow): VectorRow | undefined {
  const has = (name: string): boolean => row.operands.some((o) => o.name === name)
  const masked = row.id.endsWith('_m') && has('vm')
  const base = masked ? row.id.slice(0, -2) : row.id
  if (!(base in vectorOperations)) return undefined
  const scalar = row.operands.find((o) => o.name === 'rs1')
  const source = has('vs1')
    ? 1
    : scalar?.entryName === 'f'
      ? 3
      : scalar !== undefined
        ? 2
        : has('imm') || has('avl')
          ? 4
          : 0
  let layout = 0
  // biome-ignore format: table
  const groups = [['vd', 'rd', 'vs3'], ['vs1', 'rs1', 'imm', 'avl'], ['vs2', 'rs2', 'vtype']] as const
  groups.forEach((names, i) => {
    const operand = row.operands.find((o) => names.some((n) => n === o.name))
    if (operand === undefined) return
    layout |= (operand.word | (operand.name === 'rd' ? 16 : 0)) << (6 * i)
  })
  return { opcode: row.opcode, layout, base, source, masked }
}

const output = (name: string): string => join(import.meta.dirname, 'src', 'gen', name)

function generateRiscv64(): void {
  const compiled = compileTable(rows, vocabulary)
  refuseStrangers('riscv64', riscv64Semantics, compiled)
  const vectors = compiled.flatMap((row) => vectorRow(row) ?? [])
  const unused = Object.keys(vectorOperations).filter((base) => !vectors.some((v) => v.base === base))
  if (unused.length > 0) throw new Error(`vector operations without a row: ${unused.join(', ')}`)
  const { text } = evaluatorSource(compiled.map(evaluatorRow), compiled.length, riscv64Semantics, GENERATOR, vectors)
  writeFileSync(output('riscv64-eval.ts'), text)
  const families = Object.fromEntries(
    Object.entries(laneFamilies).map(([name, family]) => [name, SEWS.map((sew) => family(sew))]),
  )
  const list = vectors.map((v) => `  ['${v.base}', ${v.source}, ${v.masked ? 1 : 0}],\n`).join('')
  const rowsText = `/** Rows of the vector unit in the order of their slot kinds: operation (table.ts), second source, masked. */
export const vectorRows: readonly (readonly [base: string, source: number, masked: number])[] = [\n${list}]\n`
  writeFileSync(output('riscv64-vector.ts'), `${laneSource(families, GENERATOR)}\n${rowsText}`)
}

function generateX64(): void {
  const compiled = compileX64Table(x64Rows, x64Vocabulary)
  refuseStrangers('x64', x64Semantics, compiled)
  writeFileSync(output('x64-flags.ts'), flagSource(GENERATOR))
  const { text, vectorText } = x64EvaluatorSource(compiled, x64Semantics, GENERATOR)
  writeFileSync(output('x64-eval.ts'), text)
  writeFileSync(output('x64-vector.ts'), vectorText)
}

/** Bodies under names that no row has are mistakes in the names. */
function refuseStrangers(
  isa: string,
  semantics: Readonly<Record<string, unknown>>,
  compiled: readonly { id: string }[],
): void {
  const known = new Set(compiled.map((row) => row.id))
  const strangers = Object.keys(semantics).filter((id) => !known.has(id))
  if (strangers.length > 0) throw new Error(`${isa}: semantics without a row: ${strangers.join(', ')}`)
}

const generator: { inputs: string[]; outputs: string[]; run(): void } = {
  inputs: [],
  outputs: [
    'src/gen/riscv64-eval.ts',
    'src/gen/riscv64-vector.ts',
    'src/gen/x64-eval.ts',
    'src/gen/x64-flags.ts',
    'src/gen/x64-vector.ts',
  ],
  run() {
    mkdirSync(output(''), { recursive: true })
    generateRiscv64()
    generateX64()
  },
}
export default generator

if (import.meta.main) generator.run()
