// The published packages, laid out as a user's node_modules has them, under the oldest Node that they promise to run on.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bundle } from '../tools/build.ts'
import { root, workspacePackages } from '../tools/source-files.ts'

const published = [...workspacePackages()].filter(([, manifest]) => !manifest.private)

/** The machine's own Node, which is not the pinned one and need not be there. */
function systemNode(): string | undefined {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'node')
    if (folder.includes('node_modules') || !existsSync(path)) continue
    const version = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout?.trim()
    if (version && Number(version.slice(1).split('.')[0]) >= 20) return path
  }
  return undefined
}

const folder = mkdtempSync(join(tmpdir(), 'k23-bundle-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(async () => {
  for (const [name, manifest] of published) {
    const home = join(folder, 'node_modules', manifest.name)
    mkdirSync(home, { recursive: true })
    await bundle(name, manifest, join(home, 'dist'))
    const { exports } = manifest.publishConfig!
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: manifest.name, type: 'module', exports }))
    for (const dependency of Object.keys(manifest.dependencies ?? {})) {
      const link = join(folder, 'node_modules', dependency)
      if (dependency.startsWith('@k23/') || existsSync(link)) continue
      mkdirSync(join(link, '..'), { recursive: true })
      symlinkSync(join(root, 'packages', name, 'node_modules', dependency), link)
    }
  }
})

const specifiers = published.flatMap(([name, manifest]) =>
  Object.keys(manifest.exports).map((subpath) => `@k23/${name}${subpath.slice(1)}`),
)

const CLIF = `function %twice(i64) -> i64 fast {
block0(v0: i64):
    v1 = iadd v0, v0
    return v1
}
`

describe('every entry of every public package loads, and one of them works', () => {
  const run = (node: string): void => {
    const code = specifiers.map((specifier) => `await import(${JSON.stringify(specifier)})`)
    code.push(`import { parseFunction, printFunction } from '@k23/ir'`)
    code.push(`console.log(printFunction(parseFunction(${JSON.stringify(CLIF)})))`)
    writeFileSync(join(folder, 'load.mjs'), code.join('\n'))
    const done = spawnSync(node, ['load.mjs'], { cwd: folder, encoding: 'utf8' })
    expect(`${done.stderr}${done.error ?? ''}`).toBe('')
    expect(done.status).toBe(0)
    expect(done.stdout.trim()).toBe(CLIF.trim())
  }

  test('under the pinned Node', () => run(process.execPath))

  test("under the machine's own Node", (context) => {
    const node = systemNode()
    if (node === undefined) return context.skip('no Node of 20 or newer on PATH beside the pinned one')
    run(node)
  })
})
