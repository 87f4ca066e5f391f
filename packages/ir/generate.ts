// Writes what derives from the opcode table: constants, run-time tables, builder methods, and the reference page of CLIF.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builderModule } from './generate/builder.ts'
import { type OpInfo, readRow } from './generate/notation.ts'
import { referencePage } from './generate/page.ts'
import { formatModule, opModule, tablesModule } from './generate/tables.ts'
import { FAMILIES, OPCODES } from './src/opcodes/all.ts'

const here = import.meta.dirname

const generator: { inputs: string[]; outputs: string[]; run(): void } = {
  inputs: ['generate/*.ts', 'src/opcodes/*.ts', 'src/format.ts', 'src/types.ts'],
  outputs: ['src/gen/op.ts', 'src/gen/format-ids.ts', 'src/gen/op-tables.ts', 'src/gen/ins-builder.ts', 'docs/clif.md'],
  run() {
    const ops: OpInfo[] = OPCODES.map((row, i) => readRow(row, i + 1))
    const write = (path: string, text: string): void => writeFileSync(join(here, path), text)
    for (const folder of ['src/gen', 'docs']) mkdirSync(join(here, folder), { recursive: true })
    write('src/gen/op.ts', opModule(ops))
    write('src/gen/format-ids.ts', formatModule())
    write('src/gen/op-tables.ts', tablesModule(ops))
    write('src/gen/ins-builder.ts', builderModule(ops))
    write('docs/clif.md', referencePage(FAMILIES, ops))
  },
}

export default generator

if (import.meta.main) generator.run()
