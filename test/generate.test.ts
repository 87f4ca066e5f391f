// tools/generate.ts on a small workspace: `b` depends on `a`, each has a generator, a.ts is generated from words.txt.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { root } from '../tools/source-files.ts'

const folder = mkdtempSync(join(tmpdir(), 'k23-generate-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

const manifest = (name: string, dependencies: Record<string, string>): string =>
  JSON.stringify({ name: `@k23/${name}`, type: 'module', exports: { '.': './src/index.ts' }, dependencies })

cpSync(join(root, 'tools'), join(folder, 'tools'), { recursive: true })
mkdirSync(join(folder, 'node_modules', '@k23'), { recursive: true })
for (const each of ['oxc-parser']) symlinkSync(join(root, 'node_modules', each), join(folder, 'node_modules', each))
symlinkSync(join(folder, 'packages', 'z'), join(folder, 'node_modules', '@k23', 'z'))
write('package.json', '{ "type": "module" }')

// `z` comes last by name and first by dependency.
write('packages/z/package.json', manifest('z', {}))
write('packages/z/words/one.txt', 'hello')
write('packages/z/src/index.ts', `export * from './gen/words.ts'\n`)
write(
  'packages/z/generate.ts',
  `import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
  const here = import.meta.dirname
  export default {
    inputs: ['words/*.txt'],
    outputs: ['src/gen/words.ts', 'words.md'],
    run() {
      const words = readdirSync(here + '/words').map((name) => readFileSync(here + '/words/' + name, 'utf8'))
      mkdirSync(here + '/src/gen', { recursive: true })
      writeFileSync(here + '/src/gen/words.ts', 'export const words = ' + JSON.stringify(words))
      writeFileSync(here + '/words.md', words.join())
    },
  }`,
)
write('packages/b/package.json', manifest('b', { '@k23/z': 'workspace:*' }))
write('packages/b/src/index.ts', 'export {}\n')
write(
  'packages/b/generate.ts',
  `import { mkdirSync, writeFileSync } from 'node:fs'
  import { words } from '@k23/z'
  const here = import.meta.dirname
  export default {
    inputs: [],
    outputs: ['src/gen/count.ts'],
    run() {
      mkdirSync(here + '/src/gen', { recursive: true })
      writeFileSync(here + '/src/gen/count.ts', 'export const count = ' + words.length)
    },
  }`,
)

/** Packages whose generator ran, in order. */
function generate(...args: string[]): { ran: string[]; status: number | null; log: string } {
  const done = spawnSync(process.execPath, ['tools/generate.ts', ...args], { cwd: folder, encoding: 'utf8' })
  const ran = Array.from(done.stderr.matchAll(/^generate: (\w+) \(/gm), (match) => match[1]!)
  return { ran, status: done.status, log: done.stderr }
}

test('runs what is stale, in dependency order, and nothing else', () => {
  expect(generate()).toMatchObject({ ran: ['z', 'b'], status: 0 })
  expect(generate()).toMatchObject({ ran: [], status: 0 })

  // A new time without a new content is no change.
  utimesSync(join(folder, 'packages/z/words/one.txt'), new Date(), new Date())
  expect(generate()).toMatchObject({ ran: [], status: 0 })

  // A new file that a glob matches is a new input, and what follows from it reaches the dependent package.
  write('packages/z/words/two.txt', 'there')
  expect(generate()).toMatchObject({ ran: ['z', 'b'], status: 0 })
  expect(readFileSync(join(folder, 'packages/b/src/gen/count.ts'), 'utf8')).toBe('export const count = 2')

  // Only the dependent's own generator changed.
  write('packages/b/generate.ts', `${readFileSync(join(folder, 'packages/b/generate.ts'), 'utf8')}\n// edited`)
  expect(generate()).toMatchObject({ ran: ['b'], status: 0 })

  // An output that somebody edited or removed is made again.
  rmSync(join(folder, 'packages/b/src/gen/count.ts'))
  expect(generate()).toMatchObject({ ran: ['b'], status: 0 })
})

test('--check fails when a checked-in output was stale, and only then', () => {
  expect(generate('--check', '--force')).toMatchObject({ status: 0 })
  write('packages/z/words/two.txt', 'you')
  const { status, log } = generate('--check')
  expect(status).toBe(1)
  expect(log).toMatch(/packages\/z\/words\.md/)
  expect(log).not.toMatch(/src\/gen/)
})

test('a generator that throws is named, and fails the run', () => {
  write('packages/b/generate.ts', `throw new Error('broken')`)
  const { status, log } = generate()
  expect(status).toBe(1)
  expect(log).toMatch(/generate: b failed/)
})
