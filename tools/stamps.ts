// Which generators have run on what: the cheap half of tools/generate.ts.
//
// `./k23` asks this on every start, so it has to answer in a few milliseconds without loading a generator: the stamp file
// keeps, for each package with a generate.ts, every file that went in or came out with its size and time. When all of
// those stand as they were, nothing is stale. When one does not, tools/generate.ts looks at contents.

import { globSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
export const stampFile: string = join(root, 'node_modules', '.cache', 'generated.json')

/** `size:mtime` of a file by its path from the root; `-` where there is none. */
export type FileTimes = Record<string, string>

export interface Stamp {
  /** Globs of the generator's declared inputs, from the root. A new match is a new input. */
  globs: string[]
  inputs: FileTimes
  outputs: FileTimes
  /** Hash of the contents of all inputs. */
  hash: string
}

export type Stamps = Record<string, Stamp>

export function readStamps(): Stamps {
  try {
    return JSON.parse(readFileSync(stampFile, 'utf8')) as Stamps
  } catch {
    return {}
  }
}

export function fileTime(path: string): string {
  const stat = statSync(join(root, path), { throwIfNoEntry: false })
  return stat === undefined ? '-' : `${stat.size}:${stat.mtimeMs}`
}

export const fileTimes = (paths: Iterable<string>): FileTimes =>
  Object.fromEntries(Array.from(paths, (path) => [path, fileTime(path)]))

export function matches(globs: string[]): string[] {
  return globSync(globs, { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' }).map((path) =>
    path.replaceAll('\\', '/'),
  )
}

const untouched = (times: FileTimes): boolean => Object.keys(times).every((path) => times[path] === fileTime(path))

/** Packages whose generator may have to run, by folder name. */
export function suspects(stamps: Stamps = readStamps()): string[] {
  const found = globSync('packages/*/generate.ts', { cwd: root }).map((path) => path.split(/[\\/]/)[1]!)
  return found.sort().filter((name) => {
    const stamp = stamps[name]
    if (stamp === undefined || !untouched(stamp.inputs) || !untouched(stamp.outputs)) return true
    return matches(stamp.globs).some((path) => !(path in stamp.inputs))
  })
}
