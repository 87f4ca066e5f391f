// Writes what derives from the opcode table: constants, run-time tables, builder methods, and the reference page of CLIF.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { builderModule } from './generate/builder.ts'
import { type OpInfo, readRow } from './generate/notation.ts'
import { formatModule, opModule, tablesModule } from './generate/tables.ts'
import { OPCODES } from './src/opcodes/all.ts'

const here = import.meta.dirname

const generator: { inputs: string[]; outputs: string[]; run(): void } = {
  inputs: ['generate/*.ts', 'src/opcodes/*.ts', 'src/format.ts', 'src/types.ts'],
  outputs: ['src/gen/op.ts', 'src/gen/format-ids.ts', 'src/gen/op-tables.ts', 'src/gen/ins-builder.ts'],
  run() {
    const ops: OpInfo[] = OPCODES.map((row, i) => readRow(row, i + 1))
    const write = (path: string, text: string): void => writeFileSync(join(here, path), text)
    mkdirSync(join(here, 'src/gen'), { recursive: true })
    write('src/gen/op.ts', opModule(ops))
    write('src/gen/format-ids.ts', formatModule())
    write('src/gen/op-tables.ts', tablesModule(ops))
    write('src/gen/ins-builder.ts', builderModule(ops))
  },
}

export default generator

if (import.meta.main) generator.run()
