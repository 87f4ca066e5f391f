// Generated modules type-check under the settings of the packages that contain them.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compileRewrites, compileRules } from '@k23/rules/compiler'
import { expect, test } from 'vitest'
import { rewrites } from './rewrites.ts'
import { rules } from './riscv-like.ts'

test('modules of lowering rules and of rewrites', () => {
  const folder = join(import.meta.dirname, '.cache', 'typed')
  mkdirSync(folder, { recursive: true })
  const options = {
    rulesModule: '../../riscv-like.ts',
    contextType: 'TestContext',
    contextModule: '../../context.ts',
    generator: 'a test',
  }
  writeFileSync(join(folder, 'lowering.ts'), compileRules(rules, options).source)
  writeFileSync(join(folder, 'rewrites.ts'), compileRewrites(rewrites, { generator: 'a test' }).source)
  // The context names its table of terms by the type that rules give it: the generated one must fit.
  writeFileSync(
    join(folder, 'fits.ts'),
    "import { TestContext } from '../../context.ts'\nimport { terms } from './lowering.ts'\nnew TestContext().terms = terms\n",
  )
  const root = join(import.meta.dirname, '..', '..', '..')
  const compilerOptions = {
    composite: false,
    declaration: true,
    emitDeclarationOnly: false,
    noEmit: true,
    incremental: false,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
  }
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] }),
  )
  const done = spawnSync(join(root, 'node_modules', '.bin', 'tsc'), ['-p', folder, '--pretty', 'false'], {
    encoding: 'utf8',
  })
  expect(done.error).toBeUndefined()
  // Errors inside other packages are their own tests' business.
  expect(done.stdout.split('\n').filter((line) => /(^|\/)(lowering|rewrites|fits)\.ts\(/.test(line))).toEqual([])
})
