// The identity of a checkout's content, so that what just passed on a tree is not run on it again.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './source-files.ts'

export const cache: string = join(root, 'node_modules', '.cache')

/** The test data's folder, or undefined: K23_TEST_DATA, else ../shared/data. */
export function testData(): string | undefined {
  const folder = process.env.K23_TEST_DATA ?? join(root, '..', 'shared', 'data')
  return existsSync(folder) ? folder : undefined
}

function files(): string[] {
  try {
    const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
      cwd: root,
      maxBuffer: 1 << 28,
    })
    return listed.toString().split('\0').filter(Boolean)
  } catch {
    // A copy without .git: everything that a build does not make.
    const made = new Set(['node_modules', 'dist', 'gen', '.cache', '.git'])
    return globSync('**/*', { cwd: root, exclude: (name) => made.has(name) })
  }
}

/** Hash of every tracked and untracked file that is not ignored, and of what else decides which tests run. */
export function treeHash(): string {
  const hash = createHash('sha256')
    .update(process.version)
    .update(testData() ?? 'no data')
  for (const oracle of ['qemu-riscv64', 'qemu-aarch64', 'riscv64-linux-gnu-as', 'aarch64-linux-gnu-as']) {
    const found = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, oracle)))
    hash.update(`${oracle} ${found}`)
  }
  for (const file of [...new Set(files())].sort()) {
    const path = join(root, file)
    if (!existsSync(path) || !statSync(path).isFile()) continue
    hash.update(`${file}\0`).update(readFileSync(path)).update('\0')
  }
  return hash.digest('hex')
}

/** Did `step` pass on the tree as it is now? */
export const passedOn = (step: string, hash: string): boolean => {
  const stamp = join(cache, `passed-${step}`)
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === hash
}

export function notePassed(step: string, hash: string): void {
  mkdirSync(cache, { recursive: true })
  writeFileSync(join(cache, `passed-${step}`), hash)
}
