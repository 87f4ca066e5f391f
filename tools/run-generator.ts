// node tools/run-generator.ts NAME: runs packages/NAME/generate.ts and reports on descriptor 3 what it declared and changed.
// A process of its own per generator (see tools/generate.ts).

import { createHash } from 'node:crypto'
import { readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'
import { matches } from './stamps.ts'

/** What a packages/NAME/generate.ts exports by default. Paths are relative to the package and may be globs. */
export interface Generator {
  inputs: string[]
  outputs: string[]
  run(): Promise<void> | void
}

export interface Report {
  /** Declared inputs as globs from the root. */
  globs: string[]
  /** Files that match the declared outputs after the run, from the root. */
  outputs: string[]
  /** Those whose content the run changed. */
  changed: string[]
}

if (import.meta.main) {
  const name = process.argv[2]!
  const fromRoot = (globs: string[]): string[] =>
    globs.map((glob) => join('packages', name, glob).replaceAll('\\', '/'))
  const hashes = (paths: string[]): Map<string, string> =>
    new Map(
      paths.map((path) => [
        path,
        createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex'),
      ]),
    )

  const module = await import(join(root, 'packages', name, 'generate.ts'))
  const generator: Generator = module.default
  const outputGlobs = fromRoot(generator.outputs)
  const before = hashes(matches(outputGlobs))
  await generator.run()
  const after = hashes(matches(outputGlobs).sort())
  const report: Report = {
    globs: fromRoot(generator.inputs),
    outputs: [...after.keys()],
    changed: [...after.keys()].filter((path) => before.get(path) !== after.get(path)),
  }
  writeSync(3, JSON.stringify(report))
}
