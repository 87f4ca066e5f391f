// Every ```ts block of a README that imports from this workspace is run as it stands, in a process of its own.

import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'

// Inside the checkout, where @k23/* resolves, and not under node_modules, where Node strips no types.
const folder = join(root, 'test', '.cache', `readme-${process.pid}`)

const snippets = globSync(['README.md', 'packages/*/README.md'], { cwd: root })
  .sort()
  .flatMap((file) => {
    const text = readFileSync(join(root, file), 'utf8')
    return Array.from(text.matchAll(/^```ts\n(.*?)^```$/gms), (match) => ({
      file,
      line: text.slice(0, match.index).split('\n').length,
      code: match[1]!,
    }))
  })
  .filter(({ code }) => /from '@k23\//.test(code))

const pathOf = ({ file, line }: { file: string; line: number }): string =>
  join(folder, `${file.replaceAll(/[^a-z0-9]+/gi, '-')}-${line}.ts`)

beforeAll(() => {
  mkdirSync(folder, { recursive: true })
  for (const snippet of snippets) writeFileSync(pathOf(snippet), snippet.code)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test.for(snippets)('$file:$line runs', (snippet) => {
  const path = pathOf(snippet)
  const done = spawnSync(process.execPath, [path], { cwd: root, encoding: 'utf8', timeout: 60_000 })
  expect(`${done.stderr}${done.error ?? ''}`).toBe('')
  expect(done.status).toBe(0)
})

test.skipIf(snippets.length === 0)('the snippets type-check', () => {
  const config = {
    extends: '../../../tsconfig.tests.json',
    compilerOptions: {
      incremental: false,
      noUnusedLocals: false,
      tsBuildInfoFile: null,
      types: ['node'],
      typeRoots: ['../../../node_modules/@types'],
    },
    include: ['*.ts', '../../../tools/types/wasm.d.ts'],
    references: [],
  }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const done = spawnSync(tsc, ['-p', folder, '--pretty', 'false'], { cwd: root, encoding: 'utf8' })
  // What is wrong inside a package is the business of `tsc -b`.
  expect(done.stdout.split('\n').filter((line) => line.startsWith('test/.cache/'))).toEqual([])
})

test('a README has one first heading and no code fence left open', () => {
  for (const file of globSync(['README.md', 'packages/*/README.md'], { cwd: root })) {
    const text = readFileSync(join(root, file), 'utf8')
    expect((text.match(/^```/gm) ?? []).length % 2, file).toBe(0)
    expect(text.replaceAll(/^```.*?^```/gms, '').match(/^# /gm)?.length, file).toBe(1)
  }
})
