// Two steps: the instruction rows become opcode constants, constructors and the tables of encoder, decoder and printer; then the
// lowering rules, which use those constructors, become matchers.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileX64Table, generateX64Modules } from '@k23/machinst/rows/compiler'
import { compileRules } from '@k23/rules/compiler'
import { rows } from './src/insts/rows.ts'
import { vocabulary } from './src/insts/vocabulary.ts'

async function generateRules(folder: string): Promise<void> {
  const { rules } = (await import('./src/lower/index.ts')) as { rules: Parameters<typeof compileRules>[0] }
  const compiled = compileRules(rules, {
    rulesModule: '../lower/index.ts',
    contextType: 'X64Lower',
    contextModule: '../lower/driver.ts',
    generator: 'packages/isa-x64/generate.ts',
  })
  if (compiled.errors.length !== 0)
    throw new Error(
      `${compiled.errors.length} errors in the rules of x64:\n${compiled.errors.map((e) => e.message).join('\n')}`,
    )
  writeFileSync(join(folder, 'lower.ts'), compiled.source)
  writeFileSync(join(import.meta.dirname, 'overlaps.txt'), compiled.overlaps)
}

const generator: { inputs: string[]; outputs: string[]; run(): Promise<void> } = {
  inputs: ['src/insts/*.ts', 'src/lower/*.ts', 'src/*.ts', '../rules/src/**/*.ts', '../ir/src/opcodes/*.ts'],
  outputs: ['src/gen/{opcodes,constructors,tables,lower}.ts', 'overlaps.txt'],
  async run() {
    const folder = join(import.meta.dirname, 'src', 'gen')
    mkdirSync(folder, { recursive: true })
    const modules = generateX64Modules(compileX64Table(rows, vocabulary), 'packages/isa-x64/generate.ts')
    for (const [name, text] of Object.entries(modules)) writeFileSync(join(folder, `${name}.ts`), text)
    await generateRules(folder)
  },
}
export default generator

if (import.meta.main) await generator.run()
