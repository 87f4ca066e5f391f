// The instruction rows become opcode constants, constructors and the tables of encoder, decoder and printer.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileX64Table, generateX64Modules } from '@k23/machinst/rows/compiler'
import { rows } from './src/insts/rows.ts'
import { vocabulary } from './src/insts/vocabulary.ts'

const generator: { inputs: string[]; outputs: string[]; run(): Promise<void> } = {
  inputs: ['src/insts/*.ts'],
  outputs: ['src/gen/{opcodes,constructors,tables}.ts'],
  async run() {
    const folder = join(import.meta.dirname, 'src', 'gen')
    mkdirSync(folder, { recursive: true })
    const modules = generateX64Modules(compileX64Table(rows, vocabulary), 'packages/isa-x64/generate.ts')
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.ts`), text)
  },
}
export default generator

if (import.meta.main) await generator.run()
