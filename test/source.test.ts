import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'

const sources = globSync(['packages/*/{src,test,generate}/**/*.ts', 'packages/*/*.ts', 'tools/*.ts', 'test/*.ts'], {
  cwd: root,
  exclude: (name) => ['gen', '.cache', 'node_modules', 'dist'].includes(name),
})

test('no table relies on a format range, which biome silently does not have', () => {
  // `// biome-ignore format: table` before the statement does what such a range looks like.
  const range = new RegExp(`biome-ignore-${'start'} format`)
  expect(sources.filter((file) => range.test(readFileSync(join(root, file), 'utf8')))).toEqual([])
})
